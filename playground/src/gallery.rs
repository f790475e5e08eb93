//! The scenarios that come with the page: every file of `scenarios/`, put together by the build script.

use std::collections::BTreeMap;

/// A scenario that comes with the page.
#[derive(Debug, PartialEq, Eq)]
pub struct Exhibit {
    /// File name.
    pub file: &'static str,
    /// The file.
    pub text: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// The same in two or three words.
    pub tag: &'static str,
    /// What phenomenon it shows; empty where it is something to begin with.
    pub phenomenon: &'static str,
    /// What it shows, in a few sentences.
    pub description: &'static str,
}

/// All of them, in the order of their file names.
pub const GALLERY: &[Exhibit] = include!(concat!(env!("OUT_DIR"), "/gallery.rs"));

/// What the page opens on.
const OPENING: &str = "single_server.toml";

/// An empty canvas.
pub const BLANK: &str = "format = 1\nname = \"My system\"\nuntil = \"60s\"\n";

/// What the page opens on.
#[must_use]
pub fn opening() -> &'static Exhibit {
    // A test holds that it is there.
    find(OPENING).unwrap_or(&GALLERY[0])
}

/// The one of this file.
#[must_use]
pub fn find(file: &str) -> Option<&'static Exhibit> {
    GALLERY.iter().find(|exhibit| exhibit.file == file)
}

/// Those to begin with, what the page opens on first.
#[must_use]
pub fn templates() -> Vec<&'static Exhibit> {
    let mut templates: Vec<_> = GALLERY.iter().filter(|exhibit| exhibit.phenomenon.is_empty()).collect();
    if let Some(at) = templates.iter().position(|exhibit| exhibit.file == OPENING) {
        templates[..=at].rotate_right(1);
    }
    templates
}

/// The others by what they show, in the order of the alphabet.
#[must_use]
pub fn phenomena() -> BTreeMap<&'static str, Vec<&'static Exhibit>> {
    let mut phenomena: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for exhibit in GALLERY.iter().filter(|exhibit| !exhibit.phenomenon.is_empty()) {
        phenomena.entry(exhibit.phenomenon).or_default().push(exhibit);
    }
    phenomena
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gallery_is_the_folder() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .map(|entry| entry.map(|e| e.path()).unwrap_or_default())
            .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
            .map(|path| {
                (
                    path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                    std::fs::read_to_string(&path).ok(),
                )
            })
            .collect();
        files.sort();
        let shown: Vec<_> = GALLERY.iter().map(|e| (e.file.to_owned(), Some(e.text.to_owned()))).collect();
        assert_eq!(shown, files);
        assert!(find(OPENING).is_some(), "the page has nothing to open on");
    }

    #[test]
    fn every_exhibit_is_sound_and_says_what_it_is() {
        for exhibit in GALLERY {
            let scenario = crate::beside::load(exhibit.text).unwrap_or_else(|p| panic!("{}", p.in_file(exhibit.file)));
            assert_eq!((scenario.name.as_str(), scenario.description.as_str()), (exhibit.name, exhibit.description));
            assert_eq!(scenario.phenomenon, exhibit.phenomenon);
            assert!(!exhibit.description.is_empty() && !exhibit.tag.is_empty(), "{}", exhibit.file);
            assert!(!scenario.expectations.is_empty(), "{} expects nothing", exhibit.file);
        }
    }

    #[test]
    fn each_stands_once_in_the_gallery() {
        let shown = templates().len() + phenomena().values().map(Vec::len).sum::<usize>();
        assert_eq!(shown, GALLERY.len());
        assert_eq!(templates()[0], opening());
        assert!(crate::editor::Outline::read(BLANK).is_blank());
    }
}
