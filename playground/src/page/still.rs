//! Pictures of the stage. The SVG is made from what is on the stage: boxes, drawings, and text as text, with the colours that
//! the page has; moving requests are an image within it. The PNG is that SVG, painted.

use super::Page;
use super::viewport::by_id;
use crate::still::{Caption, escaped, paint, paint_attribute, shortened, svg};
use std::fmt::Write as _;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, CanvasRenderingContext2d, CssStyleDeclaration, DomRect, Element, HtmlCanvasElement, HtmlImageElement, Node,
    Range, Window,
};

/// What is there to be clicked, not to be seen: it is left out of a picture.
const LEFT_OUT: &str =
    "[data-overlay]:not(.legend):not(.hint), [data-deed], .port, .marquee, .hit, .wire, .wire-hint, .patterns";
/// Elements of drawings that are taken over, and their attributes.
const SHAPES: &str = " g path rect circle ellipse line polyline polygon text tspan svg pattern defs clipPath ";
const ATTRIBUTES: &[&str] = &[
    "id",
    "d",
    "x",
    "y",
    "dx",
    "dy",
    "width",
    "height",
    "cx",
    "cy",
    "r",
    "rx",
    "ry",
    "points",
    "x1",
    "y1",
    "x2",
    "y2",
    "transform",
    "viewBox",
    "preserveAspectRatio",
    "patternUnits",
    "patternTransform",
    "clip-path",
];
/// Pixels of a PNG per CSS pixel: a picture that is printed wants more of them than a screen.
const PNG_SCALE: f64 = 2.0;

/// A picture, and its size in CSS pixels.
pub struct Still {
    /// The SVG.
    pub svg: String,
    /// Width and height.
    pub size: (f64, f64),
}

/// A picture while it is drawn.
struct Drawing {
    window: Window,
    range: Range,
    origin: (f64, f64),
    /// Moving requests are part of it.
    motion: bool,
    out: String,
}

impl Page {
    /// A picture of the stage as it is on the screen, with moving requests or without.
    ///
    /// # Errors
    /// What the browser refused.
    pub fn still(&self, motion: bool) -> Result<Still, JsValue> {
        let window = web_sys::window().ok_or("no window")?;
        let document = window.document().ok_or("no document")?;
        let (stage, body) = (by_id("stage").ok_or("no stage")?, document.body().ok_or("no body")?);
        let rect = stage.get_bounding_client_rect();
        let mut drawing = Drawing {
            range: document.create_range()?,
            origin: (rect.left(), rect.top()),
            motion,
            out: String::new(),
            window,
        };
        let style = |element: &Element, name: &str| drawing.style(element)?.get_property_value(name);
        let ground = style(&stage, "background-color")?;
        let caption = Caption {
            name: self.outline.borrow().name.clone(),
            facts: self.facts(),
            colors: [style(&body, "--surface")?, style(&body, "--text")?, style(&body, "--muted")?],
            font: style(&body, "font-family")?,
        };
        if let Some(defs) = stage.query_selector(".patterns defs")? {
            drawing.shape(&defs)?;
        }
        drawing.children(&stage)?;
        let size = (rect.width(), rect.height());
        Ok(Still { svg: svg(size, &ground, &drawing.out, &caption), size: (size.0, size.1 + crate::still::CAPTION) })
    }

    /// What makes the run the same elsewhere.
    fn facts(&self) -> String {
        let live = self.live.borrow();
        let digest = live.last.digest.as_ref().map(|(ns, d)| format!(" · digest {d} at {} s", *ns as f64 / 1e9));
        format!("{:.2} s · seed {}{}", live.last.now_ns as f64 / 1e9, live.loaded.seed, digest.unwrap_or_default())
    }
}

impl Drawing {
    fn style(&self, element: &Element) -> Result<CssStyleDeclaration, JsValue> {
        self.window.get_computed_style(element)?.ok_or_else(|| "no style".into())
    }

    fn place(&self, rect: &DomRect) -> (f64, f64) {
        (rect.left() - self.origin.0, rect.top() - self.origin.1)
    }

    fn children(&mut self, element: &Element) -> Result<(), JsValue> {
        let nodes = element.child_nodes();
        for node in (0..nodes.length()).filter_map(|i| nodes.item(i)) {
            match node.dyn_ref::<Element>() {
                Some(child) => self.element(child)?,
                None if node.node_type() == Node::TEXT_NODE => self.text(element, &node)?,
                None => {}
            }
        }
        Ok(())
    }

    fn element(&mut self, element: &Element) -> Result<(), JsValue> {
        if element.matches(LEFT_OUT)? {
            return Ok(());
        }
        if let Some(canvas) = element.dyn_ref::<HtmlCanvasElement>() {
            return self.canvas(canvas);
        }
        let style = self.style(element)?;
        let value = |name: &str| style.get_property_value(name);
        let opacity = value("opacity")?;
        if value("display")? == "none" || value("visibility")? == "hidden" || opacity == "0" {
            return Ok(());
        }
        if opacity != "1" {
            let _ = write!(self.out, "<g opacity=\"{}\">", escaped(&opacity));
        }
        if element.tag_name() == "svg" {
            self.drawing(element, &style)?;
        } else {
            self.box_of(element, &style)?;
            self.children(element)?;
        }
        if opacity != "1" {
            self.out.push_str("</g>");
        }
        Ok(())
    }

    /// Moving requests: there may be thousands, so they stay an image.
    fn canvas(&mut self, canvas: &HtmlCanvasElement) -> Result<(), JsValue> {
        if self.motion && canvas.width() > 0 {
            let (rect, data) = (canvas.get_bounding_client_rect(), canvas.to_data_url()?);
            let (x, y) = self.place(&rect);
            let _ = write!(
                self.out,
                "<image x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" href=\"{data}\"/>",
                rect.width(),
                rect.height()
            );
        }
        Ok(())
    }

    /// Ground and border of a box.
    fn box_of(&mut self, element: &Element, style: &CssStyleDeclaration) -> Result<(), JsValue> {
        let value = |name: &str| style.get_property_value(name);
        let pixels = |name: &str| Ok::<f64, JsValue>(value(name)?.trim_end_matches("px").parse().unwrap_or(0.0));
        let rect = element.get_bounding_client_rect();
        // Boxes are drawn at the size of the world, which is magnified.
        let layout = element.dyn_ref::<web_sys::HtmlElement>().map_or(0, |e| e.offset_width());
        let k = if layout > 0 { rect.width() / f64::from(layout) } else { 1.0 };
        let ((x, y), ground) = (self.place(&rect), value("background-color")?);
        let sides = ["top", "right", "bottom", "left"];
        let widths = [
            pixels("border-top-width")? * k,
            pixels("border-right-width")? * k,
            pixels("border-bottom-width")? * k,
            pixels("border-left-width")? * k,
        ];
        let even = widths.iter().all(|w| *w == widths[0]);
        let border = if even && widths[0] > 0.0 { value("border-top-color")? } else { String::new() };
        if paint(&ground).is_some() || paint(&border).is_some() {
            let (half, radius) =
                (if border.is_empty() { 0.0 } else { widths[0] / 2.0 }, pixels("border-top-left-radius")? * k);
            let dash = match value("border-top-style")?.as_str() {
                "dashed" => format!(" stroke-dasharray=\"{0:.1} {0:.1}\"", widths[0] * 2.5),
                _ => String::new(),
            };
            let stroke = if border.is_empty() {
                String::new()
            } else {
                format!("{} stroke-width=\"{:.2}\"{dash}", paint_attribute("stroke", &border), widths[0])
            };
            let _ = write!(
                self.out,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{:.1}\"{}{stroke}/>",
                x + half,
                y + half,
                (rect.width() - 2.0 * half).max(0.0),
                (rect.height() - 2.0 * half).max(0.0),
                (radius - half).max(0.0).min(rect.height() / 2.0),
                paint_attribute("fill", &ground)
            );
        }
        for (side, width) in sides.iter().zip(widths).filter(|(_, width)| !even && *width > 0.0) {
            let (left, top, w, h) = match *side {
                "top" => (x, y, rect.width(), width),
                "bottom" => (x, y + rect.height() - width, rect.width(), width),
                "left" => (x, y, width, rect.height()),
                _ => (x + rect.width() - width, y, width, rect.height()),
            };
            let fill = paint_attribute("fill", &value(&format!("border-{side}-color"))?);
            let _ = write!(self.out, "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{w:.1}\" height=\"{h:.1}\"{fill}/>");
        }
        Ok(())
    }

    /// A drawing within the page, as large as it is there.
    fn drawing(&mut self, element: &Element, style: &CssStyleDeclaration) -> Result<(), JsValue> {
        let rect = element.get_bounding_client_rect();
        let (x, y) = self.place(&rect);
        let wide = f64::from(element.client_width()).max(1.0);
        let visible = style.get_property_value("overflow")? == "visible";
        let k = if visible && wide <= 1.0 { rect.width() } else { rect.width() / wide };
        let _ = write!(
            self.out,
            "<svg x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" overflow=\"{}\"",
            rect.width(),
            rect.height(),
            if visible { "visible" } else { "hidden" }
        );
        match element.get_attribute("viewBox") {
            Some(view) => {
                let _ = write!(self.out, " viewBox=\"{}\"", escaped(&view));
                if let Some(fit) = element.get_attribute("preserveAspectRatio") {
                    let _ = write!(self.out, " preserveAspectRatio=\"{}\"", escaped(&fit));
                }
                self.out.push('>');
                self.shapes_in(element)?;
            }
            None => {
                let _ = write!(self.out, "><g transform=\"scale({k:.4})\">");
                self.shapes_in(element)?;
                self.out.push_str("</g>");
            }
        }
        self.out.push_str("</svg>");
        Ok(())
    }

    fn shapes_in(&mut self, element: &Element) -> Result<(), JsValue> {
        let nodes = element.child_nodes();
        for node in (0..nodes.length()).filter_map(|i| nodes.item(i)) {
            match node.dyn_ref::<Element>() {
                Some(child) => self.shape(child)?,
                None if node.node_type() == Node::TEXT_NODE && element.tag_name().starts_with('t') => {
                    self.out.push_str(&escaped(&node.node_value().unwrap_or_default()));
                }
                None => {}
            }
        }
        Ok(())
    }

    /// An element of a drawing, with the style that the page gives it.
    fn shape(&mut self, element: &Element) -> Result<(), JsValue> {
        let name = element.tag_name();
        if !SHAPES.contains(&format!(" {name} ")) || element.matches(LEFT_OUT)? {
            return Ok(());
        }
        let style = self.style(element)?;
        let value = |name: &str| style.get_property_value(name);
        if value("display")? == "none" || value("visibility")? == "hidden" {
            return Ok(());
        }
        let _ = write!(self.out, "<{name}");
        for attribute in ATTRIBUTES {
            if let Some(given) = element.get_attribute(attribute).filter(|given| !given.is_empty()) {
                let _ = write!(self.out, " {attribute}=\"{}\"", escaped(&given));
            }
        }
        if !matches!(name.as_str(), "g" | "svg" | "defs" | "pattern") {
            self.out.push_str(&paint_attribute("fill", &value("fill")?));
            let stroke = value("stroke")?;
            if stroke != "none" {
                self.out.push_str(&paint_attribute("stroke", &stroke));
                self.given(
                    &style,
                    &[
                        "stroke-width",
                        "stroke-dasharray",
                        "stroke-linecap",
                        "stroke-linejoin",
                        "vector-effect",
                        "paint-order",
                    ],
                )?;
            }
            self.given(&style, &["fill-opacity"])?;
            if name.starts_with('t') {
                self.given(
                    &style,
                    &["font-size", "font-weight", "text-anchor", "dominant-baseline", "font-variant-numeric"],
                )?;
            }
        }
        self.given(&style, &["opacity"])?;
        self.out.push('>');
        self.shapes_in(element)?;
        let _ = write!(self.out, "</{name}>");
        Ok(())
    }

    /// Style that is not as it always is.
    fn given(&mut self, style: &CssStyleDeclaration, names: &[&str]) -> Result<(), JsValue> {
        for name in names {
            let value = style.get_property_value(name)?;
            if !matches!(
                value.as_str(),
                "" | "none" | "normal" | "auto" | "1" | "1px" | "butt" | "miter" | "start" | "400"
            ) {
                let _ = write!(self.out, " {name}=\"{}\"", escaped(value.trim_end_matches("px")));
            }
        }
        Ok(())
    }

    /// Lines of text where they are; each is a text of its own.
    fn text(&mut self, parent: &Element, node: &Node) -> Result<(), JsValue> {
        let text = node.node_value().unwrap_or_default();
        if text.trim().is_empty() {
            return Ok(());
        }
        let style = self.style(parent)?;
        let value = |name: &str| style.get_property_value(name);
        let layout = parent.dyn_ref::<web_sys::HtmlElement>().map_or(0, |e| e.offset_width());
        let bounds = parent.get_bounding_client_rect();
        let k = if layout > 0 { bounds.width() / f64::from(layout) } else { 1.0 };
        let size: f64 = value("font-size")?.trim_end_matches("px").parse().unwrap_or(13.0);
        let attributes = format!(
            " font-size=\"{:.2}\" font-weight=\"{}\" dominant-baseline=\"central\"{}",
            size * k,
            escaped(&value("font-weight")?),
            paint_attribute("fill", &value("color")?)
        );
        let clips = value("overflow-x")? == "hidden";
        for (line, rect) in self.lines(node, &text)? {
            let (x, y) = self.place(&rect);
            let shown = if clips { bounds.right() - rect.left() } else { f64::INFINITY };
            let _ = write!(
                self.out,
                "<text x=\"{x:.1}\" y=\"{:.1}\"{attributes}>{}</text>",
                y + rect.height() / 2.0,
                escaped(&shortened(&line, shown, rect.width()))
            );
        }
        Ok(())
    }

    /// A text as it is broken into lines, with the place of each.
    fn lines(&self, node: &Node, text: &str) -> Result<Vec<(String, DomRect)>, JsValue> {
        self.range.select_node_contents(node)?;
        let whole = self.range.get_bounding_client_rect();
        let one_line = self.range.get_client_rects().is_none_or(|rects| rects.length() <= 1);
        if one_line {
            return Ok(vec![(text.trim().to_owned(), whole)]);
        }
        let mut lines: Vec<(String, DomRect)> = Vec::new();
        let mut at = 0;
        for word in text.split_inclusive(char::is_whitespace) {
            // The browser counts in units of UTF-16.
            let end = at + word.encode_utf16().count() as u32;
            self.range.set_start(node, at)?;
            self.range.set_end(node, end)?;
            at = end;
            let rect = self.range.get_bounding_client_rect();
            match lines.last_mut() {
                Some((line, first)) if (first.top() - rect.top()).abs() < rect.height() / 2.0 => line.push_str(word),
                _ => lines.push((word.to_owned(), rect)),
            }
        }
        Ok(lines)
    }
}

/// A picture as the browser paints it.
///
/// # Errors
/// What the browser refused.
pub async fn painted(svg: &str) -> Result<HtmlImageElement, JsValue> {
    let url = web_sys::Url::create_object_url_with_blob(&super::files::blob(svg, "image/svg+xml")?)?;
    let image = HtmlImageElement::new()?;
    image.set_src(&url);
    let decoded = JsFuture::from(image.decode()).await;
    web_sys::Url::revoke_object_url(&url)?;
    decoded.map(|_| image)
}

/// What is drawn on a canvas with.
pub(super) fn context(canvas: &HtmlCanvasElement) -> Result<CanvasRenderingContext2d, JsValue> {
    canvas.get_context("2d")?.and_then(|c| c.dyn_into().ok()).ok_or_else(|| "no canvas".into())
}

/// A picture as PNG.
///
/// # Errors
/// What the browser refused.
pub async fn png(still: &Still) -> Result<Blob, JsValue> {
    let image = painted(&still.svg).await?;
    let document = web_sys::window().and_then(|w| w.document()).ok_or("no document")?;
    let canvas: HtmlCanvasElement = document.create_element("canvas")?.dyn_into()?;
    let pixels = |css: f64| (css * PNG_SCALE).round();
    let (width, height) = (pixels(still.size.0), pixels(still.size.1));
    canvas.set_width(width as u32);
    canvas.set_height(height as u32);
    let context = context(&canvas)?;
    context.draw_image_with_html_image_element_and_dw_and_dh(&image, 0.0, 0.0, width, height)?;
    let promise = js_sys::Promise::new(&mut |done, failed| {
        if let Err(error) = canvas.to_blob(&done) {
            // The promise is there, so it can be told.
            let _ = failed.call1(&JsValue::NULL, &error);
        }
    });
    JsFuture::from(promise).await?.dyn_into().map_err(|_| "the browser made no PNG".into())
}
