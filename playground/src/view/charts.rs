//! Frames for the charts: headings with the numbers of now or of the time pointed at, and the cursor that all of them share;
//! the canvases are drawn by the animation loop.

use super::PageProps;
use crate::charts::{self, Ink, Kind, Reading, Stroke};
use crate::page::{PageRef, Topic, use_topic};
use crate::series::short;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent, MouseEvent, PointerEvent};
use yew::prelude::*;

/// See the module.
#[component]
pub fn Charts(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Edit);
    let all = use_state(|| page.chart_all.get());
    let toggle = {
        let (page, all) = (page.clone(), all.clone());
        Callback::from(move |_: MouseEvent| {
            page.chart_all.set(!*all);
            page.chart_dirty.set(true);
            all.set(!*all);
        })
    };
    let second = page.seeing.second.get();
    let others = others(&page);
    let load = html! {
        <button type="button" class="toggle" aria-pressed={all.to_string()} onclick={toggle}
                title="Offered load can be far above what is served: show all of it, or the part that is served">
            { if *all { "all" } else { "served" } }
        </button>
    };
    html! {
        <div class="charts">
            <Figure page={page.clone()} kind={Kind::Load}>{ load }</Figure>
            if page.seeing.wide.get() {
                { for others.iter().map(|kind| html! {
                    <Figure key={kind.key()} page={page.clone()} kind={*kind} />
                }) }
            } else {
                <Figure page={page.clone()} kind={second}><Chooser page={page.clone()} /></Figure>
            }
        </div>
    }
}

/// The charts besides the load for which the running system has something.
fn others(page: &PageRef) -> Vec<Kind> {
    let has = |kind: &Kind| *kind != Kind::Load && page.with_charts(|source| charts::has(*kind, source));
    Kind::ALL.into_iter().filter(has).collect()
}

/// Which chart stands in the second place.
#[component]
fn Chooser(props: &PageProps) -> Html {
    let page = props.page.clone();
    let onchange = {
        let page = page.clone();
        Callback::from(move |event: Event| {
            let value = event.target_unchecked_into::<web_sys::HtmlSelectElement>().value();
            if let Some(kind) = Kind::of(&value) {
                page.seeing.second.set(kind);
                page.chart_dirty.set(true);
                page.tell(Topic::Edit);
            }
        })
    };
    let chosen = page.seeing.second.get();
    let mut others = others(&page);
    if !others.contains(&chosen) {
        others.push(chosen);
    }
    html! {
        <select class="chooser" aria-label="Second chart" {onchange}>
            { for others.iter().map(|kind| html! {
                <option value={kind.key()} selected={*kind == chosen}>{ kind.title() }</option>
            }) }
        </select>
    }
}

#[derive(PartialEq, Properties)]
struct FigureProps {
    page: PageRef,
    kind: Kind,
    #[prop_or_default]
    children: Html,
}

#[component]
fn Figure(props: &FigureProps) -> Html {
    let FigureProps { page, kind, children } = props;
    let kind = *kind;
    html! {
        <figure data-chart={kind.key()}>
            <figcaption>
                <h2 title={kind.about()}>{ kind.title() }</h2>
                <Keys page={page.clone()} {kind} />
                { children.clone() }
            </figcaption>
            <div class="plot">
                <canvas id={format!("chart-{}", kind.key())} role="img" aria-label={kind.about()}></canvas>
                <Cursor page={page.clone()} {kind} />
            </div>
        </figure>
    }
}

#[derive(PartialEq, Properties)]
struct KindProps {
    page: PageRef,
    kind: Kind,
}

/// The lines with their values: now, or at the time pointed at.
#[component]
fn Keys(props: &KindProps) -> Html {
    use_topic(&props.page, Topic::Pulse);
    let readings = props.page.readings(props.kind);
    html! {
        <span class="keys">
            { for readings.iter().map(|r| key(&props.page, r)) }
        </span>
    }
}

fn key(page: &PageRef, reading: &Reading) -> Html {
    let Reading { label, value, ink, stroke } = reading;
    let ink = match ink {
        Ink::First => "first",
        Ink::Retry => "retry",
        Ink::Ok => "ok",
        Ink::Error => "error",
        Ink::Shed => "shed",
        Ink::Muted => "muted",
    };
    let stroke = match stroke {
        None => "area",
        Some(Stroke::Thin) => "thin",
        Some(Stroke::Thick) => "thick",
        Some(Stroke::Dashed) => "dashed",
        Some(Stroke::Dotted) => "dotted",
    };
    let live = page.live.borrow();
    let goodput = live.points.last().filter(|_| label == "goodput").map(|p| format!("{:.1}", p.goodput));
    let test = goodput.is_some().then_some("goodput");
    html! {
        <span key={label.clone()} class={classes!("key-of", format!("i-{ink}"), format!("s-{stroke}"), format!("l-{label}"))}>
            { format!("{label} ") }<b data-testid={test} data-value={goodput}>{ value.clone() }</b>
            if label == "offered" { <Peak page={page.clone()} /> }
        </span>
    }
}

/// Where the line of offered load leaves the chart, its height is said.
#[component]
fn Peak(props: &PageProps) -> Html {
    let live = props.page.live.borrow();
    let peak = |f: fn(&crate::wire::Point) -> f32| live.points.iter().map(|p| f64::from(f(p))).fold(0.0, f64::max);
    let (offered, served) = (peak(|p| p.offered), peak(|p| p.throughput.max(p.goodput)));
    html! {
        if offered > served * 2.0 { <small class="peak">{ format!(" peak {}", short(offered)) }</small> }
    }
}

/// Over a chart: points at a time in all charts at once; a click, or Enter, goes there.
#[component]
fn Cursor(props: &KindProps) -> Html {
    let KindProps { page, kind } = props;
    let place = |event: &MouseEvent| -> Option<(f64, f64)> {
        // Listeners are delegated: the event's current target is the root of the page.
        let target: Element = event.target()?.dyn_into().ok()?;
        let target = target.closest(".plot-cursor").ok()??;
        let rect = target.get_bounding_client_rect();
        Some((f64::from(event.client_x()) - rect.left(), rect.width()))
    };
    let onpointermove = {
        let page = page.clone();
        Callback::from(move |event: PointerEvent| {
            if let Some((x, width)) = place(&event) {
                page.point_at(page.chart_time(x, width));
            }
        })
    };
    let leave = {
        let page = page.clone();
        move || page.point_at(None)
    };
    let onpointerleave = {
        let leave = leave.clone();
        Callback::from(move |_: PointerEvent| leave())
    };
    let onblur = Callback::from(move |_: FocusEvent| leave());
    let onclick = {
        let page = page.clone();
        Callback::from(move |event: MouseEvent| {
            if let Some(t) = place(&event).and_then(|(x, width)| page.chart_time(x, width)) {
                page.seek(t);
            }
        })
    };
    let onkeydown = {
        let page = page.clone();
        Callback::from(move |event: KeyboardEvent| {
            if page.chart_key(&event.key(), event.shift_key()) {
                event.prevent_default();
                // Here arrows point, and step nothing; Escape takes back one thing at a time.
                event.stop_propagation();
            }
        })
    };
    html! {
        <div class="plot-cursor" role="slider" tabindex="0" data-cursor={kind.key()} aria-valuemin="0" aria-valuemax="0" aria-valuenow="0"
             aria-label={format!("Time in {}: arrows point, Enter goes there", kind.title())}
             {onpointermove} {onpointerleave} {onblur} {onclick} {onkeydown}>
            <i class="cross"></i>
        </div>
    }
}
