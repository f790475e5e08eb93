//! What grows: ns per event against nodes and pending events, bytes per live call, the cost of a copy of the state.

use crate::engine::{W1, W3, go, start, step};
use crate::measure::{Sample, timed};
use floodgate::components::AnyComponent;
use floodgate::{Budget, Progress, Simulation, Time};
use floodgate_core as core;
use floodgate_core::{Limits, PortId, Topology};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region};
use std::sync::Arc;

/// `nodes` nodes: pairs of clients and a service, 10,000 requests a second in all, each server half busy. A scenario file
/// holds fewer nodes than this is asked for, so one pair is read from a text and the engine is given copies of it.
#[must_use]
fn pairs(nodes: usize) -> core::Simulation<AnyComponent> {
    let pairs = (nodes / 2).max(1);
    let rate = 10_000.0 / pairs as f64;
    let text = W1.replace("0.9/s", &format!("{rate}/s")).replace("\"1s\"", &format!("\"{}s\"", 0.5 / rate));
    let pair = start(&text).scenario().clone();
    let mut topology = Topology::default();
    let mut models = Vec::new();
    // A kind and its values; the order of keys is the order of models.
    for node in &pair.nodes {
        for number in 0..pairs {
            let added = topology.add_node(&format!("{}{number:05}", node.id));
            assert_eq!(added, Ok(()), "names are distinct");
            models.extend(AnyComponent::build(node.descriptor, &node.values));
        }
    }
    for link in &pair.links {
        for number in 0..pairs {
            let (from, to) = (format!("{}{number:05}", link.from), format!("{}{number:05}", link.to));
            let added = topology.add_link(&from, PortId(link.port as u16), &to, link.wiring().latency);
            assert_eq!(added, Ok(()), "both ends are there");
        }
    }
    core::Simulation::new(Arc::new(topology.freeze()), models, 1, Limits::default())
}

/// Handles `events` events of pairs, and says how many there were.
fn step_pairs(simulation: &mut core::Simulation<AnyComponent>, events: u64) -> u64 {
    let before = simulation.events();
    let progress = simulation.advance(Budget { until: Time::MAX, events }, &mut ());
    assert_eq!(progress, Progress::Budget, "there is always another arrival");
    simulation.events() - before
}

/// ns per event of `events` further events, after as many to warm up (at least 50 for each node).
#[must_use]
pub fn per_event_with_nodes(nodes: usize, events: u64) -> f64 {
    let mut simulation = pairs(nodes);
    step_pairs(&mut simulation, events.max(50 * nodes as u64));
    let (done, time) = timed(|| step_pairs(&mut simulation, events));
    time.as_nanos() as f64 / done as f64
}

/// The same for a profiler, which is told of 20 events for each node.
pub fn profile_nodes(nodes: usize) {
    let mut simulation = pairs(nodes);
    step_pairs(&mut simulation, 50 * nodes as u64);
    let done = crate::measured(|| step_pairs(&mut simulation, 20 * nodes as u64));
    println!("{done} events of {nodes} nodes, digest {}", simulation.digest());
}

/// 20,000 requests a second, nearly every one tried three times, make 60,000 attempts.
fn patience(pending: usize) -> f64 {
    pending as f64 / 60_000.0
}

/// W3 with more than twice what it can carry, and a patience that keeps so many time-outs pending.
fn overloaded(pending: usize) -> Simulation {
    // Pauses are short, so that those who pause are few beside those who wait.
    let text = W3.replace("8000/s", "20000/s").replace("100ms", "10ms");
    start(&text.replace("timeout = \"250ms\"", &format!("timeout = \"{:.0}us\"", patience(pending) * 1e6)))
}

/// How an overloaded run stood while it was measured.
#[derive(Clone, Copy, Debug)]
pub struct Overload {
    /// Entries in the event list.
    pub pending: usize,
    /// Live calls.
    pub live: usize,
    /// ns per event.
    pub ns: f64,
}

/// ns per event of overloaded W3 with about `pending` entries in its event list.
#[must_use]
pub fn per_event_with_pending(pending: usize, events: u64) -> Overload {
    let mut simulation = overloaded(pending);
    // Long enough that first attempts, second and third ones are all given up.
    go(&mut simulation, Time::from_secs_f64(2.0 + 3.2 * patience(pending)));
    let (done, time) = timed(|| step(&mut simulation, events));
    Overload { pending: simulation.pending(), live: simulation.live_calls(), ns: time.as_nanos() as f64 / done as f64 }
}

/// The memory of overloaded W3.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Live calls.
    pub live: usize,
    /// Bytes that the run has allocated since its start, for each.
    pub per_call: f64,
    /// Bytes of a copy (exactly what is needed, nothing to grow into), for each.
    pub copied_per_call: f64,
    /// Milliseconds that a copy takes.
    pub copy_ms: f64,
}

/// Memory of W3 driven into overload until `live` calls are alive, and what a copy of it costs.
#[must_use]
pub fn memory(live: usize) -> Memory {
    let mut simulation = start(&W3.replace("8000/s", "20000/s"));
    let region = Region::new(&INSTRUMENTED_SYSTEM);
    while simulation.live_calls() < live {
        match simulation.advance(Budget { until: Time::MAX, events: 1_000 }) {
            Progress::Halted(halt) => panic!("{halt}"),
            Progress::Reached | Progress::Budget => {}
        }
    }
    let per_call = held(&region) / simulation.live_calls() as f64;
    let region = Region::new(&INSTRUMENTED_SYSTEM);
    let copy = simulation.clone();
    let copied_per_call = held(&region) / simulation.live_calls() as f64;
    drop(copy);
    let mut copies = Sample::default();
    for _ in 0..5 {
        let (copy, time) = timed(|| simulation.clone());
        copies.push(time.as_secs_f64() * 1e3);
        drop(copy);
    }
    Memory { live: simulation.live_calls(), per_call, copied_per_call, copy_ms: copies.median() }
}

fn held(region: &Region<'_, std::alloc::System>) -> f64 {
    let change = region.change();
    // A reallocation that grows counts as allocated, one that shrinks as deallocated.
    change.bytes_allocated as f64 - change.bytes_deallocated as f64
}
