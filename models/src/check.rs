//! Expectations: statements about a run that can be false, evaluated over windows of virtual time.

use crate::component::slot;
use crate::report::ratio;
use crate::scenario::metric::{GaugeStat, LatencyStat, Metric, QueueStat};
use crate::scenario::{Expectation, Scenario};
use crate::simulation::Simulation;
use floodgate_core::order::Order as _;
use floodgate_core::stats::{ClassStats, Histogram, NodeStats, Totals};
use floodgate_core::{Halt, Time};

/// The value that an expectation's metric had.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectationResult {
    /// What was expected.
    pub expectation: Expectation,
    /// What came out; `None` when there was nothing to measure (no answer, so no latency), which fails.
    pub value: Option<f64>,
}

impl ExpectationResult {
    /// Whether it holds.
    #[must_use]
    pub fn passed(&self) -> bool {
        let (min, max) = (self.expectation.min, self.expectation.max);
        self.value.is_some_and(|v| min.is_none_or(|m| v >= m) && max.is_none_or(|m| v <= m))
    }
}

/// All expectations of a scenario in one run.
#[derive(Clone, Debug)]
pub struct CheckReport {
    /// In the order of the file.
    pub results: Vec<ExpectationResult>,
    /// The limit that the run met, if any: then nothing is right.
    pub halted: Option<Halt>,
    /// What does not balance in the books, if anything: a defect of the simulator, and nothing it says is to be trusted.
    pub unbalanced: Option<String>,
    /// The run at its end.
    pub simulation: Simulation,
}

impl CheckReport {
    /// Whether the run came to its end with its books balanced, and every expectation holds.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.halted.is_none() && self.unbalanced.is_none() && self.results.iter().all(ExpectationResult::passed)
    }
}

/// Cumulative numbers at an instant.
struct Mark {
    at: Time,
    totals: Totals,
    nodes: Vec<NodeStats>,
    classes: Vec<ClassStats>,
}

impl Mark {
    fn new(simulation: &Simulation) -> Mark {
        let nodes = (0..simulation.scenario().nodes.len()).map(|i| simulation.node_counters(i).clone()).collect();
        let classes = simulation.class_counters().to_vec();
        Mark { at: simulation.now(), totals: simulation.totals(), nodes, classes }
    }
}

/// Runs `scenario` with `seed` to its end and evaluates its expectations (not those of its variants).
#[must_use]
pub fn check(scenario: &Scenario, seed: u64) -> CheckReport {
    let mut simulation = Simulation::new(scenario, seed);
    let whole = (Time::ZERO + scenario.warm_up, scenario.until);
    // Nothing is measured before the end of the warm-up, so a window begins there at the earliest.
    let measured = |(from, to): (Time, Time)| (from.max(whole.0), to);
    let windows: Vec<_> = scenario.expectations.iter().map(|e| measured(e.within.unwrap_or(whole))).collect();
    let mut cuts: Vec<Time> = windows.iter().flat_map(|w| [w.0, w.1]).chain([whole.1]).collect();
    cuts.retain(|cut| *cut >= whole.0);
    cuts.order_by(Ord::cmp);
    cuts.dedup();
    let mut marks = Vec::with_capacity(cuts.len());
    let (mut halted, mut unbalanced) = (None, None);
    for &cut in &cuts {
        let ran = simulation.run_until(cut);
        unbalanced = unbalanced.or(simulation.check_books().err());
        if let Err(halt) = ran {
            halted = Some(halt);
            break;
        }
        // A node's numbers up to here; largest values are those since the cut before.
        marks.push(Mark::new(&simulation));
        simulation.core_mut().start_window();
    }
    let value = |(expectation, window): (&Expectation, &(Time, Time))| {
        let place = |t: Time| marks.iter().position(|m| m.at == t);
        let value = match (place(window.0), place(window.1)) {
            (Some(a), Some(b)) if a < b => measure(scenario, expectation, &marks[a..=b]),
            _ => None,
        };
        ExpectationResult { expectation: expectation.clone(), value }
    };
    let results = scenario.expectations.iter().zip(&windows).map(value).collect();
    CheckReport { results, halted, unbalanced, simulation }
}

/// The value of a metric between the first and the last of `marks`.
fn measure(scenario: &Scenario, expectation: &Expectation, marks: &[Mark]) -> Option<f64> {
    let metric = expectation.metric.clone();
    let (first, last) = (marks.first()?, marks.last()?);
    let seconds = last.at.since(first.at).as_secs_f64();
    if let Some(class) = &expectation.class {
        let class = scenario.classes().binary_search(&class.as_str()).ok()?;
        return class_metric(&metric, first.classes.get(class)?, last.classes.get(class)?, seconds);
    }
    let node = match &expectation.of {
        None => return run_metric(&metric, &first.totals, &last.totals, seconds),
        Some(id) => scenario.nodes.iter().position(|n| &n.id == id)?,
    };
    let (a, b) = (&first.nodes[node], &last.nodes[node]);
    let is_source = !scenario.nodes[node].descriptor.accepts_calls;
    let count = |f: fn(&NodeStats) -> u64| (f(b) - f(a)) as f64;
    let (offered, answered) = (count(|n| n.offered), count(|n| n.answered));
    let errors = b.errors.since(&a.errors);
    let integral = |slot: usize| {
        let at = |n: &NodeStats, t| n.gauges.get(slot).map_or(0, |g| g.integral(t));
        (at(b, last.at) - at(a, first.at)) as f64
    };
    // A gauge may have its largest value at the very beginning, so the value there counts too.
    let largest = |slot: usize| {
        let inside = marks[1..].iter().filter_map(|m| m.nodes[node].gauges.get(slot)).map(|g| g.window_max());
        inside.max().unwrap_or(0) as f64
    };
    Some(match metric {
        Metric::Born | Metric::Offered => offered,
        Metric::Answered => answered,
        Metric::Failed => errors.total() as f64,
        Metric::Goodput => count(|n| n.goodput),
        Metric::GoodputPerS => count(|n| n.goodput) / seconds,
        Metric::GoodputRatio => count(|n| n.goodput) / some(offered)?,
        Metric::AnsweredRatio => answered / some(offered)?,
        Metric::OfferedPerS => offered / seconds,
        Metric::ThroughputPerS => answered / seconds,
        Metric::ErrorRatio if is_source => errors.total() as f64 / some(offered)?,
        Metric::ErrorRatio => errors.total() as f64 / some(answered + errors.total() as f64)?,
        // What the clients send beyond one attempt for each root is retries.
        Metric::Amplification if is_source => count(|n| n.sent) / some(offered)?,
        Metric::Amplification => offered / some(count(|n| n.offered_first))?,
        Metric::Errors(None) => errors.total() as f64,
        Metric::Errors(Some(code)) => errors.get(code) as f64,
        Metric::CallerErrors(code) => {
            let seen = b.caller_errors.since(&a.caller_errors);
            code.map_or(seen.total(), |c| seen.get(c)) as f64
        }
        Metric::Late => count(|n| n.late),
        Metric::LatencyMs(stat) => latency(&b.latency.since(&a.latency), stat)?,
        Metric::Utilization => integral(slot::USED) / some(integral(slot::CAPACITY))?,
        Metric::Queue(QueueStat::Mean) => integral(slot::QUEUE) / (seconds * 1e9),
        Metric::Queue(QueueStat::Max) => largest(slot::QUEUE),
        Metric::Gauge(name, stat) => {
            let own = scenario.nodes[node].descriptor.gauges.iter().position(|g| g.name == name)?;
            match stat {
                GaugeStat::Mean => integral(slot::OWN + own) / (seconds * 1e9),
                GaugeStat::Max => largest(slot::OWN + own),
                GaugeStat::Last => b.gauges.get(slot::OWN + own).map_or(0, |g| g.value()) as f64,
            }
        }
        Metric::InFlight => {
            let open = |n: &NodeStats| n.offered - n.answered - n.errors.total();
            open(b) as f64
        }
        Metric::WastedWorkSeconds | Metric::WastedWorkRatio => return None,
    })
}

/// A denominator that is not zero: without it there is nothing to measure.
fn some(value: f64) -> Option<f64> {
    (value > 0.0).then_some(value)
}

fn latency(window: &Histogram, stat: LatencyStat) -> Option<f64> {
    let q = match stat {
        LatencyStat::Mean => return (window.count() > 0).then(|| window.sum() as f64 / window.count() as f64 / 1e6),
        LatencyStat::Max => return window.max().map(|d| d.as_millis_f64()),
        LatencyStat::P50 => 0.5,
        LatencyStat::P90 => 0.9,
        LatencyStat::P95 => 0.95,
        LatencyStat::P99 => 0.99,
        LatencyStat::P999 => 0.999,
    };
    window.quantile(q).map(|d| d.as_millis_f64())
}

fn run_metric(metric: &Metric, a: &Totals, b: &Totals, seconds: f64) -> Option<f64> {
    let born = (b.born - a.born) as f64;
    let answered = (b.answered - a.answered) as f64;
    let goodput = (b.goodput - a.goodput) as f64;
    let failed = (b.failed - a.failed) as f64;
    let wasted = (b.wasted_ns - a.wasted_ns) as f64;
    Some(match metric {
        Metric::Born | Metric::Offered => born,
        Metric::Answered => answered,
        Metric::Failed => failed,
        Metric::Goodput => goodput,
        Metric::GoodputPerS => goodput / seconds,
        Metric::GoodputRatio => goodput / some(born)?,
        Metric::AnsweredRatio => answered / some(born)?,
        Metric::InFlight => b.in_flight as f64,
        Metric::WastedWorkSeconds => wasted / 1e9,
        Metric::WastedWorkRatio => ratio(wasted, (b.busy_ns - a.busy_ns) as f64, 0.0),
        Metric::OfferedPerS => born / seconds,
        Metric::ThroughputPerS => answered / seconds,
        Metric::ErrorRatio => failed / some(born)?,
        Metric::Amplification => (b.attempts - a.attempts) as f64 / some(born)?,
        _ => return None,
    })
}

fn class_metric(metric: &Metric, a: &ClassStats, b: &ClassStats, seconds: f64) -> Option<f64> {
    let born = (b.born - a.born) as f64;
    let answered = (b.answered - a.answered) as f64;
    let goodput = (b.goodput - a.goodput) as f64;
    let failed = b.failed.since(&a.failed);
    Some(match metric {
        Metric::Born => born,
        Metric::Answered => answered,
        Metric::Failed | Metric::Errors(None) => failed.total() as f64,
        Metric::Errors(Some(code)) => failed.get(*code) as f64,
        Metric::Goodput => goodput,
        Metric::GoodputPerS => goodput / seconds,
        Metric::GoodputRatio => goodput / some(born)?,
        Metric::AnsweredRatio => answered / some(born)?,
        Metric::InFlight => b.in_flight() as f64,
        Metric::WastedWorkSeconds => (b.wasted_ns - a.wasted_ns) as f64 / 1e9,
        Metric::OfferedPerS => born / seconds,
        Metric::ThroughputPerS => answered / seconds,
        Metric::ErrorRatio => failed.total() as f64 / some(born)?,
        Metric::Amplification => (b.attempts - a.attempts) as f64 / some(born)?,
        Metric::LatencyMs(stat) => latency(&b.latency.since(&a.latency), *stat)?,
        _ => return None,
    })
}
