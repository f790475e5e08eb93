//! From the page to the simulation.

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
