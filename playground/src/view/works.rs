//! What was worked on before: this browser keeps it, and nobody else has it.

use super::PageProps;
use crate::page::{Topic, use_topic};
use crate::shelf::{Work, ago};
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlElement};
use yew::prelude::*;

/// See the module. The storage is read when the list is opened, not whenever the page changes.
#[component]
pub fn Works(props: &PageProps) -> Html {
    use_topic(&props.page, Topic::Edit);
    let works = use_state(Vec::<Work>::new);
    let ontoggle = {
        let (page, works) = (props.page.clone(), works.clone());
        Callback::from(move |event: Event| {
            let open =
                event.target().and_then(|t| t.dyn_into::<HtmlElement>().ok()).is_some_and(|d| d.has_attribute("open"));
            works.set(if open { page.works() } else { Vec::new() });
        })
    };
    html! {
        <details class="works" {ontoggle}>
            <summary>{ "Your work" }</summary>
            if works.is_empty() {
                <p class="quiet">{ "Nothing is kept yet. What you change is kept in this browser as you go." }</p>
            }
            { for works.iter().map(|work| {
                let open = {
                    let (page, work) = (props.page.clone(), work.clone());
                    Callback::from(move |_: MouseEvent| { page.open_work(&work); })
                };
                let forget = {
                    let (page, works, id) = (props.page.clone(), works.clone(), work.id.clone());
                    Callback::from(move |_: MouseEvent| {
                        page.forget_work(&id);
                        works.set(page.works());
                    })
                };
                html! {
                    <div class="work" key={work.id.clone()}>
                        <button type="button" class="exhibit" onclick={open}>
                            <b>{ work.name.clone() }</b><small>{ ago(js_sys::Date::now() - work.saved_ms) }</small>
                        </button>
                        <button type="button" class="forget" aria-label={format!("Forget {}", work.name)} onclick={forget}>{ "✕" }</button>
                    </div>
                }
            }) }
        </details>
    }
}
