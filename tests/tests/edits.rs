//! Structural edits of a running system, as controls: what they do, what they leave alone, and that they replay.

use floodgate::control::ControlLog;
use floodgate::param::{Value, Values};
use floodgate::scenario::describe;
use floodgate::{Action, Budget, Control, Duration, KeyframePolicy, Progress, Scenario, Simulation, Time, Timeline};
use floodgate_core::{Delivery, Event};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn load(text: &str) -> Scenario {
    Scenario::load(text).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

fn seconds(s: f64) -> Time {
    Time::from_secs_f64(s)
}

const HEADER: &str = "format = 1\nname = 'edits'\nuntil = '20s'\n";

/// Clients and a service that is fast enough.
fn pair(more: &str) -> Scenario {
    load(&format!(
        "{HEADER}[[node]]\nid = 'users'\nkind = 'clients'\nrate = '300/s'\n\
         [[node]]\nid = 'web'\nkind = 'service'\nworkers = 1000\nservice_time = {{ lognormal = '20ms', scv = 1.0 }}\n\
         [[link]]\nfrom = 'users'\nto = 'web'\n{more}"
    ))
}

/// The controls that these lines of a log say, without its header.
fn controls(scenario: &Scenario, lines: &str) -> Vec<Control> {
    let header = format!("{{\"floodgate_controls\":1,\"scenario\":\"{}\",\"seed\":1}}\n", scenario.name);
    let log = ControlLog::parse(&(header + lines), scenario).unwrap_or_else(|problems| panic!("{problems}\n{lines}"));
    log.controls
}

fn run(scenario: &Scenario, controls: &[Control], until: f64) -> Simulation {
    let mut simulation = Simulation::new(scenario, 1);
    for control in controls {
        simulation.control(control.clone()).unwrap_or_else(|told| panic!("{told}"));
    }
    simulation.run_until(seconds(until)).expect("no limit is met");
    simulation.check_books().expect("the books balance");
    simulation
}

/// Events of a run, with the ids of their nodes.
fn events(scenario: &Scenario, controls: &[Control], until: f64) -> Vec<(String, Event)> {
    let mut simulation = Simulation::new(scenario, 1);
    for control in controls {
        simulation.control(control.clone()).unwrap_or_else(|told| panic!("{told}"));
    }
    let mut events: Vec<Event> = Vec::new();
    assert_eq!(simulation.advance_with(Budget::until(seconds(until)), &mut events), Progress::Reached);
    let id = |event: &Event| simulation.scenario().nodes[event.node.0 as usize].id.clone();
    events.iter().map(|event| (id(event), *event)).collect()
}

const SPLICE: &str = r#"{"at":"5s","node":"lb","add":"load_balancer","set":{"algorithm":"least_connections"}}
{"at":"5s","node":"lb","link":"web"}
{"at":"5s","node":"users","unlink":"web"}
{"at":"5s","node":"users","link":"lb","port":"out"}
"#;

#[test]
fn a_balancer_is_spliced_in_and_nobody_notices() {
    let scenario = pair("");
    let spliced = controls(&scenario, SPLICE);
    let arrivals = |controls: &[Control]| -> Vec<(Time, u64)> {
        let calls = events(&scenario, controls, 12.0).into_iter();
        calls.filter(|(id, e)| id == "web" && e.delivery == Delivery::Call).map(|(_, e)| (e.time, e.lineage)).collect()
    };
    let (plain, with) = (arrivals(&[]), arrivals(&spliced));
    assert!(plain.len() > 3_000);
    assert_eq!(plain, with, "links take no time, so the same requests arrive at the same instants");
    let simulation = run(&scenario, &spliced, 12.0);
    let report = simulation.report();
    assert_eq!(report.totals.failed, 0);
    assert_eq!(report.totals.answered, run(&scenario, &[], 12.0).totals().answered);
    let (lb, web) = (&report.nodes["lb"], &report.nodes["web"]);
    assert!((1_900..2_300).contains(&lb.offered), "{}", lb.offered);
    assert!(web.offered > lb.offered && lb.gauges["endpoints"].last == 1);
    assert_eq!(lb.removed_at_s, None);
    let links: Vec<(&str, &str, bool)> =
        simulation.scenario().links.iter().map(|l| (l.from.as_str(), l.to.as_str(), l.removed)).collect();
    assert_eq!(links, [("users", "web", true), ("lb", "web", false), ("users", "lb", false)]);
    assert_eq!(simulation.link_counters(2).calls_first, simulation.link_counters(1).calls_first);
    assert!(simulation.is_link_removed(0) && !simulation.is_removed(0));
}

#[test]
fn a_new_balancer_waits_for_what_is_behind_it() {
    // Over slow links nothing is known of the service for 50 ms; requests wait instead of being refused.
    let scenario = pair("");
    let slow = SPLICE.replace("\"link\":\"web\"", "\"link\":\"web\",\"latency\":\"50ms\"");
    let slow = slow.replace("least_connections", "round_robin");
    let spliced = controls(&scenario, &slow);
    assert_eq!(run(&scenario, &spliced, 12.0).report().totals.failed, 0);
    // And one that balances goes on while something new is unheard of.
    let more = format!(
        "{slow}{}\n{}\n",
        r#"{"at":"7s","node":"other","add":"service"}"#, r#"{"at":"7s","node":"lb","link":"other","latency":"2s"}"#
    );
    let spliced = controls(&scenario, &more);
    let simulation = run(&scenario, &spliced, 8.5);
    assert_eq!((simulation.report().totals.failed, simulation.report().nodes["other"].offered), (0, 0));
    assert!(simulation.report().nodes["lb"].offered > 900);
    let simulation = run(&scenario, &spliced, 12.0);
    assert!(simulation.report().nodes["other"].offered > 50, "it is heard of at 9 s, and called 2 s later");
    // Then it goes: no more of it is chosen, and what it held is answered.
    let more = format!("{more}{}\n", r#"{"at":"11.5s","node":"other","remove":true}"#);
    let simulation = run(&scenario, &controls(&scenario, &more), 14.0);
    let report = simulation.report();
    assert_eq!(report.nodes["lb"].gauges["endpoints"].last, 1);
    let (other, lb) = (&report.nodes["other"], &report.nodes["lb"]);
    assert_eq!(other.removed_at_s, Some(11.5));
    assert!(other.errors["502"] > 0 && other.errors.len() == 1, "{:?}", other.errors);
    assert!(lb.errors.is_empty() || lb.errors.keys().all(|code| *code == "502"), "{:?}", lb.errors);
}

#[test]
fn the_log_replays_and_its_text_too() {
    let scenario = load(include_str!("../../scenarios/single_server.toml"));
    let lines = r#"{"at":"3s","node":"lb","add":"load_balancer","title":"A \"balancer\""}
{"at":"3s","node":"web2","add":"service","set":{"replicas":3,"queue":7,"call_retry":{"attempts":2,"backoff":"full_jitter","base":"100ms","cap":"2s","on":["429","500"]}}}
{"at":"3s","node":"lb","link":"web","port":"backends","latency":"1ms"}
{"at":"3s","node":"lb","link":"web2","port":"backends","latency":{"exponential":"2ms"},"weight":2.5}
{"at":"3s","node":"users","unlink":"web","port":"out"}
{"at":"3s","node":"users","link":"lb","port":"out","latency":"1ms"}
{"at":"3s","node":"web2","link":"db","port":"calls"}
{"at":"4s","node":"web2","set":{"replicas":5}}
{"at":"5s","node":"web2","fault":"slow","factor":3.0,"for":"1s"}
{"at":"6s","node":"web","remove":true}
{"at":"7s","node":"web","add":"database"}
{"at":"7s","node":"lb","link":"web","port":"backends"}
{"at":"8s","node":"web","fault":"kill"}
"#;
    let log = ControlLog { scenario: scenario.name.clone(), seed: 1, controls: controls(&scenario, lines) };
    let text = log.to_text(&scenario).expect("all is there");
    assert_eq!(text.split_once('\n').map(|(_, rest)| rest), Some(lines));
    // As they come, one at a time, as a page does it.
    let mut live = Simulation::new(&scenario, 1);
    let mut written = String::new();
    for control in &log.controls {
        live.run_until(control.at).expect("no limit is met");
        written += &(live.line(control).expect("it will be there") + "\n");
        live.control(control.clone()).unwrap_or_else(|told| panic!("{told}"));
    }
    live.run_until(seconds(10.0)).expect("no limit is met");
    assert_eq!(written, lines);
    let again = run(&scenario, &log.controls, 10.0);
    assert_eq!((again.digest(), again.events(), again.totals()), (live.digest(), live.events(), live.totals()));
    assert_eq!(again.parts(), live.parts());
    // The scenario of the run, edited as it is, still says what its log means.
    let log = ControlLog { scenario: scenario.name.clone(), seed: 1, controls: live.log().to_vec() };
    assert_eq!(log.to_text(live.scenario()), Ok(text));
    let report = live.report();
    assert_eq!(report.nodes["web#1"].kind, "service");
    assert_eq!((report.nodes["web"].kind, report.nodes["web"].removed_at_s), ("database", None));
    assert_eq!(report.nodes["web#1"].removed_at_s, Some(6.0));
    let web = live.scenario().nodes.iter().position(|n| n.id == "web").expect("there");
    assert!(live.is_removed(web) && !live.is_removed(live.scenario().nodes.len() - 1));
    assert_eq!(live.scenario().node("web").map(|n| n.descriptor.kind), Some("database"));
}

#[test]
fn an_isolated_node_changes_nobody_and_identities_go_by_keys() {
    let scenario = pair("");
    let plain = run(&scenario, &[], 8.0);
    let added = controls(&scenario, "{\"at\":\"2s\",\"node\":\"aside\",\"add\":\"station\"}\n");
    let with = run(&scenario, &added, 8.0);
    for node in 0..scenario.nodes.len() {
        assert_eq!(plain.node_digest(node), with.node_digest(node), "{}", scenario.nodes[node].id);
    }
    assert_eq!(plain.totals(), with.totals());
    assert_ne!(plain.digest(), with.digest(), "one node more");
    // Added at the very beginning, it is there from the beginning, whatever its number.
    let from_start = pair("[[node]]\nid = 'aside'\nkind = 'station'\n");
    let added = controls(&scenario, "{\"at\":\"0s\",\"node\":\"aside\",\"add\":\"station\"}\n");
    assert_eq!(run(&scenario, &added, 8.0).digest(), run(&from_start, &[], 8.0).digest());
}

#[test]
fn until_an_edit_all_is_the_same_and_after_it_what_it_does_not_touch() {
    // Two systems side by side; one of them is edited.
    let more = "[[node]]\nid = 'others'\nkind = 'clients'\nrate = '100/s'\n\
                [[node]]\nid = 'api'\nkind = 'service'\nservice_time = { exponential = '5ms' }\n\
                [[link]]\nfrom = 'others'\nto = 'api'\nlatency = { exponential = '1ms' }\n";
    let scenario = pair(more);
    let edited = controls(
        &scenario,
        r#"{"at":"4s","node":"db","add":"database"}
{"at":"4s","node":"web","link":"db","latency":"1ms"}
{"at":"6s","node":"db","remove":true}
"#,
    );
    let (plain, with) = (events(&scenario, &[], 9.0), events(&scenario, &edited, 9.0));
    // Identities of calls and roots are places in memory.
    let view = |(id, e): &(String, Event)| (id.clone(), e.time, e.delivery, e.lineage, e.digest, e.attempt, e.replica);
    let before =
        |all: &[(String, Event)]| -> Vec<_> { all.iter().filter(|(_, e)| e.time < seconds(4.0)).map(view).collect() };
    assert_eq!(before(&plain), before(&with));
    let aside = |all: &[(String, Event)]| -> Vec<_> {
        all.iter().filter(|(id, _)| id == "others" || id == "api").map(view).collect()
    };
    assert_eq!(aside(&plain), aside(&with));
    // The same requests, and each with the same first stretch of work, wherever it goes afterwards.
    let arrivals = |all: &[(String, Event)]| -> Vec<_> {
        let calls = all.iter().filter(|(id, e)| id == "web" && e.delivery == Delivery::Call);
        calls.map(|(_, e)| (e.time, e.lineage)).collect()
    };
    assert_eq!(arrivals(&plain), arrivals(&with));
    assert!(with.iter().any(|(id, e)| id == "db" && e.delivery == Delivery::Call));
    let failed = with.iter().filter(|(id, e)| id == "users" && matches!(e.delivery, Delivery::Error(_)));
    assert!(failed.count() < 10, "only those that the database held fail");
    let demands = |all: &[(String, Event)]| -> BTreeMap<u64, u64> {
        let mut begun = BTreeMap::new();
        let mut demands = BTreeMap::new();
        for (_, e) in all.iter().filter(|(id, _)| id == "web") {
            match e.delivery {
                Delivery::Call => drop(begun.insert(e.call, (e.lineage, e.time))),
                Delivery::Served => {
                    if let Some((lineage, since)) = begun.remove(&e.call) {
                        demands.insert(lineage, e.time.since(since).0);
                    }
                }
                _ => {}
            }
        }
        demands
    };
    let (plain, with) = (demands(&plain), demands(&with));
    assert!(plain.len() > 2_000);
    assert!(plain.iter().all(|(lineage, demand)| with.get(lineage).is_none_or(|d| d == demand)));
    assert!(with.len() > 2_000);
}

#[test]
fn a_node_that_is_removed_answers_502_for_all_it_held() {
    let text = |kind: &str| {
        format!(
            "{HEADER}[[node]]\nid = 'users'\nkind = 'clients'\nrate = '400/s'\ntimeout = 'none'\n\
             [[node]]\nid = 'web'\nkind = '{kind}'\n[[link]]\nfrom = 'users'\nto = 'web'\nlatency = '20ms'\n"
        )
    };
    for kind in [
        "service'\nworkers = 4\nservice_time = '50ms",
        "service'\nworkers = 4\ncores = 2\nservice_time = '50ms",
        "database'\nmax_connections = 4\nbacklog = 1000\nservice_time = '50ms",
        "station'\nservice_time = '50ms",
        "station'\ndiscipline = 'processor_sharing'\nservice_time = '50ms",
        "station'\ndiscipline = 'lifo_preemptive'\nservice_time = '50ms",
        "station'\ncapacity = 5\nfull = 'block'\nservice_time = '50ms",
    ] {
        let scenario = load(&text(kind));
        let mut simulation = Simulation::new(&scenario, 1);
        simulation.run_until(seconds(2.0)).expect("no limit is met");
        let (open, in_flight) = (simulation.status(1).open, simulation.totals().in_flight);
        assert!(open > 200, "{kind}: {open}");
        let busy = simulation.node_counters(1).busy_ns;
        let lines = "{\"at\":\"2s\",\"node\":\"web\",\"remove\":true}\n";
        for control in controls(&scenario, lines) {
            simulation.control(control).expect("it is there");
        }
        assert_eq!(simulation.advance(Budget { until: seconds(2.001), events: 0 }), Progress::Budget);
        simulation.check_books().expect("the books balance");
        let web = simulation.node_counters(1);
        assert_eq!(web.errors.total(), open, "{kind}: all that it held");
        assert!(web.busy_ns > busy, "{kind}: what was done of those in service is booked");
        assert_eq!([0, 1, 2].map(|slot| web.gauges[slot].value()), [0, 0, 0], "{kind}");
        simulation.run_until(seconds(2.1)).expect("no limit is met");
        simulation.check_books().expect("the books balance");
        let report = simulation.report();
        assert_eq!(report.nodes["web"].errors.keys().collect::<Vec<_>>(), [&"502"]);
        let late = report.nodes["web"].errors["502"] - open;
        assert!((1..=20).contains(&late), "{kind}: {late} were on their way");
        assert_eq!(simulation.totals().in_flight, 0, "{kind}: all have been told");
        let refused = simulation.totals().failed - open - late;
        assert!(refused > 20 && simulation.totals().failed >= in_flight, "{kind}: who has no link is told at once");
        assert_eq!(simulation.live_calls(), 0);
    }
}

#[test]
fn roots_of_a_client_that_is_removed_end_as_cancelled() {
    let scenario = load(&format!(
        "{HEADER}[[node]]\nid = 'users'\nkind = 'clients'\nrate = '300/s'\ntimeout = '200ms'\n\
         retry = {{ attempts = 3, base = '500ms' }}\n[[node]]\nid = 'web'\nkind = 'service'\nworkers = 2\n\
         service_time = '10ms'\n[[link]]\nfrom = 'users'\nto = 'web'\n"
    ));
    let mut simulation = Simulation::new(&scenario, 1);
    simulation.run_until(seconds(3.0)).expect("no limit is met");
    let open = simulation.totals().in_flight;
    assert!(open > 100);
    let remove = Control { at: seconds(3.0), node: "users".into(), action: Action::RemoveNode, lasting: None };
    simulation.control(remove).expect("it is there");
    simulation.run_until(seconds(3.001)).expect("no limit is met");
    simulation.check_books().expect("the books balance");
    let report = simulation.report();
    assert_eq!((report.totals.in_flight, report.nodes["users"].errors["cancelled"]), (0, open));
    assert!(simulation.live_calls() > 100, "their work goes on");
    let born = report.totals.born;
    simulation.run_until(seconds(30.0)).expect("no limit is met");
    simulation.check_books().expect("the books balance");
    let report = simulation.report();
    assert_eq!((report.totals.born, simulation.live_calls(), simulation.pending()), (born, 0, 0));
    assert!(report.nodes["users"].late > 100, "{}", report.nodes["users"].late);
    // The same id again is the same clients again: their first requests come after the same gaps as at the start.
    let lines = "{\"at\":\"30s\",\"node\":\"users\",\"add\":\"clients\",\"set\":{\"rate\":\"300/s\"}}\n\
                 {\"at\":\"30s\",\"node\":\"users\",\"link\":\"web\"}\n";
    let mut all = vec![Control { at: seconds(3.0), node: "users".into(), action: Action::RemoveNode, lasting: None }];
    let mut reader = lines.lines();
    let mut later = Simulation::new(&scenario, 1);
    later.control(all[0].clone()).expect("it is there");
    later.run_until(seconds(30.0)).expect("no limit is met");
    for line in reader.by_ref() {
        let mut system = later.scenario().clone();
        // What a line may name is what is there when the lines before it are done.
        if line.contains("link") {
            later.run_until(seconds(30.0)).expect("already there");
            assert_eq!(later.advance(Budget { until: seconds(30.1), events: 0 }), Progress::Budget);
            system = later.scenario().clone();
        }
        let control = Control::parse_line(line, &system).unwrap_or_else(|p| panic!("{p}"));
        later.control(control.clone()).unwrap_or_else(|told| panic!("{told}"));
        all.push(control);
    }
    let births = |from: f64, until: f64| -> Vec<(u64, u64)> {
        let calls = events(&scenario, &all, until).into_iter();
        let first = calls.filter(|(id, e)| id == "web" && e.delivery == Delivery::Call && e.attempt == 0);
        first.filter(|(_, e)| e.time >= seconds(from)).map(|(_, e)| (e.time.0 - seconds(from).0, e.lineage)).collect()
    };
    let (first, second) = (births(0.0, 1.0), births(30.0, 31.0));
    assert!(first.len() > 200);
    assert_eq!(first, second);
}

#[test]
fn a_link_that_is_removed_takes_nothing_new_and_answers_what_is_under_way() {
    let scenario = load(&format!(
        "{HEADER}[[node]]\nid = 'users'\nkind = 'clients'\nrate = '300/s'\n[[node]]\nid = 'web'\nkind = 'service'\n\
         workers = 100\n[[link]]\nfrom = 'users'\nto = 'web'\nlatency = '100ms'\n"
    ));
    let cut = controls(&scenario, "{\"at\":\"3s\",\"node\":\"users\",\"unlink\":\"web\"}\n");
    let simulation = run(&scenario, &cut, 3.5);
    let counts = simulation.link_counters(0);
    assert_eq!(counts.calls_first, counts.ok, "every call that was sent has been answered");
    let report = simulation.report();
    assert_eq!(report.nodes["users"].errors.keys().collect::<Vec<_>>(), [&"502"]);
    assert_eq!(report.totals.in_flight, 0);
    assert!(report.nodes["web"].errors.is_empty());
}

/// A user who sends a request each time a second after the last has ended, through `caller` to what takes 100 ms each.
fn one_by_one(caller: &str) -> Scenario {
    let callee =
        |id: &str| format!("[[node]]\nid = '{id}'\nkind = 'station'\nservers = 'none'\nservice_time = '100ms'\n");
    load(&format!(
        "{HEADER}[[node]]\nid = 'users'\nkind = 'clients'\nusers = 1\nthink_time = '1s'\ntimeout = 'none'\n\
         [[node]]\nid = 'web'\n{caller}\n[[link]]\nfrom = 'users'\nto = 'web'\n{}{}{}{}\
         [[link]]\nfrom = 'web'\nto = 'b'\n[[link]]\nfrom = 'web'\nto = 'd'\n",
        callee("a"),
        callee("b"),
        callee("c"),
        callee("d"),
    ))
}

/// What `a`, `b`, `c` and `d` were offered, and how the first request ended: its failures, and when.
fn outcome(scenario: &Scenario, lines: &str) -> ([u64; 4], Vec<&'static str>, f64) {
    let simulation = run(scenario, &controls(scenario, lines), 1.9);
    let report = simulation.report();
    let users = &report.nodes["users"];
    let ended = events(scenario, &controls(scenario, lines), 1.9)
        .into_iter()
        .filter(|(id, e)| id == "users" && matches!(e.delivery, Delivery::Answer | Delivery::Error(_)));
    let ended = ended.map(|(_, e)| e.time.as_secs_f64()).next().unwrap_or(f64::NAN);
    (["a", "b", "c", "d"].map(|id| report.nodes[id].offered), users.errors.keys().copied().collect(), ended)
}

#[test]
fn a_service_goes_on_from_the_step_where_it_is() {
    let scenario = one_by_one(
        "kind = 'service'\nservice_time = '0s'\ncall_retry = { attempts = 3, base = '40ms', backoff = 'exponential' }",
    );
    let edit = |at: &str, what: &str| format!("{{\"at\":\"{at}\",\"node\":\"web\",{what}}}\n");
    let check = |lines: &str, expected: ([u64; 4], Vec<&'static str>, f64)| {
        assert_eq!(outcome(&scenario, lines), expected, "{lines}");
    };
    check("", ([0, 1, 0, 1], vec![], 1.2));
    // While it calls `b`: what comes before is behind it, what comes after is still to come.
    check(&edit("1.05s", "\"link\":\"a\""), ([0, 1, 0, 1], vec![], 1.2));
    check(&edit("1.05s", "\"link\":\"c\""), ([0, 1, 1, 1], vec![], 1.3));
    check(&edit("1.05s", "\"unlink\":\"b\""), ([0, 1, 0, 1], vec![], 1.2));
    check(&edit("1.05s", "\"unlink\":\"d\""), ([0, 1, 0, 0], vec![], 1.1));
    let both = edit("1.05s", "\"unlink\":\"b\"") + &edit("1.06s", "\"link\":\"a\"") + &edit("1.07s", "\"link\":\"c\"");
    check(&both, ([1, 1, 1, 1], vec![], 1.4));
    // While it calls `d`, the last.
    check(&edit("1.15s", "\"unlink\":\"b\""), ([0, 1, 0, 1], vec![], 1.2));
    check(&edit("1.15s", "\"link\":\"c\""), ([0, 1, 0, 1], vec![], 1.2));
    // Whom it calls is gone: that cannot be tried again, neither at once nor after a pause.
    check("{\"at\":\"1.15s\",\"node\":\"d\",\"remove\":true}\n", ([0, 1, 0, 1], vec!["500"], 1.15));
    let lines = "{\"at\":\"0.5s\",\"node\":\"b\",\"remove\":true}\n\
                 {\"at\":\"0.5s\",\"node\":\"b\",\"add\":\"load_balancer\"}\n\
                 {\"at\":\"0.5s\",\"node\":\"web\",\"link\":\"b\"}\n";
    let (offered, errors, ended) = outcome(&scenario, lines);
    assert_eq!((offered[1], offered[3], errors), (4, 0, vec!["500"]), "refused, and tried again in vain");
    assert!((ended - 1.28).abs() < 1e-9, "{ended}");
    check(&(lines.to_owned() + &edit("1.1s", "\"unlink\":\"b\"")), ([0, 2, 0, 0], vec!["500"], 1.1));
}

#[test]
fn a_fork_joins_the_branches_it_began_with() {
    let scenario = one_by_one("kind = 'fork_join'");
    let edit = |what: &str| format!("{{\"at\":\"1.05s\",\"node\":\"web\",{what}}}\n");
    assert_eq!(outcome(&scenario, &edit("\"link\":\"a\"")), ([0, 1, 0, 1], vec![], 1.1));
    assert_eq!(outcome(&scenario, &edit("\"unlink\":\"b\"")), ([0, 1, 0, 1], vec![], 1.1));
    let gone = "{\"at\":\"1.05s\",\"node\":\"b\",\"remove\":true}\n";
    assert_eq!(outcome(&scenario, gone), ([0, 1, 0, 1], vec!["502"], 1.1), "when all have ended");
    let later = edit("\"link\":\"a\"") + &edit("\"link\":\"c\"") + &edit("\"unlink\":\"d\"");
    let simulation = run(&scenario, &controls(&scenario, &later), 2.5);
    let offered = ["a", "b", "c", "d"].map(|id| simulation.report().nodes[id].offered);
    assert_eq!(offered, [1, 2, 1, 1], "the next request has the branches that are there");
}

#[test]
fn a_station_sends_on_to_whom_it_is_linked_now() {
    let scenario = one_by_one("kind = 'station'\nleave = 0.0\nservice_time = '100ms'");
    // It is being served at 1.05 s, and goes on after that.
    let edit = |what: &str| format!("{{\"at\":\"1.05s\",\"node\":\"web\",{what}}}\n");
    let lines = edit("\"unlink\":\"b\"") + &edit("\"unlink\":\"d\"") + &edit("\"link\":\"c\"");
    assert_eq!(outcome(&scenario, &lines), ([0, 0, 1, 0], vec![], 1.2));
    let gone = "{\"at\":\"1.15s\",\"node\":\"web\",\"remove\":true}\n";
    let (offered, errors, ended) = outcome(&scenario, gone);
    assert_eq!(
        (offered.iter().sum::<u64>(), errors, ended),
        (1, vec![], 1.2),
        "what was handed on is not its own any more"
    );
}

/// Everything of a kind, as it is when nothing is said.
fn usual(kind: &str, scenario: &Scenario) -> (&'static floodgate::catalogue::Descriptor, Values) {
    let line = format!("{{\"at\":\"1s\",\"node\":\"never\",\"add\":\"{kind}\"}}");
    match Control::parse_line(&line, scenario).unwrap_or_else(|p| panic!("{p}")).action {
        Action::AddNode { descriptor, values, .. } => (descriptor, values),
        other => panic!("{other:?}"),
    }
}

#[test]
fn edits_that_cannot_be_made_are_refused() {
    let scenario = pair("[[group]]\nid = 'zone-a'\nkind = 'zone'\n[[node]]\nid = 'db'\nkind = 'database'\n");
    let mut simulation = Simulation::new(&scenario, 1);
    simulation.run_until(seconds(1.0)).expect("no limit is met");
    let add = |id: &str, kind: &str| {
        let (descriptor, values) = usual(kind, &scenario);
        (id.to_owned(), Action::AddNode { descriptor, values, title: id.to_owned() })
    };
    let link = |from: &str, port: usize, to: &str| {
        let latency = floodgate::Dist::Constant(Duration::ZERO);
        (from.to_owned(), Action::Link { port, to: to.to_owned(), values: floodgate::scenario::plain_link(latency) })
    };
    let unlink = |from: &str, port: usize, to: &str| (from.to_owned(), Action::Unlink { port, to: to.to_owned() });
    let control = |at: f64, (node, action): (String, Action)| Control { at: seconds(at), node, action, lasting: None };
    let changed = |name: &'static str, value: Value| {
        let (descriptor, mut values) = usual("service", &scenario);
        values.set(name, value);
        ("new".to_owned(), Action::AddNode { descriptor, values, title: "new".to_owned() })
    };
    let empty = || {
        let (descriptor, _) = usual("service", &scenario);
        ("new".to_owned(), Action::AddNode { descriptor, values: Values::default(), title: "new".to_owned() })
    };
    let heavy = || {
        let latency = floodgate::Dist::Constant(Duration::from_secs(4000));
        ("web".to_owned(), Action::Link { port: 0, to: "db".into(), values: floodgate::scenario::plain_link(latency) })
    };
    for (at, edit, expected) in [
        (0.5, add("new", "service"), "the control at 500ms comes too late"),
        (2.0, add("web", "service"), "there is already a node `web`"),
        (2.0, add("zone-a", "service"), "there is already a group `zone-a`"),
        (2.0, add("Web", "service"), "\"Web\" is not an id: 1 to 64 of a-z"),
        (2.0, empty(), "these values do not make a `service`"),
        (2.0, changed("workers", Value::Integer(0)), "`new.workers` is 0"),
        (2.0, ("gone".to_owned(), Action::RemoveNode), "there is no node `gone`"),
        (2.0, link("gone", 0, "web"), "there is no node `gone`"),
        (2.0, link("web", 0, "gone"), "there is no node `gone`"),
        (2.0, link("web", 0, "web"), "the link leads from `web` to itself"),
        (2.0, link("web", 1, "db"), "service `web` has no port number 1"),
        (2.0, link("db", 0, "web"), "`db` is of kind \"database\", which calls nobody"),
        (2.0, link("web", 0, "users"), "`users` is of kind \"clients\", which cannot be called"),
        (2.0, link("users", 0, "web"), "there is already a link from `users.out` to `web`"),
        (2.0, link("users", 0, "db"), "link number 2 from `users.out`, which takes 1: remove another first"),
        (2.0, heavy(), "latency"),
        (2.0, unlink("web", 0, "db"), "there is no link from `web.calls` to `db`: no link leaves `web.calls`"),
        (2.0, unlink("users", 0, "db"), "links from `users.out` lead to: web"),
    ] {
        let refused = simulation.control(control(at, edit.clone()));
        assert!(refused.as_ref().is_err_and(|told| told.contains(expected)), "{refused:?}, not {expected}");
    }
    let lasting = Some(Duration::from_secs(1));
    let refused = simulation.control(Control { lasting, ..control(2.0, add("new", "service")) });
    assert!(refused.is_err_and(|told| told.contains("leave `for` out")));
    // What counts is the system as it will be: what comes before is done, and what comes later must still be possible.
    let set = |node: &str| (node.to_owned(), Action::Set(vec![("replicas".into(), Value::Integer(2))]));
    assert!(simulation.control(control(4.0, set("new"))).is_err_and(|told| told.contains("no node `new`")));
    simulation.control(control(3.0, add("new", "service"))).expect("it is new");
    simulation.control(control(4.0, set("new"))).expect("it will be there");
    assert!(simulation.control(control(2.9, set("new"))).is_err_and(|told| told.contains("no node `new`")));
    simulation.control(control(5.0, link("new", 0, "db"))).expect("both will be there");
    assert!(simulation.control(control(6.0, link("new", 0, "db"))).is_err_and(|told| told.contains("already a link")));
    let refused = simulation.control(control(4.5, ("db".into(), Action::RemoveNode)));
    let expected = "what was entered for 5s could no longer be done to `new`: there is no node `db`";
    assert_eq!(refused, Err(expected.to_owned()));
    simulation.control(control(6.0, ("db".into(), Action::RemoveNode))).expect("nobody needs it then");
    assert!(simulation.control(control(7.0, unlink("new", 0, "db"))).is_err_and(|told| told.contains("no node `db`")));
    simulation.run_until(seconds(8.0)).expect("no limit is met");
    assert!(simulation.is_removed(0) && simulation.scenario().nodes[0].id == "db");
    assert_eq!(simulation.scenario().nodes[0].removed, Some(seconds(6.0)));
    // Controls of a node that is there no more do nothing.
    assert!(simulation.control(control(9.0, ("db".into(), Action::RemoveNode))).is_err());
    assert!(!describe(&scenario.nodes[0].descriptor.params[0]).is_empty());
}

#[test]
fn what_the_file_does_to_a_node_that_has_gone_is_not_done_to_its_successor() {
    let more = "[[node]]\nid = 'api'\nkind = 'service'\n[[fault]]\nnode = 'api'\nat = '2s'\nfor = '4s'\nfault = 'slow'\n\
                [[phase]]\nnode = 'api'\nat = '1s'\nfor = '8s'\nreplicas = 3\n[[control]]\nnode = 'api'\nat = '9s'\n\
                set = { workers_ = 1 }\n";
    let scenario = pair(&more.replace("set = { workers_ = 1 }", "fault = 'kill'"));
    let replaced = controls(
        &scenario,
        r#"{"at":"3s","node":"api","remove":true}
{"at":"4s","node":"api","add":"service"}
{"at":"5s","node":"api","fault":"slow","factor":2.0}
"#,
    );
    let mut simulation = run(&scenario, &replaced, 7.0);
    let last = simulation.scenario().nodes.len() - 1;
    assert_eq!(simulation.status(last).faults, ["slow"], "the end of the fault at 6 s was its predecessor's");
    assert_eq!(simulation.values(last).get("replicas"), Some(&Value::Integer(1)));
    simulation.run_until(seconds(9.5)).expect("no limit is met");
    assert_eq!(simulation.status(last).gauges[1], 0.0, "what begins later is done to the node that is there");
}

#[test]
fn seeking_across_edits_is_the_same_as_having_gone_there_directly() {
    let scenario = load(include_str!("../../scenarios/single_server_avalanche.toml"));
    let edits = controls(
        &scenario,
        r#"{"at":"2s","node":"crowd","add":"clients","set":{"rate":"30/s","class":"new"}}
{"at":"2s","node":"crowd","link":"web","latency":"3ms"}
{"at":"3.5s","node":"cache","add":"database","set":{"service_time":"1ms"}}
{"at":"3.5s","node":"web","link":"cache"}
{"at":"5s","node":"db","remove":true}
{"at":"6.25s","node":"db","add":"database"}
{"at":"6.25s","node":"web","link":"db","latency":"1ms"}
{"at":"8s","node":"crowd","remove":true}
"#,
    );
    let start = || {
        let mut simulation = Simulation::new(&scenario, 5);
        simulation.record(Duration::from_millis(250));
        simulation.follow(floodgate_core::JourneyPolicy::of_each(3));
        simulation
    };
    let straight = |controls: &[Control], until: f64| {
        let mut simulation = start();
        for control in controls.iter().filter(|c| c.at < seconds(until)) {
            simulation.run_until(control.at).expect("no limit is met");
            simulation.control(control.clone()).unwrap_or_else(|told| panic!("{told}"));
        }
        simulation.run_until(seconds(until)).expect("no limit is met");
        simulation.check_books().expect("the books balance");
        simulation
    };
    let same = |got: &Simulation, expected: &Simulation, what: &str| {
        let (a, b) = (got.parts(), expected.parts());
        let differing: Vec<&String> = a.iter().zip(&b).filter(|(a, b)| a != b).map(|(a, _)| &a.0).collect();
        assert!(differing.is_empty() && a.len() == b.len(), "{what}: these parts differ: {differing:?}");
        let json = |s: &Simulation| serde_json::to_string(&s.report()).expect("serialises");
        assert_eq!(json(got), json(expected), "{what}");
        assert_eq!(got.scenario(), expected.scenario(), "{what}");
    };
    let mut timeline = Timeline::new(start(), KeyframePolicy::default());
    for control in &edits {
        assert_eq!(timeline.advance(Budget::until(control.at)), Progress::Reached);
        timeline.control(control.clone()).unwrap_or_else(|told| panic!("{told}"));
    }
    assert_eq!(timeline.advance(Budget::until(seconds(10.0))), Progress::Reached);
    same(timeline.simulation(), &straight(&edits, 10.0), "at the end");
    for time in [1.0, 9.3, 4.2, 2.0, 6.25, 6.3, 0.0, 5.7, 3.5, 8.4, 10.0] {
        timeline.seek(seconds(time)).expect("no limit is met");
        let there = straight(&edits, time);
        assert_eq!(timeline.simulation().digest(), there.digest(), "at {time}");
        let json = |s: &Simulation| serde_json::to_string(&s.report()).expect("serialises");
        assert_eq!(json(timeline.simulation()), json(&there), "at {time}");
        assert_eq!(timeline.simulation().scenario(), there.scenario(), "at {time}");
    }
    // An edit in the past starts a branch: what was done later is forgotten.
    timeline.seek(seconds(4.0)).expect("no limit is met");
    let branch = Control { at: seconds(4.5), node: "cache".into(), action: Action::RemoveNode, lasting: None };
    timeline.control(branch.clone()).expect("it is there");
    timeline.seek(seconds(9.0)).expect("no limit is met");
    let other: Vec<Control> = edits[..4].iter().cloned().chain([branch]).collect();
    same(timeline.simulation(), &straight(&other, 9.0), "on the branch");
    timeline.seek(seconds(3.0)).expect("no limit is met");
    timeline.seek(seconds(9.0)).expect("no limit is met");
    same(timeline.simulation(), &straight(&other, 9.0), "back on the branch");
}

#[test]
fn a_series_knows_what_came_later_and_larger_windows_agree_with_merged_ones() {
    let scenario = pair("");
    let series = |window: u64, points_max: usize| {
        let mut simulation = Simulation::new(&scenario, 1);
        let limits = floodgate::record::RecordLimits { points_max, ..Default::default() };
        simulation.record_within(Duration::from_secs(window), limits);
        for control in controls(&scenario, SPLICE) {
            simulation.control(control).expect("it can be done");
        }
        simulation.run_until(seconds(16.0)).expect("no limit is met");
        (simulation.series().to_vec(), simulation.node_counters(2).offered)
    };
    let (merged, offered) = series(1, 2);
    assert_eq!(merged, series(8, 2).0);
    assert_eq!((merged.len(), merged[0].nodes.len(), merged[0].links.len()), (2, 3, 3));
    assert_eq!(merged.iter().map(|point| point.nodes[2].offered).sum::<u64>(), offered);
    let (windows, _) = series(1, 100);
    assert_eq!((windows[4].nodes.len(), windows[5].nodes.len()), (2, 3));
}

#[test]
fn an_edited_system_runs_anew_as_if_it_had_been_written_so() {
    let scenario = pair("[[phase]]\nnode = 'users'\nat = '2s'\nfor = '1s'\nrate = '500/s'\n");
    let simulation = run(&scenario, &controls(&scenario, SPLICE), 6.0);
    let written = load(&format!(
        "{HEADER}[[node]]\nid = 'users'\nkind = 'clients'\nrate = '300/s'\n\
         [[node]]\nid = 'web'\nkind = 'service'\nworkers = 1000\nservice_time = {{ lognormal = '20ms', scv = 1.0 }}\n\
         [[node]]\nid = 'lb'\nkind = 'load_balancer'\nalgorithm = 'least_connections'\n\
         [[link]]\nfrom = 'users'\nto = 'lb'\n[[link]]\nfrom = 'lb'\nto = 'web'\n\
         [[phase]]\nnode = 'users'\nat = '2s'\nfor = '1s'\nrate = '500/s'\n"
    ));
    let anew = run(simulation.scenario(), &[], 6.0);
    assert!(!anew.scenario().is_edited());
    assert_eq!(anew.parts(), run(&written, &[], 6.0).parts());
    assert_eq!(run(&scenario.anew(), &[], 6.0).digest(), run(&scenario, &[], 6.0).digest());
}

/// One step of a random program.
#[derive(Clone, Debug)]
enum Step {
    Add(usize, usize),
    Remove(usize),
    Link(usize, usize, u64),
    Unlink(usize, usize),
    Kill(usize),
    Rate(usize, u16),
    Wait,
}

const IDS: [&str; 10] = ["a", "b", "c", "d", "lb", "fork", "users", "web", "z", "queue"];
const KINDS: [(&str, &str); 7] = [
    ("clients", r#"{"rate":"150/s","timeout":"60ms","retry":{"attempts":2,"base":"20ms"},"cancel":true}"#),
    ("clients", r#"{"users":5,"think_time":"10ms","timeout":"none","class":"looped"}"#),
    ("load_balancer", r#"{"algorithm":"power_of_d"}"#),
    ("fork_join", r#"{"branch_timeout":"50ms"}"#),
    (
        "service",
        r#"{"workers":3,"cores":2,"replicas":2,"call_timeout":"40ms","call_cancel":true,"after_share":0.5,"call_retry":{"attempts":1}}"#,
    ),
    ("database", r#"{"max_connections":3,"backlog":5,"restart_delay":"50ms"}"#),
    ("station", r#"{"servers":2,"discipline":"processor_sharing","patience":"100ms","capacity":4,"full":"block"}"#),
];

fn step() -> impl Strategy<Value = Step> {
    let id = 0..IDS.len();
    prop_oneof![
        4 => (id.clone(), 0..KINDS.len()).prop_map(|(id, kind)| Step::Add(id, kind)),
        2 => id.clone().prop_map(Step::Remove),
        8 => (id.clone(), id.clone(), prop_oneof![Just(0), 1..30u64]).prop_map(|(a, b, ms)| Step::Link(a, b, ms)),
        2 => (id.clone(), id.clone()).prop_map(|(a, b)| Step::Unlink(a, b)),
        1 => id.clone().prop_map(Step::Kill),
        1 => (id, 0..400u16).prop_map(|(id, rate)| Step::Rate(id, rate)),
        2 => Just(Step::Wait),
    ]
}

fn line(step: &Step, at: u64) -> Option<String> {
    let begin = |id: usize| format!("{{\"at\":\"{at}ms\",\"node\":\"{}\"", IDS[id]);
    Some(match step {
        Step::Add(id, kind) => format!("{},\"add\":\"{}\",\"set\":{}}}", begin(*id), KINDS[*kind].0, KINDS[*kind].1),
        Step::Remove(id) => format!("{},\"remove\":true}}", begin(*id)),
        Step::Link(from, to, ms) if ms % 3 == 2 => {
            format!(
                "{},\"link\":\"{}\",\"latency\":{{\"exponential\":\"{ms}ms\"}},\"weight\":2.0}}",
                begin(*from),
                IDS[*to]
            )
        }
        Step::Link(from, to, ms) => format!("{},\"link\":\"{}\",\"latency\":\"{ms}ms\"}}", begin(*from), IDS[*to]),
        Step::Unlink(from, to) => format!("{},\"unlink\":\"{}\"}}", begin(*from), IDS[*to]),
        Step::Kill(id) => format!("{},\"fault\":\"kill\"}}", begin(*id)),
        Step::Rate(id, rate) => format!("{},\"set\":{{\"rate\":\"{rate}/s\"}},\"for\":\"80ms\"}}", begin(*id)),
        Step::Wait => return None,
    })
}

fn base() -> Scenario {
    load(&format!(
        "{HEADER}max_depth = 6\n[[node]]\nid = 'users'\nkind = 'clients'\nrate = '200/s'\ntimeout = '80ms'\ncancel = true\n\
         retry = {{ attempts = 2, base = '10ms' }}\n[[node]]\nid = 'lb'\nkind = 'load_balancer'\n\
         [[node]]\nid = 'web'\nkind = 'service'\nworkers = 4\ncall_timeout = '50ms'\n\
         call_retry = {{ attempts = 2, base = '5ms' }}\nafter_share = 0.3\n\
         [[node]]\nid = 'fork'\nkind = 'fork_join'\n[[node]]\nid = 'a'\nkind = 'database'\nmax_connections = 4\n\
         [[node]]\nid = 'b'\nkind = 'station'\nleave = 0.7\nservice_time = '2ms'\n\
         [[node]]\nid = 'c'\nkind = 'station'\nleave = 0.5\nservice_time = {{ exponential = '2ms' }}\n\
         [[link]]\nfrom = 'users'\nto = 'lb'\nlatency = '2ms'\n[[link]]\nfrom = 'lb'\nto = 'web'\nlatency = '1ms'\n\
         [[link]]\nfrom = 'web'\nto = 'a'\n[[link]]\nfrom = 'web'\nto = 'fork'\n[[link]]\nfrom = 'fork'\nto = 'b'\n\
         [[link]]\nfrom = 'fork'\nto = 'c'\n[[link]]\nfrom = 'b'\nto = 'c'\n[[link]]\nfrom = 'c'\nto = 'b'\n"
    ))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn books_balance_whatever_is_edited_and_all_of_it_replays(
        steps in prop::collection::vec((step(), 0..40u64), 1..40),
        seed in 0..1_000u64,
        back in prop::collection::vec(0..1_000u64, 3),
    ) {
        let scenario = base();
        let mut live = Simulation::new(&scenario, seed);
        let mut timeline = Timeline::new(
            Simulation::new(&scenario, seed),
            KeyframePolicy { every: Duration::from_millis(100), events: 300, bytes_max: 1 << 30 },
        );
        let (mut at, mut refused) = (100u64, 0);
        for (step, wait) in &steps {
            at += wait;
            live.run_until(Time(at * 1_000_000)).expect("no limit is met");
            live.check_books().map_err(TestCaseError::fail)?;
            let Some(line) = line(step, at) else { continue };
            // A line may name what earlier edits at this very time have added.
            let _ = live.advance(Budget { until: Time(at * 1_000_000 + 1), events: 0 });
            live.check_books().map_err(TestCaseError::fail)?;
            match Control::parse_line(&line, live.scenario()) {
                Ok(control) => {
                    let written = live.line(&control).map_err(TestCaseError::fail)?;
                    let read = Control::parse_line(&written, live.scenario());
                    prop_assert_eq!(read.as_ref(), Ok(&control), "{}", written);
                    let entered = live.control(control.clone());
                    prop_assert_eq!(&entered, &Ok(()), "what reads can be done: {}", line);
                    let _ = timeline.advance(Budget::until(control.at));
                    prop_assert_eq!(timeline.control(control), Ok(()));
                }
                Err(_) => refused += 1,
            }
            let _ = refused;
        }
        let end = Time((at + 300) * 1_000_000);
        live.run_until(end).expect("no limit is met");
        live.check_books().map_err(TestCaseError::fail)?;
        // What was removed has nothing under way of its own, and keeps its books.
        let ids: BTreeSet<&String> =
            live.scenario().nodes.iter().filter(|n| n.removed.is_none()).map(|n| &n.id).collect();
        prop_assert_eq!(ids.len(), live.scenario().nodes.iter().filter(|n| n.removed.is_none()).count());
        let report = live.report();
        prop_assert_eq!(report.nodes.len(), live.scenario().nodes.len());
        let born: u64 = report.classes.values().map(|c| c.born).sum();
        prop_assert_eq!(born, report.totals.born);
        let log = ControlLog { scenario: scenario.name.clone(), seed, controls: live.log().to_vec() };
        let text = log.to_text(&scenario).map_err(TestCaseError::fail)?;
        let read = ControlLog::parse(&text, &scenario);
        prop_assert_eq!(read.as_ref(), Ok(&log), "{}", text);
        let mut replay = Simulation::new(&scenario, seed);
        for control in &log.controls {
            prop_assert_eq!(replay.control(control.clone()), Ok(()));
        }
        replay.run_until(end).expect("no limit is met");
        prop_assert_eq!((replay.digest(), replay.events()), (live.digest(), live.events()));
        prop_assert_eq!(replay.parts(), live.parts());
        // Back and forth.
        let _ = timeline.advance(Budget::until(end));
        for ms in back {
            timeline.seek(Time(ms * 1_000_000)).expect("no limit is met");
            timeline.simulation().check_books().map_err(TestCaseError::fail)?;
        }
        timeline.seek(end).expect("no limit is met");
        prop_assert_eq!(timeline.simulation().parts(), live.parts());
    }
}
