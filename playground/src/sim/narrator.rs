//! The ticker: what happens, in plain words, computed from the run at every window of the series.
//!
//! It looks at virtual times that do not depend on how the run is driven, so the same run always tells the same story.

use super::engine::Engine;
use super::session::WINDOW_NS;
use crate::wire::{Act, Deed, Line, Phase, Point, Tone};
use floodgate::order::Order as _;
use floodgate::status::{Mode, Status};

/// Windows that a condition must hold before it is told: a second.
const HOLD: u32 = 4;
/// The same for saturation: a server may be dead within a second.
const HOLD_BUSY: u32 = 2;
/// Deaths of one node that are told with everything around them; later ones are told alone.
const DEATHS_IN_FULL: f64 = 2.0;
/// Mean use of its capacity over a window from which a node counts as saturated.
const SATURATED: f64 = 0.95;
/// Lines that are kept; the last one then says that no more are told.
const LINES_MAX: usize = 2000;
/// Shares of retries that are worth a line.
const RETRY_STEPS: [f64; 4] = [0.2, 0.4, 0.6, 0.75];

/// See the module.
#[derive(Default)]
pub struct Narrator {
    lines: Vec<Line>,
    nodes: Vec<NodeStory>,
    waves: u32,
    retry_step: usize,
    recent: Vec<Point>,
    low: u32,
    high: u32,
    collapsed: bool,
    /// Fewer than half are answered in time, collapse or not.
    partly: bool,
    /// The most per second that were ever answered in time while nearly all were.
    proven: f64,
    after_told: bool,
    /// Stretches in which load was changed for a while.
    triggers: Vec<Phase>,
    by_hand: Vec<Phase>,
    opened: usize,
    closed: usize,
}

/// Something to tell of a node: its tone, its words, and its number when it is the node's first saturation.
type Told = (Tone, String, Option<(u32, u32)>);

#[derive(Default)]
struct NodeStory {
    title: String,
    kills_gauge: Option<usize>,
    kills: f64,
    kills_told_s: f64,
    busy_windows: u32,
    calm_windows: u32,
    saturated: bool,
    numbered: bool,
    full: bool,
    faults: Vec<String>,
    down: usize,
}

impl Narrator {
    /// For a run that starts.
    #[must_use]
    pub fn new(engine: &Engine) -> Narrator {
        let nodes = (0..engine.nodes()).map(|i| NodeStory {
            title: engine.title(i),
            kills_gauge: engine.gauge(i, "kills"),
            kills_told_s: f64::NEG_INFINITY,
            ..NodeStory::default()
        });
        let mut triggers = engine.phases();
        triggers.order_by(|a, b| a.from.total_cmp(&b.from));
        Narrator { nodes: nodes.collect(), triggers, ..Narrator::default() }
    }

    /// Everything told so far.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Changes of load for a while that were made by hand.
    #[must_use]
    pub fn by_hand(&self) -> &[Phase] {
        &self.by_hand
    }

    fn tell(&mut self, t: f64, tone: Tone, text: String, wave: Option<(u32, u32)>) {
        if self.lines.len() < LINES_MAX {
            self.lines.push(Line { t, tone, text, wave });
        } else if self.lines.len() == LINES_MAX {
            let text = "So much happens that no more of it is told; reset to start again.".to_owned();
            self.lines.push(Line { t, tone: Tone::Plain, text, wave: None });
        }
    }

    /// Something was done by hand.
    pub fn acted(&mut self, engine: &Engine, act: &Act, at_ns: u64) {
        let t = at_ns as f64 / 1e9;
        let title = engine.title_of(&act.node);
        let lasting = act.lasting.as_deref();
        let span = lasting.map(|l| format!(" for {l}")).unwrap_or_default();
        let text = match &act.deed {
            Deed::Set(values) => {
                let show = |(path, value): &(String, Option<String>)| {
                    format!(
                        "{path} = {}",
                        value.as_deref().map_or("none".to_owned(), |v| v.trim_matches('"').to_owned())
                    )
                };
                format!("{title}: {}{span}", values.iter().map(show).collect::<Vec<_>>().join(", "))
            }
            Deed::Fault { fault, .. } => format!("{title}: {fault}{span}"),
            Deed::Heal { fault } => format!("{title}: {fault} ends"),
        };
        if let (Deed::Set(_), Some(seconds)) = (&act.deed, lasting.and_then(super::engine::seconds)) {
            let phase = Phase { from: t, to: t + seconds, title: String::new() };
            self.by_hand.push(phase.clone());
            self.triggers.push(phase);
            self.triggers.order_by(|a, b| a.from.total_cmp(&b.from));
            // The act tells itself; only its end is still to be told.
            self.opened = self.triggers.iter().filter(|p| p.from <= t).count();
        }
        self.tell(t, Tone::Act, text, None);
    }

    /// The run ended at a limit.
    pub fn halted(&mut self, now_ns: u64, why: &str) {
        self.tell(now_ns as f64 / 1e9, Tone::Bad, format!("Stopped: {why}"), None);
    }

    /// Looks at the run at the end of a window.
    pub fn observe(&mut self, engine: &Engine, at_ns: u64) {
        let t = at_ns as f64 / 1e9;
        self.triggers_pass(t);
        for i in 0..self.nodes.len() {
            self.node(i, &engine.status(i), engine.utilization(i, WINDOW_NS), t);
        }
        if let Some(point) = engine.last_point() {
            self.recent.push(point);
            if self.recent.len() > HOLD as usize {
                self.recent.remove(0);
            }
            self.load(t);
        }
    }

    fn triggers_pass(&mut self, t: f64) {
        let opened = self.triggers.iter().filter(|p| p.from < t).count();
        for phase in self.triggers.get(self.opened..opened).unwrap_or_default().to_vec() {
            let what = if phase.title.is_empty() { "A planned change of load" } else { &phase.title };
            self.tell(phase.from, Tone::Act, format!("{what} begins"), None);
        }
        self.opened = self.opened.max(opened);
        let over: Vec<f64> = self.triggers.iter().map(|p| p.to).filter(|to| *to < t).collect();
        if over.len() > self.closed {
            let last = over.iter().copied().fold(0.0, f64::max);
            self.tell(last, Tone::Act, "The load is back to what it was".to_owned(), None);
            self.after_told = false;
        }
        self.closed = over.len();
    }

    fn node(&mut self, i: usize, status: &Status, utilization: Option<f64>, t: f64) {
        let node = &mut self.nodes[i];
        let mut told: Vec<Told> = Vec::new();
        let title = node.title.clone();

        let kills = node.kills_gauge.and_then(|g| status.gauges.get(g)).copied().unwrap_or(0.0);
        let killed = kills > node.kills && t - node.kills_told_s >= 1.0;
        if killed {
            let text = if kills > DEATHS_IN_FULL {
                format!("{title} is killed again (no. {kills:.0})")
            } else {
                format!("{title} runs out of memory and is killed (no. {kills:.0})")
            };
            told.push((Tone::Bad, text, None));
            (node.kills, node.kills_told_s) = (kills, t);
        }
        let weary = node.kills > DEATHS_IN_FULL;
        let down = status.replicas.iter().filter(|r| matches!(r.mode, Mode::Down | Mode::Starting)).count();
        if down != node.down {
            let all = status.replicas.len();
            match (down, all) {
                (0, _) if weary && t - node.kills_told_s < 10.0 => {}
                (_, _) if killed => {}
                (0, 1) => told.push((Tone::Plain, format!("{title} is up again"), None)),
                (0, _) => told.push((Tone::Plain, format!("{title}: all {all} replicas are up again"), None)),
                (_, 1) => told.push((Tone::Bad, format!("{title} is down"), None)),
                _ => told.push((Tone::Bad, format!("{title}: {down} of {all} replicas are down"), None)),
            }
            node.down = down;
        }

        let busy = utilization.is_some_and(|u| u >= SATURATED);
        node.busy_windows = if busy { node.busy_windows + 1 } else { 0 };
        if node.busy_windows >= HOLD_BUSY && !node.saturated {
            node.saturated = true;
            let wave = (!node.numbered).then(|| {
                node.numbered = true;
                self.waves += 1;
                (i as u32, self.waves)
            });
            told.push((Tone::Bad, format!("{title} is saturated"), wave));
        }
        // A server that has just come back is idle for an instant: that is no recovery.
        let calm = utilization.is_some_and(|u| u < 0.8) && down == 0;
        node.calm_windows = if calm { node.calm_windows + 1 } else { 0 };
        if node.saturated && node.calm_windows >= HOLD {
            node.saturated = false;
            told.push((Tone::Good, format!("{title} has capacity again"), None));
        }

        for fault in &node.faults {
            if !status.faults.contains(fault) {
                told.push((Tone::Act, format!("{title}: {fault} is over"), None));
            }
        }
        node.faults.clone_from(&status.faults);

        let full = status.replicas.iter().any(|r| r.queue_cap.is_some_and(|cap| cap > 0 && r.queue >= cap));
        if full && !node.full {
            told.push((Tone::Bad, format!("the queue of {title} is full: it turns requests away"), None));
        }
        let relaxed = status.replicas.iter().all(|r| r.queue_cap.is_none_or(|cap| r.queue < cap / 2));
        node.full = full || (node.full && !relaxed);

        for (tone, text, wave) in told {
            // A saturation is dated to when it began.
            let began = if wave.is_some() { t - f64::from(HOLD_BUSY - 1) * 0.25 } else { t };
            self.tell(began, tone, text, wave);
        }
    }

    fn load(&mut self, t: f64) {
        let n = self.recent.len() as f64;
        let mean = |f: fn(&Point) -> f32| self.recent.iter().map(|p| f64::from(f(p))).sum::<f64>() / n;
        let (born, offered, goodput) = (mean(|p| p.born), mean(|p| p.offered), mean(|p| p.goodput));

        let share = if offered > 0.0 { (1.0 - born / offered).max(0.0) } else { 0.0 };
        let step = RETRY_STEPS.iter().filter(|s| share >= **s).count();
        if step > self.retry_step && offered >= 10.0 {
            self.retry_step = step;
            let text = format!(
                "{:.0} % of calls are retries (×{:.1} of what clients want)",
                share * 100.0,
                offered / born.max(0.1)
            );
            self.tell(t, Tone::Bad, text, None);
        } else if self.retry_step > 0 && share < RETRY_STEPS[self.retry_step - 1] / 2.0 {
            self.retry_step = step;
            if step == 0 {
                self.tell(t, Tone::Good, "Hardly any call is a retry any more".to_owned(), None);
            }
        }

        let ratio = if born > 0.0 { goodput / born } else { 1.0 };
        self.low = if ratio < 0.5 { self.low + 1 } else { 0 };
        self.high = if ratio >= 0.9 { self.high + 1 } else { 0 };
        if self.high >= HOLD {
            self.proven = self.proven.max(goodput);
        }
        // Turning a crowd away is no collapse; answering fewer than before it came is.
        let able = if self.proven > 0.0 { born.min(self.proven) } else { born };
        let fallen = goodput < 0.5 * able;
        if self.low >= HOLD && fallen && !self.collapsed {
            (self.collapsed, self.partly) = (true, true);
            let text =
                format!("Goodput has collapsed: {goodput:.0} of {born:.0} requests per second are answered in time");
            self.tell(t, Tone::Bad, text, None);
        } else if self.low >= 3 * HOLD && !self.partly {
            self.partly = true;
            let text = format!(
                "It holds, but not for all: {goodput:.0} of {born:.0} requests per second are answered in time"
            );
            self.tell(t, Tone::Plain, text, None);
        }
        if self.partly && self.high >= 2 * HOLD {
            (self.collapsed, self.partly, self.after_told) = (false, false, true);
            self.tell(t, Tone::Good, "Recovered: nine of ten requests are answered in time again".to_owned(), None);
        }
        let calm_since = self.triggers.iter().map(|p| p.to).filter(|to| *to <= t).fold(f64::NEG_INFINITY, f64::max);
        let pushed = self.triggers.iter().any(|p| p.from <= t && t < p.to);
        if self.collapsed && !self.after_told && !pushed && t - calm_since >= 5.0 && calm_since.is_finite() {
            self.after_told = true;
            let cause = if share >= RETRY_STEPS[0] { "retries keep it down" } else { "it has not caught up" };
            let text = format!(
                "The load went back {:.0} s ago, goodput is still {:.0} %: {cause}",
                t - calm_since,
                ratio * 100.0
            );
            self.tell(t, Tone::Bad, text, None);
        }
    }
}
