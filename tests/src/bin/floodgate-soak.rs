//! Runs the soak and prints a table: `floodgate-soak [--quick] [PART[:NUMBER]]…`. Without a part it runs all; with a number
//! it runs that one input of the part again.

use floodgate_tests::soak::outcome::Outcome;
use floodgate_tests::soak::{Part, memory, trial};
use stats_alloc::StatsAlloc;
use std::alloc::System;
use std::process::ExitCode;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = memory::ALLOCATOR;

/// What is run, on one thread.
struct Job {
    part: Part,
    number: Option<u64>,
}

impl Job {
    fn parse(word: &str) -> Option<Job> {
        let (name, number) = match word.split_once(':') {
            Some((name, number)) => (name, Some(number.parse().ok()?)),
            None => (word, None),
        };
        Some(Job { part: Part::parse(name)?, number })
    }

    fn run(&self, quick: bool) -> Outcome {
        self.number.map_or_else(|| self.part.run(quick), |number| self.part.replay(number))
    }
}

/// An input that is read for minutes will be read for ever: ends the program and says which.
fn watch() {
    let mut seen = trial::started();
    loop {
        std::thread::sleep(Duration::from_secs(300));
        if seen == trial::started() && trial::under_way() {
            eprintln!("the input that was the {seen}th to be tried has not ended in 5 minutes: it hangs");
            std::process::exit(1);
        }
        seen = trial::started();
    }
}

fn main() -> ExitCode {
    let (options, words): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|word| word.starts_with('-'));
    let quick = options == ["--quick"];
    let jobs: Option<Vec<Job>> = words.iter().map(|word| Job::parse(word)).collect();
    let Some(mut jobs) = jobs.filter(|_| quick || options.is_empty()) else {
        eprintln!("floodgate-soak [--quick] [PART[:NUMBER]]…");
        eprintln!("parts: {}", Part::ALL.map(Part::name).join(", "));
        return ExitCode::FAILURE;
    };
    if jobs.is_empty() {
        jobs = Part::ALL.map(|part| Job { part, number: None }).into();
    }
    #[expect(clippy::disallowed_methods, reason = "it looks on from outside; the runs themselves are on one thread")]
    std::thread::spawn(watch);
    let mut failed = 0;
    for job in jobs {
        let outcome = job.run(quick);
        println!("{outcome}");
        failed += outcome.failed();
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
