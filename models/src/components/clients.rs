//! Clients in an open loop: they come whether or not the system keeps up.

use crate::catalogue::{Descriptor, Family, GaugeSpec, Look, PortSpec};
use crate::component::{Component, Cx, slot};
use crate::param::{Params, Rate};
use crate::params;
use crate::policy::Retry;
use crate::status::Status;
use floodgate_core::dist::exponential;
use floodgate_core::{
    ANY_REPLICA, CallId, CallSpec, Code, Duration, Key, LinkId, Outcome, PortId, Reply, RootId, Time, TimerId,
};
use rand_chacha::ChaCha8Rng;

params! {
    /// Configuration of `clients`.
    pub struct Config {
        /// Offered load: new requests per second, Poisson, whatever becomes of the earlier ones.
        rate: Rate = "\"100/s\"" in 0 ..= 10000000, live;
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
    }
}

static DESCRIPTOR: Descriptor = Descriptor {
    kind: "clients",
    title: "Clients",
    family: Family::Traffic,
    doc: "People or machines that send requests, give up and try again.",
    manual: "Open-loop Poisson arrivals: the load does not fall when the system slows down, which is what makes an \
             avalanche possible. An attempt that is not answered within `timeout` is given up; the callee does not \
             notice unless `cancel` is set. Watch the amplification: attempts sent per request born.",
    accepts_calls: false,
    ports: &[PortSpec { name: "out", max_links: 1, doc: "Where the requests go." }],
    params: Config::SPECS,
    gauges: &[GaugeSpec { name: "waiting", unit: "requests", doc: "Requests born and not ended." }],
    faults: &[],
    look: Look::Source,
    build: None,
};

const ARRIVAL: u64 = u64::MAX;
const PURPOSE_ARRIVALS: u64 = 1;
const PURPOSE_CLIENT: u64 = 2;
const PURPOSE_BACKOFF: u64 = 3;
const GAUGE_WAITING: usize = slot::OWN;

/// See [the manual](Clients::DESCRIPTOR).
#[derive(Clone, Debug)]
pub struct Clients {
    config: Config,
    out: Option<LinkId>,
    arrivals: Option<ChaCha8Rng>,
    /// What is left of the exponential that ends with the next arrival, in expected arrivals: changing the rate changes
    /// how fast it runs off and draws nothing, so the arrivals under one rate do not depend on the phases before.
    left: f64,
    since: Time,
    timer: TimerId,
    ordinal: u64,
    waiting: u64,
}

impl Clients {
    fn await_arrival(&mut self, cx: &mut Cx<'_>) {
        self.since = cx.now();
        self.timer = Key::NONE;
        if self.config.rate.0 > 0.0 {
            self.timer = cx.timer(Duration::from_secs_f64(self.left / self.config.rate.0), ARRIVAL);
        }
    }

    fn arrive(&mut self, cx: &mut Cx<'_>) {
        if let Some(stream) = &mut self.arrivals {
            self.left = exponential(stream);
        }
        self.await_arrival(cx);
        let ordinal = self.ordinal;
        self.ordinal += 1;
        let client = cx.draws(PURPOSE_CLIENT, ordinal).below(self.config.population);
        let root = cx.birth(ordinal, client);
        self.waiting += 1;
        cx.gauge(GAUGE_WAITING, self.waiting);
        self.attempt(root, 0, cx);
    }

    fn attempt(&mut self, id: RootId, attempt: u32, cx: &mut Cx<'_>) {
        let Some(root) = cx.root(id).copied() else { return };
        let Some(link) = self.out else {
            return self.end(id, Err(Code::BadGateway), cx);
        };
        let lineage = cx.branch(root.lineage, u64::from(attempt));
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

    fn end(&mut self, id: RootId, outcome: Outcome, cx: &mut Cx<'_>) {
        let slo = self.config.slo.or(self.config.timeout).unwrap_or(Duration::MAX);
        let in_time = cx.root(id).is_some_and(|root| cx.now().since(root.born) <= slo);
        cx.end_root(id, outcome, in_time);
        self.waiting -= 1;
        cx.gauge(GAUGE_WAITING, self.waiting);
    }
}

impl Component for Clients {
    type Config = Config;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn new(config: Config) -> Clients {
        Clients {
            config,
            out: None,
            arrivals: None,
            left: 0.0,
            since: Time::ZERO,
            timer: Key::NONE,
            ordinal: 0,
            waiting: 0,
        }
    }

    fn on_start(&mut self, cx: &mut Cx<'_>) {
        self.out = cx.links(PortId(0)).first().copied();
        let mut stream = cx.arrivals(PURPOSE_ARRIVALS);
        self.left = exponential(&mut stream);
        self.arrivals = Some(stream);
        self.await_arrival(cx);
    }

    fn on_call(&mut self, call: CallId, cx: &mut Cx<'_>) {
        // No link leads to clients; a topology built by hand may have one all the same.
        cx.reply(call, Err(Code::BadGateway));
    }

    fn on_reply(&mut self, reply: Reply, cx: &mut Cx<'_>) {
        let Err(code) = reply.outcome else {
            return self.end(reply.root, Ok(()), cx);
        };
        let attempt = u32::from(reply.attempt);
        let mut draws = cx.draws(PURPOSE_BACKOFF, reply.lineage);
        match self.config.retry.pause(attempt, code, &mut draws) {
            Some(pause) => {
                let tag = u64::from(reply.root.index) << 32 | u64::from(attempt + 1);
                cx.timer(pause, tag);
            }
            None => self.end(reply.root, Err(code), cx),
        }
    }

    fn on_cancel(&mut self, call: CallId, cx: &mut Cx<'_>) {
        cx.forget(call);
    }

    fn on_timer(&mut self, _timer: TimerId, tag: u64, cx: &mut Cx<'_>) {
        if tag == ARRIVAL {
            return self.arrive(cx);
        }
        // A root that waits for its next attempt has not ended, so its index still means the same root.
        let root = cx.root_at((tag >> 32) as u32);
        self.attempt(root, tag as u32, cx);
    }

    fn on_configure(&mut self, config: Config, cx: &mut Cx<'_>) {
        let passed = cx.now().since(self.since).as_secs_f64() * self.config.rate.0;
        self.left = (self.left - passed).max(0.0);
        self.config = config;
        cx.cancel(self.timer);
        self.await_arrival(cx);
    }

    fn status(&self, _now: Time, _waits: &dyn Fn(CallId) -> bool) -> Status {
        Status { open: self.waiting, gauges: vec![self.waiting as f64], ..Status::default() }
    }
}
