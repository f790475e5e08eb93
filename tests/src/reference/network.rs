//! Several stations: in a row, with feedback, in a closed loop, side by side behind a fork or a balancer.

use super::experiment::{Run, Steady, mean, quantile};
use super::queueing::{MEAN, TAIL, clients, expected, exponential, station};
use super::{Case, Expected, Experiment, Plan};
use std::fmt::Write;

/// Requests behind the cases' own simulations: ten replications of 400,000.
const SIMULATED: f64 = 4e6;

fn link(from: &str, to: &str, more: &str) -> String {
    format!("[[link]]\nfrom = '{from}'\nto = '{to}'\n{more}\n")
}

fn id(number: usize) -> String {
    format!("s{number}")
}

/// Stations s0, s1 … of these mean service times, each handing on to the next.
fn row(services: &[f64]) -> String {
    let mut body = String::new();
    for (i, service) in services.iter().enumerate() {
        body += &station(&id(i), &format!("service_time = {}", exponential(*service)));
        if i > 0 {
            body += &link(&id(i - 1), &id(i), "");
        }
    }
    body
}

pub(super) fn tandem(case: &Case) -> Plan {
    let rate = case.param("lambda_");
    let services: Vec<f64> = case.list("mus").iter().map(|mu| 1.0 / mu).collect();
    let body = clients("users", "s0", &format!("rate = '{rate}/s'")) + &row(&services);
    let n = services.len();
    let mut steady = Experiment::steady(case, case.half_width("mean").unwrap_or(0.01).max(0.01), rate, body)
        .stat("mean_sojourn", expected(case, "mean_sojourn"), MEAN, |r| mean(&r.node("users").latency))
        .stat("p95_sojourn", expected(case, "p95_sojourn"), TAIL, |r| quantile(&r.node("users").latency, 0.95))
        .stat("p99_sojourn", expected(case, "p99_sojourn"), TAIL, |r| quantile(&r.node("users").latency, 0.99))
        .stat("L_total", expected(case, "L_total"), MEAN, move |r| (0..n).map(|i| r.gauge(&id(i), "in_system")).sum());
    for i in 0..n {
        let name = format!("per_node_mean_sojourn[{i}]");
        let value = expected(case, &name);
        steady = steady.stat(name, value, TAIL, move |r| mean(&r.node(&id(i)).latency));
    }
    Plan { experiments: vec![steady.done()], open: Vec::new() }
}

pub(super) fn feedback(case: &Case) -> Plan {
    let (mus, servers, external) = (case.list("mus"), case.list("servers"), case.list("external_rates"));
    let empty = Vec::new();
    let matrix: Vec<Vec<f64>> = case.params["P"]
        .as_array()
        .unwrap_or(&empty)
        .iter()
        .map(|row| row.as_array().unwrap_or(&empty).iter().map(|p| p.as_f64().unwrap_or(0.0)).collect())
        .collect();
    let mut body = String::new();
    for (i, shares) in matrix.iter().enumerate() {
        let leave = 1.0 - shares.iter().sum::<f64>();
        let more = format!("service_time = {}\nservers = {}", exponential(1.0 / mus[i]), servers[i]);
        body += &station(&id(i), &format!("{more}\nleave = {leave:?}"));
        for (j, share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
            body += &link(&id(i), &id(j), &format!("weight = {share:?}"));
        }
        if external[i] > 0.0 {
            body += &clients(&format!("users{i}"), &id(i), &format!("rate = '{}/s'", external[i]));
        }
    }
    let mut steady = Experiment::steady(case, 0.012, external.iter().sum(), body);
    for i in 0..mus.len() {
        let stat = |name: &str| {
            let name = format!("{name}[{i}]");
            (name.clone(), expected(case, &name))
        };
        let (name, value) = stat("node_arrival_rates");
        steady = steady.stat(name, value, MEAN, move |r| r.node(&id(i)).offered as f64 / r.seconds);
        let (name, value) = stat("node_utilization");
        steady = steady.stat(name, value, MEAN, move |r| r.report.nodes[&id(i)].utilization.unwrap_or(0.0));
        let (name, value) = stat("node_L");
        steady = steady.stat(name, value, MEAN, move |r| r.gauge(&id(i), "in_system"));
    }
    let sources: Vec<String> = (0..mus.len()).filter(|&i| external[i] > 0.0).map(|i| format!("users{i}")).collect();
    let name = "mean_end_to_end_sojourn";
    let steady = steady.stat(name, expected(case, name), MEAN, move |r| {
        let all = sources.iter().map(|id| &r.node(id).latency);
        let (sum, count) = all.fold((0, 0), |(s, n), h| (s + h.sum(), n + h.count()));
        sum as f64 / count as f64 / 1e9
    });
    Plan { experiments: vec![steady.done()], open: Vec::new() }
}

fn throughput(r: &Run) -> f64 {
    r.node("users").answered as f64 / r.seconds
}

pub(super) fn closed(case: &Case) -> Plan {
    let users = format!("users = {}\nthink_time = {}", case.param("users"), exponential(case.param("think_time")));
    let body = clients("users", "s0", &users);
    let rate = case.expect("throughput");
    if case.params["demands"].is_null() {
        return repairman(case, rate, body);
    }
    let demands = case.list("demands");
    let n = demands.len();
    let mut steady = Experiment::steady(case, 0.012, rate, body + &row(&demands))
        .stat("throughput", expected(case, "throughput"), MEAN, throughput)
        .stat("mean_response", expected(case, "mean_response"), MEAN, |r| mean(&r.node("users").latency))
        .stat("X_upper_bound", Expected::AtMost(case.expect("X_upper_bound")), MEAN, throughput);
    for i in 0..n {
        let name = format!("station_queue[{i}]");
        let value = expected(case, &name);
        steady = steady.stat(name, value, MEAN, move |r| r.gauge(&id(i), "in_system"));
        let name = format!("utilization[{i}]");
        let value = expected(case, &name);
        steady = steady.stat(name, value, MEAN, move |r| r.report.nodes[&id(i)].utilization.unwrap_or(0.0));
    }
    let open = vec![("saturation_N_star", "a quotient of the parameters, (ΣD + Z)/Dmax: nothing in it is simulated")];
    Plan { experiments: vec![steady.done()], open }
}

fn repairman(case: &Case, rate: f64, body: String) -> Plan {
    let service = exponential(case.param("mean_service"));
    let more = format!("servers = {}\nservice_time = {service}", case.param("servers"));
    let steady = Experiment::steady(case, 0.012, rate, body + &station("s0", &more))
        .stat("throughput", expected(case, "throughput"), MEAN, throughput)
        .stat("mean_response", expected(case, "mean_response"), MEAN, |r| mean(&r.node("users").latency))
        .stat("mean_in_system", expected(case, "mean_in_system"), MEAN, |r| r.gauge("s0", "in_system"))
        .stat("utilization", expected(case, "utilization"), MEAN, |r| r.report.nodes["s0"].utilization.unwrap_or(0.0))
        .stat("P_all_thinking", expected(case, "P_all_thinking"), TAIL, |r| 1.0 - r.at_least("s0", 1));
    Plan { experiments: vec![steady.done()], open: Vec::new() }
}

/// `n` stations of this service time behind a node called `front`.
fn behind(front: &str, n: usize, service: f64) -> String {
    let mut body = format!("[[node]]\nid = 'front'\n{front}\n");
    for i in 0..n {
        body += &station(&id(i), &format!("service_time = {}", exponential(service)));
        body += &link("front", &id(i), "");
    }
    body
}

pub(super) fn fork_join(case: &Case) -> Plan {
    let (rate, service) = (case.param("lambda_"), 1.0 / case.param("mu"));
    let body = clients("users", "front", &format!("rate = '{rate}/s'"))
        + &behind("kind = 'fork_join'", case.param("k") as usize, service);
    let half_width = case.half_width("mean").unwrap_or(0.01).max(0.01);
    let mut steady = Experiment::steady(case, half_width, rate, body);
    let mut open = Vec::new();
    for name in case.expected_names() {
        let value = case.expect(&name);
        let simulated = Expected::Simulated(value, SIMULATED);
        steady = match name.as_str() {
            "mean_response_n2_exact" => {
                steady.stat(name, Expected::Value(value), MEAN, |r| mean(&r.node("users").latency))
            }
            "mean_response_sim" => steady.stat(name, simulated, MEAN, |r| mean(&r.node("users").latency)),
            "p95_response_sim" => steady.stat(name, simulated, TAIL, |r| quantile(&r.node("users").latency, 0.95)),
            "p99_response_sim" => steady.stat(name, simulated, TAIL, |r| quantile(&r.node("users").latency, 0.99)),
            _ => steady,
        };
    }
    if case.expected["mean_response_nelson_tantawi_approx"].is_number() {
        open.push(("mean_response_nelson_tantawi_approx", "an approximation, which says nothing about the simulator"));
    }
    if case.expected["mean_response_sim_se"].is_number() {
        open.push(("mean_response_sim_se", ERROR));
    }
    Plan { experiments: vec![steady.done()], open }
}

/// Of the errors of reference simulations.
const ERROR: &str = "the error of the reference, which is taken as that of as many requests here";

pub(super) fn dispatch(case: &Case) -> Plan {
    let (n, rate, service) = (case.param("n_servers") as usize, case.param("lambda_total"), 1.0 / case.param("mu"));
    let users = clients("users", "front", &format!("rate = '{rate}/s'"));
    // Names of the case, and what stands in front of the stations.
    let balancers = [
        ("random", "random", "algorithm = 'random'"),
        ("round_robin", "round_robin", "algorithm = 'round_robin'"),
        ("jsq", "jsq", "algorithm = 'least_connections'"),
        ("po2", "po2_without_replacement", "algorithm = 'power_of_d'\nchoices = 2"),
        ("jiq", "jiq", "algorithm = 'join_idle_queue'"),
    ];
    let mut experiments = Vec::new();
    for (tolerance, prefix, more) in balancers {
        let body = users.clone() + &behind(&format!("kind = 'load_balancer'\n{more}"), n, service);
        // Two queues behind a balancer are as slow to forget as one with the same load; the case's estimate says less.
        let half_width = case.half_width(tolerance).unwrap_or(0.02).max(0.02);
        experiments.push(policy(case, prefix, Experiment::steady(case, half_width, rate, body).label(more_word(more))));
    }
    // A balancer knows what it has sent, not what it takes to do; the case names the equivalent.
    let mut body = clients("users", "s0", &format!("rate = '{rate}/s'"));
    let _ = write!(body, "{}", station("s0", &format!("servers = {n}\nservice_time = {}", exponential(service))));
    let half_width = case.half_width("least_work").unwrap_or(0.02);
    let steady = Experiment::steady(case, half_width, rate, body).label("as its central queue");
    experiments.push(policy(case, "least_work_left", steady));
    let errors = ["jsq_mean_sim_se", "po2_se", "jiq_se"];
    Plan {
        experiments,
        open: errors.into_iter().filter(|e| case.expected[e].is_number()).map(|e| (e, ERROR)).collect(),
    }
}

fn more_word(more: &str) -> &str {
    more.split('\'').nth(1).unwrap_or(more)
}

/// Everything that the case expects of one way of dispatching.
fn policy(case: &Case, prefix: &str, mut steady: Steady) -> Experiment {
    for name in case.expected_names() {
        let Some(what) = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')) else { continue };
        let value = case.expect(&name);
        let simulated = Expected::Simulated(value, SIMULATED);
        steady = match what {
            "mean" | "mean_exact_numeric" => {
                steady.stat(name, Expected::Value(value), MEAN, |r| mean(&r.node("users").latency))
            }
            "mean_sim" => steady.stat(name, simulated, MEAN, |r| mean(&r.node("users").latency)),
            "p99" => steady.stat(name, Expected::Value(value), TAIL, |r| quantile(&r.node("users").latency, 0.99)),
            "p99_sim" => steady.stat(name, simulated, TAIL, |r| quantile(&r.node("users").latency, 0.99)),
            _ => steady,
        };
    }
    steady.done()
}
