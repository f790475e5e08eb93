//! What is done to a running system: live parameters and faults, each with its virtual time. The list of them, in order, is
//! the control log; run = scenario + seed + control log.
//!
//! A log is written as lines of JSON, a header and then one line for each control, with values in the text forms of a
//! scenario file:
//!
//! ```text
//! {"floodgate_controls":1,"scenario":"One server","seed":1}
//! {"at":"12.345s","node":"users","set":{"rate":"10000/s"},"for":"20s"}
//! {"at":"15s","node":"web","fault":"slow","factor":4.0,"for":"5s"}
//! {"at":"16s","node":"web","heal":"slow"}
//! {"at":"17s","from":"users.out","to":"web","set":{"cut":"drop"},"for":"2s"}
//! {"at":"20s","node":"lb","add":"load_balancer","title":"Balancer","set":{"algorithm":"least_connections"}}
//! {"at":"20s","node":"lb","link":"web","port":"backends","latency":"1ms"}
//! {"at":"20s","node":"users","unlink":"web","port":"out"}
//! {"at":"20s","node":"users","link":"lb","port":"out","latency":"1ms"}
//! {"at":"30s","node":"old","remove":true}
//! ```
//!
//! The last five are structural edits. A new node starts at its time, and later lines may name it; a node that is removed
//! answers 502 for all that it held, and what is on its way there is answered 502 on arrival; its roots end as cancelled, its
//! own calls go on for nobody. A link that is removed takes nothing new; what is under way over it arrives and is answered.
//! `[[control]]` of a scenario file has no edits: a file says which system it begins with.

use crate::catalogue::{Descriptor, Registry};
use crate::edit::{self, Reader};
use crate::param::{ParamKind, ParamSpec, Value, Values};
use crate::scenario::events::{Form, entry};
use crate::scenario::problem::{Diagnostics, shown};
use crate::scenario::raw::{Item, Key, Raw, place_all};
use crate::scenario::table::{Table, key};
use crate::scenario::value::value_raw;
use crate::scenario::{LINK, Problems, Scenario};
use crate::simulation::find_param;
use floodgate_core::{Duration, Time};
use std::collections::BTreeMap;
use std::ops::Range;

/// Largest control log that is read, in bytes.
pub const LOG_BYTES_MAX: usize = 4 << 20;

/// Most controls that a log may have.
pub const CONTROLS_MAX: usize = 65_536;

/// The format of control logs that this version reads and writes.
pub const LOG_FORMAT: u64 = 1;

const LOG_FORMAT_KEY: ParamSpec =
    ParamSpec { min: 1.0, max: LOG_FORMAT as f64, ..key("floodgate_controls", ParamKind::Integer) };
const SCENARIO: ParamSpec = key("scenario", ParamKind::Text);
const SEED: ParamSpec = key("seed", ParamKind::Integer);

/// One entry of the control log.
#[derive(Clone, Debug, PartialEq)]
pub struct Control {
    /// When; it applies before every event at that time.
    pub at: Time,
    /// To which node, by its id.
    pub node: String,
    /// What.
    pub action: Action,
    /// How long; then it is undone. `None` is for good.
    pub lasting: Option<Duration>,
}

/// What a control does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Changes live parameters. A nested one is named with a dot: `retry.attempts`.
    Set(Vec<(String, Value)>),
    /// Changes live parameters of a link for calls from the node: how long it takes, what gets lost, whether it is cut.
    SetLink {
        /// Index of the port in the node's descriptor.
        port: usize,
        /// Id of the callee.
        to: String,
        /// Parameters of [`LINK`](crate::scenario::LINK).
        changes: Vec<(String, Value)>,
    },
    /// Starts a fault of the node's descriptor, with its parameters complete.
    Fault {
        /// Name in the descriptor.
        fault: &'static str,
        /// Its parameters.
        values: Values,
    },
    /// Ends a lasting fault.
    Heal {
        /// Name in the descriptor.
        fault: &'static str,
    },
    /// Adds the node, without links: it starts now. An id that was removed may come again, as a new node whose draws are
    /// keyed as before.
    AddNode {
        /// Kind.
        descriptor: &'static Descriptor,
        /// Parameters, complete.
        values: Values,
        /// What the page shows.
        title: String,
    },
    /// Removes the node and its links: it answers 502 for all that it held.
    RemoveNode,
    /// Adds a link for calls from the node.
    Link {
        /// Index of the port in the node's descriptor.
        port: usize,
        /// Id of the callee.
        to: String,
        /// How it is, complete: the parameters of [`LINK`](crate::scenario::LINK).
        values: Values,
    },
    /// Removes a link for calls from the node: nothing new goes over it.
    Unlink {
        /// Index of the port in the node's descriptor.
        port: usize,
        /// Id of the callee.
        to: String,
    },
}

impl Control {
    /// The control as one line of JSON, without the line break.
    ///
    /// # Errors
    /// What it names that the scenario does not have.
    pub fn to_line(&self, scenario: &Scenario) -> Result<String, String> {
        self.to_line_by(|id| scenario.node(id).map(|node| node.descriptor))
    }

    /// The same, where `kind_of` says of what kind nodes are.
    pub(crate) fn to_line_by(&self, kind_of: impl Fn(&str) -> Option<&'static Descriptor>) -> Result<String, String> {
        let kind = match &self.action {
            Action::AddNode { descriptor, .. } => Some(*descriptor),
            _ => kind_of(&self.node),
        };
        let kind = kind.ok_or_else(|| format!("there is no node `{}`", self.node))?;
        let mut entries = vec![pair("at", Raw::text(self.at.to_string()))];
        match &self.action {
            Action::SetLink { port, to, .. } => {
                let spec = kind.ports.get(*port).ok_or_else(|| format!("`{}` has no port number {port}", self.node))?;
                entries.push(pair("from", Raw::text(format!("{}.{}", self.node, spec.name))));
                entries.push(pair("to", Raw::text(to.clone())));
            }
            _ => entries.push(pair("node", Raw::text(self.node.clone()))),
        }
        match &self.action {
            Action::Set(changes) => {
                entries.push(set(kind.params, &format!("`{}`", self.node), changes)?);
            }
            Action::SetLink { to, changes, .. } => {
                entries.push(set(LINK, &format!("the link from `{}` to `{to}`", self.node), changes)?);
            }
            Action::Fault { fault, values } => {
                let spec = kind.faults.iter().find(|f| f.name == *fault);
                let spec = spec.ok_or_else(|| format!("`{}` has no fault `{fault}`", self.node))?;
                entries.push(pair("fault", Raw::text(*fault)));
                let group = value_raw(ParamKind::Group(spec.params), &Value::Group(values.clone()));
                if let Raw::Table(params) = group {
                    entries.extend(params);
                }
            }
            Action::Heal { fault } => entries.push(pair("heal", Raw::text(*fault))),
            edit => entries.extend(edit::entries(edit, kind, &self.node)?),
        }
        if let Some(lasting) = self.lasting {
            entries.push(pair("for", Raw::text(lasting.to_string())));
        }
        Ok(Raw::Table(entries).to_json())
    }

    /// Reads one line of a control log.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse_line(line: &str, scenario: &Scenario) -> Result<Control, Problems> {
        check_size(line)?;
        let mut diagnostics = Diagnostics::new(line);
        let mut reader = Reader::new(scenario, &Registry::builtin());
        let control = read_control(line, &(0..line.len()), &mut reader, &mut diagnostics);
        match control {
            Some(control) if diagnostics.is_empty() => Ok(control),
            _ => Err(diagnostics.finish()),
        }
    }
}

/// Changes of parameters, as they are written.
fn set(params: &'static [ParamSpec], what: &str, changes: &[(String, Value)]) -> Result<(Key, Item), String> {
    let written = |(name, value): &(String, Value)| {
        let spec = find_param(params, name).ok_or_else(|| format!("{what} has no parameter `{name}`"))?;
        Ok(pair(name, value_raw(spec.kind, value)))
    };
    Ok(pair("set", Raw::Table(changes.iter().map(written).collect::<Result<_, String>>()?)))
}

fn pair(name: &str, raw: Raw) -> (Key, Item) {
    (Key::bare(name), Item::bare(raw))
}

/// Everything that was done to one run by hand, in the order in which it was done.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ControlLog {
    /// Name of the scenario.
    pub scenario: String,
    /// Seed of the run.
    pub seed: u64,
    /// What was done. Times never go back.
    pub controls: Vec<Control>,
}

impl ControlLog {
    /// The log as text: header and one line for each control.
    ///
    /// # Errors
    /// What a control names that the scenario does not have.
    pub fn to_text(&self, scenario: &Scenario) -> Result<String, String> {
        let header = Raw::table([
            (LOG_FORMAT_KEY.name, Raw::integer(LOG_FORMAT)),
            (SCENARIO.name, Raw::text(self.scenario.clone())),
            (SEED.name, Raw::integer(self.seed)),
        ]);
        let mut text = header.to_json() + "\n";
        // As it was when each of them was done: of several nodes of one id the one that was there.
        let mut added: BTreeMap<&str, &'static Descriptor> = BTreeMap::new();
        for control in &self.controls {
            let first = |id: &str| scenario.first_node(id).map(|node| node.descriptor);
            text += &control.to_line_by(|id| added.get(id).copied().or_else(|| first(id)))?;
            text.push('\n');
            if let Action::AddNode { descriptor, .. } = &control.action {
                added.insert(&control.node, descriptor);
            }
        }
        Ok(text)
    }

    /// Reads a log that was made of a run of `scenario`. Blank lines are skipped.
    ///
    /// # Errors
    /// Everything that is wrong with it, with lines.
    pub fn parse(text: &str, scenario: &Scenario) -> Result<ControlLog, Problems> {
        ControlLog::parse_with(text, scenario, &Registry::builtin())
    }

    /// As [`ControlLog::parse`], where nodes of the kinds of `registry` may be added: the built-in ones and the user's own.
    ///
    /// # Errors
    /// Everything that is wrong with it, with lines.
    pub fn parse_with(text: &str, scenario: &Scenario, registry: &Registry) -> Result<ControlLog, Problems> {
        check_size(text)?;
        let mut diagnostics = Diagnostics::new(text);
        let mut lines = lines(text).filter(|span| !text[span.clone()].trim().is_empty());
        let Some(first) = lines.next() else {
            let remedy = "a control log begins with {\"floodgate_controls\":1,\"scenario\":\"…\",\"seed\":1}";
            diagnostics.error(&(0..0), "the control log is empty", remedy);
            return Err(diagnostics.finish());
        };
        let entries = read_object(text, &first, &mut diagnostics).unwrap_or_default();
        if is_newer(&entries, &first, &mut diagnostics) {
            return Err(diagnostics.finish());
        }
        let header = read_header(&entries, &first, scenario, &mut diagnostics);
        let mut reader = Reader::new(scenario, registry);
        let mut controls: Vec<Control> = Vec::new();
        for span in lines {
            if controls.len() == CONTROLS_MAX {
                let message = format!("the control log has more than {CONTROLS_MAX} controls");
                diagnostics.error(&span, message, "leave some out");
                break;
            }
            let Some(control) = read_control(text, &span, &mut reader, &mut diagnostics) else { continue };
            if let Some(before) = controls.last()
                && control.at < before.at
            {
                let message = format!("this is done at {}, and the line before at {}", control.at, before.at);
                diagnostics.error(&span, message, "lines stand in the order of time");
            }
            controls.push(control);
        }
        match header {
            Some(seed) if diagnostics.is_empty() => Ok(ControlLog { scenario: scenario.name.clone(), seed, controls }),
            _ => Err(diagnostics.finish()),
        }
    }

    /// Reads a log that may not be text at all.
    ///
    /// # Errors
    /// As [`ControlLog::parse`], and the place of the first byte that is not UTF-8.
    pub fn parse_bytes(bytes: &[u8], scenario: &Scenario) -> Result<ControlLog, Problems> {
        ControlLog::parse(crate::scenario::load::utf8(bytes)?, scenario)
    }
}

fn check_size(text: &str) -> Result<(), Problems> {
    if text.len() <= LOG_BYTES_MAX {
        return Ok(());
    }
    let message = format!("the control log has {} bytes, more than the limit of {LOG_BYTES_MAX}", text.len());
    Err(Problems::whole(message, "is this the right file?"))
}

/// Where each line stands, without its end.
fn lines(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let span = start..start + line.trim_end().len();
        start += line.len();
        span
    })
}

/// A log of a newer format is not understood, so nothing else is told of it.
fn is_newer(entries: &[(Key, Item)], span: &Range<usize>, diagnostics: &mut Diagnostics<'_>) -> bool {
    let format = entries.iter().find(|(key, _)| key.name == LOG_FORMAT_KEY.name).map(|(_, item)| &item.raw);
    let Some(Raw::Integer { value: Some(found), .. }) = format else { return false };
    if *found <= i128::from(LOG_FORMAT) {
        return false;
    }
    let message = format!("`{}` is {found}: the log was made by a newer version", LOG_FORMAT_KEY.name);
    diagnostics.error(span, message, format!("use that version; this one reads {LOG_FORMAT}"));
    true
}

/// The seed.
fn read_header(
    entries: &[(Key, Item)],
    span: &Range<usize>,
    scenario: &Scenario,
    diagnostics: &mut Diagnostics<'_>,
) -> Option<u64> {
    if !diagnostics.is_empty() {
        // The line is no object, which has been told.
        return None;
    }
    let mut table = Table::new(entries, span.clone(), "the first line", "");
    let format = table.integer(&LOG_FORMAT_KEY, diagnostics);
    let name = table.text(&SCENARIO, diagnostics);
    let seed = table.integer(&SEED, diagnostics);
    table.finish(diagnostics);
    let (_, name, seed) = (format?, name?, seed?);
    if name != scenario.name {
        let message =
            format!("the log is of the scenario \"{}\", and this one is \"{}\"", shown(&name), shown(&scenario.name));
        diagnostics.error(span, message, "give the scenario that the log was made of");
        return None;
    }
    Some(seed)
}

fn read_control(
    text: &str,
    span: &Range<usize>,
    reader: &mut Reader,
    diagnostics: &mut Diagnostics<'_>,
) -> Option<Control> {
    let entries = read_object(text, span, diagnostics)?;
    let mut table = Table::new(&entries, span.clone(), "the line", "");
    if Reader::is_edit(&table) {
        return reader.edit(table, diagnostics);
    }
    if table.has("group") {
        let remedy = "write a line for each of its nodes; of a whole group is a `[[fault]]` of the scenario";
        diagnostics.error(&table.span_of("group"), "the line is of a group, and a control is of one node", remedy);
        return None;
    }
    let control = entry(&mut table, &reader.known, Form::Control, diagnostics)?;
    match reader.check_link(&control) {
        Ok(()) => Some(control),
        Err(refusal) => {
            diagnostics.error(span, refusal.message, refusal.remedy);
            None
        }
    }
}

/// The line as a JSON object. Nesting is limited by the parser.
fn read_object(text: &str, span: &Range<usize>, diagnostics: &mut Diagnostics<'_>) -> Option<Vec<(Key, Item)>> {
    let remedy = "each line is one JSON object such as {\"at\":\"5s\",\"node\":\"web\",\"fault\":\"kill\"}";
    match serde_json::from_str::<Raw>(&text[span.clone()]) {
        Ok(mut raw) => {
            place_all(&mut raw, span);
            match raw {
                Raw::Table(entries) => return Some(entries),
                other => diagnostics.error(span, format!("the line is {}, not an object", other.shown()), remedy),
            }
        }
        Err(error) => {
            // The error ends with its place, which is ours to tell.
            let told = error.to_string();
            let told = told.rsplit_once(" at line ").map_or(told.as_str(), |(told, _)| told);
            let mut at = span.start + error.column().saturating_sub(1).min(span.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            diagnostics.error(&(at..span.end), format!("not JSON: {}", shown(told)), remedy);
        }
    }
    None
}
