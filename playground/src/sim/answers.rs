//! Answers to what the page asks now and then, read from the run: the report's numbers, and journeys of requests.

use super::engine::Engine;
use crate::wire::{
    Answer, Books, ClassFigures, Figures, Gone, Journey, JourneyCall, NodeFigures, Question, Request, Requests,
};
use floodgate::journey::{self, ANY_REPLICA, CallEnd};
use floodgate::{JourneyPolicy, Scenario, Simulation, Time};
use std::collections::BTreeMap;

/// Which journeys are kept: less than the command line keeps, for keyframes carry them too.
pub const FOLLOWED: JourneyPolicy = JourneyPolicy {
    one_in: 1,
    sampled_max: 12,
    slowest: 12,
    failed_first: 6,
    failed_last: 6,
    calls_max: 128,
    stretches_max: 16,
    bytes_max: 8 << 20,
};

/// Answers.
#[must_use]
pub fn answer(engine: &Engine, question: Question) -> Answer {
    let simulation = engine.simulation();
    match question {
        Question::Figures => Answer::Figures(figures(simulation)),
        Question::Requests(which) => {
            Answer::Requests(simulation.journeys().map(|kept| requests(kept, simulation.scenario(), which)))
        }
    }
}

fn counts(map: &BTreeMap<&'static str, u64>) -> Vec<(String, u64)> {
    map.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect()
}

fn figures(simulation: &Simulation) -> Figures {
    let nodes = simulation.scenario().nodes.iter().enumerate().filter(|(_, node)| node.removed.is_none());
    let node = |(i, node): (usize, &floodgate::scenario::Node)| {
        let report = simulation.node_report(i);
        let caps = simulation.status(i).replicas.iter().map(|r| r.queue_cap.map(u64::from)).collect::<Option<Vec<_>>>();
        NodeFigures {
            id: node.id.clone(),
            title: node.title.clone(),
            offered: report.offered,
            throughput_per_s: report.throughput_per_s,
            errors: counts(&report.errors),
            utilization: report.utilization,
            queue_mean: report.queue.mean,
            queue_max: report.queue.max,
            queue_cap: caps.filter(|caps| !caps.is_empty()).map(|caps| caps.iter().sum()),
            p50_ms: report.latency_ms.p50,
            p95_ms: report.latency_ms.p95,
            p99_ms: report.latency_ms.p99,
            amplification: report.amplification,
        }
    };
    let class = |(name, c): (String, floodgate::report::ClassReport)| ClassFigures {
        name,
        born: c.born,
        answered: c.answered,
        goodput_ratio: c.goodput_ratio,
        failed: counts(&c.failed),
        amplification: c.amplification,
        p50_ms: c.latency_ms.p50,
        p99_ms: c.latency_ms.p99,
        wasted_s: c.wasted_work_seconds,
    };
    let classes: Vec<ClassFigures> = simulation.class_reports().into_iter().map(class).collect();
    Figures {
        since_s: simulation.statistics_since().as_secs_f64().min(simulation.now().as_secs_f64()),
        at_s: simulation.now().as_secs_f64(),
        nodes: nodes.map(node).collect(),
        classes: if classes.len() > 1 { classes } else { Vec::new() },
        books: books(simulation),
    }
}

fn books(simulation: &Simulation) -> Books {
    let t = simulation.totals();
    let seconds = |ns: u128| ns as f64 / 1e9;
    let undecided = t.busy_ns.saturating_sub(t.useful_ns + t.wasted_ns);
    Books {
        wrong: simulation.check_books().err(),
        born: (t.born, [t.answered, t.failed, t.in_flight]),
        busy_s: (seconds(t.busy_ns), [t.useful_ns, t.wasted_ns, undecided].map(seconds)),
    }
}

fn requests(kept: &journey::Journeys, scenario: &Scenario, which: Option<(u64, u64)>) -> Requests {
    let list = |all: Vec<&journey::Journey>| all.into_iter().map(|j| request(j, scenario)).collect();
    let all = [kept.slowest(), kept.failed(), kept.sampled()].concat();
    let is_wanted = |j: &&&journey::Journey| which == Some((j.lineage, j.born.0));
    Requests {
        followed: kept.counts().followed,
        passed_over: kept.counts().passed_over,
        one_in: kept.one_in(),
        slowest: list(kept.slowest()),
        failed: list(kept.failed()),
        sampled: list(kept.sampled()),
        journey: all.iter().find(is_wanted).map(|j| Box::new(tree(j, scenario))),
        other: None,
    }
}

fn title(scenario: &Scenario, node: journey::NodeId) -> String {
    scenario.nodes.get(node.0 as usize).map(|n| n.title.clone()).unwrap_or_default()
}

fn request(j: &journey::Journey, scenario: &Scenario) -> Request {
    Request {
        lineage: j.lineage,
        born_ns: j.born.0,
        client: title(scenario, j.client),
        length_ns: j.length().map(|length| length.0),
        code: j.ended.and_then(|(_, outcome)| outcome.err()).map(|code| code.name().to_owned()).unwrap_or_default(),
        attempts: j.calls.iter().filter(|c| c.parent.is_none()).count() as u32,
        calls: j.calls.len() as u32 + j.calls_dropped,
    }
}

fn tree(j: &journey::Journey, scenario: &Scenario) -> Journey {
    let at = |time: Time| time.since(j.born).0;
    let call = |c: &journey::JourneyCall| {
        let replica = if c.replica == ANY_REPLICA { String::new() } else { format!(" #{}", c.replica) };
        let (code, gone) = match c.end {
            Some((_, CallEnd::Error(code))) => (code.name().to_owned(), None),
            Some((_, CallEnd::Late(gone))) => (String::new(), Some(gone)),
            _ => (String::new(), None),
        };
        JourneyCall {
            parent: c.parent,
            from: title(scenario, c.from),
            to: format!("{}{replica}", title(scenario, c.to)),
            attempt: u32::from(c.attempt),
            sent: at(c.sent),
            arrived: c.arrived.map(at),
            handed_on: c.handed_on.iter().map(|(time, node)| (at(*time), title(scenario, *node))).collect(),
            work: c.work.iter().map(|s| (at(s.ended), s.length.0)).collect(),
            more_work: (c.more_work.0, c.more_work.1.0),
            answered: c.answered.map(at),
            given_up: c.given_up.map(at),
            cancelled: c.cancelled.map(at),
            ended: c.end.map(|(time, _)| at(time)),
            code,
            gone: gone.map(|gone| match gone {
                journey::Gone::GaveUp => Gone::GaveUp,
                journey::Gone::CallerDone => Gone::CallerDone,
                journey::Gone::RootEnded => Gone::RootEnded,
            }),
        }
    };
    Journey { request: request(j, scenario), calls: j.calls.iter().map(call).collect(), calls_dropped: j.calls_dropped }
}
