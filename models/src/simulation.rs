//! A run of a scenario: the engine with the built-in components, live controls, and a record for people.

mod edits;

use crate::catalogue::Track;
use crate::component::Directive;
use crate::components::AnyComponent;
use crate::control::{Action, Control};
use crate::param::{ParamKind, ParamSpec, Params as _, Value, Values};
use crate::record::{RecordLimits, Recorder, SeriesPoint, Tracked};
use crate::report::{ClassReport, NodeReport, Report};
use crate::scenario::Wiring;
use crate::scenario::wiring::Paths;
use crate::scenario::{LINK, Scenario};
use crate::status::Status;
use floodgate_core as core;
use floodgate_core::stats::{ClassStats, LinkStats, NodeStats, Population, Totals};
use floodgate_core::{
    Budget, Digest, Duration, Event, Halt, JourneyPolicy, Journeys, Limits, LinkId, LinkSpec, NodeId, PortId, Progress,
    Time, Topology,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Something due at a virtual time: the beginning or the end of a control.
#[derive(Clone, Debug)]
struct Due {
    at: Time,
    /// Position in the log: equal times apply in the order of the log.
    control: usize,
    begins: bool,
}

/// Live parameters of a node or link: as in the file, with the changes in force on top.
#[derive(Clone, Debug)]
struct Parameters {
    specs: &'static [ParamSpec],
    base: Values,
    /// Changes for a time, by position in the log.
    overlays: Vec<usize>,
}

impl Parameters {
    /// A change begins, or one for a time ends.
    fn change(&mut self, due: &Due, for_a_time: bool, begins: bool, changes: &[(String, Value)]) {
        match (for_a_time, begins) {
            (false, _) => patch(self.specs, &mut self.base, changes),
            (true, true) => self.overlays.push(due.control),
            (true, false) => self.overlays.retain(|&overlay| overlay != due.control),
        }
    }
}

/// A run of a [`Scenario`]. Run = scenario + seed + control log: the same three give the same digest everywhere.
///
/// ```
/// use floodgate::{Scenario, Simulation, Time};
///
/// let scenario = Scenario::load(r#"
///     format = 1
///     name = "one server"
///     [[node]]
///     id = "users"
///     kind = "clients"
///     rate = "50/s"
///     [[node]]
///     id = "web"
///     kind = "service"
///     [[link]]
///     from = "users"
///     to = "web"
/// "#)?;
/// let mut simulation = Simulation::new(&scenario, 42);
/// simulation.run_until(Time::from_secs_f64(10.0))?;
/// let report = simulation.report();
/// assert_eq!(report.totals.born, report.totals.answered + report.totals.failed + report.totals.in_flight);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Simulation {
    scenario: Arc<Scenario>,
    seed: u64,
    core: core::Simulation<AnyComponent>,
    parameters: Vec<Parameters>,
    /// Likewise of links.
    wirings: Vec<Parameters>,
    log: Vec<Control>,
    /// How many entries of the log came with the scenario.
    scripted: usize,
    /// Sorted; those before `next` have been applied.
    agenda: Vec<Due>,
    next: usize,
    warm: bool,
    recorder: Option<Recorder>,
    journeys: Option<Journeys>,
}

impl Simulation {
    /// The run at time 0. Of the scenario of a run that was edited, it is a run of the system [as it is now](Scenario::anew).
    #[must_use]
    pub fn new(scenario: &Scenario, seed: u64) -> Simulation {
        if scenario.is_edited() {
            return Simulation::new(&scenario.anew(), seed);
        }
        let paths = Paths::of(scenario);
        let mut topology = Topology::default();
        // A scenario that was loaded has distinct nodes and proper links, so no edit can fail.
        for node in &scenario.nodes {
            let added = topology.add_node(&node.id);
            debug_assert_eq!(added, Ok(()));
        }
        for link in &scenario.links {
            let spec = link.wiring().spec(paths.whereabouts(link));
            let added = topology.add_link(&link.from, PortId(link.port as u16), &link.to, spec);
            debug_assert_eq!(added, Ok(()));
        }
        let models = scenario.nodes.iter().filter_map(|n| AnyComponent::build(n.descriptor, &n.values)).collect();
        let limits = Limits { depth: scenario.max_depth, ..Limits::default() };
        let classes = classes_of(scenario);
        let mut simulation = Simulation {
            core: core::Simulation::with_classes(Arc::new(topology.freeze()), models, classes, seed, limits),
            parameters: scenario
                .nodes
                .iter()
                .map(|n| Parameters { specs: n.descriptor.params, base: n.values.clone(), overlays: Vec::new() })
                .collect(),
            wirings: scenario
                .links
                .iter()
                .map(|l| Parameters { specs: LINK, base: l.values.clone(), overlays: Vec::new() })
                .collect(),
            log: Vec::new(),
            scripted: scenario.controls.len(),
            agenda: Vec::new(),
            next: 0,
            warm: scenario.warm_up == Duration::ZERO,
            recorder: None,
            journeys: None,
            scenario: Arc::new(scenario.clone()),
            seed,
        };
        for control in &scenario.controls {
            simulation.enter(control.clone());
        }
        simulation
    }

    /// Records a point of the series for every `window` of virtual time from now on, within the default [`RecordLimits`]:
    /// when there are too many, neighbours are merged and the window doubles.
    pub fn record(&mut self, window: Duration) {
        self.record_within(window, RecordLimits::default());
    }

    /// As [`Simulation::record`], within limits of one's own.
    pub fn record_within(&mut self, window: Duration, limits: RecordLimits) {
        let tracked = self.tracked();
        self.recorder = Some(Recorder::new(&mut self.core, window, limits, tracked));
    }

    /// Follows the journeys of requests that are born from now on, and keeps those that `policy` says. This makes the run
    /// slower, and changes nothing in it.
    pub fn follow(&mut self, policy: JourneyPolicy) {
        self.journeys = Some(Journeys::new(policy, self.core.routes()));
    }

    /// Forgets the journeys and follows nobody from now on.
    pub fn follow_no_more(&mut self) {
        self.journeys = None;
    }

    /// The journeys kept so far; `None` unless [`Simulation::follow`] was called. After a seek of a
    /// [`Timeline`](crate::Timeline) they are those of a run that has come to that time for the first time.
    #[must_use]
    pub fn journeys(&self) -> Option<&Journeys> {
        self.journeys.as_ref()
    }

    /// Enters a control into the log: it applies at `control.at`, before every event at that time.
    ///
    /// # Errors
    /// When its time has passed; when it names a node, parameter or fault that is not there then; when it is an edit that
    /// cannot be made then, or after which one that was entered for later could not be made.
    pub fn control(&mut self, control: Control) -> Result<(), String> {
        if control.at < self.core.now() {
            return Err(format!("the control at {} comes too late: it is {} already", control.at, self.core.now()));
        }
        self.check(&control)?;
        self.enter(control);
        Ok(())
    }

    /// Forgets the controls beyond the scenario that begin after `time` (which must not have passed); what is in force and
    /// will end, ends.
    pub(crate) fn forget_controls_after(&mut self, time: Time) {
        let scripted = self.scripted;
        let mut kept = 0;
        // Where each entry of the log goes; `None` is forgotten.
        let places: Vec<Option<usize>> = self
            .log
            .iter()
            .enumerate()
            .map(|(i, control)| {
                (i < scripted || control.at <= time).then(|| {
                    kept += 1;
                    kept - 1
                })
            })
            .collect();
        let mut place = 0;
        self.log.retain(|_| {
            place += 1;
            places[place - 1].is_some()
        });
        self.agenda.retain_mut(|due| match places[due.control] {
            Some(to) => {
                due.control = to;
                true
            }
            None => false,
        });
        for overlay in self.parameters.iter_mut().chain(&mut self.wirings).flat_map(|p| &mut p.overlays) {
            if let Some(to) = places[*overlay] {
                *overlay = to;
            }
        }
    }

    fn enter(&mut self, control: Control) {
        let position = self.log.len();
        self.schedule(Due { at: control.at, control: position, begins: true });
        if let Some(lasting) = control.lasting {
            self.schedule(Due { at: control.at + lasting, control: position, begins: false });
        }
        self.log.push(control);
    }

    fn schedule(&mut self, due: Due) {
        // What ends at a time ends before anything begins at it.
        let key = |d: &Due| (d.at, d.begins, d.control);
        let place = self.next + self.agenda[self.next..].partition_point(|d| key(d) <= key(&due));
        self.agenda.insert(place, due);
    }

    /// What was done to the run beyond its scenario, in order.
    #[must_use]
    pub fn log(&self) -> &[Control] {
        &self.log[self.scripted..]
    }

    /// Handles events before `budget.until`, at most `budget.events` of them.
    pub fn advance(&mut self, budget: Budget) -> Progress {
        self.advance_with(budget, &mut ())
    }

    /// As [`Simulation::advance`], and tells `probe` of every event.
    pub fn advance_with(&mut self, budget: Budget, probe: &mut impl core::Probe) -> Progress {
        let last = self.core.events().saturating_add(budget.events);
        loop {
            let now = self.core.now();
            self.keep_statistics();
            // What is due when the run is to stop is left, as events are: it comes first when the run goes on.
            let mut cut = budget.until;
            if now < budget.until {
                self.apply_due(now);
                cut = cut.min(self.next_cut(now));
            }
            let left = last - self.core.events();
            let budget_to_cut = Budget { until: cut, events: left };
            let progress = match &mut self.journeys {
                None => self.core.advance(budget_to_cut, probe),
                Some(journeys) => self.core.advance(budget_to_cut, &mut (journeys, &mut *probe)),
            };
            if progress != Progress::Reached || cut == budget.until {
                if progress == Progress::Reached {
                    self.keep_statistics();
                }
                return progress;
            }
        }
    }

    /// Handles one event and says what it was; `None` when nothing is left before `until`.
    pub fn step(&mut self, until: Time) -> Option<Event> {
        let mut seen = Vec::new();
        let progress = self.advance_with(Budget { until, events: 1 }, &mut seen);
        match progress {
            Progress::Halted(_) => None,
            _ => seen.pop(),
        }
    }

    /// Runs until `time`.
    ///
    /// # Errors
    /// When the run meets a limit; see [`Halt`].
    pub fn run_until(&mut self, time: Time) -> Result<(), Halt> {
        match self.advance(Budget::until(time)) {
            Progress::Halted(halt) => Err(halt),
            _ => Ok(()),
        }
    }

    fn next_cut(&self, now: Time) -> Time {
        let control = self.agenda.get(self.next).map_or(Time::MAX, |d| d.at);
        let warm = if self.warm { Time::MAX } else { Time::ZERO + self.scenario.warm_up };
        let window = self.recorder.as_ref().map_or(Time::MAX, Recorder::window_end);
        let cut = control.min(warm).min(window);
        debug_assert!(cut > now, "what was due has been applied");
        cut
    }

    /// Closes the window that ends now, and starts the statistics anew when the warm-up ends now: what is read at a time is
    /// what holds from that time on, whether the run goes on or stops there.
    fn keep_statistics(&mut self) {
        let now = self.core.now();
        if let Some(recorder) = self.recorder.as_mut().filter(|r| r.window_end() <= now) {
            recorder.close(&mut self.core);
        }
        if !self.warm && Time::ZERO + self.scenario.warm_up <= now {
            self.warm = true;
            match &mut self.recorder {
                Some(recorder) => recorder.restart(&mut self.core, core::Simulation::restart_statistics),
                None => self.core.restart_statistics(),
            }
        }
    }

    fn apply_due(&mut self, now: Time) {
        while let Some(due) = self.agenda.get(self.next).filter(|d| d.at <= now).cloned() {
            self.next += 1;
            self.apply(&due);
        }
    }

    fn apply(&mut self, due: &Due) {
        let control = self.log[due.control].clone();
        if control.action.is_edit() {
            return self.edit(&control);
        }
        if let Action::SetLink { port, to, changes } = &control.action {
            return self.apply_to_link(due, &control, (*port, to, changes));
        }
        // The node may have been removed since the control was entered, and another have come in its place.
        let Some(index) = self.node_index(&control.node) else { return };
        if crate::edit::check_live(self.scenario.nodes[index].descriptor, &control.action).is_err()
            || (!due.begins && !self.was_there(index, &control))
        {
            return;
        }
        let node = NodeId(index as u32);
        let directive = match (&control.action, due.begins) {
            (Action::Set(changes), begins) => {
                self.parameters[index].change(due, control.lasting.is_some(), begins, changes);
                Directive::Configure(self.effective(index))
            }
            (Action::Fault { fault, values }, true) => Directive::Fault(fault, values.clone()),
            (Action::Fault { fault, .. }, false) | (Action::Heal { fault }, _) => Directive::Heal(fault),
            _ => return,
        };
        self.core.control(node, &directive);
    }

    fn apply_to_link(&mut self, due: &Due, control: &Control, (port, to, changes): (usize, &str, &[(String, Value)])) {
        // It may have been removed since the control was entered, and another have come in its place.
        let Some(link) = self.link_index(&control.node, port, to) else { return };
        let was_there = self.scenario.links[link].added.is_none_or(|added| added <= control.at);
        if due.begins || was_there {
            self.wirings[link].change(due, control.lasting.is_some(), due.begins, changes);
            self.core.set_link(LinkId(link as u32), self.link_spec(link));
        }
    }

    /// A link as the engine knows it, with what is in force now.
    fn link_spec(&self, link: usize) -> LinkSpec {
        let values = self.link_values(link);
        let whereabouts = Paths::of(&self.scenario).whereabouts(&self.scenario.links[link]);
        let wiring = Wiring::from_values(&values);
        debug_assert!(wiring.is_some(), "changes were checked when they were entered");
        wiring.unwrap_or_else(|| self.scenario.links[link].wiring()).spec(whereabouts)
    }

    /// Parameters of a link (by its place in the scenario) as they are in force now.
    #[must_use]
    pub fn link_values(&self, link: usize) -> Values {
        self.in_force(&self.wirings[link])
    }

    /// Parameters of a node as they are in force now.
    fn effective(&self, node: usize) -> Values {
        self.in_force(&self.parameters[node])
    }

    fn in_force(&self, parameters: &Parameters) -> Values {
        let mut values = parameters.base.clone();
        for &overlay in &parameters.overlays {
            if let Action::Set(changes) | Action::SetLink { changes, .. } = &self.log[overlay].action {
                patch(parameters.specs, &mut values, changes);
            }
        }
        values
    }

    /// Parameters of a node (by its place in the scenario) as they are in force now.
    #[must_use]
    pub fn values(&self, node: usize) -> Values {
        self.effective(node)
    }

    /// Parameters of a node (by its place in the scenario) without what holds for a time only: as they will be when that is
    /// over.
    #[must_use]
    pub fn base_values(&self, node: usize) -> &Values {
        &self.parameters[node].base
    }

    fn link_index(&self, from: &str, port: usize, to: &str) -> Option<usize> {
        let routes = self.core.routes();
        let link = routes.link(routes.node(from)?, PortId(port as u16), routes.node(to)?)?;
        Some(link.0 as usize)
    }

    fn node_index(&self, id: &str) -> Option<usize> {
        self.core.routes().node(id).map(|node| node.0 as usize)
    }

    /// The clock.
    #[must_use]
    pub fn now(&self) -> Time {
        self.core.now()
    }

    /// Events handled so far.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.core.events()
    }

    /// Fingerprint of everything delivered so far.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.core.digest()
    }

    /// Fingerprint of what one node (by its place in the scenario) was delivered.
    #[must_use]
    pub fn node_digest(&self, node: usize) -> Digest {
        self.core.node_digest(NodeId(node as u32))
    }

    /// The seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The scenario, with the edits made so far: a node or link is always at the same place, those that were added stand
    /// behind the others, and those that [were removed](Simulation::is_removed) stay.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The whole run in numbers.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.core.totals()
    }

    /// What a node (by its place in the scenario) has done.
    #[must_use]
    pub fn node_counters(&self, node: usize) -> &NodeStats {
        self.core.node_stats(NodeId(node as u32))
    }

    /// What went over a link (by its place in the scenario).
    #[must_use]
    pub fn link_counters(&self, link: usize) -> &LinkStats {
        self.core.link_stats(LinkId(link as u32))
    }

    /// What became of the requests of each class, in the order of [`Scenario::classes`].
    #[must_use]
    pub fn class_counters(&self) -> &[ClassStats] {
        self.core.class_stats()
    }

    /// Roots that have not ended, over time.
    #[must_use]
    pub fn in_flight(&self) -> &Population {
        self.core.in_flight()
    }

    /// How a node (by its place in the scenario) stands, for people.
    #[must_use]
    pub fn status(&self, node: usize) -> Status {
        let waits = |call| self.core.is_waited_for(call);
        self.core.model(NodeId(node as u32)).status(self.core.now(), &waits)
    }

    /// The recorded series; empty unless [`Simulation::record`] was called.
    #[must_use]
    pub fn series(&self) -> &[SeriesPoint] {
        self.recorder.as_ref().map_or(&[], Recorder::points)
    }

    /// What the recorded series has of gauges, window by window: node (by its place in the scenario) and what the gauge means.
    pub fn tracks(&self) -> impl Iterator<Item = (usize, &'static Track)> + '_ {
        let of =
            |(i, node): (usize, &crate::scenario::Node)| node.descriptor.tracks.iter().map(move |track| (i, track));
        self.scenario.nodes.iter().enumerate().flat_map(of)
    }

    fn tracked(&self) -> Tracked {
        let slot = |(node, track): (usize, &'static Track)| {
            let gauge = self.scenario.nodes[node].descriptor.gauge(track.gauge()).unwrap_or(0);
            (NodeId(node as u32), crate::component::slot::OWN + gauge)
        };
        let source =
            |(i, node): (usize, &crate::scenario::Node)| (!node.descriptor.accepts_calls).then_some(NodeId(i as u32));
        Tracked {
            gauges: self.tracks().map(slot).collect(),
            sources: self.scenario.nodes.iter().enumerate().filter_map(source).collect(),
        }
    }

    /// Bytes that the recorded series takes.
    #[must_use]
    pub fn series_bytes(&self) -> usize {
        self.recorder.as_ref().map_or(0, Recorder::bytes)
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.core.limits()
    }

    /// Sets the limits; a run that has halted at one can then go on from there.
    pub fn set_limits(&mut self, limits: Limits) {
        self.core.set_limits(limits);
    }

    /// The limit the run has met, if any.
    #[must_use]
    pub fn halted(&self) -> Option<&Halt> {
        self.core.halted()
    }

    /// Everything measured so far.
    #[must_use]
    pub fn report(&self) -> Report {
        Report::new(self)
    }

    /// What a node (by its place in the scenario) has in the [report](Simulation::report).
    #[must_use]
    pub fn node_report(&self, node: usize) -> NodeReport {
        crate::report::node(self, node)
    }

    /// What the classes of requests have in the [report](Simulation::report), by name.
    #[must_use]
    pub fn class_reports(&self) -> BTreeMap<String, ClassReport> {
        crate::report::classes(self)
    }

    /// Checks `born = answered + failed + in_flight` and `busy = useful + wasted + undecided` against the live records.
    ///
    /// # Errors
    /// With both sides of the equation that does not hold: a defect of the simulator.
    pub fn check_books(&self) -> Result<(), String> {
        self.core.check_books()
    }

    /// The state without the record: what a keyframe keeps. The record's marks stay, so that the window under way can be
    /// closed as if nothing had happened.
    pub(crate) fn keyframe(&self) -> Simulation {
        Simulation {
            scenario: Arc::clone(&self.scenario),
            seed: self.seed,
            core: self.core.clone(),
            parameters: self.parameters.clone(),
            wirings: self.wirings.clone(),
            log: self.log.clone(),
            scripted: self.scripted,
            agenda: self.agenda.clone(),
            next: self.next,
            warm: self.warm,
            recorder: self.recorder.as_ref().map(Recorder::marks),
            // Which is the slowest can only be said of all: what is kept changes, and is not just added to.
            journeys: self.journeys.clone(),
        }
    }

    /// Whether the record of `other` can go on from this keyframe.
    pub(crate) fn can_go_on(&self, other: &Simulation) -> bool {
        match (&self.recorder, &other.recorder) {
            (Some(mine), Some(theirs)) => mine.can_go_on(theirs),
            _ => true,
        }
    }

    /// Takes over the points that `other` has recorded up to where this one stands; those beyond go to `ahead`.
    pub(crate) fn take_record(&mut self, other: &mut Simulation, ahead: &mut Vec<SeriesPoint>) {
        if let (Some(mine), Some(theirs)) = (&mut self.recorder, &mut other.recorder) {
            mine.take_points(theirs, ahead);
        }
    }

    /// About how many bytes the state takes.
    #[must_use]
    pub fn state_bytes(&self) -> usize {
        let marks = self.recorder.as_ref().map_or(0, Recorder::mark_bytes);
        let journeys = self.journeys.as_ref().map_or(0, Journeys::bytes);
        self.core.state_bytes() + marks + journeys
    }

    /// A fingerprint of every part of the state, by name; slow, for tests.
    #[must_use]
    pub fn parts(&self) -> Vec<(String, u64)> {
        self.core.parts()
    }

    /// Calls alive: sent, and not answered or forgotten.
    #[must_use]
    pub fn live_calls(&self) -> usize {
        self.core.live_calls()
    }

    /// Entries in the event list, cancelled ones included.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.core.pending()
    }

    pub(crate) fn core_mut(&mut self) -> &mut core::Simulation<AnyComponent> {
        &mut self.core
    }

    /// When the statistics started: at the end of the warm-up.
    #[must_use]
    pub fn statistics_since(&self) -> Time {
        if self.warm { Time::ZERO + self.scenario.warm_up } else { Time::ZERO }
    }
}

/// The classes of requests, and which are born where.
fn classes_of(scenario: &Scenario) -> core::Classes {
    let names = scenario.classes();
    // A scenario that was loaded has no more classes than there are numbers.
    let number =
        |class: &str| u8::try_from(names.iter().position(|name| *name == class).unwrap_or(0)).unwrap_or(u8::MAX);
    let of_node = scenario.nodes.iter().map(|node| node.classes().into_iter().map(number).collect()).collect();
    core::Classes { of_node, names: names.into_iter().map(str::to_owned).collect() }
}

/// The parameter that a name such as `retry.attempts` means.
#[must_use]
pub fn find_param<'a>(specs: &'a [ParamSpec], name: &str) -> Option<&'a ParamSpec> {
    match name.split_once('.') {
        None => specs.iter().find(|s| s.name == name),
        Some((group, rest)) => match specs.iter().find(|s| s.name == group)?.kind {
            ParamKind::Group(inner) => find_param(inner, rest),
            _ => None,
        },
    }
}

fn patch(specs: &'static [ParamSpec], values: &mut Values, changes: &[(String, Value)]) {
    for (name, value) in changes {
        // Names were checked when the control was read or entered.
        values.set_path_of(specs, name, value.clone());
    }
}
