//! The Floodgate playground: one wasm for the page and for the worker that simulates.
//!
//! What knows no screen (`editor`, `geometry`, `sim`, `wire`) is tested natively; `view`, `paint` and `driver` are the page.

// Without a browser there is no page, and most of what it uses is used by tests alone.
#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, unused_imports))]

// A binary has no public face: `pub` marks what its modules offer each other.
#![allow(unreachable_pub)]

mod editor;
mod geometry;
mod wire;

fn main() {}
