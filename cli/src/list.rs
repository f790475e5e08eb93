//! `floodgate list`: the catalogue, for people.

use crate::Outcome;
use crate::output::{complain, print, table};
use floodgate::catalogue::{Descriptor, Family};
use floodgate::param::{ParamKind, ParamSpec};
use floodgate::scenario::limit_text;

/// Columns of running text.
const WIDTH: usize = 96;

pub(crate) fn list(kind: Option<&str>) -> Outcome {
    let catalogue = floodgate::catalogue();
    let Some(kind) = kind else {
        print(&overview(catalogue));
        return Outcome::Fine;
    };
    match catalogue.iter().find(|d| d.kind == kind) {
        Some(descriptor) => {
            print(&manual(descriptor));
            Outcome::Fine
        }
        None => {
            let kinds: Vec<&str> = catalogue.iter().map(|d| d.kind).collect();
            complain(&format!("error: there is no kind {kind:?}\n    help: kinds: {}", kinds.join(", ")));
            Outcome::BadInput
        }
    }
}

fn overview(catalogue: &[&'static Descriptor]) -> String {
    let mut families: Vec<Family> = catalogue.iter().map(|d| d.family).collect();
    families.sort_unstable();
    families.dedup();
    let mut text = String::new();
    for family in families {
        text += &format!("{}\n", family.title());
        let of_family = catalogue.iter().filter(|d| d.family == family);
        let rows: Vec<Vec<String>> = of_family.map(|d| vec![d.kind.to_string(), d.doc.to_string()]).collect();
        text += &table(&rows, &[]);
    }
    text += "\n`floodgate list KIND` explains one of them.\n";
    text
}

fn manual(descriptor: &Descriptor) -> String {
    let mut text = format!("{} ({})\n{}\n\n", descriptor.kind, descriptor.family.title(), descriptor.doc);
    text += &wrapped(descriptor.manual, "");
    text += "\nPorts\n";
    if descriptor.accepts_calls {
        text += "  it accepts calls\n";
    }
    for (i, port) in descriptor.ports.iter().enumerate() {
        let default = if i == 0 { " (default)" } else { "" };
        let links = match port.max_links {
            u32::MAX => "any number of links".to_string(),
            1 => "one link".to_string(),
            n => format!("up to {n} links"),
        };
        text += &format!("  {}{default}, {links}: {}\n", port.name, port.doc);
    }
    text += "\nParameters\n";
    text += &parameters(descriptor.params, "");
    if !descriptor.gauges.is_empty() {
        text += "\nGauges\n";
        let row = |g: &floodgate::catalogue::GaugeSpec| vec![g.name.to_string(), g.unit.to_string(), g.doc.to_string()];
        text += &table(&descriptor.gauges.iter().map(row).collect::<Vec<_>>(), &[]);
    }
    if !descriptor.faults.is_empty() {
        text += "\nFaults\n";
    }
    for fault in descriptor.faults {
        let lasting = if fault.lasting { ", for a time" } else { "" };
        text += &format!("  {}{lasting}\n", fault.name);
        text += &wrapped(fault.doc, "      ");
        text += &parameters(fault.params, "    ");
    }
    text
}

/// Name, kind, range and default on one line; what it means below.
fn parameters(specs: &[ParamSpec], indent: &str) -> String {
    let mut text = String::new();
    for spec in specs {
        let default = match spec.default {
            _ if matches!(spec.kind, ParamKind::Group(_)) => String::new(),
            Some(default) => format!(", default {default}"),
            None => ", absent unless given".to_string(),
        };
        let live = if spec.live { ", live" } else { "" };
        text += &format!("{indent}  {}: {}{}{default}{live}\n", spec.name, kind(spec.kind), range(spec));
        text += &wrapped(spec.doc, &format!("{indent}      "));
        if let ParamKind::Choice(choices) = spec.kind {
            for choice in choices {
                text += &wrapped(&format!("\"{}\": {}", choice.name, choice.doc), &format!("{indent}        "));
            }
        }
        if let ParamKind::Group(specs) | ParamKind::List(specs) = spec.kind {
            text += &parameters(specs, &format!("{indent}    "));
        }
    }
    text
}

fn kind(kind: ParamKind) -> &'static str {
    match kind {
        ParamKind::Rate => "rate (\"120/s\")",
        ParamKind::Duration => "length of time (\"250ms\")",
        ParamKind::Bytes => "memory (\"512MiB\")",
        ParamKind::Number => "number",
        ParamKind::Integer => "whole number",
        ParamKind::Ratio => "share",
        ParamKind::Boolean => "true or false",
        ParamKind::Text => "text",
        ParamKind::Distribution => "distribution ({ exponential = \"8ms\" })",
        ParamKind::Codes => "list of codes",
        ParamKind::Choice(_) => "choice",
        ParamKind::Group(_) => "group",
        ParamKind::List(_) => "list of groups",
        ParamKind::File => "file beside the scenario",
    }
}

fn range(spec: &ParamSpec) -> String {
    match spec.kind {
        ParamKind::Boolean | ParamKind::Text | ParamKind::Codes | ParamKind::Choice(_) | ParamKind::Group(_) => {
            String::new()
        }
        kind if spec.max.is_finite() => {
            format!(" from {} to {}", limit_text(kind, spec.min), limit_text(kind, spec.max))
        }
        kind => format!(" from {}", limit_text(kind, spec.min)),
    }
}

/// Running text broken into lines between words.
fn wrapped(text: &str, indent: &str) -> String {
    let mut out = String::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && indent.len() + line.chars().count() + word.chars().count() >= WIDTH {
            out += &format!("{indent}{line}\n");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line += word;
    }
    if !line.is_empty() {
        out += &format!("{indent}{line}\n");
    }
    out
}
