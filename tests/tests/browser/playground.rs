//! The playground as a person meets it: a healthy system, one button, an outage that stays; editing and undoing; files good
//! and bad; and everywhere the command line's digest.

use crate::{expect, is};
use floodgate_tests::browser::{BrowserError, Key, Options, PATIENCE, Page, Theme, with_page};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

pub(crate) type Result<T> = std::result::Result<T, BrowserError>;

/// Long enough for a minute of virtual time as fast as a loaded machine can.
const RUN: Duration = Duration::from_secs(120);

pub(crate) async fn state(page: &Page) -> Result<Value> {
    let text = page.eval("window.__floodgate.state()").await?;
    serde_json::from_str(text.as_str().unwrap_or_default()).map_err(|e| format!("state: {e}").into())
}

/// Waits until the page runs a scenario.
pub(crate) async fn ready(page: &Page) -> Result<()> {
    page.wait_until("window.__floodgate && JSON.parse(__floodgate.state()).now_ns > 0", PATIENCE).await?;
    Ok(())
}

async fn wait_for_second(page: &Page, second: u64) -> Result<Value> {
    page.wait_until(&format!("JSON.parse(__floodgate.state()).now_ns >= {second}e9"), RUN).await?;
    state(page).await
}

fn total(state: &Value, name: &str) -> f64 {
    state["totals"][name].as_f64().unwrap_or(f64::NAN)
}

/// Goodput ÷ born between two states.
fn goodput_ratio(from: &Value, to: &Value) -> f64 {
    (total(to, "goodput") - total(from, "goodput")) / (total(to, "born") - total(from, "born"))
}

async fn choose_speed(page: &Page, speed: &str) -> Result<()> {
    page.eval(&format!(
        "(() => {{ const s = document.querySelector('select[aria-label=Speed]'); s.value = '{speed}'; \
         if (s.value !== '{speed}') throw 'no such speed'; s.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()"
    ))
    .await?;
    Ok(())
}

pub(super) async fn text(page: &Page) -> Result<String> {
    Ok(page.eval("__floodgate.scenarioText()").await?.as_str().unwrap_or_default().to_owned())
}

pub(crate) async fn click(page: &Page, name: &str) -> Result<()> {
    page.by_role("button", name).await?.click().await?;
    Ok(())
}

/// The command line, built by the same cargo.
pub(super) fn floodgate(arguments: &[&str]) -> Result<Output> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut command = Command::new(env!("CARGO"));
    command.args(["run", "--quiet", "--package", "floodgate-cli", "--"]).args(arguments).current_dir(workspace);
    command.output().map_err(|e| format!("the command line does not start: {e}").into())
}

pub(crate) fn report(arguments: &[&str]) -> Result<Value> {
    let output = floodgate(&[&["run", "--format", "json"], arguments].concat())?;
    serde_json::from_slice(&output.stdout)
        .map_err(|e| format!("{arguments:?}: {e}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

/// Runs what is on the page to its end and compares with the command line.
async fn ends_as_on_the_command_line(page: &Page, file: &str) -> Result<()> {
    click(page, "Run to end").await?;
    page.wait_until("(s => s.now_ns === s.until_ns && !s.running)(JSON.parse(__floodgate.state()))", RUN).await?;
    let (here, there) = (state(page).await?, report(&[&format!("scenarios/{file}")])?);
    let shown = page.eval("document.querySelector('[data-testid=digest]').textContent").await?;
    expect(shown == there["digest"], || {
        format!("{file}: the page says {shown}, the command line {}", there["digest"])
    })?;
    expect(here["events"] == there["events"], || format!("{file}: {} and {} events", here["events"], there["events"]))?;
    for name in ["born", "answered", "goodput", "failed", "in_flight"] {
        let (here, there) = (&here["totals"][name], &there["totals"][name]);
        expect(here == there, || format!("{file}: {name} is {here} on the page and {there} on the command line"))?;
    }
    Ok(())
}

#[test]
fn a_flash_crowd_kills_the_healthy_system_and_its_log_replays_on_the_command_line() {
    with_page("flash-crowd", Options::default(), async |page| {
        ready(page).await?;
        let first = state(page).await?;
        expect(first["running"] == true && first["driver"] == "worker", || format!("it opens running: {first}"))?;
        expect(page.eval("document.title").await? == "Floodgate", || "the title".to_owned())?;
        let healthy = wait_for_second(page, 2).await?;
        expect(total(&healthy, "failed") == 0.0 && total(&healthy, "goodput") > 600.0, || {
            format!("healthy: {healthy}")
        })?;
        page.screenshot("healthy").await?;

        let length = page.by_label("Crowd length").await?;
        length.click().await?;
        page.press(&[Key::Control], 'a').await?;
        length.send_keys("5s").await?;
        // It is drawn anew while one thinks; what was typed stays.
        wait_for_second(page, 3).await?;
        click(page, "Flash crowd").await?;
        let pressed = state(page).await?["now_ns"].as_f64().unwrap_or(0.0) / 1e9;
        page.wait_until("JSON.parse(__floodgate.state()).totals.failed > 5000", RUN).await?;
        page.screenshot("flash-crowd").await?;
        choose_speed(page, "10×").await?;
        // The crowd has gone five seconds after it came; from three seconds later on, it stays down.
        let crowd_over = pressed as u64 + 6;
        let during = wait_for_second(page, crowd_over).await?;
        let after = wait_for_second(page, crowd_over + 3).await?;
        let later = wait_for_second(page, crowd_over + 23).await?;
        let born = (total(&later, "born") - total(&after, "born")) / 20.0;
        expect(born < 600.0 && total(&during, "born") > 50_000.0, || format!("the crowd has gone: {born} per second"))?;
        let ratio = goodput_ratio(&after, &later);
        expect(ratio < 0.2, || format!("{ratio} is answered in time although it should stay down"))?;
        page.screenshot("stays-down").await?;

        click(page, "Pause").await?;
        page.wait_until("!JSON.parse(__floodgate.state()).running", PATIENCE).await?;
        let paused = state(page).await?;
        click(page, "Save control log").await?;
        let log = page.download(".jsonl").await?;
        let second = paused["digest_second"].as_f64().unwrap_or(0.0);
        let (log, until) = (log.display().to_string(), format!("{second}s"));
        let replay = report(&["scenarios/single_server.toml", "--controls", &log, "--until", &until])?;
        expect(replay["digest"] == paused["digest"], || {
            format!("at {until}: {} on the page, {} on the command line", paused["digest"], replay["digest"])
        })?;
        let errors = page.console_errors().await?;
        expect(errors.is_empty(), || errors.join("\n"))
    });
}

#[test]
fn editing_by_mouse_and_undoing_gives_the_file_back_byte_for_byte() {
    with_page("editing", Options { theme: Theme::Dark, ..Options::default() }, async |page| {
        ready(page).await?;
        let original = text(page).await?;
        is(page, "__floodgate.scenarioText()", include_str!("../../../scenarios/single_server.toml")).await?;

        let (entry, stage) =
            (page.by_role("button", "Add Load balancer").await?, page.by_role("main", "Canvas").await?);
        page.drag_onto(&entry, &stage, (0.0, -100.0)).await?;
        page.wait_until("document.querySelector('[data-node=load_balancer]') !== null", PATIENCE).await?;
        let added = text(page).await?;
        expect(added.contains("kind = \"load_balancer\""), || added.clone())?;
        page.screenshot("added").await?;

        let port = page.by_role("button", "Connect from Load balancer, port backends").await?;
        let web = page.by_role("button", "Web server, Service").await?;
        page.drag(&port, &web).await?;
        page.wait_until("document.querySelector('[data-edge=\"load_balancer>web\"]') !== null", PATIENCE).await?;
        page.screenshot("connected").await?;

        // A wrong connection is refused with the reason, and changes nothing.
        let connected = text(page).await?;
        let users = page.by_role("button", "Users, Clients").await?;
        page.drag(&page.by_role("button", "Connect from Load balancer, port backends").await?, &users).await?;
        page.wait_until("/takes no calls/.test(document.querySelector('[data-testid=notice]')?.textContent)", PATIENCE)
            .await?;
        expect(text(page).await? == connected, || "a refused connection changed the file".to_owned())?;

        click(page, "Undo").await?;
        page.wait_until("document.querySelector('[data-edge=\"load_balancer>web\"]') === null", PATIENCE).await?;
        expect(text(page).await? == added, || "undoing the link".to_owned())?;
        click(page, "Undo").await?;
        page.wait_until("document.querySelector('[data-node=load_balancer]') === null", PATIENCE).await?;
        expect(text(page).await? == original, || "undoing the node".to_owned())?;

        click(page, "Reset").await?;
        ends_as_on_the_command_line(page, "single_server.toml").await?;
        let errors = page.console_errors().await?;
        expect(errors.is_empty(), || errors.join("\n"))
    });
}

#[test]
fn every_file_of_the_gallery_ends_as_on_the_command_line() {
    with_page("gallery", Options::default(), async |page| {
        ready(page).await?;
        let files = page.eval("[...document.querySelectorAll('[data-scenario]')].map(e => e.dataset.scenario)").await?;
        let files: Vec<&str> = files.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        expect(files.len() >= 3, || format!("{files:?}"))?;
        for file in files {
            let before = state(page).await?["run"].clone();
            page.eval(&format!("document.querySelector('[data-scenario=\"{file}\"]').click()")).await?;
            page.wait_until(&format!("JSON.parse(__floodgate.state()).run !== {before}"), PATIENCE).await?;
            ends_as_on_the_command_line(page, file).await?;
            page.screenshot(file.trim_end_matches(".toml")).await?;
        }
        let errors = page.console_errors().await?;
        expect(errors.is_empty(), || errors.join("\n"))
    });
}

#[test]
fn a_bad_file_is_told_as_on_the_command_line_and_what_runs_runs_on() {
    with_page("bad-file", Options::default(), async |page| {
        ready(page).await?;
        let (before, run) = (text(page).await?, state(page).await?["run"].clone());
        let bad = "format = 1\nname = \"bad\"\n[[node]]\nid = \"web\"\nkind = \"servce\"\n\n[[node]]\nid = \"u\"\nkind = \"clients\"\n\
                   rate = 12\ntimeout = \"-3s\"\n[[link]]\nfrom = \"u\"\nto = \"nobody\"\n[[link]]\nfrom = \"u\"\nto = \"u\"\n";
        let stage = page.by_role("main", "Canvas").await?;
        page.drop_file(&stage, "bad.toml", bad).await?;
        page.wait_until("document.querySelector('[data-testid=problems] pre') !== null", PATIENCE).await?;
        let told = page.eval("document.querySelector('[data-testid=problems] pre').textContent").await?;
        let told = told.as_str().unwrap_or_default();
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let file = folder.path().join("bad.toml");
        std::fs::write(&file, bad).map_err(|e| e.to_string())?;
        let output = floodgate(&["lint", &file.display().to_string()])?;
        expect(output.status.code() == Some(2), || format!("exit code {:?}", output.status.code()))?;
        let said = String::from_utf8_lossy(&output.stderr).replace(&file.display().to_string(), "bad.toml");
        expect(told.trim() == said.trim(), || format!("the page says\n{told}\nand the command line\n{said}"))?;
        expect(said.lines().filter(|l| l.contains("error:")).count() >= 5, || said.clone())?;
        page.screenshot("bad-file").await?;
        expect(text(page).await? == before, || "the canvas lost its scenario".to_owned())?;
        let now = state(page).await?;
        expect(now["run"] == run && now["running"] == true, || format!("it does not run on: {now}"))?;
        let noise: String =
            (0..200_000u32).map(|i| char::from(33 + (i.wrapping_mul(2_654_435_761) >> 25) as u8 % 90)).collect();
        page.drop_file(&stage, "noise.toml", &noise).await?;
        page.wait_until("/noise.toml/.test(document.querySelector('[data-testid=problems]').textContent)", PATIENCE)
            .await?;
        expect(text(page).await? == before, || "noise changed the canvas".to_owned())
    });
}

#[test]
fn a_scenario_that_never_ends_halts_with_the_limit_named_and_the_page_answers() {
    with_page("loop", Options::default(), async |page| {
        ready(page).await?;
        let stage = page.by_role("main", "Canvas").await?;
        page.drop_file(&stage, "loop.toml", include_str!("../../fixtures/loop_without_latency.toml")).await?;
        page.wait_until("/events_per_instant/.test(document.querySelector('[data-testid=halted]')?.textContent)", RUN)
            .await?;
        page.screenshot("halted").await?;
        // It still answers: another scenario runs.
        page.eval("document.querySelector('[data-scenario=\"single_server.toml\"]').click()").await?;
        page.wait_until("(s => s.running && !s.halted && s.now_ns > 5e8)(JSON.parse(__floodgate.state()))", PATIENCE)
            .await?;
        Ok(())
    });
}
