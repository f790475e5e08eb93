//! Floodgate as a library: a system and what it must withstand, in a test of ten lines.

use floodgate::{Scenario, Simulation, Time};

#[test]
fn one_server_carries_four_hundred_requests_per_second() {
    let scenario = Scenario::load(include_str!("../../scenarios/single_server.toml")).expect("a valid file");
    let mut simulation = Simulation::new(&scenario, 7);
    simulation.run_until(Time::from_secs_f64(30.0)).expect("no limit is met");
    let report = simulation.report();
    assert!(report.totals.goodput as f64 > 0.999 * report.totals.born as f64);
    assert!(report.nodes["web"].latency_ms.p99.expect("answers") < 100.0);
    assert!(report.nodes["db"].errors.is_empty());
}

/// What the README shows is what the reader gets.
#[test]
fn the_readmes_scenario_does_what_it_expects() {
    let readme = include_str!("../../README.md");
    let text =
        readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("the README has a scenario");
    let scenario = Scenario::load(text).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(floodgate::check(&scenario, scenario.seed).passed());
}
