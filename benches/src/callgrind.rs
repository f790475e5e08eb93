//! Instructions instead of time: counted by callgrind, the same on a busy machine as on an idle one.
//!
//! Link-time optimisation folds most of the engine into a few functions, so cost is booked by source line, and lines are
//! grouped by the function they stand in: what is inlined shows under its own name. What is inlined from the standard
//! library is booked on the line of the project before it in the code, which is nearly always the one that wanted it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How many customers (requests) are counted; as many go before to warm up.
const CUSTOMERS: u64 = 20_000;
const WORKLOADS: [&str; 3] = ["w1", "w2", "w3"];
/// More than this above the committed number is a regression.
const TOLERANCE: f64 = 0.05;
/// How many functions are kept for comparison, and how many that rose are named.
const KEPT: usize = 20;
const NAMED: usize = 8;

/// What a workload costs.
#[derive(Clone, Debug, Default, PartialEq)]
struct Cost {
    instructions: u64,
    /// By function, those with the most.
    functions: BTreeMap<String, u64>,
}

/// Compares with the committed numbers, or rewrites them.
///
/// # Errors
/// When a workload needs more than it may, or callgrind is there and fails.
pub fn check(target: &Path, update: bool) -> Result<(), String> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("skipped: valgrind is not installed, so no instructions can be counted");
        return Ok(());
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.toml");
    let known = if update { BTreeMap::new() } else { read(&file)? };
    let mut fresh = BTreeMap::new();
    let mut risen = Vec::new();
    for name in WORKLOADS {
        let cost = count(target, name)?;
        println!("\n{name}: {:.1} instructions per customer", cost.instructions as f64 / CUSTOMERS as f64);
        let mut files: BTreeMap<String, u64> = BTreeMap::new();
        for (function, instructions) in &cost.functions {
            *files.entry(function.split(' ').next().unwrap_or("?").to_owned()).or_default() += instructions;
        }
        for (costs, shown) in [(&files, 12), (&cost.functions, 25)] {
            for (what, instructions) in dearest(costs).take(if update { 0 } else { shown }) {
                let share = instructions as f64 / cost.instructions as f64;
                println!("{:>9.1}  {:>5.1} %  {what}", instructions as f64 / CUSTOMERS as f64, share * 100.0);
            }
            println!();
        }
        if let Some(before) = known.get(name) {
            let change = cost.instructions as f64 / before.instructions as f64 - 1.0;
            println!("{name}: {:+.2} % against the committed number", change * 100.0);
            if change > TOLERANCE {
                risen.push(format!("{name}: {:+.1} %\n{}", change * 100.0, explain(before, &cost)));
            } else if change < -TOLERANCE {
                println!("{name} has become cheaper: keep it so with --callgrind --update");
            }
        } else if !update {
            risen.push(format!("{name} has no committed number: --callgrind --update"));
        }
        fresh.insert(name.to_owned(), cost);
    }
    if update {
        std::fs::write(&file, write(&fresh)).map_err(|error| error.to_string())?;
        println!("\nwritten");
        return Ok(());
    }
    if risen.is_empty() { Ok(()) } else { Err(format!("more instructions than committed:\n{}", risen.join("\n"))) }
}

/// Those with the most instructions first.
fn dearest(costs: &BTreeMap<String, u64>) -> impl Iterator<Item = (&str, u64)> {
    let mut sorted: Vec<(&str, u64)> = costs.iter().map(|(name, cost)| (name.as_str(), *cost)).collect();
    sorted.sort_by_key(|&(name, cost)| (std::cmp::Reverse(cost), name));
    sorted.into_iter()
}

/// The functions that rose most.
fn explain(before: &Cost, after: &Cost) -> String {
    // What was not among the first then had at most as much as the least of them.
    let least = before.functions.values().min().copied().unwrap_or(0);
    let mut rises: Vec<(i64, &String)> = after
        .functions
        .iter()
        .map(|(name, now)| (*now as i64 - before.functions.get(name).copied().unwrap_or(least) as i64, name))
        .filter(|(rise, _)| *rise > 0)
        .collect();
    rises.sort_by(|a, b| b.cmp(a));
    let lines = rises
        .iter()
        .take(NAMED)
        .map(|(rise, name)| format!("    {:+8.1} per customer  {name}", *rise as f64 / CUSTOMERS as f64));
    lines.collect::<Vec<_>>().join("\n")
}

fn count(target: &Path, name: &str) -> Result<Cost, String> {
    let place = target.join("callgrind");
    std::fs::create_dir_all(&place).map_err(|error| error.to_string())?;
    let out = place.join(format!("{name}.out"));
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--toggle-collect=floodgate_bench::measured*", "--dump-line=yes"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program)
        .args(["--single", name, "--customers", &(2 * CUSTOMERS).to_string()])
        .output()
        .map_err(|error| format!("valgrind does not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("valgrind failed: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    let profile = std::fs::read_to_string(&out).map_err(|error| error.to_string())?;
    let cost = parse(&profile);
    if cost.instructions == 0 {
        return Err(format!("nothing was counted of {name}: was the program stripped of its names?"));
    }
    Ok(cost)
}

/// Reads callgrind's output: names are given once and then by number, lines relative to the one before.
fn parse(profile: &str) -> Cost {
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    let mut lines: BTreeMap<(&str, u64), u64> = BTreeMap::new();
    let (mut file, mut line, mut is_call) = ("", 0u64, false);
    let mut wanted = None;
    for text in profile.lines() {
        if let Some((key, value)) = text.split_once('=') {
            match key {
                "fl" | "fi" | "fe" => file = name(value, &mut names),
                // Another function begins.
                "fn" => wanted = None,
                // A file may be named for the first time where it is only the callee's.
                "cfi" | "cfl" => {
                    name(value, &mut names);
                }
                // The cost of the line after it belongs to the callee.
                "calls" => is_call = true,
                _ => {}
            }
            continue;
        }
        let mut words = text.split(' ');
        let (Some(place), Some(cost)) = (words.next(), words.next()) else { continue };
        let relative = |n: &str| n.parse::<u64>().ok();
        line = match place.as_bytes().first() {
            Some(b'+') => line + relative(&place[1..]).unwrap_or(0),
            Some(b'-') => line.saturating_sub(relative(&place[1..]).unwrap_or(0)),
            Some(b'*') => line,
            Some(b'0'..=b'9') => relative(place).unwrap_or(0),
            _ => continue,
        };
        let Ok(cost) = cost.parse::<u64>() else { continue };
        if std::mem::take(&mut is_call) {
            continue;
        }
        if inside(file).is_some() {
            wanted = Some((file, line));
        }
        *lines.entry(wanted.unwrap_or((file, line))).or_default() += cost;
    }
    let mut sources = BTreeMap::new();
    let mut functions: BTreeMap<String, u64> = BTreeMap::new();
    for (&(file, line), cost) in &lines {
        *functions.entry(function(file, line, &mut sources)).or_default() += cost;
    }
    Cost { instructions: lines.values().sum(), functions }
}

/// `(7) src/lib.rs` the first time, `(7)` afterwards.
fn name<'a>(value: &'a str, names: &mut BTreeMap<&'a str, &'a str>) -> &'a str {
    match value.split_once(' ') {
        Some((id, name)) => {
            names.insert(id, name);
            name
        }
        None => names.get(value).copied().unwrap_or("?"),
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(""))
}

/// The path within the project, of a file that is part of it.
fn inside(file: &str) -> Option<&Path> {
    Path::new(file).strip_prefix(root()).or_else(|_| Path::new(file).strip_prefix(".")).ok()
}

/// The function a line stands in, named by its place in the project, in a crate, or in the standard library.
fn function(file: &str, line: u64, sources: &mut BTreeMap<PathBuf, Option<String>>) -> String {
    if let Some(inside) = inside(file) {
        let place = root().join(inside);
        let source = sources.entry(place.clone()).or_insert_with(|| std::fs::read_to_string(place).ok());
        let name = source.as_deref().and_then(|text| {
            let above: Vec<&str> = text.lines().take(line as usize).collect();
            above.into_iter().rev().find_map(defined)
        });
        return format!("{} {}", inside.display(), name.unwrap_or("?"));
    }
    for mark in ["/library/", "/registry/src/"] {
        if let Some((_, rest)) = file.split_once(mark) {
            let rest = if mark == "/library/" { rest } else { rest.split_once('/').map_or(rest, |(_, r)| r) };
            return rest.to_owned();
        }
    }
    Path::new(file).file_name().map_or("?".to_owned(), |n| n.to_string_lossy().into_owned())
}

/// The name of the function that begins in this line.
fn defined(line: &str) -> Option<&str> {
    let line = line.trim_start();
    if line.starts_with("//") {
        return None;
    }
    let (before, after) = line.split_once("fn ")?;
    let begins = before.split(' ').all(|word| word.is_empty() || word == "const" || word.starts_with("pub"));
    let end = after.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    (begins && end > 0).then(|| &after[..end])
}

fn read(file: &Path) -> Result<BTreeMap<String, Cost>, String> {
    let Ok(text) = std::fs::read_to_string(file) else { return Ok(BTreeMap::new()) };
    let table: toml::Table = text.parse().map_err(|error| format!("instructions.toml: {error}"))?;
    let number = |value: Option<&toml::Value>| value.and_then(toml::Value::as_integer).unwrap_or(0).unsigned_abs();
    let cost = |value: &toml::Value| {
        let functions = value.get("functions").and_then(toml::Value::as_table);
        let functions = functions.into_iter().flatten().map(|(name, cost)| (name.clone(), number(Some(cost))));
        Cost { instructions: number(value.get("instructions")), functions: functions.collect() }
    };
    Ok(table.iter().map(|(name, value)| (name.clone(), cost(value))).collect())
}

fn write(costs: &BTreeMap<String, Cost>) -> String {
    let mut text = format!(
        "# Written by `cargo xtask bench --callgrind --update`: instructions for {CUSTOMERS} customers after as many to warm up,\n\
         # and the {KEPT} functions with the most of them. `cargo xtask bench --callgrind` fails above {} % more.\n",
        TOLERANCE * 100.0
    );
    for (name, cost) in costs {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "\n[{name}]\ninstructions = {}\n\n[{name}.functions]\n", cost.instructions);
        for (function, instructions) in dearest(&cost.functions).take(KEPT) {
            let _ = writeln!(text, "\"{function}\" = {instructions}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callees_are_not_booked_twice_and_numbers_stand_for_names() {
        let profile = "events: Ir\n\nfl=(1) a.rs\nfn=(1) f\n10 5\n+2 3\ncfi=(2) b.rs\ncfn=(2) g\ncalls=4 7\n* 100\nfi=(2)\n7 2\n\
                       fe=(1)\n-1 1\nfn=(2)\nfl=(2)\n7 98\n";
        let cost = parse(profile);
        assert_eq!(cost.instructions, 5 + 3 + 2 + 1 + 98);
        assert_eq!(cost.functions, BTreeMap::from([("a.rs".to_owned(), 9), ("b.rs".to_owned(), 100)]));
    }

    #[test]
    fn what_is_written_is_read_and_what_rose_is_named() {
        let before =
            Cost { instructions: 100, functions: BTreeMap::from([("a f".to_owned(), 60), ("b g".to_owned(), 40)]) };
        let costs = BTreeMap::from([("w1".to_owned(), before.clone())]);
        let table: toml::Table = write(&costs).parse().expect("it is TOML");
        assert_eq!(table["w1"]["functions"]["a f"].as_integer(), Some(60));
        let after =
            Cost { instructions: 140, functions: BTreeMap::from([("a f".to_owned(), 60), ("b g".to_owned(), 80)]) };
        let text = explain(&before, &after);
        assert!(text.contains("b g") && !text.contains("a f"), "{text}");
    }

    #[test]
    fn functions_are_found_by_their_heads() {
        assert_eq!(defined("    pub(crate) fn pop_before(&mut self)"), Some("pop_before"));
        assert_eq!(defined("    // fn nothing()"), None);
        assert_eq!(defined("    let f: impl Fn(f64) -> f64 = fn x"), None);
    }
}
