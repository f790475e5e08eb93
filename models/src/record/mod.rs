//! The record of a run: windowed series, kept beside the state, bounded in number and in bytes.
//!
//! Windows end at whole multiples of their length. When the record grows beyond a limit, the length doubles and neighbours
//! that now belong together are merged, until it fits: a run of any length, with any number of nodes, keeps a series of its
//! whole. Everything in a window is a whole number, so a series that has been merged is, bit for bit, the series that larger
//! windows would have recorded from the beginning; extremes stay extremes and percentiles stay percentiles of what was
//! measured.

mod point;

pub use point::{ClassPoint, Level, NodePoint, SeriesPoint};

use crate::component::slot;
use crate::components::AnyComponent;
use floodgate_core::stats::{ClassStats, CodeCounts, Gauge, LinkStats, NodeStats, SparseHistogram, Totals};
use floodgate_core::{Duration, LinkId, NodeId, Simulation, Time};
use std::sync::Arc;

/// How large a record may grow before neighbouring windows are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordLimits {
    /// Points at most; at least one is kept.
    pub points_max: usize,
    /// Bytes that all points together may take. A point of thousands of nodes and links takes hundreds of kilobytes, so there
    /// are fewer of them; a single point is kept whatever it takes.
    pub bytes_max: usize,
}

impl Default for RecordLimits {
    fn default() -> RecordLimits {
        RecordLimits { points_max: 4096, bytes_max: 64 << 20 }
    }
}

/// Cumulative numbers of a node at the start of a window.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    counts: NodePoint,
    integrals: [u128; 3],
}

const SLOTS: [usize; 3] = [slot::USED, slot::CAPACITY, slot::QUEUE];

/// What is recorded beyond what all nodes have: it depends on what kinds of node they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tracked {
    /// Gauges over time: node and slot.
    pub gauges: Vec<(NodeId, usize)>,
    /// Nodes at which roots are born.
    pub sources: Vec<NodeId>,
}

#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    limits: RecordLimits,
    tracked: Arc<Tracked>,
    window: Duration,
    start: Time,
    totals: Totals,
    in_flight: u128,
    classes: Vec<ClassStats>,
    nodes: Vec<Mark>,
    links: Vec<LinkStats>,
    tracks: Vec<u128>,
    attempt_errors: CodeCounts,
    points: Vec<SeriesPoint>,
    /// That the points take.
    bytes: usize,
}

type Core = Simulation<AnyComponent>;

fn mark(stats: &NodeStats, now: Time) -> Mark {
    let counts = NodePoint {
        offered: stats.offered,
        offered_first: stats.offered_first,
        sent: stats.sent,
        answered: stats.answered,
        errors: stats.errors.total(),
        late: stats.late,
        busy_ns: stats.busy_ns,
        ..NodePoint::default()
    };
    Mark { counts, integrals: SLOTS.map(|slot| stats.gauges[slot].integral(now)) }
}

/// What a gauge did since its integral was `before`.
fn level(gauge: &Gauge, before: u128, now: Time) -> Level {
    Level { integral: gauge.integral(now) - before, min: gauge.window_min(), max: gauge.window_max() }
}

fn node_point(stats: &NodeStats, old: &Mark, now: Time) -> NodePoint {
    let (new, before) = (mark(stats, now).counts, old.counts);
    let [used, capacity, queue] = [0, 1, 2].map(|i| level(&stats.gauges[SLOTS[i]], old.integrals[i], now));
    NodePoint {
        offered: new.offered - before.offered,
        offered_first: new.offered_first - before.offered_first,
        sent: new.sent - before.sent,
        answered: new.answered - before.answered,
        errors: new.errors - before.errors,
        late: new.late - before.late,
        busy_ns: new.busy_ns - before.busy_ns,
        used,
        capacity,
        queue,
    }
}

fn class_point(new: &ClassStats, old: &ClassStats) -> ClassPoint {
    ClassPoint {
        born: new.born - old.born,
        attempts: new.attempts - old.attempts,
        answered: new.answered - old.answered,
        goodput: new.goodput - old.goodput,
        failed: new.failed.total() - old.failed.total(),
        useful_ns: new.useful_ns - old.useful_ns,
        wasted_ns: new.wasted_ns - old.wasted_ns,
        latency: SparseHistogram::from(&new.latency.since(&old.latency)),
    }
}

impl Recorder {
    pub(crate) fn new(core: &mut Core, window: Duration, limits: RecordLimits, tracked: Tracked) -> Recorder {
        core.start_window();
        let mut recorder = Recorder {
            limits,
            tracked: Arc::new(tracked),
            window: window.max(Duration(1)),
            start: core.now(),
            totals: Totals::default(),
            in_flight: 0,
            classes: Vec::new(),
            nodes: Vec::new(),
            links: Vec::new(),
            tracks: Vec::new(),
            attempt_errors: CodeCounts::default(),
            points: Vec::new(),
            bytes: 0,
        };
        recorder.mark(core);
        recorder
    }

    /// Differences are taken from here.
    fn mark(&mut self, core: &Core) {
        let now = core.now();
        self.start = now;
        self.totals = core.totals();
        self.in_flight = core.in_flight().integral(now);
        self.classes = core.class_stats().to_vec();
        self.nodes = (0..core.routes().node_count()).map(|i| mark(core.node_stats(NodeId(i as u32)), now)).collect();
        self.links = (0..core.routes().links().len()).map(|i| *core.link_stats(LinkId(i as u32))).collect();
        let integral = |&(node, slot): &(NodeId, usize)| core.node_stats(node).gauges[slot].integral(now);
        self.tracks = self.tracked.gauges.iter().map(integral).collect();
        self.attempt_errors = self.attempt_errors_of(core);
    }

    fn attempt_errors_of(&self, core: &Core) -> CodeCounts {
        let mut sum = CodeCounts::default();
        self.tracked.sources.iter().for_each(|&node| sum.merge(&core.node_stats(node).caller_errors));
        sum
    }

    /// The system has been edited: what is new is counted from now on.
    pub(crate) fn grow(&mut self, core: &Core, tracked: Tracked) {
        self.tracks.resize(tracked.gauges.len(), 0);
        self.tracked = Arc::new(tracked);
        self.classes.resize(core.class_stats().len(), ClassStats::default());
        self.nodes.resize(core.routes().node_count(), Mark::default());
        self.links.resize(core.routes().links().len(), LinkStats::default());
    }

    /// The statistics start anew now, by `restart`: the window under way goes on, from other counts.
    pub(crate) fn restart(&mut self, core: &mut Core, restart: impl FnOnce(&mut Core)) {
        if core.now() > self.start {
            self.close(core);
        }
        restart(core);
        self.mark(core);
    }

    pub(crate) fn window_end(&self) -> Time {
        // Windows end at whole multiples of their length, whenever recording began.
        Time((self.start.0 / self.window.0 + 1).saturating_mul(self.window.0))
    }

    pub(crate) fn points(&self) -> &[SeriesPoint] {
        &self.points
    }

    /// Bytes that the points take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes that the marks take: what a keyframe keeps.
    pub(crate) fn mark_bytes(&self) -> usize {
        let classes: usize = self.classes.iter().map(|c| size_of::<ClassStats>() + c.latency.bytes()).sum();
        size_of::<Recorder>()
            + classes
            + size_of_val(&self.nodes[..])
            + size_of_val(&self.links[..])
            + size_of_val(&self.tracks[..])
    }

    /// Itself without the points, but for the one whose window is still under way (a merge, or the end of the warm-up, has
    /// closed it early).
    pub(crate) fn marks(&self) -> Recorder {
        let open = self.points.partition_point(|p| p.end_ns <= self.aligned(self.window));
        let points = self.points[open..].to_vec();
        Recorder {
            limits: self.limits,
            tracked: Arc::clone(&self.tracked),
            window: self.window,
            start: self.start,
            totals: self.totals,
            in_flight: self.in_flight,
            classes: self.classes.clone(),
            nodes: self.nodes.clone(),
            links: self.links.clone(),
            tracks: self.tracks.clone(),
            attempt_errors: self.attempt_errors,
            bytes: points.iter().map(SeriesPoint::bytes).sum(),
            points,
        }
    }

    /// Where the window of this length that is under way begins.
    fn aligned(&self, window: Duration) -> u64 {
        self.start.0 / window.0 * window.0
    }

    /// Whether the record of `other` can go on from here: its windows may have grown, and then what these marks know of the
    /// window under way does not reach back to where it begins now.
    pub(crate) fn can_go_on(&self, other: &Recorder) -> bool {
        self.points.first().map_or(self.start.0, |p| p.start_ns) <= self.aligned(other.window)
    }

    /// Takes over the points of `other`, and of what was once recorded beyond it (`ahead`), up to where the window under way
    /// here began; the rest becomes `ahead`. `other`'s window holds from now on, for it may have grown since.
    pub(crate) fn take_points(&mut self, other: &mut Recorder, ahead: &mut Vec<SeriesPoint>) {
        let mut all = std::mem::take(&mut other.points);
        let reach = |points: &[SeriesPoint]| points.last().map_or(0, |p| p.end_ns);
        if reach(ahead) > reach(&all) {
            // The same windows, and more of them.
            all.retain(|p| p.start_ns < ahead[0].start_ns);
            all.append(ahead);
        }
        self.window = other.window;
        let begin = self.aligned(self.window);
        *ahead = all.split_off(all.partition_point(|p| p.end_ns <= begin));
        // What had been recorded of the window under way.
        let known = all.last().map_or(0, |p| p.end_ns);
        let own = std::mem::take(&mut self.points);
        all.extend(own.into_iter().filter(|p| p.start_ns >= known));
        self.points = all;
        self.merge_neighbours();
        self.fit();
    }

    pub(crate) fn close(&mut self, core: &mut Core) {
        let (now, t, before) = (core.now(), core.totals(), self.totals);
        let classes = core.class_stats().iter().zip(&self.classes).map(|(new, old)| class_point(new, old));
        let node = |(i, old): (usize, &Mark)| node_point(core.node_stats(NodeId(i as u32)), old, now);
        let link = |(i, old): (usize, &LinkStats)| core.link_stats(LinkId(i as u32)).since(old);
        let track = |(&(node, slot), &before): (&(NodeId, usize), &u128)| {
            level(&core.node_stats(node).gauges[slot], before, now)
        };
        let tracks = self.tracked.gauges.iter().zip(&self.tracks).map(track);
        let roots = core.in_flight();
        let in_flight =
            Level { integral: roots.integral(now) - self.in_flight, min: roots.window_min(), max: roots.window_max() };
        let point = SeriesPoint {
            start_ns: self.start.0,
            end_ns: now.0,
            born: t.born - before.born,
            attempts: t.attempts - before.attempts,
            answered: t.answered - before.answered,
            goodput: t.goodput - before.goodput,
            failed: t.failed - before.failed,
            busy_ns: t.busy_ns - before.busy_ns,
            wasted_ns: t.wasted_ns - before.wasted_ns,
            in_flight,
            classes: classes.collect(),
            nodes: self.nodes.iter().enumerate().map(node).collect(),
            links: self.links.iter().enumerate().map(link).collect(),
            tracks: tracks.collect(),
            attempt_errors: self.attempt_errors_of(core).since(&self.attempt_errors),
        };
        core.start_window();
        self.mark(core);
        self.push(point);
        self.fit();
    }

    /// Appends a point, or merges it into the last one when they belong to one window.
    fn push(&mut self, point: SeriesPoint) {
        let window = self.window.0;
        match self.points.last_mut() {
            Some(last) if last.start_ns / window == point.start_ns / window => {
                self.bytes -= last.bytes();
                last.merge(&point);
                self.bytes += last.bytes();
            }
            _ => {
                self.bytes += point.bytes();
                self.points.push(point);
            }
        }
    }

    /// Makes windows longer until the record is within its limits.
    fn fit(&mut self) {
        let limits = self.limits;
        let too_much = |r: &Recorder| r.points.len() > limits.points_max || r.bytes > limits.bytes_max;
        while too_much(self) && self.points.len() > 1 {
            self.window = self.window + self.window;
            self.merge_neighbours();
        }
    }

    fn merge_neighbours(&mut self) {
        let points = std::mem::take(&mut self.points);
        self.bytes = 0;
        points.into_iter().for_each(|point| self.push(point));
        self.points.shrink_to_fit();
    }
}
