//! Queueing theory as an oracle: closed forms within confidence intervals over independent replications.

use floodgate::{Report, Scenario, Simulation};
use floodgate_tests::stats::Interval;

/// Reports of `replications` runs of clients in front of `node`.
fn runs(rate: &str, node: &str, until: &str, replications: u64) -> Vec<Report> {
    let text = format!(
        "format = 1\nname = 'theory'\nuntil = '{until}'\nwarm_up = '100s'\n\
         [[node]]\nid = 'users'\nkind = 'clients'\nrate = '{rate}'\ntimeout = '24h'\n\
         [[node]]\nid = 'server'\n{node}\n\
         [[link]]\nfrom = 'users'\nto = 'server'\n"
    );
    let scenario = Scenario::load(&text).unwrap_or_else(|problems| panic!("{problems}"));
    let run = |seed| {
        let mut simulation = Simulation::new(&scenario, seed);
        simulation.run_until(scenario.until).expect("no limit is met");
        simulation.check_books().expect("the books balance");
        simulation.report()
    };
    (1..=replications).map(run).collect()
}

fn interval(reports: &[Report], of: impl Fn(&Report) -> f64) -> Interval {
    Interval::of(&reports.iter().map(of).collect::<Vec<_>>())
}

fn mean_ms(report: &Report) -> f64 {
    report.nodes["server"].latency_ms.mean.expect("answers")
}

#[test]
fn mm1_sojourn_percentiles_utilisation_and_littles_law() {
    let node = "kind = 'service'\nworkers = 1\nservice_time = { exponential = '10ms' }";
    let reports = runs("80/s", node, "2000s", 10);
    // T ~ Exp(μ − λ) with μ = 100/s, λ = 80/s.
    interval(&reports, mean_ms).assert_covers("mean sojourn", 50.0, 0.03);
    let p = |q: f64| -libm::log(1.0 - q) / 20.0 * 1e3;
    interval(&reports, |r| r.nodes["server"].latency_ms.p50.expect("answers")).assert_covers("p50", p(0.5), 0.03);
    interval(&reports, |r| r.nodes["server"].latency_ms.p99.expect("answers")).assert_covers("p99", p(0.99), 0.05);
    interval(&reports, |r| r.nodes["server"].utilization.expect("capacity")).assert_covers("ρ", 0.8, 0.01);
    interval(&reports, |r| r.nodes["server"].queue.mean).assert_covers("Lq", 3.2, 0.05);
    for r in &reports {
        let n = &r.nodes["server"];
        let l = n.queue.mean + n.gauges["busy"].mean;
        let lambda_w = n.throughput_per_s * n.latency_ms.mean.expect("answers") / 1e3;
        // Little's law holds exactly but for what was in the system at the two ends of the measurement.
        assert!((l - lambda_w).abs() < 0.02 * l, "L = {l}, λW = {lambda_w}");
    }
}

#[test]
fn mmc_waits_as_erlang_c_says() {
    let node = "kind = 'service'\nworkers = 8\nservice_time = { exponential = '10ms' }";
    let reports = runs("720/s", node, "400s", 10);
    let (c, a) = (8.0, 7.2);
    let mut term = 1.0;
    let mut sum = 0.0;
    for k in 0..8 {
        sum += term;
        term *= a / f64::from(k + 1);
    }
    let tail = term * c / (c - a);
    let wait = tail / (sum + tail) / (800.0 - 720.0);
    interval(&reports, mean_ms).assert_covers("mean sojourn", 10.0 + wait * 1e3, 0.03);
}

#[test]
fn mmck_refuses_what_erlang_b_says_whatever_the_distribution() {
    for service_time in ["{ exponential = '100ms' }", "'100ms'", "{ hyperexponential = '100ms', scv = 4.0 }"] {
        let node = format!("kind = 'service'\nworkers = 10\nqueue = 0\nservice_time = {service_time}");
        let reports = runs("80/s", &node, "1000s", 10);
        let blocked = (1..=10).fold(1.0, |b, c| 8.0 * b / (f64::from(c) + 8.0 * b));
        let refused = |r: &Report| {
            let n = &r.nodes["server"];
            n.errors["503"] as f64 / n.offered as f64
        };
        interval(&reports, refused).assert_covers(service_time, blocked, 0.03);
    }
}

#[test]
fn md1_and_mg1_wait_as_pollaczek_and_khinchine_say() {
    for (service_time, scv) in
        [("'10ms'", 0.0), ("{ erlang = '10ms', k = 2 }", 0.5), ("{ lognormal = '10ms', scv = 2.0 }", 2.0)]
    {
        let node = format!("kind = 'service'\nworkers = 1\nservice_time = {service_time}");
        let reports = runs("70/s", &node, "3000s", 10);
        let wait = 0.7 * (1.0 + scv) / 2.0 / (1.0 - 0.7) * 10.0;
        interval(&reports, mean_ms).assert_covers(service_time, 10.0 + wait, 0.05);
    }
}

#[test]
fn shared_cores_are_insensitive_to_the_distribution() {
    // Processor sharing: E[T] = E[S]/(1 − ρ) for any law of S.
    for service_time in ["{ exponential = '10ms' }", "'10ms'", "{ hyperexponential = '10ms', scv = 4.0 }"] {
        let node = format!("kind = 'service'\nworkers = 100000\ncores = 1\nservice_time = {service_time}");
        let reports = runs("70/s", &node, "2000s", 10);
        interval(&reports, mean_ms).assert_covers(service_time, 10.0 / 0.3, 0.04);
    }
}

#[test]
fn a_database_with_a_knee_is_a_birth_and_death_process() {
    // Exponential statements, rate n·speed(n)/mean: the stationary law follows by balance, with loss at the limit.
    let node =
        "kind = 'database'\nmax_connections = 30\nknee = 4\ncontention = 0.2\nservice_time = { exponential = '20ms' }";
    let reports = runs("150/s", node, "2000s", 10);
    let death = |n: f64| {
        let speed = if n <= 4.0 { 1.0 } else { 4.0 / n / (1.0 + 0.2 * (n - 4.0) / 4.0) };
        n * speed / 0.020
    };
    let mut weights = vec![1.0];
    for n in 1..=30 {
        weights.push(weights[n - 1] * 150.0 / death(n as f64));
    }
    let total: f64 = weights.iter().sum();
    let blocked = weights[30] / total;
    let mean_n: f64 = weights.iter().enumerate().map(|(n, w)| n as f64 * w / total).sum();
    let sojourn_ms = mean_n / (150.0 * (1.0 - blocked)) * 1e3;
    interval(&reports, mean_ms).assert_covers("mean sojourn", sojourn_ms, 0.05);
    let refused =
        |r: &Report| *r.nodes["server"].errors.get("503").unwrap_or(&0) as f64 / r.nodes["server"].offered as f64;
    interval(&reports, refused).assert_covers("refused", blocked, 0.2);
}
