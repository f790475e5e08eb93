//! Values of parameters: read from a file against their declaration, and written back.

use super::problem::{Diagnostics, Problem, Severity, listed, nearest, shown};
use super::raw::{self, Item, Key, Raw};
use super::units;
use crate::param::{FileText, ParamKind, ParamSpec, Params, Value, Values};
use floodgate_core::{Code, CodeSet, Dist, Duration};
use std::ops::Range;

/// How a parameter that may be absent is switched off where it has a default.
pub const NONE: &str = "none";

/// Largest squared coefficient of variation, and largest number of Erlang stages.
const SCV_MAX: f64 = 10_000.0;
const STAGES_MAX: i128 = 1_000;
/// Exponents of the tails of Weibull and Pareto.
const SHAPE_MIN: f64 = 0.05;
const SHAPE_MAX: f64 = 1_000.0;
/// Most points of a law by quantiles, most parts of a mixture, and how deep mixtures may be nested.
const QUANTILES_MAX: usize = 1_000;
const PARTS_MAX: usize = 16;
const MIXTURES_MAX: usize = 3;

/// Longest text of a single value.
const VALUE_BYTES_MAX: usize = 65_536;

/// The configuration in which nothing is given: a policy as it is by itself, for whoever runs on it outside a scenario.
///
/// `None` when a parameter that has no default has to be given.
#[must_use]
pub fn default_config<C: Params>() -> Option<C> {
    let mut diagnostics = Diagnostics::new("");
    C::from_values(&defaults(C::SPECS, "", &mut diagnostics)).filter(|_| diagnostics.is_empty())
}

/// Reads one value from its TOML text, as an inspector does: `parse_value(spec, "\"250ms\"")`.
///
/// # Errors
/// The first problem; its place counts within `text`.
pub fn parse_value(spec: &ParamSpec, text: &str) -> Result<Value, Problem> {
    let mut diagnostics = Diagnostics::new(text);
    if text.len() > VALUE_BYTES_MAX {
        let message = format!("`{}` is {} bytes long; at most {VALUE_BYTES_MAX} are read", spec.name, text.len());
        diagnostics.error(&(0..0), message, describe(spec));
    }
    let mut value = None;
    if diagnostics.is_empty() {
        let item = raw::value(text, &mut diagnostics);
        if diagnostics.is_empty() {
            value = read(spec, &item, spec.name, &mut diagnostics);
        }
    }
    match (value, diagnostics.finish().items.into_iter().next()) {
        (_, Some(problem)) => Err(Problem { remedy: remedy_or(problem.remedy, spec), ..problem }),
        (Some(value), None) => Ok(value),
        (None, None) => Err(Problem {
            severity: Severity::Error,
            line: 1,
            column: 1,
            span: 0..text.len(),
            message: format!("`{}` could not be read", spec.name),
            remedy: describe(spec),
        }),
    }
}

fn remedy_or(remedy: String, spec: &ParamSpec) -> String {
    if remedy.is_empty() { describe(spec) } else { remedy }
}

/// The canonical TOML text of a value: what [`parse_value`] reads back as the same value.
#[must_use]
pub fn value_text(kind: ParamKind, value: &Value) -> String {
    value_raw(kind, value).to_toml()
}

/// The same for JSON, where tables are objects.
pub(crate) fn value_raw(kind: ParamKind, value: &Value) -> Raw {
    match (kind, value) {
        (_, Value::Absent) => Raw::text(NONE),
        (_, Value::Rate(rate)) => Raw::text(units::rate_text(*rate)),
        (_, Value::Duration(length)) => Raw::text(length.to_string()),
        (_, Value::Bytes(bytes)) => Raw::text(units::bytes_text(*bytes)),
        (_, Value::Number(number)) => Raw::float(*number),
        (_, Value::Integer(integer)) => Raw::integer(*integer),
        (_, Value::Boolean(value)) => Raw::Boolean(*value),
        (_, Value::Text(text)) => Raw::text(text.clone()),
        (_, Value::Distribution(dist)) => distribution_raw(dist),
        (_, Value::Codes(codes)) => {
            let names = Code::ALL.iter().filter(|c| codes.contains(**c));
            Raw::Array(names.map(|c| Item::bare(Raw::text(c.name()))).collect())
        }
        (ParamKind::Choice(choices), Value::Choice(i)) => Raw::text(choices.get(*i).map_or("", |choice| choice.name)),
        (ParamKind::Group(specs), Value::Group(values)) => {
            let pair = |spec: &ParamSpec| {
                let value = values.get(spec.name)?;
                // What may be absent and is absent without being said need not be said.
                let silent = *value == Value::Absent && spec.default.is_none();
                (!silent).then(|| (Key::bare(spec.name), Item::bare(value_raw(spec.kind, value))))
            };
            Raw::Table(specs.iter().filter_map(pair).collect())
        }
        (ParamKind::List(specs), Value::List(list)) => {
            let table = |values: &Values| Item::bare(value_raw(ParamKind::Group(specs), &Value::Group(values.clone())));
            Raw::Array(list.iter().map(table).collect())
        }
        (_, Value::File(file)) => Raw::text(file.name.clone()),
        // A value of another kind than its parameter does not come about; it would read back as an error.
        (_, Value::Choice(_) | Value::Group(_) | Value::List(_)) => Raw::text(""),
    }
}

fn distribution_raw(dist: &Dist) -> Raw {
    let time = |d: &Duration| Raw::text(d.to_string());
    match dist {
        Dist::Constant(value) => time(value),
        Dist::Uniform(low, high) => {
            Raw::table([("uniform", Raw::Array(vec![Item::bare(time(low)), Item::bare(time(high))]))])
        }
        Dist::Exponential(mean) => Raw::table([("exponential", time(mean))]),
        Dist::Erlang { mean, k } => Raw::table([("erlang", time(mean)), ("k", Raw::integer(*k))]),
        Dist::Hyperexponential { mean, scv } => {
            Raw::table([("hyperexponential", time(mean)), ("scv", Raw::float(*scv))])
        }
        Dist::Lognormal { mean, scv } => Raw::table([("lognormal", time(mean)), ("scv", Raw::float(*scv))]),
        Dist::Weibull { mean, shape } => Raw::table([("weibull", time(mean)), ("shape", Raw::float(*shape))]),
        Dist::Pareto { shape, min, max } => {
            let ends = Raw::Array(vec![Item::bare(time(min)), Item::bare(time(max))]);
            Raw::table([("pareto", ends), ("shape", Raw::float(*shape))])
        }
        Dist::Empirical(points) => {
            let pair = |(share, value): &(f64, Duration)| pair_raw(*share, time(value));
            Raw::table([("quantiles", Raw::Array(points.iter().map(pair).collect()))])
        }
        Dist::Mixture(parts) => {
            let pair = |(weight, dist): &(f64, Dist)| pair_raw(*weight, distribution_raw(dist));
            Raw::table([("mixture", Raw::Array(parts.iter().map(pair).collect()))])
        }
    }
}

fn pair_raw(number: f64, value: Raw) -> Item {
    Item::bare(Raw::Array(vec![Item::bare(Raw::float(number)), Item::bare(value)]))
}

/// What would be right for a parameter, with its range in its own notation.
#[must_use]
pub fn describe(spec: &ParamSpec) -> String {
    let what = match spec.kind {
        ParamKind::Rate => format!("a rate{} such as \"120/s\" (/ms, /s, /min, /h)", range(spec)),
        ParamKind::Duration => {
            format!("a length of time{} such as \"250ms\" (ns, us, ms, s, min, h)", range(spec))
        }
        ParamKind::Bytes => {
            format!("an amount of memory{} such as \"512MiB\" (B, KB, MB, GB, KiB, MiB, GiB)", range(spec))
        }
        ParamKind::Number => format!("a number{}", range(spec)),
        ParamKind::Integer if spec.min == spec.max => format!("{}", spec.min),
        ParamKind::Integer => format!("a whole number{}", range(spec)),
        ParamKind::Ratio => format!("a share{}, such as 0.25", range(spec)),
        ParamKind::Boolean => "true or false".to_string(),
        ParamKind::Text if spec.max.is_finite() => format!("a text of at most {} characters", spec.max),
        ParamKind::Text => "a text in quotes".to_string(),
        ParamKind::Distribution => format!(
            "a length of time such as \"8ms\" or a distribution such as {{ exponential = \"8ms\" }}, its mean{}",
            range(spec)
        ),
        ParamKind::Codes => {
            let codes: Vec<&str> = Code::ALL.iter().map(|c| c.name()).collect();
            format!("a list such as [\"502\", \"timeout\"] of: {}", listed(&codes))
        }
        ParamKind::Choice(choices) => {
            let names: Vec<String> = choices.iter().map(|c| format!("\"{}\"", c.name)).collect();
            format!("one of {}", names.join(", "))
        }
        ParamKind::Group(specs) => {
            let names: Vec<&str> = specs.iter().map(|s| s.name).collect();
            format!("a table {{ … }} of: {}", listed(&names))
        }
        ParamKind::List(specs) => {
            let names: Vec<&str> = specs.iter().map(|s| s.name).collect();
            format!("a list [{{ … }}, …] of at most {} tables, each of: {}", spec.max, listed(&names))
        }
        ParamKind::File => "the name of a file that lies beside the scenario, such as \"access.log\"".to_string(),
    };
    if has_none(spec) { format!("{what}, or \"{NONE}\"") } else { what }
}

/// Whether [`NONE`] switches the parameter off: not where it is a text or a word with a meaning of its own.
fn has_none(spec: &ParamSpec) -> bool {
    spec.optional
        && match spec.kind {
            ParamKind::Text => false,
            ParamKind::Choice(choices) => choices.iter().all(|choice| choice.name != NONE),
            _ => true,
        }
}

/// A limit of a parameter in its own notation.
#[must_use]
pub fn limit_text(kind: ParamKind, limit: f64) -> String {
    match kind {
        ParamKind::Rate => units::rate_text(limit),
        ParamKind::Duration | ParamKind::Distribution => units::duration_limit_text(Duration::from_secs_f64(limit)),
        ParamKind::Bytes => units::bytes_text(limit as u64),
        _ => format!("{limit}"),
    }
}

/// ` from 1us to 24h`, ` of at least 0/s`.
fn range(spec: &ParamSpec) -> String {
    if spec.min == f64::NEG_INFINITY {
        String::new()
    } else if spec.max.is_finite() {
        format!(" from {} to {}", limit_text(spec.kind, spec.min), limit_text(spec.kind, spec.max))
    } else {
        format!(" of at least {}", limit_text(spec.kind, spec.min))
    }
}

/// Reads a value that has been given. `None` when it is wrong, and then the problem has been told.
pub(crate) fn read(spec: &ParamSpec, item: &Item, path: &str, diagnostics: &mut Diagnostics<'_>) -> Option<Value> {
    if let ParamKind::Group(specs) = spec.kind {
        return read_group(spec, specs, item, path, diagnostics);
    }
    if let ParamKind::List(specs) = spec.kind {
        return read_list(spec, specs, item, path, diagnostics);
    }
    if let (ParamKind::File, Raw::Text(name)) = (spec.kind, &item.raw) {
        return read_file(name, item, path, diagnostics);
    }
    if has_none(spec) && matches!(&item.raw, Raw::Text(text) if text == NONE) {
        return Some(Value::Absent);
    }
    match scalar(spec, &item.raw) {
        Ok(value) => Some(value),
        Err(wrong) => {
            let span = wrong.within.unwrap_or_else(|| item.span.clone());
            let remedy = wrong.remedy.unwrap_or_else(|| describe(spec));
            diagnostics.error(&span, format!("`{path}` is {}, which {}", item.raw.shown(), wrong.reason), remedy);
            None
        }
    }
}

/// Why a value is wrong.
struct Wrong {
    /// Follows "which": `has no unit`.
    reason: String,
    /// Instead of the description of the parameter.
    remedy: Option<String>,
    /// The part that is wrong.
    within: Option<Range<usize>>,
}

impl From<String> for Wrong {
    fn from(reason: String) -> Wrong {
        Wrong { reason, remedy: None, within: None }
    }
}

impl From<&str> for Wrong {
    fn from(reason: &str) -> Wrong {
        reason.to_string().into()
    }
}

fn scalar(spec: &ParamSpec, raw: &Raw) -> Result<Value, Wrong> {
    let value = match (spec.kind, raw) {
        (ParamKind::Rate, Raw::Text(text)) => Value::Rate(units::rate(text)?),
        (ParamKind::Duration, Raw::Text(text)) => Value::Duration(units::duration(text)?),
        (ParamKind::Bytes, Raw::Text(text)) => Value::Bytes(units::bytes(text)?),
        (
            ParamKind::Rate | ParamKind::Duration | ParamKind::Bytes | ParamKind::Distribution,
            Raw::Integer { .. } | Raw::Float { .. },
        ) => return Err(without_unit(spec, raw)),
        (ParamKind::Number | ParamKind::Ratio, raw) => Value::Number(number(raw)?),
        (ParamKind::Integer, Raw::Integer { value, .. }) => Value::Integer(whole(*value)?),
        (ParamKind::Integer, Raw::Float { .. }) => return Err("is not written as a whole number".into()),
        (ParamKind::Boolean, Raw::Boolean(value)) => Value::Boolean(*value),
        (ParamKind::Text, Raw::Text(text)) => Value::Text(plain(text)?),
        (ParamKind::Distribution, raw) => Value::Distribution(distribution(raw)?),
        (ParamKind::Codes, Raw::Array(items)) => Value::Codes(codes(items)?),
        (ParamKind::Choice(choices), Raw::Text(text)) => {
            let found = choices.iter().position(|choice| choice.name == text);
            let names: Vec<&str> = choices.iter().map(|choice| choice.name).collect();
            let wrong = || Wrong { remedy: did_you_mean(text, &names, spec), ..Wrong::from("is not one of the words") };
            Value::Choice(found.ok_or_else(wrong)?)
        }
        _ => return Err(format!("is {}", type_name(raw)).into()),
    };
    in_range(spec, &value)?;
    Ok(value)
}

fn did_you_mean(found: &str, names: &[&str], spec: &ParamSpec) -> Option<String> {
    nearest(found, names).map(|near| format!("did you mean \"{near}\"? {}", describe(spec)))
}

fn type_name(raw: &Raw) -> &'static str {
    match raw {
        Raw::Text(_) => "a text",
        Raw::Integer { .. } | Raw::Float { .. } => "a number",
        Raw::Boolean(_) => "a truth value",
        Raw::DateTime(_) => "a date or time of day",
        Raw::Array(_) => "a list",
        Raw::Table(_) => "a table",
    }
}

/// A bare number where a quantity belongs: the remedy shows that very number with a unit.
fn without_unit(spec: &ParamSpec, raw: &Raw) -> Wrong {
    if let Err(wrong) = number(raw) {
        return wrong;
    }
    let number = raw.shown();
    if number.starts_with('-') {
        return "is negative and has no unit".into();
    }
    let unit = match spec.kind {
        ParamKind::Rate => "/s",
        ParamKind::Bytes => "MiB",
        // Times of the run are mostly meant in seconds, parameters in milliseconds.
        _ if spec.max > 86_400.0 => "s",
        _ => "ms",
    };
    let plain =
        matches!(raw, Raw::Integer { .. } | Raw::Float { .. }) && number.bytes().all(|b| b"0123456789.".contains(&b));
    let remedy = plain.then(|| format!("write for example \"{number}{unit}\": {}", describe(spec)));
    Wrong { reason: "has no unit".to_string(), remedy, within: None }
}

fn number(raw: &Raw) -> Result<f64, Wrong> {
    match raw {
        Raw::Float { value, .. } if value.is_nan() => Err("is not a number".into()),
        Raw::Float { value, .. } if value.is_infinite() => Err("is not finite".into()),
        Raw::Float { value, .. } => Ok(*value),
        Raw::Integer { value: Some(value), .. } => Ok(*value as f64),
        Raw::Integer { value: None, .. } => Err("has too many digits".into()),
        other => Err(format!("is {}", type_name(other)).into()),
    }
}

fn whole(value: Option<i128>) -> Result<u64, Wrong> {
    let value = value.ok_or("has too many digits")?;
    if value < 0 {
        return Err("is negative".into());
    }
    u64::try_from(value).map_err(|_| "is above the largest whole number, 18446744073709551615".into())
}

/// Text that can be printed anywhere: line breaks and tabs are the only control characters.
fn plain(text: &str) -> Result<String, Wrong> {
    match text.chars().find(|c| c.is_control() && *c != '\n' && *c != '\t') {
        Some(c) => Err(format!("contains the control character {}", c.escape_debug()).into()),
        None => Ok(text.to_string()),
    }
}

fn codes(items: &[Item]) -> Result<CodeSet, Wrong> {
    let mut set = CodeSet::default();
    for item in items {
        let wrong = |reason: String| Wrong { reason, remedy: None, within: Some(item.span.clone()) };
        let code = match &item.raw {
            Raw::Text(text) => Code::from_name(text),
            _ => None,
        };
        let code = code.ok_or_else(|| wrong(format!("has {}, not a code", item.raw.shown())))?;
        if set.contains(code) {
            return Err(wrong(format!("has \"{}\" twice", code.name())));
        }
        set = set.with(code);
    }
    Ok(set)
}

const DISTRIBUTIONS: &str = "\"8ms\", { exponential = \"8ms\" }, { uniform = [\"1ms\", \"5ms\"] }, \
     { erlang = \"8ms\", k = 4 }, { hyperexponential = \"8ms\", scv = 4.0 }, { lognormal = \"8ms\", scv = 2.0 }, \
     { weibull = \"8ms\", shape = 0.5 }, { pareto = [\"1ms\", \"10s\"], shape = 1.2 }, \
     { quantiles = [[0.0, \"1ms\"], [0.5, \"4ms\"], [1.0, \"1s\"]] } or \
     { mixture = [[0.9, \"2ms\"], [0.1, { exponential = \"80ms\" }]] }";

/// The forms of a distribution, and the one more key that a form needs.
const FORMS: [(&str, Option<&str>); 9] = [
    ("exponential", None),
    ("uniform", None),
    ("erlang", Some("k")),
    ("hyperexponential", Some("scv")),
    ("lognormal", Some("scv")),
    ("weibull", Some("shape")),
    ("pareto", Some("shape")),
    ("quantiles", None),
    ("mixture", None),
];

fn distribution(raw: &Raw) -> Result<Dist, Wrong> {
    distribution_within(raw, MIXTURES_MAX)
}

/// A distribution that may hold mixtures nested so deep.
fn distribution_within(raw: &Raw, mixtures: usize) -> Result<Dist, Wrong> {
    let entries = match raw {
        Raw::Text(text) => return Ok(Dist::Constant(units::duration(text)?)),
        Raw::Table(entries) => entries,
        other => return Err(shape(format!("is {}", type_name(other)))),
    };
    let get = |name: &str| entries.iter().find(|(key, _)| key.name == name).map(|(_, item)| item);
    let mut forms = FORMS.iter().filter_map(|(form, extra)| get(form).map(|item| (*form, *extra, item)));
    let (form, extra, item) = forms.next().ok_or_else(|| match entries.first() {
        Some((key, _)) => match nearest(&key.name, &FORMS.map(|(form, _)| form)) {
            Some(near) => {
                part_of(&key.span, format!("has the unknown key `{}` (did you mean `{near}`?)", shown(&key.name)))
            }
            None => part_of(&key.span, format!("has the unknown key `{}`", shown(&key.name))),
        },
        None => shape("is empty".to_string()),
    })?;
    if let Some((other, ..)) = forms.next() {
        return Err(shape(format!("is both `{form}` and `{other}`")));
    }
    if let Some((key, _)) = entries.iter().find(|(key, _)| key.name != form && Some(key.name.as_str()) != extra) {
        let reason = format!("has the unknown key `{}`", shown(&key.name));
        return Err(part_of(&key.span, reason));
    }
    let extra = match extra {
        Some(name) => Some(get(name).ok_or_else(|| shape(format!("has no `{name}`")))?),
        None => None,
    };
    match (form, extra) {
        ("exponential", _) => Ok(Dist::Exponential(time_of(form, item)?)),
        ("uniform", _) => ends(form, item).map(|(low, high)| Dist::Uniform(low, high)),
        ("quantiles", _) => quantiles(item),
        ("mixture", _) => mixture(item, mixtures),
        ("erlang", Some(extra)) => Ok(Dist::Erlang { mean: time_of(form, item)?, k: stages(extra)? }),
        ("hyperexponential", Some(extra)) => {
            Ok(Dist::Hyperexponential { mean: time_of(form, item)?, scv: between("scv", extra, 1.0, SCV_MAX)? })
        }
        ("weibull", Some(extra)) => Ok(Dist::Weibull { mean: time_of(form, item)?, shape: tail(extra)? }),
        ("pareto", Some(extra)) => pareto(item, tail(extra)?),
        (_, Some(extra)) => {
            Ok(Dist::Lognormal { mean: time_of(form, item)?, scv: between("scv", extra, 0.0, SCV_MAX)? })
        }
        (_, None) => Err(shape("has none of the forms".to_string())),
    }
}

fn pareto(item: &Item, shape: f64) -> Result<Dist, Wrong> {
    let (min, max) = ends("pareto", item)?;
    if min == Duration::ZERO {
        return Err(part(item, "has `pareto` from 0s on: its smallest value is above 0".to_string()));
    }
    if min == max {
        return Err(part(item, format!("has `pareto` from {min} to {max}: write \"{min}\"")));
    }
    Ok(Dist::Pareto { shape, min, max })
}

/// The exponent of a tail.
fn tail(item: &Item) -> Result<f64, Wrong> {
    between("shape", item, SHAPE_MIN, SHAPE_MAX)
}

/// The pairs of a list, each of a number from 0 on and something else.
fn pairs<'i>(form: &str, item: &'i Item, max: usize) -> Result<Vec<(f64, &'i Item, &'i Item)>, Wrong> {
    let Raw::Array(items) = &item.raw else {
        return Err(part(item, format!("has `{form}` = {}, not a list of pairs", item.raw.shown())));
    };
    if items.is_empty() || items.len() > max {
        return Err(part(item, format!("has `{form}` with {} pairs, not 1 to {max}", items.len())));
    }
    let pair = |item: &'i Item| {
        let Raw::Array(two) = &item.raw else {
            return Err(part(item, format!("has {} in `{form}`, not a pair", item.raw.shown())));
        };
        let [share, value] = two.as_slice() else {
            return Err(part(item, format!("has {} in `{form}`, not a pair", item.raw.shown())));
        };
        match number(&share.raw) {
            Ok(share_of) if share_of >= 0.0 => Ok((share_of, share, value)),
            _ => Err(part(share, format!("has {} in `{form}`, not a number from 0 on", share.raw.shown()))),
        }
    };
    items.iter().map(pair).collect()
}

fn quantiles(item: &Item) -> Result<Dist, Wrong> {
    let mut points: Vec<(f64, Duration)> = Vec::new();
    for (share, at, value) in pairs("quantiles", item, QUANTILES_MAX)? {
        let value_of = time_of("quantiles", value)?;
        match points.last() {
            None if share != 0.0 => {
                return Err(part(at, format!("has `quantiles` that begin at {share:?}, not at 0.0")));
            }
            Some((before, _)) if share <= *before => {
                return Err(part(at, format!("has `quantiles` with {share:?} after {before:?}")));
            }
            Some((_, before)) if value_of < *before => {
                return Err(part(value, format!("has `quantiles` that go down from {before} to {value_of}")));
            }
            _ => points.push((share, value_of)),
        }
    }
    match points.last() {
        Some((1.0, _)) => Ok(Dist::Empirical(points.into())),
        last => {
            let end = last.map_or(0.0, |(share, _)| *share);
            Err(part(item, format!("has `quantiles` that end at {end:?}, not at 1.0")))
        }
    }
}

fn mixture(item: &Item, mixtures: usize) -> Result<Dist, Wrong> {
    if mixtures == 0 {
        return Err(part(item, format!("has mixtures nested deeper than {MIXTURES_MAX}")));
    }
    let mut parts = Vec::new();
    for (weight, _, value) in pairs("mixture", item, PARTS_MAX)? {
        let dist = distribution_within(&value.raw, mixtures - 1);
        let placed = |wrong: Wrong| Wrong { within: wrong.within.or_else(|| Some(value.span.clone())), ..wrong };
        parts.push((weight, dist.map_err(placed)?));
    }
    let total: f64 = parts.iter().map(|(weight, _)| weight).sum();
    if total <= 0.0 || !total.is_finite() {
        return Err(part(item, format!("has a `mixture` whose weights add up to {total:?}")));
    }
    Ok(Dist::Mixture(parts.into()))
}

fn shape(reason: String) -> Wrong {
    Wrong { reason, remedy: Some(DISTRIBUTIONS.to_string()), within: None }
}

fn part(item: &Item, reason: String) -> Wrong {
    part_of(&item.span, reason)
}

fn part_of(span: &Range<usize>, reason: String) -> Wrong {
    Wrong { within: Some(span.clone()), ..shape(reason) }
}

fn time_of(form: &str, item: &Item) -> Result<Duration, Wrong> {
    let told = |reason: &str| part(item, format!("has `{form}` = {}, which {reason}", item.raw.shown()));
    match &item.raw {
        Raw::Text(text) => units::duration(text).map_err(|reason| told(&reason)),
        Raw::Integer { .. } | Raw::Float { .. } => Err(told("has no unit")),
        other => Err(told(&format!("is {}", type_name(other)))),
    }
}

/// The smallest and the largest value.
fn ends(form: &str, item: &Item) -> Result<(Duration, Duration), Wrong> {
    let Raw::Array(ends) = &item.raw else {
        return Err(part(item, format!("has `{form}` = {}, not a list of two", item.raw.shown())));
    };
    let [low, high] = ends.as_slice() else {
        return Err(part(item, format!("has `{form}` with {} ends instead of two", ends.len())));
    };
    let (low, high) = (time_of(form, low)?, time_of(form, high)?);
    if low > high {
        return Err(part(item, format!("has `{form}` from {low} down to {high}")));
    }
    Ok((low, high))
}

fn stages(item: &Item) -> Result<u32, Wrong> {
    match item.raw {
        Raw::Integer { value: Some(k @ 1..=STAGES_MAX), .. } => Ok(k as u32),
        _ => Err(part(item, format!("has `k` = {}, not a whole number from 1 to {STAGES_MAX}", item.raw.shown()))),
    }
}

fn between(name: &str, item: &Item, min: f64, max: f64) -> Result<f64, Wrong> {
    match number(&item.raw) {
        Ok(number) if (min..=max).contains(&number) => Ok(number),
        _ => Err(part(item, format!("has `{name}` = {}, not a number from {min} to {max}", item.raw.shown()))),
    }
}

/// Compares in whole nanoseconds and bytes where the value is whole, so that a limit is itself allowed.
fn in_range(spec: &ParamSpec, value: &Value) -> Result<(), Wrong> {
    let time = |d: Duration| order(d, Duration::from_secs_f64(spec.min), Duration::from_secs_f64(spec.max));
    let outside = match value {
        Value::Rate(x) | Value::Number(x) => order(*x, spec.min, spec.max),
        Value::Duration(d) => time(*d),
        Value::Distribution(d) => time(d.mean()),
        Value::Bytes(n) | Value::Integer(n) => order(*n, spec.min as u64, spec.max as u64),
        Value::Text(text) => order(text.chars().count() as u64, spec.min as u64, spec.max as u64),
        _ => None,
    };
    let (Some(outside), text) = (outside, matches!(value, Value::Text(_))) else { return Ok(()) };
    Err(match (outside, text) {
        (Outside::Below, true) => "is too short".into(),
        (Outside::Above, true) => "is too long".into(),
        (Outside::Below, _) if spec.min == 0.0 => "is negative".into(),
        (Outside::Below, _) => format!("is below the smallest allowed, {}", limit_text(spec.kind, spec.min)).into(),
        (Outside::Above, _) if spec.max.is_infinite() => "is not finite".into(),
        (Outside::Above, _) => format!("is above the largest allowed, {}", limit_text(spec.kind, spec.max)).into(),
    })
}

enum Outside {
    Below,
    Above,
}

fn order<T: PartialOrd>(value: T, min: T, max: T) -> Option<Outside> {
    if value < min {
        Some(Outside::Below)
    } else if value > max {
        Some(Outside::Above)
    } else {
        None
    }
}

fn read_group(
    spec: &ParamSpec,
    specs: &'static [ParamSpec],
    item: &Item,
    path: &str,
    diagnostics: &mut Diagnostics<'_>,
) -> Option<Value> {
    let entries = match &item.raw {
        Raw::Table(entries) => entries,
        Raw::Text(text) if spec.optional && text == NONE => return Some(Value::Absent),
        other => {
            let message = format!("`{path}` is {}, which is {}", other.shown(), type_name(other));
            diagnostics.error(&item.span, message, describe(spec));
            return None;
        }
    };
    // What the table leaves out is as in the default of the whole group.
    let mut values = match default_of(spec, path, diagnostics) {
        Some(Value::Group(values)) => values,
        _ => defaults(specs, path, diagnostics),
    };
    for (key, item) in entries {
        match specs.iter().find(|s| s.name == key.name) {
            Some(spec) => {
                if let Some(value) = read(spec, item, &format!("{path}.{}", spec.name), diagnostics) {
                    values.set(spec.name, value);
                }
            }
            None => {
                unknown_key(key, &format!("`{path}`"), specs.iter().map(|s| s.name), diagnostics);
            }
        }
    }
    Some(Value::Group(values))
}

fn read_list(
    spec: &ParamSpec,
    specs: &'static [ParamSpec],
    item: &Item,
    path: &str,
    diagnostics: &mut Diagnostics<'_>,
) -> Option<Value> {
    let Raw::Array(items) = &item.raw else {
        let message = format!("`{path}` is {}, which is {}", item.raw.shown(), type_name(&item.raw));
        diagnostics.error(&item.span, message, describe(spec));
        return None;
    };
    if items.len() as f64 > spec.max {
        let message = format!("`{path}` has {} tables, more than the limit of {}", items.len(), spec.max);
        diagnostics.error(&item.span, message, "leave some out");
        return None;
    }
    let mut list = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let path = format!("{path}[{place}]");
        let Raw::Table(entries) = &item.raw else {
            let message = format!("`{path}` is {}, which is {}", item.raw.shown(), type_name(&item.raw));
            diagnostics.error(&item.span, message, describe(spec));
            continue;
        };
        let mut values = defaults(specs, &path, diagnostics);
        let what = format!("`{path}`");
        read_params(specs, entries.iter(), (&path, &what, &[]), &mut values, diagnostics);
        list.push(values);
    }
    Some(Value::List(list))
}

fn read_file(name: &str, item: &Item, path: &str, diagnostics: &mut Diagnostics<'_>) -> Option<Value> {
    if name.is_empty() {
        return Some(Value::File(FileText::default()));
    }
    match diagnostics.file(name) {
        Ok(text) => Some(Value::File(FileText { name: name.to_owned(), text })),
        Err(why) => {
            let message = format!("`{path}`: the file \"{}\" {why}", shown(name));
            diagnostics.error(&item.span, message, "put the file beside the scenario, or name one that is there");
            None
        }
    }
}

/// The values of a list of parameters of which none is given: of a catalogue that is sound.
pub(crate) fn default_values(specs: &'static [ParamSpec]) -> Values {
    defaults(specs, "", &mut Diagnostics::new(""))
}

/// The values of a list of parameters of which none is given.
pub(crate) fn defaults(specs: &'static [ParamSpec], path: &str, diagnostics: &mut Diagnostics<'_>) -> Values {
    let value = |spec: &ParamSpec| {
        let value = default_of(spec, path, diagnostics).unwrap_or(Value::Absent);
        (spec.name, value)
    };
    Values(specs.iter().map(value).collect())
}

/// The default of a parameter; `None` when it has none. That of a component of the user's own may be wrong, and is then a
/// problem without a place.
fn default_of(spec: &ParamSpec, path: &str, diagnostics: &mut Diagnostics<'_>) -> Option<Value> {
    let text = spec.default?;
    let mut own = Diagnostics::new(text);
    let item = raw::value(text, &mut own);
    let value = match (spec.kind, &item.raw) {
        // An empty table is every default of the group; asking for the default of the group again would not end.
        (ParamKind::Group(specs), Raw::Table(entries)) => {
            let mut values = defaults(specs, path, &mut own);
            for (key, item) in entries {
                if let Some(spec) = specs.iter().find(|s| s.name == key.name)
                    && let Some(value) = read(spec, item, spec.name, &mut own)
                {
                    values.set(spec.name, value);
                }
            }
            Some(Value::Group(values))
        }
        _ => read(spec, &item, spec.name, &mut own),
    };
    if !own.is_empty() {
        let message = format!("the catalogue's own default of `{path}.{}` is wrong: {}", spec.name, own.finish());
        diagnostics.error(&(0..0), message, "correct the declaration of the component");
        return None;
    }
    value
}

/// The default of a key that has one.
pub(crate) fn defaults_of_key(spec: &ParamSpec, diagnostics: &mut Diagnostics<'_>) -> Option<Value> {
    default_of(spec, "", diagnostics)
}

/// Puts given values into complete ones. `id` begins the paths of values, `what` names the owner in messages; keys in
/// `known` are the caller's and valid too.
pub(crate) fn read_params<'i>(
    specs: &'static [ParamSpec],
    given: impl Iterator<Item = &'i (Key, Item)>,
    (id, what, known): (&str, &str, &[&str]),
    values: &mut Values,
    diagnostics: &mut Diagnostics<'_>,
) {
    for (key, item) in given {
        let Some(spec) = specs.iter().find(|s| s.name == key.name) else {
            let valid = known.iter().copied().chain(specs.iter().map(|s| s.name));
            unknown_key(key, what, valid, diagnostics);
            continue;
        };
        if let Some(value) = read(spec, item, &format!("{id}.{}", spec.name), diagnostics) {
            values.set(spec.name, value);
        }
    }
}

pub(crate) fn unknown_key<'n>(
    key: &Key,
    what: &str,
    valid: impl IntoIterator<Item = &'n str>,
    diagnostics: &mut Diagnostics<'_>,
) {
    let remedy = diagnostics.instead(&key.name, "keys", valid);
    diagnostics.error(&key.span, format!("unknown key `{}` in {what}", shown(&key.name)), remedy);
}

/// Which parameters a patch may change.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Of a system that runs.
    Live,
    /// Of a file.
    Any,
}

/// Reads changes of parameters, `"retry.attempts" = 0` or `retry = { attempts = 0 }`, as values by dotted names: of a group
/// only what is named changes.
pub(crate) struct Patch<'a> {
    /// Begins the paths of values.
    pub(crate) id: &'a str,
    /// Names the owner in messages.
    pub(crate) what: &'a str,
    pub(crate) scope: Scope,
    pub(crate) changes: Vec<(String, Value)>,
}

impl Patch<'_> {
    /// One entry. `prefix` is the group it stands in, with a dot.
    pub(crate) fn read(
        &mut self,
        specs: &'static [ParamSpec],
        prefix: &str,
        (key, item): (&Key, &Item),
        diagnostics: &mut Diagnostics<'_>,
    ) {
        let (first, rest) = match key.name.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (key.name.as_str(), None),
        };
        let name = format!("{prefix}{first}");
        let usable = |s: &&ParamSpec| self.scope == Scope::Any || s.live;
        let Some(spec) = specs.iter().find(|s| s.name == first) else {
            let remedy = diagnostics.instead(first, "parameters", specs.iter().filter(usable).map(|s| s.name));
            let message = format!("{} has no parameter `{}`", self.what, shown(&name));
            diagnostics.error(&key.span, message, remedy);
            return;
        };
        if !usable(&spec) {
            let live: Vec<&str> = specs.iter().filter(usable).map(|s| s.name).collect();
            let message = format!("`{}.{name}` cannot change while the system runs", self.id);
            diagnostics.error(&key.span, message, format!("these can: {}", listed(&live)));
            return;
        }
        match (spec.kind, rest, &item.raw) {
            (ParamKind::Group(specs), Some(rest), _) => {
                let key = Key { name: rest.to_string(), span: key.span.clone() };
                self.read(specs, &format!("{name}."), (&key, item), diagnostics);
            }
            (ParamKind::Group(specs), None, Raw::Table(entries)) => {
                for (key, item) in entries {
                    self.read(specs, &format!("{name}."), (key, item), diagnostics);
                }
            }
            (_, Some(rest), _) => {
                let message = format!("`{}.{name}` is not a group: it has no `{}`", self.id, shown(rest));
                diagnostics.error(&key.span, message, describe(spec));
            }
            (_, None, _) => self.change(spec, name, (key, item), diagnostics),
        }
    }

    fn change(
        &mut self,
        spec: &ParamSpec,
        name: String,
        (key, item): (&Key, &Item),
        diagnostics: &mut Diagnostics<'_>,
    ) {
        if self.changes.iter().any(|(n, _)| *n == name) {
            diagnostics.error(&key.span, format!("`{}.{name}` is given twice", self.id), "give it once");
        } else if let Some(value) = read(spec, item, &format!("{}.{name}", self.id), diagnostics) {
            self.changes.push((name, value));
        }
    }
}
