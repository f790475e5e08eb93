//! What is wrong with a file, told so that it can be put right: place, finding, remedy.

use floodgate_core::order::Order as _;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// How many problems are told in full; of the others only the number is.
pub const PROBLEMS_MAX: usize = 100;

/// How many characters of a wrong value are shown.
const SHOWN_MAX: usize = 60;

/// How many valid names are listed in a remedy.
const LISTED_MAX: usize = 24;

/// How many names are looked at for the nearest one.
const COMPARED_MAX: usize = 1000;

/// How grave a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It runs, but probably not as meant.
    Warning,
    /// It cannot run.
    Error,
}

impl Severity {
    /// As printed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// Something wrong with a file: where, what was found, and what would be right.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// How grave.
    pub severity: Severity,
    /// Line, from 1; 0 when it has no place in the file.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Bytes of the file.
    pub span: Range<usize>,
    /// What is wrong, naming the offending path and value.
    pub message: String,
    /// What would be right; may be empty.
    pub remedy: String,
}

impl Problem {
    /// `file:line:column: error: message`, and the remedy on a line of its own. An empty `file` is left out, and so is a
    /// place that is not known.
    pub fn in_file<'a>(&'a self, file: &'a str) -> impl fmt::Display + 'a {
        Located { problem: self, file }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.in_file("").fmt(f)
    }
}

struct Located<'a> {
    problem: &'a Problem,
    file: &'a str,
}

impl fmt::Display for Located<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { severity, line, column, message, remedy, .. } = self.problem;
        if !self.file.is_empty() {
            write!(f, "{}:", self.file)?;
        }
        if *line > 0 {
            write!(f, "{line}:{column}:")?;
        }
        if !self.file.is_empty() || *line > 0 {
            f.write_str(" ")?;
        }
        write!(f, "{}: {message}", severity.name())?;
        if !remedy.is_empty() {
            write!(f, "\n    help: {remedy}")?;
        }
        Ok(())
    }
}

/// All problems of one file, in the order of their places; at most [`PROBLEMS_MAX`] in full.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Problems {
    pub(crate) items: Vec<Problem>,
    pub(crate) more: usize,
}

impl Problems {
    /// One problem that stands at no place of the file.
    #[must_use]
    pub fn whole(message: impl Into<String>, remedy: impl Into<String>) -> Problems {
        let problem = Problem {
            severity: Severity::Error,
            line: 0,
            column: 0,
            span: 0..0,
            message: message.into(),
            remedy: remedy.into(),
        };
        Problems { items: vec![problem], more: 0 }
    }

    /// Those told in full.
    #[must_use]
    pub fn items(&self) -> &[Problem] {
        &self.items
    }

    /// How many there are in all.
    #[must_use]
    pub fn count(&self) -> usize {
        self.items.len() + self.more
    }

    /// All of them as [`Problem::in_file`] prints them, one below the other, and how many more there are.
    pub fn in_file<'a>(&'a self, file: &'a str) -> impl fmt::Display + 'a {
        LocatedAll { problems: self, file }
    }
}

struct LocatedAll<'a> {
    problems: &'a Problems,
    file: &'a str,
}

impl fmt::Display for LocatedAll<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.items.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            problem.in_file(self.file).fmt(f)?;
        }
        if self.problems.more > 0 {
            write!(f, "\nand {} more", self.problems.more)?;
        }
        Ok(())
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.in_file("").fmt(f)
    }
}

impl std::error::Error for Problems {}

/// Files that lie beside a scenario. A scenario may name some; whoever loads it knows where they are.
pub trait Files {
    /// The text of the file of this name.
    ///
    /// # Errors
    /// Why there is none, worded to follow the name: `is not there`.
    fn text(&self, name: &str) -> Result<Arc<str>, String>;
}

/// No file at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFiles;

impl Files for NoFiles {
    fn text(&self, _name: &str) -> Result<Arc<str>, String> {
        Err("is not there".to_owned())
    }
}

impl Files for BTreeMap<String, Arc<str>> {
    fn text(&self, name: &str) -> Result<Arc<str>, String> {
        let known: Vec<&str> = self.keys().map(String::as_str).collect();
        let near = nearest(name, &known).map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
        self.get(name).map(Arc::clone).ok_or_else(|| format!("is not there{near}"))
    }
}

/// Where the lines of a text begin.
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str) -> Lines<'t> {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect();
        Lines { text, starts }
    }

    /// Line from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|&start| start <= offset)
    }

    /// Line from 1 and column in characters from 1. An offset within a character counts as before it.
    pub(crate) fn place(&self, offset: usize) -> (usize, usize) {
        let line = self.line(offset);
        let end = offset.min(self.text.len());
        let before = self.text.get(self.starts[line - 1]..).unwrap_or("");
        let within = end.saturating_sub(self.starts[line - 1]);
        let column = before.char_indices().take_while(|(i, c)| i + c.len_utf8() <= within).count();
        (line, column + 1)
    }
}

/// Collects problems while a file is read.
pub(crate) struct Diagnostics<'t> {
    lines: Lines<'t>,
    items: Vec<Problem>,
    more: usize,
    /// Lines with an error of syntax: what else seems wrong there is only its echo.
    broken: BTreeSet<usize>,
    /// What the text may refer to.
    files: &'t dyn Files,
}

impl<'t> Diagnostics<'t> {
    pub(crate) fn new(text: &'t str) -> Diagnostics<'t> {
        Diagnostics::with_files(text, &NoFiles)
    }

    /// As [`Diagnostics::new`]; the text may refer to `files`.
    pub(crate) fn with_files(text: &'t str, files: &'t dyn Files) -> Diagnostics<'t> {
        Diagnostics { lines: Lines::new(text), items: Vec::new(), more: 0, broken: BTreeSet::new(), files }
    }

    /// The text of a file that lies beside the one that is read, or why there is none, worded to follow its name.
    pub(crate) fn file(&self, name: &str) -> Result<Arc<str>, String> {
        self.files.text(name)
    }

    /// Line from 1 of a byte.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.lines.line(offset)
    }

    /// An error of syntax. Other problems of the same line are not told: they would be its consequences.
    pub(crate) fn syntax(&mut self, span: Range<usize>, message: String, remedy: String) {
        let line = self.lines.line(span.start);
        if self.broken.insert(line) {
            self.push(Severity::Error, span, message, remedy);
        }
    }

    pub(crate) fn error(&mut self, span: &Range<usize>, message: impl Into<String>, remedy: impl Into<String>) {
        if !self.broken.contains(&self.lines.line(span.start)) {
            self.push(Severity::Error, span.clone(), message.into(), remedy.into());
        }
    }

    /// Something that is not there. Where there are errors of syntax it may be there and not have been understood, so it is
    /// not told.
    pub(crate) fn missing(&mut self, span: &Range<usize>, message: impl Into<String>, remedy: impl Into<String>) {
        if self.broken.is_empty() {
            self.error(span, message, remedy);
        }
    }

    /// Whether more problems are only counted: then messages need not be made well.
    pub(crate) fn is_full(&self) -> bool {
        self.items.len() >= PROBLEMS_MAX
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(crate) fn count(&self) -> usize {
        self.items.len() + self.more
    }

    fn push(&mut self, severity: Severity, span: Range<usize>, message: String, remedy: String) {
        if self.is_full() {
            self.more += 1;
            return;
        }
        let (line, column) = self.lines.place(span.start);
        self.items.push(Problem { severity, line, column, span, message, remedy });
    }

    pub(crate) fn finish(mut self) -> Problems {
        self.items.order_by_key(|p| (p.line, p.column));
        Problems { items: self.items, more: self.more }
    }

    /// The remedy for a name that does not exist: the nearest one that does, and the list.
    pub(crate) fn instead<'n>(&self, found: &str, what: &str, valid: impl IntoIterator<Item = &'n str>) -> String {
        if self.is_full() {
            return String::new();
        }
        let valid: Vec<&str> = valid.into_iter().collect();
        if valid.is_empty() {
            return format!("there are no {what} here");
        }
        let list = listed(&valid);
        match nearest(found, &valid) {
            Some(near) => format!("did you mean `{near}`? {what}: {list}"),
            None => format!("{what}: {list}"),
        }
    }
}

/// Names one after the other, not too many.
pub(crate) fn listed(names: &[&str]) -> String {
    let mut list = names.iter().take(LISTED_MAX).copied().collect::<Vec<_>>().join(", ");
    if names.len() > LISTED_MAX {
        list += &format!(" and {} more", names.len() - LISTED_MAX);
    }
    list
}

/// The name that `found` was probably meant to be: at most a third of it is different.
pub(crate) fn nearest<'n>(found: &str, valid: &[&'n str]) -> Option<&'n str> {
    let length = found.chars().count();
    if length > SHOWN_MAX {
        return None;
    }
    let found = found.to_lowercase().replace('-', "_");
    let limit = (length / 3).max(1);
    let distance = |name: &str| strsim::osa_distance(&found, &name.to_lowercase().replace('-', "_"));
    let near = valid
        .iter()
        .take(COMPARED_MAX)
        .filter(|name| name.chars().count().abs_diff(length) <= limit)
        .map(|name| (distance(name), *name))
        .min()?;
    (near.0 <= limit).then_some(near.1)
}

/// Text of a file for a message: control characters escaped, long text shortened.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::new();
    for (i, c) in text.chars().enumerate() {
        if i == SHOWN_MAX {
            out.push('…');
            break;
        }
        match c {
            '"' | '\'' => out.push(c),
            c => out.extend(c.escape_debug()),
        }
    }
    out
}
