//! Clients in an open loop: they come whether or not the system keeps up.

use crate::catalogue::{Descriptor, Family, GaugeSpec, Look, PortSpec};
use crate::param::{Params, Rate};
use crate::params;
use crate::policy::Retry;
use floodgate_core::Duration;

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

/// What the outside knows.
pub static DESCRIPTOR: Descriptor = Descriptor {
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
};
