//! The run: delivers events in order, keeps the books of calls, roots and work, and stops where it is told.

mod ctx;
mod limits;

pub use limits::{Budget, Halt, Limits, Progress};

use crate::call::{
    ANY_REPLICA, Call, CallId, CallSpec, Outcome, Reply, Root, RootId, Stage, outcome_code, outcome_from,
};
use crate::digest::{Digest, absorb, combine};
use crate::dist::Dist;
use crate::model::{Ctx, Model, TimerId};
use crate::outcome::Code;
use crate::probe::{Delivery, Event, NO_LINK, Probe};
use crate::queue::{Entry, EventQueue, Kind};
use crate::rng::{Draws, arrival_stream, hash_text, mix};
use crate::slab::{Key, Slab};
use crate::stats::{CLASSES_MAX, ClassStats, LinkStats, NodeStats, Population, Totals};
use crate::time::{Duration, Time};
use crate::topology::{LinkId, NodeId, PortId, Routes};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

#[derive(Clone, Copy, Debug)]
struct TimerSlot {
    node: NodeId,
    tag: u64,
}

#[derive(Clone, Debug)]
struct Post<T> {
    link: LinkId,
    /// From callee to caller.
    upstream: bool,
    message: Option<T>,
}

/// Everything but the models: clock, event list, calls, books.
#[derive(Clone, Debug)]
pub(crate) struct Kernel<T> {
    now: Time,
    events: u64,
    instant_events: u64,
    limits: Limits,
    halt: Option<Halt>,
    queue: EventQueue,
    calls: Slab<Call>,
    roots: Slab<Root>,
    timers: Slab<TimerSlot>,
    posts: Vec<Post<T>>,
    free_posts: Vec<u32>,
    routes: Arc<Routes>,
    seeds: Vec<u64>,
    seed: u64,
    digests: Vec<u64>,
    nodes: Vec<NodeStats>,
    links: Vec<LinkStats>,
    /// The class of the roots of each node.
    class_of: Arc<[u8]>,
    classes: Vec<ClassStats>,
    totals: Totals,
    /// `totals.in_flight` over time.
    in_flight: Population,
    /// Whether somebody looks, and what is to be told after the event under way.
    looked_at: bool,
    told: Vec<(Time, Told)>,
}

/// What a probe is told of besides deliveries.
#[derive(Clone, Copy, Debug)]
enum Told {
    Worked(NodeId, CallId, Duration),
    RootEnded(RootId, Outcome),
}

/// What a probe is told of a call.
struct About {
    call: CallId,
    root: RootId,
    parent: CallId,
    link: LinkId,
    attempt: u16,
    replica: u32,
    mark: Time,
}

impl About {
    fn no_call(link: LinkId, mark: Time) -> About {
        About { call: Key::NONE, root: Key::NONE, parent: Key::NONE, link, attempt: 0, replica: ANY_REPLICA, mark }
    }
}

const PURPOSE_LATENCY: u64 = 0x6c61_7465;

impl<T: Clone> Kernel<T> {
    fn new(routes: Arc<Routes>, class_of: Arc<[u8]>, seed: u64, limits: Limits) -> Kernel<T> {
        let nodes = routes.node_count();
        let classes = class_of.iter().max().map_or(1, |&last| usize::from(last) + 1);
        debug_assert!(classes <= CLASSES_MAX);
        Kernel {
            now: Time::ZERO,
            events: 0,
            instant_events: 0,
            limits,
            halt: None,
            queue: EventQueue::new(),
            calls: Slab::default(),
            roots: Slab::default(),
            timers: Slab::default(),
            posts: Vec::new(),
            free_posts: Vec::new(),
            seeds: routes.seeds(seed),
            seed,
            digests: vec![0; nodes],
            nodes: vec![NodeStats::default(); nodes],
            links: vec![LinkStats::default(); routes.links().len()],
            class_of,
            classes: vec![ClassStats::default(); classes],
            totals: Totals::default(),
            in_flight: Population::default(),
            looked_at: false,
            told: Vec::new(),
            routes,
        }
    }

    #[inline]
    fn note<P: Probe>(
        &mut self,
        (node, delivery): (NodeId, Delivery),
        lineage: u64,
        payload: u64,
        probe: &mut P,
        about: impl FnOnce(&Self) -> About,
    ) {
        self.events += 1;
        self.instant_events += 1;
        let (kind, code) = match delivery {
            Delivery::Call => (1, 0),
            Delivery::Answer => (2, 0),
            Delivery::Error(code) => (2, code as u64),
            Delivery::Late => (3, 0),
            Delivery::GiveUp => (4, 0),
            Delivery::Timer => (5, 0),
            Delivery::Cancel => (6, 0),
            Delivery::Message => (7, 0),
        };
        let digest = &mut self.digests[node.0 as usize];
        *digest = absorb(*digest, self.now.0, lineage, payload << 16 | code << 8 | kind);
        if P::ACTIVE {
            let digest = *digest;
            let About { call, root, parent, link, attempt, replica, mark } = about(self);
            let time = self.now;
            probe.event(Event {
                time,
                node,
                delivery,
                lineage,
                digest,
                call,
                root,
                parent,
                link,
                attempt,
                replica,
                mark,
            });
        }
    }

    fn about(&self, call: CallId, record: &Call, mark: Time) -> About {
        let &Call { parent, link, attempt, replica, .. } = record;
        About { call, root: self.roots.key_at(record.root), parent, link, attempt, replica, mark }
    }

    #[inline]
    fn tell(&mut self, what: Told) {
        if self.looked_at {
            self.told.push((self.now, what));
        }
    }

    #[inline]
    fn send(&mut self, link: LinkId, lineage: u64, back: bool, kind: Kind, index: u32, generation: u32) {
        let route = &self.routes.links()[link.0 as usize];
        match &route.latency {
            Dist::Constant(delay) => self.queue.push_constant(self.now.0, delay.0, kind, index, generation),
            varying => {
                let key = mix(self.seed ^ PURPOSE_LATENCY, route.key_hash ^ u64::from(back));
                let delay = varying.sample(&mut Draws::new(key, lineage));
                self.queue.push(self.now.0, delay.0, kind, index, generation);
            }
        }
    }

    fn call(&mut self, node: NodeId, link: LinkId, spec: CallSpec) -> CallId {
        let parent = spec.parent.unwrap_or(Key::NONE);
        let (depth, above) = self.calls.get(parent).map_or((0, false), |p| (p.depth.saturating_add(1), p.by_retry));
        let by_retry = spec.attempt > 0 || above;
        let call = self.calls.insert(Call {
            lineage: spec.lineage,
            since: self.now,
            busy_ns: 0,
            parent,
            root: spec.root.index,
            link,
            at: self.routes.links()[link.0 as usize].to,
            replica: spec.replica,
            caller_tag: spec.tag,
            callee_tag: u32::MAX,
            attempt: spec.attempt,
            depth,
            stage: Stage::Outbound,
            abandoned: false,
            by_retry,
            cancel: spec.cancel,
            outcome: 0,
        });
        if let Some(root) = self.roots.get_mut(spec.root) {
            root.calls += 1;
            if spec.parent.is_none() && root.counted {
                self.totals.attempts += 1;
                self.classes[root.class as usize].attempts += 1;
            }
        }
        self.nodes[node.0 as usize].sent += 1;
        let stats = &mut self.links[link.0 as usize];
        if by_retry {
            stats.calls_retry += 1
        } else {
            stats.calls_first += 1
        }
        self.send(link, spec.lineage, false, Kind::Deliver, call.index, call.generation);
        if let Some(patience) = spec.timeout {
            self.queue.push_constant(self.now.0, patience.0.max(1), Kind::GiveUp, call.index, call.generation);
        }
        if self.calls.len() > self.limits.live_calls && self.halt.is_none() {
            let node = self.routes.key(node).to_owned();
            self.halt = Some(Halt::LiveCalls { time: self.now, node, limit: self.limits.live_calls });
        }
        call
    }

    fn reply(&mut self, call: CallId, outcome: Outcome) {
        let now = self.now;
        let Some(record) = self.calls.get_mut(call).filter(|c| c.stage == Stage::AtCallee) else {
            debug_assert!(false, "a call was answered twice");
            return;
        };
        record.stage = Stage::Returning;
        record.outcome = outcome_code(outcome);
        let (link, lineage, at) = (record.link, record.lineage, record.at);
        let arrived = std::mem::replace(&mut record.since, now);
        let stats = &mut self.nodes[at.0 as usize];
        match outcome {
            Ok(()) => {
                stats.answered += 1;
                stats.latency.record(now.since(arrived));
            }
            Err(code) => stats.errors.add(code),
        }
        self.send(link, lineage, true, Kind::Reply, call.index, call.generation);
    }

    fn free(&mut self, call: CallId) {
        let Some(record) = self.calls.remove(call) else { return };
        let id = self.roots.key_at(record.root);
        if let Some(root) = self.roots.get_mut(id) {
            root.calls -= 1;
            if root.ended && root.calls == 0 {
                self.roots.remove(id);
            }
        }
    }

    /// Takes the work of a call's subtree off it: it served nobody.
    fn waste(&mut self, call: CallId) {
        if let Some(record) = self.calls.get_mut(call) {
            let busy = u128::from(std::mem::take(&mut record.busy_ns));
            let root = self.roots.key_at(record.root);
            self.totals.wasted_ns += busy;
            // A root stays as long as it has calls.
            if let Some(root) = self.roots.get(root) {
                self.classes[root.class as usize].wasted_ns += busy;
            }
        }
    }

    fn end_root(&mut self, id: RootId, outcome: Outcome, in_time: bool) {
        let now = self.now;
        let Some(root) = self.roots.get_mut(id).filter(|r| !r.ended) else {
            debug_assert!(false, "a root ended twice");
            return;
        };
        root.ended = true;
        let busy = u128::from(std::mem::take(&mut root.busy_ns));
        let (node, class, born, calls, counted) = (root.node as usize, root.class, root.born, root.calls, root.counted);
        let stats = &mut self.nodes[node];
        let class = &mut self.classes[class as usize];
        match outcome {
            Ok(()) => {
                self.totals.useful_ns += busy;
                class.useful_ns += busy;
            }
            Err(_) => {
                self.totals.wasted_ns += busy;
                class.wasted_ns += busy;
            }
        }
        if counted {
            self.totals.in_flight -= 1;
            self.in_flight.leave(now);
            match outcome {
                Ok(()) => {
                    self.totals.answered += 1;
                    stats.answered += 1;
                    class.answered += 1;
                    stats.latency.record(now.since(born));
                    class.latency.record(now.since(born));
                    if in_time {
                        self.totals.goodput += 1;
                        stats.goodput += 1;
                        class.goodput += 1;
                    }
                }
                Err(code) => {
                    self.totals.failed += 1;
                    stats.errors.add(code);
                    class.failed.add(code);
                }
            }
        }
        if calls == 0 {
            self.roots.remove(id);
        }
        self.tell(Told::RootEnded(id, outcome));
    }

    fn reply_view(&self, id: CallId, record: &Call, outcome: Outcome) -> Reply {
        Reply {
            call: id,
            link: record.link,
            root: self.roots.key_at(record.root),
            parent: record.parent,
            lineage: record.lineage,
            tag: record.caller_tag,
            attempt: record.attempt,
            replica: record.replica,
            outcome,
        }
    }

    /// Whether whoever sent `record` is still there to hear of it; if so, what was done for it now counts for them.
    #[inline]
    fn book_to_whoever_waits(&mut self, record: &Call) -> bool {
        let busy = if record.parent == Key::NONE {
            let root = self.roots.key_at(record.root);
            self.roots.get_mut(root).filter(|r| !r.ended).map(|r| &mut r.busy_ns)
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
    fn parent_waits(&self, record: &Call) -> bool {
        if record.parent == Key::NONE {
            return self.roots.get(self.roots.key_at(record.root)).is_some_and(|r| !r.ended);
        }
        self.calls.get(record.parent).is_some_and(|p| p.stage == Stage::AtCallee)
    }
}

/// A run of a system of `M`s. The state is a value: a clone goes on exactly as the original would.
#[derive(Clone, Debug)]
pub struct Simulation<M: Model> {
    models: Vec<M>,
    kernel: Kernel<M::Message>,
}

impl<M: Model> Simulation<M> {
    /// A run at time 0; `models` in the order of the routes' keys.
    ///
    /// # Panics
    /// When there are not as many models as nodes.
    #[must_use]
    pub fn new(routes: Arc<Routes>, models: Vec<M>, seed: u64, limits: Limits) -> Simulation<M> {
        let classes = vec![0; models.len()];
        Simulation::with_classes(routes, models, classes, seed, limits)
    }

    /// As [`Simulation::new`]; `class_of` gives each node the class of the roots that are born there, dense from 0 on.
    ///
    /// # Panics
    /// When there are not as many models, or classes given, as nodes.
    #[must_use]
    pub fn with_classes(
        routes: Arc<Routes>,
        models: Vec<M>,
        class_of: Vec<u8>,
        seed: u64,
        limits: Limits,
    ) -> Simulation<M> {
        assert_eq!(routes.node_count(), models.len(), "one model for each node");
        assert_eq!(routes.node_count(), class_of.len(), "one class for each node");
        let mut simulation = Simulation { models, kernel: Kernel::new(routes, class_of.into(), seed, limits) };
        for i in 0..simulation.models.len() {
            let node = NodeId(i as u32);
            simulation.models[i].on_start(&mut Ctx { node, kernel: &mut simulation.kernel });
        }
        simulation
    }

    /// Handles events in order until `budget` is used up; those at `budget.until` itself are left, so that a control at
    /// that time comes first.
    pub fn advance<P: Probe>(&mut self, budget: Budget, probe: &mut P) -> Progress {
        let last = self.kernel.events.saturating_add(budget.events);
        self.kernel.looked_at = P::ACTIVE;
        // What was done from outside since then.
        self.tell(probe);
        loop {
            if let Some(halt) = &self.kernel.halt {
                return Progress::Halted(halt.clone());
            }
            if self.kernel.events >= last {
                return Progress::Budget;
            }
            let Some(entry) = self.kernel.queue.pop_before(self.kernel.now.0, budget.until.0) else {
                if budget.until > self.kernel.now && budget.until < Time::MAX {
                    self.kernel.now = budget.until;
                    self.kernel.instant_events = 0;
                }
                return Progress::Reached;
            };
            if entry.time != self.kernel.now.0 {
                debug_assert!(entry.time > self.kernel.now.0, "time never goes back");
                self.kernel.now = Time(entry.time);
                self.kernel.instant_events = 0;
            }
            self.deliver(entry, probe);
            if P::ACTIVE {
                self.tell(probe);
            }
        }
    }

    fn tell<P: Probe>(&mut self, probe: &mut P) {
        for (time, told) in self.kernel.told.drain(..).filter(|_| P::ACTIVE) {
            match told {
                Told::Worked(node, call, length) => probe.worked(time, node, call, length),
                Told::RootEnded(root, outcome) => probe.root_ended(time, root, outcome),
            }
        }
    }

    #[inline]
    fn deliver<P: Probe>(&mut self, entry: Entry, probe: &mut P) {
        let key = Key { index: entry.index, generation: entry.generation };
        let node = match entry.kind() {
            Kind::Deliver => self.deliver_call(key, probe),
            Kind::Reply => self.deliver_reply(key, probe),
            Kind::GiveUp => self.give_up(key, probe),
            Kind::Timer => self.deliver_timer(key, probe),
            Kind::Cancel => self.deliver_cancel(key, probe),
            Kind::Message => self.deliver_message(entry.index, probe),
        };
        let kernel = &mut self.kernel;
        if kernel.instant_events > kernel.limits.events_per_instant && kernel.halt.is_none() {
            let node = node.map_or(String::new(), |n| kernel.routes.key(n).to_owned());
            let limit = kernel.limits.events_per_instant;
            kernel.halt = Some(Halt::EventsPerInstant { time: kernel.now, node, limit });
        }
    }

    fn deliver_call<P: Probe>(&mut self, id: CallId, probe: &mut P) -> Option<NodeId> {
        let kernel = &mut self.kernel;
        let now = kernel.now;
        let record = kernel.calls.get_mut(id)?;
        record.stage = Stage::AtCallee;
        let sent = std::mem::replace(&mut record.since, now);
        let call = *record;
        let node = call.at;
        let payload = u64::from(call.replica) << 16 | u64::from(call.attempt);
        kernel.note((node, Delivery::Call), call.lineage, payload, probe, |k| k.about(id, &call, sent));
        let stats = &mut kernel.nodes[node.0 as usize];
        stats.offered += 1;
        stats.offered_first += u64::from(!call.by_retry);
        if call.depth >= kernel.limits.depth {
            kernel.reply(id, Err(Code::LoopDetected));
        } else {
            self.models[node.0 as usize].on_call(id, &mut Ctx { node, kernel });
        }
        Some(node)
    }

    fn deliver_reply<P: Probe>(&mut self, id: CallId, probe: &mut P) -> Option<NodeId> {
        let kernel = &mut self.kernel;
        let call = *kernel.calls.get(id)?;
        let node = kernel.routes.links()[call.link.0 as usize].from;
        let waits = !call.abandoned && kernel.book_to_whoever_waits(&call);
        let link = &mut kernel.links[call.link.0 as usize];
        if !waits {
            link.late += 1;
            kernel.nodes[node.0 as usize].late += 1;
            let answered = call.since;
            kernel.note((node, Delivery::Late), call.lineage, u64::from(call.outcome), probe, |k| {
                k.about(id, &call, answered)
            });
            kernel.waste(id);
            kernel.free(id);
            return Some(node);
        }
        let outcome = outcome_from(call.outcome);
        match outcome {
            Ok(()) => {
                link.ok += 1;
                kernel.note((node, Delivery::Answer), call.lineage, 0, probe, |k| k.about(id, &call, call.since));
            }
            Err(code) => {
                link.errors += 1;
                kernel.nodes[node.0 as usize].caller_errors.add(code);
                kernel.note((node, Delivery::Error(code)), call.lineage, 0, probe, |k| k.about(id, &call, call.since));
            }
        }
        let reply = kernel.reply_view(id, &call, outcome);
        // Freed last: the model may still look at the call, and the root must outlive what the model does with it.
        self.models[node.0 as usize].on_reply(reply, &mut Ctx { node, kernel });
        self.kernel.free(id);
        Some(node)
    }

    fn give_up<P: Probe>(&mut self, id: CallId, probe: &mut P) -> Option<NodeId> {
        let kernel = &mut self.kernel;
        let call = *kernel.calls.get(id)?;
        if call.abandoned || !kernel.parent_waits(&call) {
            return None;
        }
        if let Some(record) = kernel.calls.get_mut(id) {
            record.abandoned = true;
        }
        let node = kernel.routes.links()[call.link.0 as usize].from;
        kernel.links[call.link.0 as usize].timeouts += 1;
        kernel.nodes[node.0 as usize].caller_errors.add(Code::Timeout);
        kernel.note((node, Delivery::GiveUp), call.lineage, u64::from(call.attempt), probe, |k| {
            let sent = if call.stage == Stage::Outbound { call.since } else { k.now };
            k.about(id, &call, sent)
        });
        if call.cancel && call.stage != Stage::Returning {
            kernel.send(call.link, call.lineage, false, Kind::Cancel, id.index, id.generation);
        }
        let reply = kernel.reply_view(id, &call, Err(Code::Timeout));
        self.models[node.0 as usize].on_reply(reply, &mut Ctx { node, kernel });
        Some(node)
    }

    fn deliver_timer<P: Probe>(&mut self, id: TimerId, probe: &mut P) -> Option<NodeId> {
        let kernel = &mut self.kernel;
        let slot = kernel.timers.remove(id)?;
        kernel.note((slot.node, Delivery::Timer), slot.tag, 0, probe, |k| About::no_call(NO_LINK, k.now));
        self.models[slot.node.0 as usize].on_timer(id, slot.tag, &mut Ctx { node: slot.node, kernel });
        Some(slot.node)
    }

    fn deliver_cancel<P: Probe>(&mut self, id: CallId, probe: &mut P) -> Option<NodeId> {
        let kernel = &mut self.kernel;
        let call = *kernel.calls.get(id).filter(|c| c.stage == Stage::AtCallee)?;
        let node = call.at;
        kernel.note((node, Delivery::Cancel), call.lineage, u64::from(call.attempt), probe, |k| {
            k.about(id, &call, k.now)
        });
        self.models[node.0 as usize].on_cancel(id, &mut Ctx { node, kernel });
        Some(node)
    }

    fn deliver_message<P: Probe>(&mut self, index: u32, probe: &mut P) -> Option<NodeId> {
        let kernel = &mut self.kernel;
        let post = kernel.posts.get_mut(index as usize)?;
        let (link, upstream, message) = (post.link, post.upstream, post.message.take()?);
        kernel.free_posts.push(index);
        let route = &kernel.routes.links()[link.0 as usize];
        let node = if upstream { route.from } else { route.to };
        let lineage = route.key_hash;
        kernel.note((node, Delivery::Message), lineage, u64::from(upstream), probe, |k| About::no_call(link, k.now));
        self.models[node.0 as usize].on_message(link, message, &mut Ctx { node, kernel });
        Some(node)
    }

    /// Does something to a node from outside, now: before every event at this time that has not been handled.
    pub fn control(&mut self, node: NodeId, control: &M::Control) {
        if let Some(model) = self.models.get_mut(node.0 as usize) {
            model.on_control(control, &mut Ctx { node, kernel: &mut self.kernel });
        }
    }

    /// The clock.
    #[must_use]
    pub fn now(&self) -> Time {
        self.kernel.now
    }

    /// Events handled so far.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.kernel.events
    }

    /// Fingerprint of everything delivered so far.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let routes = &self.kernel.routes;
        let node = |i: usize| (routes.key_hash(NodeId(i as u32)), self.kernel.digests[i]);
        combine((0..routes.node_count()).map(node))
    }

    /// Fingerprint of what one node was delivered.
    #[must_use]
    pub fn node_digest(&self, node: NodeId) -> Digest {
        Digest(self.kernel.digests[node.0 as usize])
    }

    /// The frozen topology.
    #[must_use]
    pub fn routes(&self) -> &Routes {
        &self.kernel.routes
    }

    /// A node's model.
    #[must_use]
    pub fn model(&self, node: NodeId) -> &M {
        &self.models[node.0 as usize]
    }

    /// What a node has done.
    #[must_use]
    pub fn node_stats(&self, node: NodeId) -> &NodeStats {
        &self.kernel.nodes[node.0 as usize]
    }

    /// What went over a link.
    #[must_use]
    pub fn link_stats(&self, link: LinkId) -> &LinkStats {
        &self.kernel.links[link.0 as usize]
    }

    /// The whole run.
    #[must_use]
    pub fn totals(&self) -> &Totals {
        &self.kernel.totals
    }

    /// What became of the requests of each class, by the numbers of the classes; there is at least one.
    #[must_use]
    pub fn class_stats(&self) -> &[ClassStats] {
        &self.kernel.classes
    }

    /// Roots that have not ended, over time.
    #[must_use]
    pub fn in_flight(&self) -> &Population {
        &self.kernel.in_flight
    }

    /// The limit the run has met, if any.
    #[must_use]
    pub fn halted(&self) -> Option<&Halt> {
        self.kernel.halt.as_ref()
    }

    /// Sets the limits; a halted run can then go on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.kernel.limits = limits;
        self.kernel.halt = None;
        self.kernel.instant_events = 0;
    }

    /// Starts the statistics anew (the end of a warm-up). Roots born earlier are not counted when they end, so that
    /// conservation holds for what is counted.
    pub fn restart_statistics(&mut self) {
        let busy_ns = self.undecided_ns();
        let kernel = &mut self.kernel;
        for stats in &mut kernel.nodes {
            stats.restart(kernel.now);
        }
        kernel.links.fill(LinkStats::default());
        kernel.classes.fill(ClassStats::default());
        kernel.totals = Totals { busy_ns, ..Totals::default() };
        kernel.in_flight = Population::default();
        let old: Vec<RootId> = self.kernel.roots.iter().map(|(key, _)| key).collect();
        for key in old {
            if let Some(root) = self.kernel.roots.get_mut(key) {
                root.counted = false;
            }
        }
    }

    /// Begins a window for the gauges' window minima and maxima.
    pub fn start_window(&mut self) {
        for gauge in self.kernel.nodes.iter_mut().flat_map(|n| &mut n.gauges) {
            gauge.start_window();
        }
        self.kernel.in_flight.start_window();
    }

    /// Whether somebody still waits for the answer to `call`, all the way up.
    #[must_use]
    pub fn is_waited_for(&self, call: CallId) -> bool {
        waited_for(&self.kernel, call)
    }

    fn undecided_ns(&self) -> u128 {
        let calls = self.kernel.calls.iter().map(|(_, c)| u128::from(c.busy_ns));
        let roots = self.kernel.roots.iter().map(|(_, r)| u128::from(r.busy_ns));
        calls.chain(roots).sum()
    }

    /// Checks the books: `born = answered + failed + in_flight` by counting live roots, `busy = useful + wasted + undecided`
    /// by adding up what live calls carry, and that what the classes counted adds up to the whole.
    ///
    /// # Errors
    /// With both sides of the equation that does not hold.
    pub fn check_books(&self) -> Result<(), String> {
        let t = &self.kernel.totals;
        let live = self.kernel.roots.iter().filter(|(_, r)| r.counted && !r.ended).count() as u64;
        if t.born != t.answered + t.failed + t.in_flight || t.in_flight != live {
            return Err(format!("roots: {t:?}, live {live}"));
        }
        let undecided = self.undecided_ns();
        if t.busy_ns != t.useful_ns + t.wasted_ns + undecided {
            return Err(format!("work: {t:?}, undecided {undecided}"));
        }
        let all = self.kernel.classes.iter();
        let sum = all.fold(Totals::default(), |sum, c| Totals {
            born: sum.born + c.born,
            answered: sum.answered + c.answered,
            goodput: sum.goodput + c.goodput,
            failed: sum.failed + c.failed.total(),
            in_flight: sum.in_flight + c.in_flight(),
            attempts: sum.attempts + c.attempts,
            busy_ns: t.busy_ns,
            useful_ns: sum.useful_ns + c.useful_ns,
            wasted_ns: sum.wasted_ns + c.wasted_ns,
        });
        if sum != *t || self.kernel.in_flight.value() != t.in_flight {
            return Err(format!("classes: {t:?}, together {sum:?}, in flight {}", self.kernel.in_flight.value()));
        }
        Ok(())
    }

    /// A fingerprint of every part of the state, by name: where two runs that should be equal differ, these say in what.
    /// Slow (it writes the whole state out); for tests.
    #[must_use]
    pub fn parts(&self) -> Vec<(String, u64)>
    where
        M: std::fmt::Debug,
        M::Message: std::fmt::Debug,
    {
        fn hash(part: &dyn std::fmt::Debug) -> u64 {
            hash_text(&format!("{part:?}"))
        }
        let k = &self.kernel;
        let mut parts = vec![
            ("clock".to_owned(), k.now.0),
            ("events".to_owned(), k.events),
            ("event list".to_owned(), hash(&k.queue)),
            ("calls".to_owned(), hash(&k.calls)),
            ("roots".to_owned(), hash(&k.roots)),
            ("timers".to_owned(), hash(&k.timers)),
            ("messages".to_owned(), hash(&(&k.posts, &k.free_posts))),
            ("links".to_owned(), hash(&k.links)),
            ("totals".to_owned(), hash(&(&k.totals, &k.in_flight))),
            ("classes".to_owned(), hash(&k.classes)),
        ];
        for (i, model) in self.models.iter().enumerate() {
            let key = k.routes.key(NodeId(i as u32));
            parts.push((format!("node {key}"), hash(model)));
            parts.push((format!("statistics of {key}"), hash(&k.nodes[i])));
            parts.push((format!("digest of {key}"), k.digests[i]));
        }
        parts
    }

    /// About how many bytes the state takes, without what models keep for themselves.
    #[must_use]
    pub fn state_bytes(&self) -> usize {
        let k = &self.kernel;
        let records = k.calls.bytes() + k.roots.bytes() + k.timers.bytes();
        let histograms: usize = k.nodes.iter().map(|n| n.latency.bytes() + size_of::<NodeStats>()).sum();
        let classes: usize = k.classes.iter().map(|c| c.latency.bytes() + size_of::<ClassStats>()).sum();
        records + k.queue.bytes() + histograms + classes
    }

    /// Calls alive.
    #[must_use]
    pub fn live_calls(&self) -> usize {
        self.kernel.calls.len()
    }

    /// Entries in the event list, cancelled ones included.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.kernel.queue.len()
    }
}

fn waited_for<T>(kernel: &Kernel<T>, mut id: CallId) -> bool {
    while let Some(call) = kernel.calls.get(id) {
        if call.abandoned {
            return false;
        }
        if call.parent == Key::NONE {
            return kernel.roots.get(kernel.roots.key_at(call.root)).is_some_and(|r| !r.ended);
        }
        id = call.parent;
    }
    false
}

impl<T: Clone> Kernel<T> {
    /// What a varying latency of a message is drawn by: messages belong to no request, so time stands in for lineage.
    fn queue_ordinal(&self) -> u64 {
        self.now.0
    }
}
