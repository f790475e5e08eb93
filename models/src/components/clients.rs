//! Clients in an open loop, who come whether or not the system keeps up, or in a closed one, who wait for their answers.

use crate::catalogue::{Descriptor, Family, GaugeSpec, Look, PortSpec};
use crate::component::{Component, Cx, slot};
use crate::param::{Params, Rate};
use crate::params;
use crate::policy::arrivals::Process;
use crate::policy::{Arrivals, Retry};
use crate::status::Status;
use floodgate_core::{
    ANY_REPLICA, Birth, CallId, CallSpec, Client, Code, Dist, Duration, Key, LinkChange, LinkId, Outcome, Patience,
    PortId, Reply, RootId, Time, TimerId,
};

params! {
    /// Configuration of `clients`.
    pub struct Config {
        /// Offered load: arrivals per second, Poisson unless `arrivals` says otherwise, whatever becomes of the earlier
        /// requests.
        rate: Rate = "\"100/s\"" in 0 ..= 10000000, live;
        /// How they arrive: more regular or less, in batches, in bursts, in a wave.
        arrivals: Arrivals = "{}", live;
        /// A closed loop of so many users: each thinks, sends a request, waits until it has ended, and thinks again. The
        /// load falls when the system slows down. `rate`, `arrivals` and `population` then mean nothing. Absent is an open
        /// loop; whether there are users is fixed while the system runs.
        users: Option<u32> = none in 0 ..= 10000000, live;
        /// How long a user thinks before each request.
        think_time: Dist = "{ exponential = \"1s\" }" in 0 ..= 86400, live;
        /// Distinct clients; each request comes from one of them, drawn uniformly.
        population: u64 = "10000" in 1 ..= 1000000000;
        /// How long an attempt is waited for; absent is for ever.
        timeout: Option<Duration> = "\"1s\"" in 0.000001 ..= 86400, live;
        /// Whether the callee is told when an attempt is given up (a closed connection that somebody notices). Without it
        /// the work goes on for nobody.
        cancel: bool = "false", live;
        /// What happens to an attempt that failed.
        retry: Retry = "{}", live;
        /// An answer later than this after the request was born does not count as goodput; absent is the time-out.
        slo: Option<Duration> = none in 0.000001 ..= 86400, live;
        /// Criticality of the requests, from 0, the most important, to 7: what shedding and priority queues go by.
        priority: u32 = "0" in 0 ..= 7, live;
        /// How much work these requests ask for, as a multiple of what is usual: service times of stations, services and
        /// databases are multiplied by it.
        work: f64 = "1.0" in 0 ..= 1000, live;
        /// What these requests are called in statistics: requests of one class are counted together, whichever clients send
        /// them, and an expectation may name it.
        class: String = "\"default\"" in 1 ..= 64;
    }
}

static DESCRIPTOR: Descriptor = Descriptor {
    kind: "clients",
    title: "Clients",
    family: Family::Traffic,
    doc: "People or machines that send requests, give up and try again.",
    manual: "Open loop unless there are `users`: the load does not fall when the system slows down, which is what makes an \
             avalanche possible. Arrivals are Poisson unless `arrivals` says otherwise; a change of the rate, by hand, burst \
             or wave, draws nothing anew. A closed loop (`users`, `think_time`) is the interactive system of Reiser and \
             Lavenberg (1980): it cannot have more requests under way than users. An attempt that is not answered within `timeout` is given up; the callee does not \
             notice unless `cancel` is set. Watch the amplification: attempts sent per request born.",
    source: "Open loop: Poisson arrivals that do not wait for answers; closed loop: Reiser and Lavenberg (1980).",
    accepts_calls: false,
    ports: &[PortSpec { name: "out", max_links: 1, doc: "Where the requests go." }],
    params: Config::SPECS,
    gauges: &[GaugeSpec { name: "waiting", unit: "requests", doc: "Requests born and not ended." }],
    tracks: &[],
    faults: &[],
    look: Look::Source,
    build: None,
};

/// Timers: the end of calm or burst, a user who has thought (and which); all others are retries, by the index of their root,
/// of which there are never so many. The next arrival of an open loop is the node's tick.
const TURN: u64 = u64::MAX;
const USER: u64 = (u32::MAX as u64 - 1) << 32;
const PURPOSE_BACKOFF: u64 = 3;
const PURPOSE_THINK: u64 = 6;
const GAUGE_WAITING: usize = slot::OWN;

/// One of the users of a closed loop.
#[derive(Clone, Copy, Debug, Default)]
struct User {
    /// Requests so far.
    cycle: u32,
    /// Has gone, because there are to be fewer.
    gone: bool,
}

/// See [the manual](Clients::DESCRIPTOR).
#[derive(Clone, Debug)]
pub struct Clients {
    config: Config,
    out: Option<LinkId>,
    /// Of an open loop that has started. Boxed: the streams in it are large, and other components are not.
    arrivals: Option<Box<Process>>,
    turn: TimerId,
    ordinal: u64,
    /// Of a closed loop: all there have ever been.
    users: Vec<User>,
    waiting: u64,
    /// What a good answer takes at most.
    slo: Duration,
}

impl Config {
    fn longest_good(&self) -> Duration {
        self.slo.or(self.timeout).unwrap_or(Duration::MAX)
    }
}

impl Clients {
    fn await_arrival(&mut self, cx: &mut Cx<'_>) {
        match self.arrivals.as_deref().and_then(Process::next_arrival) {
            Some(delay) => cx.tick(delay),
            None => cx.cancel_tick(),
        }
    }

    fn await_turn(&mut self, cx: &mut Cx<'_>) {
        let next = self.arrivals.as_deref().and_then(Process::next_turn);
        self.turn = next.map_or(Key::NONE, |delay| cx.timer(delay, TURN));
    }

    #[inline(always)]
    fn arrive(&mut self, cx: &mut Cx<'_>) {
        let Some(arrivals) = self.arrivals.as_deref_mut() else { return cx.cancel_tick() };
        let batch = arrivals.arrive(cx.now());
        match arrivals.next_arrival() {
            Some(delay) => cx.tick(delay),
            None => cx.cancel_tick(),
        }
        if batch == 1 {
            self.send_new(cx);
        } else {
            self.send_batch(batch, cx);
        }
    }

    #[inline(never)]
    fn send_batch(&mut self, batch: u64, cx: &mut Cx<'_>) {
        for _ in 0..batch {
            self.send_new(cx);
        }
    }

    /// The next request of an open loop.
    #[inline(always)]
    fn send_new(&mut self, cx: &mut Cx<'_>) {
        let ordinal = self.ordinal;
        self.ordinal += 1;
        self.send(ordinal, Client::OneOf(self.config.population as u32), cx);
    }

    /// Calm or burst has ended.
    fn turn(&mut self, cx: &mut Cx<'_>) {
        let now = cx.now();
        if let Some(arrivals) = &mut self.arrivals {
            arrivals.turn(now);
        }
        self.await_arrival(cx);
        self.await_turn(cx);
    }

    fn think(&mut self, user: u32, cx: &mut Cx<'_>) {
        let cycle = self.users[user as usize].cycle;
        let length = self.config.think_time.sample(&mut cx.draws(PURPOSE_THINK, visit(user, cycle)));
        cx.timer(length, USER | u64::from(user));
    }

    /// A user has thought.
    fn act(&mut self, number: u32, cx: &mut Cx<'_>) {
        let there = number < self.config.users.unwrap_or(0);
        let user = &mut self.users[number as usize];
        user.gone = !there;
        if there {
            let ordinal = visit(number, user.cycle);
            user.cycle += 1;
            self.send(ordinal, Client::Known(number), cx);
        }
    }

    /// There are to be as many users as configured: those that are too many go when they have thought.
    fn populate(&mut self, cx: &mut Cx<'_>) {
        let wanted = self.config.users.unwrap_or(0);
        for number in 0..wanted {
            match self.users.get_mut(number as usize) {
                None => self.users.push(User::default()),
                Some(user) if user.gone => user.gone = false,
                Some(_) => continue,
            }
            self.think(number, cx);
        }
    }

    /// A root is born and tried for the first time.
    #[inline(always)]
    fn send(&mut self, ordinal: u64, client: Client, cx: &mut Cx<'_>) {
        let (priority, work) = (self.config.priority as u8, self.config.work as f32);
        let birth = Birth { ordinal, client, priority, work, class: 0 };
        self.waiting += 1;
        cx.gauge_rises(GAUGE_WAITING);
        match self.out {
            Some(link) => {
                cx.first_attempt(birth, link, Patience { timeout: self.config.timeout, cancel: self.config.cancel });
            }
            None => {
                let root = cx.birth_of(birth);
                self.end(root, Err(Code::BadGateway), cx);
            }
        }
    }

    #[inline(never)]
    fn attempt(&mut self, id: RootId, attempt: u32, cx: &mut Cx<'_>) {
        let Some(root) = cx.root(id) else { return };
        let lineage = cx.branch(root.lineage, u64::from(attempt));
        let Some(link) = self.out else {
            return self.end(id, Err(Code::BadGateway), cx);
        };
        cx.call(
            link,
            CallSpec {
                root: id,
                parent: None,
                lineage,
                attempt: attempt as u16,
                replica: ANY_REPLICA,
                tag: 0,
                timeout: self.config.timeout,
                cancel: self.config.cancel,
            },
        );
    }

    #[inline(always)]
    fn end(&mut self, id: RootId, outcome: Outcome, cx: &mut Cx<'_>) {
        let user = cx.end_root_within(id, outcome, self.slo);
        self.waiting -= 1;
        cx.gauge_falls(GAUGE_WAITING);
        if self.config.users.is_some()
            && let Some(user) = user
        {
            self.think(user, cx);
        }
    }
}

impl Clients {
    /// An attempt has failed.
    #[inline(never)]
    fn failed(&mut self, root: RootId, attempt: u16, code: Code, lineage: u64, cx: &mut Cx<'_>) {
        let mut draws = cx.draws(PURPOSE_BACKOFF, lineage);
        match self.config.retry.pause(u32::from(attempt), code, &mut draws) {
            Some(pause) => {
                let tag = u64::from(root.index()) << 32 | (u64::from(attempt) + 1);
                cx.timer(pause, tag);
            }
            None => self.end(root, Err(code), cx),
        }
    }
}

/// The ordinal of a request in a closed loop.
fn visit(user: u32, cycle: u32) -> u64 {
    u64::from(user) << 32 | u64::from(cycle)
}

impl Component for Clients {
    type Config = Config;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn new(config: Config) -> Clients {
        let (slo, users) = (config.longest_good(), Vec::new());
        Clients { config, out: None, arrivals: None, turn: Key::NONE, ordinal: 0, users, waiting: 0, slo }
    }

    fn on_start(&mut self, cx: &mut Cx<'_>) {
        self.out = cx.links(PortId(0)).first().copied();
        if self.config.users.is_some() {
            return self.populate(cx);
        }
        self.arrivals = Some(Box::new(Process::new(self.config.rate, self.config.arrivals.clone(), cx)));
        self.await_arrival(cx);
        self.await_turn(cx);
    }

    fn on_call(&mut self, call: CallId, cx: &mut Cx<'_>) {
        // No link leads to clients; a topology built by hand may have one all the same.
        cx.reply(call, Err(Code::BadGateway));
    }

    #[inline(always)]
    fn on_reply(&mut self, reply: Reply, cx: &mut Cx<'_>) {
        match reply.outcome {
            Ok(()) => self.end(reply.root, Ok(()), cx),
            Err(code) => self.failed(reply.root, reply.attempt, code, reply.lineage, cx),
        }
    }

    fn on_cancel(&mut self, call: CallId, cx: &mut Cx<'_>) {
        cx.forget(call);
    }

    fn on_timer(&mut self, _timer: TimerId, tag: u64, cx: &mut Cx<'_>) {
        match tag {
            TURN => return self.turn(cx),
            tag if tag >= USER => return self.act(tag as u32, cx),
            _ => {}
        }
        // A root that waits for its next attempt has not ended, so its index still means the same root.
        let root = cx.root_at((tag >> 32) as u32);
        self.attempt(root, tag as u32, cx);
    }

    #[inline(always)]
    fn on_tick(&mut self, cx: &mut Cx<'_>) {
        self.arrive(cx);
    }

    fn on_configure(&mut self, config: Config, cx: &mut Cx<'_>) {
        // Those under way were sent in a loop of one kind, so whether it is closed is fixed.
        let users = match (self.config.users, config.users) {
            (Some(_), Some(new)) => Some(new),
            (old, _) => old,
        };
        self.config = Config { users, ..config };
        self.slo = self.config.longest_good();
        let now = cx.now();
        match &mut self.arrivals {
            Some(arrivals) => arrivals.configure(self.config.rate, self.config.arrivals.clone(), now),
            None => return self.populate(cx),
        }
        cx.cancel(self.turn);
        self.await_arrival(cx);
        self.await_turn(cx);
    }

    fn on_link(&mut self, _change: LinkChange, cx: &mut Cx<'_>) {
        self.out = cx.links(PortId(0)).first().copied();
    }

    fn on_removed(&mut self, cx: &mut Cx<'_>) {
        // All that wait end as cancelled.
        self.waiting = 0;
        cx.gauge(GAUGE_WAITING, 0);
    }

    fn status(&self, _now: Time, _waits: &dyn Fn(CallId) -> bool) -> Status {
        Status { open: self.waiting, gauges: vec![self.waiting as f64], ..Status::default() }
    }
}
