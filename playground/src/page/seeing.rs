//! What is looked at below the canvas: which charts and which time in them, all nodes as a table, one request.

use super::{Page, Selection, Topic};
use crate::charts::{self, Kind, Reading, Source};
use crate::paint::{LEFT, RIGHT};
use crate::table::Order;
use crate::wire::{Answer, Command, Figures, Journey, Question, Requests};
use std::cell::{Cell, RefCell};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// Keys point on by so long, in seconds: a window of the series.
const KEY_STEP_S: f64 = 0.25;

/// What is asked of the run is asked this often at most, in milliseconds.
const ASK_MS: f64 = 250.0;
/// The same of requests: whoever wants to choose one wants the list to stand still.
const LIST_MS: f64 = 1000.0;
/// A question without an answer is asked again after so long, in milliseconds: whoever was asked may be gone.
const ASK_AGAIN_MS: f64 = 5000.0;

/// What stands below the canvas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// Everything over time.
    Charts,
    /// All nodes in numbers.
    Nodes,
    /// One request.
    Requests,
}

impl Tab {
    /// All of them, in their order.
    pub const ALL: [Tab; 3] = [Tab::Charts, Tab::Nodes, Tab::Requests];

    /// For people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Tab::Charts => "Charts",
            Tab::Nodes => "Nodes",
            Tab::Requests => "Requests",
        }
    }

    /// Part of ids.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Tab::Charts => "charts",
            Tab::Nodes => "nodes",
            Tab::Requests => "requests",
        }
    }
}

/// What the page remembers of it.
pub struct Seeing {
    /// What stands below the canvas.
    pub tab: Cell<Tab>,
    /// Numbers of all nodes, once they have been asked for.
    pub figures: RefCell<Option<Figures>>,
    /// How the table is sorted.
    pub order: Cell<Option<Order>>,
    /// Requests are followed, or were asked to be.
    pub follows: Cell<bool>,
    /// Those that are kept, once they have been asked for.
    pub requests: RefCell<Option<Requests>>,
    /// The one that is looked at: its identity and its birth.
    pub chosen: Cell<Option<(u64, u64)>>,
    /// Its journey; it stays when others have taken its place.
    pub journey: RefCell<Option<Journey>>,
    /// The same request on side B of a comparison.
    pub other: RefCell<Option<Journey>>,
    asked_ms: Cell<f64>,
    waits: Cell<bool>,
    /// The chart beside the load.
    pub second: Cell<Kind>,
    /// All charts at once.
    pub wide: Cell<bool>,
    /// The time pointed at, in seconds.
    pub hover: Cell<Option<f64>>,
}

impl Default for Seeing {
    fn default() -> Seeing {
        Seeing {
            tab: Cell::new(Tab::Charts),
            figures: RefCell::new(None),
            order: Cell::new(None),
            follows: Cell::new(false),
            requests: RefCell::new(None),
            chosen: Cell::new(None),
            journey: RefCell::new(None),
            other: RefCell::new(None),
            asked_ms: Cell::new(f64::NEG_INFINITY),
            waits: Cell::new(false),
            second: Cell::new(Kind::Latency),
            wide: Cell::new(false),
            hover: Cell::new(None),
        }
    }
}

impl Page {
    /// Shows something else below the canvas.
    pub fn show_tab(&self, tab: Tab) {
        self.seeing.tab.set(tab);
        self.ask_now();
        self.tell(Topic::Edit);
    }

    /// Shows it in the place of the canvas, or below it again.
    pub fn widen(&self, wide: bool) {
        self.seeing.wide.set(wide);
        self.chart_dirty.set(true);
        self.tell(Topic::Edit);
    }

    /// Asks the run for what is shown and is not in the frames; true when it is too soon.
    pub fn ask(&self, now_ms: f64) -> bool {
        let (question, every) = match self.seeing.tab.get() {
            Tab::Nodes => (Question::Figures, ASK_MS),
            Tab::Requests if self.seeing.follows.get() => (Question::Requests(self.seeing.chosen.get()), LIST_MS),
            _ => return false,
        };
        let patience = if self.seeing.waits.get() { ASK_AGAIN_MS } else { every };
        let soon = now_ms - self.seeing.asked_ms.get() < patience;
        if !soon {
            self.seeing.asked_ms.set(now_ms);
            self.seeing.waits.set(true);
            self.send(Command::Ask(question));
        }
        soon
    }

    /// What was asked for has come.
    pub(super) fn answered(&self, answer: Answer) {
        self.seeing.waits.set(false);
        match answer {
            // The next frame asks again.
            Answer::Later => self.chart_dirty.set(true),
            Answer::Figures(figures) => {
                self.seeing.figures.replace(Some(figures));
            }
            Answer::Requests(requests) => self.take_requests(requests),
        }
        self.tell(Topic::Answer);
    }

    fn take_requests(&self, requests: Option<Requests>) {
        let Some(mut requests) = requests else { return };
        if let Some(journey) = requests.journey.take() {
            self.seeing.journey.replace(Some(*journey));
            self.seeing.other.replace(requests.other.take().map(|other| *other));
        }
        if self.seeing.chosen.get().is_none()
            && let Some(first) = requests.failed.first().or(requests.slowest.first())
        {
            self.seeing.chosen.set(Some((first.lineage, first.born_ns)));
            self.ask_now();
        }
        self.seeing.requests.replace(Some(requests));
    }

    fn ask_now(&self) {
        self.seeing.asked_ms.set(f64::NEG_INFINITY);
        self.seeing.waits.set(false);
        self.chart_dirty.set(true);
    }

    /// Follows requests from the beginning of the run on, or no more of them.
    pub fn follow(&self, follow: bool) {
        self.seeing.follows.set(follow);
        self.forget_requests();
        self.send(Command::Follow(follow));
        self.ask_now();
        self.tell(Topic::Answer);
    }

    /// Another run: its requests are others.
    pub(super) fn forget_requests(&self) {
        self.seeing.requests.replace(None);
        self.seeing.journey.replace(None);
        self.seeing.other.replace(None);
        self.seeing.chosen.set(None);
    }

    /// Looks at a request.
    pub fn choose_request(&self, which: (u64, u64)) {
        self.seeing.chosen.set(Some(which));
        self.ask_now();
        self.tell(Topic::Answer);
    }

    /// Sorts the table by a column; by the same one again the other way round.
    pub fn sort_by(&self, column: crate::table::Column) {
        self.seeing.order.set(Order::next(self.seeing.order.get(), column));
        self.tell(Topic::Answer);
    }

    /// Does something with what charts are made of.
    pub fn with_charts<T>(&self, look: impl FnOnce(&Source<'_>) -> T) -> T {
        let (live, outline, selected) = (self.live.borrow(), self.outline.borrow(), self.selected.borrow());
        let rival = self.time.rival.borrow();
        let selected = match selected.one() {
            Some(Selection::Node(id)) => Some(id.as_str()),
            _ => None,
        };
        look(&Source { live: &live, rival: rival.as_ref(), outline: &outline, selected, all: self.chart_all.get() })
    }

    /// What a chart says now, or at the time pointed at.
    #[must_use]
    pub fn readings(&self, kind: Kind) -> Vec<Reading> {
        self.with_charts(|source| charts::readings(kind, source, self.seeing.hover.get()))
    }

    /// The time below a point of a chart, `x` from its left edge; `None` beside the axis.
    #[must_use]
    pub fn chart_time(&self, x: f64, width: f64) -> Option<f64> {
        let live = self.live.borrow();
        let t = (x - LEFT) / (width - LEFT - RIGHT).max(1.0) * charts::end(&live);
        (0.0..=charts::end(&live)).contains(&t).then_some(t)
    }

    /// Points at a time in all charts at once, or at none.
    pub fn point_at(&self, t: Option<f64>) {
        if self.seeing.hover.replace(t) != t {
            self.show_cross();
            self.tell(Topic::Pulse);
        }
    }

    /// Points on, back, or goes there.
    pub fn chart_key(&self, key: &str, fast: bool) -> bool {
        let now = self.live.borrow().last.now_ns as f64 / 1e9;
        let at = self.seeing.hover.get().unwrap_or(now);
        let step = if fast { 10.0 * KEY_STEP_S } else { KEY_STEP_S };
        match key {
            "ArrowLeft" => self.point_at(Some((at - step).max(0.0))),
            "ArrowRight" => self.point_at(Some((at + step).min(now))),
            "Home" => self.point_at(Some(0.0)),
            "End" => self.point_at(Some(now)),
            "Escape" if self.seeing.hover.get().is_some() => self.point_at(None),
            "Enter" | " " => self.seek(at),
            _ => return false,
        }
        true
    }

    /// Brings the crosses to the screen: styles of elements that exist, nothing is rendered for them.
    pub fn show_cross(&self) {
        let at = self.seeing.hover.get();
        let end = charts::end(&self.live.borrow());
        let found =
            web_sys::window().and_then(|w| w.document()).and_then(|d| d.query_selector_all(".plot-cursor").ok());
        let Some(found) = found else { return };
        for i in 0..found.length() {
            let Some(cursor) = found.item(i).and_then(|n| n.dyn_into::<HtmlElement>().ok()) else { continue };
            let Some(cross) = cursor.first_element_child().and_then(|e| e.dyn_into::<HtmlElement>().ok()) else {
                continue;
            };
            let width = f64::from(cursor.client_width());
            let x = at.map(|t| LEFT + t / end * (width - LEFT - RIGHT));
            // Attributes and styles of elements that exist can be set.
            let _ = cross.style().set_property("display", if x.is_some() { "block" } else { "none" });
            let _ = cross.style().set_property("left", &format!("{:.1}px", x.unwrap_or(0.0)));
            let _ = cross.set_attribute("data-at", &at.map_or_else(String::new, |t| format!("{t:.2} s")));
            let _ = cross.class_list().toggle_with_force("late", x.is_some_and(|x| x > width * 0.7));
            let _ = cursor.set_attribute("aria-valuemax", &format!("{end:.0}"));
            let _ = cursor.set_attribute("aria-valuenow", &format!("{:.2}", at.unwrap_or(0.0)));
            let kind = cursor.get_attribute("data-cursor").and_then(|key| Kind::of(&key));
            let said = kind.map(|kind| self.readings(kind)).unwrap_or_default();
            let said: Vec<String> = said.iter().map(|r| format!("{} {}", r.label, r.value)).collect();
            let words = at.map_or_else(|| "now".to_owned(), |t| format!("{t:.2} seconds"));
            let _ = cursor.set_attribute("aria-valuetext", &format!("{words}: {}", said.join(", ")));
        }
    }
}
