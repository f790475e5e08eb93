//! Two designs see identical traffic, whatever the designs: random systems, each changed in one way.
//!
//! Links take no time and there is a worker for everybody, so that events tell the service demands (see
//! [`floodgate_tests::traffic`]). What a change is known to move is asserted too, at the end.

use floodgate_tests::traffic::{Traffic, branch, root};
use floodgate_tests::workloads;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use std::collections::{BTreeMap, BTreeSet};

/// A scenario that can be changed before it is written.
#[derive(Clone, Debug)]
struct System {
    nodes: Vec<Node>,
    links: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
struct Node {
    id: String,
    kind: &'static str,
    parameters: BTreeMap<&'static str, String>,
}

impl Node {
    fn new(id: &str, kind: &'static str, parameters: &[(&'static str, &str)]) -> Node {
        let parameters = parameters.iter().map(|(k, v)| (*k, (*v).to_owned())).collect();
        Node { id: id.to_owned(), kind, parameters }
    }
}

impl System {
    fn text(&self) -> String {
        let mut text = "format = 1\nname = 'traffic'\nuntil = '1s'\n".to_owned();
        for node in &self.nodes {
            text += &format!("[[node]]\nid = '{}'\nkind = '{}'\n", node.id, node.kind);
            node.parameters.iter().for_each(|(name, value)| text += &format!("{name} = {value}\n"));
        }
        for (from, to) in &self.links {
            text += &format!("[[link]]\nfrom = '{from}'\nto = '{to}'\n");
        }
        text
    }

    fn run(&self) -> Traffic {
        Traffic::of(&self.text(), 7)
    }

    fn node(&mut self, id: &str) -> &mut Node {
        self.nodes.iter_mut().find(|n| n.id == id).expect("the node is there")
    }

    fn with(&self, id: &str, name: &'static str, value: &str) -> System {
        let mut other = self.clone();
        other.node(id).parameters.insert(name, value.to_owned());
        other
    }

    fn ids(&self, kinds: &[&str]) -> Vec<String> {
        self.nodes.iter().filter(|n| kinds.contains(&n.kind)).map(|n| n.id.clone()).collect()
    }

    /// Puts a node between the two ends of a link. Its id stands beside the callee's, so that the order of the caller's
    /// links, which is the order of its steps and branches, stays.
    fn splice(&self, link: usize, kind: &'static str, parameters: &[(&'static str, &str)]) -> System {
        let mut other = self.clone();
        let (from, to) = other.links[link].clone();
        let via = format!("{to}-via");
        other.links[link].1.clone_from(&via);
        other.links.push((via.clone(), to));
        other.nodes.push(Node::new(&via, kind, parameters));
        debug_assert_ne!(from, via);
        other
    }

    /// Whether some choice depends on who was there before: then other traffic moves it.
    fn remembers(&self) -> bool {
        self.nodes
            .iter()
            .filter_map(|n| n.parameters.get("algorithm"))
            .any(|a| !["'random'", "'client_hash'"].contains(&a.as_str()))
    }
}

const LAWS: [&str; 6] = [
    "{ exponential = '20ms' }",
    "{ erlang = '10ms', k = 3 }",
    "{ lognormal = '30ms', scv = 2.0 }",
    "{ hyperexponential = '15ms', scv = 4.0 }",
    "{ uniform = ['1ms', '50ms'] }",
    "'5ms'",
];
const ALGORITHMS: [&str; 4] = ["'random'", "'client_hash'", "'round_robin'", "'power_of_d'"];
const GAPS: [&str; 4] = [
    "{}",
    "{ gaps = 'erlang', stages = 3 }",
    "{ gaps = 'hyperexponential', batch = 'geometric', batch_mean = 2.0 }",
    "{ burst_rate = '300/s', calm = '200ms', burst = '100ms' }",
];

/// What a client node, or another node, is made from.
type ClientSeed = (u32, usize, u32, u32, bool, usize);
type NodeSeed = (u8, usize, u8, (u32, u32, bool), usize, u32);

fn systems() -> impl Strategy<Value = System> {
    let client = (20..120u32, 0..GAPS.len(), 20..200u32, 0..3u32, any::<bool>(), any::<usize>());
    let node = (0..8u8, 0..LAWS.len(), any::<u8>(), (10..200u32, 0..3u32, any::<bool>()), 0..ALGORITHMS.len(), 1..4u32);
    (prop::collection::vec(client, 1..4), prop::collection::vec(node, 1..7)).prop_map(|(c, n)| system(&c, &n))
}

fn system(clients: &[ClientSeed], seeds: &[NodeSeed]) -> System {
    let mut system = System { nodes: Vec::new(), links: Vec::new() };
    let count = seeds.len();
    let name = |i: usize| format!("n{i:02}");
    // From the last, which calls nobody, to the first.
    for (i, &(kind, law, mask, (timeout, attempts, cancel), algorithm, replicas)) in seeds.iter().enumerate().rev() {
        let callees: Vec<String> = (i + 1..count).filter(|j| mask >> (j % 8) & 1 == 1).map(name).collect();
        let (law, timeout, attempts) = (LAWS[law], format!("'{timeout}ms'"), attempts.to_string());
        // A balancer hears of endpoints from these only.
        let endpoints = system.ids(&["service", "database", "station"]);
        let heard: Vec<String> = callees.iter().filter(|c| endpoints.contains(c)).cloned().collect();
        let (node, callees) = match kind {
            _ if callees.is_empty() && kind % 3 == 0 => {
                let wide = [("service_time", law), ("max_connections", "1000000"), ("knee", "1000000")];
                (Node::new(&name(i), "database", &wide), callees)
            }
            _ if callees.is_empty() && kind % 3 == 1 => {
                (Node::new(&name(i), "station", &[("service_time", law), ("servers", "'none'")]), callees)
            }
            0 if !heard.is_empty() => {
                (Node::new(&name(i), "load_balancer", &[("algorithm", ALGORITHMS[algorithm])]), heard)
            }
            1 if !callees.is_empty() => {
                (Node::new(&name(i), "fork_join", &[("branch_timeout", timeout.as_str())]), callees)
            }
            2 if !callees.is_empty() => (Node::new(&name(i), "gate", &[("refuse", "0.1")]), callees[..1].to_vec()),
            _ => {
                let retry = format!("{{ attempts = {attempts}, base = '5ms' }}");
                let parameters = [
                    ("service_time", law),
                    ("workers", "100000"),
                    ("replicas", &replicas.to_string()),
                    ("call_timeout", &timeout),
                    ("call_retry", &retry),
                    ("call_cancel", &cancel.to_string()),
                    ("call_ratio", "0.8"),
                ];
                (Node::new(&name(i), "service", &parameters), callees)
            }
        };
        system.links.extend(callees.into_iter().map(|callee| (node.id.clone(), callee)));
        system.nodes.push(node);
    }
    for (i, &(rate, gaps, timeout, attempts, cancel, target)) in clients.iter().enumerate() {
        let id = format!("c{i}");
        let (rate, timeout) = (format!("'{rate}/s'"), format!("'{timeout}ms'"));
        let parameters = [
            ("rate", rate.as_str()),
            ("arrivals", GAPS[gaps]),
            ("timeout", &timeout),
            ("cancel", &cancel.to_string()),
            ("retry", &format!("{{ attempts = {attempts}, base = '10ms' }}")),
        ];
        system.nodes.push(Node::new(&id, "clients", &parameters));
        system.links.push((id, name(target % count)));
    }
    system
}

fn config(cases: u32) -> Config {
    // Always the same systems: a failure is a failure for everybody.
    Config { cases, rng_seed: RngSeed::Fixed(20_240_601), failure_persistence: None, ..Config::default() }
}

/// The clients of `before` are the same ones in `after`, and whatever request is at a node in both has the same demand there.
/// Returns how many demands were compared.
fn same_requests(before: &Traffic, after: &Traffic) -> usize {
    for (client, births) in &before.births {
        assert_eq!(after.births.get(client), Some(births), "births at {client}");
    }
    let mut compared = 0;
    for (key, visit) in &before.visits {
        if let Some((one, other)) = visit.demand_ns.zip(after.visits.get(key).and_then(|v| v.demand_ns)) {
            assert_eq!(one, other, "demand of {key:x?}");
            compared += 1;
        }
    }
    compared
}

/// All of the above, and every visit of `before` is in `after`, at the same time, answered at the same time.
fn nothing_moved(before: &Traffic, after: &Traffic) {
    let compared = same_requests(before, after);
    assert!(compared > 0, "something was compared");
    for (key, visit) in &before.visits {
        assert_eq!(after.visits.get(key), Some(visit), "visit {key:x?}");
    }
}

/// Every root's first call is in both, whatever the rest does.
fn roots_are_in_both(before: &Traffic, after: &Traffic, system: &System) {
    for (client, births) in &before.births {
        let (_, first) = system.links.iter().find(|(from, _)| from == client).expect("clients call somebody");
        for (at, lineage) in births {
            let visit = |traffic: &Traffic| traffic.visits[&(first.clone(), *lineage)].arrived;
            assert_eq!((visit(before), visit(after)), (*at, *at));
        }
    }
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn a_transparent_node_changes_nothing(system in systems(), link in any::<prop::sample::Index>()) {
        let link = link.index(system.links.len());
        let (from, to) = &system.links[link];
        let behind_a_balancer = system.ids(&["load_balancer"]).contains(from);
        // Behind a balancer another node is other endpoints; a balancer has to hear of some.
        prop_assume!(!behind_a_balancer);
        let before = system.run();
        nothing_moved(&before, &system.splice(link, "gate", &[]).run());
        if system.ids(&["service", "database", "station"]).contains(to) {
            for (kind, parameters) in [
                ("load_balancer", &[][..]),
                ("load_balancer", &[("mode", "'l4'"), ("health_checks", "{}"), ("sessions", "{}")]),
                ("dns", &[("lookup_time", "'0s'"), ("ttl", "'100ms'")]),
                ("anycast", &[]),
                ("l4_director", &[]),
            ] {
                nothing_moved(&before, &system.splice(link, kind, parameters).run());
            }
        }
    }

    #[test]
    fn the_order_of_the_file_and_titles_mean_nothing(system in systems(), order in any::<u64>()) {
        let mut other = system.clone();
        let rank = |i: usize| floodgate_core::rng::mix(order, i as u64);
        let mut places: Vec<usize> = (0..other.nodes.len()).collect();
        places.sort_by_key(|i| rank(*i));
        other.nodes = places.into_iter().map(|i| system.nodes[i].clone()).collect();
        let mut places: Vec<usize> = (0..other.links.len()).collect();
        places.sort_by_key(|i| rank(i + 100));
        other.links = places.into_iter().map(|i| system.links[i].clone()).collect();
        for node in &mut other.nodes {
            node.parameters.insert("title", format!("'Called {}'", rank(node.id.len())));
        }
        let (before, after) = (system.run(), other.run());
        nothing_moved(&before, &after);
        nothing_moved(&after, &before);
        prop_assert_eq!(before.digests, after.digests);
    }

    #[test]
    fn an_isolated_node_changes_only_itself(system in systems(), first in any::<bool>(), kind in 0..8usize) {
        let mut other = system.clone();
        let id = if first { "a" } else { "z" };
        let kinds = ["service", "database", "station", "load_balancer", "dns", "anycast", "cdn", "l4_director"];
        other.nodes.push(Node::new(id, kinds[kind], &[]));
        let (mut before, mut after) = (system.run(), other.run());
        nothing_moved(&before, &after);
        nothing_moved(&after, &before);
        before.digests.remove("");
        after.digests.remove("");
        prop_assert!(after.digests.remove(id).is_some());
        prop_assert_eq!(before.digests, after.digests);
    }

    #[test]
    fn other_clients_change_nothing_for_these(system in systems(), target in any::<prop::sample::Index>(), id in 0..3usize) {
        let mut other = system.clone();
        // Before, between and behind the others in the order of ids.
        let id = ["a", "c0-2", "z"][id];
        let servers: Vec<String> = system.nodes.iter().filter(|n| n.kind != "clients").map(|n| n.id.clone()).collect();
        other.nodes.push(Node::new(id, "clients", &[("rate", "'80/s'"), ("timeout", "'50ms'"), ("retry", "{ attempts = 1 }")]));
        other.links.push((id.to_owned(), servers[target.index(servers.len())].clone()));
        let (before, after) = (system.run(), other.run());
        roots_are_in_both(&before, &after, &system);
        prop_assert!(after.visits.len() > before.visits.len());
        if system.remembers() {
            same_requests(&before, &after);
        } else {
            nothing_moved(&before, &after);
        }
    }

    #[test]
    fn retries_of_clients_leave_first_attempts_alone(system in systems(), attempts in 1..4u32, backoff in 0..3usize) {
        let backoff = ["none", "exponential", "full_jitter"][backoff];
        let (mut none, mut some, mut others) = (system.clone(), system.clone(), system.clone());
        for client in system.ids(&["clients"]) {
            none = none.with(&client, "retry", "{ attempts = 0 }");
            some = some.with(&client, "retry", &format!("{{ attempts = {attempts}, backoff = '{backoff}', base = '3ms' }}"));
            others = others.with(&client, "retry", "{ attempts = 2, backoff = 'exponential', base = '7ms' }");
        }
        let (none, some, others) = (none.run(), some.run(), others.run());
        roots_are_in_both(&none, &some, &system);
        if system.remembers() {
            same_requests(&none, &some);
        } else {
            nothing_moved(&none, &some);
        }
        // Known to be others: attempt n has a lineage of its own, by client and number, whatever the policy; so the second
        // attempt is the same request under two policies, though it comes at another time.
        same_requests(&some, &others);
        for (client, births) in &none.births {
            let (_, first) = system.links.iter().find(|(from, _)| from == client).expect("clients call somebody");
            let callers = system.links.iter().filter(|(_, to)| to == first).count();
            let here: BTreeSet<u64> = some.demands(first).into_keys().collect();
            let of_root = |n: u32| births.iter().map(move |(_, l)| if n == 0 { *l } else { branch(*l, client, u64::from(n)) });
            let known: BTreeSet<u64> = (0..=attempts).flat_map(of_root).collect();
            prop_assert!(callers > 1 || here.is_subset(&known), "attempts 0 to {attempts} of {client} and no others");
        }
    }

    #[test]
    fn time_outs_and_retries_anywhere_change_no_request_that_is_made_all_the_same(
        system in systems(), node in any::<prop::sample::Index>(), ms in 5..300u32, attempts in 0..3u32,
    ) {
        let callers = system.ids(&["clients", "service", "fork_join"]);
        let id = &callers[node.index(callers.len())];
        let (timeout, retry) = (format!("'{ms}ms'"), format!("{{ attempts = {attempts}, base = '20ms' }}"));
        let kind = system.nodes.iter().find(|n| n.id == *id).expect("it is there").kind;
        let names = match kind {
            "clients" => ["timeout", "retry"].as_slice(),
            "service" => &["call_timeout", "call_retry"],
            _ => &["branch_timeout"],
        };
        let cancels = system.nodes.iter().any(|n| n.parameters.get("cancel").is_some_and(|c| c == "true"));
        let before = system.run();
        let mut both = system.clone();
        for (name, value) in names.iter().zip([&timeout, &retry]) {
            both = both.with(id, name, value);
            for after in [system.with(id, name, value).run(), both.run()] {
                roots_are_in_both(&before, &after, &system);
                let compared = same_requests(&before, &after);
                let born: usize = before.births.values().map(Vec::len).sum();
                // The last ones may not have ended, and whoever is told that nobody waits ends before that.
                prop_assert!(cancels || 2 * compared >= born, "{compared} of {born}");
            }
        }
    }
}

/// Every component of the catalogue by each of its policies, every property of a link: with it the same requests come at the
/// same times, and whatever still arrives behind it has the same demand.
#[test]
fn no_component_policy_or_link_changes_arrivals_or_demands() {
    assert_eq!(workloads::missing(floodgate::catalogue()), Vec::<&str>::new());
    for row in workloads::all() {
        let (before, after) = (Traffic::of(&row.in_the_way(false), 7), Traffic::of(&row.in_the_way(true), 7));
        let (alone, there) = (&before.births["clients"], &after.births["clients"]);
        if row.kind == "link" {
            // They are seen where they arrive, later and in another order; some are still on the way.
            let known: BTreeSet<u64> = alone.iter().map(|(_, lineage)| *lineage).collect();
            assert!(there.iter().all(|(_, lineage)| known.contains(lineage)), "{}: arrivals", row.name());
            assert!(there.len() * 20 > alone.len() * 19, "{}: {} of {}", row.name(), there.len(), alone.len());
        } else {
            assert_eq!(there, alone, "{}: arrivals", row.name());
        }
        let (alone, behind) = (before.demands("s"), after.demands("s"));
        let other = behind.iter().find(|(lineage, demand)| alone.get(lineage).is_some_and(|d| d != *demand));
        assert_eq!(other, None, "{}: demands", row.name());
        let common = behind.keys().filter(|lineage| alone.contains_key(lineage)).count();
        // An edge keeps most of them; nothing else does.
        let least = if row.kind == "cdn" { alone.len() / 20 } else { alone.len() * 9 / 10 };
        assert!(common >= least && common > 30, "{}: {common} of {}", row.name(), alone.len());
    }
    for cut in ["drop", "refuse"] {
        let whole = workloads::all()[0].in_the_way(false);
        let phase = format!("[[phase]]\nfrom = 'clients'\nto = 's'\nat = '500ms'\nfor = '500ms'\ncut = '{cut}'\n");
        let (before, after) = (Traffic::of(&whole, 7), Traffic::of(&(whole.clone() + &phase), 7));
        let known: BTreeSet<u64> = before.births["clients"].iter().map(|(_, lineage)| *lineage).collect();
        assert!(after.births["clients"].iter().all(|(_, lineage)| known.contains(lineage)), "{cut}: arrivals");
        let (alone, behind) = (before.demands("s"), after.demands("s"));
        assert!(behind.iter().all(|(lineage, demand)| alone.get(lineage).is_none_or(|d| d == demand)), "{cut}");
        assert!(behind.len() * 3 > alone.len(), "{cut}: {} of {}", behind.len(), alone.len());
    }
}

fn client(more: &[(&'static str, &str)]) -> Node {
    let mut node = Node::new("users", "clients", &[("rate", "'300/s'"), ("timeout", "'40ms'")]);
    more.iter().for_each(|(k, v)| drop(node.parameters.insert(k, (*v).to_owned())));
    node
}

fn service(id: &str) -> Node {
    Node::new(id, "service", &[("service_time", LAWS[0]), ("workers", "100000"), ("call_timeout", "'10s'")])
}

fn of(nodes: &[Node], links: &[(&str, &str)]) -> System {
    let links = links.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    System { nodes: nodes.to_vec(), links }
}

/// Known: what is another lineage, and therefore another draw.
#[test]
fn an_attempt_a_step_and_a_branch_above_the_first_are_requests_of_their_own() {
    let retry = ("retry", "{ attempts = 1, backoff = 'none' }");
    let nodes = [client(&[retry]), service("web"), service("db1"), service("db2")];
    let traffic = of(&nodes, &[("users", "web"), ("web", "db1"), ("web", "db2")]).run();
    let (web, first, second) = (traffic.demands("web"), traffic.demands("db1"), traffic.demands("db2"));
    let mut retried = 0;
    for (ordinal, (_, lineage)) in traffic.births["users"].iter().enumerate() {
        assert_eq!(*lineage, root("users", ordinal as u64));
        if let Some((one, two)) = web.get(lineage).zip(web.get(&branch(*lineage, "users", 1))) {
            assert_ne!(one, two, "attempts 0 and 1 of {ordinal}");
            retried += 1;
        }
        if let Some(there) = first.get(lineage) {
            assert_ne!(web.get(lineage), Some(there), "two nodes");
        }
        assert!(!second.contains_key(lineage), "the second step has a lineage of its own");
    }
    assert!(retried > 30, "{retried}");
    let steps =
        traffic.births["users"].iter().filter(|(_, l)| second.contains_key(&branch(*l, "web", 1 << 16))).count();
    assert!(steps > 200, "{steps}");
}

/// Known: in a closed loop the response time says when a user comes again; the request is the same one.
#[test]
fn a_user_of_a_closed_loop_asks_the_same_at_other_times() {
    let closed = [("users", "20"), ("think_time", "{ exponential = '30ms' }"), ("timeout", "'none'")];
    let fast = of(&[client(&closed), service("web")], &[("users", "web")]);
    let slow = of(&[client(&closed), service("web"), service("db")], &[("users", "web"), ("web", "db")]);
    let (fast, slow) = (fast.run(), slow.run());
    let (a, b) = (fast.demands("web"), slow.demands("web"));
    assert!(b.len() > 150 && b.len() < a.len(), "{} and {}", a.len(), b.len());
    let missing = b.iter().filter(|(lineage, demand)| a.get(lineage) != Some(demand)).count();
    // A user may be a cycle ahead in the slower system: its draws of thinking are the same, its waits are not.
    assert!(missing * 50 < b.len(), "{missing}");
    let times = |t: &Traffic| t.births["users"].iter().map(|(at, l)| (*l, *at)).collect::<BTreeMap<_, _>>();
    let (early, late) = (times(&fast), times(&slow));
    let moved = late.iter().filter(|(l, at)| early.get(l).is_some_and(|before| before < at)).count();
    assert!(moved > 100, "{moved}");
    // The first request of each user waits for nobody.
    assert!((0..20u64).all(|user| early.get(&root("users", user << 32)) == late.get(&root("users", user << 32))));
}

/// Known: an id is the identity that draws go by; a title is not.
#[test]
fn another_id_is_another_node_and_nobody_elses_business() {
    let system = |db: &str| of(&[client(&[]), service("web"), service(db)], &[("users", "web"), ("web", db)]).run();
    let (before, after) = (system("db"), system("store"));
    same_requests(&before, &after);
    assert_eq!(before.demands("web"), after.demands("web"));
    let (one, other) = (before.demands("db"), after.demands("store"));
    let same = one.iter().filter(|(lineage, demand)| other.get(lineage) == Some(demand)).count();
    assert!(one.len() > 200 && same == 0, "{same} of {}", one.len());
}

/// Known: steps and branches are numbered in the order of the callees' ids, so a callee that comes before the others, even a
/// transparent node in front of one of them, makes their requests others.
#[test]
fn a_callee_that_comes_before_the_others_renumbers_the_steps() {
    let nodes = [client(&[("timeout", "'10s'")]), service("web"), service("m1"), service("m2")];
    let system = of(&nodes, &[("users", "web"), ("web", "m1"), ("web", "m2")]);
    let before = system.run();
    for (via, moves) in [("m1-via", false), ("z", true)] {
        let mut other = system.clone();
        other.nodes.push(Node::new(via, "gate", &[]));
        other.links[1].1 = via.to_owned();
        other.links.push((via.to_owned(), "m1".to_owned()));
        let after = other.run();
        same_requests(&before, &after);
        let (one, two) = (before.demands("m1"), after.demands("m1"));
        let common = one.keys().filter(|lineage| two.contains_key(lineage)).count();
        assert!(one.len() > 200, "{}", one.len());
        assert_eq!(common == 0, moves, "{via}: {common} of {}", one.len());
    }
}

/// Known: a varying latency belongs to its link, and a node between is two other links.
#[test]
fn a_link_that_varies_draws_by_its_ends() {
    let text = |nodes: &str, links: &str| {
        format!(
            "format = 1\nname = 'latency'\nuntil = '1s'\n[[node]]\nid = 'users'\nkind = 'clients'\nrate = '200/s'\n\
             [[node]]\nid = 'web'\nkind = 'service'\nworkers = 100000\n{nodes}{links}"
        )
    };
    let link = |from: &str, to: &str, latency: &str| format!("[[link]]\nfrom = '{from}'\nto = '{to}'\n{latency}\n");
    let varying = "latency = { exponential = '10ms' }";
    let arrivals = |traffic: &Traffic| {
        let web = traffic.visits.iter().filter(|((node, _), _)| node == "web");
        web.map(|((_, lineage), visit)| (*lineage, visit.arrived)).collect::<BTreeMap<_, _>>()
    };
    let direct = arrivals(&Traffic::of(&text("", &link("users", "web", varying)), 1));
    let retry = text("", &link("users", "web", varying))
        .replace("rate =", "retry = { attempts = 2 }\ntimeout = '15ms'\nrate =");
    let again = arrivals(&Traffic::of(&retry, 1));
    assert!(direct.len() > 120 && again.len() > direct.len());
    assert!(direct.iter().all(|(lineage, at)| again.get(lineage) == Some(at)), "the same link, the same latency");
    let gate = "[[node]]\nid = 'gate'\nkind = 'gate'\n";
    let through = text(gate, &(link("users", "gate", varying) + &link("gate", "web", "")));
    let through = arrivals(&Traffic::of(&through, 1));
    assert!(direct.iter().filter(|(lineage, at)| through.get(lineage) == Some(at)).count() == 0, "another link");
}

/// Known: who comes back to a node in one chain of calls has the same lineage there, and draws the same again.
#[test]
fn a_call_that_comes_back_is_the_same_request() {
    let nodes = [client(&[("timeout", "'10s'")]), service("a"), service("b"), Node::new("c", "load_balancer", &[])];
    // What reads the events refuses a second visit of one lineage.
    let text = of(&nodes, &[("users", "a"), ("a", "b"), ("b", "c"), ("c", "a")]).text();
    let text = text.replace("until = '1s'", "until = '1s'\nmax_depth = 5");
    let refused = std::panic::catch_unwind(|| Traffic::of(&text, 1)).expect_err("one lineage came twice");
    let message = refused.downcast_ref::<String>().expect("a message");
    assert!(message.starts_with("a was called twice for "), "{message}");
}
