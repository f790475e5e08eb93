//! What the page gives away of a run: pictures, a video, a table, and a test. Everything in them is of the run.

use crate::expect;
use crate::playground::{Result, click, ready, report, state};
use floodgate_tests::browser::{Options, PATIENCE, Page, Theme, with_page};
use std::time::Duration;

const RUN: Duration = Duration::from_secs(120);

async fn exported(page: &Page, button: &str, ending: &str) -> Result<Vec<u8>> {
    if page.eval("document.querySelector('dialog') === null").await? == true {
        click(page, "Share").await?;
    }
    click(page, button).await?;
    let file = page.download(ending).await?;
    let content = std::fs::read(&file).map_err(|e| e.to_string())?;
    // The next one of the same name is another.
    std::fs::remove_file(&file).map_err(|e| e.to_string())?;
    Ok(content)
}

async fn no_errors(page: &Page) -> Result<()> {
    let errors = page.console_errors().await?;
    expect(errors.is_empty(), || errors.join("\n"))
}

/// A run that has seen something, standing at a whole second.
async fn a_run(page: &Page) -> Result<()> {
    ready(page).await?;
    click(page, "Flash crowd").await?;
    page.wait_until("JSON.parse(__floodgate.state()).totals.failed > 3000", RUN).await?;
    click(page, "Pause").await?;
    page.wait_until("!JSON.parse(__floodgate.state()).running", PATIENCE).await?;
    let second = state(page).await?["now_ns"].as_u64().unwrap_or(0).div_ceil(1_000_000_000);
    page.eval(&format!("__floodgate.seek({second})")).await?;
    page.wait_until(&format!("(s => s.now_ns === {second}e9 && !s.seeking)(JSON.parse(__floodgate.state()))"), RUN)
        .await?;
    Ok(())
}

#[test]
fn pictures_show_what_is_on_the_stage() {
    with_page("pictures", Options::default(), async |page| {
        a_run(page).await?;
        for (theme, name) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
            page.set_theme(theme).await?;
            page.screenshot(&format!("still-page-{name}")).await?;
            let svg = exported(page, "SVG", ".svg").await?;
            let svg = String::from_utf8(svg).map_err(|e| e.to_string())?;
            let here = state(page).await?;
            let digest = here["digest"].as_str().unwrap_or("none");
            for part in
                ["<title>A single server, healthy", ">Web server</text>", ">Users</text>", ">Database</text>", digest]
            {
                expect(svg.contains(part), || format!("{part:?} is not in\n{svg}"))?;
            }
            for kept_out in ["<script", "<foreignObject", "Flash crowd", "onclick"] {
                expect(!svg.contains(kept_out), || format!("{kept_out:?} is in the picture"))?;
            }
            // It is whole, for a program that knows nothing of the page.
            let parsed = page
                .eval(&format!(
                    "(t => [t.querySelector('parsererror')?.textContent ?? '', t.querySelectorAll('text').length].join())\
                     (new DOMParser().parseFromString({}, 'image/svg+xml'))",
                    serde_json::json!(svg)
                ))
                .await?;
            expect(parsed.as_str().is_some_and(|p| p.starts_with(',') && p.len() > 2), || {
                format!("not XML: {parsed}")
            })?;
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screenshots");
            std::fs::write(path.join(format!("still-{name}.svg")), &svg).map_err(|e| e.to_string())?;
            let png = exported(page, "PNG", ".png").await?;
            expect(png.starts_with(b"\x89PNG\r\n"), || "not a PNG".to_owned())?;
            let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap_or_default());
            let stage = page.eval("document.querySelector('#stage').clientWidth").await?;
            expect(Some(u64::from(number(16))) == stage.as_u64().map(|w| w * 2), || {
                format!("{} of {stage}", number(16))
            })?;
            std::fs::write(path.join(format!("still-{name}.png")), &png).map_err(|e| e.to_string())?;
            click(page, "Close window").await?;
        }
        no_errors(page).await
    });
}

#[test]
fn a_video_is_of_the_run_and_where_there_is_none_that_is_said() {
    with_page("video", Options::default(), async |page| {
        ready(page).await?;
        click(page, "Share").await?;
        click(page, "Video (WebM)").await?;
        page.wait_until("/Recording 3 s/.test(document.querySelector('[data-testid=filming]')?.textContent)", PATIENCE)
            .await?;
        page.screenshot("filming").await?;
        click(page, "Stop and save").await?;
        let file = page.download(".webm").await?;
        let video = std::fs::read(&file).map_err(|e| e.to_string())?;
        expect(video.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]) && video.len() > 20_000, || {
            format!("{} bytes", video.len())
        })?;
        // The browser can show it, and its pictures differ: the run goes on in it.
        let data: String = video.iter().map(|b| format!("{b},")).collect();
        let shown = page
            .eval(&format!(
                "(async () => {{ const v = document.createElement('video'); v.muted = true; \
                 v.src = URL.createObjectURL(new Blob([new Uint8Array([{data}])], {{type: 'video/webm'}})); \
                 const seen = []; const c = new OffscreenCanvas(320, 200), x = c.getContext('2d', {{willReadFrequently: true}}); \
                 await v.play(); for (let i = 0; i < 3; i++) {{ await new Promise(r => setTimeout(r, 500)); x.drawImage(v, 0, 0, 320, 200); \
                 seen.push(x.getImageData(0, 0, 320, 200).data.reduce((h, b) => (h * 31 + b) | 0, 7)); }} \
                 return [v.videoWidth, new Set(seen).size].join(); }})()"
            ))
            .await?;
        let stage = page.eval("Math.ceil(document.querySelector('#stage').clientWidth / 2) * 2").await?;
        expect(shown == format!("{stage},3"), || format!("{shown}, the stage is {stage}"))?;
        page.eval("delete window.MediaRecorder").await?;
        click(page, "Share").await?;
        click(page, "Video (WebM)").await?;
        page.wait_until(
            "/makes no WebM videos/.test(document.querySelector('[data-testid=notice]')?.textContent)",
            PATIENCE,
        )
        .await?;
        page.screenshot("no-video").await?;
        no_errors(page).await
    });
}

#[test]
fn the_table_and_the_test_are_of_the_run_on_the_screen() {
    with_page("table", Options::default(), async |page| {
        a_run(page).await?;
        let here = state(page).await?;
        let second = here["now_ns"].as_u64().unwrap_or(0) / 1_000_000_000;
        let test = String::from_utf8(exported(page, "Rust test", ".rs").await?).map_err(|e| e.to_string())?;
        let digest = here["digest"].as_str().unwrap_or("none");
        for part in [digest, "Budget::until(Time(", "ControlLog::parse", &format!("{}000000000", second)] {
            expect(test.contains(part), || format!("{part:?} is not in\n{test}"))?;
        }
        // What the test does with it, done with what stands in it.
        let part = |name: &str| {
            let raw = test.split_once(&format!("const {name}: &str = r")).map_or("", |(_, rest)| rest);
            let (hashes, rest) = raw.split_once('"').unwrap_or_default();
            rest.split_once(&format!("\"{hashes};")).map_or("", |(text, _)| text).to_owned()
        };
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let (scenario, log) = (folder.path().join("x.toml"), folder.path().join("x.jsonl"));
        std::fs::write(&scenario, part("SCENARIO")).map_err(|e| e.to_string())?;
        std::fs::write(&log, part("CONTROLS")).map_err(|e| e.to_string())?;
        let until = format!("{second}s");
        let there =
            report(&[&scenario.display().to_string(), "--controls", &log.display().to_string(), "--until", &until])?;
        expect(there["digest"] == here["digest"], || format!("{here}\nand {}", there["digest"]))?;

        let table = String::from_utf8(exported(page, "Series (CSV)", ".csv").await?).map_err(|e| e.to_string())?;
        let mut rows = table.lines();
        expect(rows.next().is_some_and(|head| head.starts_with("end_s,born_per_s,")), || table.clone())?;
        let rows: Vec<Vec<f64>> =
            rows.map(|row| row.split(',').map(|v| v.parse().unwrap_or(f64::NAN)).collect()).collect();
        let last = rows.last().map_or(0.0, |row| row[0]);
        expect(last == second as f64, || format!("it ends at {last}, and the run stands at {second}"))?;
        // All that were born are in it.
        let mut before = 0.0;
        let mut born = 0.0;
        for row in &rows {
            born += row[1] * (row[0] - before);
            before = row[0];
        }
        let known = here["totals"]["born"].as_f64().unwrap_or(0.0);
        expect((born - known).abs() < 1.0, || format!("{born} of {known}"))?;
        no_errors(page).await
    });
}
