//! What `cargo xtask bench --only page` asks for, a line of JSON for each word on the input.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::time::Duration;

use floodgate_tests::browser::{BrowserError, Options, PATIENCE, Page, dist};
use serde_json::{Value, json};

use super::{SCENE, TEN_THOUSAND, load, number, numbers, wait_for_virtual_seconds};

/// How long frames are looked at.
const LOOK: Duration = Duration::from_secs(10);
/// What a page does in its first moments (compiling, filling the links) is its start and no frame of a run.
const SETTLE: Duration = Duration::from_secs(2);

/// Answers `start`, `frames`, `drag`, `download`, and `run SECONDS`, after a line with the browser's version.
pub(crate) async fn answer() -> Result<(), BrowserError> {
    let page = opened().await?;
    println!("{}", page.version());
    for line in std::io::stdin().lines() {
        let line = line.map_err(|error| error.to_string())?;
        let mut words: VecDeque<&str> = line.split(' ').collect();
        let answer = match (words.pop_front(), words.pop_front().and_then(|word| word.parse().ok())) {
            (Some("start"), None) => start().await?,
            (Some("frames"), None) => frames(&page).await?,
            (Some("drag"), None) => drag(&page).await?,
            (Some("download"), None) => download()?,
            (Some("run"), Some(seconds)) => run(&page, seconds).await?,
            _ => return Err(format!("{line:?} is none of start, frames, drag, download, run SECONDS").into()),
        };
        println!("{answer}");
    }
    let errors = page.console_errors().await?;
    if errors.is_empty() { Ok(()) } else { Err(errors.join("\n").into()) }
}

async fn opened() -> Result<Page, BrowserError> {
    let page = Page::open(Options::default()).await?;
    wait_for_virtual_seconds(&page, 1.0).await?;
    Ok(page)
}

/// Notes in each animation frame since when there is a button to press, and since when a run is shown.
const NOTE_THE_START: &str = "window.__began = {}; \
    const look = () => { \
      if (!__began.interactive && document.querySelector('main button')) __began.interactive = performance.now(); \
      const text = window.__floodgate?.state(); \
      if (text && JSON.parse(text).now_ns > 0) __began.running = performance.now(); \
      else requestAnimationFrame(look); \
    }; requestAnimationFrame(look);";

/// Milliseconds from the navigation until a button can be pressed, and until virtual time passes on the screen; in a browser
/// that has never seen the page, from a server that lets nothing be cached.
async fn start() -> Result<Value, BrowserError> {
    let page = Page::open(Options { query: "?theme=light".to_owned(), ..Options::default() }).await?;
    // The browser itself has started by now; what is measured is the page, so it begins anew, without a cache.
    page.devtools("Network.enable", json!({})).await?;
    page.devtools("Network.setCacheDisabled", json!({ "cacheDisabled": true })).await?;
    page.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": NOTE_THE_START })).await?;
    page.goto("?theme=dark").await?;
    page.wait_until("window.__began?.running > 0", PATIENCE).await?;
    Ok(json!({
        "interactive_ms": number(&page, "__began.interactive").await?,
        "running_ms": number(&page, "__began.running").await?,
    }))
}

/// What the browser counts of the main thread, in seconds since it began: script, style and layout, all tasks.
async fn spent(page: &Page) -> Result<[f64; 3], BrowserError> {
    let answer = page.devtools("Performance.getMetrics", json!({})).await?;
    let of = |names: &[&str]| -> f64 {
        let metrics = answer["metrics"].as_array().into_iter().flatten();
        metrics
            .filter(|m| m["name"].as_str().is_some_and(|n| names.contains(&n)))
            .filter_map(|m| m["value"].as_f64())
            .sum()
    };
    Ok([of(&["ScriptDuration"]), of(&["LayoutDuration", "RecalcStyleDuration"]), of(&["TaskDuration"])])
}

/// Script of the page in each animation frame at ten thousand requests a second, by the page's own clock; what the browser
/// counts beside it, per frame; and the tasks above 50 ms.
async fn frames(page: &Page) -> Result<Value, BrowserError> {
    load(page, TEN_THOUSAND).await?;
    page.devtools("Performance.enable", json!({})).await?;
    tokio::time::sleep(SETTLE).await;
    page.eval(
        "(() => { window.__long = []; if (window.__frames !== undefined) return; window.__frames = 0; \
           new PerformanceObserver((list) => __long.push(...list.getEntries().map((e) => e.duration))).observe({ type: 'longtask' }); \
           const count = () => { __frames++; requestAnimationFrame(count); }; requestAnimationFrame(count); })()",
    )
    .await?;
    let (before, processor) = (spent(page).await?, page.main_thread_time());
    let frames_before = number(page, "__frames").await?;
    tokio::time::sleep(LOOK).await;
    let frames = number(page, "__frames").await? - frames_before;
    let (after, processor_after) = (spent(page).await?, page.main_thread_time());
    if frames < 1.0 {
        return Err("the page drew no frame in ten seconds".to_owned().into());
    }
    let all = numbers(page, "Array.from(__floodgate.frameTimes())").await?;
    // The page keeps so many frames and lets the oldest go; those that belong to these ten seconds are the last.
    let mut times = all[all.len().saturating_sub(frames as usize)..].to_vec();
    times.sort_by(f64::total_cmp);
    let each = |i: usize| (after[i] - before[i]) * 1e3 / frames;
    let processor = processor_after.zip(processor).map(|(after, before)| (after - before).as_secs_f64() * 1e3 / frames);
    Ok(json!({
        "frames": frames,
        "p50": quantile(&times, 50), "p95": quantile(&times, 95), "max": quantile(&times, 100),
        "script_mean": each(0), "layout_mean": each(1), "task_mean": each(2), "processor_mean": processor,
        "long": numbers(page, "__long").await?,
        "pace": number(page, "JSON.parse(__floodgate.state()).pace").await?,
    }))
}

/// From the start to `seconds` of virtual time as fast as possible, with the page showing it.
async fn run(page: &Page, seconds: u64) -> Result<Value, BrowserError> {
    load(page, &TEN_THOUSAND.replace("until = \"10min\"", &format!("until = \"{seconds}s\""))).await?;
    page.by_role("button", "Pause").await?.click().await?;
    page.by_role("button", "Reset").await?.click().await?;
    let at = "(s => s.now_ns === 0 && !s.running)(JSON.parse(__floodgate.state()))";
    page.wait_until(at, PATIENCE).await?;
    let end = page.by_role("button", "Run to end").await?;
    let (before, clock) = (page.worker_time(), number(page, "performance.now()").await?);
    end.click().await?;
    page.wait_until("(s => s.now_ns === s.until_ns && !s.running)(JSON.parse(__floodgate.state()))", 4 * SCENE).await?;
    let clock_ms = number(page, "performance.now()").await? - clock;
    let processor = page.worker_time().zip(before).map(|(after, before)| (after - before).as_secs_f64() * 1e3);
    let state: Value = serde_json::from_str(page.eval("__floodgate.state()").await?.as_str().unwrap_or_default())
        .map_err(|error| format!("state: {error}"))?;
    Ok(json!({
        "clock_ms": clock_ms, "processor_ms": processor.unwrap_or(clock_ms),
        "events": state["events"], "digest": state["digest"], "memory": state["simulation_memory_bytes"],
    }))
}

/// How many nodes and links have to stay draggable.
const NODES: usize = 60;
const LINKS: usize = 200;

/// Six clients with a balancer each, before 34 services that share 14 databases.
fn large_scenario() -> String {
    let mut text = String::from("format = 1\nname = \"Sixty nodes\"\nuntil = \"60s\"\n");
    let (tiers, mut links) = ([("clients", 6), ("load_balancer", 6), ("service", 34), ("database", 14)], Vec::new());
    for (column, (kind, count)) in tiers.into_iter().enumerate() {
        for i in 0..count {
            // A tall tier is drawn as several columns.
            let (x, y) = (column * 360 + i / 9 * 320 + usize::from(column > 2) * 1000, i % 9 * 190);
            let _ = writeln!(text, "[[node]]\nid = \"{kind}_{i}\"\nkind = \"{kind}\"\nposition = [{x}, {y}]");
            let _ = match kind {
                "clients" => writeln!(text, "rate = \"50/s\"\ntimeout = \"1s\""),
                "service" => writeln!(text, "service_time = \"5ms\""),
                _ => Ok(()),
            };
        }
    }
    for i in 0..6 {
        links.push((format!("clients_{i}"), format!("load_balancer_{i}")));
        links.extend((0..20).map(|j| (format!("load_balancer_{i}"), format!("service_{}", (i * 5 + j) % 34))));
    }
    links.extend(
        (0..LINKS - links.len())
            .map(|j| (format!("service_{}", j % 34), format!("database_{}", (j % 34 + j / 34 * 5) % 14))),
    );
    for (from, to) in links {
        let _ = writeln!(text, "[[link]]\nfrom = \"{from}\"\nto = \"{to}\"\nlatency = \"1ms\"");
    }
    text
}

/// From each move of the pointer to the moment after the next frame has been handed over to be shown. What the page does in
/// the frame counts, and so does its wait for the frame.
const NOTE_MOVES: &str = "(() => { window.__moves = []; window.__events = []; if (window.__drawn !== undefined) return; window.__drawn = 0; \
    const count = () => { __drawn++; requestAnimationFrame(count); }; requestAnimationFrame(count); \
    new PerformanceObserver((list) => __events.push(...list.getEntries().map((e) => e.duration))) \
      .observe({ type: 'event', durationThreshold: 16 }); \
    let first = 0; const channel = new MessageChannel(); \
    channel.port1.onmessage = ({ data }) => __moves.push(performance.now() - data); \
    addEventListener('pointermove', (event) => { \
      if (!event.buttons || first) return; \
      first = event.timeStamp; \
      requestAnimationFrame(() => { channel.port2.postMessage(first); first = 0; }); \
    }, { capture: true }); })()";

async fn drag(page: &Page) -> Result<Value, BrowserError> {
    load(page, &large_scenario()).await?;
    let shown = number(page, "document.querySelectorAll('[data-node]').length").await?;
    if shown != NODES as f64 {
        return Err(format!("{shown} nodes are drawn of {NODES}").into());
    }
    tokio::time::sleep(SETTLE).await;
    page.eval(NOTE_MOVES).await?;
    page.devtools("Performance.enable", json!({})).await?;
    let (before, drawn) = (spent(page).await?, number(page, "__drawn").await?);
    // One in the middle, with links on both sides.
    let place = page
        .eval("(r => [r.x + r.width / 2, r.y + r.height / 2])(document.querySelector('[data-node=service_4]').getBoundingClientRect())")
        .await?;
    let (x, y) = (place[0].as_f64().unwrap_or_default(), place[1].as_f64().unwrap_or_default());
    for round in 0..6 {
        let far = if round % 2 == 0 { 220.0 } else { -220.0 };
        let from = if round % 2 == 0 { (x, y) } else { (x + 220.0, y + 110.0) };
        page.drag_smoothly(from, (from.0 + far, from.1 + far / 2.0), 60).await?;
    }
    let (after, frames) = (spent(page).await?, number(page, "__drawn").await? - drawn);
    let each = |i: usize| (after[i] - before[i]) * 1e3 / frames.max(1.0);
    let script = numbers(page, "Array.from(__floodgate.frameTimes())").await?;
    let mut script = script[script.len().saturating_sub(frames as usize)..].to_vec();
    script.sort_by(f64::total_cmp);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut moves = numbers(page, "__moves").await?;
    if moves.len() < 60 {
        return Err(format!("only {} moves of the pointer were seen", moves.len()).into());
    }
    moves.sort_by(f64::total_cmp);
    let mut events = numbers(page, "__events").await?;
    events.sort_by(f64::total_cmp);
    Ok(json!({
        "nodes": NODES, "links": LINKS, "moves": moves.len(),
        "p50": quantile(&moves, 50), "p95": quantile(&moves, 95), "max": quantile(&moves, 100),
        // Presses and releases by the browser's own Event Timing; it counts no moves, and nothing below 16 ms.
        "event_max": events.last(),
        "script_p50": quantile(&script, 50), "script_p95": quantile(&script, 95),
        "script_mean": each(0), "layout_mean": each(1), "task_mean": each(2),
    }))
}

fn download() -> Result<Value, BrowserError> {
    let files = xtask::size::download(&dist()?).map_err(BrowserError::File)?;
    Ok(json!(files.iter().map(|file| json!([file.name, file.bytes, file.gzip])).collect::<Vec<_>>()))
}

/// The smallest value that so many per cent of the values do not exceed.
fn quantile(sorted: &[f64], percent: usize) -> f64 {
    let at = (sorted.len() * percent).div_ceil(100).clamp(1, sorted.len().max(1)) - 1;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scenarios_load_and_have_the_size_they_promise() {
        for text in [TEN_THOUSAND, &large_scenario()] {
            let scenario = floodgate::Scenario::load(text);
            assert!(scenario.is_ok(), "{}", scenario.err().map(|problems| problems.to_string()).unwrap_or_default());
        }
        let large = floodgate::Scenario::load(&large_scenario()).ok();
        assert_eq!(large.map(|s| (s.nodes.len(), s.links.len())), Some((NODES, LINKS)));
    }

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let times: Vec<f64> = (1..=20).map(f64::from).collect();
        assert_eq!(quantile(&times, 50), 10.0);
        assert_eq!(quantile(&times, 95), 19.0);
        assert_eq!(quantile(&times, 100), 20.0);
        assert_eq!(quantile(&[7.0], 50), 7.0);
        assert!(quantile(&[], 50).is_nan());
    }
}
