//! What the real page costs, in Chromium: script per frame, dragging, the start, the download, and how much of the engine's
//! speed is left while it is shown.

use crate::engine;
use crate::measure::{Sample, timed};
use floodgate::Time;
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Main-thread script per animation frame at 10,000 requests per second and normal speed, 95th percentile, in ms.
const SCRIPT_MAX_MS: f64 = 8.0;
/// Tasks above 50 ms after the start.
const LONG_TASKS_MAX: f64 = 0.0;
/// From a move of the pointer to the picture, with 60 nodes and 200 links, 95th percentile, in ms.
const DRAG_MAX_MS: f64 = 50.0;
/// Download of all files by gzip, in bytes.
const DOWNLOAD_MAX: f64 = 500_000.0;
/// Until there is something to press, in ms.
const START_MAX_MS: f64 = 2_000.0;
/// Speed in the worker while the page shows it, as a share of native.
const SHOWN_MIN: f64 = 0.6;
/// What the page runs at 10,000 requests per second.
const SCENARIO: &str = include_str!("../../tests/fixtures/ten_thousand_per_second.toml");

/// The program that drives the page: a line in, a line of JSON out.
struct Browser {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Browser {
    fn start(program: PathBuf, bundle: PathBuf) -> Result<(Browser, String), String> {
        let mut process = Command::new(program)
            .arg("measure")
            .env("FLOODGATE_DIST", bundle)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("the browser does not start: {error}"))?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err("a program without input or output".to_owned());
        };
        let mut browser = Browser { process, input: Some(input), output: BufReader::new(output) };
        let version = browser.line()?;
        Ok((browser, version))
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        match self.output.read_line(&mut line) {
            Ok(read) if read > 0 => Ok(line.trim_end().to_owned()),
            _ => Err(format!("the browser's program ended ({:?})", self.process.wait())),
        }
    }

    fn ask(&mut self, what: &str) -> Result<Value, String> {
        if let Some(input) = &mut self.input {
            writeln!(input, "{what}").map_err(|error| error.to_string())?;
        }
        let line = self.line()?;
        serde_json::from_str(&line).map_err(|error| format!("{what}: {line}: {error}"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The end of its input is the sign to end; Chromium is taken down in order.
        self.input = None;
        let _ = self.process.wait();
    }
}

/// Everything about the page.
///
/// # Errors
/// When the browser fails, or a run in it has another digest than the native one.
pub fn all(rounds: usize, seconds: u64, missed: &mut Vec<String>) -> Result<(), String> {
    println!("the page in Chromium, the web bundle, no GPU; other work on the machine at the start: {}\n", load());
    let of = |name| std::env::var_os(name).map(PathBuf::from);
    let (Some(bundle), Some(program)) = (of("FLOODGATE_WASM"), of("FLOODGATE_BROWSER")) else {
        println!(
            "skipped: no web bundle, or no Chromium; `cargo xtask bench` builds the one and looks for the other\n"
        );
        return Ok(());
    };
    let (mut browser, version) = Browser::start(program, bundle)?;
    println!("{version}");
    download(&mut browser, missed)?;
    start(&mut browser, rounds.min(5), missed)?;
    frames(&mut browser, rounds.min(3), missed)?;
    drag(&mut browser, rounds.min(3), missed)?;
    throughput(&mut browser, rounds, seconds, missed)?;
    println!("other work on the machine at the end, Chromium's own included: {}\n", load());
    Ok(())
}

/// Programs that waited for or had a processor, as the system counts them; where it tells.
fn load() -> String {
    let told = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let minute = told.split(' ').next().filter(|word| !word.is_empty());
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    minute.map_or("not told".to_owned(), |load| format!("load {load} on {processors} processors"))
}

fn of(answer: &Value, name: &str) -> f64 {
    answer[name].as_f64().unwrap_or(f64::NAN)
}

/// Prints a line and notes a gate that is missed. A number that is none misses every gate.
fn judge(what: &str, got: f64, unit: &str, at_least: bool, gate: f64, missed: &mut Vec<String>) {
    let met = if at_least { got >= gate } else { got <= gate };
    let bound = format!("{} {gate}{unit}", if at_least { "at least" } else { "at most" });
    let verdict = if met { format!("gate: {bound}") } else { format!("THE GATE ({bound}) IS MISSED") };
    let shown = if got.abs() >= 100.0 { format!("{got:.0}") } else { format!("{got:.2}") };
    println!("  {what}: {shown}{unit} ({verdict})");
    if !met {
        missed.push(format!("the page, {what}: {shown}{unit}, the gate is {bound}"));
    }
}

fn download(browser: &mut Browser, missed: &mut Vec<String>) -> Result<(), String> {
    let files = browser.ask("download")?;
    let mut total = 0.0;
    println!("{:<38}{:>12}{:>12}", "download", "bytes", "by gzip");
    for file in files.as_array().into_iter().flatten() {
        let (bytes, gzip) = (file[1].as_f64().unwrap_or(f64::NAN), file[2].as_f64().unwrap_or(f64::NAN));
        println!("  {:<36}{bytes:>12}{gzip:>12}", file[0].as_str().unwrap_or_default());
        total += gzip;
    }
    judge("all of it, by gzip", total, " bytes", false, DOWNLOAD_MAX, missed);
    Ok(())
}

fn start(browser: &mut Browser, rounds: usize, missed: &mut Vec<String>) -> Result<(), String> {
    let (mut interactive, mut running) = (Sample::default(), Sample::default());
    for _ in 0..rounds {
        let answer = browser.ask("start")?;
        interactive.push(of(&answer, "interactive_ms"));
        running.push(of(&answer, "running_ms"));
    }
    println!("start, {rounds} fresh browsers, nothing cached, from a server on the same machine");
    println!("  until the run is shown: {:.0} ms", running.median());
    judge("until there is something to press", interactive.median(), " ms", false, START_MAX_MS, missed);
    Ok(())
}

fn frames(browser: &mut Browser, rounds: usize, missed: &mut Vec<String>) -> Result<(), String> {
    let names = ["frames", "p50", "p95", "max", "script_mean", "layout_mean", "task_mean", "processor_mean", "pace"];
    let (mut samples, mut long) = (vec![Sample::default(); names.len()], Sample::default());
    for _ in 0..rounds {
        let answer = browser.ask("frames")?;
        names.iter().zip(&mut samples).for_each(|(name, sample)| sample.push(of(&answer, name)));
        long.push(answer["long"].as_array().map_or(f64::NAN, |long| long.len() as f64));
    }
    let median = |i: usize| samples[i].median();
    println!(
        "10,000 requests per second at 1x, {rounds} times ten seconds, {:.0} frames each, pace {:.2}",
        median(0),
        median(8)
    );
    println!(
        "  the browser counts, per frame: script {:.2} ms, style and layout {:.2} ms, all tasks {:.2} ms; the main thread had \
         the processor for {:.2} ms",
        median(4),
        median(5),
        median(6),
        median(7)
    );
    println!("  script per frame by the page's clock: p50 {:.2} ms, max {:.2} ms", median(1), median(3));
    judge("script per frame, p95", median(2), " ms", false, SCRIPT_MAX_MS, missed);
    judge("tasks above 50 ms", long.median(), "", false, LONG_TASKS_MAX, missed);
    Ok(())
}

fn drag(browser: &mut Browser, rounds: usize, missed: &mut Vec<String>) -> Result<(), String> {
    let names = [
        "moves",
        "p50",
        "p95",
        "max",
        "event_max",
        "nodes",
        "links",
        "script_p50",
        "script_p95",
        "script_mean",
        "layout_mean",
        "task_mean",
    ];
    let mut samples = vec![Sample::default(); names.len()];
    for _ in 0..rounds {
        let answer = browser.ask("drag")?;
        names.iter().zip(&mut samples).for_each(|(name, sample)| sample.push(of(&answer, name)));
    }
    let median = |i: usize| samples[i].median();
    println!(
        "dragging a node among {} nodes and {} links while they run, {:.0} moves",
        median(5),
        median(6),
        median(0)
    );
    println!(
        "  p50 {:.1} ms, max {:.1} ms; slowest press or release by Event Timing {:.0} ms",
        median(1),
        median(3),
        median(4)
    );
    println!(
        "  script per frame p50 {:.1} ms, p95 {:.1} ms; the browser counts, per frame: script {:.1} ms, style and layout {:.1} ms, all tasks \
         {:.1} ms",
        median(7),
        median(8),
        median(9),
        median(10),
        median(11)
    );
    judge("input to paint, p95", median(2), " ms", false, DRAG_MAX_MS, missed);
    Ok(())
}

/// The same run natively and in the page's worker with snapshots flowing to the page, in turn.
fn throughput(browser: &mut Browser, rounds: usize, seconds: u64, missed: &mut Vec<String>) -> Result<(), String> {
    // What is compiled at first, in a hurry, is replaced while this runs.
    browser.ask(&format!("run {seconds}"))?;
    let (mut native, mut shown, mut share, mut clock) = <(Sample, Sample, Sample, Sample)>::default();
    for _ in 0..rounds {
        let (ran, time) = timed(|| engine::run(SCENARIO, Time::from_secs_f64(seconds as f64)));
        let answer = browser.ask(&format!("run {seconds}"))?;
        let digest = format!("{:016x}", ran.digest);
        if (answer["events"].as_u64(), answer["digest"].as_str()) != (Some(ran.events), Some(&digest)) {
            return Err(format!(
                "{} events {digest} natively, {} {} on the page",
                ran.events, answer["events"], answer["digest"]
            ));
        }
        let each = |ms: f64| ms * 1e6 / ran.events as f64;
        let (here, there) = (each(time.as_secs_f64() * 1e3), each(of(&answer, "processor_ms")));
        native.push(here);
        shown.push(there);
        share.push(here / there);
        clock.push(each(of(&answer, "clock_ms")));
    }
    let (low, high) = share.range();
    println!("{seconds} s of 10,000 requests per second as fast as possible, shown, {rounds} rounds, digests equal");
    println!(
        "  native {:.1} ns per event, on the page {:.1} (by its clock {:.1}); shares {low:.2} - {high:.2}",
        native.median(),
        shown.median(),
        clock.median()
    );
    judge("speed in the worker with snapshots flowing, share of native", share.median(), "", true, SHOWN_MIN, missed);
    Ok(())
}
