//! Seeing what happens: charts that are read at one time and lead there, all nodes in numbers, one request.

use crate::playground::{Result, click, ready, report, state};
use crate::{expect, is};
use floodgate_tests::browser::{Key, Options, PATIENCE, Page, Theme, with_page};
use std::time::Duration;

/// Long enough for a minute of virtual time on a loaded machine.
const RUN: Duration = Duration::from_secs(120);

async fn open(page: &Page, file: &str) -> Result<()> {
    let before = state(page).await?["run"].clone();
    page.eval(&format!("document.querySelector('[data-scenario=\"{file}\"]').click()")).await?;
    page.wait_until(&format!("JSON.parse(__floodgate.state()).run !== {before}"), PATIENCE).await?;
    Ok(())
}

async fn run_to_end(page: &Page) -> Result<()> {
    click(page, "Run to end").await?;
    page.wait_until("(s => s.now_ns === s.until_ns && !s.running)(JSON.parse(__floodgate.state()))", RUN).await?;
    Ok(())
}

async fn no_barriers(page: &Page, what: &str) -> Result<()> {
    let barriers = page.barriers().await?;
    expect(barriers.is_empty(), || format!("{what}: {}", barriers.join("\n")))
}

/// Where a quarter of the time axis is in a chart: the axis begins after its labels.
async fn quarter(page: &Page, chart: &str) -> Result<(f64, f64)> {
    let place = page
        .eval(&format!("(r => [r.left + 52 + (r.width - 64) / 4, r.top + 30])(document.querySelector('[data-cursor={chart}]').getBoundingClientRect())"))
        .await?;
    match (place[0].as_f64(), place[1].as_f64()) {
        (Some(x), Some(y)) => Ok((x, y)),
        _ => Err(format!("{chart} is at {place}").into()),
    }
}

/// The value that a chart says of one of its lines.
fn value(chart: &str, label: &str) -> String {
    format!(
        "[...document.querySelectorAll('[data-chart={chart}] .key-of')].find(k => k.textContent.startsWith('{label}')).querySelector('b').textContent"
    )
}

#[test]
fn charts_are_read_at_one_time_and_lead_there() {
    with_page("charts", Options { theme: Theme::Dark, ..Options::default() }, async |page| {
        ready(page).await?;
        open(page, "single_server_avalanche.toml").await?;
        run_to_end(page).await?;
        click(page, "Larger").await?;
        page.wait_until("document.querySelectorAll('[data-chart]').length === 8", PATIENCE).await?;
        // What is covered cannot be come to.
        is(page, "getComputedStyle(document.querySelector('.stage')).visibility", "hidden").await?;
        let there = quarter(page, "errors").await?;
        page.move_to(there).await?;
        // All of them are read at the same time, to a pixel: in the middle of the crowd.
        page.wait_until(
            "[...document.querySelectorAll('.cross')].filter(c => Math.abs(parseFloat(c.dataset.at) - 15) < 0.2).length === 8",
            PATIENCE,
        )
        .await?;
        let (goodput, refused) =
            (page.eval(&value("load", "goodput")).await?, page.eval(&value("errors", "502")).await?);
        expect(goodput == "0" && refused.as_str().is_some_and(|r| r.ends_with('k')), || {
            format!("goodput {goodput}, refused {refused} a second")
        })?;
        page.screenshot("charts-all-dark").await?;
        no_barriers(page, "all charts, dark").await?;
        page.set_theme(Theme::Light).await?;
        no_barriers(page, "all charts, light").await?;
        // A click goes there.
        page.click_at(there).await?;
        page.wait_until("(s => !s.seeking && Math.abs(s.now_ns - 15e9) < 2e8)(JSON.parse(__floodgate.state()))", RUN)
            .await?;
        page.screenshot("charts-all-light").await?;
        // By keyboard: arrows point, Enter goes there, Escape points at nothing and then goes back below the canvas.
        page.eval("document.querySelector('[data-cursor=latency]').focus()").await?;
        for key in [Key::Home, Key::Right, Key::Right] {
            page.press(&[], key).await?;
        }
        is(page, "document.querySelector('[data-cursor=latency]').getAttribute('aria-valuenow')", "0.50").await?;
        page.press(&[], Key::Enter).await?;
        page.wait_until("(s => !s.seeking && s.now_ns === 5e8)(JSON.parse(__floodgate.state()))", RUN).await?;
        page.press(&[], Key::Escape).await?;
        page.wait_until(
            "[...document.querySelectorAll('.cross')].filter(c => c.style.display === 'none').length === 8",
            PATIENCE,
        )
        .await?;
        page.press(&[], Key::Escape).await?;
        page.wait_until("document.querySelectorAll('[data-chart]').length === 2", PATIENCE).await?;
        let errors = page.console_errors().await?;
        expect(errors.is_empty(), || errors.join("\n"))
    });
}

/// The first cells of the rows, in their order.
const ROWS: &str = "[...document.querySelectorAll('[data-testid=nodes-table] tbody tr')].map(r => r.dataset.row)";

#[test]
fn all_nodes_stand_in_a_table_that_says_what_the_report_says() {
    with_page("nodes", Options::default(), async |page| {
        ready(page).await?;
        open(page, "single_server_avalanche.toml").await?;
        run_to_end(page).await?;
        page.by_role("tab", "Charts").await?.click().await?;
        page.press(&[], Key::Down).await?;
        page.wait_until(&format!("{ROWS}.length === 3"), PATIENCE).await?;
        page.wait_until(
            "/to 60.0 s/.test(document.querySelector('[data-testid=nodes-table] caption').textContent)",
            PATIENCE,
        )
        .await?;
        // The command line has the same numbers.
        let report = report(&["scenarios/single_server_avalanche.toml"])?;
        let offered = "document.querySelector('[data-row=web] td').textContent";
        is(page, offered, &report["nodes"]["web"]["offered"].to_string()).await?;
        // Sorted by a column: the most first, the least first, as they stand.
        for (first, aria) in [("web", "descending"), ("db", "ascending"), ("db", "none")] {
            page.by_role("button", "Offered").await?.click().await?;
            page.wait_until(&format!("{ROWS}[0] === '{first}'"), PATIENCE).await?;
            is(page, "document.querySelectorAll('[data-testid=nodes-table] th')[1].getAttribute('aria-sort')", aria)
                .await?;
        }
        for theme in [Theme::Dark, Theme::Light] {
            page.set_theme(theme).await?;
            no_barriers(page, "all nodes").await?;
        }
        page.screenshot("nodes-light").await?;
        // Whoever is chosen here is chosen on the canvas.
        page.eval("document.querySelector('[data-row=web] th button').click()").await?;
        page.wait_until("document.querySelector('[data-node=web]').closest('.selected') !== null", PATIENCE).await?;
        let errors = page.console_errors().await?;
        expect(errors.is_empty(), || errors.join("\n"))
    });
}

#[test]
fn a_request_is_followed_from_its_birth_to_the_answer_that_nobody_waited_for() {
    with_page("requests", Options::default(), async |page| {
        ready(page).await?;
        open(page, "single_server_avalanche.toml").await?;
        run_to_end(page).await?;
        let before = state(page).await?;
        page.by_role("tab", "Requests").await?.click().await?;
        no_barriers(page, "nobody is followed").await?;
        click(page, "Follow requests").await?;
        page.wait_until("document.querySelectorAll('.requests .request').length > 20", RUN).await?;
        page.wait_until("document.querySelector('.call') !== null", PATIENCE).await?;
        // Looking has changed nothing.
        let after = state(page).await?;
        for name in ["now_ns", "digest", "events", "totals"] {
            expect(before[name] == after[name], || format!("{name} was {} and is {}", before[name], after[name]))?;
        }
        // The first that failed: its first attempt was given up, and worked on all the same.
        let said = page.eval("document.querySelector('.journey').textContent").await?;
        let said = said.as_str().unwrap_or_default();
        for word in ["502", "retry 3", "given up at 500 ms", "the caller had given up", "waited", "worked"] {
            expect(said.contains(word), || format!("{word:?} is not said: {said}"))?;
        }
        for theme in [Theme::Dark, Theme::Light] {
            page.set_theme(theme).await?;
            no_barriers(page, "one request").await?;
        }
        page.screenshot("request-light").await?;
        // By keyboard: the slowest is the next to be looked at.
        page.eval("document.querySelector('.request').focus()").await?;
        page.press(&[], Key::Enter).await?;
        page.wait_until("/answered after/.test(document.querySelector('.journey-head').textContent)", PATIENCE).await?;
        click(page, "Stop").await?;
        page.by_role("button", "Follow requests").await?;
        let errors = page.console_errors().await?;
        expect(errors.is_empty(), || errors.join("\n"))
    });
}

#[test]
fn both_sides_are_read_at_one_time_and_the_books_balance() {
    with_page("both-sides", Options::default(), async |page| {
        ready(page).await?;
        open(page, "single_server_avalanche.toml").await?;
        page.eval(
            "(s => { s.value = [...s.options].find(o => /no_retries/.test(o.text)).value; \
             s.dispatchEvent(new Event('change', { bubbles: true })); })(document.querySelector('[aria-label=\"Compare with\"]'))",
        )
        .await?;
        page.wait_until("document.querySelector('[data-testid=rival]') !== null", PATIENCE).await?;
        run_to_end(page).await?;
        page.eval("document.querySelector('[data-cursor=latency]').focus()").await?;
        page.press(&[], Key::End).await?;
        page.wait_until(&format!("/ ms$/.test({})", value("latency", "p99 B")), RUN).await?;
        is(page, &value("latency", "p99 A"), "–").await?;
        is(page, &value("load", "goodput B"), "336").await?;
        // The first saturation has its number above the track.
        is(page, "document.querySelector('.rail .flag').textContent", "▲1").await?;
        no_barriers(page, "two sides").await?;
        page.screenshot("both-sides-light").await?;
        page.by_role("tab", "Nodes").await?.click().await?;
        page.wait_until(
            "/^✓ The books balance/.test(document.querySelector('[data-testid=books]')?.textContent)",
            PATIENCE,
        )
        .await?;
        let errors = page.console_errors().await?;
        expect(errors.is_empty(), || errors.join("\n"))
    });
}
