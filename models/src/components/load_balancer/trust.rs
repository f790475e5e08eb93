//! Which endpoints there are, and which of them are trusted.

use super::*;
use crate::policy::balance::ejection::Seen;
use crate::policy::balance::{in_panic, slow_start};
use floodgate_core::order::Order as _;
use floodgate_core::rng::mix;

impl LoadBalancer {
    /// News of the replicas that are ready behind a link.
    pub(super) fn heard(&mut self, link: LinkId, replicas: &[u32], cx: &mut Cx<'_>) {
        let now = cx.now();
        let fixed = self.config.discovery == Discovery::Fixed;
        for endpoint in self.endpoints.iter_mut().filter(|e| e.link == link) {
            let ready = replicas.contains(&endpoint.replica) || (fixed && endpoint.ready);
            if ready && !endpoint.ready {
                // Whoever comes back is another process: nothing of the one before is held against it.
                endpoint.since = now;
                (endpoint.ewma, endpoint.failures) = (PeakEwma::default(), Failures::default());
                endpoint.checks = Checks::new(true);
                if self.config.mode == Mode::L4 {
                    endpoint.active = 0;
                }
            }
            if endpoint.ready && !ready {
                endpoint.left = now;
            }
            endpoint.ready = ready;
        }
        let first = self.endpoints.len();
        for &replica in replicas {
            if !self.endpoints.iter().any(|e| (e.link, e.replica) == (link, replica)) {
                self.endpoints.push(Endpoint {
                    link,
                    replica,
                    active: 0,
                    ready: true,
                    weight: cx.link_weight(link),
                    name: mix(cx.callee_hash(link), u64::from(replica)),
                    // What is there when the run begins has been there before.
                    since: if self.unheard.contains(&link) { Time::ZERO } else { now },
                    left: Time::ZERO,
                    position: NOWHERE,
                    work: 0.0,
                    ewma: PeakEwma::default(),
                    failures: Failures::default(),
                    checks: Checks::new(true),
                    check: TimerId::NONE,
                    near: cx.link_is_near(link),
                });
                self.turns.push(Smooth::default());
            }
        }
        for place in first..self.endpoints.len() {
            self.await_first_check(place as u32, cx);
        }
        self.routed = self.config.mode == Mode::L7 && self.links.iter().any(|&link| !cx.link_takes_all(link));
        self.sort_ready(cx);
    }

    /// A link is there no more, and none of its endpoints.
    pub(super) fn gone(&mut self, link: LinkId, cx: &mut Cx<'_>) {
        for endpoint in self.endpoints.iter_mut().filter(|e| e.link == link) {
            // Nothing gets there any more, and connections that were open are no one's.
            (endpoint.ready, endpoint.since) = (false, cx.now());
            if self.config.mode == Mode::L4 {
                endpoint.active = 0;
            }
            cx.cancel(std::mem::replace(&mut endpoint.check, TimerId::NONE));
        }
        self.sort_ready(cx);
    }

    fn await_first_check(&mut self, place: u32, cx: &mut Cx<'_>) {
        let Some(rules) = &self.config.health_checks else { return };
        let endpoint = &mut self.endpoints[place as usize];
        if cx.link_is_there(endpoint.link) {
            endpoint.check = cx.timer(Checker::stagger(rules, endpoint.name), CHECK + u64::from(place));
        }
    }

    /// The rules may have changed: every endpoint is checked anew, and believed healthy until it fails.
    pub(super) fn check_all_anew(&mut self, cx: &mut Cx<'_>) {
        for place in 0..self.endpoints.len() as u32 {
            let endpoint = &mut self.endpoints[place as usize];
            cx.cancel(std::mem::replace(&mut endpoint.check, TimerId::NONE));
            if self.config.health_checks.is_none() {
                endpoint.checks = Checks::new(true);
            }
            self.await_first_check(place, cx);
        }
    }

    /// It is time to check an endpoint. One that is not announced is not asked; it is new when it comes back.
    pub(super) fn check(&mut self, place: u32, cx: &mut Cx<'_>) {
        let Some(rules) = &self.config.health_checks else { return };
        let endpoint = &mut self.endpoints[place as usize];
        endpoint.check = cx.timer(rules.interval, CHECK + u64::from(place));
        if endpoint.ready {
            self.checker.send(rules, endpoint.link, endpoint.replica, place, cx);
        }
    }

    /// A check has ended.
    #[inline(never)]
    pub(super) fn checked(&mut self, reply: &Reply, cx: &mut Cx<'_>) {
        let endpoint = &mut self.endpoints[reply.tag as usize];
        let Some(rules) = &self.config.health_checks else { return cx.end_probe(reply) };
        let changed = Checker::heard(rules, reply, &mut endpoint.checks, cx);
        let back = changed && endpoint.checks.is_healthy();
        if back {
            endpoint.since = cx.now();
        }
        // A passing check ends an ejection (Envoy).
        let position = endpoint.position as usize;
        let ejected = reply.outcome.is_ok() && self.ejections.get(position).is_some_and(Ejection::is_out);
        if ejected {
            self.ejections[position].forgive();
        }
        if changed || ejected {
            self.refresh(cx);
        }
    }

    fn sort_ready(&mut self, cx: &mut Cx<'_>) {
        let known = |place: u32| {
            let position = self.endpoints[place as usize].position;
            self.ejections.get(position as usize).copied().unwrap_or_default()
        };
        let mut ready: Vec<u32> =
            (0..self.endpoints.len() as u32).filter(|&i| self.endpoints[i as usize].ready).collect();
        let (endpoints, links) = (&self.endpoints, &self.links);
        ready.order_by_key(|&i| {
            let Endpoint { link, replica, .. } = endpoints[i as usize];
            (links.iter().position(|&l| l == link), replica)
        });
        self.ejections = ready.iter().map(|&place| known(place)).collect();
        self.endpoints.iter_mut().for_each(|e| e.position = NOWHERE);
        for (position, &place) in ready.iter().enumerate() {
            self.endpoints[place as usize].position = position as u32;
        }
        self.ready = ready;
        cx.gauge(GAUGE_ENDPOINTS, self.ready.len() as u64);
        self.refresh(cx);
    }

    /// The pool after any change of who is ready or trusted.
    pub(super) fn refresh(&mut self, cx: &mut Cx<'_>) {
        let panic = self.panics();
        self.pool.clear();
        let healthy = |place: u32| self.endpoints[place as usize].checks.is_healthy();
        let trusted = |(place, e): &(&u32, &Ejection)| panic || (!e.is_out() && healthy(**place));
        self.pool.extend(self.ready.iter().zip(&self.ejections).filter(trusted).map(|(&place, _)| place));
        self.tables = None;
        self.weigh(cx.now());
        cx.gauge(GAUGE_EJECTED, self.ejected() as u64);
        cx.gauge(GAUGE_PANIC, u64::from(panic));
        cx.gauge(GAUGE_UNHEALTHY, self.unhealthy() as u64);
        cx.gauge(GAUGE_STATE, self.state());
    }

    /// Whom it trusts, as the descriptor numbers it.
    pub(super) fn state(&self) -> u64 {
        match () {
            () if self.ready.is_empty() && self.unheard.is_empty() => 4,
            () if self.panics() => 3,
            () if self.ejected() > 0 => 2,
            () => u64::from(self.unhealthy() > 0),
        }
    }

    /// Endpoints that failed their checks.
    pub(super) fn unhealthy(&self) -> usize {
        self.ready.iter().filter(|&&place| !self.endpoints[place as usize].checks.is_healthy()).count()
    }

    /// Whether all in the pool have the same weight now, and until when that has to be asked again.
    pub(super) fn weigh(&mut self, now: Time) {
        let mut weights = self.pool.iter().map(|&p| self.endpoints[p as usize].weight);
        let first = weights.next().unwrap_or(1.0);
        self.even = first > 0.0 && weights.all(|w| w == first);
        self.slow_until = Time::ZERO;
        if let Some(rule) = &self.config.slow_start {
            let end = self.pool.iter().map(|&p| self.endpoints[p as usize].since + rule.window).max();
            if let Some(end) = end.filter(|&end| end > now) {
                // Those of the start have run for long.
                let slow = self.pool.iter().any(|&p| started(&self.endpoints[p as usize], &self.config, now) < 1.0);
                if slow {
                    (self.even, self.slow_until) = (false, end);
                }
            }
        }
    }

    pub(super) fn ejected(&self) -> usize {
        self.ejections.iter().filter(|e| e.is_out()).count()
    }

    pub(super) fn panics(&self) -> bool {
        let is_out =
            |(place, e): &(&u32, &Ejection)| e.is_out() || !self.endpoints[**place as usize].checks.is_healthy();
        let out = self.ready.iter().zip(&self.ejections).filter(is_out).count();
        out > 0 && in_panic(self.ready.len() - out, self.ready.len(), 100.0 * self.config.panic_threshold)
    }

    /// Whether answers are looked at.
    #[inline(always)]
    pub(super) fn watches(&self) -> bool {
        self.config.outliers.is_some() || self.config.passive.is_some() || self.config.algorithm == Algorithm::PeakEwma
    }

    /// Whether passive checks leave an endpoint out now. The only one there is never is.
    #[inline(always)]
    pub(super) fn leaves_out(&self, place: u32, now: Time) -> bool {
        self.config.passive.as_ref().is_some_and(|passive| {
            let seconds = passive.fail_timeout.0 / 1_000_000_000;
            self.ready.len() > 1 && !self.endpoints[place as usize].failures.is_usable(passive.max_fails, seconds, now)
        })
    }

    /// What an answer says of an endpoint.
    #[inline(never)]
    pub(super) fn learn(&mut self, reply: &Reply, cx: &mut Cx<'_>) {
        let now = cx.now();
        let Some(endpoint) = self.endpoints.get_mut(reply.tag as usize) else { return };
        // Of an answer, whoever sees only connections sees nothing.
        let seen = |code: &Code| self.config.mode == Mode::L7 || *code == Code::BadGateway;
        let code = reply.outcome.err().filter(seen);
        if self.config.algorithm == Algorithm::PeakEwma
            && let Some(call) = cx.get(reply.parent)
        {
            endpoint.ewma.observe(now.since(call.since), self.config.decay, now);
        }
        if let Some(passive) = &self.config.passive {
            // What nginx calls an error or a time-out; what a server answers is an answer.
            match code {
                Some(Code::BadGateway | Code::Timeout | Code::ConnectTimeout) => {
                    endpoint.failures.failed(now);
                    self.turns[reply.tag as usize].failed(endpoint.weight, passive.max_fails);
                }
                _ => endpoint.failures.succeeded(),
            }
        }
        let position = endpoint.position as usize;
        let Some(rules) = &self.config.outliers else { return };
        let seen = match code {
            None | Some(Code::TooManyRequests) => Seen::Good,
            Some(Code::Internal | Code::LoopDetected) => Seen::Error,
            Some(_) => Seen::Gateway,
        };
        let enforced = &mut self.enforced;
        let event = rules.seen(&mut self.ejections, position, seen, now, |percent| chance(enforced, percent, cx));
        if event.is_some() {
            self.refresh(cx);
        }
    }

    /// The end of an interval of outlier detection.
    pub(super) fn sweep(&mut self, cx: &mut Cx<'_>) {
        let Some(rules) = &self.config.outliers else { return };
        cx.timer(rules.interval, SWEEP);
        let enforced = &mut self.enforced;
        rules.sweep(&mut self.ejections, cx.now(), |percent| chance(enforced, percent, cx), |_, _| {});
        self.refresh(cx);
    }
}

/// What happens in so many percent of cases: a draw that belongs to no request.
fn chance(enforced: &mut u64, percent: u32, cx: &Cx<'_>) -> bool {
    if percent >= 100 {
        return true;
    }
    *enforced += 1;
    cx.draws(PURPOSE_ENFORCING, *enforced).below(100) < u64::from(percent)
}

/// The share of its weight that an endpoint has now.
pub(super) fn started(endpoint: &Endpoint, config: &Config, now: Time) -> f64 {
    match &config.slow_start {
        Some(rule) if endpoint.since > Time::ZERO => {
            slow_start(now.since(endpoint.since), rule.window, rule.aggression, rule.min_weight)
        }
        _ => 1.0,
    }
}
