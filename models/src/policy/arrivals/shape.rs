//! How the offered load changes in the course of time: ramps, days, crowds, and everybody at the full hour.
//!
//! Each is a factor on the rate, and factors multiply. Between two instants at which one of them bends, a factor is a straight
//! line or an exponential decay, so that the expected number of arrivals is integrated exactly: by a Gauss rule that is exact
//! for products of four lines, and over stretches of a decay so short that what the rule leaves out is below what a `f64` can
//! hold.

use crate::param::Ratio;
use crate::params;
use floodgate_core::{Duration, Time};

params! {
    /// The rate rises, or falls, in a straight line and stays there.
    pub struct Ramp {
        /// What it is multiplied by in the end.
        to: f64 = "2.0" in 0 ..= 1000000, live;
        /// When it begins, from the start of the run.
        at: Duration = "\"0s\"" in 0 ..= 31536000, live;
        /// How long it takes; 0 is a jump.
        over: Duration = "\"60s\"" in 0 ..= 31536000, live;
    }
}

params! {
    /// A point of a curve that repeats itself.
    pub struct Point {
        /// When, from the beginning of the period.
        at: Duration = "\"0s\"" in 0 ..= 31536000, live;
        /// What the rate is multiplied by then; between two points it goes in a straight line.
        factor: f64 = "1.0" in 0 ..= 1000000, live;
    }
}

params! {
    /// Everybody comes at once: a link on a front page, a sale, a goal.
    pub struct Crowd {
        /// What the rate is multiplied by at the height of it.
        peak: f64 = "10.0" in 0 ..= 1000000, live;
        /// When it begins, from the start of the run.
        at: Duration = "\"10s\"" in 0 ..= 31536000, live;
        /// How long it rises, in a straight line.
        rise: Duration = "\"1s\"" in 0 ..= 31536000, live;
        /// How long it stays.
        plateau: Duration = "\"10s\"" in 0 ..= 31536000, live;
        /// Then it loses interest exponentially, with this time constant; 0 is at once.
        decay: Duration = "\"10s\"" in 0 ..= 31536000, live;
    }
}

params! {
    /// Timers that all go off at the same time: a share of the load comes in the first moments of every period, the rest as
    /// ever. The load of a whole period stays what it is.
    pub struct FullHour {
        /// The share of the load that comes then.
        share: Ratio = "0.3" in 0 ..= 1, live;
        /// How long it takes until all of them have come.
        within: Duration = "\"5s\"" in 0.000001 ..= 31536000, live;
        /// How often: the period.
        every: Duration = "\"1h\"" in 1 ..= 31536000, live;
        /// When one of the periods begins, from the start of the run.
        first: Duration = "\"0s\"" in 0 ..= 31536000, live;
    }
}

/// All that shapes the load.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape<'a> {
    pub(super) ramp: Option<&'a Ramp>,
    pub(super) curve: &'a [Point],
    pub(super) curve_period: Duration,
    pub(super) crowd: Option<&'a Crowd>,
    pub(super) full_hour: Option<&'a FullHour>,
}

/// A factor on a stretch: `a + b·x` seconds after its beginning.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Line {
    a: f64,
    b: f64,
    /// Until when it holds.
    until: u64,
}

impl Line {
    const fn flat(a: f64, until: u64) -> Line {
        Line { a, b: 0.0, until }
    }

    /// Through `from` and `to`, which stand at these times; as seen at `now`.
    fn between((from, at): (f64, u64), (to, until): (f64, u64), now: u64) -> Line {
        let b = (to - from) / ((until - at) as f64 / 1e9);
        Line { a: from + b * ((now - at) as f64 / 1e9), b, until }
    }
}

/// A stretch on which no factor bends: `∏ (aᵢ + bᵢ·x)·(1 + c·e^(−x/τ))`.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    lines: [Line; 4],
    /// c and τ in seconds; c = 0 is without.
    decay: (f64, f64),
    until: u64,
}

/// Beyond so many time constants a crowd has gone: what is left of it is less than rounding.
const DECAYS_MAX: u64 = 50;
/// No run is longer than a year; what is beyond two does not come.
const HORIZON_NS: u64 = 63_072_000 * 1_000_000_000;

/// Nodes and weights of the Gauss-Legendre rule of eight points on [−1, 1], exact for polynomials up to degree 15.
const GAUSS: [(f64, f64); 4] = [
    (0.183_434_642_495_649_8, 0.362_683_783_378_362),
    (0.525_532_409_916_329, 0.313_706_645_877_887_3),
    (0.796_666_477_413_626_7, 0.222_381_034_453_374_48),
    (0.960_289_856_497_536_3, 0.101_228_536_290_376_26),
];

impl Stretch {
    fn factor(&self, x: f64) -> f64 {
        let lines: f64 = self.lines.iter().map(|line| line.a + line.b * x).product();
        match self.decay {
            (0.0, _) => lines,
            (c, tau) => lines * (1.0 + c * libm::exp(-x / tau)),
        }
    }

    /// ∫ of the factor from `from` to `to`, in seconds after the beginning.
    fn integral(&self, from: f64, to: f64) -> f64 {
        let (middle, half) = ((from + to) / 2.0, (to - from) / 2.0);
        let at = |(node, weight): &(f64, f64)| {
            weight * (self.factor(middle - half * node) + self.factor(middle + half * node))
        };
        half * GAUSS.iter().map(at).sum::<f64>()
    }

    fn is_flat(&self) -> bool {
        self.decay.0 == 0.0 && self.lines.iter().all(|line| line.b == 0.0)
    }

    /// How far from the beginning the integral comes to `wanted`, which is less than the integral up to `end`.
    fn reach(&self, wanted: f64, end: f64) -> f64 {
        if self.is_flat() {
            return wanted / self.factor(0.0);
        }
        let (mut low, mut high) = (0.0, end);
        let mut x = end / 2.0;
        // Newton's steps, which halve the interval instead wherever they would leave it.
        for _ in 0..100 {
            let missed = self.integral(0.0, x) - wanted;
            if missed < 0.0 {
                low = x
            } else {
                high = x
            }
            let step = x - missed / self.factor(x);
            let next = if step > low && step < high { step } else { low + (high - low) / 2.0 };
            if (next - x).abs() < 1e-10 || high - low < 1e-10 {
                return next;
            }
            x = next;
        }
        x
    }
}

impl Shape<'_> {
    /// Whether there is any.
    pub(super) fn is_plain(&self) -> bool {
        self.ramp.is_none() && self.curve.is_empty() && self.crowd.is_none() && self.full_hour.is_none()
    }

    /// The factor at a time.
    #[cfg(test)]
    fn factor(&self, at: Time) -> f64 {
        self.stretch(at.0).factor(0.0)
    }

    /// ∫ of the factor over `length` from `from` on, in seconds.
    pub(super) fn expected(&self, from: Time, length: Duration) -> f64 {
        let (mut now, end) = (from.0, from.0.saturating_add(length.0));
        let mut sum = 0.0;
        while now < end {
            let stretch = self.stretch(now);
            let until = stretch.until.min(end);
            sum += stretch.integral(0.0, (until - now) as f64 / 1e9);
            now = until;
        }
        sum
    }

    /// How long from `from` until the integral comes to `wanted` seconds; `None` when it never does.
    pub(super) fn reach(&self, from: Time, wanted: f64) -> Option<Duration> {
        let (mut now, mut left) = (from.0, wanted);
        while now < HORIZON_NS {
            let stretch = self.stretch(now);
            let end = (stretch.until.min(HORIZON_NS) - now) as f64 / 1e9;
            let there = stretch.integral(0.0, end);
            if left < there {
                let x = stretch.reach(left, end);
                return Some(Duration(now - from.0) + Duration::from_secs_f64(x));
            }
            left -= there;
            now = stretch.until;
        }
        None
    }

    fn stretch(&self, now: u64) -> Stretch {
        let (crowd, decay) = self.crowd_at(now);
        let lines = [self.ramp_at(now), self.curve_at(now), self.hour_at(now), crowd];
        let until = lines.iter().map(|line| line.until).min().unwrap_or(u64::MAX);
        Stretch { lines, decay, until }
    }

    fn ramp_at(&self, now: u64) -> Line {
        let Some(ramp) = self.ramp else { return Line::flat(1.0, u64::MAX) };
        let end = ramp.at.0 + ramp.over.0;
        match now {
            now if now < ramp.at.0 => Line::flat(1.0, ramp.at.0),
            now if now < end => Line::between((1.0, ramp.at.0), (ramp.to, end), now),
            _ => Line::flat(ramp.to, u64::MAX),
        }
    }

    fn curve_at(&self, now: u64) -> Line {
        let (Some(first), Some(last)) = (self.curve.first(), self.curve.last()) else {
            return Line::flat(1.0, u64::MAX);
        };
        if self.curve.len() == 1 {
            return Line::flat(first.factor, u64::MAX);
        }
        let period = self.curve_period.0;
        let start = now - now % period;
        let next = self.curve.partition_point(|point| point.at.0 <= now - start);
        // Before the first point of a period comes the last one of the period before; in the first period, that begins below
        // 0: both are moved on by a period.
        let (shift, from) = match next {
            0 => (period, (last.factor, last.at.0 + start)),
            n => (0, (self.curve[n - 1].factor, self.curve[n - 1].at.0 + start)),
        };
        let to = match self.curve.get(next) {
            Some(point) => (point.factor, point.at.0 + start + shift),
            None => (first.factor, first.at.0 + start + period),
        };
        let line = Line::between(from, to, now + shift);
        Line { until: line.until - shift, ..line }
    }

    fn hour_at(&self, now: u64) -> Line {
        let Some(hour) = self.full_hour else { return Line::flat(1.0, u64::MAX) };
        let (every, within) = (hour.every.0, hour.within.0.min(hour.every.0));
        let passed = (now + (every - hour.first.0 % every)) % every;
        let rest = 1.0 - hour.share.0;
        if passed < within {
            Line::flat(rest + hour.share.0 * (every as f64 / within as f64), now + (within - passed))
        } else {
            Line::flat(rest, now + (every - passed))
        }
    }

    /// The crowd as a line, or as 1 + c·e^(−x/τ) with the line at 1.
    fn crowd_at(&self, now: u64) -> (Line, (f64, f64)) {
        const NONE: (f64, f64) = (0.0, 1.0);
        let Some(crowd) = self.crowd else { return (Line::flat(1.0, u64::MAX), NONE) };
        let top = crowd.at.0 + crowd.rise.0;
        let end = top + crowd.plateau.0;
        let gone = end + crowd.decay.0 * DECAYS_MAX;
        let line = match now {
            now if now < crowd.at.0 => Line::flat(1.0, crowd.at.0),
            now if now < top => Line::between((1.0, crowd.at.0), (crowd.peak, top), now),
            now if now < end => Line::flat(crowd.peak, end),
            now if now < gone => {
                // By half a time constant at most, for the rule to be exact.
                let step = (crowd.decay.0 / 2).max(1);
                let until = end + ((now - end) / step + 1) * step;
                let tau = crowd.decay.0 as f64 / 1e9;
                let left = (crowd.peak - 1.0) * libm::exp(-((now - end) as f64 / 1e9) / tau);
                return (Line::flat(1.0, until.min(gone)), (left, tau));
            }
            _ => Line::flat(1.0, u64::MAX),
        };
        (line, NONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    fn seconds(s: f64) -> Duration {
        Duration::from_secs_f64(s)
    }

    fn everything() -> (Ramp, Vec<Point>, Crowd, FullHour) {
        let ramp = Ramp { to: 3.0, at: seconds(5.0), over: seconds(20.0) };
        let point = |at, factor| Point { at: seconds(at), factor };
        let curve = vec![point(1.0, 0.5), point(4.0, 2.0), point(8.5, 0.0)];
        let (rise, plateau) = (seconds(2.0), seconds(3.0));
        let crowd = Crowd { peak: 7.0, at: seconds(3.0), rise, plateau, decay: seconds(4.0) };
        let hour = FullHour { share: Ratio(0.4), within: seconds(0.5), every: seconds(7.0), first: seconds(14.0) };
        (ramp, curve, crowd, hour)
    }

    fn shape(all: &(Ramp, Vec<Point>, Crowd, FullHour)) -> Shape<'_> {
        let (ramp, curve, crowd, full_hour) = (Some(&all.0), all.1.as_slice(), Some(&all.2), Some(&all.3));
        Shape { ramp, curve, curve_period: seconds(10.0), crowd, full_hour }
    }

    /// By a sum of many small steps.
    fn by_steps(shape: &Shape<'_>, from: u64, to: u64) -> f64 {
        let step = 1_000_000;
        (from / step..to / step).map(|i| shape.factor(Time(i * step + step / 2)) * 1e-3).sum()
    }

    #[test]
    fn the_expected_number_is_the_integral_of_the_factor() {
        let all = everything();
        let shape = shape(&all);
        for (from, to) in [(0, 1), (0, 3), (2, 9), (8, 10), (9, 11), (0, 40), (33, 34), (100, 300), (399, 401)] {
            let exact = shape.expected(Time(from * S), Duration((to - from) * S));
            let steps = by_steps(&shape, from * S, to * S);
            // A jump within a step is off by half a step at most.
            assert!((exact - steps).abs() < 1e-3 * (1.0 + steps), "{from}..{to}: {exact}, by steps {steps}");
        }
    }

    #[test]
    fn the_way_there_is_the_inverse_of_the_integral() {
        let all = everything();
        let shape = shape(&all);
        for from in [0, 2, 5, 8, 12, 60] {
            for wanted in [1e-9, 1e-6, 0.01, 0.7, 3.0, 50.0, 2000.0] {
                let from = Time(from * S + 17);
                let way = shape.reach(from, wanted).expect("there is load for ever");
                let error = (shape.expected(from, way) - wanted).abs();
                let rate = shape.factor(from + way).max(0.01);
                assert!(error < 2e-9 * rate + 1e-12 * wanted, "{from}, {wanted}: off by {error}");
            }
        }
    }

    #[test]
    fn cutting_changes_nothing() {
        let all = everything();
        let shape = shape(&all);
        let whole = shape.expected(Time(0), seconds(47.0));
        let parts: f64 = (0..4700).map(|i| shape.expected(Time(i * S / 100), Duration(S / 100))).sum();
        assert!((whole - parts).abs() < 1e-10 * whole, "{whole}, in parts {parts}");
    }

    #[test]
    fn each_shape_is_what_it_says() {
        let (ramp, curve, crowd, hour) = everything();
        let none = Shape { ramp: None, curve: &[], curve_period: seconds(10.0), crowd: None, full_hour: None };
        let near = |got: f64, expected: f64| assert!((got - expected).abs() < 1e-9, "{got}, expected {expected}");
        assert!(none.is_plain());
        near(none.expected(Time(3), seconds(5.0)), 5.0);
        let up = Shape { ramp: Some(&ramp), ..none };
        [(0.0, 1.0), (5.0, 1.0), (15.0, 2.0), (25.0, 3.0), (99.0, 3.0)]
            .iter()
            .for_each(|(at, factor)| near(up.factor(Time::from_secs_f64(*at)), *factor));
        near(up.expected(Time(0), seconds(30.0)), 5.0 + 40.0 + 15.0);
        let day = Shape { curve: &curve, ..none };
        // At 0 it is between the last point of the day before and the first: 0 at −1.5, 0.5 at 1.
        [(0.0, 0.3), (1.0, 0.5), (2.5, 1.25), (4.0, 2.0), (8.5, 0.0), (9.5, 0.2), (10.0, 0.3), (21.0, 0.5)]
            .iter()
            .for_each(|(at, factor)| near(day.factor(Time::from_secs_f64(*at)), *factor));
        near(day.expected(Time(0), seconds(10.0)), 3.0 * 1.25 + 4.5 * 1.0 + 2.5 * 0.25);
        let flash = Shape { crowd: Some(&crowd), ..none };
        [(3.0, 1.0), (4.0, 4.0), (6.0, 7.0), (8.0, 7.0)]
            .iter()
            .for_each(|(at, factor)| near(flash.factor(Time::from_secs_f64(*at)), *factor));
        near(flash.factor(Time(12 * S)), 1.0 + 6.0 * libm::exp(-1.0));
        near(flash.expected(Time(8 * S), seconds(4000.0)), 4000.0 + 6.0 * 4.0);
        let sharp = Shape { full_hour: Some(&hour), ..none };
        near(sharp.factor(Time(7 * S)), 0.6 + 0.4 * 14.0);
        near(sharp.factor(Time(8 * S)), 0.6);
        near(sharp.expected(Time(0), seconds(70.0)), 70.0);
        let late = FullHour { first: seconds(3.0), ..hour };
        let sharp = Shape { full_hour: Some(&late), ..none };
        near(sharp.factor(Time(2 * S)), 0.6);
        near(sharp.factor(Time(10 * S)), 0.6 + 0.4 * 14.0);
        near(sharp.expected(Time(0), seconds(70.0)), 70.0);
    }

    #[test]
    fn where_nobody_comes_nothing_is_waited_for() {
        let ramp = Ramp { to: 0.0, at: Duration::ZERO, over: seconds(10.0) };
        let shape = Shape { ramp: Some(&ramp), curve: &[], curve_period: seconds(1.0), crowd: None, full_hour: None };
        // Half of ten seconds are left in all.
        assert!(shape.reach(Time(0), 4.999_999).is_some());
        assert_eq!(shape.reach(Time(0), 5.000_001), None);
        assert_eq!(shape.reach(Time(11 * S), 1e-9), None);
    }
}
