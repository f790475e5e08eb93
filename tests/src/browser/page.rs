//! One open page: lookups by role and label, gestures, waits, pictures.

use std::path::{Path, PathBuf};
use std::time::Duration;

use fantoccini::actions::{InputSource, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::elements::{Element, ElementRef};
use fantoccini::key::Key;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use xtask::server::Server;

use super::driver::Driver;
use super::processor;
use super::{BrowserError, Options, PATIENCE, dist};

type Result<T> = std::result::Result<T, BrowserError>;

/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(50);

/// The key under which WebDriver hands out elements.
const ELEMENT_KEY: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The colour scheme that the browser reports to the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// `prefers-color-scheme: light`
    Light,
    /// `prefers-color-scheme: dark`
    Dark,
}

/// The playground, open in a browser of its own. Dropping it ends the browser, its driver and the server.
#[derive(Debug)]
pub struct Page {
    client: Client,
    // In this order: the browser goes before what it reads from.
    driver: Driver,
    server: Server,
    /// The browser's process.
    process: Option<u64>,
}

impl Page {
    /// Serves the bundle and opens it in a fresh browser.
    ///
    /// # Errors
    /// When the bundle, Chromium or chromedriver is missing, or the browser does not start.
    pub async fn open(options: Options) -> Result<Self> {
        let server = Server::start(&dist()?, 0).map_err(BrowserError::File)?;
        let mut driver = Driver::start()?;
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(driver.capabilities());
        let client = builder.connect(&driver.url()).await?;
        let process = client.capabilities().and_then(|known| known.get("goog:processID")?.as_u64());
        driver.remember_browser(process);
        let page = Self { client, driver, server, process };
        page.set_viewport(options.viewport).await?;
        page.set_theme(options.theme).await?;
        page.goto(&options.query).await?;
        Ok(page)
    }

    /// The WebDriver session, for what has no helper here.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Opens the playground (again), with this after its address.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn goto(&self, query: &str) -> Result<()> {
        Ok(self.client.goto(&format!("{}{query}", self.server.url())).await?)
    }

    /// Gives the page's viewport this size in CSS pixels, at one device pixel each.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn set_viewport(&self, (width, height): (u32, u32)) -> Result<()> {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await.map(drop)
    }

    /// Changes what `prefers-color-scheme` says.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn set_theme(&self, theme: Theme) -> Result<()> {
        let value = match theme {
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.devtools("Emulation.setEmulatedMedia", features).await.map(drop)
    }

    /// A command of Chromium's own protocol.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Result<Value> {
        self.post("goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }

    /// The value of a JavaScript expression; a promise is awaited.
    ///
    /// # Errors
    /// When it throws, or its value cannot be handed out.
    pub async fn eval(&self, expression: &str) -> Result<Value> {
        Ok(self.client.execute(&format!("return ({expression});"), Vec::new()).await?)
    }

    /// Waits until a JavaScript expression is true, and returns its value. An expression that throws is not true yet.
    ///
    /// # Errors
    /// When it is still not true after `limit`; the error names its last value.
    pub async fn wait_until(&self, expression: &str, limit: Duration) -> Result<Value> {
        let mut last = String::from("not evaluated");
        let poll = async {
            loop {
                match self.eval(expression).await {
                    Ok(value) if is_true(&value) => return value,
                    Ok(value) => last = value.to_string(),
                    Err(error) => last = error.to_string(),
                }
                tokio::time::sleep(POLL).await;
            }
        };
        match tokio::time::timeout(limit, poll).await {
            Ok(value) => Ok(value),
            Err(_) => Err(BrowserError::TimedOut { condition: expression.to_owned(), seconds: limit.as_secs(), last }),
        }
    }

    /// The one visible thing with this ARIA role and accessible name, waiting for it to appear.
    ///
    /// An equal name (whatever the case) goes before one that merely contains the words.
    ///
    /// # Errors
    /// When there is none after [`PATIENCE`], or more than one; the error lists what there is.
    pub async fn by_role(&self, role: &str, name: &str) -> Result<Element> {
        self.lookup(&format!("{role} {name:?}"), role, name).await
    }

    /// The one visible form control with this label, waiting for it to appear.
    ///
    /// # Errors
    /// As [`Page::by_role`].
    pub async fn by_label(&self, name: &str) -> Result<Element> {
        self.lookup(&format!("control labelled {name:?}"), "", name).await
    }

    /// All visible things with this role whose name contains `name`, as they are now, with their names.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn all_by_role(&self, role: &str, name: &str) -> Result<Vec<(String, Element)>> {
        let wanted = name.to_lowercase();
        let mut found = Vec::new();
        for candidate in as_elements(&self.client, self.candidates(role).await?) {
            // The name is the browser's own computation, not a guess from attributes. An element may have gone meanwhile.
            let Ok(label) = self.accessible_name(&candidate).await else { continue };
            if label.to_lowercase().contains(&wanted) {
                found.push((label, candidate));
            }
        }
        Ok(found)
    }

    /// The accessible name of an element, as the browser computes it for a screen reader.
    ///
    /// # Errors
    /// When the element has gone.
    pub async fn accessible_name(&self, element: &Element) -> Result<String> {
        let path = format!("element/{}/computedlabel", &*element.element_id());
        let label = self.command(http::Method::GET, path, None).await?;
        Ok(label.as_str().unwrap_or_default().trim().to_owned())
    }

    async fn lookup(&self, wanted: &str, role: &str, name: &str) -> Result<Element> {
        let mut found = String::from("the page did not answer");
        let poll = async {
            loop {
                match self.all_by_role(role, name).await {
                    Ok(matches) => match the_one(matches, name) {
                        Ok(element) => return element,
                        Err(names) if names.is_empty() => found.clear(),
                        Err(names) => found = format!("more than one has that name: {}", names.join(", ")),
                    },
                    Err(error) => found = error.to_string(),
                }
                tokio::time::sleep(POLL).await;
            }
        };
        if let Ok(element) = tokio::time::timeout(PATIENCE, poll).await {
            return Ok(element);
        }
        if found.is_empty() {
            let names: Vec<_> = self.all_by_role(role, "").await?.into_iter().map(|(name, _)| name).collect();
            found = format!("there is none; the page has {names:?}");
        }
        Err(BrowserError::Lookup { wanted: wanted.to_owned(), found })
    }

    async fn candidates(&self, role: &str) -> Result<Value> {
        Ok(self.client.execute(CANDIDATES, vec![role.into()]).await?)
    }

    /// The middle of an element in viewport coordinates, after scrolling it into view.
    ///
    /// # Errors
    /// When the element has gone.
    pub async fn centre(&self, element: &Element) -> Result<(f64, f64)> {
        let script = "const e = arguments[0]; e.scrollIntoView({block: 'nearest', inline: 'nearest'}); \
                      const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2];";
        let place = self.client.execute(script, vec![as_argument(element)]).await?;
        match (place[0].as_f64(), place[1].as_f64()) {
            (Some(x), Some(y)) => Ok((x, y)),
            _ => Err(BrowserError::Unexpected(format!("an element without a place: {place}"))),
        }
    }

    /// Drags with the pointer from the middle of one element to the middle of another.
    ///
    /// # Errors
    /// When an element has gone or the browser refuses.
    pub async fn drag(&self, from: &Element, to: &Element) -> Result<()> {
        self.drag_onto(from, to, (0.0, 0.0)).await
    }

    /// Drags to a place this far from the middle of the target.
    ///
    /// # Errors
    /// As [`Page::drag`].
    pub async fn drag_onto(&self, from: &Element, to: &Element, (dx, dy): (f64, f64)) -> Result<()> {
        let from = self.centre(from).await?;
        let (x, y) = self.centre(to).await?;
        self.drag_between(from, (x + dx, y + dy)).await
    }

    /// Drags an element by a distance.
    ///
    /// # Errors
    /// As [`Page::drag`].
    pub async fn drag_by(&self, element: &Element, (dx, dy): (f64, f64)) -> Result<()> {
        let (x, y) = self.centre(element).await?;
        self.drag_between((x, y), (x + dx, y + dy)).await
    }

    /// Drags between two points of the viewport, in several steps: one leap is a gesture that no hand makes.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn drag_between(&self, from: (f64, f64), to: (f64, f64)) -> Result<()> {
        self.drag_smoothly(from, to, 8).await
    }

    /// As [`Page::drag_between`], in so many steps.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn drag_smoothly(&self, from: (f64, f64), to: (f64, f64), steps: u32) -> Result<()> {
        let move_to = |(x, y): (f64, f64)| PointerAction::MoveTo {
            duration: Some(Duration::from_millis(20)),
            x: x.round(),
            y: y.round(),
        };
        let mut gesture = MouseActions::new("mouse".to_owned())
            .then(move_to(from))
            .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT });
        for step in 1..=steps {
            let share = f64::from(step) / f64::from(steps);
            gesture = gesture.then(move_to((from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share)));
        }
        gesture = gesture.then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        Ok(self.client.perform_actions(gesture).await?)
    }

    /// Moves the pointer to a place of the viewport.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn move_to(&self, (x, y): (f64, f64)) -> Result<()> {
        let gesture = MouseActions::new("mouse".to_owned()).then(PointerAction::MoveTo {
            duration: None,
            x: x.round(),
            y: y.round(),
        });
        Ok(self.client.perform_actions(gesture).await?)
    }

    /// Clicks a point of the viewport.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn click_at(&self, (x, y): (f64, f64)) -> Result<()> {
        let gesture = MouseActions::new("mouse".to_owned())
            .then(PointerAction::MoveTo { duration: None, x: x.round(), y: y.round() })
            .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
            .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        Ok(self.client.perform_actions(gesture).await?)
    }

    /// Presses a key, held together with others: `press(&[Key::Control], 'z')`.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn press(&self, held: &[Key], key: impl Into<char>) -> Result<()> {
        let key = key.into();
        let held: Vec<char> = held.iter().map(|held| char::from(*held)).collect();
        let mut gesture = KeyActions::new("keyboard".to_owned());
        for &value in &held {
            gesture = gesture.then(KeyAction::Down { value });
        }
        gesture = gesture.then(KeyAction::Down { value: key }).then(KeyAction::Up { value: key });
        for &value in held.iter().rev() {
            gesture = gesture.then(KeyAction::Up { value });
        }
        Ok(self.client.perform_actions(gesture).await?)
    }

    /// Drops a file with this content onto an element, as from a file manager.
    ///
    /// # Errors
    /// When the element has gone.
    pub async fn drop_file(&self, onto: &Element, name: &str, content: &str) -> Result<()> {
        let script = "const [target, name, content] = arguments; const data = new DataTransfer(); \
                      data.items.add(new File([content], name)); \
                      for (const kind of ['dragenter', 'dragover', 'drop']) \
                        target.dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));";
        self.client.execute(script, vec![as_argument(onto), name.into(), content.into()]).await?;
        Ok(())
    }

    /// Waits for a finished download whose name ends in `suffix`.
    ///
    /// # Errors
    /// When there is none after [`PATIENCE`].
    pub async fn download(&self, suffix: &str) -> Result<PathBuf> {
        let directory = self.driver.downloads();
        let poll = async {
            loop {
                if let Some(file) = file_ending_in(&directory, suffix) {
                    return file;
                }
                tokio::time::sleep(POLL).await;
            }
        };
        tokio::time::timeout(PATIENCE, poll)
            .await
            .map_err(|_| BrowserError::File(format!("the page saved no file that ends in {suffix}")))
    }

    /// Saves a picture of the viewport as `target/screenshots/NAME.png`.
    ///
    /// # Errors
    /// When the browser refuses or the file cannot be written.
    pub async fn screenshot(&self, name: &str) -> Result<PathBuf> {
        let workspace = xtask::tools::Workspace::find().map_err(BrowserError::File)?;
        let path = workspace.target.join("screenshots").join(format!("{name}.png"));
        self.screenshot_to(&path).await?;
        Ok(path)
    }

    /// Saves a picture of the viewport.
    ///
    /// # Errors
    /// When the browser refuses or the file cannot be written.
    pub async fn screenshot_to(&self, path: &Path) -> Result<()> {
        let picture = self.client.screenshot().await?;
        xtask::tools::write(path, picture).map_err(BrowserError::File)
    }

    /// Errors on the console since the last call, uncaught exceptions and failed requests included.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn console_errors(&self) -> Result<Vec<String>> {
        let log = self.post("se/log", json!({ "type": "browser" })).await?;
        let entries = log.as_array().map_or(&[][..], Vec::as_slice);
        Ok(entries
            .iter()
            .filter(|entry| entry["level"] == "SEVERE")
            .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            .collect())
    }

    /// Processor time that the page's workers have taken so far; `None` where the system does not tell.
    #[must_use]
    pub fn worker_time(&self) -> Option<Duration> {
        processor::of_workers_below(self.process?)
    }

    /// Processor time that the main thread of the page has taken so far; `None` where the system does not tell.
    #[must_use]
    pub fn main_thread_time(&self) -> Option<Duration> {
        processor::of_pages_below(self.process?)
    }

    /// Memory of the processes that show the page, workers included; `None` where the system does not tell.
    #[must_use]
    pub fn resident_bytes(&self) -> Option<u64> {
        processor::resident_below(self.process?)
    }

    /// The browser's name and version.
    #[must_use]
    pub fn version(&self) -> String {
        let of = |key| Some(self.client.capabilities()?.get(key)?.as_str()?.to_owned());
        format!("{} {}", of("browserName").unwrap_or_default(), of("browserVersion").unwrap_or_default())
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.command(http::Method::POST, path.to_owned(), Some(body)).await
    }

    async fn command(&self, method: http::Method, path: String, body: Option<Value>) -> Result<Value> {
        Ok(self.client.issue_cmd(RawCommand { method, path, body }).await?)
    }
}

/// A command that WebDriver or Chromium has and fantoccini has not.
#[derive(Debug)]
struct RawCommand {
    method: http::Method,
    path: String,
    body: Option<Value>,
}

impl WebDriverCompatibleCommand for RawCommand {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> std::result::Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _url: &url::Url) -> (http::Method, Option<String>) {
        (self.method.clone(), self.body.as_ref().map(Value::to_string))
    }
}

/// Elements that may have a role, and can be seen: by the tags that imply it and by the attribute. The empty role means any
/// form control.
const CANDIDATES: &str = r#"
const implied = {
  button: 'button, input[type=button], input[type=submit], summary',
  textbox: 'input:not([type]), input[type=text], input[type=url], textarea',
  searchbox: 'input[type=search]',
  spinbutton: 'input[type=number]',
  slider: 'input[type=range]',
  checkbox: 'input[type=checkbox]',
  radio: 'input[type=radio]',
  combobox: 'select:not([multiple])',
  listbox: 'select[multiple]',
  option: 'option',
  link: 'a[href]',
  heading: 'h1, h2, h3, h4, h5, h6',
  img: 'img',
  dialog: 'dialog',
  status: 'output',
  list: 'ul, ol',
  listitem: 'li',
  table: 'table',
  main: 'main',
  navigation: 'nav',
  region: 'section[aria-label], section[aria-labelledby]',
  complementary: 'aside',
};
const role = arguments[0];
const controls = 'input:not([type=hidden]), select, textarea, output, button, [role=slider], [role=spinbutton], [role=textbox], [role=combobox], [role=checkbox], [role=switch]';
const explicit = `[role~="${CSS.escape(role)}"]`;
const selector = role === '' ? controls : implied[role] ? `:is(${implied[role]}):not([role]), ${explicit}` : explicit;
return [...document.querySelectorAll(selector)].filter((element) => {
  const box = element.getBoundingClientRect();
  return (box.width > 0 || box.height > 0) && element.checkVisibility({ visibilityProperty: true });
});
"#;

fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(value) => value.as_f64() != Some(0.0),
        Value::String(value) => !value.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// The match whose name is equal; else the only one; else the names of all.
fn the_one(mut matches: Vec<(String, Element)>, name: &str) -> std::result::Result<Element, Vec<String>> {
    let equal: Vec<_> = (0..matches.len()).filter(|&at| matches[at].0.to_lowercase() == name.to_lowercase()).collect();
    match (equal.as_slice(), matches.len()) {
        (&[at], _) => Ok(matches.swap_remove(at).1),
        ([], 1) => Ok(matches.swap_remove(0).1),
        _ => Err(matches.into_iter().map(|(name, _)| name).collect()),
    }
}

fn as_elements(client: &Client, value: Value) -> Vec<Element> {
    let entries = value.as_array().map_or(&[][..], Vec::as_slice);
    entries
        .iter()
        .filter_map(|entry| entry[ELEMENT_KEY].as_str())
        .map(|id| Element::from_element_id(client.clone(), ElementRef::from(id.to_owned())))
        .collect()
}

fn as_argument(element: &Element) -> Value {
    json!({ ELEMENT_KEY: String::from(element.element_id()) })
}

fn file_ending_in(directory: &Path, suffix: &str) -> Option<PathBuf> {
    // While it is being written Chromium gives it another ending.
    std::fs::read_dir(directory)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.to_string_lossy().ends_with(suffix))
}
