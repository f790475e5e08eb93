//! A component of the tests': passes everything on, but for what a coin refuses. Stands in for breakers, limiters and other
//! nodes that are to change nothing while they let requests through.

use floodgate::catalogue::{Descriptor, Family, Look, PortSpec};
use floodgate::component::{Component, Cx, Message, custom};
use floodgate::param::{Params, Ratio};
use floodgate::params;
use floodgate::status::Status;
use floodgate_core::rng::Source;
use floodgate_core::{ANY_REPLICA, CallId, Code, LinkId, PortId, Reply, Time, TimerId};

params! {
    /// Configuration of `gate`.
    pub struct Config {
        /// Share of the calls that are answered 500: by a coin that is tossed for the request's lineage.
        refuse: Ratio = "0.0" in 0 ..= 1, live;
    }
}

static DESCRIPTOR: Descriptor = Descriptor {
    kind: "gate",
    title: "Gate",
    family: Family::Protection,
    doc: "Passes everything on, but for a share.",
    manual: "Of the tests.",
    source: "Made up, to show how a component is written.",
    accepts_calls: true,
    ports: &[PortSpec { name: "out", max_links: 1, doc: "Where the others go." }],
    params: Config::SPECS,
    gauges: &[],
    tracks: &[],
    faults: &[],
    look: Look::Switch,
    build: Some(custom::<Gate>),
};

const PURPOSE_COIN: u64 = 1;

/// See the module.
#[derive(Clone, Debug)]
pub struct Gate {
    config: Config,
    out: Option<LinkId>,
}

impl Component for Gate {
    type Config = Config;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn new(config: Config) -> Gate {
        Gate { config, out: None }
    }

    fn on_start(&mut self, cx: &mut Cx<'_>) {
        self.out = cx.links(PortId(0)).first().copied();
        cx.tell_callers(&Message::Endpoints(vec![0]));
    }

    fn on_call(&mut self, call: CallId, cx: &mut Cx<'_>) {
        let lineage = cx.get(call).map_or(0, |c| c.lineage);
        let refused = self.config.refuse.0 > 0.0 && cx.draws(PURPOSE_COIN, lineage).unit() < self.config.refuse.0;
        let passed = self.out.filter(|_| !refused).and_then(|out| cx.forward(call, out, ANY_REPLICA, 0));
        match passed {
            Some(child) => cx.set_tag(call, child.index()),
            None => cx.reply(call, Err(Code::Internal)),
        }
    }

    fn on_reply(&mut self, reply: Reply, cx: &mut Cx<'_>) {
        cx.reply(reply.parent, reply.outcome);
    }

    fn on_cancel(&mut self, call: CallId, cx: &mut Cx<'_>) {
        let child = cx.call_at(cx.tag(call));
        cx.abandon(child);
        cx.forget(call);
    }

    fn on_timer(&mut self, _: TimerId, _: u64, _: &mut Cx<'_>) {}

    fn on_configure(&mut self, config: Config, _: &mut Cx<'_>) {
        self.config = config;
    }

    fn status(&self, _: Time, _: &dyn Fn(CallId) -> bool) -> Status {
        Status::default()
    }
}
