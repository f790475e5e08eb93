//! Everything but the models: clock, event list, calls, books.

use super::limits::{Halt, Limits};
use super::line::Line;
use crate::call::{Birth, Call, CallId, CallSpec, Described, Outcome, Patience, Root, RootId, Stage, outcome_code};
use crate::digest::absorb;
use crate::probe::{Delivery, Event, NO_LINK, Probe};
use crate::queue::{EventQueue, Kind};
use crate::rng::mix;
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

record!(TimerSlot, |slot| slot.node.0, |slot, index| slot.node = NodeId(index));

/// A message under way.
#[derive(Clone, Debug)]
pub(super) struct Post<T> {
    pub(super) link: LinkId,
    /// From callee to caller.
    pub(super) upstream: bool,
    pub(super) message: Option<T>,
}

/// A link as the run needs it: its ends, how long it takes, and what went over it. What is touched most comes first.
#[derive(Clone, Debug)]
#[repr(C)]
pub(super) struct Wire {
    pub(super) from: NodeId,
    pub(super) to: NodeId,
    /// One way, in ns; [`VARIES`] when it is drawn.
    delay: u64,
    pub(super) stats: LinkStats,
    /// Where the event list keeps what takes so long.
    lane: u32,
}

/// Also of a link that was removed, or is cut, or loses messages, so that the frequent cases need not ask.
const VARIES: u64 = u64::MAX;
/// Apart from the requests of a node, which are numbered as well.
const PROBES: u64 = 0x7072_6f62_6573;
/// Fewer records than this are nothing to look at.
const LOOK_MIN: usize = 1024;

impl Wire {
    pub(super) fn new(link: &Link) -> Wire {
        let mut wire =
            Wire { from: link.from, to: link.to, delay: VARIES, lane: u32::MAX, stats: LinkStats::default() };
        wire.describe(link);
        wire
    }

    /// It is like this from now on.
    pub(super) fn describe(&mut self, link: &Link) {
        let constant = link.spec.constant().filter(|_| !link.removed);
        (self.delay, self.lane) = (constant.map_or(VARIES, |delay| delay.0.min(VARIES - 1)), u32::MAX);
    }
}

/// A node as the run needs it, but for its model. What every event touches comes first: half a line of cache, which the
/// statistics go on with.
#[derive(Clone, Debug)]
#[repr(C)]
pub(crate) struct Node {
    pub(super) digest: u64,
    pub(super) seed: u64,
    pub(super) key_hash: u64,
    /// Which tick counts: those of an earlier number were called off. Odd, as a generation is.
    pub(super) tick: u32,
    /// The first class of the roots that are born here.
    class: u8,
    pub(super) stats: NodeStats,
    /// All of the classes of the roots that are born here.
    classes: Box<[u8]>,
}

const _: () =
    assert!(std::mem::offset_of!(Node, stats) == 32, "the other half of the first line begins the statistics");

impl Node {
    pub(super) fn new(routes: &Routes, id: NodeId, classes: Box<[u8]>, seed: u64) -> Node {
        let key_hash = routes.key_hash(id);
        let class = classes.first().copied().unwrap_or(0);
        Node { digest: 0, seed: mix(seed, key_hash), key_hash, tick: 1, class, classes, stats: NodeStats::default() }
    }

    /// The number of a class, by its place among those of this node.
    #[inline(always)]
    fn class(&self, place: u8) -> u8 {
        if place == 0 { self.class } else { self.classes.get(usize::from(place)).copied().unwrap_or(self.class) }
    }
}

/// What was done that a probe is told of after the event.
#[derive(Clone, Copy, Debug)]
pub(super) enum Observed {
    Worked(NodeId, CallId, Duration),
    Ended(RootId, Outcome),
}

/// What a call has from the one above it.
#[derive(Clone, Copy)]
struct Above {
    depth: u8,
    /// Whether it, or one above it, is a retry.
    by_retry: bool,
}

impl Above {
    #[inline(always)]
    fn new(parent: &Call, attempt: u16) -> Above {
        Above { depth: parent.depth.saturating_add(1), by_retry: attempt > 0 || parent.by_retry() }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Kernel<T> {
    pub(super) events: u64,
    /// Events handled when the clock came to where it stands.
    pub(super) instant: u64,
    /// Where the last event was delivered.
    pub(super) last: NodeId,
    /// Before event number so much there is nothing to see to: neither can the budget be used up nor a limit met. It is 0
    /// when records have grown.
    pub(super) look_up: u64,
    pub(super) queue: EventQueue,
    pub(super) calls: Slab<Call>,
    pub(super) roots: Slab<Root>,
    /// Of those roots of which there is something to say.
    pub(super) traits: Slab<Described>,
    pub(super) timers: Slab<TimerSlot>,
    pub(super) wires: Vec<Wire>,
    /// Of each link, what only those have whose messages are lost or wait.
    pub(super) lines: Vec<Line>,
    /// By class, and nowhere else: the whole is added up when somebody asks.
    pub(super) classes: Vec<ClassStats>,
    /// What the classes are called.
    pub(super) class_names: Arc<Vec<String>>,
    /// Work done, by whomever.
    pub(super) busy_ns: u128,
    /// Roots that have not ended, over time.
    pub(super) in_flight: Population,
    /// Sojourn times of the roots that are counted and have failed: together with those that were answered, and the ages of
    /// those that have not ended, what Little's law holds `in_flight` against.
    pub(super) failed_ns: u128,
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

impl<T: Clone> Kernel<T> {
    pub(super) fn new(routes: Arc<Routes>, class_names: Vec<String>, seed: u64, limits: Limits) -> Kernel<T> {
        let classes = class_names.len();
        debug_assert!((1..=CLASSES_MAX).contains(&classes));
        Kernel {
            events: 0,
            instant: 0,
            last: NodeId(0),
            look_up: 0,
            queue: EventQueue::new(),
            calls: Slab::default(),
            roots: Slab::default(),
            traits: Slab::default(),
            timers: Slab::default(),
            wires: routes.links().iter().map(Wire::new).collect(),
            lines: vec![Line::default(); routes.links().len()],
            classes: vec![ClassStats::default(); classes],
            class_names: Arc::new(class_names),
            busy_ns: 0,
            in_flight: Population::default(),
            failed_ns: 0,
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

    /// The number of the class called `name`, which is a new one if there is none.
    pub(super) fn class_number(&mut self, name: &str) -> u8 {
        let known = self.class_names.iter().position(|known| known == name);
        let number = known.unwrap_or_else(|| {
            Arc::make_mut(&mut self.class_names).push(name.to_owned());
            self.classes.push(ClassStats::default());
            self.class_names.len() - 1
        });
        // There are no more classes than there are numbers: whoever adds one sees to that.
        u8::try_from(number).unwrap_or(u8::MAX)
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
        if self.wires[link.0 as usize].delay == 0 {
            self.queue.push_now(kind, id);
        } else {
            self.send_later(link, lineage, back, kind, id);
        }
    }

    #[inline(never)]
    fn send_later(&mut self, link: LinkId, lineage: u64, back: bool, kind: Kind, id: Key) {
        let wire = &mut self.wires[link.0 as usize];
        match wire.delay {
            VARIES => self.send_varying(link, lineage, back, kind, id),
            delay => wire.lane = self.queue.push_constant(delay, wire.lane, kind, id),
        }
    }

    #[inline(always)]
    pub(super) fn call(&mut self, at: &mut Node, link: LinkId, spec: &CallSpec) -> CallId {
        let above = spec.parent.and_then(|parent| self.calls.get(parent));
        let above = above.map_or(Above { depth: 0, by_retry: spec.attempt > 0 }, |p| Above::new(p, spec.attempt));
        if let Some(root) = self.roots.get_mut(spec.root) {
            root.calls += 1;
            if spec.parent.is_none() && root.counted {
                self.classes[root.class as usize].attempts += 1;
            }
        }
        self.launch(at, link, spec, above)
    }

    /// A call is on its way; its root knows of it already.
    #[inline(always)]
    fn launch(&mut self, at: &mut Node, link: LinkId, spec: &CallSpec, above: Above) -> CallId {
        let now = self.now();
        let wire = &mut self.wires[link.0 as usize];
        *(if above.by_retry { &mut wire.stats.calls_retry } else { &mut wire.stats.calls_first }) += 1;
        let call = self.calls.insert(Call::new(spec, link, wire.to, now, above.depth, above.by_retry));
        at.stats.sent += 1;
        if wire.delay == 0 {
            self.queue.push_now(Kind::Deliver, call);
        } else {
            self.send_later(link, spec.lineage, false, Kind::Deliver, call);
        }
        if let Some(patience) = spec.timeout {
            let lane = self.patience_lane;
            self.patience_lane = self.queue.push_constant(patience.0.max(1), lane, Kind::GiveUp, call);
        }
        if self.calls.places() >= self.look_at_calls {
            self.look_at_size(self.wires[link.0 as usize].from);
        }
        call
    }

    /// A call that has arrived goes on over `link`, as the same to whoever gets it, and keeps the index of the new one as
    /// its number.
    #[inline(always)]
    pub(super) fn forward(
        &mut self,
        at: &mut Node,
        parent: CallId,
        link: LinkId,
        replica: u32,
        tag: u32,
    ) -> Option<CallId> {
        let child = self.calls.next_index();
        let record = self.calls.get_mut(parent)?;
        record.callee_tag = child;
        let (lineage, index, above) = (record.lineage, record.root, Above::new(record, 0));
        let root = self.roots.at_mut(index)?;
        root.calls += 1;
        let (root, parent) = (Key::new(index, root.generation()), Some(parent));
        let spec = CallSpec { root, parent, lineage, attempt: 0, replica, tag, timeout: None, cancel: true };
        Some(self.launch(at, link, &spec, above))
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
        self.look_up = 0;
        if self.calls.len() > limit && self.halt.is_none() {
            let node = self.routes.key(node).to_owned();
            self.halt = Some(Halt::LiveCalls { time: self.now(), node, limit });
        }
    }

    /// Bytes of what is under way.
    pub(super) fn bytes(&self) -> usize {
        let lines: usize = self.lines.iter().map(Line::bytes).sum();
        let records = self.calls.bytes() + self.roots.bytes() + self.traits.bytes() + self.timers.bytes();
        records + self.queue.bytes() + lines
    }

    #[inline(always)]
    pub(super) fn reply(&mut self, at: &mut Node, call: CallId, outcome: Outcome) {
        self.complete(at, call, Duration::ZERO, outcome);
    }

    /// A call that has arrived is answered, after so much work for it.
    #[inline(always)]
    pub(super) fn complete(&mut self, at: &mut Node, call: CallId, worked: Duration, outcome: Outcome) {
        let now = self.now();
        let Some(record) = self.calls.get_mut(call).filter(|c| c.stage == Stage::AtCallee) else {
            debug_assert!(false, "a call was answered twice");
            return;
        };
        let arrived = std::mem::replace(&mut record.since, now);
        record.busy_ns += worked.0;
        record.stage = Stage::Returning;
        record.outcome = outcome_code(outcome);
        let (link, lineage) = (record.link, record.lineage);
        self.busy_ns += u128::from(worked.0);
        at.stats.busy_ns += u128::from(worked.0);
        match outcome {
            Ok(()) => {
                at.stats.answered += 1;
                at.stats.latency.record(Duration(now.0 - arrived.0));
            }
            Err(code) => at.stats.errors.add(code),
        }
        self.send(link, lineage, true, Kind::Reply, call);
    }

    /// A call has gone, and what was done for it has been booked.
    pub(super) fn free(&mut self, call: CallId) {
        let Some(record) = self.calls.remove(call) else { return };
        self.roots.settle(record.root, |_, root| {
            root.calls -= 1;
            ((), root.goes(&mut self.traits))
        });
    }

    /// Takes the work of a call's subtree off it: it served nobody.
    pub(super) fn waste(&mut self, call: CallId) {
        if let Some(record) = self.calls.get_mut(call) {
            let busy = u128::from(std::mem::take(&mut record.busy_ns));
            // A root stays as long as it has calls.
            if let Some(root) = self.roots.at(record.root) {
                self.classes[root.class as usize].wasted_ns += busy;
            }
        }
    }

    /// A root is born at a node.
    #[inline(always)]
    pub(super) fn birth(&mut self, at: &mut Node, node: NodeId, birth: Birth) -> RootId {
        let root = self.new_root(at, node, birth);
        self.classes[root.class as usize].born += 1;
        self.roots.insert(root)
    }

    /// A root is born at a node and tried for the first time.
    #[inline(always)]
    pub(super) fn first_attempt(
        &mut self,
        at: &mut Node,
        node: NodeId,
        birth: Birth,
        link: LinkId,
        patience: Patience,
    ) -> RootId {
        let mut root = self.new_root(at, node, birth);
        root.calls = 1;
        let class = &mut self.classes[root.class as usize];
        class.born += 1;
        class.attempts += 1;
        let lineage = root.lineage;
        let id = self.roots.insert(root);
        let Patience { timeout, cancel } = patience;
        let replica = crate::call::ANY_REPLICA;
        let spec = CallSpec { root: id, parent: None, lineage, attempt: 0, replica, tag: 0, timeout, cancel };
        self.launch(at, link, &spec, Above { depth: 0, by_retry: false });
        id
    }

    #[inline(always)]
    fn new_root(&mut self, at: &mut Node, node: NodeId, birth: Birth) -> Root {
        let now = self.now();
        self.in_flight.enter(now);
        at.stats.offered += 1;
        at.stats.offered_first += 1;
        Root::new(now, mix(at.key_hash, birth.ordinal), at.class(birth.class), node, birth)
    }

    /// A root that counts nowhere, for a call that a node sends on its own account.
    pub(super) fn probe(&mut self, at: &Node, node: NodeId, birth: Birth) -> RootId {
        let lineage = mix(at.key_hash ^ PROBES, birth.ordinal);
        let mut root = Root::new(self.now(), lineage, at.class, node, birth);
        root.counted = false;
        self.roots.insert(root)
    }

    /// A root ends at the node where it was born. `in_time` says by its age whether the answer is good for its SLO; what
    /// comes back says which client had sent it, if its birth said that.
    #[inline(always)]
    pub(super) fn end_root(
        &mut self,
        at: &mut Node,
        id: RootId,
        outcome: Outcome,
        in_time: impl FnOnce(Duration) -> bool,
    ) -> Option<u32> {
        let now = self.now();
        let Some(place) = self.roots.occupied(id).filter(|place| !place.record.ended) else {
            debug_assert!(false, "a root ended twice");
            return None;
        };
        let root = &mut *place.record;
        let (busy, born, counted, client) = (root.busy_ns, root.born, root.counted, root.known_client());
        let class = root.class;
        (root.ended, root.busy_ns) = (true, 0);
        if root.goes(&mut self.traits) {
            place.remove();
        }
        let class = &mut self.classes[class as usize];
        *(if outcome.is_ok() { &mut class.useful_ns } else { &mut class.wasted_ns }) += u128::from(busy);
        if counted {
            let age = Duration(now.0 - born.0);
            self.in_flight.leave(now);
            match outcome {
                Ok(()) => {
                    at.stats.answered += 1;
                    at.stats.latency.record(age);
                    class.answered += 1;
                    class.latency.record(age);
                    if in_time(age) {
                        at.stats.goodput += 1;
                        class.goodput += 1;
                    }
                }
                Err(code) => {
                    self.failed_ns += u128::from(age.0);
                    at.stats.errors.add(code);
                    class.failed.add(code);
                }
            }
        }
        if self.watched {
            self.observed.push((now, Observed::Ended(id, outcome)));
        }
        client
    }

    /// The whole run: all classes together.
    pub(super) fn totals(&self) -> Totals {
        let start = Totals { busy_ns: self.busy_ns, ..Totals::default() };
        self.classes.iter().fold(start, |sum, class| Totals {
            born: sum.born + class.born,
            answered: sum.answered + class.answered,
            goodput: sum.goodput + class.goodput,
            failed: sum.failed + class.failed.total(),
            in_flight: sum.in_flight + class.in_flight(),
            attempts: sum.attempts + class.attempts,
            busy_ns: sum.busy_ns,
            useful_ns: sum.useful_ns + class.useful_ns,
            wasted_ns: sum.wasted_ns + class.wasted_ns,
        })
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
