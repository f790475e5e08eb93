//! Shared helpers of the integration tests.

pub mod beside;
#[cfg(feature = "browser")]
pub mod browser;
pub mod gate;
pub mod p_values;
pub mod reference;
pub mod soak;
pub mod stats;
pub mod traffic;
pub mod witness;
