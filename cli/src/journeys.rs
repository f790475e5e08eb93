//! Journeys of requests as trees of text.

use floodgate::journey::{CallEnd, Gone, Journey, JourneyCall};
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
    let name = |node: floodgate::journey::NodeId| scenario.nodes.get(node.0 as usize).map_or("?", |node| &*node.id);
    let at = |time: Time| ms(journey, time);
    let mut text = format!("{} > {}", name(call.from), name(call.to));
    if call.replica != floodgate::journey::ANY_REPLICA {
        let _ = write!(text, "#{}", call.replica);
    }
    if call.attempt > 0 {
        let _ = write!(text, " (retry {})", call.attempt);
    }
    let _ = write!(text, "  {} > {}", at(call.sent), call.arrived.map_or("?".to_string(), at));
    for (time, node) in &call.handed_on {
        let _ = write!(text, ", handed on to {} {}", name(*node), at(*time));
    }
    let stretches: Vec<String> =
        call.work.iter().map(|s| format!("{:.1}@{}", s.length.as_millis_f64(), at(s.ended))).collect();
    if !stretches.is_empty() {
        let _ = write!(text, ", work {}", stretches.join(" "));
    }
    if call.more_work.0 > 0 {
        let _ = write!(text, " and {:.1} in {} more", call.more_work.1.as_millis_f64(), call.more_work.0);
    }
    if let Some(time) = call.given_up {
        let _ = write!(text, ", given up {}", at(time));
    }
    if let Some(time) = call.cancelled {
        let _ = write!(text, ", told {}", at(time));
    }
    if let Some(time) = call.answered {
        let _ = write!(text, ", answered {}", at(time));
    }
    match call.end {
        None => {}
        Some((time, CallEnd::Answer)) => drop(write!(text, ", heard {}", at(time))),
        Some((time, CallEnd::Error(code))) => drop(write!(text, ", {} {}", code.name(), at(time))),
        Some((time, CallEnd::Late(gone))) => {
            let who = match gone {
                Gone::GaveUp => "the caller had given up",
                Gone::CallerDone => "the caller was done without it",
                Gone::RootEnded => "the request had ended",
            };
            let _ = write!(text, ", LATE {}: {who}", at(time));
        }
    }
    text
}

fn ms(journey: &Journey, time: Time) -> String {
    format!("{:.1}", time.since(journey.born).as_millis_f64())
}
