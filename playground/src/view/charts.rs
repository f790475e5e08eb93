//! Frames for the charts: headings with the numbers of now; the canvases are drawn by the animation loop.

use super::PageProps;
use crate::page::{Topic, use_topic};
use crate::series::{millis, short};
use yew::prelude::*;

/// See the module.
#[component]
pub fn Charts(props: &PageProps) -> Html {
    let page = props.page.clone();
    let all = use_state(|| false);
    let toggle = {
        let (page, all) = (page.clone(), all.clone());
        Callback::from(move |_: MouseEvent| {
            page.chart_all.set(!*all);
            page.chart_dirty.set(true);
            all.set(!*all);
        })
    };
    html! {
        <section class="charts" aria-label="Charts">
            <figure>
                <figcaption>
                    <h2 title="Requests per second">{ "Load, 1/s" }</h2>
                    <LoadNow page={page.clone()} />
                    <button type="button" class="toggle" aria-pressed={all.to_string()} onclick={toggle}
                            title="Offered load can be far above what is served: show all of it, or the part that is served">
                        { if *all { "all" } else { "served" } }
                    </button>
                </figcaption>
                <canvas id="chart-load" role="img" aria-label="Offered load, throughput and goodput over time; wasted work is shaded"></canvas>
            </figure>
            <figure>
                <figcaption><h2>{ "Latency" }</h2><LatencyNow {page} /></figcaption>
                <canvas id="chart-latency" role="img" aria-label="Median and 99th percentile of latency over time"></canvas>
            </figure>
        </section>
    }
}

#[component]
fn LoadNow(props: &PageProps) -> Html {
    use_topic(&props.page, Topic::Pulse);
    let live = props.page.live.borrow();
    let point = live.points.last().copied().unwrap_or_default();
    let peak = |f: fn(&crate::wire::Point) -> f32| live.points.iter().map(|p| f64::from(f(p))).fold(0.0, f64::max);
    let (offered, served) = (peak(|p| p.offered), peak(|p| p.throughput.max(p.goodput)));
    html! {
        <span class="keys">
            <span class="l-offered">{ "offered " }<b>{ short(f64::from(point.offered)) }</b>
                // Where the line leaves the chart, its height is said.
                if offered > served * 2.0 { <small class="peak">{ format!(" peak {}", short(offered)) }</small> }
            </span>
            <span class="l-throughput">{ "throughput " }<b>{ short(f64::from(point.throughput)) }</b></span>
            <span class="l-goodput">{ "goodput " }<b data-testid="goodput" data-value={format!("{:.1}", point.goodput)}>{ short(f64::from(point.goodput)) }</b></span>
            <span class="l-wasted">{ "wasted " }<b>{ short(f64::from((point.throughput - point.goodput).max(0.0))) }</b></span>
        </span>
    }
}

#[component]
fn LatencyNow(props: &PageProps) -> Html {
    use_topic(&props.page, Topic::Pulse);
    let live = props.page.live.borrow();
    let (p50, p99) = live.points.last().map_or((f32::NAN, f32::NAN), |p| (p.p50, p.p99));
    html! {
        <span class="keys">
            <span class="l-p50">{ "p50 " }<b>{ millis(f64::from(p50)) }</b></span>
            <span class="l-p99">{ "p99 " }<b>{ millis(f64::from(p99)) }</b></span>
        </span>
    }
}
