//! The tracks of a run: what came of it, and what would have come of it.

use serde::{Deserialize, Serialize};

/// One future of the run.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Track {
    /// Identity, never used again in the same run; shown as a number.
    pub id: u32,
    /// The track it left, and when, in nanoseconds.
    pub from: Option<(u32, u64)>,
    /// The furthest it has come, in nanoseconds.
    pub furthest_ns: u64,
    /// Stays however many there are.
    pub pinned: bool,
    /// What was done on it, and what the scenario plans, in the order of time.
    pub flags: Vec<Flag>,
}

/// A moment on a track.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flag {
    /// Virtual time, in seconds.
    pub t: f64,
    /// Of which sort.
    pub kind: FlagKind,
    /// In words.
    pub text: String,
    /// When a fault that lasts is over; beyond the end of the run when it is not. `None` of what is over at once.
    pub until: Option<f64>,
}

/// Sorts of moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FlagKind {
    /// A change of load.
    Load,
    /// A fault begins or ends.
    Fault,
    /// The system is changed.
    Edit,
}
