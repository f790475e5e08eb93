//! Groups as frames behind their nodes; the heading is what a frame is taken by.

use crate::editor::{Outline, Selected, Selection};
use crate::geometry::{Places, frame};
use crate::page::PageRef;
use crate::page::viewport::by_id;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;
use yew::prelude::*;

/// Properties of [`Frames`].
#[derive(PartialEq, Properties)]
pub struct FramesProps {
    /// The page.
    pub page: PageRef,
    /// What stands in the text.
    pub outline: Rc<Outline>,
    /// Where the nodes are.
    pub places: Rc<Places>,
    /// What is selected.
    pub selected: Selected,
}

/// See the module.
#[component]
pub fn Frames(props: &FramesProps) -> Html {
    let FramesProps { page, outline, places, selected } = props;
    html! {
        <>
            { for outline.groups.iter().filter_map(|group| {
                let style = style(frame(outline, places, &group.id)?);
                let chosen = selected.has(&Selection::Group(group.id.clone()));
                let onclick = {
                    let (page, id) = (page.clone(), group.id.clone());
                    Callback::from(move |event: MouseEvent| {
                        // A pointer's click has been handled by the stage; this is the keyboard's.
                        if event.detail() == 0 {
                            page.select(Some(Selection::Group(id.clone())));
                        }
                    })
                };
                Some(html! {
                    <div key={group.id.clone()} id={format!("g:{}", group.id)} class={classes!("frame-box", group.kind.clone(), chosen.then_some("selected"))} {style}>
                        <button type="button" class="frame-head" data-frame={group.id.clone()} {onclick}
                                aria-label={format!("{}, {}", group.title, group.kind)} title="Drag to move its nodes">
                            <b>{ group.title.clone() }</b><small>{ group.kind.clone() }</small>
                        </button>
                    </div>
                })
            }) }
        </>
    }
}

fn style((left, top, right, bottom): (f64, f64, f64, f64)) -> String {
    format!("transform:translate({left}px,{top}px);width:{}px;height:{}px", right - left, bottom - top)
}

/// Frames go with the nodes that are dragged.
pub fn follow(page: &PageRef) {
    let outline = page.outline.borrow().clone();
    for group in &outline.groups {
        let element = by_id(&format!("g:{}", group.id)).and_then(|e| e.dyn_into::<HtmlElement>().ok());
        if let (Some(element), Some(around)) = (element, page.frame_of(&group.id)) {
            // An attribute of an element that exists can be set.
            let _ = element.set_attribute("style", &style(around));
        }
    }
}
