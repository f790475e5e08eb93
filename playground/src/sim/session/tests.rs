//! The session against the engine itself, driven by a clock that the test holds.

use super::*;
use crate::wire::{Deed, Point, Resume, Tone};
use floodgate::{Budget, Control, ControlLog, Scenario, Simulation, Time};
use std::cell::Cell;

const HEALTHY: &str = include_str!("../../../../scenarios/single_server.toml");
const AVALANCHE: &str = include_str!("../../../../scenarios/single_server_avalanche.toml");

fn load(session: &mut Session, text: &str) {
    let load = Command::Load { run: 1, text: text.to_owned(), seed: None, running: true, variant: None, resume: None };
    let replies = session.command(load);
    assert!(matches!(replies[..], [Reply::Loaded(_)]), "{replies:?}");
}

fn frame(session: &mut Session) -> Frame {
    session.command(Command::Drawn);
    session.frame().expect("there is something to show")
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
    let bad =
        Command::Load { run: 2, text: "format = 9".to_owned(), seed: None, running: true, variant: None, resume: None };
    assert!(matches!(session.command(bad)[..], [Reply::Refused(_)]));
    let frame = frame(&mut session);
    assert_eq!((frame.run, frame.events), (1, 1));
}

#[test]
fn a_crowd_by_hand_is_logged_and_told() {
    let mut session = Session::new();
    load(&mut session, HEALTHY);
    session.command(Command::Step);
    let deed = Deed::Set(vec![("rate".to_owned(), Some("\"12000/s\"".to_owned()))]);
    let act = Act { id: 1, node: "users".to_owned(), deed, lasting: Some("10s".to_owned()) };
    assert_eq!(session.command(Command::Act(act.clone())), Vec::new());
    let nobody = Act { node: "nobody".to_owned(), ..act.clone() };
    assert!(matches!(session.command(Command::Act(nobody))[..], [Reply::Refused(_)]));
    let nonsense = Act { deed: Deed::Set(vec![("rate".to_owned(), Some("\"fast\"".to_owned()))]), ..act };
    assert!(matches!(session.command(Command::Act(nonsense))[..], [Reply::Refused(_)]));
    session.command(Command::RunToEnd);
    run_out(&mut session);
    let frame = frame(&mut session);
    let log = frame.log.clone().expect("it has changed");
    assert_eq!(log.len(), 1);
    assert!(log[0].ends_with(r#"ms","node":"users","set":{"rate":"12000/s"},"for":"10s"}"#), "{}", log[0]);
    // The log replays to the same digest.
    let scenario = Scenario::load(HEALTHY).expect("a sound scenario");
    let mut replay = Simulation::new(&scenario, scenario.seed);
    replay.control(Control::parse_line(&log[0], &scenario).expect("a sound line")).expect("in time");
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
        (frame.lines, frame.points.iter().map(|p| Point { p50: 0.0, p95: 0.0, p99: 0.0, ..*p }).collect::<Vec<_>>())
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

/// What the page would know, after everything that was asked.
fn shown(session: &mut Session, live: &mut crate::live::Live) -> Frame {
    let frame = frame(session);
    live.take(frame.clone());
    frame
}

fn go(session: &mut Session, seconds: f64) {
    session.command(Command::Pause);
    session.command(Command::Seek((seconds * 1e9) as u64));
    run_out(session);
}

fn kill(id: u32) -> Command {
    let deed = Deed::Fault { fault: "kill".to_owned(), values: Vec::new() };
    Command::Act(Act { id, node: "web".to_owned(), deed, lasting: None })
}

fn flood(id: u32) -> Command {
    let lasting = Some("5s".to_owned());
    Command::Act(Act { id, node: "users".to_owned(), deed: Deed::Flood(30.0), lasting })
}

/// The digest of a plain run with this log.
fn replayed(text: &str, frame: &Frame, log: &[String]) -> String {
    let scenario = Scenario::load(text).expect("a sound scenario");
    let mut simulation = Simulation::new(&scenario, scenario.seed);
    let header = ControlLog { scenario: scenario.name.clone(), seed: scenario.seed, controls: Vec::new() };
    let text = header.to_text(&scenario).expect("a header") + &log.join("\n");
    for control in ControlLog::parse(&text, &scenario).unwrap_or_else(|p| panic!("{p}")).controls {
        simulation.control(control).expect("in time");
    }
    let _ = simulation.advance(Budget::until(Time(frame.now_ns)));
    simulation.digest().to_string()
}

#[test]
fn wherever_it_is_sent_it_stands_as_if_it_had_come_there_first() {
    let mut session = Session::new();
    let mut live = crate::live::Live::default();
    load(&mut session, AVALANCHE);
    go(&mut session, 40.0);
    let there = shown(&mut session, &mut live);
    assert_eq!(there.digest, Some((40_000_000_000, digest_at(AVALANCHE, 40.0))));
    for seconds in [39.0, 3.0, 17.0, 17.3, 0.0, 30.0, 1.0] {
        go(&mut session, seconds);
        let back = shown(&mut session, &mut live);
        let mut fresh = Session::new();
        let mut first = crate::live::Live::default();
        load(&mut fresh, AVALANCHE);
        go(&mut fresh, seconds);
        let wanted = shown(&mut fresh, &mut first);
        assert_eq!(
            (back.now_ns, back.events, &back.digest),
            (wanted.now_ns, wanted.events, &wanted.digest),
            "{seconds}"
        );
        if seconds.fract() == 0.0 && seconds > 0.0 {
            assert_eq!(back.digest.clone().map(|d| d.1), Some(digest_at(AVALANCHE, seconds)));
        }
        assert_eq!((&live.lines, &live.statuses), (&first.lines, &first.statuses), "{seconds}");
        assert_eq!((&live.nodes, &live.links, live.points.len()), (&first.nodes, &first.links, first.points.len()));
        if seconds > 1.0 {
            // Rates are those of the second before, at once.
            live.sample();
            first.sample();
            assert_eq!(live.rates(), first.rates(), "{seconds}");
            assert!(live.rates().born > 200.0, "{:?} at {seconds}", live.rates());
        }
        assert_eq!((back.furthest_ns, live.known[&1].len()), (40_000_000_000, 160), "what lies ahead stays known");
    }
    session.command(Command::Back);
    run_out(&mut session);
    let one_less = shown(&mut session, &mut live);
    session.command(Command::Step);
    assert_eq!(frame(&mut session).events, one_less.events + 1);
    go(&mut session, 50.0);
    assert_eq!(frame(&mut session).digest.map(|d| d.1), Some(digest_at(AVALANCHE, 50.0)));
}

#[test]
fn of_several_places_the_last_one_counts_and_no_turn_is_long() {
    let mut session = Session::new();
    load(&mut session, HEALTHY);
    session.command(Command::Pause);
    for second in [50, 10, 5] {
        session.command(Command::Seek(second * 1_000_000_000));
    }
    // A clock on which every look takes as long as a turn may: each turn does one portion and ends.
    let clock = Cell::new(0.0);
    let tick = || clock.replace(clock.get() + 8.0);
    let mut turns = 0;
    while session.turn(&tick, 8.0) != Next::Idle {
        turns += 1;
        assert!(session.now_ns() <= 5_000_000_000);
    }
    assert!(turns > 5, "{turns}");
    assert_eq!(session.now_ns(), 5_000_000_000);
}

#[test]
fn an_act_in_the_past_keeps_the_old_future_as_a_track() {
    let mut session = Session::new();
    let mut live = crate::live::Live::default();
    load(&mut session, HEALTHY);
    go(&mut session, 20.0);
    let old = shown(&mut session, &mut live);
    go(&mut session, 10.0);
    session.command(flood(1));
    go(&mut session, 20.0);
    let new = shown(&mut session, &mut live);
    assert_eq!((new.track, live.tracks.len(), live.tracks[1].from), (2, 2, Some((1, 10_000_000_000))));
    assert_ne!(old.digest, new.digest);
    assert_eq!(new.digest.clone().map(|d| d.1), Some(replayed(HEALTHY, &new, &live.log)));
    assert_eq!(live.known[&1].len(), 80);
    assert_eq!(live.tracks[1].flags.len(), 1);
    let replies = session.command(Command::Track(1));
    assert!(matches!(&replies[..], [Reply::Switched(text)] if text == HEALTHY));
    run_out(&mut session);
    let again = shown(&mut session, &mut live);
    assert_eq!((again.track, &again.digest), (1, &old.digest));
    assert!(live.log.is_empty());
    // Too many: the oldest goes, with a notice, unless it is pinned.
    session.command(Command::Pin(2, true));
    let mut told = Vec::new();
    for id in 0..TRACKS_MAX as u32 {
        go(&mut session, 15.0);
        told.extend(session.command(kill(10 + id)));
        go(&mut session, 16.0);
    }
    shown(&mut session, &mut live);
    assert_eq!(live.tracks.len(), TRACKS_MAX + 1);
    assert!(live.tracks.iter().any(|t| t.id == 2) && live.tracks.iter().all(|t| t.id != 1));
    assert!(matches!(&told[..], [Reply::Told(text)] if text.contains("Track 1")), "{told:?}");
}

#[test]
fn everything_done_by_hand_can_be_taken_back() {
    let mut session = Session::new();
    let mut live = crate::live::Live::default();
    load(&mut session, HEALTHY);
    go(&mut session, 5.0);
    let healthy = digest_at(HEALTHY, 8.0);
    // At the same instant it is taken out.
    session.command(flood(1));
    session.command(kill(2));
    assert_eq!(session.command(Command::Undo(1)), Vec::new());
    assert_eq!(session.command(Command::Undo(2)), Vec::new());
    go(&mut session, 8.0);
    let frame = shown(&mut session, &mut live);
    assert_eq!((frame.digest.map(|d| d.1), live.log.len(), frame.track), (Some(healthy.clone()), 0, 1));
    // When time has gone on, the inverse is a control of its own, and the load is as it was.
    session.command(flood(3));
    go(&mut session, 9.0);
    session.command(Command::Undo(3));
    go(&mut session, 12.0);
    let frame = shown(&mut session, &mut live);
    assert_eq!((live.log.len(), frame.track), (2, 1), "{:?}", live.log);
    assert!(live.points.iter().rev().take(4).all(|p| p.born < 1000.0), "{:?}", live.points.last());
    assert_eq!(live.loaded.phases.iter().map(|p| p.to.round()).collect::<Vec<_>>(), vec![9.0]);
    assert_eq!(frame.digest.clone().map(|d| d.1), Some(replayed(HEALTHY, &frame, &live.log)));
    session.command(Command::Redo(3));
    go(&mut session, 13.0);
    shown(&mut session, &mut live);
    assert!(live.points.last().is_some_and(|p| p.born > 5000.0));
    // Nothing brings a process back that was killed but a time in which it was not.
    session.command(kill(4));
    go(&mut session, 14.0);
    let told = session.command(Command::Undo(4));
    assert!(matches!(&told[..], [Reply::Told(_)]), "{told:?}");
    run_out(&mut session);
    let frame = shown(&mut session, &mut live);
    assert_eq!((frame.track, frame.now_ns), (2, 13_000_999_999));
    assert!(live.log.iter().all(|line| !line.contains("kill")), "{:?}", live.log);
    assert!(matches!(session.command(Command::Undo(99))[..], [Reply::Refused(_)]));
}

#[test]
fn the_running_system_becomes_what_the_text_says() {
    let mut session = Session::new();
    let mut live = crate::live::Live::default();
    load(&mut session, HEALTHY);
    go(&mut session, 5.0);
    let more = HEALTHY.to_owned()
        + "\n[[node]]\nid = \"lb\"\nkind = \"load_balancer\"\n[[link]]\nfrom = \"lb\"\nto = \"web\"\n";
    assert_eq!(session.command(Command::Become(more.clone())), vec![Reply::Became(None)]);
    go(&mut session, 7.0);
    let frame = shown(&mut session, &mut live);
    assert!(live.loaded.nodes.iter().any(|n| n == "lb") && live.log.len() == 2, "{:?}", live.log);
    assert_eq!(frame.digest.clone().map(|d| d.1), Some(replayed(HEALTHY, &frame, &live.log)));
    let at_7 = frame.digest.clone();
    // Before it was added it was not there.
    go(&mut session, 3.0);
    shown(&mut session, &mut live);
    assert!(live.loaded.nodes.iter().all(|n| n != "lb"));
    go(&mut session, 7.0);
    assert_eq!(shown(&mut session, &mut live).digest, at_7);
    session.command(Command::Become(HEALTHY.to_owned()));
    go(&mut session, 8.0);
    let frame = shown(&mut session, &mut live);
    assert!(live.loaded.nodes.iter().all(|n| n != "lb") && live.log.len() == 3, "{:?}", live.log);
    assert_eq!(frame.digest.clone().map(|d| d.1), Some(replayed(HEALTHY, &frame, &live.log)));
    // At one instant, what edits come to is entered, and going back to where one was is nothing.
    session.command(Command::Become(more.clone()));
    session.command(Command::Become(HEALTHY.to_owned()));
    go(&mut session, 9.0);
    shown(&mut session, &mut live);
    assert_eq!(live.log.len(), 3, "{:?}", live.log);
    assert!(matches!(session.command(Command::Become("format = 9".to_owned()))[..], [Reply::Refused(_)]));
    let waits = session.command(Command::Become(HEALTHY.replacen("format = 1", "format = 1\nwarm_up = \"1s\"", 1)));
    assert_eq!(waits, vec![Reply::Became(Some("the warm-up".to_owned()))]);
}

#[test]
fn another_session_goes_on_where_one_was() {
    let mut session = Session::new();
    let mut live = crate::live::Live::default();
    load(&mut session, HEALTHY);
    go(&mut session, 5.0);
    let edited = HEALTHY.to_owned() + "\n[[node]]\nid = \"lb\"\nkind = \"load_balancer\"\n";
    session.command(Command::Become(edited.clone()));
    session.command(flood(1));
    go(&mut session, 12.0);
    let Some(Reply::Loaded(loaded)) = Session::new()
        .command(Command::Load {
            run: 1,
            text: HEALTHY.into(),
            seed: None,
            running: false,
            variant: None,
            resume: None,
        })
        .pop()
    else {
        panic!("it loads")
    };
    let before = shown(&mut session, &mut live);
    let log = std::iter::once(&loaded.log_header).chain(&live.log).map(|l| format!("{l}\n")).collect();
    let resume = Some(Resume { log, at_ns: before.now_ns, text: edited.clone() });
    let mut second = Session::new();
    second.command(Command::Load {
        run: 2,
        text: HEALTHY.to_owned(),
        seed: None,
        running: false,
        variant: None,
        resume,
    });
    run_out(&mut second);
    let mut again = crate::live::Live::default();
    let after = shown(&mut second, &mut again);
    assert_eq!((after.now_ns, after.digest, &again.log), (before.now_ns, before.digest, &live.log));
    assert_eq!(again.lines, live.lines);
    assert_eq!(second.command(Command::Become(edited)), vec![Reply::Became(None)], "nothing has changed");
    run_out(&mut second);
    assert!(frame(&mut second).log.is_none());
}

#[test]
fn a_link_that_is_cut_by_hand_lets_nothing_through_and_is_whole_again() {
    let mut session = Session::new();
    load(&mut session, HEALTHY);
    session.command(Command::Step);
    let changes = vec![("cut".to_owned(), Some("\"refuse\"".to_owned()))];
    let deed = Deed::Link { port: 0, to: "web".to_owned(), changes };
    let act = Act { id: 1, node: "users".to_owned(), deed, lasting: Some("10s".to_owned()) };
    assert_eq!(session.command(Command::Act(act.clone())), Vec::new());
    let nowhere = Deed::Link { port: 0, to: "nobody".to_owned(), changes: Vec::new() };
    assert!(matches!(session.command(Command::Act(Act { deed: nowhere, ..act }))[..], [Reply::Refused(_)]));
    session.command(Command::RunToEnd);
    run_out(&mut session);
    let frame = frame(&mut session);
    let log = frame.log.clone().expect("it has changed");
    assert!(log.len() == 1 && log[0].ends_with(r#""to":"web","set":{"cut":"refuse"},"for":"10s"}"#), "{log:?}");
    // 400 requests a second fail for ten seconds, and no others.
    assert!((3700..4300).contains(&frame.totals.failed), "{:?}", frame.totals);
}

fn requests(session: &mut Session, which: Option<(u64, u64)>) -> Option<crate::wire::Requests> {
    match session.command(Command::Ask(crate::wire::Question::Requests(which)))[..] {
        [Reply::Answer(Answer::Requests(ref requests))] => requests.clone(),
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn whoever_asks_late_sees_requests_from_the_beginning_and_the_run_is_the_same() {
    let mut session = Session::new();
    load(&mut session, AVALANCHE);
    session.command(Command::Pause);
    session.command(Command::Seek(14 * SECOND_NS));
    run_out(&mut session);
    let before = frame(&mut session);
    assert_eq!(requests(&mut session, None), None, "nobody is followed");

    session.command(Command::Follow(true));
    run_out(&mut session);
    let after = frame(&mut session);
    assert_eq!((before.now_ns, &before.digest, before.totals), (after.now_ns, &after.digest, after.totals));
    let kept = requests(&mut session, None).expect("they are followed");
    // All but those whose first attempt is still on its way.
    let on_the_way = |frame: &Frame, followed: u64| frame.totals.born - followed;
    assert!(on_the_way(&after, kept.followed) <= after.totals.in_flight);
    assert_eq!((kept.slowest.len(), kept.failed.len()), (12, 12));
    assert!(kept.failed.iter().all(|r| !r.code.is_empty()) && kept.slowest.iter().all(|r| r.code.is_empty()));

    // Each can be looked at, and what is shown of it agrees with the list.
    for request in kept.failed.iter().chain(&kept.slowest).chain(&kept.sampled) {
        let which = (request.lineage, request.born_ns);
        let journey = requests(&mut session, Some(which)).and_then(|r| r.journey).expect("it is kept");
        assert_eq!(journey.request, *request);
        let (rows, end) = crate::journey::rows(&journey);
        assert_eq!(rows.len() as u32 + journey.calls_dropped, request.calls);
        assert!(end >= request.length_ns.unwrap_or(0));
        for row in &rows {
            assert!(row.stretches.iter().all(|s| s.from < s.to && s.to <= end), "{row:?}");
            assert!(row.stretches.windows(2).all(|w| w[0].to == w[1].from), "{row:?}");
        }
    }
    // Back in time they are those of then.
    session.command(Command::Seek(5 * SECOND_NS));
    run_out(&mut session);
    let then = frame(&mut session);
    let kept = requests(&mut session, None).expect("they are followed");
    assert!(kept.followed > 1000 && on_the_way(&then, kept.followed) <= then.totals.in_flight);
    session.command(Command::Follow(false));
    assert_eq!(requests(&mut session, None), None);
    session.command(Command::Seek(14 * SECOND_NS));
    run_out(&mut session);
    assert_eq!((frame(&mut session).digest, requests(&mut session, None)), (after.digest, None));
}

#[test]
fn the_figures_are_those_of_the_report_and_the_books_balance() {
    let mut session = Session::new();
    load(&mut session, AVALANCHE);
    session.command(Command::Seek(30 * SECOND_NS));
    run_out_paused(&mut session);
    let [Reply::Answer(Answer::Figures(ref figures))] =
        session.command(Command::Ask(crate::wire::Question::Figures))[..]
    else {
        panic!("no figures")
    };
    let scenario = Scenario::load(AVALANCHE).expect("a sound scenario");
    let mut simulation = Simulation::new(&scenario, scenario.seed);
    let _ = simulation.advance(Budget::until(Time::from_secs_f64(30.0)));
    let report = simulation.report();
    for node in &figures.nodes {
        let there = &report.nodes[&node.id];
        assert_eq!((node.offered, node.p99_ms), (there.offered, there.latency_ms.p99));
        assert_eq!((node.queue_max, node.amplification), (there.queue.max, there.amplification));
    }
    let books = &figures.books;
    assert_eq!(books.wrong, None);
    assert_eq!(books.born.0, books.born.1.iter().sum::<u64>());
    assert_eq!(books.born.0, report.totals.born);
    assert!(books.busy_s.0 > 1.0 && books.busy_s.1[1] > 1.0, "work is wasted in an avalanche: {books:?}");
}

fn run_out_paused(session: &mut Session) {
    session.command(Command::Pause);
    run_out(session);
}
