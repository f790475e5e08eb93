//! The right side: everything about what is selected, made from the catalogue.

use super::fields::ParamField;
use super::{PageProps, icons};
use crate::editor::outline::NodeSketch;
use crate::editor::{Change, params};
use crate::page::{PageRef, Selection, Topic, use_topic};
use crate::series::{bytes, short};
use crate::wire::Deed;
use floodgate::catalogue::{FaultSpec, GaugeSpec};
use floodgate::param::ParamKind;
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
    let content = match selected {
        Some(Selection::Node(id)) => match outline.node(&id) {
            Some(node) => html! { <NodePanel key={id} page={page.clone()} node={Rc::new(node.clone())} /> },
            None => html! {},
        },
        Some(Selection::Link(from, _, to)) => {
            let title = |id: &str| outline.node(id).map_or(id.to_owned(), |n| n.title.clone());
            html! {
                <section>
                    <h2>{ format!("{} → {}", title(&from), title(&to)) }</h2>
                    <p class="about">{ "A link: calls go one way, answers come back. Its latency stands in the scenario file." }</p>
                    <DeleteButton page={page.clone()} what="link" />
                </section>
            }
        }
        None => html! {
            <section class="about-scenario">
                <h2>{ outline.name.clone() }</h2>
                <p class="about">{ outline.description.clone() }</p>
                <p class="quiet">{ "Select a node to see its parameters and to break it. Drag from the right side of a node to connect it." }</p>
                <Totals page={page.clone()} />
            </section>
        },
    };
    html! { <aside class="inspector" aria-label="Inspector">{ content }</aside> }
}

#[derive(PartialEq, Properties)]
struct DeleteProps {
    page: PageRef,
    what: AttrValue,
}

#[component]
fn DeleteButton(props: &DeleteProps) -> Html {
    let page = props.page.clone();
    let onclick = Callback::from(move |_: MouseEvent| page.delete_selected());
    html! {
        <button type="button" class="action danger" title="Delete" {onclick}>{ icons::bin() }{ format!("Delete {}", props.what) }</button>
    }
}

#[component]
fn Totals(props: &PageProps) -> Html {
    use_topic(&props.page, Topic::Pulse);
    let live = props.page.live.borrow();
    let t = live.last.totals;
    let rows = [
        ("Requests born", t.born),
        ("Answered", t.answered),
        ("of them in time", t.goodput),
        ("Failed", t.failed),
        ("In flight", t.in_flight),
        ("Attempts sent", t.attempts),
        ("Events", live.last.events),
    ];
    html! {
        <table class="gauges" aria-label="Totals">
            { for rows.iter().map(|(name, value)| html! {
                <tr key={*name}><th scope="row">{ *name }</th><td>{ params::number(*value as f64) }</td></tr>
            }) }
        </table>
    }
}

#[derive(PartialEq, Properties)]
struct NodePanelProps {
    page: PageRef,
    node: Rc<NodeSketch>,
}

#[component]
fn NodePanel(props: &NodePanelProps) -> Html {
    let NodePanelProps { page, node } = props;
    let rename = {
        let (page, id) = (page.clone(), node.id.clone());
        Callback::from(move |event: Event| {
            let title = event.target_unchecked_into::<HtmlInputElement>().value();
            page.try_edit(&Change::Rename { id: id.clone(), title });
            page.editor.borrow_mut().seal();
        })
    };
    let Some(descriptor) = node.descriptor else {
        return html! {
            <section>
                <h2>{ node.title.clone() }</h2>
                <p class="about">{ format!("There is no component of kind “{}”.", node.kind) }</p>
                <DeleteButton page={page.clone()} what="node" />
            </section>
        };
    };
    html! {
        <section>
            <div class="inspector-head">
                <span class="glyph">{ icons::look(Some(descriptor.look)) }</span>
                <input class="title" aria-label="Title" value={node.title.clone()} onchange={rename} spellcheck="false" />
            </div>
            <p class="about">{ descriptor.doc }</p>
            <details><summary>{ "How it behaves" }</summary><p class="manual">{ descriptor.manual }</p></details>
            <Gauges page={page.clone()} node={node.clone()} />
            if !descriptor.faults.is_empty() {
                <h3>{ "Break it" }</h3>
                { for descriptor.faults.iter().map(|fault| html! {
                    <Fault key={fault.name} page={page.clone()} id={node.id.clone()} {fault} />
                }) }
            }
            <h3>{ "Parameters" }</h3>
            { for params::leaves(descriptor).into_iter().map(|(path, spec)| {
                let around = path.match_indices('.').all(|(at, _)| params::spec(descriptor, &path[..at]).is_some_and(|g| g.live));
                let given = node.given.get(&path).map(|text| match spec.kind {
                    ParamKind::Codes => codes(text),
                    _ => params::bare(text),
                });
                html! {
                    <ParamField key={path.clone()} page={page.clone()} id={node.id.clone()} path={path.clone()} {spec} {given}
                                live={spec.live && around} />
                }
            }) }
            <p class="quiet identity">{ format!("id: {}", node.id) }</p>
            <DeleteButton page={page.clone()} what="node" />
        </section>
    }
}

/// A list of codes as a person types it.
fn codes(toml: &str) -> String {
    toml.trim_matches(['[', ']', ' ']).replace('"', "")
}

#[component]
fn Gauges(props: &NodePanelProps) -> Html {
    let NodePanelProps { page, node } = props;
    use_topic(page, Topic::Pulse);
    let live = page.live.borrow();
    let (Some(i), Some(descriptor)) = (live.index(&node.id), node.descriptor) else {
        return html! { <p class="quiet">{ "It takes part in the run after Reset." }</p> };
    };
    let Some(status) = live.statuses.get(i) else { return html! {} };
    let rates = live.node_rates(i);
    let amplification =
        if rates.amplification.is_finite() { format!("×{:.2}", rates.amplification) } else { "×∞".to_owned() };
    html! {
        <table class="gauges" aria-label="Now">
            <tr><th scope="row">{ "arrives" }</th><td>{ format!("{}/s", short(rates.offered)) }</td></tr>
            <tr title="Calls that arrive ÷ those of them that no retry caused"><th scope="row">{ "amplification" }</th><td>{ amplification }</td></tr>
            { for descriptor.gauges.iter().zip(&status.gauges).map(|(gauge, value)| html! {
                <tr key={gauge.name} title={gauge.doc}><th scope="row">{ gauge.name }</th><td>{ shown(gauge, *value) }</td></tr>
            }) }
        </table>
    }
}

fn shown(gauge: &GaugeSpec, value: f64) -> String {
    match gauge.unit {
        "bytes" => bytes(value as u64),
        "ratio" => format!("{value:.2}"),
        _ => short(value),
    }
}

#[derive(PartialEq, Properties)]
struct FaultProps {
    page: PageRef,
    id: String,
    fault: &'static FaultSpec,
}

/// A fault with its own parameters and, where it lasts, its length.
#[component]
fn Fault(props: &FaultProps) -> Html {
    let FaultProps { page, id, fault } = props;
    use_topic(page, Topic::Pulse);
    let typed = use_mut_ref(std::collections::BTreeMap::<&'static str, String>::new);
    let lasting = use_mut_ref(|| "10s".to_owned());
    let active = {
        let live = page.live.borrow();
        let status = live.index(id).and_then(|i| live.statuses.get(i));
        fault.lasting && status.is_some_and(|s| s.faults.iter().any(|f| f == fault.name))
    };
    let start = {
        let (page, id, typed, lasting, fault) = (page.clone(), id.clone(), typed.clone(), lasting.clone(), *fault);
        Callback::from(move |_: MouseEvent| {
            let name = fault.name.to_owned();
            if active {
                page.act(&id, Deed::Heal { fault: name }, None);
                return;
            }
            let toml = |(name, text): (&&'static str, &String)| {
                let spec = fault.params.iter().find(|p| p.name == *name)?;
                (!text.trim().is_empty()).then(|| ((*name).to_owned(), params::to_toml(spec.kind, text)))
            };
            let values = typed.borrow().iter().filter_map(toml).collect();
            let length = Some(lasting.borrow().trim().to_owned()).filter(|l| fault.lasting && !l.is_empty());
            page.act(&id, Deed::Fault { fault: name, values }, length);
        })
    };
    let set_length = {
        let lasting = lasting.clone();
        Callback::from(move |event: Event| {
            *lasting.borrow_mut() = event.target_unchecked_into::<HtmlInputElement>().value()
        })
    };
    let icon = if fault.lasting { icons::slow() } else { icons::kill() };
    html! {
        <div class="fault">
            <button type="button" class={classes!("action", "danger", active.then_some("active"))} title={fault.doc.trim()} onclick={start}>
                { icon }{ if active { format!("End: {}", fault.title) } else { fault.title.to_owned() } }
            </button>
            { for fault.params.iter().map(|param| {
                let typed = typed.clone();
                let name = param.name;
                let onchange = Callback::from(move |event: Event| {
                    typed.borrow_mut().insert(name, event.target_unchecked_into::<HtmlInputElement>().value());
                });
                let placeholder = param.default.map_or_else(|| "all".to_owned(), params::bare);
                html! {
                    <label class="mini" key={param.name} title={param.doc.trim()}>{ param.name }<input {placeholder} {onchange} /></label>
                }
            }) }
            if fault.lasting {
                <label class="mini" title="How long; empty is until you end it">{ "for" }<input value={lasting.borrow().clone()} onchange={set_length} /></label>
            }
        </div>
    }
}
