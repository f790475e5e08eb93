//! A run as it is kept and passed on: scenario, seed, control log, and where it stands. The same text serves the share link
//! and the browser's storage.
//!
//! What comes from elsewhere is untrusted: its length is bounded, inflated as well as deflated, and whatever is wrong with it
//! is told in words.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The format of a run without files. It stands in front, so that a newer one is known as such.
const FORMAT: u32 = 1;
/// The format of a run with files, which follow it after another dot.
const FORMAT_FILES: u32 = 2;
/// Longest text of a run that is read, in characters.
pub const CHARS_MAX: usize = 4 << 20;
/// What it may inflate to, in bytes: a scenario as it was, as it is, and a long log.
const BYTES_MAX: usize = 4 << 20;
/// How hard the deflater tries, of 10: links are short texts, so all it can.
const LEVEL: u8 = 9;
/// Links up to this length, in characters, get through everywhere that is known of.
pub const LINK_CHARS_SAFE: usize = 2_000;
/// Longer ones are refused by some browsers.
pub const LINK_CHARS_MANY: usize = 32_000;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Kept {
    /// The scenario that the run began with.
    pub text: String,
    /// The scenario as it stands now; empty when it is the same.
    pub edited: String,
    /// The seed; `None` is the scenario's own.
    pub seed: Option<u64>,
    /// The control log, header and all; empty when nothing was done.
    pub log: String,
    /// Virtual time, in nanoseconds.
    pub at_ns: u64,
    /// The files that the scenario names and that do not come with the page, as [`pack`] makes them; empty is none.
    #[serde(skip)]
    pub files: Arc<str>,
}

impl Kept {
    /// The scenario as it stands.
    #[must_use]
    pub fn now(&self) -> &str {
        if self.edited.is_empty() { &self.text } else { &self.edited }
    }

    /// Whether it is the same work: another moment of it does not count.
    #[must_use]
    pub fn is_same_work(&self, other: &Kept) -> bool {
        let here = (&self.text, self.now(), self.seed, &self.log, &self.files);
        here == (&other.text, other.now(), other.seed, &other.log, &other.files)
    }

    /// How many things were done by hand.
    #[must_use]
    pub fn controls(&self) -> usize {
        self.log.lines().filter(|line| !line.trim().is_empty()).count().saturating_sub(1)
    }

    /// As letters, digits, `.`, `-` and `_`.
    #[must_use]
    pub fn encode(&self) -> String {
        match &*self.files {
            "" => format!("{FORMAT}.{}", pack(self)),
            files => format!("{FORMAT_FILES}.{}.{files}", pack(self)),
        }
    }

    /// Reads what [`Kept::encode`] wrote. What the texts say is not looked at.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn decode(text: &str) -> Result<Kept, String> {
        if text.len() > CHARS_MAX {
            return Err(format!("It is too large: {} characters, and {CHARS_MAX} are the limit.", text.len()));
        }
        let (format, packed) = text.trim().split_once('.').ok_or_else(|| broken("it does not say its format"))?;
        let format: u32 = format.parse().map_err(|_| broken("it does not say its format"))?;
        if format > FORMAT_FILES {
            return Err(format!(
                "It was made by a newer version of Floodgate: its format is {format}, and this page reads {FORMAT_FILES}."
            ));
        }
        if format < FORMAT {
            return Err(broken("there never was such a format"));
        }
        let (packed, files) = match format {
            FORMAT => (packed, ""),
            _ => packed.split_once('.').ok_or_else(|| broken("it is not whole"))?,
        };
        if !files.is_empty() {
            let _: Vec<(String, String)> = unpack(files)?;
        }
        Ok(Kept { files: files.into(), ..unpack(packed)? })
    }
}

fn broken(how: &str) -> String {
    format!("It is broken: {how}. It may have been cut off or changed on its way.")
}

/// Deflated, as letters, digits, `-` and `_`.
#[must_use]
pub fn pack<T: Serialize>(what: &T) -> String {
    base64(&miniz_oxide::deflate::compress_to_vec_zlib(&crate::wire::encode(what), LEVEL))
}

/// What [`pack`] packed.
///
/// # Errors
/// What is wrong with it, in words.
pub fn unpack<T: serde::de::DeserializeOwned>(packed: &str) -> Result<T, String> {
    // No whole number of bytes is so long.
    if packed.len() % 4 == 1 {
        return Err(broken("it is not whole"));
    }
    let packed = bytes(packed).ok_or_else(|| broken("there are characters in it that do not belong there"))?;
    let unpacked = miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(&packed, BYTES_MAX);
    let unpacked = unpacked.map_err(|error| match error.status {
        miniz_oxide::inflate::TINFLStatus::HasMoreOutput => {
            format!("It is too large: there are more than {BYTES_MAX} bytes in it.")
        }
        _ => broken("it is not whole"),
    })?;
    crate::wire::decode(&unpacked).ok_or_else(|| broken("there is something else in it"))
}

/// Whether a file holds what [`Kept::encode`] wrote.
#[must_use]
pub fn is_run(bytes: &[u8]) -> bool {
    let run = bytes.trim_ascii();
    run.first().is_some_and(u8::is_ascii_digit) && run.iter().all(|b| *b == b'.' || DIGITS.contains(b))
}

/// The part of an address that says which run to open.
#[must_use]
pub fn in_fragment(fragment: &str) -> Option<&str> {
    fragment.trim_start_matches('#').split('&').find_map(|part| part.strip_prefix("run="))
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// base64url without padding (RFC 4648 §5).
fn base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for i in 0..=chunk.len() {
            out.push(char::from(DIGITS[(word >> (18 - 6 * i)) as usize & 63]));
        }
    }
    out
}

/// What it stands for; `None` when it is none.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digit = |c: &u8| DIGITS.iter().position(|d| d == c).map(|i| i as u32);
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for chunk in text.as_bytes().chunks(4) {
        if chunk.len() == 1 {
            return None;
        }
        let mut word = 0;
        for i in 0..4 {
            word = word << 6 | chunk.get(i).map_or(Some(0), digit)?;
        }
        out.extend_from_slice(&word.to_be_bytes()[1..chunk.len()]);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kept() -> Kept {
        let text = include_str!("../../scenarios/single_server_avalanche.toml").to_owned();
        Kept {
            edited: String::new(),
            seed: Some(u64::MAX),
            log: "{}\n{\"at\":\"5s\"}\n".to_owned(),
            at_ns: 12,
            text,
            ..Kept::default()
        }
    }

    #[test]
    fn a_link_gives_back_what_went_in_and_is_short() {
        let (kept, link) = (kept(), kept().encode());
        assert_eq!(Kept::decode(&link), Ok(kept.clone()));
        assert!(link.len() < kept.text.len() * 2 / 3, "{} of {}", link.len(), kept.text.len());
        assert!(link.bytes().all(|b| b == b'.' || DIGITS.contains(&b)), "{link}");
        assert_eq!(in_fragment(&format!("#a=b&run={link}")), Some(link.as_str()));
        assert_eq!(in_fragment("#stage"), None);
        assert_eq!(kept.controls(), 1);
    }

    #[test]
    fn files_travel_with_the_run_and_without_them_nothing_changes() {
        let files = vec![("a.csv".to_owned(), "time\n1\n".to_owned())];
        let with = Kept { files: pack(&files).into(), ..kept() };
        let link = with.encode();
        assert_eq!(Kept::decode(&link), Ok(with.clone()));
        assert_eq!(unpack(&with.files), Ok(files));
        assert!(link.starts_with("2.") && link.contains(&kept().encode()[2..]), "the run itself is the same text");
        assert!(!with.is_same_work(&kept()) && with.is_same_work(&Kept { at_ns: 99, ..with.clone() }));
        assert!(Kept::decode(&link[..link.len() - 3]).is_err_and(|why| why.contains("not whole")));
        assert!(is_run(format!("{link}\n").as_bytes()) && is_run(kept().encode().as_bytes()));
        assert!(!is_run(b"format = 1") && !is_run(b"") && !is_run(b"{}"));
    }

    #[test]
    fn whatever_is_wrong_is_told_in_words() {
        let link = kept().encode();
        let said = |text: &str| Kept::decode(text).expect_err("it is wrong");
        for cut in 1..9 {
            assert!(said(&link[..link.len() - cut]).contains("not whole"), "{cut}");
        }
        assert!(said(&link.replacen("1.", "3.", 1)).contains("newer version"));
        assert!(said(&link.replacen("1.", "2.", 1)).contains("not whole"), "its files are missing");
        assert!(said(&link.replace("1.", "0.")).contains("never was"));
        assert!(said("").contains("format") && said("x.y").contains("format"));
        assert!(said(&link.replace("-", "!").replace('a', "!")).contains("characters"));
        assert!(said(&"1".repeat(CHARS_MAX + 1)).contains("too large"));
        let other = miniz_oxide::deflate::compress_to_vec_zlib(&[0xff; 9], 1);
        assert!(said(&format!("1.{}", base64(&other))).contains("something else"));
        // A changed letter does not go unnoticed.
        let at = link.len() / 2;
        let changed = if link.as_bytes()[at] == b'A' { "B" } else { "A" };
        said(&format!("{}{changed}{}", &link[..at], &link[at + 1..]));
    }

    #[test]
    fn a_bomb_is_refused_before_it_goes_off() {
        let bomb = miniz_oxide::deflate::compress_to_vec_zlib(&vec![b'a'; 64 << 20], 9);
        assert!(bomb.len() < 100_000);
        assert!(Kept::decode(&format!("1.{}", base64(&bomb))).expect_err("a bomb").contains("too large"));
    }

    proptest! {
        #[test]
        fn base64_gives_back_every_byte(given: Vec<u8>) {
            prop_assert_eq!(bytes(&base64(&given)), Some(given));
        }

        #[test]
        fn nothing_that_is_read_panics(text in "[0-9]?\\.?[A-Za-z0-9_-]{0,80}", noise: String) {
            let _ = (Kept::decode(&text), Kept::decode(&noise), Kept::decode(&format!("1.{text}")));
        }
    }
}
