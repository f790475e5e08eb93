//! Who drives the session: a worker, so that the page never blocks; or, where no worker can be had, the page itself in
//! small slices. Both stand behind one trait.

use crate::sim::lab::Lab;
use crate::sim::preview::Previews;
use crate::sim::session::Next;
use crate::wire::{Command, Reply, decode, encode};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{
    Blob, BlobPropertyBag, DedicatedWorkerGlobalScope, MessageChannel, MessageEvent, Url, Worker, WorkerOptions,
};

/// How long a worker may take to say that it listens, in milliseconds.
const WORKER_PATIENCE_MS: i32 = 15_000;
/// Pause between turns while the session is ahead of the clock, in milliseconds.
const SOON_MS: i32 = 4;
/// Work per turn in a worker, where only commands wait for it.
const WORKER_SLICE_MS: f64 = 8.0;
/// A worker that says nothing for so long is asked whether it is there, in milliseconds.
const SILENCE_MS: i32 = 5_000;
/// Questions that may stay without an answer. A turn of a worker takes milliseconds.
const QUESTIONS_MAX: u32 = 4;
/// Work per turn on previews of the gallery, in milliseconds: little, for the session comes first.
const PREVIEW_SLICE_MS: f64 = 4.0;
/// While the session is at work without a pause, previews have one turn of so many.
const PREVIEW_TURNS: u32 = 6;
/// Work per turn on the page, where frames wait for it too.
const INLINE_SLICE_MS: f64 = 5.0;

thread_local! {
    /// Time spent on messages since it was last asked for: script time of the page, though it falls between its frames.
    static ON_MESSAGES_MS: Cell<f64> = const { Cell::new(0.0) };
}

/// Script time spent on messages since the last call, in milliseconds.
pub fn take_message_ms() -> f64 {
    ON_MESSAGES_MS.take()
}

/// What is told to whoever shows the run.
pub type OnReply = Rc<dyn Fn(Reply)>;

/// Something that lets a session run.
pub trait Driver {
    /// Passes a command on.
    fn send(&self, command: Command);
    /// `"worker"` or `"inline"`.
    fn name(&self) -> &'static str;
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &js_sys::Function, milliseconds: i32) -> JsValue;
}

/// Does something once, later.
pub fn after(milliseconds: i32, what: impl FnOnce() + 'static) {
    set_timeout(Closure::once_into_js(what).unchecked_ref(), milliseconds);
}

fn wall_ms() -> f64 {
    let performance = js_sys::Reflect::get(&js_sys::global(), &"performance".into()).ok();
    performance.and_then(|p| p.dyn_into::<web_sys::Performance>().ok()).map_or_else(js_sys::Date::now, |p| p.now())
}

/// Gives a session its turns and passes on what it says; the same in a worker and on the page.
struct Pump {
    lab: RefCell<Lab>,
    previews: RefCell<Previews>,
    turns: Cell<u32>,
    post: Box<dyn Fn(Reply)>,
    slice_ms: f64,
    scheduled: Cell<bool>,
    /// Posting to oneself lets waiting messages be handled in between, without the 4 ms that timers are held back.
    channel: Option<MessageChannel>,
    wake: RefCell<Option<Closure<dyn Fn()>>>,
}

impl Pump {
    fn new(slice_ms: f64, post: impl Fn(Reply) + 'static) -> Rc<Pump> {
        let pump = Rc::new(Pump {
            lab: RefCell::default(),
            previews: RefCell::default(),
            turns: Cell::new(0),
            post: Box::new(post),
            slice_ms,
            scheduled: Cell::new(false),
            channel: MessageChannel::new().ok(),
            wake: RefCell::new(None),
        });
        let weak = Rc::downgrade(&pump);
        let wake = Closure::<dyn Fn()>::new(move || {
            if let Some(pump) = weak.upgrade() {
                pump.turn();
            }
        });
        if let Some(channel) = &pump.channel {
            channel.port1().set_onmessage(Some(wake.as_ref().unchecked_ref()));
        }
        pump.wake.replace(Some(wake));
        pump
    }

    fn command(&self, command: Command) {
        if let Command::Previews(wanted) = command {
            self.previews.borrow_mut().want(wanted);
            return self.schedule(Next::Soon);
        }
        let replies = self.lab.borrow_mut().command(command);
        replies.into_iter().for_each(&self.post);
        self.frame();
        self.schedule(Next::Now);
    }

    fn turn(&self) {
        self.scheduled.set(false);
        let start = wall_ms();
        let next = self.lab.borrow_mut().turn(&wall_ms, self.slice_ms);
        self.frame();
        let next = self.preview(next);
        // In a worker nobody asks for this; on the page it is what the frames have to share the thread with.
        ON_MESSAGES_MS.set(ON_MESSAGES_MS.get() + wall_ms() - start);
        self.schedule(next);
    }

    /// Goes on with previews, if the session leaves time for it; when the next turn is wanted.
    fn preview(&self, next: Next) -> Next {
        let mut previews = self.previews.borrow_mut();
        self.turns.set(self.turns.get().wrapping_add(1));
        if !previews.is_busy() || (next == Next::Now && !self.turns.get().is_multiple_of(PREVIEW_TURNS)) {
            return next;
        }
        if let Some(preview) = previews.turn(&wall_ms, PREVIEW_SLICE_MS.min(self.slice_ms)) {
            (self.post)(Reply::Preview(preview));
        }
        if next == Next::Idle && previews.is_busy() { Next::Soon } else { next }
    }

    fn frame(&self) {
        let frames = self.lab.borrow_mut().frames();
        frames.into_iter().for_each(&self.post);
    }

    fn schedule(&self, next: Next) {
        if next == Next::Idle || self.scheduled.replace(true) {
            return;
        }
        let posted = next == Next::Now
            && self.channel.as_ref().is_some_and(|channel| channel.port2().post_message(&JsValue::NULL).is_ok());
        if !posted && let Some(wake) = self.wake.borrow().as_ref() {
            set_timeout(wake.as_ref().unchecked_ref(), SOON_MS);
        }
    }
}

/// The main function of the worker.
pub fn serve(scope: DedicatedWorkerGlobalScope) {
    let to_page = scope.clone();
    let pump = Pump::new(WORKER_SLICE_MS, move |reply| {
        let bytes = js_sys::Uint8Array::from(encode(&reply).as_slice());
        let transfer = js_sys::Array::of1(&bytes.buffer());
        // A page that has gone away needs no answer.
        let _ = to_page.post_message_with_transfer(&bytes.buffer(), &transfer);
    });
    (pump.post)(Reply::Ready);
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        match decode(&js_sys::Uint8Array::new(&event.data()).to_vec()) {
            Some(Command::Crash) => wasm_bindgen::throw_str("a crash was asked for"),
            Some(command) => pump.command(command),
            None => {}
        }
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // The worker listens as long as it lives.
    on_message.forget();
}

struct WorkerDriver(Worker);

impl Driver for WorkerDriver {
    fn send(&self, command: Command) {
        let bytes = js_sys::Uint8Array::from(encode(&command).as_slice());
        let transfer = js_sys::Array::of1(&bytes.buffer());
        if let Err(error) = self.0.post_message_with_transfer(&bytes.buffer(), &transfer) {
            web_sys::console::error_1(&error);
        }
    }

    fn name(&self) -> &'static str {
        "worker"
    }
}

struct InlineDriver(Rc<Pump>);

impl Driver for InlineDriver {
    fn send(&self, command: Command) {
        // In a turn of its own: whoever sends may hold what the reply will need.
        let pump = self.0.clone();
        after(0, move || pump.command(command));
    }

    fn name(&self) -> &'static str {
        "inline"
    }
}

/// A worker as soon as it listens; the inline driver when it does not. Commands wait until that is decided.
pub struct Starting {
    chosen: RefCell<Option<Box<dyn Driver>>>,
    worker: RefCell<Option<Worker>>,
    waiting: RefCell<Vec<Command>>,
    on_reply: OnReply,
    /// Counts the workers; what an earlier one still says is not heard.
    generation: Cell<u32>,
    /// Questions since the worker was last heard.
    asked: Cell<u32>,
}

impl Starting {
    /// Starts the worker.
    #[must_use]
    pub fn new(on_reply: OnReply) -> Rc<Starting> {
        let starting = Rc::new(Starting {
            chosen: RefCell::new(None),
            worker: RefCell::new(None),
            waiting: RefCell::new(Vec::new()),
            on_reply,
            generation: Cell::new(0),
            asked: Cell::new(0),
        });
        starting.clone().start();
        starting.clone().watch();
        starting
    }

    /// Starts another worker in place of one that was lost; what was sent to that is gone.
    pub fn restart(self: &Rc<Self>) {
        if let Some(worker) = self.worker.take() {
            worker.terminate();
        }
        self.chosen.replace(None);
        self.waiting.borrow_mut().clear();
        self.clone().start();
    }

    /// Ends the worker without a word, as a browser may that is short of memory.
    pub fn kill(&self) {
        if let Some(worker) = self.worker.borrow().as_ref() {
            worker.terminate();
        }
    }

    fn start(self: Rc<Self>) {
        self.generation.set(self.generation.get() + 1);
        self.asked.set(0);
        match spawn() {
            Ok(worker) => self.listen(worker),
            Err(error) => {
                web_sys::console::warn_2(&"No worker, running on the page:".into(), &error);
                self.choose_inline();
            }
        }
    }

    /// Asks now and then whether the worker is still there.
    fn watch(self: Rc<Self>) {
        after(SILENCE_MS, move || {
            if self.name() == "worker" {
                if self.asked.get() > QUESTIONS_MAX {
                    self.lost(self.generation.get());
                } else {
                    self.asked.set(self.asked.get() + 1);
                    self.send(Command::Ping);
                }
            }
            self.watch();
        });
    }

    fn lost(&self, generation: u32) {
        if generation != self.generation.get() {
            return;
        }
        if self.chosen.borrow().is_none() {
            self.choose_inline();
        } else if self.name() == "worker" {
            (self.on_reply)(Reply::Lost);
        }
    }

    fn listen(self: Rc<Self>, worker: Worker) {
        self.worker.replace(Some(worker.clone()));
        let generation = self.generation.get();
        let this = self.clone();
        let posted_to = worker.clone();
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let start = wall_ms();
            let Some(reply) = decode(&js_sys::Uint8Array::new(&event.data()).to_vec()) else { return };
            if generation != this.generation.get() {
                return;
            }
            this.asked.set(0);
            if reply == Reply::Ready {
                this.choose(Box::new(WorkerDriver(posted_to.clone())));
            }
            (this.on_reply)(reply);
            ON_MESSAGES_MS.set(ON_MESSAGES_MS.get() + wall_ms() - start);
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        on_message.forget();

        let this = self.clone();
        let failed = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
            // It is told on the page, and what comes of it.
            event.prevent_default();
            this.lost(generation);
        });
        worker.set_onerror(Some(failed.as_ref().unchecked_ref()));
        failed.forget();
        let this = self;
        after(WORKER_PATIENCE_MS, move || {
            if generation == this.generation.get() && this.chosen.borrow().is_none() {
                worker.terminate();
                this.choose_inline();
            }
        });
    }

    fn choose_inline(&self) {
        let on_reply = self.on_reply.clone();
        self.choose(Box::new(InlineDriver(Pump::new(INLINE_SLICE_MS, move |reply| on_reply(reply)))));
        (self.on_reply)(Reply::Ready);
    }

    fn choose(&self, driver: Box<dyn Driver>) {
        if self.chosen.borrow().is_some() {
            return;
        }
        for command in self.waiting.take() {
            driver.send(command);
        }
        self.chosen.replace(Some(driver));
    }
}

impl Driver for Starting {
    fn send(&self, command: Command) {
        match self.chosen.borrow().as_ref() {
            Some(driver) => driver.send(command),
            None => self.waiting.borrow_mut().push(command),
        }
    }

    fn name(&self) -> &'static str {
        self.chosen.borrow().as_ref().map_or("starting", |driver| driver.name())
    }
}

/// Starts a worker from the very files that the page came from: their names may bear hashes, so they are read from the
/// page's own links.
fn spawn() -> Result<Worker, JsValue> {
    let document = web_sys::window().and_then(|w| w.document()).ok_or("no document")?;
    if web_sys::window().is_some_and(|w| w.location().search().is_ok_and(|s| s.contains("driver=inline"))) {
        return Err("asked for in the address".into());
    }
    let href = |selector: &str| -> Result<String, JsValue> {
        let link = document.query_selector(selector)?.ok_or_else(|| JsValue::from(format!("no {selector}")))?;
        Ok(link.unchecked_into::<web_sys::HtmlLinkElement>().href())
    };
    let glue = js_sys::JSON::stringify(&href("link[rel=modulepreload]")?.into())?;
    let wasm = js_sys::JSON::stringify(&href("link[rel=preload][as=fetch]")?.into())?;
    let source = format!("import init from {glue}; await init({{ module_or_path: {wasm} }});");
    let properties = BlobPropertyBag::new();
    properties.set_type("text/javascript");
    let blob = Blob::new_with_str_sequence_and_options(&js_sys::Array::of1(&source.into()), &properties)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let options = WorkerOptions::new();
    options.set_type(web_sys::WorkerType::Module);
    options.set_name("floodgate");
    Worker::new_with_options(&url, &options)
}
