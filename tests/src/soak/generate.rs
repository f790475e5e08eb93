//! Values, files and control logs made from the catalogue: mostly such as somebody might write, now and then not.

use super::chance::Chance;
use super::mutate::NUMBERS;
use floodgate::Code;
use floodgate::catalogue::Descriptor;
use floodgate::param::{ParamKind, ParamSpec};
use std::fmt::Write;

/// A value that can be written in a scenario file and in a control log.
#[derive(Clone, Debug)]
pub enum Tree {
    /// A number, a truth value or a text with its quotes: the same in both.
    Word(String),
    /// A list.
    List(Vec<Tree>),
    /// A table.
    Table(Vec<(String, Tree)>),
}

impl Tree {
    fn text(text: impl std::fmt::Display) -> Tree {
        Tree::Word(format!("\"{text}\""))
    }

    fn table(entries: &[(&str, Tree)]) -> Tree {
        Tree::Table(entries.iter().map(|(name, tree)| ((*name).to_owned(), tree.clone())).collect())
    }

    /// As TOML.
    #[must_use]
    pub fn to_toml(&self) -> String {
        self.written(" = ", "")
    }

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.written(":", "\"")
    }

    fn written(&self, is: &str, quote: &str) -> String {
        let join = |parts: Vec<String>| parts.join(", ");
        match self {
            Tree::Word(word) => word.clone(),
            Tree::List(items) => format!("[{}]", join(items.iter().map(|item| item.written(is, quote)).collect())),
            Tree::Table(entries) => {
                let entry =
                    |(name, tree): &(String, Tree)| format!("{quote}{name}{quote}{is}{}", tree.written(is, quote));
                format!("{{{}}}", join(entries.iter().map(entry).collect()))
            }
        }
    }
}

/// Lengths of time, and how many seconds they are.
const TIMES: &[(&str, f64)] = &[
    ("0s", 0.0),
    ("1ns", 1e-9),
    ("1us", 1e-6),
    ("100us", 1e-4),
    ("1ms", 1e-3),
    ("8ms", 8e-3),
    ("0.25s", 0.25),
    ("1s", 1.0),
    ("3s", 3.0),
    ("1min", 60.0),
    ("24h", 86_400.0),
];

/// A length of time within limits in seconds; once in sixty times any.
fn time(min: f64, max: f64, chance: &mut Chance) -> &'static str {
    let any = chance.one_in(60);
    let fits: Vec<&str> = TIMES.iter().filter(|t| any || (min <= t.1 && t.1 <= max)).map(|t| t.0).collect();
    let place = chance.below(fits.len());
    fits.get(place).copied().unwrap_or("1s")
}

const RATES: &[&str] = &["0/s", "0.5/s", "1/s", "120/s", "5000/s", "90/min", "3600/h", "10000000/s"];
const SIZES: &[&str] = &["0B", "1B", "64KiB", "128MiB", "1GiB", "1.5KiB"];

/// A value for the parameter; one in a hundred is odd.
pub fn value(spec: &ParamSpec, chance: &mut Chance) -> Tree {
    if chance.one_in(100) {
        return odd(chance);
    }
    if spec.optional && chance.one_in(6) {
        return Tree::text("none");
    }
    match spec.kind {
        ParamKind::Rate => Tree::text(chance.pick(RATES)),
        ParamKind::Duration => Tree::text(time(spec.min, spec.max, chance)),
        ParamKind::Bytes => Tree::text(chance.pick(SIZES)),
        ParamKind::Number | ParamKind::Ratio => number(spec, chance),
        ParamKind::Integer => integer(spec, chance),
        ParamKind::Boolean => Tree::Word(chance.one_in(2).to_string()),
        ParamKind::Text => Tree::text("a text"),
        ParamKind::Distribution => distribution(spec.max, chance),
        ParamKind::Codes => {
            Tree::List((0..chance.below(4)).map(|_| Tree::text(chance.pick(Code::ALL).name())).collect())
        }
        ParamKind::Choice(choices) => Tree::text(chance.pick(choices).name),
        ParamKind::Group(specs) => Tree::Table(some(specs, 3, |_| true, chance)),
        ParamKind::List(specs) => {
            Tree::List((0..chance.below(3)).map(|_| Tree::Table(some(specs, 3, |_| true, chance))).collect())
        }
        ParamKind::File => Tree::text(*chance.pick(&["", "requests.csv", "none"])),
    }
}

fn odd(chance: &mut Chance) -> Tree {
    match chance.below(6) {
        0 => Tree::Word((*chance.pick(NUMBERS)).to_owned()),
        1 => Tree::text(format!("{}{}", chance.pick(NUMBERS), chance.pick(&["s", "/s", "MiB", ""]))),
        2 => Tree::text("none"),
        3 => Tree::List(vec![Tree::text("1s"), Tree::Word("2".to_owned())]),
        4 => Tree::table(&[("exponential", Tree::text("1s")), ("k", Tree::Word("4".to_owned()))]),
        _ => Tree::Word("true".to_owned()),
    }
}

fn number(spec: &ParamSpec, chance: &mut Chance) -> Tree {
    let span = (spec.max.min(1e9) - spec.min).max(0.0);
    let share = [0.0, 1.0, 1e-9, 1e-6, 1e-3, 0.1, 0.5][chance.below(7)];
    Tree::Word(format!("{:?}", spec.min + share * span))
}

/// Small more often than large.
fn integer(spec: &ParamSpec, chance: &mut Chance) -> Tree {
    let (min, max) = (spec.min as u64, spec.max.min(1e18) as u64);
    let small = min + chance.below(40) as u64;
    let value = match chance.below(12) {
        0 => min,
        1 => max,
        2 => min + (max - min) / 1000,
        _ => small.min(max),
    };
    Tree::Word(value.to_string())
}

fn distribution(max: f64, chance: &mut Chance) -> Tree {
    let mean = Tree::text(time(0.0, max, chance));
    let scv = Tree::Word((*chance.pick(&["1.0", "4.0", "10000.0"])).to_owned());
    let k = Tree::Word((*chance.pick(&["1", "2", "16", "1000"])).to_owned());
    match chance.below(9) {
        6 => Tree::table(&[("weibull", mean), ("shape", Tree::Word((*chance.pick(&["0.5", "1.0", "3"])).to_owned()))]),
        7 => Tree::table(&[
            ("pareto", Tree::List(vec![Tree::text("1us"), mean])),
            ("shape", Tree::Word("1.2".to_owned())),
        ]),
        8 => {
            let pair = |share: &str, value| Tree::List(vec![Tree::Word(share.to_owned()), value]);
            let quantiles = Tree::List(vec![pair("0.0", Tree::text("0s")), pair("1.0", mean)]);
            let law = Tree::table(&[("quantiles", quantiles)]);
            if chance.one_in(2) { law } else { Tree::table(&[("mixture", Tree::List(vec![pair("1", law)]))]) }
        }
        0 => mean,
        1 | 2 => Tree::table(&[("exponential", mean)]),
        3 => Tree::table(&[("uniform", Tree::List(vec![Tree::text("0s"), mean]))]),
        4 => Tree::table(&[("erlang", mean), ("k", k)]),
        _ => Tree::table(&[(["hyperexponential", "lognormal"][chance.below(2)], mean), ("scv", scv)]),
    }
}

/// From one to `most` of the parameters, each once; seldom none.
pub fn some(
    specs: &'static [ParamSpec],
    most: usize,
    wanted: impl Fn(&ParamSpec) -> bool,
    chance: &mut Chance,
) -> Vec<(String, Tree)> {
    let mut specs: Vec<&ParamSpec> = specs.iter().filter(|spec| wanted(spec)).collect();
    let count = if chance.one_in(30) { 0 } else { 1 + chance.below(most) }.min(specs.len());
    (0..count)
        .map(|_| {
            let spec = specs.swap_remove(chance.below(specs.len()));
            (spec.name.to_owned(), value(spec, chance))
        })
        .collect()
}

/// What is done to a node, as entries of `[[control]]` or of a line of a log.
pub fn action(descriptor: &Descriptor, chance: &mut Chance) -> Vec<(String, Tree)> {
    let lasting = ("for".to_owned(), Tree::text(time(1e-9, 1e5, chance)));
    let fault = (!descriptor.faults.is_empty()).then(|| chance.pick(descriptor.faults));
    match (fault, chance.below(4)) {
        (Some(fault), 0 | 1) => {
            let mut entries = vec![("fault".to_owned(), Tree::text(fault.name))];
            entries.extend(some(fault.params, 2, |_| true, chance));
            if fault.lasting != chance.one_in(12) {
                entries.push(lasting);
            }
            entries
        }
        (Some(fault), 2) => vec![("heal".to_owned(), Tree::text(fault.name))],
        _ => {
            let mut entries =
                vec![("set".to_owned(), Tree::Table(some(descriptor.params, 4, |spec| spec.live, chance)))];
            if chance.one_in(2) {
                entries.push(lasting);
            }
            entries
        }
    }
}

/// A scenario file.
#[must_use]
pub fn scenario(chance: &mut Chance) -> String {
    let catalogue = floodgate::catalogue();
    let mut kinds: Vec<&Descriptor> = (0..1 + chance.below(7)).map(|_| *chance.pick(catalogue)).collect();
    if !chance.one_in(8) {
        kinds[0] = catalogue.iter().find(|d| d.kind == "clients").expect("there are clients");
    }
    let mut text = head(chance);
    for (i, descriptor) in kinds.iter().enumerate() {
        let id = if chance.one_in(300) { 0 } else { i };
        let _ = writeln!(text, "[[node]]\nid = \"n{id}\"\nkind = \"{}\"", descriptor.kind);
        write_entries(&mut text, &some(descriptor.params, 6, |_| true, chance));
    }
    links(&mut text, &kinds, chance);
    happenings(&mut text, &kinds, chance);
    expectations(&mut text, &kinds, chance);
    variant(&mut text, &kinds, chance);
    text
}

fn head(chance: &mut Chance) -> String {
    let mut text = "format = 1\nname = \"made by chance\"\n".to_owned();
    let (until, until_s) = chance.pick(&[("1s", 1.0), ("10s", 10.0), ("60s", 60.0), ("1h", 3_600.0), ("8760h", 3.2e7)]);
    let _ = writeln!(text, "until = \"{until}\"");
    if chance.one_in(3) {
        let _ = writeln!(text, "warm_up = \"{}\"", time(0.0, until_s / 2.0, chance));
    }
    if chance.one_in(6) {
        let _ = writeln!(text, "max_depth = {}", chance.pick(&["1", "2", "255"]));
    }
    text
}

fn write_entries(text: &mut String, entries: &[(String, Tree)]) {
    for (name, tree) in entries {
        let _ = writeln!(text, "{name} = {}", tree.to_toml());
    }
}

/// Mostly each node to later ones that take calls, so that the system is one.
fn links(text: &mut String, kinds: &[&Descriptor], chance: &mut Chance) {
    for (from, descriptor) in kinds.iter().enumerate() {
        let may = descriptor.ports.first().map_or(0, |port| port.max_links.min(3)) as usize;
        let back = chance.one_in(12);
        let callees = (0..kinds.len()).filter(|&to| kinds[to].accepts_calls && (to > from || back && to != from));
        for to in callees.take(chance.below(may + 1).max(usize::from(from == 0))) {
            link(text, from, to, chance);
        }
        if chance.one_in(100) {
            link(text, from, chance.below(kinds.len()), chance);
        }
    }
}

fn link(text: &mut String, from: usize, to: usize, chance: &mut Chance) {
    let _ = writeln!(text, "[[link]]\nfrom = \"n{from}\"\nto = \"n{to}\"");
    if chance.one_in(2) {
        let _ = writeln!(text, "latency = {}", distribution(3_600.0, chance).to_toml());
    }
    if chance.one_in(4) {
        let _ = writeln!(text, "weight = {}", chance.pick(&["0.0", "1.0", "0.1", "1e6"]));
    }
}

fn happenings(text: &mut String, kinds: &[&Descriptor], chance: &mut Chance) {
    for _ in 0..chance.below(4) {
        let node = chance.below(kinds.len());
        let at = time(0.0, 3.0, chance);
        if chance.one_in(2) {
            let _ = writeln!(text, "[[control]]\nnode = \"n{node}\"\nat = \"{at}\"");
            write_entries(text, &action(kinds[node], chance));
        } else {
            let _ =
                writeln!(text, "[[phase]]\nnode = \"n{node}\"\nat = \"{at}\"\nfor = \"{}\"", time(1e-9, 1e5, chance));
            write_entries(text, &some(kinds[node].params, 3, |spec| spec.live, chance));
        }
    }
}

fn expectations(text: &mut String, kinds: &[&Descriptor], chance: &mut Chance) {
    let metrics: Vec<&str> = floodgate::Metric::names().collect();
    for _ in 0..chance.below(3) * usize::from(chance.one_in(3)) {
        let _ = writeln!(text, "[[expect]]\nmetric = \"{}\"\nmin = 0", chance.pick(&metrics));
        if chance.one_in(3) {
            let _ = writeln!(text, "of = \"n{}\"", chance.below(kinds.len()));
        }
    }
}

fn variant(text: &mut String, kinds: &[&Descriptor], chance: &mut Chance) {
    if !chance.one_in(4) {
        return;
    }
    let node = chance.below(kinds.len());
    let _ = writeln!(text, "[[variant]]\nname = \"other\"\nset = {{");
    // TOML's inline tables stay on one line.
    text.pop();
    let entries = some(kinds[node].params, 3, |_| true, chance);
    let entry = |(name, tree): &(String, Tree)| format!("\"n{node}.{name}\" = {}", tree.to_toml());
    let _ = writeln!(text, "{} }}", entries.iter().map(entry).collect::<Vec<_>>().join(", "));
}
