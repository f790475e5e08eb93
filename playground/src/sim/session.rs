//! One session with the engine: takes commands, lets virtual time pass as wall time does, and reports in frames.
//!
//! It never works longer than the slice it is given, so whoever drives it can always be spoken to; it knows no clock but
//! the one passed in.

use super::track::{Entry, Goal, INVERSE, Track, UNNUMBERED};
use crate::wire::{Act, Answer, Before, Command, Frame, LinkCounts, Loaded, NodeCounts, Reply};
use floodgate::order::Order as _;
use floodgate::status::Status;
use floodgate::{Control, Duration, Time};
use std::collections::BTreeMap;

/// Events between two looks at the clock: a fraction of a millisecond of work.
const EVENTS_PER_LOOK: u64 = 1000;
/// Windows of the series, and how often the narrator looks.
pub const WINDOW_NS: u64 = 250_000_000;
/// Digests are taken at whole seconds.
pub const SECOND_NS: u64 = 1_000_000_000;
/// Controls take effect at whole milliseconds.
pub const MILLISECOND_NS: u64 = 1_000_000;
/// A session ends here: a tab forgotten overnight does not fill the memory with its record.
const LONGEST_NS: u64 = 3600 * SECOND_NS;
/// Wall time that is made up for after a pause of the driver (a busy machine, a tab in the background), in milliseconds.
const CATCH_UP_MS: f64 = 100.0;
/// Going somewhere in time is shown only when it takes longer, in milliseconds.
const SEEK_SHOWN_MS: f64 = 300.0;
/// Windows told of in detail in one frame, so that no frame is long in the making.
const DETAILS_PER_FRAME: usize = 256;
/// Tracks kept beside the one that is shown.
pub const TRACKS_MAX: usize = 8;

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
    track: Option<Track>,
    /// The other tracks, the longest kept first.
    aside: Vec<Track>,
    next_track: u32,
    run: u32,
    running: bool,
    to_end: bool,
    speed: f64,
    seeking: Option<Seeking>,
    /// What was taken back, by number, for doing it again.
    undone: BTreeMap<u32, Vec<Control>>,
    /// Virtual time that should have been reached by now.
    due_ns: f64,
    /// Wall time of the last turn; `None` while nothing runs.
    wall_ms: Option<f64>,
    pace: Pace,
    sent: Sent,
    /// Requests are followed.
    follow: bool,
    /// Things to say at the next opportunity.
    told: Vec<Reply>,
}

/// On the way to somewhere.
struct Seeking {
    goal: Goal,
    /// Wall time when it began.
    since_ms: Option<f64>,
    /// It is no leap, just the way that time goes.
    plain: bool,
    /// It takes so long that it is shown.
    shown: bool,
    /// Then what was done under this number is left out.
    without: Option<u32>,
    /// How things stood a little before.
    before: Option<Box<Before>>,
}

/// What the page knows already.
#[derive(Default)]
struct Sent {
    waiting: bool,
    stale: bool,
    jumped: bool,
    before: Option<Box<Before>>,
    /// End of the last window sent, by track.
    points: BTreeMap<u32, f32>,
    /// The track whose details are told, and the end of the last window told of.
    details: (u32, u64),
    narrated: usize,
    acted: usize,
    track: Option<u32>,
    log: Option<Vec<String>>,
    phases: Option<Vec<crate::wire::Phase>>,
    topology: Option<crate::wire::Topology>,
    tracks: Option<Vec<crate::wire::Track>>,
    window: Option<u64>,
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
    pub fn command(&mut self, command: Command) -> Vec<Reply> {
        // That a frame has been drawn is nothing new to tell of.
        self.sent.stale |= !matches!(command, Command::Drawn | Command::Ping | Command::Ask(_));
        let done = self.obey(command);
        if !self.running {
            self.wall_ms = None;
            self.pace = Pace::default();
        }
        self.told.extend(done.err().map(Reply::Refused));
        std::mem::take(&mut self.told)
    }

    fn obey(&mut self, command: Command) -> Result<(), String> {
        match command {
            Command::Load { run, text, seed, running, variant, resume } => {
                let mut track = Track::new(&text, variant.as_deref(), seed)?;
                let at_ns = resume.as_ref().map_or(0, |r| r.at_ns);
                let waits = resume.map(|r| track.resume(&r.log, &r.text)).transpose()?;
                self.begin(run, track, running, at_ns);
                if let Some(waits) = waits {
                    self.told.push(Reply::Became((!waits.is_empty()).then(|| waits.join(", "))));
                }
            }
            Command::Run => self.running = !self.is_halted() && self.track.is_some(),
            Command::Pause => {
                (self.running, self.to_end) = (false, false);
                self.check_books();
            }
            Command::Step => self.step(),
            Command::Back => self.back(),
            Command::Seek(at_ns) => self.seek(Goal::Time(at_ns.min(LONGEST_NS)), None),
            Command::RunToEnd => {
                let ahead = self.track.as_ref().is_some_and(|t| t.now_ns() < t.engine.until_ns());
                self.to_end = ahead && !self.is_halted();
                self.running = self.to_end;
            }
            Command::Speed(speed) => {
                self.speed = match speed {
                    s if s.is_nan() => 1.0,
                    s if s.is_infinite() => s,
                    s => s.clamp(SPEEDS.0, SPEEDS.1),
                };
                self.resync();
            }
            Command::Act(act) => self.act(&act)?,
            Command::Become(text) => self.become_text(&text)?,
            Command::Undo(act) => self.undo(act)?,
            Command::Redo(act) => self.redo(act)?,
            Command::Track(id) => self.switch(id)?,
            Command::Pin(id, pinned) => {
                let tracks = self.aside.iter_mut().chain(&mut self.track);
                tracks.filter(|t| t.id == id).for_each(|t| t.pinned = pinned);
            }
            Command::Drop(id) => self.aside.retain(|t| t.id != id),
            Command::Drawn => self.sent.waiting = false,
            Command::Ping => self.told.push(Reply::Pong),
            // On the way to somewhere there is nothing to say; whoever asks asks again.
            Command::Ask(_) if self.seeking.is_some() => self.told.push(Reply::Answer(Answer::Later)),
            Command::Ask(question) => {
                let answer = self.track.as_ref().map(|t| super::answers::answer(&t.engine, question));
                self.told.push(Reply::Answer(answer.unwrap_or(Answer::Later)));
            }
            Command::Follow(follow) => self.follow(follow),
            Command::Files(files) => crate::beside::keep_only(files),
            // Whoever holds sessions sees to these.
            Command::Compare(_) | Command::Previews(_) | Command::Crash => {}
        }
        Ok(())
    }

    /// The books are checked now and then, where it costs nobody anything: when it stops.
    fn check_books(&mut self) {
        let wrong = self.track.as_ref().and_then(|t| t.engine.check_books().err());
        self.told.extend(wrong.map(|what| {
            Reply::Refused(format!("The books of this run do not balance, which is a defect of the simulator: {what}"))
        }));
    }

    /// Whether requests are followed.
    #[must_use]
    pub fn follows(&self) -> bool {
        self.follow
    }

    /// Follows requests from the beginning on: what is under way is made again, to where it stands or was to go.
    fn follow(&mut self, follow: bool) {
        self.follow = follow;
        let Some(track) = &mut self.track else { return };
        if track.engine.follows() == follow {
            return;
        }
        let goal = self.seeking.as_ref().map_or(Goal::Time(track.now_ns()), |s| s.goal);
        let without = self.seeking.as_ref().and_then(|s| s.without);
        track.engine.follow(follow);
        if follow {
            self.seek(goal, without);
        }
    }

    fn begin(&mut self, run: u32, mut track: Track, running: bool, at_ns: u64) {
        track.engine.follow(self.follow);
        self.track = Some(track);
        self.run = run;
        self.told.extend(self.loaded().map(Reply::Loaded));
        self.aside.clear();
        self.undone.clear();
        (self.next_track, self.seeking) = (2, None);
        (self.running, self.to_end) = (running, false);
        (self.due_ns, self.wall_ms) = (0.0, None);
        self.pace = Pace::default();
        self.sent = Sent { waiting: self.sent.waiting, stale: true, ..Sent::default() };
        if at_ns > 0 {
            self.seek(Goal::Time(at_ns.min(LONGEST_NS)), None);
        }
    }

    /// What has been loaded.
    #[must_use]
    pub fn loaded(&self) -> Option<Loaded> {
        let engine = &self.track.as_ref()?.engine;
        let topology = engine.topology();
        Some(Loaded {
            run: self.run,
            seed: engine.seed(),
            until_ns: engine.until_ns(),
            nodes: topology.nodes,
            links: topology.links,
            phases: engine.phases(),
            log_header: engine.log_header(),
        })
    }

    /// Number of the run.
    #[must_use]
    pub fn run(&self) -> u32 {
        self.run
    }

    /// Its seed.
    #[must_use]
    pub fn seed(&self) -> Option<u64> {
        self.track.as_ref().map(|t| t.engine.seed())
    }

    /// What was done by hand.
    #[must_use]
    pub fn by_hand(&self) -> Vec<Control> {
        self.track.as_ref().map(|t| t.by_hand().cloned().collect()).unwrap_or_default()
    }

    /// Does what was done elsewhere, at its time, if it can be done here.
    pub fn repeat(&mut self, control: &Control) {
        if let Some(track) = &mut self.track
            && track.engine.has_node(&control.node)
            && track.enter(control.clone(), UNNUMBERED).is_ok()
        {
            self.sent.stale = true;
        }
    }

    /// Goes where another clock is: forth as time passes, back by a leap.
    pub fn keep_to(&mut self, at_ns: u64) {
        let now = self.now_ns();
        if at_ns < now {
            self.seek(Goal::Time(at_ns), None);
        } else if at_ns > now && self.seeking.is_none() && !self.is_halted() {
            let goal = Goal::Time(at_ns);
            self.seeking =
                Some(Seeking { goal, since_ms: None, plain: true, shown: false, without: None, before: None });
        }
    }

    /// Wall time that passes meanwhile is not made up for.
    pub fn hold(&mut self) {
        self.wall_ms = None;
        self.resync();
    }

    fn is_halted(&self) -> bool {
        self.track.as_ref().is_some_and(|t| t.halted.is_some())
    }

    /// What hinders nothing of what has been sent to be true: the page is told everything anew.
    fn jumped(&mut self) {
        self.sent.jumped = true;
        (self.sent.narrated, self.sent.acted, self.sent.window) = (0, 0, None);
    }

    /// Sets out for somewhere; turns lead there.
    fn seek(&mut self, goal: Goal, without: Option<u32>) {
        let Some(track) = &mut self.track else { return };
        // On the way it passes the second before, for the rates.
        let from = match goal {
            Goal::Time(at) => Goal::Time(at.saturating_sub(SECOND_NS)),
            events => events,
        };
        if track.depart(from) {
            self.jumped();
        }
        self.seeking = Some(Seeking { goal, since_ms: None, plain: false, shown: false, without, before: None });
        self.to_end = false;
    }

    fn arrived(&mut self) {
        let Some(seeking) = self.seeking.take() else { return };
        self.resync();
        if !seeking.plain {
            self.jumped();
            self.sent.before = seeking.before;
        }
        self.sent.stale = true;
        if let Some(act) = seeking.without {
            self.branch();
            let done = self.track.as_mut().map_or(Ok(()), |t| t.take_out(|e| e.act != act));
            self.told.extend(done.err().map(Reply::Refused));
        }
    }

    /// Where there is a future already, it is kept as a track of its own, and another one begins here.
    fn branch(&mut self) {
        let Some(track) = &mut self.track else { return };
        let now = track.now_ns();
        if now >= track.engine.furthest_ns() && !track.is_to_come(|e| e.control.at.0 > now + MILLISECOND_NS) {
            return;
        }
        let mut aside = track.clone();
        aside.engine.set_aside(true);
        (track.from, track.id) = (Some((track.id, now)), self.next_track);
        track.pinned = false;
        self.next_track += 1;
        track.forget_ahead();
        let known = self.sent.points.get(&aside.id).copied().unwrap_or(0.0);
        self.sent.points.insert(track.id, known.min((now as f64 / 1e9) as f32));
        self.aside.push(aside);
        self.sent.stale = true;
        self.keep_few();
        self.jumped();
    }

    fn keep_few(&mut self) {
        while self.aside.len() > TRACKS_MAX {
            let oldest = self.aside.iter().position(|t| !t.pinned).unwrap_or(0);
            let gone = self.aside.remove(oldest);
            let told = format!(
                "Track {} is forgotten: {TRACKS_MAX} are kept beside the one that you see. Pin those that should stay.",
                gone.id
            );
            self.told.push(Reply::Told(told));
        }
    }

    fn switch(&mut self, id: u32) -> Result<(), String> {
        let place = self.aside.iter().position(|t| t.id == id).ok_or("That track is no longer kept.")?;
        let Some(current) = self.track.take() else { return Ok(()) };
        let now = current.now_ns();
        let mut track = self.aside.remove(place);
        let mut current = current;
        current.engine.set_aside(true);
        track.engine.set_aside(false);
        if track.engine.follows() != self.follow {
            track.engine.follow(self.follow);
        }
        self.aside.push(current);
        self.told.push(Reply::Switched(track.text().to_owned()));
        let at = now.min(track.engine.furthest_ns());
        self.track = Some(track);
        self.undone.clear();
        self.jumped();
        self.seek(Goal::Time(at), None);
        Ok(())
    }

    fn act(&mut self, act: &Act) -> Result<(), String> {
        let track = self.track.as_ref().ok_or("Nothing is loaded.")?;
        // What cannot be done begins no branch.
        let controls = track.engine.controls(act, track.next_ns())?;
        self.perform(&controls, act.id)
    }

    fn perform(&mut self, controls: &[Control], act: u32) -> Result<(), String> {
        self.branch();
        let track = self.track.as_mut().ok_or("Nothing is loaded.")?;
        for control in controls {
            track.enter(control.clone(), act)?;
        }
        self.sent.stale = true;
        Ok(())
    }

    /// Brings a changed scenario to the running system. Edits at one instant are one: what they come to is entered, not how
    /// they came about.
    fn become_text(&mut self, text: &str) -> Result<(), String> {
        let after = crate::beside::load(text).map_err(|problems| problems.to_string())?;
        let track = self.track.as_mut().ok_or("Nothing is loaded.")?;
        let at_end = track.difference_at_end(&after);
        let mut waits = at_end.waits;
        if at_end.actions.is_empty() {
            track.reword(text);
        } else {
            self.branch();
            let track = self.track.as_mut().ok_or("Nothing is loaded.")?;
            let mut taken = Ok(());
            if track.is_to_come(|e| e.act == 0) {
                taken = track.take_out(|e| e.act != 0);
                self.jumped();
            }
            let track = self.track.as_mut().ok_or("Nothing is loaded.")?;
            let found = track.difference_now(&after);
            waits = found.waits;
            let at_ns = track.next_ns();
            for (node, action) in found.actions {
                let control = Control { at: Time(at_ns), node: node.clone(), action, lasting: None };
                if let Err(why) = track.enter(control, 0) {
                    waits.push(why);
                }
            }
            track.stands(at_ns, text, found.reached);
            self.sent.stale = true;
            taken?;
        }
        let why = (!waits.is_empty()).then(|| waits.join(", "));
        self.told.push(Reply::Became(why));
        Ok(())
    }

    fn undo(&mut self, act: u32) -> Result<(), String> {
        let track = self.track.as_mut().ok_or("Nothing is loaded.")?;
        let (now, at_ns) = (track.now_ns(), track.next_ns());
        let entries = track.done(act);
        if entries.is_empty() {
            return Err("That is over already: there is nothing left to take back.".to_owned());
        }
        self.undone.insert(act, entries.iter().map(|e| e.control.clone()).collect());
        let has_begun = |e: &Entry| e.control.at.0 <= now;
        if !entries.iter().any(has_begun) {
            self.branch();
            // Where a branch has begun, it has been forgotten with the rest that lies ahead.
            let track = self.track.as_mut().ok_or("Nothing is loaded.")?;
            let done = track.take_out(|e| e.act != act);
            self.jumped();
            return done;
        }
        let inverse = |e: &Entry| {
            let (action, end) = e.inverse.clone()?;
            let lasting = end.map(|end| Duration(end.saturating_sub(at_ns).max(1)));
            Some(Control { at: Time(at_ns), node: e.control.node.clone(), action, lasting })
        };
        let inverses: Option<Vec<Control>> = entries.iter().rev().map(inverse).collect();
        match inverses {
            Some(controls) => {
                self.perform(&controls, INVERSE)?;
                if let Some(track) = &mut self.track {
                    track.mark_undone(act, at_ns);
                }
            }
            None => {
                // Nothing makes it not have happened but a time in which it has not.
                let before = entries.iter().map(|e| e.control.at.0).min().unwrap_or(at_ns).saturating_sub(1);
                self.told.push(Reply::Told(
                    "Back to before it happened: the run goes on from there without it, on a track of its own."
                        .to_owned(),
                ));
                self.seek(Goal::Time(before), Some(act));
            }
        }
        Ok(())
    }

    fn redo(&mut self, act: u32) -> Result<(), String> {
        let controls = self.undone.remove(&act).ok_or("That belongs to another run.")?;
        let at = Time(self.track.as_ref().ok_or("Nothing is loaded.")?.next_ns());
        let controls: Vec<Control> = controls.into_iter().map(|c| Control { at, ..c }).collect();
        self.perform(&controls, act)
    }

    /// One event, wherever it lies; boundaries on the way to it are observed as in a run, so that stepping tells the same
    /// story.
    fn step(&mut self) {
        (self.running, self.to_end) = (false, false);
        let Some(track) = &mut self.track else { return };
        let before = track.engine.events();
        while track.advance(LONGEST_NS, 1) && track.engine.events() == before {}
        self.resync();
    }

    fn back(&mut self) {
        (self.running, self.to_end) = (false, false);
        let events = self.track.as_ref().map_or(0, |t| t.engine.events());
        if events > 0 {
            self.seek(Goal::Events(events - 1), None);
        }
    }

    /// Lets time pass for at most `slice_ms` of wall time, which `clock` tells in milliseconds.
    pub fn turn(&mut self, clock: &dyn Fn() -> f64, slice_ms: f64) -> Next {
        if self.seeking.is_some() {
            return self.turn_to_goal(clock, slice_ms);
        }
        if !self.running {
            return Next::Idle;
        }
        let start = clock();
        let elapsed = start - self.wall_ms.replace(start).unwrap_or(start);
        self.due_ns += elapsed.clamp(0.0, CATCH_UP_MS) * self.speed.min(1e6) * 1e6;
        let end = self.end_ns();
        let Some(track) = &mut self.track else { return Next::Idle };
        let goal = if self.to_end || self.speed.is_infinite() { end } else { end.min(self.due_ns as u64) };
        let mut late = false;
        while track.now_ns() < goal && track.advance(goal, EVENTS_PER_LOOK) {
            late = clock() - start >= slice_ms && track.now_ns() < goal;
            if late {
                break;
            }
        }
        self.sent.stale = true;
        self.pace.note(clock(), self.now_ns());
        if self.now_ns() >= end {
            (self.running, self.to_end) = (false, false);
            self.check_books();
        }
        if self.is_halted() || !self.running {
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

    fn turn_to_goal(&mut self, clock: &dyn Fn() -> f64, slice_ms: f64) -> Next {
        let start = clock();
        let (Some(seeking), Some(track)) = (&mut self.seeking, &mut self.track) else { return Next::Idle };
        let since = *seeking.since_ms.get_or_insert(start);
        let arrived = loop {
            let now = track.now_ns();
            let soon = match seeking.goal {
                Goal::Time(at) => now >= at.saturating_sub(SECOND_NS),
                Goal::Events(_) => true,
            };
            if soon && seeking.before.is_none() && !seeking.plain {
                seeking.before = Some(Box::new(before(&track.engine)));
            }
            let going = match seeking.goal {
                Goal::Time(at) => {
                    let next = if soon { at } else { at.saturating_sub(SECOND_NS) };
                    now < at && track.advance(next, EVENTS_PER_LOOK)
                }
                Goal::Events(count) => {
                    let left = count.saturating_sub(track.engine.events());
                    left > 0 && track.advance(LONGEST_NS, left.min(EVENTS_PER_LOOK))
                }
            };
            if !going {
                break true;
            }
            if clock() - start >= slice_ms {
                break false;
            }
        };
        if arrived {
            self.arrived();
            self.wall_ms = None;
            return if self.running { Next::Now } else { Next::Idle };
        }
        seeking.shown = clock() - since >= SEEK_SHOWN_MS;
        self.sent.stale |= seeking.shown;
        Next::Now
    }

    /// The clock.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.track.as_ref().map_or(0, Track::now_ns)
    }

    fn end_ns(&self) -> u64 {
        let until = self.track.as_ref().map_or(0, |t| t.engine.until_ns());
        if self.to_end { until } else { LONGEST_NS.max(until) }
    }

    fn resync(&mut self) {
        self.due_ns = self.now_ns() as f64;
    }

    /// Whether it is on its way to somewhere.
    #[must_use]
    pub fn is_seeking(&self) -> bool {
        self.seeking.is_some()
    }

    /// What changed since the last frame; `None` while the page has not drawn that one, or when nothing changed.
    pub fn frame(&mut self) -> Option<Frame> {
        if self.sent.waiting || !self.sent.stale {
            return None;
        }
        let track = self.track.as_ref()?;
        // On a short way there is nothing to see; a long one shows how far it has come.
        if self.seeking.as_ref().is_some_and(|s| !s.shown) {
            return None;
        }
        let engine = &track.engine;
        let mut frame = Frame {
            run: self.run,
            now_ns: engine.now_ns(),
            events: engine.events(),
            running: self.running,
            halted: track.halted.clone(),
            pace: if self.running { self.pace.value } else { 0.0 },
            memory_bytes: memory_bytes(),
            digest: track.digest.clone(),
            totals: engine.totals(),
            track: track.id,
            furthest_ns: engine.furthest_ns(),
            seeking: self.seeking.is_some(),
            jumped: std::mem::take(&mut self.sent.jumped),
            before: self.sent.before.take(),
            ..Frame::default()
        };
        let sent = &mut self.sent;
        let topology = engine.topology();
        if news(&mut sent.topology, &topology) || sent.track != Some(track.id) {
            frame.topology = Some(topology);
            sent.track = Some(track.id);
            (sent.statuses, sent.nodes, sent.links) = Default::default();
        }
        changed(&mut sent.statuses, engine.nodes(), |i| engine.status(i), &mut frame.statuses);
        changed(&mut sent.nodes, engine.nodes(), |i| engine.node_counts(i), &mut frame.nodes);
        changed(&mut sent.links, engine.links(), |j| engine.link_counts(j), &mut frame.links);
        let known = sent.points.entry(track.id).or_insert(0.0);
        frame.points = engine.points_after(*known);
        *known = frame.points.last().map_or(*known, |p| p.t);
        frame.details_anew = sent.details.0 != track.id;
        if frame.details_anew {
            sent.details = (track.id, 0);
        }
        frame.details = engine.details_after(sent.details.1, DETAILS_PER_FRAME);
        sent.details.1 = frame.details.last().map_or(sent.details.1, |d| d.end_ns);
        // A long track comes in pieces.
        let more = frame.details.len() == DETAILS_PER_FRAME;
        let window = engine.now_ns() / WINDOW_NS;
        if sent.window.replace(window) != Some(window) && window > 0 {
            let mean = |i| engine.utilization(i, SECOND_NS).map_or(f32::NAN, |u| u as f32);
            frame.utilization = (0..engine.nodes()).map(mean).collect();
        }
        let (narrated, acted) = (track.narrated(), track.acted());
        frame.lines.extend_from_slice(narrated.get(sent.narrated..).unwrap_or_default());
        frame.lines.extend_from_slice(acted.get(sent.acted..).unwrap_or_default());
        (sent.narrated, sent.acted) = (narrated.len(), acted.len());
        let (log, phases) = (track.log(), track.phases());
        frame.log = news(&mut sent.log, &log).then_some(log);
        frame.phases = news(&mut sent.phases, &phases).then_some(phases);
        let mut tracks: Vec<_> = self.aside.iter().chain([track]).map(Track::info).collect();
        tracks.order_by(|a, b| a.id.cmp(&b.id));
        // How far the one that is shown has come is told anyway.
        let mut timeless = tracks.clone();
        timeless.iter_mut().filter(|t| t.id == track.id).for_each(|t| t.furthest_ns = 0);
        frame.tracks = news(&mut sent.tracks, &timeless).then_some(tracks);
        (sent.stale, sent.waiting) = (more, true);
        Some(frame)
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

fn before(engine: &super::engine::Engine) -> Before {
    Before {
        at_ns: engine.now_ns(),
        totals: engine.totals(),
        nodes: (0..engine.nodes()).map(|i| engine.node_counts(i)).collect(),
        links: (0..engine.links()).map(|j| engine.link_counts(j)).collect(),
    }
}

/// Whether `now` is other than what was known; it is known from now on.
fn news<T: Clone + PartialEq>(known: &mut Option<T>, now: &T) -> bool {
    let is_new = known.as_ref() != Some(now);
    if is_new {
        *known = Some(now.clone());
    }
    is_new
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
