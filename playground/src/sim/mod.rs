//! The simulation behind the page, without any screen: a session that a worker or the page itself drives.

pub mod engine;
pub mod narrator;
pub mod session;
