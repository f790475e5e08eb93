//! One station: what arrives, how it is served, who waits.

use super::experiment::{Run, Stat, Steady, deviation, mean, quantile, run, time};
use super::{Case, Expected, Experiment, Plan};
use crate::reference::Expected::{AtMost, Value};
use std::f64::consts::TAU;

/// How wide an interval may be, in units of the target: of means, of percentiles and second moments, of what is rare.
pub(super) const MEAN: f64 = 2.0;
pub(super) const TAIL: f64 = 4.0;
pub(super) const RARE: f64 = 12.0;

/// Clients that wait for ever, in front of `to`.
pub(super) fn clients(id: &str, to: &str, more: &str) -> String {
    format!(
        "[[node]]\nid = '{id}'\nkind = 'clients'\ntimeout = 'none'\n{more}\n\
         [[link]]\nfrom = '{id}'\nto = '{to}'\n"
    )
}

pub(super) fn station(id: &str, more: &str) -> String {
    format!("[[node]]\nid = '{id}'\nkind = 'station'\n{more}\n")
}

pub(super) fn exponential(mean: f64) -> String {
    format!("{{ exponential = '{}' }}", time(mean))
}

/// A distribution as the cases name it.
fn law(case: &Case) -> String {
    let mean = case.param("mean_service");
    match case.word("service") {
        "exponential" => exponential(mean),
        "deterministic" => format!("'{}'", time(mean)),
        "lognormal" => format!("{{ lognormal = '{}', scv = {:?} }}", time(mean), case.param("scv")),
        "hyperexp2-balanced" | "hyperexp2-balanced-means" => {
            format!("{{ hyperexponential = '{}', scv = {:?} }}", time(mean), case.param("scv"))
        }
        "erlang-k" => format!("{{ erlang = '{}', k = {} }}", time(mean), case.param("k")),
        "uniform(0,2m)" => format!("{{ uniform = ['0s', '{}'] }}", time(2.0 * mean)),
        other => panic!("{}: no law `{other}`", case.id),
    }
}

/// Poisson clients and one station, its service law and other parameters as given.
fn simple(case: &Case, half_width: f64, service: &str, more: &str) -> Steady {
    let rate = case.param("lambda_");
    let arrivals = clients("users", "s", &format!("rate = '{rate}/s'"));
    let body = arrivals + &station("s", &format!("service_time = {service}\n{more}"));
    Experiment::steady(case, half_width, rate, body)
}

/// Adds the statistics that the case expects and that mean the same of every single station.
fn usual(case: &Case, mut steady: Steady) -> Steady {
    for name in case.expected_names() {
        let (width, measure): (f64, fn(&Run) -> f64) = match name.as_str() {
            "utilization" => (MEAN, |r| r.report.nodes["s"].utilization.unwrap_or(0.0)),
            "mean_busy" => (MEAN, |r| r.gauge("s", "busy")),
            "mean_sojourn" | "mean_sojourn_accepted" => (MEAN, |r| mean(&r.node("s").latency)),
            "mean_wait" | "mean_wait_all" => (TAIL, |r| mean(&r.node("s").wait)),
            "L" | "mean_N" => (MEAN, |r| r.gauge("s", "in_system")),
            "Lq" | "mean_Lq" => (TAIL, |r| r.report.nodes["s"].queue.mean),
            "throughput" => (MEAN, |r| r.report.nodes["s"].throughput_per_s),
            "sd_sojourn" => (TAIL, |r| deviation(&r.node("s").latency)),
            "p50_sojourn" => (TAIL, |r| quantile(&r.node("s").latency, 0.5)),
            "p95_sojourn" | "p95_sojourn_accepted" => (TAIL, |r| quantile(&r.node("s").latency, 0.95)),
            "p99_sojourn" | "p99_sojourn_accepted" => (TAIL, |r| quantile(&r.node("s").latency, 0.99)),
            "p95_wait" => (TAIL, |r| quantile(&r.node("s").wait, 0.95)),
            "p99_wait" => (TAIL, |r| quantile(&r.node("s").wait, 0.99)),
            "P_wait" => (MEAN, |r| 1.0 - r.node("s").wait.share_at_most(floodgate::Duration::ZERO).unwrap_or(1.0)),
            "P_block" | "P_abandon" => (TAIL, refused),
            "P_N_ge_10" => (RARE, |r| r.at_least("s", 10)),
            "P_N_ge_50" => (TAIL, |r| r.at_least("s", 50)),
            "P_empty" => (RARE, |r| 1.0 - r.at_least("s", 1)),
            "mean_busy_period" => (TAIL, |r| r.at_least("s", 1) * r.seconds / r.node("s").levels.rises() as f64),
            _ => continue,
        };
        let expected = Value(case.expect(&name));
        steady = steady.stat(name, expected, width, measure);
    }
    steady
}

/// Share of what came that was answered with an error: lost, or gone.
fn refused(r: &Run) -> f64 {
    let stats = r.node("s");
    stats.errors.total() as f64 / (stats.errors.total() + stats.answered) as f64
}

fn plan(experiments: Vec<Experiment>) -> Plan {
    Plan { experiments, open: Vec::new() }
}

pub(super) fn mm1(case: &Case) -> Plan {
    let service = exponential(1.0 / case.param("mu"));
    // Ten or more are rarely there under a light load.
    let least = if case.expect("P_N_ge_10") < 0.01 { 0.03 } else { 0.0 };
    plan(vec![usual(case, simple(case, half_width(case).max(least), &service, "")).done()])
}

/// What the case says of the error of the mean, or of a percentile that may be twice as wide; for those that say nothing, 1 %.
fn half_width(case: &Case) -> f64 {
    let mean = case.half_width("mean").or(case.half_width("P_block")).or(case.half_width("P_abandon")).unwrap_or(0.01);
    mean.max(case.half_width("p99").unwrap_or(0.0) / 2.0)
}

pub(super) fn mmc(case: &Case) -> Plan {
    let service = exponential(1.0 / case.param("mu"));
    let more = format!("servers = {}", case.param("servers"));
    // The case tells the error of the sojourn time; nearly all of it is that of the wait, which is a part of it.
    let half_width = half_width(case) * case.expect("mean_sojourn") / case.expect("mean_wait") / 2.0;
    plan(vec![usual(case, simple(case, half_width.max(0.01), &service, &more)).done()])
}

pub(super) fn mmck(case: &Case) -> Plan {
    let service = exponential(1.0 / case.param("mu"));
    let more = format!("servers = {}\ncapacity = {}", case.param("servers"), case.param("capacity_total"));
    // To find it empty is rare under an overload.
    let least = if case.expect("P_empty") < 0.001 { 0.08 } else { 0.01 };
    let half_width = case.half_width("P_block").unwrap_or(0.01).max(least);
    plan(vec![usual(case, simple(case, half_width, &service, &more)).done()])
}

pub(super) fn erlang_b(case: &Case) -> Plan {
    let more = format!("servers = {}\ncapacity = {}", case.param("servers"), case.param("capacity_total"));
    plan(vec![usual(case, simple(case, half_width(case), &law(case), &more)).done()])
}

pub(super) fn mg1(case: &Case) -> Plan {
    // A second moment of a heavy tail needs more than a mean: its estimate is skewed, and has to be of very many.
    let heavy = case.word("service") == "lognormal" && case.param("scv") > 1.0;
    let least = if heavy { 0.09 } else { 0.01 };
    plan(vec![usual(case, simple(case, half_width(case).max(least), &law(case), "")).done()])
}

pub(super) fn mg1_ps(case: &Case) -> Plan {
    let more = "discipline = 'processor_sharing'";
    let steady = usual(case, simple(case, half_width(case).max(0.012), &law(case), more));
    let slowdown = case.expect("mean_slowdown_conditional");
    // E[T | x] = x/(1 − ρ) for every x, so also for the small and for the large ones among the jobs.
    let part = |r: &Run, wanted: fn(f64, f64) -> bool| {
        let classes = r.node("s").slowdown.classes();
        let all: u64 = classes.iter().map(|c| c.count).sum();
        let demand: u128 = classes.iter().map(|c| c.demand_ns).sum();
        let usual = demand as f64 / all as f64;
        let chosen = classes.iter().filter(|c| c.count > 0 && wanted(c.demand_ns as f64 / c.count as f64, usual));
        let (demand, sojourn) = chosen.fold((0, 0), |(d, s), c| (d + c.demand_ns, s + c.sojourn_ns));
        sojourn as f64 / demand as f64
    };
    let name = "mean_slowdown_conditional";
    let steady = steady.stat(name, Value(slowdown), MEAN, move |r| part(r, |_, _| true));
    let steady = match case.word("service") {
        // All are of one size.
        "deterministic" => steady,
        _ => steady
            .stat(format!("{name} (small jobs)"), Value(slowdown), TAIL, move |r| part(r, |x, mean| x < mean / 2.0))
            .stat(format!("{name} (large jobs)"), Value(slowdown), TAIL, move |r| part(r, |x, mean| x > mean * 2.0)),
    };
    plan(vec![steady.done()])
}

pub(super) fn mm1_lifo(case: &Case) -> Plan {
    let service = exponential(1.0 / case.param("mu"));
    let second_moment = |r: &Run| r.node("s").wait.moment(2).unwrap_or(0.0);
    let discipline = match case.word("discipline") {
        "LIFO-nonpreemptive" => "lifo",
        _ => "lifo_preemptive",
    };
    let half_width = case.half_width("p99").unwrap_or(0.02);
    let more = format!("discipline = '{discipline}'");
    let mut steady = usual(case, simple(case, half_width, &service, &more));
    let mut experiments = Vec::new();
    if discipline == "lifo" {
        let (fifo, lifo) = (case.expect("second_moment_wait_FIFO"), case.expect("second_moment_wait_LIFO"));
        steady = steady.stat("second_moment_wait_LIFO", Value(lifo), RARE, second_moment);
        let other = simple(case, half_width, &service, "").label("fifo");
        experiments.push(other.stat("second_moment_wait_FIFO", Value(fifo), RARE, second_moment).done());
    }
    experiments.push(steady.done());
    plan(experiments)
}

pub(super) fn mg1_setup(case: &Case) -> Plan {
    let set_up = case.param("setup");
    let set_up = match case.word("setup_law") {
        "det" => format!("'{}'", time(set_up)),
        _ => exponential(set_up),
    };
    let more = format!("set_up = {set_up}");
    let service = exponential(case.param("mean_service"));
    plan(vec![usual(case, simple(case, half_width(case).max(0.01), &service, &more)).done()])
}

pub(super) fn mginf(case: &Case) -> Plan {
    let (rate, service) = (case.param("lambda_"), case.param("mean_service"));
    let p99 = case.expect("p99_N") as u64;
    // Any law will do in the steady state.
    let laws = [
        ("exponential", exponential(service)),
        ("deterministic", format!("'{}'", time(service))),
        ("lognormal", format!("{{ lognormal = '{}', scv = 4.0 }}", time(service))),
    ];
    let steady = |(label, law): (&str, String)| {
        let levels = |r: &Run, of: fn(f64) -> f64| {
            let now = r.simulation.now();
            let times = r.node("s").levels.times(now);
            times.map(|(n, time)| of(n as f64) * time.as_secs_f64()).sum::<f64>() / r.seconds
        };
        usual(case, simple(case, 0.03, &law, "servers = 'none'").label(label))
            .stat("var_N", Value(case.expect("var_N")), TAIL, move |r| {
                let first = levels(r, |n| n);
                levels(r, |n| n * n) - first * first
            })
            // The smallest n with P(N ≤ n) ≥ 0.99.
            .stat("p99_N (P(N > it))", AtMost(0.01), MEAN, move |r| r.at_least("s", p99 + 1))
            .stat("p99_N (P(N < it))", AtMost(0.99), MEAN, move |r| 1.0 - r.at_least("s", p99))
            .stat("P_N_0", Value(case.expect("P_N_0")), 4.0 * RARE, |r| 1.0 - r.at_least("s", 1))
            .done()
    };
    let mut experiments: Vec<Experiment> = laws.into_iter().map(steady).collect();
    let (name, body) = (case.id.clone(), {
        let arrivals = clients("users", "s", &format!("rate = '{rate}/s'"));
        arrivals + &station("s", &format!("service_time = {}\nservers = 'none'", exponential(service)))
    });
    let stat = |name: &str| Stat { name: name.to_owned(), expected: Value(case.expect(name)), width: MEAN };
    let stats = vec![stat("E_N_at_t_eq_mean_service"), stat("E_N_at_t_eq_2mean")];
    let replicate = move |seed: u64, requests: f64| {
        // From empty, many times over: a run of this length sees so many requests.
        let runs = (requests / (rate * service * 2.0)).ceil() as u64;
        let mut sums = [0u64; 2];
        for i in 0..runs {
            for (sum, length) in sums.iter_mut().zip([service, 2.0 * service]) {
                let run = run(&name, &body, seed << 32 | i, 0.0, length);
                *sum += run.report.nodes["s"].gauges["in_system"].last;
            }
        }
        sums.map(|sum| sum as f64 / runs as f64).to_vec()
    };
    experiments.push(Experiment::custom(0.01, stats, Box::new(replicate)));
    plan(experiments)
}

/// The number in system, seen at every sixtieth of a period over many periods, as mean and first harmonic.
pub(super) fn mtminf(case: &Case) -> Plan {
    let (rate, period) = (case.param("lambda_bar"), case.param("period"));
    let wave = case.param("amplitude") / rate;
    let arrivals = format!("rate = '{rate}/s'\narrivals = {{ wave = {wave:?}, period = '{}' }}", time(period));
    let service = exponential(case.param("mean_service"));
    let body = clients("users", "s", &arrivals) + &station("s", &format!("service_time = {service}\nservers = 'none'"));
    let name = case.id.clone();
    let replicate = move |seed: u64, requests: f64| {
        const STEPS: usize = 60;
        let periods = (requests / (rate * period)).ceil() as usize;
        let until = (periods + 2) as f64 * period;
        let text = format!("format = 1\nname = '{name}'\nuntil = '{until}s'\n{body}");
        let scenario = floodgate::Scenario::load(&text).unwrap_or_else(|problems| panic!("{problems}"));
        let mut simulation = floodgate::Simulation::new(&scenario, seed);
        let station = scenario.nodes.iter().position(|n| n.id == "s").unwrap_or(0);
        let mut by_phase = [0.0; STEPS];
        // The first two periods fill it.
        for step in 2 * STEPS..(periods + 2) * STEPS {
            let at = step as f64 * period / STEPS as f64;
            simulation.run_until(floodgate::Time::from_secs_f64(at)).unwrap_or_else(|halt| panic!("{halt}"));
            by_phase[step % STEPS] += simulation.node_counters(station).levels.value() as f64 / periods as f64;
        }
        let sum = |f: fn(f64) -> f64| -> f64 {
            let term = |(i, n): (usize, &f64)| n * f(TAU * i as f64 / STEPS as f64);
            by_phase.iter().enumerate().map(term).sum::<f64>() / STEPS as f64
        };
        let (mean, sine, cosine) = (sum(|_| 1.0), 2.0 * sum(libm::sin), 2.0 * sum(libm::cos));
        let amplitude = (sine * sine + cosine * cosine).sqrt();
        let lag = libm::atan2(-cosine, sine) / TAU * period;
        vec![mean, amplitude, lag, mean + amplitude, mean - amplitude]
    };
    let stat = |name: &str| Stat { name: name.to_owned(), expected: Value(case.expect(name)), width: MEAN };
    let stats = ["mean_N", "amplitude_N", "phase_lag_seconds", "max_EN", "min_EN"].map(stat).to_vec();
    plan(vec![Experiment::custom(0.01, stats, Box::new(replicate))])
}

pub(super) fn priority(case: &Case) -> Plan {
    let (rates, services) = (case.list("lambdas"), case.list("mean_services"));
    let preemptive = case.params["preemptive"] == true;
    let law = |mean: f64| match case.word("service") {
        "deterministic" => format!("'{}'", time(mean)),
        _ => exponential(mean),
    };
    let discipline = if preemptive { "priority_preemptive" } else { "priority" };
    let mut body = station("s", &format!("discipline = '{discipline}'\nservice_time = {}", law(services[0])));
    for (class, (rate, service)) in rates.iter().zip(&services).enumerate() {
        // Classes differ in the work that they ask for.
        let work = service / services[0];
        let more = format!("rate = '{rate}/s'\npriority = {class}\nwork = {work:?}");
        body += &clients(&format!("class{class}"), "s", &more);
    }
    let half_width = 0.02;
    let mut steady = Experiment::steady(case, half_width, rates.iter().sum(), body);
    for (class, service) in services.into_iter().enumerate() {
        let name = format!("mean_sojourn_by_class[{class}]");
        let expected = Value(case.expect(&name));
        let id = format!("class{class}");
        steady = steady.stat(name, expected, MEAN, move |r| mean(&r.node(&id).latency));
        if case.expected["mean_wait_by_class"].is_array() {
            let name = format!("mean_wait_by_class[{class}]");
            let expected = Value(case.expect(&name));
            let id = format!("class{class}");
            let told = format!("{name} (sojourn − E[S])");
            steady = steady.stat(told, expected, TAIL, move |r| mean(&r.node(&id).latency) - service);
        }
    }
    plan(vec![steady.done()])
}

pub(super) fn erlang_a(case: &Case) -> Plan {
    let service = exponential(1.0 / case.param("mu"));
    let patience = exponential(1.0 / case.param("patience_rate"));
    let more = format!("servers = {}\npatience = {patience}", case.param("servers"));
    let expected = Value(case.expect("P_abandon_given_wait"));
    let waited = |r: &Run| {
        let wait = &r.node("s").wait;
        let waited = (1.0 - wait.share_at_most(floodgate::Duration::ZERO).unwrap_or(1.0)) * wait.count() as f64;
        r.node("s").errors.total() as f64 / waited
    };
    let steady = usual(case, simple(case, half_width(case), &service, &more));
    plan(vec![steady.stat("P_abandon_given_wait", expected, TAIL, waited).done()])
}

pub(super) fn gim1_kingman(case: &Case) -> Plan {
    let gaps = match case.word("interarrival") {
        "D" => "{ gaps = 'deterministic' }".to_owned(),
        "Erlang-4" => "{ gaps = 'erlang', stages = 4 }".to_owned(),
        "H2" => format!("{{ gaps = 'hyperexponential', scv = {:?} }}", case.param("interarrival_scv")),
        other => panic!("{}: no gaps `{other}`", case.id),
    };
    let rate = case.param("lambda_");
    let service = exponential(1.0 / case.param("mu"));
    let body = clients("users", "s", &format!("rate = '{rate}/s'\narrivals = {gaps}"))
        + &station("s", &format!("service_time = {service}"));
    let steady = usual(case, Experiment::steady(case, half_width(case), rate, body));
    // σ is the chance that somebody is there when an arrival comes.
    let sigma = |r: &Run| 1.0 - r.node("s").wait.share_at_most(floodgate::Duration::ZERO).unwrap_or(1.0);
    let steady = steady.stat("sigma", Value(case.expect("sigma")), MEAN, sigma);
    let bound = AtMost(case.expect("kingman_upper_bound_wait"));
    let steady = steady.stat("kingman_upper_bound_wait", bound, MEAN, |r| mean(&r.node("s").wait));
    Plan {
        experiments: vec![steady.done()],
        open: vec![("allen_cunneen_approx_wait", "an approximation, which says nothing about the simulator")],
    }
}

pub(super) fn batch(case: &Case) -> Plan {
    let (size, mean_size, half_width) = match case.word("batch_size") {
        "fixed 5" => ("fixed", 5.0, 0.0137),
        // Of 200,000 batches of four.
        "geometric mean 4" => ("geometric", 4.0, 0.043),
        other => panic!("{}: no batches `{other}`", case.id),
    };
    let rate = case.param("batch_rate");
    let arrivals = format!("rate = '{rate}/s'\narrivals = {{ batch = '{size}', batch_mean = {mean_size:?} }}");
    let service = exponential(1.0 / case.param("mu"));
    let body = clients("users", "s", &arrivals) + &station("s", &format!("service_time = {service}"));
    plan(vec![usual(case, Experiment::steady(case, half_width, rate * mean_size, body)).done()])
}

pub(super) fn mmpp(case: &Case) -> Plan {
    let (calm, burst) = (1.0 / case.param("r12"), 1.0 / case.param("r21"));
    let arrivals = format!(
        "rate = '{}/s'\narrivals = {{ burst_rate = '{}/s', calm = '{}', burst = '{}' }}",
        case.param("l1"),
        case.param("l2"),
        time(calm),
        time(burst)
    );
    let service = exponential(1.0 / case.param("mu"));
    let body = clients("users", "s", &arrivals) + &station("s", &format!("service_time = {service}"));
    let rate = case.expect("mean_arrival_rate");
    // The case's own estimate is of 1.9 million requests.
    let half_width = case.tolerance["rel_halfwidth95_at_1.9e6"].as_f64().unwrap_or(0.05) * 1.9f64.sqrt();
    let steady = usual(case, Experiment::steady(case, half_width, rate, body));
    let offered = |r: &Run| r.node("users").offered as f64 / r.seconds;
    plan(vec![steady.stat("mean_arrival_rate", Value(rate), MEAN, offered).done()])
}

/// For runners of several nodes.
pub(super) fn expected(case: &Case, name: &str) -> Expected {
    Value(case.expect(name))
}
