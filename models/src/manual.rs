//! docs/MODELS.md, folded from the catalogue.

use crate::catalogue::Descriptor;
use crate::components::catalogue;
use crate::param::{ParamKind, ParamSpec};
use std::fmt::Write;

/// The manual of every built-in component, in Markdown.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from(
        "# Components\n\nGenerated from the catalogue; a test keeps it current. Every component is a node; \
         quantities in scenario files carry units.\n",
    );
    for descriptor in catalogue() {
        component(&mut text, descriptor);
    }
    text
}

fn component(text: &mut String, d: &Descriptor) {
    // Writing into a `String` cannot fail.
    let _ =
        write!(text, "\n## `{}`: {}\n\n{}\n\n{}\n\nSource: {}\n", d.kind, d.family.title(), d.doc, d.manual, d.source);
    if !d.ports.is_empty() {
        let _ = writeln!(text, "\n| port | links | |\n|---|---|---|");
        for port in d.ports {
            let links = if port.max_links == u32::MAX { "any".to_owned() } else { port.max_links.to_string() };
            let _ = writeln!(text, "| `{}` | {links} | {} |", port.name, port.doc);
        }
    }
    let _ = writeln!(text, "\n| parameter | default | live | |\n|---|---|---|---|");
    parameters(text, "", d.params);
    if !d.gauges.is_empty() {
        let _ = writeln!(text, "\n| gauge | unit | |\n|---|---|---|");
        for gauge in d.gauges {
            let _ = writeln!(text, "| `{}` | {} | {} |", gauge.name, gauge.unit, gauge.doc);
        }
    }
    if !d.faults.is_empty() {
        let _ = writeln!(text, "\n| fault | lasts | |\n|---|---|---|");
        for fault in d.faults {
            let names: Vec<String> = fault.params.iter().map(|p| format!("`{}`", p.name)).collect();
            let with = if names.is_empty() { String::new() } else { format!(" Parameters: {}.", names.join(", ")) };
            let lasts = if fault.lasting { "`for`" } else { "an instant" };
            let _ = writeln!(text, "| `{}` | {lasts} | {}{with} |", fault.name, fault.doc);
        }
    }
}

fn parameters(text: &mut String, prefix: &str, specs: &[ParamSpec]) {
    for spec in specs {
        let default = spec.default.map_or("absent".to_owned(), |d| format!("`{d}`"));
        let live = if spec.live { "yes" } else { "" };
        let mut doc = one_line(spec.doc);
        if let ParamKind::Choice(choices) = spec.kind {
            for choice in choices {
                let _ = write!(doc, " **{}**: {}", choice.name, one_line(choice.doc));
            }
        }
        let _ = writeln!(text, "| `{prefix}{}` | {default} | {live} | {doc} |", spec.name);
        match spec.kind {
            ParamKind::Group(inner) => parameters(text, &format!("{prefix}{}.", spec.name), inner),
            ParamKind::List(inner) => parameters(text, &format!("{prefix}{}[].", spec.name), inner),
            _ => {}
        }
    }
}

fn one_line(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
