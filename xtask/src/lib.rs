//! The project's own tooling: what `cargo xtask` is made of, and the file server that the browser tests share with it.
//!
//! Rust rather than shell, so that the same commands work wherever the project builds.

// The engine knows only virtual time; a tool that waits for servers and browsers is where wall clocks and threads belong.
#![allow(clippy::disallowed_methods)]

pub mod bench;
pub mod golden;
pub mod html;
pub mod server;
pub mod size;
pub mod stages;
pub mod tools;
pub mod watch;
pub mod web;

/// What a command says when it cannot go on: a sentence that names the remedy.
pub type Failure = String;
