//! The scenarios that come with the page: one row each.

/// A scenario that comes with the page.
pub struct Exhibit {
    /// File name.
    pub file: &'static str,
    /// The file.
    pub text: &'static str,
    /// What it shows, in two or three words.
    pub tag: &'static str,
}

macro_rules! exhibits {
    ($($file:literal: $tag:literal),* $(,)?) => {
        &[$(Exhibit { file: $file, text: include_str!(concat!("../../scenarios/", $file)), tag: $tag }),*]
    };
}

/// What the page opens on.
#[must_use]
pub fn opening() -> &'static Exhibit {
    &GALLERY[0]
}

/// The one of this file.
#[must_use]
pub fn find(file: &str) -> Option<&'static Exhibit> {
    GALLERY.iter().find(|exhibit| exhibit.file == file)
}

/// All of them.
pub const GALLERY: &[Exhibit] = exhibits! {
    "single_server.toml": "Healthy",
    "single_server_avalanche.toml": "Avalanche",
    "single_server_defended.toml": "Defended",
};

#[cfg(test)]
mod tests {
    #[test]
    fn every_exhibit_is_sound() {
        for exhibit in super::GALLERY {
            assert_eq!(crate::sim::engine::check(exhibit.text, exhibit.file), Ok(()));
        }
    }
}
