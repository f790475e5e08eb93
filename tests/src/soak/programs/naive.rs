//! The engine written down as plainly as possible: one list sorted by (time, sequence), maps for everything that lives, and
//! nothing that is reused. What it says and what the engine says must be the same.

use super::brain::Brain;
use super::shape::Shape;
use super::world::{Ask, Heard, Order, World};
use floodgate_core::rng::{Draws, hash_text, mix};
use floodgate_core::{Budget, Code, Delivery, Dist, Duration, LinkId, NodeId, Outcome, Time};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the draws of a varying latency are for: part of what the engine promises, since goldens hang on it.
const PURPOSE_LATENCY: u64 = 0x6c61_7465;

/// What stands for the lineage of a tick.
const TICK: u64 = 0x7469_636b;

/// Something that was delivered: when, where, what, and the lineage of the call or the tag of the timer.
pub type Delivered = (Time, NodeId, Delivery, u64);

#[derive(Clone, Copy, Debug)]
enum Due {
    Deliver(u64),
    Reply(u64),
    GiveUp(u64),
    Timer(u64),
    Tick(NodeId),
    Served(u64),
    Cancel(u64),
    Message { link: LinkId, upstream: bool, payload: u64 },
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Outbound,
    AtCallee,
    Returning(Outcome),
}

#[derive(Clone, Copy, Debug)]
struct Call {
    ask: Ask<u64>,
    at: NodeId,
    lineage: u64,
    depth: u8,
    stage: Stage,
    abandoned: bool,
}

#[derive(Clone, Copy, Debug)]
struct Timer {
    node: NodeId,
    tag: u64,
    sequence: u64,
}

/// Everything but the programs.
#[derive(Clone, Debug)]
pub struct State {
    now: Time,
    /// The last is the next: sorted by (time, sequence), backwards.
    list: Vec<(Time, u64, Due)>,
    sequence: u64,
    ids: u64,
    timers: BTreeMap<u64, Timer>,
    calls: BTreeMap<u64, Call>,
    /// Whether it has ended, by reference.
    roots: BTreeMap<u64, bool>,
    shape: Arc<Shape>,
    link_keys: Vec<u64>,
}

/// A run by the naive interpreter.
#[derive(Clone, Debug)]
pub struct Naive {
    state: State,
    brains: Vec<Brain<u64>>,
}

impl State {
    fn push(&mut self, delay: u64, due: Due) -> u64 {
        self.sequence += 1;
        let key = (Time(self.now.0.saturating_add(delay)), self.sequence);
        let place = self.list.partition_point(|&(time, sequence, _)| (time, sequence) > key);
        self.list.insert(place, (key.0, key.1, due));
        self.sequence
    }

    fn send(&mut self, link: LinkId, lineage: u64, back: bool, due: Due) {
        let delay = match &self.shape.routes.links()[link.0 as usize].spec.latency {
            Dist::Constant(delay) => *delay,
            varying => {
                let key = mix(self.shape.seed ^ PURPOSE_LATENCY, self.link_keys[link.0 as usize] ^ u64::from(back));
                varying.sample(&mut Draws::new(key, lineage))
            }
        };
        self.push(delay.0, due);
    }

    fn id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    fn call_at(&mut self, id: u64, node: NodeId) -> Option<&mut Call> {
        self.calls.get_mut(&id).filter(|c| c.stage == Stage::AtCallee && c.at == node)
    }

    fn answer(&mut self, id: u64, outcome: Outcome) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.stage = Stage::Returning(outcome);
        let (link, lineage) = (call.ask.link, call.lineage);
        self.send(link, lineage, true, Due::Reply(id));
    }

    /// Whether whoever sent the call is still there to hear of it.
    fn sender_waits(&self, call: &Call) -> bool {
        match call.ask.parent {
            Some(parent) => self.calls.get(&parent).is_some_and(|p| p.stage == Stage::AtCallee),
            None => !self.roots[&call.ask.root],
        }
    }

    fn tell_of_cancel(&mut self, id: u64) {
        let call = self.calls[&id];
        if call.ask.cancel && !matches!(call.stage, Stage::Returning(_)) {
            self.send(call.ask.link, call.lineage, false, Due::Cancel(id));
        }
    }

    fn caller(&self, call: &Call) -> NodeId {
        self.shape.routes.links()[call.ask.link.0 as usize].from
    }
}

/// The state as one node sees it.
struct Seen<'a> {
    node: NodeId,
    state: &'a mut State,
}

impl World for Seen<'_> {
    type Id = u64;

    fn timer(&mut self, delay: Duration, tag: u64) -> u64 {
        let id = self.state.id();
        let sequence = self.state.push(delay.0, Due::Timer(id));
        self.state.timers.insert(id, Timer { node: self.node, tag, sequence });
        id
    }
    fn cancel(&mut self, timer: u64) -> bool {
        let Some(timer) = self.state.timers.remove(&timer) else { return false };
        self.state.list.retain(|&(_, sequence, _)| sequence != timer.sequence);
        true
    }
    fn tick(&mut self, delay: Duration) {
        self.cancel_tick();
        self.state.push(delay.0, Due::Tick(self.node));
    }
    fn cancel_tick(&mut self) {
        let mine = self.node;
        self.state.list.retain(|(_, _, due)| !matches!(due, Due::Tick(node) if *node == mine));
    }
    fn serve(&mut self, call: u64, length: Duration) {
        self.state.push(length.0, Due::Served(call));
    }
    fn message(&mut self, link: LinkId, payload: u64) {
        let upstream = self.state.shape.routes.links()[link.0 as usize].to == self.node;
        let lineage = self.state.now.0;
        self.state.send(link, lineage, upstream, Due::Message { link, upstream, payload });
    }
    fn birth(&mut self, _: u64) -> u64 {
        let id = self.state.id();
        self.state.roots.insert(id, false);
        id
    }
    fn end_root(&mut self, root: u64, _: Outcome) {
        self.state.roots.insert(root, true);
    }
    fn root_of(&self, call: u64) -> u64 {
        self.state.calls[&call].ask.root
    }
    fn call(&mut self, ask: Ask<u64>) -> u64 {
        let id = self.state.id();
        let parent = ask.parent.and_then(|parent| self.state.calls.get(&parent));
        let depth = parent.map_or(0, |p| p.depth + 1);
        let at = self.state.shape.routes.links()[ask.link.0 as usize].to;
        let call = Call { ask, at, lineage: ask.lineage, depth, stage: Stage::Outbound, abandoned: false };
        self.state.calls.insert(id, call);
        self.state.send(ask.link, ask.lineage, false, Due::Deliver(id));
        if let Some(patience) = ask.timeout {
            self.state.push(patience.0.max(1), Due::GiveUp(id));
        }
        id
    }
    fn reply(&mut self, call: u64, outcome: Outcome) {
        assert!(self.state.call_at(call, self.node).is_some(), "a program answers what is there");
        self.state.answer(call, outcome);
    }
    fn forget(&mut self, call: u64) {
        if self.state.call_at(call, self.node).is_some() {
            self.state.calls.remove(&call);
        }
    }
    fn abandon(&mut self, id: u64) {
        let Some(call) = self.state.calls.get_mut(&id).filter(|c| !c.abandoned) else { return };
        call.abandoned = true;
        self.state.tell_of_cancel(id);
    }
    fn hand_on(&mut self, id: u64, link: LinkId, lineage: u64) {
        let to = self.state.shape.routes.links()[link.0 as usize].to;
        let Some(call) = self.state.call_at(id, self.node) else { return };
        (call.stage, call.at, call.lineage) = (Stage::Outbound, to, lineage);
        self.state.send(link, lineage, false, Due::Deliver(id));
    }
    fn work(&mut self, _: u64, _: Duration) {}
    fn is_waited_for(&self, call: u64) -> bool {
        let mut id = Some(call);
        while let Some(call) = id.and_then(|id| self.state.calls.get(&id)) {
            if call.abandoned {
                return false;
            }
            if call.ask.parent.is_none() {
                return !self.state.roots[&call.ask.root];
            }
            id = call.ask.parent;
        }
        false
    }
}

impl Naive {
    /// The run at time 0.
    #[must_use]
    pub fn new(shape: &Arc<Shape>) -> Naive {
        let routes = &shape.routes;
        let key = |l: &floodgate_core::topology::Link| {
            hash_text(&format!("{}\u{0}{}\u{0}{}", routes.key(l.from), l.port.0, routes.key(l.to)))
        };
        let state = State {
            now: Time::ZERO,
            list: Vec::new(),
            sequence: 0,
            ids: 0,
            timers: BTreeMap::new(),
            calls: BTreeMap::new(),
            roots: BTreeMap::new(),
            link_keys: routes.links().iter().map(key).collect(),
            shape: Arc::clone(shape),
        };
        let mut naive = Naive { state, brains: shape.brains() };
        for node in 0..naive.brains.len() {
            naive.tell(NodeId(node as u32), Heard::Start);
        }
        naive
    }

    /// The clock.
    #[must_use]
    pub fn now(&self) -> Time {
        self.state.now
    }

    /// Calls alive.
    #[must_use]
    pub fn live_calls(&self) -> usize {
        self.state.calls.len()
    }

    /// What is due and not void: the engine may have dropped the time-outs of calls that have ended.
    #[must_use]
    pub fn pending(&self) -> usize {
        let void = |due: &Due| matches!(due, Due::GiveUp(id) if !self.state.calls.contains_key(id));
        self.state.list.iter().filter(|(_, _, due)| !void(due)).count()
    }

    /// Does something to a node from outside.
    pub fn control(&mut self, node: NodeId, order: Order) {
        self.tell(node, Heard::Control(order));
    }

    /// What is delivered before `budget.until`, at most `budget.events` of it; and whether it stopped for want of events.
    pub fn advance(&mut self, budget: Budget) -> (Vec<Delivered>, bool) {
        let mut delivered = Vec::new();
        while (delivered.len() as u64) < budget.events {
            let Some(&(time, _, due)) = self.state.list.last().filter(|next| next.0 < budget.until) else {
                self.state.now = self.state.now.max(budget.until);
                return (delivered, false);
            };
            self.state.list.pop();
            self.state.now = time;
            delivered.extend(self.deliver(due).map(|(node, what, lineage)| (time, node, what, lineage)));
        }
        (delivered, true)
    }

    fn tell(&mut self, node: NodeId, heard: Heard<u64>) {
        self.brains[node.0 as usize].hear(heard, &mut Seen { node, state: &mut self.state });
    }

    /// `None` when it has become void meanwhile.
    fn deliver(&mut self, due: Due) -> Option<(NodeId, Delivery, u64)> {
        match due {
            Due::Deliver(id) => self.deliver_call(id),
            Due::Reply(id) => self.deliver_reply(id),
            Due::GiveUp(id) => self.give_up(id),
            Due::Cancel(id) => {
                let call = *self.state.calls.get(&id).filter(|c| c.stage == Stage::AtCallee)?;
                self.tell(call.at, Heard::Cancel(id));
                Some((call.at, Delivery::Cancel, call.lineage))
            }
            Due::Timer(id) => {
                let Timer { node, tag, .. } = self.state.timers.remove(&id)?;
                self.tell(node, Heard::Timer(tag));
                Some((node, Delivery::Timer, tag))
            }
            Due::Tick(node) => {
                self.tell(node, Heard::Tick);
                Some((node, Delivery::Timer, TICK))
            }
            Due::Served(id) => {
                let call = *self.state.calls.get(&id).filter(|c| c.stage == Stage::AtCallee)?;
                self.tell(call.at, Heard::Served(id));
                Some((call.at, Delivery::Served, call.lineage))
            }
            Due::Message { link, upstream, payload } => {
                let route = &self.state.shape.routes.links()[link.0 as usize];
                let node = if upstream { route.from } else { route.to };
                self.tell(node, Heard::Message(link, payload));
                Some((node, Delivery::Message, self.state.link_keys[link.0 as usize]))
            }
        }
    }

    fn deliver_call(&mut self, id: u64) -> Option<(NodeId, Delivery, u64)> {
        let limit = self.state.shape.depth;
        let call = self.state.calls.get_mut(&id)?;
        call.stage = Stage::AtCallee;
        let call = *call;
        if call.depth >= limit {
            self.state.answer(id, Err(Code::LoopDetected));
        } else {
            self.tell(call.at, Heard::Call(id));
        }
        Some((call.at, Delivery::Call, call.lineage))
    }

    fn deliver_reply(&mut self, id: u64) -> Option<(NodeId, Delivery, u64)> {
        let call = *self.state.calls.get(&id)?;
        let Stage::Returning(outcome) = call.stage else { return None };
        let node = self.state.caller(&call);
        let delivery = match outcome {
            _ if call.abandoned || !self.state.sender_waits(&call) => Delivery::Late,
            Ok(()) => Delivery::Answer,
            Err(code) => Delivery::Error(code),
        };
        if delivery != Delivery::Late {
            let Ask { root, parent, tag, .. } = call.ask;
            self.tell(node, Heard::Reply { root, parent, tag, outcome });
        }
        self.state.calls.remove(&id);
        Some((node, delivery, call.lineage))
    }

    fn give_up(&mut self, id: u64) -> Option<(NodeId, Delivery, u64)> {
        let call = *self.state.calls.get(&id)?;
        if call.abandoned || !self.state.sender_waits(&call) {
            return None;
        }
        self.state.calls.get_mut(&id)?.abandoned = true;
        self.state.tell_of_cancel(id);
        let node = self.state.caller(&call);
        let Ask { root, parent, tag, .. } = call.ask;
        self.tell(node, Heard::Reply { root, parent, tag, outcome: Err(Code::Timeout) });
        Some((node, Delivery::GiveUp, call.lineage))
    }
}
