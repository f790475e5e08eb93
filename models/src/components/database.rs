//! A database server: connections, and service that slows down when too many work at once.

use crate::catalogue::{Descriptor, Family, FaultSpec, GaugeSpec, Look};
use crate::param::Params;
use crate::params;
use floodgate_core::{Dist, Duration};

use super::service::Slow;

params! {
    /// Configuration of `database`.
    pub struct Config {
        /// Statements that may run at once; each call holds a connection while it runs.
        max_connections: u32 = "100" in 1 ..= 1000000, live;
        /// Calls that may wait for a connection (a pooler in front); one more is answered 503. 0 refuses at once, as the
        /// server itself does.
        backlog: u32 = "0" in 0 ..= 100000000, live;
        /// Time a statement takes while at most `knee` run at once.
        service_time: Dist = "{ exponential = \"5ms\" }" in 0 ..= 86400, live;
        /// Concurrency up to which statements do not disturb each other (cores, disks).
        knee: u32 = "32" in 1 ..= 1000000, live;
        /// Beyond the knee each statement is slowed by n/knee (sharing) times 1 + contention·(n − knee)/knee (locks, cache
        /// misses, context switches).
        contention: f64 = "0.0" in 0 ..= 1000, live;
        /// From a kill to the next start.
        restart_delay: Duration = "\"10s\"" in 0 ..= 86400, live;
    }
}

/// What the outside knows.
pub static DESCRIPTOR: Descriptor = Descriptor {
    kind: "database",
    title: "Database",
    family: Family::Data,
    doc: "Runs statements on a limited number of connections; slows down beyond a knee.",
    manual: "Up to `knee` statements run at full speed; beyond it they share the machine (speed knee/n each) and, with \
             `contention`, disturb each other, so that throughput falls as concurrency rises: more connections make it \
             worse. A connection beyond the limit is refused with 503.",
    accepts_calls: true,
    ports: &[],
    params: Config::SPECS,
    gauges: &[
        GaugeSpec { name: "busy", unit: "connections", doc: "Connections in use." },
        GaugeSpec { name: "queue", unit: "requests", doc: "Calls that wait for a connection." },
        GaugeSpec { name: "speed", unit: "ratio", doc: "Speed of a statement relative to an idle server." },
    ],
    faults: &[
        FaultSpec {
            name: "kill",
            title: "Kill",
            lasting: false,
            params: &[],
            doc: "The server dies: everything in flight fails with 502; it is back after `restart_delay`.",
        },
        FaultSpec {
            name: "slow",
            title: "Slow down",
            lasting: true,
            params: Slow::SPECS,
            doc: "Statements take longer: a bad plan, a full disk, a backup running.",
        },
    ],
    look: Look::Store,
};
