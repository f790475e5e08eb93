//! The page's state, outside the virtual DOM: what is edited, what runs, what is selected. Components read it and are told
//! when something they show has changed.

mod actions;
pub mod editing;
pub mod files;
mod film;
pub mod gallery;
pub mod hooks;
mod saving;
pub mod seeing;
pub mod sharing;
mod still;
mod time;
pub mod viewport;

use crate::driver::{Driver as _, Starting};
pub use crate::editor::Selection;
use crate::editor::{Editor, Outline, Selected};
use crate::geometry::{Curve, Places, curve};
use crate::live::Live;
use crate::wire::{Frame, Reply};
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use yew::prelude::*;

/// How long a notice stays, in milliseconds.
const NOTICE_MS: i32 = 4000;
/// How long a warning stays, in milliseconds.
const WARNING_MS: i32 = 12_000;

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// The scenario, the selection, or what hangs on them.
    Edit,
    /// Numbers of the run; at most ten times a second.
    Pulse,
    /// What came of scenarios of the gallery.
    Gallery,
    /// Something that was asked of the run; at most four times a second.
    Answer,
}

/// What is wrong with a text that was opened or edited, as the command line would say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    /// Which text.
    pub of: String,
    /// Everything that is wrong.
    pub text: String,
}

/// How the canvas is looked at: screen = world · k + (x, y).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    /// Horizontal shift in CSS pixels.
    pub x: f64,
    /// Vertical shift in CSS pixels.
    pub y: f64,
    /// Magnification.
    pub k: f64,
}

/// The curve of each link, where it is drawn.
fn curves(outline: &Outline, places: &Places, links: &[(String, u32, String)]) -> Vec<Option<Curve>> {
    let find = |(from, port, to): &(String, u32, String)| {
        let link = outline.links.iter().find(|l| l.from == *from && l.port as u32 == *port && l.to == *to)?;
        curve(outline, places, link)
    };
    links.iter().map(find).collect()
}

/// See the module.
pub struct Page {
    /// The scenario.
    pub editor: RefCell<Editor>,
    /// What the text says.
    pub outline: RefCell<Rc<Outline>>,
    /// Where the nodes are.
    pub places: RefCell<Rc<Places>>,
    /// The scenario differs from what runs by more than live parameters.
    pub pending: Cell<bool>,
    /// What is wrong with a text.
    pub problems: RefCell<Option<Problems>>,
    /// A short word about the last action, and whether it is a warning.
    pub notice: RefCell<Option<(String, bool)>>,
    /// What is selected.
    pub selected: RefCell<Selected>,
    /// What editing needs to remember.
    pub editing: editing::Editing,
    /// A connection that has been begun: node and port.
    pub connecting: RefCell<Option<(String, usize)>>,
    /// The run.
    pub live: RefCell<Live>,
    /// Frames that the animation has not taken yet.
    pub fresh: RefCell<Vec<Frame>>,
    /// The view of the canvas.
    pub viewport: Cell<Viewport>,
    /// Curves of the running system's links, by its indices.
    pub curves: RefCell<Vec<Option<Curve>>>,
    /// Requests that a dot stands for.
    pub dot_scale: Cell<u64>,
    /// Script time of the last animation frames, in milliseconds.
    pub frame_times: RefCell<Vec<f64>>,
    /// Speed asked for.
    pub speed: Cell<f64>,
    /// Seed asked for instead of the file's.
    pub seed: Cell<Option<u64>>,
    /// Whether it ran when last commanded; frames tell what came of it.
    pub wants_running: Cell<bool>,
    /// The text that the run was started from.
    pub run_text: RefCell<String>,
    /// A card is under way with the pointer: text and charts give way to it.
    pub dragging: Cell<bool>,
    /// Colours have changed since they were last read.
    pub theme_changed: Cell<bool>,
    /// A chart is to be drawn again although nothing new has come.
    pub chart_dirty: Cell<bool>,
    /// The load chart shows everything, not just what is served.
    pub chart_all: Cell<bool>,
    /// Which charts are looked at, and where.
    pub seeing: seeing::Seeing,
    /// Time travel, tracks, and the run on the other side.
    pub time: time::Time,
    /// Passing runs on, and keeping them.
    pub sharing: sharing::Sharing,
    /// Keeping work.
    pub saving: saving::Saving,
    /// What comes of scenarios that are not open.
    pub gallery: gallery::Gallery,
    /// The video that is being made.
    pub film: film::Film,
    run: Cell<u32>,
    itself: RefCell<Weak<Page>>,
    driver: RefCell<Option<Rc<Starting>>>,
    listeners: RefCell<Vec<(u32, Topic, Callback<()>)>>,
    next_listener: Cell<u32>,
}

/// The page as a property of components: the same page is equal to itself.
#[derive(Clone)]
pub struct PageRef(pub Rc<Page>);

impl PartialEq for PageRef {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl std::ops::Deref for PageRef {
    type Target = Rc<Page>;
    fn deref(&self) -> &Rc<Page> {
        &self.0
    }
}

impl yew::html::ImplicitClone for PageRef {}

impl Page {
    /// Starts whoever simulates; nothing is open yet.
    #[must_use]
    pub fn new() -> Rc<Page> {
        let page = Rc::new(Page {
            editor: RefCell::default(),
            outline: RefCell::default(),
            places: RefCell::default(),
            pending: Cell::new(false),
            problems: RefCell::new(None),
            notice: RefCell::new(None),
            selected: RefCell::default(),
            editing: editing::Editing::default(),
            connecting: RefCell::new(None),
            live: RefCell::default(),
            fresh: RefCell::default(),
            viewport: Cell::new(Viewport { x: 0.0, y: 0.0, k: 1.0 }),
            curves: RefCell::default(),
            dot_scale: Cell::new(1),
            frame_times: RefCell::default(),
            speed: Cell::new(1.0),
            seed: Cell::new(None),
            wants_running: Cell::new(true),
            run_text: RefCell::default(),
            dragging: Cell::new(false),
            theme_changed: Cell::new(true),
            chart_dirty: Cell::new(true),
            chart_all: Cell::new(false),
            seeing: seeing::Seeing::default(),
            time: time::Time::default(),
            sharing: sharing::Sharing::default(),
            saving: saving::Saving::default(),
            gallery: gallery::Gallery::default(),
            film: film::Film::default(),
            run: Cell::new(0),
            itself: RefCell::default(),
            driver: RefCell::new(None),
            listeners: RefCell::default(),
            next_listener: Cell::new(0),
        });
        let weak: Weak<Page> = Rc::downgrade(&page);
        let driver = Starting::new(Rc::new(move |reply| {
            if let Some(page) = weak.upgrade() {
                page.replied(reply);
            }
        }));
        page.itself.replace(Rc::downgrade(&page));
        page.driver.replace(Some(driver));
        page
    }

    /// Who drives: `"worker"`, `"inline"`, or `"starting"`.
    #[must_use]
    pub fn driver_name(&self) -> &'static str {
        self.driver.borrow().as_ref().map_or("starting", |d| d.name())
    }

    fn replied(&self, reply: Reply) {
        match reply {
            Reply::Ready => {}
            Reply::Loaded(loaded) if loaded.run == self.run.get() => {
                self.live.replace(Live::new(loaded));
                self.forget_requests();
                // A frame of the run before that nobody will draw is done with, or the session would wait for ever.
                if !self.fresh.take().is_empty() {
                    self.send(crate::wire::Command::Drawn);
                }
                self.recurve();
                self.tell(Topic::Edit);
                self.tell(Topic::Pulse);
            }
            Reply::Loaded(_) => {}
            Reply::Refused(why) => self.say(&why, true),
            Reply::Told(what) => self.say(&what, false),
            Reply::Became(waits) => {
                self.pending.set(waits.is_some());
                self.time.waits.replace(waits);
                self.tell(Topic::Edit);
            }
            Reply::Switched(text) => self.switched(&text),
            Reply::Comparing(loaded) => self.comparing(loaded),
            Reply::Rival(frame) => {
                if let Some(rival) = self.time.rival.borrow_mut().as_mut() {
                    rival.take(*frame);
                }
            }
            Reply::Preview(preview) => self.previewed(preview),
            Reply::Answer(answer) => self.answered(answer),
            Reply::Pong => {}
            Reply::Lost => self.lost(),
            Reply::Frame(frame) => {
                let current = frame.run == self.run.get();
                if current {
                    self.fresh.borrow_mut().push(*frame);
                }
                // A hidden page draws nothing, so it says at once that it is ready for more.
                let hidden = web_sys::window().and_then(|w| w.document()).is_some_and(|d| d.hidden());
                if !current {
                    self.send(crate::wire::Command::Drawn);
                } else if hidden {
                    self.take_fresh();
                }
            }
        }
    }

    /// Takes in the frames that have come; true when there were any.
    pub fn take_fresh(&self) -> bool {
        let frames = self.fresh.take();
        let some = !frames.is_empty();
        let mut live = self.live.borrow_mut();
        for frame in frames {
            live.take(frame);
        }
        let regrown = std::mem::take(&mut live.regrown);
        drop(live);
        if regrown {
            self.recurve();
        }
        if some {
            self.send(crate::wire::Command::Drawn);
        }
        some
    }

    /// Passes a command to the simulation.
    pub fn send(&self, command: crate::wire::Command) {
        if let Some(driver) = self.driver.borrow().as_ref() {
            // Whoever simulates may be new and know no files.
            if matches!(command, crate::wire::Command::Load { .. }) {
                driver.send(crate::wire::Command::Files(crate::beside::all()));
            }
            driver.send(command);
        }
    }

    /// Reads the text again after it has changed.
    pub(crate) fn reread(&self) {
        let outline = Outline::read(self.editor.borrow().text());
        if outline.broken.is_none() {
            let places = self.places.borrow().updated(&outline);
            self.places.replace(Rc::new(places));
            self.outline.replace(Rc::new(outline));
        }
        self.reread_hints();
        self.recurve();
    }

    /// Computes the curves of the links that requests fly along.
    pub fn recurve(&self) {
        let links = self.live.borrow().loaded.links.clone();
        self.curves.replace(curves(&self.outline.borrow(), &self.places.borrow(), &links));
    }

    /// The same for side B of a comparison, whose nodes stand where those of side A do.
    #[must_use]
    pub fn rival_curves(&self, rival: &Live) -> Vec<Option<Curve>> {
        let outline = self.time.rival_outline.borrow();
        curves(&outline, &self.places.borrow().updated(&outline), &rival.loaded.links)
    }

    /// The same for the links of some nodes: a drag that is not over.
    pub fn recurve_of(&self, moved: &dyn Fn(&str) -> bool) {
        let (outline, places) = (self.outline.borrow(), self.places.borrow());
        let live = self.live.borrow();
        let mut curves = self.curves.borrow_mut();
        for ((from, port, to), slot) in live.loaded.links.iter().zip(curves.iter_mut()) {
            if moved(from) || moved(to) {
                *slot = outline.link(from, *port as usize, to).and_then(|link| curve(&outline, &places, link));
            }
        }
    }

    /// Says something about the last action.
    pub fn say(&self, text: &str, warning: bool) {
        let notice = Some((text.to_owned(), warning));
        self.notice.replace(notice.clone());
        self.tell(Topic::Edit);
        let page = self.itself.borrow().clone();
        crate::driver::after(if warning { WARNING_MS } else { NOTICE_MS }, move || {
            if let Some(page) = page.upgrade()
                && *page.notice.borrow() == notice
            {
                page.notice.replace(None);
                page.tell(Topic::Edit);
            }
        });
    }

    /// Tells those who listen that something changed.
    pub fn tell(&self, topic: Topic) {
        let callbacks: Vec<_> =
            self.listeners.borrow().iter().filter(|(_, t, _)| *t == topic).map(|(_, _, c)| c.clone()).collect();
        for callback in callbacks {
            callback.emit(());
        }
    }

    fn listen(&self, topic: Topic, callback: Callback<()>) -> u32 {
        let id = self.next_listener.replace(self.next_listener.get() + 1);
        self.listeners.borrow_mut().push((id, topic, callback));
        id
    }

    fn unlisten(&self, id: u32) {
        self.listeners.borrow_mut().retain(|(i, _, _)| *i != id);
    }
}

/// Renders the component again whenever the page tells of `topic`.
#[hook]
pub fn use_topic(page: &PageRef, topic: Topic) {
    let update = use_force_update();
    use_effect_with(page.clone(), move |page| {
        let page = page.clone();
        let id = page.listen(topic, Callback::from(move |()| update.force_update()));
        move || page.unlisten(id)
    });
}
