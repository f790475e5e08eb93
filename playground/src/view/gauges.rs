//! How a node stands: workers as cells, the queue as a tank, memory with its limit, replicas in their modes. Everything is
//! told in two ways: by shape or number as well as by colour.

use super::drawings;
use crate::editor::outline::NodeSketch;
use crate::face::{face, stack};
use crate::geometry::{REPLICA, replicas_with_room, size};
use crate::page::{PageRef, Topic, use_topic};
use crate::series::{bytes, short};
use floodgate::catalogue::Look;
use floodgate::status::{Mode, ReplicaStatus, Status};
use std::fmt::Write;
use std::rc::Rc;
use yew::prelude::*;

/// Cells and ticks that are drawn one by one; beyond it there is a bar with a number.
const CELLS_MAX: u32 = 24;
const CELLS_WIDE: f64 = 94.0;
const TANK_LEFT: f64 = 104.0;
/// A queue without a bound fills its bar at this many; the number beside it tells the rest.
const UNBOUNDED_FULL: f64 = 2000.0;

/// Room at either side of what a card holds.
const SIDE: f64 = 12.0;

/// How a card looks at large.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// For the style sheet.
    pub class: &'static str,
}

/// Patterns that cards are filled with: stripes for what warms up, a hatch for what is nearly full.
pub fn patterns() -> Html {
    html! {
        <svg class="patterns" width="0" height="0" aria-hidden="true">
            <defs>
                <pattern id="stripes" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                    <rect width="3.500" height="8" class="stripe" />
                </pattern>
                <pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                    <rect width="1.800" height="5" class="hatching" />
                </pattern>
            </defs>
        </svg>
    }
}

/// The state of a node in one word.
pub fn state(status: &Status, load: Option<f64>) -> State {
    let down =
        !status.replicas.is_empty() && status.replicas.iter().all(|r| matches!(r.mode, Mode::Down | Mode::Starting));
    let full = status.replicas.iter().any(|r| r.queue_cap.is_some_and(|cap| cap > 0 && r.queue >= cap));
    let class = match load {
        _ if down => "down",
        _ if full => "saturated full",
        Some(s) if s >= 0.95 => "saturated",
        Some(s) if s >= 0.8 => "busy",
        _ => "",
    };
    State { class }
}

/// Properties of [`Body`].
#[derive(PartialEq, Properties)]
pub struct BodyProps {
    /// The page.
    pub page: PageRef,
    /// The node as it stands in the text.
    pub node: Rc<NodeSketch>,
    /// Its index in the running system.
    pub index: usize,
}

/// The middle of a card.
#[component]
pub fn Body(props: &BodyProps) -> Html {
    let BodyProps { page, node, index } = props;
    use_topic(page, Topic::Pulse);
    let live = page.live.borrow();
    let Some(status) = live.statuses.get(*index) else { return html! {} };
    let rates = live.node_rates(*index);
    let width = size(node).0 - 2.0 * SIDE;
    html! {
        <>
            { for shown(&status.replicas, replicas_with_room(node)).iter().map(|r| replica(r, node.descriptor.map(|d| d.look))) }
            { for face(status, node.descriptor, &rates).iter().map(|drawing| drawings::draw(drawing, width)) }
        </>
    }
}

/// How many replicas there are, for the head.
pub fn stacked(status: &Status) -> Html {
    stack(status).map(drawings::stack_badge).unwrap_or_default()
}

/// Replicas one by one while there is room for them; otherwise the first ones and the sum of the rest.
fn shown(replicas: &[ReplicaStatus], room: usize) -> Vec<(ReplicaStatus, usize)> {
    if replicas.len() <= room {
        return replicas.iter().map(|r| (r.clone(), 1)).collect();
    }
    let (first, rest) = replicas.split_at(room - 1);
    let mut all: Vec<_> = first.iter().map(|r| (r.clone(), 1)).collect();
    let mut sum = ReplicaStatus { slot_progress: Vec::new(), ..rest[0].clone() };
    for r in &rest[1..] {
        sum.slots += r.slots;
        sum.busy += r.busy;
        sum.zombies += r.zombies;
        sum.queue += r.queue;
        sum.queue_zombies += r.queue_zombies;
        sum.queue_cap = sum.queue_cap.zip(r.queue_cap).map(|(a, b)| a.saturating_add(b));
        sum.memory += r.memory;
        sum.memory_limit += r.memory_limit;
        if r.mode == Mode::Up {
            sum.mode = Mode::Up;
        }
    }
    all.push((sum, rest.len()));
    all
}

fn replica((r, count): &(ReplicaStatus, usize), look: Option<Look>) -> Html {
    let unit = if look == Some(Look::Store) { "conns" } else { "workers" };
    let many = if *count > 1 { format!("{count} × ") } else { String::new() };
    // What is not there yet holds nothing.
    let alive = !matches!(r.mode, Mode::Down | Mode::Starting);
    html! {
        <svg class={classes!("replica", mode_class(r.mode))} viewBox={format!("0 0 184 {REPLICA}")} aria-hidden="true">
            <text x="0" y="10">{ format!("{many}{unit} {}/{}", r.busy, r.slots) }</text>
            <text x="184" y="10" text-anchor="end" class={(r.queue_zombies > 0).then_some("strong")}>{ format!("queue {}", short(f64::from(r.queue))) }</text>
            if alive { { cells(r) } { tank(r) } }
            if alive && r.memory_limit > 0 { { memory(r) } }
            { overlay(r) }
            if r.zombies > 0 {
                <text x="0" y="63" class="for-nobody">{ format!("{} for nobody", r.zombies) }</text>
            }
        </svg>
    }
}

fn mode_class(mode: Mode) -> &'static str {
    match mode {
        Mode::Up => "up",
        Mode::Warming => "warming",
        Mode::Starting => "starting",
        Mode::Down => "down",
        Mode::Draining => "draining",
    }
}

/// Workers: idle outlined, busy filled, busy for nobody hollow and dashed.
fn cells(r: &ReplicaStatus) -> Html {
    if r.slots > CELLS_MAX {
        let wide = |n: u32| CELLS_WIDE * f64::from(n.min(r.slots)) / f64::from(r.slots);
        let useful = r.busy.saturating_sub(r.zombies);
        return html! {
            <>
                <rect class="frame" x="0.5" y="16.5" width={(CELLS_WIDE - 1.0).to_string()} height="21" rx="3" />
                <rect class="busy" x="0.5" y="16.5" width={format!("{:.1}", (wide(useful) - 1.0).max(0.0))} height="21" rx="3" />
                if r.zombies > 0 {
                    <rect class="zombie" x={format!("{:.1}", wide(useful) + 1.0)} y="17.5"
                          width={format!("{:.1}", (wide(r.zombies) - 3.0).max(1.0))} height="19" rx="2" />
                }
            </>
        };
    }
    let rows = if r.slots > 12 { 2 } else { 1 };
    let per_row = r.slots.max(1).div_ceil(rows);
    let pitch = (CELLS_WIDE / f64::from(per_row)).min(14.0);
    let height = if rows == 2 { 10.0 } else { 22.0 };
    let (mut idle, mut busy, mut zombie) = (String::new(), String::new(), String::new());
    let mut done = String::new();
    for i in 0..r.slots {
        let (x, y) = (f64::from(i % per_row) * pitch + 0.5, 16.5 + f64::from(i / per_row) * (height + 2.0));
        let path = if i < r.busy.saturating_sub(r.zombies) {
            &mut busy
        } else if i < r.busy {
            &mut zombie
        } else {
            &mut idle
        };
        // Writing to a string cannot fail.
        let _ = write!(path, "M{x:.1} {y:.1}h{:.1}v{height}h-{:.1}z", pitch - 2.0, pitch - 2.0);
        // A worker fills while it works.
        if let Some(progress) = r.slot_progress.get(i as usize).filter(|_| i < r.busy) {
            let tall = height * f64::from(progress.clamp(0.0, 1.0));
            let _ = write!(done, "M{x:.1} {:.1}h{:.1}v{tall:.1}h-{:.1}z", y + height - tall, pitch - 2.0, pitch - 2.0);
        }
    }
    let filling = !r.slot_progress.is_empty();
    html! {
        <>
            <path class="idle" d={idle} />
            <path class={classes!("busy", filling.then_some("filling"))} d={busy} />
            <path class="zombie" d={zombie} />
            if filling { <path class="done" d={done} /> }
        </>
    }
}

/// The queue: ticks while it is short, then a bar towards its cap.
fn tank(r: &ReplicaStatus) -> Html {
    let (left, width) = (TANK_LEFT, 184.0 - TANK_LEFT);
    let full = r.queue_cap.map_or(UNBOUNDED_FULL, f64::from).max(1.0);
    let share = (f64::from(r.queue) / full).min(1.0);
    let at_cap = r.queue_cap.is_some_and(|cap| cap > 0 && r.queue >= cap);
    let content = if r.queue <= CELLS_MAX {
        let mut ticks = String::new();
        for i in 0..r.queue {
            let _ = write!(ticks, "M{:.1} 19v16", left + 3.5 + f64::from(i) * 3.2);
        }
        let given_up = r.queue_zombies > 0;
        html! { <path class={classes!("ticks", given_up.then_some("given-up"))} d={ticks} /> }
    } else {
        let wide = ((width - 4.0) * share).max(2.0);
        let zombies = wide * f64::from(r.queue_zombies) / f64::from(r.queue.max(1));
        html! {
            <>
                <rect class={classes!("level", (share > 0.8).then_some("high"))} x={(left + 2.0).to_string()} y="18.5" width={format!("{wide:.1}")} height="17" />
                if share > 0.8 {
                    <rect fill="url(#hatch)" x={(left + 2.0).to_string()} y="18.5" width={format!("{wide:.1}")} height="17" />
                }
                if zombies > 1.0 {
                    <rect class="zombie" x={(left + 2.5).to_string()} y="19" width={format!("{:.1}", zombies - 1.0)} height="16" />
                }
            </>
        }
    };
    let lip = if r.queue_cap == Some(0) {
        "lip none"
    } else if at_cap {
        "lip flash"
    } else {
        "lip"
    };
    html! {
        <>
            <path class="tank" d={format!("M184 16.5H{left}V37.5H184")} />
            { content }
            if r.queue_cap.is_some() { <path class={lip} d="M183 14.5V39.5" /> }
        </>
    }
}

fn memory(r: &ReplicaStatus) -> Html {
    let share = (r.memory as f64 / r.memory_limit as f64).min(1.0);
    html! {
        <>
            <rect class="frame" x="0.5" y="44.5" width="93" height="6" rx="2" />
            <rect class={classes!("memory", (share > 0.8).then_some("high"))} x="0.5" y="44.5" width={format!("{:.1}", 93.0 * share)} height="6" rx="2" />
            if share > 0.8 {
                <rect fill="url(#hatch)" x="0.5" y="44.5" width={format!("{:.1}", 93.0 * share)} height="6" rx="2" />
            }
            <text x="184" y="51" text-anchor="end" class="small">{ format!("{} of {}", bytes(r.memory).trim_end_matches(" MiB"), bytes(r.memory_limit)) }</text>
        </>
    }
}

/// What a mode other than up looks like: a cross, a dashed frame with progress, stripes.
fn overlay(r: &ReplicaStatus) -> Html {
    let percent = format!("{:.0} %", r.progress * 100.0);
    match r.mode {
        Mode::Up => html! {},
        Mode::Down => html! {
            <>
                <rect class="veil" x="0" y="14" width="184" height="40" rx="4" />
                <path class="cross" d="M68 24l18 18M86 24l-18 18" />
                <text class="mode" x="98" y="38">{ "down" }</text>
            </>
        },
        Mode::Starting => html! {
            <>
                <rect class="veil dashed" x="0.7" y="14.7" width="182.600" height="38.600" rx="4" />
                <rect class="boot" x="6" y="44" width={format!("{:.0}", 172.0 * r.progress)} height="4" rx="2" />
                <text class="mode" x="92" y="36" text-anchor="middle">{ format!("starting {percent}") }</text>
            </>
        },
        Mode::Warming => html! {
            <>
                <rect fill="url(#stripes)" x="0" y="14" width="184" height="26" rx="4" />
                <text class="warm" x="184" y="63" text-anchor="end">{ format!("warming {percent}") }</text>
            </>
        },
        Mode::Draining => html! { <text class="warm" x="184" y="63" text-anchor="end">{ "draining" }</text> },
    }
}

/// Properties of [`Foot`].
#[derive(PartialEq, Properties)]
pub struct FootProps {
    /// The page.
    pub page: PageRef,
    /// Index in the running system.
    pub index: usize,
}

/// The line below: saturation and what goes wrong.
#[component]
pub fn Foot(props: &FootProps) -> Html {
    use_topic(&props.page, Topic::Pulse);
    let live = props.page.live.borrow();
    let rates = live.node_rates(props.index);
    html! {
        <>
            if let Some(load) = live.load(props.index) {
                <span class="rho" title="Share of capacity in use, over the last second">{ "ρ " }<b>{ format!("{load:.2}") }</b></span>
            }
            <span class="rate ok" title="Answered well, per second">{ format!("✓ {}", short(rates.answered)) }</span>
            if rates.errors >= 0.05 {
                <span class="rate bad" title="Answered with an error (of clients: failed for good), per second">{ format!("✕ {}", short(rates.errors)) }</span>
            }
        </>
    }
}
