//! What is selected: nothing, one thing, or several, in the order in which they were chosen.

use super::Outline;
use super::outline::LinkSketch;

/// Something that can be selected on the canvas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// A node, by id.
    Node(String),
    /// A link: caller, index of its port, callee.
    Link(String, usize, String),
    /// A group, by id.
    Group(String),
}

impl Selection {
    /// The selection that is this link.
    #[must_use]
    pub fn link(link: &LinkSketch) -> Selection {
        Selection::Link(link.from.clone(), link.port, link.to.clone())
    }

    fn is_in(&self, outline: &Outline) -> bool {
        match self {
            Selection::Node(id) => outline.node(id).is_some(),
            Selection::Link(from, port, to) => outline.link(from, *port, to).is_some(),
            Selection::Group(id) => outline.group(id).is_some(),
        }
    }
}

/// Everything that is selected, each once.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Selected(Vec<Selection>);

impl Selected {
    /// Just this, or nothing.
    #[must_use]
    pub fn just(one: Option<Selection>) -> Selected {
        Selected(one.into_iter().collect())
    }

    /// These nodes.
    #[must_use]
    pub fn nodes_of(ids: impl IntoIterator<Item = String>) -> Selected {
        let mut selected = Selected::default();
        for id in ids {
            selected.add(Selection::Node(id));
        }
        selected
    }

    /// The only thing that is selected; `None` when there are several or none.
    #[must_use]
    pub fn one(&self) -> Option<&Selection> {
        match self.0.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    /// Whether this is among what is selected.
    #[must_use]
    pub fn has(&self, what: &Selection) -> bool {
        self.0.contains(what)
    }

    /// Whether this node is among what is selected.
    #[must_use]
    pub fn has_node(&self, id: &str) -> bool {
        self.nodes().any(|node| node == id)
    }

    /// Whether nothing is selected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many things are selected.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// All of it.
    pub fn iter(&self) -> impl Iterator<Item = &Selection> {
        self.0.iter()
    }

    /// The nodes among it.
    pub fn nodes(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|s| if let Selection::Node(id) = s { Some(id.as_str()) } else { None })
    }

    /// This as well.
    pub fn add(&mut self, what: Selection) {
        if !self.has(&what) {
            self.0.push(what);
        }
    }

    /// This as well, or no longer.
    pub fn toggle(&mut self, what: Selection) {
        match self.0.iter().position(|s| *s == what) {
            Some(at) => drop(self.0.remove(at)),
            None => self.0.push(what),
        }
    }

    /// Forgets what is not there any more.
    pub fn keep_what_is_in(&mut self, outline: &Outline) {
        self.0.retain(|what| what.is_in(outline));
    }

    /// The nodes that are meant: those selected, and the members of selected groups.
    #[must_use]
    pub fn meant_nodes(&self, outline: &Outline) -> Vec<String> {
        let mut ids: Vec<String> = self.nodes().map(str::to_owned).collect();
        for what in &self.0 {
            let Selection::Group(group) = what else { continue };
            for node in outline.members(group) {
                if !ids.contains(&node.id) {
                    ids.push(node.id.clone());
                }
            }
        }
        ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[[group]]\nid = 'east'\nkind = 'zone'\n[[node]]\nid = 'u'\nkind = 'clients'\n\
                        [[node]]\nid = 's'\nkind = 'service'\ngroup = 'east'\n[[link]]\nfrom = 'u'\nto = 's'\n";

    #[test]
    fn things_are_selected_once_and_forgotten_when_they_have_gone() {
        let outline = Outline::read(TEXT);
        let mut selected = Selected::just(Some(Selection::Node("u".into())));
        assert_eq!(selected.one(), Some(&Selection::Node("u".into())));
        selected.add(Selection::Node("u".into()));
        selected.toggle(Selection::link(&outline.links[0]));
        selected.toggle(Selection::Group("east".into()));
        assert_eq!((selected.len(), selected.one()), (3, None));
        assert_eq!(selected.meant_nodes(&outline), ["u", "s"]);
        selected.keep_what_is_in(&Outline::read("[[node]]\nid = 'u'\n"));
        assert_eq!(selected, Selected::nodes_of(["u".to_owned()]));
        selected.toggle(Selection::Node("u".into()));
        assert!(selected.is_empty());
    }
}
