//! chromedriver and the Chromium it starts: found, started on a free port, and ended by the ids of the processes themselves.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tempfile::TempDir;
use xtask::tools::which;

use super::BrowserError;

/// How long chromedriver may take to start and to stop.
const LIMIT: Duration = Duration::from_secs(20);

/// Chromium and chromedriver on this machine.
pub(super) struct Programs {
    chromium: PathBuf,
    chromedriver: PathBuf,
}

/// Finds both; the error names the packages.
pub(super) fn programs() -> Result<Programs, BrowserError> {
    let chromium = ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(which);
    match (chromium, which("chromedriver")) {
        (Some(chromium), Some(chromedriver)) => Ok(Programs { chromium, chromedriver }),
        (None, _) => Err(BrowserError::Missing("no Chromium on PATH (Debian package `chromium`)".to_owned())),
        (_, None) => {
            Err(BrowserError::Missing("no chromedriver on PATH (Debian package `chromium-driver`)".to_owned()))
        }
    }
}

/// A running chromedriver with a home of its own for the browser.
#[derive(Debug)]
pub(super) struct Driver {
    process: Child,
    port: u16,
    chromium: PathBuf,
    /// Chromium's own process, known once a session is open.
    browser: Option<u64>,
    home: TempDir,
}

impl Driver {
    /// Starts chromedriver on a free port, which it chooses itself.
    pub(super) fn start() -> Result<Self, BrowserError> {
        let Programs { chromium, chromedriver } = programs()?;
        let failed = |error: std::io::Error| BrowserError::Driver(error.to_string());
        let home = tempfile::Builder::new().prefix("floodgate-browser-").tempdir().map_err(failed)?;
        for place in ["profile", "downloads", "tmp"] {
            std::fs::create_dir(home.path().join(place)).map_err(failed)?;
        }
        let mut process = Command::new(chromedriver)
            .arg("--port=0")
            // Chromium puts files there as well; they go when the directory goes.
            .env("TMPDIR", home.path().join("tmp"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let announced = process.stdout.take().map(port_announced_in);
        let mut driver = Self { process, port: 0, chromium, browser: None, home };
        driver.port = announced
            .and_then(|line| line.recv_timeout(LIMIT).ok())
            .ok_or_else(|| BrowserError::Driver("it did not say on which port it listens".to_owned()))?;
        Ok(driver)
    }

    /// Where it listens.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where the page's downloads go.
    pub(super) fn downloads(&self) -> PathBuf {
        self.home.path().join("downloads")
    }

    /// What the browser is started with.
    pub(super) fn capabilities(&self) -> Map<String, Value> {
        let mut arguments: Vec<String> = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ]
        .map(ToOwned::to_owned)
        .to_vec();
        arguments.push(format!("--user-data-dir={}", self.home.path().join("profile").display()));
        let capabilities = json!({
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": {
                "binary": self.chromium,
                "args": arguments,
                "prefs": {
                    "download.default_directory": self.downloads(),
                    "download.prompt_for_download": false,
                },
            },
        });
        match capabilities {
            Value::Object(capabilities) => capabilities,
            _ => Map::new(),
        }
    }

    /// Remembers the browser's process, which chromedriver tells in the answer that opens a session.
    pub(super) fn remember_browser(&mut self, id: Option<u64>) {
        self.browser = id;
    }

    /// Asks chromedriver to close its sessions and to end; the answer does not matter, only that it had the time for it.
    fn ask_to_shut_down(&self) {
        if self.port == 0 {
            return;
        }
        let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) else { return };
        let _ = stream.set_read_timeout(Some(LIMIT));
        let request = "GET /shutdown HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        if stream.write_all(request.as_bytes()).is_ok() {
            let _ = stream.read(&mut [0; 256]);
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.ask_to_shut_down();
        let mut ended = false;
        for _ in 0..100 {
            ended = matches!(self.process.try_wait(), Ok(Some(_)));
            if ended {
                break;
            }
            std::thread::sleep(LIMIT / 400);
        }
        if !ended {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
        if let Some(id) = self.browser {
            end_if_ours(id, self.home.path());
        }
    }
}

/// Ends the process if it still is the browser that runs in our directory: an id alone may meanwhile belong to another.
fn end_if_ours(id: u64, home: &Path) {
    let command_line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    if String::from_utf8_lossy(&command_line).contains(&*home.to_string_lossy()) {
        let _ = Command::new("kill").args(["-KILL", &id.to_string()]).status();
    }
}

/// Reads chromedriver's output to its end, so that it never blocks on a full pipe, and passes on the port it names.
#[expect(clippy::disallowed_methods, reason = "a pipe has to be emptied while the test goes on; no simulation is near")]
fn port_announced_in(output: impl std::io::Read + Send + 'static) -> mpsc::Receiver<u16> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let port = line.split_once("started successfully on port ").and_then(|(_, rest)| {
                let digits = rest.trim_end().trim_end_matches('.');
                digits.parse().ok()
            });
            if let Some(port) = port {
                // The receiver is gone when the start has been given up.
                let _ = sender.send(port);
            }
        }
    });
    receiver
}
