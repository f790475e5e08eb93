//! What stands below the canvas: charts, all nodes in numbers, or one request; one at a time, below the canvas or in its place.

use super::PageProps;
use crate::page::seeing::Tab;
use crate::page::viewport::focus_soon;
use crate::page::{PageRef, Topic, use_topic};
use web_sys::{KeyboardEvent, MouseEvent};
use yew::prelude::*;

/// See the module.
#[component]
pub fn Below(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Edit);
    let (tab, wide) = (page.seeing.tab.get(), page.seeing.wide.get());
    let widen = {
        let page = page.clone();
        Callback::from(move |_: MouseEvent| page.widen(!page.seeing.wide.get()))
    };
    let onkeydown = {
        let page = page.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" && page.seeing.wide.get() && page.seeing.hover.get().is_none() {
                event.stop_propagation();
                page.widen(false);
            }
        })
    };
    let (word, what) = match wide {
        true => ("Smaller", "Back below the canvas (Escape)"),
        false => ("Larger", "In the place of the canvas"),
    };
    html! {
        <section class={classes!("below", wide.then_some("wide"))} aria-label="The run in numbers" {onkeydown}>
            <div class="tabs">
                <div role="tablist" aria-label="What is shown">
                    { for Tab::ALL.iter().map(|one| tab_button(&page, *one, tab)) }
                </div>
                <button type="button" class="toggle widen" aria-pressed={wide.to_string()} onclick={widen} title={what}>{ word }</button>
            </div>
            <div class="tab-panel" role="tabpanel" id="tab-panel" aria-labelledby={format!("tab-{}", tab.key())}>
                { match tab {
                    Tab::Charts => html! { <super::charts::Charts page={page.clone()} /> },
                    Tab::Nodes => html! { <super::table::Nodes page={page.clone()} /> },
                    Tab::Requests => html! { <super::journeys::Journeys page={page.clone()} /> },
                } }
            </div>
        </section>
    }
}

fn tab_button(page: &PageRef, one: Tab, current: Tab) -> Html {
    let selected = one == current;
    let onclick = {
        let page = page.clone();
        Callback::from(move |_: MouseEvent| page.show_tab(one))
    };
    let onkeydown = {
        let page = page.clone();
        Callback::from(move |event: KeyboardEvent| {
            let place = Tab::ALL.iter().position(|t| *t == one).unwrap_or(0);
            let count = Tab::ALL.len();
            let next = match event.key().as_str() {
                "ArrowDown" | "ArrowRight" => (place + 1) % count,
                "ArrowUp" | "ArrowLeft" => (place + count - 1) % count,
                "Home" => 0,
                "End" => count - 1,
                _ => return,
            };
            event.prevent_default();
            // Here arrows go from tab to tab, and step nothing.
            event.stop_propagation();
            page.show_tab(Tab::ALL[next]);
            focus_soon(&format!("#tab-{}", Tab::ALL[next].key()));
        })
    };
    html! {
        <button type="button" role="tab" id={format!("tab-{}", one.key())} class="tab" aria-selected={selected.to_string()}
                aria-controls="tab-panel" tabindex={if selected { "0" } else { "-1" }} {onclick} {onkeydown}>
            { one.title() }
        </button>
    }
}
