//! What can be done to a scenario by hand, each as a function from text to text.

use super::document::{
    append, delete, endpoint, items, link, position, put, regroup, remove_where, set_param, text_of,
};
use toml_edit::{DocumentMut, Table};

/// Something done to the scenario.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A new node of a kind, with an id that is free.
    AddNode {
        /// Identity; see [`Change::free_id`].
        id: String,
        /// Kind.
        kind: String,
        /// What is shown of it.
        title: String,
        /// Place on the canvas.
        at: (f64, f64),
    },
    /// Other places on the canvas.
    Move {
        /// Which, and where to.
        to: Vec<(String, (f64, f64))>,
    },
    /// A new link.
    Connect {
        /// Id of the caller, with its port unless that is the first: `web` or `web.db`.
        from: String,
        /// Id of the callee.
        to: String,
    },
    /// A link less.
    Disconnect {
        /// Id of the caller.
        from: String,
        /// Names under which its port may be written; the default port's includes the empty one.
        ports: Vec<String>,
        /// Id of the callee.
        to: String,
    },
    /// A node into a link: the caller calls it, it calls the callee. What was written of the link stays with the second half,
    /// but for its share among the caller's links.
    Splice {
        /// The node to put in.
        id: String,
        /// Id of the caller, as it is to be written.
        from: String,
        /// Names under which its port may be written.
        ports: Vec<String>,
        /// Id of the callee.
        to: String,
    },
    /// A node less, with its links and everything else that names it.
    Delete {
        /// Which.
        id: String,
    },
    /// A parameter of a node, nested ones with a dot; also its `title` and `group`.
    SetParam {
        /// Of which node.
        id: String,
        /// Which.
        path: String,
        /// TOML; `None` takes the key away, so that the default holds.
        value: Option<String>,
    },
    /// A parameter of a link.
    SetLink {
        /// Id of the caller.
        from: String,
        /// Names under which its port may be written.
        ports: Vec<String>,
        /// Id of the callee.
        to: String,
        /// Which.
        path: String,
        /// As above.
        value: Option<String>,
    },
    /// A parameter of a group.
    SetGroup {
        /// Which.
        id: String,
        /// Which parameter.
        path: String,
        /// As above.
        value: Option<String>,
    },
    /// Something that holds for the scenario as a whole.
    SetHeader {
        /// Which.
        path: String,
        /// As above.
        value: Option<String>,
    },
    /// A new group of these nodes.
    AddGroup {
        /// Identity; see [`Change::free_id`].
        id: String,
        /// `zone`, `region` or `cluster`.
        kind: String,
        /// What is shown.
        title: String,
        /// Its nodes.
        nodes: Vec<String>,
    },
    /// A group less; its nodes stay.
    Ungroup {
        /// Which.
        id: String,
    },
    /// Tables behind all others: what has been pasted.
    Insert {
        /// TOML that fits the text.
        fragment: String,
        /// For the undo button.
        label: String,
    },
    /// Several changes as one.
    Several {
        /// For the undo button.
        label: String,
        /// One after the other.
        changes: Vec<Change>,
    },
}

impl Change {
    /// For the undo button.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Change::AddNode { id, .. } => format!("add {id}"),
            Change::Move { to } => match to.as_slice() {
                [(id, _)] => format!("move {id}"),
                many => format!("move {} nodes", many.len()),
            },
            Change::Connect { from, to } => format!("connect {from} → {to}"),
            Change::Disconnect { from, to, .. } => format!("disconnect {from} → {to}"),
            Change::Splice { id, from, to, .. } => format!("put {id} into {from} → {to}"),
            Change::Delete { id } => format!("delete {id}"),
            Change::SetParam { id, path, .. } if path == "title" => format!("rename {id}"),
            Change::SetParam { id, path, .. } | Change::SetGroup { id, path, .. } => format!("{path} of {id}"),
            Change::SetLink { from, to, path, .. } => format!("{path} of {from} → {to}"),
            Change::SetHeader { path, .. } => format!("{path} of the scenario"),
            Change::AddGroup { title, .. } => format!("group as {title}"),
            Change::Ungroup { id } => format!("ungroup {id}"),
            Change::Insert { label, .. } | Change::Several { label, .. } => label.clone(),
        }
    }

    /// Changes with the same key that follow each other are one step: nudging nodes with the arrow keys.
    #[must_use]
    pub fn merge_key(&self) -> Option<String> {
        match self {
            Change::Move { to } => {
                Some(to.iter().map(|(id, _)| id.as_str()).fold("move".to_owned(), |all, id| format!("{all} {id}")))
            }
            _ => None,
        }
    }

    /// An id for something new called `base` that no node and no group in `text` bears.
    #[must_use]
    pub fn free_id(text: &str, base: &str) -> String {
        let outline = super::Outline::read(text);
        free(base, |id| outline.node(id).is_some() || outline.group(id).is_some())
    }

    /// The text after this change.
    ///
    /// # Errors
    /// Why it cannot be done, in words.
    pub fn apply(&self, text: &str) -> Result<String, String> {
        match self {
            Change::Insert { fragment, .. } => {
                let gap = if text.is_empty() || text.ends_with("\n\n") { "" } else { "\n" };
                let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
                let new = format!("{text}{end}{gap}{}", fragment.trim_start_matches('\n'));
                return parse(&new).map(|_| new);
            }
            Change::Several { changes, .. } => {
                return changes.iter().try_fold(text.to_owned(), |text, change| change.apply(&text));
            }
            _ => {}
        }
        let mut document = parse(text)?;
        self.edit(&mut document)?;
        Ok(document.to_string())
    }

    fn edit(&self, document: &mut DocumentMut) -> Result<(), String> {
        match self {
            Change::AddNode { id, kind, title, at } => {
                let mut table = Table::new();
                table.insert("id", toml_edit::value(id));
                table.insert("kind", toml_edit::value(kind));
                table.insert("title", toml_edit::value(title));
                table.insert("position", position(*at));
                append(document, "node", table)?;
            }
            Change::Move { to } => {
                for (id, at) in to {
                    put(items(document, "node", id)?, "position", position(*at));
                }
            }
            Change::Connect { from, to } => append(document, "link", new_link(from, to, Some("1ms")))?,
            Change::Disconnect { from, ports, to } => {
                let found = remove_where(document, "link", |link| {
                    let (id, port) = endpoint(link);
                    id == from && ports.iter().any(|p| p == port) && text_of(link, "to") == Some(to)
                });
                if !found {
                    return Err(format!("There is no link from {from} to {to}."));
                }
            }
            Change::Splice { id, from, ports, to } => {
                let caller = from.split('.').next().unwrap_or_default();
                let second = link(document, caller, ports, to)?;
                let weight = second.remove("weight");
                put(second, "from", toml_edit::value(id));
                let mut first = new_link(from, id, None);
                if let Some(weight) = weight {
                    first.insert("weight", weight);
                }
                append(document, "link", first)?;
            }
            Change::Delete { id } => delete(document, id)?,
            Change::SetParam { id, path, value } if path == "group" => regroup(document, id, value.as_deref())?,
            Change::SetParam { id, path, value } => set_param(items(document, "node", id)?, path, value.as_deref())?,
            Change::SetGroup { id, path, value } => set_param(items(document, "group", id)?, path, value.as_deref())?,
            Change::SetLink { from, ports, to, path, value } => {
                set_param(link(document, from, ports, to)?, path, value.as_deref())?;
            }
            Change::SetHeader { path, value } => set_param(document.as_table_mut(), path, value.as_deref())?,
            Change::AddGroup { id, kind, title, nodes } => {
                let mut table = Table::new();
                table.insert("id", toml_edit::value(id));
                table.insert("kind", toml_edit::value(kind));
                table.insert("title", toml_edit::value(title));
                append(document, "group", table)?;
                for node in nodes {
                    regroup(document, node, Some(&format!("\"{id}\"")))?;
                }
            }
            Change::Ungroup { id } => {
                for node in super::document::members(document, id) {
                    items(document, "node", &node)?.remove("group");
                }
                if !remove_where(document, "group", |t| text_of(t, "id") == Some(id)) {
                    return Err(format!("There is no group “{id}”."));
                }
                super::document::forget_faults(document, id);
            }
            // These are made of text.
            Change::Insert { .. } | Change::Several { .. } => {}
        }
        Ok(())
    }
}

fn parse(text: &str) -> Result<DocumentMut, String> {
    text.parse().map_err(|e: toml_edit::TomlError| format!("The scenario is not TOML: {}", e.message()))
}

fn new_link(from: &str, to: &str, latency: Option<&str>) -> Table {
    let mut table = Table::new();
    table.insert("from", toml_edit::value(from));
    table.insert("to", toml_edit::value(to));
    if let Some(latency) = latency {
        table.insert("latency", toml_edit::value(latency));
    }
    table
}

/// `base`, or `base_2` and so on: the first that is not taken.
pub(super) fn free(base: &str, taken: impl Fn(&str) -> bool) -> String {
    if !taken(base) {
        return base.to_owned();
    }
    let stem = base.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_');
    let stem = if stem.is_empty() { base } else { stem };
    // The range is longer than any file has nodes.
    (2u32..).map(|n| format!("{stem}_{n}")).find(|id| !taken(id)).unwrap_or_default()
}
