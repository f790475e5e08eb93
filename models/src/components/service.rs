//! A service: replicas of a program with workers, a queue, processor cores and memory.

use crate::catalogue::{Descriptor, Family, FaultSpec, GaugeSpec, Look, PortSpec};
use crate::component::{Component, Cx, Message, slot};
use crate::param::{Bytes, Params, Ratio, Values};
use crate::params;
use crate::policy::{Retry, Sharing};
use crate::status::{Mode, ReplicaStatus, Status};
use floodgate_core::rng::Source;
use floodgate_core::{
    ANY_REPLICA, CallId, CallSpec, Code, Dist, Duration, Key, LinkId, Outcome, PortId, Reply, Time, TimerId,
};
use std::collections::VecDeque;

params! {
    /// Configuration of `service`.
    pub struct Config {
        /// Copies of the program; each has its own workers, queue, cores and memory.
        replicas: u32 = "1" in 1 ..= 1000, live;
        /// Threads per replica: requests worked on at once. A worker keeps its request while it waits for a callee.
        workers: u32 = "8" in 1 ..= 100000;
        /// Processor cores per replica, shared evenly by the workers that compute; absent is one for each worker.
        cores: Option<u32> = none in 1 ..= 1024, live;
        /// Processor time a request needs in all.
        service_time: Dist = "{ exponential = \"10ms\" }" in 0 ..= 86400, live;
        /// Share of the processor time that comes after the last callee has answered (rendering the page).
        after_share: Ratio = "0.0" in 0 ..= 1, live;
        /// Requests that may wait per replica when all workers are busy; one more is answered 503. Absent is unbounded.
        queue: Option<u32> = none in 0 ..= 100000000, live;
        /// Memory of a replica without any request.
        memory_base: Bytes = "\"128MiB\"", live;
        /// Memory of each request in flight (waiting or working).
        memory_per_request: Bytes = "\"64KiB\"", live;
        /// Memory at which a replica is killed (exit code 137): everything in flight on it fails with 502. Absent is no
        /// limit.
        memory_limit: Option<Bytes> = none, live;
        /// From a kill to the replica's next start.
        restart_delay: Duration = "\"3s\"" in 0 ..= 86400, live;
        /// After a start, how long the replica is slower: caches are cold, code is not compiled yet.
        warm_up: Duration = "\"0s\"" in 0 ..= 86400, live;
        /// How much longer processor time is at the start of the warm-up; it falls linearly to 1.
        warm_up_slowdown: f64 = "1.0" in 1 ..= 1000, live;
        /// Share of the requests that call at all; the others find what they need at hand.
        call_ratio: Ratio = "1.0" in 0 ..= 1, live;
        /// How long each callee is waited for; absent is for ever.
        call_timeout: Option<Duration> = none in 0.000001 ..= 86400, live;
        /// Whether a callee is told when it is given up.
        call_cancel: bool = "false", live;
        /// What happens when a callee fails.
        call_retry: Retry = "{}", live;
    }
}

params! {
    /// Parameters of the fault `kill`.
    pub struct Kill {
        /// Which replica, from 0; absent is all of them.
        replica: Option<u32> = none in 0 ..= 999;
    }
}

params! {
    /// Parameters of the fault `slow`.
    pub struct Slow {
        /// Processor time is multiplied by this.
        factor: f64 = "4.0" in 0.01 ..= 1000;
    }
}

static DESCRIPTOR: Descriptor = Descriptor {
    kind: "service",
    title: "Service",
    family: Family::Compute,
    doc: "A program in one or more replicas, with workers, a queue, cores and memory.",
    manual: "Thread per request: a request waits for a worker, computes, calls everything linked to `calls` one after \
             the other while it keeps its worker, computes the rest and answers. Cores are shared evenly by the workers \
             that compute. Every request in flight holds memory; over the limit the replica is killed, its connections \
             are reset (502), and it comes back after `restart_delay`, cold. If a callee fails, the answer is 500, or 504 \
             when it was a time-out.",
    accepts_calls: true,
    ports: &[PortSpec { name: "calls", max_links: u32::MAX, doc: "Called one after the other for every request." }],
    params: Config::SPECS,
    gauges: &[
        GaugeSpec { name: "busy", unit: "workers", doc: "Workers that hold a request." },
        GaugeSpec { name: "ready", unit: "replicas", doc: "Replicas that take requests." },
        GaugeSpec { name: "memory", unit: "bytes", doc: "Memory in use, all replicas, where there is a limit." },
        GaugeSpec { name: "kills", unit: "", doc: "Replicas killed for memory since the start." },
    ],
    faults: &[
        FaultSpec {
            name: "kill",
            title: "Kill",
            lasting: false,
            params: Kill::SPECS,
            doc: "The process dies: everything in flight fails with 502; it restarts after `restart_delay`.",
        },
        FaultSpec {
            name: "slow",
            title: "Slow down",
            lasting: true,
            params: Slow::SPECS,
            doc: "Processor time is multiplied: a noisy neighbour, a throttled core.",
        },
    ],
    look: Look::Servers,
    build: None,
};

const PURPOSE_REPLICA: u64 = 1;
const PURPOSE_DEMAND: u64 = 2;
const PURPOSE_BACKOFF: u64 = 3;
const PURPOSE_CALLS: u64 = 4;
const GAUGE_BUSY: usize = slot::OWN;
const GAUGE_READY: usize = slot::OWN + 1;
const GAUGE_MEMORY: usize = slot::OWN + 2;
const GAUGE_KILLS: usize = slot::OWN + 3;

/// What a timer is about; the number beside it is a job or a replica.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tag {
    /// A job has computed (a core of its own).
    Computed = 0,
    /// A job's pause before a retry is over.
    Retry = 1,
    /// Jobs of a replica have computed (shared cores).
    Shared = 2,
    /// A replica starts.
    Start = 3,
}

impl Tag {
    fn with(self, number: u32) -> u64 {
        u64::from(number) << 2 | self as u64
    }

    fn split(tag: u64) -> (Tag, u32) {
        let what = [Tag::Computed, Tag::Retry, Tag::Shared, Tag::Start][(tag & 3) as usize];
        (what, (tag >> 2) as u32)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Waiting,
    /// Computes before its calls.
    Before,
    /// Waits for a callee, or for the pause before a retry.
    Calling,
    /// Computes after its calls.
    After,
}

#[derive(Clone, Copy, Debug)]
struct Job {
    call: CallId,
    replica: u32,
    stage: Stage,
    /// Which of the links it calls or has called.
    step: u32,
    attempt: u32,
    child: CallId,
    timer: TimerId,
    /// Processor time in all, as it turned out when it was started.
    demand: Duration,
    /// Processor time of the stretch it computes now.
    stretch: Duration,
    /// Start of the stretch: time (own core), or work attained by everyone (shared cores).
    mark: f64,
    /// Its caller has said that it has gone: it ends at the next step.
    cancelled: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Up,
    Down,
    /// To be removed: takes nothing new.
    Draining,
    Removed,
}

#[derive(Clone, Debug)]
struct Replica {
    state: State,
    /// Since when it is in this state.
    since: Time,
    /// Started cold, so it warms up; false for those that stood there when the run began.
    cold: bool,
    busy: u32,
    computing: u32,
    queue: VecDeque<u32>,
    cpu: Sharing,
}

impl Replica {
    fn new(state: State, since: Time, cold: bool) -> Replica {
        Replica { state, since, cold, busy: 0, computing: 0, queue: VecDeque::new(), cpu: Sharing::default() }
    }

    fn in_flight(&self) -> u64 {
        u64::from(self.busy) + self.queue.len() as u64
    }
}

/// See [the manual](Service::DESCRIPTOR).
#[derive(Clone, Debug)]
pub struct Service {
    config: Config,
    calls: Vec<LinkId>,
    replicas: Vec<Replica>,
    jobs: Vec<Option<Job>>,
    free: Vec<u32>,
    slow: f64,
    kills: u64,
    /// Sums over replicas, kept up to date.
    busy: u32,
    queued: u32,
    /// Cores in use, where they are shared.
    computing: u32,
    /// Replicas that are not down.
    alive: u32,
    /// What the gauges were last set to.
    shown: Shown,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shown {
    busy: u32,
    queued: u32,
    computing: u32,
}

impl Config {
    /// How much longer processor time is on a replica that started cold this long ago.
    fn slowdown(&self, age: Duration) -> f64 {
        if age >= self.warm_up {
            return 1.0;
        }
        1.0 + (self.warm_up_slowdown - 1.0) * (1.0 - age.0 as f64 / self.warm_up.0 as f64)
    }
}

impl Service {
    fn ready(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.replicas.len() as u32).filter(|&r| self.replicas[r as usize].state == State::Up)
    }

    fn memory(&self, replica: &Replica) -> u64 {
        match replica.state {
            State::Down | State::Removed => 0,
            _ => self.config.memory_per_request.0.saturating_mul(replica.in_flight()) + self.config.memory_base.0,
        }
    }

    /// Speed of each computing job when the replica's cores are shared.
    fn rate(&self, replica: &Replica, cores: u32) -> f64 {
        let n = replica.cpu.len() as f64;
        let share = if n <= f64::from(cores) { 1.0 } else { f64::from(cores) / n };
        share / self.slow
    }

    fn choose(&self, call: CallId, cx: &Cx<'_>) -> Option<u32> {
        let record = cx.get(call)?;
        if record.replica != ANY_REPLICA {
            let there = self.replicas.get(record.replica as usize)?;
            return (there.state == State::Up).then_some(record.replica);
        }
        let n = self.ready().count() as u64;
        if n == 1 {
            return self.ready().next();
        }
        let pick = cx.draws(PURPOSE_REPLICA, record.lineage).below(n);
        self.ready().nth(pick as usize)
    }

    fn admit(&mut self, job: Job) -> u32 {
        match self.free.pop() {
            Some(place) => {
                self.jobs[place as usize] = Some(job);
                place
            }
            None => {
                self.jobs.push(Some(job));
                self.jobs.len() as u32 - 1
            }
        }
    }

    /// A worker takes the job.
    fn start(&mut self, place: u32, cx: &mut Cx<'_>) {
        let Some(job) = self.jobs[place as usize].as_mut() else { return };
        let lineage = cx.get(job.call).map_or(0, |c| c.lineage);
        let work = cx.root(cx.root_of(job.call)).map_or(1.0, |root| f64::from(root.work));
        let replica = &mut self.replicas[job.replica as usize];
        replica.busy += 1;
        self.busy += 1;
        let mut demand = self.config.service_time.sample(&mut cx.draws(PURPOSE_DEMAND, lineage)).scaled(work);
        if replica.cold {
            demand = demand.scaled(self.config.slowdown(cx.now().since(replica.since)));
        }
        job.demand = demand;
        job.stage = Stage::Before;
        let ratio = self.config.call_ratio.0;
        if ratio < 1.0 && cx.draws(PURPOSE_CALLS, lineage).unit() >= ratio {
            job.step = u32::MAX;
        }
        let share = self.config.after_share.0;
        let stretch = if share == 0.0 { demand } else { demand - demand.scaled(share) };
        self.compute(place, stretch, cx);
    }

    fn compute(&mut self, place: u32, stretch: Duration, cx: &mut Cx<'_>) {
        let now = cx.now();
        let Some(job) = self.jobs[place as usize].as_mut() else { return };
        job.stretch = stretch;
        let number = job.replica;
        match self.config.cores {
            None => {
                // A core of its own: the stretch takes what it takes; a fault that comes later slows the next one.
                job.stretch = if self.slow == 1.0 { stretch } else { stretch.scaled(self.slow) };
                job.mark = now.0 as f64;
                job.timer = cx.timer(job.stretch, Tag::Computed.with(place));
            }
            Some(cores) => {
                let replica = &mut self.replicas[number as usize];
                replica.cpu.start(now, place, stretch);
                job.mark = replica.cpu.attained(now);
                self.rearm(number, cores, cx);
            }
        }
        self.computing_changes(number, true);
    }

    fn rearm(&mut self, number: u32, cores: u32, cx: &mut Cx<'_>) {
        let rate = self.rate(&self.replicas[number as usize], cores);
        self.replicas[number as usize].cpu.arm(rate, Tag::Shared.with(number), cx);
    }

    /// The job has computed its stretch.
    fn computed(&mut self, place: u32, cx: &mut Cx<'_>) {
        let Some(job) = self.jobs[place as usize].as_mut() else { return };
        job.timer = Key::NONE;
        cx.work(job.call, job.stretch);
        let (stage, cancelled, number) = (job.stage, job.cancelled, job.replica);
        self.computing_changes(number, false);
        if stage == Stage::After || cancelled {
            self.finish(place, Ok(()), cx);
        } else {
            self.next_step(place, cx);
        }
    }

    /// Calls what comes next, or computes the rest.
    fn next_step(&mut self, place: u32, cx: &mut Cx<'_>) {
        let Some(job) = self.jobs[place as usize].as_mut() else { return };
        if let Some(&link) = self.calls.get(job.step as usize) {
            job.stage = Stage::Calling;
            let (call, attempt, step) = (job.call, job.attempt, job.step);
            let Some(record) = cx.get(call).copied() else { return };
            // Step 0, attempt 0 has the caller's lineage; every other one its own, by (step, attempt).
            let lineage = cx.branch(record.lineage, u64::from(step) << 16 | u64::from(attempt));
            let spec = CallSpec {
                root: cx.root_of(call),
                parent: Some(call),
                lineage,
                attempt: attempt as u16,
                replica: ANY_REPLICA,
                tag: place,
                timeout: self.config.call_timeout,
                cancel: self.config.call_cancel,
            };
            let child = cx.call(link, spec);
            if let Some(job) = self.jobs[place as usize].as_mut() {
                job.child = child;
            }
            return;
        }
        let rest = job.demand.scaled(self.config.after_share.0);
        if rest > Duration::ZERO {
            job.stage = Stage::After;
            self.compute(place, rest, cx);
        } else {
            self.finish(place, Ok(()), cx);
        }
    }

    /// Answers, and gives the worker to the next in the queue.
    fn finish(&mut self, place: u32, outcome: Outcome, cx: &mut Cx<'_>) {
        let Some(job) = self.jobs[place as usize].take() else { return };
        self.free.push(place);
        if job.cancelled {
            cx.forget(job.call)
        } else {
            cx.reply(job.call, outcome)
        }
        let replica = &mut self.replicas[job.replica as usize];
        replica.busy -= 1;
        self.busy -= 1;
        if let Some(next) = replica.queue.pop_front() {
            self.queued -= 1;
            self.start(next, cx);
        } else if replica.state == State::Draining && replica.busy == 0 {
            replica.state = State::Removed;
            replica.since = cx.now();
            self.publish(cx);
        }
    }

    /// Sets the gauges that change from request to request.
    #[inline]
    fn touch(&mut self, cx: &mut Cx<'_>) {
        let shown = self.shown;
        if shown.busy != self.busy {
            cx.gauge(GAUGE_BUSY, u64::from(self.busy));
            if self.config.cores.is_none() {
                cx.gauge(slot::USED, u64::from(self.busy));
            }
        }
        if shown.queued != self.queued {
            cx.gauge(slot::QUEUE, u64::from(self.queued));
        }
        if shown.computing != self.computing {
            cx.gauge(slot::USED, u64::from(self.computing));
        }
        if self.config.memory_limit.is_some() && (shown.busy, shown.queued) != (self.busy, self.queued) {
            cx.gauge(GAUGE_MEMORY, self.memory_in_all());
        }
        self.shown = Shown { busy: self.busy, queued: self.queued, computing: self.computing };
    }

    /// Sets all gauges: after a replica has come or gone.
    fn publish(&mut self, cx: &mut Cx<'_>) {
        let alive = |r: &&Replica| !matches!(r.state, State::Down | State::Removed);
        self.alive = self.replicas.iter().filter(alive).count() as u32;
        let each = self.config.cores.unwrap_or(self.config.workers);
        cx.gauge(slot::CAPACITY, u64::from(self.alive) * u64::from(each));
        cx.gauge(GAUGE_READY, self.ready().count() as u64);
        cx.gauge(GAUGE_KILLS, self.kills);
        if self.config.memory_limit.is_some() {
            cx.gauge(GAUGE_MEMORY, self.memory_in_all());
        }
        self.touch(cx);
    }

    /// Memory of all replicas that live.
    fn memory_in_all(&self) -> u64 {
        let in_flight = u64::from(self.busy) + u64::from(self.queued);
        let requests = self.config.memory_per_request.0.saturating_mul(in_flight);
        self.config.memory_base.0.saturating_mul(u64::from(self.alive)).saturating_add(requests)
    }

    /// `change` more workers of a replica compute (or one less); with shared cores no more are in use than there are.
    #[inline]
    fn computing_changes(&mut self, replica: u32, up: bool) {
        let replica = &mut self.replicas[replica as usize];
        let before = replica.computing;
        replica.computing = if up { before + 1 } else { before - 1 };
        if let Some(cores) = self.config.cores {
            self.computing = self.computing + replica.computing.min(cores) - before.min(cores);
        }
    }

    fn announce(&self, cx: &mut Cx<'_>) {
        cx.tell_callers(&Message::Endpoints(self.ready().collect()));
    }

    /// The replica dies: connections are reset, what was done on it is lost.
    fn kill(&mut self, number: u32, cx: &mut Cx<'_>) {
        let now = cx.now();
        let Some(replica) = self.replicas.get_mut(number as usize) else { return };
        if matches!(replica.state, State::Down | State::Removed) {
            return;
        }
        let attained = replica.cpu.attained(now);
        replica.cpu.clear(cx);
        self.busy -= replica.busy;
        self.queued -= replica.queue.len() as u32;
        if let Some(cores) = self.config.cores {
            self.computing -= replica.computing.min(cores);
        }
        let draining = replica.state == State::Draining;
        *replica = Replica::new(if draining { State::Removed } else { State::Down }, now, true);
        for place in 0..self.jobs.len() {
            let Some(job) = self.jobs[place].filter(|j| j.replica == number) else { continue };
            self.jobs[place] = None;
            self.free.push(place as u32);
            if matches!(job.stage, Stage::Before | Stage::After) {
                let reached = if self.config.cores.is_some() { attained } else { now.0 as f64 };
                cx.work(job.call, Duration((reached - job.mark).max(0.0) as u64).min(job.stretch));
            }
            cx.cancel(job.timer);
            if job.stage == Stage::Calling && self.config.call_cancel {
                cx.abandon(job.child);
            }
            cx.waste(job.call);
            cx.reply(job.call, Err(Code::BadGateway));
        }
        if !draining {
            cx.timer(self.config.restart_delay, Tag::Start.with(number));
        }
        self.announce(cx);
    }

    /// Adds replicas, which start, or drains the last ones.
    fn scale(&mut self, cx: &mut Cx<'_>) {
        let wanted = self.config.replicas as usize;
        let now = cx.now();
        for number in wanted..self.replicas.len() {
            let replica = &mut self.replicas[number];
            match replica.state {
                State::Up if replica.in_flight() > 0 => replica.state = State::Draining,
                State::Up | State::Down => replica.state = State::Removed,
                State::Draining | State::Removed => continue,
            }
            replica.since = now;
        }
        for number in 0..wanted {
            match self.replicas.get_mut(number) {
                None => self.replicas.push(Replica::new(State::Down, now, true)),
                Some(replica) if replica.state == State::Draining => {
                    replica.state = State::Up;
                    continue;
                }
                Some(replica) if replica.state == State::Removed => *replica = Replica::new(State::Down, now, true),
                Some(_) => continue,
            }
            cx.timer(self.config.restart_delay, Tag::Start.with(number as u32));
        }
        self.announce(cx);
    }
}

impl Component for Service {
    type Config = Config;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn new(config: Config) -> Service {
        // What stands at the beginning has been running for a while: it is warm.
        let replicas = (0..config.replicas).map(|_| Replica::new(State::Up, Time::ZERO, false)).collect();
        Service {
            config,
            calls: Vec::new(),
            replicas,
            jobs: Vec::new(),
            free: Vec::new(),
            slow: 1.0,
            kills: 0,
            busy: 0,
            queued: 0,
            computing: 0,
            alive: 0,
            shown: Shown::default(),
        }
    }

    fn on_start(&mut self, cx: &mut Cx<'_>) {
        self.calls = cx.links(PortId(0));
        self.announce(cx);
        self.publish(cx);
    }

    fn on_call(&mut self, call: CallId, cx: &mut Cx<'_>) {
        let Some(number) = self.choose(call, cx) else {
            // Nobody listens there: the connection is refused.
            return cx.reply(call, Err(Code::BadGateway));
        };
        let replica = &self.replicas[number as usize];
        let free_worker = replica.busy < self.config.workers;
        if !free_worker && self.config.queue.is_some_and(|cap| replica.queue.len() >= cap as usize) {
            return cx.reply(call, Err(Code::Unavailable));
        }
        let place = self.admit(Job {
            call,
            replica: number,
            stage: Stage::Waiting,
            step: 0,
            attempt: 0,
            child: Key::NONE,
            timer: Key::NONE,
            demand: Duration::ZERO,
            stretch: Duration::ZERO,
            mark: 0.0,
            cancelled: false,
        });
        cx.set_tag(call, place);
        if free_worker {
            self.start(place, cx);
        } else {
            self.replicas[number as usize].queue.push_back(place);
            self.queued += 1;
        }
        if let Some(limit) = self.config.memory_limit
            && self.memory(&self.replicas[number as usize]) > limit.0
        {
            self.kills += 1;
            self.kill(number, cx);
            self.publish(cx);
        }
        self.touch(cx);
    }

    fn on_reply(&mut self, reply: Reply, cx: &mut Cx<'_>) {
        let place = reply.tag;
        let Some(Some(job)) = self.jobs.get_mut(place as usize) else { return };
        job.child = Key::NONE;
        match reply.outcome {
            Ok(()) => {
                job.step += 1;
                job.attempt = 0;
                self.next_step(place, cx);
            }
            Err(code) => {
                let mut draws = cx.draws(PURPOSE_BACKOFF, reply.lineage);
                match self.config.call_retry.pause(job.attempt, code, &mut draws) {
                    Some(pause) => {
                        job.attempt += 1;
                        job.timer = cx.timer(pause, Tag::Retry.with(place));
                    }
                    None if code == Code::Timeout => self.finish(place, Err(Code::GatewayTimeout), cx),
                    None => self.finish(place, Err(Code::Internal), cx),
                }
            }
        }
        self.touch(cx);
    }

    fn on_cancel(&mut self, call: CallId, cx: &mut Cx<'_>) {
        let place = cx.tag(call);
        let Some(Some(job)) = self.jobs.get_mut(place as usize) else { return };
        job.cancelled = true;
        match job.stage {
            Stage::Waiting => {
                let number = job.replica as usize;
                self.replicas[number].queue.retain(|&p| p != place);
                self.queued -= 1;
                self.jobs[place as usize] = None;
                self.free.push(place);
                cx.forget(call);
            }
            Stage::Calling => {
                let (child, timer) = (job.child, job.timer);
                cx.cancel(timer);
                cx.abandon(child);
                self.finish(place, Ok(()), cx);
            }
            Stage::Before | Stage::After => {}
        }
        self.touch(cx);
    }

    fn on_timer(&mut self, _timer: TimerId, tag: u64, cx: &mut Cx<'_>) {
        match Tag::split(tag) {
            (Tag::Computed, place) => self.computed(place, cx),
            (Tag::Retry, place) => {
                if let Some(Some(job)) = self.jobs.get_mut(place as usize) {
                    job.timer = Key::NONE;
                    self.next_step(place, cx);
                }
            }
            (Tag::Shared, number) => {
                self.replicas[number as usize].cpu.timer_fired();
                while let Some(place) = self.replicas[number as usize].cpu.finished(cx.now()) {
                    self.computed(place, cx);
                }
                if let Some(cores) = self.config.cores {
                    self.rearm(number, cores, cx);
                }
            }
            (Tag::Start, number) => {
                let now = cx.now();
                let replica = &mut self.replicas[number as usize];
                if replica.state == State::Down && now.since(replica.since) >= self.config.restart_delay {
                    *replica = Replica::new(State::Up, now, true);
                    self.announce(cx);
                    self.publish(cx);
                }
            }
        }
        self.touch(cx);
    }

    fn on_configure(&mut self, config: Config, cx: &mut Cx<'_>) {
        // Jobs are under way on the kind of processor they were started on, so whether cores are shared is fixed.
        let cores = match (self.config.cores, config.cores) {
            (Some(_), Some(new)) => Some(new),
            (old, _) => old,
        };
        self.config = Config { cores, ..config };
        if let Some(cores) = cores {
            self.computing = self.replicas.iter().map(|r| r.computing.min(cores)).sum();
        }
        self.scale(cx);
        for number in 0..self.replicas.len() as u32 {
            if let Some(cores) = cores {
                self.rearm(number, cores, cx);
            }
        }
        self.publish(cx);
    }

    fn on_fault(&mut self, fault: &'static str, values: &Values, cx: &mut Cx<'_>) {
        match fault {
            "kill" => match Kill::from_values(values).and_then(|k| k.replica) {
                Some(number) => self.kill(number, cx),
                None => (0..self.replicas.len() as u32).for_each(|number| self.kill(number, cx)),
            },
            _ => self.set_slow(Slow::from_values(values).map_or(1.0, |s| s.factor), cx),
        }
        self.publish(cx);
    }

    fn on_heal(&mut self, _fault: &'static str, cx: &mut Cx<'_>) {
        self.set_slow(1.0, cx);
    }

    fn heap_bytes(&self) -> usize {
        self.jobs.len() * size_of::<Option<Job>>() + self.free.len() * 4 + self.queued as usize * 4
    }

    fn status(&self, now: Time, waits: &dyn Fn(CallId) -> bool) -> Status {
        let mut replicas: Vec<ReplicaStatus> = self.replicas.iter().map(|r| self.replica_status(r, now)).collect();
        for job in self.jobs.iter().flatten().filter(|j| !waits(j.call)) {
            let replica = &mut replicas[job.replica as usize];
            if job.stage == Stage::Waiting { replica.queue_zombies += 1 } else { replica.zombies += 1 }
        }
        while replicas.len() > 1 && self.replicas[replicas.len() - 1].state == State::Removed {
            replicas.pop();
        }
        let up = self.ready().count() as u32;
        let (used, capacity) = match self.config.cores {
            Some(cores) => (self.replicas.iter().map(|r| r.computing.min(cores)).sum(), cores * up),
            None => (self.busy, self.config.workers.saturating_mul(up)),
        };
        let memory: u64 = self.replicas.iter().map(|r| self.memory(r)).sum();
        Status {
            replicas,
            saturation: (capacity > 0).then(|| f64::from(used) / f64::from(capacity)),
            open: u64::from(self.busy) + u64::from(self.queued),
            gauges: vec![f64::from(self.busy), f64::from(up), memory as f64, self.kills as f64],
            faults: if self.slow == 1.0 { Vec::new() } else { vec!["slow".to_owned()] },
        }
    }
}

impl Service {
    fn set_slow(&mut self, factor: f64, cx: &mut Cx<'_>) {
        self.slow = factor;
        if let Some(cores) = self.config.cores {
            for number in 0..self.replicas.len() as u32 {
                self.rearm(number, cores, cx);
            }
        }
    }

    fn replica_status(&self, replica: &Replica, now: Time) -> ReplicaStatus {
        let age = now.since(replica.since).0 as f64;
        let share = |whole: Duration| (age / whole.0.max(1) as f64).min(1.0);
        let (mode, progress) = match replica.state {
            State::Up if replica.cold && age < self.config.warm_up.0 as f64 => {
                (Mode::Warming, share(self.config.warm_up))
            }
            State::Up => (Mode::Up, 1.0),
            State::Down => (Mode::Starting, share(self.config.restart_delay)),
            State::Draining => (Mode::Draining, 0.0),
            State::Removed => (Mode::Down, 0.0),
        };
        ReplicaStatus {
            mode,
            progress,
            slots: self.config.workers,
            busy: replica.busy,
            zombies: 0,
            queue: replica.queue.len() as u32,
            queue_zombies: 0,
            queue_cap: self.config.queue,
            memory: self.memory(replica),
            memory_limit: self.config.memory_limit.map_or(0, |m| m.0),
        }
    }
}
