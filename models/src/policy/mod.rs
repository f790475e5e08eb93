//! Policies: one implementation each, a plain struct that components run on.

pub mod retry;

pub use retry::{Backoff, Retry};
