//! Deterministic discrete-event engine: virtual time, call trees, keyed draws, digests.

pub mod dist;
pub mod outcome;
pub mod rng;
pub mod time;

pub use dist::Dist;
pub use outcome::{Code, CodeSet};
pub use time::{Duration, Time};
