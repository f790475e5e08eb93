//! A limit on everything: a run that meets one stops with its name and a remedy, stays sound, and goes on as if it had never
//! stopped when the limit is raised.

use floodgate::{Budget, Halt, Limits, Progress, Scenario, Simulation, Time};

/// More comes than one slow server can do, and nobody gives up: what waits grows without bound.
const FLOOD: &str = "format = 1\nname = 'flood'\n\
    [[node]]\nid = 'users'\nkind = 'clients'\nrate = '4000/s'\ntimeout = 'none'\n\
    [[node]]\nid = 'web'\nkind = 'service'\nworkers = 1\nservice_time = '10ms'\n\
    [[link]]\nfrom = 'users'\nto = 'web'\nlatency = '1ms'\n";

fn start(limits: Limits) -> Simulation {
    let scenario = Scenario::load(FLOOD).expect("valid");
    let mut simulation = Simulation::new(&scenario, 3);
    simulation.set_limits(limits);
    simulation
}

fn until() -> Time {
    Time::from_secs_f64(10.0)
}

/// Runs into the limit, lifts it, and ends as a run that never had one.
fn stops_and_goes_on(limits: Limits, right: impl Fn(&Halt) -> bool) {
    let mut limited = start(limits);
    let Progress::Halted(halt) = limited.advance(Budget::until(until())) else { panic!("no limit is met") };
    assert!(right(&halt), "{halt:?}");
    limited.check_books().expect("the books balance where it stands");
    let stands = limited.now();
    assert!(stands < until());
    assert_eq!(limited.advance(Budget::until(until())), Progress::Halted(halt), "it stays where it is");
    assert_eq!(limited.now(), stands);
    limited.set_limits(Limits::default());
    limited.run_until(until()).expect("within the limits");
    let mut free = start(Limits::default());
    free.run_until(until()).expect("within the limits");
    assert_eq!((limited.digest(), limited.events()), (free.digest(), free.events()));
    assert_eq!(limited.totals(), free.totals());
}

#[test]
fn too_many_calls_in_flight() {
    let limits = Limits { live_calls: 10_000, ..Limits::default() };
    stops_and_goes_on(limits, |halt| {
        let text = halt.to_string();
        assert!(text.contains("10000") && text.contains("users") && text.contains("time-out"), "{text}");
        matches!(halt, Halt::LiveCalls { limit: 10_000, .. })
    });
}

#[test]
fn too_much_memory() {
    let limits = Limits { memory_bytes: 1 << 20, ..Limits::default() };
    stops_and_goes_on(limits, |halt| {
        let text = halt.to_string();
        assert!(text.contains("memory_bytes") && text.contains("users") && text.contains("queues"), "{text}");
        // Looked at whenever something has grown by an eighth.
        matches!(halt, Halt::Memory { bytes, limit, .. } if *limit == 1 << 20 && *bytes > 1 << 20 && *bytes < 5 << 18)
    });
}

#[test]
fn how_a_run_is_cut_does_not_change_where_it_halts() {
    let limits = Limits { memory_bytes: 1 << 20, ..Limits::default() };
    let mut whole = start(limits);
    assert!(matches!(whole.advance(Budget::until(until())), Progress::Halted(_)));
    let mut cut = start(limits);
    while cut.halted().is_none() {
        let _ = cut.advance(Budget { until: until(), events: 777 });
        cut = cut.clone();
    }
    assert_eq!((cut.now(), cut.events(), cut.digest()), (whole.now(), whole.events(), whole.digest()));
}
