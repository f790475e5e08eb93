//! Policies: one implementation each, a plain struct that components run on.

pub mod arrivals;
pub mod balance;
pub mod lines;
pub mod retry;
pub mod sharing;

pub use arrivals::Arrivals;
pub use lines::Lines;
pub use retry::{Backoff, Retry};
pub use sharing::Sharing;
