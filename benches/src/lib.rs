//! What the engine costs: against a hand-written loop, against other engines, and per event, byte and keyframe.
//!
//! docs/PERFORMANCE.md says what was measured; `cargo xtask bench` measures it.

pub mod callgrind;
pub mod components;
pub mod engine;
pub mod hold;
pub mod limit;
pub mod measure;
pub mod page;
pub mod peers;
pub mod scale;
pub mod seek;
pub mod table;
pub mod wasm;
pub mod workloads;

/// Runs `work`; a profiler that is told this name collects nothing else.
#[inline(never)]
pub fn measured<T>(work: impl FnOnce() -> T) -> T {
    // Work after the call keeps it from becoming a jump, which the profiler would not see return.
    std::hint::black_box(work())
}
