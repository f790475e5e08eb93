//! Parameters that hold several values: a list of tables as rows of fields, a distribution as its form and its pairs. Each
//! function reads the TOML that stands there and gives the TOML that stands there afterwards.

use super::document::set_param;
use floodgate::param::ParamSpec;
use std::collections::BTreeMap;
use toml_edit::{Array, InlineTable, Value};

/// The forms of a distribution, each with one to begin with; the first is a length of time that is always the same.
pub const FORMS: &[(&str, &str)] = &[
    ("constant", ""),
    ("exponential", "{ exponential = \"10ms\" }"),
    ("uniform", "{ uniform = [\"5ms\", \"15ms\"] }"),
    ("erlang", "{ erlang = \"10ms\", k = 4 }"),
    ("hyperexponential", "{ hyperexponential = \"10ms\", scv = 4.0 }"),
    ("lognormal", "{ lognormal = \"10ms\", scv = 2.0 }"),
    ("weibull", "{ weibull = \"10ms\", shape = 0.5 }"),
    ("pareto", "{ pareto = [\"10ms\", \"10s\"], shape = 1.2 }"),
    ("quantiles", "{ quantiles = [[0.0, \"10ms\"], [0.5, \"20ms\"], [1.0, \"100ms\"]] }"),
    ("mixture", "{ mixture = [[0.9, \"10ms\"], [0.1, { exponential = \"100ms\" }]] }"),
];
/// What a new distribution takes when nothing is known of the one before.
const USUAL: &str = "\"10ms\"";

fn array(toml: &str) -> Option<Array> {
    match toml.parse().ok()? {
        Value::Array(array) => Some(array),
        _ => None,
    }
}

fn text(value: impl Into<Value>) -> String {
    value.into().decorated("", "").to_string()
}

/// What is written in each table of a list; `None` when it is no such list.
#[must_use]
pub fn rows(toml: &str) -> Option<Vec<BTreeMap<String, String>>> {
    let row = |value: &Value| {
        let table = value.as_inline_table()?;
        Some(table.iter().map(|(key, value)| (key.to_owned(), text(value.clone()))).collect())
    };
    array(toml)?.iter().map(row).collect()
}

/// The list with another value in a table, or its default.
#[must_use]
pub fn set(toml: &str, row: usize, key: &str, value: Option<&str>) -> Option<String> {
    let mut list = array(toml)?;
    let table: &mut InlineTable = list.get_mut(row)?.as_inline_table_mut()?;
    set_param(table, key, value).ok()?;
    table.fmt();
    Some(text(list))
}

/// The list with one more table: like the last, or what it has to have.
#[must_use]
pub fn add(toml: &str, specs: &[ParamSpec]) -> Option<String> {
    let mut list = array(toml)?;
    let required = specs.iter().filter(|s| s.default.is_none() && !s.optional);
    let fresh = || required.map(|s| (s.name, Value::from("?"))).collect::<InlineTable>();
    let table = list.iter().last().and_then(Value::as_inline_table).cloned().unwrap_or_else(fresh);
    list.push(table);
    list.fmt();
    Some(text(list))
}

/// The list without one of its entries.
#[must_use]
pub fn remove(toml: &str, row: usize) -> Option<String> {
    let mut list = array(toml)?;
    (row < list.len()).then(|| list.remove(row))?;
    list.fmt();
    Some(text(list))
}

/// Place of the form of a distribution among [`FORMS`]; `None` when it is none.
#[must_use]
pub fn form(toml: &str) -> Option<usize> {
    match toml.parse().ok()? {
        Value::String(_) => Some(0),
        Value::InlineTable(table) => FORMS.iter().position(|(name, _)| table.contains_key(name)),
        _ => None,
    }
}

/// A distribution of another form. A mean that was said is kept where the form has one.
#[must_use]
pub fn in_form(toml: &str, form: usize) -> String {
    let mean = match toml.parse() {
        Ok(mean @ Value::String(_)) => Some(text(mean)),
        Ok(Value::InlineTable(table)) => FORMS.iter().find_map(|(name, _)| table.get(name)?.as_str().map(text)),
        _ => None,
    };
    let mean = mean.as_deref().unwrap_or(USUAL);
    match FORMS.get(form) {
        Some((name, example)) if example.contains(&format!("{name} = {USUAL}")) => example.replace(USUAL, mean),
        Some((_, example)) if !example.is_empty() => (*example).to_owned(),
        _ => mean.to_owned(),
    }
}

/// The pairs of a distribution by quantiles or of a mixture: shares, and what they take.
#[must_use]
pub fn pairs(toml: &str) -> Option<Vec<(String, String)>> {
    let pair = |value: &Value| {
        let pair = value.as_array().filter(|pair| pair.len() == 2)?;
        Some((text(pair.get(0)?.clone()), text(pair.get(1)?.clone())))
    };
    paired(toml)?.1.iter().map(pair).collect()
}

fn paired(toml: &str) -> Option<(&'static str, Array)> {
    let Value::InlineTable(table) = toml.parse().ok()? else { return None };
    ["quantiles", "mixture"].into_iter().find_map(|name| Some((name, table.get(name)?.as_array()?.clone())))
}

/// The distribution with another pair, one more, or (without a value) one less.
#[must_use]
pub fn set_pair(toml: &str, row: usize, pair: Option<(&str, &str)>) -> Option<String> {
    let (name, mut all) = paired(toml)?;
    match pair {
        Some((share, value)) => {
            let pair = Array::from_iter([share.parse::<Value>().ok()?, value.parse().ok()?]);
            if row < all.len() {
                all.replace(row, pair);
            } else {
                all.push(pair);
            }
        }
        None => _ = (row < all.len()).then(|| all.remove(row))?,
    }
    all.fmt();
    Some(format!("{{ {name} = {} }}", text(all)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use floodgate::param::ParamKind;
    use floodgate::scenario::parse_value;

    fn find(kind: &str, path: &str) -> &'static ParamSpec {
        let descriptor = floodgate::catalogue().iter().find(|d| d.kind == kind).expect("a kind");
        super::super::params::spec(descriptor, path).expect("a parameter")
    }

    #[test]
    fn a_list_is_edited_field_by_field() {
        let spec = find("clients", "classes");
        let ParamKind::List(specs) = spec.kind else { panic!("{spec:?}") };
        let mut list = "[]".to_owned();
        list = add(&list, specs).expect("one more");
        list = set(&list, 0, "name", Some("\"/text\"")).expect("a name");
        list = add(&list, specs).expect("one more");
        list = set(&list, 1, "name", Some("\"/video\"")).expect("a name");
        list = set(&list, 1, "weight", Some("3.0")).expect("a weight");
        assert_eq!(list, r#"[{ name = "/text" }, { name = "/video", weight = 3.0 }]"#);
        assert!(parse_value(spec, &list).is_ok());
        assert_eq!(rows(&list).map(|r| (r.len(), r[1]["weight"].clone())), Some((2, "3.0".to_owned())));
        list = set(&list, 1, "weight", None).and_then(|list| remove(&list, 0)).expect("it is there");
        assert_eq!(list, r#"[{ name = "/video" }]"#);
        assert_eq!((remove(&list, 1), set(&list, 1, "name", None), rows("\"none\"")), (None, None, None));
        assert_eq!(rows("[1]"), None);
    }

    #[test]
    fn a_distribution_changes_its_form_and_keeps_its_mean() {
        let spec = find("service", "service_time");
        for (place, (name, _)) in FORMS.iter().enumerate() {
            for before in [
                "\"25ms\"",
                "{ exponential = \"25ms\" }",
                "{ quantiles = [[0.0, \"1ms\"], [1.0, \"2ms\"]] }",
                "nonsense",
            ] {
                let after = in_form(before, place);
                assert!(parse_value(spec, &after).is_ok(), "{after}");
                assert_eq!(form(&after), Some(place), "{name}: {after}");
            }
        }
        assert_eq!(in_form("\"25ms\"", 5), "{ lognormal = \"25ms\", scv = 2.0 }");
        assert_eq!(in_form("{ erlang = \"25ms\", k = 4 }", 0), "\"25ms\"");
    }

    #[test]
    fn pairs_are_edited_one_by_one() {
        let law = "{ quantiles = [[0.0, \"1ms\"], [1.0, \"2ms\"]] }";
        assert_eq!(pairs(law).map(|p| p[1].clone()), Some(("1.0".to_owned(), "\"2ms\"".to_owned())));
        let law = set_pair(law, 1, Some(("0.5", "\"2ms\""))).expect("another");
        let law = set_pair(&law, 9, Some(("1.0", "\"9ms\""))).expect("one more");
        assert_eq!(law, "{ quantiles = [[0.0, \"1ms\"], [0.5, \"2ms\"], [1.0, \"9ms\"]] }");
        assert!(parse_value(find("service", "service_time"), &law).is_ok());
        assert_eq!(set_pair(&law, 1, None).and_then(|law| pairs(&law)).map(|p| p.len()), Some(2));
        assert_eq!(
            (set_pair(&law, 9, None), set_pair(&law, 0, Some(("x y", "1"))), pairs("\"1ms\"")),
            (None, None, None)
        );
    }
}
