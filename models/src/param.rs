//! Parameters as data: one declaration gives a component its typed `Config`, the scenario file its keys, units and
//! diagnostics, the inspector its fields, and docs/MODELS.md its table.

use floodgate_core::{Code, CodeSet, Dist, Duration};
use std::sync::Arc;

/// What kind of value a parameter takes: enough for a file reader, a schema and an inspector.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ParamKind {
    /// Events per time, written `"120/s"`; limits in 1/s.
    Rate,
    /// Length of time, written `"250ms"`; limits in seconds.
    Duration,
    /// Amount of memory or data, written `"512MiB"`; limits in bytes.
    Bytes,
    /// A plain number, finite.
    Number,
    /// A whole number.
    Integer,
    /// A share between 0 and 1.
    Ratio,
    /// `true` or `false`.
    Boolean,
    /// Any text; limits in characters.
    Text,
    /// Lengths of time that vary: `"8ms"` (constant), `{ exponential = "8ms" }`, `{ uniform = ["1ms", "5ms"] }`,
    /// `{ erlang = "8ms", k = 4 }`, `{ hyperexponential = "8ms", scv = 4.0 }`, `{ lognormal = "8ms", scv = 2.0 }`,
    /// `{ weibull = "8ms", shape = 0.5 }`, `{ pareto = ["1ms", "10s"], shape = 1.2 }`, by quantiles
    /// `{ quantiles = [[0.0, "1ms"], [1.0, "1s"]] }`, mixed `{ mixture = [[0.9, "2ms"], [0.1, "80ms"]] }`; limits in
    /// seconds, on the mean.
    Distribution,
    /// A list of outcome codes: `["502", "timeout"]`.
    Codes,
    /// One of these words.
    Choice(&'static [Choice]),
    /// A table of parameters of its own.
    Group(&'static [ParamSpec]),
    /// A list of such tables; limits are on their number.
    List(&'static [ParamSpec]),
    /// A file that lies beside the scenario and is read with it, by its name.
    File,
}

/// One word of a [`ParamKind::Choice`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// As written in a file.
    pub name: &'static str,
    /// What it means, in a line.
    pub doc: &'static str,
}

/// A parameter: everything the outside needs to know of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParamSpec {
    /// Key in the file.
    pub name: &'static str,
    /// Kind of value.
    pub kind: ParamKind,
    /// The default as it would be written in a file; `None` when the parameter may be absent, which means "without".
    pub default: Option<&'static str>,
    /// May be absent, which is written `"none"` where there is a default; so a text, and a choice with that very word, must
    /// not be optional.
    pub optional: bool,
    /// Smallest value allowed, in the base unit of `kind`.
    pub min: f64,
    /// Largest value allowed, in the base unit of `kind`.
    pub max: f64,
    /// Can be changed while the system runs.
    pub live: bool,
    /// What it means, with the source of the semantics where a real system is meant.
    pub doc: &'static str,
}

/// A value that has been read, checked and converted to base units.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Not given, and there is no default.
    Absent,
    /// Per second.
    Rate(f64),
    /// Length of time.
    Duration(Duration),
    /// Bytes.
    Bytes(u64),
    /// Number, or ratio.
    Number(f64),
    /// Whole number.
    Integer(u64),
    /// Truth value.
    Boolean(bool),
    /// Text.
    Text(String),
    /// Distribution of lengths of time.
    Distribution(Dist),
    /// Outcome codes.
    Codes(CodeSet),
    /// Position in the list of choices.
    Choice(usize),
    /// Values of a group, complete.
    Group(Values),
    /// Values of each of a list of groups, complete.
    List(Vec<Values>),
    /// A file.
    File(FileText),
}

/// A file that was read with the scenario.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct FileText {
    /// Its name; empty is no file.
    pub name: String,
    /// What stands in it.
    pub text: Arc<str>,
}

/// Values of a parameter list by name, complete: defaults are filled in.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Values(pub Vec<(&'static str, Value)>);

impl Values {
    /// The value called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    }

    /// Puts `value` in place of what is called `name`.
    pub fn set(&mut self, name: &'static str, value: Value) {
        match self.0.iter_mut().find(|(n, _)| *n == name) {
            Some(slot) => slot.1 = value,
            None => self.0.push((name, value)),
        }
    }

    /// As [`Values::set_path`], of parameters with this declaration: a group that is absent comes into being with its defaults
    /// when a part of it is named.
    pub fn set_path_of(&mut self, specs: &'static [ParamSpec], path: &str, value: Value) -> bool {
        let Some((first, rest)) = path.split_once('.') else { return self.set_path(path, value) };
        let Some(ParamKind::Group(inner)) = specs.iter().find(|s| s.name == first).map(|s| s.kind) else {
            return false;
        };
        let Some((_, slot)) = self.0.iter_mut().find(|(n, _)| *n == first) else { return false };
        if *slot == Value::Absent {
            *slot = Value::Group(crate::scenario::default_values(inner));
        }
        match slot {
            Value::Group(values) => values.set_path_of(inner, rest, value),
            _ => false,
        }
    }

    /// Puts `value` in place of what the dotted `path` names, such as `retry.attempts`; false when there is no such thing.
    pub fn set_path(&mut self, path: &str, value: Value) -> bool {
        let (first, rest) = match path.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (path, None),
        };
        match (self.0.iter_mut().find(|(n, _)| *n == first), rest) {
            (Some((_, slot)), None) => {
                *slot = value;
                true
            }
            (Some((_, Value::Group(inner))), Some(rest)) => inner.set_path(rest, value),
            _ => false,
        }
    }
}

/// A Rust type that can be a parameter.
pub trait ParamType: Sized {
    /// Its kind.
    const KIND: ParamKind;
    /// Whether there may be none of it.
    const OPTIONAL: bool = false;
    /// The typed value, when `value` is of this kind.
    fn from_value(value: &Value) -> Option<Self>;
}

/// Events per second.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Default)]
pub struct Rate(pub f64);

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Bytes(pub u64);

/// A share between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Default)]
pub struct Ratio(pub f64);

macro_rules! param_type {
    ($type:ty, $kind:expr, $pattern:pat => $result:expr) => {
        impl ParamType for $type {
            const KIND: ParamKind = $kind;
            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    $pattern => Some($result),
                    _ => None,
                }
            }
        }
    };
}
param_type!(Rate, ParamKind::Rate, Value::Rate(r) => Rate(*r));
param_type!(Duration, ParamKind::Duration, Value::Duration(d) => *d);
param_type!(Bytes, ParamKind::Bytes, Value::Bytes(b) => Bytes(*b));
param_type!(Ratio, ParamKind::Ratio, Value::Number(n) => Ratio(*n));
param_type!(f64, ParamKind::Number, Value::Number(n) => *n);
param_type!(u64, ParamKind::Integer, Value::Integer(n) => *n);
param_type!(u32, ParamKind::Integer, Value::Integer(n) => u32::try_from(*n).unwrap_or(u32::MAX));
param_type!(bool, ParamKind::Boolean, Value::Boolean(b) => *b);
param_type!(String, ParamKind::Text, Value::Text(t) => t.clone());
param_type!(Dist, ParamKind::Distribution, Value::Distribution(d) => d.clone());
param_type!(CodeSet, ParamKind::Codes, Value::Codes(c) => *c);
param_type!(FileText, ParamKind::File, Value::File(file) => file.clone());

impl<T: Params> ParamType for Vec<T> {
    const KIND: ParamKind = ParamKind::List(T::SPECS);
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::List(list) => list.iter().map(T::from_values).collect(),
            _ => None,
        }
    }
}

impl<T: ParamType> ParamType for Option<T> {
    const KIND: ParamKind = T::KIND;
    const OPTIONAL: bool = true;
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Absent => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

/// A configuration that is declared with [`params!`](crate::params).
pub trait Params: Sized {
    /// Its parameters, in the order of declaration.
    const SPECS: &'static [ParamSpec];
    /// Typed from a complete list of values.
    fn from_values(values: &Values) -> Option<Self>;
    /// Changes one parameter; false when there is none of that name and kind.
    fn set(&mut self, name: &str, value: &Value) -> bool;
}

impl<T: Params> ParamType for T {
    const KIND: ParamKind = ParamKind::Group(T::SPECS);
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Group(values) => T::from_values(values),
            _ => None,
        }
    }
}

/// Every code a caller may see, for building [`CodeSet`]s in configurations.
#[must_use]
pub fn all_codes() -> &'static [Code] {
    Code::ALL
}

/// Declares a configuration: `name: Type = "default" in min..=max, live;` with a doc comment each. `= none` makes an
/// `Option` that is absent unless given. Limits are in the base unit (seconds, 1/s, bytes).
#[macro_export]
macro_rules! params {
    (
        $(#[$meta:meta])*
        pub struct $config:ident {
            $(
                $(#[doc = $doc:literal])*
                $name:ident : $type:ty = $default:tt $(in $min:tt ..= $max:tt)? $(, $live:ident)? ;
            )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $config {
            $( $(#[doc = $doc])* pub $name: $type, )*
        }
        impl $crate::param::Params for $config {
            const SPECS: &'static [$crate::param::ParamSpec] = &[
                $( $crate::param::ParamSpec {
                    name: stringify!($name),
                    kind: <$type as $crate::param::ParamType>::KIND,
                    default: $crate::params!(@default $default),
                    optional: <$type as $crate::param::ParamType>::OPTIONAL,
                    min: $crate::params!(@limit $($min)?; 0.0),
                    max: $crate::params!(@limit $($max)?; f64::INFINITY),
                    live: $crate::params!(@live $($live)?),
                    doc: concat!($($doc, "\n"),*),
                }, )*
            ];
            fn from_values(values: &$crate::param::Values) -> Option<Self> {
                Some($config {
                    $( $name: <$type as $crate::param::ParamType>::from_value(values.get(stringify!($name))?)?, )*
                })
            }
            fn set(&mut self, name: &str, value: &$crate::param::Value) -> bool {
                match name {
                    $( stringify!($name) => match <$type as $crate::param::ParamType>::from_value(value) {
                        Some(typed) => { self.$name = typed; true }
                        None => false,
                    }, )*
                    _ => false,
                }
            }
        }
    };
    (@default none) => { None };
    (@default $text:literal) => { Some($text) };
    (@limit $value:tt; $default:expr) => { $value as f64 };
    (@limit ; $default:expr) => { $default };
    (@live live) => { true };
    (@live) => { false };
}

/// Declares an enum whose variants are the words of a [`ParamKind::Choice`]; the first is not special, the default stands
/// with the parameter.
#[macro_export]
macro_rules! choices {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[doc = $doc:literal])* $variant:ident = $word:literal , )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $( $(#[doc = $doc])* $variant, )* }
        impl $crate::param::ParamType for $name {
            const KIND: $crate::param::ParamKind = $crate::param::ParamKind::Choice(&[
                $( $crate::param::Choice { name: $word, doc: concat!($($doc, "\n"),*) }, )*
            ]);
            fn from_value(value: &$crate::param::Value) -> Option<Self> {
                const ALL: &[$name] = &[ $( $name::$variant, )* ];
                match value {
                    $crate::param::Value::Choice(i) => ALL.get(*i).copied(),
                    _ => None,
                }
            }
        }
    };
}
