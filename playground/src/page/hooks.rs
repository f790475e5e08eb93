//! `window.__floodgate`: what a browser test may ask the page.

use super::Page;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::CustomEvent;
