//! Policies: one implementation each, a plain struct that components run on.

pub mod arrivals;
pub mod balance;
pub mod checks;
pub mod lines;
pub mod nearest;
pub mod retry;
pub mod sharing;
pub mod sockets;
pub mod watched;

pub use arrivals::Arrivals;
pub use checks::{Checker, HealthChecks};
pub use lines::Lines;
pub use nearest::Regions;
pub use retry::{Backoff, Retry};
pub use sharing::Sharing;
pub use sockets::Sockets;
pub use watched::Watched;
