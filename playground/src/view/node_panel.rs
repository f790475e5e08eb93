//! A node in the inspector: how it stands, how to break it, its parameters, its links.

use super::fields::ParamField;
use super::icons;
use super::inspector::{DeleteButton, Title};
use crate::charts::state_of;
use crate::editor::outline::NodeSketch;
use crate::editor::{Target, params};
use crate::page::{PageRef, Selection, Topic, use_topic};
use crate::series::{bytes, short};
use crate::wire::Deed;
use floodgate::catalogue::{FaultSpec, GaugeSpec};
use floodgate::param::ParamKind;
use std::rc::Rc;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// Properties of [`NodePanel`].
#[derive(PartialEq, Properties)]
pub struct NodePanelProps {
    /// The page.
    pub page: PageRef,
    /// The node as it stands in the text.
    pub node: Rc<NodeSketch>,
}

/// See the module.
#[component]
pub fn NodePanel(props: &NodePanelProps) -> Html {
    let NodePanelProps { page, node } = props;
    let target = Target::Nodes(vec![node.id.clone()]);
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
            <Title page={page.clone()} {target} value={node.title.clone()} icon={icons::look(Some(descriptor.look))} />
            <p class="about">{ descriptor.doc }</p>
            <HintList page={page.clone()} id={node.id.clone()} />
            <details><summary>{ "How it behaves" }</summary><p class="manual">{ descriptor.manual }</p><p class="manual">{ format!("Source: {}", descriptor.source) }</p></details>
            <Gauges page={page.clone()} node={node.clone()} />
            if !descriptor.faults.is_empty() {
                <h3>{ "Break it" }</h3>
                { for descriptor.faults.iter().map(|fault| html! {
                    <Fault key={fault.name} page={page.clone()} id={node.id.clone()} {fault} />
                }) }
            }
            <h3>{ "Parameters" }</h3>
            <Fields page={page.clone()} nodes={vec![node.clone()]} />
            <LinkList page={page.clone()} node={node.clone()} />
            <GroupField page={page.clone()} nodes={vec![node.clone()]} />
            <p class="quiet identity">{ format!("id: {}", node.id) }</p>
            <DeleteButton page={page.clone()} what="node" />
        </section>
    }
}

/// Properties of what is about several nodes.
#[derive(PartialEq, Properties)]
pub struct NodesProps {
    /// The page.
    pub page: PageRef,
    /// The nodes as they stand in the text.
    pub nodes: Vec<Rc<NodeSketch>>,
}

/// The parameters that these nodes have in common: of one, all.
#[component]
pub fn Fields(props: &NodesProps) -> Html {
    let NodesProps { page, nodes } = props;
    let descriptors: Vec<_> = nodes.iter().filter_map(|n| n.descriptor).collect();
    let target = Target::Nodes(nodes.iter().map(|n| n.id.clone()).collect());
    let [first, ..] = descriptors.as_slice() else { return html! {} };
    let one_kind = descriptors.iter().all(|d| d == first);
    html! {
        { for params::common(&descriptors).into_iter().filter(|(path, _)| nodes.iter().any(|n| has_room(n, path))).map(|(path, spec)| {
            let shown = |text: &String| match spec.kind {
                ParamKind::Codes => codes(text),
                _ => params::bare(text),
            };
            let given: Vec<Option<String>> = nodes.iter().map(|n| n.given.get(&path).map(shown)).collect();
            let mixed = given.iter().any(|g| *g != given[0]);
            html! {
                <ParamField key={path.clone()} page={page.clone()} target={target.clone()} path={path.clone()} {spec}
                            given={given[0].clone().filter(|_| !mixed)} {mixed} source={one_kind.then_some(first.source)}
                            live={descriptors.iter().all(|d| params::is_live(d, &path))} />
            }
        }) }
    }
}

/// Whether the groups around a parameter are there: what is switched off has no parts.
fn has_room(node: &NodeSketch, path: &str) -> bool {
    let is_on = |group: &str| {
        let spec = node.descriptor.and_then(|d| params::spec(d, group));
        let written = node.given.get(group).map(String::as_str);
        // A table of its own is not one value, but its parts are there.
        let inside = || node.given.keys().any(|key| key.strip_prefix(group).is_some_and(|rest| rest.starts_with('.')));
        spec.is_none_or(|spec| !spec.optional || params::is_on(spec, written) || inside())
    };
    path.match_indices('.').all(|(at, _)| is_on(&path[..at]))
}

#[derive(PartialEq, Properties)]
struct HintListProps {
    page: PageRef,
    id: String,
}

/// Everything there is to say about a node, with what to do.
#[component]
fn HintList(props: &HintListProps) -> Html {
    use_topic(&props.page, Topic::Edit);
    let hints = props.page.editing.hints.borrow().clone();
    html! {
        { for hints.iter().filter(|h| h.node.as_deref() == Some(&props.id)).map(|hint| html! {
            <div class="hint-note" key={hint.problem.message.clone()}>
                <b><span aria-hidden="true">{ "⚠ " }</span>{ hint.short.clone() }</b>
                <p>{ hint.problem.message.clone() }</p>
                <p class="quiet">{ format!("What to do: {}", hint.problem.remedy) }</p>
            </div>
        }) }
    }
}

/// The links of a node, to be selected without a pointer.
#[component]
fn LinkList(props: &NodePanelProps) -> Html {
    let NodePanelProps { page, node } = props;
    use_topic(page, Topic::Edit);
    let outline = page.outline.borrow().clone();
    let title = |id: &str| outline.node(id).map_or(id.to_owned(), |n| n.title.clone());
    let mine: Vec<_> = outline.links.iter().filter(|l| l.from == node.id || l.to == node.id).cloned().collect();
    if mine.is_empty() {
        return html! {};
    }
    html! {
        <>
            <h3>{ "Links" }</h3>
            <div class="link-list">
                { for mine.into_iter().map(|link| {
                    let text = if link.from == node.id { format!("→ {}", title(&link.to)) } else { format!("← {}", title(&link.from)) };
                    let latency = link.given.get("latency").map_or("0s".to_owned(), |l| params::bare(l));
                    let onclick = {
                        let (page, link) = (page.clone(), Selection::link(&link));
                        Callback::from(move |_: MouseEvent| page.select(Some(link.clone())))
                    };
                    html! { <button type="button" {onclick}>{ text }<small>{ latency }</small></button> }
                }) }
            </div>
        </>
    }
}

/// The group that nodes belong to.
#[component]
pub fn GroupField(props: &NodesProps) -> Html {
    let NodesProps { page, nodes } = props;
    use_topic(page, Topic::Edit);
    let groups = page.outline.borrow().groups.clone();
    let target = Target::Nodes(nodes.iter().map(|n| n.id.clone()).collect());
    let now = nodes.first().and_then(|n| n.group.clone());
    let mixed = nodes.iter().any(|n| n.group != now);
    let onchange = {
        let page = page.clone();
        Callback::from(move |event: Event| {
            let value = match event.target_unchecked_into::<HtmlSelectElement>().value().as_str() {
                "" => None,
                "+" => return page.group_selected(),
                id => Some(format!("\"{id}\"")),
            };
            if let Err(why) = page.set(&target, "group", value) {
                page.say(&why, true);
            }
        })
    };
    html! {
        <label class="group-field"><span>{ "Group" }</span>
            <select aria-label="Group" {onchange}>
                if mixed { <option value="" selected=true disabled=true>{ "several" }</option> }
                <option value="" selected={!mixed && now.is_none()}>{ "none" }</option>
                { for groups.iter().map(|g| html! { <option value={g.id.clone()} selected={!mixed && now.as_ref() == Some(&g.id)}>{ g.title.clone() }</option> }) }
                <option value="+">{ "a new one" }</option>
            </select>
        </label>
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
                <tr key={gauge.name} title={gauge.doc}><th scope="row">{ gauge.name }</th><td>{ state_of(descriptor, gauge.name, *value).map_or_else(|| shown(gauge, *value), |state| state.title.to_owned()) }</td></tr>
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
