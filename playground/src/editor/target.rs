//! What a field of the inspector belongs to.

use super::{Change, Outline, Selection};

/// What a parameter is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// One node, or several of which it is common.
    Nodes(Vec<String>),
    /// A link.
    Link(String, usize, String),
    /// A group.
    Group(String),
    /// The scenario as a whole.
    Scenario,
}

impl Target {
    /// A short text that tells it from others, for ids of elements.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Target::Nodes(ids) => ids.join("+"),
            Target::Link(from, port, to) => format!("{from}.{port}>{to}"),
            Target::Group(id) => format!("group:{id}"),
            Target::Scenario => "scenario".to_owned(),
        }
    }

    /// The change that gives a parameter a value, or its default.
    #[must_use]
    pub fn set(&self, outline: &Outline, path: &str, value: Option<String>) -> Change {
        let path = path.to_owned();
        match self {
            Target::Nodes(ids) => {
                let one = |id: &String| Change::SetParam { id: id.clone(), path: path.clone(), value: value.clone() };
                match ids.as_slice() {
                    [id] => one(id),
                    ids => Change::Several {
                        label: format!("{path} of {} nodes", ids.len()),
                        changes: ids.iter().map(one).collect(),
                    },
                }
            }
            Target::Link(from, port, to) => {
                let ports = outline.port_names(from, *port);
                Change::SetLink { from: from.clone(), ports, to: to.clone(), path, value }
            }
            Target::Group(id) => Change::SetGroup { id: id.clone(), path, value },
            Target::Scenario => Change::SetHeader { path, value },
        }
    }
}

/// The change that deletes everything that is selected; groups go with their frames only.
#[must_use]
pub fn delete_all<'s>(outline: &Outline, selected: impl Iterator<Item = &'s Selection>) -> Option<Change> {
    let selected: Vec<&Selection> = selected.collect();
    let goes = |id: &str| selected.iter().any(|s| matches!(s, Selection::Node(node) if node == id));
    let mut changes = Vec::new();
    for what in &selected {
        match what {
            // A link goes with its node.
            Selection::Link(from, _, to) if goes(from) || goes(to) => {}
            Selection::Link(from, port, to) => {
                let ports = outline.port_names(from, *port);
                changes.insert(0, Change::Disconnect { from: from.clone(), ports, to: to.clone() });
            }
            // It goes by itself with the last of its nodes.
            Selection::Group(id) if outline.members(id).all(|n| goes(&n.id)) => {}
            Selection::Group(id) => changes.insert(0, Change::Ungroup { id: id.clone() }),
            Selection::Node(id) => changes.push(Change::Delete { id: id.clone() }),
        }
    }
    match changes.len() {
        0 => None,
        1 => changes.pop(),
        n => Some(Change::Several { label: format!("delete {n} things"), changes }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::editor::Editor;

    const TEXT: &str = include_str!("../../../scenarios/single_server.toml");

    #[test]
    fn several_are_deleted_as_one_step() {
        let mut editor = Editor::new(TEXT);
        let outline = Outline::read(TEXT);
        let selected = [
            Selection::Node("web".into()),
            Selection::link(&outline.links[0]),
            Selection::Node("db".into()),
            Selection::Node("users".into()),
        ];
        let change = delete_all(&outline, selected.iter());
        assert!(change.is_some_and(|change| editor.edit(&change) == Ok(true)));
        let left = Outline::read(editor.text());
        assert_eq!((left.nodes.len(), left.links.len()), (0, 0));
        assert!(editor.undo().is_some());
        assert_eq!(editor.text(), TEXT);
        assert_eq!(editor.undo(), None);
        assert_eq!(delete_all(&outline, [].iter()), None);
        let link = delete_all(&outline, [Selection::link(&outline.links[1])].iter());
        assert_eq!(link.map(|c| c.label()).as_deref(), Some("disconnect web → db"));
    }
}
