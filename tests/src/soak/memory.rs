//! How much memory the program holds and has asked for, as its allocator counts.
//!
//! A program that wants to know makes [`ALLOCATOR`] its global allocator; in others nothing is counted, which [`counts`]
//! tells.

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;

/// The allocator that counts.
pub static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes held now.
#[must_use]
pub fn live_bytes() -> u64 {
    let stats = ALLOCATOR.stats();
    (stats.bytes_allocated - stats.bytes_deallocated) as u64
}

/// Bytes asked for since the start, whether or not they were given back: what is held never rises by more than this does.
#[must_use]
pub fn asked_bytes() -> u64 {
    ALLOCATOR.stats().bytes_allocated as u64
}

/// Whether the program's allocator counts.
#[must_use]
pub fn counts() -> bool {
    let before = asked_bytes();
    drop(std::hint::black_box(vec![0u8; 1000]));
    asked_bytes() >= before + 1000
}

/// Bytes of the process that are in memory, where the system says it.
#[must_use]
pub fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

/// For people.
#[must_use]
pub fn mib(bytes: u64) -> String {
    format!("{:.3} MiB", bytes as f64 / f64::from(1 << 20))
}
