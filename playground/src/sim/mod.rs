//! The simulation as the page's session drives it: DOM-free, so that all of it is tested natively.

pub mod answers;
pub mod edits;
pub mod engine;
pub mod lab;
pub mod narrator;
pub mod preview;
pub mod session;
pub mod track;
