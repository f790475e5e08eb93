//! Editing by mouse and by keyboard: what is built can be taken back to the empty canvas and done again, byte for byte.

use crate::{expect, is};
use floodgate_tests::browser::{BrowserError, Key, Options, PATIENCE, Page, Theme, with_page};
use serde_json::Value;

type Result<T> = std::result::Result<T, BrowserError>;

async fn ready(page: &Page) -> Result<()> {
    page.wait_until("window.__floodgate && JSON.parse(__floodgate.state()).now_ns > 0", PATIENCE).await?;
    Ok(())
}

async fn text(page: &Page) -> Result<String> {
    Ok(page.eval("__floodgate.scenarioText()").await?.as_str().unwrap_or_default().to_owned())
}

async fn click(page: &Page, name: &str) -> Result<()> {
    page.by_role("button", name).await?.click().await?;
    Ok(())
}

async fn there(page: &Page, selector: &str) -> Result<()> {
    page.wait_until(&format!("document.querySelector({selector:?}) !== null"), PATIENCE).await?;
    Ok(())
}

async fn gone(page: &Page, selector: &str) -> Result<()> {
    page.wait_until(&format!("document.querySelector({selector:?}) === null"), PATIENCE).await?;
    Ok(())
}

async fn count(page: &Page, selector: &str, wanted: u64) -> Result<()> {
    page.wait_until(&format!("document.querySelectorAll({selector:?}).length === {wanted}"), PATIENCE).await?;
    Ok(())
}

/// Where the middle of something is, in the viewport.
async fn middle(page: &Page, selector: &str) -> Result<(f64, f64)> {
    let script = format!(
        "(r => [r.x + r.width / 2, r.y + r.height / 2])(document.querySelector({selector:?}).getBoundingClientRect())"
    );
    let at = page.eval(&script).await?;
    match (at[0].as_f64(), at[1].as_f64()) {
        (Some(x), Some(y)) => Ok((x, y)),
        _ => Err(format!("{selector} is nowhere: {at}").into()),
    }
}

/// Events with keys held, which WebDriver's pointer cannot have.
async fn pointer(page: &Page, kind: &str, (x, y): (f64, f64), rest: &str) -> Result<()> {
    page.eval(&format!(
        "(document.elementFromPoint({x}, {y}) ?? document.getElementById('stage')).dispatchEvent(new PointerEvent('{kind}', \
         {{ bubbles: true, cancelable: true, clientX: {x}, clientY: {y}, pointerId: 1, isPrimary: true, {rest} }}))"
    ))
    .await?;
    Ok(())
}

/// Undoes until nothing is left; the texts on the way.
async fn undo_all(page: &Page) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    while page.eval("!document.querySelector('button[aria-label=Undo]').disabled").await? == true {
        texts.push(text(page).await?);
        page.press(&[Key::Control], 'z').await?;
        let last = texts.last().cloned().unwrap_or_default();
        page.wait_until(&format!("__floodgate.scenarioText() !== {}", Value::from(last)), PATIENCE).await?;
        expect(texts.len() < 60, || "undoing has no end".to_owned())?;
    }
    Ok(texts)
}

#[test]
fn from_the_empty_canvas_by_mouse_and_back_and_again() {
    with_page("editing-mouse", Options { viewport: (1440, 900), ..Options::default() }, async |page| {
        ready(page).await?;
        let original = text(page).await?;
        // The empty canvas.
        page.eval("document.activeElement.blur()").await?;
        page.press(&[Key::Control], 'a').await?;
        count(page, ".node.selected", 3).await?;
        page.press(&[], Key::Delete).await?;
        there(page, ".empty").await?;
        gone(page, "[data-testid=problems]").await?;
        expect(page.eval("JSON.parse(__floodgate.state()).running").await? == true, || "what ran stopped".to_owned())?;
        page.screenshot("editing-empty").await?;

        // Drag, and click-click.
        let stage = page.by_role("main", "Canvas").await?;
        page.drag_onto(&page.by_role("button", "Add Clients").await?, &stage, (-250.0, 0.0)).await?;
        there(page, "[data-node=clients]").await?;
        click(page, "Add Service").await?;
        let at = page.centre(&stage).await?;
        page.click_at((at.0 + 250.0, at.1)).await?;
        there(page, "[data-node=service]").await?;
        // Let go near the port, but not on it: the magnet draws it in.
        let port = middle(page, "[data-port='clients.out']").await?;
        let inlet = middle(page, "[data-port='service.in']").await?;
        page.drag_between(port, (inlet.0 - 15.0, inlet.1 + 9.0)).await?;
        there(page, "[data-edge='clients>service']").await?;

        // A component dropped on the link goes into it.
        let link = page
            .eval(
                "(p => { const q = p.getPointAtLength(p.getTotalLength() / 2), m = p.getScreenCTM(); \
            return [q.x * m.a + m.e, q.y * m.d + m.f]; })(document.querySelector('#hit-0'))",
            )
            .await?;
        let link = (link[0].as_f64().unwrap_or_default(), link[1].as_f64().unwrap_or_default());
        let entry = page.by_role("button", "Add Load balancer").await?;
        let from = page.centre(&entry).await?;
        page.drag_between(from, link).await?;
        there(page, "[data-edge='clients>load_balancer']").await?;
        there(page, "[data-edge='load_balancer>service']").await?;
        gone(page, "[data-edge='clients>service']").await?;
        let spliced = text(page).await?;

        // A drag of several is one step, and so is whatever is done to them.
        page.press(&[Key::Control], 'a').await?;
        let card = page.by_role("button", "Load balancer, Load balancer").await?;
        page.drag_by(&card, (0.0, 96.0)).await?;
        page.wait_until(&format!("__floodgate.scenarioText() !== {}", Value::from(spliced.clone())), PATIENCE).await?;
        let moved = text(page).await?;
        let y = |text: &str| -> Vec<f64> {
            text.lines()
                .filter_map(|l| l.strip_prefix("position = [")?.split([',', ']']).nth(1)?.trim().parse().ok())
                .collect()
        };
        let by: Vec<f64> = y(&moved).iter().zip(y(&spliced)).map(|(a, b)| a - b).collect();
        expect(by.len() == 3 && by[0] != 0.0 && by.iter().all(|d| *d == by[0]), || format!("moved by {by:?}"))?;
        page.press(&[Key::Control], 'z').await?;
        is(page, "__floodgate.scenarioText()", &spliced).await?;
        page.press(&[Key::Control], 'y').await?;
        is(page, "__floodgate.scenarioText()", &moved).await?;
        click(page, "Align top").await?;
        click(page, "Group").await?;
        there(page, ".frame-head").await?;
        page.screenshot("editing-group").await?;
        // The frame moves its nodes.
        let before = text(page).await?;
        let (x, top) = middle(page, ".frame-head").await?;
        page.drag_between((x, top), (x + 64.0, top)).await?;
        page.wait_until(&format!("__floodgate.scenarioText() !== {}", Value::from(before)), PATIENCE).await?;

        // A wrong connection is refused with the reason while it is dragged.
        let port = middle(page, "[data-port='load_balancer.backends']").await?;
        let users = middle(page, "[data-node=clients]").await?;
        pointer(page, "pointerdown", port, "button: 0").await?;
        pointer(page, "pointermove", (port.0 + 20.0, port.1), "buttons: 1").await?;
        pointer(page, "pointermove", users, "buttons: 1").await?;
        page.wait_until(
            "/takes no calls/.test(document.querySelector('#wire-hint:not([hidden])')?.textContent)",
            PATIENCE,
        )
        .await?;
        count(page, ".node.may-not", 2).await?;
        page.screenshot("editing-refused").await?;
        pointer(page, "pointerup", (port.0 + 60.0, port.1 - 200.0), "").await?;
        gone(page, ".node.may-not").await?;

        // Back to the beginning and forth again, the same texts on the way.
        let finished = text(page).await?;
        let back = undo_all(page).await?;
        is(page, "__floodgate.scenarioText()", &original).await?;
        expect(back.iter().any(|t| !t.contains("[[node]]")), || "the empty canvas was not passed".to_owned())?;
        for step in back.iter().rev() {
            page.press(&[Key::Control], 'y').await?;
            page.wait_until(&format!("__floodgate.scenarioText() === {}", Value::from(step.clone())), PATIENCE).await?;
        }
        is(page, "__floodgate.scenarioText()", &finished).await?;
        let errors = page.console_errors().await?;
        expect(errors.is_empty(), || errors.join("\n"))
    });
}

#[test]
fn by_keyboard_alone_and_through_the_clipboard() {
    with_page("editing-keyboard", Options { theme: Theme::Dark, ..Options::default() }, async |page| {
        ready(page).await?;
        let original = text(page).await?;
        page.eval("document.querySelector('[data-node=web]').focus()").await?;
        // Along the links.
        page.press(&[], Key::Right).await?;
        page.wait_until("document.activeElement.dataset.node === 'db'", PATIENCE).await?;
        page.press(&[], Key::Left).await?;
        page.wait_until("document.activeElement.dataset.node === 'web'", PATIENCE).await?;
        // Nudges that follow each other are one step.
        for _ in 0..3 {
            page.press(&[Key::Shift], Key::Down).await?;
        }
        page.wait_until("/position = \\[400, 268\\]/.test(__floodgate.scenarioText())", PATIENCE).await?;
        page.press(&[Key::Control], 'z').await?;
        is(page, "__floodgate.scenarioText()", &original).await?;

        // Search, Enter: it is there and has the focus; c, arrows, Enter: it is connected.
        page.press(&[], '/').await?;
        page.wait_until("document.activeElement.id === 'palette-search'", PATIENCE).await?;
        for letter in "statements".chars() {
            page.press(&[], letter).await?;
        }
        count(page, ".entry", 1).await?;
        page.press(&[], Key::Enter).await?;
        page.wait_until("document.activeElement.dataset.node === 'database'", PATIENCE).await?;
        page.eval("document.querySelector('[data-node=web]').focus()").await?;
        page.press(&[], 'c').await?;
        there(page, ".node.from").await?;
        page.eval("document.querySelector('[data-node=database]').focus()").await?;
        page.press(&[], Key::Enter).await?;
        there(page, "[data-edge='web>database']").await?;

        // Several at once, as scenario text through the clipboard.
        page.eval("document.querySelector('[data-node=web]').focus()").await?;
        page.press(&[], Key::Enter).await?;
        page.eval("document.querySelector('[data-node=database]').focus()").await?;
        page.press(&[Key::Shift], Key::Enter).await?;
        count(page, ".node.selected", 2).await?;
        there(page, ".inspector .arrange").await?;
        page.screenshot("editing-several").await?;
        let before = text(page).await?;
        page.eval("window.clip = new DataTransfer(), document.activeElement.dispatchEvent(new ClipboardEvent('copy', { clipboardData: clip, bubbles: true, cancelable: true }))").await?;
        let copied = page.eval("clip.getData('text/plain')").await?;
        let copied = copied.as_str().unwrap_or_default();
        expect(copied.starts_with("[[node]]") && copied.contains("[[link]]"), || copied.to_owned())?;
        page.eval("document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData: clip, bubbles: true, cancelable: true })), 1").await?;
        there(page, "[data-edge='web_2>database_2']").await?;
        expect(text(page).await?.starts_with(&before), || "pasting touched what was there".to_owned())?;
        page.press(&[Key::Control], 'd').await?;
        there(page, "[data-edge='web_3>database_3']").await?;
        page.press(&[Key::Control], 'g').await?;
        there(page, ".frame-head").await?;
        page.screenshot("editing-pasted").await?;
        // What is no scenario text is told; what would be wrong changes nothing.
        let before = text(page).await?;
        let paste = |what: &str| {
            format!(
                "(d => {{ d.setData('text/plain', {}); document.body.dispatchEvent(new ClipboardEvent('paste', {{ clipboardData: d, bubbles: true, cancelable: true }})); }})(new DataTransfer())",
                Value::from(what)
            )
        };
        page.eval(&paste("<img src=x onerror=alert(1)>")).await?;
        page.wait_until(
            "/not scenario text/.test(document.querySelector('[data-testid=notice]')?.textContent)",
            PATIENCE,
        )
        .await?;
        page.eval(&paste("[[node]]\nid = \"a\"\nkind = \"service\"\nworkers = \"<b>many</b>\"\n")).await?;
        page.wait_until("/workers/.test(document.querySelector('[data-testid=problems] pre')?.textContent)", PATIENCE)
            .await?;
        is(page, "__floodgate.scenarioText()", &before).await?;
        count(page, "[data-testid=problems] b", 1).await?;
        page.press(&[], Key::Escape).await?;
        gone(page, "[data-testid=problems]").await?;

        // The map, by its key; it is read and closed by keyboard.
        page.press(&[], '?').await?;
        page.by_role("dialog", "Keyboard and pointer").await?;
        page.screenshot("editing-keymap").await?;
        let barriers = page.barriers().await?;
        expect(barriers.is_empty(), || barriers.join("\n"))?;
        page.press(&[], Key::Escape).await?;
        gone(page, ".keymap").await?;
        undo_all(page).await?;
        is(page, "__floodgate.scenarioText()", &original).await?;
        let errors = page.console_errors().await?;
        expect(errors.is_empty(), || errors.join("\n"))
    });
}

/// A chain of services with whatever the hints are about, none of it placed.
fn long_chain() -> String {
    let mut text = String::from(
        "format = 1\nname = \"A long chain\"\n[[node]]\nid = \"u\"\nkind = \"clients\"\nrate = \"20/s\"\nretry = { attempts = 3 }\n",
    );
    for i in 0..13 {
        text += &format!(
            "[[node]]\nid = \"s{i}\"\nkind = \"service\"\ncall_retry = {{ attempts = {} }}\n",
            if i < 2 { 3 } else { 0 }
        );
        let from = if i == 0 { "u".to_owned() } else { format!("s{}", (i - 1) / 2) };
        text += &format!("[[link]]\nfrom = \"{from}\"\nto = \"s{i}\"\nlatency = \"1ms\"\n");
    }
    text
}

#[test]
fn hints_minimap_layout_inspector_and_menu() {
    with_page("editing-tools", Options { viewport: (1440, 900), ..Options::default() }, async |page| {
        ready(page).await?;
        gone(page, ".hint-chip").await?;
        gone(page, "[data-testid=minimap]").await?;
        let loaded = page.eval(&format!("__floodgate.load({})", Value::from(long_chain()))).await?;
        expect(loaded == true, || "the chain does not load".to_owned())?;
        there(page, "[data-testid=minimap]").await?;
        there(page, "[data-hint=s0]").await?;
        let tip = page.eval("[...document.querySelectorAll('.hint-chip')].map((e) => e.textContent).join('|')").await?;
        let tip = tip.as_str().unwrap_or_default();
        expect(tip.contains("queue unbounded") && tip.contains("retries at 3 layers: up to 64×"), || tip.to_owned())?;
        page.screenshot("editing-far").await?;
        // From afar only a sign is left.
        for _ in 0..6 {
            page.press(&[], '+').await?;
        }
        gone(page, ".stage.far").await?;
        page.eval("document.querySelector('[data-hint=s1]').focus()").await?;
        page.wait_until(
            "getComputedStyle(document.querySelector('.hint:focus-within .hint-tip')).display === 'block'",
            PATIENCE,
        )
        .await?;
        page.screenshot("editing-hints").await?;
        page.press(&[], Key::Enter).await?;
        there(page, ".node.selected [data-node=s1]").await?;
        let barriers = page.barriers().await?;
        expect(barriers.is_empty(), || barriers.join("\n"))?;

        // A field that is wrong says so beside it and keeps what was typed; the file stays as it was.
        let before = text(page).await?;
        let workers = page.by_label("workers").await?;
        workers.click().await?;
        workers.send_keys("-3").await?;
        page.press(&[], Key::Tab).await?;
        there(page, ".field.wrong .problem").await?;
        is(page, "document.querySelector('.field.wrong input').value", "-3").await?;
        is(page, "__floodgate.scenarioText()", &before).await?;
        page.screenshot("editing-wrong").await?;

        // What is selected is laid out, and everything else stays.
        page.eval("document.activeElement.blur()").await?;
        page.press(&[Key::Control], 'a').await?;
        page.press(&[], 'l').await?;
        page.wait_until("(__floodgate.scenarioText().match(/position/g) ?? []).length === 14", PATIENCE).await?;
        let laid = text(page).await?;
        page.screenshot("editing-laid-out").await?;
        page.press(&[], Key::Escape).await?;
        page.press(&[], 'l').await?;
        page.wait_until("/placed by hand/.test(document.querySelector('[data-testid=notice]')?.textContent)", PATIENCE)
            .await?;
        is(page, "__floodgate.scenarioText()", &laid).await?;
        let barriers = page.barriers().await?;
        expect(barriers.is_empty(), || barriers.join("\n"))?;

        // The minimap goes where it is clicked.
        let view = "document.getElementById('world').style.transform";
        let old = page.eval(view).await?;
        let map = middle(page, "[data-testid=minimap]").await?;
        page.click_at((map.0 - 60.0, map.1)).await?;
        page.wait_until(&format!("{view} !== {old}"), PATIENCE).await?;
        page.press(&[], 'f').await?;

        // Several by a frame, then the menu.
        let (stage, card) = (middle(page, "#stage").await?, middle(page, "[data-node=u]").await?);
        let corner = (card.0 - 120.0, card.1 - 120.0);
        pointer(page, "pointerdown", corner, "button: 0, shiftKey: true").await?;
        pointer(page, "pointermove", (card.0, card.1 + 40.0), "buttons: 1, shiftKey: true").await?;
        pointer(page, "pointermove", (stage.0, stage.1 + 60.0), "buttons: 1, shiftKey: true").await?;
        page.screenshot("editing-marquee").await?;
        pointer(page, "pointerup", (stage.0, stage.1 + 60.0), "shiftKey: true").await?;
        page.wait_until("document.querySelectorAll('.node.selected').length > 2", PATIENCE).await?;
        page.eval("document.querySelector('.node.selected [data-node]').focus()").await?;
        page.press(&[Key::Shift], Key::F10).await?;
        there(page, ".menu").await?;
        page.wait_until("document.activeElement.getAttribute('role') === 'menuitem'", PATIENCE).await?;
        page.screenshot("editing-menu").await?;
        let barriers = page.barriers().await?;
        expect(barriers.is_empty(), || barriers.join("\n"))?;
        page.press(&[], Key::Escape).await?;
        gone(page, ".menu").await?;

        // Common parameters of several are set as one step.
        page.eval("document.activeElement.blur()").await?;
        page.press(&[Key::Control], 'a').await?;
        page.press(&[], Key::Escape).await?;
        for node in ["s3", "s4"] {
            page.eval(&format!("document.querySelector('[data-node={node}]').focus()")).await?;
            page.press(&[Key::Shift], Key::Enter).await?;
        }
        let before = text(page).await?;
        let queue = page.by_label("queue").await?;
        queue.click().await?;
        queue.send_keys("50").await?;
        page.press(&[], Key::Enter).await?;
        page.wait_until("(__floodgate.scenarioText().match(/queue = 50/g) ?? []).length === 2", PATIENCE).await?;
        page.eval("document.activeElement.blur()").await?;
        page.press(&[Key::Control], 'z').await?;
        is(page, "__floodgate.scenarioText()", &before).await?;

        // A link has parameters, and so has the scenario.
        page.eval("[...document.querySelectorAll('.inspector .link-list button')].at(0).click()").await?;
        page.eval("[...document.querySelectorAll('.inspector .link-list button')].at(0).click()").await?;
        let latency = page.by_role("textbox", "latency live").await?;
        latency.click().await?;
        page.press(&[Key::Control], 'a').await?;
        latency.send_keys("7ms").await?;
        page.press(&[], Key::Enter).await?;
        page.wait_until("/latency = \"7ms\"/.test(__floodgate.scenarioText())", PATIENCE).await?;
        page.screenshot("editing-link").await?;
        page.eval("document.activeElement.blur()").await?;
        page.press(&[], Key::Escape).await?;
        let until = page.by_label("until").await?;
        until.click().await?;
        until.send_keys("90s").await?;
        page.press(&[], Key::Enter).await?;
        page.wait_until("/^until = \"90s\"/m.test(__floodgate.scenarioText())", PATIENCE).await?;
        page.screenshot("editing-scenario").await?;
        let errors = page.console_errors().await?;
        expect(errors.is_empty(), || errors.join("\n"))
    });
}
