//! From the page to the simulation.

use super::Question;
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
        /// A variant of it; `None` is as it is.
        variant: Option<String>,
        /// Go on where another run of it was.
        resume: Option<Resume>,
    },
    /// Scenarios may name these files, and no others beside those that come with the page: names and texts.
    Files(Vec<(String, String)>),
    /// Let time pass.
    Run,
    /// Stop time.
    Pause,
    /// Handle one event.
    Step,
    /// Go back to before the last event.
    Back,
    /// Go to this virtual time, in nanoseconds. Of several, the last one counts.
    Seek(u64),
    /// As fast as possible to the scenario's end, then pause.
    RunToEnd,
    /// Virtual seconds per second; infinite is as fast as possible.
    Speed(f64),
    /// Do something to a node at the next whole virtual millisecond. Where there is a future already, a branch begins.
    Act(Act),
    /// The scenario is this text from the next whole virtual millisecond on: everything that can change in a running system
    /// changes.
    Become(String),
    /// Take back what was done under this number.
    Undo(u32),
    /// Do again what was taken back.
    Redo(u32),
    /// Go on with another track, at the same time.
    Track(u32),
    /// Keep a track, however many there are, or do so no longer.
    Pin(u32, bool),
    /// Forget a track.
    Drop(u32),
    /// Run this text beside the other, with the same seed and the same clock; `None` ends it.
    Compare(Option<Other>),
    /// Run these scenarios in what time is left, each by itself, one after the other, and say what comes of them; whatever
    /// was wanted before is not wanted any more. Numbers are what the answers carry.
    Previews(Vec<(u32, String)>),
    /// Answer a question.
    Ask(Question),
    /// Follow requests, from the beginning of the run on: it is made again up to where it stands. Or follow them no more.
    Follow(bool),
    /// Say that you are there.
    Ping,
    /// Fall over, for a test of what happens then.
    Crash,
    /// The page has drawn the last frame and is ready for another.
    Drawn,
}

/// Something done to a node by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Act {
    /// Number under which it can be taken back; several acts may share it.
    pub id: u32,
    /// Id of the node.
    pub node: String,
    /// What.
    pub deed: Deed,
    /// How long, as written in a file (`"20s"`); `None` is for good.
    pub lasting: Option<String>,
}

/// A scenario to run beside another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Other {
    /// The scenario file.
    pub text: String,
    /// A variant of it; `None` is as it is.
    pub variant: Option<String>,
}

/// Where another run was: run = scenario + seed + control log.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Resume {
    /// The control log, as text.
    pub log: String,
    /// Virtual time to go to, in nanoseconds.
    pub at_ns: u64,
    /// The scenario as it stands after the edits in the log; empty is as it was.
    pub text: String,
}

/// Parameters with their new values, as TOML; `None` is "without".
pub type Settings = Vec<(String, Option<String>)>;

/// What is done. Values are TOML, as they stand in a scenario file; `None` is "without".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Deed {
    /// Live parameters, nested ones with a dot.
    Set(Settings),
    /// So many times the load.
    Flood(f64),
    /// Live parameters of a link for calls from the node.
    Link {
        /// Index of the port.
        port: u32,
        /// Id of the callee.
        to: String,
        /// What changes, as in [`Deed::Set`].
        changes: Settings,
    },
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
