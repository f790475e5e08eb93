//! Time on the page: going back gives what a fresh run gives there, a change in the past opens a track, what is done can be
//! taken back, two runs stand side by side, and a worker that falls over comes back.

use crate::expect;
use crate::playground::{Result, click, ready, report, state};
use floodgate_tests::browser::{Key, Options, PATIENCE, Page, Theme, with_page};
use serde_json::Value;
use std::time::Duration;

/// Long enough for a minute of virtual time on a loaded machine.
const RUN: Duration = Duration::from_secs(120);

/// Goes to a virtual time, paused, and waits until it stands there.
async fn go(page: &Page, seconds: u64) -> Result<Value> {
    page.eval(&format!("__floodgate.seek({seconds})")).await?;
    let there = format!("(s => s.now_ns === {seconds}e9 && !s.seeking)(JSON.parse(__floodgate.state()))");
    page.wait_until(&there, RUN).await?;
    state(page).await
}

async fn run_to_end(page: &Page) -> Result<Value> {
    click(page, "Run to end").await?;
    page.wait_until("(s => s.now_ns === s.until_ns && !s.running)(JSON.parse(__floodgate.state()))", RUN).await?;
    state(page).await
}

async fn open(page: &Page, file: &str) -> Result<()> {
    let before = state(page).await?["run"].clone();
    page.eval(&format!("document.querySelector('[data-scenario=\"{file}\"]').click()")).await?;
    page.wait_until(&format!("JSON.parse(__floodgate.state()).run !== {before}"), PATIENCE).await?;
    Ok(())
}

async fn digest_there(file: &str, seconds: u64) -> Result<Value> {
    Ok(report(&[&format!("scenarios/{file}"), "--until", &format!("{seconds}s")])?["digest"].clone())
}

#[test]
fn scrubbing_branching_and_undoing() {
    with_page("time-travel", Options { theme: Theme::Dark, ..Options::default() }, async |page| {
        const FILE: &str = "single_server_avalanche.toml";
        ready(page).await?;
        open(page, FILE).await?;
        let end = run_to_end(page).await?;
        for second in [20, 35, 3] {
            let here = go(page, second).await?;
            expect(here["digest"] == digest_there(FILE, second).await?, || format!("at {second} s: {here}"))?;
            expect(here["furthest_ns"] == end["now_ns"], || "what lies ahead is forgotten".to_owned())?;
        }
        page.screenshot("scrubbed-back").await?;
        // The last line told is not from the future.
        let times =
            page.eval("[...document.querySelectorAll('.ticker time')].map(t => parseFloat(t.textContent))").await?;
        let late = times.as_array().into_iter().flatten().filter_map(Value::as_f64).any(|t| t > 3.01);
        expect(!late, || format!("the ticker tells of the future: {times}"))?;

        // By mouse: a click on the track, and on a flag.
        let rail = page.eval("(r => [r.left, r.top, r.width, r.height])(document.querySelector('.lane.current .rail').getBoundingClientRect())").await?;
        let at = |i: usize| rail[i].as_f64().unwrap_or(0.0);
        let y = at(1) + at(3) - 6.0;
        page.drag_between((at(0) + at(2) * 0.2, y), (at(0) + at(2) * 0.5, y)).await?;
        let middle = end["now_ns"].as_f64().unwrap_or(0.0) / 2.0;
        page.wait_until(&format!("Math.abs(JSON.parse(__floodgate.state()).now_ns - {middle}) < 1e9"), RUN).await?;
        page.eval("document.querySelector('button.flag').click()").await?;
        page.wait_until("(s => !s.seeking && s.now_ns < 2e10)(JSON.parse(__floodgate.state()))", RUN).await?;
        // By keys.
        go(page, 10).await?;
        page.eval("document.activeElement.blur()").await?;
        page.press(&[Key::Shift], char::from(Key::Right)).await?;
        page.wait_until("JSON.parse(__floodgate.state()).now_ns === 11e9", RUN).await?;
        let before = state(page).await?["events"].as_f64().unwrap_or(0.0);
        page.press(&[], char::from(Key::Left)).await?;
        page.wait_until(&format!("JSON.parse(__floodgate.state()).events === {before} - 1"), RUN).await?;

        // A flood in the past opens a second track, and undoing it at the same instant takes it out.
        go(page, 10).await?;
        click(page, "Flood").await?;
        page.wait_until("JSON.parse(__floodgate.state()).tracks.length === 2", PATIENCE).await?;
        expect(state(page).await?["furthest_ns"] == 10e9, || "the new track has no future yet".to_owned())?;
        go(page, 16).await?;
        page.screenshot("two-tracks").await?;
        let log = page.eval("__floodgate.controlLog()").await?;
        expect(log.as_str().is_some_and(|l| l.contains("\"rate\"")), || format!("{log}"))?;
        page.eval("document.querySelector('.lane:not(.current) .lane-name').click()").await?;
        page.wait_until("(s => s.track === 1 && !s.seeking)(JSON.parse(__floodgate.state()))", PATIENCE).await?;
        let old = go(page, 35).await?;
        expect(old["digest"] == digest_there(FILE, 35).await?, || format!("the old future is another: {old}"))?;
        let errors = page.console_errors().await?;
        expect(errors.is_empty(), || errors.join("\n"))
    });
}

#[test]
fn what_is_done_to_the_run_is_undone_with_edits_and_reaches_it() {
    with_page("undoing-deeds", Options::default(), async |page| {
        ready(page).await?;
        click(page, "Pause").await?;
        page.wait_until("!JSON.parse(__floodgate.state()).running", PATIENCE).await?;
        go(page, 5).await?;
        let lines = "__floodgate.controlLog().trim().split('\\n').length - 1";
        click(page, "Flood").await?;
        page.wait_until(&format!("{lines} === 1"), PATIENCE).await?;
        click(page, "Undo").await?;
        page.wait_until(&format!("{lines} === 0"), PATIENCE).await?;
        click(page, "Redo").await?;
        page.wait_until(&format!("{lines} === 1"), PATIENCE).await?;
        go(page, 6).await?;
        click(page, "Undo").await?;
        page.wait_until(&format!("{lines} === 2"), PATIENCE).await?;
        // A node that is added runs at once, as a control.
        // A second click on the component puts it near the middle.
        let entry = page.by_role("button", "Add Load balancer").await?;
        entry.click().await?;
        entry.click().await?;
        page.wait_until("__floodgate.controlLog().includes('\"add\":\"load_balancer\"')", PATIENCE).await?;
        expect(page.eval("document.querySelector('[data-testid=pending]')").await?.is_null(), || {
            "it says that a reset is needed".to_owned()
        })?;
        let here = go(page, 8).await?;
        // The page shows the rates of that time at once, not those of a run that has just begun.
        page.wait_until("/[1-9]/.test(document.querySelector('[data-node=users] .figures b').textContent)", PATIENCE)
            .await?;
        click(page, "Save control log").await?;
        let log = page.download(".jsonl").await?.display().to_string();
        let there = report(&["scenarios/single_server.toml", "--controls", &log, "--until", "8s"])?;
        expect(here["digest"] == there["digest"], || format!("{here} and {}", there["digest"]))
    });
}

#[test]
fn two_runs_side_by_side_see_the_same_traffic() {
    with_page("side-by-side", Options::default(), async |page| {
        ready(page).await?;
        open(page, "single_server_avalanche.toml").await?;
        let chosen = "(() => { const s = document.querySelector('select[aria-label=\"Compare with\"]'); \
                      s.selectedIndex = [...s.options].findIndex(o => o.text.startsWith('Variant')); \
                      s.dispatchEvent(new Event('change', { bubbles: true })); })()";
        page.eval(chosen).await?;
        page.wait_until("JSON.parse(__floodgate.state()).rival !== null", PATIENCE).await?;
        run_to_end(page).await?;
        page.wait_until("(s => s.rival.now_ns === s.now_ns)(JSON.parse(__floodgate.state()))", RUN).await?;
        let end = state(page).await?;
        expect(end["rival"]["born"] == end["totals"]["born"], || format!("other traffic: {end}"))?;
        expect(end["rival"]["goodput"] != end["totals"]["goodput"], || format!("nothing differs: {end}"))?;
        let footer = page.eval("document.querySelector('[data-testid=comparison-footer]').textContent").await?;
        expect(footer.as_str().is_some_and(|t| t.contains("1 run")), || format!("{footer}"))?;
        page.screenshot("light").await?;
        page.set_theme(Theme::Dark).await?;
        go(page, 30).await?;
        page.screenshot("dark").await?;
        click(page, "End comparison").await?;
        page.wait_until("document.querySelector('[data-testid=rival]') === null", PATIENCE).await?;
        let errors = page.console_errors().await?;
        expect(errors.is_empty(), || errors.join("\n"))
    });
}

#[test]
fn a_worker_that_falls_over_or_vanishes_comes_back_to_where_it_was() {
    with_page("lost-worker", Options::default(), async |page| {
        ready(page).await?;
        click(page, "Pause").await?;
        page.wait_until("!JSON.parse(__floodgate.state()).running", PATIENCE).await?;
        go(page, 4).await?;
        click(page, "Flood").await?;
        let before = go(page, 9).await?;
        for silently in [false, true] {
            page.eval(&format!("__floodgate.crash({silently})")).await?;
            let told = "/was restarted/.test(document.querySelector('[data-testid=notice]')?.textContent)";
            page.wait_until(told, RUN).await?;
            page.wait_until("(s => s.now_ns === 9e9 && !s.seeking && s.digest)(JSON.parse(__floodgate.state()))", RUN)
                .await?;
            let after = state(page).await?;
            expect(after["digest"] == before["digest"] && after["events"] == before["events"], || {
                format!("{before} and, after the restart, {after}")
            })?;
            expect(after["driver"] == "worker", || format!("{after}"))?;
            page.eval("document.querySelector('[data-testid=notice] button').click()").await?;
        }
        page.screenshot("restarted").await?;
        // A fault of a whole group is one step.
        let grouped = "(() => { __floodgate.load(__floodgate.scenarioText().replace('kind = \"service\"', 'kind = \"service\"\\ngroup = \"zone_a\"')\
                       .replace('kind = \"database\"', 'kind = \"database\"\\ngroup = \"zone_a\"') + '\\n[[group]]\\nid = \"zone_a\"\\nkind = \"zone\"\\n'); })()";
        page.eval(grouped).await?;
        let select = "document.querySelector('select[aria-label=\"Break a group\"]')";
        page.wait_until(&format!("{select} !== null"), PATIENCE).await?;
        page.eval(&format!(
            "(s => {{ s.selectedIndex = [...s.options].findIndex(o => o.text.startsWith('kill')); \
             s.dispatchEvent(new Event('change', {{ bubbles: true }})); }})({select})"
        ))
        .await?;
        page.wait_until("(__floodgate.controlLog().match(/\"fault\":\"kill\"/g) ?? []).length === 2", PATIENCE).await?;
        Ok(())
    });
}
