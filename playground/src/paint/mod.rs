//! The one animation-frame loop: takes frames in, draws moving requests, and now and then the charts. It lives outside the
//! virtual DOM, and numbers that change with every frame never enter it.

mod chart;
mod lanes;
mod motion;
mod theme;

pub use chart::{LEFT, RIGHT};

use crate::charts::{self, Kind};
use crate::dots::{Dots, MotionClock};
use crate::geometry::Curve;
use crate::page::viewport::by_id;
use crate::page::{Page, Topic, Viewport};
use std::cell::RefCell;
use std::rc::Rc;
use theme::Theme;
use wasm_bindgen::prelude::*;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, Window};

/// Text, gauges and charts are brought up to date this often, in milliseconds.
const PULSE_MS: f64 = 100.0;
/// The same while a card is dragged, which has to follow the pointer: hundreds of gauges cost a frame or two.
const PULSE_DRAGGING_MS: f64 = 1000.0;
/// Script times kept for whoever asks.
const FRAME_TIMES_MAX: usize = 1200;
/// More pixels than this per CSS pixel cost more than they show.
const PIXEL_RATIO_MAX: f64 = 2.0;

struct Painter {
    page: Rc<Page>,
    window: Window,
    dots: Dots,
    /// Those of side B, and the curves that they fly along.
    rival: (Dots, Vec<Option<Curve>>),
    theme: Theme,
    run: u32,
    /// When the dots were last fed, by the clock of motion.
    fed_ms: f64,
    clock: MotionClock,
    last_ms: f64,
    pulse_ms: f64,
    /// What the next frames have to bring up to date, one thing each, so that no frame has to do it all.
    due: Vec<Due>,
    still: bool,
    dirty: bool,
    /// The run has gone on since it was last asked.
    asks: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Text,
    Chart(Kind),
    Lanes,
}

/// What is called at every frame; it refers to itself, so it comes about in two steps.
type Callback = Option<Closure<dyn FnMut(f64)>>;

/// Starts the loop. It lives as long as the page.
pub fn start(page: Rc<Page>) {
    let Some(window) = web_sys::window() else { return };
    let mut painter = Painter {
        page,
        window: window.clone(),
        dots: Dots::default(),
        rival: Default::default(),
        theme: Theme::default(),
        run: 0,
        fed_ms: 0.0,
        clock: MotionClock::default(),
        last_ms: 0.0,
        pulse_ms: 0.0,
        due: Vec::new(),
        still: false,
        dirty: true,
        asks: false,
    };
    let frame: Rc<RefCell<Callback>> = Rc::default();
    let again = frame.clone();
    let scheduler = window.clone();
    let schedule = move |slot: &Callback| {
        if let Some(closure) = slot {
            // Fails only when the window is gone.
            let _ = scheduler.request_animation_frame(closure.as_ref().unchecked_ref());
        }
    };
    let next = schedule.clone();
    *frame.borrow_mut() = Some(Closure::new(move |_: f64| {
        painter.frame();
        next(&again.borrow());
    }));
    schedule(&frame.borrow());
}

impl Painter {
    fn now_ms(&self) -> f64 {
        self.window.performance().map_or(0.0, |p| p.now())
    }

    fn frame(&mut self) {
        // What came since the last frame took its time as well.
        let start = self.now_ms() - crate::driver::take_message_ms();
        if let Err(error) = self.draw(self.now_ms()) {
            web_sys::console::error_1(&error);
        }
        // Components that were told to render do so in a microtask of this frame; this one comes after them.
        let (page, window) = (self.page.clone(), self.window.clone());
        wasm_bindgen_futures::spawn_local(async move {
            let took = window.performance().map_or(0.0, |p| p.now()) - start;
            let mut times = page.frame_times.borrow_mut();
            if times.len() >= FRAME_TIMES_MAX {
                times.remove(0);
            }
            times.push(took);
        });
    }

    fn draw(&mut self, now_ms: f64) -> Result<(), JsValue> {
        let elapsed = now_ms - std::mem::replace(&mut self.last_ms, now_ms);
        if self.page.theme_changed.replace(false) {
            self.theme = Theme::read()?;
            self.still =
                self.window.match_media("(prefers-reduced-motion: reduce)")?.is_some_and(|query| query.matches());
            self.dirty = true;
        }
        let fresh = self.page.take_fresh();
        let run = self.page.live.borrow().loaded.run;
        if run != self.run {
            self.run = run;
            self.dots.clear();
            self.rival.0.clear();
            self.dirty = true;
        }
        self.dirty |= fresh;
        let live = self.page.live.borrow();
        let moving_ms = self.clock.pass(elapsed, live.last.running, fresh);
        if fresh {
            let elapsed = moving_ms - std::mem::replace(&mut self.fed_ms, moving_ms);
            self.dots.feed(&live.links, moving_ms, elapsed);
            self.page.dot_scale.set(self.dots.scale());
            match self.page.time.rival.borrow().as_ref() {
                Some(rival) => self.rival.0.feed(&rival.links, moving_ms, elapsed),
                None => self.rival.0.clear(),
            }
        }
        drop(live);
        let view = self.page.viewport.get();
        self.dots.land(moving_ms);
        self.motion("motion", &self.dots, &self.page.curves.borrow(), |_| view, moving_ms)?;
        self.rival.0.land(moving_ms);
        let (x, y, width, height) = self.page.time.rival_view.get();
        let fitting = |(wide, tall): (f64, f64)| {
            let k = (wide / width).min(tall / height);
            Viewport { x: (wide - width * k) / 2.0 - x * k, y: (tall - height * k) / 2.0 - y * k, k }
        };
        self.motion("motion-b", &self.rival.0, &self.rival.1, fitting, moving_ms)?;
        let pulse_ms = if self.page.dragging.get() { PULSE_DRAGGING_MS } else { PULSE_MS };
        if now_ms - self.pulse_ms >= pulse_ms && self.due.is_empty() {
            self.pulse_ms = now_ms;
            if std::mem::take(&mut self.dirty) || self.page.chart_dirty.take() {
                self.page.live.borrow_mut().sample();
                if let Some(rival) = self.page.time.rival.borrow_mut().as_mut() {
                    rival.sample();
                    self.rival.1 = self.page.rival_curves(rival);
                }
                self.due = vec![Due::Lanes];
                // The first of them is drawn first, each in a frame of its own.
                let shown = |kind: &&Kind| by_id(&format!("chart-{}", kind.key())).is_some();
                self.due.extend(Kind::ALL.iter().rev().filter(shown).map(|kind| Due::Chart(*kind)));
                self.due.push(Due::Text);
                self.asks = true;
            }
        }
        if self.asks && self.due.is_empty() {
            self.asks = self.page.ask(now_ms);
        }
        match self.due.pop() {
            Some(Due::Text) => self.page.tell(Topic::Pulse),
            Some(Due::Chart(kind)) => self.chart(kind)?,
            Some(Due::Lanes) => {
                let live = self.page.live.borrow();
                lanes::draw(&live, &self.theme)?;
                if let Some(rival) = self.page.time.rival.borrow().as_ref() {
                    lanes::both(&live, rival, &self.theme)?;
                }
            }
            None => {}
        }
        Ok(())
    }

    /// Draws flights on a canvas, which is looked at as `view` says for its size.
    fn motion(
        &self,
        id: &str,
        dots: &Dots,
        curves: &[Option<Curve>],
        view: impl Fn((f64, f64)) -> Viewport,
        now_ms: f64,
    ) -> Result<(), JsValue> {
        let Some((canvas, ratio)) = canvas(id) else { return Ok(()) };
        let Some(ctx) = canvas.get_context("2d")?.and_then(|c| c.dyn_into::<CanvasRenderingContext2d>().ok()) else {
            return Ok(());
        };
        ctx.set_transform(1.0, 0.0, 0.0, 1.0, 0.0, 0.0)?;
        ctx.clear_rect(0.0, 0.0, f64::from(canvas.width()), f64::from(canvas.height()));
        if self.still || dots.flights().is_empty() {
            return Ok(());
        }
        ctx.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0)?;
        let view = view((f64::from(canvas.client_width()), f64::from(canvas.client_height())));
        motion::draw(&ctx, dots, curves, view, &self.theme, now_ms)
    }

    fn chart(&self, kind: Kind) -> Result<(), JsValue> {
        let Some((canvas, ratio)) = canvas(&format!("chart-{}", kind.key())) else { return Ok(()) };
        let plot = self.page.with_charts(|source| charts::plot(kind, source));
        chart::draw(&canvas, &plot, &self.page.live.borrow(), &self.theme, ratio)?;
        if self.page.seeing.hover.get().is_some() {
            self.page.show_cross();
        }
        Ok(())
    }
}

/// A canvas with as many pixels as it has on the screen, and how many those are per CSS pixel.
fn canvas(id: &str) -> Option<(HtmlCanvasElement, f64)> {
    let canvas: HtmlCanvasElement = by_id(id)?.dyn_into().ok()?;
    let ratio = web_sys::window()?.device_pixel_ratio().clamp(1.0, PIXEL_RATIO_MAX);
    let (width, height) = (canvas.client_width(), canvas.client_height());
    if width <= 0 || height <= 0 {
        return None;
    }
    let pixels = |css: i32| (f64::from(css) * ratio).round() as u32;
    // Setting a size clears the canvas, so it is set only when it has changed.
    if canvas.width() != pixels(width) {
        canvas.set_width(pixels(width));
    }
    if canvas.height() != pixels(height) {
        canvas.set_height(pixels(height));
    }
    Some((canvas, ratio))
}
