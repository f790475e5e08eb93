//! Retries: when a failed call is tried again, and after what pause.

use crate::{choices, params};
use floodgate_core::{CodeSet, Duration};

choices! {
    /// How the pause before retry n (n = 1, 2, …) grows, with v = min(cap, base·2ⁿ⁻¹). Source: the AWS architecture blog's
    /// back-off simulator.
    pub enum Backoff {
        /// No pause at all.
        None = "none",
        /// v: exponential without jitter; clients that failed together come back together.
        Exponential = "exponential",
        /// Uniform between 0 and v.
        FullJitter = "full_jitter",
    }
}

params! {
    /// A retry policy.
    pub struct Retry {
        /// Retries after the first attempt; 0 is none. Each layer that retries multiplies the load by up to attempts + 1.
        attempts: u32 = "0" in 0 ..= 100, live;
        /// How the pause grows from retry to retry.
        backoff: Backoff = "\"full_jitter\"", live;
        /// Pause before the first retry, before jitter.
        base: Duration = "\"100ms\"" in 0 ..= 3600, live;
        /// Longest pause, before jitter.
        cap: Duration = "\"2s\"" in 0 ..= 3600, live;
        /// Outcomes that are tried again.
        on: CodeSet = "[\"500\", \"502\", \"503\", \"504\", \"429\", \"timeout\", \"connect_timeout\"]", live;
    }
}
