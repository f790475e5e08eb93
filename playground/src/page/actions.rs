//! What can be done on the page. Every edit goes through here: it changes the text, and reaches the running system as a
//! control where it is live, or waits for a reset.

use super::{Page, Problems, Selection, Topic};
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
        self.editor.borrow_mut().replace(text, &format!("open {name}"), None);
        self.selected.replace(None);
        self.connecting.replace(None);
        if self.time.rival.borrow().is_some() {
            self.compare_no_more();
        }
        self.seed.set(None);
        self.places.replace(Default::default());
        self.reread();
        self.wants_running.set(true);
        self.reset();
        self.say(&format!("Opened {name}."), false);
        self.fit();
        true
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

    /// Sets a parameter, unless the loader objects to it.
    ///
    /// # Errors
    /// What the loader says.
    pub fn set_param(&self, id: &str, path: &str, value: Option<String>) -> Result<(), String> {
        let change = Change::SetParam { id: id.to_owned(), path: path.to_owned(), value };
        let (before, after) = {
            let editor = self.editor.borrow();
            (editor.text().to_owned(), editor.preview(&change)?)
        };
        if let Err(new) = engine::messages(&after) {
            let old = engine::messages(&before).err().unwrap_or_default();
            if let Some(added) = new.iter().find(|message| !old.contains(message)) {
                return Err(added.clone());
            }
        }
        self.edit(&change)
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
    fn edited(&self) {
        self.read_again();
        let text = self.editor.borrow().text().to_owned();
        match engine::check(&text, "") {
            Ok(()) => {
                self.problems.replace(None);
                self.send(Command::Become(text));
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
        let outline = self.outline.borrow().clone();
        let gone = match self.selected.borrow().as_ref() {
            Some(Selection::Node(id)) => outline.node(id).is_none(),
            Some(Selection::Link(from, port, to)) => {
                !outline.links.iter().any(|l| l.from == *from && l.port == *port && l.to == *to)
            }
            None => false,
        };
        if gone {
            self.selected.replace(None);
        }
    }

    /// A new node of a kind.
    pub fn add(&self, kind: &str, at: (f64, f64)) {
        let id = Change::free_id(self.editor.borrow().text(), kind);
        let descriptor = floodgate::catalogue().iter().find(|d| d.kind == kind);
        // `service_2` is shown as “Service 2”.
        let number = id.strip_prefix(kind).unwrap_or_default().replace('_', " ");
        let title = format!("{}{number}", descriptor.map_or(kind, |d| d.title));
        let at = crate::geometry::snap(at);
        match self.edit(&Change::AddNode { id: id.clone(), kind: kind.to_owned(), title, at }) {
            Ok(()) => self.select(Some(Selection::Node(id))),
            Err(why) => self.say(&why, true),
        }
    }

    /// A new link, unless something speaks against it.
    pub fn connect(&self, from: &str, port: usize, to: &str) {
        self.connecting.replace(None);
        let outline = self.outline.borrow().clone();
        let done = outline.may_connect(from, port, to).and_then(|()| {
            let ports = outline.node(from).map_or(&[][..], |n| n.ports());
            let name = ports.get(port).filter(|_| port > 0).map(|p| format!(".{}", p.name)).unwrap_or_default();
            self.edit(&Change::Connect { from: format!("{from}{name}"), to: to.to_owned() })
        });
        match done {
            Ok(()) => self.select(Some(Selection::Link(from.to_owned(), port, to.to_owned()))),
            Err(why) => self.say(&why, true),
        }
    }

    /// Deletes what is selected.
    pub fn delete_selected(&self) {
        let selected = self.selected.borrow().clone();
        match selected {
            Some(Selection::Node(id)) => self.try_edit(&Change::Delete { id }),
            Some(Selection::Link(from, port, to)) => {
                let outline = self.outline.borrow().clone();
                let mut ports: Vec<String> = outline
                    .node(&from)
                    .and_then(|n| n.ports().get(port))
                    .map(|p| p.name.to_owned())
                    .into_iter()
                    .collect();
                if port == 0 {
                    ports.push(String::new());
                }
                self.try_edit(&Change::Disconnect { from, ports, to });
            }
            None => {}
        }
    }

    /// Selects something, or nothing.
    pub fn select(&self, selection: Option<Selection>) {
        self.selected.replace(selection);
        self.tell(Topic::Edit);
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
