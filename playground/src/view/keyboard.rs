//! Keys and the clipboard. Which key does what stands in `editor::keys`; what it does, here.

use super::gestures::{begin_connection, end_wire, open_menu, press_node};
use crate::editor::Selected;
use crate::editor::keys::{self, Do};
use crate::page::viewport::{by_id, focus_soon};
use crate::page::{PageRef, Selection, Topic};
use crate::wire::Command;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{ClipboardEvent, Document, Element, KeyboardEvent};

/// The element that an event is about.
fn element(event: &web_sys::Event) -> Option<Element> {
    event.target().and_then(|t| t.dyn_into::<Element>().ok())
}

/// Whether what is typed belongs to a field, or to a window over the page, rather than to the page.
fn is_field(element: &Element) -> bool {
    matches!(element.tag_name().as_str(), "INPUT" | "SELECT" | "TEXTAREA")
        || element.closest("dialog").is_ok_and(|dialog| dialog.is_some())
}

/// Listens for keys and for the clipboard as long as the page lives.
pub fn listen(page: &PageRef) {
    let Some(document) = web_sys::window().and_then(|w| w.document()) else { return };
    on(&document, "keydown", page, |page, event: KeyboardEvent| pressed(page, &event));
    on(&document, "copy", page, |page, event: ClipboardEvent| copied(page, &event, false));
    on(&document, "cut", page, |page, event: ClipboardEvent| copied(page, &event, true));
    on(&document, "paste", page, |page, event: ClipboardEvent| pasted(page, &event));
}

fn on<E: JsCast + wasm_bindgen::convert::FromWasmAbi + 'static>(
    document: &Document,
    name: &str,
    page: &PageRef,
    act: fn(&PageRef, E),
) {
    let page = page.clone();
    let closure = Closure::<dyn Fn(E)>::new(move |event: E| act(&page, event));
    // Fails only without a document.
    let _ = document.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
    closure.forget();
}

fn pressed(page: &PageRef, event: &KeyboardEvent) {
    // Whoever has focus comes first: the scrubber has arrows of its own.
    let target = element(event);
    if event.default_prevented() || event.is_composing() || event.alt_key() || target.as_ref().is_some_and(is_field) {
        return;
    }
    let (key, ctrl) = (event.key(), event.ctrl_key() || event.meta_key());
    if page.editing.letters_off.get() && keys::is_single(&key, ctrl) {
        return;
    }
    let node = target.as_ref().and_then(|t| t.get_attribute("data-node"));
    let on_button = target.as_ref().is_some_and(|t| matches!(t.tag_name().as_str(), "BUTTON" | "SUMMARY" | "A"));
    if on_button && node.is_none() && matches!(key.as_str(), "Enter" | " ") {
        return;
    }
    let Some(what) = keys::lookup(&key, ctrl, event.shift_key(), node.is_some()).filter(|w| *w != Do::Browser) else {
        return;
    };
    event.prevent_default();
    perform(page, what, node.as_deref());
}

/// Does what a key or an entry of the menu stands for; `node` has the focus.
pub fn perform(page: &PageRef, what: Do, node: Option<&str>) {
    match what {
        Do::RunOrPause => page.set_running(!page.live.borrow().last.running),
        Do::Step => page.send(Command::Step),
        Do::StepBack => page.send(Command::Back),
        Do::Seek(seconds) => page.seek_by(f64::from(seconds)),
        Do::Undo => page.undo(),
        Do::Redo => page.redo(),
        Do::Save => page.save_scenario(),
        Do::SelectAll => {
            let ids: Vec<String> = page.outline.borrow().nodes.iter().map(|n| n.id.clone()).collect();
            page.select_all_of(Selected::nodes_of(ids));
        }
        Do::Escape => escape(page),
        Do::Delete => page.delete_selected(),
        Do::Duplicate => page.duplicate(),
        Do::Group => page.group_selected(),
        Do::Ungroup => page.ungroup_selected(),
        Do::Fit => page.fit(),
        Do::ZoomIn => page.zoom(1.2),
        Do::ZoomOut => page.zoom(1.0 / 1.2),
        Do::Layout => page.auto_layout(),
        Do::Search => focus_soon("#palette-search"),
        Do::Help => {
            page.editing.help.set(true);
            page.tell(Topic::Edit);
        }
        Do::Browser => {}
        Do::Nudge(..) | Do::Walk(..) | Do::Choose | Do::ChooseAsWell | Do::Connect | Do::Inspect | Do::Menu => {
            if let Some(id) = node {
                on_node(page, what, id);
            }
        }
    }
}

fn on_node(page: &PageRef, what: Do, id: &str) {
    match what {
        Do::Nudge(columns, rows) => {
            if !page.selected.borrow().has_node(id) {
                page.select(Some(Selection::Node(id.to_owned())));
            }
            page.nudge(columns, rows);
        }
        Do::Walk(columns, rows) => walk(page, id, columns, rows),
        Do::Choose => press_node(page, id),
        Do::ChooseAsWell => page.select_as_well(Selection::Node(id.to_owned())),
        Do::Connect => {
            let sends = page.outline.borrow().node(id).is_some_and(|n| !n.ports().is_empty());
            if sends {
                begin_connection(page, id, 0);
            } else {
                page.say("It sends no calls.", true);
            }
        }
        Do::Inspect => {
            page.select(Some(Selection::Node(id.to_owned())));
            focus_soon(".inspector .field input, .inspector .field select");
        }
        Do::Menu => {
            let at = by_id(&format!("n:{id}")).map(|e| e.get_bounding_client_rect());
            let at = at.map_or((0.0, 0.0), |r| (r.left() + 24.0, r.top() + 24.0));
            open_menu(page, Some(Selection::Node(id.to_owned())), at);
        }
        _ => {}
    }
}

/// The focus goes along a link, or to the next node; while a connection is being made nothing is selected by it.
fn walk(page: &PageRef, id: &str, columns: i8, rows: i8) {
    let outline = page.outline.borrow().clone();
    let to = match (columns, rows) {
        (1, _) => outline.links.iter().find(|l| l.from == id).map(|l| l.to.clone()),
        (-1, _) => outline.links.iter().find(|l| l.to == id).map(|l| l.from.clone()),
        _ => {
            let here = outline.nodes.iter().position(|n| n.id == id).unwrap_or(0);
            let next = if rows > 0 { here + 1 } else { here + outline.nodes.len().saturating_sub(1) };
            outline.nodes.get(next % outline.nodes.len().max(1)).map(|n| n.id.clone())
        }
    };
    let Some(to) = to else { return };
    focus_soon(&format!("[data-node='{to}']"));
    if page.connecting.borrow().is_none() {
        page.select(Some(Selection::Node(to)));
    }
}

/// Leaves the innermost thing that was begun; when there is none, nothing is selected any more.
fn escape(page: &PageRef) {
    let begun = page.connecting.take().is_some() | page.editing.placing.take().is_some();
    end_wire(page);
    super::gestures::mark_link(None);
    super::palette::ghost(None);
    // A notice goes by itself; it stands in nobody's way.
    page.notice.replace(None);
    let told = page.problems.take().is_some();
    if begun || told {
        page.tell(Topic::Edit);
    } else {
        page.select(None);
    }
}

/// Whether copying is about the canvas: no field has the focus, and no text is marked.
fn is_about_canvas(event: &ClipboardEvent) -> bool {
    let marked = web_sys::window().and_then(|w| w.get_selection().ok().flatten()).is_some_and(|s| !s.is_collapsed());
    !marked && !element(event).is_some_and(|e| is_field(&e))
}

fn copied(page: &PageRef, event: &ClipboardEvent, cut: bool) {
    let text = page.copied().filter(|_| is_about_canvas(event));
    let (Some(text), Some(data)) = (text, event.clipboard_data()) else { return };
    if data.set_data("text/plain", &text).is_ok() {
        event.prevent_default();
        if cut {
            page.delete_selected();
        } else {
            page.say("Copied as scenario text: paste it here, in another tab, or into an editor.", false);
        }
    }
}

fn pasted(page: &PageRef, event: &ClipboardEvent) {
    if element(event).is_some_and(|e| is_field(&e)) {
        return;
    }
    let text = event.clipboard_data().and_then(|data| data.get_data("text/plain").ok()).unwrap_or_default();
    if !text.trim().is_empty() {
        event.prevent_default();
        page.paste(&text);
    }
}

/// Copies by a button: the browser is asked, which may refuse.
pub fn copy(page: &PageRef) {
    let (page, text) = (page.clone(), page.copied());
    let Some(text) = text else { return };
    spawn_local(async move {
        match clipboard("writeText", Some(&text)).await {
            Some(_) => page.say("Copied as scenario text.", false),
            None => page.say("The browser does not let this page write to the clipboard; Ctrl+C does.", true),
        }
    });
}

/// Pastes by a button: the browser is asked, which may refuse.
pub fn paste(page: &PageRef) {
    let page = page.clone();
    spawn_local(async move {
        match clipboard("readText", None).await.and_then(|text| text.as_string()) {
            Some(text) => page.paste(&text),
            None => page.say("The browser does not let this page read the clipboard; Ctrl+V does.", true),
        }
    });
}

async fn clipboard(method: &str, text: Option<&str>) -> Option<JsValue> {
    let navigator = web_sys::window()?.navigator();
    let clipboard = js_sys::Reflect::get(&navigator, &"clipboard".into()).ok().filter(|c| c.is_object())?;
    let function: js_sys::Function = js_sys::Reflect::get(&clipboard, &method.into()).ok()?.dyn_into().ok()?;
    let promise = match text {
        Some(text) => function.call1(&clipboard, &text.into()),
        None => function.call0(&clipboard),
    };
    JsFuture::from(promise.ok()?.dyn_into::<js_sys::Promise>().ok()?).await.ok()
}
