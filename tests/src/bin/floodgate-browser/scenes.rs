//! Pictures of the page, light and dark, to look at.

use std::path::{Path, PathBuf};

use floodgate_tests::browser::{BrowserError, Options, Page, Theme};

use super::{virtual_seconds, wait_for_virtual_seconds};

/// Takes all of them.
pub(crate) async fn screenshots(out: &Path) -> Result<(), BrowserError> {
    for (theme, name) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        // By the address as well as by the emulated preference: the two must agree, whichever the page asks first.
        let query = if theme == Theme::Dark { "?theme=dark" } else { "" }.to_owned();
        let page = Page::open(Options { theme, query, ..Options::default() }).await?;
        // Long enough for the charts to show more than their first point.
        wait_for_virtual_seconds(&page, 8.0).await?;
        keep(&page, out, &format!("healthy-{name}.png")).await?;
        page.by_role("button", "Flash crowd").await?.click().await?;
        let pressed = virtual_seconds(&page).await?;
        // The collapse takes five seconds of virtual time; some more show that it stays.
        wait_for_virtual_seconds(&page, pressed + 12.0).await?;
        keep(&page, out, &format!("avalanche-{name}.png")).await?;
    }
    Ok(())
}

async fn keep(page: &Page, out: &Path, name: &str) -> Result<(), BrowserError> {
    let path: PathBuf = out.join(name);
    page.screenshot_to(&path).await?;
    eprintln!("wrote {}", path.display());
    Ok(())
}
