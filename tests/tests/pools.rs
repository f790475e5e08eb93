//! Balancers that look at paths, zones, sessions and health before they choose.

use floodgate::{Report, Scenario, Simulation, Time};

fn run(text: &str, seconds: f64) -> Report {
    let text = format!("format = 1\nname = 'pools'\nuntil = '1h'\n{text}");
    let scenario = Scenario::load(&text).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    let mut simulation = Simulation::new(&scenario, 1);
    simulation.run_until(Time::from_secs_f64(seconds)).expect("no limit is met");
    simulation.check_books().expect("the books balance");
    simulation.report()
}

fn clients(id: &str, more: &str) -> String {
    format!(
        "[[node]]\nid = '{id}'\nkind = 'clients'\narrivals = {{ gaps = 'deterministic' }}\n{more}\n\
         [[link]]\nfrom = '{id}'\nto = 'lb'\n"
    )
}

fn balancer(more: &str) -> String {
    format!("[[node]]\nid = 'lb'\nkind = 'load_balancer'\n{more}\n")
}

fn service(id: &str, more: &str, link: &str) -> String {
    format!(
        "[[node]]\nid = '{id}'\nkind = 'service'\nworkers = 100\nservice_time = '1ms'\n{more}\n\
         [[link]]\nfrom = 'lb'\nto = '{id}'\nlatency = '1ms'\n{link}\n"
    )
}

fn gauge(report: &Report, name: &str) -> f64 {
    report.nodes["lb"].gauges[name].last as f64
}

#[test]
fn the_longest_path_wins_and_the_rest_goes_where_no_path_is_named() {
    let ask = |id: &str, class: &str| clients(id, &format!("rate = '100/s'\nclass = '{class}'"));
    let text = ask("a", "/video/hd")
        + &ask("b", "/video/sd")
        + &ask("c", "/text")
        + &ask("d", "/login")
        + &balancer("")
        + &service("videos", "replicas = 2", "path = '/video'")
        + &service("hd", "", "path = '/video/hd, /4k'")
        + &service("others", "", "");
    let report = run(&text, 10.0);
    let offered = |id: &str| report.nodes[id].offered;
    assert_eq!([offered("hd"), offered("videos"), offered("others")], [999, 999, 1998], "{report:?}");
    // Where every link names a path, what none of them takes is told so.
    let closed = ask("a", "/text") + &balancer("") + &service("videos", "", "path = '/video'");
    let report = run(&closed, 10.0);
    assert_eq!(report.nodes["lb"].errors.get("503").copied(), Some(999));
}

#[test]
fn turns_within_a_pool_are_even_whatever_the_others_do() {
    let ask = |id: &str, class: &str, rate: u32| clients(id, &format!("rate = '{rate}/s'\nclass = '{class}'"));
    let text = ask("a", "/a", 100)
        + &ask("b", "/b", 70)
        + &balancer("")
        + &service("a1", "", "path = '/a'")
        + &service("a2", "", "path = '/a'")
        + &service("b1", "replicas = 3", "path = '/b'");
    let report = run(&text, 10.0);
    assert!(report.nodes["a1"].offered.abs_diff(report.nodes["a2"].offered) <= 1);
    assert_eq!(report.nodes["b1"].offered, 699);
}

#[test]
fn a_dead_server_on_a_fixed_list_gets_its_share_until_three_checks_have_failed() {
    let dead = "[[fault]]\nnode = 'b'\nat = '10s'\nfault = 'kill'\n";
    let system = |more: &str| {
        clients("users", "rate = '100/s'\ntimeout = '1s'")
            + &balancer(&format!("discovery = 'fixed'\n{more}"))
            + &service("a", "", "")
            + &service("b", "restart_delay = '1h'", "")
            + dead
    };
    let lost = |report: &Report| report.nodes["users"].caller_errors.values().sum::<u64>();
    let unchecked = run(&system(""), 60.0);
    assert!((2_490..=2_510).contains(&lost(&unchecked)), "half of the rest: {}", lost(&unchecked));
    let checked = run(&system("health_checks = { interval = '2s', timeout = '1s' }"), 60.0);
    // Three checks after the death, somewhere from 4 s to 6 s after it; half of what came until then.
    assert!((195..=310).contains(&lost(&checked)), "{}", lost(&checked));
    assert_eq!(gauge(&checked, "unhealthy"), 1.0);
    assert_eq!(checked.totals.born, unchecked.totals.born, "checks are no requests");
}

#[test]
fn checks_ask_for_work_and_are_seen_to_come_back() {
    let text = clients("users", "rate = '10/s'")
        + &balancer("health_checks = { interval = '1s', timeout = '500ms', work = 10.0 }")
        + &service("a", "", "")
        + "[[phase]]\nfrom = 'lb'\nto = 'a'\nat = '10s'\nfor = '5s'\ncut = 'drop'\n";
    let report = run(&text, 30.0);
    assert_eq!(gauge(&report, "unhealthy"), 0.0, "it has come back");
    let unhealthy = &report.nodes["lb"].gauges["unhealthy"];
    assert!(unhealthy.max == 1 && unhealthy.mean > 0.05 && unhealthy.mean < 0.25, "{unhealthy:?}");
    // 30 checks besides the requests.
    let requests = report.totals.born;
    assert!((requests + 28..=requests + 30).contains(&report.nodes["a"].offered), "{report:?}");
}

#[test]
fn a_zone_keeps_its_requests_while_enough_of_it_is_healthy() {
    let system = |dead: usize| {
        let mut text = "[[group]]\nid = 'here'\nkind = 'zone'\n[[group]]\nid = 'there'\nkind = 'zone'\n".to_owned()
            + &clients("users", "rate = '1000/s'")
            + &balancer(
                "group = 'here'\ndiscovery = 'fixed'\nzone_aware = {}\npanic_threshold = 0.0\n\
                 health_checks = { interval = '1s', timeout = '500ms' }",
            );
        for i in 0..4 {
            text += &service(&format!("near{i}"), "group = 'here'\nrestart_delay = '1h'", "");
            text += &service(&format!("far{i}"), "group = 'there'", "");
        }
        for i in 0..dead {
            text += &format!("[[fault]]\nnode = 'near{i}'\nat = '0s'\nfault = 'kill'\n");
        }
        run(&text, 60.0)
    };
    let share = |report: &Report| {
        let far: u64 = (0..4).map(|i| report.nodes[&format!("far{i}")].answered).sum();
        let near: u64 = (0..4).map(|i| report.nodes[&format!("near{i}")].answered).sum();
        far as f64 / (far + near) as f64
    };
    assert!(share(&system(0)) < 0.01, "only checks go elsewhere");
    // 75 % healthy keep everything, 50 % keep 70 %, 25 % keep 35 %.
    assert!(share(&system(1)) < 0.01);
    let (half, quarter) = (share(&system(2)), share(&system(3)));
    assert!((half - 0.3).abs() < 0.02, "{half}");
    assert!((quarter - 0.65).abs() < 0.02, "{quarter}");
}

#[test]
fn whoever_is_hashed_modulo_loses_most_sessions_when_a_server_is_added() {
    let lost = |more: &str, sessions: &str| {
        let text = clients("users", "rate = '1000/s'\npopulation = 500")
            + &balancer(&format!("{more}\nsessions = {sessions}"))
            + &service("a", "replicas = 4", "")
            + "[[control]]\nnode = 'a'\nat = '30s'\nset = { replicas = 5 }\n";
        let mut report = run(&text, 60.0);
        report.nodes.remove("lb").expect("it is there").gauges["sessions_lost"].last as f64
    };
    // Of 500 clients four in five go elsewhere; on a ring one in five.
    let modulo = lost("algorithm = 'client_hash'", "{ sticky = false }");
    assert!((modulo - 400.0).abs() < 40.0, "{modulo}");
    let ring = lost("algorithm = 'ring_hash'", "{ sticky = false }");
    assert!((ring - 100.0).abs() < 40.0, "{ring}");
    assert_eq!(lost("algorithm = 'round_robin'", "{}"), 0.0, "a cookie keeps everybody");
    assert!(lost("algorithm = 'round_robin'", "{ sticky = false }") > 40_000.0);
}

#[test]
fn what_cannot_be_meant_is_told_with_its_place() {
    let told = |text: &str| {
        let text = format!("format = 1\nname = 'pools'\nuntil = '1h'\n{text}");
        Scenario::load(&text).expect_err("it is wrong").to_string()
    };
    let slow = told(
        &(clients("users", "")
            + &balancer("health_checks = { interval = '2s', timeout = '3s' }")
            + &service("a", "", "")),
    );
    assert!(
        slow.contains("15:17: error: `lb.health_checks` waits 3s for each answer, and asks again after 2s"),
        "{slow}"
    );
    let nothing = told(
        &(clients("users", "") + &balancer("") + &service("a", "", "weight = 0.0") + &service("b", "", "weight = 0.0")),
    );
    assert!(nothing.contains("the weights of the links from `lb.backends` sum to zero"), "{nothing}");
    let lossy = told(&(clients("users", "") + &balancer("") + &service("a", "", "loss = 0.6")));
    assert!(lossy.contains("`link.loss` is 0.6, which is above the largest allowed, 0.5"), "{lossy}");
}

#[test]
fn headers_tell_requests_of_one_path_apart() {
    let mix = "classes = [{ name = '/api' }, { name = '/api; X-Version: canary; cookie: a=1' }, { name = '/api; x-version: old' }, \
               { name = '/text; x-version: canary' }]";
    let text = clients("a", mix)
        + &balancer("")
        + &service("stable", "", "path = '/api'")
        + &service("canary", "", "path = '/api'\nheader = 'x-version: canary'")
        + &service("tagged", "", "path = '/api'\nheader = 'x-version'")
        + &service("guest", "", "path = '/api'\nheader = 'x-version: canary, cookie: a=2'")
        + &service("rest", "", "");
    let report = run(&text, 40.0);
    let offered = |id: &str| report.nodes[id].offered as f64 / report.totals.born as f64;
    // One header each: those of `canary` share what has it, and values are compared to the letter.
    for (id, share) in [("stable", 0.25), ("canary", 0.125), ("tagged", 0.375), ("guest", 0.0), ("rest", 0.25)] {
        assert!((offered(id) - share).abs() < 0.02, "{id}: {}", offered(id));
    }
}

#[test]
fn connections_go_on_to_a_server_that_drains_until_the_balancer_has_waited_long_enough() {
    // Ten clients, each with a connection over which something comes ten times a second; half of the servers are to go.
    let failed = |drain: &str, seconds: f64| {
        let text =
            clients("a", "rate = '100/s'\npopulation = 10\ntimeout = 'none'\nconnections = { requests = 60000 }")
                + &balancer(&format!("mode = 'l4'\n{drain}"))
                + &service("s", "replicas = 2\ndrain_delay = '1min'", "")
                + "[[control]]\nnode = 's'\nat = '10s'\nset = { replicas = 1 }\n";
        let report = run(&text, seconds);
        let (failed, resets) = (report.totals.failed, gauge(&report, "resets"));
        assert_eq!(failed as f64, resets, "{drain}, after {seconds} s");
        failed
    };
    assert_eq!((failed("drain_timeout = '5s'", 14.9), failed("", 60.0)), (0, 0), "as long as it lives they go on");
    let gone = failed("drain_timeout = '5s'", 16.0);
    assert!((3..=10).contains(&gone), "then each is reset once: {gone}");
    assert_eq!(failed("drain_timeout = '5s'", 60.0), gone, "and opened anew where there is somebody");
    assert_eq!(failed("drain_timeout = '0s'", 12.0), gone, "without patience at once");
}
