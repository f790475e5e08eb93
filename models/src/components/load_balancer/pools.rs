//! Which part of the endpoints a request may go to: by its path, its zone, and its session.

use super::*;
use crate::policy::balance::spill;
use floodgate_core::rng::{Draws, Source};

/// Fewer sessions than this are not worth sifting.
const SIFT_MIN: usize = 4096;

impl LoadBalancer {
    /// Whether a request may go to some of the trusted endpoints only.
    #[inline(always)]
    pub(super) fn narrows(&self) -> bool {
        self.routed || self.config.passive.is_some() || self.config.zone_aware.is_some()
    }

    /// Whether more is asked about a request than whose turn it is.
    #[inline(always)]
    pub(super) fn is_picky(&self) -> bool {
        self.narrows() || (self.config.sessions.is_some() && self.config.mode == Mode::L7)
    }

    /// Keeps those of `usable` that are for this request.
    pub(super) fn narrow(&mut self, usable: &mut Vec<u32>, call: CallId, draws: &mut Draws, cx: &mut Cx<'_>) {
        if self.routed {
            let class = cx.class_of(call);
            usable.retain(|&place| cx.link_takes(self.endpoints[place as usize].link, class));
        }
        if let Some(rule) = &self.config.zone_aware {
            let near = |place: u32| self.endpoints[place as usize].near;
            let all = self.ready.iter().filter(|&&place| near(place)).count();
            let healthy = self.pool.iter().filter(|&&place| near(place)).count();
            let stays = draws.unit() * 100.0 < f64::from(spill(healthy, all, rule.overprovisioning));
            // Where there is nobody on one side, the other takes all.
            if usable.iter().any(|&place| near(place) == stays) {
                usable.retain(|&place| near(place) == stays);
            }
            if usable.first().is_some_and(|&place| !near(place)) {
                self.spilled += 1;
                cx.gauge(GAUGE_SPILLED, self.spilled);
            }
        }
    }

    /// The endpoint that a request's session is at, if it is to stay there and can.
    pub(super) fn session_of(&self, call: CallId, tried: &[u32], cx: &Cx<'_>) -> Option<u32> {
        let rule = self.config.sessions.as_ref().filter(|rule| rule.sticky && self.config.mode == Mode::L7)?;
        let (place, last) = *self.sessions.get(&cx.client_of(call))?;
        let now = cx.now();
        let endpoint = self.endpoints.get(place as usize)?;
        let class = cx.class_of(call);
        let there = now.since(last) <= rule.timeout
            && self.pool.contains(&place)
            && !tried.contains(&place)
            && !self.leaves_out(place, now)
            && cx.link_takes(endpoint.link, class);
        there.then_some(place)
    }

    /// A client has been sent to an endpoint. Whoever had a session elsewhere has lost it.
    pub(super) fn remember(&mut self, call: CallId, chosen: u32, cx: &mut Cx<'_>) {
        let Some(rule) = self.config.sessions.as_ref().filter(|_| self.config.mode == Mode::L7) else { return };
        let (now, timeout) = (cx.now(), rule.timeout);
        let before = self.sessions.insert(cx.client_of(call), (chosen, now));
        if before.is_some_and(|(place, last)| place != chosen && now.since(last) <= timeout) {
            self.sessions_lost += 1;
            cx.gauge(GAUGE_SESSIONS_LOST, self.sessions_lost);
        }
        if self.sessions.len() >= self.sessions_sift.max(SIFT_MIN) {
            self.sessions.retain(|_, (_, last)| now.since(*last) <= timeout);
            self.sessions_sift = 2 * self.sessions.len();
        }
    }
}
