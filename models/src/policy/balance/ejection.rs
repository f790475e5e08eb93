//! Outlier detection as Envoy has it: servers are put aside for what they answer, and come back after a while. Source:
//! `outlier_detection.proto` (defaults) and `outlier_detection_impl.cc` (order of things).

use crate::params;
use floodgate_core::{Duration, Time};

params! {
    /// How outliers are found. Defaults are Envoy's.
    pub struct Outliers {
        /// So many 5xx in a row put a server aside.
        consecutive_5xx: u32 = "5" in 1 ..= 1000000, live;
        /// Chance, in percent, that this is done when it is due.
        enforcing_consecutive_5xx: u32 = "100" in 0 ..= 100, live;
        /// So many 502, 503 or 504 in a row put a server aside.
        consecutive_gateway_failure: u32 = "5" in 1 ..= 1000000, live;
        /// Chance, in percent, that this is done when it is due.
        enforcing_consecutive_gateway_failure: u32 = "0" in 0 ..= 100, live;
        /// Time between sweeps: what is put aside comes back at sweeps only, and rates are of the time between two.
        interval: Duration = "\"10s\"" in 0.001 ..= 3600;
        /// A server is put aside for so long, times the number of times that it has been lately.
        base_ejection_time: Duration = "\"30s\"" in 0.001 ..= 86400, live;
        /// Longest time aside.
        max_ejection_time: Duration = "\"300s\"" in 0.001 ..= 86400, live;
        /// Put aside is only while fewer than so many percent are; one always may be, unless this is 0.
        max_ejection_percent: u32 = "10" in 0 ..= 100, live;
        /// Success rates are compared when so many servers had enough requests.
        success_rate_minimum_hosts: u32 = "5" in 1 ..= 1000000, live;
        /// Requests that a server must have had since the last sweep for its success rate to count.
        success_rate_request_volume: u32 = "100" in 1 ..= 1000000, live;
        /// A server is put aside when its success rate is below the mean less so many thousandths of the standard deviation.
        success_rate_stdev_factor: u32 = "1900" in 0 ..= 1000000, live;
        /// Chance, in percent, that this is done when it is due.
        enforcing_success_rate: u32 = "100" in 0 ..= 100, live;
        /// A server is put aside when at least so many percent of its requests failed.
        failure_percentage_threshold: u32 = "85" in 0 ..= 100, live;
        /// Chance, in percent, that this is done when it is due.
        enforcing_failure_percentage: u32 = "0" in 0 ..= 100, live;
        /// Failure shares are looked at when so many servers had enough requests.
        failure_percentage_minimum_hosts: u32 = "5" in 1 ..= 1000000, live;
        /// Requests that a server must have had since the last sweep for its share of failures to count.
        failure_percentage_request_volume: u32 = "50" in 1 ..= 1000000, live;
    }
}

/// What outlier detection remembers of one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Ejection {
    row_5xx: u32,
    row_gateway: u32,
    requests: u64,
    good: u64,
    since: Option<Time>,
    times: u32,
}

/// What happened to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Put aside, for so long at least.
    Ejected(Duration),
    /// It would have been put aside, but too many are.
    Overflow,
    /// It takes requests again.
    Returned,
}

/// An answer, as outlier detection sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Anything below 500.
    Good,
    /// 502, 503 or 504, or no answer: what a gateway says of a server.
    Gateway,
    /// Another 5xx.
    Error,
}

impl Ejection {
    /// Whether it is put aside.
    #[must_use]
    pub fn is_out(&self) -> bool {
        self.since.is_some()
    }

    /// How often it has been put aside lately.
    #[must_use]
    pub fn times(&self) -> u32 {
        self.times
    }

    /// It takes requests again before its time: an active health check has passed.
    pub fn forgive(&mut self) {
        self.since = None;
        (self.row_5xx, self.row_gateway) = (0, 0);
    }

    fn time_out(&self, rules: &Outliers) -> Duration {
        Duration(rules.base_ejection_time.0.saturating_mul(u64::from(self.times))).min(rules.max_ejection_time)
    }
}

impl Outliers {
    /// An answer of server `i` of all `servers`; `chance` says whether what happens in so many percent of cases happens now.
    pub fn seen(
        &self,
        servers: &mut [Ejection],
        i: usize,
        seen: Seen,
        now: Time,
        chance: impl FnMut(u32) -> bool,
    ) -> Option<Event> {
        let server = servers.get_mut(i)?;
        server.requests += 1;
        if seen == Seen::Good {
            server.good += 1;
            (server.row_5xx, server.row_gateway) = (0, 0);
            return None;
        }
        server.row_gateway = if seen == Seen::Gateway { server.row_gateway + 1 } else { 0 };
        server.row_5xx += 1;
        let mut chance = chance;
        let mut event = None;
        if server.row_gateway == self.consecutive_gateway_failure && server.since.is_none() {
            server.row_gateway = 0;
            event = self.eject(servers, i, self.enforcing_consecutive_gateway_failure, now, &mut chance);
        }
        let server = &mut servers[i];
        if server.row_5xx == self.consecutive_5xx && server.since.is_none() {
            server.row_5xx = 0;
            event = self.eject(servers, i, self.enforcing_consecutive_5xx, now, &mut chance).or(event);
        }
        event
    }

    fn eject(
        &self,
        servers: &mut [Ejection],
        i: usize,
        enforcing: u32,
        now: Time,
        chance: &mut impl FnMut(u32) -> bool,
    ) -> Option<Event> {
        if servers[i].since.is_some() || enforcing == 0 || !chance(enforcing) {
            return None;
        }
        let out = servers.iter().filter(|s| s.is_out()).count();
        if 100 * out >= self.max_ejection_percent as usize * servers.len() {
            return Some(Event::Overflow);
        }
        let server = &mut servers[i];
        server.since = Some(now);
        // Beyond the longest time there is nothing to count any more.
        if self.base_ejection_time.0.saturating_mul(u64::from(server.times))
            < self.max_ejection_time.0.saturating_add(self.base_ejection_time.0)
        {
            server.times += 1;
        }
        Some(Event::Ejected(server.time_out(self)))
    }

    /// The sweep at the end of an interval: who has been aside long enough comes back, and who answered much worse than the
    /// others is put aside.
    pub fn sweep(
        &self,
        servers: &mut [Ejection],
        now: Time,
        mut chance: impl FnMut(u32) -> bool,
        mut tell: impl FnMut(usize, Event),
    ) {
        for (i, server) in servers.iter_mut().enumerate() {
            match server.since {
                None => server.times = server.times.saturating_sub(1),
                Some(since) if now.since(since) >= server.time_out(self) => {
                    server.forgive();
                    tell(i, Event::Returned);
                }
                Some(_) => {}
            }
        }
        let rates = |volume: u32| -> Vec<(usize, f64)> {
            let enough = servers.iter().enumerate().filter(|(_, s)| s.requests >= u64::from(volume));
            enough.map(|(i, s)| (i, 100.0 * s.good as f64 / s.requests as f64)).collect()
        };
        let mut bad = Vec::new();
        let rated = rates(self.success_rate_request_volume);
        if self.enforcing_success_rate > 0 && rated.len() >= self.success_rate_minimum_hosts as usize {
            let n = rated.len() as f64;
            let mean = rated.iter().map(|(_, rate)| rate).sum::<f64>() / n;
            let variance = rated.iter().map(|(_, rate)| (rate - mean) * (rate - mean)).sum::<f64>() / n;
            let threshold = mean - variance.sqrt() * f64::from(self.success_rate_stdev_factor) / 1000.0;
            let below = rated.iter().filter(|(_, rate)| *rate < threshold);
            bad.extend(below.map(|(i, _)| (*i, self.enforcing_success_rate)));
        }
        let rated = rates(self.failure_percentage_request_volume);
        if self.enforcing_failure_percentage > 0 && rated.len() >= self.failure_percentage_minimum_hosts as usize {
            let limit = f64::from(self.failure_percentage_threshold);
            let above = rated.iter().filter(|(_, rate)| 100.0 - rate >= limit);
            bad.extend(above.map(|(i, _)| (*i, self.enforcing_failure_percentage)));
        }
        servers.iter_mut().for_each(|s| (s.requests, s.good) = (0, 0));
        for (i, enforcing) in bad {
            if let Some(event) = self.eject(servers, i, enforcing, now, &mut chance) {
                tell(i, event);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::default_config;

    fn at(s: f64) -> Time {
        Time((s * 1e9).round() as u64)
    }

    fn envoy() -> Outliers {
        default_config().unwrap_or_else(|| unreachable!("every parameter has a default"))
    }

    /// Plays (time, server, good) and sweeps every ten seconds up to `until`.
    fn play(rules: &Outliers, hosts: usize, events: &[(f64, usize, bool)], until: f64) -> Vec<(f64, usize, Event)> {
        let mut servers = vec![Ejection::default(); hosts];
        let mut log = Vec::new();
        let mut sweep = 10.0;
        for &(t, i, good) in events.iter().chain([(until, usize::MAX, true)].iter()) {
            while sweep <= t {
                rules.sweep(&mut servers, at(sweep), |_| true, |i, event| log.push((sweep, i, event)));
                sweep += 10.0;
            }
            let seen = if good { Seen::Good } else { Seen::Gateway };
            log.extend(rules.seen(&mut servers, i, seen, at(t), |_| true).map(|event| (t, i, event)));
        }
        log
    }

    const FIVE: [f64; 5] = [0.0, 0.1, 0.2, 0.3, 0.4];

    #[test]
    fn five_errors_in_a_row_put_aside_until_a_sweep_after_30_s() {
        let errors = FIVE.map(|t| (1.0 + t, 3, false));
        let thirty = Event::Ejected(Duration::from_secs(30));
        assert_eq!(play(&envoy(), 10, &errors, 50.0), [(1.4, 3, thirty), (40.0, 3, Event::Returned)]);
        let mut broken = errors.to_vec();
        broken.insert(4, (1.35, 3, true));
        assert_eq!(play(&envoy(), 10, &broken, 50.0), []);
    }

    #[test]
    fn at_most_a_tenth_is_aside_and_one_always_may_be() {
        let errors: Vec<_> = [1, 2, 4].iter().flat_map(|&i| FIVE.map(|t| (i as f64 + t, i, false))).collect();
        let kinds = |hosts| -> Vec<_> {
            play(&envoy(), hosts, &errors, 50.0).iter().map(|(_, i, e)| (*i, *e == Event::Overflow)).collect()
        };
        assert_eq!(kinds(10), [(1, false), (2, true), (4, true), (1, false)]);
        assert_eq!(kinds(20), [(1, false), (2, false), (4, true), (1, false), (2, false)]);
        assert_eq!(kinds(5)[0], (1, false));
    }

    #[test]
    fn who_is_put_aside_again_stays_longer_and_time_forgives() {
        let mut events = Vec::new();
        for start in [1.0, 41.0, 121.0] {
            events.extend(FIVE.map(|t| (start + t, 0, false)));
        }
        let lengths: Vec<_> = play(&envoy(), 10, &events, 300.0)
            .into_iter()
            .filter_map(
                |(_, _, event)| if let Event::Ejected(length) = event { Some(length.0 / 1_000_000_000) } else { None },
            )
            .collect();
        // Back at 40, aside from 41.4 for 60 s, back at 110; the sweep at 120 forgives one of two.
        assert_eq!(lengths, [30, 60, 60]);
    }

    #[test]
    fn a_success_rate_far_below_the_others_puts_aside() {
        let rules = envoy();
        let mut servers = vec![Ejection::default(); 10];
        for (i, server) in servers.iter_mut().enumerate() {
            (server.requests, server.good) = (100, if i == 4 { 50 } else { 99 });
        }
        let mut log = Vec::new();
        rules.sweep(&mut servers, at(10.0), |_| true, |i, event| log.push((i, event)));
        assert_eq!(log, [(4, Event::Ejected(Duration::from_secs(30)))]);
        // With fewer requests than 100 each, nothing is compared.
        servers = vec![Ejection { requests: 99, good: 0, ..Ejection::default() }; 10];
        rules.sweep(&mut servers, at(20.0), |_| true, |_, _| panic!("too few requests"));
        assert_eq!(servers[0].requests, 0, "each interval is counted by itself");
    }
}
