//! Links that take their time, lose messages, have a bandwidth, or are cut.

use floodgate::{ControlLog, Scenario, Simulation, Time};

/// Clients that call a station over a link, ten times a second, each request 1 ms of work.
fn scenario(clients: &str, link: &str, more: &str) -> Scenario {
    let rate = if clients.contains("rate") { "" } else { "rate = '10/s'" };
    let text = format!(
        "format = 1\nname = 'links'\nuntil = '60s'\n\
         [[node]]\nid = 'users'\nkind = 'clients'\narrivals = {{ gaps = 'deterministic' }}\n{rate}\n{clients}\n\
         [[node]]\nid = 'web'\nkind = 'station'\nservice_time = '1ms'\n\
         [[link]]\nfrom = 'users'\nto = 'web'\n{link}\n{more}"
    );
    Scenario::load(&text).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

fn run(scenario: &Scenario, seconds: f64) -> Simulation {
    let mut simulation = Simulation::new(scenario, 1);
    simulation.run_until(Time::from_secs_f64(seconds)).expect("no limit is met");
    simulation.check_books().expect("the books balance");
    simulation
}

fn latency_ms(simulation: &Simulation) -> (f64, f64) {
    let report = simulation.report();
    let latency = &report.nodes["users"].latency_ms;
    (latency.mean.expect("there were answers"), latency.max.expect("there were answers"))
}

#[test]
fn messages_wait_for_those_before_them_where_bandwidth_is_scarce() {
    // 10 KiB in 100 ms would be just as much as fits; with 20 KiB an answer takes 200 ms, and each waits 100 ms longer.
    let fits = scenario("timeout = 'none'", "bandwidth = '100KiB'\ncall_size = '0B'\nanswer_size = '10KiB'", "");
    let (mean, max) = latency_ms(&run(&fits, 30.0));
    assert!((mean - 101.0).abs() < 1e-6 && (max - 101.0).abs() < 1.0, "{mean} {max}");
    let scarce = scenario("timeout = 'none'", "bandwidth = '100KiB'\ncall_size = '0B'\nanswer_size = '20KiB'", "");
    let simulation = run(&scarce, 20.05);
    let totals = simulation.totals();
    // The n-th answer is through at 201 ms + (n − 1) · 200 ms after the first arrival.
    assert_eq!(totals.answered, 99, "half of what was asked for");
    // What is asked for takes room on the way there, not on the way back.
    let calls = scenario("timeout = 'none'", "bandwidth = '100KiB'\ncall_size = '5KiB'\nanswer_size = '10KiB'", "");
    let (mean, _) = latency_ms(&run(&calls, 30.0));
    assert!((mean - 151.0).abs() < 1e-6, "{mean}");
}

#[test]
fn lost_messages_come_late() {
    let lossy = scenario("timeout = 'none'\nrate = '1000/s'", "loss = 0.1\nlatency = '5ms'", "");
    let simulation = run(&lossy, 60.0);
    let latency = &simulation.node_counters(0).latency;
    let share = |ms: u64| {
        let later: u64 = latency.values().filter(|(d, _)| d.0 > ms * 1_000_000).map(|(_, n)| n).sum();
        later as f64 / latency.count() as f64
    };
    // Either message is lost with a chance of 0.1: 1 − 0.9². Four standard errors.
    let n = latency.count() as f64;
    let near = |got: f64, p: f64| (got - p).abs() < 4.0 * (p * (1.0 - p) / n).sqrt();
    assert!(near(share(150), 0.19), "{}", share(150));
    // More than one of 200 ms: both lost once, or one twice (600 ms).
    let more = 1.0 - 0.81 - 2.0 * 0.9 * 0.1 * 0.9;
    assert!(near(share(350), more), "{} {more}", share(350));
    // The same requests with the same demands arrive, only later.
    let plain = run(&scenario("timeout = 'none'\nrate = '1000/s'", "latency = '5ms'", ""), 60.0);
    assert_eq!(plain.totals().born, simulation.totals().born);
}

#[test]
fn what_is_dropped_gets_through_after_the_cut_when_it_is_sent_again() {
    let cut = "[[phase]]\nfrom = 'users'\nto = 'web'\nat = '10s'\nfor = '1s'\ncut = 'drop'\n";
    let simulation = run(&scenario("timeout = 'none'", "latency = '5ms'", cut), 30.0);
    let totals = simulation.totals();
    assert_eq!((totals.failed, totals.in_flight), (0, 0), "everything got through");
    // Sent at 10.0 s: again at 10.2, 10.6, 11.4 s. Sent at 10.9 s: again at 11.1 s.
    let (_, max) = latency_ms(&simulation);
    assert!((max - 1411.0).abs() < 8.0, "{max}");
    let late = simulation.node_counters(0).latency.values().filter(|(d, _)| d.0 > 100_000_000);
    assert_eq!(late.map(|(_, n)| n).sum::<u64>(), 10);
}

#[test]
fn what_is_given_up_during_a_cut_costs_nothing_when_it_is_over() {
    let cut = "[[phase]]\nfrom = 'users'\nto = 'web'\nat = '5s'\nfor = '20s'\ncut = 'drop'\n";
    let busy = scenario("timeout = '1s'\nrate = '500/s'", "latency = '5ms'", cut);
    let simulation = run(&busy, 24.9);
    assert!(simulation.live_calls() < 5_000, "what nobody waits for does not pile up: {}", simulation.live_calls());
    let totals = run(&busy, 60.0).totals();
    assert!(totals.failed > 9_400 && totals.failed < 10_600, "{totals:?}");
}

#[test]
fn what_is_refused_is_answered_502_at_once() {
    let cut = "[[phase]]\nfrom = 'users'\nto = 'web'\nat = '10s'\nfor = '1s'\ncut = 'refuse'\n";
    let simulation = run(&scenario("", "latency = '5ms'", cut), 30.0);
    let report = simulation.report();
    assert_eq!(report.nodes["users"].caller_errors.get("502").copied(), Some(10), "{report:?}");
    assert_eq!(report.totals.failed, 10);
    let (_, max) = latency_ms(&simulation);
    assert!(max < 20.0, "{max}");
}

#[test]
fn a_link_changes_by_control_and_its_line_reads_back() {
    let plain = scenario("", "latency = '5ms'", "");
    let text = "{\"floodgate_controls\":1,\"scenario\":\"links\",\"seed\":1}\n\
                {\"at\":\"10s\",\"from\":\"users.out\",\"to\":\"web\",\"set\":{\"latency\":\"50ms\"},\"for\":\"10s\"}\n\
                {\"at\":\"15s\",\"from\":\"users.out\",\"to\":\"web\",\"set\":{\"loss\":0.25,\"cut\":\"none\"}}\n";
    let log = ControlLog::parse(text, &plain).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(log.to_text(&plain).expect("it names what is there"), text);
    let mut simulation = Simulation::new(&plain, 1);
    for control in &log.controls {
        simulation.control(control.clone()).expect("possible");
    }
    let latency = |s: &Simulation| format!("{:?}", s.link_values(0).get("latency"));
    let mut at = |seconds: f64| {
        simulation.run_until(Time::from_secs_f64(seconds)).expect("no limit is met");
        latency(&simulation)
    };
    let (before, during, after) = (at(9.0), at(11.0), at(21.0));
    assert!(before == after && before != during, "{before} {during} {after}");
    simulation.run_until(Time::from_secs_f64(60.0)).expect("no limit is met");
    let (_, max) = latency_ms(&simulation);
    assert!(max > 200.0, "messages were lost: {max}");
    // Cutting the run anywhere changes nothing, and neither does going back.
    let mut once = Simulation::new(&plain, 1);
    log.controls.iter().for_each(|c| once.control(c.clone()).expect("possible"));
    once.run_until(Time::from_secs_f64(60.0)).expect("no limit is met");
    assert_eq!(once.digest(), simulation.digest());
}

#[test]
fn a_link_that_is_not_there_is_told() {
    let message = |line: &str| {
        let text = format!("{{\"floodgate_controls\":1,\"scenario\":\"links\",\"seed\":1}}\n{line}\n");
        ControlLog::parse(&text, &scenario("", "", "")).expect_err("it is wrong").to_string()
    };
    let backwards = message("{\"at\":\"1s\",\"from\":\"users.in\",\"to\":\"web\",\"set\":{\"loss\":0.1}}");
    assert!(backwards.contains("has no port `in`"), "{backwards}");
    let fixed = message("{\"at\":\"1s\",\"from\":\"users\",\"to\":\"web\",\"set\":{\"weight\":2.0}}");
    assert!(fixed.contains("cannot change while the system runs"), "{fixed}");
    let fault = message("{\"at\":\"1s\",\"from\":\"users\",\"to\":\"web\",\"fault\":\"kill\"}");
    assert!(fault.contains("a link has no faults"), "{fault}");
    let both = message("{\"at\":\"1s\",\"node\":\"web\",\"from\":\"users\",\"to\":\"web\",\"set\":{\"loss\":0.1}}");
    assert!(both.contains("of a node and of a link"), "{both}");
}
