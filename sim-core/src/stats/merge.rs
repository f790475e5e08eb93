//! Statistics of several runs as statistics of all of them: replications of the same system with other seeds.
//!
//! Everything is counts, sums, extremes and buckets, so a merge is exact, and neither order nor grouping matters. Numbers
//! over time (gauges, levels) are first brought up to the end of their own run, by [`NodeStats::settle`].

use super::{ClassStats, CodeCounts, Gauge, Levels, LinkStats, NodeStats, Slowdown, Totals};
use crate::time::Time;

/// Since when the value of something settled holds: never, so that no time is ever added for it.
const SETTLED: u64 = u64::MAX;

impl CodeCounts {
    /// Adds the counts of `other`.
    pub fn merge(&mut self, other: &CodeCounts) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }
}

impl Gauge {
    /// Brings the integral up to `now`, the end of the run: it is what it is from now on, and is not to be [`Gauge::set`].
    pub fn settle(&mut self, now: Time) {
        (self.moment, self.settled) = (self.integral(now), true);
    }

    /// Adds a settled gauge of another run to this settled one: values and integrals add up, extremes are those of both. The
    /// mean over time is the integral over the lengths of all runs together.
    pub fn merge(&mut self, other: &Gauge) {
        debug_assert!(self.settled && other.settled, "what is merged has been settled");
        self.value += other.value;
        self.moment += other.moment;
        self.max = self.max.max(other.max);
        self.window_min = self.window_min.min(other.window_min);
        self.window_max = self.window_max.max(other.window_max);
    }
}

impl Levels {
    /// Brings the times up to `now`, the end of the run: they are what they are from now on.
    pub fn settle(&mut self, now: Time) {
        if self.since != SETTLED {
            self.set(self.value, now);
            self.since = SETTLED;
        }
    }

    /// Adds settled levels of another run to these settled ones: times at each level and rises add up.
    pub fn merge(&mut self, other: &Levels) {
        debug_assert!(self.since == SETTLED && other.since == SETTLED, "what is merged has been settled");
        if self.times.len() < other.times.len() {
            self.times.resize(other.times.len(), 0);
        }
        for (mine, theirs) in self.times.iter_mut().zip(&other.times) {
            *mine += theirs;
        }
        self.value += other.value;
        self.rises += other.rises;
    }
}

impl Slowdown {
    /// Adds the jobs of `other`.
    pub fn merge(&mut self, other: &Slowdown) {
        if self.classes.len() < other.classes.len() {
            self.classes.resize(other.classes.len(), super::DemandClass::default());
        }
        for (mine, theirs) in self.classes.iter_mut().zip(&other.classes) {
            mine.count += theirs.count;
            mine.demand_ns += theirs.demand_ns;
            mine.sojourn_ns += theirs.sojourn_ns;
        }
    }
}

impl NodeStats {
    /// Brings what is kept over time up to `now`, the end of the run: before a merge.
    pub fn settle(&mut self, now: Time) {
        self.gauges.iter_mut().for_each(|gauge| gauge.settle(now));
        self.levels.settle(now);
    }

    /// Adds what the same node did in another run; both are settled.
    pub fn merge(&mut self, other: &NodeStats) {
        self.offered += other.offered;
        self.offered_first += other.offered_first;
        self.answered += other.answered;
        self.goodput += other.goodput;
        self.errors.merge(&other.errors);
        self.caller_errors.merge(&other.caller_errors);
        self.sent += other.sent;
        self.late += other.late;
        self.busy_ns += other.busy_ns;
        self.latency.merge(&other.latency);
        self.gauges.merge(&other.gauges);
        self.wait.merge(&other.wait);
        self.levels.merge(&other.levels);
        self.slowdown.merge(&other.slowdown);
    }
}

impl LinkStats {
    /// Adds what went over the same link in another run, or in another stretch of time.
    pub fn merge(&mut self, other: &LinkStats) {
        self.calls_first += other.calls_first;
        self.calls_retry += other.calls_retry;
        self.ok += other.ok;
        self.errors += other.errors;
        self.timeouts += other.timeouts;
        self.late += other.late;
    }

    /// What went over it since `earlier` was copied.
    #[must_use]
    pub fn since(&self, earlier: &LinkStats) -> LinkStats {
        LinkStats {
            calls_first: self.calls_first - earlier.calls_first,
            calls_retry: self.calls_retry - earlier.calls_retry,
            ok: self.ok - earlier.ok,
            errors: self.errors - earlier.errors,
            timeouts: self.timeouts - earlier.timeouts,
            late: self.late - earlier.late,
        }
    }
}

impl ClassStats {
    /// Adds the requests of the same class in another run.
    pub fn merge(&mut self, other: &ClassStats) {
        self.born += other.born;
        self.attempts += other.attempts;
        self.answered += other.answered;
        self.goodput += other.goodput;
        self.failed.merge(&other.failed);
        self.latency.merge(&other.latency);
        self.useful_ns += other.useful_ns;
        self.wasted_ns += other.wasted_ns;
    }
}

impl Totals {
    /// Adds another run.
    pub fn merge(&mut self, other: &Totals) {
        self.born += other.born;
        self.answered += other.answered;
        self.goodput += other.goodput;
        self.failed += other.failed;
        self.in_flight += other.in_flight;
        self.attempts += other.attempts;
        self.busy_ns += other.busy_ns;
        self.useful_ns += other.useful_ns;
        self.wasted_ns += other.wasted_ns;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Histogram;
    use super::*;
    use crate::outcome::Code;
    use crate::time::Duration;
    use proptest::prelude::*;

    /// Something that happened to a node, a link, a class and the whole at once.
    #[derive(Clone, Debug)]
    enum Deed {
        Count(u8),
        Fail(usize),
        Took(u64),
        Level(u64, u64),
        Served(u64, u64),
    }

    fn deeds() -> impl Strategy<Value = Vec<Deed>> {
        let deed = prop_oneof![
            any::<u8>().prop_map(Deed::Count),
            (0..Code::ALL.len()).prop_map(Deed::Fail),
            (0..10_000_000_000u64).prop_map(Deed::Took),
            (0..1500u64, 0..1000u64).prop_map(|(value, length)| Deed::Level(value, length)),
            (0..1_000_000u64, 0..10_000_000u64).prop_map(|(demand, sojourn)| Deed::Served(demand, sojourn)),
        ];
        prop::collection::vec(deed, 0..40)
    }

    /// Everything there is to merge.
    #[derive(Clone, Debug, Default)]
    struct All {
        node: NodeStats,
        link: LinkStats,
        class: ClassStats,
        totals: Totals,
        length: u64,
    }

    impl All {
        /// A run in which `deeds` happened.
        fn run(deeds: &[Deed]) -> All {
            let mut all = All::default();
            deeds.iter().for_each(|deed| all.suffer(deed));
            all.node.settle(Time(all.length));
            all
        }

        fn suffer(&mut self, deed: &Deed) {
            let All { node, link, class, totals, length } = self;
            match *deed {
                Deed::Count(bits) => {
                    let n = |bit: u8| u64::from(bits >> bit & 1);
                    let w = |bit: u8| u128::from(n(bit)) * 1_000;
                    (node.offered, node.offered_first, node.answered) =
                        (node.offered + n(0), node.offered_first + n(1), node.answered + n(2));
                    (node.goodput, node.sent, node.late) = (node.goodput + n(3), node.sent + n(4), node.late + n(5));
                    node.busy_ns += w(6);
                    (link.calls_first, link.calls_retry, link.ok) =
                        (link.calls_first + n(7), link.calls_retry + n(0), link.ok + n(1));
                    (link.errors, link.timeouts, link.late) =
                        (link.errors + n(2), link.timeouts + n(3), link.late + n(4));
                    (class.born, class.attempts, class.answered, class.goodput) =
                        (class.born + n(5), class.attempts + n(6), class.answered + n(7), class.goodput + n(0));
                    (class.useful_ns, class.wasted_ns) = (class.useful_ns + w(1), class.wasted_ns + w(2));
                    (totals.born, totals.answered, totals.goodput) =
                        (totals.born + n(3), totals.answered + n(4), totals.goodput + n(5));
                    (totals.failed, totals.in_flight, totals.attempts) =
                        (totals.failed + n(6), totals.in_flight + n(7), totals.attempts + n(0));
                    (totals.busy_ns, totals.useful_ns, totals.wasted_ns) =
                        (totals.busy_ns + w(1), totals.useful_ns + w(2), totals.wasted_ns + w(3));
                }
                Deed::Fail(code) => {
                    node.errors.add(Code::ALL[code]);
                    node.caller_errors.add(Code::ALL[Code::ALL.len() - 1 - code]);
                    class.failed.add(Code::ALL[code]);
                }
                Deed::Took(ns) => {
                    node.latency.record(Duration(ns));
                    node.wait.record(Duration(ns / 2));
                    class.latency.record(Duration(ns));
                }
                Deed::Level(value, after) => {
                    *length += after;
                    node.levels.set(value, Time(*length));
                    node.gauges.get_mut(3).expect("a slot").set(value, Time(*length));
                }
                Deed::Served(demand, sojourn) => node.slowdown.record(Duration(demand), Duration(sojourn)),
            }
        }

        fn merged(mut self, other: &All) -> All {
            self.node.merge(&other.node);
            self.link.merge(&other.link);
            self.class.merge(&other.class);
            self.totals.merge(&other.totals);
            self.length += other.length;
            self
        }

        /// Everything that can be read, in a form that does not depend on the order in which buckets were first used.
        fn read(&self) -> String {
            let histogram =
                |h: &Histogram| (h.count(), h.sum(), h.min(), h.max(), h.values().collect::<Vec<_>>(), h.quantile(0.9));
            let (n, c) = (&self.node, &self.class);
            let counts = (n.offered, n.offered_first, n.answered, n.goodput, n.sent, n.late, n.busy_ns);
            let histograms = (histogram(&n.latency), histogram(&n.wait), histogram(&c.latency));
            let class = (c.born, c.attempts, c.answered, c.goodput, c.failed, c.useful_ns, c.wasted_ns);
            let times: Vec<u64> = n.levels.times.clone();
            let gauges = format!("{:?}", n.gauges);
            let levels = (times, n.levels.rises(), n.levels.value(), n.levels.since);
            let codes = (n.errors, n.caller_errors);
            format!(
                "{counts:?} {histograms:?} {class:?} {gauges} {levels:?} {codes:?} {:?} {:?} {:?} {}",
                n.slowdown.classes(),
                self.link,
                self.totals,
                self.length
            )
        }
    }

    /// What the gauge of a run adds up to: each value until the next deed that sets one.
    fn integral(deeds: &[Deed]) -> u128 {
        let levels =
            deeds.iter().filter_map(|d| if let Deed::Level(value, after) = d { Some((*value, *after)) } else { None });
        let levels: Vec<(u64, u64)> = levels.collect();
        levels.windows(2).map(|pair| u128::from(pair[0].0) * u128::from(pair[1].1)).sum()
    }

    proptest! {
        #[test]
        fn neither_order_nor_grouping_matters(a in deeds(), b in deeds(), c in deeds()) {
            let (x, y, z) = (All::run(&a), All::run(&b), All::run(&c));
            let left = x.clone().merged(&y).merged(&z);
            prop_assert_eq!(left.read(), x.clone().merged(&y.clone().merged(&z)).read());
            prop_assert_eq!(x.clone().merged(&y).read(), y.clone().merged(&x).read());
        }

        /// What was counted in two runs is what one run would have counted to which all of it happened; only what is kept
        /// over time knows the seam.
        #[test]
        fn merged_runs_are_the_union(a in deeds(), b in deeds()) {
            let (x, y) = (All::run(&a), All::run(&b));
            let (both, merged) = (All::run(&[a.clone(), b].concat()), x.clone().merged(&y));
            let histogram = |h: &Histogram| (h.count(), h.sum(), h.min(), h.max(), h.values().collect::<Vec<_>>());
            prop_assert_eq!(merged.totals, both.totals);
            prop_assert_eq!(merged.link, both.link);
            prop_assert_eq!(histogram(&merged.node.latency), histogram(&both.node.latency));
            prop_assert_eq!(histogram(&merged.class.latency), histogram(&both.class.latency));
            prop_assert_eq!(merged.node.slowdown.classes(), both.node.slowdown.classes());
            prop_assert_eq!((merged.node.errors, merged.class.failed), (both.node.errors, both.class.failed));
            let time = |n: &NodeStats| n.levels.times.iter().sum::<u64>();
            prop_assert_eq!(time(&merged.node), merged.length);
            prop_assert_eq!(time(&both.node), both.length);
            let gauge = &merged.node.gauges[3];
            let (g, h) = (&x.node.gauges[3], &y.node.gauges[3]);
            let end = Time(1_000_000);
            prop_assert_eq!(gauge.integral(end), g.integral(end) + h.integral(end));
            prop_assert_eq!(g.integral(end), integral(&a));
            prop_assert_eq!(gauge.max(), g.max().max(h.max()));
        }

        #[test]
        fn what_went_over_a_link_since_then_is_a_difference(a in deeds(), b in deeds()) {
            let (before, more) = (All::run(&a).link, All::run(&b).link);
            let mut after = before;
            after.merge(&more);
            prop_assert_eq!(after.since(&before), more);
        }
    }
}
