//! Colours for the canvases, read from the same custom properties that style the page.

use plotters::style::RGBColor;
use wasm_bindgen::JsValue;

/// Colours as CSS text.
#[derive(Clone, Debug, Default)]
pub struct Theme {
    /// First attempts.
    pub first: String,
    /// Retries.
    pub retry: String,
    /// Good answers.
    pub ok: String,
    /// Errors.
    pub error: String,
    /// What nobody waits for.
    pub zombie: String,
    /// Text.
    pub text: String,
    /// Text of less weight.
    pub muted: String,
    /// Lines of the charts' grids.
    pub grid: String,
    /// Ground of the charts.
    pub surface: String,
}

impl Theme {
    /// As the page is styled now.
    pub fn read() -> Result<Theme, JsValue> {
        let window = web_sys::window().ok_or("no window")?;
        let root = window.document().and_then(|d| d.document_element()).ok_or("no document")?;
        let style = window.get_computed_style(&root)?.ok_or("no style")?;
        let get = |name: &str| style.get_property_value(name).map(|v| v.trim().to_owned());
        Ok(Theme {
            first: get("--first")?,
            retry: get("--retry")?,
            ok: get("--ok")?,
            error: get("--error")?,
            zombie: get("--zombie")?,
            text: get("--text")?,
            muted: get("--muted")?,
            grid: get("--line")?,
            surface: get("--surface")?,
        })
    }
}

/// `#rrggbb` for plotters; anything else is a middle grey, readable on light and dark.
#[must_use]
pub fn rgb(css: &str) -> RGBColor {
    let part = |at: usize| css.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
    match (css.starts_with('#'), part(1), part(3), part(5)) {
        (true, Some(r), Some(g), Some(b)) => RGBColor(r, g, b),
        _ => RGBColor(128, 128, 128),
    }
}
