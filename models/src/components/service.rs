//! A service: replicas of a program with workers, a queue, processor cores and memory.

use crate::catalogue::{Descriptor, Family, FaultSpec, GaugeSpec, Look, PortSpec};
use crate::param::{Bytes, Params, Ratio};
use crate::params;
use crate::policy::Retry;
use floodgate_core::{Dist, Duration};

params! {
    /// Configuration of `service`.
    pub struct Config {
        /// Copies of the program; each has its own workers, queue, cores and memory.
        replicas: u32 = "1" in 1 ..= 1000, live;
        /// Threads per replica: requests worked on at once. A worker keeps its request while it waits for a callee.
        workers: u32 = "8" in 1 ..= 100000;
        /// Processor cores per replica, shared evenly by the workers that compute; absent is one for each worker.
        cores: Option<u32> = none in 1 ..= 1024, live;
        /// Processor time a request needs in all.
        service_time: Dist = "{ exponential = \"10ms\" }" in 0 ..= 86400, live;
        /// Share of the processor time that comes after the last callee has answered (rendering the page).
        after_share: Ratio = "0.0" in 0 ..= 1, live;
        /// Requests that may wait per replica when all workers are busy; one more is answered 503. Absent is unbounded.
        queue: Option<u32> = none in 0 ..= 100000000, live;
        /// Memory of a replica without any request.
        memory_base: Bytes = "\"128MiB\"", live;
        /// Memory of each request in flight (waiting or working).
        memory_per_request: Bytes = "\"64KiB\"", live;
        /// Memory at which a replica is killed (exit code 137): everything in flight on it fails with 502. Absent is no
        /// limit.
        memory_limit: Option<Bytes> = none, live;
        /// From a kill to the replica's next start.
        restart_delay: Duration = "\"3s\"" in 0 ..= 86400, live;
        /// After a start, how long the replica is slower: caches are cold, code is not compiled yet.
        warm_up: Duration = "\"0s\"" in 0 ..= 86400, live;
        /// How much longer processor time is at the start of the warm-up; it falls linearly to 1.
        warm_up_slowdown: f64 = "1.0" in 1 ..= 1000, live;
        /// How long each callee is waited for; absent is for ever.
        call_timeout: Option<Duration> = none in 0.000001 ..= 86400, live;
        /// Whether a callee is told when it is given up.
        call_cancel: bool = "false", live;
        /// What happens when a callee fails.
        call_retry: Retry = "{}", live;
    }
}

params! {
    /// Parameters of the fault `kill`.
    pub struct Kill {
        /// Which replica, from 0; absent is all of them.
        replica: Option<u32> = none in 0 ..= 999;
    }
}

params! {
    /// Parameters of the fault `slow`.
    pub struct Slow {
        /// Processor time is multiplied by this.
        factor: f64 = "4.0" in 0.01 ..= 1000;
    }
}

/// What the outside knows.
pub static DESCRIPTOR: Descriptor = Descriptor {
    kind: "service",
    title: "Service",
    family: Family::Compute,
    doc: "A program in one or more replicas, with workers, a queue, cores and memory.",
    manual: "Thread per request: a request waits for a worker, computes, calls everything linked to `calls` one after \
             the other while it keeps its worker, computes the rest and answers. Cores are shared evenly by the workers \
             that compute. Every request in flight holds memory; over the limit the replica is killed, its connections \
             are reset (502), and it comes back after `restart_delay`, cold. If a callee fails, the answer is 500, or 504 \
             when it was a time-out.",
    accepts_calls: true,
    ports: &[PortSpec { name: "calls", max_links: u32::MAX, doc: "Called one after the other for every request." }],
    params: Config::SPECS,
    gauges: &[
        GaugeSpec { name: "busy", unit: "workers", doc: "Workers that hold a request." },
        GaugeSpec { name: "queue", unit: "requests", doc: "Requests that wait for a worker." },
        GaugeSpec { name: "ready", unit: "replicas", doc: "Replicas that take requests." },
        GaugeSpec { name: "memory", unit: "bytes", doc: "Memory in use, all replicas." },
        GaugeSpec { name: "cpu", unit: "ratio", doc: "Share of the cores (or workers) that compute." },
        GaugeSpec { name: "kills", unit: "", doc: "Replicas killed for memory since the start." },
    ],
    faults: &[
        FaultSpec {
            name: "kill",
            title: "Kill",
            lasting: false,
            params: Kill::SPECS,
            doc: "The process dies: everything in flight fails with 502; it restarts after `restart_delay`.",
        },
        FaultSpec {
            name: "slow",
            title: "Slow down",
            lasting: true,
            params: Slow::SPECS,
            doc: "Processor time is multiplied: a noisy neighbour, a throttled core.",
        },
    ],
    look: Look::Servers,
};
