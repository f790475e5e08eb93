//! What the page asks for now and then: numbers of all nodes, the books, and journeys of requests.

use serde::{Deserialize, Serialize};

/// A question to the simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    /// What the report would say now.
    Figures,
    /// Which requests were followed; and the journey of one of them, by its identity in every run with the same traffic and
    /// the time of its birth.
    Requests(Option<(u64, u64)>),
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// There is nothing to say just now.
    Later,
    /// To [`Question::Figures`].
    Figures(Figures),
    /// To [`Question::Requests`]; `None` while nobody is followed.
    Requests(Option<Requests>),
}

/// Numbers since the statistics started: those of the report.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Figures {
    /// When the statistics started, in seconds.
    pub since_s: f64,
    /// Now, in seconds.
    pub at_s: f64,
    /// The nodes that are there.
    pub nodes: Vec<NodeFigures>,
    /// The classes of requests, where there are several.
    pub classes: Vec<ClassFigures>,
    /// Whether everything adds up.
    pub books: Books,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct NodeFigures {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Calls that arrived (roots born, of clients).
    pub offered: u64,
    /// Answered well, per second.
    pub throughput_per_s: f64,
    /// Errors it answered (how roots failed, of clients), by code.
    pub errors: Vec<(String, u64)>,
    /// Mean share of its capacity in use.
    pub utilization: Option<f64>,
    /// Requests that waited, in the mean.
    pub queue_mean: f64,
    /// The most.
    pub queue_max: u64,
    /// The most that may wait, all replicas together.
    pub queue_cap: Option<u64>,
    /// Median from arrival to answer, in milliseconds.
    pub p50_ms: Option<f64>,
    /// 95th percentile.
    pub p95_ms: Option<f64>,
    /// 99th percentile.
    pub p99_ms: Option<f64>,
    /// Calls that arrived ÷ those that no retry caused (of clients: attempts ÷ roots).
    pub amplification: f64,
}

/// A class of requests.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct ClassFigures {
    /// Its name.
    pub name: String,
    /// Roots born.
    pub born: u64,
    /// Answered.
    pub answered: u64,
    /// Goodput ÷ born.
    pub goodput_ratio: Option<f64>,
    /// Ended otherwise, by the code of their last attempt.
    pub failed: Vec<(String, u64)>,
    /// Attempts ÷ roots.
    pub amplification: f64,
    /// Median latency, in milliseconds.
    pub p50_ms: Option<f64>,
    /// 99th percentile.
    pub p99_ms: Option<f64>,
    /// Work that served nobody, in seconds.
    pub wasted_s: f64,
}

/// Sums that must agree; a run in which they do not is a defect of the simulator.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Books {
    /// Which do not agree, in words; `None` when all do.
    pub wrong: Option<String>,
    /// Requests born, and what became of them: answered, failed, in flight.
    pub born: (u64, [u64; 3]),
    /// Work done in seconds, and what it came to: useful, wasted, undecided.
    pub busy_s: (f64, [f64; 3]),
}

/// Requests that were followed.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Requests {
    /// How many were followed.
    pub followed: u64,
    /// How many were passed over for want of room.
    pub passed_over: u64,
    /// One in so many is a sample.
    pub one_in: u64,
    /// The slowest that were answered, slowest first.
    pub slowest: Vec<Request>,
    /// Failed, the first and the last.
    pub failed: Vec<Request>,
    /// A sample.
    pub sampled: Vec<Request>,
    /// The one that was asked for, if it is among them.
    pub journey: Option<Box<Journey>>,
    /// The same request on side B, if there is one and it is among those that are kept there.
    pub other: Option<Box<Journey>>,
}

/// A request that was followed.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Request {
    /// Its identity in every run with the same traffic.
    pub lineage: u64,
    /// When it was born, in nanoseconds.
    pub born_ns: u64,
    /// What the client is called.
    pub client: String,
    /// From birth to end, in nanoseconds; `None` while it is under way.
    pub length_ns: Option<u64>,
    /// The code it failed with; empty when it was answered or is under way.
    pub code: String,
    /// Attempts.
    pub attempts: u32,
    /// Calls in all, as far as they are kept.
    pub calls: u32,
}

/// A request with all its calls.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Journey {
    /// The request.
    pub request: Request,
    /// Attempts and the calls they caused; parents stand before their children.
    pub calls: Vec<JourneyCall>,
    /// Calls that were not kept.
    pub calls_dropped: u32,
}

/// A call. Times are in nanoseconds since the request was born.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct JourneyCall {
    /// Position of the call that caused it.
    pub parent: Option<u32>,
    /// Who sent it.
    pub from: String,
    /// Where to; with the number of the replica where that is known.
    pub to: String,
    /// 0 for the first attempt.
    pub attempt: u32,
    /// When it was sent.
    pub sent: u64,
    /// When it arrived.
    pub arrived: Option<u64>,
    /// Where it was handed on to, and when it arrived there.
    pub handed_on: Vec<(u64, String)>,
    /// Stretches of work: when each ended, and its length.
    pub work: Vec<(u64, u64)>,
    /// Stretches that are not told one by one: how many, and their length.
    pub more_work: (u32, u64),
    /// When it was answered.
    pub answered: Option<u64>,
    /// When the caller gave it up.
    pub given_up: Option<u64>,
    /// When the callee learned of it.
    pub cancelled: Option<u64>,
    /// When the answer came back.
    pub ended: Option<u64>,
    /// How: nothing for a good answer, a code for an error.
    pub code: String,
    /// Who had already gone when the answer came.
    pub gone: Option<Gone>,
}

/// Who had already gone when an answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gone {
    /// The caller had given up waiting for this call.
    GaveUp,
    /// The caller was done without it.
    CallerDone,
    /// The request itself had ended.
    RootEnded,
}
