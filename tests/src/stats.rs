//! Confidence intervals over replications.

/// 97.5 % quantile of Student's t for 1 to 30 degrees of freedom.
const T_975: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
    2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/// Mean of independent replications with its 95 % interval.
#[derive(Clone, Copy, Debug)]
pub struct Interval {
    /// Mean.
    pub mean: f64,
    /// Half width at 95 %.
    pub half_width: f64,
    /// Standard error of the mean.
    pub standard_error: f64,
    /// How many values.
    pub replications: usize,
}

impl Interval {
    /// Of at least two replications.
    ///
    /// # Panics
    /// With fewer.
    #[must_use]
    pub fn of(values: &[f64]) -> Interval {
        assert!(values.len() >= 2, "an interval needs replications");
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
        let standard_error = (variance / n).sqrt();
        let t = T_975[(values.len() - 2).min(T_975.len() - 1)];
        Interval { mean, half_width: t * standard_error, standard_error, replications: values.len() }
    }

    /// How far the mean is from `expected`, in standard errors: not as the t distribution of so few replications has it, but
    /// as a normal one would (Wallace's transformation of 1959, good to a thousandth), so that one limit serves all.
    #[must_use]
    pub fn z(&self, expected: f64) -> f64 {
        let distance = self.mean - expected;
        if distance == 0.0 {
            return 0.0;
        }
        let (t, df) = (distance / self.standard_error, self.replications as f64 - 1.0);
        (8.0 * df + 1.0) / (8.0 * df + 3.0) * (df * libm::log1p(t * t / df)).sqrt() * t.signum()
    }

    /// Asserts that `expected` lies within four standard errors, and that the interval is narrow enough to mean something:
    /// its half width is below `resolution` of the expected value.
    ///
    /// # Panics
    /// Otherwise.
    pub fn assert_covers(&self, what: &str, expected: f64, resolution: f64) {
        let z = (self.mean - expected) / self.standard_error;
        assert!(z.abs() < 4.0, "{what}: {self:?}, expected {expected}, z = {z:.2}");
        let relative = self.half_width / expected;
        assert!(relative < resolution, "{what}: half width {relative:.4} of the value says too little");
    }
}
