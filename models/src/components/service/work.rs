//! The way of a request through a service: a replica, a worker, its calls, its answer.

use super::replica::{Job, Stage, State};
use super::*;

impl Service {
    #[inline(always)]
    pub(super) fn choose(&self, asked: u32, lineage: u64, cx: &Cx<'_>) -> Option<u32> {
        if asked != ANY_REPLICA {
            let there = self.replicas.get(asked as usize)?;
            // One that drains takes what callers send that have not heard of it yet.
            return matches!(there.state, State::Up | State::Draining).then_some(asked);
        }
        match *self.ready.as_slice() {
            [] => None,
            [only] => Some(only),
            ref ready => {
                let pick = cx.draws(PURPOSE_REPLICA, lineage).below(ready.len() as u64);
                ready.get(pick as usize).copied()
            }
        }
    }

    /// A place for the job of a worker that was idle.
    #[inline(always)]
    pub(super) fn place(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.jobs.push(Job::NONE);
            self.jobs.len() as u32 - 1
        })
    }

    /// A worker of a replica takes the call and puts its job at `place`; the worker is counted by whoever knows where it
    /// comes from.
    #[inline(always)]
    pub(super) fn start(&mut self, call: CallId, number: u32, place: u32, cx: &mut Cx<'_>) {
        let Some((record, root)) = cx.origin(call) else { return };
        let (lineage, work) = (record.lineage, f64::from(root.work));
        let mut demand = self.config.service_time.sample(&mut cx.draws(PURPOSE_DEMAND, lineage));
        if work != 1.0 {
            demand = demand.scaled(work);
        }
        let replica = &self.replicas[number as usize];
        if replica.cold {
            demand = demand.scaled(self.config.slowdown(cx.now().since(replica.since)));
        }
        let ratio = self.config.call_ratio.0;
        let calls = ratio >= 1.0 || cx.draws(PURPOSE_CALLS, lineage).unit() < ratio;
        let step = if calls { 0 } else { u32::MAX };
        let share = self.config.after_share.0;
        let stretch = if share == 0.0 { demand } else { demand - demand.scaled(share) };
        let Some(job) = self.jobs.get_mut(place as usize) else { return };
        *job = Job { call, demand, stretch, replica: number, step, stage: Stage::Before, ..Job::NONE };
        cx.set_tag(call, place);
        self.compute(place, stretch, cx);
    }

    #[inline(always)]
    pub(super) fn compute(&mut self, place: u32, stretch: Duration, cx: &mut Cx<'_>) {
        let now = cx.now();
        let job = &mut self.jobs[place as usize];
        let Some(cores) = self.config.cores else {
            // A core of its own: the stretch takes what it takes; a fault that comes later slows the next one.
            job.stretch = if self.slow == 1.0 { stretch } else { stretch.scaled(self.slow) };
            job.mark = now.0;
            return cx.serve(job.call, job.stretch);
        };
        job.stretch = stretch;
        let number = job.replica;
        let replica = &mut self.replicas[number as usize];
        replica.cpu.start(now, place, stretch);
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

    /// The job has computed its stretch.
    #[inline(always)]
    pub(super) fn computed(&mut self, place: u32, cx: &mut Cx<'_>) {
        let &Job { call, stretch, stage, cancelled, replica, .. } = &self.jobs[place as usize];
        cx.work(call, stretch);
        if let Some(cores) = self.config.cores {
            self.computing_changes(replica, false, cores, cx);
        }
        if stage == Stage::After || cancelled {
            self.finish(place, Ok(()), cx);
        } else {
            self.next_step(place, cx);
        }
    }

    #[inline(never)]
    pub(super) fn try_again(&mut self, place: u32, cx: &mut Cx<'_>) {
        self.next_step(place, cx);
    }

    /// Calls what comes next, or computes the rest.
    #[inline(always)]
    pub(super) fn next_step(&mut self, place: u32, cx: &mut Cx<'_>) {
        let job = &mut self.jobs[place as usize];
        if let Some(&link) = self.calls.get(job.step as usize) {
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
                timeout: self.config.call_timeout,
                cancel: self.config.call_cancel,
            };
            job.child = cx.call(link, spec);
            return;
        }
        let share = self.config.after_share.0;
        let rest = if share == 0.0 { Duration::ZERO } else { job.demand.scaled(share) };
        if rest > Duration::ZERO {
            job.stage = Stage::After;
            self.compute(place, rest, cx);
        } else {
            self.finish(place, Ok(()), cx);
        }
    }

    /// Answers, and gives the worker to the next in the queue.
    #[inline(never)]
    pub(super) fn finish(&mut self, place: u32, outcome: Outcome, cx: &mut Cx<'_>) {
        let job = &mut self.jobs[place as usize];
        job.stage = Stage::Gone;
        let (call, cancelled, number) = (job.call, job.cancelled, job.replica);
        if cancelled {
            cx.forget(call)
        } else {
            cx.reply(call, outcome)
        }
        let replica = &mut self.replicas[number as usize];
        if replica.waiting > 0 {
            while let Some(next) = replica.queue.pop_front() {
                if cx.get(next).is_some() {
                    replica.waiting -= 1;
                    self.queued -= 1;
                    self.queue_changed(cx);
                    return self.start(next, number, place, cx);
                }
            }
        }
        self.free.push(place);
        replica.busy -= 1;
        self.busy -= 1;
        if replica.state == State::Draining {
            self.leave(number, cx);
        }
        self.busy_changed(cx);
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
