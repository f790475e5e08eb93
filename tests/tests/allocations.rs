//! In steady state an event allocates nothing: everything that is made for a request takes the place of what is done with.
//!
//! The allocator counts for the whole program, so this file holds one test.

use std::alloc::System;

use floodgate::{Budget, Progress, Scenario, Simulation, Time};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const W1: &str = include_str!("../../benches/workloads/w1.toml");
const W3: &str = include_str!("../../benches/workloads/w3.toml");

/// Everything that can be said of requests.
const TRAFFIC: &str = r#"
format = 1
name = "traffic"
[[node]]
id = "users"
kind = "clients"
rate = "1000/s"
population = 1000
classes = [{ name = "/a", weight = 2.0, slo = "50ms" }, { name = "/b", size = "3KiB" }]
keys = { count = 100000 }
crawlers = { clients = 5 }
connections = { requests = 100 }
sessions = true
double_clicks = { share = 0.1 }
size = { scv = 2.0 }
deadline = "1s"
arrivals = { curve = [{ at = "0s", factor = 0.9 }, { at = "5s", factor = 1.1 }], curve_period = "10s" }
[[node]]
id = "web"
kind = "service"
workers = 32
service_time = { weibull = "5ms", shape = 0.9 }
handshake = "1ms"
[[link]]
from = "users"
to = "web"
latency = "1ms"
"#;

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
    for (name, text) in [("W1", W1), ("W3", W3), ("traffic", TRAFFIC)] {
        let scenario = Scenario::load(text).expect("a workload loads");
        let mut simulation = Simulation::new(&scenario, 1);
        let early = allocations(&mut simulation, 1_000);
        assert!(early > 0, "{name}: the allocator counts");
        // Until queues, slabs and histograms have met their longest and slowest. At 90 % load a longer queue than ever
        // comes up now and then, however long one waits, and doubles what holds it: on a fixed seed these are known.
        allocations(&mut simulation, 3_000_000);
        let late = allocations(&mut simulation, 100_000);
        assert_eq!(late, 0, "{name}: allocations in 100,000 events");
    }
}
