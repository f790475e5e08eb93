//! The graph of nodes and links: edited as a petgraph, frozen into sorted routes for the run.
//!
//! petgraph's neighbour order follows the history of edits, so nothing iterates over it while the simulation runs: a frozen
//! [`Routes`] has nodes sorted by key and links sorted by (caller, port, callee), whatever order they were added in.

use crate::dist::Dist;
use crate::rng::hash_text;
use petgraph::stable_graph::{NodeIndex, StableDiGraph};
use petgraph::visit::{EdgeRef, IntoEdgeReferences};
use std::collections::BTreeMap;
use thiserror::Error;

/// Dense number of a node at run time: its place in the order of keys.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub u32);

/// Dense number of a link at run time: its place in the order of (caller, port, callee).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LinkId(pub u32);

/// Index of an outgoing port of a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PortId(pub u16);

#[derive(Clone, Debug)]
struct Edge {
    port: PortId,
    latency: Dist,
    weight: f64,
}

/// What is wrong with an edit of a [`Topology`].
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TopologyError {
    /// Two nodes of one key.
    #[error("there is already a node `{0}`")]
    DuplicateNode(String),
    /// A link to or from nothing.
    #[error("there is no node `{0}`")]
    UnknownNode(String),
    /// A link from a node to itself.
    #[error("node `{0}` cannot be linked to itself")]
    SelfLink(String),
    /// A second link between the same port and node.
    #[error("there is already a link from port {1} of `{0}` to `{2}`")]
    DuplicateLink(String, u16, String),
}

/// An editable graph of nodes and links.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    graph: StableDiGraph<String, Edge>,
    by_key: BTreeMap<String, NodeIndex>,
}

impl Topology {
    /// Adds a node.
    ///
    /// # Errors
    /// When there is one of that key.
    pub fn add_node(&mut self, key: &str) -> Result<(), TopologyError> {
        if self.by_key.contains_key(key) {
            return Err(TopologyError::DuplicateNode(key.to_owned()));
        }
        let index = self.graph.add_node(key.to_owned());
        self.by_key.insert(key.to_owned(), index);
        Ok(())
    }

    /// Adds a link for calls from a port of `from` to `to`; `latency` holds for one way.
    ///
    /// # Errors
    /// When an end is missing, the ends are one node, or there is such a link.
    pub fn add_link(&mut self, from: &str, port: PortId, to: &str, latency: Dist) -> Result<(), TopologyError> {
        let end = |key: &str| self.by_key.get(key).copied().ok_or_else(|| TopologyError::UnknownNode(key.to_owned()));
        let (a, b) = (end(from)?, end(to)?);
        if a == b {
            return Err(TopologyError::SelfLink(from.to_owned()));
        }
        if self.graph.edges_connecting(a, b).any(|e| e.weight().port == port) {
            return Err(TopologyError::DuplicateLink(from.to_owned(), port.0, to.to_owned()));
        }
        self.graph.add_edge(a, b, Edge { port, latency, weight: 1.0 });
        Ok(())
    }

    /// Gives the link from a port of `from` to `to` a share among those of the same port: not negative, 1 unless set.
    /// False when there is no such link.
    pub fn set_weight(&mut self, from: &str, port: PortId, to: &str, weight: f64) -> bool {
        let end = |key: &str| self.by_key.get(key).copied();
        let (Some(a), Some(b)) = (end(from), end(to)) else { return false };
        let edge = self.graph.edges_connecting(a, b).find(|e| e.weight().port == port).map(|e| e.id());
        match edge.and_then(|edge| self.graph.edge_weight_mut(edge)) {
            Some(edge) => edge.weight = weight,
            None => return false,
        }
        true
    }

    /// Removes a node and its links; false when there is none of that key.
    pub fn remove_node(&mut self, key: &str) -> bool {
        self.by_key.remove(key).is_some_and(|index| self.graph.remove_node(index).is_some())
    }

    /// Sorts everything into the shape the run needs.
    #[must_use]
    pub fn freeze(&self) -> Routes {
        let keys: Vec<String> = self.by_key.keys().cloned().collect();
        let dense: BTreeMap<NodeIndex, u32> = self.by_key.values().enumerate().map(|(i, &n)| (n, i as u32)).collect();
        let mut links: Vec<Link> = self
            .graph
            .edge_references()
            .map(|e| {
                let (from, to) = (NodeId(dense[&e.source()]), NodeId(dense[&e.target()]));
                let Edge { port, latency, weight } = e.weight().clone();
                let text = format!("{}\u{0}{}\u{0}{}", keys[from.0 as usize], port.0, keys[to.0 as usize]);
                Link { from, port, to, latency, weight, key_hash: hash_text(&text) }
            })
            .collect();
        links.sort_by_key(|l| (l.from, l.port, l.to));
        let outgoing = (0..keys.len() as u32)
            .map(|node| {
                let start = links.partition_point(|l| l.from.0 < node) as u32;
                (start, links.partition_point(|l| l.from.0 <= node) as u32)
            })
            .collect();
        let mut incoming = vec![Vec::new(); keys.len()];
        for (i, link) in links.iter().enumerate() {
            incoming[link.to.0 as usize].push(LinkId(i as u32));
        }
        let key_hashes = keys.iter().map(|k| hash_text(k)).collect();
        Routes { keys, key_hashes, links, outgoing, incoming }
    }
}

/// A link, frozen.
#[derive(Clone, Debug)]
pub struct Link {
    /// Caller.
    pub from: NodeId,
    /// Its port.
    pub port: PortId,
    /// Callee.
    pub to: NodeId,
    /// One way.
    pub latency: Dist,
    /// Share among the links of the same port, for callers that choose by it.
    pub weight: f64,
    pub(crate) key_hash: u64,
}

/// A topology frozen for the run.
#[derive(Clone, Debug)]
pub struct Routes {
    keys: Vec<String>,
    key_hashes: Vec<u64>,
    links: Vec<Link>,
    outgoing: Vec<(u32, u32)>,
    incoming: Vec<Vec<LinkId>>,
}

impl Routes {
    /// Number of nodes.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.keys.len()
    }

    /// Key of a node.
    #[must_use]
    pub fn key(&self, node: NodeId) -> &str {
        &self.keys[node.0 as usize]
    }

    /// The node of that key.
    #[must_use]
    pub fn node(&self, key: &str) -> Option<NodeId> {
        self.keys.binary_search_by(|k| k.as_str().cmp(key)).ok().map(|i| NodeId(i as u32))
    }

    /// All links, sorted.
    #[must_use]
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// The links that leave a port, sorted by callee.
    pub fn outgoing(&self, node: NodeId, port: PortId) -> impl Iterator<Item = LinkId> + '_ {
        let (start, end) = self.outgoing[node.0 as usize];
        (start..end).map(LinkId).filter(move |l| self.links[l.0 as usize].port == port)
    }

    /// The links that lead to a node.
    #[must_use]
    pub fn incoming(&self, node: NodeId) -> &[LinkId] {
        &self.incoming[node.0 as usize]
    }

    pub(crate) fn key_hash(&self, node: NodeId) -> u64 {
        self.key_hashes[node.0 as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Duration;

    #[test]
    fn frozen_routes_do_not_depend_on_the_order_of_edits() {
        let latency = Dist::Constant(Duration::from_millis(1));
        let build = |nodes: &[&str], links: &[(&str, &str)]| {
            let mut t = Topology::default();
            nodes.iter().for_each(|n| t.add_node(n).expect("distinct"));
            links.iter().for_each(|(a, b)| t.add_link(a, PortId(0), b, latency.clone()).expect("valid"));
            format!("{:?}", t.freeze())
        };
        let one = build(&["a", "b", "c"], &[("a", "b"), ("a", "c"), ("b", "c")]);
        let other = build(&["c", "a", "b"], &[("b", "c"), ("a", "c"), ("a", "b")]);
        assert_eq!(one, other);
    }

    #[test]
    fn bad_edits_are_refused() {
        let mut t = Topology::default();
        t.add_node("a").expect("new");
        assert_eq!(t.add_node("a"), Err(TopologyError::DuplicateNode("a".into())));
        let latency = Dist::Constant(Duration::ZERO);
        assert_eq!(t.add_link("a", PortId(0), "a", latency.clone()), Err(TopologyError::SelfLink("a".into())));
        assert_eq!(t.add_link("a", PortId(0), "x", latency.clone()), Err(TopologyError::UnknownNode("x".into())));
        t.add_node("b").expect("new");
        t.add_link("a", PortId(0), "b", latency.clone()).expect("valid");
        assert!(t.set_weight("a", PortId(0), "b", 3.0) && !t.set_weight("b", PortId(0), "a", 3.0));
        assert_eq!(t.freeze().links()[0].weight, 3.0);
        let again = t.add_link("a", PortId(0), "b", latency);
        assert_eq!(again, Err(TopologyError::DuplicateLink("a".into(), 0, "b".into())));
        assert!(t.remove_node("b") && !t.remove_node("b"));
        assert_eq!(t.freeze().links().len(), 0);
    }
}
