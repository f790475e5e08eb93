//! Small drawings, in the colour of the text around them.

use crate::editor::arrange::Arrange;
use floodgate::catalogue::Look;
use yew::prelude::*;

/// A path in a 16 × 16 box, stroked.
fn stroked(d: &'static str) -> Html {
    html! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
            <path d={d} fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" />
        </svg>
    }
}

fn filled(d: &'static str) -> Html {
    html! { <svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d={d} fill="currentColor" /></svg> }
}

/// For a kind of component.
pub fn look(look: Option<Look>) -> Html {
    stroked(match look {
        Some(Look::Source) => {
            "M6 7a2.5 2.5 0 1 0 0-5a2.5 2.5 0 0 0 0 5M1.5 14c0-3 2-4.5 4.5-4.5s4.5 1.5 4.5 4.5M11 3.2a2.2 2.2 0 0 1 0 4M12.2 10c1.6.6 2.4 2 2.4 4"
        }
        Some(Look::Switch) => "M1.5 8h4l4-4.5h5M5.500 8l4 4.500h5M12.500 1.500l2 2l-2 2M12.500 10.500l2 2l-2 2",
        Some(Look::Servers) => {
            "M2 2.500h12v4.500h-12zM2 9h12v4.500h-12zM4.500 4.750h.1M4.500 11.250h.1M7 4.750h4.500M7 11.250h4.500"
        }
        Some(Look::Store) => {
            "M2.500 4c0-1.400 2.500-2.200 5.500-2.200s5.500.800 5.500 2.200s-2.500 2.200-5.500 2.200s-5.500-.800-5.500-2.200v8c0 1.400 2.500 2.200 5.500 2.200s5.500-.800 5.500-2.200v-8M2.500 8c0 1.400 2.500 2.200 5.500 2.200s5.500-.800 5.500-2.200"
        }
        Some(Look::Cache) => "M2 13.500h12M3.500 11v-7h2.500v7M7.500 11v-8.500h2.500v8.500M11.500 11.200l1.800-6.500",
        Some(Look::Queue) => "M14 3.500h-12v9h12M5 6v4M8 6v4M11 6v4",
        Some(Look::Breaker) => "M1 10h4M11 10h4M5 10l5.500-5M5 10h.1M11 10h.1",
        Some(Look::Limiter) => "M3 4l1.500 10h7l1.500-10M3.700 8.500h8.600M8 1v2",
        Some(Look::Controller) => "M2 11a6 6 0 1 1 12 0M8 11l3-4M4 13.500h8",
        None => "M3 3h10v10h-10z",
    })
}

/// Start.
pub fn play() -> Html {
    filled("M4 2.500v11l9.500-5.500z")
}
/// Stop.
pub fn pause() -> Html {
    filled("M4 2.500h3v11h-3zM9 2.500h3v11h-3z")
}
/// One event.
pub fn step() -> Html {
    filled("M3 2.500v11l7-5.500zM11 2.500h2.200v11h-2.200z")
}
/// To the end.
pub fn end() -> Html {
    filled("M2 2.500v11l5.500-5.500zM7.500 2.500v11l5.500-5.500zM13 2.500h1.600v11h-1.600z")
}
/// From the start.
pub fn reset() -> Html {
    stroked("M3 3v3.500h3.500M3.300 6.300a5.500 5.500 0 1 1-.600 3.200")
}
/// Backwards.
pub fn undo() -> Html {
    stroked("M5.500 3l-3 3l3 3M3 6h6.500a3.500 3.500 0 0 1 0 7h-3")
}
/// Forwards.
pub fn redo() -> Html {
    stroked("M10.500 3l3 3l-3 3M13 6h-6.500a3.500 3.500 0 0 0 0 7h3")
}
/// From a file.
pub fn open() -> Html {
    stroked("M1.800 12.500v-9h4l1.500 2h6.900v7zM8 11v-3.500M6.500 9l1.500-1.500l1.500 1.500")
}
/// To a file.
pub fn save() -> Html {
    stroked("M8 2v8M5 7l3 3l3-3M2.500 11.500v2h11v-2")
}
/// What was done.
pub fn log() -> Html {
    stroked("M3 3.500h1M6.500 3.500h7M3 8h1M6.500 8h7M3 12.500h1M6.500 12.500h7")
}
/// Light and dark.
pub fn theme() -> Html {
    html! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
            <circle cx="8" cy="8" r="5.800" fill="none" stroke="currentColor" stroke-width="1.600" />
            <path d="M8 2.200a5.800 5.800 0 0 1 0 11.600z" fill="currentColor" />
        </svg>
    }
}
/// Everything in view.
pub fn fit() -> Html {
    stroked("M2 6v-4h4M10 2h4v4M14 10v4h-4M6 14h-4v-4")
}
/// A fault.
pub fn bolt() -> Html {
    filled("M9.500 1l-6 8h4l-1 6l6-8h-4z")
}
/// Death.
pub fn kill() -> Html {
    stroked("M4 4l8 8M12 4l-8 8")
}
/// Slowness.
pub fn slow() -> Html {
    stroked("M8 4.500v3.500l2.500 1.500M8 2a6 6 0 1 0 0 12a6 6 0 0 0 0-12")
}
/// Away.
pub fn bin() -> Html {
    stroked("M3 4.500h10M6 4.500v-2h4v2M4.500 4.500l.7 9h5.600l.7-9")
}
/// The project's mark: a gate in a flood.
pub fn mark() -> Html {
    html! {
        <svg class="mark" viewBox="0 0 28 28" aria-hidden="true">
            <rect width="28" height="28" rx="7" fill="var(--first)" />
            <path d="M4 17c2.500 0 2.500-2 5-2s2.500 2 5 2s2.500-2 5-2s2.500 2 5 2M4 22c2.500 0 2.500-2 5-2s2.500 2 5 2s2.500-2 5-2s2.500 2 5 2" fill="none" stroke="var(--on-first)" stroke-width="2" stroke-linecap="round" />
            <path d="M10 4.500v6.500M14 4.500v6.500M18 4.500v6.500M8 4.500h12" fill="none" stroke="var(--on-first)" stroke-width="2" stroke-linecap="round" />
        </svg>
    }
}

/// Boxes in layers.
pub fn layout() -> Html {
    stroked("M1.500 6h4v4h-4zM10.500 1.500h4v4h-4zM10.500 10.500h4v4h-4zM5.500 8h2.500v-4.500h2.500M8 8v4.500h2.500")
}
/// For a way to arrange.
pub fn arrange(how: Arrange) -> Html {
    stroked(match how {
        Arrange::Left => "M2 1.500v13M4.500 3.500h9v3h-9zM4.500 9.500h5v3h-5z",
        Arrange::Centre => "M8 1.500v2M8 6.500v3M8 12.500v2M3 3.500h10v3h-10zM5 9.500h6v3h-6z",
        Arrange::Right => "M14 1.500v13M2.500 3.500h9v3h-9zM6.500 9.500h5v3h-5z",
        Arrange::Top => "M1.500 2h13M3.500 4.500v9h3v-9zM9.500 4.500v5h3v-5z",
        Arrange::Middle => "M1.500 8h2M6.500 8h3M12.500 8h2M3.500 3v10h3v-10zM9.500 5v6h3v-6z",
        Arrange::Bottom => "M1.500 14h13M3.500 2.500v9h3v-9zM9.500 6.500v5h3v-5z",
        Arrange::Across => "M2 1.500v13M14 1.500v13M6 4h4v8h-4z",
        Arrange::Down => "M1.500 2h13M1.500 14h13M4 6v4h8v-4z",
    })
}
