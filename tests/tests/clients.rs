//! What clients say of their requests, seen by whoever gets them; and when they send them.

use floodgate::Scenario;
use floodgate_tests::p_values::{Family, binomial, goodness_of_fit, kolmogorov_smirnov};
use floodgate_tests::traffic::{Traffic, load};
use floodgate_tests::witness::{Seen, seen};
use std::collections::{BTreeMap, BTreeSet};

fn text(until: &str, users: &str, web: &str) -> String {
    format!(
        "format = 1\nname = 'clients'\nuntil = '{until}'\n[[node]]\nid = 'users'\nkind = 'clients'\n{users}\n\
         [[node]]\nid = 'web'\nkind = 'witness'\n{web}\n[[link]]\nfrom = 'users'\nto = 'web'\n"
    )
}

fn scenario(until: &str, users: &str, web: &str) -> Scenario {
    load(&text(until, users, web))
}

fn run(until: &str, users: &str) -> Vec<Seen> {
    seen(&scenario(until, users, ""), "web", 3)
}

/// Whatever is said of requests, they arrive when they arrived before and take what they took.
#[test]
fn what_is_said_of_requests_changes_neither_arrivals_nor_demands() {
    let of = |more: &str| {
        let users = format!("rate = '400/s'\ntimeout = 'none'\n{more}\n");
        let web = "[[node]]\nid = 'web'\nkind = 'service'\nworkers = 100000\nservice_time = { exponential = '20ms' }\n";
        let text = format!(
            "format = 1\nname = 'clients'\nuntil = '2s'\n[[node]]\nid = 'users'\nkind = 'clients'\n{users}\n{web}\
             [[link]]\nfrom = 'users'\nto = 'web'\n"
        );
        Traffic::of(&text, 5)
    };
    let plain = of("");
    assert!(plain.births["users"].len() > 700);
    for more in [
        "keys = {}",
        "keys = { popularity = 'hot_spot' }",
        "crawlers = { clients = 3 }",
        "connections = { requests = 3 }",
        "sessions = true",
        "size = { mean = '1KiB', scv = 2.0 }",
        "deadline = '100ms'",
        "slo = '30ms'",
        "classes = [{ name = '/a', weight = 2 }, { name = '/b', slo = '5ms', priority = 3, size = '7B' }]",
        "double_clicks = { share = 0.3, delay = '10ms' }",
        "class = 'x'\nkeys = {}\nsessions = true\nconnections = {}\ncrawlers = {}\nsize = {}\ndeadline = '1s'",
    ] {
        let other = of(more);
        let first: BTreeSet<u64> = plain.births["users"].iter().map(|(_, lineage)| *lineage).collect();
        let births: Vec<_> =
            other.births["users"].iter().filter(|(_, lineage)| first.contains(lineage)).copied().collect();
        assert_eq!(births, plain.births["users"], "{more}");
        let mut demands = other.demands("web");
        demands.retain(|lineage, _| first.contains(lineage));
        assert_eq!(demands, plain.demands("web"), "{more}");
        let twice = other.births["users"].len() - births.len();
        assert_eq!(twice > 0, more.starts_with("double"), "{more}: {twice} more");
    }
}

#[test]
fn classes_come_by_their_weights_with_what_is_theirs() {
    let classes = "classes = [{ name = '/b', weight = 1, size = '5B', deadline = '2s' }, { name = '/never', weight = 0 }, \
                   { name = '/a', weight = 3 }]";
    let all = run("20s", &format!("rate = '1000/s'\nsize = {{ mean = '9B' }}\n{classes}"));
    // Numbers are by the sorted names.
    let of = |class| all.iter().filter(|seen| seen.class == class).count() as u64;
    let mut family = Family::default();
    family.add("share of /a", binomial(of(0), all.len() as u64, 0.75));
    family.assert_holds("weights of classes");
    assert_eq!((of(0) + of(1), of(2)), (all.len() as u64, 0));
    let good = |seen: &Seen| match seen.class {
        0 => seen.bytes == 9 && seen.left == f64::INFINITY,
        _ => seen.bytes == 5 && seen.left == 2.0,
    };
    assert!(all.iter().all(good));
}

#[test]
fn each_class_is_in_time_by_its_own_slo() {
    let classes = "classes = [{ name = 'fast', slo = '1ms' }, { name = 'slow' }]";
    let scenario = scenario("5s", &format!("rate = '200/s'\nslo = '3ms'\n{classes}"), "delay_ns = 2000000");
    let mut simulation = floodgate::Simulation::new(&scenario, 1);
    simulation.run_until(scenario.until).expect("no limit");
    let counters = simulation.class_counters();
    assert_eq!(scenario.classes(), ["fast", "slow"]);
    assert!(counters[0].answered > 100 && counters[0].goodput == 0, "{:?}", counters[0]);
    assert!(counters[1].answered > 100 && counters[1].goodput == counters[1].answered, "{:?}", counters[1]);
}

#[test]
fn keys_follow_their_popularity() {
    let mut family = Family::default();
    let keys = |law: &str| -> Vec<u64> {
        run("40s", &format!("rate = '2000/s'\nkeys = {{ count = 50, {law} }}")).iter().filter_map(|s| s.key).collect()
    };
    let mut add = |what: &str, keys: &[u64], weight: &dyn Fn(u64) -> f64| {
        let total: f64 = (0..50).map(weight).sum();
        let mut counts = vec![0u64; 50];
        keys.iter().for_each(|key| counts[*key as usize] += 1);
        let expected: Vec<f64> = (0..50).map(|key| weight(key) / total * keys.len() as f64).collect();
        family.add(what, goodness_of_fit(&counts, &expected));
    };
    add("uniform", &keys("popularity = 'uniform'"), &|_| 1.0);
    add("Zipf 1.1", &keys("popularity = 'zipf', exponent = 1.1"), &|key| libm::pow(key as f64 + 1.0, -1.1));
    let hot = "popularity = 'hot_spot', hot_share = 0.8, hot_keys = 0.1";
    add("hot spot", &keys(hot), &|key| if key < 5 { 0.8 / 5.0 } else { 0.2 / 45.0 });
    family.assert_holds("popularity of keys");
}

#[test]
fn a_few_crawlers_send_their_share() {
    let all = run("20s", "rate = '1000/s'\npopulation = 1000\ncrawlers = { clients = 4, share = 0.6 }");
    let few = all.iter().filter(|seen| seen.client < 4).count() as u64;
    let mut family = Family::default();
    family.add("share of crawlers", binomial(few, all.len() as u64, 0.6));
    family.assert_holds("crawlers");
    assert!(all.iter().map(|seen| seen.client).collect::<BTreeSet<_>>().len() > 900);
}

#[test]
fn sizes_are_lognormal_and_sessions_stay_with_the_client() {
    let all = run("20s", "rate = '1000/s'\npopulation = 50\nsessions = true\nsize = { mean = '1MB', scv = 1.5 }");
    let variance = libm::log(2.5);
    let law = |x: f64| 0.5 * libm::erfc(-(libm::log(x / 1e6) + variance / 2.0) / (2.0 * variance).sqrt());
    let mut sizes: Vec<f64> = all.iter().map(|seen| seen.bytes as f64).collect();
    let mut family = Family::default();
    family.add("size", kolmogorov_smirnov(&mut sizes, law));
    family.assert_holds("sizes");
    let tokens: BTreeSet<(u32, u64)> = all.iter().map(|seen| (seen.client, seen.session)).collect();
    assert_eq!(tokens.len(), 50);
    assert_eq!(tokens.iter().map(|(_, token)| token).collect::<BTreeSet<_>>().len(), 50);
}

/// Connections by number, each with what went over it, in order.
fn connections(all: &[Seen]) -> BTreeMap<u64, Vec<Seen>> {
    let mut by_number: BTreeMap<u64, Vec<Seen>> = BTreeMap::new();
    all.iter().for_each(|seen| by_number.entry(seen.connection).or_default().push(*seen));
    by_number
}

#[test]
fn a_connection_is_used_again_until_it_is_old_idle_or_broken() {
    let users = |rules: &str| format!("users = 20\nthink_time = {{ exponential = '100ms' }}\n{rules}");
    // Without: one for each request.
    assert!(connections(&run("5s", &users(""))).values().all(|one| one.len() == 1 && one[0].opens));
    let all = run("20s", &users("connections = { requests = 7 }"));
    let by_number = connections(&all);
    assert!(all.len() > 3000);
    for one in by_number.values() {
        assert!(one.len() <= 7 && one[0].opens && one[1..].iter().all(|seen| !seen.opens));
        assert!(one.iter().all(|seen| seen.client == one[0].client));
    }
    // All but the last of each user have done their seven.
    assert!(by_number.values().filter(|one| one.len() < 7).count() <= 20);
    let all = run("20s", &users("connections = { idle = '100ms' }"));
    let gaps = |one: &Vec<Seen>| one.windows(2).map(|pair| pair[1].at - pair[0].at).fold(0.0, f64::max);
    assert!(connections(&all).values().all(|one| gaps(one) <= 0.1));
    let opened = all.iter().filter(|seen| seen.opens).count() as u64;
    let mut family = Family::default();
    // A user thinks longer than the mean with probability 1/e.
    family.add("idle", binomial(opened - 20, all.len() as u64 - 20, libm::exp(-1.0)));
    family.assert_holds("idle connections");
    let broken = scenario("20s", &users("connections = {}"), "break_every = 5");
    let all = seen(&broken, "web", 3);
    let opened = all.iter().filter(|seen| seen.opens).count();
    assert!(opened > all.len() / 5 - 20 && opened < all.len() / 5 + 21, "{opened} of {}", all.len());
}

#[test]
fn a_client_that_is_busy_opens_another_connection() {
    let users = "rate = '100/s'\npopulation = 1\nconnections = {}";
    let all = seen(&scenario("10s", users, "delay_ns = 50000000"), "web", 1);
    for one in connections(&all).values() {
        assert!(one.windows(2).all(|pair| pair[1].at - pair[0].at >= 0.05 - 1e-9), "one request at a time");
    }
}

#[test]
fn a_retry_goes_over_the_same_connection_or_over_a_new_one() {
    let retry = "retry = { attempts = 1, backoff = 'none', on = ['502'] }";
    let users = format!("rate = '50/s'\npopulation = 100000\nconnections = {{}}\n{retry}");
    let all = seen(&scenario("10s", &users, "break_every = 1"), "web", 1);
    assert!(all.len() > 800 && all.iter().all(|seen| seen.opens), "every one breaks, so every one is new");
    assert_eq!(connections(&all).len(), all.len());
}

#[test]
fn when_all_connections_are_cut_users_come_back_as_they_are_told() {
    let users = |reconnect: &str| {
        format!(
            "users = 500\nthink_time = {{ uniform = ['20s', '40s'] }}\n\
             connections = {{ idle = '1h', reconnect = {reconnect} }}"
        )
    };
    let fault = "[[fault]]\nnode = 'users'\nat = '50s'\nfault = 'disconnect'\n";
    let count = |reconnect: &str, from: f64, to: f64| {
        let scenario = load(&(text("100s", &users(reconnect), "") + fault));
        let all = seen(&scenario, "web", 1);
        assert!(all.iter().filter(|seen| seen.at > 41.0 && seen.at < 50.0).all(|seen| !seen.opens));
        all.iter().filter(|seen| seen.at >= from && seen.at < to && seen.opens).count()
    };
    assert_eq!(count("'10ms'", 50.0, 50.011), 500);
    let (early, late) =
        (count("{ uniform = ['0s', '10s'] }", 50.0, 55.0), count("{ uniform = ['0s', '10s'] }", 55.0, 60.0));
    assert!(early + late == 500 && early.abs_diff(late) < 100, "{early} and {late}");
}

#[test]
fn a_double_click_is_the_same_request_again() {
    let users = "rate = '50/s'\nkeys = { count = 1000000 }\nsessions = true\n\
                 classes = [{ name = '/a' }, { name = '/b' }]\ndouble_clicks = { share = 0.25, delay = '150ms' }";
    let all = run("100s", users);
    let mut by_key: BTreeMap<(u64, u32, u8, u64), Vec<f64>> = BTreeMap::new();
    for seen in &all {
        let same = (seen.key.expect("there are keys"), seen.client, seen.class, seen.session);
        by_key.entry(same).or_default().push(seen.at);
    }
    let twice = by_key.values().filter(|at| at.len() == 2 && (at[1] - at[0] - 0.15).abs() < 1e-9).count() as u64;
    let mut family = Family::default();
    family.add("twice", binomial(twice, all.len() as u64 - twice, 0.25));
    family.assert_holds("double clicks");
}

/// The service that clients connect to pays for each connection once.
#[test]
fn a_handshake_costs_where_a_connection_is_opened() {
    let busy = |more: &str| {
        let text = format!(
            "format = 1\nname = 'x'\nuntil = '10s'\n[[node]]\nid = 'users'\nkind = 'clients'\nusers = 10\n\
             think_time = '100ms'\n{more}\n[[node]]\nid = 'web'\nkind = 'service'\nworkers = 100\nservice_time = '1ms'\n\
             handshake = '5ms'\n[[link]]\nfrom = 'users'\nto = 'web'\n"
        );
        let scenario = load(&text);
        let mut simulation = floodgate::Simulation::new(&scenario, 1);
        simulation.run_until(scenario.until).expect("no limit");
        let web = simulation.node_counters(1);
        (web.busy_ns as f64 / 1e6, web.answered as f64)
    };
    let (each, requests) = busy("");
    assert!((each / requests - 6.0).abs() < 0.01, "{each} ms for {requests}");
    let (kept, requests) = busy("connections = {}");
    assert!((kept - requests - 50.0).abs() < 10.0, "{kept} ms for {requests}, and ten connections");
}
