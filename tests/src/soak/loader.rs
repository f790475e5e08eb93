//! A million files that nobody would write: each is read or told what is wrong with it, in bounded time and memory; and what
//! is read runs.

use super::chance::Chance;
use super::outcome::Outcome;
use super::trial::{Meter, Numbers, Trials};
use super::{generate, mutate};
use floodgate::param::Value;
use floodgate::scenario::FILE_BYTES_MAX;
use floodgate::{Action, Budget, Duration, Scenario, Simulation, lint};

const SEED: u64 = 0x6c6f_6164;

/// Files that are right.
const FILES: &[&str] = &[
    include_str!("../../../scenarios/single_server.toml"),
    include_str!("../../../scenarios/single_server_avalanche.toml"),
    include_str!("../../../scenarios/single_server_defended.toml"),
    include_str!("../../../benches/workloads/w1.toml"),
    include_str!("../../../benches/workloads/w2.toml"),
    include_str!("../../../benches/workloads/w3.toml"),
    include_str!("../../fixtures/loop_without_latency.toml"),
    include_str!("../../fixtures/ten_thousand_per_second.toml"),
];

/// Events of a run of what was read.
const EVENTS: u64 = 2_000;

/// More users than this, from the start or by a control, are not run: all of them begin to think at one instant, which no
/// budget of events cuts short. The catalogue allows ten million of them, with a thousand draws for each thought.
const USERS_MAX: u64 = 100_000;

/// How often something came up.
#[derive(Debug, Default)]
struct Seen {
    read: u64,
    started: u64,
    crowded: u64,
    halted: u64,
    events: u64,
}

/// Reads the files called `numbers`.
#[must_use]
pub fn run(numbers: Numbers) -> Outcome {
    let mut outcome = Outcome::new("loader");
    let (mut trials, mut seen) = (Trials::default(), Seen::default());
    // A node of a few words has dozens of parameters by default, and a variant is a scenario of its own.
    let mut meter = Meter::new(2_048, 256 << 10);
    for number in numbers.0 {
        let input = input(number);
        trials.run(number, &input, &mut outcome, || try_file(number, &input, &mut meter, &mut seen));
    }
    trials.rows(&mut outcome);
    meter.rows(&mut outcome);
    outcome.row("read without a problem", seen.read);
    outcome.row("of these run, and their events", format!("{}, {}", seen.started, seen.events));
    outcome.row("of these not run: too many users", seen.crowded);
    outcome.row("of these halted at a limit", seen.halted);
    // A single one that is tried again need not.
    outcome.check(seen.started * 20 > trials.count() || trials.count() < 1_000, || {
        format!("only {} files were run", seen.started)
    });
    outcome
}

/// The file called `number`.
#[must_use]
pub fn input(number: u64) -> Vec<u8> {
    let mut chance = Chance::new(SEED, number);
    let mut text = match chance.below(8) {
        0..4 => generate::scenario(&mut chance).into_bytes(),
        _ => chance.pick(FILES).as_bytes().to_vec(),
    };
    if chance.one_in(2) {
        mutate::damage(&mut text, chance.pick(FILES).as_bytes(), &mut chance);
    }
    if chance.one_in(1_000) {
        return enlarged(&text, &mut chance);
    }
    text
}

/// Long: many nodes and many variants, each of which is a scenario of its own; or any text over and over, about as long as
/// a file may be.
fn enlarged(text: &[u8], chance: &mut Chance) -> Vec<u8> {
    if chance.one_in(3) {
        let length = FILE_BYTES_MAX - 200 + chance.below(400);
        return text.iter().copied().cycle().take(length).collect();
    }
    let mut long = "format = 1\nname = \"long\"\n".to_owned();
    for i in 0..[300, 3_000][chance.below(2)] {
        let kind = chance.pick(&["clients", "service", "database"]);
        long += &format!("[[node]]\nid = \"x{i}\"\nkind = \"{kind}\"\n");
    }
    long += "[[node]]\nid = \"users\"\nkind = \"clients\"\n";
    for i in 0..[0, 1, 32][chance.below(3)] {
        long += &format!("[[variant]]\nname = \"v{i}\"\nset = {{ \"users.rate\" = \"1/s\" }}\n");
    }
    long.into_bytes()
}

fn try_file(number: u64, input: &[u8], meter: &mut Meter, seen: &mut Seen) -> Result<(), String> {
    let scenario = match meter.read(number, input, || Scenario::load_bytes(input))? {
        Ok(scenario) => scenario,
        Err(problems) => return are_problems(&problems, input),
    };
    seen.read += 1;
    let again = Scenario::load_bytes(input);
    if again.as_ref() != Ok(&scenario) {
        return Err(format!("is read as {again:?} the second time, and was {scenario:?}"));
    }
    let text = std::str::from_utf8(input).map_err(|e| format!("was read, and is not text: {e}"))?;
    lint(&scenario, text).iter().try_for_each(|warning| is_problem(warning, input))?;
    start(&scenario, number, seen)
}

/// Problems are some and not too many, and stand in the file.
fn are_problems(problems: &floodgate::Problems, input: &[u8]) -> Result<(), String> {
    if problems.count() == 0 || problems.items().is_empty() || problems.items().len() > 100 {
        return Err(format!(
            "is refused for {} problems, of which {} are told",
            problems.count(),
            problems.items().len()
        ));
    }
    problems.items().iter().try_for_each(|problem| is_problem(problem, input))
}

fn is_problem(problem: &floodgate::Problem, input: &[u8]) -> Result<(), String> {
    let lines = input.iter().filter(|&&b| b == b'\n').count() + 1;
    let told = problem.to_string();
    let odd = |c: char| c.is_control() && c != '\n';
    if problem.line > lines || problem.message.is_empty() || told.contains(odd) || told.len() > 10_000 {
        return Err(format!("has a problem that says nothing or stands nowhere: {problem:?}"));
    }
    Ok(())
}

/// Runs what was read for a while.
fn start(scenario: &Scenario, number: u64, seen: &mut Seen) -> Result<(), String> {
    if users(scenario) > USERS_MAX {
        seen.crowded += 1;
        return Ok(());
    }
    let mut simulation = Simulation::new(scenario, number);
    if number.is_multiple_of(2) {
        simulation.record(Duration((scenario.until.0 / 100).max(1)));
    }
    let progress = simulation.advance(Budget { until: scenario.until, events: EVENTS });
    seen.started += 1;
    seen.events += simulation.events();
    seen.halted += u64::from(simulation.halted().is_some());
    simulation.check_books().map_err(|books| format!("after {progress:?}: {books}"))?;
    if number.is_multiple_of(16) {
        serde_json::to_string(&simulation.report()).map_err(|e| format!("has a report that cannot be written: {e}"))?;
    }
    Ok(())
}

/// Users that may begin at one instant: those of every closed loop, and those that controls make of them.
fn users(scenario: &Scenario) -> u64 {
    let number = |value: &Value| if let Value::Integer(users) = value { *users } else { 0 };
    let at_first = scenario.nodes.iter().filter_map(|node| node.values.get("users"));
    let later = scenario.controls.iter().filter_map(|control| match &control.action {
        Action::Set(changes) => changes.iter().find(|(name, _)| name == "users").map(|(_, value)| value),
        _ => None,
    });
    at_first.chain(later).map(number).sum()
}
