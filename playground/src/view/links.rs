//! Links as SVG: a call lane, a return lane, a broad invisible path to hit, and the rate in words.

use crate::editor::{Outline, Selected};
use crate::geometry::{Curve, Places, curve};
use crate::page::{PageRef, Selection, Topic, use_topic};
use crate::series::short;
use std::rc::Rc;
use yew::prelude::*;

/// Properties of [`Links`].
#[derive(PartialEq, Properties)]
pub struct LinksProps {
    /// The page.
    pub page: PageRef,
    /// What stands in the text.
    pub outline: Rc<Outline>,
    /// Where the nodes are.
    pub places: Rc<Places>,
    /// What is selected.
    pub selected: Selected,
}

/// See the module.
#[component]
pub fn Links(props: &LinksProps) -> Html {
    let LinksProps { page, outline, places, selected } = props;
    html! {
        <svg class="links" aria-hidden="true">
            { for outline.links.iter().enumerate().filter_map(|(i, link)| {
                let curve = curve(outline, places, link)?;
                let chosen = selected.has(&Selection::link(link));
                Some(html! {
                    <g key={format!("{}.{}>{}", link.from, link.port, link.to)} data-link={i.to_string()}
                       data-edge={format!("{}>{}", link.from, link.to)} class={classes!("link", chosen.then_some("selected"))}>
                        <path id={format!("hit-{i}")} class="hit" d={curve.path()} />
                        <Lanes page={page.clone()} index={i} {curve} from={link.from.clone()} port={link.port as u32} to={link.to.clone()} />
                    </g>
                })
            }) }
            <path id="wire" class="wire" d="" />
        </svg>
    }
}

#[derive(PartialEq, Properties)]
struct LanesProps {
    page: PageRef,
    index: usize,
    curve: Curve,
    from: String,
    port: u32,
    to: String,
}

/// What of a link changes while it runs: width and rate.
#[component]
fn Lanes(props: &LanesProps) -> Html {
    use_topic(&props.page, Topic::Pulse);
    let LanesProps { page, index: i, curve, from, port, to } = props;
    let live = page.live.borrow();
    let key = (from.clone(), *port, to.clone());
    let running = live.loaded.links.iter().position(|l| *l == key);
    let rates = running.map(|j| live.link_rates(j)).unwrap_or_default();
    // Width grows with the logarithm of the rate; bits of a whole number do for that.
    let digits = f64::from(u64::BITS - (rates.calls.round() as u64).leading_zeros());
    let width = format!("{:.1}", 10.0 + digits * 0.9);
    let share = if rates.calls >= 1.0 { rates.retries / rates.calls } else { 0.0 };
    let (x, y) = curve.at(0.5, 0.0);
    let t = live.last.now_ns as f64 / 1e9;
    let in_force = live.loaded.phases.iter().filter(|p| p.from <= t && t < p.to);
    let broken =
        in_force.filter_map(|p| p.link.as_ref()).find(|link| (&link.0, &link.1) == (from, to)).map(|link| &link.2);
    html! {
        <>
            <path id={format!("call-{i}")} class={classes!("lane", (share > 0.5).then_some("loop"), running.is_none().then_some("pending"))} d={curve.path()} stroke-width={width} />
            <path id={format!("return-{i}")} class={classes!("mid", broken.map(|b| format!("broken {b}")))} d={curve.path()} />
            <g id={format!("label-{i}")} class="link-label" transform={format!("translate({x:.1} {y:.1})")}>
                if let Some(broken) = broken {
                    <path class="fault-mark" d="M-6 -6L6 6M6 -6L-6 6" />
                    <text y="22" class="broken">{ broken.clone() }</text>
                }
                if rates.calls >= 0.05 {
                    <text y="-20">{ format!("{}/s", short(rates.calls)) }</text>
                    if share >= 0.05 {
                        <text y="36" class="retries">{ format!("{:.0} % retries", share * 100.0) }</text>
                    }
                }
            </g>
        </>
    }
}
