//! The graph of nodes and links: edited as a petgraph, frozen into sorted routes for the run.
//!
//! petgraph's neighbour order follows the history of edits, so nothing iterates over it while the simulation runs: a frozen
//! [`Routes`] has nodes sorted by key and links sorted by (caller, port, callee), whatever order they were added in.
//!
//! An edit of a running system renumbers nothing: a node or link that is new gets the next number, and one that is removed
//! keeps its own, which nothing else ever gets. What depends on an order goes by keys.

use crate::link::LinkSpec;
use crate::order::{self, Order as _};
use crate::rng::hash_text;
use petgraph::stable_graph::{NodeIndex, StableDiGraph};
use petgraph::visit::{EdgeRef, IntoEdgeReferences};
use std::collections::BTreeMap;
use thiserror::Error;

/// Dense number of a node at run time: its place in the order of keys, or, when it was added later, the next number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub u32);

/// Dense number of a link at run time: its place in the order of (caller, port, callee), or, when it was added later, the
/// next number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LinkId(pub u32);

/// Index of an outgoing port of a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PortId(pub u16);

#[derive(Clone, Debug)]
struct Edge {
    port: PortId,
    spec: LinkSpec,
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
    /// No such link.
    #[error("there is no link from port {1} of `{0}` to `{2}`")]
    UnknownLink(String, u16, String),
    /// More nodes than there are numbers for, those that were removed included.
    #[error("there have been {NODES_MAX} nodes, which is the limit")]
    TooManyNodes,
}

/// How many nodes a system may have, those that were removed included: a root keeps the number of its node in three bytes.
pub const NODES_MAX: usize = 1 << 24;

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

    /// Adds a link for calls from a port of `from` to `to`.
    ///
    /// # Errors
    /// When an end is missing, the ends are one node, or there is such a link.
    pub fn add_link(
        &mut self,
        from: &str,
        port: PortId,
        to: &str,
        spec: impl Into<LinkSpec>,
    ) -> Result<(), TopologyError> {
        let end = |key: &str| self.by_key.get(key).copied().ok_or_else(|| TopologyError::UnknownNode(key.to_owned()));
        let (a, b) = (end(from)?, end(to)?);
        if a == b {
            return Err(TopologyError::SelfLink(from.to_owned()));
        }
        if self.graph.edges_connecting(a, b).any(|e| e.weight().port == port) {
            return Err(TopologyError::DuplicateLink(from.to_owned(), port.0, to.to_owned()));
        }
        self.graph.add_edge(a, b, Edge { port, spec: spec.into() });
        Ok(())
    }

    /// Removes a node and its links; false when there is none of that key.
    pub fn remove_node(&mut self, key: &str) -> bool {
        self.by_key.remove(key).is_some_and(|index| self.graph.remove_node(index).is_some())
    }

    /// Sorts everything into the shape the run needs.
    #[must_use]
    pub fn freeze(&self) -> Routes {
        let keys: Vec<String> = self.by_key.keys().cloned().collect();
        let dense = order::map(self.by_key.values().enumerate().map(|(i, &n)| (n, i as u32)));
        let mut links: Vec<Link> = self
            .graph
            .edge_references()
            .map(|e| {
                let (from, to) = (NodeId(dense[&e.source()]), NodeId(dense[&e.target()]));
                let Edge { port, spec } = e.weight().clone();
                let key_hash = hash_link(&keys[from.0 as usize], port, &keys[to.0 as usize]);
                Link { from, port, to, spec, removed: false, key_hash }
            })
            .collect();
        links.order_by_key(|l| (l.from, l.port, l.to));
        let (mut outgoing, mut incoming) = (vec![Vec::new(); keys.len()], vec![Vec::new(); keys.len()]);
        for (i, link) in links.iter().enumerate() {
            outgoing[link.from.0 as usize].push(LinkId(i as u32));
            incoming[link.to.0 as usize].push(LinkId(i as u32));
        }
        let key_hashes = keys.iter().map(|k| hash_text(k)).collect();
        let (order, removed) = ((0..keys.len() as u32).map(NodeId).collect(), vec![false; keys.len()]);
        Routes { keys, key_hashes, order, removed, links, outgoing, incoming }
    }
}

/// The identity of a link.
fn hash_link(from: &str, port: PortId, to: &str) -> u64 {
    hash_text(&format!("{from}\u{0}{}\u{0}{to}", port.0))
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
    /// How it is.
    pub spec: LinkSpec,
    /// Nothing new goes over it.
    pub removed: bool,
    pub(crate) key_hash: u64,
}

/// A topology frozen for the run, but for edits.
#[derive(Clone, Debug)]
pub struct Routes {
    keys: Vec<String>,
    key_hashes: Vec<u64>,
    /// All nodes, sorted by (key, number).
    order: Vec<NodeId>,
    removed: Vec<bool>,
    links: Vec<Link>,
    /// Links that are there, of each node: those that leave, sorted by (port, key of the callee), and those that lead to it,
    /// sorted by (key of the caller, port).
    outgoing: Vec<Vec<LinkId>>,
    incoming: Vec<Vec<LinkId>>,
}

impl Routes {
    /// Number of nodes, those that were removed included.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.keys.len()
    }

    /// Key of a node.
    #[must_use]
    pub fn key(&self, node: NodeId) -> &str {
        &self.keys[node.0 as usize]
    }

    /// The node of that key that is there. Of a key that was removed and added again it is the last.
    #[must_use]
    pub fn node(&self, key: &str) -> Option<NodeId> {
        let end = self.order.partition_point(|&n| self.key(n) <= key);
        let last = *self.order[..end].last()?;
        (self.key(last) == key && !self.is_removed(last)).then_some(last)
    }

    /// Whether a node was removed.
    #[must_use]
    pub fn is_removed(&self, node: NodeId) -> bool {
        self.removed[node.0 as usize]
    }

    /// All links, by their numbers: sorted by (caller, port, callee) but for those that were added later, and with those that
    /// were [removed](Link::removed).
    #[must_use]
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// The link from a port of one node to another that is there.
    #[must_use]
    pub fn link(&self, from: NodeId, port: PortId, to: NodeId) -> Option<LinkId> {
        self.outgoing(from, port).find(|l| self.links[l.0 as usize].to == to)
    }

    /// The links that leave a port, sorted by the key of the callee.
    pub fn outgoing(&self, node: NodeId, port: PortId) -> impl Iterator<Item = LinkId> + '_ {
        self.outgoing[node.0 as usize].iter().copied().filter(move |l| self.links[l.0 as usize].port == port)
    }

    /// The links that lead to a node, sorted by the key of the caller.
    #[must_use]
    pub fn incoming(&self, node: NodeId) -> &[LinkId] {
        &self.incoming[node.0 as usize]
    }

    /// All nodes, also those that were removed, in the order of keys, and of numbers where keys are equal.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.order.iter().copied()
    }

    /// A new node without links.
    pub(crate) fn add_node(&mut self, key: &str) -> Result<NodeId, TopologyError> {
        if self.node(key).is_some() {
            return Err(TopologyError::DuplicateNode(key.to_owned()));
        }
        if self.keys.len() >= NODES_MAX {
            return Err(TopologyError::TooManyNodes);
        }
        let node = NodeId(self.keys.len() as u32);
        let place = self.order.partition_point(|&n| self.key(n) <= key);
        self.order.insert(place, node);
        self.keys.push(key.to_owned());
        self.key_hashes.push(hash_text(key));
        self.removed.push(false);
        self.outgoing.push(Vec::new());
        self.incoming.push(Vec::new());
        Ok(node)
    }

    /// The two ends of a link that is to be added or removed.
    pub(crate) fn ends(&self, from: &str, to: &str) -> Result<(NodeId, NodeId), TopologyError> {
        let end = |key: &str| self.node(key).ok_or_else(|| TopologyError::UnknownNode(key.to_owned()));
        Ok((end(from)?, end(to)?))
    }

    /// A new link.
    pub(crate) fn add_link(
        &mut self,
        from: &str,
        port: PortId,
        to: &str,
        spec: LinkSpec,
    ) -> Result<LinkId, TopologyError> {
        let (a, b) = self.ends(from, to)?;
        if a == b {
            return Err(TopologyError::SelfLink(from.to_owned()));
        }
        if self.link(a, port, b).is_some() {
            return Err(TopologyError::DuplicateLink(from.to_owned(), port.0, to.to_owned()));
        }
        let id = LinkId(self.links.len() as u32);
        let key_hash = hash_link(from, port, to);
        self.links.push(Link { from: a, port, to: b, spec, removed: false, key_hash });
        let Routes { keys, links, outgoing, incoming, .. } = self;
        let link = |l: LinkId| &links[l.0 as usize];
        let callee = |l: LinkId| (link(l).port, &keys[link(l).to.0 as usize]);
        let leaving = &mut outgoing[a.0 as usize];
        leaving.insert(leaving.partition_point(|&l| callee(l) < callee(id)), id);
        let caller = |l: LinkId| (&keys[link(l).from.0 as usize], link(l).port);
        let leading = &mut incoming[b.0 as usize];
        leading.insert(leading.partition_point(|&l| caller(l) < caller(id)), id);
        Ok(id)
    }

    /// The link is like this from now on.
    pub(crate) fn set_link(&mut self, id: LinkId, spec: LinkSpec) {
        self.links[id.0 as usize].spec = spec;
    }

    /// Nothing new goes over the link from now on.
    pub(crate) fn remove_link(&mut self, id: LinkId) {
        let link = &mut self.links[id.0 as usize];
        link.removed = true;
        self.outgoing[link.from.0 as usize].retain(|&l| l != id);
        self.incoming[link.to.0 as usize].retain(|&l| l != id);
    }

    /// The node, which has no links any more, is not there from now on.
    pub(crate) fn remove_node(&mut self, node: NodeId) {
        debug_assert!(self.outgoing[node.0 as usize].is_empty() && self.incoming[node.0 as usize].is_empty());
        self.removed[node.0 as usize] = true;
    }

    /// Links of a node that are there: those that lead to it, then those that leave it.
    pub(crate) fn links_of(&self, node: NodeId) -> Vec<LinkId> {
        [&self.incoming[node.0 as usize][..], &self.outgoing[node.0 as usize]].concat()
    }

    pub(crate) fn key_hash(&self, node: NodeId) -> u64 {
        self.key_hashes[node.0 as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dist::Dist;
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
        let again = t.add_link("a", PortId(0), "b", latency);
        assert_eq!(again, Err(TopologyError::DuplicateLink("a".into(), 0, "b".into())));
        assert!(t.remove_node("b") && !t.remove_node("b"));
        assert_eq!(t.freeze().links().len(), 0);
    }

    #[test]
    fn edits_renumber_nothing_and_keep_the_order_of_keys() {
        let latency = || Dist::Constant(Duration::ZERO);
        let mut t = Topology::default();
        ["b", "d", "f"].iter().for_each(|n| t.add_node(n).expect("distinct"));
        t.add_link("b", PortId(0), "f", latency()).expect("valid");
        let mut routes = t.freeze();
        let (b, d) = (routes.node("b").expect("there"), routes.node("d").expect("there"));
        let c = routes.add_node("c").expect("new");
        assert_eq!((c, routes.node("c"), routes.node("f")), (NodeId(3), Some(c), Some(NodeId(2))));
        assert_eq!(routes.add_node("c"), Err(TopologyError::DuplicateNode("c".into())));
        let to_d = routes.add_link("b", PortId(0), "d", latency().into()).expect("valid");
        let to_c = routes.add_link("b", PortId(0), "c", latency().into()).expect("valid");
        assert_eq!((to_d, to_c), (LinkId(1), LinkId(2)));
        assert_eq!(routes.outgoing(b, PortId(0)).collect::<Vec<_>>(), [to_c, to_d, LinkId(0)]);
        let again = routes.add_link("b", PortId(0), "c", latency().into());
        assert_eq!(again, Err(TopologyError::DuplicateLink("b".into(), 0, "c".into())));
        assert_eq!(routes.add_link("c", PortId(0), "c", latency().into()), Err(TopologyError::SelfLink("c".into())));
        routes.remove_link(to_d);
        routes.remove_node(d);
        assert!(routes.is_removed(d) && routes.links()[1].removed);
        assert_eq!((routes.node("d"), routes.incoming(d)), (None, &[][..]));
        assert_eq!(routes.add_link("b", PortId(0), "d", latency().into()), Err(TopologyError::UnknownNode("d".into())));
        let second = routes.add_node("d").expect("removed before");
        assert_eq!((routes.node("d"), routes.key_hash(second)), (Some(second), routes.key_hash(d)));
        let order: Vec<u32> = routes.in_order().map(|n| n.0).collect();
        assert_eq!(order, [0, 3, 1, 4, 2]);
    }
}
