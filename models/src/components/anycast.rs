//! One address that many regions announce: the network takes everybody to the nearest that does.

use super::dns::drawn;
use crate::catalogue::{Descriptor, Family, GaugeSpec, Look, PortSpec, Track};
use crate::component::{Component, Cx, Message, slot};
use crate::param::Params;
use crate::params;
use crate::policy::balance::Checks;
use crate::policy::{Checker, HealthChecks, Regions};
use crate::status::{Drawing, Status};
use floodgate_core::{ANY_REPLICA, CallId, Code, Duration, Key, LinkChange, PortId, Reply, Time, TimerId};
use std::collections::BTreeMap;

params! {
    /// Configuration of `anycast`.
    pub struct Config {
        /// How each region finds out that it does not answer, and stops announcing the address; absent never does.
        health_checks: Option<HealthChecks> = "{ interval = \"1s\", timeout = \"500ms\" }", live;
        /// How long routers take until they know a change of the routes.
        convergence: Duration = "\"3s\"" in 0 ..= 3600, live;
    }
}

static DESCRIPTOR: Descriptor = Descriptor {
    kind: "anycast",
    title: "Anycast",
    family: Family::Entry,
    doc: "Takes every client to the nearest region that announces the address, and elsewhere when that one is gone.",
    manual: "The same address is announced from several regions (BGP), and each client's packets go to its own: the weights \
             of the links say how many clients live where. A region that fails its checks withdraws the address, and after \
             `convergence` its clients come to the nearest other one, by the latency of the links. No client remembers \
             anything, so failover takes seconds and not a time to live; but every connection to the old region is reset, \
             when a region goes and when it comes back, because the new one knows nothing of it: 502. Watch for: the nearest \
             region that gets everybody and falls as well.",
    source: "RFC 4786 (operation of anycast services).",
    accepts_calls: true,
    ports: &[PortSpec { name: "regions", max_links: 256, doc: "Who announces the address." }],
    params: Config::SPECS,
    gauges: &[
        GaugeSpec { name: "open", unit: "requests", doc: "Requests under way." },
        GaugeSpec { name: "unhealthy", unit: "regions", doc: "Regions that do not announce the address." },
        GaugeSpec {
            name: "reset",
            unit: "requests",
            doc: "Requests whose connection was reset by a change of routes, so far.",
        },
    ],
    tracks: &[Track::Value("unhealthy")],
    faults: &[],
    look: Look::Switch,
    build: None,
};

const GAUGE_OPEN: usize = slot::OWN;
const GAUGE_UNHEALTHY: usize = slot::OWN + 1;
const GAUGE_RESET: usize = slot::OWN + 2;

/// Timers: the next check of a region, by its place; or routers know of a change, by the region's place and what is new.
const CHECK: u64 = 1 << 32;
const ROUTES: u64 = 2 << 32;
const ANNOUNCED: u64 = 1 << 16;

/// A request under way.
#[derive(Clone, Copy, Debug)]
struct Flow {
    call: CallId,
    child: CallId,
    client: u32,
    region: u32,
}

/// See [the manual](Anycast::DESCRIPTOR).
#[derive(Clone, Debug)]
pub struct Anycast {
    config: Config,
    regions: Regions,
    /// What each region believes of itself.
    checks: Vec<Checks>,
    /// The ids of the regions, for people.
    names: Vec<String>,
    /// Whether routers know a way there.
    routed: Vec<bool>,
    timers: Vec<TimerId>,
    checker: Checker,
    /// By the index of the call.
    flows: BTreeMap<u32, Flow>,
    reset: u64,
}

impl Anycast {
    fn read_links(&mut self, cx: &mut Cx<'_>) {
        let before = std::mem::take(&mut self.regions);
        self.regions = Regions::new(cx.links(PortId(0)), cx);
        let links = self.regions.links();
        self.names = links.iter().map(|&link| cx.callee_key(link).to_owned()).collect();
        let place = |link| before.links().iter().position(|l| l == link);
        self.checks = links.iter().map(|l| place(l).map_or(Checks::new(true), |p| self.checks[p])).collect();
        self.routed = links.iter().map(|l| place(l).is_none_or(|p| self.routed[p])).collect();
        for flow in self.flows.values_mut() {
            let link = before.links().get(flow.region as usize);
            flow.region = link.and_then(|l| links.iter().position(|m| m == l)).map_or(u32::MAX, |p| p as u32);
        }
        self.await_checks(cx);
        self.route(cx);
    }

    fn await_checks(&mut self, cx: &mut Cx<'_>) {
        self.timers.drain(..).for_each(|timer| _ = cx.cancel(timer));
        let Some(rules) = &self.config.health_checks else {
            self.checks.iter_mut().for_each(|check| *check = Checks::new(true));
            self.routed.iter_mut().for_each(|routed| *routed = true);
            return;
        };
        for (place, &link) in self.regions.links().iter().enumerate() {
            let first = Checker::stagger(rules, cx.callee_hash(link));
            self.timers.push(cx.timer(first, CHECK + place as u64));
        }
    }

    fn region_of(&self, client: u32) -> Option<u32> {
        self.regions.nearest(client, |place| self.routed.get(place as usize).copied().unwrap_or(false))
    }

    /// Routes have changed: whoever is elsewhere now has lost the connection.
    fn route(&mut self, cx: &mut Cx<'_>) {
        let moved: Vec<Flow> =
            self.flows.values().filter(|flow| self.region_of(flow.client) != Some(flow.region)).copied().collect();
        for flow in &moved {
            self.flows.remove(&flow.call.index());
            cx.abandon(flow.child);
            cx.reply(flow.call, Err(Code::BadGateway));
        }
        self.reset += moved.len() as u64;
        cx.gauge(GAUGE_RESET, self.reset);
        cx.gauge(GAUGE_OPEN, self.flows.len() as u64);
    }

    fn unhealthy(&self) -> u64 {
        self.checks.iter().filter(|check| !check.is_healthy()).count() as u64
    }

    #[inline(never)]
    fn checked(&mut self, reply: &Reply, cx: &mut Cx<'_>) {
        match (&self.config.health_checks, self.checks.get_mut(reply.tag as usize)) {
            (Some(rules), Some(state)) => {
                if Checker::heard(rules, reply, state, cx) {
                    let news = u64::from(reply.tag) | if state.is_healthy() { ANNOUNCED } else { 0 };
                    cx.timer(self.config.convergence, ROUTES | news);
                    cx.gauge(GAUGE_UNHEALTHY, self.unhealthy());
                }
            }
            _ => cx.end_probe(reply),
        }
    }
}

impl Component for Anycast {
    type Config = Config;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn new(config: Config) -> Anycast {
        Anycast {
            config,
            regions: Regions::default(),
            checks: Vec::new(),
            names: Vec::new(),
            routed: Vec::new(),
            timers: Vec::new(),
            checker: Checker::default(),
            flows: BTreeMap::new(),
            reset: 0,
        }
    }

    fn on_start(&mut self, cx: &mut Cx<'_>) {
        self.read_links(cx);
        cx.tell_callers(&Message::Endpoints(vec![0]));
    }

    fn on_call(&mut self, call: CallId, cx: &mut Cx<'_>) {
        let client = cx.client_of(call);
        let Some(region) = self.region_of(client) else {
            // Nobody announces the address.
            return cx.reply(call, Err(Code::Unavailable));
        };
        let link = self.regions.links()[region as usize];
        let child = cx.forward(call, link, ANY_REPLICA, region).unwrap_or(Key::NONE);
        self.flows.insert(call.index(), Flow { call, child, client, region });
        cx.gauge(GAUGE_OPEN, self.flows.len() as u64);
    }

    fn on_reply(&mut self, reply: Reply, cx: &mut Cx<'_>) {
        if Checker::is_check(&reply) {
            return self.checked(&reply, cx);
        }
        self.flows.remove(&reply.parent.index());
        cx.gauge(GAUGE_OPEN, self.flows.len() as u64);
        cx.reply(reply.parent, reply.outcome);
    }

    fn on_cancel(&mut self, call: CallId, cx: &mut Cx<'_>) {
        if let Some(flow) = self.flows.remove(&call.index()) {
            cx.abandon(flow.child);
        }
        cx.gauge(GAUGE_OPEN, self.flows.len() as u64);
        cx.forget(call);
    }

    fn on_timer(&mut self, _timer: TimerId, tag: u64, cx: &mut Cx<'_>) {
        if tag >= ROUTES {
            let place = (tag & (ANNOUNCED - 1)) as usize;
            if let Some(routed) = self.routed.get_mut(place) {
                *routed = tag & ANNOUNCED != 0;
                self.route(cx);
            }
            return;
        }
        let place = (tag - CHECK) as usize;
        let (Some(rules), Some(&link)) = (&self.config.health_checks, self.regions.links().get(place)) else { return };
        self.timers[place] = cx.timer(rules.interval, tag);
        self.checker.send(rules, link, ANY_REPLICA, place as u32, cx);
    }

    fn on_configure(&mut self, config: Config, cx: &mut Cx<'_>) {
        self.config = config;
        self.await_checks(cx);
        self.route(cx);
        cx.gauge(GAUGE_UNHEALTHY, self.unhealthy());
    }

    fn on_link(&mut self, change: LinkChange, cx: &mut Cx<'_>) {
        match change {
            LinkChange::Caller(link) => cx.message(link, Message::Endpoints(vec![0])),
            LinkChange::CallerGone(_) => {}
            LinkChange::Callee(_) | LinkChange::CalleeGone(_) => self.read_links(cx),
        }
    }

    fn on_removed(&mut self, cx: &mut Cx<'_>) {
        self.flows.clear();
        [GAUGE_OPEN, GAUGE_UNHEALTHY].iter().for_each(|&gauge| cx.gauge(gauge, 0));
    }

    fn heap_bytes(&self) -> usize {
        // A map keeps about twice what it holds.
        self.flows.len() * 2 * size_of::<Flow>()
    }

    fn status(&self, _now: Time, _waits: &dyn Fn(CallId) -> bool) -> Status {
        let gauges = [self.flows.len() as u64, self.unhealthy(), self.reset];
        Status {
            open: self.flows.len() as u64,
            gauges: gauges.into_iter().map(|g| g as f64).collect(),
            drawings: vec![Drawing::Endpoints(drawn(&self.names, &self.checks))],
            ..Status::default()
        }
    }
}
