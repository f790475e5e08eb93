//! The record of a run: windowed series, kept beside the state, bounded in size.

use crate::component::slot;
use crate::components::AnyComponent;
use floodgate_core::stats::{Histogram, Totals};
use floodgate_core::{Duration, NodeId, Simulation, Time};
use serde::{Deserialize, Serialize};

/// Points kept at most; when there are more, neighbours are merged and the window doubles.
pub const SERIES_MAX: usize = 4096;

/// One window of the run.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct SeriesPoint {
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
    /// Work done, in ns.
    pub busy_ns: u64,
    /// Work found to have served nobody, in ns.
    pub wasted_ns: u64,
    /// Median latency of roots answered in the window, in ns; 0 when there is none.
    pub p50_ns: u64,
    /// 95th percentile.
    pub p95_ns: u64,
    /// 99th percentile.
    pub p99_ns: u64,
    /// The nodes, in the order of the scenario.
    pub nodes: Vec<NodePoint>,
}

/// One window of a node.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct NodePoint {
    /// Calls that arrived (roots born, of clients).
    pub offered: u64,
    /// Those that no retry caused.
    pub offered_first: u64,
    /// Answered well.
    pub answered: u64,
    /// Answered with an error.
    pub errors: u64,
    /// Mean share of capacity in use, 0 to 1.
    pub utilization: f64,
    /// Mean number of requests that waited.
    pub queue_mean: f64,
    /// Largest number of requests that waited.
    pub queue_max: u64,
}

/// Cumulative numbers of a node at the start of a window.
#[derive(Clone, Debug, Default)]
struct Mark {
    offered: u64,
    offered_first: u64,
    answered: u64,
    errors: u64,
    used: u128,
    capacity: u128,
    queue: u128,
}

#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    window: Duration,
    start: Time,
    totals: Totals,
    latency: Histogram,
    nodes: Vec<Mark>,
    points: Vec<SeriesPoint>,
}

type Core = Simulation<AnyComponent>;

fn mark(core: &Core, node: usize) -> Mark {
    let (stats, now) = (core.node_stats(NodeId(node as u32)), core.now());
    let integral = |slot: usize| stats.gauges.get(slot).map_or(0, |g| g.integral(now));
    Mark {
        offered: stats.offered,
        offered_first: stats.offered_first,
        answered: stats.answered,
        errors: stats.errors.total(),
        used: integral(slot::USED),
        capacity: integral(slot::CAPACITY),
        queue: integral(slot::QUEUE),
    }
}

/// Latencies of all roots: those of the nodes that clients are.
fn root_latency(core: &Core) -> Histogram {
    let mut all = Histogram::default();
    for i in 0..core.routes().node_count() {
        let node = NodeId(i as u32);
        if matches!(core.model(node), AnyComponent::Clients(_)) {
            all.merge(&core.node_stats(node).latency);
        }
    }
    all
}

fn ratio(part: u128, whole: u128) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

impl Recorder {
    pub(crate) fn new(core: &Core, window: Duration) -> Recorder {
        let mut recorder = Recorder {
            window: window.max(Duration(1)),
            start: core.now(),
            totals: Totals::default(),
            latency: Histogram::default(),
            nodes: Vec::new(),
            points: Vec::new(),
        };
        recorder.restart(core);
        recorder
    }

    /// The statistics have started anew: differences are taken from here.
    pub(crate) fn restart(&mut self, core: &Core) {
        self.start = core.now();
        self.totals = *core.totals();
        self.latency = root_latency(core);
        self.nodes = (0..core.routes().node_count()).map(|i| mark(core, i)).collect();
    }

    pub(crate) fn window_end(&self) -> Time {
        // Windows end at whole multiples of their length, whenever recording began.
        Time((self.start.0 / self.window.0 + 1).saturating_mul(self.window.0))
    }

    pub(crate) fn points(&self) -> &[SeriesPoint] {
        &self.points
    }

    /// Itself without the points.
    pub(crate) fn marks(&self) -> Recorder {
        Recorder {
            window: self.window,
            start: self.start,
            totals: self.totals,
            latency: self.latency.clone(),
            nodes: self.nodes.clone(),
            points: Vec::new(),
        }
    }

    /// Takes over the points of `other`, and of what was once recorded beyond it (`ahead`), up to where the window under way
    /// here began; the rest becomes `ahead`. `other`'s window holds from now on, for it may have grown since.
    pub(crate) fn take_points(&mut self, other: &mut Recorder, ahead: &mut Vec<SeriesPoint>) {
        let mut all = std::mem::take(&mut other.points);
        let end = all.last().map_or(0, |p| p.end_ns);
        all.extend(ahead.drain(..).filter(|p| p.start_ns >= end));
        *ahead = all.split_off(all.partition_point(|p| p.end_ns <= self.start.0));
        self.points = all;
        self.window = other.window;
    }

    pub(crate) fn close(&mut self, core: &mut Core) {
        let (now, t, before) = (core.now(), *core.totals(), self.totals);
        let latency = root_latency(core);
        let window = latency.since(&self.latency);
        let quantile = |q| window.quantile(q).map_or(0, |d| d.0);
        let mut point = SeriesPoint {
            start_ns: self.start.0,
            end_ns: now.0,
            born: t.born - before.born,
            attempts: t.attempts - before.attempts,
            answered: t.answered - before.answered,
            goodput: t.goodput - before.goodput,
            failed: t.failed - before.failed,
            busy_ns: (t.busy_ns - before.busy_ns) as u64,
            wasted_ns: (t.wasted_ns - before.wasted_ns) as u64,
            p50_ns: quantile(0.5),
            p95_ns: quantile(0.95),
            p99_ns: quantile(0.99),
            nodes: Vec::with_capacity(self.nodes.len()),
        };
        let length = u128::from(now.since(self.start).0);
        for (i, old) in self.nodes.iter_mut().enumerate() {
            let new = mark(core, i);
            let gauges = &core.node_stats(NodeId(i as u32)).gauges;
            point.nodes.push(NodePoint {
                offered: new.offered - old.offered,
                offered_first: new.offered_first - old.offered_first,
                answered: new.answered - old.answered,
                errors: new.errors - old.errors,
                utilization: ratio(new.used - old.used, new.capacity - old.capacity),
                queue_mean: ratio(new.queue - old.queue, length),
                queue_max: gauges.get(slot::QUEUE).map_or(0, |g| g.window_max()),
            });
            *old = new;
        }
        core.start_window();
        self.points.push(point);
        (self.start, self.totals, self.latency) = (now, t, latency);
        if self.points.len() > SERIES_MAX {
            self.halve();
        }
    }

    /// Merges neighbours: counts add up, percentiles keep the larger one (an upper bound, as a line at a larger scale shows).
    fn halve(&mut self) {
        self.window = self.window + self.window;
        let old = std::mem::take(&mut self.points);
        for pair in old.chunks(2) {
            let [a, b] = pair else {
                self.points.extend_from_slice(pair);
                continue;
            };
            self.points.push(merged(a, b));
        }
    }
}

fn merged(a: &SeriesPoint, b: &SeriesPoint) -> SeriesPoint {
    let (la, lb) = ((a.end_ns - a.start_ns) as f64, (b.end_ns - b.start_ns) as f64);
    let mean = |x: f64, y: f64| (x * la + y * lb) / (la + lb);
    let node = |(x, y): (&NodePoint, &NodePoint)| NodePoint {
        offered: x.offered + y.offered,
        offered_first: x.offered_first + y.offered_first,
        answered: x.answered + y.answered,
        errors: x.errors + y.errors,
        utilization: mean(x.utilization, y.utilization),
        queue_mean: mean(x.queue_mean, y.queue_mean),
        queue_max: x.queue_max.max(y.queue_max),
    };
    SeriesPoint {
        start_ns: a.start_ns,
        end_ns: b.end_ns,
        born: a.born + b.born,
        attempts: a.attempts + b.attempts,
        answered: a.answered + b.answered,
        goodput: a.goodput + b.goodput,
        failed: a.failed + b.failed,
        busy_ns: a.busy_ns + b.busy_ns,
        wasted_ns: a.wasted_ns + b.wasted_ns,
        p50_ns: a.p50_ns.max(b.p50_ns),
        p95_ns: a.p95_ns.max(b.p95_ns),
        p99_ns: a.p99_ns.max(b.p99_ns),
        nodes: a.nodes.iter().zip(&b.nodes).map(node).collect(),
    }
}
