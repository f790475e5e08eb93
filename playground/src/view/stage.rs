//! The canvas: cards in one transformed viewport, links below them, moving requests above; and the gestures that pan, zoom,
//! drag and connect.

use super::card::Card;
use super::links::Links;
use super::panels::{Crowd, Legend, Notices};
use super::{PageProps, icons};
use crate::editor::Change;
use crate::geometry::{Curve, Point, curve, outlet, snap};
use crate::page::viewport::by_id;
use crate::page::{PageRef, Selection, Topic, Viewport, use_topic};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, PointerEvent, WheelEvent};
use yew::prelude::*;

/// A press becomes a drag when the pointer has moved this far, in CSS pixels.
const DRAG_FROM: f64 = 4.0;

/// What the pointer is doing.
#[derive(Clone, Debug, Default)]
enum Gesture {
    #[default]
    None,
    Pan {
        from: Point,
        view: Viewport,
        moved: bool,
    },
    Drag {
        id: String,
        from: Point,
        start: Point,
        at: Option<Point>,
    },
    Wire {
        id: String,
        port: usize,
        from: Point,
        moved: bool,
        over: Option<String>,
    },
}

/// See the module.
#[component]
pub fn Stage(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Edit);
    let gesture: Rc<RefCell<Gesture>> = use_memo((), |()| RefCell::default());
    let handler = |act: fn(&PageRef, &mut Gesture, &PointerEvent)| {
        let (page, gesture) = (page.clone(), gesture.clone());
        Callback::from(move |event: PointerEvent| act(&page, &mut gesture.borrow_mut(), &event))
    };
    let onwheel = {
        let page = page.clone();
        Callback::from(move |event: WheelEvent| {
            event.prevent_default();
            let factor = (1.0 - event.delta_y() * 0.0015).clamp(0.7, 1.4);
            page.zoom_at((f64::from(event.client_x()), f64::from(event.client_y())), factor);
        })
    };
    let outline = page.outline.borrow().clone();
    let places = page.places.borrow().clone();
    let selected = page.selected.borrow().clone();
    let connecting = page.connecting.borrow().clone();
    let act = |f: fn(&PageRef)| {
        let page = page.clone();
        Callback::from(move |_: MouseEvent| f(&page))
    };
    html! {
        <div id="stage" class={classes!("stage", connecting.is_some().then_some("connecting"))} data-testid="stage"
             onpointerdown={handler(down)} onpointermove={handler(moved)} onpointerup={handler(up)}
             onpointercancel={handler(|page, gesture, _| { *gesture = Gesture::None; page.dragging.set(false); end_wire(page); })} {onwheel}>
            { super::gauges::patterns() }
            <div id="world" class="world">
                <Links page={page.clone()} outline={outline.clone()} places={places.clone()} selected={selected.clone()} />
                { for outline.nodes.iter().map(|node| html! {
                    <Card key={node.id.clone()} page={page.clone()} node={Rc::new(node.clone())} at={places.of(node)}
                          selected={selected == Some(Selection::Node(node.id.clone()))}
                          connecting={connecting.as_ref().is_some_and(|c| c.0 == node.id)} />
                }) }
            </div>
            <canvas id="motion" class="motion" aria-hidden="true"></canvas>
            if outline.nodes.is_empty() {
                <div class="empty">{ "Nothing here yet. Drag a component from the left, or open a scenario." }</div>
            }
            <Crowd page={page.clone()} />
            <Notices page={page.clone()} />
            <Legend page={page.clone()} />
            <div class="zoom" role="group" aria-label="View">
                <button type="button" aria-label="Zoom in" onclick={act(|p| p.zoom(1.2))}>{ "+" }</button>
                <button type="button" aria-label="Zoom out" onclick={act(|p| p.zoom(1.0 / 1.2))}>{ "−" }</button>
                <button type="button" aria-label="Fit view" title="Fit view (f)" onclick={act(|p| p.fit())}>{ icons::fit() }</button>
            </div>
        </div>
    }
}

fn point(event: &PointerEvent) -> Point {
    (f64::from(event.client_x()), f64::from(event.client_y()))
}

/// The nearest element around `element` that bears the attribute, and its value.
fn closest(element: Option<Element>, attribute: &str) -> Option<String> {
    element?.closest(&format!("[{attribute}]")).ok()??.get_attribute(attribute)
}

fn target(event: &PointerEvent) -> Option<Element> {
    event.target().and_then(|t| t.dyn_into().ok())
}

fn under(event: &PointerEvent) -> Option<Element> {
    web_sys::window()?.document()?.element_from_point(event.client_x() as f32, event.client_y() as f32)
}

fn distance(a: Point, b: Point) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

fn down(page: &PageRef, gesture: &mut Gesture, event: &PointerEvent) {
    if event.button() > 1 || closest(target(event), "data-overlay").is_some() {
        return;
    }
    let from = point(event);
    let port = closest(target(event), "data-out").and_then(|p| p.parse().ok());
    let node = closest(target(event), "data-wrap");
    *gesture = match (node, port) {
        (Some(id), Some(port)) => Gesture::Wire { id, port, from, moved: false, over: None },
        (Some(id), None) if closest(target(event), "data-deed").is_some() => {
            let _ = id;
            return;
        }
        (Some(id), None) => {
            let outline = page.outline.borrow().clone();
            let Some(node) = outline.node(&id) else { return };
            let start = page.places.borrow().of(node);
            Gesture::Drag { id, from, start, at: None }
        }
        (None, _) if closest(target(event), "data-link").is_some() => {
            Gesture::Pan { from, view: page.viewport.get(), moved: false }
        }
        (None, _) => Gesture::Pan { from, view: page.viewport.get(), moved: false },
    };
    if let Some(stage) = by_id("stage") {
        // Without capture the gesture still works as long as the pointer stays over the stage.
        let _ = stage.set_pointer_capture(event.pointer_id());
    }
}

fn moved(page: &PageRef, gesture: &mut Gesture, event: &PointerEvent) {
    let now = point(event);
    match gesture {
        Gesture::None => {}
        Gesture::Pan { from, view, moved } => {
            *moved |= distance(now, *from) > DRAG_FROM;
            if *moved {
                page.viewport.set(Viewport { x: view.x + now.0 - from.0, y: view.y + now.1 - from.1, ..*view });
                page.show_viewport();
            }
        }
        Gesture::Drag { id, from, start, at } => {
            if at.is_some() || distance(now, *from) > DRAG_FROM {
                let k = page.viewport.get().k;
                let place = snap((start.0 + (now.0 - from.0) / k, start.1 + (now.1 - from.1) / k));
                if *at != Some(place) {
                    *at = Some(place);
                    drag(page, id, place);
                }
            }
        }
        Gesture::Wire { id, port, from, moved, over } => {
            *moved |= distance(now, *from) > DRAG_FROM;
            if *moved {
                draw_wire(page, id, *port, now);
                let here = closest(under(event), "data-wrap").filter(|over| over != id);
                if here != *over {
                    over.clone_from(&here);
                    let said = here.map_or(Ok(()), |to| page.outline.borrow().may_connect(id, *port, &to));
                    refuse(said.err().as_deref());
                }
            }
        }
    }
}

fn up(page: &PageRef, gesture: &mut Gesture, event: &PointerEvent) {
    page.dragging.set(false);
    match std::mem::take(gesture) {
        Gesture::None => {}
        Gesture::Pan { moved: true, .. } => {}
        Gesture::Pan { .. } => {
            let link = closest(target_below(event), "data-link").and_then(|i| i.parse::<usize>().ok());
            let link = link.and_then(|i| page.outline.borrow().links.get(i).cloned());
            page.connecting.replace(None);
            page.select(link.map(|l| Selection::Link(l.from, l.port, l.to)));
        }
        Gesture::Drag { id, at: Some(at), .. } => {
            page.editor.borrow_mut().seal();
            page.try_edit(&Change::MoveNode { id, to: at });
            page.editor.borrow_mut().seal();
        }
        Gesture::Drag { id, .. } => press_node(page, &id),
        Gesture::Wire { id, port, moved, .. } => {
            end_wire(page);
            let to = closest(under(event), "data-wrap").filter(|to| *to != id);
            match (moved, to) {
                (true, Some(to)) => page.connect(&id, port, &to),
                (true, None) => {}
                // A click on a port: the next click on a node connects.
                (false, _) => begin_connection(page, &id, port),
            }
        }
    }
}

/// With the pointer captured, the target is the stage; what lies below the pointer is asked for.
fn target_below(event: &PointerEvent) -> Option<Element> {
    under(event).or_else(|| target(event))
}

/// Begins a connection by click or key; the next node chosen is its other end.
pub fn begin_connection(page: &PageRef, id: &str, port: usize) {
    page.connecting.replace(Some((id.to_owned(), port)));
    page.say("Choose the node to connect to (Escape to leave it).", false);
}

/// A node is chosen by click or key: selected, or the other end of a connection that has been begun.
pub fn press_node(page: &PageRef, id: &str) {
    let connecting = page.connecting.take();
    match connecting {
        Some((from, port)) if from != id => page.connect(&from, port, id),
        _ => {
            page.notice.replace(None);
            page.select(Some(Selection::Node(id.to_owned())));
        }
    }
}

/// Moves a card and its links on the screen; nothing is committed yet.
fn drag(page: &PageRef, id: &str, place: Point) {
    page.dragging.set(true);
    let places = page.places.borrow().with(id, place);
    page.places.replace(Rc::new(places));
    page.recurve();
    if let Some(card) = by_id(&format!("n:{id}")).and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
        // Styles and attributes of elements that exist can be set.
        let _ = card.style().set_property("transform", &format!("translate({}px,{}px)", place.0, place.1));
    }
    let (outline, places) = (page.outline.borrow().clone(), page.places.borrow().clone());
    for (i, link) in outline.links.iter().enumerate().filter(|(_, l)| l.from == id || l.to == id) {
        let Some(curve) = curve(&outline, &places, link) else { continue };
        for path in ["hit", "call", "return"] {
            if let Some(path) = by_id(&format!("{path}-{i}")) {
                let _ = path.set_attribute("d", &curve.path());
            }
        }
        if let Some(label) = by_id(&format!("label-{i}")) {
            let (x, y) = curve.at(0.5, 0.0);
            let _ = label.set_attribute("transform", &format!("translate({x:.1} {y:.1})"));
        }
    }
}

fn draw_wire(page: &PageRef, id: &str, port: usize, client: Point) {
    let outline = page.outline.borrow();
    let Some(node) = outline.node(id) else { return };
    let from = outlet(node, page.places.borrow().of(node), port);
    if let Some(wire) = by_id("wire") {
        // Attributes of an element that exists can be set.
        let _ = wire.set_attribute("d", &Curve::between(from, page.to_world(client)).path());
    }
}

fn end_wire(_page: &PageRef) {
    if let Some(wire) = by_id("wire") {
        let _ = wire.set_attribute("d", "");
    }
    refuse(None);
}

/// Says, while a connection is dragged, why it cannot be.
fn refuse(why: Option<&str>) {
    if let Some(hint) = by_id("wire-hint").and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
        hint.set_text_content(why);
        hint.set_hidden(why.is_none());
    }
    if let Some(wire) = by_id("wire") {
        let _ = wire.set_attribute("class", if why.is_some() { "wire refused" } else { "wire" });
    }
}
