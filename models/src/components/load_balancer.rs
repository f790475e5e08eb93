//! A load balancer that chooses an endpoint for each request.

use crate::catalogue::{Descriptor, Family, GaugeSpec, Look, PortSpec};
use crate::param::Params;
use crate::{choices, params};

choices! {
    /// How an endpoint is chosen.
    pub enum Algorithm {
        /// Each in turn.
        RoundRobin = "round_robin",
        /// The one with the fewest requests in flight from this balancer; the first in turn among equals.
        LeastConnections = "least_connections",
        /// By a hash of the client modulo the number of endpoints: the same client reaches the same endpoint as long as
        /// their number stays.
        ClientHash = "client_hash",
    }
}

params! {
    /// Configuration of `load_balancer`.
    pub struct Config {
        /// How an endpoint is chosen.
        algorithm: Algorithm = "\"round_robin\"", live;
    }
}

/// What the outside knows.
pub static DESCRIPTOR: Descriptor = Descriptor {
    kind: "load_balancer",
    title: "Load balancer",
    family: Family::Entry,
    doc: "Spreads requests over the replicas of the services behind it.",
    manual: "Chooses per request among the endpoints (replicas) of all services it is linked to. It learns of them by \
             messages over the link, so for one latency it may send to a replica that has just died, and answers 502. \
             With no endpoint at all it answers 503.",
    accepts_calls: true,
    ports: &[PortSpec { name: "backends", max_links: u32::MAX, doc: "Services whose replicas share the load." }],
    params: Config::SPECS,
    gauges: &[
        GaugeSpec { name: "open", unit: "requests", doc: "Requests passed on and not answered." },
        GaugeSpec { name: "endpoints", unit: "endpoints", doc: "Endpoints it believes ready." },
    ],
    faults: &[],
    look: Look::Switch,
};
