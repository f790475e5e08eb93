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

/// All of them; the page opens on the first.
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
