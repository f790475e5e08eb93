//! What happens during a run and what is expected of it: `[[phase]]`, `[[fault]]`, `[[control]]`, `[[expect]]`,
//! `[[variant]]`, notes and lessons.

use super::load::{Entry, LINE_CHARS_MAX, section};
use super::metric::{Metric, Subject};
use super::nodes::{self, Known, TITLE};
use super::problem::{Diagnostics, shown};
use super::raw::{Item, Key, Raw};
use super::table::{Table, key};
use super::value::{Patch, Scope, defaults, read, read_params};
use super::wiring::LINK;
use super::{Expectation, Lesson, Phase, Scenario, Variant};
use crate::catalogue::{Descriptor, FaultSpec};
use crate::components::AnyComponent;
use crate::control::{Action, Control};
use crate::param::{ParamKind, ParamSpec, Value};
use floodgate_core::order::Order as _;
use floodgate_core::stats::CLASSES_MAX;
use floodgate_core::{Code, Duration, Time};
use std::collections::BTreeMap;
use std::ops::Range;

/// A year of virtual time, in seconds.
const AT_S_MAX: f64 = 31_536_000.0;

/// How many variants a file may have: each is a scenario of its own in memory.
const VARIANTS_MAX: usize = 32;

const AT: ParamSpec = ParamSpec { max: AT_S_MAX, ..key("at", ParamKind::Duration) };
const FOR: ParamSpec = ParamSpec { min: 1e-9, max: AT_S_MAX, ..key("for", ParamKind::Duration) };
pub(super) const FAULT: ParamSpec = key("fault", ParamKind::Text);
pub(super) const HEAL: ParamSpec = key("heal", ParamKind::Text);
const METRIC: ParamSpec = key("metric", ParamKind::Text);
const CLASS: ParamSpec = key("class", ParamKind::Text);
const WITHIN: ParamSpec = ParamSpec { max: AT_S_MAX, ..key("within", ParamKind::Duration) };
const MIN: ParamSpec = ParamSpec { min: f64::NEG_INFINITY, ..key("min", ParamKind::Number) };
const MAX: ParamSpec = ParamSpec { min: f64::NEG_INFINITY, ..key("max", ParamKind::Number) };
const BECAUSE: ParamSpec = ParamSpec { default: Some("\"\""), ..key("because", ParamKind::Text) };
const NAME: ParamSpec = ParamSpec { max: LINE_CHARS_MAX, ..key("name", ParamKind::Text) };
const DESCRIPTION: ParamSpec = ParamSpec { default: Some("\"\""), ..key("description", ParamKind::Text) };
const NOTE: ParamSpec = key("note", ParamKind::Text);
/// Longest text of a lesson step, in characters: it is read beside a running system.
const LESSON_CHARS_MAX: f64 = 2_000.0;

/// How many lesson steps a file may have.
const LESSONS_MAX: usize = 100;

const LESSON_TEXT: ParamSpec = ParamSpec { max: LESSON_CHARS_MAX, ..key("text", ParamKind::Text) };
const HIGHLIGHT: ParamSpec = key("highlight", ParamKind::Text);

/// Phases, faults and controls while they are read.
#[derive(Default)]
pub(crate) struct Timeline {
    pub(crate) controls: Vec<Control>,
    pub(crate) spans: Vec<Range<usize>>,
    pub(crate) phases: Vec<Phase>,
}

impl Timeline {
    pub(crate) fn phase(&mut self, (item, entries): Entry<'_>, known: &Known, diagnostics: &mut Diagnostics<'_>) {
        let mut table = Table::new(entries, item.span.clone(), "[[phase]]", "phase.");
        let target = Target::read(&mut table, known, diagnostics);
        let at = table.duration(&AT, diagnostics);
        let lasting = table.duration(&FOR, diagnostics);
        let title = table.line_or(&TITLE, "", diagnostics);
        // Without the node it is not known which keys are its parameters.
        let Some(target) = target else { return };
        let action = target.changes(table.rest(), &table.span, diagnostics);
        if let (Some(at), Some(lasting), Some(title), Some(action)) = (at, lasting, title, action) {
            let (at, node) = (Time(at.0), target.id().to_string());
            let to = if let Target::Link(_, _, to) = target { Some(to.to_owned()) } else { None };
            self.phases.push(Phase { node: node.clone(), to, at, lasting, title });
            self.push(Control { at, node, action, lasting: Some(lasting) }, item);
        }
    }

    pub(crate) fn fault(&mut self, (item, entries): Entry<'_>, known: &Known, diagnostics: &mut Diagnostics<'_>) {
        let mut table = Table::new(entries, item.span.clone(), "[[fault]]", "fault.");
        self.entry(&mut table, item, known, Form::Fault, diagnostics);
    }

    pub(crate) fn control(&mut self, (item, entries): Entry<'_>, known: &Known, diagnostics: &mut Diagnostics<'_>) {
        let mut table = Table::new(entries, item.span.clone(), "[[control]]", "control.");
        self.entry(&mut table, item, known, Form::Control, diagnostics);
    }

    /// Of a node or of a link, or the same for each node of a group.
    fn entry(
        &mut self,
        table: &mut Table<'_>,
        item: &Item,
        known: &Known,
        form: Form,
        diagnostics: &mut Diagnostics<'_>,
    ) {
        if table.has("group") {
            for control in super::groups::entries(table, known, form, diagnostics).unwrap_or_default() {
                self.push(control, item);
            }
        } else if let Some(control) = entry(table, known, form, diagnostics) {
            self.push(control, item);
        }
    }

    fn push(&mut self, control: Control, item: &Item) {
        self.controls.push(control);
        self.spans.push(item.span.clone());
    }

    /// In the order of time, and of the file where times are equal.
    pub(crate) fn sorted(self) -> Timeline {
        let mut both: Vec<(Control, Range<usize>)> = self.controls.into_iter().zip(self.spans).collect();
        both.order_by_key(|(control, span)| (control.at, span.start));
        let (controls, spans) = both.into_iter().unzip();
        let mut phases = self.phases;
        phases.order_by_key(|phase| phase.at);
        Timeline { controls, spans, phases }
    }
}

/// What something is done to.
#[derive(Clone, Copy)]
enum Target<'i> {
    Node(&'i str, &'static Descriptor),
    /// Caller, its port, callee.
    Link(&'i str, usize, &'i str),
}

impl<'i> Target<'i> {
    /// `node = "…"`, or `from = "…"` and `to = "…"` as a link has them.
    fn read(table: &mut Table<'i>, known: &Known, diagnostics: &mut Diagnostics<'_>) -> Option<Target<'i>> {
        if !table.has("from") && !table.has("to") {
            let (id, descriptor) = known.named(table, "node", diagnostics)?;
            return Some(Target::Node(id, descriptor));
        }
        if table.has("node") {
            let message = format!("{} is of a node and of a link", table.what);
            diagnostics.error(&table.span_of("node"), message, "give `node`, or `from` and `to`");
            return None;
        }
        let from = nodes::from(table, known, diagnostics);
        let to = nodes::to(table, known, diagnostics);
        let ((from, _, port), to) = (from?, to?);
        Some(Target::Link(from, port, to))
    }

    fn node(self) -> Option<(&'i str, &'static Descriptor)> {
        match self {
            Target::Node(id, descriptor) => Some((id, descriptor)),
            Target::Link(..) => None,
        }
    }

    fn id(self) -> &'i str {
        match self {
            Target::Node(id, _) | Target::Link(id, ..) => id,
        }
    }

    /// Changes of live parameters; at least one.
    fn changes<'e>(
        self,
        entries: impl Iterator<Item = &'e (Key, Item)>,
        span: &Range<usize>,
        diagnostics: &mut Diagnostics<'_>,
    ) -> Option<Action> {
        match self {
            Target::Node(id, descriptor) => {
                let what = format!("{} `{id}`", descriptor.kind);
                changes((id, &what, descriptor.params), entries, span, diagnostics).map(Action::Set)
            }
            Target::Link(from, port, to) => {
                let (id, what) = (format!("{from} → {to}"), format!("the link from `{from}` to `{to}`"));
                let changes = changes((&id, &what, LINK), entries, span, diagnostics)?;
                Some(Action::SetLink { port, to: to.to_owned(), changes })
            }
        }
    }
}

/// Which keys an entry of the timeline may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `[[fault]]`: a fault that ends by itself.
    Fault,
    /// `[[control]]`, or a line of a control log: `set`, `fault` or `heal`.
    Control,
}

/// When it is done.
pub(crate) fn at(table: &mut Table<'_>, diagnostics: &mut Diagnostics<'_>) -> Option<Duration> {
    table.duration(&AT, diagnostics)
}

/// Reads an entry with `at`, `node` and what is done. The table has no other keys.
pub(crate) fn entry(
    table: &mut Table<'_>,
    known: &Known,
    form: Form,
    diagnostics: &mut Diagnostics<'_>,
) -> Option<Control> {
    let at = at(table, diagnostics);
    let target = match form {
        Form::Fault => known.named(table, "node", diagnostics).map(|(id, kind)| Target::Node(id, kind)),
        Form::Control => Target::read(table, known, diagnostics),
    };
    let lasting = lasting(table, diagnostics);
    let action = match (form, target) {
        (_, None) => None,
        (Form::Fault, Some(Target::Node(id, kind))) => fault(table, (id, kind), diagnostics),
        (_, Some(target)) => action(table, target, diagnostics),
    };
    let (at, target, lasting, action) = (at?, target?, lasting?, action?);
    if let Some((wrong, remedy)) = length_fits(&action, target.node().map(|(_, kind)| kind), lasting, form) {
        diagnostics.error(&table.span_of("for"), format!("{} {wrong}", table.what), remedy);
        return None;
    }
    Some(Control { at: Time(at.0), node: target.id().to_string(), action, lasting })
}

/// `for = "5s"`: `Some(None)` when it is not given.
pub(super) fn lasting(table: &mut Table<'_>, diagnostics: &mut Diagnostics<'_>) -> Option<Option<Duration>> {
    if table.has("for") {
        return table.duration(&FOR, diagnostics).map(Some);
    }
    // It is a valid key all the same.
    let _ = table.take("for");
    Some(None)
}

/// What is wrong with the length of time for which something is done to a node of this kind, or to a link.
pub(super) fn length_fits(
    action: &Action,
    kind: Option<&'static Descriptor>,
    lasting: Option<Duration>,
    form: Form,
) -> Option<(&'static str, &'static str)> {
    match (action, kind, lasting) {
        (Action::Fault { fault, .. }, Some(kind), lasting) => {
            let spec = kind.faults.iter().find(|f| f.name == *fault)?;
            duration_fits(spec, lasting, form)
        }
        (Action::Heal { .. }, _, Some(_)) => Some(("has `for`, and healing is done at once", "leave `for` out")),
        _ => None,
    }
}

/// Whether a fault is given for as long as it must be.
fn duration_fits(spec: &FaultSpec, lasting: Option<Duration>, form: Form) -> Option<(&'static str, &'static str)> {
    match (spec.lasting, lasting) {
        (false, Some(_)) => Some(("has `for`, and this fault is done in an instant", "leave `for` out")),
        (true, None) if form == Form::Fault => {
            Some(("has no `for`, and this fault lasts", "add `for = …`, a length of time such as \"5s\""))
        }
        _ => None,
    }
}

/// Exactly one of `set`, `fault` and `heal`; of a link only `set`.
fn action(table: &mut Table<'_>, target: Target<'_>, diagnostics: &mut Diagnostics<'_>) -> Option<Action> {
    let given: Vec<&str> = ["set", "fault", "heal"].into_iter().filter(|name| table.has(name)).collect();
    let remedy = "give one of `set = { … }`, `fault = \"…\"` and `heal = \"…\"`";
    match given.as_slice() {
        ["set"] => {
            let item = table.take("set")?;
            finish(table, &["fault", "heal"], diagnostics);
            let Raw::Table(entries) = &item.raw else {
                let message = format!("`{}set` is {}", table.prefix, item.raw.shown());
                diagnostics.error(&item.span, message, "a table { … } of live parameters");
                return None;
            };
            target.changes(entries.iter(), &item.span, diagnostics)
        }
        [name] if let Target::Link(..) = target => {
            let message = format!("{} has `{name}`, and a link has no faults", table.what);
            diagnostics.error(&table.span_of(name), message, "cut it: `set = { cut = \"drop\" }`");
            None
        }
        ["fault"] => fault(table, target.node()?, diagnostics),
        [] => {
            diagnostics.missing(&table.span, format!("{} does nothing", table.what), remedy);
            None
        }
        [first, second, ..] => {
            let message = format!("{} has both `{first}` and `{second}`", table.what);
            diagnostics.error(&table.span_of(second), message, remedy);
            None
        }
        [_] => heal(table, target.node()?, diagnostics),
    }
}

/// The end of a lasting fault of the node's kind.
pub(super) fn heal(
    table: &mut Table<'_>,
    node: (&str, &'static Descriptor),
    diagnostics: &mut Diagnostics<'_>,
) -> Option<Action> {
    let spec = fault_spec(table, &HEAL, node, diagnostics);
    finish(table, &["set", "fault"], diagnostics);
    let spec = spec?;
    if !spec.lasting {
        let message = format!("`{}heal` is \"{}\", which is done in an instant", table.prefix, spec.name);
        diagnostics.error(&table.span_of("heal"), message, "only faults that last can be healed");
        return None;
    }
    Some(Action::Heal { fault: spec.name })
}

fn finish(table: &Table<'_>, others: &[&str], diagnostics: &mut Diagnostics<'_>) {
    for (key, _) in table.rest() {
        let valid = table.known().iter().chain(others).copied();
        super::value::unknown_key(key, &table.what, valid, diagnostics);
    }
}

/// A fault of the node's kind and its parameters.
pub(super) fn fault(
    table: &mut Table<'_>,
    node: (&str, &'static Descriptor),
    diagnostics: &mut Diagnostics<'_>,
) -> Option<Action> {
    let spec = fault_spec(table, &FAULT, node, diagnostics)?;
    let mut values = defaults(spec.params, spec.name, diagnostics);
    let what = format!("the fault `{}` of `{}`", spec.name, node.0);
    let owner = (table.prefix.trim_end_matches('.'), what.as_str(), table.known());
    read_params(spec.params, table.rest(), owner, &mut values, diagnostics);
    Some(Action::Fault { fault: spec.name, values })
}

fn fault_spec(
    table: &mut Table<'_>,
    key: &ParamSpec,
    (id, descriptor): (&str, &'static Descriptor),
    diagnostics: &mut Diagnostics<'_>,
) -> Option<&'static FaultSpec> {
    let name = table.text(key, diagnostics)?;
    let found = descriptor.faults.iter().find(|fault| fault.name == name);
    if found.is_none() {
        let remedy = diagnostics.instead(&name, "faults", descriptor.faults.iter().map(|f| f.name));
        let path = format!("{}{}", table.prefix, key.name);
        let message = format!("`{path}`: {} `{id}` has no fault `{}`", descriptor.kind, shown(&name));
        diagnostics.error(&table.span_of(key.name), message, remedy);
    }
    found
}

/// Changes of live parameters; at least one.
fn changes<'i>(
    (id, what, params): (&str, &str, &'static [ParamSpec]),
    entries: impl Iterator<Item = &'i (Key, Item)>,
    span: &Range<usize>,
    diagnostics: &mut Diagnostics<'_>,
) -> Option<Vec<(String, Value)>> {
    let mut patch = Patch { id, what, scope: Scope::Live, changes: Vec::new() };
    let before = diagnostics.count();
    for (key, item) in entries {
        patch.read(params, "", (key, item), diagnostics);
    }
    if diagnostics.count() > before {
        return None;
    }
    if patch.changes.is_empty() {
        let live: Vec<&str> = params.iter().filter(|p| p.live).map(|p| p.name).collect();
        let remedy = format!("give it a parameter: {}", super::problem::listed(&live));
        diagnostics.missing(span, format!("nothing of `{id}` is changed"), remedy);
        return None;
    }
    Some(patch.changes)
}

/// `[[expect]]`, in the order of the file.
pub(crate) fn expectations(tables: &[Entry<'_>], known: &Known, diagnostics: &mut Diagnostics<'_>) -> Vec<Expectation> {
    tables.iter().filter_map(|table| expectation(*table, known, diagnostics)).collect()
}

fn expectation((item, entries): Entry<'_>, known: &Known, diagnostics: &mut Diagnostics<'_>) -> Option<Expectation> {
    let mut table = Table::new(entries, item.span.clone(), "[[expect]]", "expect.");
    let metric = metric(&mut table, diagnostics);
    let of = if table.has("of") { Some(known.named(&mut table, "of", diagnostics)) } else { None };
    let _ = table.take("of");
    let class = if table.has("class") { table.text(&CLASS, diagnostics).map(Some) } else { Some(None) };
    // `class` is a valid key whether or not it is given.
    let _ = table.take("class");
    let within = window(&mut table, diagnostics);
    let (min, max) = (bound(&mut table, &MIN, diagnostics), bound(&mut table, &MAX, diagnostics));
    let because = table.text(&BECAUSE, diagnostics);
    let (metric_span, class_span) = (table.span_of("metric"), table.span_of("class"));
    limits(&table, min, max, diagnostics);
    table.finish(diagnostics);
    let metric = metric?;
    let of = match of {
        None => None,
        // Told where the name of the node stands.
        Some(None) => return None,
        Some(Some(node)) => Some(node),
    };
    let class = class?;
    match &class {
        None => subject(&metric, of, &metric_span, diagnostics),
        Some(class) => class_subject(&metric, of, (class, &class_span), &metric_span, diagnostics),
    }
    Some(Expectation {
        metric,
        of: of.map(|(id, _)| id.to_string()),
        class,
        within: within?,
        min: min?,
        max: max?,
        because: because?,
        span: item.span.clone(),
    })
}

fn metric(table: &mut Table<'_>, diagnostics: &mut Diagnostics<'_>) -> Option<Metric> {
    let name = table.text(&METRIC, diagnostics)?;
    let metric = Metric::parse(&name);
    if metric.is_none() {
        let remedy = match name.split_once('.') {
            Some((family @ ("errors" | "caller_errors"), _)) => {
                let codes: Vec<&str> = Code::ALL.iter().map(|c| c.name()).collect();
                format!("`{family}` for all, or `{family}.CODE` with one of: {}", codes.join(", "))
            }
            _ => {
                let names: Vec<&str> = Metric::names().collect();
                match diagnostics.instead(&name, "metrics", names.iter().copied()) {
                    // The list is longer than other lists and short enough to be told whole.
                    near if near.starts_with("did you mean") => near,
                    _ => format!("metrics: {}", names.join(", ")),
                }
            }
        };
        let message = format!("`expect.metric` is \"{}\", which is not a metric", shown(&name));
        diagnostics.error(&table.span_of("metric"), message, remedy);
    }
    metric
}

/// Whether the metric can be taken of what it is taken of.
fn subject(
    metric: &Metric,
    of: Option<(&str, &'static Descriptor)>,
    span: &Range<usize>,
    diagnostics: &mut Diagnostics<'_>,
) {
    let Some((id, descriptor)) = of else {
        if matches!(metric.subject(), Subject::Node | Subject::Callee) {
            let message = format!("`{metric}` is taken of one node");
            diagnostics.missing(span, message, "add `of = \"…\"`, the id of the node");
        }
        return;
    };
    let (message, remedy) = match metric.subject() {
        Subject::WholeRun => (format!("`{metric}` is of the whole run, not of one node"), "leave `of` out".to_string()),
        Subject::Run if descriptor.accepts_calls => (
            format!("`{metric}` is of requests as their clients see them, and {} `{id}` has none", descriptor.kind),
            "leave `of` out for the whole run, or name clients".to_string(),
        ),
        Subject::Callee if !descriptor.accepts_calls => (
            format!("`{metric}` is of a node that is called, and {} `{id}` cannot be", descriptor.kind),
            match metric {
                Metric::Errors(Some(code)) => format!("what it saw is `caller_errors.{}`", code.name()),
                Metric::Errors(None) => "what it saw is `caller_errors`".to_string(),
                _ => "name a node that is called".to_string(),
            },
        ),
        _ => match metric {
            Metric::Gauge(name, _) if !descriptor.gauges.iter().any(|g| g.name == name) => (
                format!("{} `{id}` has no gauge `{}`", descriptor.kind, shown(name)),
                diagnostics.instead(name, "gauges", descriptor.gauges.iter().map(|g| g.name)),
            ),
            _ => return,
        },
    };
    diagnostics.error(span, message, remedy);
}

/// Whether the metric can be taken of a class of requests. That there is such a class is checked when all nodes are known.
fn class_subject(
    metric: &Metric,
    of: Option<(&str, &'static Descriptor)>,
    (class, class_span): (&str, &Range<usize>),
    metric_span: &Range<usize>,
    diagnostics: &mut Diagnostics<'_>,
) {
    if let Some((id, _)) = of {
        let message = format!("[[expect]] is of the node `{id}` and of the class `{}`", shown(class));
        diagnostics.error(class_span, message, "leave out `of` or `class`: what a node did is not kept by class");
    } else if !metric.is_of_classes() {
        let message = format!("`{metric}` is not kept by class");
        let names: Vec<String> = Metric::of_classes().map(|metric| metric.to_string()).collect();
        diagnostics.error(metric_span, message, format!("of a class there are: {}, errors.CODE", names.join(", ")));
    }
}

/// Whether the links that something is done to are there: told once all links are known.
pub(crate) fn links(scenario: &Scenario, diagnostics: &mut Diagnostics<'_>) {
    for (control, span) in scenario.controls.iter().zip(&scenario.control_spans) {
        let Action::SetLink { port, to, .. } = &control.action else { continue };
        let of = |l: &&super::Link| l.from == control.node && l.port == *port;
        if !scenario.links.iter().filter(of).any(|l| l.to == *to) {
            let callees: Vec<&str> = scenario.links.iter().filter(of).map(|l| l.to.as_str()).collect();
            let remedy = match callees.is_empty() {
                true => format!("no link leaves that port of `{}`", control.node),
                false => format!("from there links lead to: {}", super::problem::listed(&callees)),
            };
            diagnostics.error(span, format!("there is no link from `{}` to `{to}`", control.node), remedy);
        }
    }
}

/// Whether every class that is expected something of is there, and there are not too many: told once all nodes are known.
pub(crate) fn classes(scenario: &Scenario, diagnostics: &mut Diagnostics<'_>) {
    let classes = scenario.classes();
    if classes.len() > CLASSES_MAX {
        let message = format!("there are {} classes of requests, more than the limit of {CLASSES_MAX}", classes.len());
        diagnostics.error(&(0..0), message, "give clients that are counted together the same `class`");
    }
    for node in &scenario.nodes {
        let class = node.class().unwrap_or("default");
        if class.trim().is_empty() || class.contains(['\n', '\t']) {
            let message = format!("`{}.class` is \"{}\", which is no name", node.id, shown(class));
            diagnostics.error(&node.span, message, "a text of one line that is not blank");
        }
    }
    for expectation in &scenario.expectations {
        if let Some(class) = expectation.class.as_deref().filter(|class| classes.binary_search(class).is_err()) {
            let remedy = diagnostics.instead(class, "classes", classes.iter().copied());
            let message = format!("`expect.class`: no clients send requests of the class `{}`", shown(class));
            diagnostics.error(&expectation.span, message, remedy);
        }
    }
}

/// `within = ["40s", "60s"]`: `Some(None)` when it is not given.
fn window(table: &mut Table<'_>, diagnostics: &mut Diagnostics<'_>) -> Option<Option<(Time, Time)>> {
    let Some(item) = table.take("within") else { return Some(None) };
    let remedy = "two times such as [\"40s\", \"60s\"]";
    let ends = match &item.raw {
        Raw::Array(ends) => ends.as_slice(),
        _ => &[],
    };
    let [from, to] = ends else {
        diagnostics.error(&item.span, format!("`expect.within` is {}", item.raw.shown()), remedy);
        return None;
    };
    let mut time = |item| match read(&WITHIN, item, "expect.within", diagnostics) {
        Some(Value::Duration(length)) => Some(Time(length.0)),
        _ => None,
    };
    let (from, to) = (time(from), time(to));
    let (from, to) = (from?, to?);
    if from >= to {
        let message = format!("`expect.within` is from {from} to {to}, which is no stretch of time");
        diagnostics.error(&item.span, message, remedy);
        return None;
    }
    Some(Some((from, to)))
}

/// `Some(None)` when it is not given.
fn bound(table: &mut Table<'_>, spec: &ParamSpec, diagnostics: &mut Diagnostics<'_>) -> Option<Option<f64>> {
    if table.take(spec.name).is_none() {
        return Some(None);
    }
    match table.value(spec, diagnostics)? {
        Value::Number(number) => Some(Some(number)),
        _ => None,
    }
}

fn limits(table: &Table<'_>, min: Option<Option<f64>>, max: Option<Option<f64>>, diagnostics: &mut Diagnostics<'_>) {
    match (min, max) {
        (Some(None), Some(None)) => {
            let message = "[[expect]] has neither `min` nor `max`: it would always hold";
            diagnostics.missing(&table.span, message, "add `min = …` or `max = …`");
        }
        (Some(Some(min)), Some(Some(max))) if min > max => {
            let message = format!("`expect.min` is {min} and `expect.max` is {max}: no value is between");
            diagnostics.error(&table.span_of("min"), message, "`min` must not be above `max`");
        }
        _ => {}
    }
}

/// Applies each `[[variant]]` to the scenario of the same file.
pub(crate) fn variants(
    tables: &[Entry<'_>],
    base: &Scenario,
    known: &Known,
    diagnostics: &mut Diagnostics<'_>,
) -> Vec<Variant> {
    if tables.len() > VARIANTS_MAX {
        let message = format!("there are {} variants, more than the limit of {VARIANTS_MAX}", tables.len());
        diagnostics.error(&tables[VARIANTS_MAX].0.span, message, "leave some out, or put them into other files");
    }
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    let mut variants = Vec::new();
    for (item, entries) in tables.iter().take(VARIANTS_MAX) {
        let mut table = Table::new(entries, item.span.clone(), "[[variant]]", "variant.");
        let name = table.line(&NAME, diagnostics);
        if let Some(name) = &name
            && let Some(line) = lines.insert(name.clone(), diagnostics.line(item.span.start))
        {
            let message = format!("there is already a variant \"{}\", on line {line}", shown(name));
            diagnostics.error(&table.span_of("name"), message, "give each a name of its own");
        }
        let description = table.text(&DESCRIPTION, diagnostics);
        let changes = variant_changes(&mut table, known, diagnostics);
        let expectations = expectations(&section(&mut table, "expect", diagnostics), known, diagnostics);
        table.finish(diagnostics);
        // With any problem at all nothing is returned: spare the work and the memory.
        if let (Some(name), Some(description), true) = (name, description, diagnostics.is_empty()) {
            let mut scenario = Scenario { expectations, ..base.clone() };
            apply(&mut scenario, changes, &item.span, diagnostics);
            classes(&scenario, diagnostics);
            variants.push(Variant { name, description, scenario });
        }
    }
    variants
}

/// Changes by node and dotted parameter.
type Changes = BTreeMap<String, Vec<(String, Value)>>;

fn variant_changes(table: &mut Table<'_>, known: &Known, diagnostics: &mut Diagnostics<'_>) -> Changes {
    let mut changes = Changes::new();
    let Some(item) = table.take("set") else {
        let remedy = "add `set = { \"node.parameter\" = … }`";
        diagnostics.missing(&table.span, "[[variant]] has no `set`: it changes nothing", remedy);
        return changes;
    };
    let Raw::Table(entries) = &item.raw else {
        let message = format!("`variant.set` is {}", item.raw.shown());
        diagnostics.error(&item.span, message, "a table such as { \"users.retry.attempts\" = 0 }");
        return changes;
    };
    if entries.is_empty() {
        diagnostics.missing(&item.span, "`variant.set` changes nothing", "{ \"users.retry.attempts\" = 0 }");
    }
    for (key, item) in entries {
        variant_change(key, item, known, &mut changes, diagnostics);
    }
    changes
}

/// `"users.retry.attempts" = 0`, or `users = { retry = { attempts = 0 } }`.
fn variant_change(key: &Key, item: &Item, known: &Known, changes: &mut Changes, diagnostics: &mut Diagnostics<'_>) {
    let (id, rest) = match key.name.split_once('.') {
        Some((id, rest)) => (id, Some(rest)),
        None => (key.name.as_str(), None),
    };
    let at_key = Item { span: key.span.clone(), raw: Raw::text(id) };
    let Some(descriptor) = known.find(id, &at_key, "variant.set", diagnostics) else { return };
    let what = format!("{} `{id}`", descriptor.kind);
    let slot = changes.entry(id.to_string()).or_default();
    let mut patch = Patch { id, what: &what, scope: Scope::Any, changes: std::mem::take(slot) };
    match (rest, &item.raw) {
        (Some(rest), _) => {
            let key = Key { name: rest.to_string(), span: key.span.clone() };
            patch.read(descriptor.params, "", (&key, item), diagnostics);
        }
        (None, Raw::Table(entries)) => {
            for (key, item) in entries {
                patch.read(descriptor.params, "", (key, item), diagnostics);
            }
        }
        (None, other) => {
            let message = format!("`variant.set`: `{id}` is {}", other.shown());
            diagnostics.error(&item.span, message, format!("name a parameter: `\"{id}.parameter\" = …`"));
        }
    }
    *slot = patch.changes;
}

fn apply(scenario: &mut Scenario, changes: Changes, span: &Range<usize>, diagnostics: &mut Diagnostics<'_>) {
    for (id, changes) in changes {
        let node = scenario.nodes.iter_mut().find(|node| node.id == id);
        let Some(node) = node else { continue };
        for (name, value) in changes {
            let there = node.values.set_path_of(node.descriptor.params, &name, value);
            debug_assert!(there, "the name was checked when it was read");
        }
        for objection in AnyComponent::check(node.descriptor, &node.values) {
            let message = format!("`{id}.{}` {}", objection.param, objection.message);
            diagnostics.error(span, message, objection.remedy);
        }
    }
}

/// `note = ["…"]`.
pub(crate) fn notes(item: Option<&Item>, diagnostics: &mut Diagnostics<'_>) -> Vec<String> {
    let Some(item) = item else { return Vec::new() };
    let Raw::Array(items) = &item.raw else {
        diagnostics.error(&item.span, format!("`note` is {}", item.raw.shown()), "a list of texts: [\"…\"]");
        return Vec::new();
    };
    let mut notes = Vec::new();
    for item in items {
        if let Some(Value::Text(text)) = read(&NOTE, item, "note", diagnostics) {
            notes.push(text);
        }
    }
    notes
}

/// `[[lesson]]` steps, in the order of the file.
pub(crate) fn lessons(tables: &[Entry<'_>], known: &Known, diagnostics: &mut Diagnostics<'_>) -> Vec<Lesson> {
    if let Some((item, _)) = tables.get(LESSONS_MAX) {
        let message = format!("there are {} lesson steps, more than the limit of {LESSONS_MAX}", tables.len());
        diagnostics.error(&item.span, message, "leave some out, or put them into other files");
    }
    let read = |entry: &Entry<'_>| lesson(*entry, known, diagnostics);
    tables.iter().take(LESSONS_MAX).filter_map(read).collect()
}

fn lesson((item, entries): Entry<'_>, known: &Known, diagnostics: &mut Diagnostics<'_>) -> Option<Lesson> {
    let mut table = Table::new(entries, item.span.clone(), "[[lesson]]", "lesson.");
    let title = table.line_or(&TITLE, "", diagnostics);
    let text = table.text(&LESSON_TEXT, diagnostics);
    let at = if table.has("at") { table.duration(&AT, diagnostics).map(|at| Some(Time(at.0))) } else { Some(None) };
    // `at` is a valid key whether or not it is given.
    let _ = table.take("at");
    let highlight = highlight(table.take("highlight"), known, diagnostics);
    table.finish(diagnostics);
    let text = text?;
    if text.trim().is_empty() {
        let message = "`lesson.text` is blank: there is nothing to read";
        diagnostics.error(&item.span, message, "say something, or leave the step out");
        return None;
    }
    Some(Lesson { title: title?, text, at: at?, highlight: highlight? })
}

/// `highlight = ["web", "db"]`.
fn highlight(item: Option<&Item>, known: &Known, diagnostics: &mut Diagnostics<'_>) -> Option<Vec<String>> {
    let Some(item) = item else { return Some(Vec::new()) };
    let Raw::Array(items) = &item.raw else {
        let message = format!("`lesson.highlight` is {}", item.raw.shown());
        diagnostics.error(&item.span, message, "a list of ids of nodes: [\"…\"]");
        return None;
    };
    let mut ids = Vec::new();
    for item in items {
        if let Some(Value::Text(id)) = read(&HIGHLIGHT, item, "lesson.highlight", diagnostics) {
            // One that is not there is told; then nothing is returned.
            let _ = known.find(&id, item, "lesson.highlight", diagnostics);
            ids.push(id);
        }
    }
    Some(ids)
}
