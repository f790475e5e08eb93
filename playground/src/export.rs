//! What is on the screen, for other programs: the series as a table, the run as a Rust test. Everything in them is from the
//! record of the run.

use crate::keep::Kept;
use crate::wire::Point;
use std::fmt::Write as _;

/// What a column is called, and its numbers.
type Column = (&'static str, fn(&Point) -> f32);

/// The columns of the table, in the order of the file. Names end in the unit.
const COLUMNS: &[Column] = &[
    ("end_s", |p| p.t),
    ("born_per_s", |p| p.born),
    ("offered_per_s", |p| p.offered),
    ("throughput_per_s", |p| p.throughput),
    ("goodput_per_s", |p| p.goodput),
    ("failed_per_s", |p| p.failed),
    ("latency_p50_ms", |p| p.p50),
    ("latency_p99_ms", |p| p.p99),
];

/// The series as comma-separated values (RFC 4180), one row for each window; what has no value (no request was answered, so
/// there is no latency) is left empty.
#[must_use]
pub fn csv(points: &[Point]) -> String {
    let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
    let mut out = names.join(",") + "\r\n";
    for point in points {
        for (i, (_, value)) in COLUMNS.iter().enumerate() {
            let (comma, value) = (if i > 0 { "," } else { "" }, value(point));
            // Writing into a `String` cannot fail.
            let _ = if value.is_finite() { write!(out, "{comma}{value}") } else { write!(out, "{comma}") };
        }
        out.push_str("\r\n");
    }
    out
}

/// What a test can hold a run against.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Expected {
    /// A whole second of virtual time, in nanoseconds, and the digest there.
    pub digest: (u64, String),
    /// Requests that were born, answered, answered in time, and failed by then, where that is known.
    pub totals: Option<[u64; 4]>,
}

/// A Rust test that runs the same scenario with the same seed and the same things done by hand, and expects the same digest.
/// `name` is the name of its function.
#[must_use]
pub fn rust_test(kept: &Kept, seed: u64, name: &str, title: &str, expected: &Expected) -> String {
    let (at_ns, digest) = &expected.digest;
    let seconds = *at_ns as f64 / 1e9;
    let title: String = title.chars().map(|c| if c.is_control() || is_bidirectional(c) { ' ' } else { c }).collect();
    let mut out = format!(
        "//! {title}: the run as it stood at {seconds} s, with everything that was done to it by hand.\n//!\n\
         //! Written by the Floodgate playground. It needs the crate `floodgate`; the digest is of everything that happened, so it\n\
         //! changes when a version of Floodgate changes what a component does.\n\n"
    );
    let log = if kept.log.is_empty() { "" } else { "ControlLog, " };
    let _ = write!(
        out,
        "use floodgate::{{Budget, {log}Scenario, Simulation, Time}};\n\nconst SCENARIO: &str = {};\n\n",
        literal(&kept.text)
    );
    if !kept.log.is_empty() {
        let _ = write!(out, "const CONTROLS: &str = {};\n\n", literal(&kept.log));
    }
    let _ = write!(
        out,
        "#[test]\nfn {name}() {{\n    let scenario = Scenario::load(SCENARIO).expect(\"the scenario is sound\");\n    \
         let mut simulation = Simulation::new(&scenario, {seed});\n"
    );
    if !kept.log.is_empty() {
        out.push_str(
            "    let log = ControlLog::parse(CONTROLS, &scenario).expect(\"the control log fits the scenario\");\n    \
             for control in log.controls {\n        simulation.control(control).expect(\"the control can be applied\");\n    }\n",
        );
    }
    let _ = write!(
        out,
        "    let _ = simulation.advance(Budget::until(Time({at_ns})));\n    \
         assert_eq!(simulation.digest().to_string(), \"{digest}\", \"at {seconds} s\");\n"
    );
    if let Some([born, answered, goodput, failed]) = expected.totals {
        let _ = write!(
            out,
            "    let totals = simulation.totals();\n    \
             assert_eq!([totals.born, totals.answered, totals.goodput, totals.failed], [{born}, {answered}, {goodput}, {failed}]);\n"
        );
    }
    out.push_str("}\n");
    out
}

/// Longest row of `#` before a quote in a raw literal that is still readable; more would soon be more than Rust allows.
const HASHES_MAX: usize = 8;

/// A text as a Rust literal: raw where that can be, so that it stays readable.
fn literal(text: &str) -> String {
    let odd = |c: char| c == '\r' || c == '\0' || is_bidirectional(c);
    let after_quotes = text.split('"').skip(1).map(|rest| rest.chars().take_while(|c| *c == '#').count());
    let hashes = after_quotes.max().map_or(0, |most| most + 1);
    if hashes <= HASHES_MAX && !text.chars().any(odd) {
        let hashes = "#".repeat(hashes);
        return format!("r{hashes}\"{text}\"{hashes}");
    }
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || odd(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out + "\""
}

/// Characters that turn the direction of text around: Rust refuses them in its source.
fn is_bidirectional(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A name for a function: what is a word, joined by underscores.
#[must_use]
pub fn function_name(title: &str) -> String {
    let words = title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase);
    let name: String = words.collect::<Vec<_>>().join("_").chars().take(60).collect();
    // In front of it, nothing can be a keyword or begin with a digit.
    format!("run_of_{}", if name.is_empty() { "a_scenario" } else { &name })
}

#[cfg(test)]
mod tests {
    use super::*;
    use floodgate::{Budget, ControlLog, Scenario, Simulation, Time};

    const LOG: &str = "{\"floodgate_controls\":1,\"scenario\":\"A single server, healthy\",\"seed\":9}\n\
                       {\"at\":\"2s\",\"node\":\"users\",\"set\":{\"rate\":\"3000/s\"},\"for\":\"3s\"}\n\
                       {\"at\":\"4s\",\"node\":\"web\",\"fault\":\"kill\"}\n";

    fn run() -> (Kept, Expected) {
        let text = include_str!("../../scenarios/single_server.toml").to_owned();
        let scenario = Scenario::load(&text).expect("it is sound");
        let mut simulation = Simulation::new(&scenario, 9);
        for control in ControlLog::parse(LOG, &scenario).expect("it fits").controls {
            simulation.control(control).expect("it can be applied");
        }
        let _ = simulation.advance(Budget::until(Time(8_000_000_000)));
        let totals = simulation.totals();
        let expected = Expected {
            digest: (8_000_000_000, simulation.digest().to_string()),
            totals: Some([totals.born, totals.answered, totals.goodput, totals.failed]),
        };
        (Kept { text, log: LOG.to_owned(), seed: Some(9), ..Kept::default() }, expected)
    }

    /// The file that is compared with is compiled and run with the integration tests. To write it anew, set `UPDATE_EXPECT=1`.
    #[test]
    fn the_test_that_is_written_is_the_one_that_our_tests_run() {
        let (kept, expected) = run();
        let name = "A single server, healthy";
        let written = rust_test(&kept, 9, &function_name(name), name, &expected);
        expect_test::expect_file!["../../tests/tests/exported_run/single_server.rs"].assert_eq(&written);
    }

    #[test]
    fn whatever_the_text_it_is_a_literal_of_it() {
        assert_eq!(literal("a"), "r\"a\"");
        assert_eq!(literal("a \"b\" \"#c"), "r##\"a \"b\" \"#c\"##");
        assert_eq!(literal("a\r\n\"\\"), "\"a\\u{d}\n\\\"\\\\\"");
        let deep = format!("\"{}", "#".repeat(300));
        assert_eq!(literal(&deep), format!("\"\\\"{}\"", "#".repeat(300)));
        assert_eq!(literal("\u{202e}x"), "\"\\u{202e}x\"");
        let text = rust_test(
            &Kept { text: "x".into(), ..Kept::default() },
            1,
            "f",
            "a\nfn b() {}\u{2066}",
            &Expected::default(),
        );
        assert!(text.starts_with("//! a fn b() {} : the run"), "{text}");
        assert!(!text.contains("ControlLog") && !text.contains("totals"), "{text}");
        assert_eq!(function_name("1 <b>fn</b>: Ümläut"), "run_of_1_b_fn_b_ml_ut");
        assert_eq!(function_name("…"), "run_of_a_scenario");
    }

    #[test]
    fn the_table_has_every_window_and_nothing_else() {
        let point = Point {
            t: 0.25,
            born: 400.0,
            offered: 404.5,
            goodput: 400.0,
            p50: f32::NAN,
            p99: f32::NAN,
            ..Point::default()
        };
        let table = csv(&[point, Point { t: 0.5, p50: 1.5, ..point }]);
        assert_eq!(
            table,
            "end_s,born_per_s,offered_per_s,throughput_per_s,goodput_per_s,failed_per_s,latency_p50_ms,latency_p99_ms\r\n\
             0.25,400,404.5,0,400,0,,\r\n0.5,400,404.5,0,400,0,1.5,\r\n"
        );
    }
}
