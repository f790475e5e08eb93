//! A load balancer that chooses an endpoint for each request.

mod choose;
mod gate;
mod l4;
mod pools;
mod shown;
mod trust;

use self::gate::Gate;

use crate::catalogue::{Descriptor, Family, GaugeSpec, Look, PortSpec, StateSpec, Track};
use crate::component::{Component, Cx, Message, Objection, slot};
use crate::param::Params;
use crate::policy::balance::{Checks, Edf, Ejection, Failures, Maglev, Outliers, PeakEwma, Ring, Smooth};
use crate::policy::{Checker, HealthChecks, Sockets};
use crate::status::{Drawing, Status};
use crate::{choices, params};
use floodgate_core::{
    CallId, CallSpec, Code, CodeSet, Dist, Duration, LinkChange, LinkId, PortId, Reply, Time, TimerId,
};
use std::collections::BTreeMap;

choices! {
    /// How an endpoint is chosen. The weight of an endpoint is that of the link to its service.
    pub enum Algorithm {
        /// Each in turn; by nginx's smooth weighted sequence where weights differ.
        RoundRobin = "round_robin",
        /// The one with the fewest requests in flight from this balancer for its weight; the tied take turns by smooth
        /// weighted round robin among themselves (nginx's `least_conn`).
        LeastConnections = "least_connections",
        /// Envoy's least request: with equal weights the one with fewer requests in flight of `choices` drawn at random, which
        /// may be the same; with others, weighted turns in which a weight counts w / (in flight + 1)^`bias`.
        LeastRequest = "least_request",
        /// Any, drawn anew for each request, with chances by weight.
        Random = "random",
        /// The one with the fewest requests in flight from this balancer among `choices` drawn at random; any of them, with
        /// equal chances, among equals (Mitzenmacher 2001).
        PowerOfD = "power_of_d",
        /// One that has no request in flight from this balancer, with equal chances; if none is idle, any (Lu et al. 2011,
        /// with an idle list that is always current).
        JoinIdleQueue = "join_idle_queue",
        /// Of two drawn at random the one that costs less: a moving average of its answer times that jumps to peaks, times
        /// its requests in flight and one more (Finagle's peak EWMA).
        PeakEwma = "peak_ewma",
        /// The one with the least work in flight from this balancer for its weight, by the work that requests announce
        /// (`work` of their clients); the tied take turns.
        LeastWork = "least_work",
        /// By a hash of the client modulo the number of endpoints: the same client reaches the same endpoint as long as
        /// their number stays.
        ClientHash = "client_hash",
        /// By a hash of the client on a ring where each endpoint has `points` places for each unit of weight (ketama): when an
        /// endpoint goes, its clients move and no others.
        RingHash = "ring_hash",
        /// As `ring_hash`, but an endpoint that has more than `load_factor` times its share of what is in flight is passed
        /// over (Mirrokni, Thorup and Zadimoghaddam 2016).
        BoundedLoad = "bounded_load",
        /// By a hash of client and endpoint, the highest of which wins (rendezvous): as little moves as on a ring, and the
        /// shares are even.
        Rendezvous = "rendezvous",
        /// By a hash of the client in Maglev's table of `entries` (Eisenbud et al. 2016): the shares are even, and when an
        /// endpoint goes, few clients of others move.
        Maglev = "maglev",
    }
}

params! {
    /// Which other endpoints a failed request may be passed to.
    pub struct NextUpstream {
        /// Endpoints that are tried after the first; 0 is none. Each is one that this request has not been at.
        tries: u32 = "0" in 0 ..= 100, live;
        /// Outcomes that are tried elsewhere; what `per_try_timeout` gives up counts as `timeout`.
        on: CodeSet = "[\"502\", \"timeout\"]", live;
    }
}

params! {
    /// nginx's passive checks.
    pub struct Passive {
        /// So many failures leave an endpoint out; 0 never.
        max_fails: u32 = "1" in 0 ..= 1000000, live;
        /// For how long, in whole seconds of the clock; then one request probes it.
        fail_timeout: Duration = "\"10s\"" in 1 ..= 86400, live;
    }
}

params! {
    /// How an endpoint that has just become ready is given its weight (Envoy). Rules that go by weight heed it:
    /// `round_robin`, `least_connections`, `least_request`, `random`.
    pub struct SlowStart {
        /// Until it has its whole weight.
        window: Duration = "\"30s\"" in 0.001 ..= 86400, live;
        /// 1 grows linearly; more grows faster at first.
        aggression: f64 = "1.0" in 0.01 ..= 100, live;
        /// Smallest share of its weight.
        min_weight: f64 = "0.1" in 0.001 ..= 1, live;
    }
}

choices! {
    /// What a balancer understands of what it passes on.
    pub enum Mode {
        /// Requests: each goes where it should, by path, session and health.
        L7 = "l7",
        /// Connections: an endpoint is chosen when one is opened, and whatever comes over it follows. Paths, sessions, time-outs
        /// of attempts and next upstreams are none of its business, and all it sees of a failure is a connection that breaks;
        /// `cost` and `max_connections` are of connections.
        L4 = "l4",
    }
}

choices! {
    /// How a balancer learns of endpoints.
    pub enum Discovery {
        /// Services announce their replicas as they come and go; the news takes the latency of the link.
        Announced = "announced",
        /// Whoever was there once stays on the list, dead or alive, as in a configuration file: without `health_checks`,
        /// `passive` or `outliers` a dead one goes on getting its share.
        Fixed = "fixed",
    }
}

params! {
    /// What is known of clients between their requests.
    pub struct Sessions {
        /// A client stays with the endpoint that it came to first (a cookie that names it), as long as that one is trusted.
        /// Otherwise it is only counted who is sent elsewhere.
        sticky: bool = "true", live;
        /// After so long without a request a session is over.
        timeout: Duration = "\"30min\"" in 0.001 ..= 8640000, live;
    }
}

params! {
    /// How requests stay in the balancer's own zone (Envoy's locality priorities).
    pub struct ZoneAware {
        /// The zone keeps this many times the share of its endpoints that are trusted, at most all of its requests: by 1.4, 72
        /// percent keep everything, 71 percent 99 in a hundred, half of them 70. The rest spills over to other zones.
        overprovisioning: f64 = "1.4" in 1 ..= 100, live;
    }
}

params! {
    /// Configuration of `load_balancer`.
    pub struct Config {
        /// Whether it passes on requests or connections.
        mode: Mode = "\"l7\"";
        /// In `l4`: a connection that was silent for so long is forgotten, and reset when something comes over it again (AWS's
        /// network load balancer: 350 s).
        idle_timeout: Duration = "\"350s\"" in 0.001 ..= 864000, live;
        /// In `l4`: for so long connections to an endpoint that takes no new ones go on, if its process lives; then they are
        /// reset (AWS's deregistration delay: 300 s). In `l7` what is under way there is always waited for.
        drain_timeout: Duration = "\"300s\"" in 0 ..= 86400, live;
        /// How an endpoint is chosen.
        algorithm: Algorithm = "\"round_robin\"", live;
        /// How many endpoints `power_of_d` and `least_request` compare.
        choices: u32 = "2" in 1 ..= 64, live;
        /// Whether `power_of_d` may draw the same endpoint more than once. Published tables differ in this; it matters when
        /// there are few endpoints.
        replacement: bool = "false", live;
        /// Exponent of the requests in flight in the weights of `least_request`.
        bias: f64 = "1.0" in 0 ..= 100, live;
        /// Time in which `peak_ewma` forgets to 1/e.
        decay: Duration = "\"10s\"" in 0.001 ..= 86400, live;
        /// Places on the ring for each unit of weight.
        points: u32 = "160" in 1 ..= 10000, live;
        /// Entries of Maglev's table, which takes the next prime; more than a hundred for each endpoint keep the shares within
        /// one percent.
        entries: u32 = "65537" in 2 ..= 5000011, live;
        /// Most that an endpoint may have in flight under `bounded_load`, as a multiple of its share.
        load_factor: f64 = "1.25" in 1 ..= 100, live;
        /// How long an attempt at an endpoint is waited for, before 504 or the next upstream; absent is as long as whoever
        /// asks waits.
        per_try_timeout: Option<Duration> = none in 0.000001 ..= 86400, live;
        /// Whether and when another endpoint is tried.
        next_upstream: NextUpstream = "{}", live;
        /// Leaves out endpoints that failed, as nginx does; absent is never.
        passive: Option<Passive> = none, live;
        /// Puts outliers aside, as Envoy does; absent is never.
        outliers: Option<Outliers> = none, live;
        /// When a smaller share of the endpoints is trusted, all are used (Envoy's panic threshold); 0 is never.
        panic_threshold: f64 = "0.5" in 0 ..= 1, live;
        /// How endpoints are learnt of.
        discovery: Discovery = "\"announced\"";
        /// Calls of its own that see whether endpoints answer; absent is none. Whoever fails them gets nothing, and a good
        /// answer ends an ejection (Envoy).
        health_checks: Option<HealthChecks> = none, live;
        /// Keeps requests in the balancer's zone, which is the `group` that it shares with endpoints; absent is blind to zones.
        zone_aware: Option<ZoneAware> = none, live;
        /// Knows clients again, and counts those whose session is lost because they are sent to another endpoint; absent does
        /// not.
        sessions: Option<Sessions> = none, live;
        /// Endpoints come to their weight slowly; absent is at once.
        slow_start: Option<SlowStart> = none, live;
        /// Processor time for each request; absent is none. With it the balancer can be the bottleneck.
        cost: Option<Dist> = none in 0 ..= 3600, live;
        /// Cores that pay it, each a request at a time.
        cores: u32 = "1" in 1 ..= 1024, live;
        /// Requests that it holds at once; absent is any number.
        max_connections: Option<u32> = none in 1 ..= 100000000, live;
        /// Requests beyond those that wait, first come, first served; all others are answered 503.
        queue: u32 = "0" in 0 ..= 100000000, live;
        /// How long they wait before they are answered 503; absent is for ever.
        queue_timeout: Option<Duration> = none in 0.000001 ..= 86400, live;
    }
}

static DESCRIPTOR: Descriptor = Descriptor {
    kind: "load_balancer",
    title: "Load balancer",
    family: Family::Entry,
    doc: "Spreads requests over the replicas of the services behind it.",
    manual: "Chooses per request among the endpoints (replicas) of all services it is linked to. It learns of them by \
             messages over the link, so for one latency it may send to a replica that has just died, and answers 502. \
             With no endpoint at all it answers 503; when `passive` has left out all of them, 502 (nginx's \"no live \
             upstreams\"); an attempt that `per_try_timeout` gives up is a 504. \
             Links with a `path` are for requests whose class begins so, links with a `header` for requests that have it: the longest \
             beginning wins, then the most headers, links without any take the rest, and a request that no link takes is answered 503. \
             Until it has first heard from everything behind it, requests wait (as a proxy opens its listeners only when \
             its clusters are known). With `cost` it has work of its own, and `max_connections` bounds what it holds. \
             Watch for: long queues behind a balancer that counts requests but not their cost; an outlier rule that puts \
             aside servers which are merely overloaded, and so overloads the rest.",
    source: "nginx, Envoy and Finagle, each where its name is given; the words of `algorithm` say what they follow.",
    accepts_calls: true,
    ports: &[PortSpec { name: "backends", max_links: u32::MAX, doc: "Services whose replicas share the load." }],
    params: Config::SPECS,
    gauges: &[
        GaugeSpec { name: "open", unit: "requests", doc: "Requests passed on and not answered." },
        GaugeSpec { name: "endpoints", unit: "endpoints", doc: "Endpoints it believes ready." },
        GaugeSpec { name: "ejected", unit: "endpoints", doc: "Endpoints put aside by `outliers`." },
        GaugeSpec { name: "panic", unit: "", doc: "1 while so few endpoints are trusted that all are used." },
        GaugeSpec { name: "tried_again", unit: "requests", doc: "Attempts at a next upstream so far." },
        GaugeSpec { name: "unhealthy", unit: "endpoints", doc: "Endpoints that failed their `health_checks`." },
        GaugeSpec { name: "spilled", unit: "requests", doc: "Requests sent to other zones so far." },
        GaugeSpec { name: "connections", unit: "connections", doc: "In `l4`: connections that are open." },
        GaugeSpec { name: "resets", unit: "connections", doc: "In `l4`: connections that were reset so far." },
        GaugeSpec { name: "sessions_lost", unit: "sessions", doc: "Sessions that went on at another endpoint so far." },
        GaugeSpec {
            name: "state",
            unit: "",
            doc: "Whom it trusts: 0 all, 1 not all, 2 some are ejected, 3 panic, 4 nobody is there.",
        },
    ],
    tracks: &[
        Track::Value("endpoints"),
        Track::Value("unhealthy"),
        Track::State {
            gauge: "state",
            states: &[
                StateSpec::good("all trusted"),
                StateSpec::between("unhealthy"),
                StateSpec::between("ejected"),
                StateSpec::bad("panic"),
                StateSpec::bad("nobody there"),
            ],
        },
    ],
    faults: &[],
    look: Look::Switch,
    build: None,
};

const PURPOSE_CHOICE: u64 = 1;
const PURPOSE_COST: u64 = 2;
const PURPOSE_ENFORCING: u64 = 3;
const GAUGE_OPEN: usize = slot::OWN;
const GAUGE_ENDPOINTS: usize = slot::OWN + 1;
const GAUGE_EJECTED: usize = slot::OWN + 2;
const GAUGE_PANIC: usize = slot::OWN + 3;
const GAUGE_TRIED_AGAIN: usize = slot::OWN + 4;
const GAUGE_UNHEALTHY: usize = slot::OWN + 5;
const GAUGE_SPILLED: usize = slot::OWN + 6;
const GAUGE_CONNECTIONS: usize = slot::OWN + 7;
const GAUGE_RESETS: usize = slot::OWN + 8;
const GAUGE_SESSIONS_LOST: usize = slot::OWN + 9;
const GAUGE_STATE: usize = slot::OWN + 10;

/// Timers: the next sweep of `outliers`, and of silent connections; the next check of an endpoint, by its place; all others are requests that have waited
/// too long, by their numbers.
const SWEEP: u64 = u64::MAX;
const IDLE: u64 = u64::MAX - 1;
const CHECK: u64 = (u32::MAX as u64) << 32;
/// Tag of a call that the balancer computes on, or will.
const COMPUTES: u32 = u32::MAX - 1;
/// Number of no place.
const NOWHERE: u32 = u32::MAX;

#[derive(Clone, Debug)]
struct Endpoint {
    link: LinkId,
    replica: u32,
    active: u32,
    ready: bool,
    /// Of its link.
    weight: f64,
    /// Identity for hashes: of the service and the replica.
    name: u64,
    /// Since when it has been ready.
    since: Time,
    /// When it stopped being ready.
    left: Time,
    /// Place among the ready ones.
    position: u32,
    /// Announced by the requests in flight.
    work: f64,
    ewma: PeakEwma,
    failures: Failures,
    checks: Checks,
    /// The timer of its next check.
    check: TimerId,
    /// In the balancer's zone.
    near: bool,
}

/// A request that has been at more than one endpoint.
#[derive(Clone, Debug, Default)]
struct Tries {
    number: u16,
    endpoints: Vec<u32>,
}

/// See [the manual](LoadBalancer::DESCRIPTOR).
#[derive(Clone, Debug)]
pub struct LoadBalancer {
    /// Boxed, as it is large: a node has room for the largest of all components.
    config: Box<Config>,
    /// Sorted by callee.
    links: Vec<LinkId>,
    /// The ids of the callees, for people.
    names: Vec<String>,
    /// Links from which nothing has been heard yet, and that are waited for.
    unheard: Vec<LinkId>,
    /// Calls that wait for the first news.
    early: Vec<CallId>,
    /// Every endpoint ever heard of; places are kept, so that answers find theirs.
    endpoints: Vec<Endpoint>,
    /// Of every endpoint, its place in smooth weighted round robin.
    turns: Vec<Smooth>,
    /// Places of the ready ones, sorted by (callee, replica).
    ready: Vec<u32>,
    /// Of the ready ones, in that order: what outlier detection knows of them.
    ejections: Vec<Ejection>,
    /// Those of the ready that are trusted, or all of them in panic.
    pool: Vec<u32>,
    /// All in the pool have the same weight, and none starts slowly.
    even: bool,
    /// When the last one that starts slowly has its whole weight.
    slow_until: Time,
    /// What requests are hashed over, made when somebody is.
    tables: Option<Tables>,
    edf: Edf,
    turn: usize,
    open: u64,
    /// Draws that belong to no request.
    enforced: u64,
    retried: BTreeMap<u32, Tries>,
    tried_again: u64,
    gate: Gate,
    checker: Checker,
    /// In `l4`: the connections that are open, and how many were reset.
    sockets: Sockets<l4::End>,
    resets: u64,
    /// Some links are not for all classes of requests.
    routed: bool,
    spilled: u64,
    /// By client: the place of the endpoint and when it was there last.
    sessions: BTreeMap<u32, (u32, Time)>,
    sessions_lost: u64,
    /// Sessions that are over are looked for when there are so many.
    sessions_sift: usize,
    /// Kept for their memory only.
    drawn: Vec<usize>,
    usable: Vec<u32>,
}

#[derive(Clone, Debug)]
struct Tables {
    /// Places of the endpoints that the table knows by their positions.
    places: Vec<u32>,
    table: Table,
}

#[derive(Clone, Debug)]
enum Table {
    Ring(Ring),
    Maglev(Maglev),
}

impl LoadBalancer {
    #[inline(always)]
    fn pass_on(&mut self, call: CallId, cx: &mut Cx<'_>) {
        match self.choose(call, &[], cx) {
            Ok(chosen) if self.config.mode == Mode::L4 => self.connect(call, chosen, cx),
            Ok(chosen) => self.send(call, chosen, 0, cx),
            Err(code) => self.answer(call, Err(code), cx),
        }
    }

    #[inline(always)]
    fn send(&mut self, call: CallId, chosen: u32, number: u16, cx: &mut Cx<'_>) {
        let endpoint = &mut self.endpoints[chosen as usize];
        endpoint.active += u32::from(self.config.mode == Mode::L7);
        if self.config.algorithm == Algorithm::LeastWork {
            endpoint.work += cx.origin(call).map_or(1.0, |(_, root)| f64::from(root.work));
        }
        let (link, replica) = (endpoint.link, endpoint.replica);
        let waits_for_ever = self.config.per_try_timeout.is_none() || self.config.mode == Mode::L4;
        if number == 0 && waits_for_ever {
            cx.forward(call, link, replica, chosen);
        } else if let Some(child) = self.attempt(call, link, replica, chosen, number, cx) {
            cx.set_tag(call, child.index());
        }
        self.open += 1;
        cx.gauge_rises(GAUGE_OPEN);
    }

    /// An attempt that is one of several, or that is not waited for for ever.
    #[inline(never)]
    fn attempt(
        &self,
        call: CallId,
        link: LinkId,
        replica: u32,
        tag: u32,
        number: u16,
        cx: &mut Cx<'_>,
    ) -> Option<CallId> {
        let spec = CallSpec {
            root: cx.root_of(call),
            parent: Some(call),
            lineage: cx.branch(cx.get(call)?.lineage, u64::from(number)),
            attempt: number,
            replica,
            tag,
            timeout: self.config.per_try_timeout,
            // A proxy closes the connection of what it gives up.
            cancel: true,
        };
        Some(cx.call(link, spec))
    }

    /// Answers, and lets the next one in.
    #[inline(always)]
    fn answer(&mut self, call: CallId, outcome: Result<(), Code>, cx: &mut Cx<'_>) {
        cx.reply(call, outcome);
        if !self.gate.queue.is_empty() {
            self.let_in(cx);
        }
    }

    #[inline(always)]
    fn close(&mut self, endpoint: u32, parent: CallId, cx: &mut Cx<'_>) {
        if let Some(endpoint) = self.endpoints.get_mut(endpoint as usize) {
            endpoint.active -= u32::from(self.config.mode == Mode::L7);
            if endpoint.work > 0.0 {
                endpoint.work -= cx.origin(parent).map_or(1.0, |(_, root)| f64::from(root.work));
                if endpoint.active == 0 || endpoint.work < 0.0 {
                    endpoint.work = 0.0;
                }
            }
        }
        self.open -= 1;
        cx.gauge_falls(GAUGE_OPEN);
    }

    /// An attempt failed: another endpoint, if there is one and it may.
    #[inline(never)]
    fn failed(&mut self, reply: &Reply, code: Code, cx: &mut Cx<'_>) {
        let call = reply.parent;
        let rule = &self.config.next_upstream;
        if self.config.mode == Mode::L7 && rule.tries > 0 && rule.on.contains(code) {
            let mut tries = self.retried.remove(&call.index()).unwrap_or_default();
            tries.endpoints.push(reply.tag);
            if u32::from(tries.number) < rule.tries
                && let Ok(next) = self.choose(call, &tries.endpoints, cx)
            {
                tries.number += 1;
                self.tried_again += 1;
                cx.gauge(GAUGE_TRIED_AGAIN, self.tried_again);
                let number = tries.number;
                self.retried.insert(call.index(), tries);
                return self.send(call, next, number, cx);
            }
        }
        // What its own patience ended is, for those in front of it, a gateway's time-out.
        let code = if matches!(code, Code::Timeout | Code::ConnectTimeout) { Code::GatewayTimeout } else { code };
        self.answer(call, Err(code), cx);
    }

    fn read_links(&mut self, cx: &Cx<'_>) {
        self.links = cx.links(PortId(0));
        self.names = self.links.iter().map(|&link| cx.callee_key(link).to_owned()).collect();
    }

    /// It has been heard of, or has gone.
    fn stop_waiting_for(&mut self, link: LinkId, cx: &mut Cx<'_>) {
        self.unheard.retain(|&l| l != link);
        if self.unheard.is_empty() {
            for call in std::mem::take(&mut self.early) {
                self.admit(call, cx);
            }
        }
    }

    #[inline(always)]
    fn admit(&mut self, call: CallId, cx: &mut Cx<'_>) {
        if self.config.mode == Mode::L4 && self.follows(call, cx) {
            return;
        }
        if self.is_open() { self.pass_on(call, cx) } else { self.enter(call, cx) }
    }
}

impl Config {
    /// What does not go together.
    fn objections(&self) -> Vec<Objection> {
        let mut wrong = Vec::new();
        let mut object =
            |param: &str, message: String, remedy: &str| wrong.push(Objection::new(param, message, remedy));
        if self.next_upstream.tries > 0 && self.next_upstream.on == CodeSet::default() {
            let message = "names no outcome, so nothing is ever tried elsewhere".to_owned();
            object("next_upstream.on", message, "outcomes such as \"502\" and \"timeout\", or `tries = 0`");
        }
        let seconds = |d: Duration| d.0.is_multiple_of(1_000_000_000);
        if let Some(passive) = self.passive.as_ref().filter(|passive| !seconds(passive.fail_timeout)) {
            let message = format!("is {}, and nginx counts in whole seconds", passive.fail_timeout);
            object("passive.fail_timeout", message, "whole seconds, such as \"10s\"");
        }
        if let Some(rules) = self.outliers.as_ref().filter(|rules| rules.base_ejection_time > rules.max_ejection_time) {
            let message = format!(
                "is {}, more than the `max_ejection_time` of {}",
                rules.base_ejection_time, rules.max_ejection_time
            );
            object("outliers.base_ejection_time", message, "raise `max_ejection_time` as well, or lower this");
        }
        if self.queue > 0 && self.max_connections.is_none() {
            let message = format!("has room for {} that wait, and nobody ever waits", self.queue);
            object("queue", message, "give `max_connections` as well: beyond it requests wait");
        }
        if self.queue_timeout.is_some() && self.queue == 0 {
            object(
                "queue_timeout",
                "is given, and nobody ever waits".into(),
                "give `queue` as well, and `max_connections`",
            );
        }
        wrong
    }
}

impl Component for LoadBalancer {
    type Config = Config;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn new(config: Config) -> LoadBalancer {
        LoadBalancer {
            config: Box::new(config),
            links: Vec::new(),
            names: Vec::new(),
            unheard: Vec::new(),
            early: Vec::new(),
            endpoints: Vec::new(),
            turns: Vec::new(),
            ready: Vec::new(),
            ejections: Vec::new(),
            pool: Vec::new(),
            even: true,
            slow_until: Time::ZERO,
            tables: None,
            edf: Edf::default(),
            turn: usize::MAX,
            open: 0,
            enforced: 0,
            retried: BTreeMap::new(),
            tried_again: 0,
            gate: Gate::default(),
            checker: Checker::default(),
            sockets: Sockets::default(),
            resets: 0,
            routed: false,
            spilled: 0,
            sessions: BTreeMap::new(),
            sessions_lost: 0,
            sessions_sift: 0,
            drawn: Vec::new(),
            usable: Vec::new(),
        }
    }

    fn check(config: &Config) -> Vec<Objection> {
        config.objections()
    }

    fn on_start(&mut self, cx: &mut Cx<'_>) {
        self.read_links(cx);
        self.unheard = self.links.clone();
        self.capacity_changed(cx);
        if let Some(rules) = &self.config.outliers {
            cx.timer(rules.interval, SWEEP);
        }
        // Whoever balances over balancers has to hear of them too.
        cx.tell_callers(&Message::Endpoints(vec![0]));
    }

    #[inline(always)]
    fn on_call(&mut self, call: CallId, cx: &mut Cx<'_>) {
        if self.unheard.is_empty() { self.admit(call, cx) } else { self.early.push(call) }
    }

    fn on_served(&mut self, call: CallId, _tag: u32, cx: &mut Cx<'_>) {
        self.gate.busy -= 1;
        self.pass_on(call, cx);
        self.computed(cx);
    }

    #[inline(always)]
    fn on_reply(&mut self, reply: Reply, cx: &mut Cx<'_>) {
        if Checker::is_check(&reply) {
            return self.checked(&reply, cx);
        }
        self.close(reply.tag, reply.parent, cx);
        if self.watches() {
            self.learn(&reply, cx);
        }
        if self.config.mode == Mode::L4 {
            self.hung_up(reply.parent, reply.outcome, cx);
        }
        match reply.outcome {
            Err(code) => self.failed(&reply, code, cx),
            Ok(()) if self.config.mode == Mode::L4 => self.answer(reply.parent, Ok(()), cx),
            Ok(()) => {
                if !self.retried.is_empty() {
                    self.retried.remove(&reply.parent.index());
                }
                self.answer(reply.parent, Ok(()), cx);
            }
        }
    }

    fn on_cancel(&mut self, call: CallId, cx: &mut Cx<'_>) {
        if let Some(place) = self.early.iter().position(|&c| c == call) {
            self.early.remove(place);
            return cx.forget(call);
        }
        if let Some(place) = self.gate.queue.iter().position(|(_, c, _)| *c == call) {
            if let Some((_, _, Some(timer))) = self.gate.queue.remove(place) {
                cx.cancel(timer);
            }
            cx.forget(call);
            return self.queue_changed(cx);
        }
        if cx.tag(call) == COMPUTES {
            let waits = self.gate.backlog.iter().position(|&c| c == call);
            // What is forgotten while it is served is served no more.
            cx.forget(call);
            match waits {
                Some(place) => _ = self.gate.backlog.remove(place),
                None => {
                    self.gate.busy -= 1;
                    self.computed(cx);
                }
            }
            self.queue_changed(cx);
            return self.let_in(cx);
        }
        let child = cx.call_at(cx.tag(call));
        if let Some((link, replica)) = cx.get(child).map(|c| (c.link, c.replica())) {
            cx.abandon(child);
            let place = self.endpoints.iter().position(|e| (e.link, e.replica) == (link, replica));
            if let Some(place) = place {
                self.close(place as u32, call, cx);
            }
            if self.config.mode == Mode::L4 {
                self.hung_up(call, Err(Code::Cancelled), cx);
            }
        }
        self.retried.remove(&call.index());
        cx.forget(call);
        self.let_in(cx);
    }

    fn on_timer(&mut self, _timer: TimerId, tag: u64, cx: &mut Cx<'_>) {
        if tag == SWEEP {
            return self.sweep(cx);
        }
        if tag == IDLE {
            return self.forget_silent(cx);
        }
        if tag >= CHECK {
            return self.check((tag - CHECK) as u32, cx);
        }
        if let Some(place) = self.gate.queue.iter().position(|(number, _, _)| *number == tag) {
            if let Some((_, call, _)) = self.gate.queue.remove(place) {
                cx.reply(call, Err(Code::Unavailable));
            }
            self.queue_changed(cx);
        }
    }

    fn on_message(&mut self, link: LinkId, message: Message, cx: &mut Cx<'_>) {
        let Message::Endpoints(replicas) = message;
        self.heard(link, &replicas, cx);
        self.stop_waiting_for(link, cx);
    }

    fn on_configure(&mut self, config: Config, cx: &mut Cx<'_>) {
        let had = self.config.outliers.is_some();
        *self.config = config;
        match (&self.config.outliers, had) {
            (Some(rules), false) => _ = cx.timer(rules.interval, SWEEP),
            (None, true) => self.ejections.iter_mut().for_each(Ejection::forgive),
            _ => {}
        }
        self.check_all_anew(cx);
        self.capacity_changed(cx);
        self.refresh(cx);
        self.computed(cx);
        self.let_in(cx);
    }

    fn on_link(&mut self, change: LinkChange, cx: &mut Cx<'_>) {
        match change {
            LinkChange::Caller(link) => return cx.message(link, Message::Endpoints(vec![0])),
            LinkChange::CallerGone(_) => return,
            LinkChange::Callee(_) | LinkChange::CalleeGone(_) => self.read_links(cx),
        }
        match change {
            // While there are endpoints, traffic goes on, and the new ones join when they are heard of; where there are none,
            // it waits as at the start.
            LinkChange::Callee(link) if self.ready.is_empty() => self.unheard.push(link),
            LinkChange::CalleeGone(link) => {
                self.gone(link, cx);
                self.stop_waiting_for(link, cx);
            }
            _ => {}
        }
    }

    fn on_removed(&mut self, cx: &mut Cx<'_>) {
        self.early.clear();
        self.ready.clear();
        self.pool.clear();
        self.gate = Gate::default();
        self.open = 0;
        for gauge in [GAUGE_OPEN, GAUGE_ENDPOINTS, GAUGE_EJECTED, GAUGE_PANIC, GAUGE_UNHEALTHY, GAUGE_STATE] {
            cx.gauge(gauge, 0);
        }
    }

    fn heap_bytes(&self) -> usize {
        let waiting = size_of::<Config>() + self.gate.queue.len() * 32 + self.gate.backlog.len() * size_of::<CallId>();
        // A map keeps about twice what it holds.
        let sessions = self.sessions.len() * 2 * size_of::<(u32, (u32, Time))>() + self.sockets.bytes();
        waiting + sessions + self.early.len() * size_of::<CallId>() + self.endpoints.len() * size_of::<Endpoint>()
    }

    fn status(&self, now: Time, _waits: &dyn Fn(CallId) -> bool) -> Status {
        let (ejected, panic) = (self.ejected(), self.panics());
        let gauges = [
            self.open,
            self.ready.len() as u64,
            ejected as u64,
            u64::from(panic),
            self.tried_again,
            self.unhealthy() as u64,
            self.spilled,
            self.sockets.count(),
            self.resets,
            self.sessions_lost,
            self.state(),
        ];
        let cores = self.config.cost.as_ref().map(|_| f64::from(self.config.cores));
        Status {
            open: self.open + (self.gate.queue.len() + self.gate.backlog.len()) as u64,
            saturation: cores.map(|cores| f64::from(self.gate.busy) / cores),
            gauges: gauges.into_iter().map(|g| g as f64).collect(),
            drawings: vec![Drawing::Endpoints(self.endpoints_shown(now))],
            ..Status::default()
        }
    }
}
