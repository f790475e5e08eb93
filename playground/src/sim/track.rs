//! One future of the run: the engine on it, what was done, and what there is to tell; all of it can go back in time.

use super::edits::{Difference, difference};
use super::engine::{Engine, Outcome, link_state};
use super::narrator::{Narrator, Story};
use super::session::{MILLISECOND_NS, SECOND_NS, WINDOW_NS};
use crate::wire::{self, Flag, FlagKind, Line, Phase, Tone};
use floodgate::order::Order as _;
use floodgate::{Action, Control, Scenario};
use std::rc::Rc;

/// What the narrator remembered is kept at so many moments at most, further apart in a long run.
const STORIES_MAX: usize = 512;

/// Number of what was done by hand and cannot be taken back by its number.
pub const UNNUMBERED: u32 = u32::MAX;

/// Number of what takes something back.
pub const INVERSE: u32 = u32::MAX - 1;

/// Something that was done by hand.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Number of the act; 0 is an edit of the scenario.
    pub act: u32,
    /// What.
    pub control: Control,
    /// The same as a line of the control log.
    pub line: String,
    /// The same for people.
    pub words: String,
    /// What takes it back once it has begun, and when that is over by itself; `None` is nothing but going back in time.
    pub inverse: Option<(Action, Option<u64>)>,
    /// When it was taken back.
    pub undone_ns: Option<u64>,
}

impl Entry {
    fn at_ns(&self) -> u64 {
        self.control.at.0
    }

    fn end_ns(&self) -> Option<u64> {
        Some(self.control.at.0 + self.control.lasting?.0)
    }

    /// Whether it is over by itself at that time.
    #[must_use]
    pub fn is_over(&self, now_ns: u64) -> bool {
        self.end_ns().is_some_and(|end| end <= now_ns)
    }

    fn phase(&self, engine: &Engine) -> Option<Phase> {
        let seconds = |ns: u64| ns as f64 / 1e9;
        let end = self.end_ns().filter(|_| {
            matches!(self.control.action, Action::Set(_) | Action::SetLink { .. }) && !matches!(self.act, 0 | INVERSE)
        })?;
        let callee = match &self.control.action {
            Action::SetLink { to, .. } => Some(to.as_str()),
            _ => None,
        };
        let (load, title) = engine.about(&self.control.node, callee);
        let to = self.undone_ns.map_or(end, |undone| undone.min(end));
        Some(Phase { from: seconds(self.at_ns()), to: seconds(to), title, load, link: link_state(&self.control) })
    }

    /// Shown from the moment when it is done, which is a little before it takes effect.
    fn is_known(&self, now_ns: u64) -> bool {
        self.at_ns() <= now_ns + MILLISECOND_NS
    }
}

/// A moment to which the telling can go back.
#[derive(Clone)]
struct Moment {
    at_ns: u64,
    events: u64,
    story: Story,
}

/// Where to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// A time.
    Time(u64),
    /// So many events handled.
    Events(u64),
}

/// The scenario at some time.
#[derive(Clone)]
struct Stand {
    at_ns: u64,
    text: Rc<str>,
    /// What of it has reached the system.
    reached: Rc<Scenario>,
}

/// See the module. A clone shares what is large.
#[derive(Clone)]
pub struct Track {
    /// Identity within the run.
    pub id: u32,
    /// The track it left, and when.
    pub from: Option<(u32, u64)>,
    /// Stays however many there are.
    pub pinned: bool,
    /// The run.
    pub engine: Engine,
    /// Limit that ended it where it stands, in words.
    pub halted: Option<String>,
    /// The last whole second that was passed, and the digest there.
    pub digest: Option<(u64, String)>,
    narrator: Narrator,
    moments: Vec<Rc<Moment>>,
    /// Time between moments.
    every_ns: u64,
    /// The narrator has seen the run up to here.
    seen_ns: u64,
    entries: Vec<Entry>,
    stands: Vec<Stand>,
}

impl Track {
    /// The run of `text`, or of a variant of it, at time 0.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn new(text: &str, variant: Option<&str>, seed: Option<u64>) -> Result<Track, String> {
        let mut scenario = crate::beside::load(text).map_err(|problems| problems.to_string())?;
        if let Some(name) = variant {
            let found = scenario.variant(name).ok_or_else(|| format!("There is no variant “{name}”."))?;
            scenario = found.scenario.clone();
        }
        let engine = Engine::new(&scenario, seed, WINDOW_NS);
        let narrator = Narrator::new(&engine);
        let moment = Moment { at_ns: 0, events: 0, story: narrator.story() };
        Ok(Track {
            id: 1,
            from: None,
            pinned: false,
            halted: None,
            digest: None,
            narrator,
            moments: vec![Rc::new(moment)],
            every_ns: SECOND_NS,
            seen_ns: 0,
            entries: Vec::new(),
            stands: vec![Stand { at_ns: 0, text: text.into(), reached: Rc::new(scenario) }],
            engine,
        })
    }

    /// Whether a run can go on with such a log and such edits. Nothing is simulated for it.
    ///
    /// # Errors
    /// What is wrong.
    pub fn can_resume(text: &str, seed: Option<u64>, log: &str, edited: &str) -> Result<(), String> {
        Track::new(text, None, seed)?.resume(log, edited).map(drop)
    }

    /// Enters the control log of another run (empty: nothing was done), at whose end the scenario was `text` (if that was edited).
    ///
    /// What of the edited scenario waits for a reset.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn resume(&mut self, log: &str, text: &str) -> Result<Vec<String>, String> {
        let controls = if log.trim().is_empty() { Vec::new() } else { self.engine.read_log(log)? };
        let edited_ns = controls.iter().map(|c| c.at.0).max().unwrap_or(0);
        for control in controls {
            self.note(control, UNNUMBERED)?;
        }
        self.plan();
        if text.is_empty() || *text == *self.text() {
            return Ok(Vec::new());
        }
        let after = crate::beside::load(text).map_err(|problems| problems.to_string())?;
        let found = difference(&self.stands[0].reached, &after);
        self.stands.push(Stand { at_ns: edited_ns, text: text.into(), reached: Rc::new(found.reached) });
        Ok(found.waits)
    }

    /// The clock.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.engine.now_ns()
    }

    /// The scenario as it stands at the end of this track.
    #[must_use]
    pub fn text(&self) -> &str {
        self.stands.last().map_or("", |stand| &stand.text)
    }

    /// Towards `goal`, at most to the next boundary and at most so many events; false when it can go no further.
    pub fn advance(&mut self, goal: u64, events: u64) -> bool {
        let now = self.now_ns();
        if now >= goal || self.halted.is_some() {
            return false;
        }
        let boundary = (now / WINDOW_NS + 1) * WINDOW_NS;
        match self.engine.advance(boundary.min(goal), events) {
            Outcome::Budget => true,
            Outcome::Reached if boundary <= goal => {
                if boundary.is_multiple_of(SECOND_NS) {
                    self.digest = Some((boundary, self.engine.digest()));
                }
                self.observe(boundary);
                true
            }
            Outcome::Reached => {
                if goal == self.engine.until_ns() {
                    self.digest = Some((goal, self.engine.digest()));
                }
                true
            }
            Outcome::Halted(why) => {
                self.narrator.halted(self.engine.now_ns(), &why);
                self.halted = Some(why);
                false
            }
        }
    }

    fn observe(&mut self, boundary: u64) {
        // What was remembered at a moment may be a little ahead of the keyframe that the run came back to.
        if boundary <= self.seen_ns {
            return;
        }
        self.narrator.observe(&self.engine, boundary);
        self.seen_ns = boundary;
        let is_new = self.moments.last().is_none_or(|m| m.at_ns < boundary);
        if is_new && boundary.is_multiple_of(self.every_ns) {
            let (events, story) = (self.engine.events(), self.narrator.story());
            self.moments.push(Rc::new(Moment { at_ns: boundary, events, story }));
            if self.moments.len() > STORIES_MAX {
                self.every_ns *= 2;
                let every_ns = self.every_ns;
                self.moments.retain(|m| m.at_ns.is_multiple_of(every_ns));
            }
        }
    }

    /// Goes to a place from which advancing leads to `goal` soonest. True when the run stands elsewhere now.
    pub fn depart(&mut self, goal: Goal) -> bool {
        let (now, events) = (self.now_ns(), self.engine.events());
        let is_before = |m: &Moment| match goal {
            Goal::Time(at) => m.at_ns <= at,
            Goal::Events(count) => m.events <= count,
        };
        let place = self.moments.partition_point(|m| is_before(m)).saturating_sub(1);
        let Some(moment) = self.moments.get(place).cloned() else { return false };
        let is_ahead = match goal {
            Goal::Time(at) => at >= now,
            Goal::Events(count) => count >= events,
        };
        if is_ahead && moment.at_ns <= now {
            return false;
        }
        let keyframe = self.engine.keyframe_before(moment.at_ns);
        self.engine.restore(keyframe);
        self.narrator.recall(moment.story.clone());
        self.seen_ns = moment.at_ns;
        self.halted = None;
        let whole = self.now_ns().is_multiple_of(SECOND_NS) && self.now_ns() > 0;
        self.digest = whole.then(|| (self.now_ns(), self.engine.digest()));
        true
    }

    /// Nothing is known of what lies ahead: another future begins.
    pub fn forget_ahead(&mut self) {
        let now = self.now_ns();
        self.engine.forget_ahead();
        self.narrator.forget_ahead();
        self.moments.retain(|m| m.at_ns <= now);
        self.entries.retain(|e| e.at_ns() <= now);
        self.stands.retain(|s| s.at_ns <= now);
        for entry in &mut self.entries {
            entry.undone_ns = entry.undone_ns.filter(|undone| *undone <= now);
        }
        self.plan();
    }

    /// The time at which what is done now takes effect.
    #[must_use]
    pub fn next_ns(&self) -> u64 {
        (self.now_ns() / MILLISECOND_NS + 1) * MILLISECOND_NS
    }

    /// Enters a control.
    ///
    /// # Errors
    /// Why it cannot be done.
    pub fn enter(&mut self, control: Control, act: u32) -> Result<(), String> {
        self.note(control, act)?;
        self.plan();
        Ok(())
    }

    /// The same, without telling the narrator.
    fn note(&mut self, control: Control, act: u32) -> Result<(), String> {
        let inverse = self.inverse(&control);
        let words = self.engine.words(&control);
        let line = self.engine.enter(control.clone())?;
        self.entries.push(Entry { act, control, line, words, inverse, undone_ns: None });
        Ok(())
    }

    /// What takes a control back that is about to be entered.
    fn inverse(&self, control: &Control) -> Option<(Action, Option<u64>)> {
        match &control.action {
            Action::Set(changes) => {
                let end = control.lasting.map(|lasting| control.at.0 + lasting.0);
                self.engine.in_force(&control.node, changes).map(|before| (Action::Set(before), end))
            }
            Action::SetLink { port, to, changes } => {
                let end = control.lasting.map(|lasting| control.at.0 + lasting.0);
                let before = self.engine.link_in_force((&control.node, *port, to), changes)?;
                Some((Action::SetLink { port: *port, to: to.clone(), changes: before }, end))
            }
            Action::Fault { fault, .. } if self.engine.fault_lasts(&control.node, fault) => {
                Some((Action::Heal { fault }, None))
            }
            Action::Heal { fault } => {
                let begun = |e: &&Entry| {
                    e.control.node == control.node
                        && matches!(&e.control.action, Action::Fault { fault: name, .. } if name == fault)
                };
                self.entries.iter().rev().find(begun).map(|e| (e.control.action.clone(), e.end_ns()))
            }
            _ => None,
        }
    }

    fn plan(&mut self) {
        let by_hand = self.entries.iter().filter_map(|e| e.phase(&self.engine)).collect();
        self.narrator.plan(self.engine.phases(), by_hand);
    }

    /// What was done under this number and is still in force or to come.
    #[must_use]
    pub fn done(&self, act: u32) -> Vec<Entry> {
        let now = self.now_ns();
        let counts = |e: &&Entry| e.act == act && e.undone_ns.is_none() && !e.is_over(now);
        self.entries.iter().filter(counts).cloned().collect()
    }

    /// Notes that what was done under this number has been taken back.
    pub fn mark_undone(&mut self, act: u32, at_ns: u64) {
        let now = self.now_ns();
        for entry in self.entries.iter_mut().filter(|e| e.act == act && e.undone_ns.is_none() && e.at_ns() <= now) {
            entry.undone_ns = Some(at_ns);
        }
        self.plan();
    }

    /// Whether something that `which` says has been entered and has not begun.
    #[must_use]
    pub fn is_to_come(&self, which: impl Fn(&Entry) -> bool) -> bool {
        let now = self.now_ns();
        self.entries.iter().any(|e| e.at_ns() > now && which(e))
    }

    /// Takes out what has not begun and is not to be kept.
    ///
    /// # Errors
    /// When what is kept cannot be done without what is not.
    pub fn take_out(&mut self, keep: impl Fn(&Entry) -> bool) -> Result<(), String> {
        let now = self.now_ns();
        let _ = self.engine.take_back();
        let (begun, to_come): (Vec<Entry>, Vec<Entry>) =
            std::mem::take(&mut self.entries).into_iter().partition(|e| e.at_ns() <= now);
        self.entries = begun;
        self.stands.retain(|s| s.at_ns <= now || s.at_ns == 0);
        let mut done = Ok(());
        for entry in to_come.into_iter().filter(keep) {
            let again = self.enter(entry.control, entry.act);
            done = done.and(again);
        }
        self.plan();
        done
    }

    /// How the system as it will be at the end of this track becomes what `after` says.
    #[must_use]
    pub fn difference_at_end(&self, after: &Scenario) -> Difference {
        self.difference_of(self.stands.last(), after)
    }

    /// How the system as it is now becomes what `after` says.
    #[must_use]
    pub fn difference_now(&self, after: &Scenario) -> Difference {
        let now = self.now_ns();
        self.difference_of(self.stands.iter().rfind(|s| s.at_ns <= now), after)
    }

    fn difference_of(&self, stand: Option<&Stand>, after: &Scenario) -> Difference {
        match stand {
            Some(stand) => difference(&stand.reached, after),
            None => difference(after, after),
        }
    }

    /// From `at_ns` on the scenario is this.
    pub fn stands(&mut self, at_ns: u64, text: &str, reached: Scenario) {
        self.stands.retain(|s| s.at_ns < at_ns);
        self.stands.push(Stand { at_ns, text: text.into(), reached: Rc::new(reached) });
    }

    /// The text has changed in what does not matter to the run.
    pub fn reword(&mut self, text: &str) {
        if let Some(stand) = self.stands.last_mut() {
            stand.text = text.into();
        }
    }

    /// What the narrator has told up to now.
    #[must_use]
    pub fn narrated(&self) -> &[Line] {
        self.narrator.lines()
    }

    /// What was done by hand up to now, as lines of the ticker.
    #[must_use]
    pub fn acted(&self) -> Vec<Line> {
        let now = self.now_ns();
        let line = |e: &Entry| Line { t: e.at_ns() as f64 / 1e9, tone: Tone::Act, text: e.words.clone(), wave: None };
        self.entries.iter().filter(|e| e.is_known(now)).map(line).collect()
    }

    /// The control log, without its header.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.entries.iter().map(|e| e.line.clone()).collect()
    }

    /// Changes of load for a while.
    #[must_use]
    pub fn phases(&self) -> Vec<Phase> {
        self.engine.phases().into_iter().chain(self.entries.iter().filter_map(|e| e.phase(&self.engine))).collect()
    }

    /// What was done to the system by hand, for a repetition elsewhere; edits of the scenario are not.
    pub fn by_hand(&self) -> impl Iterator<Item = &Control> {
        self.entries.iter().filter(|e| e.act != 0 && !e.control.action.is_edit()).map(|e| &e.control)
    }

    /// When a fault that lasts is over, in seconds: by itself, or because somebody ends it.
    fn fault_end<'a>(&self, of: &Control, all: impl Iterator<Item = &'a Control>) -> Option<f64> {
        let Action::Fault { fault, .. } = &of.action else { return None };
        if !self.engine.fault_lasts(&of.node, fault) {
            return None;
        }
        let ends = |c: &&Control| {
            c.at > of.at && c.node == of.node && matches!(&c.action, Action::Heal { fault: name } if name == fault)
        };
        let by_itself = of.lasting.map(|lasting| of.at.0.saturating_add(lasting.0));
        let end = all.filter(ends).map(|c| c.at.0).chain(by_itself).min().unwrap_or(u64::MAX);
        Some(end as f64 / 1e9)
    }

    /// The track for people.
    #[must_use]
    pub fn info(&self) -> wire::Track {
        let kind = |c: &Control| match &c.action {
            Action::Set(_) if c.lasting.is_some() && self.engine.is_source(&c.node) => FlagKind::Load,
            Action::Set(_) | Action::SetLink { .. } if c.lasting.is_some() => FlagKind::Fault,
            Action::Fault { .. } | Action::Heal { .. } => FlagKind::Fault,
            _ => FlagKind::Edit,
        };
        let planned = self.engine.planned().map(|c| (c, self.engine.words(c)));
        let by_hand = self.entries.iter().map(|e| (&e.control, e.words.clone()));
        let all: Vec<(&Control, String)> = planned.chain(by_hand).collect();
        let flag = |(c, text): &(&Control, String)| Flag {
            t: c.at.0 as f64 / 1e9,
            kind: kind(c),
            text: text.clone(),
            until: self.fault_end(c, all.iter().map(|a| a.0)),
        };
        let mut flags: Vec<Flag> = all.iter().map(flag).collect();
        flags.order_by(|a, b| a.t.total_cmp(&b.t));
        wire::Track { id: self.id, from: self.from, furthest_ns: self.engine.furthest_ns(), pinned: self.pinned, flags }
    }
}
