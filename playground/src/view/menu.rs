//! What can be done to what is selected, as a menu at the pointer.

use super::PageProps;
use super::keyboard::perform;
use crate::editor::Selection;
use crate::editor::arrange::Arrange;
use crate::editor::keys::{Do, shortcut};
use crate::page::viewport::focus_soon;
use crate::page::{PageRef, Topic, use_topic};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent, NodeList};
use yew::prelude::*;

/// Its size at most, so that it stays in the window.
const SIZE: (f64, f64) = (250.0, 440.0);

/// An entry.
#[derive(Clone, Copy, PartialEq)]
enum Entry {
    Do(Do, &'static str),
    Arrange(Arrange),
    Copy,
    Paste,
}

fn entries(page: &PageRef) -> Vec<Entry> {
    let selected = page.selected.borrow();
    let nodes = page.meant_nodes().len();
    let has_group = selected.iter().any(|s| matches!(s, Selection::Group(_)))
        || selected.nodes().any(|id| page.outline.borrow().node(id).is_some_and(|n| n.group.is_some()));
    let mut list = Vec::new();
    if selected.nodes().count() == 1 && nodes == 1 {
        list.push(Entry::Do(Do::Connect, "Connect to …"));
    }
    if nodes > 0 {
        list.extend([Entry::Copy, Entry::Do(Do::Duplicate, "Duplicate")]);
    }
    list.push(Entry::Paste);
    if nodes > 0 {
        list.push(Entry::Do(Do::Group, "Put into a new group"));
    }
    if has_group {
        list.push(Entry::Do(Do::Ungroup, "Dissolve the group"));
    }
    list.extend(Arrange::ALL.into_iter().filter(|how| nodes >= how.at_least()).map(Entry::Arrange));
    list.push(Entry::Do(Do::Layout, if nodes > 0 { "Lay out these" } else { "Lay out what has no place" }));
    if selected.is_empty() {
        list.extend([Entry::Do(Do::SelectAll, "Select all"), Entry::Do(Do::Fit, "Fit view")]);
    } else {
        list.push(Entry::Do(Do::Delete, "Delete"));
    }
    list
}

/// Closes it, and gives the focus back to what it was about.
fn close(page: &PageRef) {
    page.editing.menu.set(None);
    let node = page.selected.borrow().nodes().next().map(str::to_owned);
    if let Some(id) = node {
        focus_soon(&format!("[data-node='{id}']"));
    }
    page.tell(Topic::Edit);
}

fn act(page: &PageRef, entry: Entry) {
    close(page);
    match entry {
        Entry::Do(Do::Connect, _) => {
            let node = page.selected.borrow().nodes().next().map(str::to_owned);
            perform(page, Do::Connect, node.as_deref());
        }
        Entry::Do(what, _) => perform(page, what, None),
        Entry::Arrange(how) => page.arrange(how),
        Entry::Copy => super::keyboard::copy(page),
        Entry::Paste => super::keyboard::paste(page),
    }
}

/// See the module.
#[component]
pub fn Menu(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Edit);
    let at = page.editing.menu.get();
    use_effect_with(at, |at| {
        if at.is_some() {
            focus_soon(".menu button");
        }
    });
    let Some((x, y)) = at else { return html! {} };
    let window = web_sys::window();
    let inner = |size: Option<f64>, of: f64| (size.unwrap_or(1e4) - of).max(0.0);
    let width = window.as_ref().and_then(|w| w.inner_width().ok()).and_then(|v| v.as_f64());
    let height = window.as_ref().and_then(|w| w.inner_height().ok()).and_then(|v| v.as_f64());
    let style = format!("left:{}px;top:{}px", x.min(inner(width, SIZE.0)), y.min(inner(height, SIZE.1)));
    let onkeydown = {
        let page = page.clone();
        Callback::from(move |event: KeyboardEvent| keys(&page, &event))
    };
    let outside = {
        let page = page.clone();
        Callback::from(move |event: PointerEvent| {
            event.prevent_default();
            close(&page);
        })
    };
    html! {
        <>
            <div class="menu-outside" onpointerdown={outside}></div>
            <div class="menu" role="menu" aria-label="What can be done" {style} {onkeydown}>
                { for entries(&page).into_iter().map(|entry| {
                    let (title, keys) = match entry {
                        Entry::Do(what, title) => (title, shortcut(what)),
                        Entry::Arrange(how) => (how.title(), None),
                        Entry::Copy => ("Copy", Some("Ctrl+C".to_owned())),
                        Entry::Paste => ("Paste", Some("Ctrl+V".to_owned())),
                    };
                    let onclick = {
                        let page = page.clone();
                        Callback::from(move |_: MouseEvent| act(&page, entry))
                    };
                    html! {
                        <button type="button" role="menuitem" tabindex="-1" key={title} {onclick}>
                            <span>{ title }</span><kbd aria-hidden="true">{ keys.unwrap_or_default() }</kbd>
                        </button>
                    }
                }) }
            </div>
        </>
    }
}

fn keys(page: &PageRef, event: &KeyboardEvent) {
    let key = event.key();
    match key.as_str() {
        "Escape" | "Tab" => close(page),
        "ArrowDown" | "ArrowUp" | "Home" | "End" => step(&key),
        _ => return,
    }
    event.prevent_default();
    event.stop_propagation();
}

fn step(key: &str) {
    let Some(document) = web_sys::window().and_then(|w| w.document()) else { return };
    let Ok(items) = document.query_selector_all(".menu [role=menuitem]") else { return };
    let count = items.length();
    let item = |items: &NodeList, i: u32| items.item(i).and_then(|n| n.dyn_into::<HtmlElement>().ok());
    let active: Option<Element> = document.active_element();
    let here = (0..count).find(|i| item(&items, *i).map(Element::from) == active);
    let to = match (key, here) {
        ("Home", _) | ("ArrowDown", None) => 0,
        ("End", _) | ("ArrowUp", None) => count.saturating_sub(1),
        ("ArrowDown", Some(i)) => (i + 1) % count.max(1),
        (_, Some(i)) => (i + count.saturating_sub(1)) % count.max(1),
        _ => return,
    };
    if let Some(button) = item(&items, to) {
        // A button can take the focus.
        let _ = button.focus();
    }
}
