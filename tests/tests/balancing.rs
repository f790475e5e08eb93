//! The load balancer's rules through scenario files: who takes a request, who is put aside, and what that does.

use floodgate::{Report, Scenario, Simulation, Time};
use std::fmt::Write;

fn at(seconds: f64) -> Time {
    Time::from_secs_f64(seconds)
}

struct System {
    text: String,
}

impl System {
    /// Clients of one kind, and a balancer with these lines.
    fn new(users: &str, balancer: &str) -> System {
        let text = format!(
            "format = 1\nname = 'balancing'\nuntil = '1h'\n\
             [[node]]\nid = 'users'\nkind = 'clients'\n{users}\n\
             [[node]]\nid = 'lb'\nkind = 'load_balancer'\n{balancer}\n\
             [[link]]\nfrom = 'users'\nto = 'lb'\nlatency = '1us'\n"
        );
        System { text }
    }

    /// A service behind the balancer, with the weight of its link.
    fn behind(mut self, id: &str, weight: f64, service: &str) -> System {
        let _ = write!(
            self.text,
            "[[node]]\nid = '{id}'\nkind = 'service'\n{service}\n\
             [[link]]\nfrom = 'lb'\nto = '{id}'\nweight = {weight:?}\nlatency = '1us'\n"
        );
        self
    }

    fn with(mut self, more: &str) -> System {
        self.text.push_str(more);
        self
    }

    fn start(&self) -> Simulation {
        let scenario = Scenario::load(&self.text).unwrap_or_else(|problems| panic!("{problems}\n{}", self.text));
        Simulation::new(&scenario, 1)
    }

    fn run(&self, seconds: f64) -> Report {
        let mut simulation = self.start();
        simulation.run_until(at(seconds)).expect("no limit is met");
        simulation.check_books().expect("the books balance");
        simulation.report()
    }
}

const STEADY: &str = "rate = '1/s'\narrivals = { gaps = 'deterministic' }\ntimeout = 'none'";
const QUICK: &str = "workers = 1000\nservice_time = '1ms'";
const HOLDS: &str = "workers = 1000\nservice_time = '1h'";

/// The letters of the services, in the order in which they were chosen.
fn sequence(system: &System, ids: &[&str], picks: u32) -> String {
    let mut simulation = system.start();
    let mut known = vec![0; ids.len()];
    let mut letters = String::new();
    for second in 1..=picks {
        simulation.run_until(at(f64::from(second) + 0.5)).expect("no limit is met");
        let report = simulation.report();
        for (id, known) in ids.iter().zip(&mut known) {
            let offered = report.nodes[*id].offered;
            (*known..offered).for_each(|_| letters.push_str(id));
            *known = offered;
        }
    }
    letters
}

#[test]
fn round_robin_with_weights_is_nginx_s_smooth_sequence() {
    let system = System::new(STEADY, "").behind("a", 5.0, QUICK).behind("b", 1.0, QUICK).behind("c", 1.0, QUICK);
    assert_eq!(sequence(&system, &["a", "b", "c"], 14), "aabacaaaabacaa");
    let even = System::new(STEADY, "").behind("a", 1.0, QUICK).behind("b", 1.0, QUICK);
    assert_eq!(sequence(&even, &["a", "b"], 6), "ababab");
}

#[test]
fn least_connections_heeds_weights() {
    // Requests stay; so connections are kept in the ratio of the weights.
    let system = System::new(STEADY, "algorithm = 'least_connections'").behind("a", 3.0, HOLDS).behind("b", 1.0, HOLDS);
    let chosen = sequence(&system, &["a", "b"], 40);
    assert_eq!((chosen.matches('a').count(), chosen.matches('b').count()), (30, 10), "{chosen}");
}

/// Every way of choosing sends everything somewhere, and by weight where it says so.
#[test]
fn every_algorithm_spreads_what_it_gets() {
    let names = [
        ("round_robin", true),
        ("least_connections", false),
        ("least_request", false),
        ("random", true),
        ("power_of_d", false),
        ("join_idle_queue", false),
        ("peak_ewma", false),
        ("least_work", false),
        ("client_hash", false),
        ("ring_hash", true),
        ("bounded_load", false),
        ("rendezvous", true),
        ("maglev", true),
    ];
    for (name, by_weight) in names {
        let users = "rate = '1000/s'\npopulation = 100000\ntimeout = 'none'";
        let system = System::new(users, &format!("algorithm = '{name}'"))
            .behind("a", 1.0, QUICK)
            .behind("b", 1.0, QUICK)
            .behind("c", 2.0, QUICK);
        let report = system.run(10.0);
        let share = |id: &str| report.nodes[id].offered as f64 / report.nodes["lb"].offered as f64;
        assert!(report.nodes["lb"].errors.is_empty(), "{name}");
        assert!(report.nodes["lb"].offered > 9_000, "{name}");
        assert!(["a", "b", "c"].iter().all(|id| share(id) > 0.1), "{name}: {:?}", ["a", "b", "c"].map(share));
        if by_weight {
            // 160 places for each unit of weight leave a ring uneven by a tenth or so.
            let within = if name == "ring_hash" { 0.1 } else { 0.025 };
            assert!((share("c") - 0.5).abs() < within, "{name}: {}", share("c"));
        }
    }
}

/// A server that refuses whatever is beyond its one worker and no queue: with a request that never ends, it answers 503.
const REFUSES: &str = "workers = 1\nqueue = 0\nservice_time = '10h'";

#[test]
fn outliers_are_put_aside_and_come_back_at_sweeps() {
    // Ten servers of which one refuses: it is met every tenth of a second, and is put aside after five refusals.
    let mut system = System::new(
        "rate = '100/s'\narrivals = { gaps = 'deterministic' }\ntimeout = 'none'",
        "outliers = { consecutive_5xx = 5 }",
    );
    for i in 0..9 {
        system = system.behind(&format!("s{i}"), 1.0, QUICK);
    }
    let system = system.behind("s9", 1.0, REFUSES);
    let mut simulation = system.start();
    let ejected = |simulation: &Simulation| simulation.report().nodes["lb"].gauges["ejected"].last;
    simulation.run_until(at(0.55)).expect("no limit is met");
    assert_eq!(ejected(&simulation), 0, "one request stays and four are refused");
    simulation.run_until(at(0.65)).expect("no limit is met");
    assert_eq!(ejected(&simulation), 1);
    let before = simulation.report().nodes["s9"].offered;
    simulation.run_until(at(39.9)).expect("no limit is met");
    assert_eq!(simulation.report().nodes["s9"].offered, before, "nobody comes while it is aside");
    // 30 s after 0.6 s are over at 30.6 s; the next sweep is that of 40 s.
    simulation.run_until(at(40.05)).expect("no limit is met");
    assert_eq!(ejected(&simulation), 0);
    simulation.run_until(at(42.0)).expect("no limit is met");
    assert_eq!(ejected(&simulation), 1, "and it has not got better");
    simulation.check_books().expect("the books balance");
}

#[test]
fn in_panic_everybody_is_used() {
    // Of four servers three refuse. All may be put aside; below half of them trusted, trust is not asked any more.
    let run = |panic: &str| {
        let balancer = format!("panic_threshold = {panic}\noutliers = {{ max_ejection_percent = 100 }}");
        let mut system = System::new("rate = '100/s'\ntimeout = 'none'", &balancer).behind("good", 1.0, QUICK);
        for i in 0..3 {
            system = system.behind(&format!("bad{i}"), 1.0, REFUSES);
        }
        let report = system.run(8.0);
        (report.nodes["lb"].gauges["panic"].last, report.nodes["lb"].errors.values().sum::<u64>())
    };
    let (panic, refused) = run("0.5");
    assert_eq!(panic, 1);
    assert!(refused > 400, "two or three of four go on refusing: {refused}");
    let (calm, refused) = run("0.0");
    assert_eq!(calm, 0);
    assert!((12..40).contains(&refused), "five each, until they are aside: {refused}");
}

#[test]
fn what_fails_is_tried_at_the_next_upstream() {
    let users = "rate = '100/s'\narrivals = { gaps = 'deterministic' }\ntimeout = 'none'";
    let next = "next_upstream = { tries = 1, on = ['503'] }";
    let plain = System::new(users, "").behind("a", 1.0, QUICK).behind("b", 1.0, REFUSES).run(10.0);
    assert!(plain.totals.failed > 450, "half are refused: {}", plain.totals.failed);
    let again = System::new(users, next).behind("a", 1.0, QUICK).behind("b", 1.0, REFUSES).run(10.0);
    assert_eq!(again.totals.failed, 0);
    assert!(again.nodes["lb"].gauges["tried_again"].last > 450);
    assert!(again.nodes["a"].amplification > 1.5, "what comes to it by a second try is counted as such");
}

#[test]
fn a_try_of_its_own_ends_as_a_gateway_time_out() {
    let users = "rate = '50/s'\ntimeout = '5s'";
    let balancer = "per_try_timeout = '100ms'";
    let report = System::new(users, balancer).behind("a", 1.0, HOLDS).run(10.0);
    assert!(report.nodes["lb"].errors["504"] > 400, "{:?}", report.nodes["lb"].errors);
    // nginx's passive check takes a time-out for a failure: the other server gets everything but a probe every ten seconds.
    let balancer = "per_try_timeout = '100ms'\npassive = { max_fails = 1, fail_timeout = '10s' }";
    let report = System::new(users, balancer).behind("a", 1.0, HOLDS).behind("b", 1.0, QUICK).run(60.0);
    let probes = report.nodes["a"].offered;
    // Until the first has timed out a few more are sent there; then windows of more than ten whole seconds.
    assert!((5..25).contains(&probes), "{probes}");
    assert_eq!(report.nodes["lb"].errors["504"], probes);
}

#[test]
fn with_all_left_out_nginx_answers_502_at_once() {
    let users = "rate = '50/s'\ntimeout = '5s'";
    let balancer = "per_try_timeout = '100ms'\npassive = {}";
    let report = System::new(users, balancer).behind("a", 1.0, HOLDS).behind("b", 1.0, HOLDS).run(10.0);
    let errors = &report.nodes["lb"].errors;
    assert!(errors["502"] > 400 && errors["504"] < 40, "{errors:?}");
    // A single server is never left out.
    let report = System::new(users, balancer).behind("a", 1.0, HOLDS).run(10.0);
    assert!(!report.nodes["lb"].errors.contains_key("502"));
}

#[test]
fn the_balancer_itself_can_be_the_bottleneck() {
    // A core does 1,000 a second; 1,200 come.
    let users = "rate = '1200/s'\ntimeout = 'none'";
    let balancer = "cost = '1ms'\ncores = 1";
    let report = System::new(users, balancer).behind("a", 1.0, QUICK).run(10.0);
    let lb = &report.nodes["lb"];
    assert!((lb.answered as f64 - 10_000.0).abs() < 20.0, "{}", lb.answered);
    assert!(lb.utilization.is_some_and(|u| u > 0.99), "{:?}", lb.utilization);
    let two = System::new(users, "cost = '1ms'\ncores = 2").behind("a", 1.0, QUICK).run(10.0);
    assert!(two.nodes["lb"].answered > 11_500 && two.nodes["lb"].latency_ms.mean.is_some_and(|ms| ms < 5.0));
}

#[test]
fn what_it_holds_is_bounded_and_the_rest_waits_or_is_refused() {
    // Each request is held for 100 ms: 10 connections carry 100 a second of 200.
    let users = "rate = '200/s'\ntimeout = 'none'";
    let slow = "workers = 1000\nservice_time = '100ms'";
    let refuse = System::new(users, "max_connections = 10").behind("a", 1.0, slow).run(20.0);
    let lb = &refuse.nodes["lb"];
    // Erlang's loss formula for 20 erlangs and 10 servers: 0.538.
    let lost = lb.errors["503"] as f64 / lb.offered as f64;
    assert!((lost - 0.538).abs() < 0.03, "{lost}");
    let wait = System::new(users, "max_connections = 10\nqueue = 1000000\nqueue_timeout = '1s'");
    let wait = wait.behind("a", 1.0, slow).run(20.0);
    let lb = &wait.nodes["lb"];
    assert!((lb.answered as f64 - 2_000.0).abs() < 40.0, "{}", lb.answered);
    assert!(lb.errors["503"] > 1_500, "those who waited a second: {:?}", lb.errors);
    assert!(lb.latency_ms.max.is_some_and(|ms| ms < 1_102.0), "{:?}", lb.latency_ms.max);
}

#[test]
fn a_server_that_comes_back_starts_slowly() {
    let users = "rate = '1000/s'\narrivals = { gaps = 'deterministic' }\ntimeout = 'none'";
    let share = |balancer: &str| {
        let system = System::new(users, balancer)
            .behind("a", 1.0, QUICK)
            .behind("b", 1.0, &format!("{QUICK}\nrestart_delay = '1s'"))
            .with("[[fault]]\nnode = 'b'\nfault = 'kill'\nat = '5s'\n");
        let mut simulation = system.start();
        simulation.run_until(at(6.5)).expect("no limit is met");
        let before = simulation.report().nodes["b"].offered;
        simulation.run_until(at(11.0)).expect("no limit is met");
        (simulation.report().nodes["b"].offered - before) as f64 / 4_500.0
    };
    assert!((share("") - 0.5).abs() < 0.01);
    // From 0.5 s to 5 s of ten: a weight of 0.1 at first, then growing to 0.5, so shares from 0.09 to a third.
    let slow = share("slow_start = { window = '10s' }");
    assert!((0.15..0.27).contains(&slow), "{slow}");
    assert!(share("algorithm = 'least_request'\nslow_start = { window = '10s' }") < 0.3);
}

#[test]
fn a_cancelled_request_leaves_whatever_it_waits_for() {
    for balancer in
        ["", "cost = '20ms'", "max_connections = 2\nqueue = 100", "cost = '1ms'\nmax_connections = 2\nqueue = 100"]
    {
        let users = "rate = '100/s'\ntimeout = '50ms'\ncancel = true";
        let system = System::new(users, balancer).behind("a", 1.0, "workers = 10\nservice_time = '200ms'");
        let mut simulation = system.start();
        for second in 1..=10 {
            simulation.run_until(at(f64::from(second))).expect("no limit is met");
            simulation.check_books().expect("the books balance");
        }
        let lb = &simulation.report().nodes["lb"];
        assert!(lb.gauges["open"].last <= 10, "{balancer}: nothing is left behind: {}", lb.gauges["open"].last);
        assert!(lb.offered > 900 && lb.answered == 0, "{balancer}");
    }
}
