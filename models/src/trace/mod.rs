//! Recorded traffic: when requests arrived in a real system, and what is known of each, from a table (CSV) or from the
//! access log of a web server in the common or combined format.
//!
//! Nothing is read here: whoever loads a scenario brings the text (see [`Files`](crate::scenario::Files)).

mod log;
mod stamp;
mod table;

pub use stamp::{Unit, parse_time};

use floodgate_core::rng::hash_text;
use floodgate_core::{Duration, Time};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Largest file, in bytes.
pub const TRACE_BYTES_MAX: usize = 32 << 20;
/// Most requests of a file.
pub const REQUESTS_MAX: usize = 1_000_000;

/// Where in a file things stand.
#[derive(Clone, Debug, PartialEq)]
pub enum Layout {
    /// A table with a line of headers.
    Table(Columns),
    /// An access log, common or combined: who, when, what, and how many bytes stand where they stand.
    Log,
}

/// Which columns of a table say what, by their headers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    /// When: a number, or a date with a time.
    pub at: String,
    /// What a number in that column counts.
    pub unit: Unit,
    /// Who.
    pub client: Option<String>,
    /// What was asked for: a path, a name.
    pub path: Option<String>,
    /// How many bytes were transferred.
    pub bytes: Option<String>,
    /// What it was about: a number, or any text.
    pub key: Option<String>,
    /// Service demand: the sum of these; nothing is said of it when there are none.
    pub demand: Vec<Term>,
}

/// A part of a service demand.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// The column that it is multiplied by; `None` is once for each request.
    pub column: Option<String>,
    /// So long for each.
    pub each: Duration,
}

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// When it arrived, since the first.
    pub at: Duration,
    /// Number of its client, by first appearance.
    pub client: u32,
    /// Number of its path in [`Trace::paths`].
    pub path: u32,
    /// Bytes transferred; 0 when nothing is said of it.
    pub bytes: u64,
    /// What it was about.
    pub key: Option<u64>,
    /// Its service demand.
    pub demand: Option<Duration>,
}

/// What a file says, in the order of arrival.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Trace {
    /// Every request.
    pub requests: Vec<Recorded>,
    /// Distinct paths, by first appearance; empty when nothing is said of paths.
    pub paths: Vec<Arc<str>>,
    /// How many distinct clients there are; 0 when nothing is said of them.
    pub clients: u32,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceProblem {
    /// Line, from 1; 0 is the file as a whole.
    pub line: u64,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub remedy: String,
}

impl TraceProblem {
    fn new(line: u64, message: impl Into<String>, remedy: impl Into<String>) -> TraceProblem {
        TraceProblem { line, message: message.into(), remedy: remedy.into() }
    }
}

impl std::fmt::Display for TraceProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => write!(f, "{} ({})", self.message, self.remedy),
            line => write!(f, "line {line}: {} ({})", self.message, self.remedy),
        }
    }
}

impl Trace {
    /// Reads a file.
    ///
    /// # Errors
    /// The first thing that is wrong: a line that is broken, a time before the one above it, a column that is not there.
    pub fn read(text: &str, layout: &Layout) -> Result<Trace, TraceProblem> {
        if text.len() > TRACE_BYTES_MAX {
            let message = format!("the file has {} bytes, more than the limit of {TRACE_BYTES_MAX}", text.len());
            return Err(TraceProblem::new(0, message, "cut a part out of it"));
        }
        let mut builder = Builder::default();
        match layout {
            Layout::Table(columns) => table::read(text, columns, &mut builder)?,
            Layout::Log => log::read(text, &mut builder)?,
        }
        if builder.trace.requests.is_empty() {
            return Err(TraceProblem::new(0, "there is no request in the file", "is this the right file?"));
        }
        Ok(builder.trace)
    }

    /// From the first request to the last.
    #[must_use]
    pub fn span(&self) -> Duration {
        self.requests.last().map_or(Duration::ZERO, |last| last.at)
    }

    /// How long one round takes when the file is played again and again: its span, and a mean gap before the next begins.
    #[must_use]
    pub fn round(&self) -> Duration {
        let gaps = self.requests.len().saturating_sub(1) as u64;
        match self.span().0.checked_div(gaps) {
            Some(gap) => Duration(self.span().0 + gap.max(1)),
            None => Duration::from_secs(1),
        }
    }

    /// About how many bytes it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.requests.len() * size_of::<Recorded>() + self.paths.iter().map(|path| path.len() + 16).sum::<usize>()
    }
}

/// What one line says.
#[derive(Default)]
struct Line<'t> {
    number: u64,
    /// Since whenever the file counts from, in nanoseconds.
    at: i128,
    client: Option<&'t str>,
    path: Option<&'t str>,
    bytes: u64,
    key: Option<&'t str>,
    demand: Option<Duration>,
}

#[derive(Default)]
struct Builder {
    trace: Trace,
    first: Option<i128>,
    clients: BTreeMap<String, u32>,
    paths: BTreeMap<Arc<str>, u32>,
}

impl Builder {
    fn add(&mut self, line: &Line<'_>) -> Result<(), TraceProblem> {
        if self.trace.requests.len() >= REQUESTS_MAX {
            let message = format!("there are more requests than the limit of {REQUESTS_MAX}");
            return Err(TraceProblem::new(line.number, message, "cut a part out of the file"));
        }
        let first = *self.first.get_or_insert(line.at);
        let since = u64::try_from(line.at - first).ok().filter(|since| Time(*since) < Time::MAX);
        let before = self.trace.span();
        let Some(at) = since.map(Duration).filter(|at| *at >= before) else {
            let back = self.first.map_or(0, |first| first + i128::from(before.0)) - line.at;
            let (message, remedy) = if back > 0 {
                let back = Duration(u64::try_from(back).unwrap_or(u64::MAX));
                (format!("its time is {back} before that of the line above"), "sort the file by time")
            } else {
                ("its time is centuries after the first".to_owned(), "is this the right column?")
            };
            return Err(TraceProblem::new(line.number, message, remedy));
        };
        let client = line.client.map_or(0, |client| self.client(client));
        let path = line.path.map_or(0, |path| self.path(path));
        let key = line.key.map(|key| key.parse().unwrap_or_else(|_| hash_text(key)));
        let (bytes, demand) = (line.bytes, line.demand);
        self.trace.requests.push(Recorded { at, client, path, bytes, key, demand });
        Ok(())
    }

    fn client(&mut self, client: &str) -> u32 {
        if let Some(number) = self.clients.get(client) {
            return *number;
        }
        let number = self.trace.clients;
        self.clients.insert(client.to_owned(), number);
        self.trace.clients += 1;
        number
    }

    fn path(&mut self, path: &str) -> u32 {
        if let Some(number) = self.paths.get(path) {
            return *number;
        }
        let (path, number): (Arc<str>, u32) = (path.into(), self.trace.paths.len() as u32);
        self.trace.paths.push(Arc::clone(&path));
        self.paths.insert(path, number);
        number
    }
}

/// Text of a file for a message, shortened.
fn shown(text: &str) -> String {
    crate::scenario::shown_text(text)
}

#[cfg(test)]
mod tests;
