//! Peak EWMA, as Finagle's balancer has it (`PeakEwma.scala`): a moving average of round-trip times that jumps to a peak at
//! once and forgets by `e^(−t/τ)`; a server costs that times the requests it has open.

use floodgate_core::{Duration, Time};

/// What an idle server costs that has never answered but has requests open, in nanoseconds: more than any that has.
const PENALTY: f64 = 500e9;

/// What one balancer knows of a server's round-trip times.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct PeakEwma {
    cost_ns: f64,
    stamp: Time,
}

impl PeakEwma {
    /// An answer came after `round_trip`; `decay` is the time τ in which the memory falls to 1/e (Finagle: 10 s).
    pub fn observe(&mut self, round_trip: Duration, decay: Duration, now: Time) {
        let round_trip = round_trip.0 as f64;
        self.cost_ns = if round_trip > self.cost_ns {
            round_trip
        } else {
            let keep = self.keep(decay, now);
            self.cost_ns * keep + round_trip * (1.0 - keep)
        };
        self.stamp = now;
    }

    /// What a further request there costs, with `open` requests under way.
    #[must_use]
    pub fn cost(&self, open: u32, decay: Duration, now: Time) -> f64 {
        let cost = self.cost_ns * self.keep(decay, now);
        if cost == 0.0 && open > 0 { PENALTY + f64::from(open) } else { cost * (f64::from(open) + 1.0) }
    }

    fn keep(&self, decay: Duration, now: Time) -> f64 {
        if decay == Duration::ZERO { 0.0 } else { libm::exp(-(now.since(self.stamp).0 as f64) / decay.0 as f64) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_are_taken_at_once_and_forgotten_slowly() {
        let (second, ten) = (Duration::from_secs(1), Duration::from_secs(10));
        let mut server = PeakEwma::default();
        assert_eq!(server.cost(0, ten, Time(5)), 0.0);
        assert!(server.cost(1, ten, Time(5)) > 500e9 - 1.0, "nothing known of it, and it has not answered");
        server.observe(second, ten, Time(0));
        assert_eq!(server.cost(2, ten, Time(0)), 3e9);
        let later = Time(10_000_000_000);
        assert!((server.cost(0, ten, later) / 1e9 - 0.36788).abs() < 1e-5);
        server.observe(Duration::from_millis(500), ten, later);
        // 1 s · e⁻¹ + 0.5 s · (1 − e⁻¹)
        assert!((server.cost(0, ten, later) / 1e9 - 0.68394).abs() < 1e-5);
    }
}
