//! Deterministic simulation of web architectures under overload.

pub mod catalogue;
pub mod components;
pub mod control;
pub mod param;
pub mod policy;
pub mod scenario;
pub mod status;

pub use components::catalogue;
pub use control::{Action, Control, ControlLog};
pub use floodgate_core::{Code, CodeSet, Dist, Duration, Time};
pub use scenario::{Metric, Problem, Problems, Scenario, lint};
