//! A little of the soak: damaged scenario files and control logs do no harm. `cargo xtask soak` does much more of it.

use floodgate_tests::soak::outcome::Outcome;
use floodgate_tests::soak::trial::Numbers;
use floodgate_tests::soak::{controls, loader, memory};
use stats_alloc::StatsAlloc;
use std::alloc::System;
use std::sync::Mutex;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = memory::ALLOCATOR;

/// The allocator counts for the whole program, so the tests take turns.
static ALONE: Mutex<()> = Mutex::new(());

fn holds(run: impl FnOnce() -> Outcome) {
    let _alone = ALONE.lock();
    let outcome = run();
    assert!(outcome.failed() == 0, "{outcome}");
}

#[test]
fn damaged_scenario_files_do_no_harm() {
    holds(|| loader::run(Numbers::first(5_000)));
}

#[test]
fn damaged_control_logs_do_no_harm() {
    holds(|| controls::run(Numbers::first(5_000)));
}
