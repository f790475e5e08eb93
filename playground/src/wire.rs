//! What the page and its worker say to each other: every command and every reply, in one place.
//!
//! The playground owns these types; the engine knows no screen. They travel as postcard bytes in transferred buffers.

use floodgate::status::Status;
use serde::{Deserialize, Serialize};

/// From the page to the simulation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Take this scenario and start again from zero. A text with errors changes nothing and is answered [`Reply::Refused`].
    Load {
        /// Number that the frames of this run carry, so that a late frame of the run before is not mistaken for it.
        run: u32,
        /// The scenario file.
        text: String,
        /// Seed instead of the file's.
        seed: Option<u64>,
        /// Whether it runs at once.
        running: bool,
    },
    /// Let time pass.
    Run,
    /// Stop time.
    Pause,
    /// Handle one event.
    Step,
    /// As fast as possible to the scenario's end, then pause.
    RunToEnd,
    /// Virtual seconds per second; infinite is as fast as possible.
    Speed(f64),
    /// Do something to a node at the next whole virtual millisecond.
    Act(Act),
    /// The page has drawn the last frame and is ready for another.
    Drawn,
}

/// Something done to a node by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Act {
    /// Id of the node.
    pub node: String,
    /// What.
    pub deed: Deed,
    /// How long, as written in a file (`"20s"`); `None` is for good.
    pub lasting: Option<String>,
}

/// Parameters with their new values, as TOML; `None` is "without".
pub type Settings = Vec<(String, Option<String>)>;

/// What is done. Values are TOML, as they stand in a scenario file; `None` is "without".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Deed {
    /// Live parameters, nested ones with a dot.
    Set(Settings),
    /// Start a fault.
    Fault {
        /// Name in the descriptor.
        fault: String,
        /// Parameters that differ from their defaults.
        values: Vec<(String, String)>,
    },
    /// End a lasting fault.
    Heal {
        /// Name in the descriptor.
        fault: String,
    },
}

/// From the simulation to the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// The worker listens.
    Ready,
    /// A scenario has been taken.
    Loaded(Loaded),
    /// The last command could not be done; in words.
    Refused(String),
    /// How things stand.
    Frame(Box<Frame>),
}

/// A scenario that has been taken: what frames refer to by index.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Loaded {
    /// As in [`Command::Load`].
    pub run: u32,
    /// The seed it runs with.
    pub seed: u64,
    /// Where the scenario ends, in nanoseconds.
    pub until_ns: u64,
    /// Ids of the nodes.
    pub nodes: Vec<String>,
    /// Links: caller, index of its port, callee.
    pub links: Vec<(String, u32, String)>,
    /// Planned changes of load.
    pub phases: Vec<Phase>,
    /// First line of the control log.
    pub log_header: String,
}

/// A stretch of virtual time in which load is different.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Phase {
    /// From, in seconds.
    pub from: f64,
    /// To, in seconds.
    pub to: f64,
    /// What it is called; may be empty.
    pub title: String,
}

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
    /// Counters of the whole run.
    pub totals: Totals,
    /// Nodes whose status changed: index and status.
    pub statuses: Vec<(u32, Status)>,
    /// Counters of nodes that changed.
    pub nodes: Vec<(u32, NodeCounts)>,
    /// Counters of links that changed.
    pub links: Vec<(u32, LinkCounts)>,
    /// Windows of the series that have been completed.
    pub points: Vec<Point>,
    /// Share of each node's capacity in use over the last second; NaN where that has no meaning. Empty when no window has
    /// been completed since the frame before.
    pub utilization: Vec<f32>,
    /// What there is to tell.
    pub lines: Vec<Line>,
    /// Entries of the control log, as JSON.
    pub log: Vec<String>,
    /// Changes of load for a while, made by hand.
    pub phases: Vec<Phase>,
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

/// A window of the series.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Point {
    /// End of the window, virtual seconds.
    pub t: f32,
    /// Requests born per second.
    pub born: f32,
    /// Offered load: attempts per second.
    pub offered: f32,
    /// Throughput: calls answered well per second at the first server, whether or not somebody still waited.
    pub throughput: f32,
    /// Goodput: answered in time for someone who waited, per second.
    pub goodput: f32,
    /// Failed for good, per second.
    pub failed: f32,
    /// Latency of what was answered, in milliseconds; NaN where nothing was.
    pub p50: f32,
    /// The same, 99th percentile.
    pub p99: f32,
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

/// As bytes.
#[must_use]
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    // Serialising these types into a growing vector has no way to fail; an empty message is ignored by the other side.
    postcard::to_stdvec(value).unwrap_or_default()
}

/// From bytes; `None` for anything that is not a message.
#[must_use]
pub fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    postcard::from_bytes(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_the_way() {
        let act = Act {
            node: "users".into(),
            deed: Deed::Set(vec![("rate".into(), Some("\"12000/s\"".into())), ("slo".into(), None)]),
            lasting: Some("20s".into()),
        };
        for command in [Command::Act(act), Command::Speed(f64::INFINITY), Command::Drawn] {
            assert_eq!(decode::<Command>(&encode(&command)), Some(command));
        }
        let frame = Frame { run: 3, digest: Some((7, "0123456789abcdef".into())), ..Frame::default() };
        let reply = Reply::Frame(Box::new(frame));
        assert_eq!(decode::<Reply>(&encode(&reply)), Some(reply));
        assert_eq!(decode::<Reply>(&[0xff; 40]), None);
    }
}
