//! Whole journeys of requests: what they tell, which are kept, and that looking changes nothing.

use floodgate::journey::{CallEnd, Gone, Journey, JourneyPolicy, Journeys, Stretch};
use floodgate::{Budget, Code, Duration, KeyframePolicy, Progress, Scenario, Simulation, Time, Timeline};
use std::collections::BTreeSet;

const AVALANCHE: &str = include_str!("../../scenarios/single_server_avalanche.toml");

fn followed(text: &str, policy: JourneyPolicy, until_s: f64) -> Simulation {
    let scenario = Scenario::load(text).expect("valid");
    let mut simulation = Simulation::new(&scenario, 5);
    simulation.follow(policy);
    simulation.run_until(Time::from_secs_f64(until_s)).expect("no limit is met");
    simulation.check_books().expect("the books balance");
    simulation
}

fn journeys(simulation: &Simulation) -> &Journeys {
    simulation.journeys().expect("they are followed")
}

fn all() -> JourneyPolicy {
    let n = usize::MAX / 2;
    JourneyPolicy {
        sampled_max: n,
        slowest: 5,
        failed_first: 5,
        failed_last: 5,
        bytes_max: n,
        ..JourneyPolicy::default()
    }
}

/// A client who waits 50 ms, a service 2 ms away that takes `service` in two halves and calls a store 1 ms away in between.
fn chain(service: &str, retries: u32) -> String {
    format!(
        r#"
        format = 1
        name = "a chain"
        [[node]]
        id = "users"
        kind = "clients"
        users = 1
        think_time = "1s"
        timeout = "50ms"
        retry = {{ attempts = {retries} }}
        [[node]]
        id = "web"
        kind = "service"
        service_time = "{service}"
        after_share = 0.5
        [[node]]
        id = "store"
        kind = "service"
        service_time = "4ms"
        [[link]]
        from = "users"
        to = "web"
        latency = "2ms"
        [[link]]
        from = "web"
        to = "store"
        latency = "1ms"
        "#
    )
}

/// Milliseconds since the birth of the request.
fn ms(journey: &Journey, time: Time) -> u64 {
    let since = time.since(journey.born).0;
    assert_eq!(since % 1_000_000, 0);
    since / 1_000_000
}

#[test]
fn a_journey_is_what_was_done_and_when() {
    let simulation = followed(&chain("10ms", 0), all(), 1.5);
    let [journey] = journeys(&simulation).sampled()[..] else { panic!("one request in 1.5 s") };
    assert_eq!(journey.born, Time::from_secs_f64(1.0));
    assert_eq!(journey.ended.map(|(at, outcome)| (ms(journey, at), outcome)), Some((20, Ok(()))));
    let [attempt, below] = &journey.calls[..] else { panic!("{journey:?}") };
    assert_eq!((attempt.parent, below.parent), (None, Some(0)));
    let id = |node: floodgate::journey::NodeId| simulation.scenario().nodes[node.0 as usize].id.as_str();
    assert_eq!([id(attempt.from), id(attempt.to), id(below.from), id(below.to)], ["users", "web", "web", "store"]);
    let times = |c: &floodgate::journey::JourneyCall| {
        [Some(c.sent), c.arrived, c.answered, c.end.map(|(at, _)| at)].map(|t| t.map(|t| ms(journey, t)))
    };
    assert_eq!(times(attempt), [0, 2, 18, 20].map(Some));
    assert_eq!(times(below), [7, 8, 12, 13].map(Some));
    let work = |s: &Stretch| (id(s.node), ms(journey, s.ended), s.length.0 / 1_000_000);
    assert_eq!(attempt.work.iter().map(work).collect::<Vec<_>>(), [("web", 7, 5), ("web", 18, 5)]);
    assert_eq!(below.work.iter().map(work).collect::<Vec<_>>(), [("store", 12, 4)]);
    assert_eq!((attempt.end.map(|e| e.1), below.end.map(|e| e.1)), (Some(CallEnd::Answer), Some(CallEnd::Answer)));
    assert_eq!((attempt.given_up, attempt.cancelled, attempt.worked()), (None, None, Duration::from_millis(10)));
}

/// Work that goes on after everybody has left is in the journey of the request that it was meant for.
#[test]
fn a_journey_tells_who_had_gone_when_the_answer_came() {
    let text = chain("100ms", 1).replace("retry = { attempts = 1 }", "retry = { attempts = 1, backoff = \"none\" }");
    let simulation = followed(&text, all(), 1.9);
    let [journey] = journeys(&simulation).failed()[..] else { panic!("one request has failed") };
    assert_eq!(journey.ended.map(|e| e.1), Some(Err(Code::Timeout)));
    let attempts: Vec<_> = journey.calls.iter().filter(|c| c.parent.is_none()).collect();
    let [first, second] = attempts[..] else { panic!("{journey:?}") };
    assert_eq!((first.attempt, second.attempt), (0, 1));
    assert_eq!(first.given_up.map(|t| ms(journey, t)), Some(50));
    for attempt in [first, second] {
        assert_eq!(attempt.end.map(|e| e.1), Some(CallEnd::Late(Gone::GaveUp)), "{attempt:?}");
        assert_eq!(attempt.worked(), Duration::from_millis(100), "{attempt:?}");
        assert!(attempt.end.map(|e| e.0) > journey.ended.map(|e| e.0).min(attempt.given_up));
    }
    assert_eq!(journey.calls.len(), 4, "the store was called for nobody as well");
}

/// An attempt that is given up before it has arrived is there, and does not begin its journey anew when it arrives.
#[test]
fn a_link_slower_than_patience() {
    let text = chain("10ms", 0).replace("latency = \"2ms\"", "latency = \"300ms\"");
    let simulation = followed(&text, all(), 1.9);
    let [journey] = journeys(&simulation).failed()[..] else { panic!("one request has failed") };
    assert_eq!((journey.born, journey.length()), (Time::from_secs_f64(1.0), Some(Duration::from_millis(50))));
    assert_eq!(journey.calls[0].arrived.map(|t| ms(journey, t)), Some(300));
    let nobody = JourneyPolicy { one_in: 0, failed_first: 0, failed_last: 0, ..all() };
    let simulation = followed(&text, nobody, 1.9);
    let counts = journeys(&simulation).counts();
    assert_eq!((counts.followed, counts.ended), (1, 1));
    assert_eq!(journeys(&simulation).bytes(), 0, "what is not kept is gone");
}

#[test]
fn following_changes_nothing_and_misses_nobody() {
    let simulation = followed(AVALANCHE, all(), 14.0);
    let scenario = Scenario::load(AVALANCHE).expect("valid");
    let mut plain = Simulation::new(&scenario, 5);
    plain.run_until(Time::from_secs_f64(14.0)).expect("no limit is met");
    assert_eq!(simulation.digest(), plain.digest());
    assert_eq!(simulation.parts(), plain.parts());
    let (t, journeys) = (simulation.totals(), journeys(&simulation));
    assert!(t.failed > 100 && t.answered > 1000);
    assert_eq!(journeys.counts().ended, t.answered + t.failed);
    assert_eq!((journeys.counts().passed_over, journeys.one_in()), (0, 1));
    assert_eq!(journeys.sampled().len() as u64, t.answered + t.failed);
    let class = &simulation.class_counters()[0];
    let lengths: Vec<Option<Duration>> = journeys.slowest().iter().map(|j| j.length()).collect();
    assert_eq!(lengths[0], class.latency.max(), "the slowest is the slowest");
    assert!(lengths.is_sorted_by(|a, b| a >= b) && lengths.len() == 5);
    let ends: Vec<Time> = journeys.failed().iter().filter_map(|j| j.ended).map(|e| e.0).collect();
    assert!(ends.is_sorted() && ends.len() == 10);
    let every: Vec<Time> =
        journeys.sampled().iter().filter_map(|j| j.ended).filter(|e| e.1.is_err()).map(|e| e.0).collect();
    assert_eq!((ends.first(), ends.last()), (every.iter().min(), every.iter().max()));
    // All the work there was: of the roots that have ended, and less than all by what is done for those under way.
    let work: u128 = journeys.sampled().iter().flat_map(|j| &j.calls).map(|c| u128::from(c.worked().0)).sum();
    assert!(work <= t.busy_ns && work >= t.useful_ns, "{work} of {t:?}");
}

#[test]
fn the_same_run_gives_the_same_journeys_however_it_is_cut_and_wherever_it_is_sought() {
    let policy = JourneyPolicy::of_each(6);
    let kept = |journeys: &Journeys| -> Vec<Journey> {
        [journeys.sampled(), journeys.slowest(), journeys.failed()].into_iter().flatten().cloned().collect()
    };
    let straight = followed(AVALANCHE, policy, 14.0);
    let scenario = Scenario::load(AVALANCHE).expect("valid");
    let mut cut = Simulation::new(&scenario, 5);
    cut.follow(policy);
    while cut.advance(Budget { until: Time::from_secs_f64(14.0), events: 997 }) == Progress::Budget {}
    assert_eq!(kept(journeys(&cut)), kept(journeys(&straight)));
    assert_eq!(journeys(&cut).bytes(), journeys(&straight).bytes());

    let mut simulation = Simulation::new(&scenario, 5);
    simulation.follow(policy);
    let mut timeline = Timeline::new(simulation, KeyframePolicy::default());
    assert_eq!(timeline.advance(Budget::until(Time::from_secs_f64(14.0))), Progress::Reached);
    for at in [6.3, 2.0, 12.5, 14.0] {
        timeline.seek(Time::from_secs_f64(at)).expect("no limit is met");
        let direct = followed(AVALANCHE, policy, at);
        assert_eq!(kept(journeys(timeline.simulation())), kept(journeys(&direct)), "at {at}");
        assert_eq!(journeys(timeline.simulation()).counts(), journeys(&direct).counts());
    }
}

#[test]
fn who_is_followed_late_is_followed_from_the_beginning_and_nothing_else_changes() {
    let policy = JourneyPolicy::of_each(6);
    let kept = |journeys: &Journeys| -> Vec<Journey> {
        [journeys.sampled(), journeys.slowest(), journeys.failed()].into_iter().flatten().cloned().collect()
    };
    let scenario = Scenario::load(AVALANCHE).expect("valid");
    let (there, earlier) = (Time::from_secs_f64(14.0), Time::from_secs_f64(6.3));
    let mut simulation = Simulation::new(&scenario, 5);
    simulation.record(Duration::from_secs_f64(0.25));
    let mut timeline = Timeline::new(simulation, KeyframePolicy::default());
    assert_eq!(timeline.advance(Budget::until(there)), Progress::Reached);
    let (digest, series) = (timeline.simulation().digest(), timeline.simulation().series().to_vec());

    timeline.follow(Some(policy));
    assert_eq!((timeline.simulation().now(), timeline.furthest()), (Time::ZERO, there));
    for at in [there, earlier, there] {
        timeline.seek(at).expect("no limit is met");
        let direct = followed(AVALANCHE, policy, at.as_secs_f64());
        assert_eq!(kept(journeys(timeline.simulation())), kept(journeys(&direct)), "at {at}");
        assert_eq!(journeys(timeline.simulation()).counts(), journeys(&direct).counts());
    }
    assert!(timeline.keyframes().0 > 3, "keyframes come again");
    assert_eq!((timeline.simulation().digest(), timeline.simulation().series()), (digest, &series[..]));

    timeline.follow(None);
    assert!(timeline.simulation().journeys().is_none());
    for at in [earlier, there] {
        timeline.seek(at).expect("no limit is met");
        assert!(timeline.simulation().journeys().is_none(), "at {at}");
    }
    assert_eq!((timeline.simulation().digest(), timeline.simulation().series()), (digest, &series[..]));
}

#[test]
fn journeys_are_bounded_in_number_and_in_bytes() {
    let simulation = followed(AVALANCHE, JourneyPolicy::of_each(8), 14.0);
    let few = journeys(&simulation);
    let (sampled, ended) = (few.sampled().len(), few.counts().ended);
    assert!((1..=8).contains(&sampled) && few.one_in() > 1 && few.one_in().is_power_of_two());
    assert_eq!((few.slowest().len(), few.failed().len()), (8, 16));
    assert!(ended > 1000);

    let bytes_max = 60_000;
    let policy = JourneyPolicy { bytes_max, calls_max: 2, stretches_max: 1, ..JourneyPolicy::of_each(8) };
    let scenario = Scenario::load(AVALANCHE).expect("valid");
    let mut simulation = Simulation::new(&scenario, 5);
    simulation.follow(policy);
    let mut passed_over = 0;
    for second in 1..=14 {
        simulation.run_until(Time(second * 1_000_000_000)).expect("no limit is met");
        let journeys = journeys(&simulation);
        // The last thing that still fits may reach over the edge.
        assert!(journeys.bytes() < bytes_max + 1_000, "{} bytes after {second} s", journeys.bytes());
        assert!(journeys.sampled().iter().all(|j| j.calls.len() <= 2 && j.calls.iter().all(|c| c.work.len() <= 1)));
        passed_over = journeys.counts().passed_over;
    }
    assert!(passed_over > 0, "an avalanche does not fit");
    assert!(journeys(&simulation).failed().iter().any(|j| j.calls_dropped > 0), "three attempts do not fit");
}

/// Samples are chosen by what a request is, not by when its turn comes: two designs show the same requests.
#[test]
fn two_designs_are_sampled_at_the_same_requests() {
    let policy = JourneyPolicy { one_in: 16, ..all() };
    let lineages = |simulation: &Simulation| -> BTreeSet<u64> {
        journeys(simulation).sampled().iter().filter(|j| j.born < Time::from_secs_f64(4.0)).map(|j| j.lineage).collect()
    };
    let one = followed(AVALANCHE, policy, 14.0);
    let other = AVALANCHE.replace("kind = \"service\"", "kind = \"service\"\nreplicas = 3");
    assert_ne!(other, AVALANCHE);
    let other = followed(&other, policy, 14.0);
    assert_ne!(one.digest(), other.digest());
    assert!(lineages(&one).len() > 20);
    assert_eq!(lineages(&one), lineages(&other));
}

/// A call that is handed on stays one call, and says by whom it was worked on.
#[test]
fn a_call_that_is_handed_on_is_one_call() {
    let text = r#"
        format = 1
        name = "a tandem"
        [[node]]
        id = "users"
        kind = "clients"
        users = 1
        think_time = "1s"
        [[node]]
        id = "first"
        kind = "station"
        service_time = "5ms"
        [[node]]
        id = "second"
        kind = "station"
        service_time = "7ms"
        [[link]]
        from = "users"
        to = "first"
        latency = "1ms"
        [[link]]
        from = "first"
        to = "second"
        latency = "2ms"
    "#;
    let simulation = followed(text, all(), 1.9);
    let [journey] = journeys(&simulation).sampled()[..] else { panic!("one request") };
    let [call] = &journey.calls[..] else { panic!("one call: {journey:?}") };
    let id = |node: floodgate::journey::NodeId| simulation.scenario().nodes[node.0 as usize].id.as_str();
    let handed: Vec<_> = call.handed_on.iter().map(|&(at, node)| (id(node), ms(journey, at))).collect();
    let work: Vec<_> = call.work.iter().map(|s| (id(s.node), ms(journey, s.ended))).collect();
    assert_eq!((call.arrived.map(|t| ms(journey, t)), id(call.to)), (Some(1), "first"));
    assert_eq!(handed, [("second", 8)]);
    assert_eq!(work, [("first", 6), ("second", 15)]);
    assert_eq!(call.answered.map(|t| ms(journey, t)), Some(15));
}
