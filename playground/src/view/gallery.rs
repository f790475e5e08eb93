//! The scenarios that come with the page: a list at the side, and a window that shows what comes of each.

use super::PageProps;
use super::dialog::Window;
use super::works::Works;
use crate::editor::Outline;
use crate::gallery::{Exhibit, GALLERY, phenomena, templates};
use crate::page::{PageRef, Topic, use_topic};
use crate::thumbnail::{Curves, SIZE, curves, said, shape};
use floodgate::catalogue::Look;
use yew::prelude::*;

/// The list at the side.
#[component]
pub fn Side(props: &PageProps) -> Html {
    use_topic(&props.page, Topic::Edit);
    let now = props.page.outline.borrow().name.clone();
    let show = {
        let page = props.page.clone();
        Callback::from(move |_: MouseEvent| page.show_gallery())
    };
    let entry = |exhibit: &'static Exhibit| {
        let page = props.page.clone();
        let onclick = Callback::from(move |_: MouseEvent| page.open_exhibit(exhibit));
        let current = exhibit.name == now;
        html! {
            <button type="button" key={exhibit.file} class={classes!("exhibit", current.then_some("current"))}
                    aria-current={current.then_some("true")} data-scenario={exhibit.file} title={exhibit.description} {onclick}>
                <b>{ exhibit.tag }</b><small>{ exhibit.name }</small>
            </button>
        }
    };
    html! {
        <section aria-label="Scenarios">
            <h2>{ "Scenarios" }</h2>
            <button type="button" class="action gallery-open" onclick={show}>{ "Gallery" }</button>
            { for templates().into_iter().map(entry) }
            { for phenomena().into_iter().map(|(phenomenon, exhibits)| html! {
                <>
                    <h3>{ phenomenon }</h3>
                    { for exhibits.into_iter().map(entry) }
                </>
            }) }
            <Works page={props.page.clone()} />
        </section>
    }
}

/// Properties of [`Gallery`].
#[derive(PartialEq, Properties)]
pub struct GalleryProps {
    /// The page.
    pub page: PageRef,
    /// It has been closed.
    pub onclose: Callback<()>,
}

/// The window.
#[component]
pub fn Gallery(props: &GalleryProps) -> Html {
    let page = &props.page;
    let blank = {
        let page = page.clone();
        Callback::from(move |_: MouseEvent| page.open_blank())
    };
    let card = |exhibit: &'static Exhibit| {
        let index = GALLERY.iter().position(|e| e.file == exhibit.file).unwrap_or_default();
        html! { <Card key={exhibit.file} page={page.clone()} {index} /> }
    };
    html! {
        <Window title="Gallery" wide=true onclose={props.onclose.clone()}>
            <p class="quiet gallery-about">
                { "Each picture is a run of the scenario, made now by the same engine: " }
                <span class="g-goodput">{ "goodput" }</span>{ " as an area, " }<span class="g-offered">{ "offered load" }</span>
                { " as a line, which leaves the picture where it is far more than is served." }
            </p>
            <h3>{ "To begin with" }</h3>
            <div class="gallery">
                { for templates().into_iter().map(card) }
                <button type="button" class="gallery-card blank" onclick={blank}>
                    <span class="gallery-empty" aria-hidden="true">{ "+" }</span>
                    <b>{ "Empty canvas" }</b><span class="quiet">{ "Begin with nothing, and drag components onto it." }</span>
                </button>
            </div>
            { for phenomena().into_iter().map(|(phenomenon, exhibits)| html! {
                <>
                    <h3>{ phenomenon }</h3>
                    <div class="gallery">{ for exhibits.into_iter().map(card) }</div>
                </>
            }) }
        </Window>
    }
}

#[derive(PartialEq, Properties)]
struct CardProps {
    page: PageRef,
    /// Place in the gallery.
    index: usize,
}

#[component]
fn Card(props: &CardProps) -> Html {
    let CardProps { page, index } = props;
    let exhibit = &GALLERY[*index];
    let onclick = {
        let page = page.clone();
        Callback::from(move |_: MouseEvent| page.open_exhibit(exhibit))
    };
    html! {
        <button type="button" class="gallery-card" data-exhibit={exhibit.file} {onclick}>
            <Shape {index} />
            <Run page={page.clone()} {index} />
            <b>{ exhibit.name }</b>
            <span class="quiet">{ exhibit.description }</span>
        </button>
    }
}

fn view_box() -> String {
    format!("0 0 {} {}", SIZE.0, SIZE.1)
}

#[derive(PartialEq, Properties)]
struct ShapeProps {
    index: usize,
}

/// The system. It never changes, so it is read and drawn once.
#[component]
fn Shape(props: &ShapeProps) -> Html {
    let shape = use_memo(props.index, |index| shape(&Outline::read(GALLERY[*index].text)));
    html! {
        <svg class="gallery-shape" viewBox={view_box()} aria-hidden="true">
            <path class="g-link" d={shape.links.clone()} />
            { for shape.boxes.iter().map(|(x, y, width, height, look)| html! {
                <rect class={classes!("g-node", matches!(look, Some(Look::Source)).then_some("source"))} x={format!("{x:.1}")} y={format!("{y:.1}")}
                      width={format!("{width:.1}")} height={format!("{height:.1}")} rx="2.5" />
            }) }
        </svg>
    }
}

/// What comes of it.
#[component]
fn Run(props: &CardProps) -> Html {
    let CardProps { page, index } = props;
    use_topic(page, Topic::Gallery);
    let preview = page.preview(*index);
    let Curves { goodput, offered } = preview.as_ref().map(curves).unwrap_or_default();
    let words = preview.as_ref().map_or_else(|| "waits for its turn …".to_owned(), said);
    let done = preview.as_ref().is_some_and(|p| p.done);
    html! {
        <span class="gallery-run" data-preview={if done { "done" } else { "on its way" }}>
            <svg viewBox={view_box()} preserveAspectRatio="none" aria-hidden="true">
                <path class="g-area" d={goodput} />
                <path class="g-line" d={offered} />
            </svg>
            <small>{ words }</small>
        </span>
    }
}
