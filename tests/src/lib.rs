//! Shared helpers of the integration tests.

#[cfg(feature = "browser")]
pub mod browser;
pub mod reference;
pub mod soak;
pub mod stats;
