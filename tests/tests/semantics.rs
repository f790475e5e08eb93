//! What each component does at the edges, through scenario files.

use floodgate::{Report, Scenario, Simulation, Time};

/// Runs `nodes` (with a `users` client and links as given) for `seconds` and reports; the books are checked every second.
fn run(nodes: &str, links: &[(&str, &str)], more: &str, seconds: u64) -> (Scenario, Simulation, Report) {
    let links: String =
        links.iter().map(|(a, b)| format!("[[link]]\nfrom = '{a}'\nto = '{b}'\nlatency = '1ms'\n")).collect();
    let text = format!("format = 1\nname = 'semantics'\nuntil = '1h'\n{nodes}\n{links}{more}");
    let scenario = Scenario::load(&text).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    let mut simulation = Simulation::new(&scenario, 1);
    for second in 1..=seconds {
        simulation.run_until(Time::from_secs_f64(second as f64)).expect("no limit is met");
        simulation.check_books().expect("the books balance");
    }
    let report = simulation.report();
    (scenario, simulation, report)
}

fn users(rate: &str, more: &str) -> String {
    format!("[[node]]\nid = 'users'\nkind = 'clients'\nrate = '{rate}'\n{more}\n")
}

fn node(id: &str, kind: &str, more: &str) -> String {
    format!("[[node]]\nid = '{id}'\nkind = '{kind}'\n{more}\n")
}

const TO_WEB: &[(&str, &str)] = &[("users", "web")];

#[test]
fn round_robin_gives_each_replica_its_turn() {
    let nodes = users("300/s", "")
        + &node("lb", "load_balancer", "")
        + &node("web", "service", "replicas = 3\nworkers = 1000\nservice_time = '10s'");
    let (_, simulation, _) = run(&nodes, &[("users", "lb"), ("lb", "web")], "", 1);
    let busy: Vec<u32> = simulation.status(2).replicas.iter().map(|r| r.busy).collect();
    assert!(busy.iter().max().zip(busy.iter().min()).is_some_and(|(a, b)| a - b <= 1), "{busy:?}");
    assert!(busy.iter().sum::<u32>() > 200);
}

#[test]
fn least_connections_avoids_the_slow_server_and_round_robin_does_not() {
    let p99 = |algorithm: &str| {
        let nodes = users("200/s", "timeout = '10s'")
            + &node("lb", "load_balancer", &format!("algorithm = '{algorithm}'"))
            + &node("fast", "service", "workers = 4\nservice_time = '10ms'")
            + &node("slow", "service", "workers = 4\nservice_time = '60ms'");
        let (_, _, report) = run(&nodes, &[("users", "lb"), ("lb", "fast"), ("lb", "slow")], "", 30);
        report.nodes["users"].latency_ms.p99.expect("answers")
    };
    let (round_robin, least) = (p99("round_robin"), p99("least_connections"));
    // 100/s for four workers of 60 ms is an overload of 1.5; least connections sends what they can do.
    assert!(round_robin > 1_000.0, "{round_robin}");
    assert!(least < 200.0, "{least}");
}

#[test]
fn a_hash_of_the_client_always_finds_the_same_replica() {
    let nodes = users("500/s", "population = 1")
        + &node("lb", "load_balancer", "algorithm = 'client_hash'")
        + &node("web", "service", "replicas = 5\nworkers = 100000\nservice_time = '100s'");
    let (_, simulation, _) = run(&nodes, &[("users", "lb"), ("lb", "web")], "", 2);
    let busy: Vec<u32> = simulation.status(2).replicas.iter().map(|r| r.busy).filter(|&b| b > 0).collect();
    assert!(busy.len() == 1 && busy[0] > 800, "one client, one replica: {busy:?}");
    let many = nodes.replace("population = 1", "population = 100000");
    let (_, simulation, _) = run(&many, &[("users", "lb"), ("lb", "web")], "", 2);
    assert!(simulation.status(2).replicas.iter().all(|r| r.busy > 120), "many clients, all replicas");
}

#[test]
fn a_balancer_with_nobody_behind_it_answers_503_and_a_stale_endpoint_502() {
    let nodes = users("1000/s", "")
        + &node("lb", "load_balancer", "")
        + &node("web", "service", "workers = 100\nrestart_delay = '1h'");
    let kill = "[[fault]]\nnode = 'web'\nfault = 'kill'\nat = '2s'\n";
    let (_, _, report) = run(&nodes, &[("users", "lb"), ("lb", "web")], kill, 4);
    let errors = &report.nodes["users"].errors;
    // For 1 ms there and 1 ms of news back, plus what was in flight on the replica, calls meet a dead endpoint.
    assert!((1..60).contains(&errors["502"]), "{errors:?}");
    assert!(errors["503"] > 1_800, "{errors:?}");
}

#[test]
fn a_full_queue_is_answered_503_at_once() {
    let nodes =
        users("1000/s", "timeout = '10s'") + &node("web", "service", "workers = 2\nqueue = 3\nservice_time = '100ms'");
    let (_, simulation, report) = run(&nodes, TO_WEB, "", 10);
    let web = &report.nodes["web"];
    assert_eq!(web.queue.max, 3);
    assert!((web.throughput_per_s - 20.0).abs() < 0.5, "{}", web.throughput_per_s);
    // Two work, three wait: at most 250 ms in the house, and 2 ms on the way.
    assert!(report.nodes["users"].latency_ms.max.expect("answers") <= 302.0);
    assert_eq!(simulation.status(1).replicas[0].queue_cap, Some(3));
}

#[test]
fn memory_over_the_limit_kills_the_replica_and_everything_on_it() {
    // Base 100 MiB and 1 MiB for each request: the 11th in flight is one too many.
    let web = "workers = 2\nservice_time = '1s'\nmemory_base = '100MiB'\nmemory_per_request = '1MiB'\nmemory_limit = '110MiB'\nrestart_delay = '3s'";
    let (_, simulation, report) =
        run(&(users("100/s", "timeout = '1h'") + &node("web", "service", web)), TO_WEB, "", 3);
    let stats = &report.nodes["web"];
    assert_eq!((stats.gauges["kills"].last, stats.answered), (1, 0));
    assert_eq!(stats.gauges["memory"].max, 110 << 20, "what it holds when it dies is not held any more");
    assert_eq!(stats.errors["502"], stats.offered);
    let status = simulation.status(1);
    assert_eq!(status.replicas[0].mode, floodgate::status::Mode::Starting);
    assert!(report.totals.wasted_work_seconds > 0.0, "what was begun is lost");
}

#[test]
fn a_restarted_replica_is_cold_and_warms_up() {
    let web = "workers = 1000\nservice_time = '10ms'\nrestart_delay = '1s'\nwarm_up = '10s'\nwarm_up_slowdown = 5.0";
    let nodes = users("100/s", "timeout = '1h'") + &node("web", "service", web);
    let expect = |within: &str, min: f64, max: f64| {
        format!(
            "[[expect]]\nmetric = 'latency_ms.mean'\nof = 'web'\nwithin = {within}\nmin = {min:.1}\nmax = {max:.1}\n"
        )
    };
    let more = String::from("[[fault]]\nnode = 'web'\nfault = 'kill'\nat = '5s'\n")
        + &expect("['0s', '5s']", 10.0, 10.0)
        + &expect("['6s', '7s']", 47.0, 50.0)
        + &expect("['11s', '12s']", 27.0, 29.9)
        + &expect("['17s', '20s']", 10.0, 10.0);
    let (scenario, ..) = run(&nodes, TO_WEB, &more, 1);
    let mut scenario = scenario;
    scenario.until = Time::from_secs_f64(20.0);
    for result in floodgate::check(&scenario, 1).results {
        assert!(result.passed(), "{:?}: {:?}", result.expectation, result.value);
    }
}

#[test]
fn a_callee_that_fails_is_500_and_one_that_is_slow_504() {
    let links = &[("users", "web"), ("web", "db")];
    let web = node("web", "service", "workers = 1000\ncall_timeout = '20ms'");
    let slow = users("100/s", "") + &web + &node("db", "database", "service_time = '30ms'");
    let (_, _, report) = run(&slow, links, "", 5);
    assert!(report.nodes["web"].errors["504"] > 400 && report.nodes["web"].answered == 0);
    assert!(report.nodes["web"].late > 400, "the database answers all the same");
    assert!(report.totals.wasted_work_seconds > 10.0, "and its work is wasted");
    let refused = users("1000/s", "") + &web + &node("db", "database", "max_connections = 1\nservice_time = '15ms'");
    let (_, _, report) = run(&refused, links, "", 5);
    assert!(report.nodes["db"].errors["503"] > 1_000);
    assert_eq!(report.nodes["web"].errors["500"], report.nodes["db"].errors["503"] - in_transit(&report));
}

/// Refusals of the database that the web server has not passed on yet.
fn in_transit(report: &Report) -> u64 {
    report.nodes["db"].errors["503"] - report.nodes["web"].caller_errors["503"]
}

#[test]
fn without_cancellation_the_work_goes_on_for_nobody_and_with_it_the_queue_empties() {
    // A burst of 2,000 leaves a backlog of 40 s to a server of 100/s under a load of 50/s.
    let burst = "[[phase]]\nnode = 'users'\nat = '2s'\nfor = '2s'\nrate = '1000/s'\n";
    let served = |cancel: &str| {
        let nodes = users("50/s", &format!("timeout = '100ms'\n{cancel}"))
            + &node("web", "service", "workers = 1\nservice_time = '10ms'");
        run(&nodes, TO_WEB, burst, 20).2
    };
    let (deaf, told) = (served("cancel = false"), served("cancel = true"));
    assert!(deaf.totals.goodput < 200, "a queue that nobody leaves: {}", deaf.totals.goodput);
    assert!(told.totals.goodput > 800, "those who leave make room: {}", told.totals.goodput);
    assert!(told.nodes["web"].queue.max < 150 && deaf.nodes["web"].queue.max > 1_500);
}

#[test]
fn retries_multiply_what_a_failing_service_is_offered() {
    let nodes = users("100/s", "retry = { attempts = 2, backoff = 'none' }")
        + &node(
            "gate",
            "service",
            "workers = 10000\nservice_time = '1ms'\ncall_retry = { attempts = 3, backoff = 'none' }",
        )
        + &node("db", "database", "");
    let kill = "[[fault]]\nnode = 'db'\nfault = 'kill'\nat = '0s'\n";
    let nodes = nodes.replace("kind = 'database'\n", "kind = 'database'\nrestart_delay = '1h'\n");
    let (_, _, report) = run(&nodes, &[("users", "gate"), ("gate", "db")], kill, 10);
    // Layers multiply: (2 + 1)·(3 + 1).
    assert!((report.nodes["db"].amplification - 12.0).abs() < 0.05, "{}", report.nodes["db"].amplification);
    assert!((report.totals.amplification - 3.0).abs() < 0.01, "{}", report.totals.amplification);
}

#[test]
fn a_slow_fault_ends_when_it_should() {
    let nodes =
        users("50/s", "timeout = '1h'") + &node("web", "service", "workers = 1000\ncores = 4\nservice_time = '10ms'");
    let fault = "[[fault]]\nnode = 'web'\nfault = 'slow'\nfactor = 5.0\nat = '2s'\nfor = '2s'\n";
    let (_, simulation, report) = run(&nodes, TO_WEB, fault, 3);
    assert_eq!(simulation.status(1).faults, ["slow"]);
    assert!(report.nodes["web"].latency_ms.p99.expect("answers") > 40.0);
    let (_, simulation, _) = run(&nodes, TO_WEB, fault, 5);
    assert!(simulation.status(1).faults.is_empty());
}

#[test]
fn replicas_can_be_added_and_drained_while_it_runs() {
    let nodes = users("400/s", "timeout = '1h'")
        + &node("lb", "load_balancer", "")
        + &node("web", "service", "replicas = 2\nworkers = 4\nservice_time = '10ms'\nrestart_delay = '2s'");
    let links = &[("users", "lb"), ("lb", "web")];
    let more = "[[phase]]\nnode = 'web'\nat = '5s'\nfor = '5s'\nreplicas = 4\n";
    let modes =
        |seconds| run(&nodes, links, more, seconds).1.status(2).replicas.iter().map(|r| r.mode).collect::<Vec<_>>();
    use floodgate::status::Mode::{Starting, Up, Warming};
    assert_eq!(modes(4), [Up, Up]);
    assert_eq!(modes(6), [Up, Up, Starting, Starting]);
    assert!(!modes(8).contains(&Starting) && modes(8).len() == 4 && !modes(8).contains(&Warming));
    assert_eq!(modes(12).len(), 2);
    let (_, _, report) = run(&nodes, links, more, 12);
    assert!(report.nodes["users"].errors.is_empty(), "draining loses nothing: {:?}", report.nodes["users"].errors);
}

#[test]
fn clients_wait_at_most_their_time_out_and_answers_later_than_the_slo_are_no_goodput() {
    let nodes = users("100/s", "timeout = '80ms'\nslo = '50ms'")
        + &node("web", "service", "workers = 1000\nservice_time = { uniform = ['0ms', '100ms'] }");
    let (_, _, report) = run(&nodes, TO_WEB, "", 100);
    let t = &report.totals;
    let share = |n: u64| n as f64 / t.born as f64;
    // Uniform up to 100 ms and 2 ms on the way: in time below 48 ms, answered below 78 ms. Five standard errors.
    assert!((share(t.goodput) - 0.48).abs() < 0.025, "{}", share(t.goodput));
    assert!((share(t.answered) - 0.78).abs() < 0.021, "{}", share(t.answered));
    assert!(report.nodes["users"].latency_ms.max.expect("answers") <= 80.0);
}

#[test]
fn nothing_is_measured_before_the_end_of_the_warm_up() {
    // 1,000/s until 10 s, 100/s from then on: whatever counted the beginning would show it.
    let nodes = users("100/s", "") + &node("web", "service", "workers = 100");
    let text = |more: &str| {
        format!(
            "format = 1\nname = 'warm'\nuntil = '20s'\nwarm_up = '10s'\n{nodes}\n[[link]]\nfrom = 'users'\nto = 'web'\n\
             [[phase]]\nnode = 'users'\nat = '0s'\nfor = '10s'\nrate = '1000/s'\n{more}"
        )
    };
    let expect = |within: &str, min: u64, max: u64| {
        ["", "of = 'web'\n"].map(|of| {
            let metric = if of.is_empty() { "born" } else { "offered" };
            format!("[[expect]]\nmetric = '{metric}'\n{of}{within}min = {min}\nmax = {max}\n")
        })
    };
    let windows = [
        expect("", 850, 1150),
        expect("within = ['5s', '20s']\n", 850, 1150),
        expect("within = ['12s', '17s']\n", 390, 610),
        expect("within = ['1s', '9s']\n", 0, 100_000),
    ];
    let scenario = Scenario::load(&text(&windows.concat().concat())).unwrap_or_else(|problems| panic!("{problems}"));
    let report = floodgate::check(&scenario, 1);
    let passed: Vec<bool> = report.results.iter().map(|r| r.passed()).collect();
    assert_eq!(passed, [true, true, true, true, true, true, false, false], "{:?}", report.results);
    assert_eq!(report.results[6].value, None, "before the warm-up has ended there is nothing to measure");
    report.simulation.check_books().expect("the books balance");
    // A run that stops where the warm-up ends has counted nothing yet.
    let mut simulation = Simulation::new(&scenario, 1);
    simulation.run_until(Time::from_secs_f64(10.0)).expect("no limit is met");
    assert_eq!((simulation.totals().born, simulation.report().nodes["web"].offered), (0, 0));
}
