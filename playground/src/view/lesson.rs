//! Lesson steps and notes of a scenario, beside the stage. They are text: nothing in them is markup.

use super::PageProps;
use crate::editor::outline::LessonSketch;
use crate::page::viewport::by_id;
use crate::page::{PageRef, Topic, use_topic};
use yew::prelude::*;

/// See the module. With something selected, its panel has the room, and the notes are a line that opens.
#[component]
pub fn Notes(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Edit);
    let outline = page.outline.borrow().clone();
    if outline.lessons.is_empty() {
        return html! {};
    }
    let open = page.selected.borrow().is_empty();
    html! {
        <details class="lesson" {open}>
            <summary>{ format!("Notes: {}", outline.lessons.len()) }</summary>
            <ol>
                { for outline.lessons.iter().enumerate().map(|(index, _)| html! { <Step key={index} page={page.clone()} {index} /> }) }
            </ol>
        </details>
    }
}

#[derive(PartialEq, Properties)]
struct StepProps {
    page: PageRef,
    index: usize,
}

/// The step that is about now: the last one whose time has come.
fn current(lessons: &[LessonSketch], now_s: f64) -> Option<usize> {
    lessons.iter().rposition(|step| step.at_s.is_some_and(|at| at <= now_s))
}

/// Marks nodes on the stage.
fn light(nodes: &[String], on: bool) {
    for element in nodes.iter().filter_map(|id| by_id(&format!("n:{id}"))) {
        // A class of an element that exists can be set.
        let _ = element.class_list().toggle_with_force("lit", on);
    }
}

#[component]
fn Step(props: &StepProps) -> Html {
    let StepProps { page, index } = props;
    use_topic(page, Topic::Pulse);
    let outline = page.outline.borrow().clone();
    let Some(step) = outline.lessons.get(*index) else { return html! {} };
    let now_s = page.live.borrow().last.now_ns as f64 / 1e9;
    let is_current = current(&outline.lessons, now_s) == Some(*index);
    let lit = |on: bool| {
        let nodes = step.nodes.clone();
        move || light(&nodes, on)
    };
    let (enter, leave, focus, blur) = (lit(true), lit(false), lit(true), lit(false));
    let go = step.at_s.map(|at| {
        let page = page.clone();
        let onclick = Callback::from(move |_: MouseEvent| page.seek(at));
        html! { <button type="button" class="when" {onclick} title="Go to this time">{ format!("{at} s") }</button> }
    });
    html! {
        <li class={classes!(is_current.then_some("current"))} aria-current={is_current.then_some("step")}
            onmouseenter={move |_: MouseEvent| enter()} onmouseleave={move |_: MouseEvent| leave()}
            onfocusin={move |_: FocusEvent| focus()} onfocusout={move |_: FocusEvent| blur()}>
            if !step.title.is_empty() || go.is_some() {
                <div class="lesson-head"><b>{ step.title.clone() }</b>{ go.unwrap_or_default() }</div>
            }
            <p>{ step.text.trim().to_owned() }</p>
        </li>
    }
}
