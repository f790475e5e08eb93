//! Run = scenario + seed + control log, and what may change without changing anything else.

use floodgate::{Action, Budget, Control, Progress, Scenario, Simulation, Time};
use floodgate_core::{Delivery, Event};
use std::collections::BTreeMap;

fn load(text: &str) -> Scenario {
    Scenario::load(text).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

fn seconds(s: f64) -> Time {
    Time::from_secs_f64(s)
}

const AVALANCHE: &str = include_str!("../../scenarios/single_server_avalanche.toml");

fn json(scenario: &Scenario, seed: u64, until: f64) -> String {
    let mut simulation = Simulation::new(scenario, seed);
    simulation.record(floodgate::Duration::from_secs(1));
    simulation.run_until(seconds(until)).expect("no limit is met");
    simulation.check_books().expect("the books balance");
    serde_json::to_string(&simulation.report()).expect("serialises")
}

#[test]
fn two_runs_of_a_seed_agree_byte_for_byte_and_another_seed_differs() {
    let scenario = load(AVALANCHE);
    let first = json(&scenario, 1, 25.0);
    assert_eq!(first, json(&scenario, 1, 25.0));
    assert_ne!(first, json(&scenario, 2, 25.0));
}

#[test]
fn how_the_run_is_cut_changes_nothing() {
    let scenario = load(AVALANCHE);
    let whole = json(&scenario, 3, 14.0);
    let mut cut = Simulation::new(&scenario, 3);
    cut.record(floodgate::Duration::from_secs(1));
    let mut steps = 0u64;
    // A third of the way event by event in small budgets, a fork that goes astray, then by odd stretches of time.
    while cut.now() < seconds(10.3) {
        assert_ne!(cut.advance(Budget { until: seconds(14.0), events: 1 + steps % 7 }), Progress::Reached);
        steps += 1;
    }
    let mut astray = cut.clone();
    let kill = Control { at: seconds(11.0), node: "db".into(), action: fault("kill"), lasting: None };
    astray.control(kill).expect("in time");
    astray.run_until(seconds(14.0)).expect("no limit is met");
    let mut at = 10.3;
    while at < 14.0 {
        at = f64::min(at + 0.037, 14.0);
        cut.run_until(seconds(at)).expect("no limit is met");
    }
    assert_eq!(serde_json::to_string(&cut.report()).expect("serialises"), whole);
    assert_ne!(astray.digest(), cut.digest());
}

fn fault(name: &'static str) -> Action {
    Action::Fault { fault: name, values: floodgate::param::Values::default() }
}

/// The digest of each node by its id, after 14 s of the avalanche.
fn node_digests(text: &str) -> BTreeMap<String, String> {
    let scenario = load(text);
    let mut simulation = Simulation::new(&scenario, 1);
    simulation.run_until(seconds(14.0)).expect("no limit is met");
    let digest = |(i, n): (usize, &floodgate::scenario::Node)| (n.id.clone(), simulation.node_digest(i).to_string());
    scenario.nodes.iter().enumerate().map(digest).collect()
}

#[test]
fn shuffling_the_file_changes_nothing_and_an_isolated_node_only_itself() {
    let plain = node_digests(AVALANCHE);
    let first_node = AVALANCHE.find("[[node]]").expect("nodes");
    let first_link = AVALANCHE.find("[[link]]").expect("links");
    let rest = AVALANCHE.find("[[phase]]").expect("a phase");
    let (head, links, tail) = (&AVALANCHE[..first_node], &AVALANCHE[first_link..rest], &AVALANCHE[rest..]);
    let nodes: Vec<&str> = AVALANCHE[first_node..first_link].split("[[node]]").skip(1).collect();
    let shuffled: String = nodes.iter().rev().map(|n| format!("[[node]]{n}")).collect();
    assert_eq!(node_digests(&format!("{head}{tail}{links}{shuffled}")), plain);
    let hermit = "[[node]]\nid = \"aaa\"\nkind = \"database\"\n";
    let mut with = node_digests(&format!("{head}{hermit}{shuffled}{links}{tail}"));
    assert!(with.remove("aaa").is_some());
    assert_eq!(with, plain);
}

/// When each request reached the last node, and how long that took to answer it, by lineage.
fn visits(text: &str, node: &str) -> (Vec<(Time, u64)>, BTreeMap<u64, u64>) {
    let scenario = load(text);
    let mut simulation = Simulation::new(&scenario, 9);
    let place = scenario.nodes.iter().position(|n| n.id == node).expect("the node is there") as u32;
    let mut events: Vec<Event> = Vec::new();
    assert_eq!(simulation.advance_with(Budget::until(seconds(20.0)), &mut events), Progress::Reached);
    let mut arrivals = Vec::new();
    let mut begun = BTreeMap::new();
    let mut demands = BTreeMap::new();
    for event in events {
        if event.node.0 == place && event.delivery == Delivery::Call {
            arrivals.push((event.time, event.lineage));
            begun.insert(event.lineage, event.time);
        } else if matches!(event.delivery, Delivery::Answer | Delivery::Late)
            && let Some(start) = begun.get(&event.lineage)
        {
            // The first to hear of the answer, waiting or not, is the caller beside the node: links take no time here.
            demands.entry(event.lineage).or_insert(event.time.since(*start).0);
        }
    }
    (arrivals, demands)
}

#[test]
fn two_designs_see_identical_traffic() {
    let system = |retry: &str, between: &str, links: &str| {
        format!(
            "format = 1\nname = 'traffic'\nuntil = '20s'\n\
             [[node]]\nid = 'users'\nkind = 'clients'\nrate = '200/s'\ntimeout = '60ms'\nretry = {retry}\n\
             [[node]]\nid = 'web'\nkind = 'service'\nworkers = 100000\nservice_time = {{ lognormal = '30ms', scv = 1.0 }}\n\
             {between}\n{links}"
        )
    };
    let direct = "[[link]]\nfrom = 'users'\nto = 'web'\n";
    let (arrivals, demands) = visits(&system("{ attempts = 0 }", "", direct), "web");
    assert!(arrivals.len() > 3_500);
    let balancer = "[[node]]\nid = 'lb'\nkind = 'load_balancer'\n";
    let through = "[[link]]\nfrom = 'users'\nto = 'lb'\n[[link]]\nfrom = 'lb'\nto = 'web'\n";
    let replicas = "[[node]]\nid = 'other'\nkind = 'service'\n[[link]]\nfrom = 'lb'\nto = 'other'\n";
    for (what, text) in [
        ("a balancer", system("{ attempts = 0 }", balancer, through)),
        ("retries", system("{ attempts = 2, backoff = 'full_jitter' }", "", direct)),
        ("both", system("{ attempts = 2, backoff = 'none' }", balancer, through)),
    ] {
        let (other_arrivals, other_demands) = visits(&text, "web");
        let first: Vec<_> =
            other_arrivals.iter().filter(|(_, l)| arrivals.iter().any(|(_, a)| a == l)).copied().collect();
        assert_eq!(first, arrivals, "{what}: arrivals of first attempts");
        for (lineage, demand) in &demands {
            assert_eq!(other_demands.get(lineage), Some(demand), "{what}: demand of {lineage:x}");
        }
    }
    // Behind a balancer with a second service some requests go elsewhere; those that come, come with the same demand.
    let (_, split) = visits(&system("{ attempts = 0 }", &format!("{balancer}{replicas}"), through), "web");
    assert!(split.len() > 1_000 && split.len() < demands.len());
    assert!(split.iter().all(|(lineage, demand)| demands.get(lineage) == Some(demand)));
}

#[test]
fn a_rate_that_changes_for_a_while_leaves_the_arrivals_before_it_alone() {
    let text = |phase: &str| {
        format!(
            "format = 1\nname = 'phases'\nuntil = '20s'\n[[node]]\nid = 'users'\nkind = 'clients'\nrate = '100/s'\n\
             [[node]]\nid = 'web'\nkind = 'service'\nworkers = 100000\n[[link]]\nfrom = 'users'\nto = 'web'\n{phase}"
        )
    };
    let (plain, _) = visits(&text(""), "web");
    let phase = "[[phase]]\nnode = 'users'\nat = '5s'\nfor = '5s'\nrate = '1000/s'\n";
    let (crowd, _) = visits(&text(phase), "web");
    let before = |arrivals: &[(Time, u64)]| arrivals.iter().filter(|(t, _)| *t < seconds(5.0)).count();
    assert_eq!(before(&plain), before(&crowd));
    assert_eq!(plain[..before(&plain)], crowd[..before(&plain)]);
    let count = |from: f64, to: f64| crowd.iter().filter(|(t, _)| *t >= seconds(from) && *t < seconds(to)).count();
    // Poisson counts, five standard deviations.
    assert!((4_646..5_354).contains(&count(5.0, 10.0)), "{}", count(5.0, 10.0));
    assert!((842..1_158).contains(&count(10.0, 20.0)), "{}", count(10.0, 20.0));
}

#[test]
fn a_control_applies_before_every_event_at_its_time_and_the_log_replays() {
    let scenario = load(include_str!("../../scenarios/single_server.toml"));
    let mut live = Simulation::new(&scenario, 1);
    live.run_until(seconds(5.0)).expect("no limit is met");
    let flood = Control {
        at: seconds(5.0),
        node: "users".into(),
        action: Action::Set(vec![("rate".into(), floodgate::param::Value::Rate(12_000.0))]),
        lasting: Some(floodgate::Duration::from_secs(2)),
    };
    live.control(flood).expect("in time");
    live.run_until(seconds(6.5)).expect("no limit is met");
    let slow = Control {
        at: seconds(6.5),
        node: "db".into(),
        action: Action::Fault {
            fault: "slow",
            values: floodgate::param::Values(vec![("factor", floodgate::param::Value::Number(8.0))]),
        },
        lasting: Some(floodgate::Duration::from_secs(1)),
    };
    live.control(slow).expect("in time");
    live.run_until(seconds(10.0)).expect("no limit is met");
    assert!(live.totals().failed > 1_000, "the flood was felt");

    let log = live.log().to_vec();
    let mut replay = Simulation::new(&scenario, 1);
    for control in log {
        replay.control(control).expect("in time");
    }
    replay.run_until(seconds(10.0)).expect("no limit is met");
    assert_eq!((replay.digest(), replay.events()), (live.digest(), live.events()));
    assert_eq!(replay.totals(), live.totals());

    let late = Control { at: seconds(9.0), node: "web".into(), action: fault("kill"), lasting: None };
    assert!(live.control(late).is_err_and(|e| e.contains("too late")));
    let nobody = Control { at: seconds(11.0), node: "nobody".into(), action: fault("kill"), lasting: None };
    assert!(live.control(nobody).is_err_and(|e| e.contains("nobody")));
}
