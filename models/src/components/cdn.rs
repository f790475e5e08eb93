//! A cache at the edge, in front of the origin.

use crate::catalogue::{Descriptor, Family, GaugeSpec, Look, PortSpec, Track};
use crate::component::{Component, Cx, Message, slot};
use crate::param::Params;
use crate::params;
use crate::status::{Drawing, Status};
use floodgate_core::{
    ANY_REPLICA, CallId, Code, CodeSet, Dist, Duration, LinkChange, LinkId, PortId, Reply, Time, TimerId,
};
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

params! {
    /// Configuration of `cdn`.
    pub struct Config {
        /// How long an object is served after it came from the origin.
        ttl: Duration = "\"60s\"" in 0 ..= 31536000, live;
        /// Objects that have room; the one that came first goes first.
        capacity: u32 = "10000" in 1 ..= 10000000, live;
        /// How long it takes to serve what is there.
        hit_time: Dist = "\"1ms\"" in 0 ..= 60, live;
        /// Requests for what somebody is fetching already wait for that instead of fetching it again (nginx's
        /// `proxy_cache_lock`, Varnish's request coalescing).
        coalesce: bool = "true", live;
        /// For how long after its time an object is served when the origin answers with one of `stale_on` (RFC 5861's
        /// `stale-if-error`); 0 never.
        stale_if_error: Duration = "\"0s\"" in 0 ..= 31536000, live;
        /// Answers of the origin that are hidden so.
        stale_on: CodeSet = "[\"500\", \"502\", \"503\", \"504\"]", live;
    }
}

static DESCRIPTOR: Descriptor = Descriptor {
    kind: "cdn",
    title: "CDN edge",
    family: Family::Entry,
    doc: "Serves what it has seen lately, and asks the origin for the rest.",
    manual: "A cache by time to live, keyed by what a request is about (`keys` of its clients; requests without a key are \
             about their path). A hit is answered after `hit_time` and never reaches the origin; a miss is passed on, and a \
             good answer is kept. Errors are not. Of an object that has expired, the first request asks the origin again, and \
             with `coalesce` all others wait for it; without, each asks. It is one edge with unlimited bandwidth. Watch for: \
             an edge that comes back empty and sends everything to an origin that has not seen full load for weeks.",
    source: "RFC 9111 (HTTP caching), RFC 5861 (stale content).",
    accepts_calls: true,
    ports: &[PortSpec { name: "origin", max_links: 1, doc: "Who has everything." }],
    params: Config::SPECS,
    gauges: &[
        GaugeSpec { name: "open", unit: "requests", doc: "Requests that wait for the origin." },
        GaugeSpec { name: "objects", unit: "objects", doc: "Objects kept, expired ones included." },
        GaugeSpec { name: "hits", unit: "requests", doc: "Requests served from what was kept, so far." },
        GaugeSpec {
            name: "misses",
            unit: "requests",
            doc: "Requests that asked the origin or waited for who did, so far.",
        },
        GaugeSpec { name: "stale", unit: "requests", doc: "Requests served with what had expired, so far." },
    ],
    tracks: &[Track::Value("objects")],
    faults: &[crate::catalogue::FaultSpec {
        name: "purge",
        title: "Purge",
        lasting: false,
        params: &[],
        doc: "Forgets everything: an edge that starts cold, or a mistake.",
    }],
    look: Look::Cache,
    build: None,
};

const PURPOSE_HIT: u64 = 1;
const GAUGE_OPEN: usize = slot::OWN;
const GAUGE_OBJECTS: usize = slot::OWN + 1;
const GAUGE_HITS: usize = slot::OWN + 2;
const GAUGE_MISSES: usize = slot::OWN + 3;
const GAUGE_STALE: usize = slot::OWN + 4;

/// Tags of calls: those that are served from the cache; all others that are open wait for a fetch or are one.
const SERVED: u32 = u32::MAX - 1;
const WAITS: u32 = u32::MAX - 2;

/// See [the manual](Cdn::DESCRIPTOR).
#[derive(Clone, Debug)]
pub struct Cdn {
    config: Config,
    out: Option<LinkId>,
    /// Until when each object is fresh.
    objects: BTreeMap<u64, Time>,
    /// Objects in the order in which they came.
    order: VecDeque<u64>,
    /// Requests that wait while somebody fetches the object.
    fetching: BTreeMap<u64, Vec<CallId>>,
    open: u64,
    hits: u64,
    misses: u64,
    stale: u64,
    /// Hits and misses when this second began and when the one before it did, and the number of this second.
    lately: [(u64, u64); 2],
    second: u64,
}

impl Cdn {
    /// Remembers how much was asked for by the beginning of a second.
    fn tick(&mut self, now: Time) {
        let second = now.0 / 1_000_000_000;
        if second != self.second {
            let here = (self.hits, self.misses);
            self.lately = [here, if second == self.second + 1 { self.lately[0] } else { here }];
            self.second = second;
        }
    }

    /// Share of the requests of this second and the one before it that found what they needed.
    fn hit_ratio(&self, now: Time) -> Option<f64> {
        let of = if now.0 / 1_000_000_000 == self.second { self.lately[1] } else { self.lately[0] };
        let (hits, asked) = (self.hits - of.0, self.hits + self.misses - of.0 - of.1);
        (asked > 0).then(|| hits as f64 / asked as f64)
    }

    fn key(call: CallId, cx: &Cx<'_>) -> u64 {
        cx.key_of(call).unwrap_or_else(|| u64::from(cx.class_of(call)) | 1 << 63)
    }

    fn serve(&mut self, call: CallId, cx: &mut Cx<'_>) {
        cx.set_tag(call, SERVED);
        let length = self.config.hit_time.sample(&mut cx.draws(PURPOSE_HIT, cx.get(call).map_or(0, |c| c.lineage)));
        cx.serve(call, length);
    }

    fn fetch(&mut self, call: CallId, cx: &mut Cx<'_>) {
        let Some(link) = self.out else { return cx.reply(call, Err(Code::BadGateway)) };
        cx.forward(call, link, ANY_REPLICA, 0);
        self.opened(cx);
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        self.open += 1;
        cx.gauge(GAUGE_OPEN, self.open);
    }

    fn closed(&mut self, cx: &mut Cx<'_>) {
        self.open -= 1;
        cx.gauge(GAUGE_OPEN, self.open);
    }

    fn keep(&mut self, key: u64, now: Time, cx: &mut Cx<'_>) {
        if self.objects.insert(key, now + self.config.ttl).is_none() {
            self.order.push_back(key);
        }
        while self.objects.len() > self.config.capacity as usize
            && let Some(oldest) = self.order.pop_front()
        {
            self.objects.remove(&oldest);
        }
        cx.gauge(GAUGE_OBJECTS, self.objects.len() as u64);
    }

    /// Whether an object may be served though it has expired, because the origin failed so.
    fn hides(&self, key: u64, code: Code, now: Time) -> bool {
        let fresh_until = self.objects.get(&key).copied();
        self.config.stale_on.contains(code) && fresh_until.is_some_and(|until| now < until + self.config.stale_if_error)
    }

    /// What was fetched has come, or has not: for whoever fetched it and for all that waited.
    fn fetched(&mut self, call: CallId, key: u64, outcome: Result<(), Code>, cx: &mut Cx<'_>) {
        let now = cx.now();
        let waiting = self.fetching.remove(&key).unwrap_or_default();
        match outcome {
            Ok(()) => self.keep(key, now, cx),
            Err(code) if self.hides(key, code, now) => {
                self.stale += 1 + waiting.len() as u64;
                cx.gauge(GAUGE_STALE, self.stale);
                for call in waiting {
                    self.closed(cx);
                    self.serve(call, cx);
                }
                return self.serve(call, cx);
            }
            Err(_) => {}
        }
        cx.reply(call, outcome);
        for call in waiting {
            self.closed(cx);
            cx.reply(call, outcome);
        }
    }
}

impl Component for Cdn {
    type Config = Config;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn new(config: Config) -> Cdn {
        Cdn {
            config,
            out: None,
            objects: BTreeMap::new(),
            order: VecDeque::new(),
            fetching: BTreeMap::new(),
            open: 0,
            hits: 0,
            misses: 0,
            stale: 0,
            lately: [(0, 0); 2],
            second: 0,
        }
    }

    fn on_start(&mut self, cx: &mut Cx<'_>) {
        self.out = cx.links(PortId(0)).first().copied();
        cx.tell_callers(&Message::Endpoints(vec![0]));
    }

    fn on_call(&mut self, call: CallId, cx: &mut Cx<'_>) {
        self.tick(cx.now());
        let key = Cdn::key(call, cx);
        if self.objects.get(&key).is_some_and(|&until| cx.now() < until) {
            self.hits += 1;
            cx.gauge(GAUGE_HITS, self.hits);
            return self.serve(call, cx);
        }
        self.misses += 1;
        cx.gauge(GAUGE_MISSES, self.misses);
        if !self.config.coalesce {
            return self.fetch(call, cx);
        }
        if let Some(waiting) = self.fetching.get_mut(&key) {
            waiting.push(call);
            cx.set_tag(call, WAITS);
            return self.opened(cx);
        }
        if self.out.is_some() {
            self.fetching.insert(key, Vec::new());
        }
        self.fetch(call, cx);
    }

    fn on_served(&mut self, call: CallId, _tag: u32, cx: &mut Cx<'_>) {
        cx.reply(call, Ok(()));
    }

    fn on_reply(&mut self, reply: Reply, cx: &mut Cx<'_>) {
        self.closed(cx);
        let key = Cdn::key(reply.parent, cx);
        self.fetched(reply.parent, key, reply.outcome, cx);
    }

    fn on_cancel(&mut self, call: CallId, cx: &mut Cx<'_>) {
        match cx.tag(call) {
            SERVED => return cx.forget(call),
            WAITS => {
                let key = Cdn::key(call, cx);
                if let Some(waiting) = self.fetching.get_mut(&key) {
                    waiting.retain(|&c| c != call);
                }
            }
            child => {
                let key = Cdn::key(call, cx);
                cx.abandon(cx.call_at(child));
                // The next one in line fetches it.
                if let Some(mut waiting) = self.fetching.remove(&key)
                    && !waiting.is_empty()
                {
                    let next = waiting.remove(0);
                    self.fetching.insert(key, waiting);
                    self.closed(cx);
                    self.fetch(next, cx);
                }
            }
        }
        self.closed(cx);
        cx.forget(call);
    }

    fn on_timer(&mut self, _timer: TimerId, _tag: u64, _cx: &mut Cx<'_>) {}

    fn on_configure(&mut self, config: Config, _cx: &mut Cx<'_>) {
        self.config = config;
    }

    fn on_fault(&mut self, _fault: &'static str, _values: &crate::param::Values, cx: &mut Cx<'_>) {
        self.objects.clear();
        self.order.clear();
        cx.gauge(GAUGE_OBJECTS, 0);
    }

    fn on_link(&mut self, change: LinkChange, cx: &mut Cx<'_>) {
        match change {
            LinkChange::Caller(link) => cx.message(link, Message::Endpoints(vec![0])),
            LinkChange::CallerGone(_) => {}
            LinkChange::Callee(_) | LinkChange::CalleeGone(_) => self.out = cx.links(PortId(0)).first().copied(),
        }
    }

    fn on_removed(&mut self, cx: &mut Cx<'_>) {
        self.fetching.clear();
        self.objects.clear();
        self.order.clear();
        self.open = 0;
        [GAUGE_OPEN, GAUGE_OBJECTS].iter().for_each(|&gauge| cx.gauge(gauge, 0));
    }

    fn heap_bytes(&self) -> usize {
        // A map keeps about twice what it holds.
        self.objects.len() * 40 + self.fetching.len() * 80
    }

    fn status(&self, now: Time, _waits: &dyn Fn(CallId) -> bool) -> Status {
        let gauges = [self.open, self.objects.len() as u64, self.hits, self.misses, self.stale];
        Status {
            open: self.open,
            gauges: gauges.into_iter().map(|g| g as f64).collect(),
            drawings: vec![Drawing::Shelf {
                label: Cow::Borrowed("objects"),
                used: self.objects.len() as f64,
                capacity: Some(f64::from(self.config.capacity)),
                unit: Cow::Borrowed(""),
                hit_ratio: self.hit_ratio(now),
            }],
            ..Status::default()
        }
    }
}
