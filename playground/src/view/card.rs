//! A node as a card: what it is, how it stands, and where it can be taken hold of.

use super::gauges::{Body, Foot};
use super::gestures::{begin_connection, press_node};
use super::icons;
use crate::editor::outline::NodeSketch;
use crate::geometry::{Point, inlet, outlet, size};
use crate::page::{PageRef, Topic, use_topic};
use crate::wire::Deed;
use floodgate::catalogue::Tone;
use std::rc::Rc;
use yew::prelude::*;

/// Properties of [`Card`].
#[derive(PartialEq, Properties)]
pub struct CardProps {
    /// The page.
    pub page: PageRef,
    /// The node as it stands in the text.
    pub node: Rc<NodeSketch>,
    /// Its place.
    pub at: Point,
    /// Whether it is selected.
    pub selected: bool,
    /// Whether a connection from it has been begun.
    pub connecting: bool,
    /// While a connection is being made: whether it may end here.
    pub candidate: Option<bool>,
}

/// See the module.
#[component]
pub fn Card(props: &CardProps) -> Html {
    let CardProps { page, node, at, selected, connecting, candidate } = props;
    let (width, height) = size(node);
    let place = format!("transform:translate({}px,{}px);width:{width}px;height:{height}px", at.0, at.1);
    html! {
        <div id={format!("n:{}", node.id)} data-wrap={node.id.clone()} style={place}
             class={classes!("node", selected.then_some("selected"), connecting.then_some("from"),
                            candidate.map(|may| if may { "may" } else { "may-not" }))}>
            <Face page={page.clone()} node={node.clone()} />
            <Deeds page={page.clone()} node={node.clone()} />
            <Ports page={page.clone()} node={node.clone()} />
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct FaceProps {
    page: PageRef,
    node: Rc<NodeSketch>,
}

#[component]
fn Face(props: &FaceProps) -> Html {
    let FaceProps { page, node } = props;
    use_topic(page, Topic::Pulse);
    let kind = node.descriptor.map_or(node.kind.as_str(), |d| d.title).to_owned();
    let (index, state, wave, nothing_runs, stacked) = {
        let live = page.live.borrow();
        let index = live.index(&node.id);
        let wave = index.and_then(|i| live.waves.get(&(i as u32)).copied());
        let state = index.and_then(|i| Some(super::gauges::state(live.statuses.get(i)?, live.load(i))));
        let stacked = index.and_then(|i| live.statuses.get(i)).map(super::gauges::stacked);
        (index, state, wave, live.loaded.nodes.is_empty(), stacked)
    };
    let waiting = index.is_none();
    let state = state.unwrap_or_default();
    html! {
        <div class={classes!("card", state.class, waiting.then_some("waiting"))} role="button" tabindex="0" data-node={node.id.clone()}
             aria-label={format!("{}, {kind}", node.title)}>
            if let Some((number, t)) = wave {
                <span class="badge wave" aria-hidden="true" title={format!("No. {number} to be saturated, at {t:.2} s")}>{ number }</span>
            }
            <div class="head">
                <span class="glyph">{ icons::look(node.descriptor.map(|d| d.look)) }</span>
                <span class="names"><b>{ node.title.clone() }</b><small>{ kind }</small></span>
                { stacked.unwrap_or_default() }
            </div>
            <Badges page={page.clone()} node={node.clone()} {index} />
            <div class="body" aria-hidden="true">
                if let Some(index) = index {
                    <Body page={page.clone()} node={node.clone()} {index} />
                } else {
                    <span class="quiet">{ if nothing_runs { "starting …" } else { "takes part after Reset" } }</span>
                }
            </div>
            <div class="foot" aria-hidden="true">
                if let Some(index) = index { <Foot page={page.clone()} {index} /> }
            </div>
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct BadgesProps {
    page: PageRef,
    node: Rc<NodeSketch>,
    index: Option<usize>,
}

/// How it stands unless that is how it should be, faults, and amplification.
#[component]
fn Badges(props: &BadgesProps) -> Html {
    use_topic(&props.page, Topic::Pulse);
    let Some(i) = props.index else { return html! {} };
    let live = props.page.live.borrow();
    let rates = live.node_rates(i);
    let status = live.statuses.get(i);
    let faults = status.map(|s| s.faults.join(", ")).unwrap_or_default();
    let state = props.node.descriptor.zip(status).and_then(|(d, s)| crate::charts::unwell(d, &s.gauges));
    let amplification =
        if rates.amplification.is_finite() { format!("×{:.1}", rates.amplification) } else { "×∞".to_owned() };
    let loud = rates.amplification >= 1.2;
    html! {
        <span class="badges" aria-hidden="true">
            if let Some(state) = state {
                <span class={if state.tone == Tone::Bad { "badge unwell bad" } else { "badge unwell" }}>
                    { format!("{} {}", if state.tone == Tone::Bad { "▲" } else { "◆" }, state.title) }
                </span>
            }
            if !faults.is_empty() {
                <span class="badge fault" title={format!("Fault: {faults}")}>{ icons::bolt() }</span>
            }
            if rates.offered >= 0.05 && loud {
                <span class="badge amplified" title="Calls that arrive ÷ those of them that no retry caused">{ amplification }</span>
            }
        </span>
    }
}

/// What can be done to a node while it runs.
#[component]
fn Deeds(props: &FaceProps) -> Html {
    let FaceProps { page, node } = props;
    use_topic(page, Topic::Pulse);
    let Some(descriptor) = node.descriptor else { return html! {} };
    let live = page.live.borrow();
    let Some(index) = live.index(&node.id) else { return html! {} };
    let in_force = live.statuses.get(index).map(|s| s.faults.clone()).unwrap_or_default();
    html! {
        <div class="deeds" data-deed="">
            { for descriptor.faults.iter().map(|fault| {
                let active = fault.lasting && in_force.iter().any(|f| f == fault.name);
                let onclick = {
                    let (page, id, name) = (page.clone(), node.id.clone(), fault.name.to_owned());
                    Callback::from(move |_: MouseEvent| {
                        let fault = name.clone();
                        let deed = if active { Deed::Heal { fault } } else { Deed::Fault { fault, values: Vec::new() } };
                        page.act(&id, deed, None);
                    })
                };
                let verb = if active { "End: " } else { "" };
                let icon = if fault.lasting { icons::slow() } else { icons::kill() };
                html! {
                    <button type="button" key={fault.name} class={classes!("deed", active.then_some("active"))} {onclick}
                            aria-label={format!("{verb}{} {}", fault.title, node.title)} data-fault={fault.name}
                            aria-pressed={fault.lasting.then(|| active.to_string())} title={format!("{verb}{}: {}", fault.title, fault.doc.trim())}>
                        { icon }
                    </button>
                }
            }) }
        </div>
    }
}

#[component]
fn Ports(props: &FaceProps) -> Html {
    let FaceProps { page, node } = props;
    let local = |(x, y): Point| format!("left:{x}px;top:{y}px");
    let accepts = node.descriptor.is_none_or(|d| d.accepts_calls);
    let finish = {
        let (page, id) = (page.clone(), node.id.clone());
        Callback::from(move |_: MouseEvent| press_node(&page, &id))
    };
    html! {
        <>
            if accepts {
                <button type="button" class="port in" style={local(inlet((0.0, 0.0)))} data-port={format!("{}.in", node.id)}
                        aria-label={format!("Calls to {} arrive here", node.title)} tabindex="-1" onclick={finish} />
            }
            { for node.ports().iter().enumerate().map(|(i, port)| {
                let begin = {
                    let (page, id) = (page.clone(), node.id.clone());
                    Callback::from(move |event: MouseEvent| {
                        // A pointer's click has been handled by the stage; this is the keyboard's.
                        if event.detail() == 0 {
                            begin_connection(&page, &id, i);
                        }
                    })
                };
                html! {
                    <button type="button" key={port.name} class="port out" data-out={i.to_string()} style={local(outlet(node, (0.0, 0.0), i))}
                            data-port={format!("{}.{}", node.id, port.name)} title={format!("{}: {} Drag to a node, or click and then click the node.", port.name, port.doc.trim())}
                            aria-label={format!("Connect from {}, port {}", node.title, port.name)} onclick={begin} />
                }
            }) }
        </>
    }
}
