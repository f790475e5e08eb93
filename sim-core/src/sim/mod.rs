//! The run: delivers events in order, keeps the books of calls, roots and work, and stops where it is told.

mod ctx;
mod edit;
mod kernel;
mod limits;
mod line;

pub(crate) use kernel::{Kernel, Node};
pub use limits::{Budget, Halt, Limits, Progress};

use crate::call::{Arrival, Call, CallId, Outcome, Reply, RootId, Stage, outcome_from};
use crate::digest::{Digest, combine};
use crate::model::{Ctx, Model, TimerId};
use crate::outcome::Code;
use crate::probe::{Delivery, Probe};
use crate::queue::{Due, Kind};
use crate::rng::hash_text;
use crate::slab::{Key, Record};
use crate::stats::{CLASSES_MAX, ClassStats, LinkStats, NodeStats, Population, Totals};
use crate::time::Time;
use crate::topology::{LinkId, NodeId, Routes};
use kernel::Observed;
use std::sync::Arc;

/// A run of a system of `M`s. The state is a value: a clone goes on exactly as the original would.
#[derive(Clone, Debug)]
pub struct Simulation<M: Model> {
    places: Vec<Place<M>>,
    kernel: Kernel<M::Message>,
}

/// Which classes of requests there are, and where they are born.
#[derive(Clone, Debug)]
pub struct Classes {
    /// What they are called; their place is their number.
    pub names: Vec<String>,
    /// The numbers of those that are born at each node, in the order of the nodes; where none is given it is number 0.
    pub of_node: Vec<Vec<u8>>,
}

impl Default for Classes {
    fn default() -> Classes {
        Classes { names: vec!["default".to_owned()], of_node: Vec::new() }
    }
}

/// A node with its model: side by side, because every event touches both, and what it touches comes first.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
struct Place<M> {
    node: Node,
    model: M,
}

impl<M: Model> Simulation<M> {
    /// A run at time 0; `models` in the order of the routes' keys.
    ///
    /// # Panics
    /// When there are not as many models as nodes.
    #[must_use]
    pub fn new(routes: Arc<Routes>, models: Vec<M>, seed: u64, limits: Limits) -> Simulation<M> {
        Simulation::with_classes(routes, models, Classes::default(), seed, limits)
    }

    /// As [`Simulation::new`], with classes of requests.
    ///
    /// # Panics
    /// When there are not as many models as nodes; when there is no class, or more than there are numbers for.
    #[must_use]
    pub fn with_classes(
        routes: Arc<Routes>,
        models: Vec<M>,
        classes: Classes,
        seed: u64,
        limits: Limits,
    ) -> Simulation<M> {
        assert_eq!(routes.node_count(), models.len(), "one model for each node");
        assert!((1..=CLASSES_MAX).contains(&classes.names.len()), "as many classes as there are numbers for");
        assert!(models.len() <= crate::topology::NODES_MAX, "no more nodes than there are numbers for");
        let Classes { names, of_node } = classes;
        let mut of_node = of_node.into_iter();
        let place = |(i, model)| {
            let classes = of_node.next().unwrap_or_default();
            debug_assert!(classes.iter().all(|class| usize::from(*class) < names.len()), "every class has a name");
            Place { node: Node::new(&routes, NodeId(i as u32), classes.into(), seed), model }
        };
        let places = models.into_iter().enumerate().map(place).collect();
        let mut simulation = Simulation { places, kernel: Kernel::new(routes, names, seed, limits) };
        for i in 0..simulation.places.len() {
            simulation.with(NodeId(i as u32), |model, cx| model.on_start(cx));
        }
        simulation
    }

    /// Lets a model do something.
    #[inline(always)]
    fn with<R>(&mut self, node: NodeId, act: impl FnOnce(&mut M, &mut Ctx<'_, M>) -> R) -> Option<R> {
        let Place { node: at, model } = self.places.get_mut(node.0 as usize)?;
        Some(act(model, &mut Ctx { node, at, kernel: &mut self.kernel }))
    }

    /// Handles events in order until `budget` is used up; those at `budget.until` itself are left, so that a control at
    /// that time comes first.
    pub fn advance<P: Probe>(&mut self, budget: Budget, probe: &mut P) -> Progress {
        let last = self.kernel.events.saturating_add(budget.events);
        self.kernel.watched = P::ACTIVE;
        // What was done from outside since then.
        if P::ACTIVE {
            self.tell(probe);
        }
        if let Some(stop) = self.has_to_stop().or((self.kernel.events >= last).then_some(Progress::Budget)) {
            return stop;
        }
        if budget.until <= self.kernel.now() {
            return Progress::Reached;
        }
        self.kernel.look_up = 0;
        loop {
            if self.kernel.events >= self.kernel.look_up
                && let Some(stop) = self.look_up(last)
            {
                return stop;
            }
            let Some(due) = self.next(budget.until) else {
                if budget.until < Time::MAX {
                    self.kernel.queue.wait_until(budget.until.0);
                    self.kernel.instant = self.kernel.events;
                }
                return Progress::Reached;
            };
            self.deliver(due, probe);
            if P::ACTIVE {
                self.tell(probe);
            }
        }
    }

    /// What is due next before `until`; the clock goes there.
    #[inline(always)]
    fn next(&mut self, until: Time) -> Option<Due> {
        let Kernel { queue, events, instant, .. } = &mut self.kernel;
        if let Some(due) = queue.pop_at_once() {
            return Some(due);
        }
        if queue.goes_by_heap() {
            let due = queue.pop_heap(until.0)?;
            *instant = *events;
            return Some(due);
        }
        let before = queue.now();
        let due = queue.pop_of_several(until.0);
        if queue.now() != before {
            *instant = *events;
        }
        due
    }

    /// Whether the run has to stop before event number `last`; if not, says how long nobody need ask again. The limit of
    /// events at one instant counts from where the clock has come to since.
    #[cold]
    fn look_up(&mut self, last: u64) -> Option<Progress> {
        if let Some(stop) = self.has_to_stop() {
            return Some(stop);
        }
        let kernel = &mut self.kernel;
        if kernel.events >= last {
            return Some(Progress::Budget);
        }
        let runaway = kernel.instant + kernel.limits.events_per_instant.min(EVENTS_MAX) + 1;
        if kernel.events >= runaway {
            self.too_many_events();
            return self.has_to_stop();
        }
        kernel.look_up = last.min(runaway);
        None
    }

    /// Sees to what an event asked for: the run stops at a limit, and memory is looked at when records have grown.
    #[cold]
    fn has_to_stop(&mut self) -> Option<Progress> {
        if let Some(node) = self.kernel.grown.take() {
            self.look_at_memory(node);
        }
        self.kernel.halt.clone().map(Progress::Halted)
    }

    #[inline(always)]
    fn deliver<P: Probe>(&mut self, due: Due, probe: &mut P) {
        let key = due.key;
        match due.kind {
            Kind::Deliver => self.deliver_call(key, probe),
            Kind::Reply => self.deliver_reply(key, probe),
            Kind::Served => self.deliver_served(key, probe),
            Kind::GiveUp => self.give_up(key, probe),
            Kind::Tick => self.deliver_tick(key, probe),
            Kind::Timer => self.deliver_timer(key, probe),
            Kind::Cancel => self.deliver_cancel(key, probe),
            Kind::Message => self.deliver_message(key.index(), probe),
        }
    }

    /// Stops a run that takes too much memory.
    #[cold]
    fn look_at_memory(&mut self, node: NodeId) {
        let models: usize = self.places.iter().map(|place| place.model.heap_bytes()).sum();
        let (bytes, limit) = (self.kernel.bytes() + models, self.kernel.limits.memory_bytes);
        if bytes > limit && self.kernel.halt.is_none() {
            let (time, node) = (self.kernel.now(), self.kernel.routes.key(node).to_owned());
            self.kernel.halt = Some(Halt::Memory { time, node, bytes, limit });
        }
    }

    /// Tells the probe what the event that was just delivered has led to.
    fn tell<P: Probe>(&mut self, probe: &mut P) {
        for (time, observed) in self.kernel.observed.drain(..) {
            match observed {
                Observed::Worked(node, call, length) => probe.worked(time, node, call, length),
                Observed::Ended(root, outcome) => probe.root_ended(time, root, outcome),
            }
        }
    }

    /// Stops a loop without delay: more events at this instant than the limit.
    #[cold]
    fn too_many_events(&mut self) {
        let (time, limit) = (self.kernel.now(), self.kernel.limits.events_per_instant);
        let node = self.kernel.routes.key(self.kernel.last).to_owned();
        self.kernel.halt = Some(Halt::EventsPerInstant { time, node, limit });
    }

    #[inline(always)]
    fn deliver_call<P: Probe>(&mut self, id: CallId, probe: &mut P) {
        let kernel = &mut self.kernel;
        let now = kernel.now();
        let Some(record) = kernel.calls.get_mut(id) else { return };
        record.stage = Stage::AtCallee;
        let sent = std::mem::replace(&mut record.since, now);
        let call = *record;
        let node = call.at;
        let Some(Place { node: at, model }) = self.places.get_mut(node.0 as usize) else { return };
        let payload = u64::from(call.replica) << 16 | u64::from(call.attempt);
        let about = about(id, kernel.roots.key_at(call.root), call, sent);
        kernel.note(at, (node, Delivery::Call), call.lineage, payload, about, probe);
        at.stats.offered += 1;
        // A branch, because it is nearly always the same.
        if !call.by_retry() {
            at.stats.offered_first += 1;
        }
        if call.depth >= kernel.limits.depth {
            kernel.reply(at, id, Err(edit::why_refused(kernel, node)));
        } else {
            let arrival = Arrival { call: id, lineage: call.lineage, replica: call.replica() };
            model.on_arrival(arrival, &mut Ctx { node, at, kernel });
        }
    }

    #[inline(always)]
    fn deliver_reply<P: Probe>(&mut self, id: CallId, probe: &mut P) {
        let kernel = &mut self.kernel;
        // What of it is read is read word by word, as it was written: see docs/ARCHITECTURE.md. It goes before its caller
        // hears of it.
        let Some(place) = kernel.calls.occupied(id) else { return };
        let call = *place.record;
        if call.outcome != 0 || call.abandoned() {
            return self.deliver_error(id, probe);
        }
        place.remove();
        let Some(root) = kernel.roots.at_mut(call.root) else { return };
        let key = Key::new(call.root, root.generation());
        // Whoever sent it takes over the work that was done for it, if it still waits.
        let waits = if call.parent.is_none() {
            (!root.ended).then_some(&mut root.busy_ns)
        } else {
            let parent = kernel.calls.get_mut(call.parent).filter(|parent| parent.stage == Stage::AtCallee);
            parent.map(|parent| &mut parent.busy_ns)
        };
        let Some(busy_ns) = waits else {
            kernel.calls.put_back(id, call.root);
            return self.drop_late(id, probe);
        };
        *busy_ns += call.busy_ns;
        // The root stays, because it has not ended.
        root.calls -= 1;
        let wire = &mut kernel.wires[call.link.0 as usize];
        let node = wire.from;
        wire.stats.ok += 1;
        let Some(Place { node: at, model }) = self.places.get_mut(node.0 as usize) else { return };
        let about = about(id, key, call, call.since);
        kernel.note(at, (node, Delivery::Answer), call.lineage, 0, about, probe);
        model.on_answer(|| reply_view(key, &call, Ok(())), &mut Ctx { node, at, kernel });
    }

    /// An answer that is an error, or that comes too late.
    #[inline(never)]
    fn deliver_error<P: Probe>(&mut self, id: CallId, probe: &mut P) {
        let kernel = &mut self.kernel;
        let Some(&call) = kernel.calls.get(id) else { return };
        let Err(code) = outcome_from(call.outcome) else { return self.drop_late(id, probe) };
        if call.abandoned() || !kernel.parent_waits(&call) {
            return self.drop_late(id, probe);
        }
        match kernel.calls.get_mut(call.parent) {
            Some(parent) => parent.busy_ns += call.busy_ns,
            None => {
                if let Some(root) = kernel.roots.at_mut(call.root) {
                    root.busy_ns += call.busy_ns;
                }
            }
        }
        let Some(root) = kernel.roots.at_mut(call.root) else { return };
        root.calls -= 1;
        let key = Key::new(call.root, root.generation());
        kernel.calls.remove(id);
        let wire = &mut kernel.wires[call.link.0 as usize];
        wire.stats.errors += 1;
        let node = wire.from;
        let Some(Place { node: at, model }) = self.places.get_mut(node.0 as usize) else { return };
        let about = about(id, key, call, call.since);
        at.stats.caller_errors.add(code);
        kernel.note(at, (node, Delivery::Error(code)), call.lineage, 0, about, probe);
        model.on_reply(reply_view(key, &call, Err(code)), &mut Ctx { node, at, kernel });
    }

    /// An answer that nobody waits for: its work served nobody, and its root may have ended long since.
    #[inline(never)]
    fn drop_late<P: Probe>(&mut self, id: CallId, probe: &mut P) {
        let kernel = &mut self.kernel;
        let Some(call) = kernel.calls.remove(id) else { return };
        let settled = kernel.roots.settle(call.root, |key, root| {
            root.calls -= 1;
            ((key, root.class), root.goes(&mut kernel.traits))
        });
        let Some((root, class)) = settled else { return };
        let wire = &mut kernel.wires[call.link.0 as usize];
        wire.stats.late += 1;
        let node = wire.from;
        kernel.classes[class as usize].wasted_ns += u128::from(call.busy_ns);
        let Some(Place { node: at, .. }) = self.places.get_mut(node.0 as usize) else { return };
        at.stats.late += 1;
        let about = about(id, root, call, call.since);
        kernel.note(at, (node, Delivery::Late), call.lineage, u64::from(call.outcome), about, probe);
    }

    #[inline(always)]
    fn deliver_served<P: Probe>(&mut self, id: CallId, probe: &mut P) {
        let kernel = &mut self.kernel;
        let Some(&call) = kernel.calls.get(id).filter(|c| c.stage == Stage::AtCallee) else { return };
        let Some(Place { node: at, model }) = self.places.get_mut(call.at.0 as usize) else { return };
        let about = about(id, kernel.roots.key_at(call.root), call, kernel.now());
        kernel.note(at, (call.at, Delivery::Served), call.lineage, 0, about, probe);
        model.on_served(id, call.callee_tag, &mut Ctx { node: call.at, at, kernel });
    }

    #[inline(never)]
    fn give_up<P: Probe>(&mut self, id: CallId, probe: &mut P) {
        let kernel = &mut self.kernel;
        kernel.queue.sweep(Kind::GiveUp, |call| kernel.calls.get(call).is_none());
        let Some(&call) = kernel.calls.get(id) else { return };
        if call.abandoned() || !kernel.parent_waits(&call) {
            return;
        }
        if let Some(record) = kernel.calls.get_mut(id) {
            record.abandon();
        }
        let wire = &mut kernel.wires[call.link.0 as usize];
        wire.stats.timeouts += 1;
        let node = wire.from;
        let Some(Place { node: at, model }) = self.places.get_mut(node.0 as usize) else { return };
        let mark = if call.stage == Stage::Outbound { call.since } else { kernel.now() };
        let about = about(id, kernel.roots.key_at(call.root), call, mark);
        kernel.note(at, (node, Delivery::GiveUp), call.lineage, u64::from(call.attempt), about, probe);
        at.stats.caller_errors.add(Code::Timeout);
        if call.cancel() && call.stage != Stage::Returning {
            kernel.send(call.link, call.lineage, false, Kind::Cancel, id);
        }
        let reply = reply_view(kernel.roots.key_at(call.root), &call, Err(Code::Timeout));
        model.on_reply(reply, &mut Ctx { node, at, kernel });
    }

    #[inline(always)]
    fn deliver_tick<P: Probe>(&mut self, key: Key, probe: &mut P) {
        let (node, kernel) = (NodeId(key.index()), &mut self.kernel);
        let Some(Place { node: at, model }) = self.places.get_mut(key.index() as usize) else { return };
        if at.tick == key.generation() {
            kernel.note(at, (node, Delivery::Timer), TICK, 0, |event| event, probe);
            model.on_tick(&mut Ctx { node, at, kernel });
        }
    }

    fn deliver_timer<P: Probe>(&mut self, id: TimerId, probe: &mut P) {
        let kernel = &mut self.kernel;
        let Some(slot) = kernel.timers.remove(id) else { return };
        let Some(Place { node: at, model }) = self.places.get_mut(slot.node.0 as usize) else { return };
        kernel.note(at, (slot.node, Delivery::Timer), slot.tag, 0, |event| event, probe);
        model.on_timer(id, slot.tag, &mut Ctx { node: slot.node, at, kernel });
    }

    #[inline(never)]
    fn deliver_cancel<P: Probe>(&mut self, id: CallId, probe: &mut P) {
        let kernel = &mut self.kernel;
        let Some(&call) = kernel.calls.get(id).filter(|c| c.stage == Stage::AtCallee) else { return };
        let Some(Place { node: at, model }) = self.places.get_mut(call.at.0 as usize) else { return };
        let about = about(id, kernel.roots.key_at(call.root), call, kernel.now());
        kernel.note(at, (call.at, Delivery::Cancel), call.lineage, u64::from(call.attempt), about, probe);
        model.on_cancel(id, &mut Ctx { node: call.at, at, kernel });
    }

    #[inline(never)]
    fn deliver_message<P: Probe>(&mut self, index: u32, probe: &mut P) {
        let kernel = &mut self.kernel;
        let Some(post) = kernel.posts.get_mut(index as usize) else { return };
        let (link, upstream, message) = (post.link, post.upstream, post.message.take());
        let Some(message) = message else { return };
        kernel.free_posts.push(index);
        let route = &kernel.routes.links()[link.0 as usize];
        if route.removed {
            // So is everything to a node that was removed.
            return;
        }
        let node = if upstream { route.from } else { route.to };
        let lineage = route.key_hash;
        let Some(Place { node: at, model }) = self.places.get_mut(node.0 as usize) else { return };
        let about = |event| crate::probe::Event { link, ..event };
        kernel.note(at, (node, Delivery::Message), lineage, u64::from(upstream), about, probe);
        model.on_message(link, message, &mut Ctx { node, at, kernel });
    }

    /// Does something to a node from outside, now: before every event at this time that has not been handled.
    pub fn control(&mut self, node: NodeId, control: &M::Control) {
        self.with(node, |model, cx| model.on_control(control, cx));
    }

    /// The clock.
    #[must_use]
    pub fn now(&self) -> Time {
        self.kernel.now()
    }

    /// Events handled so far.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.kernel.events
    }

    /// Fingerprint of everything delivered so far.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let nodes = self.kernel.routes.in_order().map(|node| &self.places[node.0 as usize].node);
        combine(nodes.map(|node| (node.key_hash, node.digest)))
    }

    /// Fingerprint of what one node was delivered.
    #[must_use]
    pub fn node_digest(&self, node: NodeId) -> Digest {
        Digest(self.places[node.0 as usize].node.digest)
    }

    /// The frozen topology.
    #[must_use]
    pub fn routes(&self) -> &Routes {
        &self.kernel.routes
    }

    /// A node's model.
    #[must_use]
    pub fn model(&self, node: NodeId) -> &M {
        &self.places[node.0 as usize].model
    }

    /// What a node has done.
    #[must_use]
    pub fn node_stats(&self, node: NodeId) -> &NodeStats {
        &self.places[node.0 as usize].node.stats
    }

    /// What went over a link.
    #[must_use]
    pub fn link_stats(&self, link: LinkId) -> &LinkStats {
        &self.kernel.wires[link.0 as usize].stats
    }

    /// The whole run.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.kernel.totals()
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
        (self.kernel.look_at_calls, self.kernel.look_at_timers) = (0, 0);
        self.kernel.instant = self.kernel.events;
    }

    /// Starts the statistics anew (the end of a warm-up). Roots born earlier are not counted when they end, so that
    /// conservation holds for what is counted.
    pub fn restart_statistics(&mut self) {
        let busy_ns = self.undecided_ns();
        let kernel = &mut self.kernel;
        let now = kernel.now();
        self.places.iter_mut().for_each(|place| place.node.stats.restart(now));
        kernel.wires.iter_mut().for_each(|wire| wire.stats = LinkStats::default());
        kernel.busy_ns = busy_ns;
        kernel.classes.fill(ClassStats::default());
        (kernel.in_flight, kernel.failed_ns) = (Population::default(), 0);
        kernel.roots.iter_mut().for_each(|root| root.counted = false);
    }

    /// Begins a window for the gauges' window minima and maxima.
    pub fn start_window(&mut self) {
        for gauge in self.places.iter_mut().flat_map(|p| p.node.stats.gauges.iter_mut()) {
            gauge.start_window();
        }
        self.kernel.in_flight.start_window();
    }

    /// Whether somebody still waits for the answer to `call`, all the way up.
    #[must_use]
    pub fn is_waited_for(&self, call: CallId) -> bool {
        self.kernel.waited_for(call)
    }

    fn undecided_ns(&self) -> u128 {
        let calls = self.kernel.calls.iter().map(|(_, c)| u128::from(c.busy_ns));
        let roots = self.kernel.roots.iter().map(|(_, r)| u128::from(r.busy_ns));
        calls.chain(roots).sum()
    }

    /// Checks the books: `born = answered + failed + in_flight` for each class by counting live roots, that what is said of
    /// roots goes with them,
    /// `busy = useful + wasted + undecided` by adding up what live calls carry, and Little's law, L·T = Σ W, by comparing how
    /// many roots there were over time with how long each of them was there.
    ///
    /// # Errors
    /// With both sides of the equation that does not hold.
    pub fn check_books(&self) -> Result<(), String> {
        let k = &self.kernel;
        let t = k.totals();
        let live = || k.roots.iter().map(|(_, root)| root).filter(|root| root.counted && !root.ended);
        let mut of_class = vec![0; k.classes.len()];
        live().for_each(|root| of_class[root.class as usize] += 1);
        if let Some((class, live)) = k.classes.iter().zip(of_class).find(|(class, live)| class.in_flight() != *live) {
            return Err(format!("roots: {class:?}, live {live}"));
        }
        if t.in_flight != k.in_flight.value() {
            return Err(format!("roots: {t:?}, in flight {}", k.in_flight.value()));
        }
        let described = k.roots.iter().filter(|(_, root)| root.is_described()).count();
        if described != k.traits.len() {
            return Err(format!("traits: of {} roots, {described} live roots have any", k.traits.len()));
        }
        let undecided = self.undecided_ns();
        if t.busy_ns != t.useful_ns + t.wasted_ns + undecided {
            return Err(format!("work: {t:?}, undecided {undecided}"));
        }
        let now = self.now();
        let answered: u128 = k.classes.iter().map(|class| class.latency.sum()).sum();
        let ages: u128 = live().map(|root| u128::from(now.since(root.born).0)).sum();
        let (sojourns, area) = (answered + k.failed_ns + ages, k.in_flight.integral(now));
        if area != sojourns {
            return Err(format!("Little's law: {area} roots times ns over time, {sojourns} ns in all sojourns"));
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
            ("clock".to_owned(), k.now().0),
            ("events".to_owned(), k.events),
            ("event list".to_owned(), hash(&k.queue)),
            ("calls".to_owned(), hash(&k.calls)),
            ("roots".to_owned(), hash(&k.roots)),
            ("traits".to_owned(), hash(&k.traits)),
            ("timers".to_owned(), hash(&k.timers)),
            ("messages".to_owned(), hash(&(&k.posts, &k.free_posts))),
            ("routes".to_owned(), hash(&k.routes)),
            ("links".to_owned(), hash(&(&k.wires, &k.lines))),
            ("totals".to_owned(), hash(&(k.busy_ns, &k.in_flight, k.failed_ns))),
            ("classes".to_owned(), hash(&k.classes)),
        ];
        for (i, Place { node, model }) in self.places.iter().enumerate() {
            let key = k.routes.key(NodeId(i as u32));
            parts.push((format!("node {key}"), hash(model)));
            parts.push((format!("statistics of {key}"), hash(&node.stats)));
            parts.push((format!("digest of {key}"), node.digest));
        }
        parts
    }

    /// About how many bytes the state takes, what models keep for themselves included.
    #[must_use]
    pub fn state_bytes(&self) -> usize {
        let statistics = |stats: &NodeStats| stats.latency.bytes() + stats.gauges.bytes();
        let place = |p: &Place<M>| statistics(&p.node.stats) + size_of::<Place<M>>() + p.model.heap_bytes();
        let places: usize = self.places.iter().map(place).sum();
        let classes: usize = self.kernel.classes.iter().map(|c| c.latency.bytes() + size_of::<ClassStats>()).sum();
        self.kernel.bytes() + places + classes
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.kernel.limits
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

/// More events than any run has: limits above it count as this, so that sums of the two stay in their word.
const EVENTS_MAX: u64 = 1 << 62;

/// What stands for the lineage of a tick in digests.
const TICK: u64 = 0x7469_636b;

/// What a probe is told of a call.
#[inline(always)]
fn about(id: CallId, root: RootId, call: Call, mark: Time) -> impl FnOnce(crate::probe::Event) -> crate::probe::Event {
    move |event| {
        let (parent, link, attempt, replica) = (call.parent, call.link, call.attempt, call.replica());
        crate::probe::Event { call: id, root, parent, link, attempt, replica, mark, ..event }
    }
}

#[inline(always)]
fn reply_view(root: RootId, call: &Call, outcome: Outcome) -> Reply {
    Reply {
        link: call.link,
        root,
        parent: call.parent,
        lineage: call.lineage,
        tag: call.caller_tag,
        attempt: call.attempt,
        replica: call.replica(),
        outcome,
    }
}
