//! What the charts show, without a canvas: lines, areas, bands and cells over virtual time, all of them from windows of the
//! run; and what they say at one time, which is read from the window itself and not from what is drawn.

use crate::codes;
use crate::editor::Outline;
use crate::live::Live;
use crate::series::{decimated, millis, nice_above, short, thin, time_end};
use crate::wire::{Detail, NodeDetail, Point, TrackDetail, band_ms};
use floodgate::catalogue::{Descriptor, StateSpec, Tone, Track};
use floodgate::order::Order as _;

/// Nodes that a chart tells apart.
const NODES_MAX: usize = 4;
/// Columns of the heat map at most.
const COLUMNS_MAX: usize = 120;

/// A chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Offered load, throughput, goodput, wasted work.
    Load,
    /// Percentiles of latency.
    Latency,
    /// All latencies.
    Heat,
    /// Errors by code.
    Errors,
    /// Share of capacity in use.
    Saturation,
    /// Requests that wait.
    Queues,
    /// Replicas desired and ready.
    Replicas,
    /// States of components.
    States,
}

impl Kind {
    /// All of them, in their order.
    pub const ALL: [Kind; 8] = [
        Kind::Load,
        Kind::Latency,
        Kind::Heat,
        Kind::Errors,
        Kind::Saturation,
        Kind::Queues,
        Kind::Replicas,
        Kind::States,
    ];

    /// Part of ids.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Kind::Load => "load",
            Kind::Latency => "latency",
            Kind::Heat => "heat",
            Kind::Errors => "errors",
            Kind::Saturation => "saturation",
            Kind::Queues => "queues",
            Kind::Replicas => "replicas",
            Kind::States => "states",
        }
    }

    /// The chart with this key.
    #[must_use]
    pub fn of(key: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| k.key() == key)
    }

    /// For people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Kind::Load => "Load, 1/s",
            Kind::Latency => "Latency",
            Kind::Heat => "Heat map",
            Kind::Errors => "Errors, 1/s",
            Kind::Saturation => "Saturation",
            Kind::Queues => "Queues",
            Kind::Replicas => "Replicas",
            Kind::States => "States",
        }
    }

    /// What it is, in a sentence.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Kind::Load => "Offered load, throughput and goodput over time; wasted work is shaded",
            Kind::Latency => "50th, 95th and 99th percentile of latency over time, on a logarithmic scale",
            Kind::Heat => "Answers by latency over time: the darker, the more of a window's answers took so long",
            Kind::Errors => "Attempts of clients that ended with an error, per second, stacked by code",
            Kind::Saturation => "Share of capacity in use over time, of the selected node or of the busiest",
            Kind::Queues => "Requests that wait over time, of the selected node or of those where most wait",
            Kind::Replicas => "Replicas desired (dashed) and ready over time",
            Kind::States => "States of components over time, such as those of breakers",
        }
    }
}

/// A colour by its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// As first attempts.
    First,
    /// As retries.
    Retry,
    /// As good answers.
    Ok,
    /// As errors.
    Error,
    /// As what is shed.
    Shed,
    /// As text of less weight.
    Muted,
}

/// What tells lines apart besides their colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// Thin.
    Thin,
    /// Thick.
    Thick,
    /// Dashed.
    Dashed,
    /// Dotted.
    Dotted,
}

/// A line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// For people.
    pub label: String,
    /// Colour.
    pub ink: Ink,
    /// How it is drawn.
    pub stroke: Stroke,
    /// Over time.
    pub points: Vec<(f64, f64)>,
}

/// What lies between two lines.
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    /// For people.
    pub label: String,
    /// Colour.
    pub ink: Ink,
    /// How dense, 0 to 1.
    pub density: f64,
    /// Its outline.
    pub outline: Vec<(f64, f64)>,
}

/// A rectangle: a cell of the heat map, or a stretch of a state.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// From and to, in seconds.
    pub time: (f64, f64),
    /// From and to, on the other axis.
    pub value: (f64, f64),
    /// Colour.
    pub ink: Ink,
    /// How dense, 0 to 1.
    pub density: f64,
    /// What is written into it.
    pub text: &'static str,
}

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number.
    Plain,
    /// Milliseconds.
    Millis,
    /// A share as per cent.
    Share,
    /// Rows with names: nothing is written.
    Rows,
}

impl Unit {
    /// A value in words.
    #[must_use]
    pub fn text(self, value: f64) -> String {
        match self {
            Unit::Plain => short(value),
            Unit::Millis => millis(value),
            Unit::Share => format!("{:.0} %", value * 100.0),
            Unit::Rows => String::new(),
        }
    }
}

/// A chart, ready to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Plot {
    /// End of the time axis, in seconds.
    pub end: f64,
    /// Lower and upper end of the other axis.
    pub range: (f64, f64),
    /// Whether that is logarithmic.
    pub log: bool,
    /// How it is written.
    pub unit: Unit,
    /// Areas, below.
    pub areas: Vec<Area>,
    /// Rectangles.
    pub cells: Vec<Cell>,
    /// Lines, above.
    pub lines: Vec<Line>,
    /// Names of rows, by the height of their middle.
    pub rows: Vec<(f64, String)>,
    /// Why there is nothing to see.
    pub empty: Option<&'static str>,
}

/// What a chart is made of.
pub struct Source<'a> {
    /// The run.
    pub live: &'a Live,
    /// The run beside it, if there is one: its lines are drawn on the same axes, dashed.
    pub rival: Option<&'a Live>,
    /// What the nodes are.
    pub outline: &'a Outline,
    /// The node that is selected.
    pub selected: Option<&'a str>,
    /// The load chart shows everything, however small that makes what is served.
    pub all: bool,
}

/// A word with a number: what a chart says at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Which line.
    pub label: String,
    /// Its value in words.
    pub value: String,
    /// Its colour.
    pub ink: Ink,
    /// How its line is drawn; `None` is an area.
    pub stroke: Option<Stroke>,
}

impl Reading {
    fn new(label: impl Into<String>, value: String, ink: Ink, stroke: Option<Stroke>) -> Reading {
        Reading { label: label.into(), value, ink, stroke }
    }
}

const INKS: [(Ink, Stroke); NODES_MAX] = [
    (Ink::First, Stroke::Thick),
    (Ink::Error, Stroke::Thin),
    (Ink::Retry, Stroke::Dashed),
    (Ink::Muted, Stroke::Dotted),
];
const CODE_INKS: [(Ink, f64); 6] = [
    (Ink::Error, 0.9),
    (Ink::Retry, 0.75),
    (Ink::Shed, 0.75),
    (Ink::Muted, 0.7),
    (Ink::First, 0.6),
    (Ink::Error, 0.45),
];

/// End of the time axis of all charts.
#[must_use]
pub fn end(live: &Live) -> f64 {
    // What lies ahead has its room, so that nothing jumps when somebody goes back.
    time_end(live.last.now_ns.max(live.last.furthest_ns) as f64 / 1e9)
}

/// Makes a chart.
#[must_use]
pub fn plot(kind: Kind, source: &Source<'_>) -> Plot {
    let base = Plot {
        end: end(source.live),
        range: (0.0, 1.0),
        log: false,
        unit: Unit::Plain,
        areas: Vec::new(),
        cells: Vec::new(),
        lines: Vec::new(),
        rows: Vec::new(),
        empty: None,
    };
    match kind {
        Kind::Load => load(source, base),
        Kind::Latency => latency(source, base),
        Kind::Heat => heat(source, base),
        Kind::Errors => errors(source, base),
        Kind::Saturation => nodes(source, base, Unit::Share),
        Kind::Queues => nodes(source, base, Unit::Plain),
        Kind::Replicas => replicas(source, base),
        Kind::States => states(source, base),
    }
}

/// What a chart says of the window at `t` seconds; of the last one when there is no `t`.
#[must_use]
pub fn readings(kind: Kind, source: &Source<'_>, t: Option<f64>) -> Vec<Reading> {
    let live = source.live;
    match kind {
        Kind::Load => [point_at(live, t).map(load_readings), rival_reading(kind, source, t)]
            .into_iter()
            .flatten()
            .flatten()
            .collect(),
        Kind::Latency => match rival_reading(kind, source, t) {
            None => point_at(live, t).map(latency_readings).unwrap_or_default(),
            Some(rival) => point_at(live, t).map(|p| p99_reading("p99 A", p)).into_iter().chain(rival).collect(),
        },
        Kind::Heat => detail_at(live, t).map(heat_readings).unwrap_or_default(),
        Kind::Errors => errors_readings(live, detail_at(live, t))
            .into_iter()
            .chain(rival_reading(kind, source, t).into_iter().flatten())
            .collect(),
        Kind::Saturation => node_readings(source, t, Unit::Share),
        Kind::Queues => node_readings(source, t, Unit::Plain),
        Kind::Replicas => track_readings(source, t, false),
        Kind::States => track_readings(source, t, true),
    }
}

/// Whether the running system has anything for the chart.
#[must_use]
pub fn has(kind: Kind, source: &Source<'_>) -> bool {
    match kind {
        Kind::Replicas => !tracks(source, false).is_empty(),
        Kind::States => !tracks(source, true).is_empty(),
        _ => true,
    }
}

/// What the chart says of the other side: one line of each.
fn rival_reading(kind: Kind, source: &Source<'_>, t: Option<f64>) -> Option<Vec<Reading>> {
    let b = source.rival?;
    let stroke = Some(Stroke::Dashed);
    let reading = match kind {
        Kind::Load => {
            point_at(b, t).map(|p| Reading::new("goodput B", short(f64::from(p.goodput)), Ink::Retry, stroke))
        }
        Kind::Latency => point_at(b, t).map(|p| Reading { stroke, ink: Ink::Retry, ..p99_reading("p99 B", p) }),
        Kind::Errors => detail_at(b, t).map(|row| Reading::new("all of B", short(errors_of(row)), Ink::First, stroke)),
        _ => None,
    };
    Some(reading.into_iter().collect())
}

fn p99_reading(label: &str, p: &Point) -> Reading {
    Reading::new(label, millis(f64::from(p.p99)), Ink::First, Some(Stroke::Thick))
}

/// Errors of all codes per second.
fn errors_of(row: &Detail) -> f64 {
    let count: u64 = row.errors.iter().map(|e| e.1).sum();
    if row.seconds() > 0.0 { count as f64 / row.seconds() } else { 0.0 }
}

/// How long replicas were there, in replica-seconds, up to now: what a design costs.
#[must_use]
pub fn replica_seconds(live: &Live, outline: &Outline) -> f64 {
    let is_ready = |t: &&TrackDetail| {
        let id = live.loaded.nodes.get(t.node as usize).map_or("", String::as_str);
        let tracks = outline.node(id).and_then(|n| n.descriptor).map_or(&[][..], |d| d.tracks);
        matches!(tracks.get(t.track as usize), Some(Track::Ready(_)))
    };
    let rows = live.details.until(live.last.now_ns);
    rows.iter().flat_map(|row| &row.tracks).filter(is_ready).map(|t| t.sum_s).sum()
}

fn point_at(live: &Live, t: Option<f64>) -> Option<&Point> {
    match t {
        None => live.points.last(),
        Some(t) => live
            .points
            .get(live.points.partition_point(|p| f64::from(p.t) < t))
            .or_else(|| live.points.last().filter(|_| passed(live, t))),
    }
}

fn detail_at(live: &Live, t: Option<f64>) -> Option<&Detail> {
    let now = live.last.now_ns;
    match t {
        None => live.details.until(now).last(),
        Some(t) => live
            .details
            .at((t.max(0.0) * 1e9) as u64, now)
            .or_else(|| live.details.until(now).last().filter(|_| passed(live, t))),
    }
}

/// The window of a time that has just passed may not have ended: the one before it is the latest there is.
fn passed(live: &Live, t: f64) -> bool {
    t <= live.last.now_ns as f64 / 1e9
}

/// The middle of a window, in seconds.
fn middle(row: &Detail) -> f64 {
    (row.start_ns + row.end_ns) as f64 / 2e9
}

fn load(source: &Source<'_>, base: Plot) -> Plot {
    let points = &source.live.points;
    let peak = |f: fn(&Point) -> f32| points.iter().map(|p| f64::from(f(p))).fold(0.0, f64::max);
    let rival = source.rival.map(|b| decimated(&b.points, |p| p.goodput)).unwrap_or_default();
    let beside = rival.iter().map(|p| p.1).fold(0.0, f64::max);
    let (offered, served) = (peak(|p| p.offered), peak(|p| p.throughput.max(p.goodput)).max(beside));
    let top = if source.all { nice_above(offered.max(served) * 1.05) } else { nice_above((served * 1.6).max(10.0)) };
    let throughput = decimated(points, |p| p.throughput.max(p.goodput));
    let goodput = decimated(points, |p| p.goodput);
    // What was answered and served nobody: between throughput and goodput.
    let mut wasted = throughput.clone();
    wasted.extend(goodput.iter().rev());
    let line = |label: &str, ink, stroke, points| Line { label: label.to_owned(), ink, stroke, points };
    Plot {
        range: (0.0, top),
        areas: vec![Area { label: "wasted".to_owned(), ink: Ink::Error, density: 0.28, outline: wasted }],
        lines: vec![
            line("offered", Ink::First, Stroke::Thin, decimated(points, |p| p.offered)),
            line("throughput", Ink::Muted, Stroke::Thin, throughput),
            line("goodput", Ink::Ok, Stroke::Thick, goodput),
            line("goodput B", Ink::Retry, Stroke::Dashed, rival),
        ],
        ..base
    }
}

fn load_readings(p: &Point) -> Vec<Reading> {
    let rate = |v: f32| short(f64::from(v));
    vec![
        Reading::new("offered", rate(p.offered), Ink::First, Some(Stroke::Thin)),
        Reading::new("throughput", rate(p.throughput), Ink::Muted, Some(Stroke::Thin)),
        Reading::new("goodput", rate(p.goodput), Ink::Ok, Some(Stroke::Thick)),
        Reading::new("wasted", rate((p.throughput - p.goodput).max(0.0)), Ink::Error, None),
    ]
}

fn latency(source: &Source<'_>, base: Plot) -> Plot {
    let points = &source.live.points;
    let (p50, p95, p99) = (decimated(points, |p| p.p50), decimated(points, |p| p.p95), decimated(points, |p| p.p99));
    let rival = source.rival.map(|b| decimated(&b.points, |p| p.p99));
    let most = p99.iter().chain(rival.iter().flatten()).map(|p| p.1).fold(100.0, f64::max);
    let least = p50.iter().map(|p| p.1).fold(1.0, f64::min).max(0.01);
    let (mut bottom, mut top) = (1.0, 1000.0);
    while bottom > least {
        bottom /= 10.0;
    }
    while top < most {
        top *= 10.0;
    }
    let line = |label: &str, ink, stroke, points| Line { label: label.to_owned(), ink, stroke, points };
    let lines = match rival {
        None => vec![
            line("p99", Ink::Error, Stroke::Thin, p99),
            line("p95", Ink::Retry, Stroke::Dashed, p95),
            line("p50", Ink::First, Stroke::Thick, p50),
        ],
        // Of two sides one percentile each can still be told apart.
        Some(rival) => {
            vec![line("p99 A", Ink::First, Stroke::Thick, p99), line("p99 B", Ink::Retry, Stroke::Dashed, rival)]
        }
    };
    Plot { range: (bottom, top), log: true, unit: Unit::Millis, lines, ..base }
}

fn latency_readings(p: &Point) -> Vec<Reading> {
    let ms = |v: f32| millis(f64::from(v));
    vec![
        Reading::new("p50", ms(p.p50), Ink::First, Some(Stroke::Thick)),
        Reading::new("p95", ms(p.p95), Ink::Retry, Some(Stroke::Dashed)),
        Reading::new("p99", ms(p.p99), Ink::Error, Some(Stroke::Thin)),
    ]
}

fn heat(source: &Source<'_>, base: Plot) -> Plot {
    let rows = source.live.details.until(source.live.last.now_ns);
    let (mut low, mut high) = (u8::MAX, 0);
    for (band, _) in rows.iter().flat_map(|r| &r.latency) {
        (low, high) = (low.min(*band), high.max(*band));
    }
    if low > high {
        return Plot { empty: Some("No answers yet."), ..base };
    }
    let mut cells = Vec::new();
    for column in rows.chunks(rows.len().div_ceil(COLUMNS_MAX).max(1)) {
        let Some((first, rest)) = column.split_first() else { continue };
        let mut whole = Detail { latency: first.latency.clone(), end_ns: first.end_ns, ..Detail::default() };
        rest.iter().for_each(|row| {
            whole.merge(&Detail { latency: row.latency.clone(), end_ns: row.end_ns, ..Detail::default() })
        });
        let answers: u64 = whole.latency.iter().map(|b| b.1).sum();
        let time = (first.start_ns as f64 / 1e9, whole.end_ns as f64 / 1e9);
        cells.extend(whole.latency.iter().map(|(band, count)| Cell {
            time,
            value: (band_ms(*band), band_ms(band + 1)),
            ink: Ink::First,
            // Roots spread the small shares, which are the slow ones.
            density: (*count as f64 / answers.max(1) as f64).sqrt().clamp(0.12, 1.0),
            text: "",
        }));
    }
    Plot { range: (band_ms(low), band_ms(high + 1)), log: true, unit: Unit::Millis, cells, ..base }
}

fn heat_readings(row: &Detail) -> Vec<Reading> {
    let answers: u64 = row.latency.iter().map(|b| b.1).sum();
    let Some((band, count)) = row.latency.iter().max_by_key(|b| b.1) else {
        return vec![Reading::new("no answers", String::new(), Ink::Muted, None)];
    };
    let share = *count as f64 / answers.max(1) as f64;
    let slowest = row.latency.iter().map(|b| b.0).max().unwrap_or(0);
    let most = format!("{}–{}: {:.0} %", millis(band_ms(*band)), millis(band_ms(band + 1)), share * 100.0);
    vec![
        Reading::new("answers", short(answers as f64), Ink::First, None),
        Reading::new("most took", most, Ink::First, None),
        Reading::new("slowest", format!("below {}", millis(band_ms(slowest + 1))), Ink::First, None),
    ]
}

/// Codes that occurred, in their order.
fn codes_of(rows: &[Detail]) -> Vec<u8> {
    let mut codes: Vec<u8> = Vec::new();
    for (code, _) in rows.iter().flat_map(|r| &r.errors) {
        if let Err(place) = codes.binary_search(code) {
            codes.insert(place, *code);
        }
    }
    codes
}

fn rate_of(row: &Detail, code: u8) -> f64 {
    let count = row.errors.iter().find(|e| e.0 == code).map_or(0, |e| e.1);
    if row.seconds() > 0.0 { count as f64 / row.seconds() } else { 0.0 }
}

fn errors(source: &Source<'_>, base: Plot) -> Plot {
    let rows = source.live.details.until(source.live.last.now_ns);
    let codes = codes_of(rows);
    let theirs = source.rival.map(|b| b.details.until(b.last.now_ns)).unwrap_or_default();
    let rival = thin(theirs.iter().map(|row| (middle(row), errors_of(row))));
    let beside = rival.iter().map(|p| p.1).fold(0.0, f64::max);
    if codes.is_empty() && beside == 0.0 {
        return Plot { empty: Some("No attempt has ended with an error."), ..base };
    }
    let sum = |row: &Detail, upto: usize| codes[..upto].iter().map(|code| rate_of(row, *code)).sum::<f64>();
    let edge = |upto: usize| thin(rows.iter().map(|row| (middle(row), sum(row, upto))));
    let top = nice_above(rows.iter().map(|row| sum(row, codes.len())).fold(beside.max(1.0), f64::max));
    let lines = vec![Line { label: "all of B".to_owned(), ink: Ink::First, stroke: Stroke::Dashed, points: rival }];
    let area = |(i, code): (usize, &u8)| {
        let (ink, density) = CODE_INKS[i % CODE_INKS.len()];
        let mut outline = edge(i + 1);
        outline.extend(edge(i).into_iter().rev());
        Area { label: codes::name(*code).to_owned(), ink, density, outline }
    };
    Plot { range: (0.0, top), areas: codes.iter().enumerate().map(area).collect(), lines, ..base }
}

fn errors_readings(live: &Live, row: Option<&Detail>) -> Vec<Reading> {
    let codes = codes_of(live.details.until(live.last.now_ns));
    let Some(row) = row else { return Vec::new() };
    let one = |(i, code): (usize, &u8)| {
        let label = match codes::meaning(*code) {
            meaning if meaning.is_empty() || meaning == codes::name(*code) => codes::name(*code).to_owned(),
            meaning => format!("{} {meaning}", codes::name(*code)),
        };
        Reading::new(label, short(rate_of(row, *code)), CODE_INKS[i % CODE_INKS.len()].0, None)
    };
    codes.iter().enumerate().map(one).collect()
}

/// What a node has to show in a window.
fn value_of(node: &NodeDetail, row: &Detail, unit: Unit) -> Option<f64> {
    match unit {
        Unit::Share => (node.capacity_s > 0.0).then(|| node.used_s / node.capacity_s),
        _ => (row.seconds() > 0.0).then(|| node.queue_s / row.seconds()),
    }
}

/// The nodes that a chart shows: the one that is selected, or those with most.
fn chosen(source: &Source<'_>, unit: Unit) -> Vec<usize> {
    let live = source.live;
    if let Some(i) = source.selected.and_then(|id| live.index(id)) {
        return vec![i];
    }
    let rows = live.details.until(live.last.now_ns);
    let sum =
        |i: usize| rows.iter().filter_map(|r| value_of(r.nodes.get(i)?, r, unit).map(|v| v * r.seconds())).sum::<f64>();
    let has = |i: &usize| match unit {
        Unit::Share => rows.iter().any(|r| r.nodes.get(*i).is_some_and(|n| n.capacity_s > 0.0)),
        _ => live.statuses.get(*i).is_some_and(|s| !s.replicas.is_empty()) || sum(*i) > 0.0,
    };
    let there = |i: &usize| live.loaded.nodes.get(*i).is_some_and(|id| !id.is_empty());
    let mut all: Vec<(usize, f64)> =
        (0..live.loaded.nodes.len()).filter(there).filter(has).map(|i| (i, sum(i))).collect();
    all.order_by(|a, b| b.1.total_cmp(&a.1));
    all.truncate(NODES_MAX);
    // Which line is whose does not change with every window.
    all.order_by_key(|(i, _)| *i);
    all.into_iter().map(|(i, _)| i).collect()
}

fn title(source: &Source<'_>, i: usize) -> String {
    let id = source.live.loaded.nodes.get(i).map_or("", String::as_str);
    source.outline.node(id).map_or_else(|| id.to_owned(), |n| n.title.clone())
}

fn nodes(source: &Source<'_>, base: Plot, unit: Unit) -> Plot {
    let rows = source.live.details.until(source.live.last.now_ns);
    let nodes = chosen(source, unit);
    if nodes.is_empty() {
        return Plot { empty: Some("No node here has a capacity of its own."), unit, ..base };
    }
    let line = |(place, i): (usize, &usize)| {
        let there = |row: &Detail| row.nodes.get(*i).and_then(|node| value_of(node, row, unit));
        let value = |row: &Detail| (middle(row), there(row).unwrap_or(f64::NAN));
        let (ink, stroke) = INKS[place % NODES_MAX];
        Line { label: title(source, *i), ink, stroke, points: thin(rows.iter().map(value)) }
    };
    let lines: Vec<Line> = nodes.iter().enumerate().map(line).collect();
    let most = lines.iter().flat_map(|l| &l.points).map(|p| p.1).fold(0.0, f64::max);
    // A database beyond its knee uses more than all of its capacity.
    let top = if unit == Unit::Share { most.max(1.0) * 1.05 } else { nice_above(most.max(10.0)) };
    Plot { range: (0.0, top), unit, lines, ..base }
}

fn node_readings(source: &Source<'_>, t: Option<f64>, unit: Unit) -> Vec<Reading> {
    let Some(row) = detail_at(source.live, t) else { return Vec::new() };
    let one = |(place, i): (usize, usize)| {
        let node = row.nodes.get(i)?;
        let value = value_of(node, row, unit);
        let most =
            if unit == Unit::Plain { format!(" (at most {})", short(node.queue_max as f64)) } else { String::new() };
        let (ink, stroke) = INKS[place % NODES_MAX];
        let words = value.map_or_else(|| "–".to_owned(), |v| unit.text(v)) + &most;
        Some(Reading::new(title(source, i), words, ink, Some(stroke)))
    };
    chosen(source, unit).into_iter().enumerate().filter_map(one).collect()
}

/// Gauges over time: node, place among its tracks, and what it is.
fn tracks(source: &Source<'_>, states: bool) -> Vec<(u32, u8, &'static Track)> {
    let mut found = Vec::new();
    for (i, id) in source.live.loaded.nodes.iter().enumerate() {
        let here = source.outline.node(id).and_then(|n| n.descriptor).map_or(&[][..], |d| d.tracks);
        let is_one = |track: &Track| match track {
            Track::State { .. } => states,
            Track::Desired(_) | Track::Ready(_) => !states,
            Track::Value(_) => false,
        };
        found.extend(here.iter().enumerate().filter(|(_, t)| is_one(t)).map(|(p, t)| (i as u32, p as u8, t)));
    }
    let selected = source.selected.and_then(|id| source.live.index(id)).map(|i| i as u32);
    if selected.is_some_and(|i| found.iter().any(|f| f.0 == i)) {
        found.retain(|f| Some(f.0) == selected);
    }
    let mut nodes: Vec<u32> = found.iter().map(|f| f.0).collect();
    nodes.dedup();
    if states && nodes.len() > NODES_MAX {
        // Those that have not always been as they should be come first: they are what one looks for.
        let rows = source.live.details.until(source.live.last.now_ns);
        let troubled = |i: &u32| rows.iter().any(|row| is_troubled(row, &found, *i));
        let (mut first, others): (Vec<u32>, Vec<u32>) = nodes.iter().partition(|i| troubled(i));
        first.extend(others);
        nodes = first;
    }
    nodes.truncate(NODES_MAX);
    found.retain(|f| nodes.contains(&f.0));
    found
}

/// Whether a state of the node was another than the first in this window.
fn is_troubled(row: &Detail, found: &[(u32, u8, &'static Track)], node: u32) -> bool {
    found.iter().any(|f| f.0 == node && track_at(row, f.0, f.1).is_some_and(|t| t.max > 0))
}

/// How a component stands, by the states that it declares, unless that is how it should be.
#[must_use]
pub fn unwell(descriptor: &Descriptor, gauges: &[f64]) -> Option<&'static StateSpec> {
    let state = |track: &'static Track| {
        let Track::State { gauge, states } = track else { return None };
        let number = *gauges.get(descriptor.gauge(gauge)?)? as usize;
        states.get(number).filter(|_| number > 0)
    };
    descriptor.tracks.iter().find_map(state)
}

/// What the value of a gauge means that is the number of a state.
#[must_use]
pub fn state_of(descriptor: &Descriptor, name: &str, value: f64) -> Option<&'static StateSpec> {
    descriptor.tracks.iter().find_map(|track| match track {
        Track::State { gauge, states } if *gauge == name => states.get(value as usize),
        _ => None,
    })
}

fn track_at(row: &Detail, node: u32, track: u8) -> Option<&TrackDetail> {
    row.tracks.iter().find(|t| (t.node, t.track) == (node, track))
}

fn mean(track: &TrackDetail, row: &Detail) -> f64 {
    if row.seconds() > 0.0 { track.sum_s / row.seconds() } else { track.max as f64 }
}

fn replicas(source: &Source<'_>, base: Plot) -> Plot {
    let rows = source.live.details.until(source.live.last.now_ns);
    let found = tracks(source, false);
    if found.is_empty() {
        return Plot { empty: Some("Nothing here has replicas that are counted."), ..base };
    }
    let line = |&(node, track, what): &(u32, u8, &Track)| {
        let value = |row: &Detail| (middle(row), track_at(row, node, track).map_or(f64::NAN, |t| mean(t, row)));
        let (word, ink, stroke) = replica_look(what);
        Line {
            label: format!("{} {word}", title(source, node as usize)),
            ink,
            stroke,
            points: thin(rows.iter().map(value)),
        }
    };
    let lines: Vec<Line> = found.iter().map(line).collect();
    let most = lines.iter().flat_map(|l| &l.points).map(|p| p.1).fold(1.0, f64::max);
    Plot { range: (0.0, nice_above(most * 1.2)), lines, ..base }
}

fn replica_look(track: &Track) -> (&'static str, Ink, Stroke) {
    match track {
        Track::Desired(_) => ("desired", Ink::Muted, Stroke::Dashed),
        _ => ("ready", Ink::First, Stroke::Thick),
    }
}

fn tone_ink(tone: Tone) -> (Ink, f64) {
    match tone {
        Tone::Good => (Ink::Ok, 0.45),
        Tone::Between => (Ink::Retry, 0.6),
        Tone::Bad => (Ink::Error, 0.8),
    }
}

fn states(source: &Source<'_>, base: Plot) -> Plot {
    let rows = source.live.details.until(source.live.last.now_ns);
    let found = tracks(source, true);
    if found.is_empty() {
        return Plot { empty: Some("No component here has states, as breakers have."), unit: Unit::Rows, ..base };
    }
    let (mut cells, mut names) = (Vec::new(), Vec::new());
    for (place, (node, track, what)) in found.iter().enumerate() {
        let Track::State { states, .. } = what else { continue };
        let height = (found.len() - place) as f64;
        names.push((height - 0.5, title(source, *node as usize)));
        for row in rows {
            // The worst state of a window is the one that counts.
            let Some(state) = track_at(row, *node, *track).and_then(|t| states.get(t.max as usize)) else { continue };
            let (ink, density) = tone_ink(state.tone);
            let time = (row.start_ns as f64 / 1e9, row.end_ns as f64 / 1e9);
            let value = (height - 0.85, height - 0.15);
            match cells.last_mut() {
                Some(Cell { text, time: (_, to), value: v, .. })
                    if *text == state.title && *to >= time.0 && *v == value =>
                {
                    *to = time.1
                }
                _ => cells.push(Cell { time, value, ink, density, text: state.title }),
            }
        }
    }
    Plot { range: (0.0, found.len() as f64), unit: Unit::Rows, cells, rows: names, ..base }
}

fn track_readings(source: &Source<'_>, t: Option<f64>, states: bool) -> Vec<Reading> {
    let Some(row) = detail_at(source.live, t) else { return Vec::new() };
    let one = |(node, track, what): (u32, u8, &'static Track)| {
        let value = track_at(row, node, track)?;
        let name = title(source, node as usize);
        Some(match what {
            Track::State { states, .. } => {
                let state = states.get(value.max as usize)?;
                Reading::new(name, state.title.to_owned(), tone_ink(state.tone).0, None)
            }
            what => {
                let (word, ink, stroke) = replica_look(what);
                Reading::new(format!("{name} {word}"), short(mean(value, row)), ink, Some(stroke))
            }
        })
    };
    tracks(source, states).into_iter().filter_map(one).collect()
}

#[cfg(test)]
mod tests;
