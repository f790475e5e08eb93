//! The station of queueing theory: servers, a discipline, a limit, patience, set-up, and where to go next.

use crate::catalogue::{Descriptor, Family, GaugeSpec, Look, PortSpec};
use crate::component::{Component, Cx, Message, slot};
use crate::param::Params;
use crate::policy::lines::LINES;
use crate::policy::{Lines, Sharing};
use crate::status::{Mode, ReplicaStatus, SLOTS_SHOWN, Status};
use crate::{choices, params};
use floodgate_core::order::Order as _;
use floodgate_core::rng::Source;
use floodgate_core::{CallId, Code, Dist, Duration, Key, LinkChange, LinkId, PortId, Reply, Time, TimerId};
use std::collections::VecDeque;

choices! {
    /// Who is served next, and whether service is interrupted for somebody.
    pub enum Discipline {
        /// First come, first served.
        Fifo = "fifo",
        /// Who came last is served next; service is not interrupted.
        Lifo = "lifo",
        /// Who comes is served at once, in place of whoever of those in service came first; interrupted service is resumed
        /// where it stopped.
        LifoPreemptive = "lifo_preemptive",
        /// The most important is served next (`priority` of the clients), first come, first served among equals; service is
        /// not interrupted.
        Priority = "priority",
        /// The same, and the less important is interrupted for the more important; it goes back to the head of its line and
        /// is resumed where it stopped.
        PriorityPreemptive = "priority_preemptive",
        /// All are served at once and share the servers evenly; nobody has more than one.
        ProcessorSharing = "processor_sharing",
    }
}

choices! {
    /// What becomes of a request that finds the house full.
    pub enum Full {
        /// It is lost: answered 503 at once.
        Lose = "lose",
        /// It waits at the door, first come, first served, until there is room; whoever sent it is blocked as long as it
        /// waits for the answer.
        Block = "block",
    }
}

params! {
    /// Configuration of `station`.
    pub struct Config {
        /// How many are served at once; absent is no limit: infinitely many servers, nobody ever waits.
        servers: Option<u32> = "1" in 1 ..= 1000000, live;
        /// Who is served next.
        discipline: Discipline = "\"fifo\"";
        /// Service demand of a visit, times the `work` of the request.
        service_time: Dist = "{ exponential = \"10ms\" }" in 0 ..= 86400, live;
        /// How many may be in the house, those in service included. Absent is no limit.
        capacity: Option<u32> = none in 1 ..= 100000000, live;
        /// What becomes of one more when the house is full.
        full: Full = "\"lose\"", live;
        /// How long a request waits for its service to begin before it leaves: reneging, answered 503. Absent is for ever.
        patience: Option<Dist> = none in 0 ..= 86400, live;
        /// The station is off while nobody is there, and takes so long to start when somebody comes. Absent is no time.
        set_up: Option<Dist> = none in 0 ..= 86400, live;
        /// Of the requests that have been served, the share that is answered here, beside the `weight` of each link from
        /// `next`. Without links, or where all shares are 0, it is all of them.
        leave: f64 = "0.0" in 0 ..= 1000000, live;
        /// Whether it keeps to the `deadline` of requests: one whose deadline has passed when it comes, or when its service
        /// would begin, is answered 504 and not served.
        deadlines: bool = "false", live;
    }
}

static DESCRIPTOR: Descriptor = Descriptor {
    kind: "station",
    title: "Station",
    family: Family::Compute,
    doc: "The station of queueing theory: servers, a discipline, a limit, patience, set-up, routing.",
    manual: "Notation of Kendall (1953): M/M/c is `servers = c`, M/G/c/K adds `capacity = K`, M/G/∞ is `servers = \
             \"none\"`. Disciplines as in Kleinrock, Queueing Systems (1975–76); interrupted service is resumed, not \
             repeated. `patience` is Palm's (Erlang-A): it ends with the beginning of service. `set_up` is Welch's (1964): \
             whoever finds the station empty waits until it has started, and so do all that come in between. A request that \
             has been served goes on to one of the stations behind `next`, drawn by the weights of the links, or leaves \
             with its answer; the server is free at once, and the answer goes straight to whoever called the first station. \
             Each visit draws anew. Watch for: the difference between the mean over requests and the mean over time.",
    source: "Kendall (1953), Kleinrock, Queueing Systems (1975–76), Palm (patience), Welch (1964, set-up).",
    accepts_calls: true,
    ports: &[PortSpec {
        name: "next",
        max_links: u32::MAX,
        doc: "Where a request goes after its service, for good: one of these, by the weights of the links, or out.",
    }],
    params: Config::SPECS,
    gauges: &[
        GaugeSpec { name: "busy", unit: "servers", doc: "Servers at work." },
        GaugeSpec { name: "in_system", unit: "requests", doc: "Requests that wait or are served." },
        GaugeSpec { name: "lost", unit: "requests", doc: "Lost because the house was full, since the start." },
        GaugeSpec { name: "reneged", unit: "requests", doc: "Gone because their patience ended, since the start." },
        GaugeSpec { name: "blocked", unit: "requests", doc: "Waiting at the door until there is room." },
        GaugeSpec {
            name: "expired",
            unit: "requests",
            doc: "Answered 504 because their deadline had passed, since the start.",
        },
    ],
    tracks: &[],
    faults: &[],
    look: Look::Servers,
    build: None,
};

const PURPOSE_DEMAND: u64 = 1;
const PURPOSE_PATIENCE: u64 = 2;
const PURPOSE_SET_UP: u64 = 3;
const PURPOSE_NEXT: u64 = 4;
const GAUGE_BUSY: usize = slot::OWN;
const GAUGE_IN_SYSTEM: usize = slot::OWN + 1;
const GAUGE_LOST: usize = slot::OWN + 2;
const GAUGE_RENEGED: usize = slot::OWN + 3;
const GAUGE_BLOCKED: usize = slot::OWN + 4;
const GAUGE_EXPIRED: usize = slot::OWN + 5;

/// What a timer is about; the number beside it is a job.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tag {
    /// Its service is complete.
    Served = 0,
    /// Its patience has ended.
    Patience = 1,
    /// Jobs that share the servers are complete.
    Shared = 2,
    /// The station has started.
    SetUp = 3,
}

impl Tag {
    fn with(self, number: u32) -> u64 {
        u64::from(number) << 2 | self as u64
    }

    fn split(tag: u64) -> (Tag, u32) {
        let what = [Tag::Served, Tag::Patience, Tag::Shared, Tag::SetUp][(tag & 3) as usize];
        (what, (tag >> 2) as u32)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// Its place is free.
    Gone,
    /// Not served yet.
    Waiting,
    Serving,
    /// Served for a while and interrupted.
    Interrupted,
}

#[derive(Clone, Copy, Debug)]
struct Job {
    call: CallId,
    lineage: u64,
    /// Of the patience while it waits, of the service while it is served alone.
    timer: TimerId,
    arrived: Time,
    /// Since when it is served without interruption.
    since: Time,
    demand: Duration,
    /// Service still to come, at `since`.
    left: Duration,
    stage: Stage,
    priority: u8,
    /// Its caller has said that it has gone: service goes on to its end, for nobody.
    cancelled: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Levels {
    busy: u64,
    capacity: u64,
    waiting: u64,
    in_system: u64,
}

/// See [the manual](Station::DESCRIPTOR).
#[derive(Clone, Debug)]
pub struct Station {
    config: Config,
    next: Vec<(LinkId, f64)>,
    jobs: Vec<Job>,
    free: Vec<u32>,
    /// Who waits at the door for room; they have no job yet.
    door: VecDeque<CallId>,
    /// Who waits, in the order in which they are served.
    waiting: Lines,
    /// Who is served, in such an order that the last is interrupted first; unused where servers are shared.
    serving: Lines,
    shared: Sharing,
    setting_up: bool,
    lost: u64,
    reneged: u64,
    expired: u64,
    levels: Levels,
}

impl Station {
    fn shares(&self) -> bool {
        self.config.discipline == Discipline::ProcessorSharing
    }

    fn servers(&self) -> u32 {
        self.config.servers.unwrap_or(u32::MAX)
    }

    fn in_service(&self) -> u32 {
        if self.shares() { self.shared.len() as u32 } else { self.serving.len() }
    }

    fn in_system(&self) -> u32 {
        self.waiting.len() + self.in_service()
    }

    /// Whether somebody more can be served now.
    fn has_room(&self) -> bool {
        !self.setting_up && (self.shares() || self.serving.len() < self.servers())
    }

    fn admit(&mut self, job: Job) -> u32 {
        match self.free.pop() {
            Some(place) => {
                self.jobs[place as usize] = job;
                place
            }
            None => {
                self.jobs.push(job);
                self.jobs.len() as u32 - 1
            }
        }
    }

    fn arrive(&mut self, call: CallId, cx: &mut Cx<'_>) {
        let Some(record) = cx.get(call) else { return };
        // Whoever waited at the door arrived then.
        let (lineage, arrived, now) = (record.lineage, record.since, cx.now());
        let (priority, work) = cx.root(cx.root_of(call)).map_or((0, 1.0), |root| (root.priority, root.work));
        if self.config.set_up.is_some() && self.in_system() == 0 && !self.setting_up {
            self.set_up(lineage, cx);
        }
        let drawn = || self.config.service_time.sample(&mut cx.draws(PURPOSE_DEMAND, lineage));
        let demand = cx.demand_of(call).unwrap_or_else(drawn);
        let demand = if work == 1.0 { demand } else { demand.scaled(f64::from(work)) };
        let place = self.admit(Job {
            call,
            lineage,
            timer: Key::NONE,
            arrived,
            since: now,
            demand,
            left: demand,
            stage: Stage::Waiting,
            priority: priority.min(LINES as u8 - 1),
            cancelled: false,
        });
        cx.set_tag(call, place);
        if self.has_room() {
            self.serve(place, cx);
        } else if let Some(victim) = self.victim(place, now) {
            self.interrupt(victim, cx);
            self.serve(place, cx);
        } else {
            self.wait(place, cx);
        }
    }

    fn set_up(&mut self, lineage: u64, cx: &mut Cx<'_>) {
        let Some(set_up) = &self.config.set_up else { return };
        let length = set_up.sample(&mut cx.draws(PURPOSE_SET_UP, lineage));
        self.setting_up = true;
        cx.timer(length, Tag::SetUp.with(0));
    }

    fn wait(&mut self, place: u32, cx: &mut Cx<'_>) {
        let job = &mut self.jobs[place as usize];
        match self.config.discipline {
            Discipline::Priority | Discipline::PriorityPreemptive => self.waiting.push_back(job.priority, place),
            Discipline::Lifo | Discipline::LifoPreemptive => self.waiting.push_front(0, place),
            Discipline::Fifo | Discipline::ProcessorSharing => self.waiting.push_back(0, place),
        }
        if let Some(patience) = &self.config.patience {
            let length = patience.sample(&mut cx.draws(PURPOSE_PATIENCE, job.lineage));
            job.timer = cx.timer(length, Tag::Patience.with(place));
        }
    }

    /// Who makes way for the job at `place`, if anybody does.
    fn victim(&self, place: u32, now: Time) -> Option<u32> {
        if self.setting_up {
            return None;
        }
        let victim = self.serving.last()?;
        let (old, new) = (&self.jobs[victim as usize], &self.jobs[place as usize]);
        let yields = match self.config.discipline {
            Discipline::LifoPreemptive => true,
            Discipline::PriorityPreemptive => old.priority > new.priority,
            _ => false,
        };
        // Service that is complete at this very instant is not interrupted.
        (yields && now.since(old.since) < old.left).then_some(victim)
    }

    fn interrupt(&mut self, place: u32, cx: &mut Cx<'_>) {
        let job = &mut self.jobs[place as usize];
        let done = cx.now().since(job.since);
        cx.cancel(job.timer);
        cx.work(job.call, done);
        job.left = job.left - done;
        job.stage = Stage::Interrupted;
        let line = self.serving.line_of(place);
        self.serving.remove(place);
        self.waiting.push_front(line, place);
    }

    /// The job is served from now on.
    fn serve(&mut self, place: u32, cx: &mut Cx<'_>) {
        let (discipline, now) = (self.config.discipline, cx.now());
        let job = &mut self.jobs[place as usize];
        let resumed = job.stage == Stage::Interrupted;
        if !resumed {
            cx.cancel(job.timer);
            cx.waited(now.since(job.arrived));
        }
        job.stage = Stage::Serving;
        job.since = now;
        if discipline == Discipline::ProcessorSharing {
            return self.shared.start(now, place, job.demand);
        }
        job.timer = cx.timer(job.left, Tag::Served.with(place));
        match discipline {
            Discipline::Priority | Discipline::PriorityPreemptive => self.serving.push_back(job.priority, place),
            // Those in service are the last that came; what is resumed came before all of them, and yields first.
            Discipline::LifoPreemptive if !resumed => self.serving.push_front(0, place),
            _ => self.serving.push_back(0, place),
        }
    }

    fn serve_waiting(&mut self, cx: &mut Cx<'_>) {
        while self.has_room() {
            let Some(place) = self.waiting.first() else { break };
            self.waiting.remove(place);
            // Whose service has begun in time is resumed.
            let job = &self.jobs[place as usize];
            if job.stage == Stage::Waiting && self.is_too_late(job.call, cx) {
                cx.cancel(job.timer);
                let job = self.take(place);
                cx.waited(cx.now().since(job.arrived));
                self.expire(job.call, cx);
                continue;
            }
            self.serve(place, cx);
        }
    }

    /// The service of the job is complete; `done` of it has not been booked.
    fn served(&mut self, place: u32, done: Duration, cx: &mut Cx<'_>) {
        let job = self.take(place);
        cx.work(job.call, done);
        cx.served(job.demand, cx.now().since(job.arrived));
        if job.cancelled {
            return cx.forget(job.call);
        }
        match self.route(job.lineage, cx) {
            // Another visit, even of the same station, is another branch of the request.
            Some(link) => cx.hand_on(job.call, link, cx.branch(job.lineage, 1)),
            None => cx.reply(job.call, Ok(())),
        }
    }

    fn take(&mut self, place: u32) -> Job {
        let gone = Job { stage: Stage::Gone, ..self.jobs[place as usize] };
        self.free.push(place);
        std::mem::replace(&mut self.jobs[place as usize], gone)
    }

    fn read_links(&mut self, cx: &Cx<'_>) {
        self.next = cx.links(PortId(0)).into_iter().map(|link| (link, cx.link_weight(link))).collect();
    }

    fn route(&self, lineage: u64, cx: &Cx<'_>) -> Option<LinkId> {
        let leave = if self.next.is_empty() { 1.0 } else { self.config.leave };
        let total = leave + self.next.iter().map(|(_, weight)| weight).sum::<f64>();
        if total == leave {
            return None;
        }
        let mut point = cx.draws(PURPOSE_NEXT, lineage).unit() * total - leave;
        if point < 0.0 {
            return None;
        }
        let chosen = self.next.iter().find(|(_, weight)| {
            point -= weight;
            point < 0.0
        });
        // Rounding may leave a trifle beyond the last.
        chosen.or_else(|| self.next.iter().rev().find(|(_, weight)| *weight > 0.0)).map(|(link, _)| *link)
    }

    /// Whether the deadline of a call has passed, at a station that looks at it.
    fn is_too_late(&self, call: CallId, cx: &Cx<'_>) -> bool {
        self.config.deadlines && cx.deadline_of(call) <= cx.now()
    }

    fn expire(&mut self, call: CallId, cx: &mut Cx<'_>) {
        self.expired += 1;
        cx.gauge(GAUGE_EXPIRED, self.expired);
        cx.reply(call, Err(Code::GatewayTimeout));
    }

    fn is_full(&self) -> bool {
        self.config.capacity.is_some_and(|capacity| self.in_system() >= capacity)
    }

    /// As many as there is room for come in from the door.
    fn open_door(&mut self, cx: &mut Cx<'_>) {
        if self.door.is_empty() || self.is_full() {
            return;
        }
        while !self.is_full()
            && let Some(call) = self.door.pop_front()
        {
            if self.is_too_late(call, cx) { self.expire(call, cx) } else { self.arrive(call, cx) }
        }
        cx.gauge(GAUGE_BLOCKED, self.door.len() as u64);
    }

    /// Lets in who waits at the door, and sets what has changed, and the timer of shared servers.
    fn publish(&mut self, cx: &mut Cx<'_>) {
        self.open_door(cx);
        if self.shares() {
            let n = f64::from(self.in_service().max(1));
            let rate = (f64::from(self.servers()) / n).min(1.0);
            self.shared.arm(rate, Tag::Shared.with(0), cx);
        }
        debug_assert!(self.waiting.is_empty() || !self.has_room(), "nobody waits for a free server");
        let levels = Levels {
            busy: u64::from(self.in_service().min(self.servers())),
            capacity: self.config.servers.map_or(0, u64::from),
            waiting: u64::from(self.waiting.len()),
            in_system: u64::from(self.in_system()),
        };
        let old = std::mem::replace(&mut self.levels, levels);
        for (slots, before, now) in [
            ([Some(slot::USED), Some(GAUGE_BUSY)], old.busy, levels.busy),
            ([Some(slot::CAPACITY), None], old.capacity, levels.capacity),
            ([Some(slot::QUEUE), None], old.waiting, levels.waiting),
            ([Some(GAUGE_IN_SYSTEM), None], old.in_system, levels.in_system),
        ] {
            if before != now {
                slots.into_iter().flatten().for_each(|slot| cx.gauge(slot, now));
            }
        }
        if old.in_system != levels.in_system {
            cx.level(levels.in_system);
        }
    }
}

impl Component for Station {
    type Config = Config;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn new(config: Config) -> Station {
        Station {
            config,
            next: Vec::new(),
            jobs: Vec::new(),
            free: Vec::new(),
            door: VecDeque::new(),
            waiting: Lines::default(),
            serving: Lines::default(),
            shared: Sharing::default(),
            setting_up: false,
            lost: 0,
            reneged: 0,
            expired: 0,
            levels: Levels::default(),
        }
    }

    fn on_start(&mut self, cx: &mut Cx<'_>) {
        self.read_links(cx);
        cx.tell_callers(&Message::Endpoints(vec![0]));
        self.publish(cx);
    }

    fn on_call(&mut self, call: CallId, cx: &mut Cx<'_>) {
        if self.is_too_late(call, cx) {
            return self.expire(call, cx);
        }
        // Nobody passes those at the door.
        if self.is_full() || !self.door.is_empty() {
            if self.config.full == Full::Block {
                self.door.push_back(call);
                return cx.gauge(GAUGE_BLOCKED, self.door.len() as u64);
            }
            self.lost += 1;
            cx.gauge(GAUGE_LOST, self.lost);
            return cx.reply(call, Err(Code::Unavailable));
        }
        self.arrive(call, cx);
        self.publish(cx);
    }

    fn on_reply(&mut self, _reply: Reply, _cx: &mut Cx<'_>) {
        debug_assert!(false, "a station hands on and never calls");
    }

    fn on_cancel(&mut self, call: CallId, cx: &mut Cx<'_>) {
        let place = cx.tag(call);
        if place == u32::MAX {
            self.door.retain(|&c| c != call);
            cx.gauge(GAUGE_BLOCKED, self.door.len() as u64);
            return cx.forget(call);
        }
        let Some(job) = self.jobs.get_mut(place as usize).filter(|j| j.stage != Stage::Gone) else { return };
        match job.stage {
            Stage::Serving => job.cancelled = true,
            _ => {
                cx.cancel(job.timer);
                self.waiting.remove(place);
                self.take(place);
                cx.forget(call);
            }
        }
        self.publish(cx);
    }

    fn on_timer(&mut self, _timer: TimerId, tag: u64, cx: &mut Cx<'_>) {
        match Tag::split(tag) {
            (Tag::Served, place) => {
                self.serving.remove(place);
                let job = &self.jobs[place as usize];
                self.served(place, cx.now().since(job.since), cx);
            }
            (Tag::Shared, _) => {
                self.shared.timer_fired();
                while let Some(place) = self.shared.finished(cx.now()) {
                    self.served(place, self.jobs[place as usize].demand, cx);
                }
            }
            (Tag::Patience, place) => {
                self.waiting.remove(place);
                let job = self.take(place);
                self.reneged += 1;
                cx.gauge(GAUGE_RENEGED, self.reneged);
                cx.waited(cx.now().since(job.arrived));
                cx.reply(job.call, Err(Code::Unavailable));
            }
            (Tag::SetUp, _) => self.setting_up = false,
        }
        self.serve_waiting(cx);
        self.publish(cx);
    }

    fn on_configure(&mut self, config: Config, cx: &mut Cx<'_>) {
        self.config = config;
        self.serve_waiting(cx);
        self.publish(cx);
    }

    fn on_link(&mut self, change: LinkChange, cx: &mut Cx<'_>) {
        match change {
            LinkChange::Caller(link) => cx.message(link, Message::Endpoints(vec![0])),
            LinkChange::CallerGone(_) => {}
            LinkChange::Callee(_) | LinkChange::CalleeGone(_) => self.read_links(cx),
        }
    }

    fn on_removed(&mut self, cx: &mut Cx<'_>) {
        let now = cx.now();
        // What was done before an interruption has been booked.
        if self.shares() {
            for (place, left) in self.shared.left(now) {
                let job = self.jobs[place as usize];
                cx.work(job.call, job.demand - left.min(job.demand));
            }
        } else {
            self.jobs.iter().filter(|j| j.stage == Stage::Serving).for_each(|j| cx.work(j.call, now.since(j.since)));
        }
        self.shared.clear(cx);
        (self.waiting, self.serving, self.setting_up) = (Lines::default(), Lines::default(), false);
        self.jobs.iter_mut().for_each(|job| job.stage = Stage::Gone);
        self.door.clear();
        cx.gauge(GAUGE_BLOCKED, 0);
        self.publish(cx);
    }

    fn heap_bytes(&self) -> usize {
        self.jobs.len() * size_of::<Job>() + self.free.len() * 4 + self.door.len() * size_of::<CallId>()
    }

    fn status(&self, now: Time, waits: &dyn Fn(CallId) -> bool) -> Status {
        let (mut zombies, mut queue_zombies) = (0, 0);
        for job in self.jobs.iter().filter(|j| j.stage != Stage::Gone && !waits(j.call)) {
            let count = if job.stage == Stage::Serving { &mut zombies } else { &mut queue_zombies };
            *count += 1;
        }
        let busy = self.levels.busy as u32;
        let slots = self.config.servers.unwrap_or(busy);
        let slot_progress = if slots <= SLOTS_SHOWN { self.progress(now, waits) } else { Vec::new() };
        let replica = ReplicaStatus {
            mode: if self.setting_up { Mode::Starting } else { Mode::Up },
            progress: 1.0,
            slots,
            busy,
            zombies,
            slot_progress,
            queue: self.waiting.len(),
            queue_zombies,
            queue_cap: self.config.capacity.map(|capacity| capacity.saturating_sub(slots)),
            memory: 0,
            memory_limit: 0,
        };
        Status {
            saturation: self.config.servers.map(|servers| f64::from(busy) / f64::from(servers)),
            open: self.levels.in_system + self.door.len() as u64,
            gauges: vec![
                f64::from(busy),
                self.levels.in_system as f64,
                self.lost as f64,
                self.reneged as f64,
                self.door.len() as f64,
                self.expired as f64,
            ],
            faults: Vec::new(),
            replicas: vec![replica],
            drawings: Vec::new(),
        }
    }
}

impl Station {
    /// How far those in service have come: first those that somebody waits for.
    fn progress(&self, now: Time, waits: &dyn Fn(CallId) -> bool) -> Vec<f32> {
        let share = |left: Duration, demand: Duration| 1.0 - (left.0 as f64 / demand.0.max(1) as f64).min(1.0) as f32;
        let shared = self.shared.left(now).map(|(place, left)| (&self.jobs[place as usize], left));
        let alone = |job: &Job| job.left - now.since(job.since).min(job.left);
        let mut all: Vec<(bool, f32)> = match self.shares() {
            true => shared.map(|(job, left)| (!waits(job.call), share(left, job.demand))).collect(),
            false => (self.jobs.iter().filter(|job| job.stage == Stage::Serving))
                .map(|job| (!waits(job.call), share(alone(job), job.demand)))
                .collect(),
        };
        all.order_by_key(|(nobody, _)| *nobody);
        all.into_iter().map(|(_, progress)| progress).collect()
    }
}
