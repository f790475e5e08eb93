//! `index.html` as the light path writes it: the same page that trunk writes, from the same `data-trunk` links.
//!
//! Only the kinds of asset that the page uses are understood; any other is an error, so that the two ways to build cannot
//! drift apart unnoticed.

use crate::Failure;

/// A file or directory that the page needs next to itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// Where it lies, relative to `index.html`.
    pub source: String,
    /// Where it goes, relative to the output directory; a directory's content goes there for `copy-dir`.
    pub destination: String,
}

/// The page to write and what has to lie beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The text of the finished `index.html`.
    pub html: String,
    /// Files and directories to copy.
    pub assets: Vec<Asset>,
}

/// Rewrites the source page for an application whose glue is `NAME.js` and whose wasm is `NAME_bg.wasm`.
pub fn render(source: &str, name: &str) -> Result<Page, Failure> {
    let mut html = String::with_capacity(source.len() + 1024);
    let mut assets = Vec::new();
    let mut applications = 0;
    let mut rest = source;
    while let Some(at) = rest.find('<') {
        html.push_str(&rest[..at]);
        rest = &rest[at..];
        let is_comment = rest.starts_with("<!--");
        let end = if is_comment { rest.find("-->").map(|at| at + 3) } else { tag_length(rest) };
        let (tag, after) = rest.split_at(
            end.ok_or_else(|| format!("index.html: the tag that starts with {:?} does not end", start_of(rest)))?,
        );
        rest = after;
        if is_comment {
            html.push_str(tag);
            continue;
        }
        let attributes = attributes_of(tag);
        let get = |key: &str| attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
        if get("data-trunk").is_none() {
            html.push_str(tag);
            let (verbatim, after) = rest.split_at(raw_text_length(tag, rest));
            html.push_str(verbatim);
            rest = after;
            continue;
        }
        let href = || get("href").ok_or_else(|| format!("index.html: {tag} needs a href to say what it means"));
        match get("rel") {
            Some("rust") => {
                applications += 1;
                html.push_str(&initializer(name));
            }
            Some(rel @ ("css" | "icon")) => {
                let source = href()?;
                let file = file_name(source);
                let rel = if rel == "css" { "stylesheet" } else { rel };
                let mut written = format!(r#"<link rel="{rel}" href="./{file}""#);
                for (key, value) in &attributes {
                    if !matches!(key.as_str(), "rel" | "href") && !key.starts_with("data-") {
                        written.push_str(&format!(r#" {key}="{value}""#));
                    }
                }
                html.push_str(&written);
                html.push_str(" />");
                assets.push(Asset { source: source.to_owned(), destination: file.to_owned() });
            }
            Some(rel @ ("copy-file" | "copy-dir")) => {
                let source = href()?;
                let file = file_name(source);
                let destination = match (get("data-target-path"), rel) {
                    (Some(place), "copy-dir") => place.trim_matches('/').to_owned(),
                    (Some(place), _) => format!("{}/{file}", place.trim_matches('/')),
                    (None, _) => file.to_owned(),
                };
                assets.push(Asset { source: source.to_owned(), destination });
            }
            other => {
                return Err(format!(
                    "index.html: the light path knows rel=rust, css, icon, copy-file and copy-dir, not {}; \
                     use one of them, or teach it the new one in xtask/src/html.rs",
                    other.unwrap_or("a data-trunk tag without rel")
                ));
            }
        }
    }
    html.push_str(rest);
    if applications != 1 {
        return Err(format!("index.html: one <link data-trunk rel=\"rust\" …> is needed, {applications} found"));
    }
    let head = html.find("</head>").ok_or("index.html: there is no </head> to put the preload links before")?;
    html.insert_str(head, &preloads(name));
    Ok(Page { html, assets })
}

/// The playground finds its own glue and wasm by these two links, to hand them to its worker. Trunk writes the same.
fn preloads(name: &str) -> String {
    format!(
        concat!(
            r#"<link rel="modulepreload" href="./{0}.js" crossorigin="anonymous" />"#,
            r#"<link rel="preload" href="./{0}_bg.wasm" crossorigin="anonymous" as="fetch" type="application/wasm" />"#,
            "\n",
        ),
        name
    )
}

fn initializer(name: &str) -> String {
    format!(
        r#"<script type="module">
import init, * as bindings from './{name}.js';
const wasm = await init({{ module_or_path: './{name}_bg.wasm' }});
window.wasmBindings = bindings;
dispatchEvent(new CustomEvent("TrunkApplicationStarted", {{detail: {{wasm}}}}));
</script>"#
    )
}

fn file_name(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

fn start_of(text: &str) -> String {
    text.chars().take(40).collect()
}

/// The length of the tag at the start of `text`; a `>` inside quotes does not end it.
fn tag_length(text: &str) -> Option<usize> {
    // A `<` that starts no tag stands for itself.
    if !text[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') {
        return Some(1);
    }
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, '>') => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// How much of `rest` belongs to the script or style that `tag` opens, where `<` and quotes mean nothing.
fn raw_text_length(tag: &str, rest: &str) -> usize {
    let lower = tag.to_ascii_lowercase();
    let Some(close) = ["script", "style"]
        .into_iter()
        .find(|name| {
            lower[1..].strip_prefix(name).is_some_and(|after| !after.starts_with(|c: char| c.is_ascii_alphanumeric()))
        })
        .map(|name| format!("</{name}"))
    else {
        return 0;
    };
    rest.to_ascii_lowercase().find(&close).unwrap_or(rest.len())
}

/// The attributes of a tag, names in lower case; those without a value have an empty one.
fn attributes_of(tag: &str) -> Vec<(String, String)> {
    let inside = tag.trim_start_matches('<').trim_end_matches('>').trim_end_matches('/');
    let Some(start) = inside.find(char::is_whitespace) else {
        return Vec::new();
    };
    let mut rest = inside[start..].trim_start();
    let mut attributes = Vec::new();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            (value, rest) = match after.chars().next() {
                Some(quote @ ('"' | '\'')) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
                _ => after.split_once(char::is_whitespace).unwrap_or((after, "")),
            };
        }
        if !name.is_empty() {
            attributes.push((name, value.to_owned()));
        }
        rest = rest.trim_start();
        if rest.starts_with('=') {
            rest = rest[1..].trim_start();
        }
    }
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"<!doctype html>
<html><head>
  <!-- <link data-trunk rel="sass" href="old.scss"> -->
  <link data-trunk rel="rust" data-wasm-opt="0" href="playground/Cargo.toml" />
  <link rel="css" data-trunk href="playground/style.css" media="screen">
  <link data-trunk rel='icon' type="image/svg+xml" href='playground/icon.svg'>
  <link data-trunk rel="copy-dir" href="scenarios">
  <link data-trunk rel="copy-file" href="LICENSE-MIT" data-target-path="legal">
  <script>if (1 <b && "a>b") { console.log("it's"); }</script>
</head><body></body></html>
"#;

    #[test]
    fn the_page_is_the_one_trunk_would_write() {
        let page = render(SOURCE, "app").unwrap();
        let html = &page.html;
        assert!(html.contains("import init, * as bindings from './app.js'"), "{html}");
        assert!(html.contains(r#"<link rel="modulepreload" href="./app.js" crossorigin="anonymous" />"#), "{html}");
        assert!(
            html.contains(r#"<link rel="preload" href="./app_bg.wasm" crossorigin="anonymous" as="fetch""#),
            "{html}"
        );
        assert!(html.contains(r#"<link rel="stylesheet" href="./style.css" media="screen" />"#), "{html}");
        assert!(html.contains(r#"<link rel="icon" href="./icon.svg" type="image/svg+xml" />"#), "{html}");
        assert!(html.contains(r#"<!-- <link data-trunk rel="sass""#), "a comment is left alone: {html}");
        assert!(html.contains(r#"if (1 <b && "a>b") { console.log("it's"); }"#), "a script is left alone: {html}");
        let places: Vec<_> =
            page.assets.iter().map(|asset| (asset.source.as_str(), asset.destination.as_str())).collect();
        assert_eq!(
            places,
            [
                ("playground/style.css", "style.css"),
                ("playground/icon.svg", "icon.svg"),
                ("scenarios", "scenarios"),
                ("LICENSE-MIT", "legal/LICENSE-MIT"),
            ]
        );
    }

    #[test]
    fn every_url_is_relative_so_that_a_sub_path_works() {
        let page = render(SOURCE, "app").unwrap();
        for start in ["href=\"/", "src=\"/", "'/"] {
            assert!(!page.html.contains(start), "{start} in {}", page.html);
        }
    }

    #[test]
    fn what_it_does_not_know_is_an_error_and_not_left_out() {
        let sass = SOURCE.replace("rel=\"css\"", "rel=\"sass\"");
        assert!(render(&sass, "app").unwrap_err().contains("not sass"));
        let none = "<html><head></head></html>";
        assert!(render(none, "app").unwrap_err().contains("0 found"));
        assert!(render("<html><head", "app").unwrap_err().contains("does not end"));
    }
}
