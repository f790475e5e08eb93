//! In steady state an event allocates nothing: everything that is made for a request takes the place of what is done with.
//!
//! The allocator counts for the whole program, so this file holds one test.

use std::alloc::System;
use std::collections::BTreeMap;
use std::sync::Arc;

use floodgate::{Budget, Progress, Scenario, Simulation, Time};
use floodgate_tests::workloads;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const W1: &str = include_str!("../../benches/workloads/w1.toml");
const W3: &str = include_str!("../../benches/workloads/w3.toml");

/// Recorded requests, again and again.
const REPLAY: &str = r#"
format = 1
name = "replay"
[[node]]
id = "users"
kind = "clients"
replay = { file = "r.csv", unit = "ms", client = "who", path = "path", bytes = "n", repeat = true }
classes = [{ name = "/a" }]
[[node]]
id = "web"
kind = "service"
[[link]]
from = "users"
to = "web"
"#;

/// A recording of a second and a half.
fn recording() -> (String, Arc<str>) {
    let line = |i: u32| format!("{},{},{},{}\n", 3 * i, i % 40, ["/a/x", "/b"][(i % 2) as usize], 100 + i);
    ("r.csv".to_owned(), Arc::from("time,who,path,n\n".to_owned() + &(0..500).map(line).collect::<String>()))
}

/// Allocations per 100,000 events that are known, by the name of the workload; docs/PERFORMANCE.md says why.
const KNOWN: &[(&str, usize)] = &[
    ("dns", 400),
    ("dns: checks, overlong answers", 12_500),
    ("anycast", 1_600),
    ("anycast: kept connections", 1_600),
    ("cdn", 350),
    ("cdn: full", 1_200),
    ("l4_director: second chance", 120),
    ("l4_director: connection table", 130),
    ("load_balancer: connections (L4)", 130),
    // A longest queue that came late.
    ("load_balancer: checks, outliers, next upstream", 2),
    ("load_balancer: ring_hash", 1),
    // One in 100,000 events on the average of two million, where some attempts are given up; where from is not known yet.
    ("clients: retries at 70 %", 3),
];

/// Events before anything is counted.
const WARM_UP: u64 = 2_000_000;

/// Runs `events`, and says how often memory was asked for.
fn allocations(simulation: &mut Simulation, events: u64) -> usize {
    let region = Region::new(&INSTRUMENTED_SYSTEM);
    let progress = simulation.advance(Budget { until: Time::MAX, events });
    let change = region.change();
    assert_eq!(progress, Progress::Budget);
    change.allocations + change.reallocations
}

#[test]
fn an_event_in_steady_state_allocates_nothing() {
    let files = BTreeMap::from([recording()]);
    let mut systems = vec![("W1".to_owned(), W1.to_owned()), ("W3".to_owned(), W3.to_owned())];
    systems.push(("replay".to_owned(), REPLAY.to_owned()));
    systems.extend(workloads::all().into_iter().map(|workload| (workload.name(), workload.text())));
    assert_eq!(workloads::missing(floodgate::catalogue()), Vec::<&str>::new(), "every component is at work");
    let mut wrong = Vec::new();
    for (name, text) in systems {
        let scenario = Scenario::load_among(&text, &files).unwrap_or_else(|problems| panic!("{name}: {problems}"));
        let mut simulation = Simulation::new(&scenario, 1);
        let early = allocations(&mut simulation, 1_000);
        assert!(early > 0, "{name}: the allocator counts");
        // Until queues, slabs and histograms have met their longest and slowest. At 90 % load a longer queue than ever
        // comes up now and then, however long one waits, and doubles what holds it: on a fixed seed these are known.
        allocations(&mut simulation, WARM_UP);
        let late = allocations(&mut simulation, 100_000);
        println!("{name}: {late}");
        let known = KNOWN.iter().find(|(known, _)| *known == name).map_or(0, |(_, known)| *known);
        if late > known {
            wrong.push(format!("{name}: {late} allocations in 100,000 events, {known} are known"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
