//! What a model can do: the one door between a component and the engine.

use super::kernel::{Observed, Post, TimerSlot};
use super::*;
use crate::call::{Birth, CallSpec, Client, Patience, Probing, Root, Traits};
use crate::dist::Dist;
use crate::link::ClassSet;
use crate::rng::{Draws, SpareStream, Stream, arrival_stream, mix};
use crate::time::Duration;
use crate::topology::PortId;

impl<M: Model> Ctx<'_, M> {
    /// The clock.
    #[inline]
    #[must_use]
    pub fn now(&self) -> Time {
        self.kernel.now()
    }

    /// The links that leave a port of this node, sorted by callee.
    #[must_use]
    pub fn links(&self, port: PortId) -> Vec<LinkId> {
        self.kernel.routes.outgoing(self.node, port).collect()
    }

    /// The key of the node at the other end of an outgoing link, hashed.
    #[must_use]
    pub fn callee_hash(&self, link: LinkId) -> u64 {
        self.kernel.routes.key_hash(self.kernel.routes.links()[link.0 as usize].to)
    }

    /// The key of the node at the other end of an outgoing link.
    #[must_use]
    pub fn callee_key(&self, link: LinkId) -> &str {
        self.kernel.routes.key(self.kernel.routes.links()[link.0 as usize].to)
    }

    /// Share of an outgoing link among those of its port.
    #[must_use]
    pub fn link_weight(&self, link: LinkId) -> f64 {
        self.kernel.routes.links()[link.0 as usize].spec.weight
    }

    /// How long a message takes over an outgoing link, one way, when nothing is lost.
    #[must_use]
    pub fn link_latency(&self, link: LinkId) -> &Dist {
        &self.kernel.routes.links()[link.0 as usize].spec.latency
    }

    /// Whether an outgoing link is for requests of every class.
    #[must_use]
    pub fn link_takes_all(&self, link: LinkId) -> bool {
        self.kernel.routes.links()[link.0 as usize].spec.classes == ClassSet::ALL
    }

    /// Whether both ends of an outgoing link are in the same zone.
    #[must_use]
    pub fn link_is_near(&self, link: LinkId) -> bool {
        self.kernel.routes.links()[link.0 as usize].spec.near
    }

    /// Whether an outgoing link has not been removed.
    #[must_use]
    pub fn link_is_there(&self, link: LinkId) -> bool {
        !self.kernel.routes.links()[link.0 as usize].removed
    }

    /// Whether an outgoing link is for requests of this class.
    #[must_use]
    pub fn link_takes(&self, link: LinkId, class: u8) -> bool {
        self.kernel.routes.links()[link.0 as usize].spec.classes.has(class)
    }

    /// Draws for a call: a function of seed, this node, `purpose` and `lineage` alone.
    #[inline]
    #[must_use]
    pub fn draws(&self, purpose: u64, lineage: u64) -> Draws {
        Draws::new(self.at.seed ^ purpose, lineage)
    }

    /// The sequential stream of exogenous arrivals for `purpose`.
    #[must_use]
    pub fn arrivals(&self, purpose: u64) -> Stream {
        arrival_stream(mix(self.at.seed, purpose))
    }

    /// As [`Ctx::arrivals`], for what may never be drawn.
    #[must_use]
    pub fn spare_arrivals(&self, purpose: u64) -> SpareStream {
        SpareStream::new(mix(self.at.seed, purpose))
    }

    /// A lineage for the `n`-th root of this node, and for the `n`-th attempt, step or branch of something (`lineage`).
    /// Number 0 of an existing lineage is that lineage itself.
    #[inline]
    #[must_use]
    pub fn branch(&self, lineage: u64, n: u64) -> u64 {
        if n == 0 { lineage } else { mix(lineage, self.at.key_hash ^ n) }
    }

    /// The lineage of the root that this node bears as number `ordinal`.
    #[inline]
    #[must_use]
    pub fn root_lineage(&self, ordinal: u64) -> u64 {
        mix(self.at.key_hash, ordinal)
    }

    /// Which of so many clients sends the root of this lineage, if that is not said: all are equally likely.
    #[must_use]
    pub fn one_of(&self, population: u32, lineage: u64) -> u32 {
        crate::call::one_of(population, lineage, self.kernel.seed)
    }

    /// A new root, sent by `client`; `ordinal` is its place among the arrivals of this node.
    #[inline]
    pub fn birth(&mut self, ordinal: u64, client: u32) -> RootId {
        self.birth_of(Birth { ordinal, client: Client::Known(client), priority: 0, work: 1.0, class: 0 })
    }

    /// As [`Ctx::birth`], with all that can be said of a root.
    #[inline]
    pub fn birth_of(&mut self, birth: Birth) -> RootId {
        self.kernel.birth(self.at, self.node, birth)
    }

    /// As [`Ctx::birth_of`], and the first attempt is sent over one of this node's outgoing links.
    #[inline(always)]
    pub fn first_attempt(&mut self, birth: Birth, link: LinkId, patience: Patience) -> RootId {
        debug_assert_eq!(self.kernel.routes.links()[link.0 as usize].from, self.node, "the link leaves this node");
        self.kernel.first_attempt(self.at, self.node, birth, link, patience)
    }

    /// Says more of a root of this node that has not ended: from now on everybody can know it.
    pub fn describe(&mut self, id: RootId, traits: Traits) {
        if let Some(root) = self.kernel.roots.get_mut(id).filter(|root| !root.ended) {
            root.describe(traits, &mut self.kernel.traits);
        }
    }

    /// What has been said of a root.
    #[must_use]
    pub fn traits(&self, id: RootId) -> Option<&Traits> {
        self.kernel.roots.get(id)?.traits(&self.kernel.traits)
    }

    /// What has been said of a root of this node, to say something else.
    #[must_use]
    pub fn traits_mut(&mut self, id: RootId) -> Option<&mut Traits> {
        self.kernel.roots.get(id)?.traits_mut(&mut self.kernel.traits)
    }

    /// What has been said of the root of a call.
    fn traits_of(&self, call: CallId) -> Option<&Traits> {
        self.origin(call)?.1.traits(&self.kernel.traits)
    }

    /// Sends a call of this node's own, to see what comes back: a health check. It is work like any other for whoever gets it,
    /// and no request: it is not among those that are born, answered and failed. Its answer comes as a [`Reply`](crate::Reply)
    /// without a parent and with this `tag`; then [`Ctx::end_probe`] has to be called. `ordinal` is its place among the probes
    /// of this node.
    pub fn probe(&mut self, link: LinkId, replica: u32, probe: Probing) {
        let birth = Birth { ordinal: probe.ordinal, client: Client::Known(0), class: 0, priority: 0, work: probe.work };
        let root = self.kernel.probe(self.at, self.node, birth);
        let lineage = self.root(root).map_or(0, |r| r.lineage);
        let spec = CallSpec {
            root,
            parent: None,
            lineage,
            attempt: 0,
            replica,
            tag: probe.tag,
            timeout: Some(probe.timeout),
            cancel: true,
        };
        self.call(link, spec);
    }

    /// A probe has been answered, or given up.
    pub fn end_probe(&mut self, reply: &Reply) {
        self.kernel.end_root(self.at, reply.root, reply.outcome, |_| false);
    }

    /// The client that sent the root of a call.
    #[must_use]
    pub fn client_of(&self, call: CallId) -> u32 {
        self.origin(call).map_or(0, |(_, root)| root.client(&self.kernel.traits, self.kernel.seed))
    }

    /// The number of the connection that the root of a call came over: no other connection of the run has it. A root of
    /// which nothing is said came over one of its own.
    #[must_use]
    pub fn connection_of(&self, call: CallId) -> u64 {
        let own = || self.origin(call).map_or(0, |(_, root)| root.lineage);
        self.traits_of(call).map_or_else(own, |traits| traits.connection)
    }

    /// Whether the root of a call has opened the connection that it came over, which then has to be set up.
    #[must_use]
    pub fn opens_connection(&self, call: CallId) -> bool {
        self.traits_of(call).is_none_or(|traits| traits.opens)
    }

    /// The token of the session that the root of a call belongs to.
    #[must_use]
    pub fn session_of(&self, call: CallId) -> Option<u64> {
        self.traits_of(call)?.session
    }

    /// What the root of a call is about: an article, a user, a row.
    #[must_use]
    pub fn key_of(&self, call: CallId) -> Option<u64> {
        self.traits_of(call)?.key
    }

    /// Size of what is transferred for the root of a call, in bytes; 0 when nothing is said of it.
    #[must_use]
    pub fn bytes_of(&self, call: CallId) -> u64 {
        self.traits_of(call).map_or(0, |traits| traits.bytes)
    }

    /// From when on the answer to the root of a call is of no use to anybody; [`Time::MAX`] is never.
    #[must_use]
    pub fn deadline_of(&self, call: CallId) -> Time {
        self.traits_of(call).map_or(Time::MAX, |traits| traits.deadline)
    }

    /// The service demand of the root of a call, where it is given and not drawn.
    #[inline]
    #[must_use]
    pub fn demand_of(&self, call: CallId) -> Option<Duration> {
        self.traits_of(call)?.demand
    }

    /// The number of the class of the root of a call.
    #[must_use]
    pub fn class_of(&self, call: CallId) -> u8 {
        self.origin(call).map_or(0, |(_, root)| root.class)
    }

    /// What a class of requests is called: a path where it begins with `/`.
    #[must_use]
    pub fn class_name(&self, class: u8) -> &str {
        self.kernel.class_names.get(usize::from(class)).map_or("", String::as_str)
    }

    /// How many classes of requests there are.
    #[must_use]
    pub fn class_count(&self) -> usize {
        self.kernel.class_names.len()
    }

    /// A root that has not ended, or whose calls still run.
    #[must_use]
    #[inline]
    pub fn root(&self, id: RootId) -> Option<&Root> {
        self.kernel.roots.get(id)
    }

    /// A root of this node ends: once, answered or failed. `in_time` says whether the answer is good for its SLO.
    #[inline]
    pub fn end_root(&mut self, id: RootId, outcome: Outcome, in_time: bool) {
        self.kernel.end_root(self.at, id, outcome, |_| in_time);
    }

    /// As [`Ctx::end_root`]; the answer is good when the root is no older than `slo`. Tells which client had sent it, if that
    /// was said at its birth.
    #[inline]
    pub fn end_root_within(&mut self, id: RootId, outcome: Outcome, slo: Duration) -> Option<u32> {
        self.kernel.end_root(self.at, id, outcome, |age| age <= slo)
    }

    /// Sends a call over one of this node's outgoing links.
    #[inline(always)]
    pub fn call(&mut self, link: LinkId, spec: CallSpec) -> CallId {
        debug_assert_eq!(self.kernel.routes.links()[link.0 as usize].from, self.node, "the link leaves this node");
        self.kernel.call(self.at, link, &spec)
    }

    /// Passes an arrived call on, transparently: same root, same lineage. The [tag](Ctx::tag) of the arrived call becomes the
    /// index of the new one, from which [`Ctx::call_at`] tells it.
    #[inline(always)]
    pub fn forward(&mut self, call: CallId, link: LinkId, replica: u32, tag: u32) -> Option<CallId> {
        debug_assert_eq!(self.kernel.routes.links()[link.0 as usize].from, self.node, "the link leaves this node");
        self.kernel.forward(self.at, call, link, replica, tag)
    }

    /// As [`Ctx::origin`], and gives the call a number as [`Ctx::set_tag`] does.
    #[inline(always)]
    #[must_use]
    pub fn take_up(&mut self, call: CallId, tag: u32) -> Option<(&Call, &Root)> {
        let record = self.kernel.calls.get_mut(call)?;
        record.callee_tag = tag;
        Some((record, self.kernel.roots.at(record.root)?))
    }

    /// A live call and the root that it is done for.
    #[inline]
    #[must_use]
    pub fn origin(&self, call: CallId) -> Option<(&Call, &Root)> {
        let record = self.kernel.calls.get(call)?;
        Some((record, self.kernel.roots.at(record.root)?))
    }

    /// The root at an index that a node kept while it knows that the root has not ended.
    #[must_use]
    pub fn root_at(&self, index: u32) -> RootId {
        self.kernel.roots.key_at(index)
    }

    /// The call at an index that a node kept while it knows that the call has not ended.
    #[must_use]
    pub fn call_at(&self, index: u32) -> CallId {
        self.kernel.calls.key_at(index)
    }

    /// A live call.
    #[inline]
    #[must_use]
    pub fn get(&self, call: CallId) -> Option<&Call> {
        self.kernel.calls.get(call)
    }

    /// The number this node gave an arrived call with [`Ctx::set_tag`]; `u32::MAX` before.
    #[inline]
    #[must_use]
    pub fn tag(&self, call: CallId) -> u32 {
        self.kernel.calls.get(call).map_or(u32::MAX, |c| c.callee_tag)
    }

    /// Gives an arrived call a number for this node's own use.
    #[inline]
    pub fn set_tag(&mut self, call: CallId, tag: u32) {
        if let Some(record) = self.kernel.calls.get_mut(call) {
            record.callee_tag = tag;
        }
    }

    /// Whether somebody still waits for the answer, all the way up.
    #[must_use]
    pub fn is_waited_for(&self, call: CallId) -> bool {
        self.kernel.waited_for(call)
    }

    /// Answers an arrived call.
    #[inline(always)]
    pub fn reply(&mut self, call: CallId, outcome: Outcome) {
        self.kernel.reply(self.at, call, outcome);
    }

    /// As [`Ctx::work`] and then [`Ctx::reply`].
    #[inline(always)]
    pub fn complete(&mut self, call: CallId, worked: Duration, outcome: Outcome) {
        if self.kernel.watched {
            self.kernel.observed.push((self.kernel.now(), Observed::Worked(self.node, call, worked)));
        }
        self.kernel.complete(self.at, call, worked, outcome);
    }

    /// Hands an arrived call on to the node at the end of one of this node's outgoing links, for good: that node answers
    /// the origin, and this one is done with it. What is drawn there is keyed by `lineage`.
    pub fn hand_on(&mut self, call: CallId, link: LinkId, lineage: u64) {
        let kernel = &mut *self.kernel;
        let now = kernel.now();
        let to = kernel.wires[link.0 as usize].to;
        let Some(record) = kernel.calls.get_mut(call).filter(|c| c.stage == Stage::AtCallee) else { return };
        self.at.stats.answered += 1;
        self.at.stats.latency.record(now.since(record.since));
        record.hand_on(to, lineage, now);
        let stats = &mut kernel.wires[link.0 as usize].stats;
        *(if record.by_retry() { &mut stats.calls_retry } else { &mut stats.calls_first }) += 1;
        kernel.send(link, lineage, false, Kind::Deliver, call);
    }

    /// The root that an arrived call is done for.
    #[inline]
    #[must_use]
    pub fn root_of(&self, call: CallId) -> RootId {
        self.kernel.calls.get(call).map_or(Key::NONE, |c| self.kernel.roots.key_at(c.root))
    }

    /// Ends an arrived call without an answer, after its caller has given up; its work is wasted.
    pub fn forget(&mut self, call: CallId) {
        if self.kernel.calls.get(call).is_some_and(|c| c.stage == Stage::AtCallee) {
            self.kernel.waste(call);
            self.kernel.free(call);
        }
    }

    /// Gives up a call of this node that has not ended, without a word; the callee hears of it if the call says so.
    pub fn abandon(&mut self, call: CallId) {
        let kernel = &mut *self.kernel;
        let Some(record) = kernel.calls.get_mut(call).filter(|c| !c.abandoned()) else { return };
        record.abandon();
        let (link, lineage, tell) = (record.link, record.lineage, record.cancel() && record.stage != Stage::Returning);
        if tell {
            kernel.send(link, lineage, false, Kind::Cancel, call);
        }
    }

    /// Everything done so far for a call that is killed: it served nobody.
    pub fn waste(&mut self, call: CallId) {
        self.kernel.waste(call);
    }

    /// Books work done for an arrived call.
    #[inline(always)]
    pub fn work(&mut self, call: CallId, length: Duration) {
        let kernel = &mut *self.kernel;
        if let Some(record) = kernel.calls.get_mut(call) {
            record.busy_ns += length.0;
            kernel.busy_ns += u128::from(length.0);
            self.at.stats.busy_ns += u128::from(length.0);
            if kernel.watched {
                kernel.observed.push((kernel.now(), Observed::Worked(self.node, call, length)));
            }
        }
    }

    /// Serves an arrived call for so long: then comes [`Model::on_served`], unless the call has been answered or forgotten by
    /// then. That takes no timer and no cancelling. A call is served once at a time, and not handed on meanwhile: it would
    /// be the next node that hears of the end.
    #[inline]
    pub fn serve(&mut self, call: CallId, length: Duration) {
        self.kernel.queue.push(length.0, Kind::Served, call);
    }

    /// Sets the one time that a node can set for itself without a timer: then comes [`Model::on_tick`]. A tick that was set
    /// before is called off.
    #[inline]
    pub fn tick(&mut self, delay: Duration) {
        self.at.tick = self.at.tick.wrapping_add(2);
        self.kernel.queue.push(delay.0, Kind::Tick, Key::new(self.node.0, self.at.tick));
    }

    /// Calls off the tick that was set.
    pub fn cancel_tick(&mut self) {
        self.at.tick = self.at.tick.wrapping_add(2);
    }

    /// Sets a timer; `tag` comes back with it.
    #[inline]
    pub fn timer(&mut self, delay: Duration, tag: u64) -> TimerId {
        let id = self.kernel.timers.insert(TimerSlot::new(self.node, tag));
        self.kernel.queue.push(delay.0, Kind::Timer, id);
        if self.kernel.timers.places() >= self.kernel.look_at_timers {
            self.kernel.look_at_size(self.node);
        }
        id
    }

    /// Cancels a timer; false when it has fired or was cancelled.
    #[inline]
    pub fn cancel(&mut self, timer: TimerId) -> bool {
        self.kernel.timers.remove(timer).is_some()
    }

    /// Sends a message over a link to the node at its other end; it takes the link's latency.
    pub fn message(&mut self, link: LinkId, message: M::Message) {
        let kernel = &mut *self.kernel;
        let upstream = kernel.routes.links()[link.0 as usize].to == self.node;
        let post = Post { link, upstream, message: Some(message) };
        let index = match kernel.free_posts.pop() {
            Some(index) => {
                kernel.posts[index as usize] = post;
                index
            }
            None => {
                kernel.posts.push(post);
                kernel.posts.len() as u32 - 1
            }
        };
        let lineage = kernel.message_lineage();
        kernel.send(link, lineage, upstream, Kind::Message, Key::new(index, 1));
    }

    /// Sends a message to everyone who calls this node.
    pub fn tell_callers(&mut self, message: &M::Message) {
        for i in 0..self.kernel.routes.incoming(self.node).len() {
            let link = self.kernel.routes.incoming(self.node)[i];
            self.message(link, message.clone());
        }
    }

    /// A call has waited so long at this node for somebody to take it up (zero counts): before its service began, or before
    /// it left without.
    #[inline]
    pub fn waited(&mut self, length: Duration) {
        self.at.stats.wait.record(length);
    }

    /// So many calls are at this node now.
    #[inline]
    pub fn level(&mut self, calls: u64) {
        let now = self.kernel.now();
        self.at.stats.levels.set(calls, now);
    }

    /// A call of `demand` (service time, had it been alone) was done after `sojourn` at this node.
    #[inline]
    pub fn served(&mut self, demand: Duration, sojourn: Duration) {
        self.at.stats.slowdown.record(demand, sojourn);
    }

    /// A gauge of this node becomes one more; the same as to set it, but cheaper.
    #[inline(always)]
    pub fn gauge_rises(&mut self, slot: usize) {
        let now = self.kernel.now();
        if let Some(gauge) = self.at.stats.gauges.get_mut(slot) {
            gauge.rise(now);
        }
    }

    /// A gauge of this node, which is not zero, becomes one less; the same as to set it, but cheaper.
    #[inline(always)]
    pub fn gauge_falls(&mut self, slot: usize) {
        let now = self.kernel.now();
        if let Some(gauge) = self.at.stats.gauges.get_mut(slot) {
            gauge.fall(now);
        }
    }

    /// Sets a gauge of this node; slots from [`GAUGES_MAX`](crate::stats::GAUGES_MAX) on are not kept.
    #[inline(always)]
    pub fn gauge(&mut self, slot: usize, value: u64) {
        let now = self.kernel.now();
        if let Some(gauge) = self.at.stats.gauges.get_mut(slot) {
            gauge.set(value, now);
        }
    }
}
