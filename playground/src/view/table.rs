//! All nodes in numbers, since the statistics started: the numbers of the report, sorted by any column.

use super::PageProps;
use crate::page::{PageRef, Selection, Topic, use_topic};
use crate::series::millis;
use crate::table::{Column, Order, codes, sorted};
use crate::wire::{Books, ClassFigures, NodeFigures};
use web_sys::MouseEvent;
use yew::prelude::*;

/// See the module.
#[component]
pub fn Nodes(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Answer);
    use_topic(&page, Topic::Edit);
    let figures = page.seeing.figures.borrow();
    let Some(figures) = figures.as_ref() else {
        return html! { <p class="quiet nothing">{ "The numbers are being asked for." }</p> };
    };
    let order = page.seeing.order.get();
    let since = format!("From {:.1} s to {:.1} s", figures.since_s, figures.at_s);
    html! {
        <div class="numbers" tabindex="0" role="region" aria-label="All nodes in numbers">
            <table class="figures-table" data-testid="nodes-table">
                <caption>{ since }{ ", as in the report" }</caption>
                <thead><tr>{ for Column::ALL.iter().map(|column| head(&page, *column, order)) }</tr></thead>
                <tbody>{ for sorted(&figures.nodes, order).into_iter().map(|node| row(&page, node)) }</tbody>
            </table>
            if !figures.classes.is_empty() { { classes_table(&figures.classes) } }
            { books(&figures.books) }
        </div>
    }
}

fn head(page: &PageRef, column: Column, order: Option<Order>) -> Html {
    let onclick = {
        let page = page.clone();
        Callback::from(move |_: MouseEvent| page.sort_by(column))
    };
    let aria = Order::aria(order, column);
    let arrow = match aria {
        "descending" => " ▼",
        "ascending" => " ▲",
        _ => "",
    };
    html! {
        <th scope="col" aria-sort={aria}>
            <button type="button" class="sort" title={column.about()} {onclick}>
                { column.title() }<span aria-hidden="true">{ arrow }</span>
            </button>
        </th>
    }
}

fn row(page: &PageRef, node: &NodeFigures) -> Html {
    let selection = Selection::Node(node.id.clone());
    let selected = page.selected.borrow().has(&selection);
    let select = {
        let page = page.clone();
        Callback::from(move |_: MouseEvent| page.select(Some(selection.clone())))
    };
    html! {
        <tr key={node.id.clone()} class={classes!(selected.then_some("selected"))} data-row={node.id.clone()}>
            <th scope="row">
                <button type="button" class="sort" aria-pressed={selected.to_string()} onclick={select} title="Select it">{ node.title.clone() }</button>
            </th>
            { for Column::ALL.iter().skip(1).map(|column| html! { <td class={classes!(alarming(*column, node).then_some("alarming"))}>{ column.text(node) }</td> }) }
        </tr>
    }
}

/// What stands out: in words and numbers it is there anyway.
fn alarming(column: Column, node: &NodeFigures) -> bool {
    match column {
        Column::Errors => !node.errors.is_empty(),
        Column::Utilization => node.utilization.is_some_and(|u| u >= 0.95),
        Column::Queue => node.queue_cap.is_some_and(|cap| cap > 0 && node.queue_max >= cap),
        Column::Amplification => node.amplification >= 1.5,
        _ => false,
    }
}

fn classes_table(classes: &[ClassFigures]) -> Html {
    let ms = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), millis);
    let row = |class: &ClassFigures| {
        html! {
            <tr key={class.name.clone()}>
                <th scope="row">{ class.name.clone() }</th>
                <td>{ class.born }</td>
                <td>{ class.answered }</td>
                <td>{ class.goodput_ratio.map_or_else(|| "–".to_owned(), |r| format!("{:.1} %", r * 100.0)) }</td>
                <td>{ if class.failed.is_empty() { "0".to_owned() } else { codes(&class.failed) } }</td>
                <td>{ format!("×{:.2}", class.amplification) }</td>
                <td>{ ms(class.p50_ms) }</td>
                <td>{ ms(class.p99_ms) }</td>
                <td>{ format!("{:.1} s", class.wasted_s) }</td>
            </tr>
        }
    };
    html! {
        <table class="figures-table" data-testid="classes-table">
            <caption>{ "By class of request" }</caption>
            <thead><tr>
                { for ["Class", "Born", "Answered", "In time", "Failed", "Amplification", "p50", "p99", "Wasted work"].into_iter().map(|title| html! { <th scope="col">{ title }</th> }) }
            </tr></thead>
            <tbody>{ for classes.iter().map(row) }</tbody>
        </table>
    }
}

/// Whether everything adds up: what teachers ask first.
fn books(books: &Books) -> Html {
    let Books { wrong, born: (born, [answered, failed, in_flight]), busy_s: (busy, [useful, wasted, undecided]) } =
        books;
    html! {
        <section class={classes!("books", wrong.is_some().then_some("wrong"))} data-testid="books" aria-label="The books">
            <h3>{ if wrong.is_some() { "✕ The books do not balance: a defect of the simulator" } else { "✓ The books balance" } }</h3>
            <ul>
                <li>{ format!("{born} requests born = {answered} answered + {failed} failed + {in_flight} in flight") }</li>
                <li>{ format!("{busy:.3} s of work = {useful:.3} s useful + {wasted:.3} s wasted + {undecided:.3} s undecided yet") }</li>
                <li>{ "Little’s law: requests in the system, summed over time = the sum of all sojourn times, to the nanosecond" }</li>
            </ul>
            if let Some(what) = wrong { <p>{ what.clone() }</p> }
        </section>
    }
}
