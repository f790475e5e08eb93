//! How things stand, many times a second.

use super::{Detail, Phase, Point, Topology, Track};
use floodgate::status::Status;
use serde::{Deserialize, Serialize};

/// How things stand: what changed since the frame before, and the clock.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Frame {
    /// Which run this is of.
    pub run: u32,
    /// Virtual time, in nanoseconds.
    pub now_ns: u64,
    /// Events handled.
    pub events: u64,
    /// Whether time passes.
    pub running: bool,
    /// The limit that ended the run, in words.
    pub halted: Option<String>,
    /// Virtual seconds per second, as achieved.
    pub pace: f64,
    /// The last whole virtual second that was reached, and the digest there.
    pub digest: Option<(u64, String)>,
    /// Linear memory of whoever simulates, in bytes; 0 where that means nothing.
    pub memory_bytes: u64,
    /// Counters of the whole run.
    pub totals: Totals,
    /// Nodes whose status changed: index and status.
    pub statuses: Vec<(u32, Status)>,
    /// Counters of nodes that changed.
    pub nodes: Vec<(u32, NodeCounts)>,
    /// Counters of links that changed.
    pub links: Vec<(u32, LinkCounts)>,
    /// Windows of the series that the page does not know of this track. What it knows and lies ahead of now is ahead.
    pub points: Vec<Point>,
    /// What else there is of windows that the page does not know: some at a time.
    pub details: Vec<Detail>,
    /// The page knows nothing of this track: details begin anew.
    pub details_anew: bool,
    /// Share of each node's capacity in use over the last second; NaN where that has no meaning. Empty when no window has
    /// been completed since the frame before.
    pub utilization: Vec<f32>,
    /// The run stands elsewhere than where it would have come by itself: lines are all lines, rates begin anew.
    pub jumped: bool,
    /// How things stood about a second before a leap, so that rates are there at once.
    pub before: Option<Box<Before>>,
    /// It is still on its way to where it was sent.
    pub seeking: bool,
    /// What there is to tell.
    pub lines: Vec<Line>,
    /// All entries of the control log, as JSON, what lies ahead included, when they changed.
    pub log: Option<Vec<String>>,
    /// All changes of load for a while, planned and by hand, when they changed.
    pub phases: Option<Vec<Phase>>,
    /// Nodes and links, when they changed; statuses and counters are then all there are.
    pub topology: Option<Topology>,
    /// Which track this is of.
    pub track: u32,
    /// The furthest that this track has come, in nanoseconds.
    pub furthest_ns: u64,
    /// All tracks, this one included, when something about them changed.
    pub tracks: Option<Vec<Track>>,
}

/// Counters at an earlier time.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Before {
    /// When, in nanoseconds.
    pub at_ns: u64,
    /// Of the whole run.
    pub totals: Totals,
    /// Of every node.
    pub nodes: Vec<NodeCounts>,
    /// Of every link.
    pub links: Vec<LinkCounts>,
}

/// Counters of the whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Requests that came.
    pub born: u64,
    /// Attempts that clients sent for them.
    pub attempts: u64,
    /// Roots that were answered.
    pub answered: u64,
    /// Roots that were answered in time.
    pub goodput: u64,
    /// Roots that failed.
    pub failed: u64,
    /// Roots that have not ended.
    pub in_flight: u64,
}

/// Counters of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NodeCounts {
    /// Calls that arrived (of clients: attempts that they sent).
    pub offered: u64,
    /// Those that no retry caused.
    pub offered_first: u64,
    /// Answered well.
    pub answered: u64,
    /// Answered with an error.
    pub errors: u64,
}

/// Counters of a link, since the start of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LinkCounts {
    /// First attempts sent.
    pub first: u64,
    /// Retries sent.
    pub retry: u64,
    /// Good answers that came back.
    pub ok: u64,
    /// Errors that came back.
    pub errors: u64,
    /// Calls given up.
    pub timeouts: u64,
    /// Answers that nobody waited for any more.
    pub late: u64,
}

/// How a line of the ticker is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tone {
    /// Something that was done or planned.
    Act,
    /// Something got worse.
    Bad,
    /// Something got better.
    Good,
    /// Neither.
    Plain,
}

/// A line of the ticker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Virtual time, in seconds.
    pub t: f64,
    /// How it is marked.
    pub tone: Tone,
    /// In plain words.
    pub text: String,
    /// Node index and number, where it is the first saturation of a node.
    pub wave: Option<(u32, u32)>,
}
