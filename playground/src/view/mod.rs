//! The page as function components. They read the page's state and call its actions; none of them knows the engine.

mod card;
mod charts;
mod compare;
mod drawings;
mod fields;
mod gauges;
mod icons;
mod inspector;
mod links;
mod palette;
mod panels;
mod scrubber;
mod sheet;
mod stage;
mod timetools;
mod toolbar;

use crate::page::{PageRef, Topic, use_topic};
use wasm_bindgen::prelude::*;
use web_sys::{DragEvent, Element, KeyboardEvent};
use yew::prelude::*;

/// The page is all that most components need.
#[derive(Clone, PartialEq, Properties)]
pub struct PageProps {
    /// The page.
    pub page: PageRef,
}

/// Everything.
#[component]
pub fn App(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_effect_with(page.clone(), |page| {
        crate::paint::start(page.0.clone());
        crate::page::hooks::install(page);
        page.fit();
        keyboard(page);
        watch_surroundings(page);
    });
    let over = use_state(|| false);
    let ondragover = {
        let over = over.clone();
        Callback::from(move |event: DragEvent| {
            event.prevent_default();
            over.set(true);
        })
    };
    let ondragleave = {
        let over = over.clone();
        Callback::from(move |event: DragEvent| over.set(event.related_target().is_some()))
    };
    let ondrop = {
        let (over, page) = (over.clone(), page.clone());
        Callback::from(move |event: DragEvent| {
            event.prevent_default();
            over.set(false);
            if let Some(file) = event.data_transfer().and_then(|d| d.files()).and_then(|files| files.get(0)) {
                page.open_file(file);
            }
        })
    };
    if sheet::is_asked_for() {
        return html! { <sheet::Sheet /> };
    }
    html! {
        <div class={classes!("app", over.then_some("dropping"))} {ondragover} {ondragleave} {ondrop}>
            <toolbar::Toolbar page={page.clone()} />
            <palette::Side page={page.clone()} />
            <p class="small-screen">{ "On a small screen: to watch and to run. Adding and connecting want a larger one; parameters are below." }</p>
            <main class="centre" aria-label="Canvas">
                <stage::Stage page={page.clone()} />
                <compare::Rival page={page.clone()} />
            </main>
            <scrubber::Scrubber page={page.clone()} />
            <charts::Charts page={page.clone()} />
            <inspector::Inspector page={page.clone()} />
            <panels::Ticker page={page.clone()} />
            <panels::ProblemPanel page={page.clone()} />
            <div id="ghost" class="ghost" aria-hidden="true"></div>
            if *over {
                <div class="drop-hint">{ "Drop a scenario file to open it" }</div>
            }
        </div>
    }
}

/// Whether a key press belongs to a field or a button rather than to the page.
fn is_typing(event: &KeyboardEvent) -> bool {
    let tag = event.target().and_then(|t| t.dyn_into::<Element>().ok()).map(|e| e.tag_name());
    tag.is_some_and(|t| matches!(t.as_str(), "INPUT" | "SELECT" | "TEXTAREA"))
}

fn keyboard(page: &PageRef) {
    let Some(window) = web_sys::window() else { return };
    let page = page.clone();
    let on_key = Closure::<dyn Fn(KeyboardEvent)>::new(move |event: KeyboardEvent| {
        // Whoever has focus comes first: arrows move a card, or lead along its links.
        if event.default_prevented() || is_typing(&event) {
            return;
        }
        let command = event.ctrl_key() || event.meta_key();
        let on_button = event
            .target()
            .and_then(|t| t.dyn_into::<Element>().ok())
            .is_some_and(|e| e.tag_name() == "BUTTON" || e.get_attribute("role").as_deref() == Some("button"));
        match (event.key().as_str(), command, event.shift_key()) {
            ("z", true, false) => page.undo(),
            ("z" | "Z", true, true) | ("y", true, false) => page.redo(),
            ("s", true, false) => page.save_scenario(),
            ("Delete" | "Backspace", false, _) => page.delete_selected(),
            ("Escape", false, _) => {
                page.connecting.replace(None);
                page.problems.replace(None);
                page.notice.replace(None);
                page.select(None);
            }
            (" ", false, _) if !on_button => page.set_running(!page.live.borrow().last.running),
            ("." | "ArrowRight", false, false) => page.send(crate::wire::Command::Step),
            ("," | "ArrowLeft", false, false) => page.send(crate::wire::Command::Back),
            ("ArrowRight", false, true) => page.seek_by(1.0),
            ("ArrowLeft", false, true) => page.seek_by(-1.0),
            ("f", false, false) => page.fit(),
            ("+" | "=", false, _) => page.zoom(1.2),
            ("-", false, _) => page.zoom(1.0 / 1.2),
            _ => return,
        }
        event.prevent_default();
    });
    // Fails only without a window.
    let _ = window.add_event_listener_with_callback("keydown", on_key.as_ref().unchecked_ref());
    on_key.forget();
}

/// Colours may change with the system's theme, and the canvas with the window.
fn watch_surroundings(page: &PageRef) {
    let Some(window) = web_sys::window() else { return };
    let watched = page.clone();
    let changed = Closure::<dyn Fn()>::new(move || {
        watched.theme_changed.set(true);
        watched.chart_dirty.set(true);
    });
    for query in ["(prefers-color-scheme: dark)", "(prefers-reduced-motion: reduce)"] {
        if let Ok(Some(query)) = window.match_media(query) {
            query.set_onchange(Some(changed.as_ref().unchecked_ref()));
        }
    }
    changed.forget();
    let page = page.clone();
    let resized = Closure::<dyn Fn()>::new(move || {
        page.fit();
        page.chart_dirty.set(true);
    });
    let _ = window.add_event_listener_with_callback("resize", resized.as_ref().unchecked_ref());
    resized.forget();
}

/// The state of the run that changes what buttons say: whether it runs.
#[hook]
fn use_running(page: &PageRef) -> bool {
    use_topic(page, Topic::Pulse);
    page.live.borrow().last.running
}
