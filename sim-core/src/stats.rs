//! Statistics in integers: counts, nanoseconds and histogram buckets, so that they are exact, mergeable and the same
//! everywhere.

mod class;
mod gauges;
mod merge;
mod population;
mod sparse;

pub use class::{CLASSES_MAX, ClassStats};
pub use gauges::{GAUGES_MAX, Gauges};
pub use population::Population;
pub use sparse::SparseHistogram;

use crate::outcome::Code;
use crate::rng::wide;
use crate::time::{Duration, Time};

const SUB_BITS: u32 = 7;
const SUB: usize = 1 << SUB_BITS;

/// A log-linear histogram of lengths of time with 128 buckets per octave: a reported value is at most 0.4 % from the true one
/// (the middle of a bucket that is 0.8 % wide). Octaves are allocated when something falls into them or beyond them: those
/// between the smallest and the largest value are there, at most 58 of 512 bytes.
#[derive(Clone, Debug)]
pub struct Histogram {
    /// Number of the first bucket that is there; a multiple of [`SUB`].
    first: usize,
    buckets: Vec<u32>,
    count: u64,
    sum: u128,
    /// The values so far, if there are any, lie in a range that begins here and is so wide: one comparison says whether
    /// another one does.
    min: u64,
    span: u64,
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram { first: 0, buckets: Vec::new(), count: 0, sum: 0, min: u64::MAX, span: 0 }
    }
}

/// The number of the bucket that `value` falls into.
#[inline(always)]
fn bucket_of(value: u64) -> usize {
    // Octaves 0 and 1 are of the same width, so the leading bit of the others adds the one octave that is missing.
    let shift = (value | SUB as u64).ilog2() - SUB_BITS;
    ((shift as usize) << SUB_BITS) + (value >> shift) as usize
}

/// A bucket that has come to the end of what it can count stays there.
#[cold]
fn saturate(counted: &mut u32) {
    *counted = u32::MAX;
}

/// The middle of a bucket.
fn middle(bucket: usize) -> u64 {
    let (octave, sub) = (bucket >> SUB_BITS, bucket & (SUB - 1));
    if octave == 0 {
        return sub as u64;
    }
    let shift = octave - 1;
    (((SUB + sub) as u64) << shift) + ((1u64 << shift) >> 1)
}

impl Histogram {
    /// Counts one value.
    #[inline(always)]
    pub fn record(&mut self, value: Duration) {
        let value = value.0;
        let bucket = bucket_of(value);
        match self.buckets.get_mut(bucket.wrapping_sub(self.first)) {
            Some(counted) if value.wrapping_sub(self.min) <= self.span => {
                *counted = counted.wrapping_add(1);
                if *counted == 0 {
                    saturate(counted);
                }
            }
            _ => self.record_extreme(value, bucket),
        }
        self.count += 1;
        self.sum += u128::from(value);
    }

    /// Counts a value that is smaller or larger than all before it.
    #[cold]
    fn record_extreme(&mut self, value: u64, bucket: usize) {
        self.extend(value, value);
        if bucket.wrapping_sub(self.first) >= self.buckets.len() {
            self.reach(bucket);
        }
        let counted = &mut self.buckets[bucket - self.first];
        *counted = counted.saturating_add(1);
    }

    /// There are values from `low` to `high`.
    fn extend(&mut self, low: u64, high: u64) {
        let high = if self.count > 0 { high.max(self.min + self.span) } else { high };
        self.min = self.min.min(low);
        self.span = high - self.min;
    }

    /// Makes room for the octave of `bucket` and those between it and the others.
    #[cold]
    fn reach(&mut self, bucket: usize) {
        let octave = bucket & !(SUB - 1);
        if self.buckets.is_empty() {
            self.first = octave;
        }
        if octave < self.first {
            let more = self.first - octave;
            self.buckets.splice(0..0, std::iter::repeat_n(0, more));
            self.first = octave;
        }
        let end = octave + SUB - self.first;
        if end > self.buckets.len() {
            self.buckets.reserve_exact(end - self.buckets.len());
            self.buckets.resize(end, 0);
        }
    }

    /// How many values were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their sum in nanoseconds.
    #[must_use]
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// The exact mean; `None` without values.
    #[must_use]
    pub fn mean(&self) -> Option<Duration> {
        (self.count > 0).then(|| Duration((self.sum / u128::from(self.count)) as u64))
    }

    /// The largest value, exact.
    #[must_use]
    pub fn max(&self) -> Option<Duration> {
        (self.count > 0).then_some(Duration(self.min + self.span))
    }

    /// The smallest value, exact.
    #[must_use]
    pub fn min(&self) -> Option<Duration> {
        (self.count > 0).then_some(Duration(self.min))
    }

    /// The value below or at which the share `q` of all values lies (nearest rank); `None` without values.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        if self.count == 0 {
            return None;
        }
        let rank = ((q.clamp(0.0, 1.0) * self.count as f64).ceil() as u64).clamp(1, self.count);
        let mut seen = 0u64;
        for (bucket, &counted) in self.buckets.iter().enumerate() {
            seen += u64::from(counted);
            if seen >= rank {
                return Some(Duration(middle(self.first + bucket).clamp(self.min, self.min + self.span)));
            }
        }
        self.max()
    }

    /// Bytes of the buckets.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.buckets.len() * 4
    }

    /// The share of the values that are at most `limit`, to the resolution of a bucket; exact for limits below 128 ns.
    /// `None` without values.
    #[must_use]
    pub fn share_at_most(&self, limit: Duration) -> Option<f64> {
        let below: u64 = self.values().filter(|(value, _)| *value <= limit).map(|(_, count)| count).sum();
        (self.count > 0).then(|| below as f64 / self.count as f64)
    }

    /// The `n`-th moment in secondsⁿ, from the middles of the buckets; `None` without values.
    #[must_use]
    pub fn moment(&self, n: i32) -> Option<f64> {
        let sum: f64 = self.values().map(|(value, count)| value.as_secs_f64().powi(n) * count as f64).sum();
        (self.count > 0).then(|| sum / self.count as f64)
    }

    /// The buckets that hold something, from small to large: their middle, and how many values they hold.
    pub fn values(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        let value = |(bucket, &count): (usize, &u32)| (Duration(middle(self.first + bucket)), u64::from(count));
        self.buckets.iter().enumerate().filter(|(_, count)| **count > 0).map(value)
    }

    /// Adds the values of `other`.
    pub fn merge(&mut self, other: &Histogram) {
        self.combine(other, u32::saturating_add);
        if other.count > 0 {
            self.extend(other.min, other.min + other.span);
        }
        self.count += other.count;
        self.sum += other.sum;
    }

    /// The values counted since `earlier` was copied from this histogram. Its minimum and maximum are those of the buckets.
    #[must_use]
    pub fn since(&self, earlier: &Histogram) -> Histogram {
        let mut window = self.clone();
        window.combine(earlier, u32::saturating_sub);
        window.count -= earlier.count.min(window.count);
        window.sum -= earlier.sum.min(window.sum);
        (window.min, window.span) = (u64::MAX, 0);
        let mut there = window.buckets.iter().enumerate().filter(|(_, count)| **count > 0).map(|(bucket, _)| bucket);
        if let Some(low) = there.next() {
            let high = there.next_back().unwrap_or(low);
            let value = |bucket: usize| middle(self.first + bucket).clamp(self.min, self.min + self.span);
            (window.min, window.span) = (value(low), value(high) - value(low));
        }
        window
    }

    fn combine(&mut self, other: &Histogram, op: impl Fn(u32, u32) -> u32) {
        for (bucket, &count) in other.buckets.iter().enumerate().filter(|(_, count)| **count > 0) {
            let bucket = other.first + bucket;
            if bucket.wrapping_sub(self.first) >= self.buckets.len() {
                self.reach(bucket);
            }
            let mine = &mut self.buckets[bucket - self.first];
            *mine = op(*mine, count);
        }
    }
}

/// A number that changes at instants, with its mean over time.
///
/// Its integral up to now is the value times now, less the rises times when they came, plus the falls times when they came:
/// where it rises and falls by one, as most gauges do, a change is two additions.
#[derive(Clone, Copy, Debug, Default)]
// In this order, so that what every change touches is in one line of cache: see `NodeStats`.
#[repr(C)]
pub struct Gauge {
    /// The largest before the window.
    max: u64,
    /// The integral is `moment` alone, and stays so.
    settled: bool,
    /// Falls times when they came, less rises times when they came; wraps round below zero.
    moment: u128,
    value: u64,
    window_min: u64,
    window_max: u64,
}

impl Gauge {
    /// The value changes to `value` at `now`.
    #[inline(always)]
    pub fn set(&mut self, value: u64, now: Time) {
        self.moment = self.moment.wrapping_add(area(self.value, now)).wrapping_sub(area(value, now));
        self.value = value;
        if value < self.window_min || value > self.window_max {
            self.extend(value);
        }
    }

    /// The value becomes one more at `now`.
    #[inline(always)]
    pub fn rise(&mut self, now: Time) {
        self.moment = self.moment.wrapping_sub(u128::from(now.0));
        self.value += 1;
        if self.value > self.window_max {
            self.extend(self.value);
        }
    }

    /// The value, which is not zero, becomes one less at `now`.
    #[inline(always)]
    pub fn fall(&mut self, now: Time) {
        self.moment = self.moment.wrapping_add(u128::from(now.0));
        self.value -= 1;
        if self.value < self.window_min {
            self.extend(self.value);
        }
    }

    #[cold]
    fn extend(&mut self, value: u64) {
        self.window_min = self.window_min.min(value);
        self.window_max = self.window_max.max(value);
    }

    /// The value now.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.value
    }

    /// The largest value so far.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.max.max(self.window_max)
    }

    /// The smallest value since the last [`Gauge::start_window`], what stood there then and what lasted no time included.
    #[must_use]
    pub fn window_min(&self) -> u64 {
        self.window_min
    }

    /// The largest value since the last [`Gauge::start_window`].
    #[must_use]
    pub fn window_max(&self) -> u64 {
        self.window_max
    }

    /// Integral over time up to `now`, in value·ns.
    #[must_use]
    pub fn integral(&self, now: Time) -> u128 {
        if self.settled { self.moment } else { self.moment.wrapping_add(area(self.value, now)) }
    }

    /// Begins a window for [`Gauge::window_min`] and [`Gauge::window_max`].
    pub fn start_window(&mut self) {
        self.max = self.max();
        (self.window_min, self.window_max) = (self.value, self.value);
    }

    fn restart(&mut self, now: Time) {
        let (value, moment) = (self.value, area(self.value, now).wrapping_neg());
        *self = Gauge { value, moment, settled: false, max: value, window_min: value, window_max: value };
    }
}

/// What a value that has stood from the start until `now` adds up to.
#[inline(always)]
fn area(value: u64, now: Time) -> u128 {
    let (high, low) = wide(value, now.0);
    u128::from(high) << 64 | u128::from(low)
}

/// Levels that are told apart; what is above counts as the last.
const LEVELS: usize = 1024;

/// How long a number stood at each of its values: the distribution over time of what a [`Gauge`] gives the mean of.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    value: u64,
    since: u64,
    /// Time spent at each level, in ns; grows to the highest level seen, at most 1024.
    times: Vec<u64>,
    /// How often it rose from 0: busy periods begun.
    rises: u64,
}

impl Levels {
    /// The value changes to `value` at `now`.
    #[inline]
    pub fn set(&mut self, value: u64, now: Time) {
        self.rises += u64::from(self.value == 0 && value > 0);
        let place = (self.value as usize).min(LEVELS - 1);
        if place >= self.times.len() {
            self.times.resize(place + 1, 0);
        }
        self.times[place] += now.0 - self.since;
        self.since = now.0;
        self.value = value;
    }

    /// The value now.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.value
    }

    /// How long it has been at each level up to `now`, from 0 on; the last of 1024 stands for all above it.
    pub fn times(&self, now: Time) -> impl Iterator<Item = (u64, Duration)> + '_ {
        let place = (self.value as usize).min(LEVELS - 1);
        let rest = now.0.saturating_sub(self.since);
        let time = move |level: usize| {
            let so_far = self.times.get(level).copied().unwrap_or(0);
            Duration(so_far + if level == place { rest } else { 0 })
        };
        (0..self.times.len().max(place + 1)).map(move |level| (level as u64, time(level)))
    }

    /// The share of the time that it was at `level` or above; `None` before any time has passed.
    #[must_use]
    pub fn share_at_least(&self, level: u64, now: Time) -> Option<f64> {
        let (mut above, mut all) = (0u64, 0u64);
        for (l, time) in self.times(now) {
            all += time.0;
            above += if l >= level { time.0 } else { 0 };
        }
        (all > 0).then(|| above as f64 / all as f64)
    }

    /// How often it rose from 0.
    #[must_use]
    pub fn rises(&self) -> u64 {
        self.rises
    }

    fn restart(&mut self, now: Time) {
        *self = Levels { value: self.value, since: now.0, times: Vec::new(), rises: 0 };
    }
}

/// Sojourn times by demand: how a discipline treats small and large jobs. Demands are told apart by the power of two of
/// their nanoseconds.
#[derive(Clone, Debug, Default)]
pub struct Slowdown {
    classes: Vec<DemandClass>,
}

/// Jobs of about the same demand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DemandClass {
    /// How many.
    pub count: u64,
    /// Their demands together, in ns.
    pub demand_ns: u128,
    /// Their sojourn times together, in ns.
    pub sojourn_ns: u128,
}

impl Slowdown {
    /// Counts a job.
    #[inline]
    pub fn record(&mut self, demand: Duration, sojourn: Duration) {
        let place = 64 - demand.0.leading_zeros() as usize;
        if place >= self.classes.len() {
            self.classes.resize(place + 1, DemandClass::default());
        }
        let class = &mut self.classes[place];
        class.count += 1;
        class.demand_ns += u128::from(demand.0);
        class.sojourn_ns += u128::from(sojourn.0);
    }

    /// Class n holds demands from 2ⁿ⁻¹ ns to below 2ⁿ ns; class 0 those of nothing. At most 65.
    #[must_use]
    pub fn classes(&self) -> &[DemandClass] {
        &self.classes
    }
}

/// Counts by [`Code`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CodeCounts([u64; 10]);

impl CodeCounts {
    /// Counts one.
    #[inline]
    pub fn add(&mut self, code: Code) {
        self.0[code as usize] += 1;
    }

    /// How many of `code`.
    #[must_use]
    pub fn get(&self, code: Code) -> u64 {
        self.0[code as usize]
    }

    /// How many in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Those since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &CodeCounts) -> CodeCounts {
        let mut difference = *self;
        for (d, e) in difference.0.iter_mut().zip(earlier.0) {
            *d -= e.min(*d);
        }
        difference
    }

    /// Codes with their counts, those that occurred.
    pub fn iter(&self) -> impl Iterator<Item = (Code, u64)> + '_ {
        Code::ALL.iter().map(|&c| (c, self.get(c))).filter(|(_, n)| *n > 0)
    }
}

/// What a node has done since the statistics started.
#[derive(Clone, Debug, Default)]
// In this order: what an event touches comes first and lies together, in as few lines of cache as there can be. Where there are
// thousands of nodes, that is what an event waits for.
#[repr(C)]
pub struct NodeStats {
    /// Work done, in ns of a worker (or core).
    pub busy_ns: u128,
    /// Sojourn times of what was answered well.
    pub latency: Histogram,
    /// Calls that arrived (of a node that calls come to), or roots born (of a client).
    pub offered: u64,
    /// Those of them that no retry caused, here or above.
    pub offered_first: u64,
    /// Answered well.
    pub answered: u64,
    /// Answered well, in time, for someone who still waited (roots only).
    pub goodput: u64,
    /// Calls it sent.
    pub sent: u64,
    /// Answers to it that came when it no longer waited.
    pub late: u64,
    /// Gauges, by slot.
    pub gauges: Gauges,
    /// Answered with an error, by code.
    pub errors: CodeCounts,
    /// Errors of its own calls, as it saw them.
    pub caller_errors: CodeCounts,
    /// How long calls waited for somebody to take them up, where a node says so.
    pub wait: Histogram,
    /// How long how many calls were there, where a node says so.
    pub levels: Levels,
    /// Sojourn times by demand, where a node says so.
    pub slowdown: Slowdown,
}

impl NodeStats {
    pub(crate) fn restart(&mut self, now: Time) {
        let mut gauges = std::mem::take(&mut self.gauges);
        gauges.iter_mut().for_each(|gauge| gauge.restart(now));
        let mut levels = std::mem::take(&mut self.levels);
        levels.restart(now);
        *self = NodeStats { gauges, levels, ..NodeStats::default() };
    }
}

/// What went over a link since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
// What is frequent comes first.
#[repr(C)]
pub struct LinkStats {
    /// Calls that no retry caused.
    pub calls_first: u64,
    /// Good answers accepted.
    pub ok: u64,
    /// Calls that a retry caused, here or above.
    pub calls_retry: u64,
    /// Errors answered.
    pub errors: u64,
    /// Calls given up by the caller.
    pub timeouts: u64,
    /// Answers that came too late.
    pub late: u64,
}

/// The whole run. Counts are of roots born since the statistics started, so that
/// `born = answered + failed + in_flight` holds at every instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Roots born.
    pub born: u64,
    /// Roots answered well.
    pub answered: u64,
    /// Roots answered well and in time.
    pub goodput: u64,
    /// Roots that ended otherwise.
    pub failed: u64,
    /// Roots that have not ended.
    pub in_flight: u64,
    /// Attempts sent for roots.
    pub attempts: u64,
    /// Work done, in ns.
    pub busy_ns: u128,
    /// Work that served an answer somebody got.
    pub useful_ns: u128,
    /// Work that served nobody.
    pub wasted_ns: u128,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Draws, Source};

    #[test]
    fn quantiles_are_within_the_stated_error_of_exact_ones() {
        let mut source = Draws::new(1, 2);
        let mut values: Vec<u64> = (0..50_000).map(|_| source.next_u64() >> (source.next_u64() % 60)).collect();
        let mut histogram = Histogram::default();
        values.iter().for_each(|&v| histogram.record(Duration(v)));
        values.sort_unstable();
        for q in [0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0] {
            let rank = ((q * values.len() as f64).ceil() as usize).clamp(1, values.len());
            let exact = values[rank - 1] as f64;
            let got = histogram.quantile(q).map_or(-1.0, |d| d.0 as f64);
            assert!((got - exact).abs() <= exact * 0.004 + 0.5, "q {q}: {got} against {exact}");
        }
        assert_eq!(histogram.max(), values.last().map(|&v| Duration(v)));
        let mut buckets_only = Histogram::default();
        buckets_only.record(Duration(u64::MAX));
        assert_eq!(buckets_only.quantile(0.5), Some(Duration(u64::MAX)));
    }

    #[test]
    fn a_window_is_the_difference_of_two_copies() {
        let (mut all, mut second) = (Histogram::default(), Histogram::default());
        for v in 1..1000u64 {
            all.record(Duration(v * 977));
        }
        let earlier = all.clone();
        for v in 1..500u64 {
            all.record(Duration(v * 31_337));
            second.record(Duration(v * 31_337));
        }
        let window = all.since(&earlier);
        assert_eq!((window.count(), window.sum()), (second.count(), second.sum()));
        assert_eq!(window.quantile(0.5), second.quantile(0.5));
        let mut merged = earlier.clone();
        merged.merge(&second);
        assert_eq!(merged.quantile(0.9), all.quantile(0.9));
    }

    #[test]
    fn moments_and_shares_come_from_the_buckets() {
        let mut histogram = Histogram::default();
        assert_eq!((histogram.moment(1), histogram.share_at_most(Duration(5))), (None, None));
        for v in [0, 0, 0, 2_000_000_000, 4_000_000_000] {
            histogram.record(Duration(v));
        }
        assert_eq!(histogram.share_at_most(Duration::ZERO), Some(0.6));
        assert_eq!(histogram.share_at_most(Duration::from_secs(3)), Some(0.8));
        let second = histogram.moment(2).expect("values");
        assert!((second - 4.0).abs() < 0.04, "{second}");
        assert_eq!(histogram.values().map(|(_, n)| n).collect::<Vec<_>>(), [3, 1, 1]);
    }

    #[test]
    fn levels_count_time_and_busy_periods() {
        let mut levels = Levels::default();
        for (value, at) in [(1, 10), (2, 15), (0, 20), (5000, 30)] {
            levels.set(value, Time(at));
        }
        let times: Vec<_> = levels.times(Time(32)).filter(|(_, t)| t.0 > 0).map(|(l, t)| (l, t.0)).collect();
        assert_eq!(times, [(0, 20), (1, 5), (2, 5), (1023, 2)]);
        assert_eq!((levels.rises(), levels.value()), (2, 5000));
        assert_eq!(levels.share_at_least(1, Time(40)), Some(0.5));
        levels.restart(Time(40));
        assert_eq!((levels.share_at_least(1, Time(40)), levels.share_at_least(1, Time(41))), (None, Some(1.0)));
    }

    #[test]
    fn slowdown_keeps_demands_apart_by_powers_of_two() {
        let mut slowdown = Slowdown::default();
        for (demand, sojourn) in [(0, 7), (4, 8), (7, 9), (8, 10)] {
            slowdown.record(Duration(demand), Duration(sojourn));
        }
        let class = |count, demand_ns, sojourn_ns| DemandClass { count, demand_ns, sojourn_ns };
        assert_eq!(slowdown.classes()[0], class(1, 0, 7));
        assert_eq!(slowdown.classes()[3..], [class(2, 11, 17), class(1, 8, 10)]);
    }

    #[test]
    fn gauges_integrate_over_time() {
        let mut gauge = Gauge::default();
        gauge.set(4, Time(10));
        gauge.set(1, Time(20));
        assert_eq!(gauge.integral(Time(30)), 50);
        assert_eq!((gauge.max(), gauge.value()), (4, 1));
        assert_eq!((gauge.window_min(), gauge.window_max()), (0, 4));
        gauge.start_window();
        assert_eq!((gauge.window_min(), gauge.window_max()), (1, 1));
        gauge.set(3, Time(40));
        gauge.set(2, Time(40));
        assert_eq!((gauge.window_min(), gauge.window_max()), (1, 3));
    }
}
