//! The view of the canvas: pan, zoom, fit. It is a style of one element, set directly; nothing is rendered for it.

use super::{Page, Viewport};
use crate::geometry::Point;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// Smallest and largest magnification.
pub const ZOOM: (f64, f64) = (0.25, 2.0);
/// Below this magnification the buttons on cards are smaller than a finger or a shaky hand can hit (24 CSS pixels).
const FAR: f64 = 0.75;
/// Room left around the cards when they are fitted: at each side, above, below. The corners hold controls.
const MARGIN: (f64, f64, f64) = (40.0, 96.0, 64.0);
/// On a stage narrower than this there is no room to be left at the sides.
const NARROW: f64 = 600.0;

/// A link is hit within a band this broad, in CSS pixels.
const HIT: f64 = 24.0;

/// An element of the page by its id.
#[must_use]
pub fn by_id(id: &str) -> Option<Element> {
    web_sys::window()?.document()?.get_element_by_id(id)
}

/// Gives the focus to what fits the selector, once it has been drawn.
pub fn focus_soon(selector: &str) {
    let selector = selector.to_owned();
    crate::driver::after(0, move || {
        let found = web_sys::window().and_then(|w| w.document()).and_then(|d| d.query_selector(&selector).ok()?);
        if let Some(found) = found.and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
            // What cannot take the focus leaves it where it is.
            let _ = found.focus();
        }
    });
}

impl Page {
    /// Shows everything, as large as it fits, but not larger than life.
    pub fn fit(&self) {
        let bounds = self.places.borrow().bounds(&self.outline.borrow());
        let (Some(stage), Some((left, top, right, bottom))) = (by_id("stage"), bounds) else { return };
        let (wide, high) = (f64::from(stage.client_width()), f64::from(stage.client_height()));
        let side = if wide < NARROW { 12.0 } else { MARGIN.0 };
        let room = (wide - 2.0 * side, high - MARGIN.1 - MARGIN.2);
        let (width, height) = (right - left, bottom - top);
        let k = (room.0 / width).min(room.1 / height).clamp(ZOOM.0, 1.0);
        self.viewport.set(Viewport {
            x: side + (room.0 - width * k) / 2.0 - left * k,
            y: MARGIN.1 + (room.1 - height * k) / 2.0 - top * k,
            k,
        });
        self.show_viewport();
    }

    /// Magnifies by `factor` and keeps the point under the cursor where it is.
    pub fn zoom_at(&self, client: Point, factor: f64) {
        let view = self.viewport.get();
        let k = (view.k * factor).clamp(ZOOM.0, ZOOM.1);
        let (x, y) = self.in_stage(client);
        let ratio = k / view.k;
        self.viewport.set(Viewport { x: x - (x - view.x) * ratio, y: y - (y - view.y) * ratio, k });
        self.show_viewport();
    }

    /// Magnifies around the middle.
    pub fn zoom(&self, factor: f64) {
        if let Some(stage) = by_id("stage") {
            let rect = stage.get_bounding_client_rect();
            self.zoom_at((rect.left() + rect.width() / 2.0, rect.top() + rect.height() / 2.0), factor);
        }
    }

    /// Brings a point of the canvas into the middle of the view.
    pub fn centre_on(&self, (x, y): Point) {
        let Some(stage) = by_id("stage") else { return };
        let k = self.viewport.get().k;
        let (width, height) = (f64::from(stage.client_width()), f64::from(stage.client_height()));
        self.viewport.set(Viewport { x: width / 2.0 - x * k, y: height / 2.0 - y * k, k });
        self.show_viewport();
    }

    /// Brings the view to the screen.
    pub fn show_viewport(&self) {
        let Viewport { x, y, k } = self.viewport.get();
        if let Some(world) = by_id("world").and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
            // Styles of elements that exist can be set.
            let _ = world.style().set_property("transform", &format!("translate({x:.2}px,{y:.2}px) scale({k:.4})"));
        }
        if let Some(stage) = by_id("stage").and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
            // From far away a button on a card would be too small to hit; the inspector has them all.
            let _ = stage.class_list().toggle_with_force("far", k < FAR);
            // However small a link is shown, it is as easy to hit.
            let _ = stage.style().set_property("--hit", &format!("{:.1}px", HIT / k.min(1.0)));
            let _ = stage.style().set_property("--grid", &format!("{:.2}px", 32.0 * k));
            let _ = stage.style().set_property("--grid-x", &format!("{x:.2}px"));
            let _ = stage.style().set_property("--grid-y", &format!("{y:.2}px"));
        }
        crate::view::minimap::show(self.viewport.get());
    }

    fn in_stage(&self, (x, y): Point) -> Point {
        let rect = by_id("stage").map(|s| s.get_bounding_client_rect());
        rect.map_or((x, y), |r| (x - r.left(), y - r.top()))
    }

    /// From the screen to the canvas.
    #[must_use]
    pub fn to_world(&self, client: Point) -> Point {
        let (x, y) = self.in_stage(client);
        let view = self.viewport.get();
        ((x - view.x) / view.k, (y - view.y) / view.k)
    }

    /// A free place near the middle of the view, for a card that comes without a place of its own.
    #[must_use]
    pub fn free_place(&self) -> Point {
        let (x, y) = by_id("stage").map_or((0.0, 0.0), |stage| {
            let rect = stage.get_bounding_client_rect();
            self.to_world((rect.left() + rect.width() / 2.0, rect.top() + rect.height() * 0.75))
        });
        let (outline, places) = (self.outline.borrow(), self.places.borrow());
        let taken = |at: Point| {
            outline.nodes.iter().any(|n| {
                let (p, (w, h)) = (places.of(n), crate::geometry::size(n));
                at.0 < p.0 + w && p.0 < at.0 + w && at.1 < p.1 + h && p.1 < at.1 + h
            })
        };
        let mut at = (x - 120.0, y - 70.0);
        for _ in 0..100 {
            if !taken(at) {
                break;
            }
            at = (at.0 + 16.0, at.1 + 16.0);
        }
        at
    }
}
