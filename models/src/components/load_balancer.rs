//! A load balancer that chooses an endpoint for each request.

use crate::catalogue::{Descriptor, Family, GaugeSpec, Look, PortSpec};
use crate::component::{Component, Cx, Message, slot};
use crate::param::Params;
use crate::status::Status;
use crate::{choices, params};
use floodgate_core::order::Order as _;
use floodgate_core::rng::{Draws, mix};
use floodgate_core::{CallId, Code, LinkChange, LinkId, PortId, Reply, Time, TimerId};

choices! {
    /// How an endpoint is chosen.
    pub enum Algorithm {
        /// Each in turn.
        RoundRobin = "round_robin",
        /// The one with the fewest requests in flight from this balancer; the first in turn among equals.
        LeastConnections = "least_connections",
        /// Any, with equal chances, drawn anew for each request.
        Random = "random",
        /// The one with the fewest requests in flight from this balancer among `choices` drawn at random; any of them, with
        /// equal chances, among equals (Mitzenmacher 2001).
        PowerOfD = "power_of_d",
        /// One that has no request in flight from this balancer, with equal chances; if none is idle, any (Lu et al. 2011,
        /// with an idle list that is always current).
        JoinIdleQueue = "join_idle_queue",
        /// By a hash of the client modulo the number of endpoints: the same client reaches the same endpoint as long as
        /// their number stays.
        ClientHash = "client_hash",
    }
}

params! {
    /// Configuration of `load_balancer`.
    pub struct Config {
        /// How an endpoint is chosen.
        algorithm: Algorithm = "\"round_robin\"", live;
        /// How many endpoints `power_of_d` compares.
        choices: u32 = "2" in 1 ..= 64, live;
        /// Whether `power_of_d` may draw the same endpoint more than once. Published tables differ in this; it matters when
        /// there are few endpoints.
        replacement: bool = "false", live;
    }
}

static DESCRIPTOR: Descriptor = Descriptor {
    kind: "load_balancer",
    title: "Load balancer",
    family: Family::Entry,
    doc: "Spreads requests over the replicas of the services behind it.",
    manual: "Chooses per request among the endpoints (replicas) of all services it is linked to. It learns of them by \
             messages over the link, so for one latency it may send to a replica that has just died, and answers 502. \
             With no endpoint at all it answers 503. \
             Until it has first heard from everything behind it, requests wait (as a proxy opens its listeners only when \
             its clusters are known). Watch for: long queues behind a balancer that counts requests but not their cost.",
    accepts_calls: true,
    ports: &[PortSpec { name: "backends", max_links: u32::MAX, doc: "Services whose replicas share the load." }],
    params: Config::SPECS,
    gauges: &[
        GaugeSpec { name: "open", unit: "requests", doc: "Requests passed on and not answered." },
        GaugeSpec { name: "endpoints", unit: "endpoints", doc: "Endpoints it believes ready." },
    ],
    tracks: &[],
    faults: &[],
    look: Look::Switch,
    build: None,
};

const PURPOSE_CHOICE: u64 = 1;
const GAUGE_OPEN: usize = slot::OWN;
const GAUGE_ENDPOINTS: usize = slot::OWN + 1;

#[derive(Clone, Debug)]
struct Endpoint {
    link: LinkId,
    replica: u32,
    active: u32,
    ready: bool,
}

/// See [the manual](LoadBalancer::DESCRIPTOR).
#[derive(Clone, Debug)]
pub struct LoadBalancer {
    config: Config,
    /// Sorted by callee.
    links: Vec<LinkId>,
    /// Links from which nothing has been heard yet, and that are waited for.
    unheard: Vec<LinkId>,
    /// Calls that wait for the first news.
    early: Vec<CallId>,
    /// Every endpoint ever heard of; places are kept, so that answers find theirs.
    endpoints: Vec<Endpoint>,
    /// Places of the ready ones, sorted by (callee, replica).
    ready: Vec<u32>,
    turn: usize,
    open: u64,
    /// Kept for its memory only.
    drawn: Vec<usize>,
}

impl LoadBalancer {
    #[inline(always)]
    fn choose(&mut self, call: CallId, cx: &Cx<'_>) -> Option<u32> {
        let n = self.ready.len();
        if n == 0 {
            return None;
        }
        let place = match self.config.algorithm {
            Algorithm::RoundRobin => {
                self.turn = self.following(n);
                self.turn
            }
            _ => self.choose_by(n, call, cx)?,
        };
        self.ready.get(place).copied()
    }

    /// One of `n` ready endpoints, by an algorithm that looks or draws.
    #[inline(never)]
    fn choose_by(&mut self, n: usize, call: CallId, cx: &Cx<'_>) -> Option<usize> {
        let mut draws = cx.draws(PURPOSE_CHOICE, cx.get(call).map_or(0, |c| c.lineage));
        Some(match self.config.algorithm {
            Algorithm::RoundRobin => self.following(n),
            Algorithm::LeastConnections => {
                let first = self.following(n);
                // `min_by_key` keeps the first of equals, so ties go round in turn.
                self.turn = (0..n).map(|i| (first + i) % n).min_by_key(|&i| self.active(i))?;
                self.turn
            }
            Algorithm::Random => draws.below(n as u64) as usize,
            Algorithm::PowerOfD => self.least_of_some(n, &mut draws),
            Algorithm::JoinIdleQueue => {
                let idle = (0..n).filter(|&i| self.active(i) == 0);
                pick(idle.map(|i| (0, i)), &mut draws).unwrap_or_else(|| draws.below(n as u64) as usize)
            }
            Algorithm::ClientHash => (mix(u64::from(cx.client_of(call)), 0x6c62) % n as u64) as usize,
        })
    }

    /// Whose turn it is among `n`; at first it is the first's.
    fn following(&self, n: usize) -> usize {
        let next = self.turn.wrapping_add(1);
        if next < n { next } else { 0 }
    }

    /// Requests in flight at the `i`-th of the ready endpoints.
    fn active(&self, i: usize) -> u32 {
        self.endpoints[self.ready[i] as usize].active
    }

    /// The least loaded of `choices` endpoints drawn from `n`.
    fn least_of_some(&mut self, n: usize, draws: &mut Draws) -> usize {
        let mut drawn = std::mem::take(&mut self.drawn);
        drawn.clear();
        if self.config.replacement {
            drawn.extend((0..self.config.choices).map(|_| draws.below(n as u64) as usize));
        } else {
            // Floyd's algorithm: each set of so many is as likely as any other.
            for last in n.saturating_sub(self.config.choices as usize)..n {
                let one = draws.below(last as u64 + 1) as usize;
                drawn.push(if drawn.contains(&one) { last } else { one });
            }
        }
        let chosen = pick(drawn.iter().map(|&i| (self.active(i), i)), draws).unwrap_or(0);
        self.drawn = drawn;
        chosen
    }

    #[inline(always)]
    fn pass_on(&mut self, call: CallId, cx: &mut Cx<'_>) {
        let Some(chosen) = self.choose(call, cx) else {
            return cx.reply(call, Err(Code::Unavailable));
        };
        let endpoint = &mut self.endpoints[chosen as usize];
        endpoint.active += 1;
        if let Some(child) = cx.forward(call, endpoint.link, endpoint.replica, chosen) {
            cx.set_tag(call, child.index());
        }
        self.open += 1;
        cx.gauge(GAUGE_OPEN, self.open);
    }

    fn sort_ready(&mut self, cx: &mut Cx<'_>) {
        self.ready = (0..self.endpoints.len() as u32).filter(|&i| self.endpoints[i as usize].ready).collect();
        let (endpoints, links) = (&self.endpoints, &self.links);
        self.ready.order_by_key(|&i| {
            let Endpoint { link, replica, .. } = endpoints[i as usize];
            (links.iter().position(|&l| l == link), replica)
        });
        cx.gauge(GAUGE_ENDPOINTS, self.ready.len() as u64);
    }

    /// It has been heard of, or has gone.
    fn stop_waiting_for(&mut self, link: LinkId, cx: &mut Cx<'_>) {
        self.unheard.retain(|&l| l != link);
        if self.unheard.is_empty() {
            for call in std::mem::take(&mut self.early) {
                self.pass_on(call, cx);
            }
        }
    }

    #[inline(always)]
    fn close(&mut self, endpoint: u32, cx: &mut Cx<'_>) {
        if let Some(endpoint) = self.endpoints.get_mut(endpoint as usize) {
            endpoint.active -= 1;
        }
        self.open -= 1;
        cx.gauge(GAUGE_OPEN, self.open);
    }
}

/// Of those with the smallest number, any with equal chances.
fn pick(candidates: impl Iterator<Item = (u32, usize)>, draws: &mut Draws) -> Option<usize> {
    let mut best: Option<(u32, usize)> = None;
    let mut equals = 0;
    for (number, candidate) in candidates {
        match best {
            Some((least, _)) if number > least => continue,
            Some((least, _)) if number == least => equals += 1,
            _ => equals = 1,
        }
        // Each of the equals so far stays with the same chance.
        if equals == 1 || draws.below(equals) == 0 {
            best = Some((number, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

impl Component for LoadBalancer {
    type Config = Config;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn new(config: Config) -> LoadBalancer {
        LoadBalancer {
            config,
            links: Vec::new(),
            unheard: Vec::new(),
            early: Vec::new(),
            endpoints: Vec::new(),
            ready: Vec::new(),
            turn: usize::MAX,
            open: 0,
            drawn: Vec::new(),
        }
    }

    fn on_start(&mut self, cx: &mut Cx<'_>) {
        self.links = cx.links(PortId(0));
        self.unheard = self.links.clone();
        // Whoever balances over balancers has to hear of them too.
        cx.tell_callers(&Message::Endpoints(vec![0]));
    }

    fn on_call(&mut self, call: CallId, cx: &mut Cx<'_>) {
        if self.unheard.is_empty() { self.pass_on(call, cx) } else { self.early.push(call) }
    }

    #[inline(always)]
    fn on_reply(&mut self, reply: Reply, cx: &mut Cx<'_>) {
        self.close(reply.tag, cx);
        cx.reply(reply.parent, reply.outcome);
    }

    fn on_cancel(&mut self, call: CallId, cx: &mut Cx<'_>) {
        let child = cx.call_at(cx.tag(call));
        match cx.get(child).map(|c| (c.link, c.replica())) {
            Some((link, replica)) if !self.early.contains(&call) => {
                cx.abandon(child);
                let place = self.endpoints.iter().position(|e| (e.link, e.replica) == (link, replica));
                if let Some(place) = place {
                    self.close(place as u32, cx);
                }
            }
            _ => self.early.retain(|&c| c != call),
        }
        cx.forget(call);
    }

    fn on_timer(&mut self, _timer: TimerId, _tag: u64, _cx: &mut Cx<'_>) {}

    fn on_message(&mut self, link: LinkId, message: Message, cx: &mut Cx<'_>) {
        let Message::Endpoints(replicas) = message;
        for endpoint in self.endpoints.iter_mut().filter(|e| e.link == link) {
            endpoint.ready = replicas.contains(&endpoint.replica);
        }
        for replica in replicas {
            if !self.endpoints.iter().any(|e| (e.link, e.replica) == (link, replica)) {
                self.endpoints.push(Endpoint { link, replica, active: 0, ready: true });
            }
        }
        self.sort_ready(cx);
        self.stop_waiting_for(link, cx);
    }

    fn on_configure(&mut self, config: Config, _cx: &mut Cx<'_>) {
        self.config = config;
    }

    fn on_link(&mut self, change: LinkChange, cx: &mut Cx<'_>) {
        match change {
            LinkChange::Caller(link) => return cx.message(link, Message::Endpoints(vec![0])),
            LinkChange::CallerGone(_) => return,
            LinkChange::Callee(_) | LinkChange::CalleeGone(_) => self.links = cx.links(PortId(0)),
        }
        match change {
            // While there are endpoints, traffic goes on, and the new ones join when they are heard of; where there are none,
            // it waits as at the start.
            LinkChange::Callee(link) if self.ready.is_empty() => self.unheard.push(link),
            LinkChange::CalleeGone(link) => {
                self.endpoints.iter_mut().filter(|e| e.link == link).for_each(|e| e.ready = false);
                self.sort_ready(cx);
                self.stop_waiting_for(link, cx);
            }
            _ => {}
        }
    }

    fn on_removed(&mut self, cx: &mut Cx<'_>) {
        self.early.clear();
        self.ready.clear();
        self.open = 0;
        cx.gauge(GAUGE_OPEN, 0);
        cx.gauge(GAUGE_ENDPOINTS, 0);
    }

    fn status(&self, _now: Time, _waits: &dyn Fn(CallId) -> bool) -> Status {
        let gauges = vec![self.open as f64, self.ready.len() as f64];
        Status { open: self.open, gauges, ..Status::default() }
    }
}
