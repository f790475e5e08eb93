//! Active health checks: calls that a balancer or a name server sends on its own account, to see who answers.

use super::balance::Checks;
use crate::component::Cx;
use crate::params;
use floodgate_core::{Duration, Key, LinkId, Probing, Reply};

params! {
    /// Calls that are sent to an endpoint to see whether it answers. They go through its queue like any other call, ask for
    /// `work`, and are no requests. The words are HAProxy's, and so are `rise` and `fall`.
    pub struct HealthChecks {
        /// From one check of an endpoint to the next; the endpoints are checked at different moments.
        interval: Duration = "\"2s\"" in 0.001 ..= 86400, live;
        /// When a check has failed if there is no answer; not longer than the interval.
        timeout: Duration = "\"1s\"" in 0.000001 ..= 86400, live;
        /// So many good answers in a row make an endpoint healthy.
        rise: u32 = "2" in 1 ..= 1000, live;
        /// So many failures in a row make it unhealthy.
        fall: u32 = "3" in 1 ..= 1000, live;
        /// How much work a check asks for, as a multiple of a usual request; 0 only waits in the queue.
        work: f64 = "0.0" in 0 ..= 1000, live;
    }
}

/// Sends checks and counts what comes back.
#[derive(Clone, Debug, Default)]
pub struct Checker {
    sent: u64,
}

impl Checker {
    /// How long after the first moment an endpoint is checked first: by its identity, somewhere within an interval.
    #[must_use]
    pub fn stagger(rules: &HealthChecks, identity: u64) -> Duration {
        Duration(((u128::from(rules.interval.0) * u128::from(identity)) >> 64) as u64)
    }

    /// Checks an endpoint; `tag` comes back with what [`Checker::heard`] is told.
    pub fn send(&mut self, rules: &HealthChecks, link: LinkId, replica: u32, tag: u32, cx: &mut Cx<'_>) {
        let (work, timeout) = (rules.work as f32, rules.timeout.min(rules.interval));
        cx.probe(link, replica, Probing { ordinal: self.sent, tag, work, timeout });
        self.sent += 1;
    }

    /// Whether the answer is one to a check, which has no request that it belongs to.
    #[must_use]
    #[inline(always)]
    pub fn is_check(reply: &Reply) -> bool {
        reply.parent == Key::NONE
    }

    /// A check has ended; true when what is believed of the endpoint has changed.
    pub fn heard(rules: &HealthChecks, reply: &Reply, state: &mut Checks, cx: &mut Cx<'_>) -> bool {
        cx.end_probe(reply);
        state.result(reply.outcome.is_ok(), rules.rise, rules.fall)
    }
}
