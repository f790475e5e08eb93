//! Which servers are believed healthy: active checks with rise and fall, the panic threshold, spilling over, and the slow
//! start of those that come back.

use floodgate_core::Duration;

/// The state of active health checks of one server: it changes only after so many results in a row (HAProxy's `rise` and
/// `fall`, Envoy's healthy and unhealthy threshold).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checks {
    healthy: bool,
    against: u32,
}

impl Checks {
    /// A server that is believed to be `healthy`.
    #[must_use]
    pub fn new(healthy: bool) -> Checks {
        Checks { healthy, against: 0 }
    }

    /// Whether it is believed healthy.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.healthy
    }

    /// A check has ended; true when what is believed has changed. `rise` good results in a row make a server healthy, `fall`
    /// bad ones unhealthy.
    pub fn result(&mut self, good: bool, rise: u32, fall: u32) -> bool {
        if good == self.healthy {
            self.against = 0;
            return false;
        }
        self.against += 1;
        if self.against < if good { rise } else { fall } {
            return false;
        }
        *self = Checks::new(good);
        true
    }
}

/// Whether so few servers are healthy that health is not looked at any more: strictly below `threshold` percent (Envoy, 50 by
/// default; 0 never).
#[must_use]
pub fn in_panic(healthy: usize, all: usize, threshold: f64) -> bool {
    all > 0 && 100.0 * (healthy as f64) < threshold * all as f64
}

/// The share of its traffic that a group of servers keeps, in percent: what is healthy of it, times the overprovisioning
/// factor (Envoy: 1.4), at most all. The rest spills over to the next group.
#[must_use]
pub fn spill(healthy: usize, all: usize, overprovisioning: f64) -> u32 {
    if all == 0 {
        return 0;
    }
    // In whole percents, rounded down, as Envoy counts.
    let whole = (100 * healthy / all) as f64;
    let kept = (100.0 * overprovisioning * healthy as f64 / all as f64).min(100.0);
    debug_assert!(kept + 1.0 > whole);
    kept as u32
}

/// The share of its weight that a server has so long after it became ready (Envoy's slow start): from `least` on, growing as
/// `(age / window)^(1 / aggression)`; 1 is linear.
#[must_use]
pub fn slow_start(age: Duration, window: Duration, aggression: f64, least: f64) -> f64 {
    if age >= window {
        return 1.0;
    }
    let linear = age.0 as f64 / window.0 as f64;
    let share = if aggression == 1.0 { linear } else { libm::pow(linear, 1.0 / aggression) };
    share.max(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_so_many_in_a_row() {
        let mut server = Checks::new(true);
        let changes: Vec<_> = [false, false, true, false, false, false, true, false, true, true]
            .into_iter()
            .map(|good| (server.result(good, 2, 3), server.is_healthy()))
            .collect();
        assert!(changes[..5].iter().all(|c| *c == (false, true)));
        assert_eq!(changes[5], (true, false));
        assert!(changes[6..9].iter().all(|c| *c == (false, false)), "one good, one bad: it starts again");
        assert_eq!(changes[9], (true, true));
    }

    #[test]
    fn panic_is_strictly_below_and_spilling_is_envoy_s_table() {
        assert!(in_panic(4, 10, 50.0) && !in_panic(5, 10, 50.0) && !in_panic(0, 10, 0.0) && !in_panic(0, 0, 50.0));
        let kept: Vec<_> = [72, 71, 50, 25, 0].into_iter().map(|healthy| spill(healthy, 100, 1.4)).collect();
        assert_eq!(kept, [100, 99, 70, 35, 0]);
    }

    #[test]
    fn slow_start_grows_from_the_least() {
        let (second, window) = (Duration::from_secs(1), Duration::from_secs(10));
        assert_eq!(slow_start(Duration::ZERO, window, 1.0, 0.1), 0.1);
        assert_eq!(slow_start(Duration(5 * second.0), window, 1.0, 0.1), 0.5);
        assert!((slow_start(Duration(25 * second.0 / 10), window, 2.0, 0.1) - 0.5).abs() < 1e-12);
        assert_eq!(slow_start(window, window, 1.0, 0.1), 1.0);
    }
}
