//! Pictures of the page, light and dark, to look at: the main states on a laptop, the first one on what else people have.

use std::path::{Path, PathBuf};

use floodgate_tests::browser::{BrowserError, Key, Options, Page, Theme};

use super::{virtual_seconds, wait_for_virtual_seconds};

/// Where people look at it: a name, and the size in CSS pixels.
const SCREENS: [(&str, (u32, u32)); 3] = [("beamer", (1280, 720)), ("tablet", (820, 1180)), ("phone", (390, 844))];
const LAPTOP: (u32, u32) = (1440, 900);

/// Takes all of them.
pub(crate) async fn screenshots(out: &Path) -> Result<(), BrowserError> {
    for (theme, name) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        // By the address as well as by the emulated preference: the two must agree, whichever the page asks first.
        let query = if theme == Theme::Dark { "?theme=dark" } else { "" }.to_owned();
        let page = Page::open(Options { viewport: LAPTOP, theme, query }).await?;
        // Long enough for the charts to show more than their first point.
        wait_for_virtual_seconds(&page, 8.0).await?;
        keep(&page, out, &format!("healthy-{name}.png")).await?;
        page.eval("document.querySelector('[data-node=web]').focus()").await?;
        page.press(&[], Key::Enter).await?;
        page.by_role("button", "Flash crowd").await?.click().await?;
        let pressed = virtual_seconds(&page).await?;
        // The collapse takes five seconds of virtual time; some more show that it stays.
        wait_for_virtual_seconds(&page, pressed + 12.0).await?;
        keep(&page, out, &format!("avalanche-{name}.png")).await?;
        for (screen, size) in SCREENS {
            page.set_viewport(size).await?;
            // The page has to be told, to fit, and to draw its charts again.
            let now = virtual_seconds(&page).await?;
            wait_for_virtual_seconds(&page, now + 1.5).await?;
            keep(&page, out, &format!("{screen}-{name}.png")).await?;
        }
    }
    Ok(())
}

async fn keep(page: &Page, out: &Path, name: &str) -> Result<(), BrowserError> {
    let path: PathBuf = out.join(name);
    page.screenshot_to(&path).await?;
    eprintln!("wrote {}", path.display());
    Ok(())
}
