//! A service: replicas of a program with workers, a queue, processor cores and memory.

mod life;
mod replica;
mod work;

use crate::catalogue::{Descriptor, Family, FaultSpec, GaugeSpec, Look, PortSpec, Track};
use crate::component::{Component, Cx, Message, slot};
use crate::param::{Bytes, Params, Ratio, Values};
use crate::params;
use crate::policy::Retry;
use crate::status::{Drawing, Mode, ReplicaStatus, SLOTS_SHOWN, Status};
use floodgate_core::rng::Source;
use floodgate_core::{
    ANY_REPLICA, Arrival, CallId, CallSpec, Code, Dist, Duration, Key, LinkChange, LinkId, Outcome, PortId, Reply,
    Time, TimerId,
};
use replica::{Job, Replica, Stage, State, Tag, WAITS, waits_at};

params! {
    /// Configuration of `service`.
    #[repr(C)]
    pub struct Config {
        /// Copies of the program; each has its own workers, queue, cores and memory.
        replicas: u32 = "1" in 1 ..= 1000, live;
        /// Threads per replica: requests worked on at once. A worker keeps its request while it waits for a callee.
        workers: u32 = "8" in 1 ..= 100000;
        /// Processor cores per replica, shared evenly by the workers that compute; absent is one for each worker.
        cores: Option<u32> = none in 1 ..= 1024, live;
        /// Processor time a request needs in all.
        service_time: Dist = "{ exponential = \"10ms\" }" in 0 ..= 86400, live;
        /// Processor time that the first request over a connection needs besides (a TLS handshake). For the service that
        /// clients connect to; clients that keep no `connections` open one for each request.
        handshake: Duration = "\"0s\"" in 0 ..= 60, live;
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
        /// For how long a replica that is to go stays for what is still sent to it; then it goes when it is idle (Kubernetes: a
        /// `preStop` hook that sleeps).
        drain_delay: Duration = "\"1s\"" in 0 ..= 86400, live;
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
        /// Whether it keeps to the `deadline` of requests: one whose deadline has passed when it comes, when a worker would
        /// take it up or when its next callee would be called is answered 504 without further work, and a callee is waited
        /// for no longer than until then.
        deadlines: bool = "false", live;
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
             when it was a time-out. With `deadlines` it looks at the deadline that requests carry before every stage of the \
             work (deadline propagation), which saves work that nobody waits for any more; that costs nothing here.",
    source: "A server with a thread for each request and a container's memory limit (killed with exit code 137); deadlines as \
             gRPC passes them on (grpc.io/docs/guides/deadlines) and as the SRE book would have them checked (chapter 22).",
    accepts_calls: true,
    ports: &[PortSpec { name: "calls", max_links: u32::MAX, doc: "Called one after the other for every request." }],
    params: Config::SPECS,
    gauges: &[
        GaugeSpec { name: "busy", unit: "workers", doc: "Workers that hold a request." },
        GaugeSpec { name: "ready", unit: "replicas", doc: "Replicas that take requests." },
        GaugeSpec { name: "memory", unit: "bytes", doc: "Memory in use, all replicas, where there is a limit." },
        GaugeSpec { name: "kills", unit: "", doc: "Replicas killed for memory since the start." },
        GaugeSpec { name: "desired", unit: "replicas", doc: "Replicas that there should be." },
        GaugeSpec {
            name: "expired",
            unit: "requests",
            doc: "Requests answered 504 because their deadline had passed, since the start.",
        },
        GaugeSpec {
            name: "state",
            unit: "",
            doc: "0 while all replicas are up, 1 while some are not, 2 while none is.",
        },
    ],
    tracks: &[
        Track::Desired("desired"),
        Track::Ready("ready"),
        Track::State { gauge: "state", states: &Track::of_many("up", "replicas missing", "down") },
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
const GAUGE_DESIRED: usize = slot::OWN + 4;
const GAUGE_EXPIRED: usize = slot::OWN + 5;
const GAUGE_STATE: usize = slot::OWN + 6;

/// See [the manual](Service::DESCRIPTOR).
#[derive(Clone, Debug)]
// What a request touches comes first, up to the first half of the configuration.
#[repr(C)]
pub struct Service {
    jobs: Vec<Job>,
    replicas: Vec<Replica>,
    calls: Vec<LinkId>,
    /// The place of a job that was given back last, or [`NONE`]; there, in place of a replica, stands which was before it.
    free: u32,
    /// The only replica that is up, or [`NONE`].
    sole: u32,
    /// Sums over replicas, kept up to date.
    busy: u32,
    queued: u32,
    /// Cores are not shared, memory has no limit, nothing is slow, nothing is computed after the callees and nobody looks at
    /// deadlines: what most services are, asked for once.
    plain: bool,
    /// All call that can, and connections cost nothing: neither need be looked up for each request.
    alike: bool,
    config: Config,
    /// Cores in use, where they are shared.
    computing: u32,
    /// Replicas that are not down.
    alive: u32,
    /// Numbers of the replicas that are up.
    ready: Vec<u32>,
    slow: f64,
    kills: u64,
    /// Requests that came too late for their deadline.
    expired: u64,
}

/// No place, no replica.
const NONE: u32 = u32::MAX;

impl Config {
    fn is_plain(&self) -> bool {
        self.cores.is_none() && self.memory_limit.is_none() && self.after_share.0 == 0.0 && !self.deadlines
    }

    /// Whether all requests call, and none pays for its connection.
    fn is_alike(&self) -> bool {
        self.handshake == Duration::ZERO && self.call_ratio.0 >= 1.0
    }

    /// How much longer processor time is on a replica that started cold this long ago.
    fn slowdown(&self, age: Duration) -> f64 {
        if age >= self.warm_up {
            return 1.0;
        }
        1.0 + (self.warm_up_slowdown - 1.0) * (1.0 - age.0 as f64 / self.warm_up.0 as f64)
    }
}

impl Service {
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

    fn rearm(&mut self, number: u32, cores: u32, cx: &mut Cx<'_>) {
        let rate = self.rate(&self.replicas[number as usize], cores);
        self.replicas[number as usize].cpu.arm(rate, Tag::Shared.with(number), cx);
    }

    /// One more worker holds a request.
    #[inline(always)]
    fn busy_rises(&self, cx: &mut Cx<'_>) {
        if !self.plain {
            return self.busy_changed(cx);
        }
        cx.gauge_rises(GAUGE_BUSY);
        cx.gauge_rises(slot::USED);
    }

    /// One worker less holds a request.
    #[inline(always)]
    fn busy_falls(&self, cx: &mut Cx<'_>) {
        if !self.plain {
            return self.busy_changed(cx);
        }
        cx.gauge_falls(GAUGE_BUSY);
        cx.gauge_falls(slot::USED);
    }

    /// One request more waits.
    #[inline(always)]
    fn queue_rises(&self, cx: &mut Cx<'_>) {
        if !self.plain {
            return self.queue_changed(cx);
        }
        cx.gauge_rises(slot::QUEUE);
    }

    /// One request less waits.
    #[inline(always)]
    fn queue_falls(&self, cx: &mut Cx<'_>) {
        if !self.plain {
            return self.queue_changed(cx);
        }
        cx.gauge_falls(slot::QUEUE);
    }

    #[inline(never)]
    fn busy_changed(&self, cx: &mut Cx<'_>) {
        let busy = u64::from(self.busy);
        cx.gauge(GAUGE_BUSY, busy);
        if self.config.cores.is_none() {
            cx.gauge(slot::USED, busy);
        }
        self.memory_changed(cx);
    }

    #[inline(never)]
    fn queue_changed(&self, cx: &mut Cx<'_>) {
        cx.gauge(slot::QUEUE, u64::from(self.queued));
        self.memory_changed(cx);
    }

    /// Whether all replicas that there should be are up.
    fn state(&self) -> u64 {
        let desired = self.config.replicas as usize;
        Track::missing(desired.saturating_sub(self.ready.len()), desired)
    }

    fn memory_changed(&self, cx: &mut Cx<'_>) {
        if self.config.memory_limit.is_some() {
            cx.gauge(GAUGE_MEMORY, self.memory_in_all());
        }
    }

    /// Memory of all replicas that live.
    fn memory_in_all(&self) -> u64 {
        let in_flight = u64::from(self.busy) + u64::from(self.queued);
        let requests = self.config.memory_per_request.0.saturating_mul(in_flight);
        self.config.memory_base.0.saturating_mul(u64::from(self.alive)).saturating_add(requests)
    }

    /// One more worker of a replica computes, or one less; no more cores are in use than there are.
    fn computing_changes(&mut self, replica: u32, up: bool, cores: u32, cx: &mut Cx<'_>) {
        let replica = &mut self.replicas[replica as usize];
        let before = replica.computing;
        replica.computing = if up { before + 1 } else { before - 1 };
        let change = (replica.computing.min(cores), before.min(cores));
        if change.0 != change.1 {
            self.computing = self.computing + change.0 - change.1;
            cx.gauge(slot::USED, u64::from(self.computing));
        }
    }
}

impl Component for Service {
    type Config = Config;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn new(config: Config) -> Service {
        // What stands at the beginning has been running for a while: it is warm.
        let replicas = (0..config.replicas).map(|_| Replica::new(State::Up, Time::ZERO, false)).collect();
        Service {
            replicas,
            jobs: Vec::new(),
            free: NONE,
            sole: NONE,
            calls: Vec::new(),
            ready: Vec::new(),
            busy: 0,
            queued: 0,
            computing: 0,
            alive: 0,
            plain: config.is_plain(),
            alike: config.is_alike(),
            slow: 1.0,
            kills: 0,
            expired: 0,
            config,
        }
    }

    fn on_start(&mut self, cx: &mut Cx<'_>) {
        self.calls = cx.links(PortId(0));
        self.publish(cx);
        self.announce(cx);
    }

    fn on_call(&mut self, call: CallId, cx: &mut Cx<'_>) {
        let Some(record) = cx.get(call) else { return };
        self.on_arrival(Arrival { call, lineage: record.lineage, replica: record.replica() }, cx);
    }

    #[inline(always)]
    fn on_arrival(&mut self, arrival: Arrival, cx: &mut Cx<'_>) {
        let Arrival { call, lineage, replica } = arrival;
        if !self.plain && self.is_too_late(call, cx) {
            return self.expire(call, cx);
        }
        let chosen = self.choose(replica, lineage, cx);
        let Some((number, replica)) = chosen.and_then(|n| Some((n, self.replicas.get_mut(n as usize)?))) else {
            // Nobody listens there: the connection is refused.
            return cx.reply(call, Err(Code::BadGateway));
        };
        if replica.busy < self.config.workers {
            replica.busy += 1;
            self.busy += 1;
            let place = self.place();
            self.start(call, number, place, cx);
            if !self.runs_out_of_memory(number, cx) {
                self.busy_rises(cx);
            }
        } else {
            if self.config.queue.is_some_and(|cap| replica.waiting >= cap) {
                return cx.reply(call, Err(Code::Unavailable));
            }
            replica.queue.push(call);
            replica.waiting += 1;
            self.queued += 1;
            if number > 0 {
                cx.set_tag(call, waits_at(number));
            }
            if !self.runs_out_of_memory(number, cx) {
                self.queue_rises(cx);
            }
        }
    }

    #[inline(always)]
    fn on_served(&mut self, _call: CallId, place: u32, cx: &mut Cx<'_>) {
        let Some(job) = self.jobs.get_mut(place as usize) else { return };
        debug_assert!(job.stage != Stage::Gone, "a call that is served has a job");
        if job.stage == Stage::Calling {
            // The pause before a retry is over.
            return self.next_step(place, cx);
        }
        if !self.plain {
            return self.computed(place, cx);
        }
        let (call, stretch, number) = (job.call, job.stretch, job.replica);
        if job.cancelled {
            job.stage = Stage::Gone;
            cx.work(call, stretch);
            cx.forget(call);
        } else if job.stage == Stage::Before && (job.step as usize) < self.calls.len() {
            cx.work(call, stretch);
            return self.next_step(place, cx);
        } else {
            job.stage = Stage::Gone;
            cx.complete(call, stretch, Ok(()));
        }
        self.take_next(place, number, cx);
    }

    #[inline(always)]
    fn on_reply(&mut self, reply: Reply, cx: &mut Cx<'_>) {
        // A job that was killed or cancelled no longer hears of its calls: its own call has gone.
        let Some(job) = self.jobs.get_mut(reply.tag as usize) else { return };
        job.child = Key::NONE;
        match reply.outcome {
            Ok(()) => {
                // Where the first link has gone while it was called, it stands before the first.
                job.step = job.step.wrapping_add(1);
                job.attempt = 0;
                self.next_step(reply.tag, cx);
            }
            Err(code) => self.failed(reply.tag, code, reply.link, reply.lineage, cx),
        }
    }

    fn on_cancel(&mut self, call: CallId, cx: &mut Cx<'_>) {
        let tag = cx.tag(call);
        if tag & WAITS != 0 {
            let replica = &mut self.replicas[waits_at(tag) as usize];
            replica.waiting -= 1;
            self.queued -= 1;
            cx.forget(call);
            // Those that have gone are passed over; when they are most of the queue, it is swept.
            if replica.queue.len() > 2 * replica.waiting as usize + 64 {
                replica.queue.retain(|&c| cx.get(c).is_some());
            }
            return self.queue_changed(cx);
        }
        let Some(job) = self.jobs.get_mut(tag as usize) else { return };
        job.cancelled = true;
        if job.stage == Stage::Calling {
            let child = job.child;
            cx.abandon(child);
            self.finish(tag, Ok(()), cx);
        }
    }

    fn on_timer(&mut self, _timer: TimerId, tag: u64, cx: &mut Cx<'_>) {
        let now = cx.now();
        match Tag::split(tag) {
            (Tag::Shared, number) => {
                self.replicas[number as usize].cpu.timer_fired();
                self.shared_computed(number, now, cx);
            }
            (Tag::Leave, number) => self.may_leave(number, cx),
            (Tag::Start, number) => {
                let replica = &mut self.replicas[number as usize];
                if replica.state == State::Down && now.since(replica.since) >= self.config.restart_delay {
                    *replica = Replica::new(State::Up, now, true);
                    self.publish(cx);
                    self.announce(cx);
                }
            }
        }
    }

    fn on_configure(&mut self, config: Config, cx: &mut Cx<'_>) {
        // Jobs are under way on the kind of processor they were started on, so whether cores are shared is fixed.
        let cores = match (self.config.cores, config.cores) {
            (Some(_), Some(new)) => Some(new),
            (old, _) => old,
        };
        self.config = Config { cores, ..config };
        self.plain = self.config.is_plain() && self.slow == 1.0;
        self.alike = self.config.is_alike();
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

    fn on_link(&mut self, change: LinkChange, cx: &mut Cx<'_>) {
        match change {
            LinkChange::Caller(link) => cx.message(link, Message::Endpoints(self.ready.clone())),
            LinkChange::CallerGone(_) => {}
            LinkChange::Callee(_) | LinkChange::CalleeGone(_) => self.read_links(cx),
        }
    }

    fn on_removed(&mut self, cx: &mut Cx<'_>) {
        (0..self.replicas.len() as u32).for_each(|number| self.kill(number, cx));
    }

    fn heap_bytes(&self) -> usize {
        let queues: usize = self.replicas.iter().map(|r| r.queue.len()).sum();
        self.jobs.len() * size_of::<Job>() + queues * size_of::<CallId>()
    }

    fn status(&self, now: Time, waits: &dyn Fn(CallId) -> bool) -> Status {
        let mut replicas: Vec<ReplicaStatus> = self.replicas.iter().map(|r| self.replica_status(r, now)).collect();
        let each = self.config.workers <= SLOTS_SHOWN;
        let mut for_nobody: Vec<(u32, f32)> = Vec::new();
        for job in self.jobs.iter().filter(|j| j.stage != Stage::Gone) {
            let shared = self.config.cores.map(|_| self.replicas[job.replica as usize].cpu.attained(now));
            let (shown, progress) = (&mut replicas[job.replica as usize], job.progress(now, shared));
            if !waits(job.call) {
                shown.zombies += 1;
                for_nobody.push((job.replica, progress));
            } else if each {
                shown.slot_progress.push(progress);
            }
        }
        for (number, progress) in for_nobody.into_iter().filter(|_| each) {
            replicas[number as usize].slot_progress.push(progress);
        }
        for (shown, replica) in replicas.iter_mut().zip(&self.replicas) {
            let gone = replica.queue.iter().filter(|&&call| !waits(call)).count();
            // Calls that were cancelled are no longer there at all.
            shown.queue_zombies = (gone - (replica.queue.len() - replica.waiting as usize)) as u32;
        }
        while replicas.len() > 1 && self.replicas[replicas.len() - 1].state == State::Removed {
            replicas.pop();
        }
        let up = self.ready.len() as u32;
        let (used, capacity) = match self.config.cores {
            Some(cores) => (self.replicas.iter().map(|r| r.computing.min(cores)).sum(), cores * up),
            None => (self.busy, self.config.workers.saturating_mul(up)),
        };
        let memory: u64 = self.replicas.iter().map(|r| self.memory(r)).sum();
        let desired = self.config.replicas;
        let count = |mode: Mode| replicas.iter().filter(|r| r.mode == mode).count() as u32;
        let starting = || replicas.iter().filter(|r| r.mode == Mode::Starting).map(|r| r.progress as f32);
        let drawings = if replicas.len() == 1 && desired == 1 {
            Vec::new()
        } else {
            let (warming, draining) = (count(Mode::Warming), count(Mode::Draining));
            vec![Drawing::Stack { desired, ready: up, starting: starting().collect(), warming, draining }]
        };
        Status {
            drawings,
            replicas,
            saturation: (capacity > 0).then(|| f64::from(used) / f64::from(capacity)),
            open: u64::from(self.busy) + u64::from(self.queued),
            gauges: vec![
                f64::from(self.busy),
                f64::from(up),
                memory as f64,
                self.kills as f64,
                f64::from(desired),
                self.expired as f64,
                self.state() as f64,
            ],
            faults: if self.slow == 1.0 { Vec::new() } else { vec!["slow".to_owned()] },
        }
    }
}

impl Service {
    fn set_slow(&mut self, factor: f64, cx: &mut Cx<'_>) {
        self.slow = factor;
        self.plain = self.config.is_plain() && factor == 1.0;
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
            slot_progress: Vec::new(),
            queue: replica.waiting,
            queue_zombies: 0,
            queue_cap: self.config.queue,
            memory: self.memory(replica),
            memory_limit: self.config.memory_limit.map_or(0, |m| m.0),
        }
    }
}
