//! `floodgate check`: every file and each of its variants, with every seed, against what they expect.

use crate::input::{self, Source};
use crate::output::{complain, defect, print, table};
use crate::progress::Progress;
use crate::{CheckArguments, Outcome};
use floodgate::scenario::Expectation;
use floodgate::{ExpectationResult, Scenario, Time};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// One run: a scenario and a seed.
struct Job<'s> {
    source: &'s Source,
    /// Empty for the file itself.
    variant: &'s str,
    scenario: &'s Scenario,
    seed: u64,
}

/// What came of it; the runs themselves are not kept.
struct Done {
    failures: Vec<ExpectationResult>,
    /// The limit that the run met.
    halted: Option<String>,
}

pub(crate) fn check(arguments: &CheckArguments) -> Outcome {
    let sources: Vec<Option<Source>> = arguments.files.iter().map(|file| input::scenario(file)).collect();
    // Every file is read first: with one that cannot be used none is run, and all of them have been told.
    let Some(sources) = sources.into_iter().collect::<Option<Vec<Source>>>() else { return Outcome::BadInput };
    let mut jobs = Vec::new();
    for source in &sources {
        let first = arguments.seed.unwrap_or(source.scenario.seed);
        let Some(last) = first.checked_add(u64::from(arguments.replications) - 1) else {
            complain(&format!("error: seeds from {first} on, {} of them, are too large", arguments.replications));
            return Outcome::BadInput;
        };
        for (variant, scenario) in scenarios(source) {
            jobs.extend((first..=last).map(|seed| Job { source, variant, scenario, seed }));
        }
    }
    let done = run_all(&jobs);
    let mut outcome = Outcome::Fine;
    let mut text = String::new();
    for source in &sources {
        let of_file = jobs.iter().zip(&done).filter(|(job, _)| std::ptr::eq(job.source, source));
        outcome = outcome.max(summary(source, arguments.replications, &of_file.collect::<Vec<_>>(), &mut text));
    }
    print(&text);
    outcome
}

/// The file itself and its variants, those that expect something.
fn scenarios(source: &Source) -> impl Iterator<Item = (&str, &Scenario)> {
    let variants = source.scenario.variants.iter().map(|v| (v.name.as_str(), &v.scenario));
    std::iter::once(("", &source.scenario)).chain(variants).filter(|(_, s)| !s.expectations.is_empty())
}

/// Runs side by side. Each run is deterministic and the results stand in the order of the jobs, so that the number of
/// processors changes nothing but the time.
fn run_all(jobs: &[Job<'_>]) -> Vec<Done> {
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get()).min(jobs.len());
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    let mut done: Vec<Option<Done>> = jobs.iter().map(|_| None).collect();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                while let Some((place, job)) = take(jobs, next) {
                    if sender.send((place, run_one(job))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut progress = Progress::new(jobs.len() as u64, "{bar:40} run {pos} of {len}, {eta} left");
        for (finished, (place, result)) in receiver.iter().enumerate() {
            done[place] = Some(result);
            progress.set(finished as u64 + 1);
        }
        progress.clear();
    });
    done.into_iter().flatten().collect()
}

fn take<'j, 's>(jobs: &'j [Job<'s>], next: &AtomicUsize) -> Option<(usize, &'j Job<'s>)> {
    let place = next.fetch_add(1, Ordering::Relaxed);
    jobs.get(place).map(|job| (place, job))
}

fn run_one(job: &Job<'_>) -> Done {
    let report = floodgate::check(job.scenario, job.seed);
    let failures = report.results.into_iter().filter(|result| !result.passed()).collect();
    let unbalanced = report.unbalanced.map(|books| defect(&books));
    Done { failures, halted: unbalanced.or(report.halted.map(|halt| halt.to_string())) }
}

/// One line when all is well, otherwise a table of what failed.
fn summary(source: &Source, seeds: u32, runs: &[(&Job<'_>, &Done)], text: &mut String) -> Outcome {
    let file = &source.file;
    let count: usize = scenarios(source).map(|(_, scenario)| scenario.expectations.len()).sum();
    if count == 0 {
        *text += &format!("{file}: expects nothing\n");
        return Outcome::Fine;
    }
    let variants = scenarios(source).filter(|(variant, _)| !variant.is_empty()).count();
    let mut rows = Vec::new();
    let mut reasons = Vec::new();
    for (job, done) in runs {
        if let Some(halted) = &done.halted {
            *text += &format!("{file}: seed {}{}: {halted}\n", job.seed, of_variant(job.variant));
        }
        for failure in &done.failures {
            rows.push(row(source, job, failure));
            let because = &failure.expectation.because;
            if !because.is_empty() && !reasons.contains(because) {
                reasons.push(because.clone());
            }
        }
    }
    let halted = runs.iter().any(|(_, done)| done.halted.is_some());
    let of = format!("{count} expectations, {seeds} seed{}", if seeds == 1 { "" } else { "s" });
    let of =
        if variants > 0 { format!("{of}, {variants} variant{}", if variants == 1 { "" } else { "s" }) } else { of };
    if rows.is_empty() && !halted {
        *text += &format!("{file}: ok ({of})\n");
        return Outcome::Fine;
    }
    *text += &format!("{file}: FAILED, {} of {} results ({of})\n", rows.len(), count * seeds as usize);
    if !rows.is_empty() {
        rows.insert(
            0,
            ["metric", "of", "window", "expected", "got", "seed", "variant", "place"].map(str::to_string).to_vec(),
        );
        *text += &table(&rows, &[4, 5]);
    }
    for reason in reasons {
        *text += &format!("  because: {reason}\n");
    }
    Outcome::Failed
}

fn of_variant(variant: &str) -> String {
    if variant.is_empty() { String::new() } else { format!(", variant \"{variant}\"") }
}

fn row(source: &Source, job: &Job<'_>, result: &ExpectationResult) -> Vec<String> {
    let expectation = &result.expectation;
    let line = source.text.get(..expectation.span.start).unwrap_or("").matches('\n').count() + 1;
    let whole = (Time::ZERO + job.scenario.warm_up, job.scenario.until);
    let (from, to) = expectation.within.unwrap_or(whole);
    vec![
        expectation.metric.to_string(),
        expectation.of.clone().unwrap_or_else(|| "the run".to_string()),
        format!("{from}-{to}"),
        expected(expectation),
        result.value.map_or("nothing to measure".to_string(), number),
        job.seed.to_string(),
        if job.variant.is_empty() { "-".to_string() } else { job.variant.to_string() },
        format!("{}:{line}", source.file),
    ]
}

fn expected(expectation: &Expectation) -> String {
    match (expectation.min, expectation.max) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => "anything".to_string(),
    }
}

/// Enough digits to see on which side of a limit it is, and no more.
fn number(value: f64) -> String {
    if value == value.trunc() && value.abs() < 1e15 { format!("{value}") } else { format!("{value:.6}") }
}
