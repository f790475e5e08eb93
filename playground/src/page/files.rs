//! Files in and out: scenarios and control logs.

use super::Page;
use crate::beside;
use crate::editor::{Target, params};
use crate::export;
use crate::incoming::{Kind, check_size};
use crate::keep::Kept;
use crate::sim::engine;
use crate::wire::Command;
use floodgate::order::Order as _;
use floodgate::param::ParamKind;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, BlobPropertyBag, File, FileList, HtmlAnchorElement, Url};

impl Page {
    /// Opens files that were dropped or chosen: a scenario, a control log of the scenario on the page, or both.
    pub fn open_files(self: &Rc<Self>, files: Vec<File>) {
        let page = self.clone();
        spawn_local(async move {
            let mut read = Vec::new();
            for file in files.into_iter().take(FILES_MAX) {
                let name = file.name();
                match bytes_of(&file).await {
                    Ok(bytes) => read.push((Kind::of(&name, &bytes), name, bytes)),
                    Err(why) => return page.problem(&name, &why),
                }
            }
            // A log belongs to a scenario, and that may name files: what is needed comes first.
            read.order_by_key(|(kind, _, _)| *kind);
            for (kind, name, bytes) in read {
                let opened = match kind {
                    Kind::Scenario => page.open_scenario(&name, &bytes),
                    Kind::Log => page.open_log(&name, &bytes),
                    Kind::Data => page.open_data(&name, &bytes),
                    Kind::Run => page.open_run(&name, &bytes),
                };
                if !opened {
                    break;
                }
            }
        });
    }

    fn open_scenario(&self, name: &str, bytes: &[u8]) -> bool {
        match engine::text_of(bytes, name) {
            Ok(text) => self.open(name, text),
            Err(why) => {
                self.problem(name, &why);
                false
            }
        }
    }

    /// Keeps recorded traffic; it is played by the one node that can, unless the scenario names it already.
    fn open_data(&self, name: &str, bytes: &[u8]) -> bool {
        let text = self.editor.borrow().text().to_owned();
        let content = std::str::from_utf8(bytes).map_err(|_| format!("{name}: error: the file is no UTF-8 text"));
        let new = match content.and_then(|content| beside::keep(name, content, &text)) {
            Ok(new) => new,
            Err(why) => {
                self.problem(name, &why);
                return false;
            }
        };
        self.send(Command::Files(beside::all()));
        if text.contains(name) {
            if new {
                self.reset();
            }
            self.say(&format!("{name} is here, and the scenario names it: the run has begun anew."), false);
            return true;
        }
        match self.play(name) {
            Ok(title) => self.say(&format!("{name} is here, and {title} plays it after Reset."), false),
            Err(why) => {
                self.say(&format!("{name} is here for a parameter such as “replay · file” to name. {why}"), true)
            }
        }
        true
    }

    /// Gives a file to the one node that is selected, or that there is, which takes one.
    fn play(&self, name: &str) -> Result<String, String> {
        let outline = self.outline.borrow().clone();
        let takes = |id: &String| {
            let node = outline.node(id)?;
            let found = params::leaves(node.descriptor?).into_iter().find(|(_, spec)| spec.kind == ParamKind::File);
            Some((node.title.clone(), node.id.clone(), found?.0))
        };
        let of = |ids: Vec<String>| ids.iter().filter_map(takes).collect::<Vec<_>>();
        let selected = of(self.meant_nodes());
        let all = if selected.is_empty() { of(outline.nodes.iter().map(|n| n.id.clone()).collect()) } else { selected };
        let [(title, id, path)] = all.as_slice() else {
            return Err("Select the node that shall play it and drop it again.".to_owned());
        };
        // An access log says what it is by its name.
        let file = params::to_toml(ParamKind::Text, name);
        let (group, _) = path.split_once('.').unwrap_or((path, ""));
        let log = format!("{{ file = {file}, format = \"access_log\" }}");
        let target = Target::Nodes(vec![id.clone()]);
        match name.to_lowercase().ends_with(".csv") || group == path {
            true => self.set(&target, path, Some(file))?,
            false => self.set(&target, group, Some(log))?,
        }
        Ok(title.clone())
    }

    /// Opens a run that was saved with everything that belongs to it.
    fn open_run(&self, name: &str, bytes: &[u8]) -> bool {
        match Kept::decode(&String::from_utf8_lossy(bytes)) {
            Ok(kept) => self.go_on(&kept, name, &format!("open {name}"), kept.at_ns == 0, false),
            Err(why) => {
                self.problem(name, &why);
                false
            }
        }
    }

    /// Offers the run with everything that belongs to it as one file.
    pub fn save_run(&self) {
        self.saved(save(&self.file_name("floodgate"), "text/plain", &self.kept().encode()));
    }

    /// Runs what was done by hand in another run of this scenario, from the start.
    fn open_log(&self, name: &str, bytes: &[u8]) -> bool {
        let (began, now) = (self.run_text.borrow().clone(), self.editor.borrow().text().to_owned());
        // The scenario may have been edited since the run began that the log was made of.
        let read = engine::log_of(bytes, name, &now).map(|log| (now, log));
        let read = read.or_else(|why| engine::log_of(bytes, name, &began).map(|log| (began, log)).map_err(|_| why));
        let (text, log) = match read {
            Ok(read) => read,
            Err(why) => {
                self.problem(name, &why);
                return false;
            }
        };
        let kept = Kept { text, seed: Some(log.seed), log: log.text, ..Kept::default() };
        let done = kept.controls();
        let opened = self.go_on(&kept, name, &format!("open {name}"), true, false);
        if opened {
            let edits = match log.edits {
                0 => "",
                _ => " It adds or removes nodes or links, which run but are not drawn.",
            };
            self.say(&format!("{name}: {done} things done by hand happen again, each at its time.{edits}"), false);
        }
        opened
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

    /// Offers a picture of the stage as SVG.
    pub fn save_svg(&self) {
        self.saved(self.still(true).and_then(|still| save(&self.file_name("svg"), "image/svg+xml", &still.svg)));
    }

    /// Offers a picture of the stage as PNG.
    pub fn save_png(self: &Rc<Self>) {
        let (page, still) = (self.clone(), self.still(true));
        spawn_local(async move {
            let painted = match still {
                Ok(still) => super::still::png(&still).await,
                Err(error) => Err(error),
            };
            page.saved(painted.and_then(|png| save_blob(&page.file_name("png"), &png)));
        });
    }

    /// Offers the series as a table.
    pub fn save_series(&self) {
        let table = export::csv(&self.live.borrow().points);
        self.saved(save(&self.file_name("csv"), "text/csv", &table));
    }

    /// The Rust test that gives the same run, up to the last whole second that was reached.
    ///
    /// # Errors
    /// Why there is none yet.
    pub fn rust_test(&self) -> Result<String, String> {
        let live = self.live.borrow();
        let digest = live.last.digest.clone().filter(|(ns, _)| *ns > 0);
        let digest = digest.ok_or("There is no digest yet: let it run for a second of virtual time.")?;
        let totals = live.last.totals;
        // A digest is of a whole second; totals are of now.
        let totals =
            (live.last.now_ns == digest.0).then_some([totals.born, totals.answered, totals.goodput, totals.failed]);
        let title = self.outline.borrow().name.clone();
        let expected = export::Expected { digest, totals };
        Ok(export::rust_test(&self.kept(), live.loaded.seed, &export::function_name(&title), &title, &expected))
    }

    /// Offers that test as a file.
    pub fn save_test(&self) {
        match self.rust_test() {
            Ok(test) => self.saved(save(&self.file_name("rs"), "text/x-rust", &test)),
            Err(why) => self.say(&why, true),
        }
    }

    /// What a file about this scenario is called.
    pub(super) fn file_name(&self, ending: &str) -> String {
        format!("{}.{ending}", file_name(&self.outline.borrow().name))
    }

    pub(super) fn saved(&self, done: Result<(), JsValue>) {
        if done.is_err() {
            self.say("The browser does not let this page save files.", true);
        }
    }
}

/// Files that are opened at once.
const FILES_MAX: usize = 4;

/// What is in a file, if it is not too large.
async fn bytes_of(file: &File) -> Result<Vec<u8>, String> {
    check_size(&file.name(), file.size())?;
    let buffer = JsFuture::from(file.array_buffer()).await;
    let cannot = |_| format!("{}: error: cannot read the file\n    help: is it a folder, or has it gone?", file.name());
    Ok(js_sys::Uint8Array::new(&buffer.map_err(cannot)?).to_vec())
}

/// The files of a list.
pub fn files_of(list: Option<FileList>) -> Vec<File> {
    list.map(|list| (0..list.length()).filter_map(|i| list.get(i)).collect()).unwrap_or_default()
}

/// A name that every file system takes.
fn file_name(name: &str) -> String {
    let words: Vec<String> =
        name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect();
    let joined: String = words.join("_").chars().take(60).collect();
    if joined.is_empty() { "scenario".to_owned() } else { joined }
}

/// A file in the browser's memory.
pub(super) fn blob(content: &str, kind: &str) -> Result<Blob, JsValue> {
    let properties = BlobPropertyBag::new();
    properties.set_type(kind);
    Blob::new_with_str_sequence_and_options(&js_sys::Array::of1(&content.into()), &properties)
}

fn save(name: &str, kind: &str, content: &str) -> Result<(), JsValue> {
    save_blob(name, &blob(content, kind)?)
}

/// Offers a file.
pub(super) fn save_blob(name: &str, blob: &Blob) -> Result<(), JsValue> {
    let document = web_sys::window().and_then(|w| w.document()).ok_or("no document")?;
    let url = Url::create_object_url_with_blob(blob)?;
    let anchor: HtmlAnchorElement = document.create_element("a")?.dyn_into()?;
    anchor.set_href(&url);
    anchor.set_download(name);
    anchor.click();
    // The browser may take its time to begin the download.
    crate::driver::after(60_000, move || drop(Url::revoke_object_url(&url)));
    Ok(())
}
