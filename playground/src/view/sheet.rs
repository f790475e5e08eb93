//! Every drawing in its states on one sheet (`?sheet` in the address): to look at while writing a component.

use super::drawings;
use floodgate::status::{Drawing, Endpoint, Health, Position, Words};
use yew::prelude::*;

const WIDTH: f64 = 184.0;

/// See the module.
#[component]
pub fn Sheet() -> Html {
    html! {
        <main class="sheet" aria-label="Drawings">
            { super::gauges::patterns() }
            { for all().iter().map(|(name, drawing)| html! {
                <figure><div class="sheet-card">{ drawings::draw(drawing, WIDTH) }{ drawings::stack_badge(drawing) }</div><figcaption>{ *name }</figcaption></figure>
            }) }
        </main>
    }
}

/// Whether the address asks for it.
pub fn is_asked_for() -> bool {
    web_sys::window().is_some_and(|w| w.location().search().is_ok_and(|s| s == "?sheet"))
}

const fn words(text: &'static str) -> Words {
    Words::Borrowed(text)
}

fn tank(level: u64, abandoned: u64, cap: Option<u64>) -> Drawing {
    Drawing::Tank { label: words("queue"), level, abandoned, cap }
}

fn shelf(used: f64, capacity: Option<f64>, hit_ratio: Option<f64>) -> Drawing {
    Drawing::Shelf { label: words("keys"), used, capacity, unit: words(""), hit_ratio }
}

fn switch(position: Position, retry_in_s: Option<f64>) -> Drawing {
    let failures = (position == Position::Closed).then_some((3.0, 10.0));
    Drawing::Switch { position, retry_in_s, probes: (1, 3), failures }
}

fn bucket(tokens: f64) -> Drawing {
    Drawing::Bucket { label: words("requests"), tokens, capacity: 100.0, refill_per_s: 50.0 }
}

fn stack(desired: u32, ready: u32, starting: &[f32], warming: u32, draining: u32) -> Drawing {
    Drawing::Stack { desired, ready, starting: starting.to_vec(), warming, draining }
}

fn all() -> Vec<(&'static str, Drawing)> {
    let healths = [Health::Suspect, Health::SlowStart, Health::Unhealthy, Health::Ejected, Health::Draining];
    let endpoint = |health| Endpoint { name: "web#1".to_owned(), health, weight: 0.5, ..Endpoint::default() };
    let endpoints = std::iter::repeat_n(Health::Healthy, 5).chain(healths).map(endpoint).collect();
    let meter = |value| Drawing::Meter { label: words("memory"), value, limit: 536_870_912.0, unit: words("bytes") };
    vec![
        ("tank, short", tank(7, 0, Some(64))),
        ("tank, given up", tank(9, 3, None)),
        ("tank, long", tank(430, 100, Some(1000))),
        ("tank, full", tank(64, 0, Some(64))),
        ("meter", meter(200_000_000.0)),
        ("meter, high", meter(500_000_000.0)),
        ("shelf, warm", shelf(730.0, Some(1000.0), Some(0.94))),
        ("shelf, cold", shelf(20.0, Some(1000.0), Some(0.06))),
        ("shelf, new", shelf(0.0, Some(1000.0), None)),
        ("switch, closed", switch(Position::Closed, None)),
        ("switch, half open", switch(Position::HalfOpen, None)),
        ("switch, open", switch(Position::Open, Some(4.2))),
        ("bucket", bucket(70.0)),
        ("bucket, empty", bucket(0.3)),
        ("stack", stack(6, 2, &[0.7, 0.2], 1, 1)),
        ("stack, level", stack(4, 4, &[], 0, 0)),
        ("endpoints", Drawing::Endpoints(endpoints)),
    ]
}
