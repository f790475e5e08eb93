//! Colours for the canvases, read from the same custom properties that style the page.

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
    /// What is shed on purpose.
    pub shed: String,
    /// What nobody waits for.
    pub zombie: String,
    /// Text.
    pub text: String,
    /// Text of less weight.
    pub muted: String,
    /// Lines of the charts' grids.
    pub grid: String,
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
            shed: get("--shed")?,
            zombie: get("--zombie")?,
            text: get("--text")?,
            muted: get("--muted")?,
            grid: get("--line")?,
        })
    }
}
