//! The page, left running: its memory has to stay what it was after the first minutes.

use std::time::{Duration, Instant};

use floodgate_tests::browser::{BrowserError, Options, Page};
use serde_json::json;

use super::{TEN_THOUSAND, load, number, wait_for_virtual_seconds};

/// Looks at the memory in a run.
const LOOKS: u32 = 30;
/// Of the run, what belongs to the warm-up: charts and series fill until they thin out.
const WARM_UP: f64 = 0.4;
/// How much more the last third may hold than the first after the warm-up.
const GROWTH_MAX: f64 = 1.05;
/// And what may always be added to it: collectors of garbage leave a little lying about.
const SLACK: f64 = 2e6;

/// What is looked at, in bytes (nodes of the document: their number).
#[derive(Debug, Clone, Copy)]
struct Memory {
    /// Linear memory of the simulation in the worker.
    worker: f64,
    /// Linear memory of the page.
    page: f64,
    /// The page's JavaScript, after a collection.
    heap: f64,
    /// Nodes of the document, detached ones that are still held included.
    nodes: f64,
    /// All of the browser's process that shows the page, as the system counts it.
    resident: f64,
}

/// Lets ten thousand requests a second run for so many minutes of wall time.
///
/// # Errors
/// When memory has grown, the page complained on its console, or time stood still.
#[expect(clippy::disallowed_methods, reason = "a soak lasts as long as its user says, by the clock on the wall")]
pub(crate) async fn run(minutes: f64) -> Result<(), BrowserError> {
    let page = Page::open(Options::default()).await?;
    wait_for_virtual_seconds(&page, 1.0).await?;
    load(&page, &TEN_THOUSAND.replace("until = \"10min\"", "until = \"2h\"")).await?;
    let (start, length) = (Instant::now(), Duration::from_secs_f64(minutes * 60.0));
    let mut looks = Vec::new();
    println!(
        "{:>8}{:>10}{:>14}{:>14}{:>14}{:>10}{:>14}",
        "minutes", "virtual", "worker MB", "page MB", "script MB", "nodes", "process MB"
    );
    for look in 1..=LOOKS {
        tokio::time::sleep((length * look / LOOKS).saturating_sub(start.elapsed())).await;
        let (memory, virtual_seconds) = (memory(&page).await?, super::virtual_seconds(&page).await?);
        let mb = |bytes: f64| bytes / 1e6;
        println!(
            "{:>8.1}{:>10.0}{:>14.1}{:>14.1}{:>14.1}{:>10}{:>14.1}",
            start.elapsed().as_secs_f64() / 60.0,
            virtual_seconds,
            mb(memory.worker),
            mb(memory.page),
            mb(memory.heap),
            memory.nodes,
            mb(memory.resident)
        );
        looks.push((virtual_seconds, memory));
    }
    let errors = page.console_errors().await?;
    if !errors.is_empty() {
        return Err(errors.join("\n").into());
    }
    let stood_still = looks.windows(2).any(|pair| pair[1].0 <= pair[0].0);
    if stood_still {
        return Err("virtual time stood still between two looks".to_owned().into());
    }
    let memories: Vec<Memory> = looks.iter().map(|look| look.1).collect();
    judge(&memories)
}

async fn memory(page: &Page) -> Result<Memory, BrowserError> {
    page.devtools("HeapProfiler.collectGarbage", json!({})).await?;
    let heap = page.devtools("Runtime.getHeapUsage", json!({})).await?;
    let document = page.devtools("Memory.getDOMCounters", json!({})).await?;
    let state = |name: &str| format!("JSON.parse(__floodgate.state()).{name}");
    Ok(Memory {
        worker: number(page, &state("simulation_memory_bytes")).await?,
        page: number(page, &state("page_memory_bytes")).await?,
        heap: heap["usedSize"].as_f64().unwrap_or(f64::NAN),
        nodes: document["nodes"].as_f64().unwrap_or(f64::NAN),
        resident: page.resident_bytes().map_or(0.0, |bytes| bytes as f64),
    })
}

/// What is looked at: its name, its value, and how much more of it is nothing to speak of.
type Kind = (&'static str, fn(&Memory) -> f64, f64);

/// The largest of the last third against the largest of what comes right after the warm-up.
fn judge(looks: &[Memory]) -> Result<(), BrowserError> {
    let steady = &looks[(looks.len() as f64 * WARM_UP) as usize..];
    let third = steady.len() / 3;
    let (early, late) = (&steady[..third.max(1)], &steady[steady.len() - third.max(1)..]);
    let kinds: [Kind; 5] = [
        ("the worker's memory", |m| m.worker, SLACK),
        ("the page's memory", |m| m.page, SLACK),
        ("the page's script", |m| m.heap, SLACK),
        ("nodes of the document", |m| m.nodes, 200.0),
        // The system counts what the browser keeps for itself as well, and that comes and goes.
        ("the process", |m| m.resident, 10.0 * SLACK),
    ];
    let mut grown = Vec::new();
    for (name, of, slack) in kinds {
        let largest = |looks: &[Memory]| looks.iter().map(of).fold(0.0, f64::max);
        let (before, after) = (largest(early), largest(late));
        println!("{name}: {before:.0} after the warm-up, {after:.0} at the end");
        // What could not be measured has not stayed.
        if after > before * GROWTH_MAX + slack || looks.iter().any(|look| of(look).is_nan()) {
            grown.push(format!("{name} grew from {before:.0} to {after:.0}"));
        }
    }
    if grown.is_empty() { Ok(()) } else { Err(grown.join("; ").into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_grows_is_found_and_a_warm_up_is_not() {
        let at = |worker: f64| Memory { worker, page: 1e7, heap: 1e7, nodes: 500.0, resident: 2e8 };
        let filling: Vec<Memory> = (0..30).map(|i| at(1e8 * f64::from(i.min(10)))).collect();
        assert!(judge(&filling).is_ok());
        let leaking: Vec<Memory> = (0..30).map(|i| at(1e8 + 1e7 * f64::from(i))).collect();
        assert!(judge(&leaking).unwrap_err().to_string().contains("worker"));
        assert!(judge(&[at(f64::NAN); 30]).is_err());
    }
}
