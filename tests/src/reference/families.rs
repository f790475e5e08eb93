//! Which family is run by what, or why it is not.

use super::{Case, Plan, network, queueing};

type Runner = fn(&Case) -> Plan;

/// Families that are run.
const RUNNERS: &[(&str, Runner)] = &[
    ("queueing.mm1", queueing::mm1),
    ("queueing.mmc", queueing::mmc),
    ("queueing.mmck", queueing::mmck),
    ("queueing.erlang_b", queueing::erlang_b),
    ("queueing.mg1", queueing::mg1),
    ("queueing.mg1_ps", queueing::mg1_ps),
    ("queueing.mm1_lifo", queueing::mm1_lifo),
    ("queueing.mg1_setup", queueing::mg1_setup),
    ("queueing.mginf", queueing::mginf),
    ("queueing.mtminf", queueing::mtminf),
    ("queueing.priority", queueing::priority),
    ("queueing.erlang_a", queueing::erlang_a),
    ("queueing.gim1_kingman", queueing::gim1_kingman),
    ("queueing.batch", queueing::batch),
    ("queueing.mmpp", queueing::mmpp),
    ("queueing.jackson_tandem", network::tandem),
    ("queueing.jackson_feedback", network::feedback),
    ("queueing.closed_mva", network::closed),
    ("queueing.fork_join", network::fork_join),
    ("queueing.dispatch", network::dispatch),
];

/// Families that are not, and what they wait for.
const WAITING: &[(&str, &str)] = &[
    ("lb.supermarket", "needs a runner: `load_balancer` has power_of_d, the limit is of many servers"),
    ("lb.supermarket_finite", "needs a runner: `load_balancer` has power_of_d"),
    ("lb.supermarket_published", "needs a runner: `load_balancer` has power_of_d"),
    ("lb.consistent_hash_ring", "needs ring hash in `load_balancer`"),
    ("lb.maglev_exact", "needs Maglev hashing in `load_balancer`"),
    ("lb.maglev_stats", "needs Maglev hashing in `load_balancer`"),
    ("lb.swrr", "needs smooth weighted round robin in `load_balancer`"),
    ("lb.bounded_load", "needs bounded-load consistent hashing in `load_balancer`"),
    ("lb.balls_bins", "needs a runner: balls into bins by `load_balancer`"),
    ("cache.", "needs a cache"),
    ("resilience.retry_amplification", "needs a runner: `clients` and `service` retry"),
    ("resilience.tail_at_scale", "needs a runner: `fork_join` fans out"),
    ("resilience.hedging", "needs hedged calls"),
    ("resilience.metastable_retry", "needs a runner: the model of each case is defined in the case"),
    ("resilience.jitter", "needs decorrelated and equal jitter in the retry policy"),
    ("autoscale.", "needs an autoscaler"),
    ("ratelimit.", "needs a rate limiter"),
    ("breaker.", "needs a circuit breaker and outlier detection"),
    ("control.", "needs CoDel, adaptive limits and retry budgets"),
    ("traces.cache_replay", "needs a cache and the replay of traces"),
    ("traces.libcachesim_vectors", "not runnable: the trace cannot be redistributed"),
    ("traces.arrival_trace", "needs the replay of arrival times"),
    ("traces.trace_fifo_replay", "needs the replay of arrival times and demands"),
];

/// What runs a case, or why nothing does.
pub(super) fn runner(case: &Case) -> Result<Runner, String> {
    if case.tolerance["type"] == "qualitative" {
        return Err("not runnable: a published observation, of which only the direction can be compared".to_owned());
    }
    if let Some((_, runner)) = RUNNERS.iter().find(|(family, _)| *family == case.family) {
        return Ok(*runner);
    }
    match WAITING.iter().find(|(family, _)| case.family.starts_with(family)) {
        Some((_, reason)) => Err(format!("not yet: {reason}").replace("not yet: not", "not")),
        None => Err(UNKNOWN.to_owned()),
    }
}

/// Said of a family that is in neither table; a test keeps that from happening.
pub(super) const UNKNOWN: &str = "nobody has said why";
