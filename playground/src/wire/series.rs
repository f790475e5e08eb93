//! Series over time.

use serde::{Deserialize, Serialize};

/// A window of the series.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Point {
    /// End of the window, virtual seconds.
    pub t: f32,
    /// Requests born per second.
    pub born: f32,
    /// Offered load: attempts per second.
    pub offered: f32,
    /// Throughput: calls answered well per second at the first server, whether or not somebody still waited.
    pub throughput: f32,
    /// Goodput: answered in time for someone who waited, per second.
    pub goodput: f32,
    /// Failed for good, per second.
    pub failed: f32,
    /// Latency of what was answered, in milliseconds; NaN where nothing was.
    pub p50: f32,
    /// The same, 99th percentile.
    pub p99: f32,
}
