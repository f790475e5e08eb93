//! The session against the engine itself, driven by a clock that the test holds.

use super::*;
use crate::wire::{Deed, Point, Tone};
use floodgate::{Budget, Control, Scenario, Simulation, Time};
use std::cell::Cell;

const HEALTHY: &str = include_str!("../../../../scenarios/single_server.toml");
const AVALANCHE: &str = include_str!("../../../../scenarios/single_server_avalanche.toml");

fn load(session: &mut Session, text: &str) {
    let reply = session.command(Command::Load { run: 1, text: text.to_owned(), seed: None, running: true });
    assert!(matches!(reply, Some(Reply::Loaded(_))), "{reply:?}");
}

fn frame(session: &mut Session) -> Frame {
    session.command(Command::Drawn);
    match session.frame() {
        Some(Reply::Frame(frame)) => *frame,
        other => panic!("a frame, not {other:?}"),
    }
}

/// Turns until the session wants no more, on a clock that moves a little at every look.
fn run_out(session: &mut Session) {
    let clock = Cell::new(0.0);
    let tick = || clock.replace(clock.get() + 0.5);
    while session.turn(&tick, 8.0) != Next::Idle {}
}

fn digest_at(text: &str, seconds: f64) -> String {
    let scenario = Scenario::load(text).expect("a sound scenario");
    let mut simulation = Simulation::new(&scenario, scenario.seed);
    let _ = simulation.advance(Budget::until(Time::from_secs_f64(seconds)));
    simulation.digest().to_string()
}

#[test]
fn run_to_end_gives_the_digest_of_a_plain_run() {
    let mut session = Session::new();
    load(&mut session, HEALTHY);
    session.command(Command::RunToEnd);
    run_out(&mut session);
    let frame = frame(&mut session);
    assert_eq!(frame.now_ns, 60_000_000_000);
    assert!(!frame.running);
    assert_eq!(frame.digest, Some((60_000_000_000, digest_at(HEALTHY, 60.0))));
    assert_eq!(frame.points.len(), 240);
    assert_eq!(frame.totals.born, frame.totals.answered + frame.totals.failed + frame.totals.in_flight);
}

#[test]
fn of_a_healthy_run_there_is_nothing_to_tell() {
    let mut session = Session::new();
    load(&mut session, HEALTHY);
    session.command(Command::RunToEnd);
    run_out(&mut session);
    assert_eq!(frame(&mut session).lines, Vec::new());
}

#[test]
fn time_passes_as_the_clock_and_the_speed_say() {
    let mut session = Session::new();
    load(&mut session, HEALTHY);
    let clock = Cell::new(0.0);
    let pass = |session: &mut Session, ms: f64| {
        for _ in 0..(ms / 10.0) as usize {
            clock.set(clock.get() + 10.0);
            session.turn(&|| clock.get(), 8.0);
        }
    };
    session.turn(&|| 0.0, 8.0);
    pass(&mut session, 1000.0);
    assert_eq!(frame(&mut session).now_ns, 1_000_000_000);
    session.command(Command::Speed(0.1));
    pass(&mut session, 1000.0);
    assert_eq!(frame(&mut session).now_ns, 1_100_000_000);
    session.command(Command::Pause);
    pass(&mut session, 1000.0);
    let paused = frame(&mut session);
    assert_eq!((paused.now_ns, paused.running), (1_100_000_000, false));
    assert_eq!(paused.digest, Some((1_000_000_000, digest_at(HEALTHY, 1.0))), "of the last whole second");
}

#[test]
fn a_step_is_one_event_and_stepping_is_running() {
    let mut session = Session::new();
    load(&mut session, HEALTHY);
    for n in 1..=3000 {
        session.command(Command::Step);
        assert_eq!(frame(&mut session).events, n);
    }
    session.command(Command::RunToEnd);
    run_out(&mut session);
    assert_eq!(frame(&mut session).digest.map(|d| d.1), Some(digest_at(HEALTHY, 60.0)));
}

#[test]
fn a_bad_text_changes_nothing() {
    let mut session = Session::new();
    load(&mut session, HEALTHY);
    session.command(Command::Step);
    let bad = Command::Load { run: 2, text: "format = 9".to_owned(), seed: None, running: true };
    assert!(matches!(session.command(bad), Some(Reply::Refused(_))));
    let frame = frame(&mut session);
    assert_eq!((frame.run, frame.events), (1, 1));
}

#[test]
fn a_crowd_by_hand_is_logged_and_told() {
    let mut session = Session::new();
    load(&mut session, HEALTHY);
    session.command(Command::Step);
    let deed = Deed::Set(vec![("rate".to_owned(), Some("\"12000/s\"".to_owned()))]);
    let act = Act { node: "users".to_owned(), deed, lasting: Some("10s".to_owned()) };
    assert_eq!(session.command(Command::Act(act.clone())), None);
    let nobody = Act { node: "nobody".to_owned(), ..act.clone() };
    assert!(matches!(session.command(Command::Act(nobody)), Some(Reply::Refused(_))));
    let nonsense = Act { deed: Deed::Set(vec![("rate".to_owned(), Some("\"fast\"".to_owned()))]), ..act };
    assert!(matches!(session.command(Command::Act(nonsense)), Some(Reply::Refused(_))));
    session.command(Command::RunToEnd);
    run_out(&mut session);
    let frame = frame(&mut session);
    assert_eq!(frame.log.len(), 1);
    assert!(frame.log[0].ends_with(r#"ms","node":"users","set":{"rate":"12000/s"},"for":"10s"}"#), "{}", frame.log[0]);
    // The log replays to the same digest.
    let scenario = Scenario::load(HEALTHY).expect("a sound scenario");
    let mut replay = Simulation::new(&scenario, scenario.seed);
    replay.control(Control::parse_line(&frame.log[0], &scenario).expect("a sound line")).expect("in time");
    let _ = replay.advance(Budget::until(scenario.until));
    assert_eq!(frame.digest.map(|d| d.1), Some(replay.digest().to_string()));
    let told = |what: &str| frame.lines.iter().any(|l| l.text.contains(what));
    assert!(told("saturated") && told("killed") && told("collapsed") && told("retries"), "{:#?}", frame.lines);
}

#[test]
fn the_story_does_not_depend_on_how_it_is_driven() {
    let story = |slice: f64| {
        let mut session = Session::new();
        load(&mut session, AVALANCHE);
        session.command(Command::RunToEnd);
        let clock = Cell::new(0.0);
        let tick = || clock.replace(clock.get() + 0.5);
        while session.turn(&tick, slice) != Next::Idle {}
        let frame = frame(&mut session);
        (frame.lines, frame.points.iter().map(|p| Point { p50: 0.0, p99: 0.0, ..*p }).collect::<Vec<_>>())
    };
    let (lines, points) = story(0.5);
    assert_eq!((lines.clone(), points), story(100.0));
    assert!(lines.iter().any(|l| l.tone == Tone::Bad && l.text.contains("keep it down")), "{lines:#?}");
}

#[test]
fn a_loop_without_latency_halts_and_is_told() {
    let text = "format = 1\nname = 'loop'\nuntil = '60s'\n\
        [[node]]\nid = 'u'\nkind = 'clients'\n[[node]]\nid = 'a'\nkind = 'load_balancer'\n[[node]]\nid = 'b'\nkind = 'load_balancer'\n\
        [[link]]\nfrom = 'u'\nto = 'a'\nlatency = '0s'\n[[link]]\nfrom = 'a'\nto = 'b'\nlatency = '0s'\n[[link]]\nfrom = 'b'\nto = 'a'\nlatency = '0s'\n";
    let mut session = Session::new();
    load(&mut session, text);
    run_out_or(&mut session, 5_000);
    let frame = frame(&mut session);
    // Depth may answer the calls before the limit of events does; either way the session still answers.
    assert!(frame.halted.is_some() || frame.events > 0);
}

fn run_out_or(session: &mut Session, turns: usize) {
    let clock = Cell::new(0.0);
    let tick = || clock.replace(clock.get() + 0.5);
    for _ in 0..turns {
        if session.turn(&tick, 8.0) == Next::Idle {
            return;
        }
    }
}
