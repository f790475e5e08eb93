//! What `cargo xtask screenshot`, `frame-bench` and `bench` run: the page in Chromium, looked at and measured.
//!
//! The page tells what it does through `window.__floodgate`: `state()`, JSON with `now_ns` and `running`; `load(TEXT)` with
//! the text of a scenario, true when it was taken; and `frameTimes()`, the milliseconds of main-thread script of the last
//! animation frames.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use floodgate_tests::browser::{BrowserError, Options, PATIENCE, Page, Theme, block_on};

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    let result = match words.as_slice() {
        [command, out] if command == "screenshot" => block_on(screenshots(Path::new(out))),
        [command] if command == "frame-bench" => block_on(frame_bench()),
        [command] if command == "wasm-bench" => block_on(wasm_bench()),
        _ => Err("usage: floodgate-browser screenshot DIRECTORY | frame-bench | wasm-bench".to_owned().into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("floodgate-browser: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Virtual time passes with wall time at most as fast as the page's speed allows; this is how long a picture may take to set up.
const SCENE: Duration = Duration::from_secs(90);

async fn screenshots(out: &Path) -> Result<(), BrowserError> {
    for (theme, name) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        // By the address as well as by the emulated preference: the two must agree, whichever the page asks first.
        let query = if theme == Theme::Dark { "?theme=dark" } else { "" }.to_owned();
        let page = Page::open(Options { theme, query, ..Options::default() }).await?;
        // Long enough for the charts to show more than their first point.
        wait_for_virtual_seconds(&page, 8.0).await?;
        keep(&page, out, &format!("healthy-{name}.png")).await?;
        page.by_role("button", "Flash crowd").await?.click().await?;
        let pressed = virtual_seconds(&page).await?;
        // The collapse takes five seconds of virtual time; some more show that it stays.
        wait_for_virtual_seconds(&page, pressed + 12.0).await?;
        keep(&page, out, &format!("avalanche-{name}.png")).await?;
    }
    Ok(())
}

async fn keep(page: &Page, out: &Path, name: &str) -> Result<(), BrowserError> {
    let path: PathBuf = out.join(name);
    page.screenshot_to(&path).await?;
    eprintln!("wrote {}", path.display());
    Ok(())
}

/// The page's virtual time, as an expression: `state()` is JSON text.
const VIRTUAL_SECONDS: &str = "JSON.parse(window.__floodgate.state()).now_ns / 1e9";

async fn virtual_seconds(page: &Page) -> Result<f64, BrowserError> {
    let value = page.eval(VIRTUAL_SECONDS).await?;
    value.as_f64().ok_or_else(|| format!("{VIRTUAL_SECONDS} is {value}").into())
}

async fn wait_for_virtual_seconds(page: &Page, seconds: f64) -> Result<(), BrowserError> {
    page.wait_until("window.__floodgate !== undefined", PATIENCE).await?;
    page.wait_until(&format!("{VIRTUAL_SECONDS} >= {seconds}"), SCENE).await.map(drop)
}

/// The most that has to move on the canvas.
const BENCH_SCENARIO: &str = include_str!("../../fixtures/ten_thousand_per_second.toml");

async fn frame_bench() -> Result<(), BrowserError> {
    let page = Page::open(Options::default()).await?;
    wait_for_virtual_seconds(&page, 1.0).await?;
    let text = serde_json::Value::from(BENCH_SCENARIO);
    if page.eval(&format!("window.__floodgate.load({text})")).await? != true {
        return Err("the page did not take the benchmark's scenario".to_owned().into());
    }
    page.wait_until("JSON.parse(window.__floodgate.state()).running", PATIENCE).await?;
    // What the page measured before, of another scenario, and while this one filled the links, does not count.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let warm_up = frame_times(&page).await?.len();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let all = frame_times(&page).await?;
    // A page that keeps only so many frames has let the oldest go, and then all of them are of these ten seconds.
    let mut times = if all.len() > warm_up { all[warm_up..].to_vec() } else { all };
    if times.is_empty() {
        return Err("the page drew no frame in ten seconds".to_owned().into());
    }
    times.sort_by(f64::total_cmp);
    println!(
        "main-thread script per animation frame at 10,000 requests/s, {} frames: p50 {:.2} ms, p95 {:.2} ms, max {:.2} ms",
        times.len(),
        quantile(&times, 50),
        quantile(&times, 95),
        quantile(&times, 100),
    );
    for line in page.console_errors().await? {
        eprintln!("console: {line}");
    }
    Ok(())
}

/// Answers each line `WORKLOAD UNTIL` on its input with `MS_BY_THE_CLOCK MS_OF_PROCESSOR EVENTS DIGEST`, after a line with the
/// browser's version. The runs are in a worker of an empty page, as the playground's are in a worker of its page.
async fn wasm_bench() -> Result<(), BrowserError> {
    let page = Page::open(Options { query: "bench/index.html".to_owned(), ..Options::default() }).await?;
    page.wait_until("window.bench !== undefined", PATIENCE).await?;
    println!("{}", page.version());
    for line in std::io::stdin().lines() {
        let line = line.map_err(|error| error.to_string())?;
        let (workload, until) = line.split_once(' ').ok_or_else(|| format!("{line:?} is no `WORKLOAD UNTIL`"))?;
        let (workload, until) = (serde_json::Value::from(workload), serde_json::Value::from(until));
        let before = page.worker_time();
        let answer = page.eval(&format!("window.bench({workload}, {until})")).await?;
        let processor = before.and_then(|before| Some((page.worker_time()? - before).as_secs_f64() * 1e3));
        let result = &answer["result"];
        match (result["ms"].as_f64(), result["events"].as_u64(), result["digest"].as_str()) {
            (Some(ms), Some(events), Some(digest)) => {
                let processor = processor.map_or("-".to_owned(), |ms| ms.to_string());
                println!("{ms} {processor} {events} {digest}");
            }
            _ => return Err(format!("{line}: {answer}").into()),
        }
    }
    Ok(())
}

async fn frame_times(page: &Page) -> Result<Vec<f64>, BrowserError> {
    let value = page.eval("Array.from(window.__floodgate.frameTimes())").await?;
    let times = value.as_array().ok_or_else(|| format!("frameTimes() is {value}"))?;
    Ok(times.iter().filter_map(serde_json::Value::as_f64).collect())
}

/// The smallest value that so many per cent of the values do not exceed.
fn quantile(sorted: &[f64], percent: usize) -> f64 {
    sorted[(sorted.len() * percent).div_ceil(100).clamp(1, sorted.len()) - 1]
}

#[cfg(test)]
mod tests {
    use super::{BENCH_SCENARIO, quantile};

    #[test]
    fn the_benchmark_runs_a_scenario_that_loads() {
        let scenario = floodgate::Scenario::load(BENCH_SCENARIO);
        assert!(scenario.is_ok(), "{}", scenario.err().map(|problems| problems.to_string()).unwrap_or_default());
    }

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let times: Vec<f64> = (1..=20).map(f64::from).collect();
        assert_eq!(quantile(&times, 50), 10.0);
        assert_eq!(quantile(&times, 95), 19.0);
        assert_eq!(quantile(&times, 100), 20.0);
        assert_eq!(quantile(&[7.0], 50), 7.0);
    }
}
