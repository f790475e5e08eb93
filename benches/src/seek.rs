//! What going back costs: a run with keyframes is sought to many of its instants.

use crate::engine::{W3, start};
use crate::measure::{Sample, timed};
use crate::table::judge;
use floodgate::{Budget, Duration, KeyframePolicy, Progress, Time, Timeline};

/// The longest that a seek may take, in milliseconds: what a hand on the scrubber does not notice.
const GATE_MS: f64 = 100.0;
/// How far every run goes, in virtual seconds.
const SECONDS: f64 = 60.0;
/// How many instants are sought, beside the worst ones.
const EVEN: u32 = 30;
const ODD: u32 = 30;
/// What a chart on the page shows.
const WINDOW: Duration = Duration::from_millis(250);

const AVALANCHE: &str = include_str!("../../scenarios/single_server_avalanche.toml");

/// Prints what a seek costs in each of the runs.
pub fn all(missed: &mut Vec<String>) {
    println!("seek: {SECONDS} s of a run with keyframes as by default, sought from its end; processor ms");
    println!(
        "{:<22}{:>9}{:>8}{:>10}{:>8}{:>8}{:>11}{:>8}{:>12}{:>12}",
        "", "events", "live", "keyframes", "MB", "seeks", "median ms", "max ms", "copy, max", "with/without"
    );
    let mut worst = 0.0f64;
    // 256 MiB and 96 KiB for each: the server is killed at a backlog of 10⁵ and not at 8,000.
    let larger = AVALANCHE.replace("1006MiB", "9631MiB");
    for (name, text) in [("W3", W3), ("avalanche", AVALANCHE), ("avalanche of 10⁵", &larger)] {
        worst = worst.max(one(name, text));
    }
    judge("longest seek, ms", worst, GATE_MS, missed);
}

/// A row of the table; the longest seek.
fn one(name: &str, text: &str) -> f64 {
    let end = Time::from_secs_f64(SECONDS);
    let mut plain = start(text);
    plain.record(WINDOW);
    let ((), alone) = timed(|| crate::engine::go(&mut plain, end));
    let mut simulation = start(text);
    simulation.record(WINDOW);
    let mut live = 0;
    let (mut timeline, mut with_keyframes) = timed(|| Timeline::new(simulation, KeyframePolicy::default()));
    // In slices, as a page would, to see how much there is to copy.
    for slice in 1..=60 {
        let (progress, time) = timed(|| timeline.advance(Budget::until(Time(end.0 / 60 * slice))));
        assert_eq!(progress, Progress::Reached, "the workload meets no limit");
        with_keyframes += time;
        live = live.max(timeline.simulation().live_calls());
    }
    let digest = timeline.simulation().digest();
    assert_eq!(digest, plain.digest(), "keyframes change nothing");
    let (count, bytes) = timeline.keyframes();
    let (mut seeks, mut copies) = (Sample::default(), Sample::default());
    let keyframes: Vec<Time> = timeline.keyframe_times().collect();
    for time in instants(&keyframes, end) {
        go(&mut timeline, end);
        let ((), taken) = timed(|| go(&mut timeline, time));
        seeks.push(taken.as_secs_f64() * 1e3);
    }
    for &time in &keyframes {
        go(&mut timeline, time);
        let (copy, taken) = timed(|| timeline.simulation().clone());
        copies.push(taken.as_secs_f64() * 1e3);
        drop(copy);
    }
    go(&mut timeline, end);
    assert_eq!(timeline.simulation().digest(), digest, "there and back again");
    let (_, longest) = seeks.range();
    println!(
        "{name:<22}{:>9}{live:>8}{count:>10}{:>8.1}{:>8}{:>11.1}{longest:>8.1}{:>12.2}{:>12.2}",
        plain.events(),
        bytes as f64 / 1e6,
        seeks.count(),
        seeks.median(),
        copies.range().1,
        with_keyframes.as_secs_f64() / alone.as_secs_f64(),
    );
    longest
}

fn go(timeline: &mut Timeline, time: Time) {
    if let Err(halt) = timeline.seek(time) {
        panic!("{halt}");
    }
}

/// Evenly spaced, spread unevenly, and just before each keyframe and the end, where there is most to replay.
fn instants(keyframes: &[Time], end: Time) -> Vec<Time> {
    let share = |x: f64| Time((end.0 as f64 * x) as u64);
    let even = (0..EVEN).map(|i| share(f64::from(i) / f64::from(EVEN)));
    // Multiples of the golden ratio modulo 1 come nowhere near to each other.
    let odd = (1..=ODD).map(|i| share((f64::from(i) * 0.618_033_988_749_894_9).fract()));
    let worst = keyframes.iter().skip(1).chain([&end]).map(|time| Time(time.0 - 1));
    even.chain(odd).chain(worst).collect()
}
