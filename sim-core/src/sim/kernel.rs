//! Everything but the models: clock, event list, calls, books.

use super::limits::{Halt, Limits};
use crate::call::{Birth, Call, CallId, CallSpec, Outcome, Root, RootId, Stage, outcome_code};
use crate::digest::absorb;
use crate::dist::Dist;
use crate::outcome::Code;
use crate::probe::{Delivery, Event, NO_LINK, Probe};
use crate::queue::{EventQueue, Kind};
use crate::rng::{Draws, mix};
use crate::slab::{Key, Record, Slab, record};
use crate::stats::{CLASSES_MAX, ClassStats, LinkStats, NodeStats, Population, Totals};
use crate::time::{Duration, Time};
use crate::topology::{Link, LinkId, NodeId, Routes};
use std::sync::Arc;

/// A timer that has been set.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimerSlot {
    pub(super) tag: u64,
    pub(super) node: NodeId,
    generation: u32,
}

impl TimerSlot {
    pub(super) fn new(node: NodeId, tag: u64) -> TimerSlot {
        TimerSlot { tag, node, generation: 0 }
    }
}

record!(TimerSlot);

/// A message under way.
#[derive(Clone, Debug)]
pub(super) struct Post<T> {
    pub(super) link: LinkId,
    /// From callee to caller.
    pub(super) upstream: bool,
    pub(super) message: Option<T>,
}

/// A link as the run needs it: its ends, how long it takes, and what went over it.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    pub(super) from: NodeId,
    pub(super) to: NodeId,
    /// One way, in ns; [`VARIES`] when it is drawn.
    delay: u64,
    /// Where the event list keeps what takes so long.
    lane: u32,
    pub(super) stats: LinkStats,
}

/// Also of a link that was removed, so that the frequent cases need not ask.
const VARIES: u64 = u64::MAX;
/// Fewer records than this are nothing to look at.
const LOOK_MIN: usize = 1024;

impl Wire {
    pub(super) fn new(link: &Link) -> Wire {
        let delay = match link.latency {
            Dist::Constant(delay) => delay.0.min(VARIES - 1),
            _ => VARIES,
        };
        Wire { from: link.from, to: link.to, delay, lane: u32::MAX, stats: LinkStats::default() }
    }

    /// Nothing new goes over it.
    pub(super) fn cut(&mut self) {
        self.delay = VARIES;
    }
}

/// A node as the run needs it, but for its model.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(super) digest: u64,
    pub(super) seed: u64,
    pub(super) key_hash: u64,
    /// Which tick counts: those of an earlier number were called off.
    pub(super) tick: u32,
    /// The class of the roots that are born here.
    class: u8,
    pub(super) stats: NodeStats,
}

impl Node {
    pub(super) fn new(routes: &Routes, id: NodeId, class: u8, seed: u64) -> Node {
        let key_hash = routes.key_hash(id);
        Node { digest: 0, seed: mix(seed, key_hash), key_hash, tick: 0, class, stats: NodeStats::default() }
    }
}

/// What was done that a probe is told of after the event.
#[derive(Clone, Copy, Debug)]
pub(super) enum Observed {
    Worked(NodeId, CallId, Duration),
    Ended(RootId, Outcome),
}

#[derive(Clone, Debug)]
pub(crate) struct Kernel<T> {
    pub(super) events: u64,
    /// Events handled when the clock came to where it stands.
    pub(super) instant: u64,
    /// Where the last event was delivered.
    pub(super) last: NodeId,
    /// After this event there is something to see to: a limit has been met, or records have grown.
    pub(super) attention: bool,
    pub(super) queue: EventQueue,
    pub(super) calls: Slab<Call>,
    pub(super) roots: Slab<Root>,
    pub(super) timers: Slab<TimerSlot>,
    pub(super) wires: Vec<Wire>,
    pub(super) totals: Totals,
    pub(super) classes: Vec<ClassStats>,
    /// `totals.in_flight` over time.
    pub(super) in_flight: Population,
    /// Sojourn times of the roots that `totals` counts and that have ended: together with the ages of those that have not,
    /// what Little's law holds `in_flight` against.
    pub(super) sojourn_ns: u128,
    /// Places of calls and of timers from which on their number is looked at again.
    pub(super) look_at_calls: usize,
    pub(super) look_at_timers: usize,
    /// For whom they have grown since memory was measured.
    pub(super) grown: Option<NodeId>,
    /// Where the last time-out went: they are mostly of one length.
    patience_lane: u32,
    pub(super) limits: Limits,
    pub(super) halt: Option<Halt>,
    /// A probe listens.
    pub(super) watched: bool,
    pub(super) observed: Vec<(Time, Observed)>,
    pub(super) posts: Vec<Post<T>>,
    pub(super) free_posts: Vec<u32>,
    pub(super) routes: Arc<Routes>,
    pub(super) seed: u64,
}

const PURPOSE_LATENCY: u64 = 0x6c61_7465;

impl<T: Clone> Kernel<T> {
    pub(super) fn new(routes: Arc<Routes>, class_of: &[u8], seed: u64, limits: Limits) -> Kernel<T> {
        let classes = class_of.iter().max().map_or(1, |&last| usize::from(last) + 1);
        debug_assert!(classes <= CLASSES_MAX);
        Kernel {
            events: 0,
            instant: 0,
            last: NodeId(0),
            attention: false,
            queue: EventQueue::new(),
            calls: Slab::default(),
            roots: Slab::default(),
            timers: Slab::default(),
            wires: routes.links().iter().map(Wire::new).collect(),
            totals: Totals::default(),
            classes: vec![ClassStats::default(); classes],
            in_flight: Population::default(),
            sojourn_ns: 0,
            look_at_calls: 0,
            look_at_timers: 0,
            grown: None,
            patience_lane: u32::MAX,
            limits,
            halt: None,
            watched: false,
            observed: Vec::new(),
            posts: Vec::new(),
            free_posts: Vec::new(),
            seed,
            routes,
        }
    }

    #[inline(always)]
    pub(super) fn now(&self) -> Time {
        Time(self.queue.now())
    }

    /// Books one delivery to a node: counts it, mixes it into the node's digest, tells the probe.
    #[inline(always)]
    pub(super) fn note<P: Probe>(
        &mut self,
        at: &mut Node,
        (node, delivery): (NodeId, Delivery),
        lineage: u64,
        payload: u64,
        about: impl FnOnce(Event) -> Event,
        probe: &mut P,
    ) {
        self.events += 1;
        self.last = node;
        let time = self.now();
        let (kind, code) = match delivery {
            Delivery::Call => (1, 0),
            Delivery::Answer => (2, 0),
            Delivery::Error(code) => (2, code as u64),
            Delivery::Late => (3, 0),
            Delivery::GiveUp => (4, 0),
            Delivery::Timer => (5, 0),
            Delivery::Cancel => (6, 0),
            Delivery::Message => (7, 0),
            Delivery::Served => (8, 0),
        };
        at.digest = absorb(at.digest, time.0, lineage, payload << 16 | code << 8 | kind);
        if P::ACTIVE {
            probe.event(about(Event {
                time,
                node,
                delivery,
                lineage,
                digest: at.digest,
                call: Key::NONE,
                root: Key::NONE,
                parent: Key::NONE,
                link: NO_LINK,
                attempt: 0,
                replica: 0,
                mark: time,
            }));
        }
    }

    #[inline(always)]
    pub(super) fn send(&mut self, link: LinkId, lineage: u64, back: bool, kind: Kind, id: Key) {
        let wire = &mut self.wires[link.0 as usize];
        match wire.delay {
            0 => self.queue.push_now(kind, id),
            VARIES => self.send_varying(link, lineage, back, kind, id),
            delay => wire.lane = self.queue.push_constant(delay, wire.lane, kind, id),
        }
    }

    #[inline(never)]
    fn send_varying(&mut self, link: LinkId, lineage: u64, back: bool, kind: Kind, id: Key) {
        let route = &self.routes.links()[link.0 as usize];
        if route.removed && kind == Kind::Deliver {
            return self.refuse(id);
        }
        let key = mix(self.seed ^ PURPOSE_LATENCY, route.key_hash ^ u64::from(back));
        let delay = route.latency.sample(&mut Draws::new(key, lineage));
        self.queue.push(delay.0, kind, id);
    }

    /// A call cannot leave: it is answered 502, as if it had come to where nobody listens.
    #[cold]
    fn refuse(&mut self, id: CallId) {
        let now = self.now();
        let Some(record) = self.calls.get_mut(id) else { return };
        record.turn_back(Err(Code::BadGateway), now);
        let (link, lineage) = (record.link, record.lineage);
        self.send(link, lineage, true, Kind::Reply, id);
    }

    #[inline(always)]
    pub(super) fn call(&mut self, at: &mut Node, link: LinkId, spec: &CallSpec) -> CallId {
        let above = spec.parent.and_then(|parent| self.calls.get(parent));
        let (depth, by_retry) = above.map_or((0, false), |p| (p.depth.saturating_add(1), p.by_retry()));
        let by_retry = spec.attempt > 0 || by_retry;
        let wire = &mut self.wires[link.0 as usize];
        *(if by_retry { &mut wire.stats.calls_retry } else { &mut wire.stats.calls_first }) += 1;
        let (from, to, now) = (wire.from, wire.to, Time(self.queue.now()));
        let call = self.calls.insert(Call::new(spec, link, to, now, depth, by_retry));
        if let Some(root) = self.roots.get_mut(spec.root) {
            root.calls += 1;
            if spec.parent.is_none() && root.counted {
                self.totals.attempts += 1;
                self.classes[root.class as usize].attempts += 1;
            }
        }
        at.stats.sent += 1;
        self.send(link, spec.lineage, false, Kind::Deliver, call);
        if let Some(patience) = spec.timeout {
            let lane = self.patience_lane;
            self.patience_lane = self.queue.push_constant(patience.0.max(1), lane, Kind::GiveUp, call);
        }
        if self.calls.places() >= self.look_at_calls {
            self.look_at_size(from);
        }
        call
    }

    /// The records have grown: is there still room?
    #[cold]
    pub(super) fn look_at_size(&mut self, node: NodeId) {
        let next = |places: usize| (places + places / 8).max(LOOK_MIN);
        let limit = self.limits.live_calls;
        // There can be one call too many only where there are more places than that; from there on, each is looked at.
        self.look_at_calls = next(self.calls.places()).min(limit.saturating_add(1));
        self.look_at_timers = next(self.timers.places());
        self.grown = Some(node);
        self.attention = true;
        if self.calls.len() > limit && self.halt.is_none() {
            let node = self.routes.key(node).to_owned();
            self.halt = Some(Halt::LiveCalls { time: self.now(), node, limit });
        }
    }

    /// Bytes of what is under way.
    pub(super) fn bytes(&self) -> usize {
        self.calls.bytes() + self.roots.bytes() + self.timers.bytes() + self.queue.bytes()
    }

    #[inline(always)]
    pub(super) fn reply(&mut self, at: &mut Node, call: CallId, outcome: Outcome) {
        let now = self.now();
        let Some(record) = self.calls.get_mut(call).filter(|c| c.stage == Stage::AtCallee) else {
            debug_assert!(false, "a call was answered twice");
            return;
        };
        let arrived = std::mem::replace(&mut record.since, now);
        record.stage = Stage::Returning;
        record.outcome = outcome_code(outcome);
        let (link, lineage) = (record.link, record.lineage);
        match outcome {
            Ok(()) => {
                at.stats.answered += 1;
                at.stats.latency.record(now.since(arrived));
            }
            Err(code) => at.stats.errors.add(code),
        }
        self.send(link, lineage, true, Kind::Reply, call);
    }

    #[inline(always)]
    pub(super) fn free(&mut self, call: CallId) {
        let Some(record) = self.calls.remove(call) else { return };
        if let Some(root) = self.roots.at_mut(record.root) {
            root.calls -= 1;
            if root.ended && root.calls == 0 {
                let key = Key::new(record.root, root.generation());
                self.roots.remove(key);
            }
        }
    }

    /// Takes the work of a call's subtree off it: it served nobody.
    pub(super) fn waste(&mut self, call: CallId) {
        if let Some(record) = self.calls.get_mut(call) {
            let busy = u128::from(std::mem::take(&mut record.busy_ns));
            self.totals.wasted_ns += busy;
            // A root stays as long as it has calls.
            if let Some(root) = self.roots.at(record.root) {
                self.classes[root.class as usize].wasted_ns += busy;
            }
        }
    }

    /// A root is born at a node.
    #[inline(always)]
    pub(super) fn birth(&mut self, at: &mut Node, node: NodeId, birth: Birth) -> RootId {
        let now = self.now();
        self.totals.born += 1;
        self.totals.in_flight += 1;
        self.in_flight.enter(now);
        self.classes[at.class as usize].born += 1;
        at.stats.offered += 1;
        at.stats.offered_first += 1;
        self.roots.insert(Root::new(now, mix(at.key_hash, birth.ordinal), at.class, node, birth))
    }

    /// A root ends at the node where it was born. `in_time` says by its age whether the answer is good for its SLO; what
    /// comes back says which client had sent it, if that has been said.
    #[inline(always)]
    pub(super) fn end_root(
        &mut self,
        at: &mut Node,
        id: RootId,
        outcome: Outcome,
        in_time: impl FnOnce(Duration) -> bool,
    ) -> Option<u32> {
        let now = self.now();
        let Some(root) = self.roots.get_mut(id).filter(|r| !r.ended) else {
            debug_assert!(false, "a root ended twice");
            return None;
        };
        root.ended = true;
        let busy = u128::from(std::mem::take(&mut root.busy_ns));
        let (born, calls, counted, client) = (root.born, root.calls, root.counted, root.known_client());
        let totals = &mut self.totals;
        // A root ends where it was born.
        let class = &mut self.classes[at.class as usize];
        if outcome.is_ok() {
            totals.useful_ns += busy;
            class.useful_ns += busy;
        } else {
            totals.wasted_ns += busy;
            class.wasted_ns += busy;
        }
        if counted {
            let age = now.since(born);
            totals.in_flight -= 1;
            self.in_flight.leave(now);
            self.sojourn_ns += u128::from(age.0);
            match outcome {
                Ok(()) => {
                    let in_time = u64::from(in_time(age));
                    totals.answered += 1;
                    totals.goodput += in_time;
                    at.stats.answered += 1;
                    at.stats.goodput += in_time;
                    at.stats.latency.record(age);
                    class.answered += 1;
                    class.goodput += in_time;
                    class.latency.record(age);
                }
                Err(code) => {
                    totals.failed += 1;
                    at.stats.errors.add(code);
                    class.failed.add(code);
                }
            }
        }
        if calls == 0 {
            self.roots.remove(id);
        }
        if self.watched {
            self.observed.push((now, Observed::Ended(id, outcome)));
        }
        client
    }

    /// Whether whoever sent `record` is still there to hear of it; if so, what was done for it now counts for them.
    #[inline(always)]
    pub(super) fn book_to_whoever_waits(&mut self, record: &Call) -> bool {
        let busy = if record.parent == Key::NONE {
            self.roots.at_mut(record.root).filter(|r| !r.ended).map(|r| &mut r.busy_ns)
        } else {
            let parent = self.calls.get_mut(record.parent);
            parent.filter(|p| p.stage == Stage::AtCallee).map(|p| &mut p.busy_ns)
        };
        match busy {
            Some(busy) => {
                *busy += record.busy_ns;
                true
            }
            None => false,
        }
    }

    /// Whether whoever sent `record` is still there to hear of it.
    pub(super) fn parent_waits(&self, record: &Call) -> bool {
        if record.parent == Key::NONE {
            return self.roots.get(self.roots.key_at(record.root)).is_some_and(|r| !r.ended);
        }
        self.calls.get(record.parent).is_some_and(|p| p.stage == Stage::AtCallee)
    }

    /// Whether somebody still waits for the answer to `id`, all the way up.
    pub(super) fn waited_for(&self, mut id: CallId) -> bool {
        while let Some(call) = self.calls.get(id) {
            if call.abandoned() {
                return false;
            }
            if call.parent == Key::NONE {
                return self.roots.get(self.roots.key_at(call.root)).is_some_and(|r| !r.ended);
            }
            id = call.parent;
        }
        false
    }

    /// What a varying latency of a message is drawn by: messages belong to no request, so time stands in for lineage.
    pub(super) fn message_lineage(&self) -> u64 {
        self.queue.now()
    }
}
