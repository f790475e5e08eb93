//! A database server: connections, and service that slows down when too many work at once.

use super::service::Slow;
use crate::catalogue::{Descriptor, Family, FaultSpec, GaugeSpec, Look, StateSpec, Track};
use crate::component::{Component, Cx, Message, slot};
use crate::param::{Params, Values};
use crate::params;
use crate::policy::Sharing;
use crate::status::{Mode, ReplicaStatus, SLOTS_SHOWN, Status};
use floodgate_core::order::Order as _;
use floodgate_core::{CallId, Code, Dist, Duration, LinkChange, Reply, Time, TimerId};
use std::collections::VecDeque;

params! {
    /// Configuration of `database`.
    pub struct Config {
        /// Statements that may run at once; each call holds a connection while it runs.
        max_connections: u32 = "100" in 1 ..= 1000000, live;
        /// Calls that may wait for a connection (a pooler in front); one more is answered 503. 0 refuses at once, as the
        /// server itself does.
        backlog: u32 = "0" in 0 ..= 100000000, live;
        /// Time a statement takes while at most `knee` run at once.
        service_time: Dist = "{ exponential = \"5ms\" }" in 0 ..= 86400, live;
        /// Concurrency up to which statements do not disturb each other (cores, disks).
        knee: u32 = "32" in 1 ..= 1000000, live;
        /// Beyond the knee each statement is slowed by n/knee (sharing) times 1 + contention·(n − knee)/knee (locks, cache
        /// misses, context switches).
        contention: f64 = "0.0" in 0 ..= 1000, live;
        /// From a kill to the next start.
        restart_delay: Duration = "\"10s\"" in 0 ..= 86400, live;
        /// Whether it keeps to the `deadline` of requests: a statement whose deadline has passed when it comes, or when a
        /// connection is free for it, is answered 504 and not run.
        deadlines: bool = "false", live;
    }
}

static DESCRIPTOR: Descriptor = Descriptor {
    kind: "database",
    title: "Database",
    family: Family::Data,
    doc: "Runs statements on a limited number of connections; slows down beyond a knee.",
    manual: "Up to `knee` statements run at full speed; beyond it they share the machine (speed knee/n each) and, with \
             `contention`, disturb each other, so that throughput falls as concurrency rises: more connections make it \
             worse. A connection beyond the limit is refused with 503.",
    source: "Connections as a database server limits them; `knee` and `contention` are a model of this project, not of a product.",
    accepts_calls: true,
    ports: &[],
    params: Config::SPECS,
    gauges: &[
        GaugeSpec { name: "busy", unit: "connections", doc: "Connections in use." },
        GaugeSpec {
            name: "expired",
            unit: "requests",
            doc: "Calls answered 504 because their deadline had passed, since the start.",
        },
        GaugeSpec { name: "state", unit: "", doc: "0 while it is up, 1 while it is down." },
    ],
    tracks: &[Track::State { gauge: "state", states: &[StateSpec::good("up"), StateSpec::bad("down")] }],
    faults: &[
        FaultSpec {
            name: "kill",
            title: "Kill",
            lasting: false,
            params: &[],
            doc: "The server dies: everything in flight fails with 502; it is back after `restart_delay`.",
        },
        FaultSpec {
            name: "slow",
            title: "Slow down",
            lasting: true,
            params: Slow::SPECS,
            doc: "Statements take longer: a bad plan, a full disk, a backup running.",
        },
    ],
    look: Look::Store,
    build: None,
};

const ENDED: u64 = 0;
const RESTART: u64 = 1;
const PURPOSE_DEMAND: u64 = 1;
const GAUGE_BUSY: usize = slot::OWN;
const GAUGE_EXPIRED: usize = slot::OWN + 1;
const GAUGE_STATE: usize = slot::OWN + 2;

#[derive(Clone, Copy, Debug)]
struct Statement {
    call: CallId,
    /// Work that everyone had been given when it started.
    mark: f64,
    running: bool,
    demand: Duration,
    /// Its caller has said that it has gone: it ends without an answer.
    cancelled: bool,
}

/// See [the manual](Database::DESCRIPTOR).
#[derive(Clone, Debug)]
pub struct Database {
    config: Config,
    up: bool,
    down_since: Time,
    slow: f64,
    statements: Vec<Option<Statement>>,
    free: Vec<u32>,
    waiting: VecDeque<u32>,
    running: u32,
    expired: u64,
    machine: Sharing,
}

impl Database {
    /// Speed of one statement when `n` run: 1 up to the knee, then shared, then disturbed.
    fn rate(&self) -> f64 {
        let (n, knee) = (f64::from(self.running), f64::from(self.config.knee));
        let alone = 1.0 / self.slow;
        if n <= knee { alone } else { alone * (knee / n) / (1.0 + self.config.contention * (n - knee) / knee) }
    }

    fn admit(&mut self, call: CallId) -> u32 {
        let statement = Some(Statement { call, mark: 0.0, running: false, demand: Duration::ZERO, cancelled: false });
        match self.free.pop() {
            Some(place) => {
                self.statements[place as usize] = statement;
                place
            }
            None => {
                self.statements.push(statement);
                self.statements.len() as u32 - 1
            }
        }
    }

    fn start(&mut self, place: u32, cx: &mut Cx<'_>) {
        let Some(statement) = self.statements[place as usize].as_mut() else { return };
        let lineage = cx.get(statement.call).map_or(0, |c| c.lineage);
        let work = cx.root(cx.root_of(statement.call)).map_or(1.0, |root| f64::from(root.work));
        let drawn = || self.config.service_time.sample(&mut cx.draws(PURPOSE_DEMAND, lineage));
        let demand = cx.demand_of(statement.call).unwrap_or_else(drawn).scaled(work);
        self.machine.start(cx.now(), place, demand);
        statement.mark = self.machine.attained(cx.now());
        statement.running = true;
        statement.demand = demand;
        self.running += 1;
    }

    fn end(&mut self, place: u32, cx: &mut Cx<'_>) {
        self.running -= 1;
        self.free.push(place);
        let Some(statement) = self.statements[place as usize].take() else { return };
        cx.work(statement.call, statement.demand);
        if statement.cancelled { cx.forget(statement.call) } else { cx.reply(statement.call, Ok(())) }
    }

    /// Whether the deadline of a call has passed, at a database that looks at it.
    fn is_too_late(&self, call: CallId, cx: &Cx<'_>) -> bool {
        self.config.deadlines && cx.deadline_of(call) <= cx.now()
    }

    fn expire(&mut self, call: CallId, cx: &mut Cx<'_>) {
        self.expired += 1;
        cx.gauge(GAUGE_EXPIRED, self.expired);
        cx.reply(call, Err(Code::GatewayTimeout));
    }

    fn take_waiting(&mut self, cx: &mut Cx<'_>) {
        while self.running < self.config.max_connections {
            let Some(place) = self.waiting.pop_front() else { break };
            match self.statements[place as usize] {
                Some(Statement { call, .. }) if self.is_too_late(call, cx) => {
                    self.statements[place as usize] = None;
                    self.free.push(place);
                    self.expire(call, cx);
                }
                _ => self.start(place, cx),
            }
        }
    }

    fn settle(&mut self, cx: &mut Cx<'_>) {
        self.machine.arm(self.rate(), ENDED, cx);
        cx.gauge(GAUGE_BUSY, u64::from(self.running));
        cx.gauge(slot::USED, u64::from(self.running.min(self.config.knee)));
        cx.gauge(slot::CAPACITY, if self.up { u64::from(self.config.knee) } else { 0 });
        cx.gauge(slot::QUEUE, self.waiting.len() as u64);
    }

    fn endpoints(&self) -> Message {
        Message::Endpoints(if self.up { vec![0] } else { Vec::new() })
    }

    fn announce(&self, cx: &mut Cx<'_>) {
        cx.gauge(GAUGE_STATE, u64::from(!self.up));
        cx.tell_callers(&self.endpoints());
    }

    fn kill(&mut self, cx: &mut Cx<'_>) {
        if !self.up {
            return;
        }
        let attained = self.machine.attained(cx.now());
        self.machine.clear(cx);
        self.waiting.clear();
        self.free.clear();
        self.running = 0;
        for statement in std::mem::take(&mut self.statements).into_iter().flatten() {
            if statement.running {
                let done = Duration((attained - statement.mark).max(0.0) as u64);
                cx.work(statement.call, done.min(statement.demand));
            }
            cx.waste(statement.call);
            cx.reply(statement.call, Err(Code::BadGateway));
        }
        self.up = false;
        self.down_since = cx.now();
        cx.timer(self.config.restart_delay, RESTART);
        self.announce(cx);
        self.settle(cx);
    }
}

impl Component for Database {
    type Config = Config;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn new(config: Config) -> Database {
        Database {
            config,
            up: true,
            down_since: Time::ZERO,
            slow: 1.0,
            statements: Vec::new(),
            free: Vec::new(),
            waiting: VecDeque::new(),
            running: 0,
            expired: 0,
            machine: Sharing::default(),
        }
    }

    fn on_start(&mut self, cx: &mut Cx<'_>) {
        self.announce(cx);
        self.settle(cx);
    }

    fn on_call(&mut self, call: CallId, cx: &mut Cx<'_>) {
        if !self.up {
            return cx.reply(call, Err(Code::BadGateway));
        }
        if self.is_too_late(call, cx) {
            return self.expire(call, cx);
        }
        if self.running >= self.config.max_connections && self.waiting.len() >= self.config.backlog as usize {
            return cx.reply(call, Err(Code::Unavailable));
        }
        let place = self.admit(call);
        cx.set_tag(call, place);
        if self.running < self.config.max_connections {
            self.start(place, cx);
        } else {
            self.waiting.push_back(place);
        }
        self.settle(cx);
    }

    fn on_reply(&mut self, _reply: Reply, _cx: &mut Cx<'_>) {}

    fn on_cancel(&mut self, call: CallId, cx: &mut Cx<'_>) {
        let place = cx.tag(call);
        let Some(Some(statement)) = self.statements.get_mut(place as usize) else { return };
        if statement.running {
            statement.cancelled = true;
            return;
        }
        self.waiting.retain(|&p| p != place);
        self.statements[place as usize] = None;
        self.free.push(place);
        cx.forget(call);
        self.settle(cx);
    }

    fn on_timer(&mut self, _timer: TimerId, tag: u64, cx: &mut Cx<'_>) {
        if tag == RESTART {
            self.up = true;
            self.announce(cx);
        } else {
            self.machine.timer_fired();
            while let Some(place) = self.machine.finished(cx.now()) {
                self.end(place, cx);
            }
            self.take_waiting(cx);
        }
        self.settle(cx);
    }

    fn on_configure(&mut self, config: Config, cx: &mut Cx<'_>) {
        self.config = config;
        self.take_waiting(cx);
        self.settle(cx);
    }

    fn on_fault(&mut self, fault: &'static str, values: &Values, cx: &mut Cx<'_>) {
        match fault {
            "kill" => self.kill(cx),
            _ => {
                self.slow = Slow::from_values(values).map_or(1.0, |s| s.factor);
                self.settle(cx);
            }
        }
    }

    fn on_heal(&mut self, _fault: &'static str, cx: &mut Cx<'_>) {
        self.slow = 1.0;
        self.settle(cx);
    }

    fn on_link(&mut self, change: LinkChange, cx: &mut Cx<'_>) {
        if let LinkChange::Caller(link) = change {
            cx.message(link, self.endpoints());
        }
    }

    fn on_removed(&mut self, cx: &mut Cx<'_>) {
        self.kill(cx);
    }

    fn heap_bytes(&self) -> usize {
        self.statements.len() * size_of::<Option<Statement>>() + self.waiting.len() * 4
    }

    fn status(&self, now: Time, waits: &dyn Fn(CallId) -> bool) -> Status {
        let gone = |s: &Statement| !waits(s.call);
        let (mut zombies, mut queue_zombies) = (0, 0);
        for statement in self.statements.iter().flatten().filter(|s| gone(s)) {
            if statement.running { zombies += 1 } else { queue_zombies += 1 }
        }
        let restart = self.config.restart_delay.0.max(1) as f64;
        let replica = ReplicaStatus {
            mode: if self.up { Mode::Up } else { Mode::Starting },
            progress: if self.up { 1.0 } else { now.since(self.down_since).0 as f64 / restart },
            slots: self.config.max_connections,
            busy: self.running,
            zombies,
            slot_progress: self.progress(now, &gone),
            queue: self.waiting.len() as u32,
            queue_zombies,
            queue_cap: Some(self.config.backlog),
            memory: 0,
            memory_limit: 0,
        };
        Status {
            saturation: Some(f64::from(self.running) / f64::from(self.config.knee)),
            open: u64::from(self.running) + self.waiting.len() as u64,
            gauges: vec![f64::from(self.running), self.expired as f64, f64::from(u8::from(!self.up))],
            faults: if self.slow == 1.0 { Vec::new() } else { vec!["slow".to_owned()] },
            replicas: vec![replica],
            drawings: Vec::new(),
        }
    }
}

impl Database {
    /// How far those that run have come: first those that somebody waits for.
    fn progress(&self, now: Time, gone: &dyn Fn(&Statement) -> bool) -> Vec<f32> {
        if self.config.max_connections > SLOTS_SHOWN {
            return Vec::new();
        }
        let attained = self.machine.attained(now);
        let share = |s: &Statement| ((attained - s.mark) / s.demand.0.max(1) as f64).clamp(0.0, 1.0) as f32;
        let running = self.statements.iter().flatten().filter(|s| s.running);
        let mut all: Vec<(bool, f32)> = running.map(|s| (gone(s), share(s))).collect();
        all.order_by_key(|(nobody, _)| *nobody);
        all.into_iter().map(|(_, progress)| progress).collect()
    }
}
