//! What stands above the scrubber: a flood from all sources, and another run beside this one.

use super::PageProps;
use crate::gallery::GALLERY;
use crate::page::{PageRef, Topic, use_topic};
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// See the module.
#[component]
pub fn TimeTools(props: &PageProps) -> Html {
    let page = props.page.clone();
    html! {
        <div class="time-tools">
            <Flood page={page.clone()} />
            <Groups page={page.clone()} />
            <Compare {page} />
        </div>
    }
}

#[component]
fn Flood(props: &PageProps) -> Html {
    let page = props.page.clone();
    let factor = use_state(|| "10".to_owned());
    let length = use_state(|| "5s".to_owned());
    let typed = |field: &UseStateHandle<String>| {
        let field = field.clone();
        Callback::from(move |event: InputEvent| field.set(event.target_unchecked_into::<HtmlInputElement>().value()))
    };
    let onclick = {
        let (page, factor, length) = (page.clone(), factor.clone(), length.clone());
        Callback::from(move |_: MouseEvent| match factor.trim().parse::<f64>() {
            Ok(times) if times.is_finite() && times > 0.0 => page.flood(&page.sources(), times, &length),
            _ => page.say("How many times the load: a number above 0, such as 10.", true),
        })
    };
    html! {
        <div class="group" role="group" aria-label="Flood">
            <button type="button" class="action small" {onclick} title="So many times the load from every source, for a while; undo ends it">{ "Flood" }</button>
            <label class="quiet">{ "×" }<input aria-label="Flood factor" inputmode="decimal" value={(*factor).clone()} oninput={typed(&factor)} /></label>
            <label class="quiet">{ "for" }<input aria-label="Flood length" value={(*length).clone()} oninput={typed(&length)} spellcheck="false" /></label>
        </div>
    }
}

/// Faults of whole groups, where the scenario has groups.
#[component]
fn Groups(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Edit);
    let list = page.group_faults();
    if list.is_empty() {
        return html! {};
    }
    let onchange = {
        let page = page.clone();
        Callback::from(move |event: Event| {
            let select: HtmlSelectElement = event.target_unchecked_into();
            let chosen = usize::try_from(select.selected_index() - 1).ok();
            select.set_selected_index(0);
            if let Some((group, fault, nodes)) = chosen.and_then(|i| page.group_faults().into_iter().nth(i)) {
                page.break_group(&group, fault, &nodes);
            }
        })
    };
    html! {
        <label class="select" title="The fault of every node of a group that knows it; undo takes it back">
            <select aria-label="Break a group" {onchange}>
                <option selected=true>{ "Break a group …" }</option>
                { for list.iter().map(|(group, fault, nodes)| html! {
                    <option>{ format!("{fault} {group} ({} nodes)", nodes.len()) }</option>
                }) }
            </select>
        </label>
    }
}

/// What another run beside this one may be of.
fn rivals(page: &PageRef) -> Vec<(String, String, Option<String>)> {
    let text = page.editor.borrow().text().to_owned();
    let before = page.run_text.borrow().clone();
    let mut list = Vec::new();
    for name in crate::sim::engine::variants(&text) {
        list.push((format!("Variant: {name}"), text.clone(), Some(name)));
    }
    if before != text {
        list.push(("As it was before my edits".to_owned(), before, None));
    }
    list.push(("The same, as it is now".to_owned(), text, None));
    for exhibit in GALLERY {
        list.push((format!("Gallery: {}", exhibit.tag), exhibit.text.to_owned(), None));
    }
    list
}

#[component]
fn Compare(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Edit);
    let comparing = page.time.rival.borrow().is_some();
    let list = rivals(&page);
    let onchange = {
        let page = page.clone();
        Callback::from(move |event: Event| {
            let select: HtmlSelectElement = event.target_unchecked_into();
            let chosen = select.selected_index() - 1;
            select.set_selected_index(0);
            if let Some((name, text, variant)) =
                usize::try_from(chosen).ok().and_then(|i| rivals(&page).into_iter().nth(i))
            {
                page.compare_with(&name, &text, variant);
            }
        })
    };
    let end = {
        let page = page.clone();
        Callback::from(move |_: MouseEvent| page.compare_no_more())
    };
    html! {
        <div class="group" role="group" aria-label="Comparison">
            <label class="select" title="The same seed, the same clock, the same requests: only the scenario differs">
                <span class="quiet">{ "A/B" }</span>
                <select aria-label="Compare with" {onchange}>
                    <option selected=true>{ "Compare with …" }</option>
                    { for list.iter().map(|(name, _, _)| html! { <option>{ name.clone() }</option> }) }
                </select>
            </label>
            if comparing {
                <button type="button" class="action small" onclick={end}>{ "End comparison" }</button>
            }
        </div>
    }
}
