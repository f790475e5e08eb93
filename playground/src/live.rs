//! What the page knows of the run: the sum of the frames received, and rates computed from it.

use crate::details::Details;
use crate::wire::{Frame, Line, LinkCounts, Loaded, NodeCounts, Point, Totals, Track};
use floodgate::status::Status;
use std::collections::{BTreeMap, VecDeque};

/// Rates are taken over about this much virtual time, in nanoseconds.
const WINDOW_NS: u64 = 1_000_000_000;
/// Samples kept for it.
const SAMPLES_MAX: usize = 64;

/// The run as known to the page.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// What indices refer to.
    pub loaded: Loaded,
    /// The last frame, without what has been moved out of it.
    pub last: Frame,
    /// Statuses of nodes.
    pub statuses: Vec<Status>,
    /// Counters of nodes.
    pub nodes: Vec<NodeCounts>,
    /// Counters of links.
    pub links: Vec<LinkCounts>,
    /// Share of each node's capacity in use over the last second; NaN where that has no meaning.
    pub utilization: Vec<f32>,
    /// The series up to now.
    pub points: Vec<Point>,
    /// What is known of each track, what lies ahead included.
    pub known: BTreeMap<u32, Vec<Point>>,
    /// What else is known of the windows of this track.
    pub details: Details,
    /// The tracks.
    pub tracks: Vec<Track>,
    /// Nodes and links are others than before; whoever has places for them looks again.
    pub regrown: bool,
    /// The ticker so far.
    pub lines: Vec<Line>,
    /// The control log so far.
    pub log: Vec<String>,
    /// First saturations: by node, its number and its time in seconds.
    pub waves: BTreeMap<u32, (u32, f64)>,
    samples: VecDeque<Sample>,
}

#[derive(Clone, Debug, Default)]
struct Sample {
    at_ns: u64,
    nodes: Vec<NodeCounts>,
    links: Vec<LinkCounts>,
    totals: Totals,
}

/// Rates of a link over the last second.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct LinkRates {
    /// Calls per second.
    pub calls: f64,
    /// Retries among them, per second.
    pub retries: f64,
    /// Errors that came back, and calls given up, per second.
    pub errors: f64,
}

/// Rates of a node over the last second.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct NodeRates {
    /// Calls that arrived, per second.
    pub offered: f64,
    /// Answered well, per second.
    pub answered: f64,
    /// Answered with an error, per second.
    pub errors: f64,
    /// Calls that arrived ÷ those of them that no retry caused.
    pub amplification: f64,
}

/// Rates of the whole over the last second.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Rates {
    /// Requests born per second.
    pub born: f64,
    /// Attempts per second.
    pub attempts: f64,
    /// Goodput per second.
    pub goodput: f64,
    /// Requests that ended, well or not, per second.
    pub ended: f64,
}

impl Live {
    /// A run begins.
    #[must_use]
    pub fn new(loaded: Loaded) -> Live {
        Live {
            statuses: vec![Status::default(); loaded.nodes.len()],
            nodes: vec![NodeCounts::default(); loaded.nodes.len()],
            links: vec![LinkCounts::default(); loaded.links.len()],
            last: Frame { run: loaded.run, ..Frame::default() },
            loaded,
            ..Live::default()
        }
    }

    /// Takes a frame in.
    pub fn take(&mut self, mut frame: Frame) {
        if let Some(topology) = frame.topology.take() {
            (self.loaded.nodes, self.loaded.links) = (topology.nodes, topology.links);
            self.statuses = vec![Status::default(); self.loaded.nodes.len()];
            self.nodes = vec![NodeCounts::default(); self.loaded.nodes.len()];
            self.links = vec![LinkCounts::default(); self.loaded.links.len()];
            self.samples.clear();
            self.regrown = true;
        }
        if frame.jumped {
            self.samples.clear();
            self.lines.clear();
            self.waves.clear();
            self.utilization.clear();
        }
        if let Some(before) = frame.before.take() {
            let before = *before;
            let sample =
                Sample { at_ns: before.at_ns, nodes: before.nodes, links: before.links, totals: before.totals };
            self.samples = VecDeque::from([sample]);
        }
        if let Some(tracks) = frame.tracks.take() {
            self.tracks = tracks;
        }
        for (i, status) in frame.statuses.drain(..) {
            put(&mut self.statuses, i, status);
        }
        for (i, counts) in frame.nodes.drain(..) {
            put(&mut self.nodes, i, counts);
        }
        for (i, counts) in frame.links.drain(..) {
            put(&mut self.links, i, counts);
        }
        if !frame.utilization.is_empty() {
            self.utilization = std::mem::take(&mut frame.utilization);
        }
        self.take_points(&mut frame);
        self.details.take(std::mem::take(&mut frame.details), frame.details_anew);
        for line in frame.lines.drain(..) {
            if let Some((node, number)) = line.wave {
                self.waves.entry(node).or_insert((number, line.t));
            }
            // Some things are dated to when they began, a little before they could be told.
            let at = self.lines.iter().rposition(|l| l.t <= line.t).map_or(0, |i| i + 1);
            self.lines.insert(at, line);
        }
        if let Some(log) = frame.log.take() {
            self.log = log;
        }
        if let Some(phases) = frame.phases.take() {
            self.loaded.phases = phases;
        }
        self.last = frame;
    }

    fn take_points(&mut self, frame: &mut Frame) {
        let tracks = &self.tracks;
        self.known.retain(|id, _| *id == frame.track || tracks.iter().any(|t| t.id == *id));
        if !self.known.contains_key(&frame.track) {
            // Up to where it left another track it is as that was.
            let from = tracks.iter().find(|t| t.id == frame.track).and_then(|t| t.from);
            let shared = from.and_then(|(parent, at_ns)| Some(before(self.known.get(&parent)?, at_ns).to_vec()));
            self.known.insert(frame.track, shared.unwrap_or_default());
        }
        let known = self.known.entry(frame.track).or_default();
        known.append(&mut frame.points);
        let now = before(known, frame.now_ns);
        if frame.track != self.last.track || now.len() < self.points.len() {
            self.points = now.to_vec();
        } else {
            self.points.extend_from_slice(&now[self.points.len()..]);
        }
    }

    /// Stretches of time in which load is changed or something is broken, from and to in seconds.
    #[must_use]
    pub fn triggers(&self) -> Vec<(f64, f64)> {
        let flags = self.tracks.iter().filter(|t| t.id == self.last.track).flat_map(|t| &t.flags);
        let broken = flags.filter_map(|f| Some((f.t, f.until?)));
        self.loaded.phases.iter().map(|p| (p.from, p.to)).chain(broken).collect()
    }

    /// The end of what can be shown, in seconds: the furthest that any track has come, or where the scenario ends.
    #[must_use]
    pub fn end_s(&self) -> f64 {
        let furthest = self.tracks.iter().map(|t| t.furthest_ns).max().unwrap_or(0).max(self.last.furthest_ns);
        furthest.max(self.loaded.until_ns) as f64 / 1e9
    }

    /// Keeps the counters as they are now, for rates; called a few times a second.
    pub fn sample(&mut self) {
        let at_ns = self.last.now_ns;
        if self.samples.back().is_some_and(|s| at_ns < s.at_ns + WINDOW_NS / 20) {
            return;
        }
        self.samples.push_back(Sample {
            at_ns,
            nodes: self.nodes.clone(),
            links: self.links.clone(),
            totals: self.last.totals,
        });
        while self.samples.len() > SAMPLES_MAX
            || (self.samples.len() > 2 && self.samples.get(1).is_some_and(|s| s.at_ns + WINDOW_NS <= at_ns))
        {
            self.samples.pop_front();
        }
    }

    /// Share of a node's capacity in use over the last second; before the first window, as it is now.
    #[must_use]
    pub fn load(&self, i: usize) -> Option<f64> {
        match self.utilization.get(i) {
            Some(u) => (!u.is_nan()).then(|| f64::from(*u)),
            None => self.statuses.get(i)?.saturation,
        }
    }

    /// Index of a node in the running system.
    #[must_use]
    pub fn index(&self, id: &str) -> Option<usize> {
        self.loaded.nodes.iter().position(|n| n == id)
    }

    fn span(&self) -> Option<(&Sample, &Sample, f64)> {
        let (first, last) = (self.samples.front()?, self.samples.back()?);
        let seconds = last.at_ns.saturating_sub(first.at_ns) as f64 / 1e9;
        (seconds > 0.0).then_some((first, last, seconds))
    }

    /// Rates of a node.
    #[must_use]
    pub fn node_rates(&self, i: usize) -> NodeRates {
        let none = NodeRates { amplification: 1.0, ..NodeRates::default() };
        let Some((first, last, seconds)) = self.span() else { return none };
        let (Some(a), Some(b)) = (first.nodes.get(i), last.nodes.get(i)) else { return none };
        let rate = |f: fn(&NodeCounts) -> u64| f(b).saturating_sub(f(a)) as f64 / seconds;
        let (offered, own) = (rate(|n| n.offered), rate(|n| n.offered_first));
        let amplification = if own > 0.0 {
            offered / own
        } else if offered > 0.0 {
            f64::INFINITY
        } else {
            1.0
        };
        NodeRates { offered, answered: rate(|n| n.answered), errors: rate(|n| n.errors), amplification }
    }

    /// Rates of a link.
    #[must_use]
    pub fn link_rates(&self, j: usize) -> LinkRates {
        let Some((first, last, seconds)) = self.span() else { return LinkRates::default() };
        let (Some(a), Some(b)) = (first.links.get(j), last.links.get(j)) else { return LinkRates::default() };
        let rate = |f: fn(&LinkCounts) -> u64| f(b).saturating_sub(f(a)) as f64 / seconds;
        let retries = rate(|l| l.retry);
        LinkRates { calls: rate(|l| l.first) + retries, retries, errors: rate(|l| l.errors) + rate(|l| l.timeouts) }
    }

    /// Rates of the whole.
    #[must_use]
    pub fn rates(&self) -> Rates {
        let Some((first, last, seconds)) = self.span() else { return Rates::default() };
        let rate = |f: fn(&Totals) -> u64| f(&last.totals).saturating_sub(f(&first.totals)) as f64 / seconds;
        Rates {
            born: rate(|t| t.born),
            attempts: rate(|t| t.attempts),
            goodput: rate(|t| t.goodput),
            ended: rate(|t| t.answered + t.failed),
        }
    }
}

/// Windows that have ended by then.
fn before(points: &[Point], at_ns: u64) -> &[Point] {
    let at = (at_ns as f64 / 1e9) as f32;
    &points[..points.partition_point(|p| p.t <= at)]
}

fn put<T>(list: &mut [T], i: u32, value: T) {
    // Indices come from the session's own lists; one that does not fit is not worth a panic.
    if let Some(slot) = list.get_mut(i as usize) {
        *slot = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_ahead_is_known_and_not_shown() {
        let point = |t: f32| Point { t, ..Point::default() };
        let mut live = Live::new(Loaded::default());
        let track = |id: u32, from| Track { id, from, ..Track::default() };
        let frame = |track: u32, now_ns, points| Frame { track, now_ns, points, ..Frame::default() };
        live.take(frame(1, 750_000_000, vec![point(0.25), point(0.5), point(0.75)]));
        live.take(Frame { jumped: true, ..frame(1, 600_000_000, vec![]) });
        assert_eq!((live.points.len(), live.known[&1].len()), (2, 3));
        let tracks = Some(vec![track(1, None), track(2, Some((1, 600_000_000)))]);
        live.take(Frame { tracks, ..frame(2, 800_000_000, vec![Point { born: 7.0, ..point(0.75) }]) });
        assert_eq!((live.points.len(), live.points[2].born, live.known[&1][2].born), (3, 7.0, 0.0));
        live.take(Frame { tracks: Some(vec![track(1, None)]), ..frame(1, 300_000_000, vec![]) });
        assert_eq!((live.points.len(), live.known.len()), (1, 1), "forgotten with its track");
        live.take(frame(1, 900_000_000, vec![]));
        assert_eq!(live.points.len(), 3);
    }

    #[test]
    fn rates_come_from_counters() {
        let loaded = Loaded { nodes: vec!["a".into()], ..Loaded::default() };
        let mut live = Live::new(loaded);
        for i in 0..=40u64 {
            let counts = NodeCounts { offered: i * 20, offered_first: i * 10, ..NodeCounts::default() };
            live.take(Frame { now_ns: i * 100_000_000, nodes: vec![(0, counts), (7, counts)], ..Frame::default() });
            live.sample();
        }
        let rates = live.node_rates(0);
        assert_eq!((rates.offered.round(), rates.amplification), (200.0, 2.0));
        assert_eq!(live.node_rates(7).amplification, 1.0);
    }
}
