//! Edits of a system that runs: nodes and links come and go, between two events.
//!
//! Nothing that is under way is renumbered. A node that is removed keeps its place and its books; it hears nothing any more,
//! and whoever waited for it hears 502. The frequent paths do not ask whether something was removed: what must not happen is
//! made impossible when the edit is made.

use super::kernel::{Kernel, Wire};
use super::line::Line;
use super::*;
use crate::link::{LinkSpec, Partition};
use crate::model::LinkChange;
use crate::order::Order as _;
use crate::topology::{PortId, TopologyError};

impl<M: Model> Simulation<M> {
    /// A node that starts now; roots that are born there are of these classes, which may be new. A key that was removed may be added again: what is
    /// drawn there is keyed as it was before.
    ///
    /// # Errors
    /// When there is a node of that key, or no number left for one more.
    pub fn add_node(&mut self, key: &str, classes: &[&str], model: M) -> Result<NodeId, TopologyError> {
        let kernel = &mut self.kernel;
        let id = Arc::make_mut(&mut kernel.routes).add_node(key)?;
        let classes = classes.iter().map(|name| kernel.class_number(name)).collect();
        let mut node = Node::new(&kernel.routes, id, classes, kernel.seed);
        node.stats.restart(kernel.now());
        self.places.push(Place { node, model });
        self.with(id, |model, cx| model.on_start(cx));
        Ok(id)
    }

    /// A link for calls from a port of `from` to `to`, open from now on. Both ends are told, the caller first.
    ///
    /// # Errors
    /// When an end is missing, the ends are one node, or there is such a link.
    pub fn add_link(&mut self, from: &str, port: PortId, to: &str, spec: LinkSpec) -> Result<LinkId, TopologyError> {
        let routes = Arc::make_mut(&mut self.kernel.routes);
        let id = routes.add_link(from, port, to, spec)?;
        let link = &routes.links()[id.0 as usize];
        let (from, to) = (link.from, link.to);
        self.kernel.wires.push(Wire::new(link));
        self.kernel.lines.push(Line::default());
        self.with(from, |model, cx| model.on_link(LinkChange::Callee(id), cx));
        self.with(to, |model, cx| model.on_link(LinkChange::Caller(id), cx));
        Ok(id)
    }

    /// Nothing new goes over the link from now on; calls under way over it still arrive and are answered, messages are lost.
    /// Both ends are told, the caller first.
    ///
    /// # Errors
    /// When there is no such link.
    pub fn remove_link(&mut self, from: &str, port: PortId, to: &str) -> Result<LinkId, TopologyError> {
        let (a, b) = self.kernel.routes.ends(from, to)?;
        let unknown = || TopologyError::UnknownLink(from.to_owned(), port.0, to.to_owned());
        let id = self.kernel.routes.link(a, port, b).ok_or_else(unknown)?;
        self.cut(id);
        self.with(a, |model, cx| model.on_link(LinkChange::CalleeGone(id), cx));
        self.with(b, |model, cx| model.on_link(LinkChange::CallerGone(id), cx));
        Ok(id)
    }

    /// The link is like this from now on; what is under way over it arrives when it would have.
    pub fn set_link(&mut self, link: LinkId, spec: LinkSpec) {
        let routes = Arc::make_mut(&mut self.kernel.routes);
        let whole = spec.partition == Partition::None;
        routes.set_link(link, spec);
        self.kernel.wires[link.0 as usize].describe(&routes.links()[link.0 as usize]);
        if whole {
            self.kernel.release(link);
        }
    }

    fn cut(&mut self, link: LinkId) {
        let routes = Arc::make_mut(&mut self.kernel.routes);
        routes.remove_link(link);
        self.kernel.wires[link.0 as usize].describe(&routes.links()[link.0 as usize]);
        self.kernel.release(link);
    }

    /// Removes a node and its links. What it holds is answered 502, its work wasted, and so is what is on its way there, on
    /// arrival. Its timers and messages are dead. Roots that were born there end as cancelled; its own calls go on where they
    /// are, for nobody. Its neighbours are told.
    ///
    /// # Errors
    /// When there is no node of that key.
    pub fn remove_node(&mut self, key: &str) -> Result<NodeId, TopologyError> {
        let unknown = || TopologyError::UnknownNode(key.to_owned());
        let node = self.kernel.routes.node(key).ok_or_else(unknown)?;
        self.with(node, |model, cx| model.on_removed(cx));
        let links = self.kernel.routes.links_of(node);
        links.iter().for_each(|&link| self.cut(link));
        Arc::make_mut(&mut self.kernel.routes).remove_node(node);
        if let Some(place) = self.places.get_mut(node.0 as usize) {
            self.kernel.close(&mut place.node, node);
        }
        for id in links {
            let link = &self.kernel.routes.links()[id.0 as usize];
            let (other, change) = match link.from == node {
                true => (link.to, LinkChange::CallerGone(id)),
                false => (link.from, LinkChange::CalleeGone(id)),
            };
            self.with(other, |model, cx| model.on_link(change, cx));
        }
        Ok(node)
    }
}

impl<T: Clone> Kernel<T> {
    /// The node is there no more: ends what depends on it.
    fn close(&mut self, at: &mut Node, node: NodeId) {
        at.tick = at.tick.wrapping_add(1);
        let timers: Vec<Key> = self.timers.iter().filter(|(_, t)| t.node == node).map(|(id, _)| id).collect();
        for id in timers {
            self.timers.remove(id);
        }
        // Its own calls go on; their answers are late, for nobody is there to hear them.
        for call in self.calls.iter_mut().filter(|c| self.wires[c.link.0 as usize].from == node) {
            call.abandon();
        }
        let held = self.calls.iter().filter(|(_, c)| c.at == node && c.stage == Stage::AtCallee);
        let mut held: Vec<_> = held.map(|(id, c)| (c.since, c.lineage, id)).collect();
        // In the order in which they came.
        held.order_by(Ord::cmp);
        for (_, _, id) in held {
            self.waste(id);
            self.reply(at, id, Err(Code::BadGateway));
        }
        for call in self.calls.iter_mut().filter(|c| c.at == node && c.stage == Stage::Outbound) {
            call.refuse_on_arrival();
        }
        let mut roots: Vec<_> = self.roots.iter().filter(|(_, r)| r.is_of(node) && !r.ended).collect();
        roots.order_by_key(|(id, r)| (r.born, r.lineage, *id));
        let roots: Vec<RootId> = roots.into_iter().map(|(id, _)| id).collect();
        for id in roots {
            self.end_root(at, id, Err(Code::Cancelled), |_| false);
        }
    }
}

/// Why a call that has just arrived is not taken: nested too deep, or nobody is there.
#[cold]
pub(super) fn why_refused<T>(kernel: &Kernel<T>, node: NodeId) -> Code {
    if kernel.routes.is_removed(node) { Code::BadGateway } else { Code::LoopDetected }
}
