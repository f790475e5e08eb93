//! Reading the tables of a file key by key: what was asked for is known, what is left over is an error.

use super::problem::Diagnostics;
use super::raw::{Item, Key, Raw};
use super::value::{defaults_of_key, read, unknown_key};
use crate::param::{ParamKind, ParamSpec, Value};
use floodgate_core::Duration;
use std::ops::Range;

/// A table of the file.
pub(crate) struct Table<'i> {
    entries: &'i [(Key, Item)],
    /// The header.
    pub(crate) span: Range<usize>,
    /// In messages: `[[link]]`.
    pub(crate) what: String,
    /// Begins the paths of values: `link.` or `users.`; empty for the file itself.
    pub(crate) prefix: String,
    known: Vec<&'static str>,
}

/// A key that is not a parameter of a component: of the header, of a link and so on.
pub(crate) const fn key(name: &'static str, kind: ParamKind) -> ParamSpec {
    ParamSpec { name, kind, default: None, optional: false, min: 0.0, max: f64::INFINITY, live: false, doc: "" }
}

impl<'i> Table<'i> {
    pub(crate) fn new(
        entries: &'i [(Key, Item)],
        span: Range<usize>,
        what: impl Into<String>,
        prefix: impl Into<String>,
    ) -> Table<'i> {
        Table { entries, span, what: what.into(), prefix: prefix.into(), known: Vec::new() }
    }

    /// What the table says under `name`; from now on that key is known.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'i Item> {
        if !self.known.contains(&name) {
            self.known.push(name);
        }
        self.entries.iter().find(|(key, _)| key.name == name).map(|(_, item)| item)
    }

    /// The value of a key. `None` when it is wrong, or missing though it is required; both have been told then.
    /// [`Value::Absent`] when it may be missing and is.
    pub(crate) fn value(&mut self, spec: &ParamSpec, diagnostics: &mut Diagnostics<'_>) -> Option<Value> {
        let path = format!("{}{}", self.prefix, spec.name);
        match self.take(spec.name) {
            Some(item) => read(spec, item, &path, diagnostics),
            None if spec.default.is_some() => defaults_of_key(spec, diagnostics),
            None if spec.optional => Some(Value::Absent),
            None => {
                let remedy = match super::value::describe(spec) {
                    only if spec.min == spec.max => format!("add `{} = {only}`", spec.name),
                    any => format!("add `{} = …`: {any}", spec.name),
                };
                diagnostics.missing(&self.span, format!("{} has no `{}`", self.what, spec.name), remedy);
                None
            }
        }
    }

    pub(crate) fn text(&mut self, spec: &ParamSpec, diagnostics: &mut Diagnostics<'_>) -> Option<String> {
        match self.value(spec, diagnostics)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn duration(&mut self, spec: &ParamSpec, diagnostics: &mut Diagnostics<'_>) -> Option<Duration> {
        match self.value(spec, diagnostics)? {
            Value::Duration(length) => Some(length),
            _ => None,
        }
    }

    pub(crate) fn integer(&mut self, spec: &ParamSpec, diagnostics: &mut Diagnostics<'_>) -> Option<u64> {
        match self.value(spec, diagnostics)? {
            Value::Integer(value) => Some(value),
            _ => None,
        }
    }

    /// A text of one line that is not blank.
    pub(crate) fn line(&mut self, spec: &ParamSpec, diagnostics: &mut Diagnostics<'_>) -> Option<String> {
        let text = self.text(spec, diagnostics)?;
        let wrong = if text.trim().is_empty() {
            "is blank"
        } else if text.contains(['\n', '\t']) {
            "has a line break or a tab"
        } else {
            return Some(text);
        };
        let span = self.span_of(spec.name);
        let message = format!("`{}{}` is {}, which {wrong}", self.prefix, spec.name, Raw::Text(text).shown());
        diagnostics.error(&span, message, "a text of one line");
        None
    }

    /// The same, or `default` when it is not given.
    pub(crate) fn line_or(
        &mut self,
        spec: &ParamSpec,
        default: &str,
        diagnostics: &mut Diagnostics<'_>,
    ) -> Option<String> {
        if self.has(spec.name) {
            return self.line(spec, diagnostics);
        }
        self.known.push(spec.name);
        Some(default.to_string())
    }

    /// Whether there is such a key.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(key, _)| key.name == name)
    }

    /// Where the value of `name` stands; the header when it is missing.
    pub(crate) fn span_of(&self, name: &str) -> Range<usize> {
        let item = self.entries.iter().find(|(key, _)| key.name == name);
        item.map_or_else(|| self.span.clone(), |(_, item)| item.span.clone())
    }

    /// As [`Table::span_of`], of a dotted path: where the innermost part of it stands that is there.
    pub(crate) fn span_of_path(&self, path: &str) -> Range<usize> {
        let (mut entries, mut span) = (self.entries, self.span.clone());
        for part in path.split('.') {
            let Some((_, item)) = entries.iter().find(|(key, _)| key.name == part) else { break };
            span = item.span.clone();
            let Raw::Table(inner) = &item.raw else { break };
            entries = inner;
        }
        span
    }

    /// Entries nobody has asked for.
    pub(crate) fn rest(&self) -> impl Iterator<Item = &'i (Key, Item)> {
        self.entries.iter().filter(|(key, _)| !self.known.contains(&key.name.as_str()))
    }

    /// Keys that have been asked for.
    pub(crate) fn known(&self) -> &[&'static str] {
        &self.known
    }

    /// Everything that is left is an error.
    pub(crate) fn finish(self, diagnostics: &mut Diagnostics<'_>) {
        for (key, _) in self.rest() {
            unknown_key(key, &self.what, self.known.iter().copied(), diagnostics);
        }
    }
}
