//! Virtual time: whole nanoseconds in a `u64`.
//!
//! Integers make the order of events exact and the same on every target; 2⁶⁴ ns are 584 years. Arithmetic saturates at
//! [`Time::MAX`], which means "never".

use serde::{Deserialize, Serialize};
use std::fmt;

/// An instant of virtual time, in nanoseconds since the start of the run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub u64);

/// A length of virtual time, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Duration(pub u64);

/// `x` rounded to the nearest whole number, an exact half to the even one; negative and NaN give zero, too large the largest.
#[inline(always)]
fn round(x: f64) -> u64 {
    /// From here on up to twice as much, a float's last bit is worth one: adding it rounds, by the rule of IEEE 754 that holds
    /// on every target.
    const WHOLE: f64 = (1u64 << 52) as f64;
    /// What is no such number.
    #[cold]
    #[inline(never)]
    fn beyond(x: f64) -> u64 {
        // What a half would round up to that limit is still below it.
        if (0.0..WHOLE).contains(&x) { (x + WHOLE).to_bits() - WHOLE.to_bits() } else { x as u64 }
    }
    // Less than nothing, and what is not a number, wrap round to more than any number.
    let rounded = (x + WHOLE).to_bits().wrapping_sub(WHOLE.to_bits());
    if rounded < 1 << 52 { rounded } else { beyond(x) }
}

impl Time {
    /// The start of every run.
    pub const ZERO: Time = Time(0);
    /// Later than any event: "never".
    pub const MAX: Time = Time(u64::MAX);

    /// The instant `seconds` after the start; negative and NaN give zero, too large gives [`Time::MAX`].
    #[must_use]
    pub fn from_secs_f64(seconds: f64) -> Time {
        Time(Duration::from_secs_f64(seconds).0)
    }

    /// Seconds since the start, for people; not for arithmetic.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The length of time from `earlier` to here; zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Time) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl Duration {
    /// No time at all.
    pub const ZERO: Duration = Duration(0);
    /// Longer than any run.
    pub const MAX: Duration = Duration(u64::MAX);

    /// `nanoseconds` as a duration.
    #[must_use]
    pub const fn from_nanos(nanoseconds: u64) -> Duration {
        Duration(nanoseconds)
    }

    /// `milliseconds` as a duration.
    #[must_use]
    pub const fn from_millis(milliseconds: u64) -> Duration {
        Duration(milliseconds.saturating_mul(1_000_000))
    }

    /// `seconds` as a duration.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Duration {
        Duration(seconds.saturating_mul(1_000_000_000))
    }

    /// `seconds` rounded to the nearest nanosecond; negative and NaN give zero, too large gives [`Duration::MAX`].
    #[must_use]
    pub fn from_secs_f64(seconds: f64) -> Duration {
        Duration(round(seconds * 1e9))
    }

    /// Seconds, for people and for statistics.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Milliseconds, for people and for statistics.
    #[must_use]
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// This duration times `factor`, rounded to the nearest nanosecond and never negative.
    #[must_use]
    #[inline]
    pub fn scaled(self, factor: f64) -> Duration {
        // Most factors are one or zero: nothing is slow, nothing comes after. Beyond 2⁵³ even one rounds.
        if self.0 < 1 << 53 {
            if factor == 1.0 {
                return self;
            }
            if factor == 0.0 {
                return Duration::ZERO;
            }
        }
        self.scaled_by_any(factor)
    }

    /// As [`Duration::scaled`], for factors that are hardly ever one or zero.
    #[must_use]
    #[inline(always)]
    pub fn scaled_by_any(self, factor: f64) -> Duration {
        // Up to 292 years a signed conversion is the same, and one instruction.
        if self.0 >= 1 << 63 {
            return self.long_scaled(factor);
        }
        Duration(round(self.0 as i64 as f64 * factor))
    }

    #[cold]
    #[inline(never)]
    fn long_scaled(self, factor: f64) -> Duration {
        Duration(round(self.0 as f64 * factor))
    }
}

impl std::ops::Add<Duration> for Time {
    type Output = Time;
    fn add(self, length: Duration) -> Time {
        Time(self.0.saturating_add(length.0))
    }
}

impl std::ops::Add for Duration {
    type Output = Duration;
    fn add(self, other: Duration) -> Duration {
        Duration(self.0.saturating_add(other.0))
    }
}

impl std::ops::Sub for Duration {
    type Output = Duration;
    fn sub(self, other: Duration) -> Duration {
        Duration(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Duration {
    /// The shortest exact form with a unit: `250ms`, `1.5s`, `90s`, `17ns`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ns = self.0;
        let (unit, name) = match ns {
            0 => return f.write_str("0s"),
            _ if ns >= 1_000_000_000 => (1_000_000_000, "s"),
            _ if ns >= 1_000_000 => (1_000_000, "ms"),
            _ if ns >= 1_000 => (1_000, "us"),
            _ => (1, "ns"),
        };
        let (whole, rest) = (ns / unit, ns % unit);
        if rest == 0 {
            return write!(f, "{whole}{name}");
        }
        let digits = unit.ilog10() as usize;
        let fraction = format!("{rest:0digits$}");
        write!(f, "{whole}.{}{name}", fraction.trim_end_matches('0'))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Duration(self.0).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_shown_exactly() {
        for (ns, text) in [
            (0, "0s"),
            (17, "17ns"),
            (1_500, "1.5us"),
            (250_000_000, "250ms"),
            (90_000_000_000, "90s"),
            (1_000_000_001, "1.000000001s"),
        ] {
            assert_eq!(Duration(ns).to_string(), text);
        }
    }

    #[test]
    fn rounding_agrees_with_the_library() {
        let special = [
            0.0,
            -0.0,
            0.499_999_999_999_999_94,
            0.5,
            1.5,
            -0.5,
            -0.7,
            -1e300,
            4_503_599_627_370_495.5,
            4_503_599_627_370_497.0,
            9_007_199_254_740_993.0,
            8.999_999_999_999_999e18,
            9e18,
            1.8e19,
            1.9e19,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
        ];
        for x in special {
            assert_eq!(round(x), x.round_ties_even() as u64, "{x}");
        }
        let mut draws = crate::rng::Draws::new(1, 2);
        for _ in 0..1_000_000 {
            let x = f64::from_bits(crate::rng::Source::next_u64(&mut draws));
            assert_eq!(round(x), x.round_ties_even() as u64, "{x}");
            let x = crate::rng::Source::unit(&mut draws) * 1e10;
            assert_eq!(round(x), x.round_ties_even() as u64, "{x}");
            let length = crate::rng::Source::next_u64(&mut draws) >> (x as u64 & 63);
            for factor in [0.0, 0.25, 1.0, 4.0] {
                let exact = (length as f64 * factor).round_ties_even() as u64;
                assert_eq!(Duration(length).scaled(factor).0, exact, "{length} times {factor}");
            }
        }
    }

    #[test]
    fn arithmetic_saturates_at_never() {
        assert_eq!(Time::MAX + Duration(1), Time::MAX);
        assert_eq!(Duration::from_secs_f64(f64::INFINITY), Duration::MAX);
        assert_eq!(Duration::from_secs_f64(f64::NAN), Duration::ZERO);
        assert_eq!(Duration::from_secs_f64(-1.0), Duration::ZERO);
        assert_eq!(Time(1).since(Time(2)), Duration::ZERO);
    }
}
