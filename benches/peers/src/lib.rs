//! What the models of the other engines share: the generator of the limit, and how a result is said.

use rand::{RngExt, SeedableRng};
use rand_distr::Exp1;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::time::Duration;

/// λ of W1 and W2, μ = 1.
#[must_use]
pub fn arrival_rate(servers: usize) -> f64 {
    0.9 * servers as f64
}

/// The limit's generator and its way to an exponential.
pub struct Random(Xoshiro256PlusPlus);

impl Random {
    /// Seeded.
    #[must_use]
    pub fn new(seed: u64) -> Random {
        Random(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// Exponential with this mean in seconds; at least one nanosecond, because some engines refuse zero.
    pub fn exponential(&mut self, mean: f64) -> Duration {
        let x: f64 = self.0.sample(Exp1);
        Duration::from_nanos(((x * mean * 1e9) as u64).max(1))
    }
}

/// Workload and amount, as `w1 1000000`.
#[must_use]
pub fn arguments() -> (usize, u64) {
    let mut words = std::env::args().skip(1);
    let servers = match words.next().as_deref() {
        Some("w1") => 1,
        Some("w2") => 8,
        other => panic!("{other:?} is not modelled"),
    };
    let customers = words.next().and_then(|n| n.parse().ok()).expect("a number of customers");
    (servers, customers)
}

/// Processor time per customer and their mean sojourn.
pub fn say(customers: u64, time: Duration, mean: f64) {
    println!("{} {mean}", time.as_nanos() as f64 / customers as f64);
}
