//! Popularity by Zipf's law: the k-th most popular of n things is asked for with a probability in proportion to k⁻ˢ.
//!
//! Sampled by rejection-inversion: W. Hörmann and G. Derflinger, "Rejection-inversion to generate variates from monotone
//! discrete distributions", ACM Transactions on Modeling and Computer Simulation 6 (1996). It is exact, keeps no table, and
//! takes about one and a third tries whatever n and s are.

use crate::rng::Source;

/// Zipf's law on 1, 2, … n.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Zipf {
    n: f64,
    exponent: f64,
    /// The hat's integral from below the first to beyond the last.
    low: f64,
    high: f64,
    /// Closer than this to its rank a point is accepted without more ado.
    near: f64,
}

impl Zipf {
    /// `n` things (at least 1) with exponent `s` (0 is uniform).
    #[must_use]
    pub fn new(n: u64, exponent: f64) -> Zipf {
        let (n, exponent) = (n.max(1) as f64, exponent.max(0.0));
        let mut zipf = Zipf { n, exponent, low: 0.0, high: 0.0, near: 0.0 };
        zipf.low = zipf.integral(1.5) - 1.0;
        zipf.high = zipf.integral(n + 0.5);
        zipf.near = 2.0 - zipf.inverse(zipf.integral(2.5) - zipf.height(2.0));
        zipf
    }

    /// A rank from 1, the most popular, to n.
    pub fn sample(&self, source: &mut impl Source) -> u64 {
        loop {
            let u = self.high + source.open01() * (self.low - self.high);
            let x = self.inverse(u);
            let k = (x + 0.5).floor().clamp(1.0, self.n);
            if k - x <= self.near || u >= self.integral(k + 0.5) - self.height(k) {
                return k as u64;
            }
        }
    }

    /// x⁻ˢ.
    fn height(&self, x: f64) -> f64 {
        libm::exp(-self.exponent * libm::log(x))
    }

    /// ∫ x⁻ˢ: (x¹⁻ˢ − 1)/(1 − s), which is ln x for s = 1, and does not cancel near it.
    fn integral(&self, x: f64) -> f64 {
        let log = libm::log(x);
        expm1_by(log * (1.0 - self.exponent)) * log
    }

    /// The point up to which the integral is `y`.
    fn inverse(&self, y: f64) -> f64 {
        // Rounding may lead a little below the pole.
        let t = (y * (1.0 - self.exponent)).max(-1.0);
        libm::exp(log1p_by(t) * y)
    }
}

/// (eˣ − 1)/x.
fn expm1_by(x: f64) -> f64 {
    if x.abs() > 1e-8 { libm::expm1(x) / x } else { 1.0 + x / 2.0 * (1.0 + x / 3.0) }
}

/// ln(1 + x)/x.
fn log1p_by(x: f64) -> f64 {
    if x.abs() > 1e-8 { libm::log1p(x) / x } else { 1.0 - x * (0.5 - x / 3.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Draws;

    /// χ² of a million samples against the exact probabilities, cells of less than ten expected put together.
    fn check(n: u64, exponent: f64) {
        let samples = 1_000_000u32;
        let mut source = Draws::new(17, n ^ exponent.to_bits());
        let zipf = Zipf::new(n, exponent);
        let mut counts = vec![0u64; n as usize];
        (0..samples).for_each(|_| counts[zipf.sample(&mut source) as usize - 1] += 1);
        let weights: Vec<f64> = (1..=n).map(|k| libm::pow(k as f64, -exponent)).collect();
        let total: f64 = weights.iter().sum();
        let (mut chi2, mut cells, mut expected, mut seen) = (0.0, 0.0, 0.0, 0.0);
        for (weight, count) in weights.iter().zip(counts) {
            expected += f64::from(samples) * weight / total;
            seen += count as f64;
            if expected >= 10.0 {
                chi2 += (seen - expected) * (seen - expected) / expected;
                (cells, expected, seen) = (cells + 1.0, 0.0, 0.0);
            }
        }
        let df: f64 = (cells - 1.0_f64).max(1.0);
        let z = (chi2 - df) / (2.0 * df).sqrt();
        assert!(z.abs() < 5.0, "n = {n}, s = {exponent}: χ² {chi2} of {df} degrees of freedom");
    }

    #[test]
    fn ranks_have_the_probabilities_of_the_law() {
        for exponent in [0.0, 0.5, 0.99, 1.0, 1.000_000_001, 1.2, 3.0] {
            check(2, exponent);
            check(100, exponent);
            check(20_000, exponent);
        }
    }

    #[test]
    fn the_only_one_is_always_it_and_billions_are_no_harder() {
        let mut source = Draws::new(1, 2);
        assert!((0..1000).all(|_| Zipf::new(1, 1.0).sample(&mut source) == 1));
        let many = Zipf::new(1_000_000_000, 0.8);
        let ranks: Vec<u64> = (0..100_000).map(|_| many.sample(&mut source)).collect();
        assert!(ranks.iter().all(|rank| (1..=1_000_000_000).contains(rank)));
        assert!(ranks.iter().any(|rank| *rank > 900_000_000), "the tail is reached");
    }
}
