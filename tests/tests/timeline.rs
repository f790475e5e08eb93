//! Time travel: going back and forth is the same as having gone there directly.

use floodgate::param::{Value, Values};
use floodgate::{Action, Budget, Control, Duration, KeyframePolicy, Progress, Scenario, Simulation, Time, Timeline};

fn seconds(s: f64) -> Time {
    Time::from_secs_f64(s)
}

fn start() -> Simulation {
    let scenario = Scenario::load(include_str!("../../scenarios/single_server_avalanche.toml")).expect("valid");
    let mut simulation = Simulation::new(&scenario, 5);
    simulation.record(Duration::from_millis(250));
    simulation
}

fn slow(at: f64) -> Control {
    let values = Values(vec![("factor", Value::Number(3.0))]);
    let lasting = Some(Duration::from_secs(4));
    Control { at: seconds(at), node: "db".into(), action: Action::Fault { fault: "slow", values }, lasting }
}

fn rate(at: f64, per_s: f64) -> Control {
    let action = Action::Set(vec![("rate".into(), Value::Rate(per_s))]);
    Control { at: seconds(at), node: "users".into(), action, lasting: Some(Duration::from_secs(3)) }
}

/// A run straight to `until`, with `controls` entered as they come.
fn straight(controls: &[Control], until: f64) -> Simulation {
    let mut simulation = start();
    for control in controls {
        simulation.run_until(control.at).expect("no limit is met");
        simulation.control(control.clone()).expect("in time");
    }
    simulation.run_until(seconds(until)).expect("no limit is met");
    simulation
}

/// Every part of the state and the whole record agree; what differs is named.
fn assert_same(got: &Simulation, expected: &Simulation) {
    let differing: Vec<String> =
        got.parts().into_iter().zip(expected.parts()).filter(|(a, b)| a != b).map(|(a, _)| a.0).collect();
    assert!(differing.is_empty(), "at {}: these parts differ: {differing:?}", got.now());
    assert_eq!(got.digest(), expected.digest());
    let json = |s: &Simulation| serde_json::to_string(&s.report()).expect("serialises");
    assert_eq!(json(got), json(expected), "at {}", got.now());
}

fn travel(policy: KeyframePolicy) -> (Timeline, Vec<Control>) {
    let mut timeline = Timeline::new(start(), policy);
    let controls = vec![slow(4.0), rate(6.5, 3000.0)];
    for control in &controls {
        assert_eq!(timeline.advance(Budget::until(control.at)), Progress::Reached);
        timeline.control(control.clone()).expect("in time");
    }
    assert_eq!(timeline.advance(Budget::until(seconds(16.0))), Progress::Reached);
    (timeline, controls)
}

#[test]
fn seeking_anywhere_is_the_same_as_having_gone_there_directly() {
    let (mut timeline, controls) = travel(KeyframePolicy::default());
    assert_same(timeline.simulation(), &straight(&controls, 16.0));
    for time in [3.1, 12.0, 0.0, 4.0, 11.317, 6.5, 15.9, 16.0, 7.25, 17.0] {
        timeline.seek(seconds(time)).expect("no limit is met");
        let known: Vec<Control> = controls.iter().filter(|c| c.at < seconds(time)).cloned().collect();
        let expected = straight(&known, time);
        let json = |s: &Simulation| serde_json::to_string(&s.report()).expect("serialises");
        assert_eq!(json(timeline.simulation()), json(&expected), "at {time}");
        assert_eq!(timeline.simulation().digest(), expected.digest());
    }
    assert_same(timeline.simulation(), &straight(&controls, 17.0));
}

#[test]
fn keyframes_are_thinned_under_the_byte_budget_and_seeking_stays_exact() {
    let policy = KeyframePolicy { every: Duration::from_millis(500), bytes_max: 2 << 20 };
    let (mut timeline, controls) = travel(policy);
    let (count, bytes) = timeline.keyframes();
    assert!(count < 25, "thinned from 33 to {count}, {bytes} bytes");
    assert!(bytes <= policy.bytes_max, "{bytes}");
    for time in [13.3, 1.7, 16.0] {
        timeline.seek(seconds(time)).expect("no limit is met");
        let known: Vec<Control> = controls.iter().filter(|c| c.at < seconds(time)).cloned().collect();
        assert_eq!(timeline.simulation().digest(), straight(&known, time).digest(), "at {time}");
    }
}

#[test]
fn a_control_in_the_past_starts_a_branch() {
    let (mut timeline, controls) = travel(KeyframePolicy::default());
    let other = timeline.clone();
    timeline.seek(seconds(5.0)).expect("no limit is met");
    timeline.control(rate(5.5, 50.0)).expect("in time");
    assert_eq!(timeline.furthest(), seconds(5.0));
    timeline.seek(seconds(12.0)).expect("no limit is met");
    let branch = [controls[0].clone(), rate(5.5, 50.0)];
    assert_eq!(timeline.log(), branch);
    assert_same(timeline.simulation(), &straight(&branch, 12.0));
    timeline.seek(seconds(4.5)).expect("no limit is met");
    timeline.seek(seconds(12.0)).expect("no limit is met");
    assert_same(timeline.simulation(), &straight(&branch, 12.0));
    // The other track is where it was.
    assert_same(other.simulation(), &straight(&controls, 16.0));
}
