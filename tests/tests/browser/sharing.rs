//! Passing runs on, and losing nothing: links, files, and work that comes back.

use crate::expect;
use crate::playground::{Result, click, floodgate, ready, report, state, text};
use floodgate_tests::browser::{Options, PATIENCE, Page, Theme, with_page};
use serde_json::Value;
use std::time::Duration;

const RUN: Duration = Duration::from_secs(120);

async fn pause(page: &Page) -> Result<Value> {
    click(page, "Pause").await?;
    page.wait_until("!JSON.parse(__floodgate.state()).running", PATIENCE).await?;
    state(page).await
}

/// Waits until the run stands at the time where another stood.
async fn stands_at(page: &Page, then: &Value) -> Result<Value> {
    let there = format!("(s => s.now_ns === {} && !s.seeking)(JSON.parse(__floodgate.state()))", then["now_ns"]);
    page.wait_until(&there, RUN).await?;
    state(page).await
}

fn same_run(here: &Value, there: &Value) -> Result<()> {
    for what in ["digest", "digest_second", "events", "seed", "totals", "text_hash"] {
        expect(here[what] == there[what], || format!("{what}: {here}\nand {there}"))?;
    }
    Ok(())
}

async fn no_errors(page: &Page) -> Result<()> {
    let errors = page.console_errors().await?;
    expect(errors.is_empty(), || errors.join("\n"))
}

async fn told(page: &Page, what: &str) -> Result<()> {
    page.wait_until(
        &format!("document.querySelector('[data-testid=problems]')?.textContent.includes('{what}')"),
        PATIENCE,
    )
    .await?;
    Ok(())
}

#[test]
fn a_link_opens_the_same_run_in_a_fresh_profile() {
    let (mut link, mut then, mut scenario) = (String::new(), Value::Null, String::new());
    with_page("share", Options::default(), async |page| {
        ready(page).await?;
        // An edit of the scenario, a change of load by hand, and an edit that waits for a reset.
        page.by_role("button", "Web server, Service").await?.click().await?;
        page.eval("document.querySelector('.inspector input.title').focus()").await?;
        click(page, "Flash crowd").await?;
        page.wait_until("JSON.parse(__floodgate.state()).totals.failed > 3000", RUN).await?;
        then = pause(page).await?;
        scenario = text(page).await?;
        click(page, "Share").await?;
        let length = page.eval("document.querySelector('[data-testid=share-link]').value.length").await?;
        let advice = page.eval("document.querySelector('[data-testid=share-advice]').textContent").await?;
        let plain = advice.as_str().unwrap_or_default().replace(',', "");
        expect(plain.contains(&format!("{length} characters")), || format!("{length}: {advice}"))?;
        click(page, "Copy link").await?;
        page.wait_until("document.querySelector('.told').textContent !== ''", PATIENCE).await?;
        page.screenshot("share").await?;
        let found = page.eval("document.querySelector('[data-testid=share-link]').value").await?;
        link = found.as_str().unwrap_or_default().to_owned();
        click(page, "Close window").await?;
        page.wait_until("document.querySelector('dialog') === null", PATIENCE).await?;
        no_errors(page).await
    });
    if link.is_empty() {
        return;
    }
    let fragment = link.split_once('#').map(|(_, run)| format!("#{run}")).unwrap_or_default();
    with_page("shared", Options { query: fragment.clone(), theme: Theme::Dark, ..Options::default() }, async |page| {
        let here = stands_at(page, &then).await?;
        same_run(&here, &then)?;
        expect(here["running"] == false, || "it runs on by itself".to_owned())?;
        expect(text(page).await? == scenario, || "the scenario is another".to_owned())?;
        page.screenshot("shared").await?;
        expect(page.eval("location.hash").await? == "", || "a reload would open the link again".to_owned())?;

        // What a link brings is shown as text, whatever it is, and a bad one is told in words; what is there stays.
        let run = here["run"].clone();
        for (bad, said) in [
            (fragment[..fragment.len() - 40].to_owned(), "It is broken"),
            (fragment.replace("#run=1.", "#run=7."), "newer version"),
            (format!("#run=1.{}", "A".repeat(5000)), "It is broken"),
            ("#run=<img src=x onerror=alert(1)>".to_owned(), "It is broken"),
        ] {
            page.eval(&format!("location.hash = {bad:?}")).await?;
            told(page, said).await?;
            page.screenshot("bad-link").await?;
            click(page, "Close problems").await?;
        }
        expect(state(page).await?["run"] == run, || "a bad link ended the run".to_owned())?;
        // A good one in the address of an open page is a step that can be undone.
        page.eval("__floodgate.load('format = 1\\nname = \"<s>bold</s>\"\\n[[node]]\\nid = \"u\"\\nkind = \"clients\"\\n[[node]]\\nid = \"w\"\\nkind = \"service\"\\ntitle = \"<u>x</u>\"\\n[[link]]\\nfrom = \"u\"\\nto = \"w\"\\n')").await?;
        page.wait_until("document.querySelector('[data-node=w]') !== null", PATIENCE).await?;
        expect(page.eval("document.querySelectorAll('.app s, .app u').length").await? == 0, || "markup".to_owned())?;
        page.eval(&format!("location.hash = {fragment:?}")).await?;
        stands_at(page, &then).await?;
        click(page, "Undo").await?;
        page.wait_until("__floodgate.scenarioText().includes('<s>bold</s>')", PATIENCE).await?;
        no_errors(page).await
    });
}

#[test]
fn files_good_and_bad() {
    with_page("files", Options::default(), async |page| {
        ready(page).await?;
        let stage = page.by_role("main", "Canvas").await?;
        // A control log of the scenario on the page is done again, as on the command line.
        let log = "{\"floodgate_controls\":1,\"scenario\":\"A single server, healthy\",\"seed\":9}\n\
                   {\"at\":\"2s\",\"node\":\"users\",\"set\":{\"rate\":\"3000/s\"},\"for\":\"3s\"}\n\
                   {\"at\":\"4s\",\"node\":\"web\",\"fault\":\"kill\"}\n";
        page.drop_file(&stage, "mine.jsonl", log).await?;
        page.wait_until("(s => s.run > 1 && s.seed === 9)(JSON.parse(__floodgate.state()))", PATIENCE).await?;
        click(page, "Run to end").await?;
        page.wait_until("(s => s.now_ns === s.until_ns && !s.running)(JSON.parse(__floodgate.state()))", RUN).await?;
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let file = folder.path().join("mine.jsonl");
        std::fs::write(&file, log).map_err(|e| e.to_string())?;
        let there = report(&["scenarios/single_server.toml", "--controls", &file.display().to_string()])?;
        let here = state(page).await?;
        expect(here["digest"] == there["digest"], || format!("{here}\nand {}", there["digest"]))?;

        // A log that does not fit is told as the command line tells it.
        let wrong = log.replace("healthy", "ill").replace("users", "nobody");
        std::fs::write(&file, &wrong).map_err(|e| e.to_string())?;
        page.drop_file(&stage, "mine.jsonl", &wrong).await?;
        told(page, "the log is of the scenario").await?;
        let said = page.eval("document.querySelector('[data-testid=problems] pre').textContent").await?;
        let output = floodgate(&["run", "scenarios/single_server.toml", "--controls", &file.display().to_string()])?;
        let command_line = String::from_utf8_lossy(&output.stderr).replace(&file.display().to_string(), "mine.jsonl");
        expect(said.as_str().map(str::trim) == Some(command_line.trim()), || format!("{said}\nand\n{command_line}"))?;

        let run = state(page).await?["run"].clone();
        let drop_bytes = |name: &str, bytes: &str| {
            format!(
                "(() => {{ const data = new DataTransfer(); data.items.add(new File([{bytes}], '{name}')); \
                 for (const kind of ['dragenter', 'dragover', 'drop']) document.querySelector('main').dispatchEvent(\
                 new DragEvent(kind, {{dataTransfer: data, bubbles: true, cancelable: true}})); }})()"
            )
        };
        for (name, bytes, words) in [
            ("photo.jpg", "new Uint8Array([255, 216, 255, 224, 0, 16])", "is not UTF-8 text"),
            ("film.toml", "new Uint8Array(30e6)", "30000000 bytes, more than the limit of 1048576"),
            ("film.jsonl", "new Uint8Array(30e6)", "30000000 bytes, more than the limit of 4194304"),
            ("empty.toml", "''", "the file is empty"),
            ("new.toml", "'format = 2\\nname = \"x\"'", "was made by a newer version"),
            ("page.html", "'<html></html>'", "page.html:1:14: error"),
        ] {
            page.eval(&drop_bytes(name, bytes)).await?;
            told(page, words).await?;
            click(page, "Close problems").await?;
        }
        expect(state(page).await?["run"] == run, || "a bad file ended the run".to_owned())?;
        no_errors(page).await
    });
}

#[test]
fn work_comes_back_after_a_reload() {
    with_page("saved", Options::default(), async |page| {
        ready(page).await?;
        expect(page.eval("localStorage.length").await? == 0, || "nothing was done, and something is kept".to_owned())?;
        page.eval("document.querySelector('[data-kind=load_balancer]').click()").await?;
        click(page, "Flash crowd").await?;
        page.wait_until("JSON.parse(__floodgate.state()).totals.failed > 100", RUN).await?;
        let then = pause(page).await?;
        let (scenario, log) = (text(page).await?, page.eval("__floodgate.controlLog()").await?);
        page.goto("").await?;
        page.wait_until("window.__floodgate !== undefined", PATIENCE).await?;
        same_run(&stands_at(page, &then).await?, &then)?;
        expect(text(page).await? == scenario, || "the scenario is another".to_owned())?;
        expect(page.eval("__floodgate.controlLog()").await? == log, || "the log is another".to_owned())?;
        page.wait_until(
            "/^Restored .*at /.test(document.querySelector('[data-testid=restored]').textContent)",
            PATIENCE,
        )
        .await?;
        page.screenshot("restored").await?;

        // A page that dies without a word loses a few seconds at most: the tab is new, and no other shows the work.
        page.eval("sessionStorage.clear()").await?;
        page.goto("").await?;
        page.wait_until("window.__floodgate && __floodgate.scenarioText().length > 0", PATIENCE).await?;
        same_run(&stands_at(page, &then).await?, &then)?;

        // Another tab does not take it while this one has it; each keeps its own.
        let first = page.client().window().await?;
        let second = page.client().new_window(true).await?.handle;
        page.client().switch_to_window(second).await?;
        page.goto("").await?;
        ready(page).await?;
        expect(text(page).await? != scenario, || "two tabs show one piece of work".to_owned())?;
        page.eval("document.querySelector('[data-kind=database]').click()").await?;
        page.wait_until(
            "Object.keys(localStorage).filter(k => k.startsWith('floodgate.work.')).length === 2",
            PATIENCE,
        )
        .await?;
        page.client().close_window().await?;
        page.client().switch_to_window(first).await?;
        expect(text(page).await? == scenario, || "the other tab changed this one".to_owned())?;

        // Discarded, it does not come back by itself, but is there.
        click(page, "Discard").await?;
        page.wait_until("JSON.parse(__floodgate.state()).running", PATIENCE).await?;
        page.goto("").await?;
        ready(page).await?;
        expect(text(page).await? != scenario, || "discarded work came back".to_owned())?;
        expect(
            page.eval("Object.keys(localStorage).some(k => JSON.parse(localStorage[k]).aside)").await? == true,
            || "it is gone".to_owned(),
        )?;
        no_errors(page).await
    });
}

#[test]
fn a_full_or_broken_storage_stops_nobody() {
    with_page("storage", Options::default(), async |page| {
        ready(page).await?;
        page.eval("(() => { localStorage.clear(); localStorage['floodgate.work.a'] = '{'; \
                   localStorage['floodgate.work.b'] = JSON.stringify({format: 9, name: 'From the future'}); \
                   localStorage['floodgate.work.c'] = JSON.stringify({format: 1, name: 'Bad', saved_ms: 5, run: '1.AAAA'}); \
                   sessionStorage.clear(); })()").await?;
        page.goto("").await?;
        ready(page).await?;
        page.wait_until("document.querySelector('[data-testid=notice]') !== null", PATIENCE).await?;
        page.screenshot("broken-storage").await?;
        expect(
            page.eval("localStorage['floodgate.work.b']").await?.as_str().is_some_and(|t| t.contains("future")),
            || "what is newer was thrown away".to_owned(),
        )?;
        expect(page.eval("localStorage['floodgate.work.a']").await?.is_null(), || {
            "what is broken is still in the way".to_owned()
        })?;

        // No room at all.
        page.eval(
            "(() => { localStorage.clear(); let piece = 'x'.repeat(1 << 20); \
                   for (let i = 0; piece.length > 0; i++) { try { localStorage['other' + i] = piece; } \
                   catch { piece = piece.slice(0, piece.length >> 1); } } })()",
        )
        .await?;
        page.eval("document.querySelector('[data-kind=database]').click()").await?;
        page.wait_until(
            "/no room to keep your work/.test(document.querySelector('[data-testid=notice]')?.textContent)",
            PATIENCE,
        )
        .await?;
        page.screenshot("full-storage").await?;
        click(page, "Close").await?;
        // Work goes on, and it is told once.
        page.eval("document.querySelector('[data-kind=database]').click()").await?;
        page.wait_until("document.querySelector('[data-node=database_2]') !== null", PATIENCE).await?;
        tokio::time::sleep(Duration::from_millis(2500)).await;
        expect(page.eval("document.querySelector('[data-testid=notice]')").await?.is_null(), || {
            "told twice".to_owned()
        })?;
        // With room again, it is kept again.
        page.eval("localStorage.clear()").await?;
        page.eval("document.querySelector('[data-kind=database]').click()").await?;
        page.wait_until("Object.keys(localStorage).some(k => k.startsWith('floodgate.work.'))", PATIENCE).await?;
        no_errors(page).await
    });
}
