//! The canvas: frames, links and cards in one transformed viewport, moving requests above. The gestures are in `gestures`.

use super::card::Card;
use super::frames::Frames;
use super::gestures::{self, Hands};
use super::hints::Hints;
use super::links::Links;
use super::minimap::Minimap;
use super::panels::{Crowd, Legend, Notices};
use super::{PageProps, icons};
use crate::page::{PageRef, Selection, Topic, use_topic};
use std::cell::RefCell;
use std::rc::Rc;
use web_sys::{PointerEvent, WheelEvent};
use yew::prelude::*;

/// See the module.
#[component]
pub fn Stage(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Edit);
    let hands: Rc<RefCell<Hands>> = use_memo((), |()| RefCell::default());
    let handler = |act: fn(&PageRef, &mut Hands, &PointerEvent)| {
        let (page, hands) = (page.clone(), hands.clone());
        Callback::from(move |event: PointerEvent| act(&page, &mut hands.borrow_mut(), &event))
    };
    let onpointerdown = {
        let (page, hands) = (page.clone(), hands.clone());
        Callback::from(move |event: PointerEvent| {
            gestures::down(&page, &mut hands.borrow_mut(), &event);
            gestures::await_long_press(&page, &hands, &event);
        })
    };
    let oncontextmenu = {
        let page = page.clone();
        Callback::from(move |event: MouseEvent| gestures::context(&page, &event))
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
    let placing = page.editing.placing.get().is_some();
    html! {
        <div id="stage" class={classes!("stage", connecting.is_some().then_some("connecting"), placing.then_some("placing"))} data-testid="stage"
             {onpointerdown} onpointermove={handler(gestures::moved)} onpointerup={handler(gestures::up)}
             onpointercancel={handler(gestures::cancelled)} {onwheel} {oncontextmenu}>
            { super::gauges::patterns() }
            <div id="world" class="world">
                <Frames page={page.clone()} outline={outline.clone()} places={places.clone()} selected={selected.clone()} />
                <Links page={page.clone()} outline={outline.clone()} places={places.clone()} selected={selected.clone()} />
                <>{ for outline.nodes.iter().map(|node| {
                    let from = connecting.as_ref().filter(|c| c.0 != node.id);
                    html! {
                        <Card key={node.id.clone()} page={page.clone()} node={Rc::new(node.clone())} at={places.of(node)}
                              selected={selected.has(&Selection::Node(node.id.clone()))}
                              connecting={connecting.as_ref().is_some_and(|c| c.0 == node.id)}
                              candidate={from.map(|(id, port)| outline.may_connect(id, *port, &node.id).is_ok())} />
                    }
                }) }</>
                <Hints page={page.clone()} outline={outline.clone()} places={places.clone()} />
            </div>
            <div id="marquee" class="marquee" hidden=true></div>
            <canvas id="motion" class="motion" aria-hidden="true"></canvas>
            if outline.nodes.is_empty() {
                <div class="empty"><p>{ "Nothing here yet." }</p><p class="quiet">{ "Drag a component from the left, paste scenario text, or open a scenario." }</p></div>
            }
            <Crowd page={page.clone()} />
            <Notices page={page.clone()} />
            <Legend page={page.clone()} />
            <div class="corner" data-overlay="">
                <Minimap page={page.clone()} outline={outline.clone()} places={places.clone()} />
                <Zoom page={page.clone()} />
            </div>
        </div>
    }
}

#[component]
fn Zoom(props: &PageProps) -> Html {
    let act = |f: fn(&PageRef)| {
        let page = props.page.clone();
        Callback::from(move |_: MouseEvent| f(&page))
    };
    html! {
        <div class="zoom" role="group" aria-label="View">
            <button type="button" aria-label="Zoom in" onclick={act(|p| p.zoom(1.2))}>{ "+" }</button>
            <button type="button" aria-label="Zoom out" onclick={act(|p| p.zoom(1.0 / 1.2))}>{ "−" }</button>
            <button type="button" aria-label="Fit view" title="Fit view (F)" onclick={act(|p| p.fit())}>{ icons::fit() }</button>
            <button type="button" aria-label="Lay out" title="Lay out the selection, or what has no place yet (L)" onclick={act(|p| p.auto_layout())}>{ icons::layout() }</button>
            <button type="button" aria-label="Keyboard map" title="Keyboard map (?)" onclick={act(|p| { p.editing.help.set(true); p.tell(Topic::Edit); })}>{ "?" }</button>
        </div>
    }
}
