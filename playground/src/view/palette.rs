//! The left side: components to add, by family, and scenarios to open.

use super::{PageProps, icons};
use crate::gallery::GALLERY;
use crate::page::viewport::by_id;
use crate::page::{PageRef, Topic, use_topic};
use floodgate::catalogue::Descriptor;
use floodgate::order::Order as _;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, PointerEvent};
use yew::prelude::*;

/// A press becomes a drag when the pointer has moved this far, in CSS pixels.
const DRAG_FROM: f64 = 5.0;

/// See the module.
#[component]
pub fn Side(props: &PageProps) -> Html {
    html! {
        <nav class="side" aria-label="Components and scenarios">
            <Palette page={props.page.clone()} />
            <Gallery page={props.page.clone()} />
        </nav>
    }
}

#[component]
fn Palette(props: &PageProps) -> Html {
    let mut families: Vec<_> = floodgate::catalogue().iter().map(|d| d.family).collect();
    families.order_by(Ord::cmp);
    families.dedup();
    html! {
        <section aria-label="Components">
            <h2>{ "Components" }<span class="quiet">{ "drag or click" }</span></h2>
            { for families.into_iter().map(|family| html! {
                <div class="family" key={family.title()}>
                    <h3>{ family.title() }</h3>
                    { for floodgate::catalogue().iter().copied().filter(|d| d.family == family).map(|descriptor| html! {
                        <Entry key={descriptor.kind} page={props.page.clone()} descriptor={Kind(descriptor)} />
                    }) }
                </div>
            }) }
        </section>
    }
}

/// A descriptor, equal to itself: there is one of each kind.
#[derive(Clone, Copy)]
struct Kind(&'static Descriptor);

impl PartialEq for Kind {
    fn eq(&self, other: &Kind) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

#[derive(PartialEq, Properties)]
struct EntryProps {
    page: PageRef,
    descriptor: Kind,
}

/// A press of the pointer on an entry: where, and whether it has become a drag.
#[derive(Clone, Copy, Default)]
struct Press {
    at: (f64, f64),
    held: bool,
    dragged: bool,
}

#[component]
fn Entry(props: &EntryProps) -> Html {
    let Kind(descriptor) = props.descriptor;
    let page = props.page.clone();
    let press: Rc<std::cell::Cell<Press>> = use_memo((), |()| std::cell::Cell::new(Press::default()));
    let entry = use_node_ref();
    let onpointerdown = {
        let (press, entry) = (press.clone(), entry.clone());
        Callback::from(move |event: PointerEvent| {
            if event.button() != 0 {
                return;
            }
            press.set(Press { at: point(&event), held: true, dragged: false });
            if let Some(entry) = entry.cast::<Element>() {
                // Without capture the drag still works as long as the pointer stays in the window.
                let _ = entry.set_pointer_capture(event.pointer_id());
            }
        })
    };
    let onpointermove = {
        let press = press.clone();
        Callback::from(move |event: PointerEvent| {
            let mut now = press.get();
            if !now.held {
                return;
            }
            let (x, y) = point(&event);
            now.dragged |= (x - now.at.0).hypot(y - now.at.1) > DRAG_FROM;
            press.set(now);
            if now.dragged {
                ghost(Some((descriptor.title, x, y)));
            }
        })
    };
    let onpointerup = {
        let (press, page) = (press.clone(), page.clone());
        Callback::from(move |event: PointerEvent| {
            let now = press.get();
            press.set(Press { held: false, ..now });
            ghost(None);
            if now.held && now.dragged && is_over_stage(point(&event)) {
                let (x, y) = page.to_world(point(&event));
                page.add(descriptor.kind, (x - 90.0, y - 40.0));
            }
        })
    };
    let onpointercancel = {
        let press = press.clone();
        Callback::from(move |_: PointerEvent| {
            press.set(Press::default());
            ghost(None);
        })
    };
    let onclick = Callback::from(move |_: MouseEvent| {
        // The click that ends a drag is not a click.
        if !press.replace(Press::default()).dragged {
            page.add(descriptor.kind, page.free_place());
        }
    });
    html! {
        <button type="button" ref={entry} class="entry" data-kind={descriptor.kind} title={descriptor.manual}
                aria-label={format!("Add {}", descriptor.title)} aria-description={descriptor.doc}
                {onpointerdown} {onpointermove} {onpointerup} {onpointercancel} {onclick}>
            { icons::look(Some(descriptor.look)) }
            <span class="entry-text"><b>{ descriptor.title }</b><small aria-hidden="true">{ descriptor.doc }</small></span>
        </button>
    }
}

fn point(event: &PointerEvent) -> (f64, f64) {
    (f64::from(event.client_x()), f64::from(event.client_y()))
}

fn is_over_stage((x, y): (f64, f64)) -> bool {
    by_id("stage")
        .map(|s| s.get_bounding_client_rect())
        .is_some_and(|r| r.left() <= x && x <= r.right() && r.top() <= y && y <= r.bottom())
}

/// Shows what is being dragged under the pointer; it is one element, moved directly.
fn ghost(what: Option<(&str, f64, f64)>) {
    let Some(ghost) = by_id("ghost").and_then(|e| e.dyn_into::<HtmlElement>().ok()) else { return };
    // Styles of an element that exists can be set.
    let style = |name: &str, value: &str| drop(ghost.style().set_property(name, value));
    match what {
        Some((title, x, y)) => {
            ghost.set_text_content(Some(title));
            style("transform", &format!("translate({:.0}px,{:.0}px)", x + 12.0, y + 8.0));
            style("display", "block");
        }
        None => style("display", "none"),
    }
}

#[component]
fn Gallery(props: &PageProps) -> Html {
    use_topic(&props.page, Topic::Edit);
    let now = props.page.outline.borrow().name.clone();
    html! {
        <section aria-label="Scenarios">
            <h2>{ "Scenarios" }</h2>
            { for GALLERY.iter().map(|exhibit| {
                let outline = crate::editor::Outline::read(exhibit.text);
                let onclick = {
                    let page = props.page.clone();
                    Callback::from(move |_| { page.open(exhibit.file, exhibit.text); })
                };
                let current = outline.name == now;
                html! {
                    <button type="button" key={exhibit.file} class={classes!("exhibit", current.then_some("current"))}
                            aria-current={current.then_some("true")} data-scenario={exhibit.file}
                            title={outline.description} {onclick}>
                        <b>{ exhibit.tag }</b><small>{ outline.name }</small>
                    </button>
                }
            }) }
        </section>
    }
}
