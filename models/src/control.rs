//! What is done to a running system: live parameters and faults, each with its virtual time. The list of them, in order, is
//! the control log; run = scenario + seed + control log.

use crate::param::{Value, Values};
use floodgate_core::{Duration, Time};

/// One entry of the control log.
#[derive(Clone, Debug, PartialEq)]
pub struct Control {
    /// When; it applies before every event at that time.
    pub at: Time,
    /// To which node, by its id.
    pub node: String,
    /// What.
    pub action: Action,
    /// How long; then it is undone. `None` is for good.
    pub lasting: Option<Duration>,
}

/// What a control does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Changes live parameters. A nested one is named with a dot: `retry.attempts`.
    Set(Vec<(String, Value)>),
    /// Starts a fault of the node's descriptor, with its parameters complete.
    Fault {
        /// Name in the descriptor.
        fault: &'static str,
        /// Its parameters.
        values: Values,
    },
    /// Ends a lasting fault.
    Heal {
        /// Name in the descriptor.
        fault: &'static str,
    },
}
