//! Tests of hypotheses, as p-values: how probable something at least as odd is where all is as it should be.
//!
//! Seeds are fixed, so a test either always passes or always fails. What a bound means: for a generator without fault, the
//! probability that a family of tests had failed on the day it was written is [`FAMILY`], however many tests are in it.

/// Probability that a family of tests fails although nothing is wrong.
pub const FAMILY: f64 = 1e-4;

/// P(|Z| ≥ |z|) for a normal Z.
#[must_use]
pub fn normal(z: f64) -> f64 {
    libm::erfc(z.abs() / 2f64.sqrt())
}

/// Two-sided p of `hits` out of `n` with probability `p` each, by the normal approximation with a correction for continuity.
#[must_use]
pub fn binomial(hits: u64, n: u64, p: f64) -> f64 {
    let (n, hits) = (n as f64, hits as f64);
    let distance = ((hits - n * p).abs() - 0.5).max(0.0);
    normal(distance / (n * p * (1.0 - p)).sqrt())
}

/// Two-sided p of a count whose law is Poisson with mean `mean`.
#[must_use]
pub fn poisson(count: u64, mean: f64) -> f64 {
    // P(N ≤ k) = Q(k + 1, mean); P(N ≥ k) = 1 − Q(k, mean).
    let below = gamma(count as f64 + 1.0, mean).1;
    let above = if count == 0 { 1.0 } else { gamma(count as f64, mean).0 };
    two_sided(below, above)
}

/// Two-sided p of a χ² statistic with `df` degrees of freedom: too even is as odd as too uneven.
#[must_use]
pub fn chi_square(chi2: f64, df: f64) -> f64 {
    let (below, above) = gamma(df / 2.0, chi2 / 2.0);
    two_sided(below, above)
}

/// Two-sided p of `counts` against what is expected, cell by cell.
#[must_use]
pub fn goodness_of_fit(counts: &[u64], expected: &[f64]) -> f64 {
    assert_eq!(counts.len(), expected.len(), "a cell for each expectation");
    let least = expected.iter().copied().fold(f64::MAX, f64::min);
    assert!(least >= 5.0, "a cell of {least} expected says nothing");
    let terms = counts.iter().zip(expected).map(|(&c, e)| (c as f64 - e) * (c as f64 - e) / e);
    chi_square(terms.sum(), counts.len() as f64 - 1.0)
}

/// Two-sided p of `counts` against equal shares.
#[must_use]
pub fn equal_shares(counts: &[u64]) -> f64 {
    let total: u64 = counts.iter().sum();
    goodness_of_fit(counts, &vec![total as f64 / counts.len() as f64; counts.len()])
}

/// p of the distance of Kolmogorov and Smirnov between `values` (which are sorted) and a distribution function, by the
/// asymptotic law with Stephens' correction (1970).
#[must_use]
pub fn kolmogorov_smirnov(values: &mut [f64], distribution: impl Fn(f64) -> f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let n = values.len() as f64;
    let distance = values.iter().enumerate().fold(0.0f64, |d, (i, &x)| {
        let f = distribution(x);
        d.max((f - i as f64 / n).abs()).max(((i + 1) as f64 / n - f).abs())
    });
    let lambda = (n.sqrt() + 0.12 + 0.11 / n.sqrt()) * distance;
    if lambda < 0.3 {
        // P > 0.99999; the series converges slowly there.
        return 1.0;
    }
    let term = |k: f64| libm::exp(-2.0 * k * k * lambda * lambda);
    let sum: f64 = (1..=20).map(|k| if k % 2 == 1 { term(f64::from(k)) } else { -term(f64::from(k)) }).sum();
    (2.0 * sum).clamp(0.0, 1.0)
}

/// Two-sided p that two columns are not correlated (Pearson; normal approximation for many pairs).
#[must_use]
pub fn uncorrelated(pairs: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (mut n, mut x, mut y, mut xx, mut yy, mut xy) = (0.0f64, 0.0, 0.0, 0.0, 0.0, 0.0);
    for (a, b) in pairs {
        n += 1.0;
        x += a;
        y += b;
        xx += a * a;
        yy += b * b;
        xy += a * b;
    }
    let covariance = xy / n - x / n * (y / n);
    let r = covariance / ((xx / n - (x / n) * (x / n)) * (yy / n - (y / n) * (y / n))).sqrt();
    normal(r * n.sqrt())
}

/// The distribution function of a gamma law: that of a sum of `k` exponentials of mean 1, at `x`.
#[must_use]
pub fn erlang(k: u32, x: f64) -> f64 {
    gamma(f64::from(k), x).0
}

/// The regularised incomplete gamma functions (P, Q) of shape `a` at `x`: by the series below the mean, by Lentz's continued
/// fraction above it.
fn gamma(a: f64, x: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    let front = libm::exp(a * libm::log(x) - x - libm::lgamma(a));
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        while term > sum * 1e-16 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        let p = (front * sum).min(1.0);
        return (p, 1.0 - p);
    }
    const TINY: f64 = 1e-300;
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / b;
    let mut h = d;
    for i in 1..100_000 {
        let i = f64::from(i);
        let an = -i * (i - a);
        b += 2.0;
        d = 1.0 / if (an * d + b).abs() < TINY { TINY } else { an * d + b };
        c = if (b + an / c).abs() < TINY { TINY } else { b + an / c };
        h *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    let q = (front * h).clamp(0.0, 1.0);
    (1.0 - q, q)
}

fn two_sided(below: f64, above: f64) -> f64 {
    (2.0 * below.min(above)).min(1.0)
}

/// Tests that stand or fall together.
#[derive(Debug, Default)]
pub struct Family {
    tests: Vec<(String, f64)>,
}

impl Family {
    /// One more test and its p.
    pub fn add(&mut self, what: impl Into<String>, p: f64) {
        // What is not a number is no pass.
        self.tests.push((what.into(), if p.is_nan() { 0.0 } else { p }));
    }

    /// Asserts that no p is below [`FAMILY`] divided by the number of tests (Bonferroni), and that the smallest and the
    /// largest are told (`cargo test -- --nocapture`).
    ///
    /// # Panics
    /// With all that are below.
    pub fn assert_holds(mut self, name: &str) {
        assert!(!self.tests.is_empty(), "{name}: nothing was tested");
        self.tests.sort_by(|a, b| a.1.total_cmp(&b.1));
        let bound = FAMILY / self.tests.len() as f64;
        let (what, least) = &self.tests[0];
        println!("{name}: {} tests, smallest p {least:.2e} ({what}), bound {bound:.1e}", self.tests.len());
        let failed: Vec<String> =
            self.tests.iter().take_while(|t| t.1 < bound).map(|(what, p)| format!("  {what}: p = {p:.2e}")).collect();
        assert!(
            failed.is_empty(),
            "{name}: {} of {} below {bound:.1e}\n{}",
            failed.len(),
            self.tests.len(),
            failed.join("\n")
        );
    }

    /// The same, and that the p themselves are spread evenly, as those of independent tests are: many small faults, each too
    /// small for the bound.
    ///
    /// # Panics
    /// As [`Family::assert_holds`].
    pub fn assert_holds_and_spreads(mut self, name: &str) {
        let mut p: Vec<f64> = self.tests.iter().map(|t| t.1).collect();
        assert!(p.len() >= 20, "{name}: too few tests to judge their spread");
        let spread = kolmogorov_smirnov(&mut p, |x| x);
        self.add("the p of all tests are spread evenly", spread);
        self.assert_holds(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_values_agree_with_tables() {
        let close = |p: f64, table: f64| assert!((p - table).abs() < 2e-3 * table, "{p} instead of {table}");
        close(normal(1.959_964), 0.05);
        // Upper 5 %, 0.1 % and lower 5 % of χ².
        close(chi_square(18.307, 10.0), 0.1);
        close(chi_square(149.449, 100.0), 0.002);
        close(chi_square(77.929, 100.0), 0.1);
        close(erlang(2, 1.0), 1.0 - 2.0 * libm::exp(-1.0));
        // P(N ≥ 10) with mean 4 is 0.008132; P(N ≤ 0) is e⁻⁴.
        close(poisson(10, 4.0), 2.0 * 0.008_132);
        close(poisson(0, 4.0), 2.0 * libm::exp(-4.0));
        // 1.3581/√n is the 5 % point of Kolmogorov's law.
        let n = 1_000_000;
        let mut shifted: Vec<f64> = (0..n).map(|i| (f64::from(i) + 0.5) / f64::from(n) + 1.358_1e-3).collect();
        assert!((kolmogorov_smirnov(&mut shifted, |x| x.min(1.0)) - 0.05).abs() < 1e-3);
        let line = (0..1_000).map(|i| (f64::from(i), f64::from(i * 7919 % 1_000)));
        assert!(uncorrelated(line) > 1e-3);
        assert!(uncorrelated((0..1_000).map(|i| (f64::from(i), f64::from(i + i * 7919 % 1_000)))) < 1e-9);
    }

    #[test]
    #[should_panic(expected = "odd: p = ")]
    fn a_family_with_an_odd_member_fails() {
        let mut family = Family::default();
        family.add("fine", 0.4);
        family.add("odd", 1e-5);
        family.assert_holds("two");
    }
}
