//! Balancing: sequences and tables by the very rules that the balancer runs on, queues and bins by scenario files.

use super::experiment::{Run, Stat, mean, quantile, run as run_file};
use super::queueing::{MEAN, RARE, TAIL, clients, exponential};
use super::{Case, Expected, Experiment, Plan, Row, Verdict};
use floodgate::policy::balance::ejection::{Event, Seen};
use floodgate::policy::balance::{Ejection, Maglev, Outliers, Ring, Smooth, in_panic, maglev, nginx, ring};
use floodgate::scenario::default_config;
use floodgate::{Scenario, Simulation, Time};
use floodgate_core::rng::mix;
use serde_json::Value;
use std::fmt::Write;

/// A row of something that is right or wrong.
fn exact(case: &Case, name: &str, ok: bool, got: impl std::fmt::Debug) -> Row {
    let verdict = if ok { Verdict::Pass } else { Verdict::Fail(format!("{got:?}, and not what is expected")) };
    Row { case: case.id.clone(), statistic: name.to_owned(), expected: None, got: None, z: None, verdict }
}

/// A row of a number with a tolerance of its own, which the case or theory gives.
fn within(case: &Case, name: &str, got: f64, expected: f64, tolerance: f64) -> Row {
    let verdict = if (got - expected).abs() <= tolerance {
        Verdict::Pass
    } else {
        Verdict::Fail(format!("{} away, and {tolerance} is allowed", (got - expected).abs()))
    };
    Row {
        case: case.id.clone(),
        statistic: name.to_owned(),
        expected: Some(expected),
        got: Some((got, tolerance)),
        z: None,
        verdict,
    }
}

fn letter(place: usize) -> char {
    char::from(b'a' + place as u8)
}

/// The sequence by the rule itself, and by requests that come one by one to a balancer in front of stations.
pub(super) fn smooth(case: &Case) -> Vec<Row> {
    let weights = case.list("weights");
    let period = weights.iter().sum::<f64>() as usize;
    let mut places = vec![Smooth::default(); weights.len()];
    let mut pick = || nginx::smooth(&mut places, |i| weights[i], 0..weights.len()).map_or('-', letter);
    let first: String = (0..period).map(|_| pick()).collect();
    let second: String = (0..period).map(|_| pick()).collect();
    let expected = case.expected["sequence"].as_str().unwrap_or_default();
    let seen = sequence(&weights, 2 * period);
    let again = case.expected["next_period_identical"] == true;
    vec![
        exact(case, "sequence", first == expected, &first),
        exact(case, "next_period_identical", again == (first == second), &second),
        exact(case, "sequence [through a scenario]", seen == format!("{expected}{expected}"), &seen),
    ]
}

/// Which station each of so many requests reached, a second apart, behind a balancer with these weights.
fn sequence(weights: &[f64], requests: usize) -> String {
    let mut body = clients("users", "front", "rate = '1/s'\narrivals = { gaps = 'deterministic' }");
    body += "[[node]]\nid = 'front'\nkind = 'load_balancer'\n";
    for (i, weight) in weights.iter().enumerate() {
        let id = letter(i);
        let _ = write!(
            body,
            "[[node]]\nid = '{id}'\nkind = 'station'\nservice_time = '1ms'\n\
             [[link]]\nfrom = 'front'\nto = '{id}'\nweight = {weight:?}\n"
        );
    }
    let text = format!("format = 1\nname = 'turns'\nuntil = '1h'\n{body}");
    let scenario = Scenario::load(&text).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    let mut simulation = Simulation::new(&scenario, 1);
    let mut known = vec![0; weights.len()];
    let mut letters = String::new();
    for second in 1..=requests {
        simulation.run_until(Time::from_secs_f64(second as f64 + 0.5)).unwrap_or_else(|halt| panic!("{halt}"));
        let report = simulation.report();
        for (i, known) in known.iter_mut().enumerate() {
            let offered = report.nodes[&letter(i).to_string()].offered;
            (*known..offered).for_each(|_| letters.push(letter(i)));
            *known = offered;
        }
    }
    letters
}

/// Tables of given permutations.
pub(super) fn maglev_exact(case: &Case) -> Vec<Row> {
    let entries = case.param("M") as u32;
    let empty = Vec::new();
    let number = |v: &Value| v.as_u64().unwrap_or(0) as u32;
    let places: Vec<(u32, u32)> = case.params["offset_skip"]
        .as_array()
        .unwrap_or(&empty)
        .iter()
        .map(|pair| (number(&pair[0]), number(&pair[1])))
        .collect();
    let gone = case.param("removed_backend") as usize;
    let filled = |without: Option<usize>| -> Vec<String> {
        let kept: Vec<usize> = (0..places.len()).filter(|&i| Some(i) != without).collect();
        let servers: Vec<_> = kept.iter().map(|&i| (places[i], 1.0)).collect();
        Maglev::new(entries, &servers).table().iter().map(|&server| format!("B{}", kept[server as usize])).collect()
    };
    let (all, rest) = (filled(None), filled(Some(gone)));
    let mut rows = Vec::new();
    for (name, table) in [("table", &all), ("table_after_removal", &rest)] {
        for (i, entry) in table.iter().enumerate() {
            rows.push(exact(case, &format!("{name}[{i}]"), case.expected[name][i] == entry.as_str(), entry));
        }
    }
    let changed = all.iter().zip(&rest).filter(|(a, b)| a != b).count();
    let unavoidable = all.iter().filter(|e| **e == format!("B{gone}")).count();
    let counts =
        [("changed_entries", changed), ("unavoidable_changes", unavoidable), ("extra_changes", changed - unavoidable)];
    rows.extend(counts.map(|(name, count)| exact(case, name, case.expect(name) == count as f64, count)));
    rows
}

/// Evenness, and how many entries of others change when one server goes.
pub(super) fn maglev_stats(case: &Case) -> Vec<Row> {
    const SAMPLES: u64 = 16;
    let (entries, n) = (case.param("M") as u32, case.param("n_backends") as usize);
    let table = |seed: u64, n: usize| {
        let servers: Vec<_> = (0..n as u64).map(|i| (maglev::place(mix(seed, i), entries), 1.0)).collect();
        Maglev::new(entries, &servers)
    };
    let (mut least, mut most, mut extra, mut own) = (usize::MAX, 0, 0.0, 0.0);
    for seed in 1..=SAMPLES {
        // The last one goes, so that the others keep their numbers.
        let (all, rest) = (table(seed, n), table(seed, n - 1));
        let mut counts = vec![0usize; n];
        all.table().iter().for_each(|&s| counts[s as usize] += 1);
        least = least.min(counts.iter().copied().min().unwrap_or(0));
        most = most.max(counts.iter().copied().max().unwrap_or(0));
        let changed = all.table().iter().zip(rest.table()).filter(|(a, b)| a != b).count();
        extra += (changed - counts[n - 1]) as f64 / f64::from(entries) / SAMPLES as f64;
        own += counts[n - 1] as f64 / f64::from(entries) / SAMPLES as f64;
    }
    let whole = |name: &str, got: usize| exact(case, name, case.expect(name) == got as f64, got);
    let ratio = most as f64 * n as f64 / f64::from(entries);
    let error = case.expect("extra_changed_fraction_sd") / (SAMPLES as f64).sqrt();
    let near = |name: &str, got: f64, tolerance: f64| within(case, name, got, case.expect(name), tolerance);
    vec![
        whole("max_minus_min_entries", most - least),
        whole("entries_floor", least),
        whole("entries_ceil", most),
        near("max_over_avg", ratio, 1e-5),
        near("extra_changed_fraction_mean", extra, 4.0 * error),
        near("unavoidable_changed_fraction", own, 1.0 / f64::from(entries)),
        Row::open(case, "extra_changed_fraction_sd", "the spread of the reference, which its mean is judged by"),
    ]
}

/// Shares of the hash space on random rings.
pub(super) fn rings(case: &Case) -> Vec<Row> {
    const RINGS: u64 = 400;
    let (n, points) = (case.param("n_servers") as usize, case.param("vnodes") as u32);
    let shares = |seed: u64, n: usize| {
        let servers: Vec<_> = (0..n as u64).map(|i| (mix(seed, i), 1.0)).collect();
        let ring = Ring::new(points, &servers);
        let mut shares = vec![0.0; n];
        let mut before = ring.points().last().map_or(0, |p| p.0);
        for &(position, server) in ring.points() {
            shares[server as usize] += position.wrapping_sub(before) as f64 / 2f64.powi(64);
            before = position;
        }
        shares
    };
    let mut found: [Vec<f64>; 5] = Default::default();
    for seed in 1..=RINGS {
        let of = shares(seed, n);
        let scale = n as f64;
        let squares: f64 = of.iter().map(|s| s * s).sum();
        let more = shares(seed, n + 1);
        let values = [
            scale * squares - 1.0,
            scale * of.iter().copied().fold(0.0, f64::max),
            scale * of.iter().copied().fold(1.0, f64::min),
            // Who goes takes its own share along, and who comes takes its share from others.
            of[0],
            more[n],
        ];
        found.iter_mut().zip(values).for_each(|(list, value)| list.push(value));
    }
    let count = RINGS as f64;
    let average = |list: &[f64]| list.iter().sum::<f64>() / count;
    let error = |list: &[f64]| {
        let mean = average(list);
        (list.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (count - 1.0) / count).sqrt()
    };
    let [squares, most, least, gone, come] = &found;
    let judged = |name: &str, list: &[f64]| {
        within(case, name, average(list), case.expect(name), 4.0 * error(list) + case.expect("se_max"))
    };
    let cv = average(squares).sqrt();
    let mut rows = vec![
        within(case, "share_cv", cv, case.expect("share_cv"), 4.0 * error(squares) / (2.0 * cv)),
        judged("mean_max_over_avg", most),
        judged("mean_min_over_avg", least),
        judged("keys_moved_on_removing_one_node", gone),
        judged("keys_moved_on_adding_one_node", come),
    ];
    for (name, list) in [("mean_max_over_avg_exact", most), ("mean_min_over_avg_exact", least)] {
        if case.expected[name].is_number() {
            rows.push(within(case, name, average(list), case.expect(name), 4.0 * error(list)));
        }
    }
    let below = most.iter().filter(|x| **x <= case.expect("p95_max_over_avg")).count() as f64 / count;
    let mut share = within(case, "p95_max_over_avg", below, 0.95, 4.0 * (0.95 * 0.05 / count).sqrt());
    share.statistic += " [share of rings below it]";
    rows.push(share);
    let spread = error(most) * count.sqrt();
    let expected = case.expect("sd_max_over_avg_per_ring");
    // The standard error of a standard deviation, by the fourth moment of what was seen.
    let mean = average(most);
    let fourth = most.iter().map(|x| (x - mean).powi(4)).sum::<f64>() / count;
    let of_spread = ((fourth - spread.powi(4)) / count).sqrt() / (2.0 * spread);
    rows.push(within(case, "sd_max_over_avg_per_ring", spread, expected, 4.0 * of_spread));
    rows.push(Row::open(case, "se_max", "the error of the reference, which is allowed for"));
    rows
}

/// Keys on a given ring, none of whose servers may have more than its capacity.
pub(super) fn bounded(case: &Case) -> Vec<Row> {
    let position = |x: f64| (x * 2f64.powi(53)) as u64;
    let empty = Vec::new();
    let nodes = case.params["nodes"].as_array().unwrap_or(&empty);
    let names: Vec<&str> = nodes.iter().map(|node| node[1].as_str().unwrap_or_default()).collect();
    let at = |node: &Value| position(node[0].as_f64().unwrap_or(0.0));
    let ring = Ring::at(nodes.iter().enumerate().map(|(i, node)| (at(node), i as u32)));
    let (keys, epsilon) = (case.list("keys"), case.param("epsilon"));
    let share = 1.0 / names.len() as f64;
    let mut rows = Vec::new();
    let fixed = ring::capacity(keys.len() as u64, share, epsilon);
    for (placement, load, growing) in
        [("placement_capacity_grows_with_m", "load_growing", true), ("placement_fixed_capacity", "load_fixed", false)]
    {
        let mut loads = vec![0u32; names.len()];
        for (i, &key) in keys.iter().enumerate() {
            let capacity = if growing { ring::capacity(i as u64 + 1, share, epsilon) } else { fixed };
            let chosen = ring.pick_bounded(position(key), |s| loads[s], |_| capacity).unwrap_or(0);
            loads[chosen] += 1;
            let name = format!("{placement}[{i}]");
            rows.push(exact(case, &name, case.expected[placement][i] == names[chosen], names[chosen]));
        }
        let as_expected = names.iter().zip(&loads).all(|(name, &count)| case.expected[load][name] == count);
        rows.push(exact(case, load, as_expected, loads));
    }
    rows.push(exact(case, "fixed_capacity", case.expect("fixed_capacity") == f64::from(fixed), fixed));
    rows
}

/// A log of ejections, as outlier detection writes it for given answers.
pub(super) fn outliers(case: &Case) -> Vec<Row> {
    let rules: Outliers = default_config().unwrap_or_else(|| panic!("every parameter has a default"));
    let at = |seconds: f64| Time((seconds * 1e9).round() as u64);
    let length = |name: &str| floodgate::Duration((case.param(name) * 1e9) as u64);
    let rules = Outliers {
        consecutive_5xx: case.param("consecutive_5xx") as u32,
        interval: length("interval_s"),
        base_ejection_time: length("base_ejection_time_s"),
        max_ejection_time: length("max_ejection_time_s"),
        max_ejection_percent: case.param("max_ejection_percent") as u32,
        ..rules
    };
    let mut servers = vec![Ejection::default(); case.param("n_hosts") as usize];
    let mut log: Vec<(f64, &str, usize, Option<f64>)> = Vec::new();
    let told = |log: &mut Vec<_>, t: f64, host: usize, event: Event| {
        log.push(match event {
            Event::Ejected(length) => (t, "eject", host, Some(length.as_secs_f64())),
            Event::Overflow => (t, "overflow", host, None),
            Event::Returned => (t, "uneject", host, None),
        });
    };
    let empty = Vec::new();
    let mut events: Vec<(f64, usize, u64)> = case.params["events"]
        .as_array()
        .unwrap_or(&empty)
        .iter()
        .map(|e| (e[0].as_f64().unwrap_or(0.0), e[1].as_u64().unwrap_or(0) as usize, e[2].as_u64().unwrap_or(0)))
        .collect();
    // Until everybody has come back.
    events.push((400.0, usize::MAX, 200));
    let (every, mut sweep) = (case.param("interval_s"), case.param("interval_s"));
    for (t, host, status) in events {
        while sweep <= t {
            rules.sweep(&mut servers, at(sweep), |_| true, |host, event| told(&mut log, sweep, host, event));
            sweep += every;
        }
        let seen = match status {
            502..=504 => Seen::Gateway,
            500.. => Seen::Error,
            _ => Seen::Good,
        };
        if let Some(event) = rules.seen(&mut servers, host, seen, at(t), |_| true) {
            told(&mut log, t, host, event);
        }
    }
    let expected = case.expected["log"].as_array().unwrap_or(&empty);
    let mut rows: Vec<Row> = expected
        .iter()
        .enumerate()
        .map(|(i, entry)| {
            let got = log.get(i);
            let same = got.is_some_and(|(t, what, host, length)| {
                entry[0] == *t && entry[1] == *what && entry[2] == *host && entry[3].as_f64() == *length
            });
            exact(case, &format!("log[{i}]"), same, got)
        })
        .collect();
    rows.push(exact(case, "log [its length]", log.len() == expected.len(), &log));
    rows
}

pub(super) fn panic_mode(case: &Case) -> Vec<Row> {
    let panic = in_panic(case.param("healthy") as usize, case.param("total") as usize, case.param("threshold_percent"));
    vec![exact(case, "panic", case.expected["panic"] == panic, panic)]
}

/// A balancer that chooses among `d`, in front of `n` queues: as stations, or as replicas of a service.
fn choices(d: usize, replacement: bool, rate: f64) -> String {
    clients("users", "front", &format!("rate = '{rate}/s'"))
        + &format!(
            "[[node]]\nid = 'front'\nkind = 'load_balancer'\nalgorithm = 'power_of_d'\nchoices = {d}\n\
             replacement = {replacement}\n"
        )
}

fn replicas(n: usize, service: f64) -> String {
    format!(
        "[[node]]\nid = 'queues'\nkind = 'service'\nreplicas = {n}\nworkers = 1\nservice_time = {}\n\
         [[link]]\nfrom = 'front'\nto = 'queues'\n",
        exponential(service)
    )
}

fn sojourn(r: &Run) -> f64 {
    mean(&r.node("users").latency)
}

/// So many servers behave nearly as infinitely many. With a single choice they are independent, at any number; then a few that
/// run for long say more than many that have just begun.
fn many(d: usize) -> usize {
    if d == 1 { 8 } else { 500 }
}

/// Relative half width of the mean after a million requests. With one choice it is the formula of one M/M/1 queue; with more,
/// queues forget quickly, but what is rare needs its time.
fn long(load: f64, d: usize) -> f64 {
    if d == 1 {
        return 1.96e-3 * (2.0 * (1.0 + load)).sqrt() / (1.0 - load);
    }
    half_width(load, d) + if load > 0.9 { 0.03 } else { 0.0 }
}

pub(super) fn supermarket(case: &Case) -> Plan {
    let (load, d) = (case.param("lambda_per_server"), case.param("d") as usize);
    if d == 1 && load > 0.95 {
        let reason = "one M/M/1 queue so near its limit takes a thousand million requests";
        let open = vec![("mean_time_in_system", reason), ("tail_fraction_servers_with_ge_i", reason)];
        return Plan { experiments: Vec::new(), open };
    }
    if d > 1 && load > 0.95 {
        let reason = "finite numbers of servers are far from the limit there; lb.supermarket_finite judges them";
        let open = vec![("mean_time_in_system", reason), ("tail_fraction_servers_with_ge_i", reason)];
        return Plan { experiments: Vec::new(), open };
    }
    let servers = many(d);
    let rate = load * servers as f64;
    let body = |servers: usize| {
        let mut body = choices(d, true, load * servers as f64);
        for i in 0..servers {
            let _ = write!(
                body,
                "[[node]]\nid = 's{i}'\nkind = 'station'\nservice_time = {}\n[[link]]\nfrom = 'front'\nto = 's{i}'\n",
                exponential(1.0 / case.param("mu"))
            );
        }
        body
    };
    // What is left after the extrapolation; a single choice makes servers independent, at any number.
    let near = |value: f64, share: f64| if d == 1 { Expected::Value(value) } else { Expected::Near(value, share) };
    let mut steady = Experiment::steady(case, long(load, d), rate, body(servers)).stat(
        "mean_time_in_system",
        near(case.expect("mean_time_in_system"), 0.01),
        MEAN,
        sojourn,
    );
    let mut open = Vec::new();
    let tails = case.expected["tail_fraction_servers_with_ge_i"].as_object();
    for (i, value) in tails.into_iter().flatten() {
        let (i, value) = (i.parse::<u64>().unwrap_or(0), value.as_f64().unwrap_or(0.0));
        if value < 0.01 {
            open.push((
                "tail_fraction_servers_with_ge_i",
                "shares below one percent: with so few servers they are others",
            ));
            continue;
        }
        let measure = move |r: &Run| {
            let servers = r.simulation.scenario().nodes.len() - 2;
            (0..servers).map(|s| r.at_least(&format!("s{s}"), i)).sum::<f64>() / servers as f64
        };
        let name = format!("tail_fraction_servers_with_ge_i {i}");
        let width = if value < 0.05 { RARE } else { TAIL };
        steady = steady.stat(name, near(value, if i == 1 { 0.001 } else { 0.03 }), width, measure);
    }
    open.truncate(1);
    if d > 1 {
        steady = steady.twice(body(2 * servers));
    }
    Plan { experiments: vec![steady.done()], open }
}

/// Relative half width of the mean after a million requests: queues that are served by choice forget quickly.
fn half_width(load: f64, d: usize) -> f64 {
    if d == 1 { 0.01 * (0.1 + load) / (1.0 - load) * 0.5 } else { 0.01 + 0.02 * load }
}

pub(super) fn supermarket_finite(case: &Case) -> Plan {
    let (n, load, d) = (case.param("n_servers") as usize, case.param("lambda_per_server"), case.param("d") as usize);
    let rate = load * n as f64;
    let body = choices(d, true, rate) + &replicas(n, 1.0 / case.param("mu"));
    let requests = case.tolerance["n_requests_ref"].as_f64().unwrap_or(1.5e6);
    let simulated = |name: &str| Expected::Simulated(case.expect(name), requests);
    let steady = Experiment::steady(case, half_width(load, d), rate, body)
        .stat("mean_time_in_system", simulated("mean_time_in_system"), MEAN, sojourn)
        .stat("p99", simulated("p99"), TAIL, |r| quantile(&r.node("users").latency, 0.99));
    let open = vec![
        ("se", "the error of the reference, which is taken as that of as many requests here"),
        ("limit_prediction", "of infinitely many servers; lb.supermarket has it"),
    ];
    Plan { experiments: vec![steady.done()], open }
}

pub(super) fn supermarket_published(case: &Case) -> Plan {
    let (n, load, d) = (case.param("n_servers") as usize, case.param("lambda_per_server"), case.param("d") as usize);
    let rate = load * n as f64;
    let body = choices(d, false, rate) + &replicas(n, 1.0 / case.param("mu"));
    let share = case.tolerance["rel_tol"].as_f64().unwrap_or(0.01);
    let steady = Experiment::steady(case, half_width(load, d), rate, body)
        .stat("own_simulation", Expected::Simulated(case.expect("own_simulation"), 1.5e6), MEAN, sojourn)
        .stat("published_simulation", Expected::Near(case.expect("published_simulation"), share), MEAN, sojourn);
    let open = vec![
        ("published_prediction", "of infinitely many servers; lb.supermarket has it"),
        ("own_se", "the error of the reference, which is taken as that of as many requests here"),
    ];
    Plan { experiments: vec![steady.done()], open }
}

/// Balls stay in the bins that they were put into: requests that are never served.
pub(super) fn balls(case: &Case) -> Plan {
    /// Replicas that a service may have.
    const SERVICE: usize = 1000;
    let (n, m, d) = (case.param("n") as usize, case.param("m") as usize, case.param("d") as usize);
    let mut body = clients("users", "front", "rate = '1000/s'\narrivals = { gaps = 'deterministic' }")
        + &format!(
            "[[node]]\nid = 'front'\nkind = 'load_balancer'\nalgorithm = 'power_of_d'\nchoices = {d}\nreplacement = true\n"
        );
    for (i, first) in (0..n).step_by(SERVICE).enumerate() {
        let _ = write!(
            body,
            "[[node]]\nid = 'bins{i}'\nkind = 'service'\nreplicas = {}\nworkers = 1\nservice_time = '24h'\n\
             [[link]]\nfrom = 'front'\nto = 'bins{i}'\n",
            SERVICE.min(n - first)
        );
    }
    let name = case.id.clone();
    let replicate = move |seed: u64, requests: f64| {
        let runs = (requests / m as f64).ceil() as u64;
        let most = (0..runs).map(|i| {
            let run = run_file(&name, &body, seed * 1000 + i, 0.0, (m as f64 + 0.5) / 1000.0);
            let nodes = &run.simulation.scenario().nodes;
            let bins = (0..nodes.len()).filter(|&i| nodes[i].id.starts_with("bins"));
            let loads: Vec<u32> = bins
                .flat_map(|i| run.simulation.status(i).replicas)
                .map(|replica| replica.busy + replica.queue)
                .collect();
            assert_eq!(loads.iter().sum::<u32>() as usize, m, "every ball is in a bin");
            f64::from(loads.into_iter().max().unwrap_or(0))
        });
        vec![most.sum::<f64>() / runs as f64]
    };
    // The case allows so much beside its error.
    let expected = Expected::Near(case.expect("mean_max_load"), 0.05 / case.expect("mean_max_load"));
    let stats = vec![Stat { name: "mean_max_load".to_owned(), expected, width: MEAN }];
    let open = vec![
        ("sd", "the spread of the reference"),
        ("distribution", "judged by its mean: both come from a few hundred runs"),
    ];
    Plan { experiments: vec![Experiment::custom(0.012, stats, Box::new(replicate))], open }
}
