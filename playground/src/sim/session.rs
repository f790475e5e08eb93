//! One session with the engine: takes commands, lets virtual time pass as wall time does, and reports in frames.
//!
//! It never works longer than the slice it is given, so whoever drives it can always be spoken to; it knows no clock but
//! the one passed in.

use super::engine::{Engine, Outcome};
use super::narrator::Narrator;
use crate::wire::{Act, Command, Frame, LinkCounts, Loaded, NodeCounts, Reply};
use floodgate::status::Status;

/// Events between two looks at the clock: a fraction of a millisecond of work.
const EVENTS_PER_LOOK: u64 = 1000;
/// Windows of the series, and how often the narrator looks.
pub const WINDOW_NS: u64 = 250_000_000;
/// Digests are taken at whole seconds.
const SECOND_NS: u64 = 1_000_000_000;
/// Controls take effect at whole milliseconds.
const MILLISECOND_NS: u64 = 1_000_000;
/// A session ends here: a tab forgotten overnight does not fill the memory with its record.
const LONGEST_NS: u64 = 3600 * SECOND_NS;
/// Wall time that is made up for after a pause of the driver (a busy machine, a tab in the background), in milliseconds.
const CATCH_UP_MS: f64 = 100.0;

/// Slowest and fastest that time passes, but for "as fast as possible".
pub const SPEEDS: (f64, f64) = (0.05, 100.0);

/// When the session wants its next turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// At once: there is more to do.
    Now,
    /// When some wall time has passed.
    Soon,
    /// Not before the next command.
    Idle,
}

/// See the module.
#[derive(Default)]
pub struct Session {
    engine: Option<Engine>,
    run: u32,
    running: bool,
    to_end: bool,
    speed: f64,
    /// Virtual time that should have been reached by now.
    due_ns: f64,
    /// Wall time of the last turn; `None` while nothing runs.
    wall_ms: Option<f64>,
    halted: Option<String>,
    digest: Option<(u64, String)>,
    narrator: Narrator,
    log: Vec<String>,
    pace: Pace,
    sent: Sent,
}

/// What the page knows already.
#[derive(Default)]
struct Sent {
    waiting: bool,
    stale: bool,
    points: usize,
    lines: usize,
    log: usize,
    phases: usize,
    statuses: Vec<Status>,
    nodes: Vec<NodeCounts>,
    links: Vec<LinkCounts>,
}

/// Virtual time per wall time, over about half a second.
#[derive(Default)]
struct Pace {
    since: Option<(f64, u64)>,
    value: f64,
}

impl Pace {
    fn note(&mut self, wall_ms: f64, now_ns: u64) {
        match self.since {
            Some((wall, ns)) if wall_ms - wall >= 500.0 => {
                self.value = now_ns.saturating_sub(ns) as f64 / 1e6 / (wall_ms - wall);
                self.since = Some((wall_ms, now_ns));
            }
            None => self.since = Some((wall_ms, now_ns)),
            Some(_) => {}
        }
    }
}

impl Session {
    /// Nothing loaded, at normal speed.
    #[must_use]
    pub fn new() -> Session {
        Session { speed: 1.0, ..Session::default() }
    }

    /// Does what is asked, and answers where there is something to answer.
    pub fn command(&mut self, command: Command) -> Option<Reply> {
        // That a frame has been drawn is nothing new to tell of.
        self.sent.stale |= command != Command::Drawn;
        match command {
            Command::Load { run, text, seed, running } => return Some(self.load(run, &text, seed, running)),
            Command::Run => self.running = self.halted.is_none() && self.engine.is_some(),
            Command::Pause => (self.running, self.to_end) = (false, false),
            Command::Step => self.step(),
            Command::RunToEnd => {
                let ahead = self.engine.as_ref().is_some_and(|e| e.now_ns() < e.until_ns());
                self.to_end = ahead && self.halted.is_none();
                self.running = self.to_end;
            }
            Command::Speed(speed) => {
                self.speed = if speed.is_nan() {
                    1.0
                } else if speed.is_infinite() {
                    speed
                } else {
                    speed.clamp(SPEEDS.0, SPEEDS.1)
                };
                self.resync();
            }
            Command::Act(act) => return self.act(&act).err().map(Reply::Refused),
            Command::Drawn => self.sent.waiting = false,
        }
        if !self.running {
            self.wall_ms = None;
            self.pace = Pace::default();
        }
        None
    }

    fn load(&mut self, run: u32, text: &str, seed: Option<u64>, running: bool) -> Reply {
        match Engine::new(text, seed, WINDOW_NS) {
            Err(problems) => Reply::Refused(problems),
            Ok(engine) => {
                self.narrator = Narrator::new(&engine);
                let loaded = Loaded {
                    run,
                    seed: engine.seed(),
                    until_ns: engine.until_ns(),
                    nodes: engine.node_ids(),
                    links: engine.link_ids(),
                    phases: engine.phases(),
                    log_header: engine.log_header(),
                };
                self.engine = Some(engine);
                (self.run, self.running, self.to_end) = (run, running, false);
                (self.due_ns, self.wall_ms, self.halted) = (0.0, None, None);
                self.digest = None;
                self.log.clear();
                self.pace = Pace::default();
                self.sent = Sent { waiting: self.sent.waiting, stale: true, ..Sent::default() };
                Reply::Loaded(loaded)
            }
        }
    }

    fn act(&mut self, act: &Act) -> Result<(), String> {
        let Some(engine) = &mut self.engine else { return Err("Nothing is loaded.".to_owned()) };
        let at_ns = (engine.now_ns() / MILLISECOND_NS + 1) * MILLISECOND_NS;
        let entry = engine.act(act, at_ns)?;
        self.narrator.acted(engine, act, at_ns);
        self.log.push(entry);
        Ok(())
    }

    /// One event, wherever it lies; boundaries on the way to it are observed as in a run, so that stepping tells the same
    /// story.
    fn step(&mut self) {
        (self.running, self.to_end) = (false, false);
        let before = self.engine.as_ref().map_or(0, Engine::events);
        while self.halted.is_none()
            && self.advance(LONGEST_NS, 1)
            && self.engine.as_ref().is_some_and(|e| e.events() == before)
        {}
        self.resync();
    }

    /// Lets time pass for at most `slice_ms` of wall time, which `clock` tells in milliseconds.
    pub fn turn(&mut self, clock: &dyn Fn() -> f64, slice_ms: f64) -> Next {
        if !self.running {
            return Next::Idle;
        }
        let start = clock();
        let elapsed = start - self.wall_ms.replace(start).unwrap_or(start);
        self.due_ns += elapsed.clamp(0.0, CATCH_UP_MS) * self.speed.min(1e6) * 1e6;
        let end = self.end_ns();
        let goal = if self.to_end || self.speed.is_infinite() { end } else { end.min(self.due_ns as u64) };
        let mut late = false;
        while self.now_ns() < goal && self.advance(goal, EVENTS_PER_LOOK) {
            late = clock() - start >= slice_ms && self.now_ns() < goal;
            if late {
                break;
            }
        }
        self.sent.stale = true;
        self.pace.note(clock(), self.now_ns());
        if self.now_ns() >= end {
            (self.running, self.to_end) = (false, false);
        }
        if self.halted.is_some() || !self.running {
            self.running = false;
            self.wall_ms = None;
            return Next::Idle;
        }
        if late {
            // What could not be done is not owed: the pace shown tells that the machine is slower than asked.
            self.resync();
            return Next::Now;
        }
        Next::Soon
    }

    /// Towards `goal`, at most to the next boundary and at most so many events; false when it can go no further.
    fn advance(&mut self, goal: u64, events: u64) -> bool {
        let Some(engine) = &mut self.engine else { return false };
        if engine.now_ns() >= goal {
            return false;
        }
        let boundary = (engine.now_ns() / WINDOW_NS + 1) * WINDOW_NS;
        match engine.advance(boundary.min(goal), events) {
            Outcome::Budget => true,
            Outcome::Reached if boundary <= goal => {
                if boundary.is_multiple_of(SECOND_NS) {
                    self.digest = Some((boundary, engine.digest()));
                }
                self.narrator.observe(engine, boundary);
                true
            }
            Outcome::Reached => {
                if goal == engine.until_ns() {
                    self.digest = Some((goal, engine.digest()));
                }
                true
            }
            Outcome::Halted(why) => {
                self.narrator.halted(engine.now_ns(), &why);
                self.halted = Some(why);
                false
            }
        }
    }

    fn now_ns(&self) -> u64 {
        self.engine.as_ref().map_or(0, Engine::now_ns)
    }

    fn end_ns(&self) -> u64 {
        let until = self.engine.as_ref().map_or(0, Engine::until_ns);
        if self.to_end { until } else { LONGEST_NS.max(until) }
    }

    fn resync(&mut self) {
        self.due_ns = self.now_ns() as f64;
    }

    /// What changed since the last frame; `None` while the page has not drawn that one, or when nothing changed.
    pub fn frame(&mut self) -> Option<Reply> {
        if self.sent.waiting || !self.sent.stale {
            return None;
        }
        let engine = self.engine.as_ref()?;
        let mut frame = Frame {
            run: self.run,
            now_ns: engine.now_ns(),
            events: engine.events(),
            running: self.running,
            halted: self.halted.clone(),
            pace: if self.running { self.pace.value } else { 0.0 },
            digest: self.digest.clone(),
            memory_bytes: memory_bytes(),
            totals: engine.totals(),
            ..Frame::default()
        };
        let sent = &mut self.sent;
        changed(&mut sent.statuses, engine.nodes(), |i| engine.status(i), &mut frame.statuses);
        changed(&mut sent.nodes, engine.nodes(), |i| engine.node_counts(i), &mut frame.nodes);
        changed(&mut sent.links, engine.links(), |j| engine.link_counts(j), &mut frame.links);
        frame.points = engine.points_from(sent.points);
        sent.points += frame.points.len();
        if !frame.points.is_empty() {
            let mean = |i| engine.utilization(i, SECOND_NS).map_or(f32::NAN, |u| u as f32);
            frame.utilization = (0..engine.nodes()).map(mean).collect();
        }
        frame.lines = self.narrator.lines()[sent.lines..].to_vec();
        sent.lines = self.narrator.lines().len();
        frame.log = self.log[sent.log..].to_vec();
        sent.log = self.log.len();
        frame.phases = self.narrator.by_hand()[sent.phases..].to_vec();
        sent.phases = self.narrator.by_hand().len();
        (sent.stale, sent.waiting) = (false, true);
        Some(Reply::Frame(Box::new(frame)))
    }
}

/// The linear memory that this code has; natively there is none.
#[must_use]
pub fn memory_bytes() -> u64 {
    #[cfg(target_arch = "wasm32")]
    return core::arch::wasm32::memory_size::<0>() as u64 * 65_536;
    #[cfg(not(target_arch = "wasm32"))]
    0
}

/// Puts what differs from `known` into `out`, and remembers it.
fn changed<T: Clone + PartialEq>(known: &mut Vec<T>, count: usize, now: impl Fn(usize) -> T, out: &mut Vec<(u32, T)>) {
    for i in 0..count {
        let value = now(i);
        if known.get(i) == Some(&value) {
            continue;
        }
        match known.get_mut(i) {
            Some(slot) => slot.clone_from(&value),
            None => known.push(value.clone()),
        }
        out.push((i as u32, value));
    }
}

#[cfg(test)]
mod tests;
