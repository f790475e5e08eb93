//! Processor time of a browser's workers, as Linux counts it: on a busy machine, the page's own clock also counts waiting.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Processor time that the workers below this process have taken so far; `None` where it cannot be read.
pub(super) fn of_workers_below(root: u64) -> Option<Duration> {
    let mut parents = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").ok()?.flatten() {
        if let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u64>().ok()) {
            parents.extend(parent_of(&entry.path()).map(|parent| (id, parent)));
        }
    }
    let is_below = |id: u64| std::iter::successors(Some(id), |id| parents.get(id).copied()).any(|id| id == root);
    let mut nanoseconds = None;
    for process in parents.keys().copied().filter(|&id| is_below(id)) {
        // A process may end while it is looked at.
        for thread in std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten() {
            let read = |file| std::fs::read_to_string(thread.path().join(file)).unwrap_or_default();
            if read("comm").starts_with("DedicatedWorker") {
                let taken = read("schedstat").split(' ').next().and_then(|text| text.parse::<u64>().ok())?;
                nanoseconds = Some(nanoseconds.unwrap_or(0) + taken);
            }
        }
    }
    nanoseconds.map(Duration::from_nanos)
}

/// The process that started this one.
fn parent_of(process: &Path) -> Option<u64> {
    let status = std::fs::read_to_string(process.join("stat")).ok()?;
    // The name stands in brackets and may hold anything; the state follows, then the parent.
    status.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}
