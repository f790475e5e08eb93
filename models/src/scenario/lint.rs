//! Warnings.
use super::{Problem, Scenario};
/// What runs but is probably not meant.
#[must_use]
pub fn lint(_scenario: &Scenario, _text: &str) -> Vec<Problem> {
    Vec::new()
}
