//! The engine on the workloads, through its public interface: from the text of a scenario to its digest.

use floodgate::{Budget, Progress, Scenario, Simulation, Time};

/// W1: M/M/1.
pub const W1: &str = include_str!("../workloads/w1.toml");
/// W2: M/M/8.
pub const W2: &str = include_str!("../workloads/w2.toml");
/// W3: clients, balancer, ten replicas, database.
pub const W3: &str = include_str!("../workloads/w3.toml");

/// What a run found.
#[derive(Clone, Copy, Debug)]
pub struct Ran {
    /// Requests born.
    pub customers: u64,
    /// Their mean sojourn in seconds.
    pub mean: f64,
    /// Events delivered.
    pub events: u64,
    /// Fingerprint, so that nothing is optimised away.
    pub digest: u64,
}

/// A run at time 0 of a scenario that belongs to the benchmark.
///
/// # Panics
/// When the scenario does not load: it is part of this program.
#[must_use]
pub fn start(text: &str) -> Simulation {
    match Scenario::load(text) {
        Ok(scenario) => Simulation::new(&scenario, 1),
        Err(problems) => panic!("a workload does not load: {problems}"),
    }
}

/// Goes on until `until`.
///
/// # Panics
/// When a limit is met.
pub fn go(simulation: &mut Simulation, until: Time) {
    if let Err(halt) = simulation.run_until(until) {
        panic!("{halt}");
    }
}

/// Handles `events` further events, and says how many there were.
///
/// # Panics
/// When a limit is met.
pub fn step(simulation: &mut Simulation, events: u64) -> u64 {
    let before = simulation.events();
    match simulation.advance(Budget { until: Time::MAX, events }) {
        Progress::Halted(halt) => panic!("{halt}"),
        _ => simulation.events() - before,
    }
}

/// The whole of it: text, scenario, run, digest.
#[must_use]
pub fn run(text: &str, until: Time) -> Ran {
    let mut simulation = start(text);
    go(&mut simulation, until);
    let clients = simulation.scenario().nodes.iter().position(|n| n.id == "clients").unwrap_or(0);
    let mean = simulation.node_counters(clients).latency.mean().map_or(f64::NAN, |d| d.as_secs_f64());
    let (customers, events) = (simulation.totals().born, simulation.events());
    Ran { customers, mean, events, digest: simulation.digest().0 }
}
