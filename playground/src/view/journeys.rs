//! Follow one request: which were followed, and the tree of calls of the one that is chosen.

use super::PageProps;
use crate::journey::{End, Row, Spent, brief, headline, rows};
use crate::page::{PageRef, Topic, use_topic};
use crate::series::{millis, short};
use crate::wire::{Journey, Request, Requests};
use web_sys::MouseEvent;
use yew::prelude::*;

/// See the module.
#[component]
pub fn Journeys(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Answer);
    use_topic(&page, Topic::Edit);
    let requests = page.seeing.requests.borrow();
    let Some(requests) = requests.as_ref().filter(|_| page.seeing.follows.get()) else {
        return html! { <Offer page={page.clone()} /> };
    };
    let groups = [("Slowest", &requests.slowest), ("Failed", &requests.failed), ("Sample", &requests.sampled)];
    html! {
        <div class="journeys">
            <nav class="requests" tabindex="0" aria-label="Requests that were followed">
                { counts(&page, requests) }
                { for groups.iter().filter(|g| !g.1.is_empty()).map(|(title, list)| group(&page, title, list)) }
            </nav>
            <div class="journey" tabindex="0" role="region" aria-label="One request">
                if let Some(journey) = page.seeing.journey.borrow().as_ref() {
                    { tree(journey) }
                    { beside(&page) }
                } else {
                    <p class="quiet nothing">{ if requests.followed == 0 { "No request has come yet." } else { "Choose a request to see what became of it." } }</p>
                }
            </div>
        </div>
    }
}

/// Nobody is followed: what it costs, and what it gives.
#[component]
fn Offer(props: &PageProps) -> Html {
    let page = props.page.clone();
    let waits = page.seeing.follows.get();
    let onclick = {
        let page = page.clone();
        Callback::from(move |_: MouseEvent| page.follow(true))
    };
    html! {
        <div class="nothing">
            if waits {
                <p class="quiet" role="status">{ "The run is made again from its beginning, with every request followed …" }</p>
            } else {
                <p>{ "Where did a request go, where did it wait, who had gone when its answer came? The slowest, the failed and a sample are kept, from the beginning of the run." }</p>
                <button type="button" class="offer" {onclick}>{ "Follow requests" }</button>
                <p class="quiet">{ "It changes nothing in the run. The run up to now is made again, and goes on somewhat slower." }</p>
            }
        </div>
    }
}

fn counts(page: &PageRef, requests: &Requests) -> Html {
    let stop = {
        let page = page.clone();
        Callback::from(move |_: MouseEvent| page.follow(false))
    };
    let missed = match requests.passed_over {
        0 => String::new(),
        n => format!("; {} had no room", short(n as f64)),
    };
    html! {
        <p class="quiet counts">
            { format!("{} followed{missed}", short(requests.followed as f64)) }
            <button type="button" class="toggle" onclick={stop} title="Follow requests no more: the run is faster then">{ "Stop" }</button>
        </p>
    }
}

fn group(page: &PageRef, title: &str, list: &[Request]) -> Html {
    html! {
        <section>
            <h3>{ title }</h3>
            <ul>{ for list.iter().map(|request| item(page, title, request)) }</ul>
        </section>
    }
}

fn item(page: &PageRef, group: &str, request: &Request) -> Html {
    let which = (request.lineage, request.born_ns);
    let chosen = page.seeing.chosen.get() == Some(which);
    let onclick = {
        let page = page.clone();
        Callback::from(move |_: MouseEvent| page.choose_request(which))
    };
    html! {
        <li key={format!("{group}-{}-{}", which.0, which.1)}>
            <button type="button" class={classes!("request", (!request.code.is_empty()).then_some("failed"))}
                    aria-pressed={chosen.to_string()} {onclick}>
                <time>{ format!("{:.2} s", request.born_ns as f64 / 1e9) }</time><span>{ brief(request) }</span>
            </button>
        </li>
    }
}

/// The same request on side B, where there is one.
fn beside(page: &PageRef) -> Html {
    if page.time.rival.borrow().is_none() {
        return html! {};
    }
    let other = page.seeing.other.borrow();
    html! {
        <section class="journey-b" data-testid="journey-b">
            <h3><b class="side-b">{ "B" }</b>{ " The same request on the other side" }</h3>
            if let Some(other) = other.as_ref() {
                { tree(other) }
            } else {
                <p class="quiet">{ "It is not among those that are kept there: a sample is, on both sides." }</p>
            }
        </section>
    }
}

fn tree(journey: &Journey) -> Html {
    let (rows, end) = rows(journey);
    let request = &journey.request;
    html! {
        <>
            <p class="journey-head">
                <b>{ format!("A request of {}, born at {:.3} s", request.client, request.born_ns as f64 / 1e9) }</b>
                { format!(": {}", headline(request)) }
            </p>
            <p class="journey-legend" aria-hidden="true">
                { for Spent::ALL.iter().map(|s| html! { <span><i class={classes!("spent", s.key())}></i>{ s.title() }</span> }) }
                <span><i class="spent unwanted"></i>{ "nobody waits any more" }</span>
                <span class="axis">{ format!("0 … {}", millis(end as f64 / 1e6)) }</span>
            </p>
            <ol class="calls">{ for rows.iter().map(|row| call(row, end, request.length_ns)) }</ol>
            if journey.calls_dropped > 0 {
                <p class="quiet">{ format!("and {} more calls that were not kept", journey.calls_dropped) }</p>
            }
        </>
    }
}

fn call(row: &Row, end: u64, root_end: Option<u64>) -> Html {
    let percent = |ns: u64| ns as f64 / end as f64 * 100.0;
    let span = |from: u64, to: u64| format!("left: {:.3}%; width: {:.3}%", percent(from), percent(to - from));
    let (class, mark) = match row.end {
        End::Answered => ("ok", "✓"),
        End::Failed => ("failed", "✕"),
        End::Late => ("late", "◌"),
        End::Open => ("open", "…"),
    };
    html! {
        <li class={classes!("call", class)}>
            <span class="call-title" style={format!("padding-left: {}px", row.depth.min(12) * 12)}>
                <i class="call-mark" aria-hidden="true">{ mark }</i>{ row.title.clone() }
                if row.attempt > 0 { <small class="retry">{ format!("retry {}", row.attempt) }</small> }
            </span>
            <span class="bar" aria-hidden="true">
                { for row.stretches.iter().map(|s| html! { <i class={classes!("spent", s.spent.key())} style={span(s.from, s.to)}></i> }) }
                if let Some((from, to)) = row.unwanted { <i class="spent unwanted" style={span(from, to)}></i> }
                if let Some(at) = root_end { <i class="root-end" style={format!("left: {:.3}%", percent(at))}></i> }
            </span>
            <span class="call-words">{ row.words.clone() }</span>
        </li>
    }
}
