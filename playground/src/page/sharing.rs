//! Passing a run on, and taking one that comes from elsewhere.

use super::{Page, Problems, Topic};
use crate::editor::Editor;
use crate::keep::{Kept, in_fragment};
use crate::sim::engine;
use crate::sim::track::Track;
use crate::wire::{Command, Resume};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// A window over the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// The link to what is on the screen.
    Share,
    /// The scenarios that come with the page.
    Gallery,
}

/// What the page remembers of it.
#[derive(Default)]
pub struct Sharing {
    /// The window that is open.
    pub window: Cell<Option<Window>>,
    /// The run that was loaded last, while no frame of it has come; `None` is one from the start.
    pub(super) coming: RefCell<Option<Kept>>,
}

impl Page {
    /// Opens what the address says; without that, what was kept.
    pub fn begin(self: &Rc<Self>) {
        self.watch_address();
        if !self.open_address(true) {
            self.begin_with_saved();
        }
        self.watch_leaving();
        self.keep_saving();
    }

    /// A link that is put into the address of a page that is open already.
    fn watch_address(self: &Rc<Self>) {
        let Some(window) = web_sys::window() else { return };
        let page = self.clone();
        let changed = Closure::<dyn Fn()>::new(move || {
            page.open_address(false);
        });
        // Fails only without a window.
        let _ = window.add_event_listener_with_callback("hashchange", changed.as_ref().unchecked_ref());
        changed.forget();
    }

    /// Opens the run that the address holds, if it holds one. It is taken out of the address, so that a reload gives back
    /// what became of it.
    fn open_address(&self, fresh: bool) -> bool {
        let Some(window) = web_sys::window() else { return false };
        let Ok(fragment) = window.location().hash() else { return false };
        let Some(link) = in_fragment(&fragment) else { return false };
        let bare = window.location().pathname().unwrap_or_default() + &window.location().search().unwrap_or_default();
        if let Ok(history) = window.history() {
            // Without this the link only stays where it is.
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&bare));
        }
        match Kept::decode(link) {
            Ok(kept) => {
                let controls = kept.controls();
                let by_hand = match controls {
                    0 => String::new(),
                    1 => ", with one thing done by hand".to_owned(),
                    n => format!(", with {n} things done by hand"),
                };
                let where_to = match kept.at_ns {
                    0 => String::new(),
                    ns => format!(" It stands at {:.2} s: Run goes on from there.", ns as f64 / 1e9),
                };
                let opened = self.go_on(&kept, "The link", "open a link", kept.at_ns == 0, fresh);
                if opened {
                    self.say(&format!("Opened from a link{by_hand}.{where_to}"), false);
                }
                opened
            }
            Err(why) => {
                self.problem("The link", &format!("{why}\n    help: ask for it again, or for the scenario as a file"));
                false
            }
        }
    }

    /// Says what is wrong with something that was to be opened; what is there stays.
    pub fn problem(&self, of: &str, text: &str) {
        self.problems.replace(Some(Problems { of: of.to_owned(), text: text.to_owned() }));
        self.tell(Topic::Edit);
    }

    /// Goes on with a run that was kept; what is wrong with it is told, and then what is there stays. A `fresh` page has
    /// nothing that it could be undone to.
    pub fn go_on(&self, kept: &Kept, of: &str, label: &str, running: bool, fresh: bool) -> bool {
        if let Err(why) = crate::beside::unpacked(&kept.files, &kept.text) {
            self.problem(of, &why);
            return false;
        }
        // What cannot run can be edited all the same, beside what ran.
        let sound = kept.edited.is_empty() || engine::check(&kept.edited, "").is_ok();
        let edited = if sound { kept.edited.as_str() } else { "" };
        if let Err(why) = engine::check(&kept.text, "scenario")
            .and_then(|()| Track::can_resume(&kept.text, kept.seed, &kept.log, edited))
        {
            self.problem(of, &why);
            return false;
        }
        if !fresh {
            self.new_work();
        }
        if fresh {
            self.editor.replace(Editor::new(kept.now()));
        } else {
            self.editor.borrow_mut().replace(kept.now(), label, None);
            self.editor.borrow_mut().forget_acts();
        }
        self.leave();
        self.seed.set(kept.seed);
        self.notice.replace(None);
        let broken = || Problems {
            of: "This scenario".to_owned(),
            text: engine::check(kept.now(), "").err().unwrap_or_default(),
        };
        self.problems.replace((!sound).then(broken));
        self.run.set(self.run.get().wrapping_add(1));
        self.run_text.replace(kept.text.clone());
        self.sharing.coming.replace(Some(kept.clone()));
        self.wants_running.set(running);
        let resume = Resume { log: kept.log.clone(), at_ns: kept.at_ns, text: edited.to_owned() };
        self.send(Command::Load {
            run: self.run.get(),
            text: kept.text.clone(),
            seed: kept.seed,
            running,
            variant: None,
            resume: Some(resume),
        });
        self.tell(Topic::Edit);
        self.fit();
        true
    }

    /// What is on the screen, as it can be kept and passed on.
    #[must_use]
    pub fn kept(&self) -> Kept {
        let (live, editor) = (self.live.borrow(), self.editor.borrow());
        let (text, now) = (self.run_text.borrow().clone(), editor.text());
        // Where nothing has run yet, what there is is the beginning.
        let edited = if text.is_empty() || text == now { String::new() } else { now.to_owned() };
        let text = if text.is_empty() { now.to_owned() } else { text };
        let files = crate::beside::packed(&format!("{text}{edited}"));
        // Frames have tracks, and tracks have numbers from 1 on.
        if live.loaded.run != self.run.get() || live.last.track == 0 {
            let coming = self.sharing.coming.borrow().clone();
            let coming = coming.unwrap_or_else(|| Kept { seed: self.seed.get(), ..Kept::default() });
            return Kept { text, edited, files, ..coming };
        }
        let log = if live.log.is_empty() { String::new() } else { self.control_log() };
        Kept { text, edited, seed: Some(live.loaded.seed), log, at_ns: live.last.now_ns, files }
    }

    /// The link to what is on the screen, where it stands or from its start.
    #[must_use]
    pub fn share_link(&self, from_start: bool) -> String {
        let mut kept = self.kept();
        if from_start {
            kept.at_ns = 0;
        }
        let address =
            web_sys::window().map(|w| w.location()).and_then(|l| Some(l.origin().ok()? + &l.pathname().ok()?));
        format!("{}#run={}", address.unwrap_or_default(), kept.encode())
    }

    /// Opens a window over the page, or closes it.
    pub fn show_window(&self, window: Option<Window>) {
        let before = self.sharing.window.replace(window);
        if before == Some(Window::Gallery) && window.is_none() {
            self.want_previews();
        }
        self.tell(Topic::Edit);
    }
}

/// Puts a text on the clipboard; whether that was allowed.
pub async fn copy(text: &str) -> bool {
    let Some(window) = web_sys::window() else { return false };
    // Without a secure origin there is no clipboard, which the bindings do not know.
    let navigator = window.navigator();
    if !js_sys::Reflect::get(&navigator, &"clipboard".into()).is_ok_and(|c| c.is_object()) {
        return false;
    }
    JsFuture::from(navigator.clipboard().write_text(text)).await.is_ok()
}
