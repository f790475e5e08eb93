//! `[[node]]`, `[[group]]` and `[[link]]`.

use super::load::{Entry, LINE_CHARS_MAX};
use super::problem::{Diagnostics, shown};
use super::raw::{Item, Raw};
use super::table::{Table, key};
use super::value::{defaults, read, read_params};
use super::wiring::{LINK, list};
use super::{Group, Link, Node, Scenario};
use crate::catalogue::{Descriptor, Family};
use crate::components::AnyComponent;
use crate::param::{Choice, ParamKind, ParamSpec, Value, Values};
use floodgate_core::order::{self, Order as _};
use std::collections::BTreeMap;

/// How many nodes and groups a file may have.
pub(crate) const NODES_MAX: usize = 4_096;

/// How many links a file may have.
pub(crate) const LINKS_MAX: usize = 65_536;

/// Longest id, in bytes.
const ID_BYTES_MAX: usize = 64;

const GROUP_KINDS: &[Choice] = &[
    Choice { name: "zone", doc: "An availability zone." },
    Choice { name: "region", doc: "A region." },
    Choice { name: "cluster", doc: "A cluster." },
];

pub(crate) const ID: ParamSpec = key("id", ParamKind::Text);
const KIND: ParamSpec = key("kind", ParamKind::Text);
const GROUP_KIND: ParamSpec = ParamSpec {
    doc: "What holds its nodes together, and what fails together.",
    ..key("kind", ParamKind::Choice(GROUP_KINDS))
};
pub(crate) const TITLE: ParamSpec = ParamSpec { optional: true, max: LINE_CHARS_MAX, ..key("title", ParamKind::Text) };
const GROUP: ParamSpec = ParamSpec { optional: true, ..key("group", ParamKind::Text) };
const FROM: ParamSpec = key("from", ParamKind::Text);
const TO: ParamSpec = key("to", ParamKind::Text);
/// What can be said of a group, as parameters.
pub const GROUP_PARAMS: &[ParamSpec] = &[GROUP_KIND, TITLE];
const COORDINATE: ParamSpec = ParamSpec { min: -1e6, max: 1e6, ..key("position", ParamKind::Number) };

/// Nodes by id: what the rest of a file may refer to.
pub(crate) struct Known {
    /// The kind is `None` when it is unknown, which has been told where the node stands.
    by_id: BTreeMap<String, Option<&'static Descriptor>>,
    /// Whether every node has an id; otherwise an unknown one may be that node's.
    complete: bool,
    /// Ids of the nodes of each group, in the order of the file.
    members: Members,
}

/// Ids of nodes by their group.
type Members = BTreeMap<String, Vec<String>>;

impl Known {
    /// Those of a scenario that has been read, without what was removed from the run.
    pub(crate) fn of(scenario: &Scenario) -> Known {
        let there = scenario.nodes.iter().filter(|node| node.removed.is_none());
        let by_id = order::map(there.map(|node| (node.id.clone(), Some(node.descriptor))));
        let mut members = order::map(scenario.groups.iter().map(|group| (group.id.clone(), Vec::new())));
        for node in scenario.nodes.iter().filter(|node| node.removed.is_none()) {
            if let Some(group) = &node.group {
                members.entry(group.clone()).or_default().push(node.id.clone());
            }
        }
        Known { by_id, complete: true, members }
    }

    /// The nodes of a group, each with its kind where that is known; whether there are others. `None` when there is no such
    /// group, which has been told.
    pub(crate) fn group(
        &self,
        (id, item): (&str, &Item),
        path: &str,
        diagnostics: &mut Diagnostics<'_>,
    ) -> Option<(Vec<(&str, &'static Descriptor)>, bool)> {
        let Some(ids) = self.members.get(id) else {
            let remedy = diagnostics.instead(id, "groups", self.members.keys().map(String::as_str));
            diagnostics.error(&item.span, format!("`{path}`: there is no group `{}`", shown(id)), remedy);
            return None;
        };
        let kind = |id: &String| Some((self.by_id.get_key_value(id)?.0.as_str(), (*self.by_id.get(id)?)?));
        let found: Vec<_> = ids.iter().filter_map(kind).collect();
        let others = !self.complete || found.len() < ids.len();
        Some((found, others))
    }

    /// One more, unless there is one of this id already.
    pub(crate) fn learn(&mut self, id: &str, descriptor: Option<&'static Descriptor>) {
        self.by_id.entry(id.to_owned()).or_insert(descriptor);
    }

    /// There is one more, of which it is not known which.
    pub(crate) fn is_incomplete(&mut self) {
        self.complete = false;
    }

    /// It is there no more.
    pub(crate) fn forget(&mut self, id: &str) {
        self.by_id.remove(id);
    }

    /// The node with this id. `None` when there is none, which has been told, or when its kind is unknown.
    pub(crate) fn find(
        &self,
        id: &str,
        item: &Item,
        path: &str,
        diagnostics: &mut Diagnostics<'_>,
    ) -> Option<&'static Descriptor> {
        if let Some(descriptor) = self.by_id.get(id) {
            return *descriptor;
        }
        if self.complete {
            let remedy = diagnostics.instead(id, "nodes", self.by_id.keys().map(String::as_str));
            diagnostics.error(&item.span, format!("`{path}`: there is no node `{}`", shown(id)), remedy);
        }
        None
    }

    /// The node that `name` of a table refers to, with its id.
    pub(crate) fn named<'i>(
        &self,
        table: &mut Table<'i>,
        name: &'static str,
        diagnostics: &mut Diagnostics<'_>,
    ) -> Option<(&'i str, &'static Descriptor)> {
        let spec = key(name, ParamKind::Text);
        let Some(item) = table.take(name) else {
            // Told in the same words as any other missing key.
            let _ = table.value(&spec, diagnostics);
            return None;
        };
        let path = format!("{}{name}", table.prefix);
        read(&spec, item, &path, diagnostics)?;
        let Raw::Text(id) = &item.raw else { return None };
        self.find(id, item, &path, diagnostics).map(|descriptor| (id.as_str(), descriptor))
    }
}

/// Whether a text can be the id of a node or group.
pub(crate) fn is_id(text: &str) -> bool {
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    !text.is_empty() && text.len() <= ID_BYTES_MAX && text.bytes().all(good)
}

/// What can.
pub(crate) const ID_REMEDY: &str = "1 to 64 of a-z, 0-9, _ and -; `title` may be anything";

/// What a table says of its id.
enum Identity {
    /// Well-formed and new; from now on it is taken.
    New(String),
    /// Another table has it.
    Taken(String),
    /// Missing or malformed: whatever else refers to it cannot be judged.
    Unreadable,
}

/// Reads an id and remembers its place.
fn id(table: &mut Table<'_>, taken: &mut Ids, diagnostics: &mut Diagnostics<'_>) -> Identity {
    let Some(id) = table.text(&ID, diagnostics) else { return Identity::Unreadable };
    let span = table.span_of("id");
    let path = format!("{}id", table.prefix);
    if !is_id(&id) {
        let message = format!("`{path}` is \"{}\", which is not an id", shown(&id));
        diagnostics.error(&span, message, ID_REMEDY);
        return Identity::Unreadable;
    }
    if let Some(line) = taken.get(&id) {
        let message = format!("`{path}` is \"{id}\", which is already in use on line {line}");
        diagnostics.error(&span, message, "give every node and group an id of its own");
        return Identity::Taken(id);
    }
    taken.insert(id.clone(), diagnostics.line(span.start));
    Identity::New(id)
}

/// Ids in use, and the line of each.
pub(crate) type Ids = BTreeMap<String, usize>;

/// Groups, sorted by id, and the ids of all of them: also of those that have problems.
pub(crate) fn groups(tables: &[Entry<'_>], diagnostics: &mut Diagnostics<'_>) -> (Vec<Group>, Ids) {
    let mut taken = Ids::new();
    let mut groups = Vec::new();
    for (item, entries) in tables {
        let mut table = Table::new(entries, item.span.clone(), "[[group]]", "group.");
        let id = match id(&mut table, &mut taken, diagnostics) {
            Identity::New(id) => Some(id),
            Identity::Taken(_) | Identity::Unreadable => None,
        };
        let kind = table.value(&GROUP_KIND, diagnostics);
        let title = table.line_or(&TITLE, id.as_deref().unwrap_or(""), diagnostics);
        table.finish(diagnostics);
        if let (Some(id), Some(Value::Choice(kind)), Some(title)) = (id, kind, title) {
            let kind = GROUP_KINDS.get(kind).map_or("", |choice| choice.name).to_string();
            groups.push(Group { id, kind, title });
        }
    }
    groups.order_by(|a, b| a.id.cmp(&b.id));
    (groups, taken)
}

/// Nodes, sorted by id, and what others may refer to: also those nodes that have problems.
pub(crate) fn nodes(
    tables: &[Entry<'_>],
    groups: &Ids,
    catalogue: &[&'static Descriptor],
    diagnostics: &mut Diagnostics<'_>,
) -> (Vec<Node>, Known) {
    let members = order::map(groups.keys().map(|id| (id.clone(), Vec::new())));
    let mut reader = NodeReader { groups, catalogue, taken: groups.clone(), defaults: BTreeMap::new(), members };
    let mut known = Known { by_id: BTreeMap::new(), complete: true, members: Members::new() };
    let mut nodes = Vec::new();
    if tables.is_empty() {
        let remedy = "add a `[[node]]` with `id` and `kind`";
        diagnostics.missing(&(0..0), "the file has no `[[node]]`: there is nothing to simulate", remedy);
    }
    if tables.len() > NODES_MAX {
        let message = format!("there are {} nodes, more than the limit of {NODES_MAX}", tables.len());
        diagnostics.error(&tables[NODES_MAX].0.span, message, "leave some out");
        known.complete = false;
    }
    for (item, entries) in tables.iter().take(NODES_MAX) {
        let (id, descriptor, node) = reader.node(item, entries, diagnostics);
        match id {
            Identity::New(id) => drop(known.by_id.insert(id, descriptor)),
            // When it is a group that has it, what refers to the node is not wrong for that.
            Identity::Taken(id) => drop(known.by_id.entry(id).or_insert(descriptor)),
            Identity::Unreadable => known.complete = false,
        }
        nodes.extend(node);
    }
    nodes.order_by(|a, b| a.id.cmp(&b.id));
    known.members = reader.members;
    (nodes, known)
}

struct NodeReader<'a> {
    groups: &'a Ids,
    catalogue: &'a [&'static Descriptor],
    /// Those of groups and of the nodes so far.
    taken: Ids,
    /// Complete values of each kind of which nothing is given, made once.
    defaults: BTreeMap<&'static str, Values>,
    members: Members,
}

impl NodeReader<'_> {
    fn node(
        &mut self,
        item: &Item,
        entries: &[(super::raw::Key, Item)],
        diagnostics: &mut Diagnostics<'_>,
    ) -> (Identity, Option<&'static Descriptor>, Option<Node>) {
        let mut table = Table::new(entries, item.span.clone(), "[[node]]", "node.");
        let identity = id(&mut table, &mut self.taken, diagnostics);
        let id = match &identity {
            Identity::New(id) => Some(id.clone()),
            Identity::Taken(_) | Identity::Unreadable => None,
        };
        if let Some(id) = &id {
            table.what = format!("node `{id}`");
            table.prefix = format!("{id}.");
        }
        let descriptor = self.kind(&mut table, diagnostics);
        let title = table.line_or(&TITLE, id.as_deref().unwrap_or(""), diagnostics);
        let group = self.group(&mut table, diagnostics);
        if let (Some(id), Some(members)) = (&id, group.as_ref().and_then(|group| self.members.get_mut(group))) {
            members.push(id.clone());
        }
        let position = position(&mut table, diagnostics);
        let values = descriptor.map(|descriptor| self.values(descriptor, &table, diagnostics));
        let node = match (id, title, descriptor, values) {
            (Some(id), Some(title), Some(descriptor), Some(values)) => Some(Node {
                id,
                title,
                descriptor,
                group,
                values,
                position,
                span: item.span.clone(),
                added: None,
                removed: None,
            }),
            _ => None,
        };
        (identity, descriptor, node)
    }

    fn kind(&self, table: &mut Table<'_>, diagnostics: &mut Diagnostics<'_>) -> Option<&'static Descriptor> {
        let kind = table.text(&KIND, diagnostics)?;
        let found = self.catalogue.iter().copied().find(|d| d.kind == kind);
        if found.is_none() {
            let remedy = diagnostics.instead(&kind, "kinds", self.catalogue.iter().map(|d| d.kind));
            let message = format!("`{}kind` is \"{}\", which is not a kind of node", table.prefix, shown(&kind));
            diagnostics.error(&table.span_of("kind"), message, remedy);
        }
        found
    }

    fn group(&self, table: &mut Table<'_>, diagnostics: &mut Diagnostics<'_>) -> Option<String> {
        let group = table.text(&GROUP, diagnostics)?;
        if !self.groups.contains_key(&group) {
            let remedy = diagnostics.instead(&group, "groups", self.groups.keys().map(String::as_str));
            let message = format!("`{}group`: there is no group `{}`", table.prefix, shown(&group));
            diagnostics.error(&table.span_of("group"), message, remedy);
        }
        Some(group)
    }

    fn values(
        &mut self,
        descriptor: &'static Descriptor,
        table: &Table<'_>,
        diagnostics: &mut Diagnostics<'_>,
    ) -> Values {
        let mut values = match self.defaults.get(descriptor.kind) {
            Some(values) => values.clone(),
            None => {
                let values = defaults(descriptor.params, descriptor.kind, diagnostics);
                self.defaults.insert(descriptor.kind, values.clone());
                values
            }
        };
        let what = format!("{} ({})", table.what, descriptor.kind);
        let id = table.prefix.trim_end_matches('.');
        let before = diagnostics.count();
        read_params(descriptor.params, table.rest(), (id, &what, table.known()), &mut values, diagnostics);
        // Of values that are wrong it cannot be said whether they go together.
        if diagnostics.count() == before {
            for objection in AnyComponent::check(descriptor, &values) {
                let span = table.span_of_path(&objection.param);
                let message = format!("`{id}.{}` {}", objection.param, objection.message);
                diagnostics.error(&span, message, objection.remedy);
            }
            checks_fit(descriptor, &values, table, diagnostics);
        }
        values
    }
}

/// What is repeated after an interval cannot be waited for longer than that.
fn checks_fit(descriptor: &'static Descriptor, values: &Values, table: &Table<'_>, diagnostics: &mut Diagnostics<'_>) {
    for spec in descriptor.params {
        let Some(Value::Group(group)) = values.get(spec.name) else { continue };
        let (Some(Value::Duration(interval)), Some(Value::Duration(timeout))) =
            (group.get("interval"), group.get("timeout"))
        else {
            continue;
        };
        if timeout > interval {
            let name = format!("{}{}", table.prefix, spec.name);
            let message = format!("`{name}` waits {timeout} for each answer, and asks again after {interval}");
            let remedy = "let `timeout` be at most `interval`";
            diagnostics.error(&table.span_of(spec.name), message, remedy);
        }
    }
}

fn position(table: &mut Table<'_>, diagnostics: &mut Diagnostics<'_>) -> Option<(f64, f64)> {
    let item = table.take("position")?;
    let path = format!("{}position", table.prefix);
    let ends = match &item.raw {
        Raw::Array(ends) => ends.as_slice(),
        _ => &[],
    };
    let [x, y] = ends else {
        diagnostics.error(&item.span, format!("`{path}` is {}", item.raw.shown()), "two numbers: [x, y]");
        return None;
    };
    let mut coordinate = |item| match read(&COORDINATE, item, &path, diagnostics) {
        Some(Value::Number(number)) => Some(number),
        _ => None,
    };
    let (x, y) = (coordinate(x), coordinate(y));
    Some((x?, y?))
}

/// Links, sorted by (from, port, to).
pub(crate) fn links(tables: &[Entry<'_>], known: &Known, diagnostics: &mut Diagnostics<'_>) -> Vec<Link> {
    if tables.len() > LINKS_MAX {
        let message = format!("there are {} links, more than the limit of {LINKS_MAX}", tables.len());
        diagnostics.error(&tables[LINKS_MAX].0.span, message, "leave some out");
    }
    let mut links = Vec::new();
    let mut seen = Seen::default();
    let usual = defaults(LINK, "link", diagnostics);
    for (item, entries) in tables.iter().take(LINKS_MAX) {
        let mut table = Table::new(entries, item.span.clone(), "[[link]]", "link.");
        let from = from(&mut table, known, diagnostics);
        let to = to(&mut table, known, diagnostics);
        let mut values = usual.clone();
        read_params(LINK, table.rest(), ("link", "[[link]]", table.known()), &mut values, diagnostics);
        for name in ["path", "header"] {
            if values.get(name).is_some_and(|value| matches!(value, Value::Text(_)))
                && list(&values, name).next().is_none()
            {
                let message = format!("`link.{name}` names nothing");
                let remedy = "texts separated by commas, or leave it out: then the link takes what no other does";
                diagnostics.error(&table.span_of(name), message, remedy);
            }
        }
        if let (Some((from, descriptor, port)), Some(to)) = (from, to) {
            seen.check(&table, (from, descriptor, port), to, diagnostics);
            let (from, to) = (from.to_string(), to.to_string());
            links.push(Link { from, port, to, values, span: item.span.clone(), added: None, removed: false });
        }
    }
    links.order_by(|a, b| (&a.from, a.port, &a.to).cmp(&(&b.from, b.port, &b.to)));
    weights_are_something(&links, known, diagnostics);
    links
}

/// Where links share all that comes by their weights, one of them gets some. From a station a request may also leave.
fn weights_are_something(links: &[Link], known: &Known, diagnostics: &mut Diagnostics<'_>) {
    for port in links.chunk_by(|a, b| (&a.from, a.port) == (&b.from, b.port)) {
        let [first, ..] = port else { continue };
        let weightless = |link: &Link| link.values.get("weight") == Some(&Value::Number(0.0));
        let kind = known.by_id.get(&first.from).copied().flatten().filter(|kind| kind.family == Family::Entry);
        let spec = kind.and_then(|kind| kind.ports.get(first.port));
        if let Some(spec) = spec.filter(|spec| spec.max_links > 1)
            && port.iter().all(weightless)
        {
            let message = format!("the weights of the links from `{}.{}` sum to zero", first.from, spec.name);
            diagnostics.error(&first.span, message, "give one of them a `weight` above 0, or leave all of them out");
        }
    }
}

/// `"node"` or `"node.port"`.
pub(crate) fn from<'i>(
    table: &mut Table<'i>,
    known: &Known,
    diagnostics: &mut Diagnostics<'_>,
) -> Option<(&'i str, &'static Descriptor, usize)> {
    let Some(item) = table.take("from") else {
        let _ = table.value(&FROM, diagnostics);
        return None;
    };
    let path = format!("{}from", table.prefix);
    read(&FROM, item, &path, diagnostics)?;
    let Raw::Text(text) = &item.raw else { return None };
    let (id, port) = match text.split_once('.') {
        Some((id, port)) => (id, Some(port)),
        None => (text.as_str(), None),
    };
    let descriptor = known.find(id, item, &path, diagnostics)?;
    if descriptor.ports.is_empty() {
        let message = format!("`{path}` is \"{}\": a {} calls nobody", shown(text), descriptor.kind);
        diagnostics.error(&item.span, message, "let the link begin at another node");
        return None;
    }
    let port = match port {
        None => 0,
        Some(port) => {
            let found = descriptor.ports.iter().position(|p| p.name == port);
            if found.is_none() {
                let remedy = diagnostics.instead(port, "ports", descriptor.ports.iter().map(|p| p.name));
                let message = format!("`{path}`: {} `{id}` has no port `{}`", descriptor.kind, shown(port));
                diagnostics.error(&item.span, message, remedy);
            }
            found?
        }
    };
    Some((id, descriptor, port))
}

/// A node that accepts calls.
pub(crate) fn to<'i>(table: &mut Table<'i>, known: &Known, diagnostics: &mut Diagnostics<'_>) -> Option<&'i str> {
    let Some(item) = table.take("to") else {
        let _ = table.value(&TO, diagnostics);
        return None;
    };
    let path = format!("{}to", table.prefix);
    read(&TO, item, &path, diagnostics)?;
    let Raw::Text(id) = &item.raw else { return None };
    if let Some((node, _)) = id.split_once('.')
        && known.by_id.contains_key(node)
    {
        let message = format!("`{path}` is \"{}\": a link ends at a node, not at a port", shown(id));
        diagnostics.error(&item.span, message, format!("write `to = \"{node}\"`"));
        return None;
    }
    let descriptor = known.find(id, item, &path, diagnostics)?;
    if !descriptor.accepts_calls {
        let message = format!("`{path}` is \"{id}\": a node of kind \"{}\" cannot be called", descriptor.kind);
        diagnostics.error(&item.span, message, "let the link end at another node");
        return None;
    }
    Some(id)
}

/// What links there are already.
#[derive(Default)]
struct Seen<'i> {
    /// Line of each link.
    lines: BTreeMap<(&'i str, usize, &'i str), usize>,
    /// Links from each port.
    counts: BTreeMap<(&'i str, usize), u32>,
}

impl<'i> Seen<'i> {
    fn check(
        &mut self,
        table: &Table<'_>,
        (from, descriptor, port): (&'i str, &'static Descriptor, usize),
        to: &'i str,
        diagnostics: &mut Diagnostics<'_>,
    ) {
        if from == to {
            let message = format!("the link leads from `{from}` to itself");
            diagnostics.error(&table.span_of("to"), message, "a link joins two nodes");
            return;
        }
        let line = diagnostics.line(table.span.start);
        if let Some(first) = self.lines.get(&(from, port, to)) {
            let name = descriptor.ports[port].name;
            let message = format!("there are two links from `{from}.{name}` to `{to}`; the other is on line {first}");
            diagnostics.error(&table.span, message, "remove one of them");
            return;
        }
        self.lines.insert((from, port, to), line);
        let count = self.counts.entry((from, port)).or_default();
        *count += 1;
        let spec = &descriptor.ports[port];
        if *count > spec.max_links {
            let message = format!("link number {count} from `{from}.{}`, which takes {}", spec.name, spec.max_links);
            let remedy = "remove it, or put a load balancer between";
            diagnostics.error(&table.span, message, remedy);
        }
    }
}

/// Whether what nodes say of those whom they call is true: told once all links are known.
pub(crate) fn callees(scenario: &Scenario, diagnostics: &mut Diagnostics<'_>) {
    if !diagnostics.is_empty() {
        // A link may be missing for another reason.
        return;
    }
    for node in &scenario.nodes {
        let of_node = scenario.links.iter().filter(|link| link.from == node.id);
        let callees: Vec<&str> = of_node.map(|link| link.to.as_str()).collect();
        for objection in AnyComponent::check_callees(node.descriptor, &node.values, &callees) {
            let message = format!("`{}.{}` {}", node.id, objection.param, objection.message);
            diagnostics.error(&node.span, message, objection.remedy);
        }
    }
}
