//! Time: where the run stands, its tracks, what was done to it and is taken back, and another run beside it.

use super::{Page, Topic};
use crate::editor::Outline;
use crate::editor::params::bare;
use crate::keep::Kept;
use crate::live::Live;
use crate::wire::{Act, Command, Deed, Loaded, Other, Resume};
use std::cell::{Cell, RefCell};

/// A click on a flag goes to so long before it, in seconds.
const BEFORE_FLAG_S: f64 = 0.5;
/// A worker that was lost so often in one run has a reason to.
const LOSSES_MAX: u32 = 3;

/// How long a lasting fault of a group goes on, unless it is undone.
const GROUP_FAULT: &str = "10s";
/// By then the page has been laid out again, in milliseconds.
const LAYOUT_MS: i32 = 60;

/// What the page remembers of it.
#[derive(Default)]
pub struct Time {
    /// Number of the last act.
    acts: Cell<u32>,
    /// It ran when the scrubber was taken up.
    ran: Cell<bool>,
    /// Run, and how often its worker was lost.
    losses: Cell<(u32, u32)>,
    /// What of the text waits for a reset.
    pub waits: RefCell<Option<String>>,
    /// The run on the other side.
    pub rival: RefCell<Option<Live>>,
    /// What that is.
    pub rival_name: RefCell<String>,
    /// What its text says.
    pub rival_outline: RefCell<Outline>,
    /// What is shown of its stage: left, top, width and height.
    pub rival_view: Cell<(f64, f64, f64, f64)>,
}

impl Page {
    /// Goes to a virtual time, in seconds.
    pub fn seek(&self, seconds: f64) {
        let seconds = seconds.clamp(0.0, self.live.borrow().end_s());
        self.send(Command::Seek((seconds * 1e9) as u64));
    }

    /// Goes back or forth by some seconds.
    pub fn seek_by(&self, seconds: f64) {
        let now = self.live.borrow().last.now_ns as f64 / 1e9;
        // To whole seconds first: that is where digests are.
        let to = if seconds > 0.0 { (now + seconds).floor() } else { (now + seconds).ceil() };
        self.seek(to);
    }

    /// Goes to just before something happened.
    pub fn seek_to_flag(&self, t: f64) {
        self.seek((t - BEFORE_FLAG_S).max(0.0));
    }

    /// The scrubber is taken up: time stands while it is moved.
    pub fn begin_scrub(&self) {
        let running = self.live.borrow().last.running;
        self.time.ran.set(running);
        if running {
            self.send(Command::Pause);
        }
    }

    /// The scrubber is let go.
    pub fn end_scrub(&self) {
        if self.time.ran.replace(false) {
            self.send(Command::Run);
        }
    }

    /// Shows another track.
    pub fn show_track(&self, id: u32) {
        if self.live.borrow().last.track != id {
            self.send(Command::Track(id));
        }
    }

    /// Its scenario comes with a track.
    pub(super) fn switched(&self, text: &str) {
        let is_new = self.editor.borrow_mut().replace(text, "show another track", None);
        if is_new {
            self.read_again();
        }
        self.tell(Topic::Edit);
    }

    /// Does something to running nodes, as one step that can be undone.
    pub fn act_all(&self, nodes: &[String], deed: &Deed, lasting: Option<&str>, label: &str) {
        let id = self.time.acts.get() + 1;
        self.time.acts.set(id);
        for node in nodes {
            let lasting = lasting.map(str::to_owned);
            self.send(Command::Act(Act { id, node: node.clone(), deed: deed.clone(), lasting }));
        }
        self.editor.borrow_mut().record(id, label);
        self.tell(Topic::Edit);
    }

    /// What is called so in the undo list.
    #[must_use]
    pub fn deed_label(&self, node: &str, deed: &Deed) -> String {
        let outline = self.outline.borrow();
        let title = outline.node(node).map_or(node, |n| n.title.as_str());
        match deed {
            Deed::Set(_) => format!("change {title}"),
            Deed::Link { to, changes, .. } => {
                let to = outline.node(to).map_or(to.as_str(), |n| n.title.as_str());
                let what: Vec<&str> = changes.iter().map(|(name, _)| name.as_str()).collect();
                format!("{} of {title} → {to}", what.join(", "))
            }
            Deed::Flood(factor) => format!("{factor}× load from {title}"),
            Deed::Fault { fault, .. } => format!("{fault} {title}"),
            Deed::Heal { fault } => format!("end {fault} of {title}"),
        }
    }

    /// So many times the load, from all sources or from one.
    pub fn flood(&self, sources: &[String], factor: f64, lasting: &str) {
        let running = self.live.borrow().loaded.nodes.clone();
        let there: Vec<String> = sources.iter().filter(|id| running.contains(id)).cloned().collect();
        if there.is_empty() {
            return self.say("There are no clients to send more.", true);
        }
        self.act_all(&there, &Deed::Flood(factor), Some(lasting.trim()), &format!("flood ×{factor}"));
    }

    /// What can be done to groups: which group, which fault, and the nodes that know it.
    #[must_use]
    pub fn group_faults(&self) -> Vec<(String, &'static str, Vec<String>)> {
        let (outline, live) = (self.outline.borrow(), self.live.borrow());
        let mut found: Vec<(String, &'static str, Vec<String>)> = Vec::new();
        for node in outline.nodes.iter().filter(|n| live.index(&n.id).is_some()) {
            let Some(group) = node.given.get("group").map(|text| bare(text)) else { continue };
            for fault in node.descriptor.map_or(&[][..], |d| d.faults) {
                match found.iter_mut().find(|(g, f, _)| *g == group && *f == fault.name) {
                    Some((_, _, nodes)) => nodes.push(node.id.clone()),
                    None => found.push((group.clone(), fault.name, vec![node.id.clone()])),
                }
            }
        }
        found
    }

    /// The fault of all nodes of a group that know it.
    pub fn break_group(&self, group: &str, fault: &str, nodes: &[String]) {
        let deed = Deed::Fault { fault: fault.to_owned(), values: Vec::new() };
        let lasting = nodes.first().filter(|id| self.lasts(id, fault)).map(|_| GROUP_FAULT);
        self.act_all(nodes, &deed, lasting, &format!("{fault} {group}"));
    }

    fn lasts(&self, node: &str, fault: &str) -> bool {
        let outline = self.outline.borrow();
        let faults = outline.node(node).and_then(|n| n.descriptor).map_or(&[][..], |d| d.faults);
        faults.iter().any(|f| f.name == fault && f.lasting)
    }

    /// Runs another text beside this one.
    pub fn compare_with(&self, name: &str, text: &str, variant: Option<String>) {
        match crate::sim::engine::check(text, name) {
            Ok(()) => {
                self.time.rival_name.replace(name.to_owned());
                self.time.rival_outline.replace(Outline::read(text));
                self.send(Command::Compare(Some(Other { text: text.to_owned(), variant })));
            }
            Err(why) => self.say(&why, true),
        }
        self.tell(Topic::Edit);
    }

    /// Ends it.
    pub fn compare_no_more(&self) {
        self.send(Command::Compare(None));
    }

    pub(super) fn comparing(&self, loaded: Option<Loaded>) {
        self.time.rival.replace(loaded.map(Live::new));
        self.tell(Topic::Edit);
        // The stage has its new width only when the page has been laid out again.
        let page = self.itself.borrow().clone();
        crate::driver::after(LAYOUT_MS, move || {
            if let Some(page) = page.upgrade() {
                page.fit();
            }
        });
    }

    /// The worker is gone: another one goes on from scenario, seed and control log.
    pub(super) fn lost(&self) {
        let kept = self.kept();
        self.sharing.coming.replace(Some(kept.clone()));
        let (run, loaded) = (self.run.get(), self.live.borrow().loaded.run == self.run.get());
        let (of, count) = self.time.losses.get();
        let count = if of == run { count + 1 } else { 1 };
        self.time.losses.set((run, count));
        self.fresh.borrow_mut().clear();
        // What stood there stands nowhere until it has been computed again.
        self.live.borrow_mut().last.digest = None;
        if let Some(driver) = self.driver.borrow().as_ref() {
            driver.restart();
        }
        // It may have fallen over before anything of the run was seen.
        let was_running = if loaded { self.live.borrow().last.running } else { self.wants_running.get() };
        let Kept { text, seed, log, at_ns, .. } = kept;
        let given_up = count > LOSSES_MAX;
        let resume = (!given_up).then(|| Resume { log, at_ns, text: self.editor.borrow().text().to_owned() });
        if count == 1 {
            self.want_previews();
        }
        if self.run_text.borrow().is_empty() {
            return;
        }
        // What was asked for by number was known to the old one.
        self.editor.borrow_mut().forget_acts();
        let running = was_running && count == 1;
        // Before the run is there, so that it is not made twice.
        self.send(Command::Follow(self.seeing.follows.get()));
        self.send(Command::Load { run, text, seed, running, variant: None, resume });
        self.send(Command::Speed(self.speed.get()));
        if self.time.rival.take().is_some() {
            self.tell(Topic::Edit);
        }
        let t = at_ns as f64 / 1e9;
        let said = if given_up {
            "The simulation has fallen over again and again here: it starts from zero. Save the scenario, and try with less load.".to_owned()
        } else if running {
            format!("The simulation had stopped. It was restarted and is brought to {t:.1} s, where it was.")
        } else {
            format!("The simulation had stopped. It was restarted, is brought to {t:.1} s and waits there.")
        };
        self.say(&said, true);
    }

    /// Steps taken back that were done to the run, not to the text.
    pub(super) fn undo_act(&self) -> bool {
        let act = self.editor.borrow().undo_act();
        let Some(act) = act else { return false };
        let label = self.editor.borrow_mut().undo().unwrap_or_default();
        self.say(&format!("Undone: {label}."), false);
        self.send(Command::Undo(act));
        true
    }

    pub(super) fn redo_act(&self) -> bool {
        let act = self.editor.borrow().redo_act();
        let Some(act) = act else { return false };
        let label = self.editor.borrow_mut().redo().unwrap_or_default();
        self.say(&format!("Done again: {label}."), false);
        self.send(Command::Redo(act));
        true
    }

    /// Makes the worker fall over, or ends it without a word; for tests.
    pub fn crash(&self, silently: bool) {
        if !silently {
            self.send(Command::Crash);
        } else if let Some(driver) = self.driver.borrow().as_ref() {
            driver.kill();
        }
    }
}
