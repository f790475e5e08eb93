//! A tier of directors that spread connections over proxies, and can be lost without losing connections.

use crate::catalogue::{Descriptor, Family, FaultSpec, GaugeSpec, Look, PortSpec, Track};
use crate::component::{Component, Cx, Message, Objection, slot};
use crate::param::{Params, Values};
use crate::status::{self, Drawing, Health, Status};
use crate::{choices, params};
use floodgate_core::rng::mix;
use floodgate_core::{CallId, Code, LinkChange, LinkId, PortId, Reply, Time, TimerId};
use std::collections::BTreeMap;

choices! {
    /// What directors know of connections.
    pub enum Memory {
        /// Nothing: a table that all directors share says which proxy takes a connection, and which one before it may have it
        /// (GitHub's GLB).
        SecondChance = "second_chance",
        /// Nothing, and there is no second: rendezvous hashing alone.
        Stateless = "stateless",
        /// Each director keeps a table of its own connections, and chooses whoever has the fewest for a new one. What another
        /// director has chosen it does not know.
        ConnectionTable = "connection_table",
    }
}

choices! {
    /// What operators have said of a proxy: the states of GLB's forwarding table.
    pub enum State {
        /// It is in the table.
        Active = "active",
        /// It is coming: as active, for rows have a second place for whoever was first before it.
        Filling = "filling",
        /// It is to go: where it would be first in a row it is second, so that it gets no new connections and keeps the old
        /// ones.
        Draining = "draining",
        /// It is not in the table: connections that it still has are reset.
        Inactive = "inactive",
    }
}

params! {
    /// The state of a proxy.
    pub struct ProxyState {
        /// Id of the node; all its replicas are in this state.
        id: String = "\"\"" in 0 ..= 64, live;
        /// The state.
        state: State = "\"draining\"", live;
    }
}

params! {
    /// Configuration of `l4_director`.
    pub struct Config {
        /// Directors, among whom routers choose by the hash of a connection (ECMP).
        directors: u32 = "2" in 1 ..= 64, live;
        /// What they know of connections.
        memory: Memory = "\"second_chance\"";
        /// Rows of the forwarding table, each with proxies in an order of its own.
        rows: u32 = "65536" in 256 ..= 1048576;
        /// Connections that are remembered where somebody has to: by proxies, and in connection tables.
        connections: u32 = "1000000" in 1 ..= 10000000, live;
        /// Proxies that are not `active`. GLB asks that it be one at a time, for a row has one second place.
        states: Vec<ProxyState> = "[]" in 0 ..= 64, live;
    }
}

params! {
    /// Parameters of the fault `lose`.
    pub struct Lose {
        /// How many directors are lost.
        count: u32 = "1" in 1 ..= 64;
    }
}

static DESCRIPTOR: Descriptor = Descriptor {
    kind: "l4_director",
    title: "L4 directors",
    family: Family::Entry,
    doc: "Spreads connections over proxies from several machines that know nothing of each other.",
    manual: "Routers spread connections over the directors by a hash (ECMP), and each director passes packets on to a proxy \
             without looking into them. When a director is lost, or comes back, routers spread all connections anew (modulo \
             the number of directors), so packets of a connection reach a director that has never seen it. With a shared \
             forwarding table that does not matter: every director finds the same proxies in the row of the connection's \
             hash. When a proxy joins or leaves, the rows change; a packet then goes to the first proxy of its row, and if \
             that one does not know the connection, on to the second, which had it before. A proxy is drained in the same way \
             (`states`): it changes places with the second of its rows. With tables of their own \
             directors do not know each other's connections, and those that were moved are reset: 502. What a proxy does with \
             a connection is its own affair. Watch for: a table that is right for new connections and wrong for old ones.",
    source: "GitHub's GLB director: docs/development/glb-hashing.md (rendezvous hashing, second chance, draining), \
             docs/setup/forwarding-table-config.md (states).",
    accepts_calls: true,
    ports: &[PortSpec { name: "proxies", max_links: u32::MAX, doc: "Who ends the connections: balancers, services." }],
    params: Config::SPECS,
    gauges: &[
        GaugeSpec { name: "open", unit: "requests", doc: "Requests under way." },
        GaugeSpec { name: "directors", unit: "directors", doc: "Directors that are up." },
        GaugeSpec {
            name: "second",
            unit: "requests",
            doc: "Requests that the second proxy of their row had to take, so far.",
        },
        GaugeSpec { name: "resets", unit: "connections", doc: "Connections that nobody knew any more, so far." },
        GaugeSpec {
            name: "state",
            unit: "",
            doc: "0 while all directors are up, 1 while some are lost, 2 while all are.",
        },
    ],
    tracks: &[
        Track::Value("directors"),
        Track::State { gauge: "state", states: &Track::of_many("all up", "directors lost", "all lost") },
    ],
    faults: &[FaultSpec {
        name: "lose",
        title: "Lose a director",
        lasting: true,
        params: Lose::SPECS,
        doc: "Directors are gone, and what they knew.",
    }],
    look: Look::Switch,
    build: None,
};

const GAUGE_OPEN: usize = slot::OWN;
const GAUGE_DIRECTORS: usize = slot::OWN + 1;
const GAUGE_SECOND: usize = slot::OWN + 2;
const GAUGE_RESETS: usize = slot::OWN + 3;
const GAUGE_STATE: usize = slot::OWN + 4;

/// A proxy, as discovery tells of it.
#[derive(Clone, Copy, Debug)]
struct Proxy {
    link: LinkId,
    replica: u32,
    name: u64,
    ready: bool,
    state: State,
    /// When the process came to be.
    since: Time,
    /// Connections it has.
    connections: u32,
}

/// A connection: who ends it, and which director knows of it.
#[derive(Clone, Copy, Debug)]
struct Connection {
    proxy: u32,
    since: Time,
    director: u32,
}

/// See [the manual](L4Director::DESCRIPTOR).
#[derive(Clone, Debug)]
pub struct L4Director {
    config: Config,
    links: Vec<LinkId>,
    unheard: Vec<LinkId>,
    early: Vec<CallId>,
    proxies: Vec<Proxy>,
    /// Of each row, the first and the second proxy.
    table: Vec<(u32, u32)>,
    lost: u32,
    /// The sockets of the proxies, and what directors with tables know.
    connections: BTreeMap<u64, Connection>,
    /// Numbers of the connections in the order in which they were opened.
    order: std::collections::VecDeque<u64>,
    open: u64,
    second: u64,
    resets: u64,
}

/// No proxy.
const NOBODY: u32 = u32::MAX;

impl L4Director {
    fn up(&self) -> u32 {
        self.config.directors.saturating_sub(self.lost)
    }

    /// Rows anew: of those announced and not inactive the two of the highest scores, by which any two stand in the same order in
    /// a row whoever else is there. So who was first is second when another has come before it, and has the connections.
    fn fill(&mut self) {
        let serves = |&p: &u32| self.proxies[p as usize].ready && self.proxies[p as usize].state != State::Inactive;
        let ready: Vec<u32> = (0..self.proxies.len() as u32).filter(serves).collect();
        let drains = |proxy: u32| proxy != NOBODY && self.proxies[proxy as usize].state == State::Draining;
        let table = (0..self.config.rows)
            .map(|row| {
                let score = |&proxy: &u32| mix(self.proxies[proxy as usize].name, u64::from(row));
                let mut best = [NOBODY; 2];
                let mut scores = [0; 2];
                for &proxy in &ready {
                    let score = score(&proxy);
                    if best[0] == NOBODY || score > scores[0] {
                        (best, scores) = ([proxy, best[0]], [score, scores[0]]);
                    } else if best[1] == NOBODY || score > scores[1] {
                        (best[1], scores[1]) = (proxy, score);
                    }
                }
                let swapped = drains(best[0]) && best[1] != NOBODY && !drains(best[1]);
                if swapped { (best[1], best[0]) } else { (best[0], best[1]) }
            })
            .collect();
        self.table = table;
    }

    /// The state that proxies on a link are in.
    fn state_of(&self, link: LinkId, cx: &Cx<'_>) -> State {
        let id = cx.callee_key(link);
        self.config.states.iter().find(|proxy| proxy.id == id).map_or(State::Active, |proxy| proxy.state)
    }

    /// Who takes a new connection.
    fn new_connection(&self, number: u64) -> Option<u32> {
        if self.config.memory == Memory::ConnectionTable {
            let takes = |p: &Proxy| p.ready && !matches!(p.state, State::Draining | State::Inactive);
            let ready = (0..self.proxies.len() as u32).filter(|&p| takes(&self.proxies[p as usize]));
            return ready.min_by_key(|&p| (self.proxies[p as usize].connections, p));
        }
        self.row(number).map(|(first, _)| first)
    }

    fn row(&self, number: u64) -> Option<(u32, u32)> {
        let row = ((u128::from(mix(number, 0x676c_6200)) * self.table.len() as u128) >> 64) as usize;
        self.table.get(row).copied().filter(|&(first, _)| first != NOBODY)
    }

    /// Who ends a connection that is open, by what a director knows; whether it took a second look.
    fn find(&self, number: u64, director: u32) -> Option<(u32, bool)> {
        let connection = self.connections.get(&number)?;
        let proxy = self.proxies[connection.proxy as usize];
        if !proxy.ready || proxy.state == State::Inactive || proxy.since != connection.since {
            return None;
        }
        match self.config.memory {
            Memory::ConnectionTable => (connection.director == director).then_some((connection.proxy, false)),
            Memory::Stateless => (self.row(number)?.0 == connection.proxy).then_some((connection.proxy, false)),
            Memory::SecondChance => {
                let (first, second) = self.row(number)?;
                let found = first == connection.proxy || second == connection.proxy;
                found.then_some((connection.proxy, first != connection.proxy))
            }
        }
    }

    fn pass_on(&mut self, call: CallId, cx: &mut Cx<'_>) {
        let up = self.up();
        if up == 0 {
            return cx.reply(call, Err(Code::BadGateway));
        }
        let number = cx.connection_of(call);
        let director = (mix(number, 0x6563_6d70) % u64::from(up)) as u32;
        if cx.opens_connection(call) {
            let Some(proxy) = self.new_connection(number) else {
                return cx.reply(call, Err(Code::Unavailable));
            };
            self.opened(number, proxy, director);
            return self.send(call, proxy, cx);
        }
        match self.find(number, director) {
            Some((proxy, second)) => {
                if second {
                    self.second += 1;
                    cx.gauge(GAUGE_SECOND, self.second);
                }
                self.send(call, proxy, cx);
            }
            None => {
                self.forget(number);
                self.resets += 1;
                cx.gauge(GAUGE_RESETS, self.resets);
                cx.reply(call, Err(Code::BadGateway));
            }
        }
    }

    fn opened(&mut self, number: u64, proxy: u32, director: u32) {
        self.forget(number);
        let since = self.proxies[proxy as usize].since;
        self.proxies[proxy as usize].connections += 1;
        self.connections.insert(number, Connection { proxy, since, director });
        self.order.push_back(number);
        while self.order.len() > self.config.connections as usize {
            if let Some(oldest) = self.order.pop_front() {
                self.forget(oldest);
            }
        }
    }

    fn forget(&mut self, number: u64) {
        if let Some(connection) = self.connections.remove(&number) {
            self.proxies[connection.proxy as usize].connections -= 1;
        }
    }

    fn send(&mut self, call: CallId, proxy: u32, cx: &mut Cx<'_>) {
        let Proxy { link, replica, .. } = self.proxies[proxy as usize];
        cx.forward(call, link, replica, proxy);
        self.open += 1;
        cx.gauge(GAUGE_OPEN, self.open);
    }

    fn closed(&mut self, cx: &mut Cx<'_>) {
        self.open -= 1;
        cx.gauge(GAUGE_OPEN, self.open);
    }

    fn heard(&mut self, link: LinkId, replicas: &[u32], cx: &mut Cx<'_>) {
        let now = cx.now();
        for proxy in self.proxies.iter_mut().filter(|p| p.link == link) {
            let ready = replicas.contains(&proxy.replica);
            if ready && !proxy.ready {
                proxy.since = now;
            }
            proxy.ready = ready;
        }
        for &replica in replicas {
            if !self.proxies.iter().any(|p| (p.link, p.replica) == (link, replica)) {
                let name = mix(cx.callee_hash(link), u64::from(replica));
                let state = self.state_of(link, cx);
                self.proxies.push(Proxy { link, replica, name, ready: true, state, since: now, connections: 0 });
            }
        }
        self.unheard.retain(|&l| l != link);
        if self.unheard.is_empty() {
            if self.config.memory != Memory::ConnectionTable {
                self.fill();
            }
            for call in std::mem::take(&mut self.early) {
                self.pass_on(call, cx);
            }
        }
    }

    fn directors_changed(&self, cx: &mut Cx<'_>) {
        cx.gauge(GAUGE_DIRECTORS, u64::from(self.up()));
        cx.gauge(GAUGE_STATE, self.state());
    }

    fn state(&self) -> u64 {
        Track::missing(self.config.directors.saturating_sub(self.up()) as usize, self.config.directors as usize)
    }
}

impl Component for L4Director {
    type Config = Config;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn new(config: Config) -> L4Director {
        L4Director {
            config,
            links: Vec::new(),
            unheard: Vec::new(),
            early: Vec::new(),
            proxies: Vec::new(),
            table: Vec::new(),
            lost: 0,
            connections: BTreeMap::new(),
            order: std::collections::VecDeque::new(),
            open: 0,
            second: 0,
            resets: 0,
        }
    }

    fn check(config: &Config) -> Vec<Objection> {
        let twice = |(place, proxy): &(usize, &ProxyState)| config.states[..*place].iter().any(|p| p.id == proxy.id);
        let found = config.states.iter().enumerate().find(twice);
        let object = |(_, proxy): (usize, &ProxyState)| {
            Objection::new("states", format!("has `{}` twice", proxy.id), "a proxy is in one state: leave one out")
        };
        found.map(object).into_iter().collect()
    }

    fn check_callees(config: &Config, callees: &[&str]) -> Vec<Objection> {
        let unknown = config.states.iter().filter(|proxy| !callees.contains(&proxy.id.as_str()));
        let object = |proxy: &ProxyState| {
            let remedy = format!("links lead from here to: {}", callees.join(", "));
            Objection::new("states", format!("names `{}`, which is not behind this node", proxy.id), remedy)
        };
        unknown.map(object).collect()
    }

    fn on_start(&mut self, cx: &mut Cx<'_>) {
        self.links = cx.links(PortId(0));
        self.unheard = self.links.clone();
        self.directors_changed(cx);
        cx.tell_callers(&Message::Endpoints(vec![0]));
    }

    fn on_call(&mut self, call: CallId, cx: &mut Cx<'_>) {
        if self.unheard.is_empty() { self.pass_on(call, cx) } else { self.early.push(call) }
    }

    fn on_reply(&mut self, reply: Reply, cx: &mut Cx<'_>) {
        self.closed(cx);
        cx.reply(reply.parent, reply.outcome);
    }

    fn on_cancel(&mut self, call: CallId, cx: &mut Cx<'_>) {
        if let Some(place) = self.early.iter().position(|&c| c == call) {
            self.early.remove(place);
            return cx.forget(call);
        }
        cx.abandon(cx.call_at(cx.tag(call)));
        self.closed(cx);
        cx.forget(call);
    }

    fn on_timer(&mut self, _timer: TimerId, _tag: u64, _cx: &mut Cx<'_>) {}

    fn on_message(&mut self, link: LinkId, message: Message, cx: &mut Cx<'_>) {
        let Message::Endpoints(replicas) = message;
        self.heard(link, &replicas, cx);
    }

    fn on_configure(&mut self, config: Config, cx: &mut Cx<'_>) {
        let changed = self.config.states != config.states;
        self.config = Config { memory: self.config.memory, rows: self.config.rows, ..config };
        if changed {
            for place in 0..self.proxies.len() {
                self.proxies[place].state = self.state_of(self.proxies[place].link, cx);
            }
            if self.unheard.is_empty() && self.config.memory != Memory::ConnectionTable {
                self.fill();
            }
        }
        self.directors_changed(cx);
    }

    fn on_fault(&mut self, _fault: &'static str, values: &Values, cx: &mut Cx<'_>) {
        self.lost = Lose::from_values(values).map_or(1, |lose| lose.count).min(self.config.directors);
        self.directors_changed(cx);
    }

    fn on_heal(&mut self, _fault: &'static str, cx: &mut Cx<'_>) {
        self.lost = 0;
        self.directors_changed(cx);
    }

    fn on_link(&mut self, change: LinkChange, cx: &mut Cx<'_>) {
        match change {
            LinkChange::Caller(link) => return cx.message(link, Message::Endpoints(vec![0])),
            LinkChange::CallerGone(_) => return,
            LinkChange::Callee(_) | LinkChange::CalleeGone(_) => self.links = cx.links(PortId(0)),
        }
        match change {
            LinkChange::Callee(link) if !self.proxies.iter().any(|p| p.ready) => self.unheard.push(link),
            LinkChange::CalleeGone(link) => self.heard(link, &[], cx),
            _ => {}
        }
    }

    fn on_removed(&mut self, cx: &mut Cx<'_>) {
        self.early.clear();
        self.connections.clear();
        self.order.clear();
        self.open = 0;
        [GAUGE_OPEN, GAUGE_DIRECTORS].iter().for_each(|&gauge| cx.gauge(gauge, 0));
    }

    fn heap_bytes(&self) -> usize {
        // A map keeps about twice what it holds.
        self.table.len() * 8 + self.connections.len() * 2 * size_of::<(u64, Connection)>() + self.order.len() * 8
    }

    fn status(&self, _now: Time, _waits: &dyn Fn(CallId) -> bool) -> Status {
        let gauges = [self.open, u64::from(self.up()), self.second, self.resets, self.state()];
        let director = |i: u32| status::Endpoint {
            name: format!("director {}", i + 1),
            health: if i < self.up() { Health::Healthy } else { Health::Unhealthy },
            weight: 1.0,
            ..status::Endpoint::default()
        };
        Status {
            open: self.open,
            faults: if self.lost == 0 { Vec::new() } else { vec!["lose".to_owned()] },
            gauges: gauges.into_iter().map(|g| g as f64).collect(),
            drawings: vec![Drawing::Endpoints((0..self.config.directors).map(director).collect())],
            ..Status::default()
        }
    }
}
