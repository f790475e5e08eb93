//! The gallery: what comes of each scenario, and a canvas with nothing on it.

use super::sharing::Window;
use super::{Page, Topic};
use crate::gallery::{BLANK, Exhibit, GALLERY};
use crate::live::Live;
use crate::wire::{Command, Loaded, Preview};
use std::cell::RefCell;

/// What the page remembers of it.
#[derive(Default)]
pub struct Gallery {
    /// Short runs, by the place of the scenario in the gallery.
    previews: RefCell<Vec<Option<Preview>>>,
}

impl Page {
    /// Opens the gallery, and lets the worker run what it shows.
    pub fn show_gallery(&self) {
        self.show_window(Some(Window::Gallery));
        self.want_previews();
    }

    /// Asks for what has not run to its end, while the gallery is open; else for nothing.
    pub(super) fn want_previews(&self) {
        let open = self.sharing.window.get() == Some(Window::Gallery);
        let missing = |i: &usize| open && self.preview(*i).is_none_or(|preview| !preview.done);
        let wanted = (0..GALLERY.len()).filter(missing).map(|i| (i as u32, GALLERY[i].text.to_owned())).collect();
        self.send(Command::Previews(wanted));
    }

    /// What is known of a run of this scenario of the gallery.
    #[must_use]
    pub fn preview(&self, exhibit: usize) -> Option<Preview> {
        self.gallery.previews.borrow().get(exhibit).cloned().flatten()
    }

    pub(super) fn previewed(&self, preview: Preview) {
        let mut previews = self.gallery.previews.borrow_mut();
        previews.resize(GALLERY.len(), None);
        if let Some(slot) = previews.get_mut(preview.of as usize) {
            *slot = Some(preview);
        }
        drop(previews);
        self.tell(Topic::Gallery);
    }

    /// Opens a scenario of the gallery.
    pub fn open_exhibit(&self, exhibit: &Exhibit) {
        self.show_window(None);
        if self.open(exhibit.file, exhibit.text) {
            self.opened_exhibit(exhibit.file);
        }
    }

    /// Opens a canvas with nothing on it. Nothing runs until something on it can.
    pub fn open_blank(&self) {
        self.show_window(None);
        self.new_work();
        self.editor.borrow_mut().replace(BLANK, "open an empty canvas", None);
        self.editor.borrow_mut().forget_acts();
        self.problems.replace(None);
        self.seed.set(None);
        self.wants_running.set(true);
        self.leave();
        // Whatever still comes of the run before is of another run.
        self.run.set(self.run.get().wrapping_add(1));
        self.run_text.replace(String::new());
        // A file without a seed has this one.
        self.live.replace(Live::new(Loaded { run: self.run.get(), seed: 1, ..Loaded::default() }));
        if !self.fresh.take().is_empty() {
            self.send(Command::Drawn);
        }
        self.send(Command::Pause);
        self.chart_dirty.set(true);
        self.fit();
        self.tell(Topic::Edit);
        self.tell(Topic::Pulse);
    }
}
