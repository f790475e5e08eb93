//! `floodgate trace`.

use crate::output::{complain, print};
use crate::{Outcome, TraceArguments, run};
use floodgate::{Budget, Delivery, Event, Simulation, Time};
use std::fmt::Write;

const LEGEND: &str = "\
# time, node, event, lineage of the request (tag of a timer), digest of the node with this event in it
# call: a call arrived   answer: a good answer came back   CODE: an error came back   late: an answer nobody waited for
# give up: the node stopped waiting   served: work on a call is done   timer: its own   cancel: a caller has gone   message: from another component
";

pub(crate) fn trace(arguments: &TraceArguments) -> Outcome {
    let from = arguments.from.unwrap_or(Time::ZERO);
    if arguments.to <= from {
        complain(&format!("error: `--to` is {}, which is not after `--from`: {from}", arguments.to));
        return Outcome::BadInput;
    }
    let Some((mut simulation, _)) = run::start(&arguments.source, Some(arguments.to)) else { return Outcome::BadInput };
    if simulation.run_until(from).is_ok() {
        print(LEGEND);
        show(&mut simulation, arguments);
    }
    match simulation.halted() {
        None => Outcome::Fine,
        Some(halt) => {
            complain(&halt.to_string());
            Outcome::Failed
        }
    }
}

fn show(simulation: &mut Simulation, arguments: &TraceArguments) {
    let nodes: Vec<String> = simulation.scenario().nodes.iter().map(|n| n.id.clone()).collect();
    let mut left = arguments.lines;
    while left > 0 {
        let mut events = Vec::new();
        let budget = Budget { until: arguments.to, events: left.min(10_000) };
        let progress = simulation.advance_with(budget, &mut events);
        let mut text = String::new();
        for event in &events {
            line(&mut text, event, &nodes);
        }
        print(&text);
        left -= events.len() as u64;
        if progress != floodgate::Progress::Budget {
            return;
        }
    }
    complain(&format!("stopped after {} lines; give a shorter stretch or more `--lines`", arguments.lines));
}

fn line(text: &mut String, event: &Event, nodes: &[String]) {
    let what = match event.delivery {
        Delivery::Call => "call",
        Delivery::Answer => "answer",
        Delivery::Error(code) => code.name(),
        Delivery::Late => "late",
        Delivery::GiveUp => "give up",
        Delivery::Served => "served",
        Delivery::Timer => "timer",
        Delivery::Cancel => "cancel",
        Delivery::Message => "message",
    };
    let seconds = event.time.0 / 1_000_000_000;
    let rest = event.time.0 % 1_000_000_000;
    let node = nodes.get(event.node.0 as usize).map_or("?", String::as_str);
    // Writing into a `String` cannot fail.
    let _ = writeln!(text, "{seconds:>5}.{rest:09} {node:<14} {what:<9} {:016x} {:016x}", event.lineage, event.digest);
}
