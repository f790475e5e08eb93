//! The command `floodgate`: runs scenario files, checks what they expect, warns of what is probably not meant.

mod check;
mod input;
mod journeys;
mod lint;
mod list;
mod output;
mod progress;
mod run;
mod trace;

use clap::{Args, Parser, Subcommand, ValueEnum};
use floodgate::{Duration, Time};
use std::process::ExitCode;

/// Deterministic simulation of web architectures under overload.
#[derive(Parser)]
#[command(name = "floodgate", version, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 fine; 1 an expectation failed, or a run met a limit; 2 bad input.";

#[derive(Subcommand)]
enum Command {
    /// Run a scenario and print what was measured.
    Run(RunArguments),
    /// Show every event of a stretch of virtual time, a line each: where two runs differ, compare their traces.
    Trace(TraceArguments),
    /// Run scenarios and their variants, and compare what was measured with what the files expect.
    Check(CheckArguments),
    /// Read scenarios and warn of what is probably not meant.
    Lint {
        /// Scenario files.
        #[arg(required = true)]
        files: Vec<String>,
    },
    /// List the kinds of components, or everything about one kind.
    List {
        /// The kind to explain.
        kind: Option<String>,
    },
}

/// Which run.
#[derive(Args)]
struct Source {
    /// Scenario file; `-` reads standard input.
    file: String,
    /// Seed [default: the control log's, else the file's].
    #[arg(long)]
    seed: Option<u64>,
    /// Run this variant of the file.
    #[arg(long)]
    variant: Option<String>,
    /// Replay what was done by hand: a control log, as the playground saves it.
    #[arg(long, value_name = "LOG")]
    controls: Option<String>,
}

#[derive(Args)]
struct TraceArguments {
    #[command(flatten)]
    source: Source,
    /// First virtual time that is shown [default: the beginning].
    #[arg(long, value_parser = until)]
    from: Option<Time>,
    /// Virtual time at which the trace ends; events at it are not shown.
    #[arg(long, value_parser = until)]
    to: Time,
    /// Lines at most.
    #[arg(long, default_value_t = 100_000)]
    lines: u64,
}

#[derive(Args)]
struct RunArguments {
    #[command(flatten)]
    source: Source,
    /// Virtual time at which the run ends, such as 60s [default: the file's].
    #[arg(long, value_parser = until)]
    until: Option<Time>,
    /// How the report is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Add a series with one point for each window of virtual time, such as 1s.
    #[arg(long, value_name = "WINDOW", value_parser = window)]
    series: Option<Duration>,
    /// Show whole journeys of requests as trees: so many samples, slowest ones, and first and last that failed.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    journeys: Option<u32>,
}

#[derive(Args)]
struct CheckArguments {
    /// Scenario files.
    #[arg(required = true)]
    files: Vec<String>,
    /// First seed [default: each file's].
    #[arg(long)]
    seed: Option<u64>,
    /// How many seeds, one after the other.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    replications: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// As it should.
    Fine = 0,
    /// An expectation failed, or a run met a limit.
    Failed = 1,
    /// Something that was given cannot be used; told on standard error.
    BadInput = 2,
}

fn until(text: &str) -> Result<Time, String> {
    floodgate::scenario::parse_until(text).map_err(|problem| told(&problem))
}

/// The series keeps a bounded number of points whatever the window, so that short windows do no harm.
fn window(text: &str) -> Result<Duration, String> {
    floodgate::scenario::parse_until(text).map(|t| t.since(Time::ZERO)).map_err(|problem| told(&problem))
}

fn told(problem: &floodgate::Problem) -> String {
    format!("{}: give {}", problem.message, problem.remedy)
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Trace(arguments) => trace::trace(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::Lint { files } => lint::lint(&files),
        Command::List { kind } => list::list(kind.as_deref()),
    };
    ExitCode::from(outcome as u8)
}
