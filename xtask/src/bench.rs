//! `bench`: builds the benchmarks as they are to be measured and runs them.

use std::ffi::OsString;

use crate::Failure;
use crate::tools::{self, Workspace};

/// Runs the benchmarks with `words`, their own options. Built apart from everything else, because link-time optimisation of
/// the whole takes a while and nobody else needs it.
pub fn run(workspace: &Workspace, words: &[OsString]) -> Result<(), Failure> {
    tools::run(
        workspace
            .cargo()
            .args(["run", "--quiet", "--profile", "bench", "--package", "floodgate-bench", "--"])
            .args(words)
            .env("FLOODGATE_TARGET", &workspace.target),
    )
}
