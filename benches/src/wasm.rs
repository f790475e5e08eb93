//! The same runs in wasm, by the very file that a deployment of the playground downloads, under Node and in Chromium.

use crate::engine::{self, Ran};
use crate::measure::{Sample, timed};
use crate::peers::Workload;
use floodgate::Time;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The least speed of wasm in Chromium, as a share of native.
const GATE: f64 = 0.7;
/// Runs before the clock counts, so that what is compiled at first, in a hurry, has been replaced: the loop of a run that is
/// under way never is.
const WARM_UPS: u64 = 20;

/// What came out of a run in wasm.
#[derive(Debug)]
struct Answer {
    /// Milliseconds by the host's own clock.
    clock_ms: f64,
    /// Milliseconds of processor time; where the system does not tell, as the clock says.
    processor_ms: f64,
    events: u64,
    digest: String,
}

/// Something that runs wasm, and answers a line with a line.
#[derive(Debug)]
struct Host {
    name: String,
    is_chromium: bool,
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    ns: Sample,
    clock_ns: Sample,
    /// Native time / wasm time.
    speed: Sample,
}

impl Host {
    /// Starts it; the first line it says is its name and version.
    fn start(mut command: Command, is_chromium: bool) -> Result<Host, String> {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} does not start: {error}", command.get_program().display()))?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err("a program without input or output".to_owned());
        };
        let mut host = Host {
            name: String::new(),
            is_chromium,
            process,
            input: Some(input),
            output: BufReader::new(output),
            ns: Sample::default(),
            clock_ns: Sample::default(),
            speed: Sample::default(),
        };
        host.name = host.line()?;
        Ok(host)
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        match self.output.read_line(&mut line) {
            Ok(n) if n > 0 => Ok(line.trim_end().to_owned()),
            _ => Err(format!("it ended ({:?})", self.process.wait())),
        }
    }

    fn run(&mut self, workload: Workload, seconds: u64) -> Result<Answer, String> {
        if let Some(input) = &mut self.input {
            let line = format!("{} {seconds}s\n", workload.name().to_lowercase());
            input.write_all(line.as_bytes()).map_err(|error| error.to_string())?;
        }
        let line = self.line()?;
        let words: Vec<&str> = line.split(' ').collect();
        if let [clock, processor, events, digest] = words[..]
            && let (Ok(clock_ms), Ok(events)) = (clock.parse(), events.parse())
        {
            let processor_ms = processor.parse().unwrap_or(clock_ms);
            return Ok(Answer { clock_ms, processor_ms, events, digest: digest.to_owned() });
        }
        Err(format!("said {line:?}"))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // The end of its input is the sign to end; Chromium is taken down in order.
        self.input = None;
        let _ = self.process.wait();
    }
}

/// Node and Chromium, or why not.
fn hosts(bundle: &std::path::Path) -> Vec<Result<Host, String>> {
    let mut node = Command::new("node");
    node.arg(bundle.join("bench").join("node.mjs"));
    let chromium = std::env::var_os("FLOODGATE_BROWSER").ok_or("no Chromium, or no chromedriver, on PATH".to_owned());
    let chromium = chromium.and_then(|program| {
        let mut command = Command::new(program);
        command.arg("wasm-bench").env("FLOODGATE_DIST", bundle);
        Host::start(command, true)
    });
    vec![
        Host::start(node, false).map_err(|why| format!("Node: {why}")),
        chromium.map_err(|why| format!("Chromium: {why}")),
    ]
}

/// One run natively.
fn native(workload: Workload, seconds: u64) -> Ran {
    let text = match workload {
        Workload::W1 => engine::W1,
        Workload::W2 => engine::W2,
        Workload::W3 => engine::W3,
    };
    engine::run(text, Time::from_secs_f64(seconds as f64))
}

/// Native against wasm, once per round in turn.
///
/// # Errors
/// When a host fails, or gives another digest than the native run.
pub fn all(rounds: usize, customers: u64, seconds: u64, missed: &mut Vec<String>) -> Result<(), String> {
    println!("wasm against native: the web bundle, a worker in Chromium; processor time, share = native / wasm\n");
    let Some(bundle) = std::env::var_os("FLOODGATE_WASM").map(PathBuf::from) else {
        println!("skipped: the web bundle is built by `cargo xtask bench`, not by this program alone\n");
        return Ok(());
    };
    for workload in [Workload::W1, Workload::W2, Workload::W3] {
        let seconds = match workload {
            Workload::W1 => customers * 10 / 9,
            Workload::W2 => customers * 10 / 72,
            Workload::W3 => seconds,
        };
        // A fresh one each time: what a compiler has learnt from one workload is not there for a visitor of another.
        let mut hosts: Vec<Host> =
            hosts(&bundle).into_iter().filter_map(|host| host.map_err(|why| println!("skipped, {why}")).ok()).collect();
        one(workload, rounds, seconds, &mut hosts, missed)?;
    }
    Ok(())
}

fn one(
    workload: Workload,
    rounds: usize,
    seconds: u64,
    hosts: &mut [Host],
    missed: &mut Vec<String>,
) -> Result<(), String> {
    for host in &mut *hosts {
        for _ in 0..WARM_UPS {
            host.run(workload, (seconds / WARM_UPS).max(1))?;
        }
        host.run(workload, seconds)?;
    }
    let mut ns = Sample::default();
    let (mut events, mut digest) = (0, String::new());
    for _ in 0..rounds {
        let (ran, time) = timed(|| native(workload, seconds));
        let took = time.as_nanos() as f64 / ran.customers as f64;
        ns.push(took);
        (events, digest) = (ran.events, format!("{:016x}", ran.digest));
        for host in &mut *hosts {
            let answer = host.run(workload, seconds)?;
            if (answer.events, &answer.digest) != (events, &digest) {
                return Err(format!(
                    "{}: {events} events {digest} natively, {} events {} in {}",
                    workload.name(),
                    answer.events,
                    answer.digest,
                    host.name
                ));
            }
            let each = |ms: f64| ms * 1e6 / ran.customers as f64;
            host.ns.push(each(answer.processor_ms));
            host.clock_ns.push(each(answer.clock_ms));
            host.speed.push(took / each(answer.processor_ms));
        }
    }
    println!("{}: {events} events, digest {digest} in all", workload.name());
    let unit = if workload == Workload::W3 { "ns/request" } else { "ns/customer" };
    println!("{:<34}{unit:>12}{:>12}{:>20}{:>14}", "", "share", "from - to", "by its clock");
    println!("{:<34}{:>12.1}", "native", ns.median());
    for host in &*hosts {
        let (low, high) = host.speed.range();
        println!(
            "{:<34}{:>12.1}{:>12.2}{:>20}{:>14.1}",
            format!("wasm, {}", host.name),
            host.ns.median(),
            host.speed.median(),
            format!("{low:.2} - {high:.2}"),
            host.clock_ns.median(),
        );
        if host.is_chromium {
            judge(workload, host.speed.median(), missed);
        }
    }
    println!();
    Ok(())
}

fn judge(workload: Workload, share: f64, missed: &mut Vec<String>) {
    if share >= GATE {
        println!("  the gate (at least {GATE} of native in Chromium) is met");
    } else {
        println!("  THE GATE (at least {GATE} of native in Chromium) IS MISSED");
        missed.push(format!("{}: wasm in Chromium {share:.2} of native, the gate is {GATE}", workload.name()));
    }
}
