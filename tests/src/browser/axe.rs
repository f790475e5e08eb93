//! Barriers that axe-core finds: <https://github.com/dequelabs/axe-core>, in tests/vendor.

use serde_json::Value;

use super::{BrowserError, Page};

const AXE: &str = include_str!("../../vendor/axe-core/axe.min.js");

/// What is looked at by our own test instead: axe-core takes all text in a button for its label (WCAG 2.5.3), and on a card that is
/// every gauge and on an entry of the palette its description.
const OURS: &str = "label-content-name-mismatch";

/// What is looked for: WCAG up to 2.2, levels A and AA.
const TAGS: [&str; 6] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"];

impl Page {
    /// Every barrier on the page as it is now: which rule, where, and why, a line each.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn barriers(&self) -> Result<Vec<String>, BrowserError> {
        if self.eval("window.axe === undefined").await? == true {
            self.client().execute(AXE, Vec::new()).await?;
        }
        let options = serde_json::json!({ "runOnly": TAGS, "resultTypes": ["violations"],
            "rules": { OURS: { "enabled": false } } });
        let found = self.eval(&format!("axe.run(document, {options}).then((r) => r.violations)")).await?;
        let rules = found.as_array().ok_or_else(|| format!("axe-core says {found}"))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().replace('\n', " ");
        Ok(rules
            .iter()
            .flat_map(|rule| rule["nodes"].as_array().into_iter().flatten().map(move |node| (rule, node)))
            .map(|(rule, node)| {
                format!("{} at {}: {}", text(&rule["id"]), node["target"], text(&node["failureSummary"]))
            })
            .collect())
    }
}
