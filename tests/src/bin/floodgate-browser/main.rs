//! What `cargo xtask screenshot`, `bench` and `soak page` run: the page in Chromium, looked at and measured.
//!
//! The page tells what it does through `window.__floodgate`: `state()`, JSON with `now_ns` and `running`; `load(TEXT)` with
//! the text of a scenario, true when it was taken; and `frameTimes()`, the milliseconds of main-thread script of the last
//! animation frames.

mod measure;
mod scenes;
mod soak;
mod wasm;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use floodgate_tests::browser::{BrowserError, PATIENCE, Page, block_on};

/// What this program does, by name.
const USAGE: &str = "usage: floodgate-browser screenshot DIRECTORY | measure | wasm-bench | soak MINUTES";

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    let result = match words.as_slice() {
        [command, out] if command == "screenshot" => block_on(scenes::screenshots(Path::new(out))),
        [command] if command == "measure" => block_on(measure::answer()),
        [command] if command == "wasm-bench" => block_on(wasm::answer()),
        [command, minutes] if command == "soak" => match minutes.to_str().and_then(|text| text.parse().ok()) {
            Some(minutes) => block_on(soak::run(minutes)),
            None => Err(format!("{} is no number of minutes", minutes.display()).into()),
        },
        _ => Err(USAGE.to_owned().into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("floodgate-browser: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The most that has to move on the canvas.
const TEN_THOUSAND: &str = include_str!("../../../fixtures/ten_thousand_per_second.toml");

/// Virtual time passes with wall time at most as fast as the page's speed allows; this is how long a scene may take to set up.
const SCENE: Duration = Duration::from_secs(90);

/// The page's virtual time, as an expression: `state()` is JSON text.
const VIRTUAL_SECONDS: &str = "JSON.parse(window.__floodgate.state()).now_ns / 1e9";

async fn virtual_seconds(page: &Page) -> Result<f64, BrowserError> {
    number(page, VIRTUAL_SECONDS).await
}

async fn wait_for_virtual_seconds(page: &Page, seconds: f64) -> Result<(), BrowserError> {
    page.wait_until("window.__floodgate !== undefined", PATIENCE).await?;
    page.wait_until(&format!("{VIRTUAL_SECONDS} >= {seconds}"), SCENE).await.map(drop)
}

/// The value of an expression that is a number.
async fn number(page: &Page, expression: &str) -> Result<f64, BrowserError> {
    let value = page.eval(expression).await?;
    value.as_f64().ok_or_else(|| format!("{expression} is {value}").into())
}

/// The numbers of an expression that is an array of them.
async fn numbers(page: &Page, expression: &str) -> Result<Vec<f64>, BrowserError> {
    let value = page.eval(expression).await?;
    let values = value.as_array().ok_or_else(|| format!("{expression} is {value}"))?;
    Ok(values.iter().filter_map(serde_json::Value::as_f64).collect())
}

/// Lets the page run this scenario from its start.
async fn load(page: &Page, text: &str) -> Result<(), BrowserError> {
    let before = page.eval("JSON.parse(__floodgate.state()).run").await?;
    if page.eval(&format!("__floodgate.load({})", serde_json::Value::from(text))).await? != true {
        return Err("the page did not take the scenario".to_owned().into());
    }
    let begun = format!("(s => s.run !== {before} && s.now_ns > 0)(JSON.parse(__floodgate.state()))");
    page.wait_until(&begun, SCENE).await.map(drop)
}
