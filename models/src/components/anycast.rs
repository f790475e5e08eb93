//! One address that many regions announce: the network takes everybody to the nearest that does.

use crate::catalogue::{Descriptor, Family, GaugeSpec, Look, PortSpec, StateSpec, Track};
use crate::component::{Component, Cx, Message, slot};
use crate::param::Params;
use crate::params;
use crate::policy::sockets::{breaks, is_kept, number_of};
use crate::policy::{Checker, HealthChecks, Sockets, Watched};
use crate::status::{self, Drawing, Health, Status};
use floodgate_core::{ANY_REPLICA, CallId, Code, Duration, Key, LinkChange, Outcome, PortId, Reply, Time, TimerId};
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
             when a region goes and when it comes back, because the new one knows nothing of it: 502, at once for what is \
             under way, and for a connection that was kept idle when the next request comes over it. Watch for: the nearest \
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
        GaugeSpec {
            name: "state",
            unit: "",
            doc: "0 while all regions announce the address, 1 after failing over, 2 while routers do not know it yet, 3 \
                  when no route is left.",
        },
    ],
    tracks: &[
        Track::Value("unhealthy"),
        Track::State {
            gauge: "state",
            states: &[
                StateSpec::good("all announced"),
                StateSpec::between("failed over"),
                StateSpec::bad("converging"),
                StateSpec::bad("no route"),
            ],
        },
    ],
    faults: &[],
    look: Look::Switch,
    build: None,
};

const GAUGE_OPEN: usize = slot::OWN;
const GAUGE_UNHEALTHY: usize = slot::OWN + 1;
const GAUGE_RESET: usize = slot::OWN + 2;
const GAUGE_STATE: usize = slot::OWN + 3;

/// Timers: routers know of a change, by the region's place and what is new; silent connections are looked for; all others are
/// those of the checks.
const IDLE: u64 = 3 << 32;
const ROUTES: u64 = 2 << 32;
const ANNOUNCED: u64 = 1 << 16;
/// No server keeps a connection longer when nothing comes over it.
const SILENT_MAX: Duration = Duration(3_600_000_000_000);

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
    /// What each region believes of itself.
    regions: Watched,
    /// Whether routers know a way there.
    routed: Vec<bool>,
    /// The region that each connection was opened to, of those that clients keep.
    sockets: Sockets<u32>,
    /// By the index of the call.
    flows: BTreeMap<u32, Flow>,
    reset: u64,
}

impl Anycast {
    fn read_links(&mut self, cx: &mut Cx<'_>) {
        let now_at = self.regions.read(PortId(0), self.config.health_checks.as_ref(), cx);
        let at = |region: u32| now_at.get(region as usize).copied().flatten();
        let mut routed = vec![true; self.regions.count()];
        for (before, &was) in self.routed.iter().enumerate() {
            if let Some(place) = at(before as u32) {
                routed[place as usize] = was;
            }
        }
        self.routed = routed;
        self.flows.values_mut().for_each(|flow| flow.region = at(flow.region).unwrap_or(u32::MAX));
        self.sockets.ends_are(|region| at(region).unwrap_or(u32::MAX));
        self.unchecked();
        self.route(cx);
    }

    /// Whoever is not checked announces the address.
    fn unchecked(&mut self) {
        if self.config.health_checks.is_none() {
            self.routed.iter_mut().for_each(|routed| *routed = true);
        }
    }

    fn region_of(&self, client: u32) -> Option<u32> {
        self.regions.regions().nearest(client, |place| self.routed.get(place as usize).copied().unwrap_or(false))
    }

    /// Routes have changed: whoever is elsewhere now has lost the connection.
    fn route(&mut self, cx: &mut Cx<'_>) {
        let moved: Vec<Flow> =
            self.flows.values().filter(|flow| self.region_of(flow.client) != Some(flow.region)).copied().collect();
        for flow in &moved {
            self.flows.remove(&flow.call.index());
            self.sockets.close(number_of(flow.call, cx));
            cx.abandon(flow.child);
            cx.reply(flow.call, Err(Code::BadGateway));
        }
        self.was_reset(moved.len() as u64, cx);
        cx.gauge(GAUGE_STATE, self.state());
        cx.gauge(GAUGE_OPEN, self.flows.len() as u64);
    }

    fn was_reset(&mut self, requests: u64, cx: &mut Cx<'_>) {
        self.reset += requests;
        cx.gauge(GAUGE_RESET, self.reset);
    }

    /// Whether a request has come over a connection that the region it goes to knows, or opens one there.
    fn connects(&mut self, call: CallId, region: u32, cx: &mut Cx<'_>) -> bool {
        if !is_kept(call, cx) {
            return true;
        }
        let (number, now) = (number_of(call, cx), cx.now());
        if cx.opens_connection(call) {
            self.sockets.open(number, region, now);
            if self.sockets.begins_to_sweep() {
                cx.timer(SILENT_MAX, IDLE);
            }
            return true;
        }
        let known = self.sockets.end_of(number) == Some(region);
        if known {
            self.sockets.uses(number, now);
        } else {
            self.sockets.close(number);
        }
        known
    }

    /// Of each region, whether it announces the address, and whether routers know a way there.
    fn ways(&self) -> impl Iterator<Item = (bool, bool)> + '_ {
        self.routed.iter().enumerate().map(|(place, &routed)| (self.regions.is_healthy(place as u32), routed))
    }

    /// How the routes stand, as the descriptor numbers it.
    fn state(&self) -> u64 {
        match () {
            () if !self.routed.is_empty() && !self.routed.contains(&true) => 3,
            () if self.ways().any(|(announced, routed)| announced != routed) => 2,
            () => u64::from(self.routed.contains(&false)),
        }
    }

    /// Regions as they are drawn: until the routers know of it, a region that has withdrawn the address still gets its
    /// clients, and one that announces it again gets none.
    fn drawn(&self) -> Vec<status::Endpoint> {
        let mut regions = self.regions.drawn();
        for (region, way) in regions.iter_mut().zip(self.ways()) {
            match way {
                (false, true) => region.health = Health::Suspect,
                (true, false) => (region.health, region.weight) = (Health::SlowStart, 0.0),
                _ => {}
            }
        }
        regions
    }

    /// A request has come to its end.
    fn ended(&mut self, call: CallId, outcome: Outcome, cx: &mut Cx<'_>) {
        self.sockets.hung_up(call, breaks(outcome), cx);
        cx.gauge(GAUGE_OPEN, self.flows.len() as u64);
    }
}

impl Component for Anycast {
    type Config = Config;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn new(config: Config) -> Anycast {
        Anycast {
            config,
            regions: Watched::default(),
            routed: Vec::new(),
            sockets: Sockets::default(),
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
        if !self.connects(call, region, cx) {
            // It is another region's connection: this one knows nothing of it.
            self.was_reset(1, cx);
            return cx.reply(call, Err(Code::BadGateway));
        }
        let link = self.regions.regions().links()[region as usize];
        let child = cx.forward(call, link, ANY_REPLICA, region).unwrap_or(Key::NONE);
        self.flows.insert(call.index(), Flow { call, child, client, region });
        cx.gauge(GAUGE_OPEN, self.flows.len() as u64);
    }

    fn on_reply(&mut self, reply: Reply, cx: &mut Cx<'_>) {
        if Checker::is_check(&reply) {
            if let Some((place, healthy)) = self.regions.heard(&reply, self.config.health_checks.as_ref(), cx) {
                cx.timer(self.config.convergence, ROUTES | u64::from(place) | if healthy { ANNOUNCED } else { 0 });
                cx.gauge(GAUGE_UNHEALTHY, self.regions.unhealthy());
                cx.gauge(GAUGE_STATE, self.state());
            }
            return;
        }
        self.flows.remove(&reply.parent.index());
        self.ended(reply.parent, reply.outcome, cx);
        cx.reply(reply.parent, reply.outcome);
    }

    fn on_cancel(&mut self, call: CallId, cx: &mut Cx<'_>) {
        if let Some(flow) = self.flows.remove(&call.index()) {
            cx.abandon(flow.child);
        }
        self.ended(call, Err(Code::Cancelled), cx);
        cx.forget(call);
    }

    fn on_timer(&mut self, _timer: TimerId, tag: u64, cx: &mut Cx<'_>) {
        match tag {
            IDLE => {
                if self.sockets.sweep(cx.now(), SILENT_MAX, |_| {}) {
                    cx.timer(SILENT_MAX, IDLE);
                }
            }
            ROUTES.. => {
                if let Some(routed) = self.routed.get_mut((tag & (ANNOUNCED - 1)) as usize) {
                    *routed = tag & ANNOUNCED != 0;
                    self.route(cx);
                }
            }
            _ => self.regions.check(tag, self.config.health_checks.as_ref(), cx),
        }
    }

    fn on_configure(&mut self, config: Config, cx: &mut Cx<'_>) {
        self.config = config;
        self.regions.await_checks(self.config.health_checks.as_ref(), cx);
        self.unchecked();
        self.route(cx);
        cx.gauge(GAUGE_UNHEALTHY, self.regions.unhealthy());
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
        self.sockets.clear();
        [GAUGE_OPEN, GAUGE_UNHEALTHY, GAUGE_STATE].iter().for_each(|&gauge| cx.gauge(gauge, 0));
    }

    fn heap_bytes(&self) -> usize {
        // A map keeps about twice what it holds.
        self.flows.len() * 2 * size_of::<Flow>() + self.sockets.bytes()
    }

    fn status(&self, _now: Time, _waits: &dyn Fn(CallId) -> bool) -> Status {
        let gauges = [self.flows.len() as u64, self.regions.unhealthy(), self.reset, self.state()];
        Status {
            open: self.flows.len() as u64,
            gauges: gauges.into_iter().map(|g| g as f64).collect(),
            drawings: vec![Drawing::Endpoints(self.drawn())],
            ..Status::default()
        }
    }
}
