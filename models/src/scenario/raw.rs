//! A file as a tree of values with places, before anything is known of what they should be. Scenario files (TOML) and
//! control logs (JSON lines) both become such trees, so that one reader of values serves them both.

use super::problem::{Diagnostics, shown};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// A value and where it stands, in bytes.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) span: Range<usize>,
    pub(crate) raw: Raw,
}

/// A key and where it stands, in bytes.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) span: Range<usize>,
}

/// A value as written.
#[derive(Clone, Debug)]
pub(crate) enum Raw {
    Text(String),
    /// `value` is `None` when it is beyond every use.
    Integer {
        text: String,
        value: Option<i128>,
    },
    Float {
        text: String,
        value: f64,
    },
    Boolean(bool),
    /// TOML's own dates and times, which nothing here uses.
    DateTime(String),
    Array(Vec<Item>),
    Table(Vec<(Key, Item)>),
}

impl Raw {
    pub(crate) fn integer(value: impl Into<i128>) -> Raw {
        let value = value.into();
        Raw::Integer { text: value.to_string(), value: Some(value) }
    }

    pub(crate) fn float(value: f64) -> Raw {
        // `{:?}` is the shortest text that reads back as the same bits, and valid in TOML and in JSON.
        Raw::Float { text: format!("{value:?}"), value }
    }

    pub(crate) fn text(value: impl Into<String>) -> Raw {
        Raw::Text(value.into())
    }

    pub(crate) fn table<const N: usize>(entries: [(&str, Raw); N]) -> Raw {
        Raw::Table(entries.into_iter().map(|(name, raw)| (Key::bare(name), Item::bare(raw))).collect())
    }

    /// As it is told in a message.
    pub(crate) fn shown(&self) -> String {
        match self {
            Raw::Text(text) => format!("\"{}\"", shown(text)),
            Raw::Integer { text, .. } | Raw::Float { text, .. } | Raw::DateTime(text) => shown(text),
            Raw::Boolean(value) => value.to_string(),
            Raw::Array(_) | Raw::Table(_) => shown(&self.to_toml()),
        }
    }

    /// As TOML, on one line.
    pub(crate) fn to_toml(&self) -> String {
        match self {
            Raw::Text(text) => quoted(text),
            Raw::Integer { text, .. } | Raw::Float { text, .. } | Raw::DateTime(text) => text.clone(),
            Raw::Boolean(value) => value.to_string(),
            Raw::Array(items) => {
                format!("[{}]", items.iter().map(|i| i.raw.to_toml()).collect::<Vec<_>>().join(", "))
            }
            Raw::Table(entries) if entries.is_empty() => "{}".to_string(),
            Raw::Table(entries) => {
                let pair = |(key, item): &(Key, Item)| format!("{} = {}", key.name, item.raw.to_toml());
                format!("{{ {} }}", entries.iter().map(pair).collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// As JSON, on one line.
    pub(crate) fn to_json(&self) -> String {
        match self {
            Raw::Text(text) | Raw::DateTime(text) => serde_json::Value::String(text.clone()).to_string(),
            Raw::Integer { text, .. } | Raw::Float { text, .. } => text.clone(),
            Raw::Boolean(value) => value.to_string(),
            Raw::Array(items) => {
                format!("[{}]", items.iter().map(|i| i.raw.to_json()).collect::<Vec<_>>().join(","))
            }
            Raw::Table(entries) => {
                let pair = |(key, item): &(Key, Item)| {
                    format!("{}:{}", serde_json::Value::String(key.name.clone()), item.raw.to_json())
                };
                format!("{{{}}}", entries.iter().map(pair).collect::<Vec<_>>().join(","))
            }
        }
    }
}

impl Item {
    /// A value that stands nowhere.
    pub(crate) fn bare(raw: Raw) -> Item {
        Item { span: 0..0, raw }
    }
}

impl Key {
    /// A key that stands nowhere.
    pub(crate) fn bare(name: &str) -> Key {
        Key { name: name.to_string(), span: 0..0 }
    }
}

/// A TOML basic string.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Reads a TOML document. Every error of syntax goes to `diagnostics`; what could be understood is returned. The parser
/// refuses nesting beyond 80 levels, so the recursion here is bounded.
pub(crate) fn document(text: &str, diagnostics: &mut Diagnostics<'_>) -> Vec<(Key, Item)> {
    let (table, errors) = DeTable::parse_recoverable(text);
    report_syntax(text, errors, diagnostics);
    entries(table.get_ref())
}

/// Reads one TOML value, as [`document`] does a whole file.
pub(crate) fn value(text: &str, diagnostics: &mut Diagnostics<'_>) -> Item {
    let (value, errors) = DeValue::parse_recoverable(text);
    report_syntax(text, errors, diagnostics);
    Item { span: value.span(), raw: convert(value.get_ref()) }
}

fn report_syntax(text: &str, errors: Vec<toml::de::Error>, diagnostics: &mut Diagnostics<'_>) {
    for error in errors {
        let span = error.span().unwrap_or(text.len()..text.len());
        let (what, expected) = error.message().split_once(", expected ").unwrap_or((error.message(), ""));
        let found = text.get(span.clone()).unwrap_or("").trim();
        if what.starts_with("string values must be quoted") && found.is_empty() {
            diagnostics.syntax(span, "a value is missing".to_string(), "write one after the `=`".to_string());
            continue;
        }
        let remedy = syntax_remedy(what, expected, found);
        let found = if found.is_empty() { String::new() } else { format!(": found `{}`", shown(found)) };
        diagnostics.syntax(span, format!("{what}{found}"), remedy);
    }
}

/// What the parser expected, in words that help where it is known what people mean.
fn syntax_remedy(what: &str, expected: &str, found: &str) -> String {
    let is_word = found.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    if is_word && (what.starts_with("string values must be quoted") || what.starts_with("invalid ")) {
        return format!("words and quantities stand in quotes: \"{}\"", shown(found));
    }
    match what {
        "duplicate key" => "give each key once; for several tables write [[…]] with two brackets".to_string(),
        "cannot recurse further; max recursion depth met" | "recursion limit" => {
            "a scenario is nowhere nested so deep".to_string()
        }
        _ if expected.is_empty() => String::new(),
        _ => format!("expected {expected}"),
    }
}

fn entries(table: &DeTable<'_>) -> Vec<(Key, Item)> {
    let pair = |(key, item): (&toml::Spanned<toml::de::DeString<'_>>, &toml::Spanned<DeValue<'_>>)| {
        let key = Key { name: key.get_ref().to_string(), span: key.span() };
        (key, Item { span: item.span(), raw: convert(item.get_ref()) })
    };
    table.iter().map(pair).collect()
}

fn convert(value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Integer(integer) => Raw::Integer {
            text: integer.to_string(),
            value: i128::from_str_radix(integer.as_str(), integer.radix()).ok(),
        },
        DeValue::Float(float) => {
            Raw::Float { text: float.to_string(), value: float.as_str().parse().unwrap_or(f64::NAN) }
        }
        DeValue::Boolean(value) => Raw::Boolean(*value),
        DeValue::Datetime(value) => Raw::DateTime(value.to_string()),
        DeValue::Array(items) => {
            Raw::Array(items.iter().map(|i| Item { span: i.span(), raw: convert(i.get_ref()) }).collect())
        }
        DeValue::Table(table) => Raw::Table(entries(table)),
    }
}

/// Gives every part of a tree the same place: JSON is read line by line and no finer.
pub(crate) fn place_all(raw: &mut Raw, span: &Range<usize>) {
    match raw {
        Raw::Array(items) => {
            for item in items {
                item.span = span.clone();
                place_all(&mut item.raw, span);
            }
        }
        Raw::Table(entries) => {
            for (key, item) in entries {
                key.span = span.clone();
                item.span = span.clone();
                place_all(&mut item.raw, span);
            }
        }
        _ => {}
    }
}

/// From JSON. Unlike `serde_json::Value`, a key given twice is an error rather than a guess.
impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Raw, D::Error> {
        struct Tree;
        impl<'de> Visitor<'de> for Tree {
            type Value = Raw;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, a number, true, false, a list or an object")
            }
            fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
                Ok(Raw::Boolean(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
                Ok(Raw::integer(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
                Ok(Raw::integer(value))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
                Ok(Raw::float(value))
            }
            fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
                Ok(Raw::text(value))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
                let mut all = Vec::new();
                while let Some(raw) = items.next_element()? {
                    all.push(Item::bare(raw));
                }
                Ok(Raw::Array(all))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
                let mut all: Vec<(Key, Item)> = Vec::new();
                let mut names = BTreeSet::new();
                while let Some((name, raw)) = entries.next_entry::<String, Raw>()? {
                    if !names.insert(name.clone()) {
                        return Err(A::Error::custom(format!("the key \"{}\" is given twice", shown(&name))));
                    }
                    all.push((Key::bare(&name), Item::bare(raw)));
                }
                Ok(Raw::Table(all))
            }
        }
        deserializer.deserialize_any(Tree)
    }
}
