//! Nothing that was done is lost, and nothing that comes from elsewhere is more than text.

use crate::expect;
use crate::playground::{Result, click, ready, state, text};
use floodgate_tests::browser::{Options, PATIENCE, Page, Theme, with_page};
use std::time::Duration;

const KEPT: &str = "Object.keys(localStorage).filter((k) => k.startsWith('floodgate.work.')).length";

async fn no_errors(page: &Page) -> Result<()> {
    let errors = page.console_errors().await?;
    expect(errors.is_empty(), || errors.join("\n"))
}

async fn add(page: &Page, kind: &str) -> Result<()> {
    page.eval(&format!("document.querySelector('[data-kind={kind}]').click()")).await?;
    page.wait_until(&format!("document.querySelector('[data-node={kind}]') !== null"), PATIENCE).await?;
    Ok(())
}

#[test]
fn a_tab_that_is_closed_right_after_a_change_has_kept_it() {
    with_page("closing", Options::default(), async |page| {
        ready(page).await?;
        let first = page.client().window().await?;
        let second = page.client().new_window(true).await?.handle;
        page.client().switch_to_window(first).await?;
        // Nothing waits here for the page to look whether there is something to keep.
        page.eval("document.querySelector('[data-kind=load_balancer]').click()").await?;
        page.client().close_window().await?;
        page.client().switch_to_window(second).await?;
        page.goto("").await?;
        page.wait_until("document.querySelector('[data-node=load_balancer]') !== null", PATIENCE).await?;
        page.wait_until("/^Restored /.test(document.querySelector('[data-testid=restored]')?.textContent)", PATIENCE)
            .await?;
        no_errors(page).await
    });
}

#[test]
fn your_work_is_a_list_that_opens_and_forgets() {
    with_page("works", Options::default(), async |page| {
        ready(page).await?;
        let list = "document.querySelectorAll('.works .work').length";
        page.eval("document.querySelector('.works summary').click()").await?;
        page.wait_until("/Nothing is kept yet/.test(document.querySelector('.works').textContent)", PATIENCE).await?;
        // Three pieces of work, one of which is called what no list should obey.
        add(page, "database").await?;
        page.wait_until(&format!("{KEPT} === 1"), PATIENCE).await?;
        let first = text(page).await?;
        page.eval("document.querySelector('[data-scenario=\"three_tiers.toml\"]').click()").await?;
        page.wait_until("document.querySelector('[data-node=app]') !== null", PATIENCE).await?;
        add(page, "station").await?;
        page.wait_until(&format!("{KEPT} === 2"), PATIENCE).await?;
        page.eval(
            "__floodgate.load('format = 1\\nname = \"<img src=x onerror=alert(1)>\"\\n[[node]]\\nid = \"u\"\\nkind = \"clients\"\\n\
             [[node]]\\nid = \"w\"\\nkind = \"service\"\\n[[link]]\\nfrom = \"u\"\\nto = \"w\"\\n')",
        )
        .await?;
        page.wait_until(&format!("{KEPT} === 3"), PATIENCE).await?;
        // The list is read when it is opened.
        page.eval("document.querySelector('.works summary').click()").await?;
        page.eval("document.querySelector('.works summary').click()").await?;
        page.wait_until(&format!("{list} === 3"), PATIENCE).await?;
        expect(page.eval("document.querySelectorAll('img').length").await? == 0, || {
            "a name became an image".to_owned()
        })?;
        page.eval("document.querySelector('.works').scrollIntoView({ block: 'end' })").await?;
        page.screenshot("works-light").await?;
        page.set_theme(Theme::Dark).await?;
        page.screenshot("works-dark").await?;
        let barriers = page.barriers().await?;
        expect(barriers.is_empty(), || barriers.join("\n"))?;
        // The oldest is at the bottom; it opens as it was, and goes on.
        page.eval("[...document.querySelectorAll('.works .work .exhibit')].at(-1).click()").await?;
        page.wait_until("document.querySelector('[data-node=database]') !== null", PATIENCE).await?;
        expect(text(page).await? == first, || "it is another".to_owned())?;
        page.eval(
            "[...document.querySelectorAll('.works .forget')].find((b) => b.ariaLabel.includes('Three')).click()",
        )
        .await?;
        page.wait_until(&format!("{list} === 2 && {KEPT} === 2"), PATIENCE).await?;
        no_errors(page).await
    });
}

/// Everything that a scenario can name, named by somebody who means harm.
fn hostile() -> String {
    let evil = r#"\"><img src=x onerror=\"window.hurt=1\"><script>window.hurt=1</script><svg onload=window.hurt=1>"#;
    format!(
        "format = 1\nname = \"{evil}\"\ndescription = \"{evil}\"\nphenomenon = \"<b>x</b>\"\nnote = [\"{evil}\"]\n\
         [[group]]\nid = \"g\"\nkind = \"zone\"\ntitle = \"{evil}\"\n\
         [[node]]\nid = \"u\"\nkind = \"clients\"\ntitle = \"{evil}\"\n\
         [[node]]\nid = \"w\"\nkind = \"service\"\ngroup = \"g\"\ntitle = \"{evil}\"\n\
         [[link]]\nfrom = \"u\"\nto = \"w\"\n\
         [[phase]]\nnode = \"u\"\nat = \"1s\"\nfor = \"1s\"\ntitle = \"{evil}\"\nrate = \"200/s\"\n\
         [[lesson]]\ntitle = \"{evil}\"\ntext = \"{evil}\"\nhighlight = [\"w\"]\n\
         [[expect]]\nmetric = \"goodput_ratio\"\nmin = 0.5\nbecause = \"{evil}\"\n"
    )
}

const HARM: &str =
    "window.hurt !== undefined || document.querySelector('img, [onerror], [onload], .app script') !== null";

#[test]
fn whatever_a_scenario_is_called_it_is_text() {
    with_page("hostile", Options::default(), async |page| {
        ready(page).await?;
        let stage = page.by_role("main", "Canvas").await?;
        page.drop_file(&stage, "<img src=x onerror=hurt=1>.toml", &hostile()).await?;
        page.wait_until("document.querySelector('[data-node=w]') !== null", PATIENCE).await?;
        page.wait_until("JSON.parse(__floodgate.state()).now_ns > 2.2e9", PATIENCE).await?;
        page.screenshot("hostile").await?;
        for step in ["Share", "Close window", "Gallery", "Close window", "Run to end"] {
            click(page, step).await?;
            expect(page.eval(HARM).await? == false, || format!("markup after {step}"))?;
        }
        for node in ["u", "w"] {
            page.eval(&format!("document.querySelector('[data-node={node}]').click()")).await?;
            expect(page.eval(HARM).await? == false, || format!("markup in the inspector of {node}"))?;
        }
        // A picture of it is a picture.
        click(page, "Share").await?;
        click(page, "SVG").await?;
        let file = page.download(".svg").await?;
        let svg = std::fs::read_to_string(&file).map_err(|e| e.to_string())?;
        let inside = page
            .eval(&format!(
                "(d => d.querySelector('parsererror, script, img, [onload], [onerror], foreignObject') === null)\
                 (new DOMParser().parseFromString({}, 'image/svg+xml'))",
                serde_json::json!(svg)
            ))
            .await?;
        expect(inside == true && svg.contains("&lt;img"), || "markup in the picture".to_owned())?;
        click(page, "Close window").await?;
        // Its link brings the same, as text.
        let link = "(() => { document.querySelector('.share').click(); })()";
        page.eval(link).await?;
        let found = page.eval("document.querySelector('[data-testid=share-link]').value").await?;
        click(page, "Close window").await?;
        let fragment = found.as_str().and_then(|l| l.split_once('#')).map_or("", |(_, run)| run).to_owned();
        page.eval("document.querySelector('[data-scenario=\"single_server.toml\"]').click()").await?;
        page.wait_until("document.querySelector('[data-node=db]') !== null", PATIENCE).await?;
        page.eval(&format!("location.hash = {fragment:?}")).await?;
        page.wait_until("document.querySelector('[data-node=w]') !== null", PATIENCE).await?;
        expect(page.eval(HARM).await? == false, || "markup from a link".to_owned())?;
        no_errors(page).await
    });
}

#[test]
fn what_is_too_large_is_refused_in_words_and_the_page_answers() {
    with_page("large", Options::default(), async |page| {
        ready(page).await?;
        let run = state(page).await?["run"].clone();
        let stage = page.by_role("main", "Canvas").await?;
        let node = |i: usize| format!("[[node]]\nid = \"n{i}\"\nkind = \"service\"\n");
        let header = "format = 1\nname = \"Large\"\n[[node]]\nid = \"u\"\nkind = \"clients\"\n[[link]]\nfrom = \"u\"\nto = \"n0\"\n";
        let many: String = header.to_owned() + &(0..600).map(node).collect::<String>();
        let long = format!("format = 1\nname = \"{}\"\n{}", "x".repeat(5000), node(0));
        let deep = format!("format = 1\nname = \"x\"\nnote = {}1{}\n", "[".repeat(20_000), "]".repeat(20_000));
        for (name, content, words) in [
            ("many.toml", many.as_str(), "more than the 500 that the page can draw"),
            ("long.toml", long.as_str(), "200"),
            ("deep.toml", deep.as_str(), "error"),
        ] {
            page.drop_file(&stage, name, content).await?;
            page.wait_until(
                &format!("document.querySelector('[data-testid=problems]')?.textContent.includes('{words}')"),
                Duration::from_secs(60),
            )
            .await?;
            page.screenshot(&format!("large-{}", name.trim_end_matches(".toml"))).await?;
            click(page, "Close problems").await?;
            expect(state(page).await?["run"] == run, || format!("{name} ended the run"))?;
        }
        no_errors(page).await
    });
}
