//! Policies: one implementation each, a plain struct that components run on.

pub mod retry;
pub mod sharing;

pub use retry::{Backoff, Retry};
pub use sharing::Sharing;
