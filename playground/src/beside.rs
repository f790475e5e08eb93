//! Files that scenarios name, as far as the page has them: those that come with it.

use floodgate::{Files, Problems, Scenario};
use std::sync::Arc;

/// By name.
const FILES: &[(&str, &str)] = &[("data/elastic_access.csv", include_str!("../../scenarios/data/elastic_access.csv"))];

/// What the page has.
struct Built;

impl Files for Built {
    fn text(&self, name: &str) -> Result<Arc<str>, String> {
        let found = FILES.iter().find(|(known, _)| *known == name).map(|(_, text)| Arc::from(*text));
        let known: Vec<&str> = FILES.iter().map(|(known, _)| *known).collect();
        found.ok_or_else(|| format!("does not come with the page, which has {}", known.join(", ")))
    }
}

/// Reads a scenario, which may name files that come with the page.
///
/// # Errors
/// All problems.
pub fn load(text: &str) -> Result<Scenario, Problems> {
    Scenario::load_among(text, &Built)
}

/// As [`load`], of what may not be text.
///
/// # Errors
/// All problems.
pub fn load_bytes(bytes: &[u8]) -> Result<Scenario, Problems> {
    Scenario::load_bytes_among(bytes, &floodgate::Registry::builtin(), &Built)
}
