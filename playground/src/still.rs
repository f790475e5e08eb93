//! What a picture of the page needs and the page does not: colours that every program knows, text that is no markup, and a
//! line below that says what it is a picture of.

use std::fmt::Write as _;

/// Height of the line below, in CSS pixels.
pub const CAPTION: f64 = 34.0;

/// Text within SVG: nothing in it is markup, and no character in it is one that XML does not know.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

/// A colour as `#rrggbb` and its opacity, from what a browser says it computed. `None` where nothing is to be seen.
#[must_use]
pub fn paint(css: &str) -> Option<(String, f64)> {
    let css = css.trim();
    let (function, rest) = css.split_once('(')?;
    let (_, rest) = if function == "color" { rest.split_once(' ')? } else { ("", rest) };
    // Whole numbers to 255, or shares of one.
    let unit = if function == "color" { 255.0 } else { 1.0 };
    let numbers: Vec<f64> = rest
        .split([' ', ',', '/', ')'])
        .filter(|part| !part.is_empty())
        .map(|part| part.strip_suffix('%').map_or_else(|| part.parse(), |p| p.parse().map(|n: f64| n / 100.0)))
        .collect::<Result<_, _>>()
        .ok()?;
    let [r, g, b] = *numbers.first_chunk()?;
    let alpha = numbers.get(3).copied().unwrap_or(1.0);
    let byte = |share: f64| (share * unit).round().clamp(0.0, 255.0) as u8;
    (alpha > 0.0).then(|| (format!("#{:02x}{:02x}{:02x}", byte(r), byte(g), byte(b)), alpha))
}

/// An attribute with a colour, and one with its opacity where it has one.
#[must_use]
pub fn paint_attribute(name: &str, css: &str) -> String {
    match paint(css) {
        Some((color, alpha)) if alpha < 1.0 => format!(" {name}=\"{color}\" {name}-opacity=\"{alpha:.3}\""),
        Some((color, _)) => format!(" {name}=\"{color}\""),
        None if css.contains("url(") => format!(" {name}=\"{}\"", escaped(&css.replace(['"', '\''], ""))),
        None => format!(" {name}=\"none\""),
    }
}

/// As much of a line as its box shows, if `shown` of its `whole` width are to be seen.
#[must_use]
pub fn shortened(text: &str, shown: f64, whole: f64) -> String {
    let count = text.chars().count();
    if shown + 1.0 >= whole || count == 0 {
        return text.to_owned();
    }
    let kept = ((count as f64 * shown / whole) as usize).saturating_sub(1);
    text.chars().take(kept).chain(['…']).collect()
}

/// What a picture is of.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Caption {
    /// Name of the scenario.
    pub name: String,
    /// Virtual time, seed, digest: what makes it the same run elsewhere.
    pub facts: String,
    /// Ground, text and less important text.
    pub colors: [String; 3],
    /// Font family.
    pub font: String,
}

/// A whole picture, from what is on the stage.
#[must_use]
pub fn svg((width, height): (f64, f64), ground: &str, inside: &str, caption: &Caption) -> String {
    let [surface, text, muted] = caption.colors.each_ref().map(|c| paint(c).map_or_else(|| c.clone(), |p| p.0));
    let (all, middle) = (height + CAPTION, height + CAPTION / 2.0);
    let font = escaped(&caption.font);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{all}\" viewBox=\"0 0 {width} {all}\" font-family=\"{font}\">\n"
    );
    // Writing into a `String` cannot fail.
    let _ = write!(
        out,
        "<title>{name}, {facts}</title>\n<rect width=\"{width}\" height=\"{all}\"{ground}/>\n\
         <svg width=\"{width}\" height=\"{height}\">{inside}</svg>\n\
         <rect y=\"{height}\" width=\"{width}\" height=\"{CAPTION}\" fill=\"{surface}\"/>\n\
         <text x=\"12\" y=\"{middle}\" dominant-baseline=\"central\" font-size=\"13\" font-weight=\"600\" fill=\"{text}\">{name}</text>\n\
         <text x=\"{right}\" y=\"{middle}\" dominant-baseline=\"central\" text-anchor=\"end\" font-size=\"11.5\" fill=\"{muted}\">{facts}</text>\n</svg>\n",
        name = escaped(&shortened(&caption.name, width * 0.45, caption.name.chars().count() as f64 * 7.0)),
        facts = escaped(&caption.facts),
        ground = paint_attribute("fill", ground),
        right = width - 12.0,
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_as_browsers_say_them() {
        assert_eq!(paint("rgb(0, 114, 178)"), Some(("#0072b2".to_owned(), 1.0)));
        assert_eq!(paint("rgba(23, 32, 43, 0.06)"), Some(("#17202b".to_owned(), 0.06)));
        assert_eq!(paint("rgba(0, 0, 0, 0)"), None);
        assert_eq!(paint("color(srgb 0.5 0.25 1 / 0.4)"), Some(("#8040ff".to_owned(), 0.4)));
        assert_eq!(paint("none"), None);
        assert_eq!(paint("rgb(x)"), None);
        assert_eq!(paint_attribute("fill", "url(\"#hatch\")"), " fill=\"url(#hatch)\"");
        assert_eq!(paint_attribute("stroke", "rgba(0, 0, 0, 0.5)"), " stroke=\"#000000\" stroke-opacity=\"0.500\"");
    }

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(escaped("<b a=\"1\" c='2'>&\u{0}\u{b}\n"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp; ");
        let caption = Caption { name: "</title><script>".into(), facts: "\"&".into(), ..Caption::default() };
        let picture = svg((100.0, 50.0), "rgb(1, 2, 3)", "<g/>", &caption);
        assert!(
            !picture.contains("<script") && picture.contains("height=\"84\"") && picture.contains("fill=\"#010203\"")
        );
    }

    #[test]
    fn what_a_box_does_not_show_is_not_in_the_picture() {
        assert_eq!(shortened("Application servers", 190.0, 100.0), "Application servers");
        assert_eq!(shortened("Application servers", 50.0, 100.0), "Applicat…");
        assert_eq!(shortened("abc", 0.0, 100.0), "…");
    }
}
