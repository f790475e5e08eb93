//! The one place that touches the engine: from wire types to its own, and back.

use crate::wire::{
    Act, Deed, Detail, LinkCounts, NodeCounts, NodeDetail, Phase, Point, Topology, Totals, TrackDetail, band_of,
};
use floodgate::catalogue::Look;
use floodgate::control::{Action, Control, ControlLog};
use floodgate::param::{ParamKind, ParamSpec, Value, Values};
use floodgate::record::SeriesPoint;
use floodgate::scenario::{LINK, parse_until, parse_value};
use floodgate::simulation::find_param;
use floodgate::status::Status;
use floodgate::{Budget, Duration, KeyframePolicy, Progress, Scenario, Simulation, Time, Timeline};

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
    crate::beside::load_bytes(bytes).map_err(|problems| problems.in_file(name).to_string())?;
    std::str::from_utf8(bytes).map_err(|e| e.to_string())
}

/// Nodes that the page draws at most. Each is a card that changes ten times a second; the command line takes more.
pub const NODES_MAX: usize = 500;
/// The same for links.
pub const LINKS_MAX: usize = 2_000;

/// Whether `text` can run here; if not, everything that is wrong with it, in the words of the command line.
///
/// # Errors
/// All problems.
pub fn check(text: &str, name: &str) -> Result<(), String> {
    let scenario = crate::beside::load(text).map_err(|problems| problems.in_file(name).to_string())?;
    let counts = [("nodes", scenario.nodes.len(), NODES_MAX), ("links", scenario.links.len(), LINKS_MAX)];
    match counts.into_iter().find(|(_, count, most)| count > most) {
        None => Ok(()),
        Some((what, count, most)) => Err(format!(
            "{name}: error: there are {count} {what}, more than the {most} that the page can draw\n    \
             help: run it on the command line: floodgate run FILE"
        )),
    }
}

/// What runs but is probably not meant; nothing of a text that cannot run.
#[must_use]
pub fn hints(text: &str) -> Vec<floodgate::scenario::Hint> {
    crate::beside::load(text).map(|scenario| floodgate::scenario::hints(&scenario, text)).unwrap_or_default()
}

/// As [`check`], each problem by itself and without its place: for saying beside a field what is wrong with it.
///
/// # Errors
/// All problems.
pub fn messages(text: &str) -> Result<(), Vec<String>> {
    let said = |p: &floodgate::Problem| {
        if p.remedy.is_empty() { p.message.clone() } else { format!("{} — {}", p.message, p.remedy) }
    };
    crate::beside::load(text).map(|_| ()).map_err(|problems| problems.items().iter().map(said).collect())
}

/// A control log that was made of a run of `scenario`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The log.
    pub text: String,
    /// The seed of the run.
    pub seed: u64,
    /// How many nodes and links it adds or removes.
    pub edits: usize,
}

/// Reads a control log that may not be one, or says what is wrong with it in the words of the command line.
///
/// # Errors
/// All problems.
pub fn log_of(bytes: &[u8], name: &str, scenario: &str) -> Result<Log, String> {
    let scenario = crate::beside::load(scenario).map_err(|problems| problems.to_string())?;
    let log = ControlLog::parse_bytes(bytes, &scenario).map_err(|problems| problems.in_file(name).to_string())?;
    let is_edit = |c: &&Control| c.action.is_edit();
    let text = String::from_utf8_lossy(bytes).into_owned();
    Ok(Log { text, seed: log.seed, edits: log.controls.iter().filter(is_edit).count() })
}

/// Names of the variants of a scenario; none of a text that cannot run.
#[must_use]
pub fn variants(text: &str) -> Vec<String> {
    crate::beside::load(text).map(|s| s.variants.into_iter().map(|v| v.name).collect()).unwrap_or_default()
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

/// Bytes that the keyframes of the run that is shown may take.
const KEYFRAME_BYTES_MAX: usize = 128 << 20;
/// The same of a track that is kept aside: replaying it takes longer then.
const ASIDE_BYTES_MAX: usize = 16 << 20;

/// A run of a scenario with its record. A clone shares its keyframes.
#[derive(Clone)]
pub struct Engine {
    timeline: Timeline,
    /// Nodes that sources call: what they answer is the throughput.
    entries: Vec<usize>,
    points: Vec<Point>,
}

impl Engine {
    /// The run at time 0.
    #[must_use]
    pub fn new(scenario: &Scenario, seed: Option<u64>, window_ns: u64) -> Engine {
        let mut simulation = Simulation::new(scenario, seed.unwrap_or(scenario.seed));
        simulation.record(Duration(window_ns));
        let policy = KeyframePolicy { bytes_max: KEYFRAME_BYTES_MAX, ..KeyframePolicy::default() };
        let timeline = Timeline::new(simulation, policy);
        let entries = entries_of(timeline.simulation().scenario());
        Engine { timeline, entries, points: Vec::new() }
    }

    /// The run where it stands.
    #[must_use]
    pub fn simulation(&self) -> &Simulation {
        self.timeline.simulation()
    }

    fn scenario(&self) -> &Scenario {
        self.simulation().scenario()
    }

    /// Whether requests are followed.
    #[must_use]
    pub fn follows(&self) -> bool {
        self.simulation().journeys().is_some()
    }

    /// Follows requests: the run stands at its beginning then. Or follows them no more, and it stays where it is.
    pub fn follow(&mut self, follow: bool) {
        self.timeline.follow(follow.then_some(super::answers::FOLLOWED));
        self.entries = entries_of(self.scenario());
    }

    /// Whether the books balance; if not, what does not: a defect of the simulator.
    ///
    /// # Errors
    /// Both sides of the equation that does not hold.
    pub fn check_books(&self) -> Result<(), String> {
        self.simulation().check_books()
    }

    /// Takes less room while it is not shown, or as much as it likes.
    pub fn set_aside(&mut self, aside: bool) {
        self.timeline.limit(if aside { ASIDE_BYTES_MAX } else { KEYFRAME_BYTES_MAX });
    }

    /// The furthest it has come.
    #[must_use]
    pub fn furthest_ns(&self) -> u64 {
        self.timeline.furthest().0
    }

    /// The last keyframe not after `at_ns`.
    #[must_use]
    pub fn keyframe_before(&self, at_ns: u64) -> u64 {
        self.timeline.keyframe_times().map(|t| t.0).take_while(|t| *t <= at_ns).last().unwrap_or(0)
    }

    /// Goes to where a keyframe stands.
    pub fn restore(&mut self, keyframe_ns: u64) {
        // Nothing has to be replayed, so no limit can be met.
        let _ = self.timeline.seek(Time(keyframe_ns));
        self.entries = entries_of(self.scenario());
    }

    /// Nothing is known of what lies ahead: another future begins.
    pub fn forget_ahead(&mut self) {
        let now = (self.now_ns() as f64 / 1e9) as f32;
        self.points.retain(|p| p.t <= now);
    }

    /// Takes back everything entered for later than now.
    pub fn take_back(&mut self) -> Vec<Control> {
        self.timeline.take_back()
    }

    /// The seed of the run.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.simulation().seed()
    }

    /// Where the scenario ends.
    #[must_use]
    pub fn until_ns(&self) -> u64 {
        self.scenario().until.0
    }

    /// The clock.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.simulation().now().0
    }

    /// Events handled.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.simulation().events()
    }

    /// Fingerprint of the run so far.
    #[must_use]
    pub fn digest(&self) -> String {
        self.simulation().digest().to_string()
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

    /// Whether a node was removed while it ran.
    #[must_use]
    pub fn is_removed(&self, node: usize) -> bool {
        self.simulation().is_removed(node)
    }

    /// Nodes and links in the order of their indices; those that were removed have no names.
    #[must_use]
    pub fn topology(&self) -> Topology {
        let scenario = self.scenario();
        let node = |n: &floodgate::scenario::Node| if n.removed.is_none() { n.id.clone() } else { String::new() };
        let link = |l: &floodgate::scenario::Link| match l.removed {
            false => (l.from.clone(), l.port as u32, l.to.clone()),
            true => (String::new(), 0, String::new()),
        };
        Topology { nodes: scenario.nodes.iter().map(node).collect(), links: scenario.links.iter().map(link).collect() }
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

    /// Planned changes for a while.
    #[must_use]
    pub fn phases(&self) -> Vec<Phase> {
        let phase = |p: &floodgate::scenario::Phase| {
            let (load, about) = self.about(&p.node, p.to.as_deref());
            let title = if p.title.is_empty() { about } else { p.title.clone() };
            let is_it = |c: &&Control| c.node == p.node && c.at == p.at;
            let link = p
                .to
                .as_ref()
                .and_then(|to| self.planned().filter(is_it).find_map(|c| link_state(c).filter(|link| link.1 == *to)));
            Phase { from: p.at.as_secs_f64(), to: (p.at + p.lasting).as_secs_f64(), title, load, link }
        };
        self.scenario().phases.iter().map(phase).collect()
    }

    /// What a change for a while is about, and whether that is the load: a node, or its link to another.
    #[must_use]
    pub fn about(&self, node: &str, to: Option<&str>) -> (bool, String) {
        let here = self.title_of(node);
        match to {
            Some(to) => (false, format!("change of the link {here} → {}", self.title_of(to))),
            None if self.is_source(node) => (true, "crowd".to_owned()),
            None => (false, format!("change of {here}")),
        }
    }

    /// Whether requests come from there.
    #[must_use]
    pub fn is_source(&self, node: &str) -> bool {
        self.scenario().node(node).is_some_and(|n| n.descriptor.look == Look::Source)
    }

    /// Handles events before `until_ns`, at most so many.
    pub fn advance(&mut self, until_ns: u64, events: u64) -> Outcome {
        let before = (self.nodes(), self.links());
        let progress = self.timeline.advance(Budget { until: Time(until_ns), events });
        if before != (self.nodes(), self.links()) {
            self.entries = entries_of(self.scenario());
        }
        if let Some(point) = self.simulation().series().last() {
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
            p95: ms(0.95),
            p99: ms(0.99),
        }
    }

    /// What else there is of windows that ended after `known_ns`, at most so many.
    #[must_use]
    pub fn details_after(&self, known_ns: u64, at_most: usize) -> Vec<Detail> {
        let series = self.simulation().series();
        let fresh = &series[series.partition_point(|p| p.end_ns <= known_ns)..];
        let places: Vec<(u32, u8)> = track_places(self.simulation());
        fresh.iter().take(at_most).map(|point| detail(point, &places)).collect()
    }

    /// What `act` means at `at_ns`: the controls, which belong together.
    ///
    /// # Errors
    /// Why it cannot be done.
    pub fn controls(&self, act: &Act, at_ns: u64) -> Result<Vec<Control>, String> {
        let index = self.scenario().nodes.iter().position(|n| n.id == act.node && n.removed.is_none());
        let index = index.ok_or_else(|| format!("“{}” does not run yet: reset first.", act.node))?;
        let descriptor = self.scenario().nodes[index].descriptor;
        let value = |specs: &'static [ParamSpec], path: &str, text: &str| {
            let spec = find_param(specs, path).ok_or_else(|| format!("There is no parameter `{path}`."))?;
            parse_value(spec, text).map_err(|p| format!("{} — {}", p.message, p.remedy))
        };
        let read = |specs: &'static [ParamSpec], changes: &[(String, Option<String>)]| {
            let one = |(path, text): &(String, Option<String>)| {
                Ok((path.clone(), value(specs, path, text.as_deref().unwrap_or("\"none\""))?))
            };
            changes.iter().map(one).collect::<Result<Vec<_>, String>>()
        };
        let fault_of = |name: &str| {
            descriptor.faults.iter().find(|f| f.name == name).ok_or_else(|| format!("There is no fault `{name}`."))
        };
        let action = match &act.deed {
            Deed::Set(changes) => Action::Set(read(descriptor.params, changes)?),
            Deed::Link { port, to, changes } => {
                Action::SetLink { port: *port as usize, to: to.clone(), changes: read(LINK, changes)? }
            }
            Deed::Flood(factor) => {
                let rate = match self.simulation().base_values(index).get("rate") {
                    Some(Value::Rate(rate)) => *rate,
                    _ => return Err(format!("“{}” has no rate of its own.", act.node)),
                };
                let flooded = Value::Rate(rate * factor);
                let text = floodgate::scenario::value_text(ParamKind::Rate, &flooded);
                Action::Set(vec![("rate".to_owned(), value(descriptor.params, "rate", &text)?)])
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
        Ok(vec![Control { at: Time(at_ns), node: act.node.clone(), action, lasting }])
    }

    /// Enters a control; the line of the log that says the same. In the past, what lies ahead is forgotten.
    ///
    /// # Errors
    /// Why it cannot be done.
    pub fn enter(&mut self, control: Control) -> Result<String, String> {
        let line = self.simulation().line(&control)?;
        self.timeline.control(control)?;
        Ok(line)
    }

    /// The controls of a log that was made of this run.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read_log(&self, text: &str) -> Result<Vec<Control>, String> {
        ControlLog::parse(text, self.scenario()).map(|log| log.controls).map_err(|problems| problems.to_string())
    }

    /// Whether there is a node of this id now.
    #[must_use]
    pub fn has_node(&self, id: &str) -> bool {
        self.scenario().nodes.iter().any(|n| n.id == id && n.removed.is_none())
    }

    /// What the scenario itself does to the run.
    pub fn planned(&self) -> impl Iterator<Item = &Control> {
        self.scenario().controls.iter()
    }

    /// Whether a fault goes on until it is ended.
    #[must_use]
    pub fn fault_lasts(&self, id: &str, fault: &str) -> bool {
        let node = self.scenario().node(id);
        node.is_some_and(|n| n.descriptor.faults.iter().any(|f| f.name == fault && f.lasting))
    }

    /// Values in force of the named parameters of a node.
    #[must_use]
    pub fn in_force(&self, id: &str, names: &[(String, Value)]) -> Option<Vec<(String, Value)>> {
        let index = self.scenario().nodes.iter().position(|n| n.id == id && n.removed.is_none())?;
        let values = self.simulation().values(index);
        names.iter().map(|(name, _)| Some((name.clone(), at_path(&values, name)?))).collect()
    }

    /// The same of a link for calls from a node.
    #[must_use]
    pub fn link_in_force(
        &self,
        (from, port, to): (&str, usize, &str),
        names: &[(String, Value)],
    ) -> Option<Vec<(String, Value)>> {
        let mut links = self.scenario().links.iter();
        let index = links.position(|l| (l.from.as_str(), l.port, l.to.as_str()) == (from, port, to) && !l.removed)?;
        let values = self.simulation().link_values(index);
        names.iter().map(|(name, _)| Some((name.clone(), at_path(&values, name)?))).collect()
    }

    /// What a control does, for people.
    #[must_use]
    pub fn words(&self, control: &Control) -> String {
        let title = self.title_of(&control.node);
        let span = control.lasting.map(|l| format!(" for {l}")).unwrap_or_default();
        let descriptor = self.scenario().node(&control.node).map(|n| n.descriptor);
        match &control.action {
            Action::Set(values) => {
                format!("{title}: {}{span}", changes_text(descriptor.map_or(&[], |d| d.params), values))
            }
            Action::SetLink { to, changes, .. } => {
                format!("{title} → {}: {}{span}", self.title_of(to), changes_text(LINK, changes))
            }
            Action::Fault { fault, .. } => format!("{title}: {fault}{span}"),
            Action::Heal { fault } => format!("{title}: {fault} ends"),
            Action::AddNode { title, .. } => format!("{title} is added"),
            Action::RemoveNode => format!("{title} is removed"),
            Action::Link { to, .. } => format!("{title} now calls {}", self.title_of(to)),
            Action::Unlink { to, .. } => format!("{title} no longer calls {}", self.title_of(to)),
        }
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
        self.simulation().status(node)
    }

    /// Counters of a node. Of a source: attempts sent, and how many of them were for new requests.
    #[must_use]
    pub fn node_counts(&self, node: usize) -> NodeCounts {
        let stats = self.simulation().node_counters(node);
        let source = self.scenario().nodes.get(node).is_some_and(|n| n.descriptor.look == Look::Source);
        let (offered, offered_first) =
            if source { (stats.sent, stats.offered) } else { (stats.offered, stats.offered_first) };
        NodeCounts { offered, offered_first, answered: stats.answered, errors: stats.errors.total() }
    }

    /// Counters of a link.
    #[must_use]
    pub fn link_counts(&self, link: usize) -> LinkCounts {
        let stats = self.simulation().link_counters(link);
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
        let t = self.simulation().totals();
        Totals {
            born: t.born,
            attempts: t.attempts,
            answered: t.answered,
            goodput: t.goodput,
            failed: t.failed,
            in_flight: t.in_flight,
        }
    }

    /// Completed windows of the series that end after `t` seconds, what lies ahead included.
    #[must_use]
    pub fn points_after(&self, t: f32) -> Vec<Point> {
        self.points[self.points.partition_point(|p| p.t <= t)..].to_vec()
    }

    /// Share of a node's capacity in use, over the completed windows of the last `span_ns` (one at least; they may have grown);
    /// `None` where that has no meaning.
    #[must_use]
    pub fn utilization(&self, node: usize, span_ns: u64) -> Option<f64> {
        self.simulation().status(node).saturation.or_else(|| self.has_capacity(node).then_some(0.0))?;
        let series = self.simulation().series();
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
        let now = (self.now_ns() as f64 / 1e9) as f32;
        self.points[..self.points.partition_point(|p| p.t <= now)].last().copied()
    }
}

/// Nodes that sources call.
fn entries_of(scenario: &Scenario) -> Vec<usize> {
    let source = |id: &str| scenario.node(id).is_some_and(|n| n.descriptor.look == Look::Source);
    let links = || scenario.links.iter().filter(|l| !l.removed);
    let called = |id: &str| links().any(|l| l.to == id && source(&l.from));
    let there = |i: &usize| scenario.nodes[*i].removed.is_none() && called(&scenario.nodes[*i].id);
    (0..scenario.nodes.len()).filter(there).collect()
}

/// Changes of parameters, for people.
fn changes_text(specs: &'static [ParamSpec], changes: &[(String, Value)]) -> String {
    let show = |(path, value): &(String, Value)| {
        let text = find_param(specs, path).map(|spec| floodgate::scenario::value_text(spec.kind, value));
        format!("{path} = {}", text.unwrap_or_default().trim_matches('"'))
    };
    changes.iter().map(show).collect::<Vec<_>>().join(", ")
}

/// The value at a path such as `retry.attempts`.
fn at_path(values: &Values, path: &str) -> Option<Value> {
    match path.split_once('.') {
        None => values.get(path).cloned(),
        Some((group, rest)) => match values.get(group)? {
            Value::Group(inner) => at_path(inner, rest),
            _ => None,
        },
    }
}

/// Runs a scenario without a page, and reports as the command line does. An empty seed or end means the file's own.
#[must_use]
pub fn headless(text: &str, seed: &str, until: &str, variant: &str) -> String {
    let run = || -> Result<String, String> {
        let mut scenario = crate::beside::load(text).map_err(|problems| problems.to_string())?;
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

/// The link that a control changes, from and to, and how it stands then, in a word or two.
#[must_use]
pub fn link_state(control: &Control) -> Option<(String, String, String)> {
    let Action::SetLink { to, changes, .. } = &control.action else { return None };
    let word = |(name, _): &(String, Value)| match name.as_str() {
        "latency" => "slow".to_owned(),
        "loss" => "lossy".to_owned(),
        "bandwidth" => "narrow".to_owned(),
        other => other.to_owned(),
    };
    Some((control.node.clone(), to.clone(), changes.iter().map(word).collect::<Vec<_>>().join(", ")))
}

/// Node and place among its tracks, for every gauge over time.
fn track_places(simulation: &Simulation) -> Vec<(u32, u8)> {
    let mut places: Vec<(u32, u8)> = Vec::new();
    for (node, _) in simulation.tracks() {
        let before = places.iter().filter(|(n, _)| *n == node as u32).count();
        places.push((node as u32, before as u8));
    }
    places
}

fn detail(point: &SeriesPoint, places: &[(u32, u8)]) -> Detail {
    let seconds = |integral: u128| integral as f64 / 1e9;
    let code = |(code, count)| (crate::codes::CODES.iter().position(|c| *c == code).unwrap_or(0) as u8, count);
    let mut latency: Vec<(u8, u64)> = Vec::new();
    for (value, count) in point.latency().values() {
        let band = band_of(value.0);
        // From small to large: the same band comes in one piece.
        match latency.last_mut() {
            Some((last, sum)) if *last == band => *sum += count,
            _ => latency.push((band, count)),
        }
    }
    let node = |n: &floodgate::record::NodePoint| NodeDetail {
        used_s: seconds(n.used.integral),
        capacity_s: seconds(n.capacity.integral),
        queue_s: seconds(n.queue.integral),
        queue_max: n.queue.max,
    };
    let track = |(level, &(node, track)): (&floodgate::record::Level, &(u32, u8))| TrackDetail {
        node,
        track,
        sum_s: seconds(level.integral),
        min: level.min,
        max: level.max,
    };
    Detail {
        start_ns: point.start_ns,
        end_ns: point.end_ns,
        errors: point.attempt_errors.iter().map(code).collect(),
        latency,
        nodes: point.nodes.iter().map(node).collect(),
        tracks: point.tracks.iter().zip(places).map(track).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_page_cannot_draw_is_refused_in_words() {
        let text = |nodes: usize| {
            let node = |i: usize| format!("[[node]]\nid = \"n{i}\"\nkind = \"service\"\n");
            let nodes: String = (0..nodes).map(node).collect();
            format!("format = 1\nname = \"x\"\n{nodes}")
        };
        assert_eq!(check(&text(NODES_MAX), "x"), Ok(()));
        let why = check(&text(NODES_MAX + 1), "x.toml").expect_err("too many");
        assert!(why.starts_with("x.toml: error: there are 501 nodes, more than the 500"), "{why}");
    }
}
