//! What the scenario files say, over five seeds: the phenomenon is in the expectations, not in one lucky run.

use floodgate::{Halt, Scenario, Simulation, check};
use std::path::{Path, PathBuf};

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    files
}

#[test]
fn every_scenario_does_what_it_says_over_five_seeds() {
    let files = files();
    assert!(files.len() >= 3);
    let mut failures = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("readable");
        let scenario = floodgate_tests::beside::load(&text);
        assert!(!scenario.expectations.is_empty(), "{} expects nothing", file.display());
        let variants = scenario.variants.iter().map(|v| (v.name.as_str(), &v.scenario));
        for (variant, scenario) in std::iter::once(("", &scenario)).chain(variants) {
            for seed in 1..=5 {
                let report = check(scenario, seed);
                report.simulation.check_books().expect("the books balance");
                assert_eq!(report.halted, None, "{} {variant} seed {seed}", file.display());
                for result in report.results.iter().filter(|r| !r.passed()) {
                    failures.push(format!("{} {variant} seed {seed}: {result:?}", file.display()));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_avalanche_is_metastable_and_owes_nothing_to_a_long_restart() {
    let text = include_str!("../../scenarios/single_server_avalanche.toml");
    let scenario = Scenario::load(text).expect("valid");
    let delays = text.lines().filter(|l| l.starts_with("restart_delay")).collect::<Vec<_>>();
    assert_eq!(delays, ["restart_delay = \"3s\""]);
    // Five minutes after the crowd it is still down; then retries end (a live change), and it comes back.
    let mut simulation = Simulation::new(&scenario, 1);
    let goodput_between = |simulation: &mut Simulation, from: f64, to: f64| {
        simulation.run_until(floodgate::Time::from_secs_f64(from)).expect("no limit is met");
        let before = simulation.totals();
        simulation.run_until(floodgate::Time::from_secs_f64(to)).expect("no limit is met");
        let t = simulation.totals();
        (t.goodput - before.goodput) as f64 / (t.born - before.born) as f64
    };
    assert!(goodput_between(&mut simulation, 240.0, 320.0) < 0.1);
    let stop = floodgate::Control {
        at: simulation.now(),
        node: "users".into(),
        action: floodgate::Action::Set(vec![("retry.attempts".into(), floodgate::param::Value::Integer(0))]),
        lasting: None,
    };
    simulation.control(stop).expect("a live parameter");
    assert!(goodput_between(&mut simulation, 345.0, 400.0) > 0.99);
}

#[test]
fn a_loop_without_latency_halts_with_the_limit_named() {
    let scenario =
        Scenario::load(include_str!("../fixtures/loop_without_latency.toml")).expect("a loop is only a warning");
    let mut simulation = Simulation::new(&scenario, 1);
    let halt = simulation.run_until(scenario.until).expect_err("it never ends");
    assert!(matches!(halt, Halt::EventsPerInstant { .. }), "{halt}");
    assert!(simulation.report().halted.is_some_and(|h| h.contains("events_per_instant")));
    simulation.check_books().expect("the state is sound");
}
