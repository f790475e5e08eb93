//! Side B of a comparison: the same layout, the same clock, the same requests; what differs is tinted and said.

use super::PageProps;
use crate::editor::outline::NodeSketch;
use crate::live::Live;
use crate::page::{PageRef, Topic, use_topic};
use crate::series::{millis, short};
use yew::prelude::*;

/// Loads that differ by more than this share of capacity are tinted.
const TINT_FROM: f64 = 0.1;

/// See the module.
#[component]
pub fn Rival(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Pulse);
    use_topic(&page, Topic::Edit);
    let rival = page.time.rival.borrow();
    let Some(b) = rival.as_ref() else { return html! {} };
    let a = page.live.borrow();
    let name = page.time.rival_name.borrow().clone();
    html! {
        <section class="rival" tabindex="0" aria-label="Side B" data-testid="rival">
            <header>
                <b class="side-b">{ "B" }</b><span class="rival-name" title={name.clone()}>{ name.clone() }</span>
            </header>
            { strip(&page, &a, b) }
            { map(&page, &a, b) }
            <figure>
                <figcaption>
                    <h2>{ "Goodput, 1/s" }</h2><span class="keys"><span class="key-of i-first s-thin">{ "A" }</span><span class="key-of i-retry s-dashed">{ "B" }</span></span>
                </figcaption>
                <canvas id="chart-rival" role="img" aria-label="Goodput of both sides over time, on the same axes"></canvas>
            </figure>
            <footer class="quiet" data-testid="comparison-footer">{ format!("seed {}, 1 run: one run is one draw, not a proof", a.loaded.seed) }</footer>
        </section>
    }
}

/// Both sides in numbers, over the last second, and the difference.
fn strip(page: &PageRef, a: &Live, b: &Live) -> Html {
    let last = |live: &Live| live.points.last().copied().unwrap_or_default();
    let (p, q) = (last(a), last(b));
    // What is better is known of some numbers; what costs more is not worse for it.
    let row = |name: &'static str, better_is_more: Option<bool>, x: f32, y: f32, text: fn(f64) -> String| {
        let (x, y) = (f64::from(x), f64::from(y));
        let differs = (x - y).abs() > 0.02 * x.abs().max(y.abs());
        let judged = better_is_more.filter(|_| differs).map(|more| (y > x) == more);
        let sign = if y >= x { "+" } else { "−" };
        let delta = if x.is_nan() || y.is_nan() {
            "–".to_owned()
        } else if differs {
            let verdict = match judged {
                Some(true) => "▲ better ",
                Some(false) => "▼ worse ",
                None => "",
            };
            format!("{verdict}{sign}{}", text((y - x).abs()))
        } else {
            "same".to_owned()
        };
        html! {
            <tr>
                <th scope="row">{ name }</th><td>{ text(x) }</td><td>{ text(y) }</td>
                <td class={classes!("delta", judged.map(|better| if better { "better" } else { "worse" }))}>{ delta }</td>
            </tr>
        }
    };
    let rate = |v: f64| short(v);
    let replicas = |live: &Live| live.statuses.iter().map(|s| s.replicas.len()).sum::<usize>() as f32;
    let cost = (
        crate::charts::replica_seconds(a, &page.outline.borrow()) as f32,
        crate::charts::replica_seconds(b, &page.time.rival_outline.borrow()) as f32,
    );
    html! {
        <table class="delta-strip">
            <thead><tr><th>{ "last window" }</th><th scope="col">{ "A" }</th><th scope="col">{ "B" }</th><th scope="col">{ "B against A" }</th></tr></thead>
            <tbody>
                { row("born, 1/s", None, p.born, q.born, rate) }
                { row("goodput, 1/s", Some(true), p.goodput, q.goodput, rate) }
                { row("failed, 1/s", Some(false), p.failed, q.failed, rate) }
                { row("p99", Some(false), p.p99, q.p99, millis) }
                { row("replicas", None, replicas(a), replicas(b), rate) }
                { row("replica-seconds so far", None, cost.0, cost.1, rate) }
            </tbody>
        </table>
    }
}

/// The nodes of B at the places of A.
fn map(page: &PageRef, a: &Live, b: &Live) -> Html {
    let outline = page.time.rival_outline.borrow().clone();
    let places = page.places.borrow().updated(&outline);
    let Some((left, top, right, bottom)) = places.bounds(&outline) else { return html! {} };
    let there: Vec<&NodeSketch> = outline.nodes.iter().filter(|n| b.index(&n.id).is_some()).collect();
    let edges = outline.links.iter().filter_map(|link| {
        let curve = crate::geometry::curve(&outline, &places, link)?;
        let index = b.loaded.links.iter().position(|(f, p, t)| *f == link.from && *p as usize == link.port && *t == link.to)?;
        let rates = b.link_rates(index);
        let width = 1.5 + (rates.calls.sqrt() / 16.0).min(6.0);
        let failing = rates.calls > 0.0 && rates.errors > 0.2 * rates.calls;
        Some(html! {
            <path class={classes!("rival-edge", failing.then_some("failing"))} d={curve.path()} stroke-width={width.to_string()} />
        })
    });
    // Text is read on the screen, however small the map is.
    let (x, y, width) = (left - 12.0, top - 12.0, right - left + 24.0);
    let scale = ((right - left) / 480.0).clamp(1.0, 1.6);
    let height = bottom - top + 24.0 + 24.0 * scale;
    page.time.rival_view.set((x, y, width, height));
    let cards = there.iter().map(|node| card(node, places.of(node), scale, a, b));
    html! {
        <div class="rival-map">
            <svg role="img" aria-label="The nodes of side B" viewBox={format!("{x} {y} {width} {height}")}>
                { for edges }
                { for cards }
            </svg>
            <canvas id="motion-b" aria-hidden="true"></canvas>
        </div>
    }
}

fn card(node: &NodeSketch, (x, y): (f64, f64), scale: f64, a: &Live, b: &Live) -> Html {
    let (width, height) = crate::geometry::size(node);
    let of =
        |live: &Live| live.index(&node.id).map(|i| (live.load(i), live.node_rates(i), live.statuses.get(i).cloned()));
    let (mine, other) = (of(b), of(a));
    let load = mine.as_ref().and_then(|m| m.0);
    let differs = match (load, other.as_ref().and_then(|o| o.0)) {
        _ if other.is_none() => Some("only in B"),
        (Some(b), Some(a)) if b > a + TINT_FROM => Some("busier than in A"),
        (Some(b), Some(a)) if b + TINT_FROM < a => Some("calmer than in A"),
        _ => None,
    };
    let class = differs.map(|d| if d.starts_with("calmer") { "calmer" } else { "busier" });
    let queue = mine.as_ref().and_then(|m| m.2.as_ref()).map(|s| s.replicas.iter().map(|r| r.queue).sum::<u32>());
    let mut words = Vec::new();
    words.extend(load.map(|u| format!("{:.0} % busy", u * 100.0)));
    words.extend(queue.filter(|q| *q > 0).map(|q| format!("queue {q}")));
    if let Some((_, rates, _)) = &mine {
        words.push(format!("{}/s", short(rates.offered)));
        if rates.errors > 0.05 {
            words.push(format!("{} errors/s", short(rates.errors)));
        }
    }
    html! {
        <g class={classes!("rival-card", class)} transform={format!("translate({x} {y})")}>
            <title>{ format!("{} on side B: {}", node.title, words.join(", ")) }</title>
            <rect width={width.to_string()} height={height.to_string()} rx="12" />
            <text x="12" y={(22.0 * scale).to_string()} font-size={(17.0 * scale).to_string()} class="name">{ node.title.clone() }</text>
            { for words.into_iter().enumerate().map(|(i, word)| html! { <text x="12" y={((42.0 + 17.0 * i as f64) * scale).to_string()} font-size={(15.0 * scale).to_string()}>{ word }</text> }) }
            if let Some(differs) = differs {
                <text x="12" y={(height + 18.0 * scale).to_string()} font-size={(15.0 * scale).to_string()} class="differs">{ differs }</text>
            }
        </g>
    }
}
