//! What is drawn for a request, seen through scenario files: demands follow their law, those of one request at two nodes and
//! of its siblings at one node have nothing to do with each other, and a fan-out meets its slowest branch as often as
//! independence has it.

use floodgate::{Simulation, Time};
use floodgate_tests::p_values::{Family, binomial, equal_shares, kolmogorov_smirnov, normal, uncorrelated};
use floodgate_tests::traffic::{Traffic, branch, load};
use std::collections::BTreeMap;
use std::fmt::Write as _;

fn scenario(until: &str, users: &str, nodes: &str, links: &[(&str, &str)]) -> String {
    let mut text = format!(
        "format = 1\nname = 'draws'\nuntil = '{until}'\n[[node]]\nid = 'users'\nkind = 'clients'\n{users}\n{nodes}"
    );
    for (from, to) in links {
        let _ = write!(text, "[[link]]\nfrom = '{from}'\nto = '{to}'\n");
    }
    text
}

fn server(id: &str, law: &str) -> String {
    format!("[[node]]\nid = '{id}'\nkind = 'service'\nworkers = 100000\ncall_timeout = 'none'\nservice_time = {law}\n")
}

const EXPONENTIAL: &str = "{ exponential = '10ms' }";
const PATIENT: &str = "rate = '2000/s'\ntimeout = 'none'";

/// Probability of a demand below this one, for a mean of 10 ms.
fn share_below(demand_ns: u64) -> f64 {
    1.0 - libm::exp(-(demand_ns as f64) / 1e7)
}

/// Two demands of each of many requests: by correlation and by 16 × 16 cells of equal probability.
fn add_pairs(family: &mut Family, what: &str, pairs: &[(u64, u64)]) {
    assert!(pairs.len() > 9_000, "{what}: {}", pairs.len());
    let mut cells = vec![0u64; 256];
    for &(a, b) in pairs {
        let cell = |demand| ((16.0 * share_below(demand)) as usize).min(15);
        cells[cell(a) * 16 + cell(b)] += 1;
    }
    family.add(format!("{what}: correlation"), uncorrelated(pairs.iter().map(|&(a, b)| (a as f64, b as f64))));
    family.add(format!("{what}: cells"), equal_shares(&cells));
}

fn joined(one: &BTreeMap<u64, u64>, other: &BTreeMap<u64, u64>, to: impl Fn(u64) -> u64) -> Vec<(u64, u64)> {
    one.iter().filter_map(|(lineage, demand)| Some((*demand, *other.get(&to(*lineage))?))).collect()
}

#[test]
fn demands_follow_their_law_and_one_root_is_not_slow_everywhere() {
    let mut family = Family::default();
    let nodes = server("web", EXPONENTIAL) + &server("web-1", EXPONENTIAL) + &server("web-2", EXPONENTIAL);
    // In a row: web, then its first callee by the root's lineage, then the callee's.
    let links = [("users", "web"), ("web", "web-1"), ("web-1", "web-2")];
    let traffic = Traffic::of(&scenario("5s", PATIENT, &nodes, &links), 1);
    let demands = ["web", "web-1", "web-2"].map(|node| traffic.demands(node));
    for (i, one) in demands.iter().enumerate() {
        let mut shares: Vec<f64> = one.values().map(|d| share_below(*d)).collect();
        family.add(format!("law at node {i}"), kolmogorov_smirnov(&mut shares, |x| x));
        for (j, other) in demands.iter().enumerate().skip(i + 1) {
            add_pairs(&mut family, &format!("one root at nodes {i} and {j}"), &joined(one, other, |l| l));
        }
        // In the order of the arrivals.
        let row: Vec<u64> = traffic.births["users"].iter().filter_map(|(_, l)| one.get(l).copied()).collect();
        for lag in [1, 2, 7] {
            let pairs: Vec<(u64, u64)> = row.iter().zip(&row[lag..]).map(|(a, b)| (*a, *b)).collect();
            add_pairs(&mut family, &format!("roots at node {i}, lag {lag}"), &pairs);
        }
    }
    family.assert_holds_and_spreads("demands through a chain");
}

/// A law as it stands in a scenario, with what theory says of it.
struct Law {
    text: &'static str,
    /// In seconds.
    mean: f64,
    scv: f64,
    /// Share of the values below so many seconds.
    below: fn(f64) -> f64,
    /// Fourth moment as a multiple of the mean's fourth power: how far second moments of samples stray.
    fourth: f64,
}

/// Γ.
fn gamma(x: f64) -> f64 {
    libm::tgamma(x)
}

fn phi(z: f64) -> f64 {
    0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
}

/// Raw moment of a Pareto law on 1 ms to 1 s with exponent 1.5, in seconds to the k.
fn pareto_moment(k: f64) -> f64 {
    let (s, low, high) = (1.5, 1e-3f64, 1.0f64);
    let kept = 1.0 - libm::pow(low / high, s);
    s * libm::pow(low, s) / kept * (libm::pow(high, k - s) - libm::pow(low, k - s)) / (k - s)
}

/// Closed forms: bounded Pareto by its raw moments, Weibull by Γ, the lognormal of a mean and an scv, quantiles with straight
/// lines between them, a mixture, and the hyperexponential law with balanced means, p₁/μ₁ = p₂/μ₂.
fn laws() -> Vec<Law> {
    let (pareto1, pareto2, pareto4) = (pareto_moment(1.0), pareto_moment(2.0), pareto_moment(4.0));
    let weibull = |k: f64| gamma(1.0 + k / 0.7);
    vec![
        Law {
            text: "{ pareto = ['1ms', '1s'], shape = 1.5 }",
            mean: pareto1,
            scv: pareto2 / (pareto1 * pareto1) - 1.0,
            below: |x| (1.0 - libm::pow(1e-3 / x.clamp(1e-3, 1.0), 1.5)) / (1.0 - libm::pow(1e-3, 1.5)),
            fourth: pareto4 / (pareto1 * pareto1 * pareto1 * pareto1),
        },
        Law {
            text: "{ weibull = '10ms', shape = 0.7 }",
            mean: 0.01,
            scv: weibull(2.0) / (weibull(1.0) * weibull(1.0)) - 1.0,
            below: |x| 1.0 - libm::exp(-libm::pow(x / (0.01 / gamma(1.0 + 1.0 / 0.7)), 0.7)),
            fourth: weibull(4.0) / libm::pow(weibull(1.0), 4.0),
        },
        Law {
            text: "{ lognormal = '10ms', scv = 0.5 }",
            mean: 0.01,
            scv: 0.5,
            below: |x| {
                let variance = libm::log(1.5);
                phi((libm::log(x / 0.01) + variance / 2.0) / variance.sqrt())
            },
            fourth: libm::pow(1.5, 6.0),
        },
        Law {
            text: "{ hyperexponential = '10ms', scv = 4.0 }",
            mean: 0.01,
            scv: 4.0,
            below: |x| {
                let p = (1.0 + (3.0f64 / 5.0).sqrt()) / 2.0;
                let tail = |p: f64| p * libm::exp(-2.0 * p * x / 0.01);
                1.0 - tail(p) - tail(1.0 - p)
            },
            fourth: {
                let p = (1.0 + (3.0f64 / 5.0).sqrt()) / 2.0;
                let part = |p: f64| 24.0 * p / libm::pow(2.0 * p, 4.0);
                part(p) + part(1.0 - p)
            },
        },
        Law {
            // Two fifths uniform from 0 to 6 ms, half from 6 to 10, a tenth from 10 to 40.
            text: "{ quantiles = [[0, '0s'], [0.4, '6ms'], [0.9, '10ms'], [1, '40ms']] }",
            mean: 0.4 * 0.003 + 0.5 * 0.008 + 0.1 * 0.025,
            scv: {
                let second = |low: f64, high: f64| (low * low + low * high + high * high) / 3.0;
                let mean = 0.4 * 0.003 + 0.5 * 0.008 + 0.1 * 0.025;
                (0.4 * second(0.0, 0.006) + 0.5 * second(0.006, 0.01) + 0.1 * second(0.01, 0.04)) / (mean * mean) - 1.0
            },
            below: |x| match x {
                x if x < 0.006 => 0.4 * x / 0.006,
                x if x < 0.01 => 0.4 + 0.5 * (x - 0.006) / 0.004,
                x => (0.9 + 0.1 * (x - 0.01) / 0.03).min(1.0),
            },
            fourth: {
                let part = |low: f64, high: f64| (libm::pow(high, 5.0) - libm::pow(low, 5.0)) / (5.0 * (high - low));
                let mean: f64 = 0.4 * 0.003 + 0.5 * 0.008 + 0.1 * 0.025;
                (0.4 * part(0.0, 0.006) + 0.5 * part(0.006, 0.01) + 0.1 * part(0.01, 0.04)) / libm::pow(mean, 4.0)
            },
        },
        Law {
            text: "{ mixture = [[3, { exponential = '2ms' }], [1, { uniform = ['10ms', '30ms'] }]] }",
            mean: 0.75 * 0.002 + 0.25 * 0.02,
            scv: {
                let mean = 0.75 * 0.002 + 0.25 * 0.02;
                let second = 0.75 * 2.0 * 4e-6 + 0.25 * (1e-4 + 3e-4 + 9e-4) / 3.0;
                second / (mean * mean) - 1.0
            },
            below: |x| 0.75 * (1.0 - libm::exp(-x / 0.002)) + 0.25 * ((x - 0.01) / 0.02).clamp(0.0, 1.0),
            fourth: {
                let mean: f64 = 0.75 * 0.002 + 0.25 * 0.02;
                let uniform = (libm::pow(0.03, 5.0) - libm::pow(0.01, 5.0)) / (5.0 * 0.02);
                (0.75 * 24.0 * libm::pow(0.002, 4.0) + 0.25 * uniform) / libm::pow(mean, 4.0)
            },
        },
    ]
}

/// Demands of every law at a node, through a scenario: the whole distribution by Kolmogorov and Smirnov, mean and variance by
/// their standard errors.
#[test]
fn demands_follow_every_law_that_a_file_can_name() {
    let mut family = Family::default();
    for (seed, law) in (1..).zip(laws()) {
        let text = scenario("20s", PATIENT, &server("web", law.text), &[("users", "web")]);
        // Those born in the last seconds may not have ended, and the slow ones would be missing.
        let traffic = Traffic::of(&text, seed);
        let born: BTreeMap<u64, Time> = traffic.births["users"].iter().map(|(at, lineage)| (*lineage, *at)).collect();
        let demands = traffic.demands("web");
        let early = born.iter().filter(|(_, at)| **at < Time::from_secs_f64(18.0));
        let demands: Vec<f64> = early.map(|(lineage, _)| demands[lineage] as f64 / 1e9).collect();
        let n = demands.len() as f64;
        assert!(n > 30_000.0, "{}: {n}", law.text);
        let mean = demands.iter().sum::<f64>() / n;
        let error = law.mean * (law.scv / n).sqrt();
        family.add(format!("{}: mean {mean}, expected {}", law.text, law.mean), normal((mean - law.mean) / error));
        // Around the known mean, so that the second moment's error is known too.
        let square = demands.iter().map(|d| (d / law.mean) * (d / law.mean)).sum::<f64>() / n;
        let (second, spread) = (law.scv + 1.0, law.fourth - (law.scv + 1.0) * (law.scv + 1.0));
        let z = (square - second) / (spread / n).sqrt();
        family.add(format!("{}: second moment {square}, expected {second}", law.text), normal(z));
        let mut values = demands;
        let distance = kolmogorov_smirnov(&mut values, law.below);
        family.add(format!("{}: distribution", law.text), distance);
    }
    family.assert_holds("laws that files can name");
}

#[test]
fn siblings_of_one_root_at_one_node_have_nothing_to_do_with_each_other() {
    let mut family = Family::default();
    let gates: String = (0..4).map(|i| format!("[[node]]\nid = 'g{i}'\nkind = 'gate'\n")).collect();
    let to = ["g0", "g1", "g2", "g3"];
    for (what, caller, shift) in [
        ("branches", "[[node]]\nid = 'fork'\nkind = 'fork_join'\n".to_owned(), 0),
        ("steps", server("fork", "'0s'"), 16),
    ] {
        let mut links = vec![("users", "fork")];
        links.extend(to.iter().flat_map(|gate| [("fork", *gate), (*gate, "web")]));
        let text = scenario("5s", PATIENT, &(caller + &gates + &server("web", EXPONENTIAL)), &links);
        let demands = Traffic::of(&text, 2).demands("web");
        let sibling = |root: u64, n: u64| if n == 0 { root } else { branch(root, "fork", n << shift) };
        // Roots are known by their second sibling, which no other lineage leads to.
        for (one, other) in [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)] {
            let roots = demands.keys().filter(|l| demands.contains_key(&sibling(**l, 1)));
            let pairs =
                roots.filter_map(|l| Some((*demands.get(&sibling(*l, one))?, *demands.get(&sibling(*l, other))?)));
            add_pairs(&mut family, &format!("{what} {one} and {other}"), &pairs.collect::<Vec<_>>());
        }
    }
    // The first and the second attempt, where the second follows at once.
    let users = "rate = '2000/s'\ntimeout = '1us'\nretry = { attempts = 1, backoff = 'none' }";
    let text = scenario("5s", users, &server("web", EXPONENTIAL), &[("users", "web")]);
    let demands = Traffic::of(&text, 3).demands("web");
    add_pairs(&mut family, "attempts 0 and 1", &joined(&demands, &demands, |l| branch(l, "users", 1)));
    family.assert_holds("siblings at one node");
}

#[test]
fn clients_with_similar_names_send_other_requests() {
    let mut family = Family::default();
    let more = "[[node]]\nid = 'users-2'\nkind = 'clients'\nrate = '2000/s'\ntimeout = 'none'\n".to_owned();
    let links = [("users", "web"), ("users-2", "web")];
    let traffic = Traffic::of(&scenario("5s", PATIENT, &(more + &server("web", EXPONENTIAL)), &links), 4);
    let demands = traffic.demands("web");
    let (one, other) = (&traffic.births["users"], &traffic.births["users-2"]);
    let pairs = one.iter().zip(other).filter_map(|((_, a), (_, b))| Some((*demands.get(a)?, *demands.get(b)?)));
    add_pairs(&mut family, "the same ordinal", &pairs.collect::<Vec<_>>());
    let gaps = |births: &[(Time, u64)]| births.windows(2).map(|w| w[1].0.since(w[0].0).0).collect::<Vec<u64>>();
    let (one, other) = (gaps(one), gaps(other));
    let pairs = one.iter().zip(&other).map(|(a, b)| (*a as f64, *b as f64));
    family.add("gaps between arrivals", uncorrelated(pairs));
    family.assert_holds("similar clients");
}

/// Of the roots born, those that failed. Nobody comes in the last second, so that all have ended: else the slow ones would
/// be missing.
fn failed(text: &str, seed: u64) -> (u64, u64) {
    let until = load(text).until.as_secs_f64();
    let end = format!("[[control]]\nnode = 'users'\nat = '{}s'\nset = {{ rate = '0/s' }}\n", until - 1.0);
    let scenario = load(&(text.to_owned() + &end));
    let mut simulation = Simulation::new(&scenario, seed);
    simulation.run_until(scenario.until).expect("no limit is met");
    simulation.check_books().expect("the books balance");
    let totals = simulation.totals();
    assert_eq!(totals.in_flight, 0, "all have ended");
    (totals.failed, totals.failed + totals.answered)
}

/// The fan-out law: with n branches, each slow or failing with probability p on its own, 1 − (1 − p)ⁿ of the requests meet at
/// least one that is (Dean and Barroso, The Tail at Scale, 2013).
#[test]
fn a_fan_out_meets_its_slowest_branch_as_often_as_independence_has_it() {
    let mut family = Family::default();
    let fork = |more: &str| format!("[[node]]\nid = 'fork'\nkind = 'fork_join'\n{more}\n");
    for (n, p, until) in [
        (1, 0.05, "6s"),
        (2, 0.01, "6s"),
        (2, 0.3, "6s"),
        (5, 0.05, "6s"),
        (10, 0.01, "4s"),
        (10, 0.1, "4s"),
        (30, 0.02, "3s"),
        (100, 0.01, "2s"),
        (100, 0.001, "2s"),
    ] {
        let share = 1.0 - libm::pow(1.0 - p, f64::from(n));
        let names: Vec<String> = (0..n).map(|i| format!("b{i:03}")).collect();
        let from_fork = names.iter().map(|b| ("fork", b.as_str()));
        let mut links: Vec<(&str, &str)> = from_fork.chain([("users", "fork")]).collect();
        // Slower than the time-out with probability p: −ln p times the mean.
        let patience = format!("branch_timeout = '{}ns'", (-libm::log(p) * 1e7).round());
        let nodes = |kind: &str, more: &str| -> String {
            names.iter().map(|b| format!("[[node]]\nid = '{b}'\nkind = '{kind}'\n{more}\n")).collect()
        };
        let mut add = |what: &str, text: &str| {
            let (failed, ended) = failed(text, 5);
            assert!(ended > 1_800, "{what}: {ended}");
            let what = format!("{what}, n = {n}, p = {p}: {failed} of {ended}, expected {:.1}", share * ended as f64);
            println!("{what}");
            family.add(what, binomial(failed, ended, share));
        };
        let slow = nodes("service", &format!("workers = 100000\nservice_time = {EXPONENTIAL}"));
        add("slow, a node each", &scenario(until, PATIENT, &(fork(&patience) + &slow), &links));
        let coins = nodes("gate", &format!("refuse = {p}"));
        let sink = "[[node]]\nid = 'web'\nkind = 'station'\nservers = 'none'\nservice_time = '1us'\n";
        let behind: Vec<(&str, &str)> = names.iter().map(|b| (b.as_str(), "web")).collect();
        let both = [links.clone(), behind.clone()].concat();
        add("failing, a node each", &scenario(until, PATIENT, &(fork("") + &coins + sink), &both));
        links.extend(behind);
        let gates = nodes("gate", "");
        let web = server("web", EXPONENTIAL);
        add("slow, one node", &scenario(until, PATIENT, &(fork(&patience) + &gates + &web), &links));
        let coin = format!("[[node]]\nid = 'web'\nkind = 'gate'\nrefuse = {p}\n") + &sink.replace("'web'", "'z'");
        let to_sink = [links.clone(), vec![("web", "z")]].concat();
        add("failing, one node", &scenario(until, PATIENT, &(fork("") + &gates + &coin), &to_sink));
        if n <= 10 {
            // One after the other: the steps of a service that waits for each as long.
            let steps = server("fork", "'0s'").replace("call_timeout = 'none'", &patience.replace("branch", "call"));
            add("slow steps, one node", &scenario(until, PATIENT, &(steps + &gates + &web), &links));
        }
    }
    family.assert_holds("the fan-out law");
}

/// The law would not hold if branches shared their lineage: the test tells the difference.
#[test]
fn branches_that_share_a_lineage_would_be_found() {
    let gates: String = (0..10).map(|i| format!("[[node]]\nid = 'g{i}'\nkind = 'gate'\nrefuse = 0.05\n")).collect();
    let names: Vec<String> = (0..10).map(|i| format!("g{i}")).collect();
    // All coins of a row are tossed for one lineage, but each at a node of its own: independent too.
    let mut links = vec![("users", "g0"), ("g9", "web")];
    links.extend(names.windows(2).map(|w| (w[0].as_str(), w[1].as_str())));
    let (row, ended) = failed(&scenario("11s", PATIENT, &(gates + &server("web", "'1us'")), &links), 6);
    let share = 1.0 - libm::pow(0.95, 10.0);
    assert!(binomial(row, ended, share) > 1e-4, "{row} of {ended}");
    // One coin for all: what a shared lineage at one node would give.
    let one = "[[node]]\nid = 'g'\nkind = 'gate'\nrefuse = 0.05\n".to_owned() + &server("web", "'1us'");
    let (one, ended) = failed(&scenario("11s", PATIENT, &one, &[("users", "g"), ("g", "web")]), 6);
    assert!(binomial(one, ended, 0.05) > 1e-4, "{one} of {ended}");
    assert!(binomial(one, ended, share) < 1e-100, "{one} of {ended}");
}
