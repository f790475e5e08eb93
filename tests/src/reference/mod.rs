//! The reference cases: what theory, exact algorithms and independent simulations say, against what the simulator does
//! through its public interface.
//!
//! `tests/reference/cases.json` holds the cases. A family either has a runner here, which makes scenario files of the
//! cases' parameters, or a reason why it has none: nothing is skipped in silence, neither a case nor one of its numbers.

mod balance;
pub mod experiment;
mod families;
mod network;
mod queueing;
mod traces;

use serde::Deserialize;
use serde_json::{Map, Value};
use std::fmt;
use std::path::Path;

pub use experiment::{Effort, Expected, Experiment, Stat};

/// A case, as it stands in the file.
#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    /// Its name.
    pub id: String,
    /// What it belongs to, such as `queueing.mm1`.
    pub family: String,
    /// What it is.
    pub description: String,
    /// What is given.
    #[serde(default)]
    pub params: Value,
    /// What comes out.
    #[serde(default)]
    pub expected: Value,
    /// How exact that is.
    #[serde(default)]
    pub tolerance: Value,
}

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

/// All cases: those that were given, and in `more.json` others of the same families with other parameters, whose numbers were
/// computed apart from this project's code.
///
/// # Panics
/// When a file is not there or malformed.
#[must_use]
pub fn cases() -> Vec<Case> {
    let read = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference").join(name);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let cases: Cases = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        cases.cases
    };
    ["cases.json", "more.json"].into_iter().flat_map(read).collect()
}

impl Case {
    /// A number of the parameters.
    ///
    /// # Panics
    /// When it is not there: a case of another shape than its family's runner knows.
    #[must_use]
    pub fn param(&self, name: &str) -> f64 {
        self.params[name].as_f64().unwrap_or_else(|| panic!("{}: no number `{name}`", self.id))
    }

    /// A text of the parameters.
    ///
    /// # Panics
    /// When it is not there.
    #[must_use]
    pub fn word(&self, name: &str) -> &str {
        self.params[name].as_str().unwrap_or_else(|| panic!("{}: no text `{name}`", self.id))
    }

    /// Numbers of the parameters.
    ///
    /// # Panics
    /// When they are not there.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<f64> {
        let list = self.params[name].as_array().unwrap_or_else(|| panic!("{}: no list `{name}`", self.id));
        list.iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
    }

    /// A number that is expected; `name[i]` is one of a list.
    ///
    /// # Panics
    /// When it is not there.
    #[must_use]
    pub fn expect(&self, name: &str) -> f64 {
        let value = match name.split_once('[') {
            Some((list, i)) => &self.expected[list][i.trim_end_matches(']').parse::<usize>().unwrap_or(usize::MAX)],
            None => &self.expected[name],
        };
        value.as_f64().unwrap_or_else(|| panic!("{}: no expected `{name}`", self.id))
    }

    /// Everything expected by name, lists taken apart.
    #[must_use]
    pub fn expected_names(&self) -> Vec<String> {
        let empty = Map::new();
        let mut names = Vec::new();
        for (name, value) in self.expected.as_object().unwrap_or(&empty) {
            match value {
                Value::Array(list) => names.extend((0..list.len()).map(|i| format!("{name}[{i}]"))),
                Value::Null => {}
                _ => names.push(name.clone()),
            }
        }
        names
    }

    /// Relative half width at 95 % of one run of a million requests, the `stat` of the tolerance.
    #[must_use]
    pub fn half_width(&self, stat: &str) -> Option<f64> {
        self.tolerance["rel_halfwidth95_at_1e6"][stat].as_f64()
    }
}

/// What became of a number of a case.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Within its interval, and the interval says something.
    Pass,
    /// Not; and why.
    Fail(String),
    /// Not run, or not to be judged; and why.
    Open(String),
}

/// A row of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// The case.
    pub case: String,
    /// Which of its numbers, with the experiment in brackets where there are several.
    pub statistic: String,
    /// What is expected.
    pub expected: Option<f64>,
    /// Mean over replications, and its half width at 95 %.
    pub got: Option<(f64, f64)>,
    /// Distance in standard errors, as of a normal distribution.
    pub z: Option<f64>,
    /// What became of it.
    pub verdict: Verdict,
}

impl Row {
    fn open(case: &Case, statistic: &str, reason: impl Into<String>) -> Row {
        Row {
            case: case.id.clone(),
            statistic: statistic.to_owned(),
            expected: None,
            got: None,
            z: None,
            verdict: Verdict::Open(reason.into()),
        }
    }

    /// Whether it was judged and found wrong.
    #[must_use]
    pub fn failed(&self) -> bool {
        matches!(self.verdict, Verdict::Fail(_))
    }

    /// Heads the columns.
    #[must_use]
    pub fn header() -> String {
        format!(
            "{:<36} {:<34} {:>13} {:>13} {:>11} {:>6}  verdict",
            "case", "statistic", "expected", "got", "± 95 %", "z"
        )
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |x: Option<f64>| x.map_or(String::new(), |x| format!("{x:.6}"));
        write!(
            f,
            "{:<36} {:<34} {:>13} {:>13} {:>11} {:>6}  ",
            self.case,
            self.statistic,
            number(self.expected),
            number(self.got.map(|g| g.0)),
            number(self.got.map(|g| g.1)),
            self.z.map_or(String::new(), |z| format!("{z:.2}")),
        )?;
        match &self.verdict {
            Verdict::Pass => f.write_str("ok"),
            Verdict::Fail(why) => write!(f, "FAILED: {why}"),
            Verdict::Open(why) => write!(f, "open: {why}"),
        }
    }
}

/// What a family's runner makes of a case.
pub struct Plan {
    /// What is run.
    pub experiments: Vec<Experiment>,
    /// Expected numbers that no run can be held against, and why.
    pub open: Vec<(&'static str, &'static str)>,
}

/// How a family is run.
#[derive(Clone, Copy)]
enum Runner {
    /// By replications.
    Experiment(fn(&Case) -> Plan),
    /// By decisions that are right or wrong, or samples that take no time.
    Decision(fn(&Case) -> Vec<Row>),
}

/// Runs a case with so much effort. Every number that the case expects has a row.
#[must_use]
pub fn run(case: &Case, effort: Effort) -> Vec<Row> {
    let mut rows = match families::runner(case) {
        Ok(Runner::Experiment(plan)) => {
            let plan = plan(case);
            let mut rows: Vec<Row> = plan.experiments.iter().flat_map(|e| e.rows(case, effort)).collect();
            rows.extend(plan.open.iter().map(|(name, reason)| Row::open(case, name, *reason)));
            rows
        }
        Ok(Runner::Decision(decide)) => decide(case),
        Err(reason) => return vec![Row::open(case, "", reason)],
    };
    for name in case.expected_names() {
        if !rows.iter().any(|row| row.statistic.split(' ').next() == Some(&name)) {
            let mut row = Row::open(case, &name, "");
            row.verdict = Verdict::Fail("no experiment measures it and no reason is given".to_owned());
            rows.push(row);
        }
    }
    rows
}
