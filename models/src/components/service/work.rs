//! The way of a request through a service: a replica, a worker, its calls, its answer.

use super::replica::{Job, Replica, Stage, State};
use super::*;
use floodgate_core::{Call, Root};

/// How long somebody is waited for by whoever has to answer by `deadline`.
fn until(deadline: Time, timeout: Option<Duration>, now: Time) -> Option<Duration> {
    if deadline == Time::MAX {
        return timeout;
    }
    let left = deadline.since(now);
    Some(timeout.map_or(left, |timeout| timeout.min(left)))
}

/// What a call brings with it that its job depends on.
struct Order {
    lineage: u64,
    work: f32,
    /// Its demand may be given.
    described: bool,
}

impl Order {
    #[inline(always)]
    fn of(call: &Call, root: &Root) -> Order {
        Order { lineage: call.lineage, work: root.work, described: root.is_described() }
    }
}

/// What a service knows of itself: see its fields of these names.
#[derive(Clone, Copy)]
struct Ways {
    plain: bool,
    alike: bool,
}

impl Config {
    /// The job of a call for a worker of `replica`: what is drawn for it is the same whenever it begins.
    #[inline(always)]
    fn job(&self, call: CallId, number: u32, replica: &Replica, order: Order, ways: Ways, cx: &Cx<'_>) -> Job {
        let Order { lineage, work, described } = order;
        let mut demand = match described || !ways.alike && self.handshake > Duration::ZERO {
            false => self.service_time.sample(&mut cx.draws(PURPOSE_DEMAND, lineage)),
            true => self.demand_of(call, lineage, cx),
        };
        if work != 1.0 {
            demand = demand.scaled(f64::from(work));
        }
        if replica.cold {
            demand = demand.scaled(self.slowdown(cx.now().since(replica.since)));
        }
        let step = if ways.alike || self.calls(lineage, cx) { 0 } else { u32::MAX };
        let stretch = if ways.plain { demand } else { demand - demand.scaled(self.after_share.0) };
        Job { call, demand, stretch, replica: number, step, stage: Stage::Before, ..Job::NONE }
    }

    /// Whether a request calls at all.
    #[inline(always)]
    fn calls(&self, lineage: u64, cx: &Cx<'_>) -> bool {
        self.call_ratio.0 >= 1.0 || cx.draws(PURPOSE_CALLS, lineage).unit() < self.call_ratio.0
    }

    /// The demand of a call of whose root there is something said: given, or drawn; and what the connection costs.
    #[cold]
    fn demand_of(&self, call: CallId, lineage: u64, cx: &Cx<'_>) -> Duration {
        let drawn = || self.service_time.sample(&mut cx.draws(PURPOSE_DEMAND, lineage));
        let demand = cx.demand_of(call).unwrap_or_else(drawn);
        if self.handshake > Duration::ZERO && cx.opens_connection(call) { demand + self.handshake } else { demand }
    }
}

impl Job {
    /// On a core of its own: the stretch takes what it takes; a fault that comes later slows the next one.
    #[inline(always)]
    fn compute_alone(&mut self, slow: f64, cx: &mut Cx<'_>) {
        if slow != 1.0 {
            self.stretch = self.stretch.scaled(slow);
        }
        self.mark = cx.now().0;
        cx.serve(self.call, self.stretch);
    }
}

impl Service {
    #[inline(always)]
    pub(super) fn choose(&self, asked: u32, lineage: u64, cx: &Cx<'_>) -> Option<u32> {
        if asked != ANY_REPLICA {
            let there = self.replicas.get(asked as usize)?;
            // One that drains takes what callers send that have not heard of it yet.
            return matches!(there.state, State::Up | State::Draining).then_some(asked);
        }
        if self.sole != NONE {
            return Some(self.sole);
        }
        let pick = cx.draws(PURPOSE_REPLICA, lineage).below(self.ready.len() as u64);
        self.ready.get(pick as usize).copied()
    }

    /// A place for the job of a worker that was idle.
    #[inline(always)]
    pub(super) fn place(&mut self) -> u32 {
        let place = self.free;
        if let Some(job) = self.jobs.get(place as usize) {
            self.free = job.replica;
            return place;
        }
        self.jobs.push(Job::NONE);
        self.jobs.len() as u32 - 1
    }

    /// A worker of a replica, that has been counted, takes a call that is there and puts its job at `place`.
    #[inline(always)]
    pub(super) fn start(&mut self, call: CallId, number: u32, place: u32, cx: &mut Cx<'_>) {
        let Some((record, root)) = cx.take_up(call, place) else { return };
        let order = Order::of(record, root);
        let ways = Ways { plain: self.plain, alike: self.alike };
        let replica = &self.replicas[number as usize];
        let Some(job) = self.jobs.get_mut(place as usize) else { return };
        *job = self.config.job(call, number, replica, order, ways, cx);
        if self.plain {
            job.compute_alone(1.0, cx);
        } else {
            self.compute(place, cx);
        }
    }

    /// The job computes its stretch.
    #[inline(never)]
    fn compute(&mut self, place: u32, cx: &mut Cx<'_>) {
        match self.config.cores {
            None => self.jobs[place as usize].compute_alone(self.slow, cx),
            Some(cores) => self.compute_shared(place, cores, cx),
        }
    }

    #[inline(never)]
    fn compute_shared(&mut self, place: u32, cores: u32, cx: &mut Cx<'_>) {
        let now = cx.now();
        let job = &mut self.jobs[place as usize];
        let number = job.replica;
        let replica = &mut self.replicas[number as usize];
        replica.cpu.start(now, place, job.stretch);
        job.mark = replica.cpu.attained(now).to_bits();
        self.computing_changes(number, true, cores, cx);
        self.rearm(number, cores, cx);
    }

    /// Those that share the cores of a replica and have computed by now go on.
    #[inline(never)]
    pub(super) fn shared_computed(&mut self, number: u32, now: Time, cx: &mut Cx<'_>) {
        while let Some(place) = self.replicas[number as usize].cpu.finished(now) {
            self.computed(place, cx);
        }
        if let Some(cores) = self.config.cores {
            self.rearm(number, cores, cx);
        }
    }

    /// The job has computed its stretch, at a service that is not plain.
    #[inline(never)]
    pub(super) fn computed(&mut self, place: u32, cx: &mut Cx<'_>) {
        let Some(&Job { call, stretch, stage, cancelled, replica, step, .. }) = self.jobs.get(place as usize) else {
            return;
        };
        cx.work(call, stretch);
        if let Some(cores) = self.config.cores {
            self.computing_changes(replica, false, cores, cx);
        }
        let goes_on = stage == Stage::Before && !cancelled;
        if goes_on && ((step as usize) < self.calls.len() || self.config.after_share.0 != 0.0) {
            self.next_step(place, cx)
        } else {
            self.finish(place, Ok(()), cx)
        }
    }

    /// Calls what comes next, or computes the rest.
    #[inline(never)]
    pub(super) fn next_step(&mut self, place: u32, cx: &mut Cx<'_>) {
        let job = &mut self.jobs[place as usize];
        if let Some(&link) = self.calls.get(job.step as usize) {
            let mut timeout = self.config.call_timeout;
            if !self.plain && self.config.deadlines {
                let deadline = cx.deadline_of(job.call);
                if deadline <= cx.now() {
                    self.count_expired(cx);
                    return self.finish(place, Err(Code::GatewayTimeout), cx);
                }
                timeout = until(deadline, timeout, cx.now());
            }
            job.stage = Stage::Calling;
            let Some(record) = cx.get(job.call) else { return };
            // Step 0, attempt 0 has the caller's lineage; every other one its own, by (step, attempt).
            let lineage = cx.branch(record.lineage, u64::from(job.step) << 16 | u64::from(job.attempt));
            let spec = CallSpec {
                root: cx.root_of(job.call),
                parent: Some(job.call),
                lineage,
                attempt: job.attempt,
                replica: ANY_REPLICA,
                tag: place,
                timeout,
                cancel: self.config.call_cancel,
            };
            job.child = cx.call(link, spec);
            return;
        }
        let share = self.config.after_share.0;
        let rest = if share == 0.0 { Duration::ZERO } else { job.demand.scaled(share) };
        if rest > Duration::ZERO {
            (job.stage, job.stretch) = (Stage::After, rest);
            self.compute(place, cx);
        } else {
            self.finish(place, Ok(()), cx);
        }
    }

    /// Answers, and gives the worker to the next in the queue.
    #[inline(never)]
    pub(super) fn finish(&mut self, place: u32, outcome: Outcome, cx: &mut Cx<'_>) {
        let Some(job) = self.jobs.get_mut(place as usize) else { return };
        job.stage = Stage::Gone;
        let (call, cancelled, number) = (job.call, job.cancelled, job.replica);
        if cancelled {
            cx.forget(call)
        } else {
            cx.reply(call, outcome)
        }
        self.take_next(place, number, cx);
    }

    /// The worker whose job stood at `place` takes the next one in its queue.
    #[inline(always)]
    pub(super) fn take_next(&mut self, place: u32, number: u32, cx: &mut Cx<'_>) {
        let Some(job) = self.jobs.get_mut(place as usize) else { return };
        let Some(replica) = self.replicas.get_mut(number as usize) else { return };
        while replica.waiting > 0
            && let Some(next) = replica.queue.pop()
        {
            if !self.plain && self.config.deadlines && cx.deadline_of(next) <= cx.now() {
                replica.waiting -= 1;
                self.queued -= 1;
                self.expired += 1;
                cx.gauge(slot::QUEUE, u64::from(self.queued));
                cx.gauge(GAUGE_EXPIRED, self.expired);
                cx.reply(next, Err(Code::GatewayTimeout));
                continue;
            }
            let Some((record, root)) = cx.take_up(next, place) else { continue };
            let order = Order::of(record, root);
            let ways = Ways { plain: self.plain, alike: self.alike };
            replica.waiting -= 1;
            self.queued -= 1;
            *job = self.config.job(next, number, replica, order, ways, cx);
            if self.plain {
                job.compute_alone(1.0, cx);
            } else {
                self.compute(place, cx);
            }
            return self.queue_falls(cx);
        }
        job.replica = std::mem::replace(&mut self.free, place);
        replica.busy -= 1;
        self.busy -= 1;
        let draining = replica.state == State::Draining;
        self.busy_falls(cx);
        if draining {
            self.leave(number, cx);
        }
    }

    /// Whether the deadline of a call has passed, at a service that looks at it.
    #[cold]
    pub(super) fn is_too_late(&self, call: CallId, cx: &Cx<'_>) -> bool {
        self.config.deadlines && cx.deadline_of(call) <= cx.now()
    }

    /// A call that has come too late is answered.
    #[cold]
    pub(super) fn expire(&mut self, call: CallId, cx: &mut Cx<'_>) {
        self.count_expired(cx);
        cx.reply(call, Err(Code::GatewayTimeout));
    }

    fn count_expired(&mut self, cx: &mut Cx<'_>) {
        self.expired += 1;
        cx.gauge(GAUGE_EXPIRED, self.expired);
    }

    /// The replica is killed if it needs more memory than it has.
    #[inline(always)]
    pub(super) fn runs_out_of_memory(&mut self, number: u32, cx: &mut Cx<'_>) -> bool {
        let runs_out = !self.plain
            && self.config.memory_limit.is_some_and(|limit| self.memory(&self.replicas[number as usize]) > limit.0);
        if runs_out {
            self.kills += 1;
            self.kill(number, cx);
        }
        runs_out
    }

    /// A call of the job's has failed.
    #[cold]
    pub(super) fn failed(&mut self, place: u32, code: Code, link: LinkId, lineage: u64, cx: &mut Cx<'_>) {
        let job = &mut self.jobs[place as usize];
        let mut draws = cx.draws(PURPOSE_BACKOFF, lineage);
        // Over a link that has gone nothing is tried again.
        let linked = self.calls.get(job.step as usize) == Some(&link);
        match self.config.call_retry.pause(u32::from(job.attempt), code, &mut draws).filter(|_| linked) {
            Some(pause) => {
                job.attempt += 1;
                cx.serve(job.call, pause);
            }
            None if code == Code::Timeout => self.finish(place, Err(Code::GatewayTimeout), cx),
            None => self.finish(place, Err(Code::Internal), cx),
        }
    }
}
