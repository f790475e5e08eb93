//! Notices that a source changed, for the light path of `serve`: by looking once a second, which needs no library and costs
//! nothing that anyone would see.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::Failure;
use crate::tools;

/// How often the sources are looked at.
const INTERVAL: Duration = Duration::from_secs(1);

/// What the sources looked like: how many files, and when the last was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Seen {
    files: usize,
    newest: Option<SystemTime>,
}

/// The files and directories that the page is made of.
#[derive(Debug)]
pub struct Sources {
    places: Vec<PathBuf>,
    seen: Seen,
}

impl Sources {
    /// The places that trunk watches, from `Trunk.toml`, so that both ways to serve rebuild for the same reasons.
    pub fn of_trunk(root: &Path) -> Result<Self, Failure> {
        let text = tools::read(&root.join("Trunk.toml"))?;
        let table: toml::Table = text.parse().map_err(|error| format!("Trunk.toml: {error}"))?;
        let watched = table.get("watch").and_then(|watch| watch.get("watch")?.as_array());
        let places = watched
            .ok_or("Trunk.toml needs a list `watch` under [watch]")?
            .iter()
            .filter_map(|place| Some(root.join(place.as_str()?)))
            .collect();
        let mut sources = Self { places, seen: Seen::default() };
        sources.seen = sources.look();
        Ok(sources)
    }

    /// Returns when something changed since the last time.
    pub fn wait(&mut self) {
        loop {
            std::thread::sleep(INTERVAL);
            let now = self.look();
            if now != self.seen {
                self.seen = now;
                return;
            }
        }
    }

    fn look(&self) -> Seen {
        let mut seen = Seen::default();
        let mut open = self.places.clone();
        while let Some(place) = open.pop() {
            if let Ok(entries) = std::fs::read_dir(&place) {
                open.extend(entries.filter_map(|entry| Some(entry.ok()?.path())));
            } else if let Ok(written) = std::fs::metadata(&place).and_then(|data| data.modified()) {
                seen.files += 1;
                seen.newest = seen.newest.max(Some(written));
            }
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_comes_or_goes_is_a_change() {
        let root = std::env::temp_dir().join(format!("floodgate-watch-{}", std::process::id()));
        tools::write(&root.join("Trunk.toml"), "[watch]\nwatch = [\"a\"]").unwrap();
        tools::write(&root.join("a/b/one.rs"), "").unwrap();
        let mut sources = Sources::of_trunk(&root).unwrap();
        assert_eq!(sources.look(), sources.seen);
        tools::write(&root.join("a/two.rs"), "").unwrap();
        assert_ne!(sources.look(), sources.seen);
        sources.wait();
        std::fs::remove_file(root.join("a/b/one.rs")).unwrap();
        assert_ne!(sources.look(), sources.seen);
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn what_trunk_watches_exists() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        // Trunk refuses to start when a place that it shall watch is not there. (Of the page itself it says so anyway.)
        let places = Sources::of_trunk(&root).unwrap().places;
        for place in places.into_iter().filter(|place| !place.ends_with("index.html")) {
            assert!(place.exists(), "Trunk.toml watches {}, which does not exist", place.display());
        }
    }
}
