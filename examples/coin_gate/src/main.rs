//! A component from outside: a gate that turns some requests away, defined in this crate, with parameters in the scenario
//! file, a gauge in the report, and no change to Floodgate.

use floodgate::catalogue::{Descriptor, Family, GaugeSpec, Look, PortSpec};
use floodgate::component::{Component, Cx, Message, custom, slot};
use floodgate::param::{Params, Ratio};
use floodgate::status::Status;
use floodgate::{Registry, Scenario, Simulation, params};
use floodgate_core::rng::Source;
use floodgate_core::{ANY_REPLICA, CallId, Code, LinkChange, LinkId, PortId, Reply, Time, TimerId};

params! {
    /// Configuration of `coin_gate`.
    pub struct Config {
        /// Share of the requests that are turned away with 429.
        refuse: Ratio = "0.5" in 0 ..= 1, live;
    }
}

static DESCRIPTOR: Descriptor = Descriptor {
    kind: "coin_gate",
    title: "Coin gate",
    family: Family::Protection,
    doc: "Turns a share of the requests away.",
    manual: "Tosses a coin for each request: heads are passed on, tails are answered 429.",
    source: "Made up, to show how a component is written.",
    accepts_calls: true,
    ports: &[PortSpec { name: "out", max_links: 1, doc: "Where the others go." }],
    params: Config::SPECS,
    gauges: &[GaugeSpec { name: "refused", unit: "requests", doc: "Turned away since the start." }],
    tracks: &[],
    faults: &[],
    look: Look::Switch,
    build: Some(custom::<CoinGate>),
};

#[derive(Clone, Debug)]
struct CoinGate {
    config: Config,
    out: Option<LinkId>,
    refused: u64,
}

impl Component for CoinGate {
    type Config = Config;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn new(config: Config) -> CoinGate {
        CoinGate { config, out: None, refused: 0 }
    }

    fn on_start(&mut self, cx: &mut Cx<'_>) {
        self.out = cx.links(PortId(0)).first().copied();
        // A balancer in front of it sends nothing before it has heard of an endpoint.
        cx.tell_callers(&Message::Endpoints(vec![0]));
    }

    fn on_call(&mut self, call: CallId, cx: &mut Cx<'_>) {
        // Keyed by the request's lineage: the same request meets the same side of the coin in every design.
        let lineage = cx.get(call).map_or(0, |c| c.lineage);
        let tails = cx.draws(1, lineage).unit() < self.config.refuse.0;
        match self.out {
            Some(out) if !tails => {
                cx.forward(call, out, ANY_REPLICA, 0);
            }
            _ => {
                self.refused += 1;
                cx.gauge(slot::OWN, self.refused);
                cx.reply(call, Err(Code::TooManyRequests));
            }
        }
    }

    fn on_reply(&mut self, reply: Reply, cx: &mut Cx<'_>) {
        cx.reply(reply.parent, reply.outcome);
    }

    fn on_cancel(&mut self, call: CallId, cx: &mut Cx<'_>) {
        cx.forget(call);
    }

    fn on_timer(&mut self, _: TimerId, _: u64, _: &mut Cx<'_>) {}

    fn on_configure(&mut self, config: Config, _: &mut Cx<'_>) {
        self.config = config;
    }

    fn on_link(&mut self, change: LinkChange, cx: &mut Cx<'_>) {
        match change {
            LinkChange::Caller(link) => cx.message(link, Message::Endpoints(vec![0])),
            _ => self.out = cx.links(PortId(0)).first().copied(),
        }
    }

    fn status(&self, _: Time, _: &dyn Fn(CallId) -> bool) -> Status {
        Status { gauges: vec![self.refused as f64], ..Status::default() }
    }
}

const SCENARIO: &str = r#"
format = 1
name = "A gate from outside"
until = "100s"

[[node]]
id = "users"
kind = "clients"
rate = "100/s"

[[node]]
id = "gate"
kind = "coin_gate"
refuse = 0.25

[[node]]
id = "web"
kind = "service"

[[link]]
from = "users"
to = "gate"

[[link]]
from = "gate"
to = "web"
"#;

fn run() -> Result<Simulation, Box<dyn std::error::Error>> {
    let registry = Registry::builtin().with::<CoinGate>();
    let scenario = Scenario::load_with(SCENARIO, &registry)?;
    let mut simulation = Simulation::new(&scenario, scenario.seed);
    simulation.run_until(scenario.until)?;
    Ok(simulation)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    print!("{}", run()?.report());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_is_turned_away_and_a_clone_goes_on_the_same() {
        let simulation = run().expect("valid and within the limits");
        let report = simulation.report();
        let gate = &report.nodes["gate"];
        let share = gate.errors["429"] as f64 / gate.offered as f64;
        // 10,000 tosses: five standard deviations are ±0.022.
        assert!((share - 0.25).abs() < 0.022, "{share}");
        assert_eq!(gate.gauges["refused"].last, gate.errors["429"]);
        let (mut one, mut other) = (simulation.clone(), simulation);
        for s in [&mut one, &mut other] {
            s.run_until(Time::from_secs_f64(120.0)).expect("within the limits");
        }
        assert_eq!(one.digest(), other.digest());
    }

    #[test]
    fn its_parameters_are_checked_like_any_other() {
        let bad = SCENARIO.replace("refuse = 0.25", "refuse = 2\ncoin = 'euro'");
        let problems = Scenario::load_with(&bad, &Registry::builtin().with::<CoinGate>()).expect_err("two errors");
        let text = problems.to_string();
        assert!(text.contains("refuse") && text.contains("coin"), "{text}");
        assert!(Scenario::load(SCENARIO).expect_err("unknown kind").to_string().contains("coin_gate"));
    }
}
