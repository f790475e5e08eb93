//! What is run for long and with much that is random, to find what short tests do not: see `cargo xtask soak`.

pub mod chance;
pub mod controls;
pub mod day;
pub mod generate;
pub mod loader;
pub mod memory;
pub mod mutate;
pub mod outcome;
pub mod programs;
pub mod trial;

use outcome::Outcome;
use trial::Numbers;

/// By how much a quick soak is shorter.
const QUICK: u64 = 50;

/// A part of the soak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Memory over a virtual day.
    Day,
    /// Damaged scenario files.
    Loader,
    /// Damaged control logs.
    Controls,
    /// The engine against a naive interpreter.
    Programs,
}

impl Part {
    /// All of them, in the order in which they are run.
    pub const ALL: [Part; 4] = [Part::Day, Part::Loader, Part::Controls, Part::Programs];

    /// The part called `name`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Part> {
        Part::ALL.into_iter().find(|part| part.name() == name)
    }

    /// As on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Part::Day => "day",
            Part::Loader => "loader",
            Part::Controls => "controls",
            Part::Programs => "programs",
        }
    }

    /// Runs it, or a fiftieth of it.
    #[must_use]
    pub fn run(self, quick: bool) -> Outcome {
        let divisor = if quick { QUICK } else { 1 };
        match self {
            Part::Day => day::run(divisor),
            Part::Loader => loader::run(Numbers::first(1_000_000 / divisor)),
            Part::Controls => controls::run(Numbers::first(1_000_000 / divisor)),
            Part::Programs => programs::soak(60_000_000 / divisor),
        }
    }

    /// Runs one input of it again, by its number.
    #[must_use]
    pub fn replay(self, number: u64) -> Outcome {
        match self {
            Part::Day => day::run(QUICK),
            Part::Loader => loader::run(Numbers(number..number + 1)),
            Part::Controls => controls::run(Numbers(number..number + 1)),
            Part::Programs => {
                let mut outcome = Outcome::new("programs");
                programs::run(number).map_or_else(|difference| outcome.fail(difference), |_| ());
                outcome
            }
        }
    }
}
