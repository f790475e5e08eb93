//! A million control logs, right ones and damaged ones: each is read or told what is wrong with it; and what is read can be
//! done to a run, which can then be gone through back and forth.

use super::chance::Chance;
use super::outcome::Outcome;
use super::trial::{Meter, Numbers, Trials};
use super::{generate, mutate};
use floodgate::{
    Action, Budget, Control, ControlLog, Duration, KeyframePolicy, Progress, Scenario, Simulation, Time, Timeline,
};

const SEED: u64 = 0x6374_726c;

/// A system with one of each kind.
const SYSTEM: &str = include_str!("controls.toml");

/// A log to take pieces from.
const LOG: &str = concat!(
    "{\"floodgate_controls\":1,\"scenario\":\"One of each kind\",\"seed\":7}\n",
    "{\"at\":\"12.345ms\",\"node\":\"users\",\"set\":{\"rate\":\"10000/s\",\"retry\":{\"attempts\":5}},\"for\":\"20ms\"}\n",
    "{\"at\":\"15ms\",\"node\":\"web\",\"fault\":\"slow\",\"factor\":4.1,\"for\":\"5ms\"}\n",
    "{\"at\":\"16ms\",\"node\":\"web\",\"heal\":\"slow\"}\n",
);

/// Events between two controls, and after the last.
const EVENTS: u64 = 120;

/// How often something came up.
#[derive(Debug, Default)]
struct Seen {
    read: u64,
    controls: u64,
    lines: u64,
    events: u64,
    returned: u64,
}

/// Reads the logs called `numbers`.
///
/// # Panics
/// When the system itself cannot be read.
#[must_use]
pub fn run(numbers: Numbers) -> Outcome {
    let mut outcome = Outcome::new("controls");
    let (mut trials, mut seen) = (Trials::default(), Seen::default());
    let mut meter = Meter::new(1_024, 64 << 10);
    let scenario = Scenario::load(SYSTEM).unwrap_or_else(|problems| panic!("{problems}"));
    let mut start = Simulation::new(&scenario, 7);
    start.record(Duration::from_millis(5));
    for number in numbers.0 {
        let input = input(number, &scenario);
        trials.run(number, &input, &mut outcome, || try_log(number, &input, &start, &mut meter, &mut seen));
    }
    trials.rows(&mut outcome);
    meter.rows(&mut outcome);
    outcome.row("logs read without a problem, and their controls", format!("{}, {}", seen.read, seen.controls));
    outcome.row("lines of other logs read without a problem", seen.lines);
    outcome.row("events", seen.events);
    outcome.row("runs that came back to where they had been", seen.returned);
    // A single one that is tried again need not.
    outcome.check(seen.returned * 10 > trials.count() || trials.count() < 1_000, || {
        format!("only {} runs came back", seen.returned)
    });
    outcome
}

/// The log called `number`.
#[must_use]
pub fn input(number: u64, scenario: &Scenario) -> Vec<u8> {
    let mut chance = Chance::new(SEED, number);
    let mut text = LOG.lines().next().unwrap_or_default().to_owned() + "\n";
    let mut at_us = 0;
    for _ in 0..chance.below(6) {
        at_us += [0, 1, 100, 5_000, 20_000][chance.below(5)];
        if chance.one_in(200) {
            at_us = [u64::from(u32::MAX), 31_536_000_000_000][chance.below(2)];
        }
        text += &line(at_us, scenario, &mut chance).to_json();
        text.push('\n');
    }
    let mut text = text.into_bytes();
    if chance.one_in(2) {
        mutate::damage(&mut text, LOG.as_bytes(), &mut chance);
    }
    text
}

fn line(at_us: u64, scenario: &Scenario, chance: &mut Chance) -> generate::Tree {
    let node = chance.pick(&scenario.nodes);
    let word = |text: String| generate::Tree::Word(format!("\"{text}\""));
    let mut entries = vec![("at".to_owned(), word(format!("{at_us}us"))), ("node".to_owned(), word(node.id.clone()))];
    entries.extend(generate::action(node.descriptor, chance));
    generate::Tree::Table(entries)
}

fn try_log(number: u64, input: &[u8], start: &Simulation, meter: &mut Meter, seen: &mut Seen) -> Result<(), String> {
    let scenario = start.scenario();
    for line in String::from_utf8_lossy(input).lines() {
        let read = Control::parse_line(line, scenario);
        seen.lines += u64::from(read.is_ok());
    }
    let log = match meter.read(number, input, || ControlLog::parse_bytes(input, scenario))? {
        Ok(log) => log,
        Err(problems) if problems.count() > 0 => return Ok(()),
        Err(_) => return Err("is refused for no reason".to_owned()),
    };
    seen.read += 1;
    seen.controls += log.controls.len() as u64;
    let text = log.to_text(scenario)?;
    if ControlLog::parse(&text, scenario).as_ref() != Ok(&log) {
        return Err(format!("does not read back from\n{text}"));
    }
    if log.controls.iter().any(is_crowd) {
        return Ok(());
    }
    travel(number, &log, start, seen)
}

/// Hundreds of thousands of users who all begin at once: allowed, and too slow to do a million times.
fn is_crowd(control: &Control) -> bool {
    let Action::Set(changes) = &control.action else { return false };
    changes
        .iter()
        .any(|(name, value)| name == "users" && matches!(value, floodgate::param::Value::Integer(n) if *n > 1000))
}

/// Does the controls to a run as they come, goes back, and comes again to the same place.
fn travel(number: u64, log: &ControlLog, start: &Simulation, seen: &mut Seen) -> Result<(), String> {
    let policy = KeyframePolicy { every: Duration::from_millis(8), events: 1_000, bytes_max: 1 << 20 };
    let mut timeline = Timeline::new(start.clone(), policy);
    for control in &log.controls {
        go_on(&mut timeline, control.at);
        timeline.control(control.clone()).map_err(|refused| format!("was read, and then refused: {refused}"))?;
    }
    let end = timeline.simulation().now() + Duration::from_millis(3);
    let reached = go_on(&mut timeline, end);
    let there = timeline.simulation().digest();
    seen.events += timeline.simulation().events();
    timeline.simulation().check_books()?;
    let mut chance = Chance::new(SEED + 1, number);
    for _ in 0..2 {
        let back = Time(timeline.furthest().0 / 8 * chance.below(8) as u64);
        if timeline.seek(back).is_ok() {
            timeline.simulation().check_books().map_err(|books| format!("back at {back}: {books}"))?;
        }
    }
    if reached {
        timeline.seek(end).map_err(|halt| format!("halts on the way back: {halt}"))?;
        seen.returned += 1;
        if timeline.simulation().digest() != there {
            return Err(format!("comes back to {end} as another run"));
        }
    }
    Ok(())
}

/// Whether it got there within some events.
fn go_on(timeline: &mut Timeline, until: Time) -> bool {
    timeline.advance(Budget { until, events: EVENTS }) == Progress::Reached
}
