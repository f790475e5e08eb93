//! Journeys of requests as trees of text.

use floodgate::journey::{ANY_REPLICA, CallEnd, Gone, Journey, JourneyCall, NodeId};
use floodgate::{Journeys, Scenario, Time};
use std::fmt::Write;

const LEGEND: &str = "\
# A tree for each request: what it called, and what that called. Times are in ms since the request was born.
# sent > arrived at the callee; work LENGTH@END: a stretch of work; answered by the callee; heard of by the caller
# given up: the caller stopped waiting; told: the callee learned of it; LATE: the answer came when nobody waited
";

/// Every journey that was kept, by the reasons for which it was, with a legend.
pub(crate) fn text(journeys: &Journeys, scenario: &Scenario) -> String {
    let counts = journeys.counts();
    let mut text = String::from(LEGEND);
    // Writing into a `String` cannot fail.
    let _ = write!(text, "# {} requests were followed, and {} of them have ended", counts.followed, counts.ended);
    if counts.passed_over > 0 {
        let _ =
            write!(text, "; {} were passed over, for want of room: slower ones may be among them", counts.passed_over);
    }
    text.push('\n');
    let sample = format!("A sample, one in {}", journeys.one_in());
    let sections = [
        (&*sample, journeys.sampled()),
        ("The slowest", journeys.slowest()),
        ("Failed, first and last", journeys.failed()),
    ];
    for (title, journeys) in sections.iter().filter(|(_, journeys)| !journeys.is_empty()) {
        let _ = writeln!(text, "\n{title}:");
        journeys.iter().for_each(|journey| tree(&mut text, journey, scenario));
    }
    text
}

fn tree(text: &mut String, journey: &Journey, scenario: &Scenario) {
    let client = scenario.nodes.get(journey.client.0 as usize);
    let class = client.and_then(|node| node.class()).unwrap_or("?");
    let attempts = journey.calls.iter().filter(|call| call.parent.is_none()).count();
    let how = match journey.ended {
        None => "under way".to_string(),
        Some((at, Ok(()))) => format!("answered after {} ms", ms(journey, at)),
        Some((at, Err(code))) => format!("failed after {} ms: {}", ms(journey, at), code.name()),
    };
    let s = if attempts == 1 { "" } else { "s" };
    let client = client.map_or("?", |node| &node.id);
    let _ = writeln!(text, "\n  {client} at {}  {how}, {attempts} attempt{s}  (class {class})", journey.born);
    for place in 0..journey.calls.len() {
        if journey.calls[place].parent.is_none() {
            branch(text, journey, place, 1, scenario);
        }
    }
    if journey.calls_dropped > 0 {
        let _ = writeln!(text, "    and {} more calls", journey.calls_dropped);
    }
}

/// A call and those that it caused. Parents stand before their children, so this ends; depth is bounded by the engine's.
fn branch(text: &mut String, journey: &Journey, place: usize, depth: usize, scenario: &Scenario) {
    let call = &journey.calls[place];
    let _ = writeln!(text, "  {}{}", "  ".repeat(depth), line(journey, call, scenario));
    for (child, below) in journey.calls.iter().enumerate().skip(place + 1) {
        if below.parent == Some(place as u32) {
            branch(text, journey, child, depth + 1, scenario);
        }
    }
}

fn line(journey: &Journey, call: &JourneyCall, scenario: &Scenario) -> String {
    let name = |node: NodeId| scenario.nodes.get(node.0 as usize).map_or("?", |node| &*node.id);
    let at = |time: Time| ms(journey, time);
    let mut text = format!("{} > {}", name(call.from), name(call.to));
    if call.replica != ANY_REPLICA {
        let _ = write!(text, "#{}", call.replica);
    }
    if call.attempt > 0 {
        let _ = write!(text, " (retry {})", call.attempt);
    }
    let _ = write!(text, "  {} > {}", at(call.sent), call.arrived.map_or("?".to_string(), at));
    for (_, what) in happenings(call, &at, &name) {
        let _ = write!(text, ", {what}");
    }
    text
}

/// What happened to a call after its arrival, in the order of time.
fn happenings<'a>(
    call: &JourneyCall,
    at: &impl Fn(Time) -> String,
    name: &impl Fn(NodeId) -> &'a str,
) -> Vec<(Time, String)> {
    let mut all: Vec<(Time, String)> = Vec::new();
    for &(time, node) in &call.handed_on {
        all.push((time, format!("handed on to {} {}", name(node), at(time))));
    }
    for stretch in &call.work {
        let length = stretch.length.as_millis_f64();
        all.push((stretch.ended, format!("work {length:.1}@{}", at(stretch.ended))));
    }
    if let (more @ 1.., length) = call.more_work {
        let last = call.work.last().map_or(call.sent, |stretch| stretch.ended);
        all.push((last, format!("and {:.1} in {more} more", length.as_millis_f64())));
    }
    let marks = [("given up", call.given_up), ("told", call.cancelled), ("answered", call.answered)];
    all.extend(marks.iter().filter_map(|(what, time)| time.map(|time| (time, format!("{what} {}", at(time))))));
    if let Some((time, end)) = call.end {
        let how = match end {
            CallEnd::Answer => format!("heard {}", at(time)),
            CallEnd::Error(code) => format!("{} {}", code.name(), at(time)),
            CallEnd::Late(Gone::GaveUp) => format!("LATE {}: the caller had given up", at(time)),
            CallEnd::Late(Gone::CallerDone) => format!("LATE {}: the caller was done without it", at(time)),
            CallEnd::Late(Gone::RootEnded) => format!("LATE {}: the request had ended", at(time)),
        };
        all.push((time, how));
    }
    all.sort_by_key(|(time, _)| *time);
    all
}

fn ms(journey: &Journey, time: Time) -> String {
    format!("{:.1}", time.since(journey.born).as_millis_f64())
}
