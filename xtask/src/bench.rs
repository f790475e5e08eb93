//! `bench`: builds the benchmarks as they are to be measured and runs them.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::Failure;
use crate::stages::{self, Outcome};
use crate::tools::{self, Workspace};
use crate::web::{self, Profile};

/// Runs the benchmarks with `words`, their own options. Built apart from everything else, because link-time optimisation of
/// the whole takes a while and nobody else needs it.
pub fn run(workspace: &Workspace, words: &[OsString]) -> Result<(), Failure> {
    let mut command = workspace.cargo();
    command
        .args(["run", "--quiet", "--profile", "bench", "--package", "floodgate-bench", "--"])
        .args(words)
        .env("FLOODGATE_TARGET", &workspace.target);
    if wants_wasm(words) {
        command.env("FLOODGATE_WASM", bundle(workspace)?);
        if let Some(browser) = browser(workspace)? {
            command.env("FLOODGATE_BROWSER", browser);
        }
    }
    tools::run(&mut command)
}

/// A quick look does not wait for the web bundle, unless that is what it is meant to look at.
fn wants_wasm(words: &[OsString]) -> bool {
    let only = words.iter().position(|word| word == "--only").and_then(|at| words.get(at + 1));
    match only {
        Some(part) => part == "wasm" || part == "page",
        None => !words.iter().any(|word| word == "--quick" || word == "--callgrind"),
    }
}

/// The playground as it is published, with the programs beside it that measure its wasm.
fn bundle(workspace: &Workspace) -> Result<PathBuf, Failure> {
    let out = workspace.target.join(format!("web-{}", Profile::Web.name()));
    web::build(workspace, Profile::Web, &out)?;
    let benches = workspace.root.join("benches");
    for (place, name) in [
        ("wasm", "index.html"),
        ("wasm", "node.mjs"),
        ("wasm", "run.mjs"),
        ("wasm", "worker.mjs"),
        ("workloads", "w1.toml"),
        ("workloads", "w2.toml"),
        ("workloads", "w3.toml"),
    ] {
        tools::write(&out.join("bench").join(name), tools::read(&benches.join(place).join(name))?)?;
    }
    stages::mark_as_modules(&out)?;
    Ok(out)
}

/// The program of the tests' package that drives Chromium, where there is one to drive.
fn browser(workspace: &Workspace) -> Result<Option<PathBuf>, Failure> {
    if let Ok(Some(Outcome::Skipped(why))) | Err(why) = stages::browser_missing() {
        eprintln!("!!! Chromium SKIPPED: {why}");
        return Ok(None);
    }
    tools::run(
        workspace
            .cargo()
            .args(["build", "--package", "floodgate-tests", "--features", "browser"])
            .args(["--bin", "floodgate-browser"]),
    )?;
    let name = format!("floodgate-browser{}", std::env::consts::EXE_SUFFIX);
    Ok(Some(workspace.target.join("debug").join(name)))
}

#[cfg(test)]
mod tests {
    use super::wants_wasm;

    #[test]
    fn the_web_bundle_is_built_only_for_those_who_measure_it() {
        let wants = |words: &[&str]| wants_wasm(&words.iter().map(Into::into).collect::<Vec<_>>());
        assert!(wants(&[]));
        assert!(wants(&["--peers"]));
        assert!(wants(&["--quick", "--only", "wasm"]));
        assert!(wants(&["--only", "page"]));
        assert!(!wants(&["--only", "speed"]));
        assert!(!wants(&["--quick"]));
        assert!(!wants(&["--callgrind", "--update"]));
    }
}
