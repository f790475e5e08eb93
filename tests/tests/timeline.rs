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

/// So many that most of the tests' instants have one of their own before them.
const CLOSE: KeyframePolicy = KeyframePolicy { every: Duration::from_millis(500), events: 5_000, bytes_max: 256 << 20 };

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
    let (mut timeline, controls) = travel(CLOSE);
    assert!(timeline.keyframe_times().count() > 10);
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
    let policy = KeyframePolicy { every: Duration::from_millis(500), events: 10_000, bytes_max: 12 << 20 };
    let (mut timeline, controls) = travel(policy);
    let (count, bytes) = timeline.keyframes();
    let all = timeline.simulation().events() / policy.events;
    assert!(3 < count && (count as u64) < all, "thinned from {all} to {count}, {bytes} bytes");
    assert!(bytes <= policy.bytes_max, "{bytes}");
    // The newest is near, though further than was asked for, because a copy takes its time; no gap has swallowed the others.
    let mut events: Vec<u64> = timeline
        .keyframe_times()
        .map(|time| {
            let mut there = timeline.clone();
            there.seek(time).expect("no limit is met");
            there.simulation().events()
        })
        .collect();
    events.push(timeline.simulation().events());
    let gaps: Vec<u64> = events.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps[gaps.len() - 1] <= 5 * policy.events, "{gaps:?}");
    assert!(gaps.iter().all(|gap| gap * 2 < timeline.simulation().events()), "{gaps:?}");
    for time in [13.3, 1.7, 16.0] {
        timeline.seek(seconds(time)).expect("no limit is met");
        let known: Vec<Control> = controls.iter().filter(|c| c.at < seconds(time)).cloned().collect();
        assert_eq!(timeline.simulation().digest(), straight(&known, time).digest(), "at {time}");
    }
}

#[test]
fn a_keyframe_that_is_too_large_drives_out_no_other() {
    // Of the healthy seconds there are some; in the avalanche, one alone would take more.
    let policy = KeyframePolicy { every: Duration::from_secs(1), events: 1_000, bytes_max: 256 << 10 };
    let (timeline, _) = travel(policy);
    let (count, bytes) = timeline.keyframes();
    assert!(count > 1 && bytes <= policy.bytes_max, "{count} keyframes, {bytes} bytes");
}

#[test]
fn a_keyframe_comes_when_it_is_due_however_the_run_is_cut() {
    let mut whole = Timeline::new(start(), CLOSE);
    assert_eq!(whole.advance(Budget::until(seconds(12.0))), Progress::Reached);
    let mut sliced = Timeline::new(start(), CLOSE);
    while sliced.advance(Budget { until: seconds(12.0), events: 777 }) == Progress::Budget {}
    assert_same(sliced.simulation(), whole.simulation());
    assert_eq!(sliced.keyframe_times().collect::<Vec<_>>(), whole.keyframe_times().collect::<Vec<_>>());
    // To the very time of each, and to where its first event has happened.
    for time in whole.keyframe_times().collect::<Vec<_>>() {
        for time in [time, Time(time.0 + 1)] {
            whole.seek(time).expect("no limit is met");
            assert_same(whole.simulation(), &straight(&[], time.as_secs_f64()));
        }
    }
}

#[test]
fn a_control_in_the_past_starts_a_branch() {
    let (mut timeline, controls) = travel(CLOSE);
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
