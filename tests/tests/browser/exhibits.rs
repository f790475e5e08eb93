//! Every scenario looked at: it runs to its end, and what stands on the stage says something and hides nothing.

use crate::expect;
use crate::playground::{Result, click, ready, state};
use floodgate_tests::browser::{Key, Options, PATIENCE, Page, Theme, with_page};
use std::time::Duration;

const RUN: Duration = Duration::from_secs(120);

/// What is wrong with the stage as it is: words that are cut, cards that show nothing, things on top of each other.
const FLAWS: &str = r#"(() => {
  const flaws = [], box = (e) => e.getBoundingClientRect();
  const over = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  const cards = [...document.querySelectorAll('.node')];
  cards.forEach((card, i) => {
    const name = card.dataset.wrap, body = card.querySelector('.body');
    if (!/\d/.test(body.textContent)) flaws.push(name + ' shows no number');
    for (const part of body.children) {
      // The frame takes three pixels of the card's own size from what is in it, all of them empty.
      const frame = 4 * box(card).width / card.offsetWidth;
      if (box(part).bottom > box(card.querySelector('.foot')).top + frame + 1) flaws.push(name + ' is fuller than its card');
    }
    for (const other of cards.slice(i + 1)) {
      if (over(box(card), box(other))) flaws.push(name + ' lies on ' + other.dataset.wrap);
    }
    const title = card.querySelector('.names b');
    if (title.scrollHeight > title.clientHeight + 2) flaws.push('the name of ' + name + ' is cut: ' + title.textContent);
  });
  const name = document.querySelector('.scenario-name');
  if (!name || name.scrollHeight > name.clientHeight + 2) flaws.push('the name of the scenario is cut');
  return flaws;
})()"#;

async fn open(page: &Page, file: &str) -> Result<()> {
    let run = state(page).await?["run"].clone();
    click(page, "Gallery").await?;
    page.eval(&format!("document.querySelector('[data-exhibit=\"{file}\"]').click()")).await?;
    let opened = format!("(s => s.run !== {run} && s.now_ns > 0)(JSON.parse(__floodgate.state()))");
    page.wait_until(&opened, PATIENCE).await?;
    Ok(())
}

async fn seek(page: &Page, ns: f64) -> Result<()> {
    page.eval(&format!("__floodgate.seek({})", ns / 1e9)).await?;
    let there = format!("(s => Math.abs(s.now_ns - {ns}) < 1e8 && !s.seeking)(JSON.parse(__floodgate.state()))");
    page.wait_until(&there, RUN).await?;
    Ok(())
}

#[test]
fn every_scenario_is_looked_at_from_its_middle_and_its_end() {
    with_page("exhibits", Options { viewport: (1440, 900), ..Options::default() }, async |page| {
        ready(page).await?;
        let folder =
            std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios")).map_err(|e| e.to_string())?;
        let mut files: Vec<String> = folder.flatten().filter_map(|e| e.file_name().into_string().ok()).collect();
        files.retain(|file| file.ends_with(".toml"));
        files.sort();
        let mut flaws = Vec::new();
        for file in &files {
            open(page, file).await?;
            click(page, "Run to end").await?;
            page.wait_until("(s => s.now_ns === s.until_ns && !s.running)(JSON.parse(__floodgate.state()))", RUN)
                .await?;
            let end = state(page).await?["until_ns"].as_f64().unwrap_or_default();
            let name = file.trim_end_matches(".toml");
            for (share, theme, what) in [(1.0, Theme::Light, "end"), (0.55, Theme::Dark, "middle")] {
                page.set_theme(theme).await?;
                if share < 1.0 {
                    seek(page, (end * share / 1e6).round() * 1e6).await?;
                }
                tokio::time::sleep(Duration::from_millis(400)).await;
                page.screenshot(&format!("exhibit-{name}-{what}")).await?;
                let found = page.eval(FLAWS).await?;
                let found = found.as_array().into_iter().flatten().filter_map(|f| f.as_str());
                flaws.extend(found.map(|flaw| format!("{file}, {what}: {flaw}")));
            }
            flaws.extend(page.console_errors().await?.into_iter().map(|error| format!("{file}: {error}")));
        }
        expect(flaws.is_empty() && files.len() > 10, || flaws.join("\n"))
    });
}

#[test]
fn lists_and_distributions_are_edited_field_by_field_and_what_is_wrong_is_said_beside() {
    with_page("lists", Options { viewport: (1440, 900), ..Options::default() }, async |page| {
        ready(page).await?;
        open(page, "replay_of_a_real_access_log.toml").await?;
        page.eval("document.querySelector('[data-node=visitors]').focus()").await?;
        page.press(&[], Key::Enter).await?;
        page.wait_until("document.querySelector('.rows [aria-label=\"Add one\"]') !== null", PATIENCE).await?;
        let count = "document.querySelectorAll('[id$=\":classes\"] > .row-of').length";
        let before = page.eval(count).await?.as_u64().unwrap_or_default();
        page.eval("document.querySelector('[id$=\":classes\"] > [aria-label=\"Add one\"]').click()").await?;
        page.wait_until(&format!("{count} === {}", before + 1), PATIENCE).await?;
        let set = |field: &str, value: &str| {
            format!(
                "(() => {{ const f = document.querySelector('[id$=\"{field}\"]'); f.value = '{value}'; \
                 f.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()"
            )
        };
        page.eval(&set(&format!(":classes:{before}:name"), "/new")).await?;
        page.wait_until("__floodgate.scenarioText().includes('\"/new\"')", PATIENCE).await?;
        page.eval(&set(&format!(":classes:{before}:weight"), "much")).await?;
        page.wait_until("/weight/.test(document.querySelector('.field.wrong .problem').textContent)", PATIENCE).await?;
        page.screenshot("lists-wrong").await?;
        page.eval(&set(&format!(":classes:{before}:weight"), "2")).await?;
        page.wait_until("document.querySelector('.field.wrong') === null", PATIENCE).await?;
        page.eval("document.querySelector('[id$=\":think_time:form\"]').selectedIndex = 9").await?;
        let chosen = "document.querySelector('[id$=\":think_time:form\"]').dispatchEvent(new Event('change', { bubbles: true }))";
        page.eval(chosen).await?;
        page.wait_until("__floodgate.scenarioText().includes('mixture')", PATIENCE).await?;
        page.wait_until("document.querySelectorAll('[id$=\":think_time\"] > .row-of').length === 2", PATIENCE).await?;
        page.eval("document.querySelector('.rows').scrollIntoView()").await?;
        page.screenshot("lists-light").await?;
        page.set_theme(Theme::Dark).await?;
        page.screenshot("lists-dark").await?;
        let barriers = page.barriers().await?;
        expect(barriers.is_empty(), || barriers.join("\n"))?;
        let errors = page.console_errors().await?;
        expect(errors.is_empty(), || errors.join("\n"))
    });
}

#[test]
fn recorded_traffic_is_dropped_played_kept_and_shared() {
    with_page("data-files", Options::default(), async |page| {
        ready(page).await?;
        open(page, "single_server.toml").await?;
        let stage = page.client().find(fantoccini::Locator::Css("#stage")).await?;
        let lines: String = (0..400).map(|i| format!("{:.2}\n", f64::from(i) * 0.02)).collect();
        page.drop_file(&stage, "huge.csv", &"1,2\n".repeat(1 << 20)).await?;
        page.wait_until("document.body.textContent.includes('more than the limit')", PATIENCE).await?;
        page.screenshot("data-file-too-large").await?;
        page.drop_file(&stage, "mine.csv", &format!("time\n{lines}")).await?;
        page.wait_until("__floodgate.scenarioText().includes('mine.csv')", PATIENCE).await?;
        page.screenshot("data-file-dropped").await?;
        click(page, "Reset").await?;
        click(page, "Run to end").await?;
        let ended = "(s => s.now_ns === s.until_ns && !s.running)(JSON.parse(__floodgate.state()))";
        page.wait_until(ended, RUN).await?;
        let first = state(page).await?;
        expect(first["totals"]["born"] == 400, || format!("{}", first["totals"]))?;
        // It is still there after a reload, and in another browser by the link.
        click(page, "Share").await?;
        let link = page.eval("document.querySelector('[data-testid=share-link]').value").await?;
        let link = link.as_str().unwrap_or_default().to_owned();
        page.screenshot("data-file-shared").await?;
        page.press(&[], Key::Escape).await?;
        page.wait_until("Object.keys(localStorage).some(k => k.startsWith('floodgate.work.'))", PATIENCE).await?;
        page.goto("").await?;
        page.wait_until(
            "__floodgate.scenarioText().includes('mine.csv') && JSON.parse(__floodgate.state()).totals.born === 400",
            RUN,
        )
        .await?;
        let fragment = link.split_once('#').map(|(_, run)| run.to_owned()).unwrap_or_default();
        page.eval("(localStorage.clear(), sessionStorage.clear())").await?;
        page.goto("?other").await?;
        ready(page).await?;
        page.eval(&format!("(location.hash = '{fragment}')")).await?;
        page.wait_until("JSON.parse(__floodgate.state()).totals.born === 400", RUN).await?;
        expect(state(page).await?["digest"] == first["digest"], || "another run".to_owned())?;
        let errors = page.console_errors().await?;
        expect(errors.is_empty(), || errors.join("\n"))
    });
}
