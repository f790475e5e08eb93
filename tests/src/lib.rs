//! Shared helpers of the integration tests.

#[cfg(feature = "browser")]
pub mod browser;
pub mod p_values;
pub mod reference;
pub mod stats;
