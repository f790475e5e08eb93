//! What is run for long and with much that is random, to find what short tests do not: see `cargo xtask soak`.

pub mod chance;
pub mod programs;
