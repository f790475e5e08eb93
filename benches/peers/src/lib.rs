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

    /// Uniform in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        self.0.random()
    }
}

/// What is asked for.
pub enum Task {
    /// W1 or W2: so many servers, so many customers.
    Station(usize, u64),
    /// W3: so many seconds of virtual time.
    System(u64),
}

/// Workload and amount, as `w1 1000000` or `w3 60`.
#[must_use]
pub fn task() -> Task {
    let mut words = std::env::args().skip(1);
    let workload = words.next();
    let amount = words.next().and_then(|n| n.parse().ok()).expect("a number of customers or seconds");
    match workload.as_deref() {
        Some("w1") => Task::Station(1, amount),
        Some("w2") => Task::Station(8, amount),
        Some("w3") => Task::System(amount),
        other => panic!("{other:?} is not modelled"),
    }
}

/// W3: 10 replicas of 8 workers, and a database of 32.
pub mod w3 {
    use super::Random;
    use std::time::Duration;

    /// Requests per second.
    pub const RATE: f64 = 8_000.0;
    /// Replicas behind the balancer.
    pub const REPLICAS: usize = 10;
    /// Workers of each.
    pub const WORKERS: usize = 8;
    /// Mean work of a request there, in seconds.
    pub const WORK: f64 = 0.008;
    /// Share of the requests that go on to the database.
    pub const MISSES: f64 = 0.2;
    /// Connections of the database.
    pub const CONNECTIONS: usize = 32;
    /// Mean time of a query, in seconds.
    pub const QUERY: f64 = 0.005;
    /// How long the client waits for an attempt.
    pub const PATIENCE: Duration = Duration::from_millis(250);
    /// Attempts of a request at most.
    pub const ATTEMPTS: u32 = 3;

    /// The pause after the attempt with this number (from 0).
    pub fn pause(attempt: u32, random: &mut Random) -> Duration {
        Duration::from_nanos(((0.1e9 * f64::from(1 << attempt) * random.uniform()) as u64).max(1))
    }
}

/// Processor time per customer and their mean sojourn.
pub fn say(customers: u64, time: Duration, mean: f64) {
    println!("{} {mean}", time.as_nanos() as f64 / customers as f64);
}
