//! The inspector for everything but one node: the scenario, a link, a group, several things.

use super::fields::ParamField;
use super::inspector::{DeleteButton, Title};
use super::node_panel::{Fields, GroupField};
use super::{PageProps, icons};
use crate::editor::arrange::Arrange;
use crate::editor::outline::{GroupSketch, LinkSketch};
use crate::editor::params;
use crate::editor::{Selected, Target};
use crate::page::{PageRef, Selection, Topic, use_topic};
use crate::wire::Deed;
use floodgate::scenario::{GROUP_PARAMS, HEADER, LINK};
use std::rc::Rc;
use yew::prelude::*;

/// So many hints are shown without asking.
const HINTS_OPEN: usize = 5;

/// Nothing is selected: the scenario.
#[component]
pub fn ScenarioPanel(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Edit);
    let outline = page.outline.borrow().clone();
    let hints = page.editing.hints.borrow().clone();
    html! {
        <section class="about-scenario">
            <h2>{ outline.name.clone() }</h2>
            <p class="about">{ outline.description.clone() }</p>
            <p class="quiet">{ "Select a node to see its parameters and to break it. Drag from the right side of a node to connect it. Press ? for all keys." }</p>
            <Totals page={page.clone()} />
            if !hints.is_empty() {
                <details open={hints.len() <= HINTS_OPEN}><summary>{ format!("Hints: {}", hints.len()) }</summary>
                <div class="link-list">
                    { for hints.iter().map(|hint| {
                        let node = hint.node.clone();
                        let title = node.as_deref().and_then(|id| outline.node(id)).map(|n| n.title.clone()).unwrap_or_default();
                        let onclick = {
                            let page = page.clone();
                            Callback::from(move |_: MouseEvent| page.select(node.clone().map(Selection::Node)))
                        };
                        html! { <button type="button" title={format!("{}\n{}", hint.problem.message, hint.problem.remedy)} {onclick}>{ hint.short.clone() }<small>{ title }</small></button> }
                    }) }
                </div></details>
            }
            <h3>{ "Scenario" }</h3>
            { for HEADER.iter().map(|spec| html! {
                <ParamField key={spec.name} page={page.clone()} target={Target::Scenario} path={spec.name} {spec}
                            given={outline.header.get(spec.name).map(|text| params::bare(text))} live={matches!(spec.name, "name" | "description" | "phenomenon" | "tag")} />
            }) }
        </section>
    }
}

/// Properties of [`LinkPanel`].
#[derive(PartialEq, Properties)]
pub struct LinkPanelProps {
    /// The page.
    pub page: PageRef,
    /// The link as it stands in the text.
    pub link: Rc<LinkSketch>,
}

/// A link.
#[component]
pub fn LinkPanel(props: &LinkPanelProps) -> Html {
    let LinkPanelProps { page, link } = props;
    use_topic(page, Topic::Edit);
    let outline = page.outline.borrow().clone();
    let end = |id: &str| {
        let title = outline.node(id).map_or(id.to_owned(), |n| n.title.clone());
        let (page, id) = (page.clone(), id.to_owned());
        let onclick = Callback::from(move |_: MouseEvent| page.select(Some(Selection::Node(id.clone()))));
        html! { <button type="button" {onclick}>{ title }</button> }
    };
    let port = outline.node(&link.from).and_then(|n| n.ports().get(link.port));
    let target = Target::Link(link.from.clone(), link.port, link.to.clone());
    html! {
        <section>
            <h2 class="link-title">{ end(&link.from) }<span>{ "→" }</span>{ end(&link.to) }</h2>
            <p class="about">{ "A link: calls go one way, answers come back." }
                if let Some(port) = port { { format!(" It leaves from port “{}”: {}", port.name, port.doc) } }
            </p>
            <LinkFaults page={page.clone()} link={link.clone()} />
            <p class="quiet">{ "While it runs, another weight or path puts a new link in its place: what is under way on the old one is answered 502." }</p>
            { for LINK.iter().map(|spec| html! {
                <ParamField key={spec.name} page={page.clone()} target={target.clone()} path={spec.name} {spec}
                            given={link.given.get(spec.name).map(|text| params::bare(text))} live=true />
            }) }
            <DeleteButton page={page.clone()} what="link" />
        </section>
    }
}

/// What can be done to a link for a while: a name, what it is, and the parameters that it sets.
const LINK_FAULTS: &[(&str, &str, &str, &str)] = &[
    ("Cut", "Messages vanish without a word; who waits notices by a time-out", "cut", "\"drop\""),
    ("Refuse", "Connections are refused: calls are answered 502 at once", "cut", "\"refuse\""),
    ("Slow down", "Each message takes 200 ms, one way", "latency", "\"200ms\""),
    ("Lose messages", "One message in ten is lost and sent again", "loss", "0.1"),
];

/// A link breaks, for as long as the field says.
#[component]
fn LinkFaults(props: &LinkPanelProps) -> Html {
    let LinkPanelProps { page, link } = props;
    use_topic(page, Topic::Pulse);
    let length = use_state(|| "10s".to_owned());
    let runs = page
        .live
        .borrow()
        .loaded
        .links
        .iter()
        .any(|(from, port, to)| (from, *port as usize, to) == (&link.from, link.port, &link.to));
    let oninput = {
        let length = length.clone();
        Callback::from(move |event: InputEvent| {
            length.set(event.target_unchecked_into::<web_sys::HtmlInputElement>().value());
        })
    };
    html! {
        <div class="link-faults" role="group" aria-label="Faults of the link">
            { for LINK_FAULTS.iter().map(|(name, what, param, value)| {
                let (page, link, length) = (page.clone(), link.clone(), length.clone());
                let onclick = Callback::from(move |_: MouseEvent| {
                    let changes = vec![((*param).to_owned(), Some((*value).to_owned()))];
                    let deed = Deed::Link { port: link.port as u32, to: link.to.clone(), changes };
                    page.act(&link.from, deed, Some(length.trim().to_owned()));
                });
                html! { <button type="button" class="action danger" title={*what} disabled={!runs} {onclick}>{ *name }</button> }
            }) }
            <label>{ "for " }<input class="narrow" aria-label="Length of the fault" value={(*length).clone()} {oninput} spellcheck="false" /></label>
        </div>
    }
}

/// Properties of [`GroupPanel`].
#[derive(PartialEq, Properties)]
pub struct GroupPanelProps {
    /// The page.
    pub page: PageRef,
    /// The group as it stands in the text.
    pub group: Rc<GroupSketch>,
}

/// A group.
#[component]
pub fn GroupPanel(props: &GroupPanelProps) -> Html {
    let GroupPanelProps { page, group } = props;
    use_topic(page, Topic::Edit);
    let outline = page.outline.borrow().clone();
    let target = Target::Group(group.id.clone());
    let ungroup = {
        let page = page.clone();
        Callback::from(move |_: MouseEvent| page.ungroup_selected())
    };
    html! {
        <section>
            <Title page={page.clone()} target={target.clone()} value={group.title.clone()} icon={icons::layout()} />
            <p class="about">{ "Nodes that belong together. They can be moved and broken as one." }</p>
            <GroupFaults page={page.clone()} id={group.id.clone()} />
            { for GROUP_PARAMS.iter().filter(|spec| spec.name != "title").map(|spec| html! {
                <ParamField key={spec.name} page={page.clone()} target={target.clone()} path={spec.name} {spec} given={Some(group.kind.clone())} live=true />
            }) }
            <h3>{ "Nodes" }</h3>
            <div class="link-list">
                { for outline.members(&group.id).map(|node| {
                    let onclick = {
                        let (page, id) = (page.clone(), node.id.clone());
                        Callback::from(move |_: MouseEvent| page.select(Some(Selection::Node(id.clone()))))
                    };
                    html! { <button type="button" {onclick}>{ node.title.clone() }<small>{ node.kind.clone() }</small></button> }
                }) }
            </div>
            <p class="quiet identity">{ format!("id: {}", group.id) }</p>
            <button type="button" class="action" onclick={ungroup}>{ "Dissolve group" }</button>
        </section>
    }
}

#[derive(PartialEq, Properties)]
struct GroupFaultsProps {
    page: PageRef,
    id: String,
}

/// What can be done to all nodes of a group at once.
#[component]
fn GroupFaults(props: &GroupFaultsProps) -> Html {
    use_topic(&props.page, Topic::Pulse);
    let faults = props.page.group_faults();
    html! {
        <div class="row">
            { for faults.into_iter().filter(|(group, _, _)| *group == props.id).map(|(group, fault, nodes)| {
                let what = node_fault_title(&props.page, fault);
                let title = format!("{what} all: {}", nodes.len());
                let page = props.page.clone();
                let onclick = Callback::from(move |_: MouseEvent| page.break_group(&group, fault, &nodes));
                html! { <button type="button" class="action danger" {onclick}>{ title }</button> }
            }) }
        </div>
    }
}

/// What a fault is called on buttons.
fn node_fault_title(page: &PageRef, fault: &str) -> String {
    let outline = page.outline.borrow();
    let mut faults = outline.nodes.iter().filter_map(|n| n.descriptor).flat_map(|d| d.faults);
    faults.find(|f| f.name == fault).map_or(fault, |f| f.title).to_owned()
}

/// Several things are selected.
#[component]
pub fn ManyPanel(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Edit);
    let outline = page.outline.borrow().clone();
    let ids = page.meant_nodes();
    let nodes: Vec<_> = ids.iter().filter_map(|id| outline.node(id)).map(|n| Rc::new(n.clone())).collect();
    let act = |f: fn(&PageRef)| {
        let page = page.clone();
        Callback::from(move |_: MouseEvent| f(&page))
    };
    let all = page.selected.borrow().len();
    let others = all - page.selected.borrow().nodes().count();
    let what = match (nodes.len(), others) {
        (n, 0) => format!("{n} nodes"),
        (0, m) => format!("{m} links and groups"),
        (n, m) => format!("{n} nodes, {m} links and groups"),
    };
    html! {
        <section>
            <h2>{ what }</h2>
            <div class="row arrange" role="group" aria-label="Arrange">
                { for Arrange::ALL.into_iter().map(|how| {
                    let onclick = {
                        let page = page.clone();
                        Callback::from(move |_: MouseEvent| page.arrange(how))
                    };
                    html! {
                        <button type="button" class="tool" key={how.title()} aria-label={how.title()} title={how.title()}
                                disabled={nodes.len() < how.at_least()} {onclick}>{ icons::arrange(how) }</button>
                    }
                }) }
            </div>
            <div class="row">
                <button type="button" class="action" onclick={act(|p| p.duplicate())}>{ "Duplicate" }</button>
                <button type="button" class="action" onclick={act(|p| p.group_selected())}>{ "Group" }</button>
                <button type="button" class="action" onclick={act(|p| p.auto_layout())}>{ "Lay out" }</button>
            </div>
            <div class="link-list">
                { for nodes.iter().map(|node| {
                    let onclick = {
                        let (page, id) = (page.clone(), node.id.clone());
                        Callback::from(move |_: MouseEvent| page.select_all_of(Selected::nodes_of([id.clone()])))
                    };
                    html! { <button type="button" key={node.id.clone()} {onclick}>{ node.title.clone() }<small>{ node.kind.clone() }</small></button> }
                }) }
            </div>
            if nodes.len() > 1 {
                <GroupField page={page.clone()} nodes={nodes.clone()} />
                <h3>{ "Parameters that they have in common" }</h3>
                <Fields page={page.clone()} nodes={nodes.clone()} />
            }
            <DeleteButton page={page.clone()} what="all of them" />
        </section>
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
