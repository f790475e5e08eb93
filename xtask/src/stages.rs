//! `test` and `ci`: stages that all run, whatever happened to the ones before, and a line for each at the end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::Failure;
use crate::bench;
use crate::golden;
use crate::tools::{self, WASM_TARGET, Workspace, in_ci, which};
use crate::web::{self, Profile};

/// How a stage ended when nothing was wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All of it ran.
    Passed,
    /// It could not run here, and the reason names what to install.
    Skipped(String),
}

/// A part of `cargo xtask test` that can be asked for alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Unit, integration and documentation tests, and the golden digests by the command line.
    Native,
    /// The golden digests by the playground's wasm under Node.
    Wasm,
    /// The playground in a real Chromium.
    Browser,
}

impl Part {
    /// The part that `--only` names.
    pub fn parse(name: &str) -> Result<Self, Failure> {
        match name {
            "native" => Ok(Self::Native),
            "wasm" => Ok(Self::Wasm),
            "browser" => Ok(Self::Browser),
            other => Err(format!("--only takes native, wasm or browser, not {other:?}")),
        }
    }
}

/// Runs stages one after the other and remembers how each ended.
#[derive(Debug, Default)]
pub struct Report {
    lines: Vec<(&'static str, Result<Outcome, Failure>, u64)>,
}

impl Report {
    /// Runs one stage; its failure is kept for the summary, and the next stage runs all the same.
    pub fn stage(&mut self, name: &'static str, run: impl FnOnce() -> Result<Outcome, Failure>) {
        eprintln!("\n=== {name}");
        let start = Instant::now();
        let result = run();
        match &result {
            Ok(Outcome::Passed) => {}
            Ok(Outcome::Skipped(why)) => eprintln!("!!! {name} SKIPPED: {why}"),
            Err(why) => eprintln!("!!! {name} FAILED: {why}"),
        }
        self.lines.push((name, result, start.elapsed().as_secs()));
    }

    /// Prints a line per stage; an error when one failed.
    pub fn finish(self) -> Result<(), Failure> {
        eprintln!("\n=== summary");
        let mut failed = Vec::new();
        for (name, result, seconds) in &self.lines {
            match result {
                Ok(Outcome::Passed) => eprintln!("  ok       {name:<12} {seconds:>4} s"),
                Ok(Outcome::Skipped(why)) => eprintln!("  SKIPPED  {name:<12} {seconds:>4} s  {why}"),
                Err(why) => {
                    let line = why.lines().next().unwrap_or_default();
                    eprintln!("  FAILED   {name:<12} {seconds:>4} s  {line}");
                    failed.push(*name);
                }
            }
        }
        if failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", failed.join(", "))) }
    }
}

/// Everything that tests the project, or one part of it.
pub fn test(workspace: &Workspace, only: Option<Part>) -> Result<(), Failure> {
    let mut report = Report::default();
    test_stages(workspace, only, &mut report);
    report.finish()
}

/// What a change has to pass before it is merged: formatting, lints with warnings denied, all tests, and what the
/// engine costs in instructions.
pub fn ci(workspace: &Workspace) -> Result<(), Failure> {
    let mut report = Report::default();
    report.stage("fmt", || passed(tools::run(workspace.cargo().args(["fmt", "--all", "--check"]))));
    report.stage("clippy", || passed(clippy(workspace, &["--workspace", "--all-targets"])));
    report.stage("clippy-wasm", || {
        web::ensure_wasm_target(workspace)?;
        // The browser sees code that the host does not compile. `serve` is the profile of the build that follows.
        passed(clippy(
            workspace,
            &["--package", web::PLAYGROUND, "--target", WASM_TARGET, "--profile", Profile::Serve.name()],
        ))
    });
    report.stage("clippy-tests", || {
        passed(clippy(workspace, &["--package", "floodgate-tests", "--all-targets", "--features", "browser"]))
    });
    test_stages(workspace, None, &mut report);
    report.stage("instructions", || instructions(workspace));
    report.finish()
}

fn clippy(workspace: &Workspace, what: &[&str]) -> Result<(), Failure> {
    tools::run(workspace.cargo().arg("clippy").args(what).args(["--", "--deny", "warnings"]))
}

fn passed(result: Result<(), Failure>) -> Result<Outcome, Failure> {
    result.map(|()| Outcome::Passed)
}

fn test_stages(workspace: &Workspace, only: Option<Part>, report: &mut Report) {
    let wanted = |part| only.is_none_or(|only| only == part);
    if wanted(Part::Native) {
        report.stage("native", || passed(tools::run(workspace.cargo().args(["test", "--workspace"]))));
        report.stage("golden", || passed(golden::check(workspace)));
    }
    if !wanted(Part::Wasm) && !wanted(Part::Browser) {
        return;
    }
    let dist = test_dist(workspace);
    let mut bundle = Err("the web bundle was not built".to_owned());
    report.stage("web-bundle", || {
        bundle = web::build(workspace, Profile::Serve, &dist);
        passed(bundle.clone())
    });
    if bundle.is_err() {
        // Testing what an earlier build left behind would say nothing about this change.
        return;
    }
    if wanted(Part::Wasm) {
        report.stage("wasm", || wasm(workspace));
    }
    if wanted(Part::Browser) {
        report.stage("browser", || browser(workspace));
    }
}

/// Where the tests' bundle lies: beside the other build products, so that a `dist/` being served is left alone.
#[must_use]
pub fn test_dist(workspace: &Workspace) -> PathBuf {
    workspace.target.join("web-dist")
}

/// The same goldens as the native ones, by the very wasm that the page loads.
fn wasm(workspace: &Workspace) -> Result<Outcome, Failure> {
    let Some(node) = which("node") else {
        return missing(&["node (Debian package `nodejs`)"]);
    };
    let cases = golden::cases_as_json(workspace)?;
    mark_as_modules(&test_dist(workspace))?;
    let cases_file = workspace.target.join("wasm-goldens.json");
    tools::write(&cases_file, cases)?;
    passed(tools::run(
        Command::new(node)
            .current_dir(&workspace.root)
            .arg("tests/wasm/run.mjs")
            .arg(test_dist(workspace))
            .arg(cases_file),
    ))
}

/// Without it, older versions of Node take the glue in this bundle for a CommonJS module.
pub(crate) fn mark_as_modules(bundle: &Path) -> Result<(), Failure> {
    tools::write(&bundle.join("package.json"), "{ \"type\": \"module\" }\n")
}

/// Instructions of the workloads against the committed numbers. A build of its own: link-time optimised, with names and lines.
fn instructions(workspace: &Workspace) -> Result<Outcome, Failure> {
    if which("valgrind").is_none() {
        return missing(&["valgrind (Debian package `valgrind`)"]);
    }
    passed(bench::run(workspace, &["--callgrind".into()]))
}

fn browser(workspace: &Workspace) -> Result<Outcome, Failure> {
    if let Some(outcome) = browser_missing()? {
        return Ok(outcome);
    }
    // One thread: two browsers on one small machine starve each other into time-outs.
    passed(tools::run(
        workspace
            .cargo()
            .args(["test", "--package", "floodgate-tests", "--features", "browser"])
            .args(["--test", "browser", "--", "--test-threads", "1"])
            .env("FLOODGATE_DIST", test_dist(workspace))
            .stdin(Stdio::null()),
    ))
}

/// Skipped, or an error on a build server, when there is no Chromium with its driver.
pub fn browser_missing() -> Result<Option<Outcome>, Failure> {
    let mut wanted = BTreeMap::from([
        ("chromium (Debian package `chromium`)", ["chromium", "chromium-browser", "google-chrome"].as_slice()),
        ("chromedriver (Debian package `chromium-driver`)", ["chromedriver"].as_slice()),
    ]);
    wanted.retain(|_, names| names.iter().all(|name| which(name).is_none()));
    if wanted.is_empty() {
        return Ok(None);
    }
    missing(&wanted.into_keys().collect::<Vec<_>>()).map(Some)
}

fn missing(what: &[&str]) -> Result<Outcome, Failure> {
    let message = format!("not on PATH: {}", what.join(", "));
    if in_ci() {
        return Err(format!("{message}; CI is set, so this is a failure"));
    }
    Ok(Outcome::Skipped(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_does_not_hide_the_stages_after_it() {
        let mut report = Report::default();
        let mut ran = false;
        report.stage("first", || Err("broken".to_owned()));
        report.stage("second", || {
            ran = true;
            Ok(Outcome::Skipped("nothing to see".to_owned()))
        });
        assert!(ran);
        assert_eq!(report.finish().unwrap_err(), "failed: first");
    }

    #[test]
    fn only_takes_the_three_parts() {
        assert_eq!(Part::parse("wasm"), Ok(Part::Wasm));
        assert!(Part::parse("webassembly").unwrap_err().contains("native, wasm or browser"));
    }
}
