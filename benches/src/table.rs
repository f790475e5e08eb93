//! The tables.

use crate::components;
use crate::engine;
use crate::hold::{self, Binary, Lane, List, Quaternary};
use crate::limit::{self, Found};
use crate::measure::{Sample, timed};
use crate::page;
use crate::peers::{Peer, Workload};
use crate::scale;
use crate::seek;
use crate::wasm;
use floodgate::Time;
use floodgate_core::bench::EventList;

/// The size of the work.
#[derive(Clone, Copy, Debug)]
struct Size {
    rounds: usize,
    customers: u64,
    seconds: u64,
    holds: u64,
    events: u64,
    largest: usize,
}

const FULL: Size =
    Size { rounds: 7, customers: 1_000_000, seconds: 60, holds: 2_000_000, events: 2_000_000, largest: 1_000_000 };
const QUICK: Size =
    Size { rounds: 3, customers: 200_000, seconds: 10, holds: 300_000, events: 300_000, largest: 100_000 };

/// A workload with its bounds, as multiples of the limit.
struct Case {
    workload: Workload,
    gate: f64,
    goal: f64,
    moonshot: f64,
}

const CASES: [Case; 3] = [
    Case { workload: Workload::W1, gate: 4.0, goal: 3.0, moonshot: 2.0 },
    Case { workload: Workload::W2, gate: 3.0, goal: 2.5, moonshot: 2.0 },
    Case { workload: Workload::W3, gate: 3.0, goal: 2.5, moonshot: 2.0 },
];

/// What can be asked for alone.
const PARTS: [&str; 8] = ["speed", "components", "wasm", "page", "lists", "growth", "memory", "seek"];

/// Bytes per live call, and growth of the cost per event with nodes and with pending events.
const BYTES_GATE: f64 = 100.0;
const NODES_GATE: f64 = 2.0;
const PENDING_GATE: f64 = 3.0;
/// The limit must be as near to the ground as this, as a share of simrs on W1, or no ratio means anything.
const LIMIT_GATE: f64 = 0.15;

/// Prints every table, or the one that is asked for. A gate that is missed is an error, except in a quick look, which is too short to judge by.
///
/// # Errors
/// With the gates that are missed.
pub fn all(quick: bool, only: Option<&str>, peers: &[Peer]) -> Result<(), String> {
    let size = if quick { QUICK } else { FULL };
    let mut missed = Vec::new();
    if let Some(unknown) = only.filter(|only| !PARTS.contains(only)) {
        return Err(format!("--only takes one of {}, not {unknown:?}", PARTS.join(", ")));
    }
    let wanted = |part: &str| only.is_none_or(|only| only == part);
    println!("processor time; medians of {} rounds, every engine once per round in turn\n", size.rounds);
    for case in CASES.iter().filter(|_| wanted("speed")) {
        speed(case, size, peers, &mut missed);
    }
    if wanted("components") {
        components::all(size.rounds, size.events / 10)?;
    }
    // A quick look does not wait for a web bundle, unless that is what it is meant to look at.
    if only == Some("wasm") || only.is_none() && !quick {
        wasm::all(size.rounds, size.customers, size.seconds, &mut missed)?;
    }
    if only == Some("page") || only.is_none() && !quick {
        page::all(size.rounds, size.seconds, &mut missed)?;
    }
    if wanted("lists") {
        lists(size);
    }
    if wanted("growth") {
        growth(size, &mut missed);
    }
    if wanted("memory") {
        memory(size, &mut missed);
    }
    if wanted("seek") {
        seek::all(&mut missed);
    }
    if missed.is_empty() {
        println!("\nevery gate that was measured is met");
        return Ok(());
    }
    println!("\nmissed:\n  {}", missed.join("\n  "));
    if quick { Ok(()) } else { Err(format!("{} gates are missed", missed.len())) }
}

fn limit_of(workload: Workload, size: Size, seed: u64) -> Found {
    match workload {
        Workload::W1 => limit::w1(size.customers, seed),
        Workload::W2 => limit::w2(size.customers, seed),
        Workload::W3 => limit::w3(8_000.0, size.seconds, seed),
    }
}

fn engine_of(workload: Workload, size: Size) -> engine::Ran {
    match workload {
        Workload::W1 => engine::run(engine::W1, Time::from_secs_f64(size.customers as f64 / 0.9)),
        Workload::W2 => engine::run(engine::W2, Time::from_secs_f64(size.customers as f64 / 7.2)),
        Workload::W3 => engine::run(engine::W3, Time::from_secs_f64(size.seconds as f64)),
    }
}

#[derive(Default)]
struct Row {
    name: String,
    ns: Sample,
    ratio: Sample,
    mean: f64,
    failure: Option<String>,
}

fn speed(case: &Case, size: Size, peers: &[Peer], missed: &mut Vec<String>) {
    let workload = case.workload;
    let (mut limit, mut ours) = (Row::default(), Row::default());
    let mut others: Vec<(&Peer, Row)> = peers
        .iter()
        .filter(|p| p.does.contains(&workload))
        .map(|p| (p, Row { name: p.name.clone(), ..Row::default() }))
        .collect();
    let mut per_event = Sample::default();
    let mut against_simrs = Sample::default();
    let mut digests = Vec::new();
    for round in 0..size.rounds {
        let (found, time) = timed(|| limit_of(workload, size, 1 + round as u64));
        let ground = time.as_nanos() as f64 / found.customers as f64;
        limit.ns.push(ground);
        limit.ratio.push(1.0);
        limit.mean += found.mean / size.rounds as f64;
        let (ran, time) = timed(|| engine_of(workload, size));
        let ns = time.as_nanos() as f64 / ran.customers as f64;
        ours.ns.push(ns);
        ours.ratio.push(ns / ground);
        ours.mean = ran.mean;
        per_event.push(time.as_nanos() as f64 / ran.events as f64);
        digests.push(ran.digest);
        for (peer, row) in &mut others {
            match peer.run(workload, size.customers, size.seconds) {
                Ok(result) => {
                    row.ns.push(result.ns);
                    row.ratio.push(result.ns / ground);
                    row.mean = result.mean;
                    if peer.name.starts_with("simrs") && workload == Workload::W1 {
                        against_simrs.push(ground / result.ns);
                    }
                }
                Err(failure) => row.failure = Some(failure),
            }
        }
    }
    digests.dedup();
    assert_eq!(digests.len(), 1, "the same run gives the same digest");
    let unit = if workload == Workload::W3 { "request" } else { "customer" };
    println!("{}: {}", workload.name(), workload.title());
    println!("{:<34}{:>12}{:>12}{:>20}{:>12}", "", format!("ns/{unit}"), "x limit", "from - to", "mean");
    limit.name = "hand-written limit".to_owned();
    ours.name = "floodgate, public interface".to_owned();
    for row in [&limit, &ours].into_iter().chain(others.iter().map(|(_, row)| row)) {
        let (low, high) = row.ratio.range();
        match &row.failure {
            Some(failure) => println!("{:<34}{failure}", row.name),
            None => println!(
                "{:<34}{:>12.1}{:>12.2}{:>20}{:>12}",
                row.name,
                row.ns.median(),
                row.ratio.median(),
                format!("{low:.2} - {high:.2}"),
                seconds(row.mean)
            ),
        }
    }
    let ratio = ours.ratio.median();
    println!("  {:.1} ns per event; digest {:016x}", per_event.median(), digests[0]);
    let reached = [(case.moonshot, "the moonshot"), (case.goal, "the goal"), (case.gate, "the gate")]
        .into_iter()
        .find(|(bound, _)| ratio <= *bound);
    match reached {
        Some((bound, name)) => println!("  {name} (at most {bound}) is met"),
        None => {
            println!("  THE GATE (at most {}) IS MISSED", case.gate);
            missed.push(format!("{}: {ratio:.2} x limit, the gate is {}", workload.name(), case.gate));
        }
    }
    if against_simrs.median() > LIMIT_GATE {
        println!("  VOID: the limit takes {:.2} of simrs, at most {LIMIT_GATE} is the ground", against_simrs.median());
        missed.push("the limit is too slow to be one: every ratio is void".to_owned());
    } else if against_simrs.median() > 0.0 {
        println!("  the limit takes {:.3} of simrs (at most {LIMIT_GATE})", against_simrs.median());
    }
    println!();
}

fn seconds(mean: f64) -> String {
    if mean < 1.0 { format!("{:.2} ms", mean * 1e3) } else { format!("{mean:.3} s") }
}

fn lists(size: Size) {
    let sizes = [10u32, 100, 1_000, 10_000, 100_000, 1_000_000];
    let sizes: Vec<u32> = sizes.into_iter().filter(|&n| n as usize <= size.largest).collect();
    println!("W4: hold model, ns per hold, generator included");
    print!("{:<34}", "pending");
    sizes.iter().for_each(|n| print!("{n:>10}"));
    println!();
    let mut cells = vec![vec![Sample::default(); sizes.len()]; 4];
    for _ in 0..3 {
        for (i, &n) in sizes.iter().enumerate() {
            cells[0][i].push(hold::hold::<EventList>(n, size.holds));
            cells[1][i].push(hold::hold::<Quaternary>(n, size.holds));
            cells[2][i].push(hold::hold::<Binary>(n, size.holds));
            cells[3][i].push(hold::hold::<Lane>(n, size.holds));
        }
    }
    for (name, row) in [EventList::NAME, Quaternary::NAME, Binary::NAME, Lane::NAME].into_iter().zip(&cells) {
        print!("{name:<34}");
        row.iter().for_each(|cell| print!("{:>10.1}", cell.median()));
        println!();
    }
    println!();
}

fn growth(size: Size, missed: &mut Vec<String>) {
    println!("ns per event against nodes (pairs of clients and a service, each half busy)");
    let nodes: Vec<usize> = [10, 100, 1_000, 10_000].into_iter().collect();
    let mut cells = vec![Sample::default(); nodes.len()];
    let mut grown = Sample::default();
    for _ in 0..3 {
        let round: Vec<f64> = nodes.iter().map(|&n| scale::per_event_with_nodes(n, size.events)).collect();
        grown.push(round[round.len() - 1] / round[0]);
        round.iter().zip(&mut cells).for_each(|(ns, cell)| cell.push(*ns));
    }
    for (n, cell) in nodes.iter().zip(&cells) {
        println!("{n:>12} nodes{:>12.1}", cell.median());
    }
    judge("10,000 nodes against 10", grown.median(), NODES_GATE, missed);

    println!("ns per event of overloaded W3 against pending events");
    let pending: Vec<usize> = [1_000, 10_000, 100_000, 1_000_000].into_iter().filter(|&n| n <= size.largest).collect();
    let mut cells = vec![Sample::default(); pending.len()];
    let mut stood = vec![(0, 0); pending.len()];
    let mut grown = Sample::default();
    for _ in 0..3 {
        let mut round = Vec::new();
        for (i, &n) in pending.iter().enumerate() {
            let overload = scale::per_event_with_pending(n, size.events);
            cells[i].push(overload.ns);
            stood[i] = (overload.pending, overload.live);
            round.push(overload.ns);
        }
        grown.push(round[round.len() - 1] / round[0]);
    }
    for (cell, (pending, live)) in cells.iter().zip(&stood) {
        println!("{pending:>12} pending{:>12.1}   ({live} live calls)", cell.median());
    }
    judge(&format!("{} pending against 1,000", size.largest), grown.median(), PENDING_GATE, missed);
}

pub(crate) fn judge(what: &str, got: f64, gate: f64, missed: &mut Vec<String>) {
    if got <= gate {
        println!("  {what}: {got:.2} (gate: at most {gate})\n");
    } else {
        println!("  {what}: {got:.2}: THE GATE (at most {gate}) IS MISSED\n");
        missed.push(format!("{what}: {got:.2}, the gate is {gate}"));
    }
}

fn memory(size: Size, missed: &mut Vec<String>) {
    println!("memory of overloaded W3, and what a copy of the whole state (a keyframe) costs");
    println!("{:>12}{:>16}{:>16}{:>12}{:>14}", "live calls", "bytes each", "in a copy", "copy ms", "ns per call");
    let mut worst = 0.0f64;
    for live in [1_000, 10_000, 100_000, 1_000_000] {
        if live > size.largest {
            break;
        }
        let memory = scale::memory(live);
        println!(
            "{:>12}{:>16.1}{:>16.1}{:>12.3}{:>14.1}",
            memory.live,
            memory.per_call,
            memory.copied_per_call,
            memory.copy_ms,
            memory.copy_ms * 1e6 / memory.live as f64
        );
        // What the run has besides calls (histograms, lanes) weighs on few of them, so small backlogs say nothing.
        if live >= 100_000 {
            worst = worst.max(memory.per_call);
        }
    }
    judge("bytes per live call, 10⁵ and more", worst, BYTES_GATE, missed);
}
