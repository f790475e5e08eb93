//! A video of a stretch of the run, as WebM: the stage, composed on a canvas of its own and recorded by the browser.

use super::still::{context, painted};
use super::{Page, Topic};
use crate::still::CAPTION;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, BlobPropertyBag, CanvasRenderingContext2d, HtmlCanvasElement, HtmlImageElement};

/// Longest video, in milliseconds: it is kept in memory until it is saved.
const LONGEST_MS: f64 = 60_000.0;
/// Largest video, in bytes.
const BYTES_MAX: f64 = 128e6;
/// Pictures per second that are asked of the browser.
const PER_SECOND: f64 = 25.0;
/// Cards and texts are drawn anew after so long, in milliseconds; moving requests with every picture.
const CARDS_MS: i32 = 200;
/// The browser hands over what it has at least so often, in milliseconds.
const PIECE_MS: f64 = 1000.0;
/// Kinds of video, the best first.
const KINDS: [&str; 3] = ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm"];

/// What the page remembers of it.
#[derive(Default)]
pub struct Film {
    recording: RefCell<Option<Rc<Recording>>>,
}

struct Recording {
    recorder: JsValue,
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    cards: RefCell<Option<HtmlImageElement>>,
    pieces: js_sys::Array,
    bytes: Cell<f64>,
    began_ms: f64,
    ended: Cell<bool>,
}

/// The browser's recorder and the kind of video it makes, if it makes any.
fn recorder_kind() -> Option<(js_sys::Function, &'static str)> {
    let constructor: js_sys::Function =
        js_sys::Reflect::get(&js_sys::global(), &"MediaRecorder".into()).ok()?.dyn_into().ok()?;
    let supports: js_sys::Function =
        js_sys::Reflect::get(&constructor, &"isTypeSupported".into()).ok()?.dyn_into().ok()?;
    let makes = |kind: &&str| supports.call1(&constructor, &(*kind).into()).is_ok_and(|yes| yes.is_truthy());
    let kind = KINDS.into_iter().find(makes)?;
    Some((constructor, kind))
}

fn call(of: &JsValue, name: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let method: js_sys::Function = js_sys::Reflect::get(of, &name.into())?.dyn_into()?;
    method.apply(of, &arguments.iter().collect::<js_sys::Array>())
}

impl Page {
    /// How long the video that is being made is, in seconds.
    #[must_use]
    pub fn film_s(&self) -> Option<f64> {
        let recording = self.film.recording.borrow();
        recording.as_ref().map(|recording| (js_sys::Date::now() - recording.began_ms) / 1000.0)
    }

    /// Begins a video of the stage. It ends by [`Page::end_film`], or when it becomes too long or too large.
    pub fn begin_film(self: &Rc<Self>) {
        if self.film.recording.borrow().is_some() {
            return;
        }
        let Some((constructor, kind)) = recorder_kind() else {
            return self.say(
                "This browser makes no WebM videos (it has no MediaRecorder for them): save a picture, or use another browser.",
                true,
            );
        };
        match self.recording(&constructor, kind) {
            Ok(recording) => {
                self.film.recording.replace(Some(recording.clone()));
                self.draw_cards(&recording);
                self.draw_pictures(&recording);
                self.tell(Topic::Edit);
            }
            Err(_) => self.say("The browser does not let this page make a video.", true),
        }
    }

    fn recording(
        self: &Rc<Self>,
        constructor: &js_sys::Function,
        kind: &'static str,
    ) -> Result<Rc<Recording>, JsValue> {
        let document = web_sys::window().and_then(|w| w.document()).ok_or("no document")?;
        let canvas: HtmlCanvasElement = document.create_element("canvas")?.dyn_into()?;
        let stage = super::viewport::by_id("stage").ok_or("no stage")?;
        // Videos have an even number of pixels in each direction.
        let even = |css: f64| (css / 2.0).ceil() as u32 * 2;
        canvas.set_width(even(f64::from(stage.client_width())));
        canvas.set_height(even(f64::from(stage.client_height()) + CAPTION));
        let context = context(&canvas)?;
        let stream = call(&canvas, "captureStream", &[PER_SECOND.into()])?;
        let options = js_sys::Object::new();
        js_sys::Reflect::set(&options, &"mimeType".into(), &kind.into())?;
        let recorder = js_sys::Reflect::construct(constructor, &js_sys::Array::of2(&stream, &options))?;
        let recording = Rc::new(Recording {
            recorder,
            canvas,
            context,
            cards: RefCell::default(),
            pieces: js_sys::Array::new(),
            bytes: Cell::new(0.0),
            began_ms: js_sys::Date::now(),
            ended: Cell::new(false),
        });
        let kept = recording.clone();
        let piece = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
            let data = js_sys::Reflect::get(&event, &"data".into()).ok().and_then(|d| d.dyn_into::<Blob>().ok());
            if let Some(data) = data {
                kept.bytes.set(kept.bytes.get() + data.size());
                kept.pieces.push(&data);
            }
        });
        js_sys::Reflect::set(&recording.recorder, &"ondataavailable".into(), &piece.into_js_value())?;
        let (page, kept) = (self.clone(), recording.clone());
        let stopped = Closure::once_into_js(move || page.filmed(&kept, kind));
        js_sys::Reflect::set(&recording.recorder, &"onstop".into(), &stopped)?;
        call(&recording.recorder, "start", &[PIECE_MS.into()])?;
        Ok(recording)
    }

    /// Cards and texts change a few times a second: they are an image, drawn anew as long as the video goes on.
    fn draw_cards(self: &Rc<Self>, recording: &Rc<Recording>) {
        let (page, recording) = (self.clone(), recording.clone());
        spawn_local(async move {
            let still = page.still(false);
            if let Ok(still) = still
                && let Ok(image) = painted(&still.svg).await
            {
                recording.cards.replace(Some(image));
            }
            if !recording.ended.get() {
                crate::driver::after(CARDS_MS, move || page.draw_cards(&recording));
            }
        });
    }

    fn draw_pictures(self: &Rc<Self>, recording: &Rc<Recording>) {
        if recording.ended.get() {
            return;
        }
        // A picture that cannot be drawn is one less.
        let _ = recording.picture();
        let long = js_sys::Date::now() - recording.began_ms >= LONGEST_MS;
        if long || recording.bytes.get() >= BYTES_MAX {
            self.end_film();
            return self.say("The video has become as long as it can be: it was saved.", false);
        }
        let (page, recording) = (self.clone(), recording.clone());
        crate::driver::after((1000.0 / PER_SECOND) as i32, move || page.draw_pictures(&recording));
    }

    /// Ends the video, and offers it as a file.
    pub fn end_film(&self) {
        if let Some(recording) = self.film.recording.take() {
            recording.ended.set(true);
            if call(&recording.recorder, "stop", &[]).is_err() {
                self.say("The video broke off: there is none.", true);
            }
            self.tell(Topic::Edit);
        }
    }

    fn filmed(&self, recording: &Recording, kind: &str) {
        // The browser may have stopped by itself.
        recording.ended.set(true);
        if self.film.recording.take().is_some() {
            self.tell(Topic::Edit);
        }
        let properties = BlobPropertyBag::new();
        properties.set_type(kind);
        let whole = Blob::new_with_blob_sequence_and_options(&recording.pieces, &properties);
        self.saved(whole.and_then(|film| super::files::save_blob(&self.file_name("webm"), &film)));
    }
}

impl Recording {
    fn picture(&self) -> Result<(), JsValue> {
        let (width, height) = (f64::from(self.canvas.width()), f64::from(self.canvas.height()));
        if let Some(cards) = self.cards.borrow().as_ref() {
            self.context.draw_image_with_html_image_element_and_dw_and_dh(cards, 0.0, 0.0, width, height)?;
        }
        let motion = super::viewport::by_id("motion").and_then(|e| e.dyn_into::<HtmlCanvasElement>().ok());
        if let Some(motion) = motion.filter(|motion| motion.width() > 0) {
            self.context.draw_image_with_html_canvas_element_and_dw_and_dh(
                &motion,
                0.0,
                0.0,
                width,
                height - CAPTION,
            )?;
        }
        Ok(())
    }
}
