//! Ways into a TOML document that leave alone what they do not touch.

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, TableLike, Value};

/// Whole numbers where they are whole: `[160, 240]` reads better than `[160.0, 240.0]`.
pub(super) fn position((x, y): (f64, f64)) -> Item {
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

pub(super) fn text_of<'a>(table: &'a dyn TableLike, key: &str) -> Option<&'a str> {
    table.get(key).and_then(Item::as_str)
}

pub(super) fn endpoint(link: &dyn TableLike) -> (&str, &str) {
    let from = text_of(link, "from").unwrap_or_default();
    from.split_once('.').unwrap_or((from, ""))
}

/// Puts a value in place and keeps the comment that stands behind the old one.
pub(super) fn put(table: &mut dyn TableLike, key: &str, mut item: Item) {
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
pub(super) fn append(document: &mut DocumentMut, name: &str, mut table: Table) -> Result<(), String> {
    table.decor_mut().set_prefix("\n");
    let item = document.entry(name).or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    match item {
        Item::ArrayOfTables(array) => array.push(table),
        Item::Value(Value::Array(array)) => array.push(table.into_inline_table()),
        _ => return Err(format!("“{name}” is not a list of tables in this file.")),
    }
    Ok(())
}

/// The table of the list `name` whose id is `id`.
pub(super) fn items<'a>(document: &'a mut DocumentMut, name: &str, id: &str) -> Result<&'a mut dyn TableLike, String> {
    find(document, name, |table| text_of(table, "id") == Some(id)).ok_or_else(|| format!("There is no {name} “{id}”."))
}

/// The table of the link from a port, which may be written in several ways, to a node.
pub(super) fn link<'a>(
    document: &'a mut DocumentMut,
    from: &str,
    ports: &[String],
    to: &str,
) -> Result<&'a mut dyn TableLike, String> {
    let is_it = |table: &dyn TableLike| {
        let (id, port) = endpoint(table);
        id == from && ports.iter().any(|p| p == port) && text_of(table, "to") == Some(to)
    };
    find(document, "link", is_it).ok_or_else(|| format!("There is no link from {from} to {to}."))
}

/// The first table of the list `name` that `is_it`.
fn find<'a>(
    document: &'a mut DocumentMut,
    name: &str,
    is_it: impl Fn(&dyn TableLike) -> bool,
) -> Option<&'a mut dyn TableLike> {
    match document.get_mut(name) {
        Some(Item::ArrayOfTables(array)) => {
            array.iter_mut().find(|t| is_it(*t as &dyn TableLike)).map(|t| t as &mut dyn TableLike)
        }
        Some(Item::Value(Value::Array(array))) => array
            .iter_mut()
            .filter_map(Value::as_inline_table_mut)
            .find(|t| is_it(*t as &dyn TableLike))
            .map(|t| t as &mut dyn TableLike),
        _ => None,
    }
}

/// Ids of the nodes of a group.
pub(super) fn members(document: &DocumentMut, group: &str) -> Vec<String> {
    let nodes = super::outline::tables(document.get("node")).into_iter();
    let members = nodes.filter(|t| text_of(*t, "group") == Some(group));
    members.filter_map(|t| text_of(t, "id").map(str::to_owned)).collect()
}

/// Takes the group away if it has no nodes any more, and its faults that none of its nodes can have.
pub(super) fn forget_if_empty(document: &mut DocumentMut, group: &str) {
    if members(document, group).is_empty() {
        remove_where(document, "group", |t| text_of(t, "id") == Some(group));
    }
    forget_faults(document, group);
}

/// Takes away what happens to the group as a whole and can happen to none of its nodes.
pub(super) fn forget_faults(document: &mut DocumentMut, group: &str) {
    let nodes = super::outline::tables(document.get("node")).into_iter();
    let kinds = nodes.filter(|t| text_of(*t, "group") == Some(group)).filter_map(|t| text_of(t, "kind"));
    let faults = |kind: &str| floodgate::catalogue().iter().find(|d| d.kind == kind).map_or(&[][..], |d| d.faults);
    let known: Vec<&str> = kinds.flat_map(faults).map(|fault| fault.name).collect();
    let gone = |t: &dyn TableLike| {
        let fault = text_of(t, "fault").or_else(|| text_of(t, "heal"));
        text_of(t, "group") == Some(group) && fault.is_none_or(|fault| !known.contains(&fault))
    };
    for list in ["fault", "control"] {
        remove_where(document, list, gone);
    }
}

/// Puts a node into a group, or into none; the one that it was in goes when it was the last.
pub(super) fn regroup(document: &mut DocumentMut, id: &str, value: Option<&str>) -> Result<(), String> {
    let node = items(document, "node", id)?;
    let before = text_of(node, "group").map(str::to_owned);
    set_param(node, "group", value)?;
    if let Some(before) = before {
        forget_if_empty(document, &before);
    }
    Ok(())
}

/// Takes away the elements of the list `name` for which `gone` says so; whether there were any.
pub(super) fn remove_where(document: &mut DocumentMut, name: &str, gone: impl Fn(&dyn TableLike) -> bool) -> bool {
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

/// A node with everything that names it. A group that was left without nodes by it goes as well.
pub(super) fn delete(document: &mut DocumentMut, id: &str) -> Result<(), String> {
    let group = items(document, "node", id)?.get("group").and_then(Item::as_str).map(str::to_owned);
    if !remove_where(document, "node", |t| text_of(t, "id") == Some(id)) {
        return Err(format!("There is no node “{id}”."));
    }
    remove_where(document, "link", |t| endpoint(t).0 == id || text_of(t, "to") == Some(id));
    for list in ["phase", "fault", "control"] {
        remove_where(document, list, |t| text_of(t, "node") == Some(id));
    }
    remove_where(document, "expect", |t| text_of(t, "of") == Some(id));
    for step in document.get_mut("lesson").and_then(Item::as_array_of_tables_mut).into_iter().flat_map(|s| s.iter_mut())
    {
        // What is said stays: it may still be true.
        forget_in_list(step, "highlight", id);
    }
    if let Some(group) = group {
        forget_if_empty(document, &group);
    }
    if let Some(variants) = document.get_mut("variant").and_then(Item::as_array_of_tables_mut) {
        for variant in variants.iter_mut() {
            forget_in_variant(variant, id);
        }
    }
    Ok(())
}

/// An entry less in a list of ids; a list that becomes empty goes.
fn forget_in_list(table: &mut Table, key: &str, id: &str) {
    let Some(list) = table.get_mut(key).and_then(Item::as_array_mut) else { return };
    list.retain(|entry| entry.as_str() != Some(id));
    if list.is_empty() {
        table.remove(key);
    }
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

pub(super) fn set_param(table: &mut dyn TableLike, path: &str, value: Option<&str>) -> Result<(), String> {
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
