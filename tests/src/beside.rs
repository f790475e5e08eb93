//! Files that lie in the folder of the scenarios.

use floodgate::{Files, Scenario};
use std::path::Path;
use std::sync::Arc;

/// The folder of the scenarios.
#[derive(Clone, Copy, Debug)]
pub struct Gallery;

impl Files for Gallery {
    fn text(&self, name: &str) -> Result<Arc<str>, String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios").join(name);
        std::fs::read_to_string(path).map(Arc::from).map_err(|error| error.to_string())
    }
}

/// Reads a scenario of the gallery.
///
/// # Panics
/// When it has problems.
#[must_use]
pub fn load(text: &str) -> Scenario {
    Scenario::load_among(text, &Gallery).unwrap_or_else(|problems| panic!("{problems}"))
}
