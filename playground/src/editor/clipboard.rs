//! Copying and pasting as scenario text: what is copied here can be pasted into any editor, and the other way round. What is
//! pasted comes from anywhere: it is bounded, its ids are made unique, and what does not belong here is left out and told.

use super::Outline;
use super::change::free;
use super::document::{endpoint, position, put, text_of};
use std::collections::{BTreeMap, BTreeSet};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, TableLike};

/// Longest text that is pasted, in bytes.
pub const PASTE_BYTES_MAX: usize = 256 * 1024;
/// Most nodes that are pasted at once.
pub const PASTE_NODES_MAX: usize = 500;
/// Most links that are pasted at once.
pub const PASTE_LINKS_MAX: usize = 5000;

/// The nodes called `ids` as scenario text, with the links among them and their groups. `place` is where a node stands whose
/// place is not in the text. `None` when there is none of them.
#[must_use]
pub fn copy(text: &str, ids: &[String], place: impl Fn(&str) -> Option<(f64, f64)>) -> Option<String> {
    let document: DocumentMut = text.parse().ok()?;
    let chosen = |id: Option<&str>| id.is_some_and(|id| ids.iter().any(|i| i == id));
    let mut fragment = DocumentMut::new();
    let mut nodes = only(&document, "node", |t| chosen(text_of(t, "id")));
    for node in nodes.iter_mut() {
        let id = text_of(node, "id").unwrap_or_default().to_owned();
        if let (None, Some(at)) = (node.get("position"), place(&id)) {
            put(node, "position", position((at.0.round(), at.1.round())));
        }
    }
    if nodes.is_empty() {
        return None;
    }
    let groups: BTreeSet<String> =
        floodgate::order::set(nodes.iter().filter_map(|n| text_of(n, "group").map(str::to_owned)));
    let links = only(&document, "link", |t| chosen(Some(endpoint(t).0)) && chosen(text_of(t, "to")));
    let groups = only(&document, "group", |t| text_of(t, "id").is_some_and(|id| groups.contains(id)));
    fill(&mut fragment, groups, nodes, links);
    Some(fragment.to_string().trim_start_matches(['\n', '\r']).to_owned())
}

/// The tables of a list for which `wanted` says so.
fn only(document: &DocumentMut, name: &str, wanted: impl Fn(&dyn TableLike) -> bool) -> ArrayOfTables {
    let all = document.get(name).cloned().and_then(|item| item.into_array_of_tables().ok()).unwrap_or_default();
    all.into_iter().filter(|t| wanted(t)).collect()
}

/// Groups, nodes, links, in this order and without their old places among other tables.
fn fill(fragment: &mut DocumentMut, groups: ArrayOfTables, nodes: ArrayOfTables, links: ArrayOfTables) {
    let mut next = 0;
    for (name, mut list) in [("group", groups), ("node", nodes), ("link", links)] {
        for table in list.iter_mut() {
            renumber(table, &mut next);
            // Every table stands behind an empty line, as elsewhere in a scenario; comments above it are its own.
            let prefix = table.decor().prefix().and_then(|p| p.as_str()).unwrap_or_default().to_owned();
            if !prefix.starts_with(['\n', '\r']) {
                table.decor_mut().set_prefix(format!("\n{prefix}"));
            }
        }
        if !list.is_empty() {
            fragment.insert(name, Item::ArrayOfTables(list));
        }
    }
}

/// Tables are written in the order of their numbers.
fn renumber(table: &mut Table, next: &mut isize) {
    table.set_position(Some(*next));
    *next += 1;
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(inner) => renumber(inner, next),
            Item::ArrayOfTables(list) => list.iter_mut().for_each(|inner| renumber(inner, next)),
            _ => {}
        }
    }
}

/// What can be put into a text.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Pasted {
    /// TOML to stand behind the text; see [`Change::Insert`](super::Change::Insert).
    pub fragment: String,
    /// Ids of the new nodes.
    pub ids: Vec<String>,
    /// What was left out and why, in words.
    pub left_out: Vec<String>,
}

/// Makes `pasted` fit into `text`: new ids where they are taken, every place shifted by `shift`.
///
/// # Errors
/// Why it cannot be pasted, in words.
pub fn paste(text: &str, pasted: &str, shift: (f64, f64)) -> Result<Pasted, String> {
    let mut document = read(pasted)?;
    let outline = Outline::read(text);
    let lists = ["group", "node", "link"].map(|name| take(&mut document, name));
    let [groups, mut nodes, mut links] = lists;
    if nodes.is_empty() && links.is_empty() {
        return Err("What was pasted has no [[node]] and no [[link]]: it is not scenario text.".to_owned());
    }
    if nodes.len() > PASTE_NODES_MAX || links.len() > PASTE_LINKS_MAX {
        return Err(format!(
            "What was pasted has {} nodes and {} links; at most {PASTE_NODES_MAX} and {PASTE_LINKS_MAX} are pasted at once.",
            nodes.len(),
            links.len()
        ));
    }
    let mut result = Pasted::default();
    for (key, _) in document.iter() {
        result.left_out.push(format!("`{}`: only nodes, links and groups are pasted", short(key)));
    }
    let mut taken: BTreeSet<String> =
        outline.nodes.iter().map(|n| n.id.clone()).chain(outline.groups.iter().map(|g| g.id.clone())).collect();
    let (groups, group_names) = fit_groups(groups, &outline, &mut taken);
    let names = fit_nodes(&mut nodes, &group_names, &outline, &mut taken, &mut result);
    for node in nodes.iter_mut() {
        shift_by(node, shift);
    }
    fit_links(&mut links, &names, &outline, &mut result);
    if nodes.is_empty() && links.is_empty() {
        return Err(format!("Nothing of it fits: {}.", result.left_out.join("; ")));
    }
    let mut fragment = DocumentMut::new();
    fill(&mut fragment, groups, nodes, links);
    result.fragment = fragment.to_string().trim_start_matches(['\n', '\r']).to_owned();
    Ok(result)
}

fn read(pasted: &str) -> Result<DocumentMut, String> {
    if pasted.len() > PASTE_BYTES_MAX {
        return Err(format!("What was pasted has {} bytes, more than the limit of {PASTE_BYTES_MAX}.", pasted.len()));
    }
    pasted.parse().map_err(|e: toml_edit::TomlError| {
        let line = e.span().map_or(1, |span| pasted.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
        format!("What was pasted is not scenario text: line {line}: {}.", e.message())
    })
}

fn take(document: &mut DocumentMut, name: &str) -> ArrayOfTables {
    let is_list = document.get(name).is_some_and(|item| item.clone().into_array_of_tables().is_ok());
    // What is no list stays, and is told with the other keys that do not belong here.
    let item = if is_list { document.remove(name) } else { None };
    item.and_then(|item| item.into_array_of_tables().ok()).unwrap_or_default()
}

/// Groups that there are already are used; others come along. What each is called now.
fn fit_groups(
    groups: ArrayOfTables,
    outline: &Outline,
    taken: &mut BTreeSet<String>,
) -> (ArrayOfTables, BTreeMap<String, String>) {
    let mut names = BTreeMap::new();
    let mut new = ArrayOfTables::new();
    for mut group in groups {
        let Some(id) = text_of(&group, "id").map(str::to_owned) else { continue };
        let same = outline.group(&id).is_some_and(|g| text_of(&group, "kind") == Some(&g.kind));
        if same || names.contains_key(&id) {
            names.entry(id.clone()).or_insert(id);
            continue;
        }
        let fresh = free(&id, |id| taken.contains(id));
        taken.insert(fresh.clone());
        rename(&mut group, &id, &fresh);
        names.insert(id, fresh);
        new.push(group);
    }
    (new, names)
}

/// Gives every node an id of its own and puts it into a group that there is. What each is called now.
fn fit_nodes(
    nodes: &mut ArrayOfTables,
    groups: &BTreeMap<String, String>,
    outline: &Outline,
    taken: &mut BTreeSet<String>,
    result: &mut Pasted,
) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for node in nodes.iter_mut() {
        if let Some(group) = text_of(node, "group").map(str::to_owned) {
            match groups.get(&group) {
                Some(fresh) => put(node, "group", toml_edit::value(fresh)),
                None if outline.group(&group).is_some() => {}
                None => {
                    node.remove("group");
                    result.left_out.push(format!("the group “{}”: it is not there", short(&group)));
                }
            }
        }
        // One without an id is told by the loader.
        let Some(id) = text_of(node, "id").map(str::to_owned) else { continue };
        let fresh = free(&id, |id| taken.contains(id));
        taken.insert(fresh.clone());
        rename(node, &id, &fresh);
        result.ids.push(fresh.clone());
        names.entry(id).or_insert(fresh);
    }
    names
}

/// Another id, and a title that tells the copy from the original.
fn rename(table: &mut Table, id: &str, fresh: &str) {
    if id == fresh {
        return;
    }
    put(table, "id", toml_edit::value(fresh));
    let number = fresh.rsplit_once('_').map_or("", |(_, number)| number);
    if let Some(title) = text_of(table, "title").map(str::to_owned) {
        let stem = title.trim_end_matches(|c: char| c.is_ascii_digit());
        let stem = if stem.ends_with(' ') && stem.trim_end() != "" { stem.trim_end() } else { &title };
        put(table, "title", toml_edit::value(format!("{stem} {number}")));
    }
}

/// Links lead to what was pasted with them, or else to what is there.
fn fit_links(links: &mut ArrayOfTables, names: &BTreeMap<String, String>, outline: &Outline, result: &mut Pasted) {
    let end = |id: &str| names.get(id).cloned().or_else(|| outline.node(id).map(|n| n.id.clone()));
    links.retain(|link| {
        let (from, to) = (endpoint(link).0, text_of(link, "to").unwrap_or_default());
        let fits = end(from).is_some() && end(to).is_some();
        if !fits {
            result.left_out.push(format!("the link {} → {}: an end is missing", short(from), short(to)));
        }
        fits
    });
    for link in links.iter_mut() {
        let (from, port) = endpoint(link);
        let port = if port.is_empty() { String::new() } else { format!(".{port}") };
        let to = text_of(link, "to").unwrap_or_default();
        if let (Some(from), Some(to)) = (end(from), end(to)) {
            put(link, "from", toml_edit::value(format!("{from}{port}")));
            put(link, "to", toml_edit::value(to));
        }
    }
}

fn shift_by(node: &mut Table, (dx, dy): (f64, f64)) {
    let number = |i: usize| {
        let value = node.get("position").and_then(Item::as_array)?.get(i)?;
        value.as_float().or_else(|| value.as_integer().map(|n| n as f64))
    };
    if let (Some(x), Some(y)) = (number(0), number(1)) {
        put(node, "position", position((x + dx, y + dy)));
    }
}

/// A name from outside, for a message.
fn short(text: &str) -> String {
    let mut short: String = text.chars().take(40).flat_map(char::escape_debug).collect();
    if text.chars().count() > 40 {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::editor::{Change, Editor};
    use crate::sim::engine;
    use proptest::prelude::*;

    const TEXT: &str = include_str!("../../../scenarios/single_server.toml");

    fn copied(ids: &[&str]) -> String {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        copy(TEXT, &ids, |_| Some((1.0, 2.0))).unwrap_or_default()
    }

    fn pasted_into(text: &str, fragment: &str) -> String {
        let pasted = paste(text, fragment, (32.0, 32.0)).unwrap_or_default();
        let insert = Change::Insert { fragment: pasted.fragment, label: "paste".into() };
        insert.apply(text).unwrap_or_default()
    }

    #[test]
    fn a_copy_is_scenario_text_with_its_comments_and_the_links_within() {
        let text = copied(&["web", "db"]);
        assert!(text.starts_with("[[node]]\nid = \"web\"\n"), "{text}");
        assert!(text.contains("# Four cores and 4 ms each"), "{text}");
        assert!(text.contains("from = \"web\"\nto = \"db\"\nlatency = \"200us\"\n"), "{text}");
        assert!(!text.contains("users"), "{text}");
        assert_eq!(copy(TEXT, &["nobody".to_owned()], |_| None), None);
    }

    #[test]
    fn pasting_gives_new_ids_and_keeps_the_links() {
        let after = pasted_into(TEXT, &copied(&["web", "db"]));
        assert!(after.starts_with(TEXT), "what was there is untouched");
        let outline = Outline::read(&after);
        assert_eq!(outline.link("web_2", 0, "db_2").map(|l| l.given.len()), Some(1));
        assert_eq!(
            outline.node("web_2").map(|n| (n.title.as_str(), n.position)),
            Some(("Web server 2", Some((432.0, 252.0))))
        );
        assert_eq!(engine::check(&after, ""), Ok(()));
        let again = pasted_into(&after, &copied(&["web", "db"]));
        assert!(Outline::read(&again).link("web_3", 0, "db_3").is_some());
        // Into an empty text it comes as it is.
        let fresh = pasted_into("format = 1\nname = \"x\"\n", &copied(&["users", "web", "db"]));
        assert_eq!(engine::check(&fresh, ""), Ok(()), "{fresh}");
    }

    #[test]
    fn groups_come_along_or_are_joined() {
        let text =
            "[[group]]\nid = \"east\"\nkind = \"zone\"\n[[node]]\nid = \"s\"\nkind = \"service\"\ngroup = \"east\"\n";
        let fragment = copy(text, &["s".to_owned()], |_| None).unwrap_or_default();
        assert!(fragment.contains("[[group]]"), "{fragment}");
        let joined = Outline::read(&pasted_into(text, &fragment));
        assert_eq!((joined.groups.len(), joined.members("east").count()), (1, 2));
        let along = Outline::read(&pasted_into("format = 1\n", &fragment));
        assert_eq!((along.groups.len(), along.members("east").count()), (1, 1));
        let other = Outline::read(&pasted_into(&text.replace("zone", "region"), &fragment));
        assert_eq!((other.groups.len(), other.members("east_2").count()), (2, 1));
    }

    #[test]
    fn a_link_alone_leads_to_what_is_there() {
        let after = pasted_into(TEXT, "[[link]]\nfrom = \"web\"\nto = \"users\"\n");
        assert!(after.ends_with("\n\n[[link]]\nfrom = \"web\"\nto = \"users\"\n"), "{after}");
    }

    #[test]
    fn what_cannot_be_pasted_is_told() {
        let why = |pasted: &str| paste(TEXT, pasted, (0.0, 0.0)).err().unwrap_or_default();
        assert!(why("hello").contains("line 1"), "{}", why("hello"));
        assert!(why("").contains("no [[node]]"));
        assert!(why("node = 3\nname = 'x'").contains("no [[node]]"));
        assert!(why(&"#".repeat(PASTE_BYTES_MAX + 1)).contains("limit"));
        assert!(why(&"[[node]]\n".repeat(PASTE_NODES_MAX + 1)).contains("at most"));
        assert!(why("[[link]]\nfrom = 'x'\nto = 'y'").contains("an end is missing"));
        assert!(why(&"[".repeat(100_000)).contains("not scenario text"));
        let part = paste(TEXT, "name = 'x'\n[[node]]\nid = 'n'\nkind = 'service'\ngroup = 'g'\n", (0.0, 0.0));
        assert_eq!(part.map(|p| (p.ids, p.left_out.len())), Ok((vec!["n".to_owned()], 2)));
    }

    #[test]
    fn a_bad_node_is_found_by_the_loader_not_here() {
        let text = pasted_into(TEXT, "[[node]]\nkind = 'service'\n[[node]]\nid = 'No!'\nkind = 'service'\nx = 1\n");
        assert!(engine::check(&text, "").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_told(pasted in r#"(\[\[(node|link|group)\]\]\n((id|from|to|kind|group|title|position|x) = ("[a-c_.2]{0,3}"|3|\[1, 2\]|\{ y = 1 \})\n){0,4}){0,4}"#) {
            if let Ok(pasted) = paste(TEXT, &pasted, (16.0, 0.0)) {
                let mut editor = Editor::new(TEXT);
                let change = Change::Insert { fragment: pasted.fragment, label: "paste".into() };
                prop_assert!(editor.edit(&change).is_ok());
                let outline = Outline::read(editor.text());
                let mut ids: Vec<_> = outline.nodes.iter().map(|n| &n.id).chain(outline.groups.iter().map(|g| &g.id)).collect();
                ids.sort();
                prop_assert!(ids.windows(2).all(|w| w[0] != w[1]), "ids are unique: {ids:?}");
                editor.undo();
                prop_assert_eq!(editor.text(), TEXT);
            }
        }
    }
}
