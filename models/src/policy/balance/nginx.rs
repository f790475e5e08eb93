//! nginx's upstream rules: smooth weighted round robin, least connections, and passive failures. Source:
//! `ngx_http_upstream_round_robin.c` and `ngx_http_upstream_least_conn_module.c`.

use floodgate_core::Time;

/// A server's place in smooth weighted round robin.
///
/// At each pick every candidate gains its effective weight, the one that has most is chosen and pays what all gained
/// together; so {5, 1, 1} gives a a b a c a a and not a a a a a b c. A failure lowers the effective weight, which grows back
/// by one at each pick.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Smooth {
    current: f64,
    lost: f64,
}

impl Smooth {
    /// What it has gained and not paid.
    #[must_use]
    pub fn current(&self) -> f64 {
        self.current
    }

    /// An attempt at this server failed: of `max_fails` that it is allowed, each costs its share of the weight, in whole
    /// numbers.
    pub fn failed(&mut self, weight: f64, max_fails: u32) {
        if max_fails > 0 {
            self.lost = (self.lost + (weight / f64::from(max_fails)).floor()).min(weight);
        }
    }

    fn gain(&mut self, weight: f64) -> f64 {
        let effective = weight - self.lost;
        self.current += effective;
        // Grown back after this pick, not for it.
        self.lost = (self.lost - 1.0).max(0.0);
        effective
    }
}

/// Picks among `candidates`: positions in `places` that may be chosen, in order; `weight` is of a position. The first of
/// equals is chosen.
pub fn smooth(
    places: &mut [Smooth],
    weight: impl Fn(usize) -> f64,
    candidates: impl Iterator<Item = usize>,
) -> Option<usize> {
    let mut total = 0.0;
    let mut best: Option<usize> = None;
    for i in candidates {
        total += places[i].gain(weight(i));
        if best.is_none_or(|b| places[i].current > places[b].current) {
            best = Some(i);
        }
    }
    places[best?].current -= total;
    best
}

/// Picks the server with the fewest connections for its weight; among equals, those take turns by smooth weighted round
/// robin, and nobody else gains.
pub fn least_connections(
    places: &mut [Smooth],
    weight: impl Fn(usize) -> f64,
    connections: impl Fn(usize) -> u32,
    candidates: impl Iterator<Item = usize> + Clone,
) -> Option<usize> {
    let less = |a: usize, b: usize| f64::from(connections(a)) * weight(b) < f64::from(connections(b)) * weight(a);
    let mut least: Option<usize> = None;
    let mut equals = false;
    for i in candidates.clone() {
        match least {
            Some(b) if !less(i, b) => equals |= !less(b, i),
            _ => (least, equals) = (Some(i), false),
        }
    }
    let least = least?;
    if !equals {
        return Some(least);
    }
    smooth(places, &weight, candidates.filter(|&i| !less(i, least) && !less(least, i)))
}

/// What nginx remembers of a server's failures (`max_fails`, `fail_timeout`). It counts whole seconds of its clock.
///
/// After `max_fails` failures within `fail_timeout` the server is left out until the window since the last failure, or since
/// the last probe, has passed; then one request probes it, and a failed probe marks it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Failures {
    fails: u32,
    accessed_s: u64,
    checked_s: u64,
}

impl Failures {
    /// Whether requests may go there.
    #[must_use]
    pub fn is_usable(&self, max_fails: u32, fail_timeout_s: u64, now: Time) -> bool {
        max_fails == 0 || self.fails < max_fails || seconds(now).saturating_sub(self.checked_s) > fail_timeout_s
    }

    /// It has been chosen: where the window has passed, this request opens a new one.
    pub fn chosen(&mut self, fail_timeout_s: u64, now: Time) {
        if seconds(now).saturating_sub(self.checked_s) > fail_timeout_s {
            self.checked_s = seconds(now);
        }
    }

    /// A request there failed.
    pub fn failed(&mut self, now: Time) {
        self.fails = self.fails.saturating_add(1);
        (self.accessed_s, self.checked_s) = (seconds(now), seconds(now));
    }

    /// A request there went well: if it was sent after the last failure's window had been reopened, failures are forgotten.
    pub fn succeeded(&mut self) {
        if self.accessed_s < self.checked_s {
            self.fails = 0;
        }
    }
}

fn seconds(now: Time) -> u64 {
    now.0 / 1_000_000_000
}

/// nginx's `ip_hash` of an address: its first three octets.
#[must_use]
pub fn ip_hash(octets: [u8; 3]) -> u32 {
    octets.into_iter().fold(89, |hash, octet| (hash * 113 + u32::from(octet)) % 6271)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(weights: &[f64], picks: usize) -> (String, Vec<Vec<f64>>) {
        let mut places = vec![Smooth::default(); weights.len()];
        let mut names = String::new();
        let mut currents = Vec::new();
        for _ in 0..picks {
            let chosen = smooth(&mut places, |i| weights[i], 0..weights.len()).unwrap_or(usize::MAX);
            names.push((b'a' + chosen as u8) as char);
            currents.push(places.iter().map(Smooth::current).collect());
        }
        (names, currents)
    }

    /// The example of nginx's own commit message.
    #[test]
    fn smooth_weighted_round_robin_is_nginx_s_sequence() {
        let (names, currents) = sequence(&[5.0, 1.0, 1.0], 14);
        assert_eq!(names, "aabacaaaabacaa");
        let wanted = [[-2.0, 1.0, 1.0], [-4.0, 2.0, 2.0], [1.0, -4.0, 3.0], [-1.0, -3.0, 4.0], [4.0, -2.0, -2.0]];
        assert_eq!(currents[..5], wanted);
        assert_eq!(currents[6], [0.0; 3]);
        assert_eq!(sequence(&[4.0, 2.0, 1.0], 7).0, "abacaba");
        assert_eq!(smooth(&mut [], |_| 1.0, 0..0), None);
    }

    #[test]
    fn a_failure_costs_weight_that_grows_back_by_one_a_pick() {
        let mut places = [Smooth::default(); 2];
        places[0].failed(4.0, 2);
        let weights = [4.0, 1.0];
        let effective: Vec<f64> = (0..4)
            .map(|_| {
                let before = 4.0 - places[0].lost;
                smooth(&mut places, |i| weights[i], 0..2);
                before
            })
            .collect();
        assert_eq!(effective, [2.0, 3.0, 4.0, 4.0]);
        places[1].failed(1.0, 2);
        assert_eq!(places[1].lost, 0.0, "a weight of 1 over 2 allowed failures is nothing in whole numbers");
    }

    #[test]
    fn least_connections_goes_by_weight_and_only_the_tied_take_turns() {
        let mut places = [Smooth::default(); 3];
        let pick = |places: &mut [Smooth], weights: [f64; 3], open: [u32; 3]| {
            least_connections(places, |i| weights[i], |i| open[i], 0..3)
        };
        assert_eq!(pick(&mut places, [1.0; 3], [2, 1, 3]), Some(1));
        assert_eq!(pick(&mut places, [4.0, 1.0, 1.0], [3, 1, 1]), Some(0), "3/4 is less than 1");
        assert_eq!(places, [Smooth::default(); 3], "without a tie nobody gains");
        let turns: Vec<_> = (0..4).map(|_| pick(&mut places, [1.0; 3], [0, 5, 0])).collect();
        assert_eq!(turns, [Some(0), Some(2), Some(0), Some(2)]);
    }

    #[test]
    fn a_server_is_left_out_for_whole_seconds_and_probed_once() {
        let at = |s: f64| Time((s * 1e9) as u64);
        let mut server = Failures::default();
        server.chosen(10, at(20.0));
        server.failed(at(20.9));
        assert!(!server.is_usable(1, 10, at(30.9)), "30 − 20 is not more than 10");
        assert!(server.is_usable(1, 10, at(31.0)), "31 − 20 is");
        server.chosen(10, at(31.0));
        assert!(!server.is_usable(1, 10, at(31.1)), "one probe at a time");
        server.succeeded();
        assert!(server.is_usable(1, 10, at(31.2)));
        server.failed(at(32.0));
        assert!(!server.is_usable(1, 10, at(32.0)) && server.is_usable(0, 10, at(32.0)), "0 switches it off");
    }

    #[test]
    fn addresses_hash_by_three_octets() {
        assert_eq!(ip_hash([0, 0, 0]), 89 * 113 % 6271 * 113 % 6271 * 113 % 6271);
        assert_ne!(ip_hash([10, 0, 1]), ip_hash([10, 0, 2]));
    }
}
