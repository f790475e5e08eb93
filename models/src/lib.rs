//! Deterministic simulation of web architectures under overload.

pub mod catalogue;
pub mod check;
pub mod component;
pub mod components;
pub mod control;
mod edit;
pub mod manual;
pub mod param;
pub mod policy;
pub mod record;
pub mod report;
pub mod scenario;
pub mod simulation;
pub mod status;
pub mod timeline;
pub mod trace;

pub use catalogue::Registry;
pub use check::{CheckReport, ExpectationResult, check};
pub use components::catalogue;
pub use control::{Action, Control, ControlLog};
pub use floodgate_core::journey;
pub use floodgate_core::order;
pub use floodgate_core::{
    Budget, Code, CodeSet, Delivery, Digest, Dist, Duration, Event, Halt, JourneyPolicy, Journeys, Limits, Progress,
    Time,
};
pub use report::Report;
pub use scenario::{Files, Metric, NoFiles, Problem, Problems, Scenario, lint};
pub use simulation::Simulation;
pub use timeline::{KeyframePolicy, Timeline};
