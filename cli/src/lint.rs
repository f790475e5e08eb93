//! `floodgate lint`.

use crate::output::print;
use crate::{Outcome, input};

/// Warnings do not make the command fail; a file that cannot be read does.
pub(crate) fn lint(files: &[String]) -> Outcome {
    let mut outcome = Outcome::Fine;
    let mut text = String::new();
    for file in files {
        let Some(source) = input::scenario(file) else {
            outcome = Outcome::BadInput;
            continue;
        };
        let warnings = floodgate::lint(&source.scenario, &source.text);
        for warning in &warnings {
            text += &format!("{}\n", warning.in_file(file));
        }
        match warnings.len() {
            0 => text += &format!("{file}: no warnings\n"),
            1 => text += &format!("{file}: 1 warning\n"),
            n => text += &format!("{file}: {n} warnings\n"),
        }
    }
    print(&text);
    outcome
}
