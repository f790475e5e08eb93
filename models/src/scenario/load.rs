//! From text to a [`Scenario`]: header first, then every section, then what holds between them.

use super::nodes::Known;
use super::problem::{Diagnostics, Problems};
use super::raw::{self, Item, Key, Raw};
use super::table::{Table, key};
use super::{FILE_BYTES_MAX, FORMAT, Files, Problem, Scenario, events, nodes, value};
use crate::catalogue::Descriptor;
use crate::param::{ParamKind, ParamSpec, Value};
use floodgate_core::{Duration, Time};

/// Longest name or title, in characters.
pub(crate) const LINE_CHARS_MAX: f64 = 200.0;

/// Longest word or two, in characters.
const LABEL_CHARS_MAX: f64 = 40.0;

/// How many tables of each kind a file may have.
const SECTION_MAX: usize = 65_536;

const FORMAT_KEY: ParamSpec = ParamSpec { min: 1.0, max: FORMAT as f64, ..key("format", ParamKind::Integer) };
const NAME: ParamSpec = ParamSpec { max: LINE_CHARS_MAX, doc: "What it is called.", ..key("name", ParamKind::Text) };
const DESCRIPTION: ParamSpec =
    ParamSpec { default: Some("\"\""), doc: "What it shows.", ..key("description", ParamKind::Text) };
const PHENOMENON: ParamSpec = ParamSpec {
    optional: true,
    max: LABEL_CHARS_MAX,
    doc: "What it shows, in a word or two: the gallery puts files that say the same together. A file without is one to begin with.",
    ..key("phenomenon", ParamKind::Text)
};
const TAG: ParamSpec = ParamSpec {
    optional: true,
    max: LABEL_CHARS_MAX,
    doc: "A short name for lists; the name unless given.",
    ..key("tag", ParamKind::Text)
};
const SEED: ParamSpec = ParamSpec {
    default: Some("1"),
    doc: "Of everything random: the same scenario with the same seed is the same run, everywhere.",
    ..key("seed", ParamKind::Integer)
};
/// A year of virtual time.
const UNTIL: ParamSpec = ParamSpec {
    default: Some("\"60s\""),
    min: 1e-9,
    max: 31_536_000.0,
    doc: "Virtual time at which the run ends.",
    ..key("until", ParamKind::Duration)
};
const WARM_UP: ParamSpec = ParamSpec {
    default: Some("\"0s\""),
    max: 31_536_000.0,
    doc: "Statistics start anew at its end: what is measured is the system as it runs, not as it starts.",
    ..key("warm_up", ParamKind::Duration)
};
const MAX_DEPTH: ParamSpec = ParamSpec {
    default: Some("64"),
    min: 1.0,
    max: 255.0,
    doc: "A call nested deeper than this is answered 508.",
    ..key("max_depth", ParamKind::Integer)
};

/// What holds for a scenario as a whole, as parameters.
pub const HEADER: &[ParamSpec] = &[NAME, DESCRIPTION, PHENOMENON, TAG, SEED, UNTIL, WARM_UP, MAX_DEPTH];

/// Reads the time at which a run ends, with its unit: `60s`, as `--until` on a command line has it.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub fn parse_until(text: &str) -> Result<Time, Problem> {
    match value::parse_value(&UNTIL, &raw::quoted(text))? {
        Value::Duration(length) => Ok(Time(length.0)),
        _ => unreachable!("a parameter of kind Duration reads as a Duration"),
    }
}

pub(crate) fn check_size(bytes: usize) -> Result<(), Problems> {
    if bytes <= FILE_BYTES_MAX {
        return Ok(());
    }
    Err(Problems::whole(
        format!("the file has {bytes} bytes, more than the limit of {FILE_BYTES_MAX}"),
        "a scenario is a short text; is this the right file?",
    ))
}

/// Text of a file, or the place of the first byte that is none.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, Problems> {
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(error) => error,
    };
    let at = error.valid_up_to();
    let good = std::str::from_utf8(&bytes[..at]).unwrap_or("");
    let mut diagnostics = Diagnostics::new(good);
    let byte = bytes.get(at).copied().unwrap_or(0);
    diagnostics.error(
        &(at..at),
        format!("the byte 0x{byte:02X} is not UTF-8 text"),
        "save the file as UTF-8; is this the right file?",
    );
    Err(diagnostics.finish())
}

pub(crate) fn load(text: &str, catalogue: &[&'static Descriptor], files: &dyn Files) -> Result<Scenario, Problems> {
    check_size(text.len())?;
    let mut diagnostics = Diagnostics::with_files(text, files);
    if text.trim().is_empty() {
        let remedy = "a scenario begins with `format = 1` and `name = \"…\"`, and has at least one `[[node]]`";
        diagnostics.error(&(0..0), "the file is empty", remedy);
        return Err(diagnostics.finish());
    }
    let entries = raw::document(text, &mut diagnostics);
    check_format(text, &entries)?;
    let scenario = file(&entries, catalogue, &mut diagnostics);
    match scenario {
        Some(scenario) if diagnostics.is_empty() => Ok(scenario),
        _ => Err(diagnostics.finish()),
    }
}

/// A file of a newer format is not understood, so nothing else is told of it.
fn check_format(text: &str, entries: &[(Key, Item)]) -> Result<(), Problems> {
    let Some((_, item)) = entries.iter().find(|(key, _)| key.name == "format") else { return Ok(()) };
    let Raw::Integer { value: Some(found), .. } = item.raw else { return Ok(()) };
    if found <= i128::from(FORMAT) {
        return Ok(());
    }
    let mut diagnostics = Diagnostics::new(text);
    let message = format!("`format` is {found}: the file was made by a newer version");
    diagnostics.error(&item.span, message, format!("use that version; this one reads format {FORMAT}"));
    Err(diagnostics.finish())
}

fn file(
    entries: &[(Key, Item)],
    catalogue: &[&'static Descriptor],
    diagnostics: &mut Diagnostics<'_>,
) -> Option<Scenario> {
    let mut table = Table::new(entries, 0..0, "the file", "");
    // A value that is wrong has been told, and then the scenario is not returned: what stands in for it does not matter.
    let _ = table.integer(&FORMAT_KEY, diagnostics);
    let name = table.line(&NAME, diagnostics);
    let description = table.text(&DESCRIPTION, diagnostics);
    let phenomenon = table.line_or(&PHENOMENON, "", diagnostics);
    let tag = table.line_or(&TAG, "", diagnostics);
    let seed = table.integer(&SEED, diagnostics);
    let until = table.duration(&UNTIL, diagnostics);
    let warm_up = table.duration(&WARM_UP, diagnostics);
    let max_depth = table.integer(&MAX_DEPTH, diagnostics);
    if let (Some(until), Some(warm_up)) = (until, warm_up)
        && warm_up >= until
    {
        let span = table.span_of(if table.has("warm_up") { "warm_up" } else { "until" });
        let message = format!("`warm_up` is {warm_up}, and the run ends at {until}: nothing is measured");
        diagnostics.error(&span, message, "`warm_up` must be before `until`");
    }
    let (groups, group_ids) = nodes::groups(&section(&mut table, "group", diagnostics), diagnostics);
    let (nodes, known) = nodes::nodes(&section(&mut table, "node", diagnostics), &group_ids, catalogue, diagnostics);
    let links = nodes::links(&section(&mut table, "link", diagnostics), &known, diagnostics);
    let timeline = timeline(&mut table, &known, diagnostics);
    let expectations = events::expectations(&section(&mut table, "expect", diagnostics), &known, diagnostics);
    let notes = events::notes(table.take("note"), diagnostics);
    let lessons = events::lessons(&section(&mut table, "lesson", diagnostics), &known, diagnostics);
    let variants = section(&mut table, "variant", diagnostics);
    table.finish(diagnostics);
    let base = Scenario {
        name: name.unwrap_or_default(),
        description: description.unwrap_or_default(),
        phenomenon: phenomenon.unwrap_or_default(),
        tag: tag.unwrap_or_default(),
        seed: seed.unwrap_or(1),
        until: Time(until.unwrap_or(Duration::ZERO).0),
        warm_up: warm_up.unwrap_or(Duration::ZERO),
        max_depth: max_depth.and_then(|depth| u8::try_from(depth).ok()).unwrap_or(u8::MAX),
        nodes,
        groups,
        links,
        controls: timeline.controls,
        control_spans: timeline.spans,
        phases: timeline.phases,
        expectations,
        variants: Vec::new(),
        notes,
        lessons,
    };
    nodes::callees(&base, diagnostics);
    events::links(&base, diagnostics);
    events::classes(&base, diagnostics);
    let variants = events::variants(&variants, &base, &known, diagnostics);
    diagnostics.is_empty().then_some(Scenario { variants, ..base })
}

fn timeline(table: &mut Table<'_>, known: &Known, diagnostics: &mut Diagnostics<'_>) -> events::Timeline {
    let mut timeline = events::Timeline::default();
    for item in section(table, "phase", diagnostics) {
        timeline.phase(item, known, diagnostics);
    }
    for item in section(table, "fault", diagnostics) {
        timeline.fault(item, known, diagnostics);
    }
    for item in section(table, "control", diagnostics) {
        timeline.control(item, known, diagnostics);
    }
    timeline.sorted()
}

/// A table of the file, and its entries.
pub(crate) type Entry<'i> = (&'i Item, &'i [(Key, Item)]);

/// The tables under `[[name]]`, each with its header's place.
pub(crate) fn section<'i>(
    table: &mut Table<'i>,
    name: &'static str,
    diagnostics: &mut Diagnostics<'_>,
) -> Vec<Entry<'i>> {
    let Some(item) = table.take(name) else { return Vec::new() };
    let header = format!("[[{}{name}]]", table.prefix);
    let Raw::Array(items) = &item.raw else {
        let message = format!("`{}{name}` is {}", table.prefix, item.raw.shown());
        diagnostics.error(&item.span, message, format!("write {header}, with two brackets, for each"));
        return Vec::new();
    };
    if items.len() > SECTION_MAX {
        let message = format!("there are {} {header}, more than the limit of {SECTION_MAX}", items.len());
        diagnostics.error(&item.span, message, "leave some out");
        return Vec::new();
    }
    let mut tables = Vec::new();
    for item in items {
        match &item.raw {
            Raw::Table(entries) => tables.push((item, entries.as_slice())),
            other => {
                let message = format!("`{}{name}` has {}, which is not a table", table.prefix, other.shown());
                diagnostics.error(&item.span, message, format!("write {header} for each"));
            }
        }
    }
    tables
}
