//! Parameters between a person and a file: what is typed becomes TOML, what is written is shown without its quotes.

use floodgate::catalogue::Descriptor;
use floodgate::param::{ParamKind, ParamSpec};

/// The declaration of the parameter called `path` (nested ones with a dot).
#[must_use]
pub fn spec(descriptor: &Descriptor, path: &str) -> Option<&'static ParamSpec> {
    let mut specs = descriptor.params;
    let mut parts = path.split('.').peekable();
    while let Some(part) = parts.next() {
        let found = specs.iter().find(|s| s.name == part)?;
        if parts.peek().is_none() {
            return Some(found);
        }
        let ParamKind::Group(inner) = found.kind else { return None };
        specs = inner;
    }
    None
}

/// Every parameter, with its path; of groups those that may be absent, which are switched on and off.
#[must_use]
pub fn leaves(descriptor: &Descriptor) -> Vec<(String, &'static ParamSpec)> {
    fn walk(prefix: &str, specs: &'static [ParamSpec], into: &mut Vec<(String, &'static ParamSpec)>) {
        for spec in specs {
            let path = if prefix.is_empty() { spec.name.to_owned() } else { format!("{prefix}.{}", spec.name) };
            match spec.kind {
                ParamKind::Group(inner) => {
                    if spec.optional {
                        into.push((path.clone(), spec));
                    }
                    walk(&path, inner, into);
                }
                _ => into.push((path, spec)),
            }
        }
    }
    let mut all = Vec::new();
    walk("", descriptor.params, &mut all);
    all
}

/// What a parameter means, and where that comes from where its declaration says so.
#[must_use]
pub fn meaning(doc: &str) -> (String, Option<String>) {
    let words = doc.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.split_once("Source: ") {
        Some((meaning, source)) => (meaning.trim_end().to_owned(), Some(source.to_owned())),
        None => (words, None),
    }
}

/// What several nodes have in common: parameters of the same name, kind and range.
#[must_use]
pub fn common(descriptors: &[&Descriptor]) -> Vec<(String, &'static ParamSpec)> {
    let Some((first, others)) = descriptors.split_first() else { return Vec::new() };
    let same = |a: &ParamSpec, b: &ParamSpec| (a.kind, a.min, a.max, a.optional) == (b.kind, b.min, b.max, b.optional);
    let everywhere =
        |path: &str, found: &ParamSpec| others.iter().all(|d| spec(d, path).is_some_and(|s| same(s, found)));
    leaves(first).into_iter().filter(|(path, found)| everywhere(path, found)).collect()
}

/// Whether a group that may be absent is there, by what is written.
#[must_use]
pub fn is_on(spec: &ParamSpec, given: Option<&str>) -> bool {
    given.or(spec.default).map(bare).is_some_and(|text| text != "none" && !text.is_empty())
}

/// Whether a change of the parameter reaches the running system: it and every group around it say so.
#[must_use]
pub fn is_live(descriptor: &Descriptor, path: &str) -> bool {
    let around = path.match_indices('.').map(|(at, _)| &path[..at]).chain([path]);
    around.into_iter().all(|path| spec(descriptor, path).is_some_and(|s| s.live))
}

/// TOML text as a person reads it: a string without its quotes, anything else as it stands.
#[must_use]
pub fn bare(toml: &str) -> String {
    match toml.parse::<toml_edit::Value>() {
        Ok(toml_edit::Value::String(text)) => text.value().clone(),
        _ => toml.trim().to_owned(),
    }
}

/// What a person typed, as TOML for a parameter of this kind.
#[must_use]
pub fn to_toml(kind: ParamKind, typed: &str) -> String {
    let typed = typed.trim();
    let quoted = || toml_edit::Value::from(typed).to_string().trim().to_owned();
    match kind {
        ParamKind::Rate
        | ParamKind::Duration
        | ParamKind::Bytes
        | ParamKind::Text
        | ParamKind::File
        | ParamKind::Choice(_) => quoted(),
        ParamKind::Distribution if !typed.starts_with('{') => quoted(),
        ParamKind::Codes if !typed.starts_with('[') => {
            let codes: toml_edit::Array = typed.split([',', ' ']).filter(|w| !w.is_empty()).collect();
            codes.to_string().trim().to_owned()
        }
        // Anything that is not TOML is quoted, so that the loader names it as the wrong kind of value.
        _ if typed.parse::<toml_edit::Value>().is_err() => quoted(),
        _ => typed.to_owned(),
    }
}

/// What is expected in a field, in a few words.
#[must_use]
pub fn hint(kind: ParamKind) -> &'static str {
    match kind {
        ParamKind::Rate => "per second, e.g. 400/s",
        ParamKind::Duration => "time, e.g. 250ms",
        ParamKind::Bytes => "size, e.g. 512MiB",
        ParamKind::Number => "number",
        ParamKind::Integer => "whole number",
        ParamKind::Ratio => "share, 0 to 1",
        ParamKind::Boolean => "yes or no",
        ParamKind::Text => "text",
        ParamKind::Distribution => "time, e.g. 8ms or { exponential = \"8ms\" }",
        ParamKind::Codes => "codes, e.g. 502, timeout",
        ParamKind::Choice(_) => "one of the list",
        ParamKind::Group(_) => "with or without",
        ParamKind::List(_) => "a list: what is not filled in is as usual",
        ParamKind::File => "a file that the page has: drop it on the page",
    }
}

/// The range of a parameter, in words; empty when there is none to speak of.
#[must_use]
pub fn range(spec: &ParamSpec) -> String {
    let show = |value: f64| -> String {
        match spec.kind {
            ParamKind::Rate => format!("{}/s", number(value)),
            ParamKind::Duration | ParamKind::Distribution if value < 1e-3 && value > 0.0 => {
                format!("{}us", number(value * 1e6))
            }
            ParamKind::Duration | ParamKind::Distribution if value < 1.0 && value > 0.0 => {
                format!("{}ms", number(value * 1e3))
            }
            ParamKind::Duration | ParamKind::Distribution => format!("{}s", number(value)),
            ParamKind::Bytes => format!("{}B", number(value)),
            _ => number(value),
        }
    };
    match (spec.kind, spec.max.is_finite()) {
        (ParamKind::Boolean | ParamKind::Text | ParamKind::Codes | ParamKind::Choice(_) | ParamKind::Group(_), _) => {
            String::new()
        }
        (_, true) => format!("{} … {}", show(spec.min), show(spec.max)),
        (_, false) if spec.min > 0.0 => format!("at least {}", show(spec.min)),
        _ => String::new(),
    }
}

/// A number with thin spaces between thousands, so that 10 000 000 can be read.
#[must_use]
pub fn number(value: f64) -> String {
    if value.fract() != 0.0 || value.abs() >= 1e15 {
        return format!("{value}");
    }
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    if value < 0.0 { format!("−{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_becomes_toml_and_back() {
        for (kind, typed, toml) in [
            (ParamKind::Rate, "400/s", "\"400/s\""),
            (ParamKind::Duration, " 1s ", "\"1s\""),
            (ParamKind::Integer, "8", "8"),
            (ParamKind::Integer, "eight", "\"eight\""),
            (ParamKind::Distribution, "8ms", "\"8ms\""),
            (ParamKind::Distribution, "{ exponential = \"8ms\" }", "{ exponential = \"8ms\" }"),
            (ParamKind::Text, "say \"hi\"", "'say \"hi\"'"),
            (ParamKind::Codes, "502, timeout", "[\"502\", \"timeout\"]"),
            (ParamKind::Boolean, "true", "true"),
        ] {
            assert_eq!(to_toml(kind, typed), toml);
        }
        assert_eq!(bare("\"400/s\""), "400/s");
        assert_eq!(bare("{ exponential = \"8ms\" }"), "{ exponential = \"8ms\" }");
    }

    #[test]
    fn what_several_nodes_have_in_common() {
        let of = |kind: &str| floodgate::catalogue().iter().copied().find(|d| d.kind == kind);
        let (service, database) = (of("service"), of("database"));
        let both: Vec<&Descriptor> = [service, database].into_iter().flatten().collect();
        let names: Vec<String> = common(&both).into_iter().map(|(path, _)| path).collect();
        assert_eq!(names, ["service_time", "restart_delay", "deadlines"]);
        assert_eq!(common(&both[..1]).len(), leaves(both[0]).len());
        assert!(is_live(both[0], "call_retry.attempts") && !is_live(both[0], "workers"));
        assert_eq!(meaning("Grows.\nSource: a\nblog."), ("Grows.".to_owned(), Some("a blog.".to_owned())));
    }

    #[test]
    fn every_parameter_of_the_catalogue_is_found_by_its_path() {
        for descriptor in floodgate::catalogue() {
            for (path, found) in leaves(descriptor) {
                assert_eq!(spec(descriptor, &path).map(|s| s.name), Some(found.name), "{path}");
            }
        }
    }

    /// Something that a person may type for a parameter, other than its default where that can be.
    fn something(spec: &ParamSpec) -> String {
        let middle = if spec.max < 1e6 { (spec.min.max(0.0) + spec.max) / 2.0 } else { spec.min.max(0.0) + 1.0 };
        match spec.kind {
            ParamKind::Rate => format!("{middle}/s"),
            ParamKind::Duration | ParamKind::Distribution => format!("{middle}s"),
            ParamKind::Bytes => format!("{:.0}B", middle.floor()),
            ParamKind::Number | ParamKind::Ratio => format!("{middle:?}"),
            ParamKind::Integer => format!("{:.0}", middle.floor()),
            ParamKind::Boolean => (spec.default != Some("true")).to_string(),
            ParamKind::Text => "x".repeat(1.max(spec.min as usize)),
            ParamKind::Codes => "502, timeout".to_owned(),
            ParamKind::Choice(choices) => choices.last().expect("there is a choice").name.to_owned(),
            ParamKind::Group(_) => "{}".to_owned(),
            ParamKind::List(specs) => super::super::lists::add("[]", specs).expect("one more"),
            ParamKind::File => crate::beside::names().first().expect("there is a file").clone(),
        }
    }

    #[test]
    fn every_parameter_of_the_catalogue_can_be_set_by_its_field_and_taken_back() {
        use crate::editor::{Change, Editor, Outline};
        for descriptor in floodgate::catalogue() {
            let text = format!("format = 1\n\n[[node]]\nid = \"n\"\nkind = \"{}\"\n", descriptor.kind);
            for (path, spec) in leaves(descriptor) {
                let toml = to_toml(spec.kind, &something(spec));
                let what = format!("{} of {}: {toml}", path, descriptor.kind);
                // A file is not one that this reader has.
                if spec.kind != ParamKind::File {
                    let read = floodgate::scenario::parse_value(spec, &toml);
                    assert!(read.is_ok(), "{what}: {read:?}");
                }
                let mut editor = Editor::new(&text);
                let set = |value| Change::SetParam { id: "n".to_owned(), path: path.clone(), value };
                assert_eq!(editor.edit(&set(Some(toml.clone()))), Ok(true), "{what}");
                let outline = Outline::read(editor.text());
                assert_eq!(outline.node("n").and_then(|n| n.given.get(&path)), Some(&toml), "{what}");
                assert_eq!(editor.edit(&set(None)), Ok(true), "{what}");
                assert_eq!(editor.text(), text, "{what}");
            }
        }
    }
}
