//! The drawings that components ask for: figures, tanks, meters, shelves, switches, buckets, stacks, endpoints. All of them as
//! wide as the card; each state is told by shape or number as well as by colour.

use crate::face::{FIGURES_MAX, position};
use crate::series::{bytes, short};
use floodgate::status::{Drawing, ENDPOINTS_SHOWN, Endpoint, Figure, Health, Position};
use std::fmt::Write;
use yew::prelude::*;

/// Ticks in a tank; with more in it there is a bar with a number.
const TICKS_MAX: u64 = 24;
/// A tank without a cap fills its bar at this many; the number beside it tells the rest.
const UNBOUNDED_FULL: f64 = 2000.0;
/// Cards in a stack that are drawn one by one.
const CARDS_MAX: usize = 12;

/// Draws one of them, `width` wide.
pub fn draw(drawing: &Drawing, width: f64) -> Html {
    match drawing {
        Drawing::Figures(all) => figures(all),
        Drawing::Tank { label, level, abandoned, cap } => tank(label, (*level, *abandoned), *cap, width),
        Drawing::Meter { label, value, limit, unit } => meter(label, *value, *limit, unit, width),
        Drawing::Shelf { label, used, capacity, unit, hit_ratio } => {
            shelf(label, (*used, *capacity), unit, *hit_ratio, width)
        }
        Drawing::Switch { position, retry_in_s, probes, failures } => {
            switch(*position, *retry_in_s, *probes, *failures, width)
        }
        Drawing::Bucket { label, tokens, capacity, refill_per_s } => {
            bucket(label, (*tokens, *capacity), *refill_per_s, width)
        }
        Drawing::Stack { desired, ready, starting, warming, draining } => {
            stack((*desired, *ready), starting, (*warming, *draining), width)
        }
        Drawing::Endpoints(all) => endpoints(all, width),
    }
}

/// A number in its unit.
fn amount(value: f64, unit: &str) -> String {
    match unit {
        "bytes" => bytes(value.max(0.0) as u64),
        "ratio" => format!("{:.0} %", value * 100.0),
        "" => short(value),
        unit => format!("{} {unit}", short(value)),
    }
}

fn sheet(class: &'static str, width: f64, height: f64, content: Html) -> Html {
    html! {
        <svg class={classes!("drawing", class)} viewBox={format!("0 0 {width} {height}")} style={format!("height:{height}px")} aria-hidden="true">{ content }</svg>
    }
}

fn share(value: f64, of: f64) -> f64 {
    if of > 0.0 { (value / of).clamp(0.0, 1.0) } else { 0.0 }
}

fn figures(all: &[Figure]) -> Html {
    html! {
        <div class="figures">
            { for all.iter().take(FIGURES_MAX).map(|f| html! {
                <div><b>{ amount(f.value, &f.unit) }</b><small>{ f.label.to_string() }</small></div>
            }) }
        </div>
    }
}

/// A bar that is filled to a share, hatched when it is nearly full.
fn bar(x: f64, y: f64, (width, height): (f64, f64), share: f64) -> Html {
    let wide = format!("{:.1}", (width * share).max(0.0));
    html! {
        <>
            <rect class="frame" x={x.to_string()} y={y.to_string()} width={width.to_string()} height={height.to_string()} rx="2" />
            <rect class={classes!("level", (share > 0.8).then_some("high"))} x={x.to_string()} y={y.to_string()} width={wide.clone()} height={height.to_string()} rx="2" />
            if share > 0.8 {
                <rect fill="url(#hatch)" x={x.to_string()} y={y.to_string()} width={wide} height={height.to_string()} rx="2" />
            }
        </>
    }
}

fn tank(label: &str, (level, abandoned): (u64, u64), cap: Option<u64>, width: f64) -> Html {
    let full = cap.map_or(UNBOUNDED_FULL, |cap| cap as f64);
    let part = share(level as f64, full);
    let at_cap = cap.is_some_and(|cap| cap > 0 && level >= cap);
    let words =
        cap.map_or_else(|| short(level as f64), |cap| format!("{} of {}", short(level as f64), short(cap as f64)));
    let content = if level <= TICKS_MAX {
        let mut ticks = String::new();
        for i in 0..level {
            // Writing to a string cannot fail.
            let _ = write!(ticks, "M{:.1} 16v14", 4.0 + i as f64 * (width - 8.0) / TICKS_MAX as f64);
        }
        html! { <path class={classes!("ticks", (abandoned > 0).then_some("given-up"))} d={ticks} /> }
    } else {
        let given_up = (width - 4.0) * part * share(abandoned as f64, level as f64);
        html! {
            <>
                { bar(2.0, 16.0, (width - 4.0, 14.0), part) }
                if given_up > 1.0 { <rect class="zombie" x="2" y="16" width={format!("{given_up:.1}")} height="14" /> }
            </>
        }
    };
    let lip = if at_cap { "lip flash" } else { "lip" };
    sheet(
        "tank-drawing",
        width,
        34.0,
        html! {
            <>
                <text x="0" y="9">{ label }</text>
                <text x={width.to_string()} y="9" text-anchor="end" class={at_cap.then_some("strong")}>{ words }</text>
                <path class="tank" d={format!("M{:.1} 13.5H0.5V32.5H{:.1}", width - 1.0, width - 1.0)} />
                { content }
                if cap.is_some() { <path class={lip} d={format!("M{:.1} 12V34", width - 1.2)} /> }
            </>
        },
    )
}

fn meter(label: &str, value: f64, limit: f64, unit: &str, width: f64) -> Html {
    let words = format!("{} of {}", amount(value, unit), amount(limit, unit));
    sheet(
        "meter",
        width,
        24.0,
        html! {
            <>
                <text x="0" y="9">{ label }</text>
                <text x={width.to_string()} y="9" text-anchor="end">{ words }</text>
                { bar(0.5, 13.5, (width - 1.0, 7.0), share(value, limit)) }
            </>
        },
    )
}

/// Books on a board: as many as the cache is full; the hit ratio as a number and as the mark on the board's edge.
fn shelf(label: &str, (used, capacity): (f64, Option<f64>), unit: &str, hit_ratio: Option<f64>, width: f64) -> Html {
    let places = ((width / 8.0) as usize).max(1);
    let filled = match capacity {
        Some(capacity) => (share(used, capacity) * places as f64).ceil() as usize,
        None => places.min(used as usize),
    };
    let (mut books, mut gaps) = (String::new(), String::new());
    for i in 0..places {
        let (x, tall) = (i as f64 * 8.0 + 1.0, 13.0 + [0.0, 3.0, 1.0, 4.0, 2.0][i % 5]);
        let path = if i < filled { &mut books } else { &mut gaps };
        let _ = write!(path, "M{x:.1} {:.1}h6v{tall}h-6z", 31.0 - tall);
    }
    let of = capacity.map(|c| format!(" of {}", amount(c, unit))).unwrap_or_default();
    let of = if used > 0.0 { of } else { format!("{of}: empty") };
    let hits = hit_ratio.map_or_else(|| "no requests yet".to_owned(), |h| format!("{:.0} % hits", h * 100.0));
    sheet(
        "shelf",
        width,
        60.0,
        html! {
            <>
                <text x="0" y="9">{ format!("{label} {}{of}", amount(used, unit)) }</text>
                <path class="gap" d={gaps} /><path class="book" d={books} />
                <path class="board" d={format!("M0 32.5H{width}")} />
                if let Some(hit_ratio) = hit_ratio {
                    // Many hits are good news: nothing is hatched.
                    <rect class="frame" x="0.5" y="37.5" width={(width - 1.0).to_string()} height="5" rx="2" />
                    <rect class="level" x="0.5" y="37.5" width={format!("{:.1}", (width - 1.0) * hit_ratio.clamp(0.0, 1.0))} height="5" rx="2" />
                }
                <text x="0" y="56" class={if hit_ratio.is_some_and(|h| h < 0.5) { "strong" } else { "plain" }}>{ hits }</text>
            </>
        },
    )
}

/// A lever between two contacts: across when it is closed, up when it is open, resting on a dot for each probe in between.
fn switch(
    at: Position,
    retry_in_s: Option<f64>,
    (probing, probes): (u32, u32),
    failures: Option<(f64, f64)>,
    width: f64,
) -> Html {
    let (class, tip) = match at {
        Position::Closed => ("closed", (78.0, 22.0)),
        Position::HalfOpen => ("half-open", (75.0, 12.0)),
        Position::Open => ("open", (62.0, 2.0)),
    };
    let words = match (at, retry_in_s) {
        (Position::Open, Some(seconds)) => format!("open, {seconds:.1} s"),
        (Position::HalfOpen, _) => format!("half open {probing}/{probes}"),
        (at, _) => position(at).to_owned(),
    };
    let detail = failures.map(|(seen, of)| format!("failures {} of {}", short(seen), short(of)));
    let x = (width - 112.0).max(0.0) / 2.0;
    sheet(
        "switch",
        width,
        62.0,
        html! {
            <>
                <g class={class} transform={format!("translate({x:.0} 4)")}>
                    <path class="wire" d="M0 22H34M78 22H112" />
                    <circle class="contact" cx="34" cy="22" r="4" /><circle class="contact" cx="78" cy="22" r="4" />
                    <path class="lever" d={format!("M34 22L{} {}", tip.0, tip.1)} />
                    if at == Position::HalfOpen {
                        { for (0..probes.clamp(1, 6)).map(|i| html! {
                            <circle class={if i < probing { "probe under-way" } else { "probe" }} cx={(56 + i * 9).to_string()} cy="33" r="3" />
                        }) }
                    }
                </g>
                <text class="mode" x={(width / 2.0).to_string()} y={if detail.is_some() { "47" } else { "52" }} text-anchor="middle">{ words }</text>
                if let Some(detail) = detail { <text x={(width / 2.0).to_string()} y="60" text-anchor="middle">{ detail }</text> }
            </>
        },
    )
}

fn bucket(label: &str, (tokens, capacity): (f64, f64), refill_per_s: f64, width: f64) -> Html {
    let part = share(tokens, capacity);
    let empty = tokens < 1.0;
    let tall = 40.0 * part;
    let inset = 6.0 * (1.0 - part);
    sheet(
        "bucket",
        width,
        60.0,
        html! {
            <>
                <path class={classes!("level", empty.then_some("high"))} d={format!("M{:.1} {:.1}H{:.1}L46 48H10Z", 4.0 + inset, 48.0 - tall, 52.0 - inset)} />
                <path class="tank bold" d="M4 6L10 48H46L52 6" />
                if part < 0.2 { <rect fill="url(#hatch)" x="10" y="40" width="36" height="8" /> }
                <path class="drop" d="M28 0v4" />
                <text x="60" y="16" class={if empty { "strong" } else { "plain" }}>{ if empty { "empty".to_owned() } else { format!("{} of {}", short(tokens), short(capacity)) } }</text>
                <text x="60" y="31">{ label }</text>
                <text x="60" y="46">{ format!("+{}/s", short(refill_per_s)) }</text>
            </>
        },
    )
}

/// Cards behind each other: full ones are ready, striped ones warm up, dashed ones start, pale ones finish what they have; and
/// the two numbers, because the lag between them is the lesson.
fn stack((desired, ready): (u32, u32), starting: &[f32], (warming, draining): (u32, u32), width: f64) -> Html {
    let kinds = std::iter::repeat_n(("ready", 1.0), ready.saturating_sub(warming) as usize)
        .chain(std::iter::repeat_n(("warming", 1.0), warming as usize))
        .chain(starting.iter().map(|progress| ("starting", f64::from(*progress))))
        .chain(std::iter::repeat_n(("draining", 1.0), draining as usize));
    let cards: Vec<(&'static str, f64)> = kinds.take(CARDS_MAX).collect();
    let pitch = ((width - 26.0) / cards.len().max(1) as f64).min(22.0);
    let late = desired != ready;
    sheet(
        "stack",
        width,
        62.0,
        html! {
            <>
                { for cards.iter().enumerate().map(|(i, (kind, progress))| html! {
                    <g class={classes!("replica-card", *kind)} transform={format!("translate({:.1} 3)", i as f64 * (pitch + 2.0))}>
                        <rect x="1" y="1" width="22" height="26" rx="3" />
                        if *kind == "warming" { <rect fill="url(#stripes)" x="1" y="1" width="22" height="26" rx="3" /> }
                        if *kind == "starting" { <rect class="boot" x="4" y="20" width={format!("{:.1}", 16.0 * progress)} height="3" /> }
                    </g>
                }) }
                <text x="0" y="46">{ "desired " }<tspan class="number">{ desired }</tspan></text>
                <text x={(width / 2.0).to_string()} y="46" class={late.then_some("strong")}>{ "ready " }<tspan class="number">{ ready }</tspan></text>
                <text x="0" y="60">{ in_words(starting.len(), warming, draining) }</text>
            </>
        },
    )
}

fn in_words(starting: usize, warming: u32, draining: u32) -> String {
    let some = [(starting as u32, "starting"), (warming, "warming"), (draining, "draining")];
    some.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect::<Vec<_>>().join(", ")
}

/// How many replicas there should be and how many are ready, for the head of a card.
pub fn stack_badge(drawing: &Drawing) -> Html {
    let Drawing::Stack { desired, ready, starting, warming, draining } = drawing else { return html! {} };
    let words = in_words(starting.len(), *warming, *draining);
    let title =
        format!("{desired} replicas are desired, {ready} are ready{}{words}", if words.is_empty() { "" } else { "; " });
    html! {
        <span class={classes!("stack-badge", (desired != ready).then_some("late"))} {title}>
            <svg viewBox="0 0 20 18" aria-hidden="true"><path d="M6 1.500h12v9M3.500 4.500h12v9M1 7.500h12v9h-12z" /></svg>
            <b>{ format!("{ready}/{desired}") }</b>
        </span>
    }
}

/// A mark for each, by what is thought of it; the words name those that do not take their share.
fn endpoints(all: &[Endpoint], width: f64) -> Html {
    let shown = &all[..all.len().min(ENDPOINTS_SHOWN)];
    let per_row = ((width / 14.0) as usize).max(1);
    let count = |health: Health| all.iter().filter(|e| e.health == health).map(|e| 1 + e.more).sum::<u32>();
    let total: u32 = all.iter().map(|e| 1 + e.more).sum();
    let bad = [
        (Health::Unhealthy, "unhealthy"),
        (Health::Ejected, "ejected"),
        (Health::Suspect, "suspect"),
        (Health::SlowStart, "slow start"),
        (Health::Draining, "draining"),
    ];
    let mut others = bad.iter().map(|(h, word)| (count(*h), *word)).filter(|(n, _)| *n > 0);
    // Two of them have room; the marks show the others, and their titles name them.
    let words: Vec<String> = others.by_ref().take(2).map(|(n, word)| format!("{n} {word}")).collect();
    let more = if others.next().is_some() { " …" } else { "" };
    let healthy = format!("{} of {total} healthy", count(Health::Healthy));
    let rows = shown.len().div_ceil(per_row).max(1);
    let height = 14.0 * rows as f64 + if words.is_empty() { 14.0 } else { 27.0 };
    sheet(
        "endpoints",
        width,
        height,
        html! {
            <>
                { for shown.iter().enumerate().map(|(i, e)| {
                    let (x, y) = ((i % per_row) as f64 * 14.0, (i / per_row) as f64 * 14.0 + 1.0);
                    html! { <g transform={format!("translate({x:.0} {y:.0})")}><title>{ endpoint_title(e) }</title>{ mark(e) }</g> }
                }) }
                <text x="0" y={(14.0 * rows as f64 + 11.0).to_string()}>{ healthy }</text>
            if !words.is_empty() {
                <text class="strong" x="0" y={(height - 3.0).to_string()}>{ format!("{}{more}", words.join(", ")) }</text>
            }
            </>
        },
    )
}

fn endpoint_title(e: &Endpoint) -> String {
    let more = if e.more > 0 { format!(" and {} more", e.more) } else { String::new() };
    format!("{}{more}: {}, {} open, weight {}", e.name, health(e.health), e.open, short(f64::from(e.weight)))
}

fn health(health: Health) -> &'static str {
    match health {
        Health::Healthy => "healthy",
        Health::Suspect => "suspect",
        Health::SlowStart => "slow start",
        Health::Unhealthy => "unhealthy",
        Health::Ejected => "ejected",
        Health::Draining => "draining",
    }
}

fn mark(e: &Endpoint) -> Html {
    match e.health {
        Health::Healthy => html! { <rect class="mark-ok" x="1" y="1" width="10" height="10" rx="2.500" /> },
        Health::Suspect => html! {
            <><rect class="mark-suspect" x="1" y="1" width="10" height="10" rx="2.500" /><path class="mark-line" d="M6 3v4M6 9v.6" /></>
        },
        Health::SlowStart => {
            let tall = 10.0 * f64::from(e.weight.clamp(0.0, 1.0));
            html! {
                <>
                    <rect class="mark-empty" x="1" y="1" width="10" height="10" rx="2.500" />
                    <rect class="mark-ok" x="1" y={format!("{:.1}", 11.0 - tall)} width="10" height={format!("{tall:.1}")} rx="2" />
                </>
            }
        }
        Health::Unhealthy => html! {
            <><rect class="mark-bad" x="1" y="1" width="10" height="10" rx="2.500" /><path class="mark-line" d="M3.500 3.500l5 5M8.500 3.500l-5 5" /></>
        },
        Health::Ejected => html! {
            <><rect class="mark-ejected" x="1" y="1" width="10" height="10" rx="2.500" /><path class="mark-line dark" d="M3 6h6" /></>
        },
        Health::Draining => html! { <rect class="mark-draining" x="1" y="1" width="10" height="10" rx="2.500" /> },
    }
}
