//! The helpers that drive the browser, on a page made for the purpose.

use crate::{expect, is};
use floodgate_tests::browser::{Key, Options, PATIENCE, Theme, with_page};

/// A page made for the purpose: what the helpers say about it is known, so a failure elsewhere is the playground's.
const GESTURES: &str = r#"data:text/html,<!doctype html><title>gestures</title>
<button onclick="said='go'">Go</button><button onclick="said='go on'">Go on</button><button hidden>Go away</button>
<label>Rate <input id="rate"></label>
<svg width="90" height="40"><g role="button" tabindex="0" aria-label="Web server" onclick="said='web'"><rect width="80" height="30"/></g></svg>
<div id="box" role="img" aria-label="Box" style="z-index:1;position:absolute;left:100px;top:200px;width:40px;height:40px;background:teal"></div>
<div id="goal" role="group" aria-label="Goal" style="position:absolute;left:500px;top:400px;width:80px;height:80px;background:silver"></div>
<script>
  var said = '', moves = 0, keys = [], dropped = '';
  const box = document.getElementById('box'), goal = document.getElementById('goal');
  box.onpointerdown = (e) => box.setPointerCapture(e.pointerId);
  box.onpointermove = (e) => { if (e.buttons) { moves++; box.style.left = e.clientX - 20 + 'px'; box.style.top = e.clientY - 20 + 'px'; } };
  onkeydown = (e) => keys.push((e.ctrlKey ? 'ctrl+' : '') + e.key);
  goal.ondragover = (e) => e.preventDefault();
  goal.ondrop = async (e) => { e.preventDefault(); dropped = await e.dataTransfer.files[0].text(); };
</script>"#;

#[test]
fn the_helpers_do_what_a_person_would() {
    with_page("gestures", Options { theme: Theme::Dark, ..Options::default() }, async |page| {
        page.client().goto(&GESTURES.replace('#', "%23").replace('\n', " ")).await?;

        page.by_role("button", "go").await?.click().await?;
        is(page, "said", "go").await?;
        page.by_role("button", "Go on").await?.click().await?;
        is(page, "said", "go on").await?;
        page.by_role("button", "web").await?.click().await?;
        is(page, "said", "web").await?;
        is(page, "Promise.resolve('later')", "later").await?;
        expect(page.all_by_role("button", "").await?.len() == 3, || "a hidden button was found".to_owned())?;

        page.by_label("Rate").await?.send_keys("400/s").await?;
        is(page, "document.getElementById('rate').value", "400/s").await?;

        let (a_box, goal) = (page.by_role("img", "Box").await?, page.by_role("group", "Goal").await?);
        page.drag(&a_box, &goal).await?;
        expect(page.centre(&a_box).await? == page.centre(&goal).await?, || "the box is not in the goal".to_owned())?;
        page.drag_by(&a_box, (-100.0, 30.0)).await?;
        expect(page.centre(&a_box).await? == (440.0, 470.0), || "the box is elsewhere".to_owned())?;
        page.wait_until("moves >= 10", PATIENCE).await?;

        page.press(&[Key::Control], 'z').await?;
        is(page, "keys.at(-1)", "ctrl+z").await?;
        page.drop_file(&goal, "noise.toml", "format = 1").await?;
        page.wait_until("dropped === 'format = 1'", PATIENCE).await?;
        page.wait_until("matchMedia('(prefers-color-scheme: dark)').matches", PATIENCE).await?;
        is(page, "innerWidth + 'x' + innerHeight", "1280x800").await?;

        page.eval("console.error('one problem')").await?;
        let errors = page.console_errors().await?;
        expect(errors.len() == 1 && errors[0].contains("one problem"), || format!("console: {errors:?}"))?;

        page.eval(
            "(() => { const a = document.createElement('a'); a.download = 'run.jsonl'; \
                   a.href = URL.createObjectURL(new Blob(['{}'])); a.click(); })()",
        )
        .await?;
        let saved = page.download("run.jsonl").await?;
        expect(saved.is_file(), || "the download is not there".to_owned())
    });
}
