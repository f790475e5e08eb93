//! What can be done to a scenario by hand, each as a function from text to text.

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, TableLike, Value};

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
    /// Another place on the canvas.
    MoveNode {
        /// Which.
        id: String,
        /// Where to.
        to: (f64, f64),
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
    /// A node less, with its links and everything else that names it.
    Delete {
        /// Which.
        id: String,
    },
    /// A parameter, nested ones with a dot.
    SetParam {
        /// Of which node.
        id: String,
        /// Which.
        path: String,
        /// TOML; `None` takes the key away, so that the default holds.
        value: Option<String>,
    },
    /// What the page shows of a node.
    Rename {
        /// Which.
        id: String,
        /// Its new title.
        title: String,
    },
}

impl Change {
    /// For the undo button.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Change::AddNode { id, .. } => format!("add {id}"),
            Change::MoveNode { id, .. } => format!("move {id}"),
            Change::Connect { from, to } | Change::Disconnect { from, to, .. } => {
                let verb = if matches!(self, Change::Connect { .. }) { "connect" } else { "disconnect" };
                format!("{verb} {from} → {to}")
            }
            Change::Delete { id } => format!("delete {id}"),
            Change::SetParam { id, path, .. } => format!("{path} of {id}"),
            Change::Rename { id, .. } => format!("rename {id}"),
        }
    }

    /// Changes with the same key that follow each other are one step: nudging a node with the arrow keys, typing a name.
    #[must_use]
    pub fn merge_key(&self) -> Option<String> {
        match self {
            Change::MoveNode { .. } | Change::Rename { .. } => Some(self.label()),
            _ => None,
        }
    }

    /// An id for a new node of this kind that no node in `text` bears.
    #[must_use]
    pub fn free_id(text: &str, kind: &str) -> String {
        let outline = super::Outline::read(text);
        let taken = |id: &str| outline.node(id).is_some();
        if !taken(kind) {
            return kind.to_owned();
        }
        // The range is longer than any file has nodes.
        (2u32..).map(|n| format!("{kind}_{n}")).find(|id| !taken(id)).unwrap_or_default()
    }

    /// The text after this change.
    ///
    /// # Errors
    /// Why it cannot be done, in words.
    pub fn apply(&self, text: &str) -> Result<String, String> {
        let mut document: DocumentMut =
            text.parse().map_err(|e: toml_edit::TomlError| format!("The scenario is not TOML: {}", e.message()))?;
        match self {
            Change::AddNode { id, kind, title, at } => {
                let mut table = Table::new();
                table.insert("id", toml_edit::value(id));
                table.insert("kind", toml_edit::value(kind));
                table.insert("title", toml_edit::value(title));
                table.insert("position", position(*at));
                append(&mut document, "node", table)?;
            }
            Change::MoveNode { id, to } => put(node(&mut document, id)?, "position", position(*to)),
            Change::Connect { from, to } => {
                let mut table = Table::new();
                table.insert("from", toml_edit::value(from));
                table.insert("to", toml_edit::value(to));
                table.insert("latency", toml_edit::value("1ms"));
                append(&mut document, "link", table)?;
            }
            Change::Disconnect { from, ports, to } => {
                let found = remove_where(&mut document, "link", |link| {
                    let (id, port) = endpoint(link);
                    id == from && ports.iter().any(|p| p == port) && text_of(link, "to") == Some(to)
                });
                if !found {
                    return Err(format!("There is no link from {from} to {to}."));
                }
            }
            Change::Delete { id } => delete(&mut document, id)?,
            Change::SetParam { id, path, value } => set_param(node(&mut document, id)?, path, value.as_deref())?,
            Change::Rename { id, title } => put(node(&mut document, id)?, "title", toml_edit::value(title)),
        }
        Ok(document.to_string())
    }
}

/// Whole numbers where they are whole: `[160, 240]` reads better than `[160.0, 240.0]`.
fn position((x, y): (f64, f64)) -> Item {
    let mut array = Array::new();
    for value in [x, y] {
        if value.fract() == 0.0 && value.abs() < 1e9 {
            array.push(value as i64);
        } else {
            array.push(value);
        }
    }
    toml_edit::value(array)
}

fn text_of<'a>(table: &'a dyn TableLike, key: &str) -> Option<&'a str> {
    table.get(key).and_then(Item::as_str)
}

fn endpoint(link: &dyn TableLike) -> (&str, &str) {
    let from = text_of(link, "from").unwrap_or_default();
    from.split_once('.').unwrap_or((from, ""))
}

/// Puts a value in place and keeps the comment that stands behind the old one.
fn put(table: &mut dyn TableLike, key: &str, mut item: Item) {
    if let (Some(Item::Value(old)), Some(new)) = (table.get(key), item.as_value_mut()) {
        *new.decor_mut() = old.decor().clone();
    }
    match table.get_mut(key) {
        Some(slot) => *slot = item,
        None => {
            table.insert(key, item);
        }
    }
}

/// A new `[[name]]` behind the last one, with an empty line before it.
fn append(document: &mut DocumentMut, name: &str, mut table: Table) -> Result<(), String> {
    table.decor_mut().set_prefix("\n");
    let item = document.entry(name).or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    match item {
        Item::ArrayOfTables(array) => array.push(table),
        Item::Value(Value::Array(array)) => array.push(table.into_inline_table()),
        _ => return Err(format!("“{name}” is not a list of tables in this file.")),
    }
    Ok(())
}

fn node<'a>(document: &'a mut DocumentMut, id: &str) -> Result<&'a mut dyn TableLike, String> {
    let missing = || format!("There is no node “{id}”.");
    match document.get_mut("node") {
        Some(Item::ArrayOfTables(array)) => array
            .iter_mut()
            .find(|t| t.get("id").and_then(Item::as_str) == Some(id))
            .map(|t| t as &mut dyn TableLike)
            .ok_or_else(missing),
        Some(Item::Value(Value::Array(array))) => array
            .iter_mut()
            .filter_map(Value::as_inline_table_mut)
            .find(|t| t.get("id").and_then(Value::as_str) == Some(id))
            .map(|t| t as &mut dyn TableLike)
            .ok_or_else(missing),
        _ => Err(missing()),
    }
}

/// Takes away the elements of the list `name` for which `gone` says so; whether there were any.
fn remove_where(document: &mut DocumentMut, name: &str, gone: impl Fn(&dyn TableLike) -> bool) -> bool {
    let mut found = false;
    let mut judge = |table: &dyn TableLike| {
        let yes = gone(table);
        found |= yes;
        !yes
    };
    match document.get_mut(name) {
        Some(Item::ArrayOfTables(array)) => {
            array.retain(|t| judge(t));
            if array.is_empty() {
                document.remove(name);
            }
        }
        Some(Item::Value(Value::Array(array))) => array.retain(|v| v.as_inline_table().is_none_or(|t| judge(t))),
        _ => {}
    }
    found
}

fn delete(document: &mut DocumentMut, id: &str) -> Result<(), String> {
    if !remove_where(document, "node", |t| text_of(t, "id") == Some(id)) {
        return Err(format!("There is no node “{id}”."));
    }
    remove_where(document, "link", |t| endpoint(t).0 == id || text_of(t, "to") == Some(id));
    for list in ["phase", "fault", "control"] {
        remove_where(document, list, |t| text_of(t, "node") == Some(id));
    }
    remove_where(document, "expect", |t| text_of(t, "of") == Some(id));
    if let Some(variants) = document.get_mut("variant").and_then(Item::as_array_of_tables_mut) {
        for variant in variants.iter_mut() {
            forget_in_variant(variant, id);
        }
    }
    Ok(())
}

/// A variant patches nodes and lists of its own; what names the node goes from there as well.
fn forget_in_variant(variant: &mut Table, id: &str) {
    for (list, key) in [("node", "id"), ("phase", "node"), ("fault", "node"), ("control", "node"), ("expect", "of")] {
        match variant.get_mut(list) {
            Some(Item::ArrayOfTables(array)) => array.retain(|t| text_of(t, key) != Some(id)),
            Some(Item::Table(table)) if list == "node" => {
                table.remove(id);
            }
            _ => {}
        }
    }
}

fn set_param(table: &mut dyn TableLike, path: &str, value: Option<&str>) -> Result<(), String> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let Some(rest) = rest else {
        match value {
            Some(text) => {
                let value: Value = text.parse().map_err(|_| format!("`{text}` is not a TOML value."))?;
                put(table, first, Item::Value(value));
            }
            None => {
                table.remove(first);
            }
        }
        return Ok(());
    };
    if table.get(first).is_none() {
        if value.is_none() {
            return Ok(());
        }
        table.insert(first, toml_edit::value(toml_edit::InlineTable::new()));
    }
    let inner = table.get_mut(first).and_then(Item::as_table_like_mut);
    set_param(inner.ok_or_else(|| format!("“{first}” is not a table."))?, rest, value)?;
    if let Some(Item::Value(Value::InlineTable(inline))) = table.get_mut(first) {
        if inline.is_empty() && value.is_none() {
            table.remove(first);
        } else {
            inline.fmt();
        }
    }
    Ok(())
}
