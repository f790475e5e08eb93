//! What the pointer does on the canvas: pan, zoom with two fingers, drag, select, connect, place. While it goes on, elements are
//! moved directly; what comes of it is one edit when the pointer is let go.

use crate::geometry::{Curve, Point, curve, inlet, node_near, nodes_within, outlet, snap};
use crate::page::editing::MAGNET;
use crate::page::viewport::{ZOOM, by_id};
use crate::page::{PageRef, Selection, Topic, Viewport};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, MouseEvent, PointerEvent};

/// A press becomes a drag when the pointer has moved this far, in CSS pixels.
const DRAG_FROM: f64 = 4.0;
/// A finger that rests this long asks what can be done there, in milliseconds.
const LONG_PRESS_MS: i32 = 500;

/// What is going on.
#[derive(Clone, Debug, Default)]
enum Gesture {
    #[default]
    None,
    Pan {
        from: Point,
        view: Viewport,
        moved: bool,
    },
    Marquee {
        from: Point,
        moved: bool,
    },
    Drag(Drag),
    Wire {
        id: String,
        port: usize,
        from: Point,
        moved: bool,
        over: Option<String>,
    },
    /// Two fingers: where they were, and the view then.
    Pinch {
        from: [Point; 2],
        view: Viewport,
    },
}

#[derive(Clone, Debug)]
struct Drag {
    /// What was pressed.
    pressed: Selection,
    /// With Shift: selected as well.
    as_well: bool,
    /// What moves, and from where; the first of them stays on the grid.
    start: Vec<(String, Point)>,
    from: Point,
    to: Option<Vec<(String, Point)>>,
    /// The link that the node would go into.
    into: Option<usize>,
}

/// The pointers that are down, and what they do.
#[derive(Debug, Default)]
pub struct Hands {
    gesture: Gesture,
    touches: Vec<(i32, Point)>,
    /// Counts presses, so that a long one knows whether it is still the same.
    press: u32,
}

fn point(event: &MouseEvent) -> Point {
    (f64::from(event.client_x()), f64::from(event.client_y()))
}

/// The nearest element around `element` that bears the attribute, and its value.
fn closest(element: Option<Element>, attribute: &str) -> Option<String> {
    element?.closest(&format!("[{attribute}]")).ok()??.get_attribute(attribute)
}

fn target(event: &MouseEvent) -> Option<Element> {
    event.target().and_then(|t| t.dyn_into().ok())
}

/// With the pointer captured, the target is the stage; what lies below the pointer is asked for.
fn below(event: &MouseEvent) -> Option<Element> {
    let document = web_sys::window()?.document()?;
    document.element_from_point(event.client_x() as f32, event.client_y() as f32).or_else(|| target(event))
}

fn distance(a: Point, b: Point) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

/// What of the scenario an element belongs to.
fn thing(page: &PageRef, element: Option<Element>) -> Option<Selection> {
    if let Some(id) = closest(element.clone(), "data-wrap") {
        return Some(Selection::Node(id));
    }
    if let Some(id) = closest(element.clone(), "data-frame") {
        return Some(Selection::Group(id));
    }
    let index = closest(element, "data-link")?.parse::<usize>().ok()?;
    page.outline.borrow().links.get(index).map(Selection::link)
}

/// A pointer comes down.
pub fn down(page: &PageRef, hands: &mut Hands, event: &PointerEvent) {
    if event.button() > 1 || closest(target(event), "data-overlay").is_some() {
        return;
    }
    hands.press = hands.press.wrapping_add(1);
    let from = point(event);
    if event.pointer_type() == "touch" {
        hands.touches.retain(|(id, _)| *id != event.pointer_id());
        hands.touches.push((event.pointer_id(), from));
        if let [(_, a), (_, b)] = hands.touches.as_slice() {
            undo_drag(page, &std::mem::take(&mut hands.gesture));
            hands.gesture = Gesture::Pinch { from: [*a, *b], view: page.viewport.get() };
        }
        if hands.touches.len() > 1 {
            return;
        }
    }
    if closest(target(event), "data-deed").is_some() {
        return;
    }
    hands.gesture = begin(page, event, from);
    if let Some(stage) = by_id("stage") {
        // Without capture the gesture still works as long as the pointer stays over the stage.
        let _ = stage.set_pointer_capture(event.pointer_id());
    }
}

fn begin(page: &PageRef, event: &PointerEvent, from: Point) -> Gesture {
    if let Some(descriptor) = page.editing.placing.get() {
        page.drop_component(descriptor, from);
        mark_link(None);
        super::palette::ghost(None);
        return Gesture::None;
    }
    let port = closest(target(event), "data-out").and_then(|p| p.parse().ok());
    match (thing(page, target(event)), port) {
        (Some(Selection::Node(id)), Some(port)) => Gesture::Wire { id, port, from, moved: false, over: None },
        (Some(pressed @ (Selection::Node(_) | Selection::Group(_))), _) => {
            let start = starts(page, &pressed);
            Gesture::Drag(Drag { pressed, as_well: event.shift_key(), start, from, to: None, into: None })
        }
        (_, _) if event.shift_key() || event.ctrl_key() || event.meta_key() => Gesture::Marquee { from, moved: false },
        (_, _) => Gesture::Pan { from, view: page.viewport.get(), moved: false },
    }
}

/// What moves when this is dragged: all that is selected, if it is among that.
fn starts(page: &PageRef, pressed: &Selection) -> Vec<(String, Point)> {
    let outline = page.outline.borrow().clone();
    let mut ids = match pressed {
        Selection::Node(id) => vec![id.clone()],
        Selection::Group(id) => outline.members(id).map(|n| n.id.clone()).collect(),
        Selection::Link(..) => Vec::new(),
    };
    if page.selected.borrow().has(pressed) {
        for id in page.meant_nodes() {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    let places = page.places.borrow();
    ids.into_iter().filter_map(|id| Some((places.of(outline.node(&id)?), id))).map(|(at, id)| (id, at)).collect()
}

/// A pointer moves.
pub fn moved(page: &PageRef, hands: &mut Hands, event: &PointerEvent) {
    let now = point(event);
    if let Some(touch) = hands.touches.iter_mut().find(|(id, _)| *id == event.pointer_id()) {
        touch.1 = now;
    }
    match &mut hands.gesture {
        Gesture::None => hover(page, now),
        Gesture::Pan { from, view, moved } => {
            *moved |= distance(now, *from) > DRAG_FROM;
            if *moved {
                page.viewport.set(Viewport { x: view.x + now.0 - from.0, y: view.y + now.1 - from.1, ..*view });
                page.show_viewport();
            }
        }
        Gesture::Pinch { from, view } => {
            if let [(_, a), (_, b)] = hands.touches.as_slice() {
                pinch(page, *from, *view, [*a, *b]);
            }
        }
        Gesture::Marquee { from, moved } => {
            *moved |= distance(now, *from) > DRAG_FROM;
            if *moved {
                marquee(Some((*from, now)));
            }
        }
        Gesture::Drag(drag) => {
            if drag.to.is_some() || distance(now, drag.from) > DRAG_FROM {
                drag_to(page, drag, now);
            }
        }
        Gesture::Wire { id, port, from, moved, over } => {
            if !*moved && distance(now, *from) > DRAG_FROM {
                *moved = true;
                page.connecting.replace(Some((id.clone(), *port)));
                page.tell(Topic::Edit);
            }
            if *moved {
                wire_to(page, id, *port, now, over);
            }
        }
    }
}

/// The pointer moves with nothing pressed: a connection or a component may be on its way.
fn hover(page: &PageRef, now: Point) {
    if let Some(descriptor) = page.editing.placing.get() {
        super::palette::ghost(Some((descriptor.title, now.0, now.1)));
        show_link_below(page, descriptor, now);
    } else if let Some((id, port)) = page.connecting.borrow().clone() {
        wire_to(page, &id, port, now, &mut None);
    }
}

/// Marks the link that a component would go into, and says so; or why it cannot.
pub fn show_link_below(page: &PageRef, descriptor: &floodgate::catalogue::Descriptor, client: Point) {
    let link = page.link_at(client);
    match (link, crate::editor::Outline::may_splice(descriptor)) {
        (Some(_), Ok(())) => mark_link(link),
        (Some(_), Err(why)) => {
            mark_link(None);
            refuse(Some(&why));
        }
        (None, _) => mark_link(None),
    }
}

/// Shows which link something would go into.
pub fn mark_link(index: Option<usize>) {
    if let Some(old) = by_id("stage").and_then(|s| s.query_selector(".link.target").ok().flatten()) {
        // A class of an element that exists can be removed.
        let _ = old.class_list().remove_1("target");
    }
    refuse(None);
    let found = index.and_then(|i| by_id(&format!("hit-{i}"))).and_then(|path| path.parent_element());
    if let Some(link) = found {
        let _ = link.class_list().add_1("target");
        hint("Let go: it goes into this link", false);
    }
}

fn pinch(page: &PageRef, from: [Point; 2], view: Viewport, now: [Point; 2]) {
    let middle = |[a, b]: [Point; 2]| ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0);
    let k = (view.k * distance(now[0], now[1]) / distance(from[0], from[1]).max(1.0)).clamp(ZOOM.0, ZOOM.1);
    let origin = by_id("stage").map(|s| s.get_bounding_client_rect()).map_or((0.0, 0.0), |r| (r.left(), r.top()));
    // What was between the fingers stays there.
    let (was, is) = (middle(from), middle(now));
    let x = is.0 - origin.0 - (was.0 - origin.0 - view.x) * k / view.k;
    let y = is.1 - origin.1 - (was.1 - origin.1 - view.y) * k / view.k;
    page.viewport.set(Viewport { x, y, k });
    page.show_viewport();
}

fn marquee(corners: Option<(Point, Point)>) {
    let Some(frame) = by_id("marquee").and_then(|e| e.dyn_into::<HtmlElement>().ok()) else { return };
    frame.set_hidden(corners.is_none());
    let (Some((a, b)), Some(stage)) = (corners, by_id("stage")) else { return };
    let origin = stage.get_bounding_client_rect();
    let (x, y) = (a.0.min(b.0) - origin.left(), a.1.min(b.1) - origin.top());
    let (w, h) = ((a.0 - b.0).abs(), (a.1 - b.1).abs());
    // A style of an element that exists can be set.
    let _ = frame.style().set_property("transform", &format!("translate({x:.0}px,{y:.0}px)"));
    let _ = frame.style().set_property("width", &format!("{w:.0}px"));
    let _ = frame.style().set_property("height", &format!("{h:.0}px"));
}

fn drag_to(page: &PageRef, drag: &mut Drag, now: Point) {
    let k = page.viewport.get().k;
    let Some((_, first)) = drag.start.first() else { return };
    let snapped = snap((first.0 + (now.0 - drag.from.0) / k, first.1 + (now.1 - drag.from.1) / k));
    let by = (snapped.0 - first.0, snapped.1 - first.1);
    let to: Vec<(String, Point)> = drag.start.iter().map(|(id, at)| (id.clone(), (at.0 + by.0, at.1 + by.1))).collect();
    if drag.to.as_ref() != Some(&to) {
        show_moved(page, &to);
        drag.to = Some(to);
    }
    let into = match (drag.start.as_slice(), &drag.pressed) {
        ([(id, _)], Selection::Node(_)) => page.link_for(id, now),
        _ => None,
    };
    if into != drag.into {
        drag.into = into;
        mark_link(into);
    }
}

/// Moves cards with their links and frames on the screen; nothing is committed yet.
fn show_moved(page: &PageRef, to: &[(String, Point)]) {
    page.dragging.set(true);
    let places = page.places.borrow().with(to);
    page.places.replace(Rc::new(places));
    let moves = |id: &str| to.iter().any(|(moved, _)| moved == id);
    page.recurve_of(&moves);
    for (id, at) in to {
        if let Some(card) = by_id(&format!("n:{id}")).and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
            // Styles and attributes of elements that exist can be set.
            let _ = card.style().set_property("transform", &format!("translate({}px,{}px)", at.0, at.1));
        }
        super::hints::follow(id, *at);
    }
    let (outline, places) = (page.outline.borrow().clone(), page.places.borrow().clone());
    for (i, link) in outline.links.iter().enumerate().filter(|(_, l)| moves(&l.from) || moves(&l.to)) {
        let Some(curve) = curve(&outline, &places, link) else { continue };
        let d = curve.path();
        for path in ["hit", "call", "return"] {
            if let Some(path) = by_id(&format!("{path}-{i}")) {
                let _ = path.set_attribute("d", &d);
            }
        }
        if let Some(label) = by_id(&format!("label-{i}")) {
            let (x, y) = curve.at(0.5, 0.0);
            let _ = label.set_attribute("transform", &format!("translate({x:.1} {y:.1})"));
        }
    }
    super::frames::follow(page);
}

/// A drag that will not be: everything goes back.
fn undo_drag(page: &PageRef, gesture: &Gesture) {
    page.dragging.set(false);
    marquee(None);
    mark_link(None);
    if let Gesture::Drag(Drag { start, to: Some(_), .. }) = gesture {
        show_moved(page, start);
        page.dragging.set(false);
        page.tell(Topic::Edit);
    }
    if let Gesture::Wire { moved: true, .. } = gesture {
        page.connecting.replace(None);
        end_wire(page);
    }
}

/// The browser has taken the pointer for something else.
pub fn cancelled(page: &PageRef, hands: &mut Hands, event: &PointerEvent) {
    hands.touches.retain(|(id, _)| *id != event.pointer_id());
    hands.press = hands.press.wrapping_add(1);
    undo_drag(page, &std::mem::take(&mut hands.gesture));
}

/// A pointer is let go.
pub fn up(page: &PageRef, hands: &mut Hands, event: &PointerEvent) {
    hands.touches.retain(|(id, _)| *id != event.pointer_id());
    hands.press = hands.press.wrapping_add(1);
    page.dragging.set(false);
    let now = point(event);
    match std::mem::take(&mut hands.gesture) {
        Gesture::None | Gesture::Pinch { .. } | Gesture::Pan { moved: true, .. } => {}
        Gesture::Pan { .. } => {
            let link = thing(page, below(event)).filter(|s| matches!(s, Selection::Link(..)));
            page.connecting.replace(None);
            end_wire(page);
            page.select(link);
        }
        Gesture::Marquee { from, moved: true } => {
            marquee(None);
            let ids =
                nodes_within(&page.outline.borrow(), &page.places.borrow(), page.to_world(from), page.to_world(now));
            let mut selected = page.selected.borrow().clone();
            ids.into_iter().for_each(|id| selected.add(Selection::Node(id)));
            page.select_all_of(selected);
        }
        Gesture::Marquee { .. } => {
            if let Some(link @ Selection::Link(..)) = thing(page, below(event)) {
                page.select_as_well(link);
            }
        }
        Gesture::Drag(Drag { to: Some(to), into, pressed, .. }) => {
            mark_link(None);
            if !page.selected.borrow().has(&pressed) {
                page.selected.replace(crate::editor::Selected::just(Some(pressed)));
            }
            page.move_nodes(to, into);
            page.tell(Topic::Edit);
        }
        Gesture::Drag(Drag { pressed: Selection::Node(id), as_well: false, .. }) => press_node(page, &id),
        Gesture::Drag(Drag { pressed, as_well, .. }) => {
            if as_well {
                page.select_as_well(pressed);
            } else {
                page.select(Some(pressed));
            }
        }
        Gesture::Wire { id, port, moved, .. } => {
            let to = wire_target(page, &id, now);
            page.connecting.replace(None);
            end_wire(page);
            match (moved, to) {
                (true, Some(to)) => page.connect(&id, port, &to),
                (true, None) => page.tell(Topic::Edit),
                // A click on a port: the next click on a node connects.
                (false, _) => begin_connection(page, &id, port),
            }
        }
    }
}

/// A finger that stays where it came down opens the menu.
pub fn await_long_press(page: &PageRef, hands: &Rc<RefCell<Hands>>, event: &PointerEvent) {
    if event.pointer_type() != "touch" {
        return;
    }
    let (page, hands, press, at) = (page.clone(), hands.clone(), hands.borrow().press, point(event));
    let pressed = thing(&page, target(event));
    crate::driver::after(LONG_PRESS_MS, move || {
        let Ok(mut hands) = hands.try_borrow_mut() else { return };
        let still = match &hands.gesture {
            Gesture::Pan { moved, .. } => !moved,
            Gesture::Drag(drag) => drag.to.is_none(),
            _ => false,
        };
        if hands.press == press && still {
            hands.gesture = Gesture::None;
            open_menu(&page, pressed, at);
        }
    });
}

/// The right button, or the key for it.
pub fn context(page: &PageRef, event: &MouseEvent) {
    if closest(target(event), "data-overlay").is_some() {
        return;
    }
    event.prevent_default();
    open_menu(page, thing(page, target(event)), point(event));
}

/// Opens the menu of what can be done to something; it is selected, if it is not among what is.
pub fn open_menu(page: &PageRef, thing: Option<Selection>, at: Point) {
    if let Some(thing) = thing
        && !page.selected.borrow().has(&thing)
    {
        page.selected.replace(crate::editor::Selected::just(Some(thing)));
    }
    page.editing.menu.set(Some(at));
    page.tell(Topic::Edit);
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
        Some((from, port)) if from != id => {
            end_wire(page);
            page.connect(&from, port, id);
        }
        _ => {
            page.notice.replace(None);
            page.select(Some(Selection::Node(id.to_owned())));
        }
    }
}

/// The node that a wire from `id` is meant for here.
fn wire_target(page: &PageRef, id: &str, client: Point) -> Option<String> {
    let reach = MAGNET / page.viewport.get().k;
    let (outline, places) = (page.outline.borrow(), page.places.borrow());
    node_near(&outline, &places, page.to_world(client), reach).map(|n| n.id.clone()).filter(|to| to != id)
}

/// Draws the wire to the pointer, or to the inlet that draws it in; says why it cannot end there.
fn wire_to(page: &PageRef, id: &str, port: usize, client: Point, over: &mut Option<String>) {
    let to = wire_target(page, id, client);
    let outline = page.outline.borrow().clone();
    let places = page.places.borrow().clone();
    let Some(node) = outline.node(id) else { return };
    let said = to.as_deref().map_or(Ok(()), |to| outline.may_connect(id, port, to));
    let end = match (to.as_deref().and_then(|to| outline.node(to)), &said) {
        (Some(callee), Ok(())) => inlet(places.of(callee)),
        _ => page.to_world(client),
    };
    if let Some(wire) = by_id("wire") {
        // Attributes of an element that exists can be set.
        let _ = wire.set_attribute("d", &Curve::between(outlet(node, places.of(node), port), end).path());
    }
    if to != *over || to.is_none() {
        *over = to;
        refuse(said.err().as_deref());
    }
}

/// No wire is drawn any more.
pub fn end_wire(_page: &PageRef) {
    if let Some(wire) = by_id("wire") {
        let _ = wire.set_attribute("d", "");
    }
    refuse(None);
}

/// Says, while something is dragged, why it cannot be.
fn refuse(why: Option<&str>) {
    match why {
        Some(why) => hint(why, true),
        None => {
            if let Some(hint) = by_id("wire-hint").and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
                hint.set_hidden(true);
            }
        }
    }
    if let Some(wire) = by_id("wire") {
        let _ = wire.set_attribute("class", if why.is_some() { "wire refused" } else { "wire" });
    }
}

fn hint(text: &str, bad: bool) {
    if let Some(hint) = by_id("wire-hint").and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
        hint.set_text_content(Some(text));
        hint.set_hidden(false);
        let _ = hint.class_list().toggle_with_force("good", !bad);
    }
}
