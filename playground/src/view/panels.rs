//! What floats over the canvas or stands beside the charts: the flash crowd, notices, the legend, problems, the ticker.

use super::PageProps;
use crate::page::{PageRef, Topic, use_topic};
use crate::series::short;
use crate::wire::Tone;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// Lines of the ticker that are shown.
const LINES_SHOWN: usize = 60;

/// The one obvious button.
#[component]
pub fn Crowd(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Pulse);
    // What is typed is state: this bar is drawn anew ten times a second.
    let rate = use_state(|| "12000/s".to_owned());
    let length = use_state(|| "20s".to_owned());
    let typed = |field: &UseStateHandle<String>| {
        let field = field.clone();
        Callback::from(move |event: InputEvent| field.set(event.target_unchecked_into::<HtmlInputElement>().value()))
    };
    let (now, trouble) = {
        let live = page.live.borrow();
        let t = live.last.now_ns as f64 / 1e9;
        let in_force = live.loaded.phases.iter().filter(|p| p.from <= t && t < p.to);
        let longest = in_force.map(|p| (p.to - t, p.title.clone())).max_by(|a, b| a.0.total_cmp(&b.0));
        (live.rates(), longest)
    };
    let onclick = {
        let (rate, length) = (rate.clone(), length.clone());
        Callback::from(move |_: MouseEvent| page.flash_crowd(&rate, &length))
    };
    // Where nothing has ended, nobody has been let down, and nobody served.
    let goodput = (now.ended > 0.0).then(|| (now.goodput / now.ended * 100.0).min(100.0));
    html! {
        <div class="crowd-bar" data-overlay="">
            <button type="button" class="crowd" {onclick} title="Many more requests from all clients, for a while">{ "Flash crowd" }</button>
            <label><input aria-label="Crowd rate" value={(*rate).clone()} oninput={typed(&rate)} spellcheck="false" /></label>
            <span class="quiet">{ "for" }</span>
            <label><input class="narrow" aria-label="Crowd length" value={(*length).clone()} oninput={typed(&length)} spellcheck="false" /></label>
            <span class={classes!("crowd-state", trouble.is_some().then_some("on"))}>
                { trouble.map_or_else(String::new, |(left, what)| format!("{what}: {left:.0} s left")) }
            </span>
            <div class={classes!("goodput", goodput.is_some_and(|share| share < 50.0).then_some("bad"))} title="Share of requests answered in time, over the last second">
                <b>{ goodput.map_or_else(|| "–".to_owned(), |share| format!("{share:.0} %")) }</b><small>{ "answered in time" }</small>
            </div>
        </div>
    }
}

/// What the last action came to, and whether the scenario waits for a reset.
#[component]
pub fn Notices(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Edit);
    use_topic(&page, Topic::Pulse);
    let notice = page.notice.borrow().clone();
    let halted = page.live.borrow().last.halted.clone();
    let reset = {
        let page = page.clone();
        Callback::from(move |_: MouseEvent| page.reset())
    };
    let close = {
        let page = page.clone();
        Callback::from(move |_: MouseEvent| {
            page.notice.replace(None);
            page.tell(Topic::Edit);
        })
    };
    html! {
        <>
            <div class="pills" data-overlay="">
                <Restored page={page.clone()} />
                <Filming page={page.clone()} />
                if page.pending.get() {
                    <div class="pill edited" role="status" data-testid="pending">
                        <span><b>{ "Edited" }</b>{ page.time.waits.borrow().as_ref().map_or_else(String::new, |w| format!(" {w}")) }{ " — Reset runs it" }</span>
                        <button type="button" onclick={reset.clone()}>{ "Reset now" }</button>
                    </div>
                }
                if let Some(halted) = halted {
                    <div class="pill halted" role="alert" data-testid="halted">
                        <b>{ "Stopped. " }</b>{ halted }{ " Go back in time, change something and go on; or " }
                        <button type="button" onclick={reset}>{ "Reset" }</button>
                    </div>
                }
            </div>
            <div id="wire-hint" class="wire-hint" role="status" hidden=true></div>
            <div class="notice-place" role="status" data-overlay="">
                if let Some((text, warning)) = notice {
                    <div class={classes!("notice", warning.then_some("warning"))} data-testid="notice">
                        <span>{ text }</span>
                        <button type="button" aria-label="Close" onclick={close}>{ "×" }</button>
                    </div>
                }
            </div>
        </>
    }
}

/// That work has come back, and the way to do without it.
#[component]
fn Restored(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Edit);
    let Some(restored) = page.saving.restored.borrow().clone() else { return html! {} };
    let act = |f: fn(&PageRef)| {
        let page = page.clone();
        Callback::from(move |_: MouseEvent| f(&page))
    };
    let stands = if restored.at_s > 0.0 { format!(", at {:.1} s", restored.at_s) } else { String::new() };
    html! {
        <div class="pill restored" role="status" data-testid="restored">
            <span><b>{ "Restored " }</b>{ format!("“{}”, kept {}{stands}", restored.name, restored.age) }</span>
            <button type="button" onclick={act(|p| p.discard_restored())}>{ "Discard" }</button>
            <button type="button" class="quiet-close" aria-label="Keep what was restored" onclick={act(|p| p.accept_restored())}>{ "×" }</button>
        </div>
    }
}

/// That a video is being made, and the way to end it.
#[component]
fn Filming(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Edit);
    use_topic(&page, Topic::Pulse);
    let Some(seconds) = page.film_s() else { return html! {} };
    let onclick = Callback::from(move |_: MouseEvent| page.end_film());
    html! {
        <div class="pill filming" data-testid="filming">
            <span><b>{ "Recording " }</b>{ format!("{seconds:.0} s") }</span>
            <button type="button" {onclick}>{ "Stop and save" }</button>
        </div>
    }
}

/// What the moving marks mean.
#[component]
pub fn Legend(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Pulse);
    let scale = page.dot_scale.get();
    let mark = |class: &'static str, shape: Html, text: &'static str| {
        html! {
            <span class="key"><svg viewBox="0 0 14 14" class={class} aria-hidden="true">{ shape }</svg>{ text }</span>
        }
    };
    html! {
        <div class="legend" data-overlay="">
            { mark("k-first", html! { <circle cx="7" cy="7" r="4" /> }, "request") }
            { mark("k-retry", html! { <path d="M11.600 8.500a5 5 0 1 1 0-3" /> }, "retry") }
            { mark("k-ok", html! { <circle cx="7" cy="7" r="3" /> }, "answer") }
            { mark("k-error", html! { <path d="M3.500 3.500l7 7M10.500 3.500l-7 7" /> }, "error") }
            { mark("k-zombie", html! { <circle cx="7" cy="7" r="4.500" /> }, "given up, too late") }
            <span class="scale" data-testid="dot-scale" title="Flights take about a millisecond; they are stretched to half a second so that you can see them">
                { if scale == 1 { "1 mark = 1 call".to_owned() } else { format!("1 mark = {} calls", short(scale as f64)) } }
            </span>
        </div>
    }
}

/// Everything that is wrong with a text, as the command line says it.
#[component]
pub fn ProblemPanel(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Edit);
    let Some(problems) = page.problems.borrow().clone() else { return html! {} };
    let close = Callback::from(move |_: MouseEvent| {
        page.problems.replace(None);
        page.tell(Topic::Edit);
    });
    html! {
        <div class="problems" role="alert" data-testid="problems">
            <div class="problems-head">
                <b>{ format!("{} cannot run", problems.of) }</b>
                <span class="quiet">{ "What runs, runs on." }</span>
                <button type="button" aria-label="Close problems" onclick={close}>{ "×" }</button>
            </div>
            <pre tabindex="0">{ problems.text }</pre>
        </div>
    }
}

/// What happens, in plain words; the newest first.
#[component]
pub fn Ticker(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Pulse);
    let live = page.live.borrow();
    html! {
        <section class="ticker" aria-label="What happens">
            <h2>{ "What happens" }</h2>
            <ol aria-live="polite" aria-relevant="additions" aria-label="What happens" tabindex="0" data-testid="ticker">
                if live.lines.is_empty() {
                    <li class="plain"><span class="quiet">
                        { if live.loaded.nodes.is_empty() { "Nothing runs yet." } else { "All is well. Press “Flash crowd”." } }
                    </span></li>
                }
                { for live.lines.iter().enumerate().rev().take(LINES_SHOWN).map(|(i, line)| {
                    let class = match line.tone {
                        Tone::Act => "act",
                        Tone::Bad => "bad",
                        Tone::Good => "good",
                        Tone::Plain => "plain",
                    };
                    html! {
                        <li key={i} class={class}>
                            <time>{ format!("{:.1} s", line.t) }</time>
                            <span>{ line.text.clone() }
                                if let Some((_, number)) = line.wave { <i class="wave">{ number }</i> }
                            </span>
                        </li>
                    }
                }) }
            </ol>
        </section>
    }
}
