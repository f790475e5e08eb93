//! Chips below cards: what runs but is probably not meant, and what to do about it.

use crate::editor::{Outline, Selection};
use crate::geometry::{Places, Point, size};
use crate::page::viewport::by_id;
use crate::page::{PageRef, Topic, use_topic};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;
use yew::prelude::*;

/// Chips shown below one card; the inspector has all.
const SHOWN: usize = 2;

/// Properties of [`Hints`].
#[derive(PartialEq, Properties)]
pub struct HintsProps {
    /// The page.
    pub page: PageRef,
    /// What stands in the text.
    pub outline: Rc<Outline>,
    /// Where the nodes are.
    pub places: Rc<Places>,
}

/// See the module.
#[component]
pub fn Hints(props: &HintsProps) -> Html {
    let HintsProps { page, outline, places } = props;
    use_topic(page, Topic::Edit);
    let hints = page.editing.hints.borrow().clone();
    html! {
        <>
            { for outline.nodes.iter().filter_map(|node| {
                let mine: Vec<_> = hints.iter().filter(|h| h.node.as_deref() == Some(&node.id)).collect();
                if mine.is_empty() {
                    return None;
                }
                let below = places.of(node);
                let (width, height) = size(node);
                let place = format!("transform:translate({}px,{}px)", below.0, below.1);
                Some(html! {
                    <div key={node.id.clone()} id={format!("h:{}", node.id)} class="hint-place" style={place}>
                        <span class="hint-far" style={format!("top:{}px", height + 6.0)} aria-hidden="true">{ format!("⚠ {}", mine.len()) }</span>
                        <div class="hint-list" style={format!("top:{}px;width:{}px", height + 6.0, width.max(190.0))}>
                            { for mine.iter().take(SHOWN).enumerate().map(|(i, hint)| {
                                let onclick = {
                                    let (page, id) = (page.clone(), node.id.clone());
                                    Callback::from(move |_: MouseEvent| page.select(Some(Selection::Node(id.clone()))))
                                };
                                let more = if i + 1 == SHOWN && mine.len() > SHOWN { format!(" +{}", mine.len() - SHOWN) } else { String::new() };
                                let tip = format!("hint:{}:{i}", node.id);
                                html! {
                                    <div class="hint" key={i} data-overlay="">
                                        <button type="button" class="hint-chip" data-hint={node.id.clone()} aria-describedby={tip.clone()} {onclick}
                                                aria-label={format!("Hint for {}: {}{more}", node.title, hint.short)}>
                                            <span class="sign" aria-hidden="true">{ "⚠" }</span><b>{ format!("{}{more}", hint.short) }</b>
                                        </button>
                                        <div id={tip} class="hint-tip" role="tooltip">
                                            <p>{ hint.problem.message.clone() }</p>
                                            <p><b>{ "What to do: " }</b>{ hint.problem.remedy.clone() }</p>
                                        </div>
                                    </div>
                                }
                            }) }
                        </div>
                    </div>
                })
            }) }
        </>
    }
}

/// Chips go with their card while it is dragged.
pub fn follow(id: &str, at: Point) {
    if let Some(chips) = by_id(&format!("h:{id}")).and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
        // A style of an element that exists can be set.
        let _ = chips.style().set_property("transform", &format!("translate({}px,{}px)", at.0, at.1));
    }
}
