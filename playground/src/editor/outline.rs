//! What a text says of its nodes and links, read leniently: the canvas shows what stands in the text even while it cannot
//! run.

use floodgate::catalogue::{Descriptor, PortSpec};
use std::collections::BTreeMap;
use toml_edit::{Document, Item, TableLike};

/// Nodes and links of a text, in its order.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Outline {
    /// Its `name`.
    pub name: String,
    /// Its `description`.
    pub description: String,
    /// Nodes.
    pub nodes: Vec<NodeSketch>,
    /// Links.
    pub links: Vec<LinkSketch>,
    /// Groups.
    pub groups: Vec<GroupSketch>,
    /// What is written of the scenario as a whole (`seed`, `until` …), as TOML.
    pub header: BTreeMap<String, String>,
    /// Lesson steps and notes, in the order of the file, notes last.
    pub lessons: Vec<LessonSketch>,
    /// Everything in the file that is neither node nor link nor group, as text.
    pub rest: String,
    /// What may be wrong with the text as TOML.
    pub broken: Option<String>,
}

/// A node as it stands in the text.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeSketch {
    /// Identity.
    pub id: String,
    /// What is shown.
    pub title: String,
    /// Kind, where the catalogue knows it.
    pub descriptor: Option<&'static Descriptor>,
    /// Kind as written.
    pub kind: String,
    /// Place on the canvas.
    pub position: Option<(f64, f64)>,
    /// Group it belongs to.
    pub group: Option<String>,
    /// What is written of its parameters, as TOML, nested ones with a dot.
    pub given: BTreeMap<String, String>,
}

impl NodeSketch {
    /// The text of a parameter, without the quotes of a string: the one given, or its default.
    #[must_use]
    pub fn value(&self, path: &str) -> Option<String> {
        let given = self.given.get(path).cloned();
        given
            .or_else(|| super::params::spec(self.descriptor?, path)?.default.map(str::to_owned))
            .map(|t| super::params::bare(&t))
    }

    /// Its outgoing ports.
    #[must_use]
    pub fn ports(&self) -> &'static [PortSpec] {
        self.descriptor.map_or(&[], |d| d.ports)
    }
}

/// A link as it stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkSketch {
    /// Id of the caller.
    pub from: String,
    /// Index of its port.
    pub port: usize,
    /// Id of the callee.
    pub to: String,
    /// What is written of its parameters, as TOML.
    pub given: BTreeMap<String, String>,
}

/// A zone, region or cluster as it stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSketch {
    /// Identity.
    pub id: String,
    /// `zone`, `region` or `cluster`.
    pub kind: String,
    /// What is shown.
    pub title: String,
}

/// A step of a lesson as it stands in the text.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct LessonSketch {
    /// What it is called; may be empty.
    pub title: String,
    /// What is said.
    pub text: String,
    /// The time it is about, in seconds.
    pub at_s: Option<f64>,
    /// Ids of the nodes it is about.
    pub nodes: Vec<String>,
}

impl Outline {
    /// Reads `text`.
    #[must_use]
    pub fn read(text: &str) -> Outline {
        let document = match Document::parse(text) {
            Ok(document) => document,
            Err(error) => return Outline { broken: Some(error.to_string()), ..Outline::default() },
        };
        let text_of = |key: &str| string(document.get(key)).unwrap_or_default();
        let mut outline = Outline { name: text_of("name"), description: text_of("description"), ..Outline::default() };
        for (key, item) in document.iter().filter(|(key, _)| !matches!(*key, "node" | "link" | "group")) {
            if let Some(value) = item.as_value().filter(|v| !v.is_array()) {
                outline.header.insert(key.to_owned(), value.to_string().trim().to_owned());
            }
            if !matches!(key, "name" | "description") {
                outline.rest.push_str(&format!("{key} = {item}\n"));
            }
        }
        outline.groups = tables(document.get("group")).into_iter().filter_map(group).collect();
        outline.nodes = tables(document.get("node")).into_iter().filter_map(node).collect();
        outline.lessons = tables(document.get("lesson")).into_iter().filter_map(lesson).collect();
        let notes = document.get("note").and_then(Item::as_array).into_iter().flatten();
        let note = |text: &str| LessonSketch { text: text.to_owned(), ..LessonSketch::default() };
        outline.lessons.extend(notes.filter_map(|n| n.as_str()).map(note));
        for table in tables(document.get("link")) {
            if let Some(link) = link(table, &outline.nodes) {
                outline.links.push(link);
            }
        }
        outline
    }

    /// The node called `id`.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<&NodeSketch> {
        self.nodes.iter().find(|n| n.id == id)
    }

    /// The link from a port of one node to another.
    #[must_use]
    pub fn link(&self, from: &str, port: usize, to: &str) -> Option<&LinkSketch> {
        self.links.iter().find(|l| l.from == from && l.port == port && l.to == to)
    }

    /// Whether there is nothing on the canvas, and nothing wrong with the text as TOML either.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.nodes.is_empty() && self.links.is_empty() && self.groups.is_empty() && self.broken.is_none()
    }

    /// The group called `id`.
    #[must_use]
    pub fn group(&self, id: &str) -> Option<&GroupSketch> {
        self.groups.iter().find(|g| g.id == id)
    }

    /// The nodes of a group.
    pub fn members(&self, group: &str) -> impl Iterator<Item = &NodeSketch> {
        self.nodes.iter().filter(move |n| n.group.as_deref() == Some(group))
    }

    /// How the beginning of a link is written: the port's name is left out where it is the first.
    #[must_use]
    pub fn written_from(&self, from: &str, port: usize) -> String {
        let ports = self.node(from).map_or(&[][..], NodeSketch::ports);
        let name = ports.get(port).filter(|_| port > 0).map(|p| format!(".{}", p.name)).unwrap_or_default();
        format!("{from}{name}")
    }

    /// Names under which a port may be written; the first port's includes the empty one.
    #[must_use]
    pub fn port_names(&self, from: &str, port: usize) -> Vec<String> {
        let ports = self.node(from).map_or(&[][..], NodeSketch::ports);
        let mut names: Vec<String> = ports.get(port).map(|p| p.name.to_owned()).into_iter().collect();
        if port == 0 {
            names.push(String::new());
        }
        names
    }

    /// Why a component of this kind cannot stand in the middle of a link.
    ///
    /// # Errors
    /// The reason.
    pub fn may_splice(descriptor: &Descriptor) -> Result<(), String> {
        match (descriptor.accepts_calls, descriptor.ports.is_empty()) {
            (true, false) => Ok(()),
            (false, _) => Err(format!("{} takes no calls: it cannot stand within a link.", descriptor.title)),
            (true, true) => Err(format!("{} calls nobody: it cannot stand within a link.", descriptor.title)),
        }
    }

    /// Why a link from `from` (port `port`) to `to` cannot be, in words.
    ///
    /// # Errors
    /// The reason.
    pub fn may_connect(&self, from: &str, port: usize, to: &str) -> Result<(), String> {
        let (Some(caller), Some(callee)) = (self.node(from), self.node(to)) else {
            return Err("There is no such node.".to_owned());
        };
        let Some(spec) = caller.ports().get(port) else {
            return Err(format!("{} sends no calls.", caller.title));
        };
        if from == to {
            return Err("A node cannot call itself.".to_owned());
        }
        if callee.descriptor.is_some_and(|d| !d.accepts_calls) {
            return Err(format!("{} takes no calls.", callee.title));
        }
        let from_here = self.links.iter().filter(|l| l.from == from && l.port == port);
        if from_here.clone().any(|l| l.to == to) {
            return Err(format!("{} and {} are linked already.", caller.title, callee.title));
        }
        if from_here.count() >= spec.max_links as usize {
            let many = if spec.max_links == 1 { "one link".to_owned() } else { format!("{} links", spec.max_links) };
            return Err(format!(
                "Port “{}” of {} takes {many} only: delete the old one first.",
                spec.name, caller.title
            ));
        }
        Ok(())
    }
}

pub(super) fn tables(item: Option<&Item>) -> Vec<&dyn TableLike> {
    match item {
        Some(Item::ArrayOfTables(array)) => array.iter().map(|t| t as &dyn TableLike).collect(),
        Some(Item::Value(toml_edit::Value::Array(array))) => {
            array.iter().filter_map(|v| v.as_inline_table().map(|t| t as &dyn TableLike)).collect()
        }
        _ => Vec::new(),
    }
}

fn string(item: Option<&Item>) -> Option<String> {
    item.and_then(Item::as_str).map(str::to_owned)
}

fn node(table: &dyn TableLike) -> Option<NodeSketch> {
    let id = string(table.get("id"))?;
    let kind = string(table.get("kind")).unwrap_or_default();
    let position = table.get("position").and_then(Item::as_array).and_then(|a| {
        let number = |i: usize| a.get(i).and_then(|v| v.as_float().or_else(|| v.as_integer().map(|n| n as f64)));
        Some((number(0)?, number(1)?))
    });
    let mut given = BTreeMap::new();
    collect("", table, &mut given);
    Some(NodeSketch {
        title: string(table.get("title")).unwrap_or_else(|| id.clone()),
        descriptor: floodgate::catalogue().iter().copied().find(|d| d.kind == kind),
        id,
        kind,
        position: position.filter(|(x, y)| x.is_finite() && y.is_finite()),
        group: string(table.get("group")),
        given,
    })
}

/// Every key with its TOML text, where groups are walked into as well as listed: a distribution is a table too.
fn collect(prefix: &str, table: &dyn TableLike, given: &mut BTreeMap<String, String>) {
    for (key, item) in table.iter() {
        let path = if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") };
        if let Some(inner) = item.as_table_like() {
            collect(&path, inner, given);
        }
        if let Some(value) = item.as_value() {
            given.insert(path, value.to_string().trim().to_owned());
        }
    }
}

fn link(table: &dyn TableLike, nodes: &[NodeSketch]) -> Option<LinkSketch> {
    let from = string(table.get("from"))?;
    let (id, port) = from.split_once('.').map_or((from.as_str(), None), |(id, port)| (id, Some(port)));
    let ports = nodes.iter().find(|n| n.id == id)?.ports();
    let port = port.map_or(Some(0), |name| ports.iter().position(|p| p.name == name))?;
    let mut given = BTreeMap::new();
    collect("", table, &mut given);
    given.retain(|key, _| key != "from" && key != "to");
    Some(LinkSketch { from: id.to_owned(), port, to: string(table.get("to"))?, given })
}

fn group(table: &dyn TableLike) -> Option<GroupSketch> {
    let id = string(table.get("id"))?;
    let title = string(table.get("title")).unwrap_or_else(|| id.clone());
    Some(GroupSketch { kind: string(table.get("kind")).unwrap_or_default(), title, id })
}

fn lesson(table: &dyn TableLike) -> Option<LessonSketch> {
    let list = table.get("highlight").and_then(Item::as_array).into_iter().flatten();
    let at = string(table.get("at")).and_then(|at| floodgate::scenario::parse_until(&at).ok());
    Some(LessonSketch {
        title: string(table.get("title")).unwrap_or_default(),
        text: string(table.get("text"))?,
        at_s: at.map(|t| t.0 as f64 / 1e9),
        nodes: list.filter_map(|id| id.as_str()).map(str::to_owned).collect(),
    })
}
