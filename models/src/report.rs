//! Everything measured in a run, for people (`Display`) and machines (serde).

use crate::catalogue::Descriptor;
use crate::component::slot;
use crate::simulation::Simulation;
use floodgate_core::order;
use floodgate_core::stats::{ClassStats, CodeCounts, Gauge, Histogram, NodeStats};
use floodgate_core::{Duration, Time};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

mod series;

pub use series::{ClassWindow, LinkWindow, NodeWindow, WindowReport};

/// A run in numbers. Percentiles are of measured values (histogram buckets 0.8 % wide), never derived from a mean.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Name of the scenario.
    pub scenario: String,
    /// Seed of the run.
    pub seed: u64,
    /// The clock.
    pub virtual_seconds: f64,
    /// Events handled.
    pub events: u64,
    /// Fingerprint of everything delivered.
    pub digest: String,
    /// The limit the run has met, with its remedy.
    pub halted: Option<String>,
    /// All roots.
    pub totals: TotalsReport,
    /// By class of requests.
    pub classes: BTreeMap<String, ClassReport>,
    /// By node id. Of several nodes that have had one id, the last has it here, and the others have it with their number: `web#1`.
    pub nodes: BTreeMap<String, NodeReport>,
    /// Windows; empty unless a series was recorded.
    pub series: Vec<WindowReport>,
}

/// Requests of a class since the statistics started: `born = answered + failed + in_flight`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassReport {
    /// Roots born.
    pub born: u64,
    /// Answered well.
    pub answered: u64,
    /// Answered well, in time, for someone who still waited.
    pub goodput: u64,
    /// Goodput ÷ born; `None` when none was born.
    pub goodput_ratio: Option<f64>,
    /// Ended otherwise, by the code of their last attempt.
    pub failed: BTreeMap<&'static str, u64>,
    /// Not ended.
    pub in_flight: u64,
    /// Attempts sent ÷ roots born; 1 when healthy.
    pub amplification: f64,
    /// Work that served an answer somebody got, in seconds of a worker or core.
    pub useful_work_seconds: f64,
    /// Work that served nobody, in seconds.
    pub wasted_work_seconds: f64,
    /// From birth to answer, of what was answered well.
    pub latency_ms: LatencyReport,
}

/// All roots born since the statistics started: `born = answered + failed + in_flight`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TotalsReport {
    /// Roots born.
    pub born: u64,
    /// Answered well.
    pub answered: u64,
    /// Answered well, in time, for someone who still waited.
    pub goodput: u64,
    /// Ended otherwise.
    pub failed: u64,
    /// Not ended.
    pub in_flight: u64,
    /// Work done, in seconds of a worker or core.
    pub busy_seconds: f64,
    /// Work that served nobody, in seconds.
    pub wasted_work_seconds: f64,
    /// Attempts sent by clients ÷ roots born; 1 when healthy.
    pub amplification: f64,
}

/// A node since the statistics started.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NodeReport {
    /// Its kind.
    pub kind: &'static str,
    /// When it was removed from the run; not there while the node is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed_at_s: Option<f64>,
    /// Calls that arrived (roots born, of clients).
    pub offered: u64,
    /// Answered well.
    pub answered: u64,
    /// Answered well, per second.
    pub throughput_per_s: f64,
    /// Errors it answered (how roots failed, of clients), by code.
    pub errors: BTreeMap<&'static str, u64>,
    /// Errors it saw as a caller, by code.
    pub caller_errors: BTreeMap<&'static str, u64>,
    /// Answers that came when it no longer waited.
    pub late: u64,
    /// Calls that arrived ÷ those of them that no retry caused (of clients: attempts they sent ÷ roots born); 1 when healthy.
    pub amplification: f64,
    /// From arrival to answer (from birth to answer, of clients), of what was answered well.
    pub latency_ms: LatencyReport,
    /// Mean share of the capacity that was there; `None` for nodes without capacity.
    pub utilization: Option<f64>,
    /// Requests that waited.
    pub queue: LevelReport,
    /// Gauges of its kind.
    pub gauges: BTreeMap<&'static str, GaugeReport>,
}

/// A latency distribution in milliseconds; `None` without a value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LatencyReport {
    /// Exact mean.
    pub mean: Option<f64>,
    /// Median.
    pub p50: Option<f64>,
    /// 90th percentile.
    pub p90: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// 99.9th percentile.
    pub p999: Option<f64>,
    /// Exact maximum.
    pub max: Option<f64>,
}

/// A number over time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LevelReport {
    /// Time-weighted.
    pub mean: f64,
    /// Largest.
    pub max: u64,
}

/// A gauge over time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct GaugeReport {
    /// Time-weighted.
    pub mean: f64,
    /// Largest.
    pub max: u64,
    /// Now.
    pub last: u64,
}

pub(crate) fn ratio(part: f64, whole: f64, otherwise: f64) -> f64 {
    if whole == 0.0 { otherwise } else { part / whole }
}

impl LatencyReport {
    pub(crate) fn new(histogram: &Histogram) -> LatencyReport {
        let ms = |d: Option<Duration>| d.map(Duration::as_millis_f64);
        let exact = (histogram.count() > 0).then(|| histogram.sum() as f64 / histogram.count() as f64 / 1e6);
        LatencyReport {
            mean: exact,
            p50: ms(histogram.quantile(0.5)),
            p90: ms(histogram.quantile(0.9)),
            p95: ms(histogram.quantile(0.95)),
            p99: ms(histogram.quantile(0.99)),
            p999: ms(histogram.quantile(0.999)),
            max: ms(histogram.max()),
        }
    }
}

fn codes(counts: &CodeCounts) -> BTreeMap<&'static str, u64> {
    order::map(counts.iter().map(|(code, n)| (code.name(), n)))
}

impl ClassReport {
    fn new(stats: &ClassStats) -> ClassReport {
        ClassReport {
            born: stats.born,
            answered: stats.answered,
            goodput: stats.goodput,
            goodput_ratio: (stats.born > 0).then(|| stats.goodput as f64 / stats.born as f64),
            failed: codes(&stats.failed),
            in_flight: stats.in_flight(),
            amplification: ratio(stats.attempts as f64, stats.born as f64, 1.0),
            useful_work_seconds: stats.useful_ns as f64 / 1e9,
            wasted_work_seconds: stats.wasted_ns as f64 / 1e9,
            latency_ms: LatencyReport::new(&stats.latency),
        }
    }
}

impl NodeReport {
    fn new(descriptor: &'static Descriptor, stats: &NodeStats, since: Time, now: Time) -> NodeReport {
        let length = now.since(since).0 as f64;
        let gauge = |slot: usize| stats.gauges.get(slot).copied().unwrap_or_default();
        let mean = |g: &Gauge| ratio(g.integral(now) as f64, length, 0.0);
        let (used, capacity, queue) = (gauge(slot::USED), gauge(slot::CAPACITY), gauge(slot::QUEUE));
        let own = |(i, spec): (usize, &crate::catalogue::GaugeSpec)| {
            let g = gauge(slot::OWN + i);
            (spec.name, GaugeReport { mean: mean(&g), max: g.max(), last: g.value() })
        };
        NodeReport {
            kind: descriptor.kind,
            removed_at_s: None,
            offered: stats.offered,
            answered: stats.answered,
            throughput_per_s: ratio(stats.answered as f64 * 1e9, length, 0.0),
            errors: codes(&stats.errors),
            caller_errors: codes(&stats.caller_errors),
            late: stats.late,
            amplification: match descriptor.accepts_calls {
                true => ratio(stats.offered as f64, stats.offered_first as f64, 1.0),
                // What clients send beyond one attempt for each root is retries.
                false => ratio(stats.sent as f64, stats.offered as f64, 1.0),
            },
            latency_ms: LatencyReport::new(&stats.latency),
            utilization: (capacity.integral(now) > 0)
                .then(|| used.integral(now) as f64 / capacity.integral(now) as f64),
            queue: LevelReport { mean: mean(&queue), max: queue.max() },
            gauges: order::map(descriptor.gauges.iter().enumerate().map(own)),
        }
    }
}

pub(crate) fn node(simulation: &Simulation, i: usize) -> NodeReport {
    let node = &simulation.scenario().nodes[i];
    let (now, since) = (simulation.now(), simulation.statistics_since());
    let report = NodeReport::new(node.descriptor, simulation.node_counters(i), since, now);
    NodeReport { removed_at_s: node.removed.map(Time::as_secs_f64), ..report }
}

pub(crate) fn classes(simulation: &Simulation) -> BTreeMap<String, ClassReport> {
    order::map(
        (simulation.scenario().classes().iter().zip(simulation.class_counters()))
            .map(|(class, stats)| ((*class).to_owned(), ClassReport::new(stats))),
    )
}

impl Report {
    pub(crate) fn new(simulation: &Simulation) -> Report {
        let t = simulation.totals();
        let named = |i| (simulation.report_name(i), node(simulation, i));
        Report {
            scenario: simulation.scenario().name.clone(),
            seed: simulation.seed(),
            virtual_seconds: simulation.now().as_secs_f64(),
            events: simulation.events(),
            digest: simulation.digest().to_string(),
            halted: simulation.halted().map(ToString::to_string),
            totals: TotalsReport {
                born: t.born,
                answered: t.answered,
                goodput: t.goodput,
                failed: t.failed,
                in_flight: t.in_flight,
                busy_seconds: t.busy_ns as f64 / 1e9,
                wasted_work_seconds: t.wasted_ns as f64 / 1e9,
                amplification: ratio(t.attempts as f64, t.born as f64, 1.0),
            },
            classes: classes(simulation),
            nodes: order::map((0..simulation.scenario().nodes.len()).map(named)),
            series: simulation.series().iter().map(|point| WindowReport::new(simulation.scenario(), point)).collect(),
        }
    }
}

fn counts(map: &BTreeMap<&'static str, u64>) -> String {
    map.iter().map(|(code, n)| format!("{code}: {n}")).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = &self.totals;
        writeln!(f, "{}  (seed {}, {} s of virtual time)", self.scenario, self.seed, self.virtual_seconds)?;
        writeln!(f, "  events {}   digest {}", self.events, self.digest)?;
        if let Some(halt) = &self.halted {
            writeln!(f, "  {halt}")?;
        }
        writeln!(
            f,
            "  requests: {} born = {} answered + {} failed + {} in flight",
            t.born, t.answered, t.failed, t.in_flight
        )?;
        let share = 100.0 * ratio(t.goodput as f64, t.born as f64, 0.0);
        writeln!(
            f,
            "  goodput {} ({share:.1} %)   amplification x{:.2}   wasted work {:.1} s of {:.1} s",
            t.goodput, t.amplification, t.wasted_work_seconds, t.busy_seconds
        )?;
        if self.classes.len() > 1 {
            self.classes(f)?;
        }
        self.nodes(f)
    }
}

impl Report {
    fn classes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        writeln!(
            f,
            "  {:<14} {:>10} {:>10} {:>9} {:>10} {:>6} {:>8} {:>8} {:>9}",
            "class", "born", "answered", "goodput", "failed", "amp", "p50 ms", "p99 ms", "wasted s"
        )?;
        for (class, c) in &self.classes {
            writeln!(
                f,
                "  {:<14} {:>10} {:>10} {:>9} {:>10} {:>6} {:>8} {:>8} {:>9.1}",
                class,
                c.born,
                c.answered,
                c.goodput_ratio.map_or("-".to_owned(), |share| format!("{:.1} %", 100.0 * share)),
                c.failed.values().sum::<u64>(),
                format!("x{:.2}", c.amplification),
                ms(c.latency_ms.p50),
                ms(c.latency_ms.p99),
                c.wasted_work_seconds
            )?;
        }
        Ok(())
    }

    fn nodes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        writeln!(
            f,
            "  {:<14} {:<14} {:>10} {:>10} {:>6} {:>8} {:>8} {:>6} {:>9} {:>9}",
            "node", "kind", "offered", "per s", "amp", "p50 ms", "p99 ms", "util", "queue", "max"
        )?;
        for (id, n) in &self.nodes {
            writeln!(
                f,
                "  {:<14} {:<14} {:>10} {:>10.1} {:>6} {:>8} {:>8} {:>6} {:>9.1} {:>9}",
                id,
                n.kind,
                n.offered,
                n.throughput_per_s,
                format!("x{:.2}", n.amplification),
                ms(n.latency_ms.p50),
                ms(n.latency_ms.p99),
                n.utilization.map_or("-".to_owned(), |u| format!("{u:.2}")),
                n.queue.mean,
                n.queue.max
            )?;
            if !n.errors.is_empty() {
                writeln!(f, "  {:<14} errors {}", "", counts(&n.errors))?;
            }
        }
        Ok(())
    }
}

fn ms(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |v| format!("{v:.1}"))
}
