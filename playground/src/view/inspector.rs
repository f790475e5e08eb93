//! The right side: everything about what is selected, made from the catalogue.

use super::node_panel::NodePanel;
use super::scenario_panel::{GroupPanel, LinkPanel, ManyPanel, ScenarioPanel};
use super::{PageProps, icons};
use crate::editor::Target;
use crate::page::{PageRef, Selection, Topic, use_topic};
use std::rc::Rc;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// See the module.
#[component]
pub fn Inspector(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Edit);
    let outline = page.outline.borrow().clone();
    let selected = page.selected.borrow().clone();
    let content = match selected.one() {
        Some(Selection::Node(id)) => outline.node(id).map(|node| {
            html! { <NodePanel key={id.clone()} page={page.clone()} node={Rc::new(node.clone())} /> }
        }),
        Some(Selection::Link(from, port, to)) => outline.link(from, *port, to).map(|link| {
            html! { <LinkPanel key={format!("{from}.{port}>{to}")} page={page.clone()} link={Rc::new(link.clone())} /> }
        }),
        Some(Selection::Group(id)) => outline.group(id).map(|group| {
            html! { <GroupPanel key={format!("group {id}")} page={page.clone()} group={Rc::new(group.clone())} /> }
        }),
        None if selected.is_empty() => Some(html! { <ScenarioPanel page={page.clone()} /> }),
        None => Some(html! { <ManyPanel page={page.clone()} /> }),
    };
    html! { <aside class="inspector" aria-label="Inspector"><super::lesson::Notes page={page.clone()} />{ content.unwrap_or_default() }</aside> }
}

/// Properties of [`DeleteButton`].
#[derive(PartialEq, Properties)]
pub struct DeleteProps {
    /// The page.
    pub page: PageRef,
    /// What it deletes.
    pub what: AttrValue,
}

/// Deletes what is selected.
#[component]
pub fn DeleteButton(props: &DeleteProps) -> Html {
    let page = props.page.clone();
    let onclick = Callback::from(move |_: MouseEvent| page.delete_selected());
    html! {
        <button type="button" class="action danger" title="Delete" {onclick}>{ icons::bin() }{ format!("Delete {}", props.what) }</button>
    }
}

/// Properties of [`Title`].
#[derive(PartialEq, Properties)]
pub struct TitleProps {
    /// The page.
    pub page: PageRef,
    /// Whose.
    pub target: Target,
    /// As it is.
    pub value: String,
    /// What stands before it.
    pub icon: Html,
}

/// The title of a node or group, as a field.
#[component]
pub fn Title(props: &TitleProps) -> Html {
    let problem = use_state(|| None::<String>);
    let onchange = {
        let (page, target, problem) = (props.page.clone(), props.target.clone(), problem.clone());
        Callback::from(move |event: Event| {
            let title = event.target_unchecked_into::<HtmlInputElement>().value();
            let value = toml_edit::Value::from(title.trim()).to_string().trim().to_owned();
            let value = (!title.trim().is_empty()).then_some(value);
            problem.set(page.set(&target, "title", value).err());
        })
    };
    html! {
        <>
            <div class="inspector-head">
                <span class="glyph">{ props.icon.clone() }</span>
                <input class="title" aria-label="Title" value={props.value.clone()} {onchange} spellcheck="false" autocomplete="off" />
            </div>
            if let Some(problem) = &*problem {
                <p class="problem" role="alert">{ problem.clone() }</p>
            }
        </>
    }
}
