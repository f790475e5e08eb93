//! The Floodgate playground: one wasm for the page and for the worker that simulates.
//!
//! What knows no screen (`editor`, `geometry`, `sim`, `wire`) is tested natively; `view`, `paint` and `driver` are the page.

// Without a browser there is no page, and most of what it uses is used by tests alone.
#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, unused_imports))]
// A binary has no public face: `pub` marks what its modules offer each other.
#![allow(unreachable_pub)]

mod dots;
mod editor;
mod geometry;
mod live;
mod sim;
mod wire;

#[cfg(target_arch = "wasm32")]
mod driver;

#[cfg(target_arch = "wasm32")]
fn main() {
    use wasm_bindgen::JsCast;
    let global = js_sys::global();
    if let Ok(scope) = global.clone().dyn_into::<web_sys::DedicatedWorkerGlobalScope>() {
        driver::serve(scope);
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}
