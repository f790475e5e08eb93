//! Everybody can use it: no barrier that axe-core finds, in light and dark; everything by keyboard; every fault and every
//! exhibit can be had from the page.

use crate::expect;
use floodgate_tests::browser::{BrowserError, Key, Options, PATIENCE, Page, with_page};
use serde_json::Value;
use std::time::Duration;

type Result<T> = std::result::Result<T, BrowserError>;

/// Long enough for some seconds of virtual time on a loaded machine.
const SCENE: Duration = Duration::from_secs(60);

async fn state(page: &Page) -> Result<Value> {
    let text = page.eval("window.__floodgate.state()").await?;
    serde_json::from_str(text.as_str().unwrap_or_default()).map_err(|e| format!("state: {e}").into())
}

async fn ready(page: &Page) -> Result<()> {
    page.wait_until("window.__floodgate && JSON.parse(__floodgate.state()).now_ns > 5e8", PATIENCE).await?;
    Ok(())
}

async fn click(page: &Page, name: &str) -> Result<()> {
    page.by_role("button", name).await?.click().await?;
    Ok(())
}

/// Buttons with a label (in bold, or all their text) that is not part of their name: whoever says what they see must be understood.
const NOT_CALLED_BY_THEIR_LABEL: &str = "[...document.querySelectorAll('button, [role=button]')].filter((e) => { \
    const label = (e.querySelector('b') ?? e).textContent.trim().toLowerCase(); \
    const name = (e.getAttribute('aria-label') ?? e.textContent).toLowerCase(); \
    return /[a-z]/.test(label) && !name.includes(label); }).map((e) => e.outerHTML.slice(0, 120))";

/// Looks for barriers in both themes.
async fn look(page: &Page, scene: &str, found: &mut Vec<String>) -> Result<()> {
    for theme in ["light", "dark"] {
        page.eval(&format!("document.documentElement.dataset.theme = '{theme}'")).await?;
        let unnamed = page.eval(NOT_CALLED_BY_THEIR_LABEL).await?;
        found.extend(
            unnamed.as_array().into_iter().flatten().map(|what| format!("{scene}: not called by its label: {what}")),
        );
        found.extend(page.barriers().await?.into_iter().map(|barrier| format!("{scene}, {theme}: {barrier}")));
    }
    Ok(())
}

#[test]
fn there_is_no_barrier_in_any_state() {
    with_page("access", Options::default(), async |page| {
        let mut found = Vec::new();
        ready(page).await?;
        look(page, "healthy", &mut found).await?;
        page.eval("document.querySelector('[data-node=web]').focus()").await?;
        page.press(&[], Key::Enter).await?;
        page.by_label("Title").await?;
        look(page, "a service is selected", &mut found).await?;
        page.eval("document.querySelector('[data-node=users]').focus()").await?;
        page.press(&[], Key::Enter).await?;
        look(page, "clients are selected", &mut found).await?;
        click(page, "Flash crowd").await?;
        page.wait_until("JSON.parse(__floodgate.state()).totals.failed > 5000", SCENE).await?;
        look(page, "an avalanche", &mut found).await?;
        page.eval("document.querySelector('[data-node=db] ~ .deeds [data-fault=slow]').click()").await?;
        page.wait_until("document.querySelector('.badge.fault') !== null", SCENE).await?;
        look(page, "a fault", &mut found).await?;
        let stage = page.by_role("main", "Canvas").await?;
        page.drop_file(&stage, "bad.toml", "format = 1\nname = 3\n").await?;
        page.wait_until("document.querySelector('[data-testid=problems] pre') !== null", PATIENCE).await?;
        look(page, "a bad file", &mut found).await?;
        click(page, "Close problems").await?;
        page.drop_file(&stage, "loop.toml", include_str!("../../fixtures/loop_without_latency.toml")).await?;
        page.wait_until("document.querySelector('[data-testid=halted]') !== null", SCENE).await?;
        look(page, "a run that was halted", &mut found).await?;
        found.sort();
        expect(found.is_empty(), || format!("{} barriers:\n{}", found.len(), found.join("\n")))
    });
}

/// What has the keyboard's attention: its name, or the first words of its label.
const FOCUSED: &str = "(e => e.getAttribute('aria-label') ?? (e.labels?.[0]?.firstChild ?? e).textContent.trim())(document.activeElement)";

/// Goes on by Tab, as far as one round through the page, until something with this name has the focus.
async fn tab_to(page: &Page, name: &str) -> Result<()> {
    let mut seen = Vec::new();
    for _ in 0..150 {
        page.press(&[], Key::Tab).await?;
        let focused = page.eval(FOCUSED).await?.as_str().unwrap_or_default().to_owned();
        if focused == name {
            let outline = page.eval("getComputedStyle(document.activeElement).outlineStyle").await?;
            return expect(outline != "none", || format!("{name} has the focus, and nobody sees it"));
        }
        seen.push(focused);
    }
    Err(format!("Tab never comes to {name:?}; it went to {seen:?}").into())
}

async fn press_on(page: &Page, name: &str) -> Result<()> {
    tab_to(page, name).await?;
    page.press(&[], Key::Enter).await
}

#[test]
fn a_system_is_built_broken_and_mended_by_keyboard_alone() {
    with_page("keyboard", Options::default(), async |page| {
        ready(page).await?;
        press_on(page, "Add Service").await?;
        page.wait_until("document.querySelector('[data-node=service]') !== null", PATIENCE).await?;
        press_on(page, "Connect from Web server, port calls").await?;
        press_on(page, "Service, Service").await?;
        page.wait_until("document.querySelector('[data-edge=\"web>service\"]') !== null", PATIENCE).await?;
        page.press(&[Key::Control], 'z').await?;
        page.press(&[Key::Control], 'z').await?;
        page.wait_until("document.querySelector('[data-node=service]') === null", PATIENCE).await?;

        press_on(page, "Flash crowd").await?;
        page.wait_until("JSON.parse(__floodgate.state()).totals.failed > 20000", SCENE).await?;
        // The crowd leaves after 20 s; what keeps the server down then are retries and its own backlog.
        page.eval(
            "(s => { s.value = '10×'; s.dispatchEvent(new Event('change', { bubbles: true })); })(document.querySelector('[aria-label=Speed]'))",
        )
        .await?;
        let crowd_gone = state(page).await?["now_ns"].as_f64().unwrap_or_default() / 1e9 + 24.0;
        page.wait_until(&format!("JSON.parse(__floodgate.state()).now_ns >= {crowd_gone}e9"), SCENE).await?;
        expect(answered_in_time(page).await? < 50.0, || "it recovered by itself".to_owned())?;
        // A short queue: whoever gets in is served in time, and memory no longer runs out.
        press_on(page, "Web server, Service").await?;
        tab_to(page, "queue").await?;
        for digit in ['1', '0', '0'] {
            page.press(&[], digit).await?;
        }
        page.press(&[], Key::Enter).await?;
        page.wait_until("/\"queue\"/.test(__floodgate.controlLog())", PATIENCE).await?;
        let mended = state(page).await?["now_ns"].as_f64().unwrap_or_default() / 1e9 + 15.0;
        page.wait_until(&format!("JSON.parse(__floodgate.state()).now_ns >= {mended}e9"), SCENE).await?;
        let share = answered_in_time(page).await?;
        expect(share > 95.0, || format!("{share} % are answered in time with a short queue"))?;
        let errors = page.console_errors().await?;
        expect(errors.is_empty(), || errors.join("\n"))
    });
}

/// The share that the page shows, in per cent.
async fn answered_in_time(page: &Page) -> Result<f64> {
    let share = page.eval("parseFloat(document.querySelector('.goodput b').textContent)").await?;
    share.as_f64().ok_or_else(|| format!("{share} is no share").into())
}

#[test]
fn every_exhibit_runs_and_every_fault_can_be_started_and_ended() {
    with_page("faults", Options::default(), async |page| {
        ready(page).await?;
        let names = "[...document.querySelectorAll('[data-scenario]')].map((e) => e.dataset.scenario)";
        let exhibits = page.eval(names).await?;
        let mut started = std::collections::BTreeSet::new();
        for exhibit in exhibits.as_array().into_iter().flatten().filter_map(Value::as_str) {
            let run = state(page).await?["run"].clone();
            page.eval(&format!("document.querySelector('[data-scenario=\"{exhibit}\"]').click()")).await?;
            let begun = format!("(s => s.run !== {run} && s.now_ns > 1e9)(JSON.parse(__floodgate.state()))");
            page.wait_until(&begun, SCENE).await?;
            let buttons = "[...document.querySelectorAll('[data-fault]')].map((e) => e.getAttribute('aria-label'))";
            for name in page.eval(buttons).await?.as_array().into_iter().flatten().filter_map(Value::as_str) {
                let find = format!("document.querySelector('[data-fault][aria-label=\"{name}\"]')");
                let before = page.eval("__floodgate.controlLog().split('\\n').length").await?;
                let lasts = page.eval(&format!("{find}.hasAttribute('aria-pressed')")).await? == true;
                page.eval(&format!("{find}.click()")).await?;
                let logged = |more: i64| {
                    format!(
                        "__floodgate.controlLog().split('\\n').length >= {}",
                        before.as_i64().unwrap_or_default() + more
                    )
                };
                page.wait_until(&logged(1), PATIENCE).await?;
                started.insert(page.eval(&format!("{find}?.dataset.fault")).await?.as_str().map(str::to_owned));
                if lasts {
                    let end = format!("document.querySelector('[data-fault][aria-label=\"End: {name}\"]')");
                    page.wait_until(&format!("{end}?.getAttribute('aria-pressed') === 'true'"), PATIENCE).await?;
                    page.eval(&format!("{end}.click()")).await?;
                    page.wait_until(&logged(2), PATIENCE).await?;
                    page.wait_until(&format!("{find}?.getAttribute('aria-pressed') === 'false'"), PATIENCE).await?;
                }
            }
            let halted = state(page).await?["halted"].clone();
            expect(halted.is_null(), || format!("{exhibit}: {halted}"))?;
            let errors = page.console_errors().await?;
            expect(errors.is_empty(), || format!("{exhibit}: {}", errors.join("\n")))?;
        }
        // The catalogue is the authority on which faults there are; a component that no exhibit has needs one, or a test here.
        let shown: std::collections::BTreeSet<&str> = page_kinds();
        let missing: Vec<_> = floodgate::catalogue()
            .iter()
            .filter(|d| !d.faults.is_empty() && !shown.contains(d.kind))
            .map(|d| d.kind)
            .collect();
        expect(missing.is_empty(), || format!("no exhibit has {missing:?}, whose faults nobody has started"))?;
        expect(started.len() >= 2, || format!("only {started:?} were started"))
    });
}

/// Kinds of the nodes in the files that the page offers.
fn page_kinds() -> std::collections::BTreeSet<&'static str> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let entries = std::fs::read_dir(&folder).expect("the folder of scenarios").flatten();
    let files: Vec<String> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .map(|path| std::fs::read_to_string(path).expect("a scenario"))
        .collect();
    let has = |kind: &str| files.iter().any(|text| text.contains(&format!("kind = \"{kind}\"")));
    floodgate::catalogue().iter().map(|d| d.kind).filter(|kind| has(kind)).collect()
}

#[test]
fn who_wants_no_motion_gets_numbers() {
    with_page("still", Options::default(), async |page| {
        let still = serde_json::json!({ "features": [{ "name": "prefers-reduced-motion", "value": "reduce" }] });
        ready(page).await?;
        let painted = "(c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v > 0))(document.getElementById('motion'))";
        page.wait_until(painted, PATIENCE).await?;
        page.devtools("Emulation.setEmulatedMedia", still).await?;
        page.wait_until(&format!("!({painted})"), PATIENCE).await?;
        // The rates beside the links say what the marks would have shown, and they go on.
        let rate = "document.querySelector('[data-edge=\"users>web\"] .link-label').textContent";
        page.wait_until(&format!("/\\d+\\/s/.test({rate})"), PATIENCE).await?;
        let before = state(page).await?["now_ns"].clone();
        page.wait_until(&format!("JSON.parse(__floodgate.state()).now_ns > {before}"), PATIENCE).await?;
        let animated = page.eval("document.getAnimations().filter((a) => a.playState === 'running').length").await?;
        expect(animated == 0, || format!("{animated} animations run"))
    });
}
