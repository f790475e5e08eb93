//! What became of the requests of a class: the kinds of request that a system tells apart, such as its paths.

use super::{CodeCounts, Histogram};

/// Classes of requests are at most so many: a root carries the number of its class in a byte.
pub const CLASSES_MAX: usize = 256;

/// Roots of one class since the statistics started, and the work done for them. Over all classes the counts add up to those
/// of [`Totals`](super::Totals), and `born = answered + failed.total() + in_flight()` holds for each.
#[derive(Clone, Debug, Default)]
pub struct ClassStats {
    /// Roots born.
    pub born: u64,
    /// Attempts sent for them.
    pub attempts: u64,
    /// Roots answered well.
    pub answered: u64,
    /// Roots answered well and in time.
    pub goodput: u64,
    /// Roots that ended otherwise, by the code of their last attempt.
    pub failed: CodeCounts,
    /// From birth to answer, of what was answered well.
    pub latency: Histogram,
    /// Work that served an answer somebody got, in ns.
    pub useful_ns: u128,
    /// Work that served nobody, in ns.
    pub wasted_ns: u128,
}

impl ClassStats {
    /// Roots that have not ended.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.born - self.answered - self.failed.total()
    }
}
