//! What of an edit can reach the running system at once, and what waits for a reset.

use super::{Outline, params};
use crate::wire::Settings;
use floodgate::order::Order as _;

/// The way from one outline to another.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Difference {
    /// Live parameters that differ, by node: path and new value as TOML (`None` is "without").
    pub sets: Vec<(String, Settings)>,
    /// Something differs that only a reset takes over.
    pub needs_reset: bool,
}

/// How the system as it runs differs from what the text says now.
#[must_use]
pub fn difference(running: &Outline, text: &Outline) -> Difference {
    let mut found = Difference { needs_reset: running.rest != text.rest, ..Difference::default() };
    let mut links = (running.links.clone(), text.links.clone());
    for list in [&mut links.0, &mut links.1] {
        list.order_by(|a, b| (&a.from, a.port, &a.to).cmp(&(&b.from, b.port, &b.to)));
    }
    found.needs_reset |= links.0 != links.1 || running.nodes.len() != text.nodes.len();
    for new in &text.nodes {
        let Some(old) = running.node(&new.id).filter(|old| old.kind == new.kind) else {
            found.needs_reset = true;
            continue;
        };
        let mut sets = Vec::new();
        for (path, spec) in new.descriptor.map(params::leaves).unwrap_or_default() {
            let value = |given: Option<&String>| given.cloned().or_else(|| spec.default.map(str::to_owned));
            let (before, after) = (value(old.given.get(&path)), value(new.given.get(&path)));
            if before == after {
                continue;
            }
            // A nested parameter is live when every group around it is.
            let around = path.match_indices('.').filter_map(|(at, _)| params::spec(new.descriptor?, &path[..at]));
            if spec.live && around.clone().all(|group| group.live) {
                sets.push((path, after));
            } else {
                found.needs_reset = true;
            }
        }
        if !sets.is_empty() {
            found.sets.push((new.id.clone(), sets));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(a: &str, b: &str) -> Difference {
        difference(&Outline::read(a), &Outline::read(b))
    }

    #[test]
    fn live_parameters_reach_the_system_and_others_wait() {
        let text = "[[node]]\nid = 'u'\nkind = 'clients'\nrate = '1/s'\nretry = { attempts = 3 }\n";
        let live = diff(text, &text.replace("1/s", "2/s").replace('3', "0"));
        assert!(!live.needs_reset);
        let wanted = vec![("rate".into(), Some("\"2/s\"".into())), ("retry.attempts".into(), Some("0".into()))];
        assert_eq!(live.sets, vec![("u".to_owned(), wanted)]);
        let back = diff(text, &text.replace("rate = '1/s'\n", ""));
        assert_eq!(back.sets, vec![("u".to_owned(), vec![("rate".into(), Some("\"100/s\"".into()))])], "the default");
        assert!(diff(text, &format!("{text}population = 3\n")).needs_reset, "not live");
        assert!(diff(text, &format!("{text}[[node]]\nid = 'x'\nkind = 'service'\n")).needs_reset);
        assert!(diff(text, &format!("until = '3s'\n{text}")).needs_reset);
        assert_eq!(diff(text, &format!("name = 'x'\n{text}title = 'y'\nposition = [1, 2]\n")), Difference::default());
    }
}
