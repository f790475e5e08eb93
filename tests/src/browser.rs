//! The playground in a real Chromium: what a person sees and does, found by role and label.
//!
//! [`with_page`] serves the bundle, starts chromedriver and Chromium, runs a test on the [`Page`], and takes everything down
//! again. Every wait has an end. When a test fails, the page's picture and what its console said are kept.
//!
//! ```no_run
//! # use floodgate_tests::browser::{with_page, Options};
//! with_page("smoke", Options::default(), async |page| {
//!     page.by_role("button", "Pause").await?.click().await?;
//!     Ok(())
//! });
//! ```

mod axe;
mod driver;
mod page;
mod processor;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

pub use fantoccini::elements::Element;
pub use fantoccini::key::Key;
pub use page::{Page, Theme};

/// How long a lookup or a condition may take before it counts as failed. Generous, because it is no measurement: only a
/// failing test ever waits so long.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How long a whole test may take.
const TEST_LIMIT: Duration = Duration::from_secs(300);

/// What can go wrong between a test and its page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowserError {
    /// A program or a directory that the tests need is not there.
    #[error("{0}")]
    Missing(String),
    /// chromedriver could not be started or spoken to.
    #[error("chromedriver: {0}")]
    Driver(String),
    /// The browser could not be started.
    #[error("Chromium did not start: {0}")]
    Session(#[from] fantoccini::error::NewSessionError),
    /// The browser refused a command.
    #[error("{0}")]
    Command(#[from] fantoccini::error::CmdError),
    /// Nothing on the page has this role and name, or more than one thing has.
    #[error("{wanted}: {found}")]
    Lookup {
        /// What was looked for.
        wanted: String,
        /// What is there instead.
        found: String,
    },
    /// A condition did not come true in time.
    #[error("{condition} was not true within {seconds} s; it was {last}")]
    TimedOut {
        /// The expression that was waited for.
        condition: String,
        /// How long.
        seconds: u64,
        /// Its last value.
        last: String,
    },
    /// A file could not be read or written.
    #[error("{0}")]
    File(String),
    /// What a test itself finds wrong.
    #[error("{0}")]
    Unexpected(String),
}

impl From<String> for BrowserError {
    fn from(what: String) -> Self {
        Self::Unexpected(what)
    }
}

/// How the page is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// Width and height of the viewport in CSS pixels.
    pub viewport: (u32, u32),
    /// The colour scheme that the browser reports.
    pub theme: Theme,
    /// What follows the page's address, such as `?theme=dark`.
    pub query: String,
}

impl Default for Options {
    fn default() -> Self {
        Self { viewport: (1280, 800), theme: Theme::Light, query: String::new() }
    }
}

/// Opens the playground and runs `test` on it; panics when it fails, after keeping the evidence in `target/screenshots`.
///
/// Without Chromium or chromedriver the test is skipped with a loud line, and fails where `CI` is set.
///
/// # Panics
/// When the test fails, and on a build server also when there is no browser.
pub fn with_page(name: &str, options: Options, test: impl AsyncFnOnce(&Page) -> Result<(), BrowserError>) {
    if let Err(missing) = driver::programs() {
        assert!(!xtask::tools::in_ci(), "{missing}; CI is set, so this is a failure");
        eprintln!("!!! {name} SKIPPED: {missing}");
        return;
    }
    let result = block_on(async {
        let page = Page::open(options).await?;
        let result = match tokio::time::timeout(TEST_LIMIT, test(&page)).await {
            Ok(result) => result,
            Err(_) => Err(BrowserError::Unexpected(format!("the test took longer than {} s", TEST_LIMIT.as_secs()))),
        };
        let Err(error) = result else { return Ok(()) };
        let evidence = tokio::time::timeout(PATIENCE, evidence(&page, name)).await.unwrap_or_default();
        Err(BrowserError::Unexpected(format!("{error}{evidence}")))
    });
    if let Err(error) = result {
        panic!("{name}: {error}");
    }
}

/// Runs one future to its end on this thread.
///
/// # Errors
/// What the future returns.
pub fn block_on<T>(future: impl Future<Output = Result<T, BrowserError>>) -> Result<T, BrowserError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| BrowserError::Driver(error.to_string()))?
        .block_on(future)
}

async fn evidence(page: &Page, name: &str) -> String {
    let mut text = String::new();
    if let Ok(picture) = page.screenshot(&format!("failed-{name}")).await {
        let _ = write!(text, "\nthe page: {}", picture.display());
    }
    for line in page.console_errors().await.unwrap_or_default() {
        let _ = write!(text, "\nconsole: {line}");
    }
    text
}

/// The bundle to serve: `FLOODGATE_DIST`, which `cargo xtask test` sets after building it.
pub fn dist() -> Result<PathBuf, BrowserError> {
    let place = std::env::var_os("FLOODGATE_DIST").map(PathBuf::from).ok_or_else(|| {
        BrowserError::Missing(
            "FLOODGATE_DIST is not set: `cargo xtask test --only browser` builds the page and runs these tests"
                .to_owned(),
        )
    })?;
    if place.join("index.html").is_file() {
        Ok(place)
    } else {
        Err(BrowserError::Missing(format!("{} holds no index.html: cargo xtask build-web", place.display())))
    }
}
