//! A load balancer that chooses an endpoint for each request.

use crate::catalogue::{Descriptor, Family, GaugeSpec, Look, PortSpec};
use crate::component::{Component, Cx, Message, slot};
use crate::param::Params;
use crate::status::Status;
use crate::{choices, params};
use floodgate_core::rng::mix;
use floodgate_core::{CallId, Code, LinkId, PortId, Reply, Time, TimerId};

choices! {
    /// How an endpoint is chosen.
    pub enum Algorithm {
        /// Each in turn.
        RoundRobin = "round_robin",
        /// The one with the fewest requests in flight from this balancer; the first in turn among equals.
        LeastConnections = "least_connections",
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
    faults: &[],
    look: Look::Switch,
    build: None,
};

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
    /// Links from which nothing has been heard yet.
    unheard: Vec<LinkId>,
    /// Calls that wait for the first news.
    early: Vec<CallId>,
    /// Every endpoint ever heard of; places are kept, so that answers find theirs.
    endpoints: Vec<Endpoint>,
    /// Places of the ready ones, sorted by (link, replica).
    ready: Vec<u32>,
    turn: usize,
    open: u64,
}

impl LoadBalancer {
    fn choose(&mut self, client: u64) -> Option<u32> {
        let n = self.ready.len();
        if n == 0 {
            return None;
        }
        let place = match self.config.algorithm {
            Algorithm::RoundRobin => {
                self.turn = (self.turn + 1) % n;
                self.turn
            }
            Algorithm::LeastConnections => {
                let active = |i: usize| self.endpoints[self.ready[i] as usize].active;
                let first = (self.turn + 1) % n;
                // `min_by_key` keeps the first of equals, so ties go round in turn.
                self.turn = (0..n).map(|i| (first + i) % n).min_by_key(|&i| active(i))?;
                self.turn
            }
            Algorithm::ClientHash => (mix(client, 0x6c62) % n as u64) as usize,
        };
        Some(self.ready[place])
    }

    fn pass_on(&mut self, call: CallId, cx: &mut Cx<'_>) {
        let client = cx.root(cx.root_of(call)).map_or(0, |r| r.client);
        let Some(chosen) = self.choose(client) else {
            return cx.reply(call, Err(Code::Unavailable));
        };
        let endpoint = &mut self.endpoints[chosen as usize];
        endpoint.active += 1;
        if let Some(child) = cx.forward(call, endpoint.link, endpoint.replica, chosen) {
            cx.set_tag(call, child.index);
        }
        self.open += 1;
        cx.gauge(GAUGE_OPEN, self.open);
    }

    fn close(&mut self, endpoint: u32, cx: &mut Cx<'_>) {
        if let Some(endpoint) = self.endpoints.get_mut(endpoint as usize) {
            endpoint.active -= 1;
        }
        self.open -= 1;
        cx.gauge(GAUGE_OPEN, self.open);
    }
}

impl Component for LoadBalancer {
    type Config = Config;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn new(config: Config) -> LoadBalancer {
        LoadBalancer {
            config,
            unheard: Vec::new(),
            early: Vec::new(),
            endpoints: Vec::new(),
            ready: Vec::new(),
            turn: usize::MAX - 1,
            open: 0,
        }
    }

    fn on_start(&mut self, cx: &mut Cx<'_>) {
        self.unheard = cx.links(PortId(0));
    }

    fn on_call(&mut self, call: CallId, cx: &mut Cx<'_>) {
        if self.unheard.is_empty() { self.pass_on(call, cx) } else { self.early.push(call) }
    }

    fn on_reply(&mut self, reply: Reply, cx: &mut Cx<'_>) {
        self.close(reply.tag, cx);
        cx.reply(reply.parent, reply.outcome);
    }

    fn on_cancel(&mut self, call: CallId, cx: &mut Cx<'_>) {
        let child = cx.call_at(cx.tag(call));
        match cx.get(child).map(|c| (c.link, c.replica)) {
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
        self.ready = (0..self.endpoints.len() as u32).filter(|&i| self.endpoints[i as usize].ready).collect();
        self.ready.sort_by_key(|&i| (self.endpoints[i as usize].link, self.endpoints[i as usize].replica));
        cx.gauge(GAUGE_ENDPOINTS, self.ready.len() as u64);
        self.unheard.retain(|&l| l != link);
        if self.unheard.is_empty() {
            for call in std::mem::take(&mut self.early) {
                self.pass_on(call, cx);
            }
        }
    }

    fn on_configure(&mut self, config: Config, _cx: &mut Cx<'_>) {
        self.config = config;
    }

    fn status(&self, _now: Time, _waits: &dyn Fn(CallId) -> bool) -> Status {
        let gauges = vec![self.open as f64, self.ready.len() as f64];
        Status { open: self.open, gauges, ..Status::default() }
    }
}
