//! What stands before the first service: names, anycast, an edge that caches, directors, balancers of connections.

use floodgate::{Report, Scenario, Simulation, Time};

fn start(text: &str) -> Simulation {
    let text = format!("format = 1\nname = 'entry'\nuntil = '1h'\n{text}");
    let scenario = Scenario::load(&text).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    Simulation::new(&scenario, 1)
}

fn go_on(simulation: &mut Simulation, seconds: f64) -> Report {
    simulation.run_until(Time::from_secs_f64(seconds)).expect("no limit is met");
    simulation.check_books().expect("the books balance");
    simulation.report()
}

fn run(text: &str, seconds: f64) -> Report {
    go_on(&mut start(text), seconds)
}

fn clients(more: &str) -> String {
    format!(
        "[[node]]\nid = 'users'\nkind = 'clients'\narrivals = {{ gaps = 'deterministic' }}\n{more}\n\
         [[link]]\nfrom = 'users'\nto = 'entry'\n"
    )
}

fn entry(kind: &str, more: &str) -> String {
    format!("[[node]]\nid = 'entry'\nkind = '{kind}'\n{more}\n")
}

fn service(id: &str, more: &str, link: &str) -> String {
    format!(
        "[[node]]\nid = '{id}'\nkind = 'service'\nworkers = 1000\nservice_time = '1ms'\nrestart_delay = '1h'\n{more}\n\
         [[link]]\nfrom = 'entry'\nto = '{id}'\n{link}\n"
    )
}

fn gauge(report: &Report, name: &str) -> u64 {
    report.nodes["entry"].gauges[name].last
}

#[test]
fn an_answer_is_kept_for_its_time_to_live_and_no_longer() {
    let text = clients("rate = '10/s'\npopulation = 1\ntimeout = 'none'")
        + &entry("dns", "ttl = '10s'\nlookup_time = '20ms'")
        + &service("a", "", "");
    let mut simulation = start(&text);
    // The first request is born at 0.1 s; its answer is there at 0.12 s and kept until 10.12 s.
    assert_eq!(gauge(&go_on(&mut simulation, 10.11), "lookups"), 1);
    assert_eq!(gauge(&go_on(&mut simulation, 10.25), "lookups"), 2, "the request at 10.2 s asks again");
    let report = go_on(&mut simulation, 10.5);
    let slow = report.nodes["users"].latency_ms.max.expect("there were answers");
    assert!((slow - 21.0).abs() < 0.2, "who asks waits for the lookup: {slow}");
}

#[test]
fn clients_of_one_resolver_share_its_answer() {
    let lookups = |resolvers: &str| {
        let text = clients("rate = '1000/s'\npopulation = 500")
            + &entry("dns", &format!("ttl = '1h'\n{resolvers}"))
            + &service("a", "", "");
        gauge(&run(&text, 60.0), "lookups")
    };
    assert_eq!((lookups("resolvers = 1"), lookups("resolvers = 10"), lookups("")), (1, 10, 500));
}

#[test]
fn weights_are_shares_of_answers_and_of_clients() {
    for answer in ["weighted", "geographic"] {
        let text = clients("rate = '1000/s'\npopulation = 20000")
            + &entry("dns", &format!("answer = '{answer}'\nttl = '0s'"))
            + &service("a", "", "weight = 3.0")
            + &service("b", "", "weight = 1.0");
        let report = run(&text, 60.0);
        let share = report.nodes["a"].offered as f64 / report.totals.born as f64;
        assert!((share - 0.75).abs() < 0.01, "{answer}: {share}");
    }
}

#[test]
fn who_failed_its_checks_is_answered_no_more_and_all_are_when_all_failed() {
    let system = |dead: &str| {
        clients("rate = '100/s'\npopulation = 1000\ntimeout = '1s'")
            + &entry("dns", "ttl = '1s'\nhealth_checks = { interval = '1s', timeout = '500ms' }")
            + &service("a", "", "latency = '1ms'")
            + &service("b", "", "latency = '20ms'")
            + dead
    };
    let kill = |id: &str| format!("[[fault]]\nnode = '{id}'\nat = '10s'\nfault = 'kill'\n");
    let mut one = start(&system(&kill("a")));
    let before = go_on(&mut one, 20.0).totals.failed;
    // Half of the clients for two to three seconds until the third check has failed, and for the time to live.
    assert!((85..=320).contains(&before), "it took a while: {before}");
    assert_eq!(go_on(&mut one, 60.0).totals.failed, before, "nobody is sent there any more");
    let report = run(&system(&(kill("a") + &kill("b"))), 60.0);
    let errors = report.nodes["users"].caller_errors.get("502").copied().unwrap_or(0);
    assert!(errors > 4_900, "everybody is sent somewhere, and hears that nobody is there: {errors}");
    assert_eq!(gauge(&report, "unhealthy"), 2);
}

#[test]
fn routes_change_after_the_checks_and_the_convergence_and_reset_what_is_under_way() {
    let text = clients("rate = '100/s'\npopulation = 1000\ntimeout = 'none'")
        + &entry(
            "anycast",
            "convergence = '2s'\nhealth_checks = { interval = '1s', timeout = '500ms', rise = 2, fall = 3 }",
        )
        + &service("a", "", "latency = '1ms'")
        + &service("b", "", "latency = '20ms'")
        + "[[phase]]\nfrom = 'entry'\nto = 'a'\nat = '10s'\nfor = '20s'\ncut = 'drop'\n";
    let mut simulation = start(&text);
    let half = go_on(&mut simulation, 10.0).nodes["a"].offered;
    assert!((440..=560).contains(&half), "half of the clients live near each: {half}");
    // Three checks fail by 13.5 s at the latest, routers know by 15.5 s.
    let report = go_on(&mut simulation, 16.0);
    let reset = gauge(&report, "reset");
    assert!((180..=320).contains(&reset), "what was under way there: {reset}");
    assert_eq!(report.totals.failed, reset);
    assert_eq!(go_on(&mut simulation, 30.0).totals.failed, reset, "meanwhile everybody is at the other");
    let report = go_on(&mut simulation, 60.0);
    assert!(report.nodes["a"].offered > half + 1_000, "they come back");
    assert!(
        report.totals.failed - reset < 10,
        "what is under way at that moment is reset too: {}",
        report.totals.failed
    );
}

#[test]
fn a_connection_that_was_idle_while_routes_changed_is_reset_by_the_next_request_over_it() {
    // One client, a request each second over a connection that it keeps, and none under way when routes change.
    let text = clients("rate = '1/s'\npopulation = 1\ntimeout = 'none'\nconnections = { requests = 10000 }")
        + &entry("anycast", "convergence = '100ms'\nhealth_checks = { interval = '300ms', timeout = '50ms', rise = 1, fall = 1 }")
        + &service("a", "", "latency = '1ms'\nweight = 1.0")
        + &service("b", "", "latency = '20ms'\nweight = 0.0")
        // From just after one request to before the next, and back again, a long time later.
        + "[[phase]]\nfrom = 'entry'\nto = 'a'\nat = '10.1s'\nfor = '20s'\ncut = 'refuse'\n";
    let mut simulation = start(&text);
    let report = go_on(&mut simulation, 10.9);
    assert_eq!((gauge(&report, "reset"), report.totals.failed), (0, 0), "nothing was under way");
    let report = go_on(&mut simulation, 11.5);
    assert_eq!((gauge(&report, "reset"), report.totals.failed), (1, 1), "the region does not know the connection");
    let report = go_on(&mut simulation, 30.05);
    assert_eq!((gauge(&report, "reset"), report.totals.failed), (1, 1), "the next request opens another one there");
    let slowest = report.nodes["users"].latency_ms.max.expect("there were answers");
    assert!((40.0..43.0).contains(&slowest), "which is far away: {slowest}");
    let report = go_on(&mut simulation, 60.0);
    assert_eq!((gauge(&report, "reset"), report.totals.failed), (2, 2), "and the same on the way back");
}

#[test]
fn an_edge_asks_once_for_each_time_to_live() {
    let edge = |more: &str| {
        let text = clients("rate = '100/s'\ntimeout = 'none'")
            + &entry("cdn", &format!("ttl = '10s'\n{more}"))
            + &service("origin", "", "latency = '50ms'");
        run(&text, 60.0)
    };
    let once = edge("");
    // One fetch takes 101 ms, so the times are 0.01 s and then every 10.11 s: who comes meanwhile waits for it.
    assert_eq!(once.nodes["origin"].offered, 6);
    assert_eq!(once.totals.failed, 0);
    let each = edge("coalesce = false");
    assert_eq!(each.nodes["origin"].offered, 6 * 11, "ten more come while the first is under way");
}

#[test]
fn an_edge_hides_errors_for_as_long_as_it_may() {
    let text = clients("rate = '100/s'\ntimeout = '1s'")
        + &entry("cdn", "ttl = '5s'\nstale_if_error = '20s'")
        + &service("origin", "", "")
        + "[[fault]]\nnode = 'origin'\nat = '7s'\nfault = 'kill'\n";
    let mut simulation = start(&text);
    // The last good answer is of 5.02 s: fresh until 10.02 s, stale until 30.02 s.
    let report = go_on(&mut simulation, 30.0);
    assert_eq!(report.totals.failed, 0);
    assert!(gauge(&report, "stale") > 1_900);
    let report = go_on(&mut simulation, 40.0);
    assert!((990..=1_000).contains(&report.totals.failed), "{}", report.totals.failed);
}

#[test]
fn directors_spread_connections_evenly_and_none_is_nobody() {
    let text = clients("rate = '1000/s'")
        + &entry("l4_director", "directors = 3")
        + &(0..4).map(|i| service(&format!("p{i}"), "", "")).collect::<String>()
        + "[[fault]]\nnode = 'entry'\nat = '30s'\nfor = '10s'\nfault = 'lose'\ncount = 3\n";
    let report = run(&text, 60.0);
    for i in 0..4 {
        let share = report.nodes[&format!("p{i}")].offered as f64 / 50_000.0;
        assert!((share - 0.25).abs() < 0.01, "{share}");
    }
    assert_eq!(
        report.nodes["entry"].errors.get("502").copied(),
        Some(10_000),
        "without directors nobody comes through"
    );
}

/// GLB's states: who is drained keeps its connections, as the second of its rows, and gets no new ones.
#[test]
fn a_proxy_is_drained_without_losing_connections() {
    let system = |memory: &str, state: &str| {
        let clients = "rate = '1000/s'\npopulation = 50\nconnections = { requests = 100, idle = '1h' }";
        let set = format!("set = {{ states = [{{ id = 'p1', state = '{state}' }}] }}");
        let text = self::clients(clients)
            + &entry("l4_director", &format!("memory = '{memory}'\nrows = 4096"))
            + &(0..4).map(|i| service(&format!("p{i}"), "", "")).collect::<String>()
            + &format!("[[control]]\nnode = 'entry'\nat = '10s'\n{set}\n");
        let mut simulation = start(&text);
        [10.0, 25.0, 40.0].map(|seconds| go_on(&mut simulation, seconds))
    };
    let offered = |report: &Report| report.nodes["p1"].offered;
    for memory in ["second_chance", "connection_table"] {
        let [before, drained, after] = system(memory, "draining");
        assert!(offered(&before) > 1_000, "{memory}: it had its share: {}", offered(&before));
        assert!(offered(&drained) > offered(&before) + 200, "{memory}: its connections go on");
        // Every connection has had its hundred requests within some seconds.
        assert_eq!(offered(&after), offered(&drained), "{memory}: it gets no new ones");
        assert_eq!((after.totals.failed, gauge(&after, "resets")), (0, 0), "{memory}");
        if memory == "second_chance" {
            assert_eq!(gauge(&after, "second"), offered(&drained) - offered(&before), "they take a second look");
        }
    }
    // Without a second place there is nowhere to keep them.
    let [before, _, after] = system("stateless", "draining");
    assert!(gauge(&after, "resets") > 0 && gauge(&before, "resets") == 0);
    let [before, _, after] = system("second_chance", "inactive");
    assert_eq!(offered(&after), offered(&before), "who is not in the table gets nothing");
    assert!(gauge(&after, "resets") > 0, "and loses what it had");
    let [before, _, after] = system("second_chance", "filling");
    assert!(offered(&after) > 3 * offered(&before), "as active");
    assert_eq!(gauge(&after, "second"), 0);
}

#[test]
fn a_balancer_of_connections_is_blind_to_paths() {
    let system = |mode: &str| {
        let text = clients("rate = '100/s'\nclass = '/a'")
            + &entry("load_balancer", &format!("mode = '{mode}'"))
            + &service("a", "", "path = '/a'")
            + &service("b", "", "path = '/b'");
        run(&text, 10.0)
    };
    assert_eq!(system("l7").nodes["a"].offered, 999);
    let blind = system("l4");
    assert!(blind.nodes["a"].offered.abs_diff(blind.nodes["b"].offered) <= 1);
    assert_eq!(gauge(&blind, "connections"), 0, "each request had a connection of its own, and they are closed");
}
