//! The ticker: what happens, in plain words, computed from the run at every window of the series.
//!
//! It looks at virtual times that do not depend on how the run is driven, so the same run always tells the same story.

use super::engine::Engine;
use super::session::WINDOW_NS;
use crate::wire::{Line, Phase, Point, Tone};
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

/// See the module. Going back in time takes a [`Story`] of before; telling it again gives the same lines.
#[derive(Clone, Default)]
pub struct Narrator {
    /// Everything told on this track, also what lies ahead.
    lines: Vec<Line>,
    story: Story,
    /// Stretches in which load is changed for a while; those made by hand tell of themselves.
    triggers: Vec<(Phase, bool)>,
}

/// What the narrator remembers of the run so far.
#[derive(Clone, Default)]
pub struct Story {
    told: usize,
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
    opened: usize,
    closed: usize,
}

/// Something to tell of a node: its tone, its words, and its number when it is the node's first saturation.
type Told = (Tone, String, Option<(u32, u32)>);

#[derive(Clone, Default)]
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
        let mut narrator = Narrator::default();
        narrator.plan(engine.phases(), Vec::new());
        narrator
    }

    /// Everything told so far.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines[..self.story.told]
    }

    /// What it remembers.
    #[must_use]
    pub fn story(&self) -> Story {
        self.story.clone()
    }

    /// The run stands where it stood when this was remembered.
    pub fn recall(&mut self, story: Story) {
        self.story = story;
    }

    /// What lies ahead has not been told: another future begins.
    pub fn forget_ahead(&mut self) {
        self.lines.truncate(self.story.told);
    }

    /// Changes of load for a while: planned ones, and those made by hand.
    pub fn plan(&mut self, planned: Vec<Phase>, by_hand: Vec<Phase>) {
        let mark = |hand: bool| move |phase| (phase, hand);
        self.triggers = planned.into_iter().map(mark(false)).chain(by_hand.into_iter().map(mark(true))).collect();
        self.triggers.order_by(|a, b| a.0.from.total_cmp(&b.0.from));
    }

    fn tell(&mut self, t: f64, tone: Tone, text: String, wave: Option<(u32, u32)>) {
        if self.story.told > LINES_MAX {
            return;
        }
        // What was told before is told again in the same words.
        if self.story.told == self.lines.len() {
            self.lines.push(if self.story.told < LINES_MAX {
                Line { t, tone, text, wave }
            } else {
                let text = "So much happens that no more of it is told; reset to start again.".to_owned();
                Line { t, tone: Tone::Plain, text, wave: None }
            });
        }
        self.story.told += 1;
    }

    fn meet(&mut self, engine: &Engine) {
        for i in self.story.nodes.len()..engine.nodes() {
            self.story.nodes.push(NodeStory {
                title: engine.title(i),
                kills_gauge: engine.gauge(i, "kills"),
                kills_told_s: f64::NEG_INFINITY,
                ..NodeStory::default()
            });
        }
    }

    /// The run ended at a limit.
    pub fn halted(&mut self, now_ns: u64, why: &str) {
        self.tell(now_ns as f64 / 1e9, Tone::Bad, format!("Stopped: {why}"), None);
    }

    /// Looks at the run at the end of a window.
    pub fn observe(&mut self, engine: &Engine, at_ns: u64) {
        let t = at_ns as f64 / 1e9;
        self.meet(engine);
        self.triggers_pass(t);
        for i in (0..self.story.nodes.len()).filter(|i| !engine.is_removed(*i)) {
            self.node(i, &engine.status(i), engine.utilization(i, WINDOW_NS), t);
        }
        if let Some(point) = engine.last_point() {
            self.story.recent.push(point);
            if self.story.recent.len() > HOLD as usize {
                self.story.recent.remove(0);
            }
            self.load(t);
        }
    }

    fn triggers_pass(&mut self, t: f64) {
        let opened = self.triggers.iter().filter(|(p, _)| p.from < t).count();
        for (phase, by_hand) in self.triggers.get(self.story.opened..opened).unwrap_or_default().to_vec() {
            if !by_hand {
                self.tell(phase.from, Tone::Act, format!("{} begins", sentence(&phase.title)), None);
            }
        }
        self.story.opened = self.story.opened.max(opened);
        let over: Vec<&Phase> = self.triggers.iter().map(|(p, _)| p).filter(|p| p.to < t).collect();
        let (closed, last) = (over.len(), over.into_iter().max_by(|a, b| a.to.total_cmp(&b.to)).cloned());
        if let Some(last) = last.filter(|_| closed > self.story.closed) {
            let text = match last.load {
                true => "The load is back to what it was".to_owned(),
                false => format!("{} is over", sentence(&last.title)),
            };
            self.tell(last.to, Tone::Act, text, None);
            self.story.after_told = false;
        }
        self.story.closed = closed;
    }

    fn node(&mut self, i: usize, status: &Status, utilization: Option<f64>, t: f64) {
        let node = &mut self.story.nodes[i];
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
                self.story.waves += 1;
                (i as u32, self.story.waves)
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
        let n = self.story.recent.len() as f64;
        let mean = |f: fn(&Point) -> f32| self.story.recent.iter().map(|p| f64::from(f(p))).sum::<f64>() / n;
        let (born, offered, goodput) = (mean(|p| p.born), mean(|p| p.offered), mean(|p| p.goodput));

        let share = if offered > 0.0 { (1.0 - born / offered).max(0.0) } else { 0.0 };
        let step = RETRY_STEPS.iter().filter(|s| share >= **s).count();
        if step > self.story.retry_step && offered >= 10.0 {
            self.story.retry_step = step;
            let text = format!(
                "{:.0} % of calls are retries (×{:.1} of what clients want)",
                share * 100.0,
                offered / born.max(0.1)
            );
            self.tell(t, Tone::Bad, text, None);
        } else if self.story.retry_step > 0 && share < RETRY_STEPS[self.story.retry_step - 1] / 2.0 {
            self.story.retry_step = step;
            if step == 0 {
                self.tell(t, Tone::Good, "Hardly any call is a retry any more".to_owned(), None);
            }
        }

        let ratio = if born > 0.0 { goodput / born } else { 1.0 };
        self.story.low = if ratio < 0.5 { self.story.low + 1 } else { 0 };
        self.story.high = if ratio >= 0.9 { self.story.high + 1 } else { 0 };
        if self.story.high >= HOLD {
            self.story.proven = self.story.proven.max(goodput);
        }
        // Turning a crowd away is no collapse; answering fewer than before it came is.
        let able = if self.story.proven > 0.0 { born.min(self.story.proven) } else { born };
        let fallen = goodput < 0.5 * able;
        if self.story.low >= HOLD && fallen && !self.story.collapsed {
            (self.story.collapsed, self.story.partly) = (true, true);
            let text =
                format!("Goodput has collapsed: {goodput:.0} of {born:.0} requests per second are answered in time");
            self.tell(t, Tone::Bad, text, None);
        } else if self.story.low >= 3 * HOLD && !self.story.partly {
            self.story.partly = true;
            let text = format!(
                "It holds, but not for all: {goodput:.0} of {born:.0} requests per second are answered in time"
            );
            self.tell(t, Tone::Plain, text, None);
        }
        if self.story.partly && self.story.high >= 2 * HOLD {
            (self.story.collapsed, self.story.partly, self.story.after_told) = (false, false, true);
            self.tell(t, Tone::Good, "Recovered: nine of ten requests are answered in time again".to_owned(), None);
        }
        let calm_since =
            self.triggers.iter().map(|(p, _)| p.to).filter(|to| *to <= t).fold(f64::NEG_INFINITY, f64::max);
        let pushed = self.triggers.iter().any(|(p, _)| p.from <= t && t < p.to);
        if self.story.collapsed && !self.story.after_told && !pushed && t - calm_since >= 5.0 && calm_since.is_finite()
        {
            self.story.after_told = true;
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

/// With a capital letter, as a sentence begins.
fn sentence(words: &str) -> String {
    let mut rest = words.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}
