//! Whoever keeps to the deadline that requests carry does no work for those whose deadline has passed.

use floodgate::{Report, Scenario, Simulation, Time};

fn run(text: &str, seconds: f64) -> Report {
    let text = format!("format = 1\nname = 'deadlines'\nuntil = '1h'\n{text}");
    let scenario = Scenario::load(&text).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    let mut simulation = Simulation::new(&scenario, 1);
    simulation.run_until(Time::from_secs_f64(seconds)).expect("no limit is met");
    simulation.check_books().expect("the books balance");
    simulation.report()
}

/// Clients with a deadline of 200 ms and the time-out of 10 s that somebody has forgotten, at 80 % of what there is room for; and
/// a crowd of five seconds.
fn crowded(kind: &str, more: &str, keeps: bool) -> Report {
    let text = format!(
        "[[node]]\nid = 'users'\nkind = 'clients'\nrate = '80/s'\ntimeout = '10s'\ndeadline = '200ms'\nslo = '200ms'\n\
         [[node]]\nid = 'web'\nkind = '{kind}'\n{more}\nservice_time = {{ exponential = '10ms' }}\ndeadlines = {keeps}\n\
         [[link]]\nfrom = 'users'\nto = 'web'\n\
         [[phase]]\nnode = 'users'\nat = '5s'\nfor = '5s'\nrate = '500/s'\n"
    );
    run(&text, 60.0)
}

const KINDS: [(&str, &str); 4] = [
    ("service", "workers = 1"),
    ("service", "workers = 1\ncores = 1"),
    ("database", "max_connections = 1\nknee = 1\nbacklog = 1000000"),
    ("station", "servers = 1"),
];

#[test]
fn wasted_work_falls_when_expired_requests_are_dropped() {
    for (kind, more) in KINDS {
        let (without, with) = (crowded(kind, more, false), crowded(kind, more, true));
        let share = |report: &Report| report.totals.wasted_work_seconds / report.totals.busy_seconds;
        // Two thousand requests wait when the crowd has gone, and all are served, a minute and a half too late.
        assert!(share(&without) > 0.8, "{kind}: {}", share(&without));
        // While the crowd lasts those are taken up who have waited nearly as long as they may, and most of them are answered too
        // late: service goes on to its end.
        assert!(share(&with) < 0.2, "{kind}: {}", share(&with));
        let good = |report: &Report| report.totals.goodput as f64 / report.totals.born as f64;
        assert!(good(&without) < 0.1 && good(&with) > 0.55, "{kind}: {} and {}", good(&without), good(&with));
        let expired = with.nodes["web"].gauges["expired"].last;
        assert_eq!(with.nodes["web"].errors.get("504").copied(), Some(expired), "{kind}: counted apart");
        assert!(expired > 1_500, "{kind}: {expired}");
        assert_eq!(without.nodes["web"].gauges["expired"].last, 0);
        // Clients wait no longer than their answer is of use.
        let longest = with.nodes["users"].latency_ms.max.expect("there were answers");
        assert!(longest <= 200.5, "{kind}: {longest}");
    }
}

/// The same requests come, and those that are served have the same demand: only what is not done differs.
#[test]
fn who_has_no_deadline_is_served_as_ever() {
    for (kind, more) in KINDS {
        let text = |keeps: bool| {
            format!(
                "[[node]]\nid = 'users'\nkind = 'clients'\nrate = '90/s'\nkeys = {{}}\n\
                 [[node]]\nid = 'web'\nkind = '{kind}'\n{more}\nservice_time = {{ exponential = '10ms' }}\ndeadlines = {keeps}\n\
                 [[link]]\nfrom = 'users'\nto = 'web'\n"
            )
        };
        assert_eq!(run(&text(false), 30.0).digest, run(&text(true), 30.0).digest, "{kind}");
    }
}

/// What is left of the deadline goes down the chain: the callee is not called when it has passed, and not waited for beyond it.
#[test]
fn the_time_that_is_left_is_passed_on() {
    let chain = |keeps: bool| {
        let text = format!(
            "[[node]]\nid = 'users'\nkind = 'clients'\narrivals = {{ gaps = 'deterministic' }}\nrate = '1/s'\ntimeout = '10s'\n\
             deadline = '100ms'\nretry = {{ attempts = 5, base = '10ms' }}\n\
             [[node]]\nid = 'front'\nkind = 'service'\nservice_time = '60ms'\ndeadlines = {keeps}\n\
             [[node]]\nid = 'middle'\nkind = 'service'\nservice_time = '60ms'\ndeadlines = {keeps}\n\
             [[node]]\nid = 'back'\nkind = 'service'\nservice_time = '60ms'\ndeadlines = {keeps}\n\
             [[link]]\nfrom = 'users'\nto = 'front'\n[[link]]\nfrom = 'front'\nto = 'middle'\n[[link]]\nfrom = 'middle'\nto = 'back'\n"
        );
        run(&text, 10.5)
    };
    let (without, with) = (chain(false), chain(true));
    assert_eq!(without.nodes["back"].offered, 10, "nobody looks at the clock");
    assert_eq!(with.nodes["back"].offered, 0, "at 120 ms there is nothing left of 100 ms");
    assert_eq!(with.nodes["middle"].offered, 10);
    // The front gives the middle up when the deadline comes, 40 ms after it called.
    assert_eq!(with.nodes["front"].caller_errors.get("timeout").copied(), Some(10));
    assert_eq!(with.nodes["front"].errors.get("504").copied(), Some(10));
    // The clients wait until then and no longer, and try nothing that would come too late.
    assert_eq!(with.nodes["front"].offered, 10, "no retries");
    assert_eq!(with.nodes["users"].caller_errors.get("timeout").copied(), Some(10));
}
