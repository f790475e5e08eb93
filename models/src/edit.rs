//! Structural edits of a running system: which are possible, and how a line of a control log says them.
//!
//! An edit is checked against the system as it will be at its time, with all edits before it done: [`System`] is that, as far
//! as edits go by it. The same checks serve edits entered by hand and lines of a log.

use crate::catalogue::{Descriptor, Registry};
use crate::components::AnyComponent;
use crate::control::{Action, Control};
use crate::param::{ParamKind, ParamSpec, Value, Values};
use crate::scenario::events::at;
use crate::scenario::nodes::{ID_REMEDY, Known, LINKS_MAX, NODES_MAX, TITLE, is_id};
use crate::scenario::problem::{Diagnostics, shown};
use crate::scenario::raw::{Item, Key, Raw};
use crate::scenario::table::{Table, key};
use crate::scenario::value::{defaults, parse_value, read_params, value_raw, value_text};
use crate::scenario::{LINK, Node, Scenario};
use crate::simulation::find_param;
use floodgate_core::Time;
use floodgate_core::order::{self, Order as _};
use floodgate_core::stats::CLASSES_MAX;
use std::collections::{BTreeMap, BTreeSet};

/// Why something cannot be done to a system, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) message: String,
    pub(crate) remedy: String,
}

impl Refusal {
    fn new(message: impl Into<String>, remedy: impl Into<String>) -> Refusal {
        Refusal { message: message.into(), remedy: remedy.into() }
    }

    /// For people who see one text.
    pub(crate) fn text(&self) -> String {
        if self.remedy.is_empty() { self.message.clone() } else { format!("{}: {}", self.message, self.remedy) }
    }
}

impl Action {
    /// Whether it changes which nodes and links there are.
    #[must_use]
    pub fn is_edit(&self) -> bool {
        match self {
            Action::Set(_) | Action::SetLink { .. } | Action::Fault { .. } | Action::Heal { .. } => false,
            Action::AddNode { .. } | Action::RemoveNode | Action::Link { .. } | Action::Unlink { .. } => true,
        }
    }
}

/// Nodes and links that are there, or will be at some time.
#[derive(Clone, Debug)]
pub(crate) struct System {
    nodes: BTreeMap<String, &'static Descriptor>,
    links: BTreeSet<(String, usize, String)>,
    groups: BTreeSet<String>,
    classes: BTreeSet<String>,
    /// How many there have been, those that were removed included.
    nodes_ever: usize,
    links_ever: usize,
}

impl System {
    /// As `scenario` has it.
    pub(crate) fn of(scenario: &Scenario) -> System {
        let nodes = scenario.nodes.iter().filter(|n| n.removed.is_none());
        let links = scenario.links.iter().filter(|l| !l.removed);
        System {
            nodes: order::map(nodes.map(|n| (n.id.clone(), n.descriptor))),
            links: order::set(links.map(|l| (l.from.clone(), l.port, l.to.clone()))),
            groups: order::set(scenario.groups.iter().map(|g| g.id.clone())),
            classes: order::set(scenario.classes().into_iter().map(str::to_owned)),
            nodes_ever: scenario.nodes.len(),
            links_ever: scenario.links.len(),
        }
    }

    pub(crate) fn descriptor(&self, id: &str) -> Option<&'static Descriptor> {
        self.nodes.get(id).copied()
    }

    fn node(&self, id: &str) -> Result<&'static Descriptor, Refusal> {
        self.descriptor(id).ok_or_else(|| Refusal::new(format!("there is no node `{}`", shown(id)), ""))
    }

    /// Does what `control` does, if it can be done.
    pub(crate) fn apply(&mut self, control: &Control) -> Result<(), Refusal> {
        let id = control.node.as_str();
        if control.action.is_edit() && control.lasting.is_some() {
            return Err(Refusal::new("an edit lasts until it is undone by another", "leave `for` out"));
        }
        match &control.action {
            Action::AddNode { descriptor, values, title } => self.add_node(id, descriptor, values, title),
            Action::RemoveNode => {
                self.node(id)?;
                self.nodes.remove(id);
                self.links.retain(|(from, _, to)| from != id && to != id);
                Ok(())
            }
            Action::Link { port, to, values } => self.add_link(id, *port, to, values),
            Action::SetLink { port, to, changes } => self.check_link_changes(id, *port, to, changes),
            Action::Unlink { port, to } => self.remove_link(id, *port, to),
            other => check_live(self.node(id)?, other),
        }
    }

    fn add_node(&mut self, id: &str, kind: &'static Descriptor, values: &Values, title: &str) -> Result<(), Refusal> {
        if !is_id(id) {
            return Err(Refusal::new(format!("\"{}\" is not an id", shown(id)), ID_REMEDY));
        }
        if self.nodes.contains_key(id) || self.groups.contains(id) {
            let what = if self.nodes.contains_key(id) { "node" } else { "group" };
            let remedy = "give every node and group an id of its own";
            return Err(Refusal::new(format!("there is already a {what} `{id}`"), remedy));
        }
        if self.nodes_ever >= NODES_MAX {
            let message = format!("there have been {NODES_MAX} nodes, which is the limit");
            return Err(Refusal::new(message, "those that were removed count too; start a new run"));
        }
        if title.trim().is_empty() || title.contains(['\n', '\t']) {
            let message = format!("the title of `{id}` is \"{}\"", shown(title));
            return Err(Refusal::new(message, "a text of one line that is not blank"));
        }
        check_values(kind.params, id, values)?;
        if let Some(objection) = AnyComponent::check(kind, values).into_iter().next() {
            let message = format!("`{id}.{}` {}", objection.param, objection.message);
            return Err(Refusal::new(message, objection.remedy));
        }
        for class in classes_of(kind, values) {
            if class.trim().is_empty() || class.contains(['\n', '\t']) {
                let message = format!("`{id}.class` is \"{}\", which is no name", shown(class));
                return Err(Refusal::new(message, "a text of one line that is not blank"));
            }
            if self.classes.len() >= CLASSES_MAX && !self.classes.contains(class) {
                let message = format!("there are {CLASSES_MAX} classes of requests, which is the limit");
                return Err(Refusal::new(message, "give clients that are counted together the same `class`"));
            }
            self.classes.insert(class.to_owned());
        }
        self.nodes_ever += 1;
        self.nodes.insert(id.to_owned(), kind);
        Ok(())
    }

    fn add_link(&mut self, from: &str, port: usize, to: &str, values: &Values) -> Result<(), Refusal> {
        let (caller, callee) = (self.node(from)?, self.node(to)?);
        let spec = port_spec(from, caller, port)?;
        if !callee.accepts_calls {
            let message = format!("`{to}` is of kind \"{}\", which cannot be called", callee.kind);
            return Err(Refusal::new(message, "let the link end at another node"));
        }
        if from == to {
            return Err(Refusal::new(format!("the link leads from `{from}` to itself"), "a link joins two nodes"));
        }
        let link = (from.to_owned(), port, to.to_owned());
        if self.links.contains(&link) {
            let message = format!("there is already a link from `{from}.{}` to `{to}`", spec.name);
            return Err(Refusal::new(message, "remove it first, or leave it as it is"));
        }
        let count = 1 + self.links.iter().filter(|(f, p, _)| f == from && *p == port).count();
        if count > spec.max_links as usize {
            let message = format!("link number {count} from `{from}.{}`, which takes {}", spec.name, spec.max_links);
            return Err(Refusal::new(message, "remove another first, or put a load balancer between"));
        }
        if self.links_ever >= LINKS_MAX {
            let message = format!("there have been {LINKS_MAX} links, which is the limit");
            return Err(Refusal::new(message, "those that were removed count too; start a new run"));
        }
        check_values(LINK, "link", values)?;
        self.links_ever += 1;
        self.links.insert(link);
        Ok(())
    }

    /// Whether these live parameters of a link can be changed.
    fn check_link_changes(
        &self,
        from: &str,
        port: usize,
        to: &str,
        changes: &[(String, Value)],
    ) -> Result<(), Refusal> {
        self.node(from)?;
        if !self.links.contains(&(from.to_owned(), port, to.to_owned())) {
            let message = format!("there is no link from `{}` to `{}`", shown(from), shown(to));
            return Err(Refusal::new(message, "name a link that is there then"));
        }
        check_link_changes(changes)
    }

    fn remove_link(&mut self, from: &str, port: usize, to: &str) -> Result<(), Refusal> {
        let (caller, _) = (self.node(from)?, self.node(to)?);
        let name = port_spec(from, caller, port)?.name;
        if self.links.remove(&(from.to_owned(), port, to.to_owned())) {
            return Ok(());
        }
        let callees = self.links.iter().filter(|(f, p, _)| f == from && *p == port).map(|(_, _, to)| to.as_str());
        let callees: Vec<&str> = callees.collect();
        let remedy = match callees.is_empty() {
            true => format!("no link leaves `{from}.{name}`"),
            false => format!("links from `{from}.{name}` lead to: {}", crate::scenario::problem::listed(&callees)),
        };
        Err(Refusal::new(format!("there is no link from `{from}.{name}` to `{to}`"), remedy))
    }
}

fn port_spec(id: &str, kind: &'static Descriptor, port: usize) -> Result<&'static crate::catalogue::PortSpec, Refusal> {
    if kind.ports.is_empty() {
        let message = format!("`{id}` is of kind \"{}\", which calls nobody", kind.kind);
        return Err(Refusal::new(message, "let the link begin at another node"));
    }
    let unknown = || {
        let message = format!("{} `{id}` has no port number {port}", kind.kind);
        Refusal::new(message, format!("there are {}, counted from 0", kind.ports.len()))
    };
    kind.ports.get(port).ok_or_else(unknown)
}

/// The classes of the requests that are born at a node of this kind.
fn classes_of<'v>(kind: &Descriptor, values: &'v Values) -> Vec<&'v str> {
    if kind.accepts_calls {
        return Vec::new();
    }
    let text = |value: Option<&'v Value>| match value {
        Some(Value::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let mix = match values.get("classes") {
        Some(Value::List(mix)) => mix.as_slice(),
        _ => &[],
    };
    text(values.get("class")).into_iter().chain(mix.iter().filter_map(|class| text(class.get("name")))).collect()
}

/// Whether live parameters and faults are those of `kind`.
pub(crate) fn check_live(kind: &'static Descriptor, action: &Action) -> Result<(), Refusal> {
    match action {
        Action::Set(changes) => {
            for (name, _) in changes {
                let unknown = || Refusal::new(format!("`{}` has no parameter `{name}`", kind.kind), "");
                if !find_param(kind.params, name).ok_or_else(unknown)?.live {
                    return Err(Refusal::new(format!("`{name}` of `{}` cannot change while it runs", kind.kind), ""));
                }
            }
            Ok(())
        }
        Action::Fault { fault, .. } | Action::Heal { fault } if !kind.faults.iter().any(|f| f.name == *fault) => {
            Err(Refusal::new(format!("`{}` has no fault `{fault}`", kind.kind), ""))
        }
        _ => Ok(()),
    }
}

/// Whether these parameters of a link can change while it is there.
pub(crate) fn check_link_changes(changes: &[(String, Value)]) -> Result<(), Refusal> {
    for (name, value) in changes {
        let unknown = || Refusal::new(format!("a link has no parameter `{name}`"), "");
        let spec = find_param(LINK, name).ok_or_else(unknown)?;
        if !spec.live {
            return Err(Refusal::new(format!("`{name}` of a link cannot change while it runs"), ""));
        }
        match value {
            Value::Absent if spec.optional => {}
            value => check_value(spec, value, name)?,
        }
    }
    Ok(())
}

/// Whether there is a value for every parameter and none besides, each as a file may have it.
fn check_values(specs: &'static [ParamSpec], id: &str, values: &Values) -> Result<(), Refusal> {
    if let Some((name, _)) = values.0.iter().find(|(name, _)| !specs.iter().any(|s| s.name == *name)) {
        let names: Vec<&str> = specs.iter().map(|s| s.name).collect();
        let message = format!("`{id}` has no parameter `{name}`");
        return Err(Refusal::new(message, format!("parameters: {}", crate::scenario::problem::listed(&names))));
    }
    for spec in specs {
        let path = format!("{id}.{}", spec.name);
        let missing = || Refusal::new(format!("`{path}` has no value"), "give every parameter of a new node one");
        match values.get(spec.name).ok_or_else(missing)? {
            Value::Absent if spec.optional => {}
            value => check_value(spec, value, &path)?,
        }
    }
    Ok(())
}

/// Whether a file may have this value: whether its text reads back as it.
fn check_value(spec: &ParamSpec, value: &Value, path: &str) -> Result<(), Refusal> {
    match parse_value(spec, &value_text(spec.kind, value)) {
        Ok(read) if read == *value => Ok(()),
        Ok(_) => {
            Err(Refusal::new(format!("`{path}` is {}", value_text(spec.kind, value)), crate::scenario::describe(spec)))
        }
        Err(problem) => Err(Refusal::new(problem.message.replacen(spec.name, path, 1), problem.remedy)),
    }
}

const ADD: ParamSpec = key("add", ParamKind::Text);
const REMOVE: ParamSpec = key("remove", ParamKind::Boolean);
const PORT: ParamSpec = ParamSpec { optional: true, ..key("port", ParamKind::Text) };

/// What says that a line is an edit.
const EDITS: [&str; 4] = ["add", "remove", "link", "unlink"];

/// Reads the lines of a control log one after the other: later lines may name nodes that earlier ones add.
pub(crate) struct Reader {
    pub(crate) known: Known,
    system: System,
    kinds: Vec<&'static Descriptor>,
}

impl Reader {
    /// Of a run of `scenario`, in which nodes of the kinds of `registry` may be added, and of those that are there.
    pub(crate) fn new(scenario: &Scenario, registry: &Registry) -> Reader {
        let mut kinds: Vec<&'static Descriptor> = Vec::new();
        for kind in scenario.nodes.iter().map(|n| n.descriptor).chain(registry.descriptors().iter().copied()) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        Reader { known: Known::of(scenario), system: System::of(scenario), kinds }
    }

    /// Whether the table is an edit, and not a live parameter or a fault.
    pub(crate) fn is_edit(table: &Table<'_>) -> bool {
        EDITS.iter().any(|name| table.has(name))
    }

    /// Reads an edit, checks it, and goes by it from now on.
    pub(crate) fn edit(&mut self, mut table: Table<'_>, diagnostics: &mut Diagnostics<'_>) -> Option<Control> {
        let time = at(&mut table, diagnostics);
        let others = ["fault", "heal"];
        let given: Vec<&str> = EDITS.into_iter().chain(others).filter(|name| table.has(name)).collect();
        if let [first, second, ..] = given[..] {
            let message = format!("{} has both `{first}` and `{second}`", table.what);
            diagnostics.error(&table.span, message, "do one thing in each line");
            return None;
        }
        let read = match given[..] {
            ["add"] => self.read_add(&mut table, diagnostics),
            ["remove"] => self.read_remove(&mut table, diagnostics),
            ["link"] => self.read_link(&mut table, "link", diagnostics),
            _ => self.read_link(&mut table, "unlink", diagnostics),
        };
        let span = table.span.clone();
        table.finish(diagnostics);
        let ((node, action), at) = (read?, Time(time?.0));
        let control = Control { at, node, action, lasting: None };
        match self.system.apply(&control) {
            Err(refusal) => {
                diagnostics.error(&span, refusal.message, refusal.remedy);
                return None;
            }
            Ok(()) if control.action == Action::RemoveNode => self.known.forget(&control.node),
            Ok(()) => {}
        }
        Some(control)
    }

    /// A change of a link is of one that is there.
    pub(crate) fn check_link(&self, control: &Control) -> Result<(), Refusal> {
        match &control.action {
            Action::SetLink { port, to, changes } => self.system.check_link_changes(&control.node, *port, to, changes),
            _ => Ok(()),
        }
    }

    fn read_add(&mut self, table: &mut Table<'_>, diagnostics: &mut Diagnostics<'_>) -> Option<(String, Action)> {
        let id = table.line(&key("node", ParamKind::Text), diagnostics);
        let kind = self.read_kind(table, diagnostics);
        let title = table.line_or(&TITLE, id.as_deref().unwrap_or(""), diagnostics);
        let set = table.take("set");
        let Some(id) = id else {
            self.known.is_incomplete();
            return None;
        };
        // What refers to the node is not wrong for anything that is wrong with it.
        self.known.learn(&id, kind);
        let descriptor = kind?;
        let mut values = defaults(descriptor.params, descriptor.kind, diagnostics);
        let before = diagnostics.count();
        match set.map(|item| (item, &item.raw)) {
            None => {}
            Some((_, Raw::Table(entries))) => {
                let what = format!("node `{}` ({})", shown(&id), descriptor.kind);
                read_params(descriptor.params, entries.iter(), (&id, &what, &[]), &mut values, diagnostics);
            }
            Some((item, other)) => {
                let message = format!("`set` is {}", other.shown());
                diagnostics.error(&item.span, message, "a table { … } of parameters of the new node");
            }
        }
        if diagnostics.count() > before {
            // It is told what is wrong with it; for the lines that follow it is there.
            self.system.nodes.entry(id).or_insert(descriptor);
            return None;
        }
        Some((id, Action::AddNode { descriptor, values, title: title? }))
    }

    fn read_kind(&self, table: &mut Table<'_>, diagnostics: &mut Diagnostics<'_>) -> Option<&'static Descriptor> {
        let kind = table.text(&ADD, diagnostics)?;
        let found = self.kinds.iter().copied().find(|d| d.kind == kind);
        if found.is_none() {
            let remedy = diagnostics.instead(&kind, "kinds", self.kinds.iter().map(|d| d.kind));
            let message = format!("`add` is \"{}\", which is not a kind of node", shown(&kind));
            diagnostics.error(&table.span_of("add"), message, remedy);
        }
        found
    }

    fn read_remove(&self, table: &mut Table<'_>, diagnostics: &mut Diagnostics<'_>) -> Option<(String, Action)> {
        let node = self.known.named(table, "node", diagnostics);
        match table.value(&REMOVE, diagnostics)? {
            Value::Boolean(true) => Some((node?.0.to_owned(), Action::RemoveNode)),
            _ => {
                let remedy = "write \"remove\":true, or leave the line out";
                diagnostics.error(&table.span_of("remove"), "`remove` is false, which does nothing", remedy);
                None
            }
        }
    }

    fn read_link(
        &self,
        table: &mut Table<'_>,
        what: &'static str,
        diagnostics: &mut Diagnostics<'_>,
    ) -> Option<(String, Action)> {
        let from = self.known.named(table, "node", diagnostics);
        let to = self.known.named(table, what, diagnostics);
        let port = match (table.value(&PORT, diagnostics)?, from) {
            (Value::Text(name), Some((id, kind))) if !kind.ports.is_empty() => {
                let found = kind.ports.iter().position(|p| p.name == name);
                if found.is_none() {
                    let remedy = diagnostics.instead(&name, "ports", kind.ports.iter().map(|p| p.name));
                    let message = format!("`port`: {} `{id}` has no port `{}`", kind.kind, shown(&name));
                    diagnostics.error(&table.span_of("port"), message, remedy);
                }
                found
            }
            _ => Some(0),
        };
        let action = match what {
            "unlink" => Action::Unlink { port: port?, to: to?.0.to_owned() },
            _ => {
                let mut values = defaults(LINK, "link", diagnostics);
                for spec in LINK {
                    if table.has(spec.name) {
                        values.set(spec.name, table.value(spec, diagnostics)?);
                    }
                    // A key that may be given, whether or not it is.
                    let _ = table.take(spec.name);
                }
                Action::Link { port: port?, to: to?.0.to_owned(), values }
            }
        };
        Some((from?.0.to_owned(), action))
    }
}

/// What a line of a log says of an edit of a node of kind `kind`, besides time and node.
pub(crate) fn entries(action: &Action, kind: &'static Descriptor, id: &str) -> Result<Vec<(Key, Item)>, String> {
    let pair = |name: &str, raw: Raw| (Key::bare(name), Item::bare(raw));
    let port = |port: usize| {
        let spec = kind.ports.get(port).ok_or_else(|| format!("`{id}` has no port number {port}"))?;
        Ok::<_, String>(pair("port", Raw::text(spec.name)))
    };
    Ok(match action {
        Action::AddNode { descriptor, values, title } => {
            let mut entries = vec![pair("add", Raw::text(descriptor.kind))];
            if title != id {
                entries.push(pair("title", Raw::text(title.clone())));
            }
            let set = differing(descriptor.params, values);
            if !set.is_empty() {
                entries.push(pair("set", Raw::Table(set)));
            }
            entries
        }
        Action::RemoveNode => vec![pair("remove", Raw::Boolean(true))],
        Action::Link { port: from, to, values } => {
            let mut entries = vec![pair("link", Raw::text(to.clone())), port(*from)?];
            entries.extend(differing(LINK, values));
            entries
        }
        Action::Unlink { port: from, to } => vec![pair("unlink", Raw::text(to.clone())), port(*from)?],
        Action::Set(_) | Action::SetLink { .. } | Action::Fault { .. } | Action::Heal { .. } => Vec::new(),
    })
}

/// The parameters that are not as they are when nothing is said of them.
fn differing(specs: &'static [ParamSpec], values: &Values) -> Vec<(Key, Item)> {
    let usual = defaults(specs, "", &mut Diagnostics::new(""));
    let pair = |spec: &ParamSpec| {
        let value = values.get(spec.name).filter(|value| usual.get(spec.name) != Some(*value))?;
        Some((Key::bare(spec.name), Item::bare(value_raw(spec.kind, value))))
    };
    specs.iter().filter_map(pair).collect()
}

impl Scenario {
    /// The scenario of a run from the beginning of the system as it stands after edits: without what was removed, and with
    /// what was added as if it had been there from the start. What the file does to nodes that are there no more, or expects
    /// of them, is left out. A scenario that was not edited is as it was.
    #[must_use]
    pub fn anew(&self) -> Scenario {
        let mut scenario = self.clone();
        if !self.is_edited() {
            return scenario;
        }
        scenario.nodes.retain(|n| n.removed.is_none());
        scenario.nodes.iter_mut().for_each(|n| n.added = None);
        scenario.nodes.order_by(|a, b| a.id.cmp(&b.id));
        scenario.links.retain(|l| !l.removed);
        scenario.links.iter_mut().for_each(|l| l.added = None);
        scenario.links.order_by(|a, b| (&a.from, a.port, &a.to).cmp(&(&b.from, b.port, &b.to)));
        let there = scenario.nodes.iter().map(|n| (n.id.clone(), n.descriptor));
        let there = order::map(there);
        let linked = |c: &Control| match &c.action {
            Action::SetLink { port, to, .. } => {
                scenario.links.iter().any(|l| l.from == c.node && l.port == *port && l.to == *to)
            }
            _ => true,
        };
        let fits =
            |c: &Control| linked(c) && there.get(&c.node).is_some_and(|kind| check_live(kind, &c.action).is_ok());
        let controls = self.controls.iter().cloned().zip(self.control_spans.iter().cloned());
        (scenario.controls, scenario.control_spans) = controls.filter(|(c, _)| fits(c)).unzip();
        scenario.phases.retain(|p| there.contains_key(&p.node));
        scenario.expectations.retain(|e| e.of.as_ref().is_none_or(|of| there.contains_key(of)));
        scenario
    }

    /// Whether nodes or links have come or gone since it was read.
    #[must_use]
    pub fn is_edited(&self) -> bool {
        let nodes = self.nodes.iter().any(|n: &Node| n.added.is_some() || n.removed.is_some());
        nodes || self.links.iter().any(|l| l.removed || l.added.is_some())
    }
}
