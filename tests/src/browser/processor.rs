//! Processor time and memory of a browser's pages and workers, as Linux counts them: on a busy machine, the page's own clock also counts waiting.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Processor time that the workers below this process have taken so far; `None` where it cannot be read.
pub(super) fn of_workers_below(root: u64) -> Option<Duration> {
    time_of(root, |_, _, name| name.starts_with("DedicatedWorker"))
}

/// Processor time that the main threads of the pages below this process have taken so far; `None` where it cannot be read.
pub(super) fn of_pages_below(root: u64) -> Option<Duration> {
    time_of(root, |process, thread, _| process == thread && is_page(process))
}

/// Memory that the processes of the pages below this process have in use; `None` where it cannot be read.
pub(super) fn resident_below(root: u64) -> Option<u64> {
    let pages: Vec<u64> = processes_below(root)?.into_iter().filter(|&process| is_page(process)).collect();
    let kilobytes = |process: u64| -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok())
    };
    (!pages.is_empty()).then(|| pages.into_iter().filter_map(kilobytes).sum::<u64>() * 1024)
}

/// Whether a process of the browser shows pages.
fn is_page(process: u64) -> bool {
    let line = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).contains("--type=renderer")
}

fn processes_below(root: u64) -> Option<Vec<u64>> {
    let mut parents = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").ok()?.flatten() {
        if let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u64>().ok()) {
            parents.extend(parent_of(&entry.path()).map(|parent| (id, parent)));
        }
    }
    let is_below = |id: u64| std::iter::successors(Some(id), |id| parents.get(id).copied()).any(|id| id == root);
    Some(parents.keys().copied().filter(|&id| is_below(id)).collect())
}

/// Processor time of the threads that are chosen, by process, number and name.
fn time_of(root: u64, chosen: impl Fn(u64, u64, &str) -> bool) -> Option<Duration> {
    let mut nanoseconds = None;
    for process in processes_below(root)? {
        // A process may end while it is looked at.
        for thread in std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten() {
            let read = |file| std::fs::read_to_string(thread.path().join(file)).unwrap_or_default();
            let number = thread.file_name().to_str().and_then(|name| name.parse().ok()).unwrap_or_default();
            if chosen(process, number, &read("comm")) {
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
