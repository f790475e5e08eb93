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
/// Every component of the catalogue at work, as the benchmark measures them.
#[path = "../../benches/src/workloads.rs"]
pub mod workloads;
