//! Scenario files and control logs, from outside: what is read, what is refused and in which words.

mod controls;
mod fixture;
mod groups;
mod lints;
mod nonsense;
mod problems;
mod properties;
mod traffic;
mod valid;

/// A small file that is right: two nodes and a link, to which tests add.
const SMALL: &str = r#"format = 1
name = "small"
[[node]]
id = "users"
kind = "clients"
[[node]]
id = "web"
kind = "service"
[[link]]
from = "users"
to = "web"
"#;

/// [`SMALL`] and `more`, of which the first line is line 12.
fn small_and(more: &str) -> String {
    format!("{SMALL}{more}")
}
