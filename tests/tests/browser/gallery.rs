//! The gallery: every scenario has a picture made by a run of its own, opens, and runs.

use crate::playground::{Result, click, ready, state, text};
use crate::{expect, is};
use floodgate_tests::browser::{Options, PATIENCE, Page, Theme, with_page};
use serde_json::Value;
use std::time::Duration;

const RUN: Duration = Duration::from_secs(120);

const WINDOW_GONE: &str = "document.querySelector('dialog') === null";

async fn no_errors(page: &Page) -> Result<()> {
    let errors = page.console_errors().await?;
    expect(errors.is_empty(), || errors.join("\n"))
}

async fn files(page: &Page) -> Result<Vec<String>> {
    let files = page.eval("[...document.querySelectorAll('[data-exhibit]')].map((e) => e.dataset.exhibit)").await?;
    Ok(files.as_array().into_iter().flatten().filter_map(|f| f.as_str().map(str::to_owned)).collect())
}

/// Opens the gallery and waits until every scenario has run.
async fn drawn(page: &Page) -> Result<()> {
    click(page, "Gallery").await?;
    let all = "document.querySelectorAll('[data-preview]').length > 0 && \
               [...document.querySelectorAll('[data-preview]')].every((e) => e.dataset.preview === 'done')";
    page.wait_until(all, RUN).await?;
    Ok(())
}

#[test]
fn every_scenario_has_a_live_picture_and_opens() {
    with_page("gallery-window", Options::default(), async |page| {
        ready(page).await?;
        let before = state(page).await?["events"].as_u64();
        drawn(page).await?;
        let folder =
            std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios")).map_err(|e| e.to_string())?;
        let there = folder.flatten().filter(|e| e.path().extension().is_some_and(|x| x == "toml")).count();
        let files = files(page).await?;
        expect(files.len() == there && there > 2, || format!("{files:?} of {there}"))?;
        // Shape and curves have something in them, and no run was halted.
        let empty = page
            .eval(
                "[...document.querySelectorAll('[data-exhibit]')].filter((e) => !e.querySelector('.g-node') || \
                 !e.querySelector('.g-area').getAttribute('d') || !/% in time, \\d+ s$/.test(e.querySelector('small').textContent))\
                 .map((e) => e.dataset.exhibit + ': ' + e.querySelector('small').textContent)",
            )
            .await?;
        expect(empty.as_array().is_some_and(Vec::is_empty), || format!("without a picture: {empty}"))?;
        page.screenshot("gallery-light").await?;
        page.set_theme(Theme::Dark).await?;
        page.screenshot("gallery-dark").await?;
        let barriers = page.barriers().await?;
        expect(barriers.is_empty(), || barriers.join("\n"))?;
        // What ran, ran on meanwhile.
        let after = state(page).await?["events"].as_u64();
        expect(after > before, || format!("{before:?} then {after:?}"))?;
        for file in files {
            if page.eval(WINDOW_GONE).await? == true {
                click(page, "Gallery").await?;
            }
            let run = state(page).await?["run"].clone();
            page.eval(&format!("document.querySelector('[data-exhibit=\"{file}\"]').click()")).await?;
            page.wait_until(WINDOW_GONE, PATIENCE).await?;
            page.wait_until(
                &format!("(s => s.run !== {run} && s.now_ns > 3e8 && !s.halted)(JSON.parse(__floodgate.state()))"),
                PATIENCE,
            )
            .await?;
        }
        no_errors(page).await
    });
}

#[test]
fn an_empty_canvas_runs_as_soon_as_something_on_it_can_and_undo_brings_back_what_was() {
    with_page("blank", Options::default(), async |page| {
        ready(page).await?;
        let before = text(page).await?;
        click(page, "Gallery").await?;
        page.eval("document.querySelector('.gallery-card.blank').click()").await?;
        page.wait_until("document.querySelectorAll('[data-node]').length === 0", PATIENCE).await?;
        page.wait_until("document.querySelector('.empty') !== null", PATIENCE).await?;
        page.screenshot("blank-light").await?;
        page.set_theme(Theme::Dark).await?;
        page.screenshot("blank-dark").await?;
        expect(page.eval("document.querySelector('[data-testid=pending]')").await?.is_null(), || {
            "an empty canvas waits for nothing".to_owned()
        })?;
        for kind in ["clients", "service"] {
            page.eval(&format!("document.querySelector('[data-kind={kind}]').click()")).await?;
        }
        page.wait_until("document.querySelectorAll('[data-node]').length === 2", PATIENCE).await?;
        page.screenshot("blank-begun").await?;
        // What has been begun is not lost before it can run.
        page.wait_until("Object.keys(localStorage).some(k => k.startsWith('floodgate.work.'))", PATIENCE).await?;
        let begun = text(page).await?;
        page.goto("").await?;
        page.wait_until("document.querySelectorAll('[data-node]').length === 2", PATIENCE).await?;
        is(page, "__floodgate.scenarioText()", &begun).await?;
        let (from, to) = (
            page.by_role("button", "Connect from Clients, port out").await,
            page.by_role("button", "Calls to Service arrive here").await,
        );
        page.drag(&from?, &to?).await?;
        page.wait_until("document.querySelector('[data-edge=\"clients>service\"]') !== null", PATIENCE).await?;
        click(page, "Run").await?;
        page.wait_until("(s => s.running && s.totals.goodput > 20)(JSON.parse(__floodgate.state()))", PATIENCE).await?;
        page.screenshot("blank-runs").await?;
        expect(before != text(page).await?, || "nothing was opened".to_owned())?;
        no_errors(page).await
    });
}

#[test]
fn lesson_steps_stand_beside_the_stage_as_text() {
    with_page("lesson", Options::default(), async |page| {
        ready(page).await?;
        page.eval("document.querySelector('[data-scenario=\"single_server_avalanche.toml\"]').click()").await?;
        page.wait_until("document.querySelectorAll('.lesson li').length === 4", PATIENCE).await?;
        is(page, "document.querySelector('.lesson b').textContent", "Healthy").await?;
        // A step goes to its time, marks its nodes, and is the current one from then on.
        page.eval("document.querySelectorAll('.lesson .when')[1].click()").await?;
        page.wait_until("JSON.parse(__floodgate.state()).now_ns >= 10e9", RUN).await?;
        page.wait_until("document.querySelector('.lesson li.current b').textContent === 'The crowd'", PATIENCE).await?;
        page.eval("document.querySelectorAll('.lesson .when')[1].focus()").await?;
        page.wait_until("document.querySelectorAll('.node.lit').length === 2", PATIENCE).await?;
        page.screenshot("lesson-light").await?;
        page.set_theme(Theme::Dark).await?;
        page.screenshot("lesson-dark").await?;
        let barriers = page.barriers().await?;
        expect(barriers.is_empty(), || barriers.join("\n"))?;
        // A selected node has the room; the notes are still there.
        page.by_role("button", "Web server, Service").await?.click().await?;
        page.wait_until("document.querySelector('.lesson').open === false", PATIENCE).await?;
        let hostile = "format = 1\\nname = \\\"x\\\"\\nnote = [\\\"<img src=x onerror=alert(1)>\\\"]\\n[[node]]\\nid = \\\"u\\\"\\nkind = \\\"clients\\\"\\n\
                       [[node]]\\nid = \\\"w\\\"\\nkind = \\\"service\\\"\\n[[link]]\\nfrom = \\\"u\\\"\\nto = \\\"w\\\"\\n\
                       [[lesson]]\\ntitle = \\\"<script>alert(1)</script>\\\"\\ntext = \\\"<b>bold</b>\\\"\\n";
        page.eval(&format!("__floodgate.load(\"{hostile}\")")).await?;
        page.wait_until("document.querySelectorAll('.lesson li').length === 2", PATIENCE).await?;
        let markup: Value =
            page.eval("document.querySelectorAll('.lesson p *, .lesson b *, .lesson img').length").await?;
        expect(markup == 0, || format!("{markup} elements of markup"))?;
        is(page, "document.querySelector('.lesson p').textContent", "<b>bold</b>").await?;
        no_errors(page).await
    });
}
