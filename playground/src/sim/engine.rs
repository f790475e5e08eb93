//! The one place that touches the engine: from wire types to its own, and back.

use crate::wire::{Act, Deed, LinkCounts, NodeCounts, Phase, Point, Totals};
use floodgate::catalogue::Look;
use floodgate::control::{Action, Control, ControlLog};
use floodgate::param::{ParamKind, ParamSpec, Value, Values};
use floodgate::record::SeriesPoint;
use floodgate::scenario::{parse_until, parse_value};
use floodgate::simulation::find_param;
use floodgate::status::Status;
use floodgate::{Budget, Duration, Progress, Scenario, Simulation, Time};

/// How far an advance came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// To the time asked for.
    Reached,
    /// To the number of events asked for.
    Budget,
    /// To a limit, in words.
    Halted(String),
}

/// Text of a file that may not be one, or what is wrong with it in the words of the command line.
///
/// # Errors
/// All problems.
pub fn text_of<'a>(bytes: &'a [u8], name: &str) -> Result<&'a str, String> {
    Scenario::load_bytes(bytes).map_err(|problems| problems.in_file(name).to_string())?;
    std::str::from_utf8(bytes).map_err(|e| e.to_string())
}

/// Whether `text` can run; if not, everything that is wrong with it, in the words of the command line.
///
/// # Errors
/// All problems.
pub fn check(text: &str, name: &str) -> Result<(), String> {
    Scenario::load(text).map(|_| ()).map_err(|problems| problems.in_file(name).to_string())
}

/// As [`check`], each problem by itself and without its place: for saying beside a field what is wrong with it.
///
/// # Errors
/// All problems.
pub fn messages(text: &str) -> Result<(), Vec<String>> {
    let said = |p: &floodgate::Problem| {
        if p.remedy.is_empty() { p.message.clone() } else { format!("{} — {}", p.message, p.remedy) }
    };
    Scenario::load(text).map(|_| ()).map_err(|problems| problems.items().iter().map(said).collect())
}

/// Length of time in seconds, as written in a file.
#[must_use]
pub fn seconds(text: &str) -> Option<f64> {
    duration(text).ok().map(Duration::as_secs_f64)
}

fn duration(text: &str) -> Result<Duration, String> {
    const LASTING: ParamSpec = ParamSpec {
        name: "for",
        kind: ParamKind::Duration,
        default: None,
        optional: false,
        min: 0.001,
        max: 31_536_000.0,
        live: false,
        doc: "",
    };
    match parse_value(&LASTING, &toml_edit::Value::from(text).to_string()) {
        Ok(Value::Duration(length)) => Ok(length),
        Ok(_) => Err(format!("“{text}” is no length of time.")),
        Err(problem) => Err(format!("{} — {}", problem.message, problem.remedy)),
    }
}

/// A run of a scenario with its record.
pub struct Engine {
    simulation: Simulation,
    /// Nodes that sources call: what they answer is the throughput.
    entries: Vec<usize>,
    points: Vec<Point>,
}

impl Engine {
    /// The run at time 0.
    ///
    /// # Errors
    /// Everything that is wrong with the text.
    pub fn new(text: &str, seed: Option<u64>, window_ns: u64) -> Result<Engine, String> {
        let scenario = Scenario::load(text).map_err(|problems| problems.to_string())?;
        let mut simulation = Simulation::new(&scenario, seed.unwrap_or(scenario.seed));
        simulation.record(Duration(window_ns));
        let source = |id: &str| scenario.node(id).is_some_and(|n| n.descriptor.look == Look::Source);
        let called = |id: &str| scenario.links.iter().any(|l| l.to == id && source(&l.from));
        let entries = (0..scenario.nodes.len()).filter(|i| called(&scenario.nodes[*i].id)).collect();
        Ok(Engine { simulation, entries, points: Vec::new() })
    }

    fn scenario(&self) -> &Scenario {
        self.simulation.scenario()
    }

    /// The seed of the run.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.simulation.seed()
    }

    /// Where the scenario ends.
    #[must_use]
    pub fn until_ns(&self) -> u64 {
        self.scenario().until.0
    }

    /// The clock.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.simulation.now().0
    }

    /// Events handled.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.simulation.events()
    }

    /// Fingerprint of the run so far.
    #[must_use]
    pub fn digest(&self) -> String {
        self.simulation.digest().to_string()
    }

    /// How many nodes.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.scenario().nodes.len()
    }

    /// How many links.
    #[must_use]
    pub fn links(&self) -> usize {
        self.scenario().links.len()
    }

    /// Ids of the nodes, in the order of indices.
    #[must_use]
    pub fn node_ids(&self) -> Vec<String> {
        self.scenario().nodes.iter().map(|n| n.id.clone()).collect()
    }

    /// Links, in the order of indices: caller, port, callee.
    #[must_use]
    pub fn link_ids(&self) -> Vec<(String, u32, String)> {
        self.scenario().links.iter().map(|l| (l.from.clone(), l.port as u32, l.to.clone())).collect()
    }

    /// What a node is called.
    #[must_use]
    pub fn title(&self, node: usize) -> String {
        self.scenario().nodes.get(node).map(|n| n.title.clone()).unwrap_or_default()
    }

    /// What the node with this id is called.
    #[must_use]
    pub fn title_of(&self, id: &str) -> String {
        self.scenario().node(id).map_or_else(|| id.to_owned(), |n| n.title.clone())
    }

    /// Position of a gauge in the node's statuses.
    #[must_use]
    pub fn gauge(&self, node: usize, name: &str) -> Option<usize> {
        self.scenario().nodes.get(node)?.descriptor.gauges.iter().position(|g| g.name == name)
    }

    /// Planned changes of load.
    #[must_use]
    pub fn phases(&self) -> Vec<Phase> {
        let phase = |p: &floodgate::scenario::Phase| Phase {
            from: p.at.as_secs_f64(),
            to: (p.at + p.lasting).as_secs_f64(),
            title: p.title.clone(),
        };
        self.scenario().phases.iter().map(phase).collect()
    }

    /// Handles events before `until_ns`, at most so many.
    pub fn advance(&mut self, until_ns: u64, events: u64) -> Outcome {
        let progress = self.simulation.advance(Budget { until: Time(until_ns), events });
        if let Some(point) = self.simulation.series().last() {
            let t = (point.end_ns as f64 / 1e9) as f32;
            if self.points.last().is_none_or(|p| p.t < t) {
                self.points.push(self.point(point));
            }
        }
        match progress {
            Progress::Reached => Outcome::Reached,
            Progress::Halted(halt) => Outcome::Halted(halt.to_string()),
            _ => Outcome::Budget,
        }
    }

    fn point(&self, point: &SeriesPoint) -> Point {
        let seconds = point.end_ns.saturating_sub(point.start_ns).max(1) as f64 / 1e9;
        let rate = |count: u64| (count as f64 / seconds) as f32;
        let entry: u64 = self.entries.iter().filter_map(|i| point.nodes.get(*i)).map(|n| n.answered).sum();
        let latency = point.latency();
        let ms = |q| latency.quantile(q).map_or(f32::NAN, |d| d.as_millis_f64() as f32);
        Point {
            t: (point.end_ns as f64 / 1e9) as f32,
            born: rate(point.born),
            offered: rate(point.attempts),
            throughput: rate(entry),
            goodput: rate(point.goodput),
            failed: rate(point.failed),
            p50: ms(0.5),
            p99: ms(0.99),
        }
    }

    /// Enters something done by hand into the run; the line of the control log that says the same.
    ///
    /// # Errors
    /// Why it cannot be done.
    pub fn act(&mut self, act: &Act, at_ns: u64) -> Result<String, String> {
        let descriptor = self
            .scenario()
            .node(&act.node)
            .map(|n| n.descriptor)
            .ok_or_else(|| format!("“{}” does not run yet: reset first.", act.node))?;
        let value = |specs: &'static [ParamSpec], path: &str, text: &str| {
            let spec = find_param(specs, path).ok_or_else(|| format!("There is no parameter `{path}`."))?;
            parse_value(spec, text).map_err(|p| format!("{} — {}", p.message, p.remedy))
        };
        let fault_of = |name: &str| {
            descriptor.faults.iter().find(|f| f.name == name).ok_or_else(|| format!("There is no fault `{name}`."))
        };
        let action = match &act.deed {
            Deed::Set(changes) => {
                let read = |(path, text): &(String, Option<String>)| {
                    Ok((path.clone(), value(descriptor.params, path, text.as_deref().unwrap_or("\"none\""))?))
                };
                Action::Set(changes.iter().map(read).collect::<Result<_, String>>()?)
            }
            Deed::Fault { fault, values } => {
                let spec = fault_of(fault)?;
                let mut complete = Values::default();
                for param in spec.params {
                    let given = values.iter().find(|(name, _)| name == param.name).map(|(_, text)| text.as_str());
                    let read = match given.or(param.default) {
                        Some(text) => value(spec.params, param.name, text)?,
                        None => Value::Absent,
                    };
                    complete.set(param.name, read);
                }
                Action::Fault { fault: spec.name, values: complete }
            }
            Deed::Heal { fault } => Action::Heal { fault: fault_of(fault)?.name },
        };
        let lasting = act.lasting.as_deref().map(duration).transpose()?;
        let control = Control { at: Time(at_ns), node: act.node.clone(), action, lasting };
        let line = control.to_line(self.scenario())?;
        self.simulation.control(control)?;
        Ok(line)
    }

    /// The first line of the control log.
    #[must_use]
    pub fn log_header(&self) -> String {
        let log = ControlLog { scenario: self.scenario().name.clone(), seed: self.seed(), controls: Vec::new() };
        log.to_text(self.scenario()).unwrap_or_default().trim_end().to_owned()
    }

    /// How a node stands.
    #[must_use]
    pub fn status(&self, node: usize) -> Status {
        self.simulation.status(node)
    }

    /// Counters of a node. Of a source: attempts sent, and how many of them were for new requests.
    #[must_use]
    pub fn node_counts(&self, node: usize) -> NodeCounts {
        let stats = self.simulation.node_counters(node);
        let source = self.scenario().nodes.get(node).is_some_and(|n| n.descriptor.look == Look::Source);
        let (offered, offered_first) =
            if source { (stats.sent, stats.offered) } else { (stats.offered, stats.offered_first) };
        NodeCounts { offered, offered_first, answered: stats.answered, errors: stats.errors.total() }
    }

    /// Counters of a link.
    #[must_use]
    pub fn link_counts(&self, link: usize) -> LinkCounts {
        let stats = self.simulation.link_counters(link);
        LinkCounts {
            first: stats.calls_first,
            retry: stats.calls_retry,
            ok: stats.ok,
            errors: stats.errors,
            timeouts: stats.timeouts,
            late: stats.late,
        }
    }

    /// Counters of the whole run.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let t = self.simulation.totals();
        Totals {
            born: t.born,
            attempts: t.attempts,
            answered: t.answered,
            goodput: t.goodput,
            failed: t.failed,
            in_flight: t.in_flight,
        }
    }

    /// Completed windows of the series from the one with this index on.
    #[must_use]
    pub fn points_from(&self, from: usize) -> Vec<Point> {
        self.points.get(from..).unwrap_or_default().to_vec()
    }

    /// Share of a node's capacity in use, over the completed windows of the last `span_ns` (one at least; they may have grown);
    /// `None` where that has no meaning.
    #[must_use]
    pub fn utilization(&self, node: usize, span_ns: u64) -> Option<f64> {
        self.simulation.status(node).saturation.or_else(|| self.has_capacity(node).then_some(0.0))?;
        let series = self.simulation.series();
        let begin = series.last().map_or(0, |p| p.end_ns.saturating_sub(span_ns.max(1)));
        let recent = &series[series.partition_point(|p| p.end_ns <= begin)..];
        let levels = || recent.iter().filter_map(|p| p.nodes.get(node));
        let (used, there): (u128, u128) =
            (levels().map(|n| n.used.integral).sum(), levels().map(|n| n.capacity.integral).sum());
        (!recent.is_empty()).then(|| if there == 0 { 0.0 } else { used as f64 / there as f64 })
    }

    fn has_capacity(&self, node: usize) -> bool {
        self.scenario().nodes.get(node).is_some_and(|n| matches!(n.descriptor.look, Look::Servers | Look::Store))
    }

    /// The last completed window.
    #[must_use]
    pub fn last_point(&self) -> Option<Point> {
        self.points.last().copied()
    }
}

/// Runs a scenario without a page, and reports as the command line does. An empty seed or end means the file's own.
#[must_use]
pub fn headless(text: &str, seed: &str, until: &str, variant: &str) -> String {
    let run = || -> Result<String, String> {
        let mut scenario = Scenario::load(text).map_err(|problems| problems.to_string())?;
        if !variant.is_empty() {
            let found = scenario.variant(variant).ok_or_else(|| format!("there is no variant `{variant}`"))?;
            scenario = found.scenario.clone();
        }
        let seed =
            if seed.is_empty() { scenario.seed } else { seed.parse().map_err(|_| format!("`{seed}` is no seed"))? };
        let until = if until.is_empty() { scenario.until } else { parse_until(until).map_err(|p| p.to_string())? };
        let mut simulation = Simulation::new(&scenario, seed);
        // A run that meets a limit is reported as well: the report names it.
        let _ = simulation.advance(Budget::until(until));
        serde_json::to_string_pretty(&simulation.report()).map_err(|e| e.to_string())
    };
    run().unwrap_or_else(|problem| serde_json::json!({ "error": problem }).to_string())
}
