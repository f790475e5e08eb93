//! What a part of the soak has measured, and what did not hold.

use std::fmt;

/// How many failures are kept: the first ones say enough.
const FAILURES_MAX: usize = 10;

/// The rows of a part of the table, and its failures.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    part: &'static str,
    rows: Vec<(String, String)>,
    failures: Vec<String>,
    failed: u64,
}

impl Outcome {
    /// Nothing yet.
    #[must_use]
    pub fn new(part: &'static str) -> Outcome {
        Outcome { part, ..Outcome::default() }
    }

    /// A line of the table.
    pub fn row(&mut self, what: impl Into<String>, measured: impl fmt::Display) {
        self.rows.push((what.into(), measured.to_string()));
    }

    /// Something does not hold.
    pub fn fail(&mut self, why: impl Into<String>) {
        self.failed += 1;
        if self.failures.len() < FAILURES_MAX {
            self.failures.push(why.into());
        }
    }

    /// Fails unless it holds.
    pub fn check(&mut self, holds: bool, why: impl FnOnce() -> String) {
        if !holds {
            self.fail(why());
        }
    }

    /// How much did not hold.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// The first things that did not hold.
    #[must_use]
    pub fn failures(&self) -> &[String] {
        &self.failures
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, measured) in &self.rows {
            writeln!(f, "{:<10} {what:<58} {measured}", self.part)?;
        }
        for failure in &self.failures {
            writeln!(f, "{:<10} FAILED: {failure}", self.part)?;
        }
        match self.failed {
            0 => write!(f, "{:<10} holds", self.part),
            n => write!(f, "{:<10} {n} do not hold", self.part),
        }
    }
}
