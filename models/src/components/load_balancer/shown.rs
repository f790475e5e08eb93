//! What people see of a balancer.

use super::*;
use crate::status::{self, Health};
use floodgate_core::order::Order as _;

/// So many endpoints are drawn one by one.
const SHOWN_MAX: usize = 24;

impl LoadBalancer {
    /// What it thinks of each endpoint, in the order of (callee, replica).
    pub(super) fn endpoints_shown(&self, now: Time) -> Vec<status::Endpoint> {
        let shown = |endpoint: &&Endpoint| endpoint.ready || endpoint.active > 0;
        let mut endpoints: Vec<&Endpoint> = self.endpoints.iter().filter(shown).collect();
        let place = |e: &Endpoint| self.links.iter().position(|&l| l == e.link);
        endpoints.order_by_key(|e| (place(e), e.replica));
        let more = endpoints.len().saturating_sub(SHOWN_MAX) as u32;
        let mut drawn: Vec<status::Endpoint> = endpoints
            .into_iter()
            .take(SHOWN_MAX)
            .map(|endpoint| {
                let ejected = self.ejections.get(endpoint.position as usize).is_some_and(Ejection::is_out);
                let share = trust::started(endpoint, &self.config, now);
                let health = match () {
                    () if !endpoint.ready => Health::Draining,
                    () if ejected => Health::Ejected,
                    () if !endpoint.checks.is_healthy() => Health::Unhealthy,
                    () if share < 1.0 => Health::SlowStart,
                    () => Health::Healthy,
                };
                let service = place(endpoint).and_then(|place| self.names.get(place)).map_or("", String::as_str);
                status::Endpoint {
                    name: format!("{service}#{}", endpoint.replica),
                    health,
                    weight: (endpoint.weight * share) as f32,
                    open: endpoint.active,
                    more: 0,
                }
            })
            .collect();
        if let Some(last) = drawn.last_mut() {
            last.more = more;
        }
        drawn
    }
}
