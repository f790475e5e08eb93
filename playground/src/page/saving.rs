//! Work is kept while it is done, and comes back after a reload, a closed window or a crash.

use super::{Page, Topic};
use crate::gallery;
use crate::keep::Kept;
use crate::shelf::{self, Store, Work};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Storage;

/// How often it is looked at whether there is something to keep, in milliseconds.
const LOOK_MS: i32 = 1000;
/// Where the run stands is kept more seldom, in milliseconds.
const MOMENT_MS: f64 = 5000.0;
/// A page that lives so long after coming back has come back, in milliseconds.
const SETTLED_MS: i32 = 4000;
/// So often in a row work may come back to a page that then dies.
const ATTEMPTS_MAX: u32 = 2;
/// In this tab's own storage: what it shows, `work:ID` or `file:NAME`.
const SHOWN: &str = "floodgate.shown";
/// How often in a row coming back has been tried.
const ATTEMPTS: &str = "floodgate.attempts";

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub struct Restored {
    /// Name of the scenario.
    pub name: String,
    /// How old it is, for people.
    pub age: String,
    /// Where the run stands, in seconds.
    pub at_s: f64,
}

/// What the page remembers of it.
#[derive(Default)]
pub struct Saving {
    /// Entry that this tab writes to.
    id: RefCell<Option<String>>,
    /// Entry that this page came from; a change goes to an entry of its own.
    origin: RefCell<Option<String>>,
    /// What was kept last, and when.
    last: RefCell<Option<(Kept, f64)>>,
    /// It was said that nothing can be kept.
    told_full: Cell<bool>,
    /// What came back, while that is to be said.
    pub restored: RefCell<Option<Restored>>,
}

struct Browser(Storage);

impl Store for Browser {
    fn keys(&self) -> Vec<String> {
        (0..self.0.length().unwrap_or(0)).filter_map(|i| self.0.key(i).ok().flatten()).collect()
    }
    fn get(&self, key: &str) -> Option<String> {
        self.0.get_item(key).ok().flatten()
    }
    fn set(&self, key: &str, value: &str) -> bool {
        self.0.set_item(key, value).is_ok()
    }
    fn remove(&self, key: &str) {
        // What cannot be removed stays.
        let _ = self.0.remove_item(key);
    }
}

/// The browser's storage; `None` where the page may not use it.
fn shared() -> Option<Browser> {
    web_sys::window()?.local_storage().ok().flatten().map(Browser)
}

/// Storage of this tab alone, which a reload leaves.
fn own() -> Option<Browser> {
    web_sys::window()?.session_storage().ok().flatten().map(Browser)
}

/// A name that no other tab has.
fn new_id() -> String {
    let random = || (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
    format!("{:08x}{:08x}", random(), random())
}

impl Page {
    /// Brings back what this tab showed, or what no tab shows any more; else opens the first scenario of the gallery.
    pub(super) fn begin_with_saved(self: &Rc<Self>) {
        let shown = own().and_then(|own| own.get(SHOWN));
        let (Some(store), false) = (shared(), self.has_died_again()) else { return self.begin_with(None) };
        if let Some(file) = shown.as_deref().and_then(|s| s.strip_prefix("file:")) {
            return self.begin_with(Some(file));
        }
        let content = shelf::content(&store);
        if content.broken > 0 {
            self.say("Some of the work that this browser kept could not be read; the rest is there.", true);
        }
        if let Some(name) = content.newer.first() {
            self.say(
                &format!("“{name}” was kept by a newer version of Floodgate: it stays for that version to open."),
                true,
            );
        }
        let own_id = shown.as_deref().and_then(|s| s.strip_prefix("work:"));
        if let Some(work) = content.works.iter().find(|w| Some(w.id.as_str()) == own_id) {
            return self.restore(&store, work);
        }
        let candidates: Vec<Work> = content.works.into_iter().filter(|w| !w.aside).collect();
        if candidates.is_empty() {
            return self.begin_with(None);
        }
        let page = self.clone();
        spawn_local(async move {
            let open = held().await;
            let store = shared();
            match (candidates.iter().find(|w| !open.contains(&lock_name(&w.id))), store) {
                (Some(work), Some(store)) => page.restore(&store, work),
                _ => page.begin_with(None),
            }
        });
    }

    /// Whether pages have died again and again just after work had come back.
    fn has_died_again(&self) -> bool {
        let Some(store) = shared() else { return false };
        let attempts = store.get(ATTEMPTS).and_then(|n| n.parse().ok()).unwrap_or(0u32);
        if attempts < ATTEMPTS_MAX {
            return false;
        }
        store.remove(ATTEMPTS);
        self.say("Your work was not opened, because the page stopped each time it was. It is below the scenarios, under “Your work”.", true);
        true
    }

    fn restore(&self, store: &Browser, work: &Work) {
        let kept = match shelf::run_of(store, work) {
            Ok(kept) => kept,
            Err(why) => {
                self.begin_with(None);
                return self.say(&format!("“{}” could not be brought back. {why}", work.name), true);
            }
        };
        let attempts = store.get(ATTEMPTS).and_then(|n| n.parse().ok()).unwrap_or(0u32);
        store.set(ATTEMPTS, &(attempts + 1).to_string());
        crate::driver::after(SETTLED_MS, || {
            if let Some(store) = shared() {
                store.remove(ATTEMPTS);
            }
        });
        let at_s = self.bring_back(&kept);
        self.saving.origin.replace(Some(work.id.clone()));
        self.saving.last.replace(Some((self.kept(), js_sys::Date::now())));
        hold(&work.id);
        note(&format!("work:{}", work.id));
        let age = shelf::ago(js_sys::Date::now() - work.saved_ms);
        self.saving.restored.replace(Some(Restored { name: work.name.clone(), age, at_s }));
        self.tell(Topic::Edit);
    }

    /// Shows a run that was kept, as much of it as still can be; where it stands, in seconds.
    fn bring_back(&self, kept: &Kept) -> f64 {
        let running = kept.at_ns == 0;
        if self.go_on(kept, "What was kept", "open kept work", running, true) {
            return kept.at_ns as f64 / 1e9;
        }
        // The run cannot go on, but nothing of the scenario is lost.
        let why = self.problems.take();
        let plain = Kept { text: kept.now().to_owned(), seed: kept.seed, ..Kept::default() };
        if !self.go_on(&plain, "What was kept", "open kept work", false, true) {
            let problems = self.problems.take();
            self.begin_with(None);
            self.editor.borrow_mut().replace(kept.now(), "open kept work", None);
            self.reread();
            self.problems.replace(problems);
        } else {
            self.problems.replace(why);
        }
        0.0
    }

    /// Opens a scenario of the gallery by its file, or the first.
    fn begin_with(&self, file: Option<&str>) {
        let exhibit = file.and_then(gallery::find).unwrap_or_else(gallery::opening);
        let (problems, notice) = (self.problems.take(), self.notice.take());
        self.editor.replace(crate::editor::Editor::new(exhibit.text));
        self.reread();
        self.reset();
        self.problems.replace(problems);
        self.notice.replace(notice);
        self.fit();
    }

    /// From now on work is kept.
    pub(super) fn keep_saving(self: &Rc<Self>) {
        let page = self.clone();
        crate::driver::after(LOOK_MS, move || {
            page.save(false);
            page.keep_saving();
        });
    }

    /// Nothing comes after this: the page is being closed or hidden.
    pub(super) fn watch_leaving(self: &Rc<Self>) {
        let Some(window) = web_sys::window() else { return };
        let page = self.clone();
        let leaving = Closure::<dyn Fn()>::new(move || page.save(true));
        for event in ["pagehide", "visibilitychange"] {
            // Both reach the window; where they do not, the last look was a second ago.
            let _ = window.add_event_listener_with_callback(event, leaving.as_ref().unchecked_ref());
        }
        leaving.forget();
    }

    /// Keeps what has changed, and with `moment` also where the run stands.
    fn save(&self, moment: bool) {
        if self.run_text.borrow().is_empty() && self.outline.borrow().is_blank() {
            return;
        }
        let kept = self.kept();
        let now_ms = js_sys::Date::now();
        let (same, age_ms, moved) = match self.saving.last.borrow().as_ref() {
            Some((last, at)) => (last.is_same_work(&kept), now_ms - at, last.at_ns != kept.at_ns),
            None => (false, f64::INFINITY, true),
        };
        let on_its_way = self.live.borrow().last.seeking;
        if same && (on_its_way || !moved || !(moment || age_ms >= MOMENT_MS)) {
            return;
        }
        if self.saving.id.borrow().is_none() && self.is_pristine(&kept) {
            return;
        }
        self.saving.restored.borrow_mut().take_if(|_| !same);
        let id = self.entry(same);
        let name = self.outline.borrow().name.clone();
        let run = kept.encode();
        let work = Work { id, name, saved_ms: now_ms, aside: false, run };
        if shared().is_some_and(|store| shelf::put(&store, &work)) {
            self.saving.last.replace(Some((kept, now_ms)));
            note(&format!("work:{}", work.id));
        } else if !self.saving.told_full.replace(true) {
            self.say(
                "This browser has no room to keep your work: save it as a file (Ctrl+S). Everything else goes on.",
                true,
            );
        }
    }

    /// The entry to write to. The one that the page came from may be another tab's too, so only a moment is written there.
    fn entry(&self, same: bool) -> String {
        if let Some(id) = self.saving.id.borrow().as_ref() {
            return id.clone();
        }
        if let Some(origin) = self.saving.origin.borrow().as_ref().filter(|_| same) {
            return origin.clone();
        }
        let id = new_id();
        hold(&id);
        self.saving.id.replace(Some(id.clone()));
        id
    }

    /// Whether it is a scenario of the gallery, and nothing was done.
    fn is_pristine(&self, kept: &Kept) -> bool {
        let untouched = kept.edited.is_empty() && kept.log.is_empty() && self.seed.get().is_none();
        untouched && gallery::GALLERY.iter().any(|exhibit| exhibit.text == kept.text)
    }

    /// Other work begins: what there was is kept, and stays as it is.
    pub(super) fn new_work(&self) {
        self.save(true);
        self.saving.id.replace(None);
        self.saving.origin.replace(None);
        self.saving.last.replace(None);
        self.saving.restored.replace(None);
    }

    /// A reload shows this file of the gallery again, not the work before it.
    pub fn opened_exhibit(&self, file: &str) {
        note(&format!("file:{file}"));
    }

    /// What came back is not wanted: it stays on the shelf, and the first scenario is opened.
    pub fn discard_restored(&self) {
        let origin = self.saving.origin.borrow().clone();
        let opening = gallery::opening();
        if !self.open(opening.file, opening.text) {
            return;
        }
        if let (Some(id), Some(store)) = (origin, shared())
            && let Some(work) = shelf::content(&store).works.into_iter().find(|w| w.id == id)
        {
            shelf::put(&store, &Work { aside: true, ..work });
        }
        self.opened_exhibit(opening.file);
        self.say("Put aside. It is below the scenarios, under “Your work”.", false);
    }

    /// That it came back has been read.
    pub fn accept_restored(&self) {
        self.saving.restored.replace(None);
        self.tell(Topic::Edit);
    }

    /// What is on the shelf.
    #[must_use]
    pub fn works(&self) -> Vec<Work> {
        shared().map(|store| shelf::content(&store).works).unwrap_or_default()
    }

    /// Opens a piece of work from the shelf.
    pub fn open_work(&self, work: &Work) -> bool {
        let Some(store) = shared() else { return false };
        match shelf::run_of(&store, work) {
            Ok(kept) => {
                let opened = self.go_on(&kept, &work.name, &format!("open {}", work.name), kept.at_ns == 0, false);
                if opened {
                    self.saving.origin.replace(Some(work.id.clone()));
                    self.saving.last.replace(Some((self.kept(), js_sys::Date::now())));
                    note(&format!("work:{}", work.id));
                }
                opened
            }
            Err(why) => {
                self.problem(&work.name, &why);
                false
            }
        }
    }

    /// Takes a piece of work off the shelf.
    pub fn forget_work(&self, id: &str) {
        if let Some(store) = shared() {
            shelf::forget(&store, id);
        }
        self.tell(Topic::Edit);
    }
}

/// A reload brings this back.
fn note(shown: &str) {
    if let Some(own) = own() {
        // Without room there, a reload brings back the newest.
        own.set(SHOWN, shown);
    }
}

fn lock_name(id: &str) -> String {
    format!("floodgate.work.{id}")
}

/// The browser's locks; `None` where it has none. The bindings count them among what may still change.
fn locks() -> Option<JsValue> {
    let navigator = web_sys::window()?.navigator();
    js_sys::Reflect::get(&navigator, &"locks".into()).ok().filter(JsValue::is_object)
}

fn method(of: &JsValue, name: &str) -> Option<js_sys::Function> {
    js_sys::Reflect::get(of, &name.into()).ok()?.dyn_into().ok()
}

/// Other tabs can see that this one shows the work, as long as it lives.
fn hold(id: &str) {
    let Some(locks) = locks() else { return };
    let options = js_sys::Object::new();
    // A plain object takes any property.
    let _ = js_sys::Reflect::set(&options, &"mode".into(), &"shared".into());
    let never = Closure::once_into_js(|| js_sys::Promise::new(&mut |_, _| {}));
    if let Some(request) = method(&locks, "request") {
        // Without the lock another tab may show the same work, in an entry of its own.
        let _ = request.call3(&locks, &lock_name(id).into(), &options, &never);
    }
}

/// Names of the locks that are held by any tab.
async fn held() -> Vec<String> {
    let query = || -> Option<js_sys::Promise> {
        let locks = locks()?;
        method(&locks, "query")?.call0(&locks).ok()?.dyn_into().ok()
    };
    let Some(promise) = query() else { return Vec::new() };
    let Ok(state) = JsFuture::from(promise).await else { return Vec::new() };
    let list = js_sys::Reflect::get(&state, &"held".into()).unwrap_or(JsValue::NULL);
    let name = |lock: JsValue| js_sys::Reflect::get(&lock, &"name".into()).ok()?.as_string();
    js_sys::Array::from(&list).iter().filter_map(name).collect()
}
