//! What the engine costs. `cargo xtask bench` builds this with the profile `bench` and runs it.

use std::alloc::System;
use std::path::PathBuf;
use std::process::ExitCode;

use floodgate::Time;
use floodgate_bench::{callgrind, engine, limit, peers, scale, table};
use lexopt::prelude::*;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

// Counts allocations, for the bytes of a live call; in steady state there is none to slow down.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const HELP: &str = "\
floodgate-bench [--quick] [--peers] [--only speed|components|wasm|page|lists|growth|memory|seek]
                                        the tables: limit and gates, each component, wasm, the page, event lists, growth, memory, time travel
floodgate-bench --callgrind [--update]  instructions of W1-W3 against benches/instructions.toml
floodgate-bench --single w1|w2|w3|limit-w1|limit-w2|limit-w3|nodes [--customers N]
                                        one run, for a profiler; `nodes` is the table of growth with N nodes
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("bench: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let (mut quick, mut with_peers, mut count, mut update) = (false, false, false, false);
    let (mut single, mut only, mut customers) = (None, None, 20_000);
    // Where measurements are kept; `cargo xtask bench` says where the build went.
    let target = std::env::var_os("FLOODGATE_TARGET").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let mut words = lexopt::Parser::from_env();
    let bad = |error: lexopt::Error| format!("{error}\n\n{HELP}");
    while let Some(word) = words.next().map_err(bad)? {
        match word {
            Long("quick") => quick = true,
            Long("peers") => with_peers = true,
            Long("callgrind") => count = true,
            Long("update") => update = true,
            Long("single") => single = Some(words.value().and_then(ValueExt::string).map_err(bad)?),
            Long("only") => only = Some(words.value().and_then(ValueExt::string).map_err(bad)?),
            Long("customers") => customers = words.value().and_then(|v| v.parse()).map_err(bad)?,
            Long("help") | Short('h') => {
                print!("{HELP}");
                return Ok(());
            }
            other => return Err(bad(other.unexpected())),
        }
    }
    match single {
        Some(name) => once(&name, customers),
        None if count => callgrind::check(&target, update),
        None => {
            let peers = if with_peers { peers::prepare(&target)? } else { Vec::new() };
            table::all(quick, only.as_deref(), &peers)
        }
    }
}

/// One run; what counts instructions begins and ends with [`floodgate_bench::measured`].
fn once(name: &str, customers: u64) -> Result<(), String> {
    let seconds = |rate: f64| Time::from_secs_f64(customers as f64 / rate);
    let engine = |text: &str, rate: f64| {
        let mut simulation = engine::start(text);
        // Half of it to warm up: caches, histograms, lanes and slabs have their size then.
        engine::go(&mut simulation, Time(seconds(rate).0 / 2));
        floodgate_bench::measured(|| engine::go(&mut simulation, seconds(rate)));
        println!("{} events, digest {}", simulation.events(), simulation.digest());
    };
    match name {
        "w1" => engine(engine::W1, 0.9),
        "w2" => engine(engine::W2, 7.2),
        "w3" => engine(engine::W3, 8_000.0),
        "nodes" => scale::profile_nodes(customers as usize),
        "limit-w1" => println!("{:?}", floodgate_bench::measured(|| limit::w1(customers, 1))),
        "limit-w2" => println!("{:?}", floodgate_bench::measured(|| limit::w2(customers, 1))),
        "limit-w3" => {
            println!("{:?}", floodgate_bench::measured(|| limit::w3(8_000.0, customers.div_ceil(8_000), 1)))
        }
        other => return Err(format!("there is no workload {other:?}\n\n{HELP}")),
    }
    Ok(())
}
