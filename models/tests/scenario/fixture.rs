//! A small catalogue of the tests' own, so that what they say of messages does not change whenever a component learns
//! something new. It is also a component that somebody adds without changing the library: read by `Scenario::load_with`.

use floodgate::catalogue::{Descriptor, Family, FaultSpec, GaugeSpec, Look, PortSpec, Registry};
use floodgate::param::{Bytes, Params, Rate, Ratio};
use floodgate::{CodeSet, Dist, Duration, Problems, Scenario, choices, params};

choices! {
    /// Growth of the pause.
    pub enum Backoff {
        /// No pause.
        None = "none",
        /// Doubles.
        Exponential = "exponential",
        /// Anything up to double.
        FullJitter = "full_jitter",
    }
}

params! {
    /// A group.
    pub struct Retry {
        /// Retries.
        attempts: u32 = "0" in 0 ..= 100, live;
        /// Growth of the pause.
        backoff: Backoff = "\"full_jitter\"", live;
        /// First pause.
        base: Duration = "\"100ms\"" in 0 ..= 3600, live;
        /// Longest pause.
        cap: Duration = "\"2s\"" in 0 ..= 3600, live;
        /// What is tried again.
        on: CodeSet = "[\"502\", \"503\", \"timeout\"]", live;
    }
}

params! {
    /// What sends.
    pub struct Clients {
        /// Load.
        rate: Rate = "\"100/s\"" in 0 ..= 10000000, live;
        /// How many.
        population: u64 = "10000" in 1 ..= 1000000000;
        /// Patience.
        timeout: Option<Duration> = "\"1s\"" in 0.000001 ..= 86400, live;
        /// Whether giving up is told.
        cancel: bool = "false", live;
        /// Trying again. The default of a group may differ from those of its parameters.
        retry: Retry = "{ base = \"50ms\" }", live;
    }
}

params! {
    /// What works.
    pub struct Service {
        /// Copies.
        replicas: u32 = "1" in 1 ..= 1000, live;
        /// Threads.
        workers: u32 = "8" in 1 ..= 100000;
        /// Work.
        service_time: Dist = "{ exponential = \"10ms\" }" in 0 ..= 86400, live;
        /// Share of it after the calls.
        after_share: Ratio = "0.0" in 0 ..= 1, live;
        /// Bound.
        queue: Option<u32> = none in 0 ..= 100000000, live;
        /// Without requests.
        memory_base: Bytes = "\"128MiB\"", live;
        /// For each.
        memory_per_request: Bytes = "\"64KiB\"", live;
        /// Bound.
        memory_limit: Option<Bytes> = none, live;
        /// After a start.
        warm_up_slowdown: f64 = "1.0" in 1 ..= 1000, live;
        /// Patience.
        call_timeout: Option<Duration> = none in 0.000001 ..= 86400, live;
        /// Whether giving up is told.
        call_cancel: bool = "false", live;
        /// Trying again.
        call_retry: Retry = "{}", live;
    }
}

params! {
    /// A fault's.
    pub struct Slow {
        /// How much.
        factor: f64 = "4.0" in 0.01 ..= 1000;
    }
}

params! {
    /// What keeps.
    pub struct Database {
        /// Connections.
        max_connections: u32 = "100" in 1 ..= 1000000, live;
        /// Places to wait.
        backlog: u32 = "0" in 0 ..= 100000000, live;
    }
}

params! {
    /// Nothing at all.
    pub struct LoadBalancer {}
}

const BLANK: Descriptor = Descriptor {
    kind: "",
    title: "",
    family: Family::Compute,
    doc: "",
    manual: "",
    source: "Of the tests.",
    accepts_calls: true,
    ports: &[],
    params: &[],
    gauges: &[],
    tracks: &[],
    faults: &[],
    look: Look::Servers,
    build: None,
};
const KILL: FaultSpec = FaultSpec { name: "kill", title: "", lasting: false, params: &[], doc: "" };
const SLOW: FaultSpec = FaultSpec { name: "slow", title: "", lasting: true, params: Slow::SPECS, doc: "" };
const GAUGES: &[GaugeSpec] =
    &[GaugeSpec { name: "memory", unit: "bytes", doc: "" }, GaugeSpec { name: "kills", unit: "", doc: "" }];

static CLIENTS: Descriptor = Descriptor {
    kind: "clients",
    accepts_calls: false,
    ports: &[PortSpec { name: "out", max_links: 1, doc: "" }],
    params: Clients::SPECS,
    ..BLANK
};
static LOAD_BALANCER: Descriptor = Descriptor {
    kind: "load_balancer",
    ports: &[PortSpec { name: "backends", max_links: u32::MAX, doc: "" }],
    params: LoadBalancer::SPECS,
    ..BLANK
};
static SERVICE: Descriptor = Descriptor {
    kind: "service",
    ports: &[PortSpec { name: "calls", max_links: u32::MAX, doc: "" }],
    params: Service::SPECS,
    gauges: GAUGES,
    faults: &[KILL, SLOW],
    ..BLANK
};
static DATABASE: Descriptor = Descriptor { kind: "database", params: Database::SPECS, faults: &[KILL, SLOW], ..BLANK };

/// Reads a file with the tests' own catalogue.
pub(crate) fn load(text: &str) -> Result<Scenario, Problems> {
    Scenario::load_with(text, &Registry::of(&[&CLIENTS, &LOAD_BALANCER, &SERVICE, &DATABASE]))
}
