//! How far a run may go, and why it stopped.

use crate::time::Time;
use thiserror::Error;

/// Bounds on what a run may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Events at one instant of virtual time; more means a loop without delay.
    pub events_per_instant: u64,
    /// Calls and roots alive at once; each takes about 100 bytes.
    pub live_calls: usize,
    /// Bytes that calls, roots, timers, the event list and what models keep may take together; looked at whenever one of
    /// them has grown by an eighth.
    pub memory_bytes: usize,
    /// Calls nested deeper are answered 508.
    pub depth: u8,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { events_per_instant: 1_000_000, live_calls: 4_000_000, memory_bytes: 1 << 30, depth: 64 }
    }
}

/// Why a run cannot go on. Raise the limit with [`Simulation::set_limits`] to go on from there.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Halt {
    /// A loop without delay.
    #[error(
        "halted at {time}: more than {limit} events at one instant, the last at `{node}` (limit `events_per_instant`): \
         calls go round without taking time; give a link of the loop a latency, or break the loop"
    )]
    EventsPerInstant {
        /// When.
        time: Time,
        /// Where the last one was delivered.
        node: String,
        /// The limit.
        limit: u64,
    },
    /// Too much in flight.
    #[error(
        "halted at {time}: more than {limit} calls in flight, the last from `{node}` (limit `live_calls`): nothing \
         bounds what waits; give queues a bound, clients a time-out, or a replica a memory limit"
    )]
    LiveCalls {
        /// When.
        time: Time,
        /// Who sent the one too many.
        node: String,
        /// The limit.
        limit: usize,
    },
    /// Too much to remember.
    #[error(
        "halted at {time}: the run takes {bytes} bytes, the last of them for `{node}` (limit `memory_bytes`: {limit}): \
         give queues a bound, clients a time-out or fewer users, or a replica a memory limit"
    )]
    Memory {
        /// When.
        time: Time,
        /// For whom it grew last.
        node: String,
        /// What it takes, about.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
}

/// How far an [`Simulation::advance`] may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Events before this time are handled, those at it are not.
    pub until: Time,
    /// At most so many events.
    pub events: u64,
}

impl Budget {
    /// Until `time`, however many events that takes.
    #[must_use]
    pub fn until(time: Time) -> Budget {
        Budget { until: time, events: u64::MAX }
    }
}

/// Where an [`Simulation::advance`] stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Progress {
    /// At the time asked for.
    Reached,
    /// After the number of events asked for.
    Budget,
    /// At a limit; the state is sound, and the run can go on when the limit is raised.
    Halted(Halt),
}
