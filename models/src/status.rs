//! A component's face while it runs: data that a page draws and a test reads.

use serde::{Deserialize, Serialize};

/// State of one replica (or of the component itself when it has none).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Works as it should.
    Up,
    /// Works, but slower: caches are cold, code is not compiled yet.
    Warming,
    /// Does not answer yet.
    Starting,
    /// Dead.
    Down,
    /// Takes nothing new and finishes what it has.
    Draining,
}

/// One replica: workers, queue, memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReplicaStatus {
    /// State.
    pub mode: Mode,
    /// How far starting or warming has come, 0 to 1.
    pub progress: f64,
    /// Workers, or connections.
    pub slots: u32,
    /// Slots that work (or wait for something they called).
    pub busy: u32,
    /// Busy slots whose caller has given up: work that nobody waits for.
    pub zombies: u32,
    /// Requests that wait.
    pub queue: u32,
    /// Requests that wait and whose caller has given up.
    pub queue_zombies: u32,
    /// Largest queue allowed; `None` is unbounded.
    pub queue_cap: Option<u32>,
    /// Memory in use, in bytes.
    pub memory: u64,
    /// Memory at which it is killed, in bytes; 0 when there is no limit.
    pub memory_limit: u64,
}

/// A component now.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Status {
    /// Replicas; empty for components that have none.
    pub replicas: Vec<ReplicaStatus>,
    /// Share of capacity in use now, where that has a meaning: ρ.
    pub saturation: Option<f64>,
    /// Calls open now (waiting, working, or waiting for others).
    pub open: u64,
    /// Gauges of the descriptor, in its order.
    pub gauges: Vec<f64>,
    /// Faults in force, by name.
    pub faults: Vec<String>,
}
