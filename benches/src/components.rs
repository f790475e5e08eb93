//! What each component of the catalogue costs: a small system at nine tenths of its capacity with it, against one without.

use crate::engine;
use crate::measure::{Sample, timed};
use crate::workloads;
use floodgate::Simulation;

/// What a stretch of a run took.
struct Cost {
    ns_per_event: f64,
    events_per_request: f64,
}

fn cost(simulation: &mut Simulation, events: u64) -> Cost {
    let born = simulation.totals().born;
    let (events, time) = timed(|| engine::step(simulation, events));
    let requests = (simulation.totals().born - born).max(1) as f64;
    Cost { ns_per_event: time.as_nanos() as f64 / events as f64, events_per_request: events as f64 / requests }
}

/// Prints the table.
///
/// # Errors
/// When a component of the catalogue has no workload.
pub fn all(rounds: usize, events: u64) -> Result<(), String> {
    let missing = workloads::missing(floodgate::catalogue());
    if !missing.is_empty() {
        return Err(format!("workloads.rs has nothing for: {}", missing.join(", ")));
    }
    let workloads = workloads::all();
    println!("components at 90 % load, against plain clients and a plain service in the same rounds");
    println!(
        "{:<46}{:>10}{:>16}{:>12}{:>10}{:>18}",
        "", "ns/event", "events/request", "ns/request", "x plain", "from - to"
    );
    let mut runs: Vec<Simulation> = workloads.iter().map(|workload| engine::start(&workload.text())).collect();
    let mut samples = vec![(Sample::default(), Sample::default(), Sample::default(), Sample::default()); runs.len()];
    for run in &mut runs {
        engine::step(run, events);
    }
    for _ in 0..rounds {
        let mut plain = f64::NAN;
        for (run, (per_event, per_request, ns, ratio)) in runs.iter_mut().zip(&mut samples) {
            let cost = cost(run, events);
            let request = cost.ns_per_event * cost.events_per_request;
            // The first row is the plain one.
            plain = if plain.is_nan() { request } else { plain };
            per_event.push(cost.ns_per_event);
            per_request.push(cost.events_per_request);
            ns.push(request);
            ratio.push(request / plain);
        }
    }
    for (workload, (per_event, per_request, ns, ratio)) in workloads.iter().zip(&samples) {
        let (low, high) = ratio.range();
        println!(
            "{:<46}{:>10.1}{:>16.2}{:>12.0}{:>10.2}{:>18}",
            workload.name(),
            per_event.median(),
            per_request.median(),
            ns.median(),
            ratio.median(),
            format!("{low:.2} - {high:.2}")
        );
    }
    println!();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_component_of_the_catalogue_has_a_workload_that_runs_and_is_busy() {
        assert_eq!(workloads::missing(floodgate::catalogue()), Vec::<&str>::new());
        for workload in workloads::all() {
            let mut run = engine::start(&workload.text());
            engine::step(&mut run, 50_000);
            let totals = run.totals();
            assert!(totals.answered > 1_000, "{}: {totals:?}", workload.name());
            assert!(totals.failed * 100 < totals.answered, "{}: {totals:?}", workload.name());
            run.check_books().expect("the books balance");
        }
    }
}
