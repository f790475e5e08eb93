//! Experiments: independent replications of a scenario, and the numbers read off them.

use super::{Case, Row, Verdict};
use crate::stats::Interval;
use floodgate::{Duration, Report, Scenario, Simulation};
use floodgate_core::stats::{Histogram, NodeStats};
use std::sync::atomic::{AtomicU64, Ordering};

/// How long to run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// Relative half width aimed at for means; the number of requests follows from the case's own estimate of it.
    pub target: f64,
    /// Requests that an experiment may take; what needs more is left open (or run with so many when `insist` is set).
    pub requests_max: f64,
    /// Run whatever it takes, up to the limit.
    pub insist: bool,
}

impl Effort {
    /// For `cargo test`: seconds.
    pub const QUICK: Effort = Effort { target: 0.03, requests_max: 1e6, insist: false };
    /// For `cargo xtask reference`: minutes.
    pub const FULL: Effort = Effort { target: 0.015, requests_max: 4e7, insist: true };
    /// For doubt: an hour.
    pub const LONG: Effort = Effort { target: 0.004, requests_max: 4e8, insist: true };
}

/// Independent runs of each experiment.
pub const REPLICATIONS: u64 = 16;

/// What a number is held against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expected {
    /// A value of theory.
    Value(f64),
    /// The mean of an independent simulation of so many requests: its own error counts too, estimated from ours.
    Simulated(f64, f64),
    /// A value that holds up to a share of it, as the case says, beside our own error.
    Near(f64, f64),
    /// A bound from above, to be kept by the whole interval.
    AtMost(f64),
}

impl Expected {
    fn number(self) -> f64 {
        match self {
            Expected::Value(x) | Expected::Simulated(x, _) | Expected::Near(x, _) | Expected::AtMost(x) => x,
        }
    }
}

/// A number that comes out of a replication.
#[derive(Clone, Debug)]
pub struct Stat {
    /// Its name among the case's expected numbers.
    pub name: String,
    /// What it is held against.
    pub expected: Expected,
    /// How wide its interval may be, in units of the target: 2 for means, 4 for percentiles, more for what is rare.
    pub width: f64,
}

/// A measurement of a run.
pub type Measure = Box<dyn Fn(&Run) -> f64 + Sync>;

/// How a replication is made: from the seed and the requests it should have, to a number for each statistic.
type Replicate = Box<dyn Fn(u64, f64) -> Vec<f64> + Sync>;

/// Replications of one thing, and what is expected of it.
pub struct Experiment {
    /// Told beside the names of the statistics where a case has several experiments.
    pub label: String,
    /// Relative half width of the hardest of its means after a million requests.
    pub half_width: f64,
    /// What is expected, in the order of the numbers.
    pub stats: Vec<Stat>,
    replicate: Replicate,
}

/// A run that has come to its end.
pub struct Run {
    /// As it is now.
    pub simulation: Simulation,
    /// Its report.
    pub report: Report,
    /// Length of what was measured.
    pub seconds: f64,
}

impl Run {
    /// Counters of a node.
    ///
    /// # Panics
    /// When there is no such node.
    #[must_use]
    pub fn node(&self, id: &str) -> &NodeStats {
        let nodes = &self.simulation.scenario().nodes;
        let place = nodes.iter().position(|n| n.id == id).unwrap_or_else(|| panic!("no node `{id}`"));
        self.simulation.node_counters(place)
    }

    /// Mean over time of a gauge.
    ///
    /// # Panics
    /// When there is no such gauge.
    #[must_use]
    pub fn gauge(&self, id: &str, name: &str) -> f64 {
        self.report.nodes[id].gauges[name].mean
    }

    /// Share of the time that `k` or more were at a node.
    #[must_use]
    pub fn at_least(&self, id: &str, k: u64) -> f64 {
        self.node(id).levels.share_at_least(k, self.simulation.now()).unwrap_or(0.0)
    }
}

/// Mean in seconds; 0 without values.
#[must_use]
pub fn mean(histogram: &Histogram) -> f64 {
    if histogram.count() == 0 { 0.0 } else { histogram.sum() as f64 / histogram.count() as f64 / 1e9 }
}

/// A percentile in seconds, interpolated within its bucket: the buckets are 0.8 % wide, which is more than the statistical
/// error of a long run.
#[must_use]
pub fn quantile(histogram: &Histogram, q: f64) -> f64 {
    let rank = q * histogram.count() as f64;
    let mut below = 0.0;
    for (middle, count) in histogram.values() {
        let here = count as f64;
        if below + here >= rank {
            // A bucket of an octave is 1/128 of the octave's start wide, but not less than a nanosecond.
            let width = if middle.0 < 128 { 0.0 } else { (1u64 << (middle.0.ilog2() - 7)) as f64 };
            let share = (rank - below) / here;
            return (middle.0 as f64 + width * (share - 0.5)) / 1e9;
        }
        below += here;
    }
    histogram.max().map_or(0.0, |d| d.as_secs_f64())
}

/// Standard deviation in seconds.
#[must_use]
pub fn deviation(histogram: &Histogram) -> f64 {
    let (first, second) = (mean(histogram), histogram.moment(2).unwrap_or(0.0));
    (second - first * first).max(0.0).sqrt()
}

impl Experiment {
    /// A scenario in its steady state: `body` is the file without its header, `rate` the requests per second that it gets.
    /// A tenth of the run goes before as warm-up.
    #[must_use]
    pub fn steady(case: &Case, half_width: f64, rate: f64, body: String) -> Steady {
        let name = case.id.clone();
        Steady {
            name,
            half_width,
            rate,
            body,
            twice: None,
            label: String::new(),
            stats: Vec::new(),
            measures: Vec::new(),
        }
    }

    /// Anything that makes numbers of a seed and a number of requests.
    #[must_use]
    pub fn custom(half_width: f64, stats: Vec<Stat>, replicate: Replicate) -> Experiment {
        Experiment { label: String::new(), half_width, stats, replicate }
    }

    /// Runs it and judges what comes out.
    #[must_use]
    pub fn rows(&self, case: &Case, effort: Effort) -> Vec<Row> {
        // The cases' own estimates of their errors are good to a quarter.
        let ratio = 1.25 * self.half_width / effort.target;
        let wanted = 1e6 * ratio * ratio;
        if wanted > effort.requests_max && !effort.insist {
            let reason = format!("takes {wanted:.0} requests; `cargo xtask reference {}` runs it", case.family);
            return self.stats.iter().map(|s| Row::open(case, &self.name(s), reason.clone())).collect();
        }
        let requests = wanted.min(effort.requests_max).max(2e5);
        let runs = replications(|seed| (self.replicate)(seed, requests / REPLICATIONS as f64));
        let judge = |(i, stat): (usize, &Stat)| {
            let values: Vec<f64> = runs.iter().map(|run| run[i]).collect();
            self.judge(case, stat, &values, requests, effort)
        };
        self.stats.iter().enumerate().map(judge).collect()
    }

    fn name(&self, stat: &Stat) -> String {
        if self.label.is_empty() { stat.name.clone() } else { format!("{} [{}]", stat.name, self.label) }
    }

    fn judge(&self, case: &Case, stat: &Stat, values: &[f64], requests: f64, effort: Effort) -> Row {
        let interval = Interval::of(values);
        let expected = stat.expected.number();
        let mut z = interval.z(expected);
        let narrow = interval.half_width <= stat.width * effort.target * expected.abs();
        let verdict = match stat.expected {
            Expected::AtMost(x) if interval.mean + interval.half_width <= x => Verdict::Pass,
            Expected::AtMost(_) => Verdict::Fail("the bound is not kept by the whole interval".to_owned()),
            _ if !narrow => Verdict::Fail(format!(
                "the interval is {:.3} of the value wide, too much to say anything",
                interval.half_width / expected
            )),
            Expected::Near(x, share) if (interval.mean - x).abs() <= share * x.abs() + interval.half_width => {
                Verdict::Pass
            }
            Expected::Near(_, share) => Verdict::Fail(format!("more than {share} of it away")),
            Expected::Simulated(_, n) => {
                // The same estimator of n requests has the same variance per request.
                z /= (1.0 + requests / n).sqrt();
                judged(z)
            }
            Expected::Value(_) => judged(z),
        };
        let judged_by_z = matches!(stat.expected, Expected::Value(_) | Expected::Simulated(..));
        Row {
            case: case.id.clone(),
            statistic: self.name(stat),
            expected: Some(expected),
            got: Some((interval.mean, interval.half_width)),
            z: judged_by_z.then_some(z),
            verdict,
        }
    }
}

fn judged(z: f64) -> Verdict {
    if z.abs() < 4.0 { Verdict::Pass } else { Verdict::Fail(format!("{z:.1} standard errors away")) }
}

/// Builds an [`Experiment`] of a scenario in its steady state.
pub struct Steady {
    name: String,
    half_width: f64,
    rate: f64,
    body: String,
    twice: Option<String>,
    label: String,
    stats: Vec<Stat>,
    measures: Vec<Measure>,
}

impl Steady {
    /// The same system twice as large: what is measured is extrapolated to an infinitely large one, from which a finite one
    /// differs by a term of one over its size (Richardson).
    #[must_use]
    pub fn twice(mut self, body: String) -> Steady {
        self.twice = Some(body);
        self
    }

    /// Told beside the names of the statistics.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Steady {
        self.label = label.into();
        self
    }

    /// Adds a number to be measured.
    #[must_use]
    pub fn stat(
        mut self,
        name: impl Into<String>,
        expected: Expected,
        width: f64,
        measure: impl Fn(&Run) -> f64 + Sync + 'static,
    ) -> Steady {
        self.stats.push(Stat { name: name.into(), expected, width });
        self.measures.push(Box::new(measure));
        self
    }

    /// Ready to run.
    #[must_use]
    pub fn done(self) -> Experiment {
        let Steady { name, half_width, rate, body, twice, label, stats, measures } = self;
        let replicate = move |seed: u64, requests: f64| {
            let seconds = (requests / rate).ceil();
            let measured = |body: &str| -> Vec<f64> {
                let run = run(&name, body, seed, (seconds / 10.0).ceil(), seconds);
                if let Err(problem) = little(&run) {
                    panic!("{name}, seed {seed}: {problem}");
                }
                measures.iter().map(|measure| measure(&run)).collect()
            };
            let once = measured(&body);
            match &twice {
                Some(twice) => measured(twice).iter().zip(once).map(|(large, small)| 2.0 * large - small).collect(),
                None => once,
            }
        };
        Experiment { label, half_width, stats, replicate: Box::new(replicate) }
    }
}

/// Runs a scenario file through the public interface and checks the books.
///
/// # Panics
/// When the file is wrong, a limit is met, or the books do not balance.
#[must_use]
pub fn run(name: &str, body: &str, seed: u64, warm_up: f64, seconds: f64) -> Run {
    let text = format!("format = 1\nname = '{name}'\nuntil = '{}s'\nwarm_up = '{warm_up}s'\n{body}", warm_up + seconds);
    let scenario = Scenario::load(&text).unwrap_or_else(|problems| panic!("{name}: {problems}\n{text}"));
    let mut simulation = Simulation::new(&scenario, seed);
    simulation.run_until(scenario.until).unwrap_or_else(|halt| panic!("{name}: {halt}"));
    simulation.check_books().unwrap_or_else(|problem| panic!("{name}: {problem}"));
    Run { report: simulation.report(), simulation, seconds }
}

/// Little's law at every station: the time that requests spent there is the sum of their sojourn times, but for those who
/// were there when the measurement began or ended.
fn little(run: &Run) -> Result<(), String> {
    for (id, node) in run.report.nodes.iter().filter(|(_, node)| node.kind == "station") {
        let stats = run.node(id);
        if stats.errors.total() > 0 {
            // Sojourn times are recorded of those who were served.
            continue;
        }
        let presence = node.gauges["in_system"].mean * run.seconds;
        let sojourns = stats.latency.sum() as f64 / 1e9;
        let longest = stats.latency.max().map_or(0.0, |d| d.as_secs_f64());
        // At each end there were at most as many as ever, and nearly none for longer than the longest sojourn.
        let slack = 2.0 * node.gauges["in_system"].max as f64 * longest;
        if (presence - sojourns).abs() > slack {
            return Err(format!("`{id}`: Little's law: ∫N dt = {presence} s, Σ T = {sojourns} s, slack {slack} s"));
        }
    }
    Ok(())
}

/// Runs `replicate` for seeds 1 to [`REPLICATIONS`], side by side; the results do not depend on how.
fn replications(replicate: impl Fn(u64) -> Vec<f64> + Sync) -> Vec<Vec<f64>> {
    let next = AtomicU64::new(1);
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(REPLICATIONS as usize);
    let mut results: Vec<(u64, Vec<f64>)> = std::thread::scope(|scope| {
        let work = || {
            let mut done = Vec::new();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed > REPLICATIONS {
                    return done;
                }
                done.push((seed, replicate(seed)));
            }
        };
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let join = |handle: std::thread::ScopedJoinHandle<'_, _>| match handle.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        handles.into_iter().flat_map(join).collect()
    });
    results.sort_by_key(|(seed, _)| *seed);
    results.into_iter().map(|(_, values)| values).collect()
}

/// A length of time as scenario files write it, to the nanosecond.
#[must_use]
pub fn time(seconds: f64) -> String {
    format!("{}ns", Duration::from_secs_f64(seconds).0)
}
