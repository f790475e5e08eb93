//! Distributions, sampled without `std`'s transcendental functions so that every target draws the same bits.
//!
//! `f64::ln` and friends differ between x86-64 and wasm32; `libm`'s are the same everywhere, and `+ − × ÷ sqrt` are exact by
//! IEEE 754. Exponential and normal use the ziggurat of Marsaglia and Tsang (2000) with 256 layers, its tables computed once
//! through `libm`.

mod layers;

use crate::rng::Source;
use crate::time::Duration;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// A distribution of lengths of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Dist {
    /// Always the same.
    Constant(Duration),
    /// Uniform between the two, both included as limits.
    Uniform(Duration, Duration),
    /// Exponential with this mean.
    Exponential(Duration),
    /// Sum of `k` exponentials, with this mean in all; scv = 1/k.
    Erlang {
        /// Mean of the sum.
        mean: Duration,
        /// Number of stages, at least 1.
        k: u32,
    },
    /// Two exponential branches with balanced means; scv ≥ 1.
    Hyperexponential {
        /// Mean.
        mean: Duration,
        /// Squared coefficient of variation, at least 1.
        scv: f64,
    },
    /// Lognormal given by mean and squared coefficient of variation: σ² = ln(1 + scv), μ = ln(mean) − σ²/2.
    Lognormal {
        /// Mean.
        mean: Duration,
        /// Squared coefficient of variation.
        scv: f64,
    },
    /// Pareto's law cut off at both ends: F(x) = (1 − (min/x)ˢ)/(1 − (min/max)ˢ). Most are small, a few make up most of the
    /// work.
    Pareto {
        /// The exponent of the tail; the smaller, the heavier.
        shape: f64,
        /// The smallest, above 0.
        min: Duration,
        /// The largest.
        max: Duration,
    },
    /// Weibull's law by its mean: F(x) = 1 − exp(−(x/scale)ˢ), mean = scale·Γ(1 + 1/s).
    Weibull {
        /// Mean.
        mean: Duration,
        /// Below 1 a heavier tail than exponential, 1 exponential, above 1 a lighter one.
        shape: f64,
    },
    /// By quantiles, with straight lines between them: shares from 0 to 1 and what lies at them, both in ascending order.
    Empirical(Box<[(f64, Duration)]>),
    /// One of several laws, chosen by these weights, of which at least one is above 0.
    Mixture(Box<[(f64, Dist)]>),
}

impl Dist {
    /// The value where it is always the same: such delays need no sorting and no draw.
    #[inline]
    #[must_use]
    pub fn constant(&self) -> Option<Duration> {
        match *self {
            Dist::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// The mean.
    #[must_use]
    pub fn mean(&self) -> Duration {
        match *self {
            Dist::Constant(mean)
            | Dist::Exponential(mean)
            | Dist::Erlang { mean, .. }
            | Dist::Hyperexponential { mean, .. }
            | Dist::Lognormal { mean, .. }
            | Dist::Weibull { mean, .. } => mean,
            Dist::Uniform(low, high) => Duration(low.0 / 2 + high.0 / 2 + (low.0 & high.0 & 1)),
            Dist::Pareto { shape, min, max } => min.scaled_by_any(pareto_mean(shape, min, max)),
            Dist::Empirical(ref points) => {
                let part = |pair: &[(f64, Duration)]| {
                    (pair[1].0 - pair[0].0) * (pair[0].1.0 as f64 + pair[1].1.0 as f64) / 2.0
                };
                Duration((points.windows(2).map(part).sum::<f64>() + 0.5) as u64)
            }
            Dist::Mixture(ref parts) => {
                let total: f64 = parts.iter().map(|(weight, _)| weight).sum();
                let sum: f64 = parts.iter().map(|(weight, dist)| weight * dist.mean().0 as f64).sum();
                Duration((sum / total + 0.5) as u64)
            }
        }
    }

    /// One value, rounded to the nanosecond.
    #[inline(always)]
    pub fn sample(&self, source: &mut impl Source) -> Duration {
        match *self {
            Dist::Constant(value) => value,
            Dist::Exponential(mean) => mean.scaled_by_any(exponential(source)),
            _ => self.sample_other(source),
        }
    }

    #[inline(never)]
    fn sample_other(&self, source: &mut impl Source) -> Duration {
        let (mean, shape) = match *self {
            Dist::Constant(value) => return value,
            Dist::Uniform(low, high) => {
                let span = high.0.saturating_sub(low.0) as f64;
                return low + Duration((span * source.unit() + 0.5) as u64);
            }
            Dist::Exponential(mean) => (mean, exponential(source)),
            Dist::Erlang { mean, k } => {
                let k = k.max(1);
                (mean, gamma(k, source) / f64::from(k))
            }
            Dist::Hyperexponential { mean, scv } => {
                let p = (1.0 + ((scv - 1.0).max(0.0) / (scv + 1.0)).sqrt()) / 2.0;
                let branch = if source.unit() < p { p } else { 1.0 - p };
                (mean, exponential(source) / (2.0 * branch))
            }
            Dist::Lognormal { mean, scv } => {
                let variance = libm::log(1.0 + scv);
                (mean, libm::exp(variance.sqrt() * normal(source) - variance / 2.0))
            }
            Dist::Pareto { shape, min, max } => {
                // By inversion; what rounding adds beyond the end is cut off.
                let kept = 1.0 - libm::pow(ratio(min, max), shape);
                let beyond = libm::exp(-libm::log(1.0 - source.unit() * kept) / shape);
                return min.scaled_by_any(beyond).clamp(min, max.max(min));
            }
            Dist::Weibull { mean, shape } => {
                (mean, libm::pow(exponential(source), 1.0 / shape) / libm::tgamma(1.0 + 1.0 / shape))
            }
            Dist::Empirical(ref points) => return between(points, source.unit()),
            Dist::Mixture(ref parts) => return chosen(parts, source.unit()).sample(source),
        };
        mean.scaled_by_any(shape)
    }
}

fn ratio(min: Duration, max: Duration) -> f64 {
    min.0 as f64 / max.0.max(min.0).max(1) as f64
}

/// The mean of a Pareto law that is cut off, as a multiple of its smallest value: s/(1 − rˢ)·(1 − rˢ⁻¹)/(s − 1) with
/// r = min/max, written so that it does not cancel near s = 1.
fn pareto_mean(shape: f64, min: Duration, max: Duration) -> f64 {
    let log = libm::log(ratio(min, max));
    if log == 0.0 {
        return 1.0;
    }
    let y = (shape - 1.0) * log;
    let rise = if y == 0.0 { 1.0 } else { libm::expm1(y) / y };
    shape * log * rise / libm::expm1(shape * log)
}

/// What lies at `share`, on the straight line between the points around it.
fn between(points: &[(f64, Duration)], share: f64) -> Duration {
    let next = points.partition_point(|(at, _)| *at <= share);
    let (Some(&(from, low)), Some(&(to, high))) = (points.get(next.wrapping_sub(1)), points.get(next)) else {
        return points.last().map_or(Duration::ZERO, |(_, last)| *last);
    };
    let span = high.0.saturating_sub(low.0) as f64;
    low + Duration((span * (share - from) / (to - from) + 0.5) as u64)
}

/// The part of a mixture that `share` falls on.
fn chosen(parts: &[(f64, Dist)], share: f64) -> &Dist {
    let mut point = share * parts.iter().map(|(weight, _)| weight).sum::<f64>();
    let found = parts.iter().find(|(weight, _)| {
        point -= weight;
        point < 0.0
    });
    // Rounding may leave a trifle beyond the last.
    let last = || parts.iter().rev().find(|(weight, _)| *weight > 0.0);
    found.or_else(last).map_or(&Dist::Constant(Duration::ZERO), |(_, dist)| dist)
}

const LAYERS: usize = 256;

struct Ziggurat {
    x: [f64; LAYERS + 1],
    f: [f64; LAYERS + 1],
}

fn ziggurat(r: f64, v: f64, density: impl Fn(f64) -> f64, inverse: impl Fn(f64) -> f64) -> Ziggurat {
    let mut x = [0.0; LAYERS + 1];
    x[0] = v / density(r);
    x[1] = r;
    for i in 2..LAYERS {
        x[i] = inverse(v / x[i - 1] + density(x[i - 1]));
    }
    x[LAYERS] = 0.0;
    let f = x.map(density);
    Ziggurat { x, f }
}

const EXPONENTIAL_R: f64 = 7.697_117_470_131_05;
/// For the seldom case: its heights, and its widths, which [`layers::EXPONENTIAL`] has at hand.
static EXPONENTIAL: LazyLock<Ziggurat> =
    LazyLock::new(|| ziggurat(EXPONENTIAL_R, 0.003_949_659_822_581_557, |x| libm::exp(-x), |y| -libm::log(y)));

const NORMAL_R: f64 = 3.654_152_885_361_009;
static NORMAL: LazyLock<Ziggurat> = LazyLock::new(|| {
    ziggurat(NORMAL_R, 0.004_928_673_233_992, |x| libm::exp(-x * x / 2.0), |y| (-2.0 * libm::log(y)).sqrt())
});

/// Exponential with mean 1.
#[inline(always)]
pub fn exponential(source: &mut impl Source) -> f64 {
    let bits = source.next_u64();
    let layer = (bits & 0xff) as usize;
    let x = within(bits, layers::EXPONENTIAL[layer]);
    if x < layers::EXPONENTIAL[layer + 1] { x } else { exponential_beyond(layer, x, source) }
}

/// A point of the layer's width: the 52 high bits place it.
#[inline(always)]
fn within(bits: u64, width: f64) -> f64 {
    // Below 2⁵², so that the signed conversion, which is one instruction, is the same.
    ((bits >> 12) as i64 as f64 + 0.5) * (1.0 / (1u64 << 52) as f64) * width
}

/// What lies beyond the part of a layer that is all under the curve; one in a hundred.
#[cold]
fn exponential_beyond(mut layer: usize, mut x: f64, source: &mut impl Source) -> f64 {
    let table: &Ziggurat = &EXPONENTIAL;
    loop {
        if layer == 0 {
            return EXPONENTIAL_R - libm::log(source.open01());
        }
        if table.f[layer] + (table.f[layer + 1] - table.f[layer]) * source.unit() < libm::exp(-x) {
            return x;
        }
        let bits = source.next_u64();
        layer = (bits & 0xff) as usize;
        x = within(bits, table.x[layer]);
        if x < table.x[layer + 1] {
            return x;
        }
    }
}

/// Up to so many stages they are drawn one by one, which is faster.
const STAGES_MAX: u32 = 12;

/// The sum of `k` exponentials of mean 1. Beyond a few it takes no longer for more: by the rejection of Marsaglia and Tsang
/// (2000), "A simple method for generating gamma variables", which is exact.
pub fn gamma(k: u32, source: &mut impl Source) -> f64 {
    if k <= STAGES_MAX {
        return (0..k).map(|_| exponential(source)).sum();
    }
    let d = f64::from(k) - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(source);
        let v = 1.0 + c * x;
        if v <= 0.0 {
            continue;
        }
        let v = v * v * v;
        if libm::log(source.open01()) < 0.5 * x * x + d - d * v + d * libm::log(v) {
            return d * v;
        }
    }
}

/// Normal with mean 0 and variance 1.
#[inline]
pub fn normal(source: &mut impl Source) -> f64 {
    let table: &Ziggurat = &NORMAL;
    loop {
        let bits = source.next_u64();
        let layer = (bits & 0xff) as usize;
        // Bit 8 is the sign; the 52 high bits place the point within the layer.
        let sign = if bits & 0x100 == 0 { 1.0 } else { -1.0 };
        let x = ((bits >> 12) as f64 + 0.5) * (1.0 / (1u64 << 52) as f64) * table.x[layer];
        if x < table.x[layer + 1] {
            return sign * x;
        }
        if layer == 0 {
            loop {
                let beyond = -libm::log(source.open01()) / NORMAL_R;
                let height = -libm::log(source.open01());
                if 2.0 * height >= beyond * beyond {
                    return sign * (NORMAL_R + beyond);
                }
            }
        }
        if table.f[layer] + (table.f[layer + 1] - table.f[layer]) * source.unit() < libm::exp(-x * x / 2.0) {
            return sign * x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Draws;

    /// Mean and squared coefficient of variation of a million samples stay within five standard errors of theory.
    fn check(dist: Dist, mean_s: f64, scv: f64) {
        let n = 1_000_000;
        let mut source = Draws::new(11, 42);
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..n {
            let x = dist.sample(&mut source).as_secs_f64();
            sum += x;
            squares += x * x;
        }
        let mean = sum / f64::from(n);
        let variance = squares / f64::from(n) - mean * mean;
        let error = 5.0 * mean_s * (scv / f64::from(n)).sqrt() + 1e-9;
        assert!((mean - mean_s).abs() <= error, "{dist:?}: mean {mean}, expected {mean_s} ± {error}");
        let got = variance / (mean * mean);
        assert!((got - scv).abs() <= 0.03 * scv + 1e-9, "{dist:?}: scv {got}, expected {scv}");
    }

    #[test]
    fn moments_match_theory() {
        let second = Duration::from_secs(1);
        check(Dist::Constant(second), 1.0, 0.0);
        check(Dist::Uniform(Duration::ZERO, Duration::from_secs(2)), 1.0, 1.0 / 3.0);
        check(Dist::Exponential(second), 1.0, 1.0);
        check(Dist::Erlang { mean: second, k: 4 }, 1.0, 0.25);
        check(Dist::Hyperexponential { mean: second, scv: 4.0 }, 1.0, 4.0);
        check(Dist::Lognormal { mean: second, scv: 2.0 }, 1.0, 2.0);
        // Γ(1 + 2/s)/Γ(1 + 1/s)² − 1 for s = 2 is 4/π − 1.
        check(Dist::Weibull { mean: second, shape: 2.0 }, 1.0, 4.0 / std::f64::consts::PI - 1.0);
        check(Dist::Weibull { mean: second, shape: 1.0 }, 1.0, 1.0);
        // E[X²] = s·min²/(2 − s)·(r^(s−2) − 1)/(1 − rˢ): for s = 1, min = 1 and max = 10, means 2.5584 and 10.
        let max = Duration::from_secs(10);
        let mean = 10.0 / 9.0 * std::f64::consts::LN_10;
        check(Dist::Pareto { shape: 1.0, min: second, max }, mean, 10.0 / (mean * mean) - 1.0);
        let two = Duration::from_secs(2);
        let quantiles = Dist::Empirical([(0.0, Duration::ZERO), (0.5, second), (1.0, second)].into());
        // Half of them uniform on 0 to 1, half always 1.
        check(quantiles, 0.75, (1.0 / 6.0 + 0.5) / 0.5625 - 1.0);
        let mixture = Dist::Mixture(
            [(3.0, Dist::Constant(second)), (0.0, Dist::Exponential(max)), (1.0, Dist::Exponential(two))].into(),
        );
        check(mixture, 1.25, (0.75 + 0.25 * 8.0) / 1.5625 - 1.0);
    }

    #[test]
    fn means_are_those_of_the_law() {
        let (low, high) = (Duration::from_millis(2), Duration::from_secs(3));
        for shape in [0.3, 0.999_999_999, 1.0, 1.5, 2.0, 7.0] {
            let dist = Dist::Pareto { shape, min: low, max: high };
            // By a sum over quantiles.
            let n = 2_000_000u32;
            let kept = 1.0 - libm::pow(2.0 / 3000.0, shape);
            let at = |i: u32| libm::exp(-libm::log(1.0 - (f64::from(i) + 0.5) / f64::from(n) * kept) / shape);
            let sum: f64 = (0..n).map(|i| 0.002 * at(i)).sum();
            let (expected, got) = (sum / f64::from(n), dist.mean().as_secs_f64());
            assert!((got / expected - 1.0).abs() < 1e-4, "shape {shape}: {got}, expected {expected}");
        }
        assert_eq!(Dist::Pareto { shape: 2.0, min: low, max: low }.mean(), low);
        assert_eq!(Dist::Empirical([(0.0, low), (1.0, high)].into()).mean(), Duration::from_millis(1501));
    }

    #[test]
    fn the_layers_are_those_that_are_computed() {
        assert_eq!(layers::EXPONENTIAL.map(f64::to_bits), EXPONENTIAL.x.map(f64::to_bits));
    }

    /// Kolmogorov-Smirnov distance of the samplers against the exact distribution functions; 1.95/√n is p ≈ 0.001.
    #[test]
    fn ziggurats_follow_their_laws() {
        let n = 200_000usize;
        let mut source = Draws::new(5, 6);
        let mut exp: Vec<f64> = (0..n).map(|_| exponential(&mut source)).collect();
        let mut norm: Vec<f64> = (0..n).map(|_| normal(&mut source)).collect();
        exp.sort_by(f64::total_cmp);
        norm.sort_by(f64::total_cmp);
        let distance = |sorted: &[f64], cdf: &dyn Fn(f64) -> f64| {
            sorted.iter().enumerate().fold(0.0f64, |d, (i, &x)| {
                let c = cdf(x);
                d.max((c - i as f64 / n as f64).abs()).max(((i + 1) as f64 / n as f64 - c).abs())
            })
        };
        let limit = 1.95 / (n as f64).sqrt();
        assert!(distance(&exp, &|x| 1.0 - libm::exp(-x)) < limit);
        assert!(distance(&norm, &|x| 0.5 * libm::erfc(-x / 2f64.sqrt())) < limit);
        assert!(exp.last().is_some_and(|&x| x > EXPONENTIAL_R), "the tail is reached");
    }
}
