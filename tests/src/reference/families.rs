//! Which family is run by what, or why it is not.

use super::Runner::{self, Decision, Experiment};
use super::{Case, balance, network, queueing, traces};

/// Families that are run.
const RUNNERS: &[(&str, Runner)] = &[
    ("queueing.mm1", Experiment(queueing::mm1)),
    ("queueing.mmc", Experiment(queueing::mmc)),
    ("queueing.mmck", Experiment(queueing::mmck)),
    ("queueing.erlang_b", Experiment(queueing::erlang_b)),
    ("queueing.mg1", Experiment(queueing::mg1)),
    ("queueing.mg1_ps", Experiment(queueing::mg1_ps)),
    ("queueing.mm1_lifo", Experiment(queueing::mm1_lifo)),
    ("queueing.mg1_setup", Experiment(queueing::mg1_setup)),
    ("queueing.mginf", Experiment(queueing::mginf)),
    ("queueing.mtminf", Experiment(queueing::mtminf)),
    ("queueing.priority", Experiment(queueing::priority)),
    ("queueing.erlang_a", Experiment(queueing::erlang_a)),
    ("queueing.gim1_kingman", Experiment(queueing::gim1_kingman)),
    ("queueing.batch", Experiment(queueing::batch)),
    ("queueing.mmpp", Experiment(queueing::mmpp)),
    ("queueing.jackson_tandem", Experiment(network::tandem)),
    ("queueing.jackson_feedback", Experiment(network::feedback)),
    ("queueing.closed_mva", Experiment(network::closed)),
    ("queueing.fork_join", Experiment(network::fork_join)),
    ("queueing.dispatch", Experiment(network::dispatch)),
    ("lb.swrr", Decision(balance::smooth)),
    ("lb.maglev_exact", Decision(balance::maglev_exact)),
    ("lb.maglev_stats", Decision(balance::maglev_stats)),
    ("lb.consistent_hash_ring", Decision(balance::rings)),
    ("lb.bounded_load", Decision(balance::bounded)),
    ("lb.supermarket", Experiment(balance::supermarket)),
    ("lb.supermarket_finite", Experiment(balance::supermarket_finite)),
    ("lb.supermarket_published", Experiment(balance::supermarket_published)),
    ("lb.balls_bins", Experiment(balance::balls)),
    ("breaker.envoy_outlier", Decision(balance::outliers)),
    ("breaker.envoy_panic", Decision(balance::panic_mode)),
    ("traces.arrival_trace", Decision(traces::replay)),
    ("traces.trace_fifo_replay", Decision(traces::replay)),
];

/// Families that are not, and what they wait for.
const WAITING: &[(&str, &str)] = &[
    ("cache.", "needs a cache"),
    ("resilience.retry_amplification", "needs a runner: `clients` and `service` retry"),
    ("resilience.tail_at_scale", "needs a runner: `fork_join` fans out"),
    ("resilience.hedging", "needs hedged calls"),
    ("resilience.metastable_retry", "needs a runner: the model of each case is defined in the case"),
    ("resilience.jitter", "needs decorrelated and equal jitter in the retry policy"),
    ("autoscale.", "needs an autoscaler"),
    ("ratelimit.", "needs a rate limiter"),
    ("breaker.", "needs a circuit breaker"),
    ("control.", "needs CoDel, adaptive limits and retry budgets"),
    ("traces.cache_replay", "needs a cache and the replay of traces"),
    ("traces.libcachesim_vectors", "not runnable: the trace cannot be redistributed"),
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
