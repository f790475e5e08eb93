//! The scenario being edited: its text is the truth, every change is a text edit with its inverse.
//!
//! Commands are applied with `toml_edit`, so comments and layout stay where nothing was touched; what is kept for undo is
//! the difference of the texts, so undo gives back the text byte for byte, whatever the command did.

pub mod arrange;
pub mod change;
pub mod clipboard;
mod document;
pub mod keys;
pub mod layout;
pub mod lists;
pub mod outline;
pub mod params;
pub mod selection;
pub mod target;

pub use change::Change;
pub use outline::Outline;
pub use selection::{Selected, Selection};
use std::collections::VecDeque;
pub use target::Target;

/// Undo steps that are kept.
pub const UNDO_DEPTH: usize = 200;

/// One replacement in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TextEdit {
    at: usize,
    removed: String,
    inserted: String,
}

impl TextEdit {
    /// The smallest replacement that makes `new` of `old`.
    fn between(old: &str, new: &str) -> TextEdit {
        let mut start = old.bytes().zip(new.bytes()).take_while(|(a, b)| a == b).count();
        while !old.is_char_boundary(start) || !new.is_char_boundary(start) {
            start -= 1;
        }
        let room = old.len().min(new.len()) - start;
        let mut end = old.bytes().rev().zip(new.bytes().rev()).take(room).take_while(|(a, b)| a == b).count();
        while !old.is_char_boundary(old.len() - end) || !new.is_char_boundary(new.len() - end) {
            end -= 1;
        }
        TextEdit {
            at: start,
            removed: old[start..old.len() - end].to_owned(),
            inserted: new[start..new.len() - end].to_owned(),
        }
    }

    fn apply(&self, text: &mut String) {
        text.replace_range(self.at..self.at + self.removed.len(), &self.inserted);
    }

    fn inverse(&self) -> TextEdit {
        TextEdit { at: self.at, removed: self.inserted.clone(), inserted: self.removed.clone() }
    }
}

#[derive(Clone, Debug)]
struct Step {
    edit: TextEdit,
    label: String,
    /// Steps of the same kind that follow each other become one: the moves of a drag, the letters of a name.
    merge: Option<String>,
    /// Something done to the running system instead of to the text, by its number.
    act: Option<u32>,
}

/// The text being edited, and how it came to be.
#[derive(Clone, Debug, Default)]
pub struct Editor {
    text: String,
    undo: VecDeque<Step>,
    redo: Vec<Step>,
}

impl Editor {
    /// Starts with `text` and no history.
    #[must_use]
    pub fn new(text: &str) -> Editor {
        Editor { text: text.to_owned(), ..Editor::default() }
    }

    /// The text as it stands.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the text would be after `change`, without doing it.
    ///
    /// # Errors
    /// Why it cannot be done, in words.
    pub fn preview(&self, change: &Change) -> Result<String, String> {
        change.apply(&self.text)
    }

    /// Does `change`. True when the text is another now.
    ///
    /// # Errors
    /// Why it cannot be done, in words; then nothing has changed.
    pub fn edit(&mut self, change: &Change) -> Result<bool, String> {
        let new = change.apply(&self.text)?;
        Ok(self.replace(&new, &change.label(), change.merge_key()))
    }

    /// Puts another text in place of this one: a step like any other. True when it is another.
    pub fn replace(&mut self, new: &str, label: &str, merge: Option<String>) -> bool {
        if new == self.text {
            return false;
        }
        let merges = merge.is_some() && self.undo.back().is_some_and(|s| s.merge == merge) && self.redo.is_empty();
        let edit = if merges {
            let last = self.undo.pop_back().map(|s| s.edit.inverse());
            let mut before = self.text.clone();
            if let Some(last) = last {
                last.apply(&mut before);
            }
            TextEdit::between(&before, new)
        } else {
            TextEdit::between(&self.text, new)
        };
        new.clone_into(&mut self.text);
        self.redo.clear();
        self.push(Step { edit, label: label.to_owned(), merge, act: None });
        true
    }

    fn push(&mut self, step: Step) {
        self.undo.push_back(step);
        if self.undo.len() > UNDO_DEPTH {
            self.undo.pop_front();
        }
    }

    /// Something was done to the running system: a step like any other, which leaves the text as it is.
    pub fn record(&mut self, act: u32, label: &str) {
        self.redo.clear();
        let edit = TextEdit { at: 0, removed: String::new(), inserted: String::new() };
        self.push(Step { edit, label: label.to_owned(), merge: None, act: Some(act) });
    }

    /// The run in which things were done is over: only edits of the text remain.
    pub fn forget_acts(&mut self) {
        self.undo.retain(|step| step.act.is_none());
        self.redo.retain(|step| step.act.is_none());
    }

    /// What was done to the running system, if that is what undo would take back.
    #[must_use]
    pub fn undo_act(&self) -> Option<u32> {
        self.undo.back()?.act
    }

    /// The same for redo.
    #[must_use]
    pub fn redo_act(&self) -> Option<u32> {
        self.redo.last()?.act
    }

    /// The next change is a step of its own, even if it is of the same kind as the last: a drag has ended.
    pub fn seal(&mut self) {
        if let Some(step) = self.undo.back_mut() {
            step.merge = None;
        }
    }

    /// Takes back the last step; its label.
    pub fn undo(&mut self) -> Option<String> {
        let step = self.undo.pop_back()?;
        step.edit.inverse().apply(&mut self.text);
        let label = step.label.clone();
        self.redo.push(Step { merge: None, ..step });
        Some(label)
    }

    /// Does again what was taken back; its label.
    pub fn redo(&mut self) -> Option<String> {
        let step = self.redo.pop()?;
        step.edit.apply(&mut self.text);
        let label = step.label.clone();
        self.undo.push_back(step);
        Some(label)
    }

    /// What undo would take back.
    #[must_use]
    pub fn undo_label(&self) -> Option<&str> {
        self.undo.back().map(|s| s.label.as_str())
    }

    /// What redo would do again.
    #[must_use]
    pub fn redo_label(&self) -> Option<&str> {
        self.redo.last().map(|s| s.label.as_str())
    }
}

#[cfg(test)]
mod tests;
