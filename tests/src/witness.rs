//! A component of the tests': answers everything at once and keeps what it could know of each call.

use floodgate::catalogue::{Descriptor, Family, Look};
use floodgate::component::{Component, Cx, Message, custom};
use floodgate::param::Params;
use floodgate::status::Status;
use floodgate::{Scenario, Simulation, params};
use floodgate_core::{CallId, Code, Reply, Time, TimerId};

params! {
    /// Configuration of `witness`.
    pub struct Config {
        /// How long it takes to answer, in nanoseconds.
        delay_ns: u64 = "0";
        /// Every so many calls it answers 502, as a server that has gone does; 0 is never.
        break_every: u64 = "0";
    }
}

static DESCRIPTOR: Descriptor = Descriptor {
    kind: "witness",
    title: "Witness",
    family: Family::Compute,
    doc: "Answers, and keeps what it was asked.",
    manual: "Of the tests.",
    source: "Made up.",
    accepts_calls: true,
    ports: &[],
    params: Config::SPECS,
    gauges: &[],
    tracks: &[],
    faults: &[],
    look: Look::Servers,
    build: Some(custom::<Witness>),
};

/// What can be known of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// When it came, in seconds.
    pub at: f64,
    /// Its client.
    pub client: u32,
    /// The upper bits of the number of its connection.
    pub connection: u64,
    /// Whether that was opened for it.
    pub opens: bool,
    /// The upper bits of the token of its session; 0 is none.
    pub session: u64,
    /// Its key.
    pub key: Option<u64>,
    /// Its size.
    pub bytes: u64,
    /// How long it is of use, in seconds; infinite is for ever.
    pub left: f64,
    /// Its demand in seconds, if that is given.
    pub demand: Option<f64>,
    /// The number of its class.
    pub class: u8,
}

const FIELDS: usize = 10;

/// See the module.
#[derive(Clone, Debug)]
pub struct Witness {
    config: Config,
    seen: Vec<[f64; FIELDS]>,
}

/// What the node `id` has seen of a run to the end of the scenario.
///
/// # Panics
/// When the scenario has problems or the run halts.
#[must_use]
pub fn seen(scenario: &Scenario, id: &str, seed: u64) -> Vec<Seen> {
    let mut simulation = Simulation::new(scenario, seed);
    simulation.run_until(scenario.until).expect("no limit is met");
    simulation.check_books().expect("the books balance");
    let place = scenario.nodes.iter().position(|node| node.id == id).expect("the node is there");
    let numbers = simulation.status(place).gauges;
    let (rows, _) = numbers.as_chunks::<FIELDS>();
    let some = |value: f64| (value >= 0.0).then_some(value);
    let one = |row: &[f64; FIELDS]| Seen {
        at: row[0],
        client: row[1] as u32,
        connection: row[2] as u64,
        opens: row[3] > 0.0,
        session: row[4] as u64,
        key: some(row[5]).map(|key| key as u64),
        bytes: row[6] as u64,
        left: row[7],
        demand: some(row[8]),
        class: row[9] as u8,
    };
    rows.iter().map(one).collect()
}

impl Component for Witness {
    type Config = Config;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn new(config: Config) -> Witness {
        Witness { config, seen: Vec::new() }
    }

    fn on_start(&mut self, cx: &mut Cx<'_>) {
        cx.tell_callers(&Message::Endpoints(vec![0]));
    }

    fn on_call(&mut self, call: CallId, cx: &mut Cx<'_>) {
        let deadline = cx.deadline_of(call);
        self.seen.push([
            cx.now().as_secs_f64(),
            f64::from(cx.client_of(call)),
            (cx.connection_of(call) >> 11) as f64,
            f64::from(u8::from(cx.opens_connection(call))),
            (cx.session_of(call).unwrap_or(0) >> 11) as f64,
            cx.key_of(call).map_or(-1.0, |key| key as f64),
            cx.bytes_of(call) as f64,
            if deadline == Time::MAX { f64::INFINITY } else { deadline.since(cx.now()).as_secs_f64() },
            cx.demand_of(call).map_or(-1.0, |demand| demand.as_secs_f64()),
            f64::from(cx.class_of(call)),
        ]);
        cx.set_tag(call, self.seen.len() as u32);
        cx.serve(call, floodgate_core::Duration(self.config.delay_ns));
    }

    fn on_served(&mut self, call: CallId, tag: u32, cx: &mut Cx<'_>) {
        let breaks = self.config.break_every > 0 && u64::from(tag).is_multiple_of(self.config.break_every);
        cx.reply(call, if breaks { Err(Code::BadGateway) } else { Ok(()) });
    }

    fn on_reply(&mut self, _: Reply, _: &mut Cx<'_>) {}

    fn on_cancel(&mut self, call: CallId, cx: &mut Cx<'_>) {
        cx.forget(call);
    }

    fn on_timer(&mut self, _: TimerId, _: u64, _: &mut Cx<'_>) {}

    fn on_configure(&mut self, config: Config, _: &mut Cx<'_>) {
        self.config = config;
    }

    fn status(&self, _: Time, _: &dyn Fn(CallId) -> bool) -> Status {
        Status { gauges: self.seen.iter().flatten().copied().collect(), ..Status::default() }
    }
}
