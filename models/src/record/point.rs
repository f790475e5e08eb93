//! One window of the run: counts, integrals, extremes and buckets, all of them whole numbers, so that two neighbours merge
//! into exactly what one window over both would have been.

use floodgate_core::Duration;
use floodgate_core::stats::{CodeCounts, LinkStats, SparseHistogram};

/// One window of the run. Shares, means and percentiles are derived when they are read.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SeriesPoint {
    /// Start of the window, in ns.
    pub start_ns: u64,
    /// End of the window, in ns.
    pub end_ns: u64,
    /// Roots born.
    pub born: u64,
    /// Attempts sent for roots.
    pub attempts: u64,
    /// Roots answered.
    pub answered: u64,
    /// Roots answered in time.
    pub goodput: u64,
    /// Roots failed.
    pub failed: u64,
    /// How attempts for roots ended that were not answered well, by code: what clients saw, retries or not.
    pub attempt_errors: CodeCounts,
    /// Work done, in ns.
    pub busy_ns: u128,
    /// Work found to have served nobody, in ns.
    pub wasted_ns: u128,
    /// Roots that had not ended.
    pub in_flight: Level,
    /// The classes of requests, by their numbers: [`Scenario::classes`](crate::Scenario::classes).
    pub classes: Vec<ClassPoint>,
    /// The nodes, in the order of the scenario: those that were there in the window.
    pub nodes: Vec<NodePoint>,
    /// The links, in the order of the scenario: what went over each in the window.
    pub links: Vec<LinkStats>,
    /// Gauges that are recorded over time, in the order of [`Simulation::tracks`](crate::Simulation::tracks).
    pub tracks: Vec<Level>,
}

/// One window of a class of requests.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ClassPoint {
    /// Roots born.
    pub born: u64,
    /// Attempts sent for them.
    pub attempts: u64,
    /// Roots answered.
    pub answered: u64,
    /// Roots answered in time.
    pub goodput: u64,
    /// Roots failed.
    pub failed: u64,
    /// Work found to have served an answer that somebody got, in ns.
    pub useful_ns: u128,
    /// Work found to have served nobody, in ns.
    pub wasted_ns: u128,
    /// From birth to answer, of the roots answered in the window.
    pub latency: SparseHistogram,
}

/// One window of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct NodePoint {
    /// Calls that arrived (roots born, of clients).
    pub offered: u64,
    /// Those that no retry caused.
    pub offered_first: u64,
    /// Calls it sent.
    pub sent: u64,
    /// Answered well.
    pub answered: u64,
    /// Answered with an error.
    pub errors: u64,
    /// Answers that came when it no longer waited.
    pub late: u64,
    /// Work done, in ns.
    pub busy_ns: u128,
    /// Capacity in use.
    pub used: Level,
    /// Capacity that was there.
    pub capacity: Level,
    /// Requests that waited.
    pub queue: Level,
}

/// A number over a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Level {
    /// Over time, in value·ns.
    pub integral: u128,
    /// Smallest value, what lasted no time included.
    pub min: u64,
    /// Largest value, what lasted no time included.
    pub max: u64,
}

impl Level {
    /// Its mean over a window of this length; 0 for a window without length.
    #[must_use]
    pub fn mean(&self, length: Duration) -> f64 {
        if length.0 == 0 { 0.0 } else { self.integral as f64 / length.0 as f64 }
    }

    fn merge(&mut self, next: &Level) {
        self.integral += next.integral;
        self.min = self.min.min(next.min);
        self.max = self.max.max(next.max);
    }
}

impl NodePoint {
    /// Mean share of the capacity that was there; `None` when there was none.
    #[must_use]
    pub fn utilization(&self) -> Option<f64> {
        (self.capacity.integral > 0).then(|| self.used.integral as f64 / self.capacity.integral as f64)
    }

    fn merge(&mut self, next: &NodePoint) {
        self.offered += next.offered;
        self.offered_first += next.offered_first;
        self.sent += next.sent;
        self.answered += next.answered;
        self.errors += next.errors;
        self.late += next.late;
        self.busy_ns += next.busy_ns;
        self.used.merge(&next.used);
        self.capacity.merge(&next.capacity);
        self.queue.merge(&next.queue);
    }
}

impl ClassPoint {
    fn merge(&mut self, next: &ClassPoint) {
        self.born += next.born;
        self.attempts += next.attempts;
        self.answered += next.answered;
        self.goodput += next.goodput;
        self.failed += next.failed;
        self.useful_ns += next.useful_ns;
        self.wasted_ns += next.wasted_ns;
        self.latency.merge(&next.latency);
    }
}

impl SeriesPoint {
    /// Its length.
    #[must_use]
    pub fn length(&self) -> Duration {
        Duration(self.end_ns - self.start_ns)
    }

    /// Latencies of the roots answered in the window, of all classes.
    #[must_use]
    pub fn latency(&self) -> SparseHistogram {
        let mut all = SparseHistogram::default();
        self.classes.iter().for_each(|class| all.merge(&class.latency));
        all
    }

    /// Bytes it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let classes: usize = self.classes.iter().map(|c| size_of::<ClassPoint>() + c.latency.bytes()).sum();
        size_of::<SeriesPoint>()
            + classes
            + size_of_val(&self.nodes[..])
            + size_of_val(&self.links[..])
            + size_of_val(&self.tracks[..])
    }

    /// Makes it the window that covers `next` as well, which begins where this one ends.
    pub fn merge(&mut self, next: &SeriesPoint) {
        debug_assert_eq!(self.end_ns, next.start_ns, "only neighbours merge");
        self.end_ns = next.end_ns;
        self.born += next.born;
        self.attempts += next.attempts;
        self.answered += next.answered;
        self.goodput += next.goodput;
        self.failed += next.failed;
        self.attempt_errors.merge(&next.attempt_errors);
        self.busy_ns += next.busy_ns;
        self.wasted_ns += next.wasted_ns;
        self.in_flight.merge(&next.in_flight);
        merge_all(&mut self.classes, &next.classes, ClassPoint::merge);
        merge_all(&mut self.nodes, &next.nodes, NodePoint::merge);
        merge_all(&mut self.links, &next.links, LinkStats::merge);
        merge_all(&mut self.tracks, &next.tracks, Level::merge);
    }
}

/// One by one; what has been added to the system since is as it was in the later window.
fn merge_all<T: Clone>(mine: &mut Vec<T>, theirs: &[T], merge: impl Fn(&mut T, &T)) {
    mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| merge(mine, theirs));
    mine.extend_from_slice(theirs.get(mine.len()..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use floodgate_core::stats::Histogram;
    use proptest::prelude::*;

    fn level() -> impl Strategy<Value = Level> {
        (any::<u64>(), 0..100u64, 0..100u64).prop_map(|(integral, a, b)| Level {
            integral: u128::from(integral),
            min: a.min(b),
            max: a.max(b),
        })
    }

    fn class() -> impl Strategy<Value = ClassPoint> {
        let counts = prop::array::uniform7(0..1_000_000u64);
        (counts, prop::collection::vec(any::<u32>(), 0..30)).prop_map(|(n, values)| {
            let mut latency = Histogram::default();
            values.iter().for_each(|&v| latency.record(Duration(u64::from(v))));
            ClassPoint {
                born: n[0],
                attempts: n[1],
                answered: n[2],
                goodput: n[3],
                failed: n[4],
                useful_ns: u128::from(n[5]),
                wasted_ns: u128::from(n[6]),
                latency: SparseHistogram::from(&latency),
            }
        })
    }

    fn node() -> impl Strategy<Value = NodePoint> {
        (prop::array::uniform7(0..1_000_000u64), prop::array::uniform3(level())).prop_map(|(n, levels)| NodePoint {
            offered: n[0],
            offered_first: n[1],
            sent: n[2],
            answered: n[3],
            errors: n[4],
            late: n[5],
            busy_ns: u128::from(n[6]),
            used: levels[0],
            capacity: levels[1],
            queue: levels[2],
        })
    }

    fn point() -> impl Strategy<Value = SeriesPoint> {
        let parts = (prop::array::uniform2(class()), prop::array::uniform2(node()), prop::array::uniform3(level()));
        (prop::array::uniform13(0..1_000_000u64), parts).prop_map(|(n, (classes, nodes, levels))| SeriesPoint {
            start_ns: 0,
            end_ns: n[0],
            born: n[1],
            attempts: n[2],
            answered: n[3],
            goodput: n[4],
            failed: n[5],
            busy_ns: u128::from(n[6]),
            wasted_ns: u128::from(n[7]),
            attempt_errors: CodeCounts::default(),
            in_flight: levels[0],
            tracks: levels[1..].to_vec(),
            classes: classes.to_vec(),
            nodes: nodes.to_vec(),
            links: vec![LinkStats {
                calls_first: n[8],
                calls_retry: n[9],
                ok: n[10],
                timeouts: n[11],
                late: n[12],
                errors: 1,
            }],
        })
    }

    proptest! {
        #[test]
        fn how_neighbours_are_grouped_does_not_matter(mut points in prop::array::uniform3(point())) {
            let mut end = 0;
            for point in &mut points {
                (point.start_ns, point.end_ns) = (end, end + point.end_ns);
                end = point.end_ns;
            }
            let [a, b, c] = points;
            let merge = |x: &SeriesPoint, y: &SeriesPoint| { let mut x = x.clone(); x.merge(y); x };
            let left = merge(&merge(&a, &b), &c);
            prop_assert_eq!(&left, &merge(&a, &merge(&b, &c)));
            // Nothing is lost: sums, extremes and the number of latencies.
            prop_assert_eq!(left.nodes[1].queue.max, [&a, &b, &c].map(|p| p.nodes[1].queue.max).into_iter().max().unwrap_or(0));
            prop_assert_eq!(left.in_flight.min, [&a, &b, &c].map(|p| p.in_flight.min).into_iter().min().unwrap_or(0));
            prop_assert_eq!(left.latency().count(), [&a, &b, &c].map(|p| p.latency().count()).into_iter().sum::<u64>());
            prop_assert_eq!(left.tracks[1].max, [&a, &b, &c].map(|p| p.tracks[1].max).into_iter().max().unwrap_or(0));
            prop_assert_eq!(left.links[0].late, a.links[0].late + b.links[0].late + c.links[0].late);
        }
    }
}
