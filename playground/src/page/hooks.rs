//! `window.__floodgate`: what a browser test may ask the page.

use super::Page;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// Installs the hooks. They live as long as the page.
pub fn install(page: &Rc<Page>) {
    let hooks = js_sys::Object::new();
    let set = |name: &str, value: JsValue| {
        // A plain object takes any property.
        let _ = js_sys::Reflect::set(&hooks, &name.into(), &value);
    };
    let p = page.clone();
    set(
        "frameTimes",
        function0(move || {
            p.frame_times.borrow().iter().map(|t| JsValue::from_f64(*t)).collect::<js_sys::Array>().into()
        }),
    );
    let p = page.clone();
    set("state", function0(move || JsValue::from_str(&state(&p))));
    let p = page.clone();
    set("scenarioText", function0(move || JsValue::from_str(p.editor.borrow().text())));
    let p = page.clone();
    set("runText", function0(move || JsValue::from_str(&p.run_text.borrow())));
    let p = page.clone();
    set("controlLog", function0(move || JsValue::from_str(&p.control_log())));
    let p = page.clone();
    let load = Closure::<dyn Fn(String) -> bool>::new(move |text: String| p.open("scenario.toml", &text));
    set("load", load.into_js_value());
    let p = page.clone();
    let seek = Closure::<dyn Fn(f64)>::new(move |seconds: f64| p.seek(seconds));
    set("seek", seek.into_js_value());
    let p = page.clone();
    let crash = Closure::<dyn Fn(bool)>::new(move |silently: bool| p.crash(silently));
    set("crash", crash.into_js_value());
    if let Some(window) = web_sys::window() {
        let _ = js_sys::Reflect::set(&window, &"__floodgate".into(), &hooks);
    }
}

fn function0(f: impl Fn() -> JsValue + 'static) -> JsValue {
    Closure::<dyn Fn() -> JsValue>::new(f).into_js_value()
}

/// The state as JSON.
fn state(page: &Page) -> String {
    let live = page.live.borrow();
    let (at_ns, digest) = live.last.digest.clone().unzip();
    serde_json::json!({
        "now_ns": live.last.now_ns,
        "until_ns": live.loaded.until_ns,
        "events": live.last.events,
        "digest": digest,
        "digest_second": at_ns.map(|ns| ns as f64 / 1e9),
        "running": live.last.running,
        "seeking": live.last.seeking,
        "track": live.last.track,
        "tracks": live.tracks.iter().map(|t| t.id).collect::<Vec<_>>(),
        "furthest_ns": live.last.furthest_ns,
        "rival": page.time.rival.borrow().as_ref().map(|r| serde_json::json!({
            "now_ns": r.last.now_ns,
            "born": r.last.totals.born,
            "goodput": r.last.totals.goodput,
        })),
        "halted": live.last.halted,
        "pace": live.last.pace,
        "text_hash": format!("{:016x}", fnv(page.editor.borrow().text())),
        "seed": live.loaded.seed,
        "run": live.loaded.run,
        "driver": page.driver_name(),
        "pending": page.pending.get(),
        "simulation_memory_bytes": live.last.memory_bytes,
        "page_memory_bytes": crate::sim::session::memory_bytes(),
        "dot_stands_for": page.dot_scale.get(),
        "totals": {
            "born": live.last.totals.born,
            "attempts": live.last.totals.attempts,
            "answered": live.last.totals.answered,
            "goodput": live.last.totals.goodput,
            "failed": live.last.totals.failed,
            "in_flight": live.last.totals.in_flight,
        },
    })
    .to_string()
}

/// FNV-1a: enough to see whether a text is the one it was.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
