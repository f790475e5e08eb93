//! The page as function components. They read the page's state and call its actions; none of them knows the engine.

mod below;
mod card;
mod charts;
mod compare;
mod dialog;
mod drawings;
mod fields;
mod frames;
mod gallery;
mod gauges;
mod gestures;
mod hints;
mod icons;
mod inspector;
mod journeys;
mod keyboard;
mod keymap;
mod lesson;
mod links;
mod menu;
pub mod minimap;
mod node_panel;
mod palette;
mod panels;
mod scenario_panel;
mod scrubber;
mod sharing;
mod sheet;
mod stage;
mod table;
mod timetools;
mod toolbar;
mod works;

use crate::page::files::files_of;
use crate::page::{PageRef, Topic, use_topic};
use wasm_bindgen::prelude::*;
use web_sys::DragEvent;
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
        keyboard::listen(page);
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
            page.open_files(files_of(event.data_transfer().and_then(|d| d.files())));
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
            <below::Below page={page.clone()} />
            <inspector::Inspector page={page.clone()} />
            <panels::Ticker page={page.clone()} />
            <panels::ProblemPanel page={page.clone()} />
            <menu::Menu page={page.clone()} />
            <keymap::Keymap page={page.clone()} />
            <sharing::Windows page={page.clone()} />
            <div id="ghost" class="ghost" aria-hidden="true"></div>
            if *over {
                <div class="drop-hint">{ "Drop a scenario, or a control log of this one" }</div>
            }
        </div>
    }
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
