//! Files in and out: scenarios and control logs.

use super::Page;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, BlobPropertyBag, File, HtmlAnchorElement, Url};

impl Page {
    /// Opens a file that was dropped or chosen.
    pub fn open_file(self: &Rc<Self>, file: File) {
        let page = self.clone();
        spawn_local(async move {
            let name = file.name();
            match JsFuture::from(file.array_buffer()).await {
                Ok(buffer) => {
                    let bytes = js_sys::Uint8Array::new(&buffer).to_vec();
                    match crate::sim::engine::text_of(&bytes, &name) {
                        Ok(text) => {
                            page.open(&name, text);
                        }
                        Err(text) => {
                            page.problems.replace(Some(super::Problems { of: name, text }));
                            page.tell(super::Topic::Edit);
                        }
                    }
                }
                Err(_) => page.say(&format!("{name} cannot be read."), true),
            }
        });
    }

    /// Offers the scenario as a file.
    pub fn save_scenario(&self) {
        let name = file_name(&self.outline.borrow().name);
        self.saved(save(&format!("{name}.toml"), "application/toml", self.editor.borrow().text()));
    }

    /// The control log as JSON lines.
    #[must_use]
    pub fn control_log(&self) -> String {
        let live = self.live.borrow();
        std::iter::once(&live.loaded.log_header).chain(&live.log).map(|line| format!("{line}\n")).collect()
    }

    /// Offers the control log as a file.
    pub fn save_log(&self) {
        let name = file_name(&self.outline.borrow().name);
        self.saved(save(&format!("{name}.controls.jsonl"), "application/x-ndjson", &self.control_log()));
    }

    fn saved(&self, done: Result<(), JsValue>) {
        if done.is_err() {
            self.say("The browser does not let this page save files.", true);
        }
    }
}

/// A name that every file system takes.
fn file_name(name: &str) -> String {
    let words: Vec<String> =
        name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect();
    let joined: String = words.join("_").chars().take(60).collect();
    if joined.is_empty() { "scenario".to_owned() } else { joined }
}

fn save(name: &str, kind: &str, content: &str) -> Result<(), JsValue> {
    let document = web_sys::window().and_then(|w| w.document()).ok_or("no document")?;
    let properties = BlobPropertyBag::new();
    properties.set_type(kind);
    let blob = Blob::new_with_str_sequence_and_options(&js_sys::Array::of1(&content.into()), &properties)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let anchor: HtmlAnchorElement = document.create_element("a")?.dyn_into()?;
    anchor.set_href(&url);
    anchor.set_download(name);
    anchor.click();
    // The browser may take its time to begin the download.
    crate::driver::after(60_000, move || drop(Url::revoke_object_url(&url)));
    Ok(())
}
