//! The playground in a real Chromium. `cargo xtask test --only browser` builds the page and runs these.

use floodgate_tests::browser::{BrowserError, Page};

mod access;
mod editing;
mod exhibits;
mod exports;
mod gallery;
mod harness;
mod links;
mod playground;
mod seeing;
mod sharing;
mod time;
mod works;

async fn is(page: &Page, expression: &str, wanted: &str) -> Result<(), BrowserError> {
    let value = page.eval(expression).await?;
    expect(value == wanted, || format!("{expression} is {value}, not {wanted:?}"))
}

fn expect(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), BrowserError> {
    if holds { Ok(()) } else { Err(otherwise().into()) }
}
