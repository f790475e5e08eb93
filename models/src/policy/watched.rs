//! Regions that are checked by whoever sends clients there.

use super::balance::Checks;
use super::{Checker, HealthChecks, Regions};
use crate::component::Cx;
use crate::status::{self, Health};
use floodgate_core::{ANY_REPLICA, LinkId, PortId, Reply, TimerId};

/// Regions at the end of the links of a port, and what the checks say of each.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    regions: Regions,
    checks: Vec<Checks>,
    /// The ids of the regions, for people.
    names: Vec<String>,
    timers: Vec<TimerId>,
    checker: Checker,
}

impl Watched {
    /// Tags of the timers that bring the next check of a region are this and its place, which is less than 65,536.
    pub const CHECK: u64 = 1 << 32;

    /// Reads the links again. Returned is where each region of before is now.
    pub fn read(&mut self, port: PortId, rules: Option<&HealthChecks>, cx: &mut Cx<'_>) -> Vec<Option<u32>> {
        let before = std::mem::replace(&mut self.regions, Regions::new(cx.links(port), cx));
        let links = self.regions.links();
        self.names = links.iter().map(|&link| cx.callee_key(link).to_owned()).collect();
        let place = |all: &[LinkId], link| all.iter().position(|&l| l == link);
        let known = |&link| place(before.links(), link).map_or(Checks::new(true), |p| self.checks[p]);
        self.checks = links.iter().map(known).collect();
        let moved = before.links().iter().map(|&link| place(links, link).map(|p| p as u32)).collect();
        self.await_checks(rules, cx);
        moved
    }

    /// The rules may have changed: checks begin anew, and without rules everybody is believed healthy.
    pub fn await_checks(&mut self, rules: Option<&HealthChecks>, cx: &mut Cx<'_>) {
        self.timers.drain(..).for_each(|timer| _ = cx.cancel(timer));
        let Some(rules) = rules else {
            return self.checks.iter_mut().for_each(|check| *check = Checks::new(true));
        };
        for (place, &link) in self.regions.links().iter().enumerate() {
            let first = Checker::stagger(rules, cx.callee_hash(link));
            self.timers.push(cx.timer(first, Watched::CHECK + place as u64));
        }
    }

    /// A timer brings the next check of a region.
    pub fn check(&mut self, tag: u64, rules: Option<&HealthChecks>, cx: &mut Cx<'_>) {
        let place = (tag - Watched::CHECK) as usize;
        let (Some(rules), Some(&link)) = (rules, self.regions.links().get(place)) else { return };
        self.timers[place] = cx.timer(rules.interval, tag);
        self.checker.send(rules, link, ANY_REPLICA, place as u32, cx);
    }

    /// A check has ended; the place of the region and whether it is healthy now, if that has changed.
    #[inline(never)]
    pub fn heard(&mut self, reply: &Reply, rules: Option<&HealthChecks>, cx: &mut Cx<'_>) -> Option<(u32, bool)> {
        let (Some(rules), Some(state)) = (rules, self.checks.get_mut(reply.tag as usize)) else {
            cx.end_probe(reply);
            return None;
        };
        Checker::heard(rules, reply, state, cx).then(|| (reply.tag, state.is_healthy()))
    }

    /// Where the regions are.
    #[must_use]
    pub fn regions(&self) -> &Regions {
        &self.regions
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.checks.len()
    }

    /// Whether a region passes its checks.
    #[must_use]
    pub fn is_healthy(&self, place: u32) -> bool {
        self.checks.get(place as usize).is_some_and(Checks::is_healthy)
    }

    /// How many fail them.
    #[must_use]
    pub fn unhealthy(&self) -> u64 {
        self.checks.iter().filter(|check| !check.is_healthy()).count() as u64
    }

    /// As they are drawn.
    #[must_use]
    pub fn drawn(&self) -> Vec<status::Endpoint> {
        let endpoint = |(name, check): (&String, &Checks)| status::Endpoint {
            name: name.clone(),
            health: if check.is_healthy() { Health::Healthy } else { Health::Unhealthy },
            weight: 1.0,
            ..status::Endpoint::default()
        };
        self.names.iter().zip(&self.checks).map(endpoint).collect()
    }
}
