//! Windows of the series as people and machines read them: shares, means and percentiles, derived from whole numbers.

use crate::record::{ClassPoint, Level, NodePoint, SeriesPoint};
use crate::scenario::Scenario;
use floodgate_core::order;
use floodgate_core::stats::{LinkStats, SparseHistogram};
use floodgate_core::{Duration, Time};
use serde::Serialize;
use std::collections::BTreeMap;

/// One window of the run. Percentiles are of measured values (buckets 1.6 % wide); `None` where nothing was answered.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WindowReport {
    /// Start of the window, in ns.
    pub start_ns: u64,
    /// End of the window, in ns.
    pub end_ns: u64,
    /// Roots born.
    pub born: u64,
    /// Attempts sent for roots.
    pub attempts: u64,
    /// Roots answered.
    pub answered: u64,
    /// Roots answered in time.
    pub goodput: u64,
    /// Roots failed.
    pub failed: u64,
    /// How attempts for roots ended that were not answered well, by code.
    pub attempt_errors: BTreeMap<&'static str, u64>,
    /// Work done, in ns.
    pub busy_ns: u128,
    /// Work found to have served nobody, in ns.
    pub wasted_ns: u128,
    /// Roots that had not ended, over time.
    pub in_flight_mean: f64,
    /// Fewest.
    pub in_flight_min: u64,
    /// Most.
    pub in_flight_max: u64,
    /// Median latency of roots answered in the window, in ns.
    pub p50_ns: Option<u64>,
    /// 95th percentile.
    pub p95_ns: Option<u64>,
    /// 99th percentile.
    pub p99_ns: Option<u64>,
    /// The classes of requests, by name.
    pub classes: BTreeMap<String, ClassWindow>,
    /// The nodes, in the order of the report; those that were added to the run stand behind, in the order in which they came.
    pub nodes: Vec<NodeWindow>,
    /// The links, by caller, port and callee; those that were added stand behind.
    pub links: Vec<LinkWindow>,
}

/// One window of a class of requests.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassWindow {
    /// Roots born.
    pub born: u64,
    /// Attempts sent for them.
    pub attempts: u64,
    /// Roots answered.
    pub answered: u64,
    /// Roots answered in time.
    pub goodput: u64,
    /// Roots failed.
    pub failed: u64,
    /// Work found to have served nobody, in ns.
    pub wasted_ns: u128,
    /// Median latency, in ns.
    pub p50_ns: Option<u64>,
    /// 99th percentile.
    pub p99_ns: Option<u64>,
}

/// One window of a node.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct NodeWindow {
    /// Calls that arrived (roots born, of clients).
    pub offered: u64,
    /// Those that no retry caused.
    pub offered_first: u64,
    /// Answered well.
    pub answered: u64,
    /// Answered with an error.
    pub errors: u64,
    /// Answers that came when it no longer waited.
    pub late: u64,
    /// Mean share of the capacity in use, 0 to 1; 0 without capacity.
    pub utilization: f64,
    /// Least capacity in use.
    pub used_min: u64,
    /// Most capacity in use.
    pub used_max: u64,
    /// Mean number of requests that waited.
    pub queue_mean: f64,
    /// Fewest.
    pub queue_min: u64,
    /// Most.
    pub queue_max: u64,
}

/// One window of a link.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LinkWindow {
    /// Caller.
    pub from: String,
    /// Port of the caller.
    pub port: &'static str,
    /// Callee.
    pub to: String,
    /// Calls sent that no retry caused.
    pub calls_first: u64,
    /// Calls sent that a retry caused, here or above.
    pub calls_retry: u64,
    /// Good answers accepted.
    pub ok: u64,
    /// Errors that came back.
    pub errors: u64,
    /// Calls given up.
    pub timeouts: u64,
    /// Answers that came too late.
    pub late: u64,
}

fn quantile(latency: &SparseHistogram, q: f64) -> Option<u64> {
    latency.quantile(q).map(|d| d.0)
}

impl WindowReport {
    pub(crate) fn new(scenario: &Scenario, point: &SeriesPoint) -> WindowReport {
        let (latency, length) = (point.latency(), point.length());
        let class = |(name, class): (&&str, &ClassPoint)| ((*name).to_owned(), ClassWindow::new(class));
        let link = |(link, stats): (&crate::scenario::Link, &LinkStats)| LinkWindow::new(scenario, link, stats);
        let in_flight: &Level = &point.in_flight;
        WindowReport {
            start_ns: point.start_ns,
            end_ns: point.end_ns,
            born: point.born,
            attempts: point.attempts,
            answered: point.answered,
            goodput: point.goodput,
            failed: point.failed,
            attempt_errors: super::codes(&point.attempt_errors),
            busy_ns: point.busy_ns,
            wasted_ns: point.wasted_ns,
            in_flight_mean: in_flight.mean(length),
            in_flight_min: in_flight.min,
            in_flight_max: in_flight.max,
            p50_ns: quantile(&latency, 0.5),
            p95_ns: quantile(&latency, 0.95),
            p99_ns: quantile(&latency, 0.99),
            classes: order::map(scenario.classes().iter().zip(&point.classes).map(class)),
            nodes: point.nodes.iter().map(|node| NodeWindow::new(node, length)).collect(),
            links: scenario.links.iter().zip(&point.links).map(link).collect(),
        }
    }

    /// Its length.
    #[must_use]
    pub fn length(&self) -> Duration {
        Time(self.end_ns).since(Time(self.start_ns))
    }
}

impl ClassWindow {
    fn new(point: &ClassPoint) -> ClassWindow {
        ClassWindow {
            born: point.born,
            attempts: point.attempts,
            answered: point.answered,
            goodput: point.goodput,
            failed: point.failed,
            wasted_ns: point.wasted_ns,
            p50_ns: quantile(&point.latency, 0.5),
            p99_ns: quantile(&point.latency, 0.99),
        }
    }
}

impl NodeWindow {
    fn new(point: &NodePoint, length: Duration) -> NodeWindow {
        NodeWindow {
            offered: point.offered,
            offered_first: point.offered_first,
            answered: point.answered,
            errors: point.errors,
            late: point.late,
            utilization: point.utilization().unwrap_or(0.0),
            used_min: point.used.min,
            used_max: point.used.max,
            queue_mean: point.queue.mean(length),
            queue_min: point.queue.min,
            queue_max: point.queue.max,
        }
    }
}

impl LinkWindow {
    fn new(scenario: &Scenario, link: &crate::scenario::Link, stats: &LinkStats) -> LinkWindow {
        let port = scenario.node(&link.from).and_then(|node| node.descriptor.ports.get(link.port));
        LinkWindow {
            from: link.from.clone(),
            port: port.map_or("", |port| port.name),
            to: link.to.clone(),
            calls_first: stats.calls_first,
            calls_retry: stats.calls_retry,
            ok: stats.ok,
            errors: stats.errors,
            timeouts: stats.timeouts,
            late: stats.late,
        }
    }
}
