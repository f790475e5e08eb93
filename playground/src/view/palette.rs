//! The left side: components to add, by family, and scenarios to open.

use super::gestures::{mark_link, show_link_below};
use super::{PageProps, icons};
use crate::page::viewport::by_id;
use crate::page::{PageRef, Topic, use_topic};
use floodgate::catalogue::Descriptor;
use floodgate::order::Order as _;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement, KeyboardEvent, PointerEvent};
use yew::prelude::*;

/// A press becomes a drag when the pointer has moved this far, in CSS pixels.
const DRAG_FROM: f64 = 5.0;

/// See the module.
#[component]
pub fn Side(props: &PageProps) -> Html {
    html! {
        <nav class="side" aria-label="Components and scenarios">
            <Palette page={props.page.clone()} />
            <super::gallery::Side page={props.page.clone()} />
        </nav>
    }
}

/// The components that the words are about: each word stands in the name, the family, or what is said of them.
fn matches(descriptor: &Descriptor, words: &str) -> bool {
    let text =
        [descriptor.title, descriptor.kind, descriptor.family.title(), descriptor.doc, descriptor.manual].join(" ");
    let text = text.to_lowercase();
    words.to_lowercase().split_whitespace().all(|word| text.contains(word))
}

#[component]
fn Palette(props: &PageProps) -> Html {
    let page = props.page.clone();
    // The field keeps its own text: it is typed faster than drawn.
    let words = use_state(String::new);
    let field = use_node_ref();
    let mut families: Vec<_> = floodgate::catalogue().iter().map(|d| d.family).collect();
    families.order_by(Ord::cmp);
    families.dedup();
    let found: Vec<&'static Descriptor> =
        floodgate::catalogue().iter().copied().filter(|d| matches(d, &words)).collect();
    let oninput = {
        let words = words.clone();
        Callback::from(move |event: InputEvent| words.set(event.target_unchecked_into::<HtmlInputElement>().value()))
    };
    let onkeydown = {
        let (page, words, field) = (page.clone(), words.clone(), field.clone());
        Callback::from(move |event: KeyboardEvent| {
            let Some(field) = field.cast::<HtmlInputElement>() else { return };
            let typed = field.value();
            let first = floodgate::catalogue().iter().copied().find(|d| matches(d, &typed));
            match (event.key().as_str(), first) {
                ("Enter", Some(first)) if !typed.trim().is_empty() => page.add_near_middle(first),
                ("Escape", _) => {}
                _ => return,
            }
            field.set_value("");
            words.set(String::new());
        })
    };
    html! {
        <section aria-label="Components">
            <h2>{ "Components" }<span class="quiet">{ "drag or click" }</span></h2>
            <input id="palette-search" class="palette-search" type="search" aria-label="Search components" placeholder="Search (/)"
                   ref={field} {oninput} {onkeydown} autocomplete="off" spellcheck="false" />
            <div class="families">
            { for families.into_iter().filter(|family| found.iter().any(|d| d.family == *family)).map(|family| html! {
                <div class="family" key={family.title()}>
                    <h3>{ family.title() }</h3>
                    { for found.iter().filter(|d| d.family == family).map(|descriptor| html! {
                        <Entry key={descriptor.kind} page={page.clone()} descriptor={Kind(descriptor)} />
                    }) }
                </div>
            }) }
            if found.is_empty() {
                <p class="quiet nothing">{ "No component is about that." }</p>
            }
            </div>
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
    use_topic(&page, Topic::Edit);
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
        let (press, page) = (press.clone(), page.clone());
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
                if is_over_stage((x, y)) {
                    show_link_below(&page, descriptor, (x, y));
                }
            }
        })
    };
    let onpointerup = {
        let (press, page) = (press.clone(), page.clone());
        Callback::from(move |event: PointerEvent| {
            let now = press.get();
            press.set(Press { held: false, ..now });
            ghost(None);
            mark_link(None);
            if now.held && now.dragged && is_over_stage(point(&event)) {
                page.drop_component(descriptor, point(&event));
            }
        })
    };
    let onpointercancel = {
        let press = press.clone();
        Callback::from(move |_: PointerEvent| {
            press.set(Press::default());
            ghost(None);
            mark_link(None);
        })
    };
    let placing = page.editing.placing.get().is_some_and(|d| std::ptr::eq(d, descriptor));
    let onclick = Callback::from(move |event: MouseEvent| {
        // The click that ends a drag is not a click.
        if press.replace(Press::default()).dragged {
            return;
        }
        // By keyboard, or by a second click: near the middle. By a first click: where the next one is.
        if event.detail() == 0 || page.editing.placing.take().is_some_and(|d| std::ptr::eq(d, descriptor)) {
            ghost(None);
            page.add_near_middle(descriptor);
        } else {
            page.editing.placing.set(Some(descriptor));
            page.say("Click where it is to stand, or on a link to put it in. Click it again for the middle; Escape to leave it.", false);
        }
    });
    html! {
        <button type="button" ref={entry} class={classes!("entry", placing.then_some("placing"))} data-kind={descriptor.kind} title={descriptor.manual}
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
pub fn ghost(what: Option<(&str, f64, f64)>) {
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
