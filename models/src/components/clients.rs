//! Clients in an open loop, who come whether or not the system keeps up, or in a closed one, who wait for their answers.

mod connections;
mod replay;
mod traits;

use crate::catalogue::{Descriptor, Family, FaultSpec, GaugeSpec, Look, PortSpec};
use crate::component::{Component, Cx, Objection, slot};
use crate::param::{Params, Rate, Values};
use crate::params;
use crate::policy::arrivals::Process;
use crate::policy::{Arrivals, Retry};
use crate::status::Status;
pub use connections::Connections;
use connections::Pool;
use floodgate_core::rng::Source;
use floodgate_core::{
    ANY_REPLICA, Birth, CallId, CallSpec, Client, Code, Dist, Duration, Key, LinkChange, LinkId, Outcome, Patience,
    PortId, Reply, RootId, Time, TimerId,
};
use replay::Player;
pub use replay::{Format, Part, Replay};
pub use traits::{Class, Crawlers, DoubleClicks, Keys, Popularity, Size};
use traits::{Mix, Request};

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
        /// A mix of classes, in place of `class`: paths such as "/api/search".
        classes: Vec<Class> = "[]" in 0 ..= 255;
        /// What requests are about; absent is without keys.
        keys: Option<Keys> = none, live;
        /// A few clients that send much; absent is none: all send as much.
        crawlers: Option<Crawlers> = none, live;
        /// Connections that are used for many requests. Absent is one for each request.
        connections: Option<Connections> = none;
        /// Whether requests carry the token of a session, which stays with the client for ever.
        sessions: bool = "false";
        /// A share of the requests is sent twice. In an open loop only.
        double_clicks: Option<DoubleClicks> = none, live;
        /// How much is transferred for a request; absent is nothing said of it.
        size: Option<Size> = none, live;
        /// How long an answer is of use, from the birth of the request on: nothing is waited for or tried again beyond that,
        /// and requests carry it to whoever keeps to it (`deadlines` of services, stations and databases). Absent is for
        /// ever.
        deadline: Option<Duration> = none in 0.000001 ..= 86400, live;
        /// Recorded traffic in place of an open loop of drawn arrivals.
        replay: Option<Replay> = none;
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
             notice unless `cancel` is set. Watch the amplification: attempts sent per request born. Load that changes in \
             the course of time is under `arrivals`: a ramp, a curve over the day, a crowd, timers at the full hour. What is \
             said of requests (class, key, client, connection, session, size, deadline) is drawn for each by itself: it \
             changes neither when requests arrive nor how long they are served.",
    source: "Open loop: Poisson arrivals that do not wait for answers; closed loop: Reiser and Lavenberg (1980).",
    accepts_calls: false,
    ports: &[PortSpec { name: "out", max_links: 1, doc: "Where the requests go." }],
    params: Config::SPECS,
    gauges: &[
        GaugeSpec { name: "waiting", unit: "requests", doc: "Requests born and not ended." },
        GaugeSpec {
            name: "connections_opened",
            unit: "connections",
            doc: "Connections opened since the start, where `connections` are kept.",
        },
    ],
    tracks: &[],
    faults: &[FaultSpec {
        name: "disconnect",
        title: "Cut all connections",
        lasting: false,
        params: &[],
        doc: "Every connection is lost at once, as when whoever held them restarts. Users of a closed loop notice, and \
              connect again after `connections.reconnect`, with their next request; others open a new connection when they \
              send something. What is under way is still answered.",
    }],
    look: Look::Source,
    build: None,
};

/// Timers: the end of calm or burst, a user who has thought (and which); all others are retries, by the index of their root,
/// of which there are never so many. The next arrival of an open loop is the node's tick.
const TURN: u64 = u64::MAX;
const USER: u64 = (u32::MAX as u64 - 1) << 32;
const CLICK: u64 = (u32::MAX as u64 - 2) << 32;
/// The second of two clicks has the number of the first, and this.
const SECOND: u64 = 1 << 63;
const PURPOSE_BACKOFF: u64 = 3;
const PURPOSE_THINK: u64 = 6;
const PURPOSE_DOUBLE: u64 = 11;
const PURPOSE_RECONNECT: u64 = 12;
const GAUGE_WAITING: usize = slot::OWN;
const GAUGE_OPENED: usize = slot::OWN + 1;

/// One of the users of a closed loop.
#[derive(Clone, Copy, Debug)]
struct User {
    /// Requests so far.
    cycle: u32,
    /// Has gone, because there are to be fewer.
    gone: bool,
    /// While the user thinks.
    thinks: TimerId,
}

/// Where requests are not all alike.
#[derive(Clone, Debug, Default)]
struct Variety {
    mix: Mix,
    /// Whether there is something to say of requests beyond their class.
    describes: bool,
    /// By the number of the class; those that came later are looked up.
    slo: Vec<Option<Duration>>,
    pool: Pool,
    player: Option<Player>,
    /// Requests that will be sent again, and places there that are free.
    clicks: Vec<u64>,
    free: Vec<u32>,
}

/// What is the same for all requests that are alike, from the configuration.
#[derive(Clone, Copy, Debug)]
struct Usual {
    patience: Patience,
    population: u32,
    work: f32,
    priority: u8,
    /// A closed loop.
    closed: bool,
}

/// See [the manual](Clients::DESCRIPTOR).
#[derive(Clone, Debug)]
// What a request touches comes first: it lies in a line of cache or two.
#[repr(C)]
pub struct Clients {
    out: Option<LinkId>,
    /// Of an open loop that has started. Boxed: the stream in it is large, and other components are not.
    arrivals: Option<Box<Process>>,
    ordinal: u64,
    waiting: u64,
    /// Boxed, and absent where requests are all alike.
    variety: Option<Box<Variety>>,
    /// What a good answer takes at most.
    slo: Duration,
    usual: Usual,
    turn: TimerId,
    /// Of a closed loop: all there have ever been.
    users: Vec<User>,
    /// Boxed, as it is large, and hardly ever looked at.
    config: Box<Config>,
}

impl Config {
    fn usual(&self) -> Usual {
        Usual {
            patience: Patience { timeout: self.timeout, cancel: self.cancel },
            population: self.population as u32,
            work: self.work as f32,
            priority: self.priority as u8,
            closed: self.users.is_some(),
        }
    }

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
        self.send(ordinal, Client::OneOf(self.usual.population), cx);
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
        self.users[user as usize].thinks = cx.timer(length, USER | u64::from(user));
    }

    /// A user has thought.
    fn act(&mut self, number: u32, cx: &mut Cx<'_>) {
        let there = number < self.config.users.unwrap_or(0);
        let user = &mut self.users[number as usize];
        (user.gone, user.thinks) = (!there, Key::NONE);
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
                None => self.users.push(User { cycle: 0, gone: false, thinks: Key::NONE }),
                Some(user) if user.gone => user.gone = false,
                Some(_) => continue,
            }
            self.think(number, cx);
        }
    }

    /// A root is born and tried for the first time.
    #[inline(always)]
    fn send(&mut self, ordinal: u64, client: Client, cx: &mut Cx<'_>) {
        if self.variety.is_some() {
            return self.send_drawn(ordinal, client, cx);
        }
        let Usual { patience, work, priority, .. } = self.usual;
        let birth = Birth { ordinal, client, priority, work, class: 0 };
        self.waiting += 1;
        cx.gauge_rises(GAUGE_WAITING);
        match self.out {
            Some(link) => {
                cx.first_attempt(birth, link, patience);
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
        self.connect(id, lineage, cx);
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
                timeout: self.config.patience(cx.traits(id).map_or(Time::MAX, |traits| traits.deadline), cx.now()),
                cancel: self.config.cancel,
            },
        );
    }

    #[inline(always)]
    fn end(&mut self, id: RootId, outcome: Outcome, cx: &mut Cx<'_>) {
        if self.variety.is_some() {
            return self.end_drawn(id, outcome, cx);
        }
        let user = cx.end_root_within(id, outcome, self.slo);
        self.waiting -= 1;
        cx.gauge_falls(GAUGE_WAITING);
        if self.usual.closed
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
            // What comes too late is not tried.
            Some(pause) if cx.traits(root).is_none_or(|traits| cx.now() + pause < traits.deadline) => {
                let tag = u64::from(root.index()) << 32 | (u64::from(attempt) + 1);
                cx.timer(pause, tag);
            }
            _ => self.end(root, Err(code), cx),
        }
    }
}

impl Config {
    /// How long an attempt is waited for that is sent now, for an answer that is of use until `deadline`.
    fn patience(&self, deadline: Time, now: Time) -> Option<Duration> {
        if deadline == Time::MAX {
            return self.timeout;
        }
        let left = deadline.since(now);
        Some(self.timeout.map_or(left, |timeout| timeout.min(left)))
    }

    /// What does not go together.
    fn objections(&self) -> Vec<Objection> {
        let mut wrong = Vec::new();
        let mut object =
            |param: &str, message: String, remedy: &str| wrong.push(Objection::new(param, message, remedy));
        let weights: f64 = self.classes.iter().map(|class| class.weight).sum();
        if !self.classes.is_empty() && weights <= 0.0 && self.replay.is_none() {
            object("classes", "has weights that add up to 0".into(), "give at least one class a weight above 0");
        }
        for (place, class) in self.classes.iter().enumerate() {
            if class.name.trim().is_empty() || class.name.contains(['\n', '\t']) {
                object("classes", format!("has the class \"{}\"", class.name.escape_debug()), "a text of one line");
            }
            if self.classes[..place].iter().any(|other| other.name == class.name) {
                object("classes", format!("has the class \"{}\" twice", class.name), "give each a name of its own");
            }
        }
        if let Some(crawlers) = self.crawlers.as_ref().filter(|crawlers| crawlers.clients > self.population) {
            let (few, all) = (crawlers.clients, self.population);
            object(
                "crawlers.clients",
                format!("is {few}, more than the `population` of {all}"),
                "at most `population`",
            );
        }
        let clients = self.users.map_or(self.population, u64::from);
        if self.connections.is_some() && self.replay.is_none() && clients > connections::CLIENTS_MAX {
            let message = format!("keeps a connection for each of {clients} clients");
            object("connections", message, "a `population`, or `users`, of at most 1000000");
        }
        if let Some(wave) = self.arrivals.objection() {
            object("arrivals", wave.0, wave.1);
        }
        if self.users.is_some() && self.double_clicks.is_some() {
            let message = "is given beside `users`, who wait for an answer before they do anything else".into();
            object("double_clicks", message, "leave one of them out: double clicks come in an open loop");
        }
        if self.users.is_some() && self.arrivals.changes() {
            let message = "is given beside `users`: in a closed loop requests come when the users have thought".into();
            object("arrivals", message, "leave one of them out; `think_time` says how long users think");
        }
        let Some(replay) = &self.replay else { return wrong };
        if self.users.is_some() {
            object("replay", "is given beside `users`: a recording is an open loop".into(), "leave one of them out");
        }
        if replay.file.name.is_empty() {
            object("replay.file", "is empty".into(), "the name of a file that lies beside the scenario");
        } else if let Err(problem) = replay.read() {
            let at = if problem.line > 0 { format!(" line {}", problem.line) } else { String::new() };
            object("replay.file", format!("is {}{at}: {}", replay.file.name, problem.message), &problem.remedy);
        }
        wrong
    }
}

/// Where requests are not all alike.
impl Clients {
    /// As [`Clients::send`]: what is to be said of the request is drawn.
    #[inline(never)]
    fn send_drawn(&mut self, ordinal: u64, client: Client, cx: &mut Cx<'_>) {
        let Some(variety) = &self.variety else { return };
        // The second click is for the same thing as the first.
        let lineage = cx.root_lineage(ordinal & !SECOND);
        let mut request = variety.mix.request(&self.config, lineage, client, cx);
        if let (Client::OneOf(population), true) = (request.client, variety.describes) {
            request.client = Client::Known(cx.one_of(population, lineage));
        }
        self.dispatch(ordinal, &request, cx);
        if self.config.users.is_none() && ordinal & SECOND == 0 {
            self.click_again(ordinal, lineage, cx);
        }
    }

    /// A root of which something is said is born and tried for the first time.
    fn dispatch(&mut self, ordinal: u64, request: &Request, cx: &mut Cx<'_>) {
        let &Request { client, class, priority, work, .. } = request;
        let describes = self.variety.as_ref().is_some_and(|variety| variety.describes);
        self.waiting += 1;
        cx.gauge(GAUGE_WAITING, self.waiting);
        let root = cx.birth_of(Birth { ordinal, client, priority, work, class });
        if let (true, Client::Known(client)) = (describes, client) {
            let lineage = cx.root_lineage(ordinal);
            let traits = traits::describe(request, self.config.sessions, client, lineage, cx);
            cx.describe(root, traits);
        }
        self.attempt(root, 0, cx);
    }

    /// Now and then a request is sent a second time.
    fn click_again(&mut self, ordinal: u64, lineage: u64, cx: &mut Cx<'_>) {
        let (Some(double), Some(variety)) = (&self.config.double_clicks, &mut self.variety) else { return };
        let mut draws = cx.draws(PURPOSE_DOUBLE, lineage);
        if draws.unit() >= double.share.0 {
            return;
        }
        let delay = double.delay.sample(&mut draws);
        let place = match variety.free.pop() {
            Some(place) => {
                variety.clicks[place as usize] = ordinal;
                place
            }
            None => {
                variety.clicks.push(ordinal);
                variety.clicks.len() as u32 - 1
            }
        };
        cx.timer(delay, CLICK | u64::from(place));
    }

    fn clicked(&mut self, place: u32, cx: &mut Cx<'_>) {
        let Some(variety) = &mut self.variety else { return };
        let Some(&ordinal) = variety.clicks.get(place as usize) else { return };
        variety.free.push(place);
        self.send_drawn(ordinal | SECOND, Client::OneOf(self.config.population as u32), cx);
    }

    /// An attempt goes over the connection that its client keeps, or over a new one.
    fn connect(&mut self, root: RootId, lineage: u64, cx: &mut Cx<'_>) {
        let Some(variety) = self.variety.as_mut().filter(|variety| variety.describes) else { return };
        let Some(&before) = cx.traits(root) else { return };
        let traits = match &self.config.connections {
            // Each attempt has a connection of its own.
            None => floodgate_core::Traits { connection: lineage, ..before },
            Some(rules) => {
                let taken = variety.pool.take(before.client, rules, cx);
                if taken.opens {
                    cx.gauge(GAUGE_OPENED, variety.pool.opened);
                }
                floodgate_core::Traits { connection: taken.number, opens: taken.opens, tag: taken.tag, ..before }
            }
        };
        if let Some(place) = cx.traits_mut(root) {
            *place = traits;
        }
    }

    /// An attempt has ended, and its connection is free again, if it still is one.
    #[inline(never)]
    fn hang_up(&mut self, root: RootId, outcome: Outcome, cx: &mut Cx<'_>) {
        let (Some(variety), Some(traits)) = (&mut self.variety, cx.traits(root)) else { return };
        if self.config.connections.is_some() {
            variety.pool.give_back(traits.client, traits.connection, traits.tag, outcome, cx.now());
        }
    }

    /// As [`Clients::end`].
    #[inline(never)]
    fn end_drawn(&mut self, id: RootId, outcome: Outcome, cx: &mut Cx<'_>) {
        let class = cx.root(id).map_or(0, |root| root.class);
        let known = self.variety.as_ref().and_then(|variety| variety.slo.get(usize::from(class)).copied());
        let slo = known.unwrap_or_else(|| self.config.slo_of(cx.class_name(class))).unwrap_or(Duration::MAX);
        let described = cx.traits(id).map(|traits| traits.client);
        let client = cx.end_root_within(id, outcome, slo);
        self.waiting -= 1;
        cx.gauge(GAUGE_WAITING, self.waiting);
        if self.config.users.is_some()
            && let Some(user) = described.or(client)
        {
            self.think(user, cx);
        }
    }

    /// When the next recorded request is sent.
    fn await_recorded(&mut self, cx: &mut Cx<'_>) {
        let player = self.variety.as_ref().and_then(|variety| variety.player.as_ref());
        if let (Some(player), Some(replay)) = (player, &self.config.replay)
            && let Some(due) = player.due(replay)
        {
            cx.tick(due.since(cx.now()));
        }
    }

    /// A recorded request is sent.
    #[inline(never)]
    fn play(&mut self, cx: &mut Cx<'_>) {
        let player = self.variety.as_mut().and_then(|variety| variety.player.as_mut());
        let Some((ordinal, request)) = player.and_then(|player| player.take(&self.config)) else { return };
        self.await_recorded(cx);
        self.dispatch(ordinal, &request, cx);
        let lineage = cx.root_lineage(ordinal);
        self.click_again(ordinal, lineage, cx);
    }

    /// Everything that follows from the configuration.
    fn prepare(&mut self, cx: &Cx<'_>) {
        let config = &self.config;
        let Some(variety) = &mut self.variety else {
            if !config.is_plain() {
                self.variety = Some(Box::default());
                self.prepare(cx);
            }
            return;
        };
        (variety.mix, variety.describes) = (Mix::new(config), config.describes());
        variety.slo.clear();
        variety.slo.extend((0..cx.class_count()).map(|class| config.slo_of(cx.class_name(class as u8))));
    }

    /// All connections are lost at once.
    fn disconnect(&mut self, cx: &mut Cx<'_>) {
        let (Some(variety), Some(rules)) = (&mut self.variety, &self.config.connections) else { return };
        variety.pool.cut();
        for (number, user) in (0..).zip(&mut self.users) {
            // Those who do not think wait for an answer, and see for themselves.
            if cx.cancel(user.thinks) {
                let length = rules.reconnect.sample(&mut cx.draws(PURPOSE_RECONNECT, visit(number, user.cycle)));
                user.thinks = cx.timer(length, USER | u64::from(number));
            }
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
        let variety = (!config.is_plain()).then(|| {
            let clients = config.users.map_or(config.population, u64::from);
            // The file was read when the scenario was, so nothing is wrong with it.
            let trace = config.replay.as_ref().and_then(|replay| replay.read().ok());
            let player = trace.map(|trace| Player::new(&config, trace));
            let clients = player.as_ref().map_or(clients, |player| u64::from(player.clients()));
            let pool = if config.connections.is_some() { Pool::new(clients) } else { Pool::default() };
            Box::new(Variety { pool, player, ..Variety::default() })
        });
        let (usual, slo) = (config.usual(), config.longest_good());
        let (out, arrivals, turn, users) = (None, None, Key::NONE, Vec::new());
        let config = Box::new(config);
        Clients { out, arrivals, ordinal: 0, waiting: 0, variety, slo, usual, turn, users, config }
    }

    fn check(config: &Config) -> Vec<Objection> {
        config.objections()
    }

    fn on_start(&mut self, cx: &mut Cx<'_>) {
        self.out = cx.links(PortId(0)).first().copied();
        self.prepare(cx);
        if self.config.users.is_some() {
            return self.populate(cx);
        }
        let now = cx.now();
        if let Some(player) = self.variety.as_mut().and_then(|variety| variety.player.as_mut()) {
            player.begin(now);
            return self.await_recorded(cx);
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
        if self.variety.is_some() {
            self.hang_up(reply.root, reply.outcome, cx);
        }
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
            tag if tag >= CLICK => return self.clicked(tag as u32, cx),
            _ => {}
        }
        // A root that waits for its next attempt has not ended, so its index still means the same root.
        let root = cx.root_at((tag >> 32) as u32);
        self.attempt(root, tag as u32, cx);
    }

    #[inline(always)]
    fn on_tick(&mut self, cx: &mut Cx<'_>) {
        if self.arrivals.is_none() {
            return self.play(cx);
        }
        self.arrive(cx);
    }

    fn on_configure(&mut self, config: Config, cx: &mut Cx<'_>) {
        // Those under way were sent in a loop of one kind, so whether it is closed is fixed.
        let users = match (self.config.users, config.users) {
            (Some(_), Some(new)) => Some(new),
            (old, _) => old,
        };
        *self.config = Config { users, ..config };
        (self.usual, self.slo) = (self.config.usual(), self.config.longest_good());
        self.prepare(cx);
        if let (Some(variety), Some(_), Some(users)) = (&mut self.variety, &self.config.connections, users) {
            variety.pool.grow(users);
        }
        let now = cx.now();
        match &mut self.arrivals {
            Some(arrivals) => arrivals.configure(self.config.rate, self.config.arrivals.clone(), now),
            // A closed loop; of a recording nothing can change.
            None => return self.populate(cx),
        }
        cx.cancel(self.turn);
        self.await_arrival(cx);
        self.await_turn(cx);
    }

    fn on_link(&mut self, _change: LinkChange, cx: &mut Cx<'_>) {
        self.out = cx.links(PortId(0)).first().copied();
    }

    fn on_fault(&mut self, fault: &'static str, _values: &Values, cx: &mut Cx<'_>) {
        if fault == "disconnect" {
            self.disconnect(cx);
        }
    }

    fn heap_bytes(&self) -> usize {
        let variety = self.variety.as_ref();
        let more = variety.map_or(0, |v| v.pool.bytes() + v.clicks.len() * 12 + size_of::<Variety>());
        self.users.len() * size_of::<User>() + size_of::<Config>() + more
    }

    fn on_removed(&mut self, cx: &mut Cx<'_>) {
        // All that wait end as cancelled.
        self.waiting = 0;
        cx.gauge(GAUGE_WAITING, 0);
    }

    fn status(&self, _now: Time, _waits: &dyn Fn(CallId) -> bool) -> Status {
        let opened = self.variety.as_ref().map_or(0, |variety| variety.pool.opened);
        Status { open: self.waiting, gauges: vec![self.waiting as f64, opened as f64], ..Status::default() }
    }
}
