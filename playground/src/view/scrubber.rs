//! The scrubber: goodput over the whole run as its track, flags for what happened, the other tracks below, and where the run
//! stands.

use super::PageProps;
use crate::marks::{self, Mark, gathered};
use crate::page::viewport::by_id;
use crate::page::{PageRef, Topic, use_topic};
use crate::wire::{Command, Track};
use web_sys::{Element, KeyboardEvent, PointerEvent};
use yew::prelude::*;

/// See the module.
#[component]
pub fn Scrubber(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Pulse);
    use_topic(&page, Topic::Edit);
    let (tracks, current, end, waves) = {
        let live = page.live.borrow();
        let waves = marks::waves(&live, &page.outline.borrow());
        (live.tracks.clone(), live.last.track, live.end_s(), waves)
    };
    let several = tracks.len() > 1;
    html! {
        <section class={classes!("scrubber", several.then_some("several"))} aria-label="Time">
            <super::timetools::TimeTools page={page.clone()} />
            { for tracks.iter().map(|track| html! {
                <Lane key={track.id} page={page.clone()} current={track.id == current} {several} track={track.clone()} {end}
                      waves={if track.id == current { waves.clone() } else { Vec::new() }} />
            }) }
        </section>
    }
}

#[derive(PartialEq, Properties)]
struct LaneProps {
    page: PageRef,
    track: Track,
    current: bool,
    several: bool,
    end: f64,
    /// First saturations.
    waves: Vec<Mark>,
}

#[component]
fn Lane(props: &LaneProps) -> Html {
    let LaneProps { page, track, current, several, end, waves } = props;
    let id = track.id;
    let origin = match track.from {
        Some((parent, at_ns)) => format!("from track {parent} at {:.1} s", at_ns as f64 / 1e9),
        None => "the first".to_owned(),
    };
    let show = {
        let page = page.clone();
        Callback::from(move |_: MouseEvent| page.show_track(id))
    };
    let send = |command: Command| {
        let page = page.clone();
        Callback::from(move |_: MouseEvent| page.send(command.clone()))
    };
    html! {
        <div class={classes!("lane", current.then_some("current"))}>
            if *several {
                <button type="button" class="lane-name" aria-pressed={current.to_string()} onclick={show}
                        title={format!("Track {id}, {origin}: show it")}>
                    <b>{ format!("Track {id}") }</b><small>{ origin.clone() }</small>
                </button>
            }
            <div class={classes!("rail", current.then_some("flagged"))}>
                <canvas id={format!("lane-{id}")} role="img" aria-label={format!("Goodput on track {id}")}></canvas>
                if *current {
                    <Thumb page={page.clone()} end={*end} />
                }
                { for gathered(&track.flags, waves, *end).into_iter().map(|flag| mark(page, flag, *end, *current)) }
            </div>
            if *several && !*current {
                <button type="button" class="lane-tool" aria-pressed={track.pinned.to_string()} aria-label={format!("Keep track {id}")}
                        title="A pinned track stays however many there are" onclick={send(Command::Pin(id, !track.pinned))}>
                    { if track.pinned { "★" } else { "☆" } }
                </button>
                <button type="button" class="lane-tool" aria-label={format!("Forget track {id}")} title="Forget this track"
                        onclick={send(Command::Drop(id))}>{ "×" }</button>
            }
        </div>
    }
}

/// What stands where the run stands; it is dragged, or moved by keys.
#[derive(PartialEq, Properties)]
struct ThumbProps {
    page: PageRef,
    end: f64,
}

#[component]
fn Thumb(props: &ThumbProps) -> Html {
    let ThumbProps { page, end } = props;
    use_topic(page, Topic::Pulse);
    let dragging = use_mut_ref(|| false);
    let pointed = use_memo((), |()| std::cell::Cell::new(0.0));
    let (now, furthest) = {
        let live = page.live.borrow();
        (live.last.now_ns as f64 / 1e9, live.last.furthest_ns as f64 / 1e9)
    };
    let end = end.max(0.001);
    let rail = use_node_ref();
    let seek = {
        let (page, rail, pointed) = (page.clone(), rail.clone(), pointed.clone());
        move |event: &PointerEvent| {
            let Some(rail) = rail.cast::<Element>() else { return };
            let bounds = rail.get_bounding_client_rect();
            let share = ((f64::from(event.client_x()) - bounds.left()) / bounds.width().max(1.0)).clamp(0.0, 1.0);
            pointed.set(share);
            place_thumb(share);
            page.seek(share * end);
        }
    };
    let onpointerdown = {
        let (page, dragging, seek, rail) = (page.clone(), dragging.clone(), seek.clone(), rail.clone());
        Callback::from(move |event: PointerEvent| {
            if event.button() != 0 {
                return;
            }
            if let Some(rail) = rail.cast::<Element>() {
                // Without it the drag ends at the edge of the rail.
                let _ = rail.set_pointer_capture(event.pointer_id());
            }
            *dragging.borrow_mut() = true;
            page.begin_scrub();
            seek(&event);
        })
    };
    let onpointermove = {
        let dragging = dragging.clone();
        Callback::from(move |event: PointerEvent| {
            if *dragging.borrow() {
                seek(&event);
            }
        })
    };
    let let_go = {
        let (page, dragging) = (page.clone(), dragging.clone());
        Callback::from(move |_: PointerEvent| {
            if dragging.replace(false) {
                page.end_scrub();
            }
        })
    };
    let onkeydown = {
        let page = page.clone();
        Callback::from(move |event: KeyboardEvent| {
            match (event.key().as_str(), event.shift_key()) {
                ("Home", _) => page.seek(0.0),
                ("End", _) => page.seek(furthest),
                ("PageUp", _) => page.seek_by(10.0),
                ("PageDown", _) => page.seek_by(-10.0),
                // The other keys are those of the page.
                _ => return,
            }
            event.prevent_default();
        })
    };
    // While it is dragged it is where the pointer is.
    let share = if *dragging.borrow() { pointed.get() } else { (now / end).min(1.0) };
    let left = format!("left:{:.3}%", share * 100.0);
    html! {
        <div class="catch" ref={rail} onpointerdown={onpointerdown} onpointermove={onpointermove} onpointerup={let_go.clone()} onpointercancel={let_go}>
            <div id="scrub-thumb" class="thumb" role="slider" tabindex="0" style={left} aria-label="Virtual time" aria-orientation="horizontal"
                 aria-valuemin="0" aria-valuemax={format!("{end:.0}")} aria-valuenow={format!("{now:.2}")}
                 aria-valuetext={format!("{now:.2} seconds of {end:.0}")} {onkeydown}></div>
        </div>
    }
}

fn place_thumb(share: f64) {
    if let Some(thumb) = by_id("scrub-thumb") {
        // An attribute of an element that exists can be set.
        let _ = thumb.set_attribute("style", &format!("left:{:.3}%", share * 100.0));
    }
}

fn mark(page: &PageRef, mark: Mark, end: f64, current: bool) -> Html {
    let Mark { t, class, sign, text } = mark;
    let left = format!("left:{:.3}%", (t / end.max(0.001) * 100.0).min(100.0));
    let title = format!("{t:.1} s: {text}");
    if !current {
        return html! { <span class={classes!("flag", class)} style={left} {title} aria-hidden="true">{ sign }</span> };
    }
    let onclick = {
        let page = page.clone();
        Callback::from(move |_: MouseEvent| page.seek_to_flag(t))
    };
    // Whoever sees the number says the number.
    let label = format!("{sign} Go to {title}");
    html! {
        <button type="button" class={classes!("flag", class)} style={left} aria-label={label}
                title={format!("{title} — go to just before")} {onclick}>{ sign }</button>
    }
}
