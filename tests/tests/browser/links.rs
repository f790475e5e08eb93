//! Links break while the system runs, and are whole again.

use crate::expect;
use crate::playground::{Result, click, ready, report, state};
use floodgate_tests::browser::{Options, PATIENCE, Theme, with_page};
use std::time::Duration;

const RUN: Duration = Duration::from_secs(120);

#[test]
fn a_link_is_cut_slowed_and_mended_and_the_command_line_gives_the_same_run() {
    with_page("links", Options::default(), async |page| -> Result<()> {
        ready(page).await?;
        page.eval(
            "(p => { const at = p.getPointAtLength(p.getTotalLength() / 2), m = p.getScreenCTM(); \
             const [x, y] = [at.x * m.a + m.e, at.y * m.d + m.f]; const o = { bubbles: true, clientX: x, clientY: y, pointerId: 1, button: 0 }; \
             p.dispatchEvent(new PointerEvent('pointerdown', o)); p.dispatchEvent(new PointerEvent('pointerup', o)); })\
             (document.querySelector('[data-edge=\"users>web\"] .hit'))",
        )
        .await?;
        page.wait_until("document.querySelector('.link-faults') !== null", PATIENCE).await?;
        click(page, "Refuse").await?;
        page.wait_until("JSON.parse(__floodgate.state()).totals.failed > 200", RUN).await?;
        page.screenshot("link-cut-light").await?;
        page.set_theme(Theme::Dark).await?;
        page.screenshot("link-cut-dark").await?;
        let barriers = page.barriers().await?;
        expect(barriers.is_empty(), || barriers.join("\n"))?;
        // Taken back, it is whole again, and the load is served.
        click(page, "Undo").await?;
        page.wait_until("__floodgate.controlLog().trim().split('\\n').length === 3", PATIENCE).await?;
        let good = state(page).await?["totals"]["goodput"].clone();
        page.wait_until(&format!("JSON.parse(__floodgate.state()).totals.goodput > {good} + 400"), RUN).await?;
        for fault in ["Slow down", "Lose messages", "Cut"] {
            click(page, fault).await?;
        }
        click(page, "Run to end").await?;
        page.wait_until("(s => s.now_ns === s.until_ns && !s.running)(JSON.parse(__floodgate.state()))", RUN).await?;
        let log = page.eval("__floodgate.controlLog()").await?;
        let log = log.as_str().unwrap_or_default();
        for part in ["\"cut\":\"refuse\"", "\"latency\":\"200ms\"", "\"loss\":0.1", "\"cut\":\"drop\""] {
            expect(log.contains(part), || format!("{part} is not in\n{log}"))?;
        }
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let file = folder.path().join("links.jsonl");
        std::fs::write(&file, log).map_err(|e| e.to_string())?;
        let there = report(&["scenarios/single_server.toml", "--controls", &file.display().to_string()])?;
        let here = state(page).await?;
        expect(here["digest"] == there["digest"], || format!("{here}\nand {}", there["digest"]))?;
        let errors = page.console_errors().await?;
        expect(errors.is_empty(), || errors.join("\n"))
    });
}
