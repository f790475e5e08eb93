//! What a station does, to the nanosecond, and how requests arrive, where everything is constant.

use floodgate::{Budget, Progress, Report, Scenario, Simulation, Time};
use floodgate_core::{Delivery, Event};

/// A run with `nodes` for `ms`, its books checked every 5 ms.
fn run(nodes: &str, ms: u64) -> (Simulation, Report) {
    let text = format!("format = 1\nname = 'station'\nuntil = '1h'\n{nodes}");
    let scenario = Scenario::load(&text).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    let mut simulation = Simulation::new(&scenario, 1);
    for at in (5..=ms).step_by(5) {
        simulation.run_until(Time(at * 1_000_000)).expect("no limit is met");
        simulation.check_books().expect("the books balance");
    }
    let report = simulation.report();
    (simulation, report)
}

/// Clients with a clock, whose first request comes after one gap.
fn clock(id: &str, rate: &str, more: &str) -> String {
    format!(
        "[[node]]\nid = '{id}'\nkind = 'clients'\ntimeout = 'none'\nrate = '{rate}'\n\
         arrivals = {{ gaps = 'deterministic' }}\n{more}\n[[link]]\nfrom = '{id}'\nto = 's'\n"
    )
}

fn station(more: &str) -> String {
    format!("[[node]]\nid = 's'\nkind = 'station'\n{more}\n")
}

/// Answered, and mean and largest latency in ms.
fn of(report: &Report, id: &str) -> (u64, f64, f64) {
    let node = &report.nodes[id];
    (node.answered, node.latency_ms.mean.unwrap_or(-1.0), node.latency_ms.max.unwrap_or(-1.0))
}

#[test]
fn first_come_first_served_waits_as_the_recursion_of_lindley_says() {
    // Arrivals at 10, 20, 30, 40 ms; 15 ms each: sojourns of 15, 20, 25, 30.
    let (simulation, report) = run(&(clock("users", "100/s", "") + &station("service_time = '15ms'")), 75);
    assert_eq!(of(&report, "users"), (4, 22.5, 30.0));
    let wait = &simulation.node_counters(0).wait;
    // The fifth has waited for 20 ms and is being served.
    assert_eq!((wait.count(), wait.sum(), wait.share_at_most(floodgate::Duration::ZERO)), (5, 50_000_000, Some(0.2)));
    assert_eq!(report.nodes["s"].gauges["in_system"].last, 3);
}

#[test]
fn disciplines_choose_whom_they_say() {
    // Arrivals at 10, 20, 30 …; 25 ms each. Until 90 three are served by turns, to 35, 60 and 85.
    let sojourns = |discipline: &str| {
        let more = format!("service_time = '25ms'\ndiscipline = '{discipline}'");
        of(&run(&(clock("users", "100/s", "") + &station(&more)), 90).1, "users")
    };
    // 10→35, 20→60, 30→85.
    assert_eq!(sojourns("fifo"), (3, 40.0, 55.0));
    // 10→35, 30→60, and 50→85: the end at 60 was scheduled before the arrival at 60, so it comes first.
    assert_eq!(sojourns("lifo"), (3, 30.0, 35.0));
    // Each is interrupted by the next after 10 ms: nobody gets 25 ms in a row.
    assert_eq!(sojourns("lifo_preemptive").0, 0);
    // One server, shared by ever more: the first gets 10 + 5 + 10/3 + 2.5 + 2 + 10/6 = 24.5 ms until 70, and the rest by a seventh.
    let (count, mean, _) = sojourns("processor_sharing");
    assert_eq!(count, 1);
    assert!((mean - 63.5).abs() < 1e-6, "{mean}");
}

#[test]
fn interrupted_service_is_resumed_where_it_stopped() {
    // Important ones at 40, 80 …, 10 ms each; the other at 30, 60 …, 20 ms of work each.
    let nodes = clock("high", "25/s", "priority = 0")
        + &clock("low", "33.333333333333336/s", "priority = 5\nwork = 2.0")
        + &station("service_time = '10ms'\ndiscipline = 'priority_preemptive'");
    let (_, report) = run(&nodes, 80);
    // low 30–40, high 40–50, low 50–60; low 60–80.
    assert_eq!(of(&report, "high"), (1, 10.0, 10.0));
    assert_eq!(of(&report, "low").0, 1);
    assert!((of(&report, "low").1 - 30.0).abs() < 1e-5);
    let polite = nodes.replace("priority_preemptive", "priority");
    let (_, report) = run(&polite, 80);
    // low 30–50, high 50–60, low 60–80.
    assert_eq!(of(&report, "high"), (1, 20.0, 20.0));
    assert!((of(&report, "low").1 - 20.0).abs() < 1e-5);
}

#[test]
fn the_last_to_come_are_the_ones_in_service() {
    // Two servers, arrivals every 10 ms, 30 ms each. The third interrupts the first at 30, the fourth the second at 40 …
    // so that each gets 20 ms and waits for ever.
    let more = "servers = 2\nservice_time = '30ms'\ndiscipline = 'lifo_preemptive'";
    let (simulation, report) = run(&(clock("users", "100/s", "") + &station(more)), 200);
    assert_eq!((report.nodes["s"].answered, report.nodes["s"].queue.max), (0, 17));
    assert_eq!(simulation.status(0).replicas[0].busy, 2);
    // When no more come, they are resumed from the last to the first, 10 ms each: the two of 20 ms first.
    let stop = "[[control]]\nnode = 'users'\nat = '101ms'\nset = { rate = '0/s' }\n";
    let (_, report) = run(&(clock("users", "100/s", "") + &station(more) + stop), 300);
    // Arrivals at 10 … 100: the last two end at 120 and 130, and of the other eight, each with 10 ms to go, one ends with
    // every 10 ms of each server, the first at 130, the last at 160 or 170.
    assert_eq!(of(&report, "users").0, 10);
    assert_eq!(of(&report, "users").2, 160.0);
}

#[test]
fn a_full_house_refuses_and_impatience_leaves() {
    let (simulation, report) = run(&(clock("users", "100/s", "") + &station("service_time = '1h'\ncapacity = 3")), 100);
    let node = &report.nodes["s"];
    assert_eq!((node.offered, node.errors["503"], node.gauges["in_system"].max), (9, 6, 3));
    assert_eq!(node.gauges["lost"].last, 6);
    assert_eq!(simulation.status(0).replicas[0].queue_cap, Some(2));
    // The first is served for ever; each other waits for 25 ms and leaves: those of 20 … 70 have left before 100.
    let (simulation, report) =
        run(&(clock("users", "100/s", "") + &station("service_time = '1h'\npatience = '25ms'")), 100);
    let node = &report.nodes["s"];
    assert_eq!((node.errors["503"], node.gauges["reneged"].last, node.gauges["in_system"].last), (6, 6, 3));
    let wait = &simulation.node_counters(0).wait;
    assert_eq!((wait.count(), wait.sum()), (7, 150_000_000));
}

#[test]
fn whoever_finds_it_off_waits_until_it_has_started() {
    // On from 10 + 15 = 25; served 25–30, then the one of 20: 30–35. Off; at 30 nothing new, since it is on.
    let more = "service_time = '5ms'\nset_up = '15ms'";
    let (_, report) = run(&(clock("users", "100/s", "") + &station(more)), 70);
    // 10→30, 20→35, 30→40; at 40 it is empty before the next comes (the end of service was scheduled first): 40→60, 50→65,
    // and 60→70 is due at the end of the run.
    assert_eq!(of(&report, "users"), (5, 16.0, 20.0));
    assert_eq!(report.nodes["s"].gauges["busy"].max, 1);
}

#[test]
fn a_request_is_handed_on_and_answered_to_whoever_sent_it() {
    let nodes = clock("users", "1000/s", "")
        + &station("service_time = '100us'\nleave = 1.0")
        + "[[node]]\nid = 'a'\nkind = 'station'\nservice_time = '10ms'\nservers = 'none'\n\
           [[node]]\nid = 'b'\nkind = 'station'\nservice_time = '200us'\n\
           [[link]]\nfrom = 's'\nto = 'a'\nweight = 3\n[[link]]\nfrom = 's'\nto = 'b'\nlatency = '1ms'\n\
           [[link]]\nfrom = 'b'\nto = 's'\nweight = 0\n";
    let (_, report) = run(&nodes, 20_000);
    let offered = |id: &str| report.nodes[id].offered as f64;
    // Three fifths, one fifth, and one fifth leaves; five standard errors of 20,000 are 350.
    assert!((offered("a") - 12_000.0).abs() < 350.0 && (offered("b") - 4_000.0).abs() < 290.0);
    // From b nothing goes back: its only link has no weight.
    assert_eq!(report.nodes["s"].offered, report.nodes["users"].offered);
    // The server is free while the request is elsewhere: nobody waited.
    assert_eq!(report.nodes["s"].latency_ms.max, Some(0.1));
    // By way of a: 0.1 and 10 ms, and the answer goes straight back.
    assert_eq!(report.nodes["users"].latency_ms.max, Some(10.1));
    assert!(report.totals.answered > 19_900 && report.totals.failed == 0);
}

#[test]
fn a_visit_that_comes_again_draws_anew() {
    // Round and round with equal chances: the number of visits is geometric with mean 2, not for ever or once.
    let nodes = clock("users", "1000/s", "")
        + &station("service_time = '1us'\nleave = 1.0")
        + "[[node]]\nid = 't'\nkind = 'station'\nservice_time = '1us'\n\
           [[link]]\nfrom = 's'\nto = 't'\n[[link]]\nfrom = 't'\nto = 's'\n";
    let (_, report) = run(&nodes, 20_000);
    let visits = report.nodes["s"].offered as f64 / report.nodes["users"].offered as f64;
    // Five standard errors: 5·√2/√20,000.
    assert!((visits - 2.0).abs() < 0.05, "{visits}");
    assert_eq!(report.nodes["users"].answered, report.nodes["users"].offered);
}

#[test]
fn who_gives_up_and_says_so_leaves_the_line_at_once() {
    let users = clock("users", "100/s", "cancel = true").replace("timeout = 'none'", "timeout = '15ms'");
    let (_, report) = run(&(users.clone() + &station("service_time = '1h'")), 100);
    // One is served for ever; of the others only those of the last 15 ms are there.
    assert_eq!((report.nodes["s"].gauges["in_system"].last, report.nodes["s"].queue.max), (2, 2));
    let silent = users.replace("cancel = true", "");
    let (simulation, report) = run(&(silent + &station("service_time = '1h'")), 100);
    assert_eq!(report.nodes["s"].gauges["in_system"].last, 9);
    let replica = &simulation.status(0).replicas[0];
    assert_eq!((replica.zombies, replica.queue_zombies), (1, 7));
}

#[test]
fn users_of_a_closed_loop_wait_for_their_answers() {
    let text = |users: u32| {
        format!(
            "[[node]]\nid = 'users'\nkind = 'clients'\nusers = {users}\nthink_time = '10ms'\ntimeout = 'none'\n\
             [[link]]\nfrom = 'users'\nto = 's'\n{}",
            station("service_time = '5ms'")
        )
    };
    // One user: thinks 10, is served 5, and so on.
    let (_, report) = run(&text(1), 150);
    assert_eq!(of(&report, "users"), (9, 5.0, 5.0));
    // Ten: the server is never idle after the first 10 ms, and there are never more than ten.
    let (_, report) = run(&text(10), 150);
    assert_eq!((report.nodes["s"].answered, report.nodes["s"].gauges["in_system"].max), (27, 10));
    // Users come and go while it runs; whoever goes ends what was begun.
    let control = "[[phase]]\nnode = 'users'\nat = '100ms'\nfor = '100ms'\nusers = 0\n";
    let (_, report) = run(&(text(10) + control), 190);
    assert_eq!((report.nodes["users"].gauges["waiting"].last, report.totals.in_flight), (0, 0));
    let (_, report) = run(&(text(10) + control), 400);
    assert_eq!(report.nodes["s"].gauges["in_system"].max, 10);
    assert!(report.nodes["s"].answered > 18 + 35, "they have come back: {}", report.nodes["s"].answered);
}

#[test]
fn batches_come_at_once_and_a_change_of_the_rate_draws_nothing() {
    let users = clock("users", "100/s", "");
    let batch = users.replace("'deterministic' }", "'deterministic', batch = 'fixed', batch_mean = 3.0 }");
    let (_, report) = run(&(batch + &station("servers = 'none'\nservice_time = '1ms'")), 30);
    assert_eq!((report.nodes["users"].offered, report.nodes["s"].gauges["in_system"].max), (6, 3));
    // Half a gap at 100/s, the other half at 50/s: 5 ms and 10 ms; then every 20 ms.
    let slower = "[[control]]\nnode = 'users'\nat = '5ms'\nset = { rate = '50/s' }\n";
    let (_, report) = run(&(users + &station("servers = 'none'\nservice_time = '0s'") + slower), 55);
    assert_eq!(report.nodes["users"].offered, 2);
}

#[test]
fn bursts_and_waves_change_when_requests_come_and_not_what_they_are() {
    // The n-th request is the same whatever the rate was: same lineage, so the same demand everywhere.
    let requests = |arrivals: &str| {
        let nodes = clock("users", "100/s", "").replace("{ gaps = 'deterministic' }", arrivals) + &station("");
        let text = format!("format = 1\nname = 'station'\nuntil = '10s'\n{nodes}");
        let scenario = Scenario::load(&text).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
        let mut events: Vec<Event> = Vec::new();
        let progress = Simulation::new(&scenario, 1).advance_with(Budget::until(scenario.until), &mut events);
        assert_eq!(progress, Progress::Reached);
        let calls = events.into_iter().filter(|event| event.delivery == Delivery::Call);
        calls.map(|event| (event.lineage, event.time)).collect::<Vec<_>>()
    };
    let calm = requests("{}");
    let bursts = requests("{ burst_rate = '300/s', calm = '1s', burst = '1s' }");
    let wave = requests("{ wave = 1.0, period = '5s' }");
    // Half the time at three times the rate; whole periods of the wave.
    assert!(calm.len().abs_diff(1_000) < 150 && bursts.len() > 1_300 && wave.len().abs_diff(calm.len()) < 3);
    for other in [&bursts, &wave] {
        assert!(calm.iter().zip(other).all(|(a, b)| a.0 == b.0), "the same requests");
        assert!(calm.iter().zip(other).filter(|(a, b)| a.1 != b.1).count() > 900, "at other times");
    }
}

#[test]
fn a_fork_is_joined_by_the_last_branch_and_fails_with_the_first_that_failed() {
    let branch = |id: &str, ms: u32, more: &str| {
        format!(
            "[[node]]\nid = '{id}'\nkind = 'station'\nservers = 'none'\nservice_time = '{ms}ms'\n{more}\n\
             [[link]]\nfrom = 's'\nto = '{id}'\n"
        )
    };
    let fork = "[[node]]\nid = 's'\nkind = 'fork_join'\n";
    let nodes = clock("users", "100/s", "") + fork + &branch("a", 3, "") + &branch("b", 7, "") + &branch("c", 5, "");
    let (_, report) = run(&nodes, 100);
    assert_eq!(of(&report, "users"), (9, 7.0, 7.0));
    assert_eq!(["a", "b", "c"].map(|id| report.nodes[id].offered), [9, 9, 9]);
    // One server that never ends: from the second on the house is full.
    let broken =
        nodes.replace("id = 'b'\nkind = 'station'\nservers = 'none'\n", "id = 'b'\nkind = 'station'\ncapacity = 1\n");
    let (_, report) = run(&broken.replace("'7ms'", "'12ms'"), 100);
    // Every other request finds b busy and is answered 503 when c has answered.
    assert_eq!((report.nodes["users"].answered, report.nodes["users"].errors["503"]), (4, 4));
    let given_up = nodes.replace("kind = 'fork_join'", "kind = 'fork_join'\nbranch_timeout = '4ms'");
    let (_, report) = run(&given_up, 100);
    assert_eq!(report.nodes["users"].errors["timeout"], 9);
}

#[test]
fn whoever_is_blocked_waits_at_the_door_and_nobody_is_lost() {
    // Arrivals at 10, 20, 30, 40 …; 15 ms each, room for one: the same sojourns as with room for all.
    let small = "service_time = '15ms'\ncapacity = 1\n";
    let blocked = clock("users", "100/s", "") + &station(&(small.to_owned() + "full = 'block'"));
    let (simulation, report) = run(&blocked, 75);
    assert_eq!(of(&report, "users"), (4, 22.5, 30.0));
    let gauges = &report.nodes["s"].gauges;
    assert_eq!((gauges["in_system"].max, gauges["blocked"].last, gauges["lost"].last), (1, 2, 0));
    assert_eq!(simulation.status(0).open, 3);
    let (_, report) = run(&(clock("users", "100/s", "") + &station(small)), 75);
    assert_eq!((report.nodes["s"].gauges["blocked"].max, report.nodes["s"].gauges["lost"].last), (0, 3));
    // 25 ms each and a patience of 26: the second gives up in service at 46, the third at the door at 56, and the fourth, which
    // comes in at 60 in its place, at 66. The fifth to the seventh stand at the door.
    let patient = blocked.replace("timeout = 'none'", "timeout = '26ms'\ncancel = true").replace("15ms", "25ms");
    let (_, report) = run(&patient, 75);
    assert_eq!((report.nodes["users"].answered, report.nodes["users"].errors["timeout"]), (1, 3));
    assert_eq!((report.nodes["s"].gauges["blocked"].last, report.nodes["s"].gauges["in_system"].last), (3, 1));
}

#[test]
fn a_small_house_that_blocks_serves_like_a_large_one() {
    // First come, first served from the door on: every request, whatever it asks for, is answered at the same instant.
    let system = |house: &str| {
        let users = "[[node]]\nid = 'users'\nkind = 'clients'\nrate = '180/s'\ntimeout = 'none'\n\
                     [[link]]\nfrom = 'users'\nto = 's'\n";
        let (_, report) = run(&(users.to_owned() + &station(&format!("servers = 2\n{house}"))), 20_000);
        let users = &report.nodes["users"];
        (users.answered, users.latency_ms.mean, users.latency_ms.p99, users.latency_ms.max)
    };
    let whole = system("");
    assert!(whole.0 > 3_000);
    assert_eq!(system("capacity = 3\nfull = 'block'"), whole);
}
