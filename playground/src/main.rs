//! The Floodgate playground: one wasm for the page and for the worker that simulates.
//!
//! What knows no screen (`editor`, `geometry`, `sim`, `wire` …) is tested natively; `view`, `paint`, `page` and `driver` are
//! the page.

// Without a browser there is no page, and most of what it uses is used by tests alone.
#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, unused_imports))]
// A binary has no public face: `pub` marks what its modules offer each other.
#![allow(unreachable_pub)]

mod beside;
mod charts;
mod codes;
mod details;
mod dots;
mod editor;
mod export;
mod face;
mod gallery;
mod geometry;
mod incoming;
mod journey;
mod keep;
mod live;
mod marks;
mod series;
mod shelf;
mod sim;
mod still;
mod table;
mod thumbnail;
mod wire;

#[cfg(target_arch = "wasm32")]
mod driver;
#[cfg(target_arch = "wasm32")]
mod page;
#[cfg(target_arch = "wasm32")]
mod paint;
#[cfg(target_arch = "wasm32")]
mod view;

/// Runs a scenario without a page, and reports as the command line does. An empty seed or end means the file's own, an empty
/// variant the file as it is.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen::prelude::wasm_bindgen]
#[must_use]
pub fn headless_run(scenario_text: &str, seed: &str, until: &str, variant: &str) -> String {
    sim::engine::headless(scenario_text, seed, until, variant)
}

/// The page in a window, the session in a worker, nothing elsewhere.
#[cfg(target_arch = "wasm32")]
fn main() {
    use wasm_bindgen::JsCast;
    if let Ok(scope) = js_sys::global().dyn_into::<web_sys::DedicatedWorkerGlobalScope>() {
        driver::serve(scope);
    } else if web_sys::window().is_some() {
        let page = page::PageRef(page::Page::new());
        page.begin();
        yew::Renderer::<view::App>::with_props(view::PageProps { page }).render();
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}
