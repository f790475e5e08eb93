//! Requests that were recorded, sent again when they were sent then.

use super::traits::Request;
use super::*;
use crate::param::FileText;
use crate::trace::{Columns, Layout, Term, Trace, TraceProblem, Unit};
use crate::{choices, params};
use std::sync::Arc;

choices! {
    /// What a file of recorded requests looks like.
    pub enum Format {
        /// A table with a line of headers, which `at`, `client`, `path`, `bytes`, `key` and `demand` refer to.
        Csv = "csv",
        /// The access log of a web server, common or combined: host, time, request and bytes stand where they stand. Its key
        /// is the path.
        AccessLog = "access_log",
    }
}

params! {
    /// A part of a service demand: `each`, times what stands in `column`.
    pub struct Part {
        /// The column that it is multiplied by; empty is once for each request.
        column: String = "\"\"" in 0 ..= 200;
        /// So long for each.
        each: Duration = "\"0s\"" in 0 ..= 31536000;
    }
}

params! {
    /// Recorded traffic. It is sent whatever becomes of the earlier requests; `rate`, `arrivals` and `population` mean nothing.
    pub struct Replay {
        /// The file, beside the scenario.
        file: FileText = "\"\"";
        /// What it looks like.
        format: Format = "\"csv\"";
        /// Column of the times: numbers, or dates with times. They must not go back.
        at: String = "\"time\"" in 1 ..= 200;
        /// What plain numbers there count.
        unit: Unit = "\"s\"";
        /// Column of the clients; empty is without: one client for all.
        client: String = "\"\"" in 0 ..= 200;
        /// Column of the paths, by which requests are of one of the `classes`; those that belong to none are of `class`.
        path: String = "\"\"" in 0 ..= 200;
        /// Column of the bytes transferred.
        bytes: String = "\"\"" in 0 ..= 200;
        /// Column of what a request is about.
        key: String = "\"\"" in 0 ..= 200;
        /// Service demand of each request at stations, services and databases, in place of what they would draw: the sum of
        /// these parts. Without, they draw.
        demand: Vec<Part> = "[]";
        /// So many times as fast as it was.
        speed: f64 = "1.0" in 0.000001 ..= 1000000;
        /// Again from the start when it is over, a mean gap after the last.
        repeat: bool = "false";
    }
}

impl Replay {
    fn layout(&self) -> Layout {
        let column = |name: &String| (!name.is_empty()).then(|| name.clone());
        let part = |part: &Part| Term { column: column(&part.column), each: part.each };
        match self.format {
            Format::AccessLog => Layout::Log,
            Format::Csv => Layout::Table(Columns {
                at: self.at.clone(),
                unit: self.unit,
                client: column(&self.client),
                path: column(&self.path),
                bytes: column(&self.bytes),
                key: column(&self.key),
                demand: self.demand.iter().map(part).collect(),
            }),
        }
    }

    pub(super) fn read(&self) -> Result<Trace, TraceProblem> {
        Trace::read(&self.file.text, &self.layout())
    }
}

/// A recording that is being played.
#[derive(Clone, Debug)]
pub(super) struct Player {
    trace: Arc<Trace>,
    /// Place of the class of each path.
    classes: Arc<[u8]>,
    /// How many requests of the round have been sent, and how many rounds are over.
    next: usize,
    rounds: u64,
    began: Time,
}

impl Player {
    pub(super) fn new(config: &Config, trace: Trace) -> Player {
        let none = config.classes.len();
        let of_path = |path: &Arc<str>| {
            let fits = config.classes.iter().enumerate().filter(|(_, class)| path.starts_with(&class.name));
            fits.max_by_key(|(place, class)| (class.name.len(), usize::MAX - place)).map_or(none, |(place, _)| place)
                as u8
        };
        let classes = trace.paths.iter().map(of_path).collect();
        Player { trace: Arc::new(trace), classes, next: 0, rounds: 0, began: Time::ZERO }
    }

    pub(super) fn begin(&mut self, now: Time) {
        self.began = now;
    }

    pub(super) fn clients(&self) -> u32 {
        self.trace.clients.max(1)
    }

    /// When the next request is sent; `None` when all have been.
    pub(super) fn due(&self, replay: &Replay) -> Option<Time> {
        let (next, rounds) = match self.next < self.trace.requests.len() {
            true => (self.next, self.rounds),
            false if replay.repeat => (0, self.rounds + 1),
            false => return None,
        };
        let recorded = self.trace.requests.get(next)?.at.0;
        let since = self.trace.round().0.saturating_mul(rounds).saturating_add(recorded);
        // Whole numbers where nothing is sped up.
        let since =
            if replay.speed == 1.0 { Duration(since) } else { Duration((since as f64 / replay.speed + 0.5) as u64) };
        Some(self.began + since)
    }

    /// The next request and its place among all; there is one.
    pub(super) fn take(&mut self, config: &Config) -> Option<(u64, Request)> {
        if self.next >= self.trace.requests.len() {
            (self.next, self.rounds) = (0, self.rounds + 1);
        }
        let recorded = self.trace.requests.get(self.next)?;
        let ordinal = self.rounds * self.trace.requests.len() as u64 + self.next as u64;
        self.next += 1;
        let of_path = self.classes.get(recorded.path as usize).copied();
        let place = of_path.map_or(config.classes.len(), usize::from);
        let request = config.request_of(place);
        let bytes = if recorded.bytes > 0 { recorded.bytes } else { request.bytes };
        let (client, key, demand) = (Client::Known(recorded.client), recorded.key, recorded.demand);
        Some((ordinal, Request { client, key, bytes, demand, ..request }))
    }
}
