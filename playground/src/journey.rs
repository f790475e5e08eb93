//! A request as a tree of calls: rows with stretches of time, and what happened to each call in words. No engine, no screen.

use crate::series::millis;
use crate::wire::{Gone, Journey, JourneyCall, Request};
use floodgate::order::Order as _;

/// What a stretch of a call's time was spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// On the way there or back.
    Way,
    /// Waiting to be worked on.
    Wait,
    /// Worked on.
    Work,
    /// Waiting for calls of its own.
    Below,
}

impl Spent {
    /// All of them, in the order of a legend.
    pub const ALL: [Spent; 4] = [Spent::Way, Spent::Wait, Spent::Work, Spent::Below];

    /// Part of classes.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Spent::Way => "way",
            Spent::Wait => "wait",
            Spent::Work => "work",
            Spent::Below => "below-calls",
        }
    }

    /// For people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Spent::Way => "on the way",
            Spent::Wait => "waits",
            Spent::Work => "is worked on",
            Spent::Below => "waits for its calls",
        }
    }
}

/// A stretch, in nanoseconds since the request was born.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// From.
    pub from: u64,
    /// To.
    pub to: u64,
    /// On what.
    pub spent: Spent,
}

/// A call as a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// 0 for attempts of the client.
    pub depth: usize,
    /// Who calls whom.
    pub title: String,
    /// Which retry it is; 0 for first attempts.
    pub attempt: u32,
    /// What its time was spent on.
    pub stretches: Vec<Stretch>,
    /// From when on nobody waited for it, and until when it was still there.
    pub unwanted: Option<(u64, u64)>,
    /// How it ended.
    pub end: End,
    /// All of it in words.
    pub words: String,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With a good answer.
    Answered,
    /// With an error.
    Failed,
    /// It was given up, or its answer came too late.
    Late,
    /// Not yet.
    Open,
}

/// A request in a few words: for a list.
#[must_use]
pub fn headline(request: &Request) -> String {
    let after = request.length_ns.map(ms);
    let how = match (after, request.code.as_str()) {
        (None, _) => "under way".to_owned(),
        (Some(after), "") => format!("answered after {after}"),
        (Some(after), code) => format!("{code} after {after}"),
    };
    match request.attempts {
        0 | 1 => how,
        n => format!("{how}, {n} attempts"),
    }
}

/// The same where it stands in a list of its kind.
#[must_use]
pub fn brief(request: &Request) -> String {
    let mut said: Vec<String> = Vec::new();
    said.extend((!request.code.is_empty()).then(|| request.code.clone()));
    said.push(request.length_ns.map_or_else(|| "under way".to_owned(), ms));
    said.extend((request.attempts > 1).then(|| format!("{} attempts", request.attempts)));
    said.join(" · ")
}

/// The rows, callers before those that they call, and the end of the time axis.
#[must_use]
pub fn rows(journey: &Journey) -> (Vec<Row>, u64) {
    let mut rows = Vec::with_capacity(journey.calls.len());
    let now = last_time(journey);
    let known = |c: &JourneyCall| c.parent.is_some_and(|p| (p as usize) < journey.calls.len());
    // Callers stand before their calls in the journey, so this ends.
    let mut todo: Vec<(usize, usize)> =
        (0..journey.calls.len()).rev().filter(|i| !known(&journey.calls[*i])).map(|i| (i, 0)).collect();
    while let Some((place, depth)) = todo.pop() {
        rows.push(row(journey, place, depth, now));
        let below = (place + 1..journey.calls.len()).rev().filter(|i| journey.calls[*i].parent == Some(place as u32));
        todo.extend(below.map(|i| (i, depth + 1)));
    }
    (rows, now.max(1))
}

/// The last time of which anything is known.
fn last_time(journey: &Journey) -> u64 {
    let of = |c: &JourneyCall| {
        let marks = [Some(c.sent), c.arrived, c.answered, c.given_up, c.cancelled, c.ended];
        let work = c.work.iter().map(|w| w.0);
        marks.into_iter().flatten().chain(work).max().unwrap_or(0)
    };
    journey.calls.iter().map(of).max().unwrap_or(0).max(journey.request.length_ns.unwrap_or(0))
}

fn row(journey: &Journey, place: usize, depth: usize, now: u64) -> Row {
    let call = &journey.calls[place];
    let below: Vec<(u64, u64)> = (journey.calls.iter().filter(|c| c.parent == Some(place as u32)))
        .map(|c| (c.sent, c.ended.or(c.given_up).unwrap_or(now)))
        .collect();
    let gone = there_until(call, now);
    let stretches = stretches(call, &below, gone);
    let unwanted = call.given_up.map(|at| (at, gone)).filter(|(from, to)| to > from);
    let end = match (call.given_up.is_some() || call.gone.is_some(), call.ended, call.code.is_empty()) {
        (true, _, _) => End::Late,
        (false, None, _) => End::Open,
        (false, Some(_), true) => End::Answered,
        (false, Some(_), false) => End::Failed,
    };
    Row {
        depth,
        title: format!("{} → {}", call.from, call.to),
        attempt: call.attempt,
        words: words(call, &stretches),
        stretches,
        unwanted,
        end,
    }
}

/// Until when the callee had to do with it.
fn there_until(call: &JourneyCall, now: u64) -> u64 {
    let worked = call.work.last().map(|w| w.0);
    let open = if call.given_up.is_some() && call.arrived.is_none() { call.given_up } else { None };
    call.answered.or(call.cancelled.max(worked)).or(open).unwrap_or(now)
}

/// What the time was spent on, without gaps and overlaps: work counts first, then calls of its own.
fn stretches(call: &JourneyCall, below: &[(u64, u64)], gone: u64) -> Vec<Stretch> {
    let mut out = Vec::new();
    let arrived = call.arrived.unwrap_or(gone);
    push(&mut out, call.sent, arrived, Spent::Way);
    let work: Vec<(u64, u64)> = call.work.iter().map(|(end, length)| (end.saturating_sub(*length), *end)).collect();
    let mut edges: Vec<u64> = work.iter().chain(below).flat_map(|(from, to)| [*from, *to]).collect();
    edges.extend([arrived, gone]);
    edges.retain(|t| (arrived..=gone).contains(t));
    edges.order_by_key(|t| *t);
    edges.dedup();
    for pair in edges.windows(2) {
        let within = |(from, to): &(u64, u64)| *from <= pair[0] && pair[1] <= *to;
        let spent = match () {
            () if work.iter().any(within) => Spent::Work,
            () if below.iter().any(within) => Spent::Below,
            () => Spent::Wait,
        };
        push(&mut out, pair[0], pair[1], spent);
    }
    if let (Some(answered), Some(ended)) = (call.answered, call.ended) {
        push(&mut out, answered, ended, Spent::Way);
    }
    out
}

fn push(out: &mut Vec<Stretch>, from: u64, to: u64, spent: Spent) {
    match out.last_mut() {
        _ if to <= from => {}
        Some(last) if last.spent == spent && last.to == from => last.to = to,
        _ => out.push(Stretch { from, to, spent }),
    }
}

fn words(call: &JourneyCall, stretches: &[Stretch]) -> String {
    let mut said: Vec<String> = Vec::new();
    let sum = |what| stretches.iter().filter(|s| s.spent == what).map(|s| s.to - s.from).sum::<u64>();
    if call.arrived.is_none() {
        said.push("never arrived".to_owned());
    }
    for (at, to) in &call.handed_on {
        said.push(format!("handed on to {to} at {}", ms(*at)));
    }
    let worked = sum(Spent::Work) + call.more_work.1;
    for (what, length) in [("waited", sum(Spent::Wait)), ("worked", worked), ("calls", sum(Spent::Below))] {
        if length > 0 {
            said.push(format!("{what} {}", ms(length)));
        }
    }
    if let Some(at) = call.given_up {
        said.push(format!("given up at {}", ms(at)));
    }
    if let Some(at) = call.cancelled {
        said.push(format!("told to stop at {}", ms(at)));
    }
    said.push(end_words(call));
    said.retain(|s| !s.is_empty());
    said.join(" · ")
}

fn end_words(call: &JourneyCall) -> String {
    let Some(at) = call.ended.map(ms) else {
        return if call.given_up.is_some() { String::new() } else { "under way".to_owned() };
    };
    match (call.gone, call.code.as_str()) {
        (Some(Gone::GaveUp), _) => format!("the answer came at {at}: the caller had given up"),
        (Some(Gone::CallerDone), _) => format!("the answer came at {at}: the caller was done without it"),
        (Some(Gone::RootEnded), _) => format!("the answer came at {at}: the request had ended, nobody was there"),
        (None, "") => format!("answered at {at}"),
        (None, code) => format!("{code} at {at}"),
    }
}

fn ms(ns: u64) -> String {
    millis(ns as f64 / 1e6)
}

#[cfg(test)]
mod tests;
