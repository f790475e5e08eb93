//! From the simulation to the page: what is said now and then.

use super::{Answer, Frame};
use serde::{Deserialize, Serialize};

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
    /// The same, of the run beside it.
    Rival(Box<Frame>),
    /// The run beside it begins; `None` when it has ended.
    Comparing(Option<Loaded>),
    /// What a change of the scenario came to: why some of it waits for a reset, if so.
    Became(Option<String>),
    /// Another track is shown; this is its scenario.
    Switched(String),
    /// Something to know, not a failure.
    Told(String),
    /// What came of a scenario of the gallery, as far as it has run.
    Preview(Preview),
    /// What was asked for.
    Answer(Answer),
    /// Answer to a ping.
    Pong,
    /// There is nobody any more who simulates.
    Lost,
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

/// Nodes and links by index. An index means the same for the whole of a track; what was removed has empty names.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Topology {
    /// Ids of the nodes.
    pub nodes: Vec<String>,
    /// Links: caller, index of its port, callee.
    pub links: Vec<(String, u32, String)>,
}

/// A stretch of virtual time in which something is different, mostly the load.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Phase {
    /// From, in seconds.
    pub from: f64,
    /// To, in seconds.
    pub to: f64,
    /// What it is called, or what it is about.
    pub title: String,
    /// It is of the load: a source sends differently.
    pub load: bool,
    /// It is of this link, from and to, which is in this state meanwhile: in a word, as `cut`.
    pub link: Option<(String, String, String)>,
}

/// A short run of a scenario of the gallery.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Preview {
    /// As in [`super::Command::Previews`].
    pub of: u32,
    /// It goes no further.
    pub done: bool,
    /// Why it ended before its time, in words.
    pub halted: Option<String>,
    /// Where it ends, in seconds.
    pub until_s: f32,
    /// Requests that ended so far, well or not.
    pub ended: u64,
    /// Those of them that were answered in time.
    pub goodput: u64,
    /// Of each window: its end in seconds, offered load and goodput per second.
    pub points: Vec<(f32, f32, f32)>,
}
