//! `floodgate run`.

use crate::output::{complain, defect, print, table};
use crate::progress::Progress;
use crate::{Format, Outcome, RunArguments, Source, input, journeys};
use floodgate::report::WindowReport;
use floodgate::{Budget, ControlLog, JourneyPolicy, Scenario, Simulation, Time};

/// Events between two looks at the progress bar: some milliseconds of work.
const SLICE_EVENTS: u64 = 100_000;

pub(crate) fn run(arguments: &RunArguments) -> Outcome {
    if arguments.journeys.is_some() && arguments.format == Format::Json {
        complain("error: `--journeys` prints text, and `--format` is json: leave out one of them");
        return Outcome::BadInput;
    }
    let Some((mut simulation, until)) = start(&arguments.source, arguments.until) else { return Outcome::BadInput };
    if let Some(number) = arguments.journeys {
        simulation.follow(JourneyPolicy::of_each(number as usize));
    }
    if let Some(window) = arguments.series {
        simulation.record(window);
    }
    advance(&mut simulation, until);
    if let Err(books) = simulation.check_books() {
        complain(&format!("{}: error: {}", arguments.source.file, defect(&books)));
        return Outcome::Failed;
    }
    report(&simulation, arguments);
    if simulation.halted().is_some() { Outcome::Failed } else { Outcome::Fine }
}

/// The run at its beginning, with its controls entered, and where it ends; what is wrong has been told.
pub(crate) fn start(source: &Source, until: Option<Time>) -> Option<(Simulation, Time)> {
    let read = input::scenario(&source.file)?;
    let mut scenario = chosen(read.scenario, source)?;
    let log = match &source.controls {
        None => ControlLog::default(),
        Some(file) => input::controls(file, &scenario)?,
    };
    let replayed = source.controls.is_some().then_some(log.seed);
    let seed = source.seed.or(replayed).unwrap_or(scenario.seed);
    if let Some(until) = until {
        if until <= Time::ZERO + scenario.warm_up {
            let warm_up = scenario.warm_up;
            complain(&format!("error: `--until` is {until}, and the warm-up lasts {warm_up}: nothing is measured"));
            return None;
        }
        scenario.until = until;
    }
    let mut simulation = Simulation::new(&scenario, seed);
    for control in log.controls {
        if let Err(wrong) = simulation.control(control) {
            complain(&format!("{}: error: {wrong}", source.controls.as_deref().unwrap_or("controls")));
            return None;
        }
    }
    Some((simulation, scenario.until))
}

/// The scenario of the file, or the variant asked for.
fn chosen(scenario: Scenario, arguments: &Source) -> Option<Scenario> {
    let Some(name) = &arguments.variant else { return Some(scenario) };
    if let Some(variant) = scenario.variant(name) {
        return Some(variant.scenario.clone());
    }
    let names: Vec<String> = scenario.variants.iter().map(|v| format!("\"{}\"", v.name)).collect();
    let remedy = match names.as_slice() {
        [] => "it has none".to_string(),
        names => format!("variants: {}", names.join(", ")),
    };
    complain(&format!("{}: error: there is no variant {name:?}\n    help: {remedy}", arguments.file));
    None
}

/// To the end, with a progress bar where that takes long.
fn advance(simulation: &mut Simulation, until: Time) {
    let template = "{bar:40} {percent:>3} % of virtual time, {eta} left";
    let mut progress = Progress::new(until.0, template);
    while simulation.advance(Budget { until, events: SLICE_EVENTS }) == floodgate::Progress::Budget {
        progress.set(simulation.now().0);
    }
    progress.clear();
}

fn report(simulation: &Simulation, arguments: &RunArguments) {
    let report = simulation.report();
    match arguments.format {
        Format::Text => {
            let mut text = report.to_string();
            if !report.series.is_empty() {
                text += &format!("\n{}", series(&report.series));
            }
            if let Some(journeys) = simulation.journeys() {
                text += &format!("\n{}", journeys::text(journeys, simulation.scenario()));
            }
            print(&text);
        }
        Format::Json => match serde_json::to_string_pretty(&report) {
            Ok(json) => print(&(json + "\n")),
            Err(error) => complain(&format!("error: the report cannot be written as JSON: {error}")),
        },
    }
}

fn series(points: &[WindowReport]) -> String {
    let header = ["from", "to", "born/s", "attempts/s", "answered/s", "goodput/s", "failed/s", "p50 ms", "p99 ms"];
    let mut rows = vec![header.map(str::to_string).to_vec()];
    for point in points {
        let seconds = point.length().as_secs_f64();
        let rate = |count: u64| format!("{:.1}", count as f64 / seconds);
        let latency = |ns: Option<u64>| ns.map_or("-".to_string(), |ns| format!("{:.1}", ns as f64 / 1e6));
        rows.push(vec![
            Time(point.start_ns).to_string(),
            Time(point.end_ns).to_string(),
            rate(point.born),
            rate(point.attempts),
            rate(point.answered),
            rate(point.goodput),
            rate(point.failed),
            latency(point.p50_ns),
            latency(point.p99_ns),
        ]);
    }
    table(&rows, &[0, 1, 2, 3, 4, 5, 6, 7, 8])
}
