//! Names that are looked up before anybody is called, and answers that are kept.

use crate::catalogue::{Descriptor, Family, GaugeSpec, Look, PortSpec, Track};
use crate::component::{Component, Cx, Message, Objection, slot};
use crate::param::{Params, Ratio};
use crate::policy::{Checker, HealthChecks, Watched};
use crate::status::{Drawing, Figure, Status};
use crate::{choices, params};
use floodgate_core::rng::mix;
use floodgate_core::{ANY_REPLICA, CallId, Code, Dist, Duration, LinkChange, PortId, Reply, Time, TimerId};
use std::collections::BTreeMap;

choices! {
    /// What is answered to whom.
    pub enum Answer {
        /// Any of those that pass their checks, by the weights of the links.
        Weighted = "weighted",
        /// The region where the client lives; when that one fails its checks, the nearest by the latency of the links. The
        /// weights of the links say how many clients live where.
        Geographic = "geographic",
    }
}

params! {
    /// Configuration of `dns`.
    pub struct Config {
        /// What is answered to whom.
        answer: Answer = "\"geographic\"", live;
        /// How long an answer is kept by whoever asked. While it is kept nobody asks again, whatever has happened since.
        ttl: Duration = "\"60s\"" in 0 ..= 604800, live;
        /// Share of the resolvers that keep answers longer than they may.
        overlong_ratio: Ratio = "0.0" in 0 ..= 1, live;
        /// For how long those do.
        overlong_ttl: Duration = "\"10min\"" in 0 ..= 604800, live;
        /// Resolvers that keep answers for their clients, each of whom uses one of them; absent is one for each client.
        resolvers: Option<u32> = none in 1 ..= 100000000;
        /// How long it takes to look a name up when the resolver has no answer.
        lookup_time: Dist = "\"20ms\"" in 0 ..= 60, live;
        /// Checks of its own that see which regions answer; absent hands out every address, dead or alive. When all fail, all
        /// are handed out (as Amazon's Route 53 does).
        health_checks: Option<HealthChecks> = none, live;
    }
}

static DESCRIPTOR: Descriptor = Descriptor {
    kind: "dns",
    title: "Name server",
    family: Family::Entry,
    doc: "Tells clients which region to call, and they remember it until the answer expires.",
    manual: "Resolvers ask which address a name has and keep the answer for its time to live; calls then go straight there \
             for the clients of that resolver. So a change of answers reaches nobody at once: after a region has died, and \
             after the checks have noticed, each resolver goes on sending its clients there until its answer has expired, \
             and those that keep answers too long go on even longer. It stands in the path of the requests for the eye \
             only: what it forwards takes no time and no room. Watch for: failover that is as slow as the time to live; a \
             short time to live that costs every first request a lookup.",
    source: "RFC 1035 (time to live); Route 53's developer guide for failing checks.",
    accepts_calls: true,
    ports: &[PortSpec { name: "regions", max_links: 256, doc: "What names are answered with." }],
    params: Config::SPECS,
    gauges: &[
        GaugeSpec { name: "open", unit: "requests", doc: "Requests passed on and not answered." },
        GaugeSpec { name: "lookups", unit: "lookups", doc: "Answers that had to be looked up so far." },
        GaugeSpec { name: "unhealthy", unit: "regions", doc: "Regions that failed their checks." },
        GaugeSpec { name: "stale", unit: "requests", doc: "Requests sent to a region that fails its checks, so far." },
        GaugeSpec {
            name: "state",
            unit: "",
            doc: "0 while all regions pass their checks, 1 while some fail, 2 while all do.",
        },
    ],
    tracks: &[
        Track::Value("unhealthy"),
        Track::State { gauge: "state", states: &Track::of_many("all answer", "region down", "all down") },
    ],
    faults: &[],
    look: Look::Switch,
    build: None,
};

const PURPOSE_LOOKUP: u64 = 1;
const PURPOSE_ANSWER: u64 = 2;
const RESOLVER_SALT: u64 = 0x646e_7300;
const GAUGE_OPEN: usize = slot::OWN;
const GAUGE_LOOKUPS: usize = slot::OWN + 1;
const GAUGE_UNHEALTHY: usize = slot::OWN + 2;
const GAUGE_STALE: usize = slot::OWN + 3;
const GAUGE_STATE: usize = slot::OWN + 4;

/// Fewer answers than this are not worth sifting.
const SIFT_MIN: usize = 4096;

/// What a resolver knows.
#[derive(Clone, Debug)]
struct Kept {
    region: u32,
    until: Time,
}

/// See [the manual](Dns::DESCRIPTOR).
#[derive(Clone, Debug)]
pub struct Dns {
    config: Config,
    regions: Watched,
    kept: BTreeMap<u32, Kept>,
    /// Requests that wait for a lookup, by resolver.
    asking: BTreeMap<u32, Vec<CallId>>,
    sift_at: usize,
    open: u64,
    lookups: u64,
    stale: u64,
}

impl Dns {
    fn resolver(&self, client: u32) -> u32 {
        match self.config.resolvers {
            Some(n) => ((u128::from(mix(u64::from(client), RESOLVER_SALT)) * u128::from(n)) >> 64) as u32,
            None => client,
        }
    }

    fn read_links(&mut self, cx: &mut Cx<'_>) {
        // Answers name regions by their places; those of regions that have gone are not kept.
        let now_at = self.regions.read(PortId(0), self.config.health_checks.as_ref(), cx);
        self.kept.retain(|_, kept| match now_at.get(kept.region as usize).copied().flatten() {
            Some(place) => {
                kept.region = place;
                true
            }
            None => false,
        });
    }

    /// An answer for whoever asks now.
    fn answer(&self, client: u32, resolver: u32, cx: &Cx<'_>) -> Option<u32> {
        let any = self.regions.unhealthy() < self.regions.count() as u64;
        let can = |place: u32| !any || self.regions.is_healthy(place);
        let regions = self.regions.regions();
        match self.config.answer {
            Answer::Geographic => regions.nearest(client, can),
            Answer::Weighted => {
                let mut draws = cx.draws(PURPOSE_ANSWER, mix(u64::from(resolver), self.lookups));
                // Whoever cannot be is drawn again; where all weight is on those, the nearest does.
                let drawn = (0..64).find_map(|_| {
                    let place = regions.by_weight(floodgate_core::rng::Source::next_u64(&mut draws))?;
                    can(place).then_some(place)
                });
                drawn.or_else(|| regions.nearest(client, can))
            }
        }
    }

    /// The name has been looked up for a resolver.
    fn looked_up(&mut self, resolver: u32, cx: &mut Cx<'_>) {
        let waiting = self.asking.remove(&resolver).unwrap_or_default();
        let Some(&first) = waiting.first() else { return };
        let now = cx.now();
        let region = self.answer(cx.client_of(first), resolver, cx);
        if let Some(region) = region {
            let share = (mix(u64::from(resolver), RESOLVER_SALT ^ 1) >> 11) as f64 / (1u64 << 53) as f64;
            let overlong = share < self.config.overlong_ratio.0;
            let ttl = if overlong { self.config.overlong_ttl } else { self.config.ttl };
            self.kept.insert(resolver, Kept { region, until: now + ttl });
        }
        for call in waiting {
            match region {
                Some(region) => self.pass_on(call, region, cx),
                None => cx.reply(call, Err(Code::Unavailable)),
            }
        }
        if self.kept.len() >= self.sift_at.max(SIFT_MIN) {
            self.kept.retain(|_, kept| kept.until > now);
            self.sift_at = 2 * self.kept.len();
        }
    }

    fn pass_on(&mut self, call: CallId, region: u32, cx: &mut Cx<'_>) {
        if !self.regions.is_healthy(region) {
            self.stale += 1;
            cx.gauge(GAUGE_STALE, self.stale);
        }
        let link = self.regions.regions().links()[region as usize];
        cx.forward(call, link, ANY_REPLICA, region);
        self.open += 1;
        cx.gauge(GAUGE_OPEN, self.open);
    }

    fn closed(&mut self, cx: &mut Cx<'_>) {
        self.open -= 1;
        cx.gauge(GAUGE_OPEN, self.open);
    }
}

impl Component for Dns {
    type Config = Config;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn new(config: Config) -> Dns {
        Dns {
            config,
            regions: Watched::default(),
            kept: BTreeMap::new(),
            asking: BTreeMap::new(),
            sift_at: 0,
            open: 0,
            lookups: 0,
            stale: 0,
        }
    }

    fn check(config: &Config) -> Vec<Objection> {
        if config.overlong_ratio.0 == 0.0 || config.overlong_ttl >= config.ttl {
            return Vec::new();
        }
        let message = format!("is {}, shorter than the `ttl` of {}", config.overlong_ttl, config.ttl);
        vec![Objection::new("overlong_ttl", message, "some keep answers for longer than they may: at least `ttl`")]
    }

    fn on_start(&mut self, cx: &mut Cx<'_>) {
        self.read_links(cx);
        cx.tell_callers(&Message::Endpoints(vec![0]));
    }

    fn on_call(&mut self, call: CallId, cx: &mut Cx<'_>) {
        let resolver = self.resolver(cx.client_of(call));
        if let Some(kept) = self.kept.get(&resolver).filter(|kept| kept.until > cx.now()) {
            return self.pass_on(call, kept.region, cx);
        }
        let waiting = self.asking.entry(resolver).or_default();
        waiting.push(call);
        if waiting.len() == 1 {
            self.lookups += 1;
            cx.gauge(GAUGE_LOOKUPS, self.lookups);
            let lineage = cx.get(call).map_or(0, |c| c.lineage);
            let length = self.config.lookup_time.sample(&mut cx.draws(PURPOSE_LOOKUP, lineage));
            cx.timer(length, u64::from(resolver));
        }
    }

    fn on_reply(&mut self, reply: Reply, cx: &mut Cx<'_>) {
        if Checker::is_check(&reply) {
            if self.regions.heard(&reply, self.config.health_checks.as_ref(), cx).is_some() {
                self.publish(cx);
            }
            return;
        }
        self.closed(cx);
        cx.reply(reply.parent, reply.outcome);
    }

    fn on_cancel(&mut self, call: CallId, cx: &mut Cx<'_>) {
        let resolver = self.resolver(cx.client_of(call));
        let waiting = self.asking.get_mut(&resolver);
        if let Some(place) = waiting.as_ref().and_then(|w| w.iter().position(|&c| c == call)) {
            // The lookup goes on, and what it finds is kept, if anybody else waits for it.
            waiting.map(|w| w.remove(place));
            return cx.forget(call);
        }
        cx.abandon(cx.call_at(cx.tag(call)));
        self.closed(cx);
        cx.forget(call);
    }

    fn on_timer(&mut self, _timer: TimerId, tag: u64, cx: &mut Cx<'_>) {
        // Lookups are known by their resolvers.
        match tag {
            0..Watched::CHECK => self.looked_up(tag as u32, cx),
            _ => self.regions.check(tag, self.config.health_checks.as_ref(), cx),
        }
    }

    fn on_configure(&mut self, config: Config, cx: &mut Cx<'_>) {
        let resolvers = self.config.resolvers;
        self.config = Config { resolvers, ..config };
        self.regions.await_checks(self.config.health_checks.as_ref(), cx);
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
        self.asking.clear();
        self.open = 0;
        [GAUGE_OPEN, GAUGE_UNHEALTHY, GAUGE_STATE].iter().for_each(|&gauge| cx.gauge(gauge, 0));
    }

    fn heap_bytes(&self) -> usize {
        // A map keeps about twice what it holds.
        self.kept.len() * 2 * size_of::<(u32, Kept)>() + self.asking.len() * 64
    }

    fn status(&self, now: Time, _waits: &dyn Fn(CallId) -> bool) -> Status {
        let gauges = [self.open, self.lookups, self.regions.unhealthy(), self.stale, self.state()];
        let waiting: usize = self.asking.values().map(Vec::len).sum();
        Status {
            open: self.open + waiting as u64,
            gauges: gauges.into_iter().map(|g| g as f64).collect(),
            drawings: vec![Drawing::Endpoints(self.regions.drawn()), self.answers_kept(now)],
            ..Status::default()
        }
    }
}

impl Dns {
    /// Which regions pass their checks.
    fn publish(&self, cx: &mut Cx<'_>) {
        cx.gauge(GAUGE_UNHEALTHY, self.regions.unhealthy());
        cx.gauge(GAUGE_STATE, self.state());
    }

    fn state(&self) -> u64 {
        Track::missing(self.regions.unhealthy() as usize, self.regions.count())
    }

    /// How many resolvers still have an answer, and how many of those the wrong one: why a failover takes so long.
    fn answers_kept(&self, now: Time) -> Drawing {
        let kept = || self.kept.values().filter(|kept| kept.until > now);
        let dead = kept().filter(|kept| !self.regions.is_healthy(kept.region)).count();
        let figure = |label, value: usize| Figure::new(label, value as f64);
        Drawing::Figures(vec![figure("answers kept", kept().count()), figure("of them dead", dead)])
    }
}
