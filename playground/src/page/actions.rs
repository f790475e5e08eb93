//! What can be done on the page. Every edit goes through here: it changes the text, and reaches the running system as a
//! control where it is live, or waits for a reset.

use super::{Page, Problems, Topic};
use crate::editor::Change;
use crate::sim::engine;
use crate::wire::{Command, Deed};

impl Page {
    /// Opens another text, if it is sound; a bad one is explained and what was there stays.
    pub fn open(&self, name: &str, text: &str) -> bool {
        if let Err(problems) = engine::check(text, name) {
            self.problems.replace(Some(Problems { of: name.to_owned(), text: problems }));
            self.tell(Topic::Edit);
            return false;
        }
        self.new_work();
        self.editor.borrow_mut().replace(text, &format!("open {name}"), None);
        self.leave();
        self.seed.set(None);
        self.wants_running.set(true);
        self.reset();
        self.say(&format!("Opened {name}."), false);
        self.fit();
        true
    }

    /// Another scenario is on the canvas: what hung on the one before is gone.
    pub(super) fn leave(&self) {
        self.selected.replace(Default::default());
        self.connecting.replace(None);
        if self.time.rival.borrow().is_some() {
            self.compare_no_more();
        }
        self.places.replace(Default::default());
        self.reread();
        self.pending.set(false);
        self.time.waits.replace(None);
    }

    /// Runs the text as it stands from the start; if it cannot run, says why, and what runs goes on.
    pub fn reset(&self) {
        let text = self.editor.borrow().text().to_owned();
        if let Err(problems) = engine::check(&text, "") {
            self.problems.replace(Some(Problems { of: "This scenario".to_owned(), text: problems }));
            self.tell(Topic::Edit);
            return;
        }
        self.problems.replace(None);
        self.notice.replace(None);
        self.pending.set(false);
        self.time.waits.replace(None);
        self.editor.borrow_mut().forget_acts();
        self.run.set(self.run.get().wrapping_add(1));
        self.run_text.replace(text.clone());
        self.sharing.coming.replace(None);
        let running = self.wants_running.get();
        self.send(Command::Load {
            run: self.run.get(),
            text,
            seed: self.seed.get(),
            running,
            variant: None,
            resume: None,
        });
        self.tell(Topic::Edit);
    }

    /// Lets time pass, or stops it.
    pub fn set_running(&self, running: bool) {
        self.wants_running.set(running);
        self.send(if running { Command::Run } else { Command::Pause });
    }

    /// Does `change` to the scenario.
    ///
    /// # Errors
    /// Why it cannot be done, in words.
    pub fn edit(&self, change: &Change) -> Result<(), String> {
        let edited = self.editor.borrow_mut().edit(change);
        if edited? {
            self.edited();
        }
        Ok(())
    }

    /// Does `change`, and says so if it cannot be done.
    pub fn try_edit(&self, change: &Change) {
        if let Err(why) = self.edit(change) {
            self.say(&why, true);
        }
    }

    /// Takes back the last edit.
    pub fn undo(&self) {
        if self.undo_act() {
            return;
        }
        let label = self.editor.borrow_mut().undo();
        if let Some(label) = label {
            self.edited();
            self.say(&format!("Undone: {label}."), false);
        }
    }

    /// Does again what was taken back.
    pub fn redo(&self) {
        if self.redo_act() {
            return;
        }
        let label = self.editor.borrow_mut().redo();
        if let Some(label) = label {
            self.edited();
            self.say(&format!("Done again: {label}."), false);
        }
    }

    /// After any change of the text: shows it, and brings to the running system what can reach it.
    pub(super) fn edited(&self) {
        self.read_again();
        let text = self.editor.borrow().text().to_owned();
        match engine::check(&text, "") {
            Ok(()) => {
                self.problems.replace(None);
                // On a canvas that was empty, the first system that can run does.
                if self.run_text.borrow().is_empty() {
                    return self.reset();
                }
                self.send(Command::Become(text));
            }
            // An empty canvas is a beginning, not a mistake; what runs, runs on.
            Err(_) if self.outline.borrow().is_blank() => {
                self.problems.replace(None);
                self.pending.set(!self.run_text.borrow().is_empty());
                self.time.waits.replace(None);
            }
            Err(problems) => {
                self.problems.replace(Some(Problems { of: "This scenario".to_owned(), text: problems }));
            }
        }
        self.tell(Topic::Edit);
    }

    /// Reads the text again after it has become another.
    pub(super) fn read_again(&self) {
        self.notice.replace(None);
        self.reread();
        self.selected.borrow_mut().keep_what_is_in(&self.outline.borrow());
    }

    /// Does something to a running node.
    pub fn act(&self, node: &str, deed: Deed, lasting: Option<String>) {
        let label = self.deed_label(node, &deed);
        self.act_all(&[node.to_owned()], &deed, lasting.as_deref(), &label);
    }

    /// The sources of load: ids.
    #[must_use]
    pub fn sources(&self) -> Vec<String> {
        let is_source = |look| look == floodgate::catalogue::Look::Source;
        let outline = self.outline.borrow();
        outline.nodes.iter().filter(|n| n.descriptor.is_some_and(|d| is_source(d.look))).map(|n| n.id.clone()).collect()
    }

    /// Many more requests from every source, for a while.
    pub fn flash_crowd(&self, rate: &str, lasting: &str) {
        let running = self.live.borrow().loaded.nodes.clone();
        let sources: Vec<String> = self.sources().into_iter().filter(|id| running.contains(id)).collect();
        if sources.is_empty() {
            self.say("There are no clients to come in a crowd.", true);
        }
        let value = toml_edit::Value::from(rate.trim()).to_string();
        let deed = Deed::Set(vec![("rate".to_owned(), Some(value))]);
        self.act_all(&sources, &deed, Some(lasting.trim()), "flash crowd");
        if !self.live.borrow().last.running {
            self.set_running(true);
        }
    }
}
