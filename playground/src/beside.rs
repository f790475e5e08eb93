//! Files that scenarios name, such as recorded traffic: those that come with the page, and those that were dropped on it,
//! which stay as long as the page does and travel with the run that names them.
//!
//! Page and simulation may live in different threads; each has its own.

use crate::keep::{pack, unpack};
use floodgate::{Files, Problems, Scenario};
use std::cell::RefCell;
use std::sync::Arc;

/// By name.
const FILES: &[(&str, &str)] = &[("data/elastic_access.csv", include_str!("../../scenarios/data/elastic_access.csv"))];
/// Files that are kept beside those of the page.
pub const FILES_MAX: usize = 8;
/// What they may hold together, in bytes.
pub const BYTES_MAX: usize = 3 << 20;
/// Longest name of a file that is kept, in bytes.
const NAME_BYTES_MAX: usize = 200;

/// A name and a text.
pub type File = (String, Arc<str>);

#[derive(Default)]
struct Kept {
    files: Vec<File>,
    /// What was packed last: the names, and the text of it.
    packed: Option<(Vec<String>, Arc<str>)>,
}

thread_local! {
    static KEPT: RefCell<Kept> = RefCell::default();
}

/// What there is.
struct Beside;

impl Files for Beside {
    fn text(&self, name: &str) -> Result<Arc<str>, String> {
        let kept =
            KEPT.with_borrow(|kept| kept.files.iter().find(|(known, _)| is(name, known)).map(|(_, text)| text.clone()));
        let built = || FILES.iter().find(|(known, _)| *known == name).map(|(_, text)| Arc::from(*text));
        kept.or_else(built)
            .ok_or_else(|| format!("is not on this page, which has {}; drop it here", names().join(", ")))
    }
}

/// Whether `known` is the file that a scenario calls `name`: folders are not known here.
fn is(name: &str, known: &str) -> bool {
    name == known || name.rsplit('/').next() == Some(known)
}

/// The names of the files that a scenario may name.
#[must_use]
pub fn names() -> Vec<String> {
    let built = FILES.iter().map(|(known, _)| (*known).to_owned());
    KEPT.with_borrow(|kept| kept.files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>())
        .into_iter()
        .chain(built)
        .collect()
}

/// Keeps a file, in place of one of the same name; whether that changes anything. Where room is short, files that `text`, the
/// scenario on the page, does not name make room.
///
/// # Errors
/// Why it cannot be kept.
pub fn keep(name: &str, content: &str, text: &str) -> Result<bool, String> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return Err(format!(
            "{name}: error: a file's name has 1 to {NAME_BYTES_MAX} bytes\n    help: call it otherwise"
        ));
    }
    KEPT.with_borrow_mut(|kept| {
        if kept.files.iter().any(|(known, there)| known == name && **there == *content) {
            return Ok(false);
        }
        let mut files: Vec<File> = kept.files.iter().filter(|(known, _)| known != name).cloned().collect();
        let full = |files: &[File]| {
            files.len() >= FILES_MAX || files.iter().map(|f| f.1.len()).sum::<usize>() + content.len() > BYTES_MAX
        };
        while full(&files) {
            let Some(idle) = files.iter().position(|(known, _)| !text.contains(known.as_str())) else {
                return Err(format!(
                    "{name}: error: there is no room for the file: {FILES_MAX} files of {BYTES_MAX} bytes together are the \
                     limit\n    help: cut the recording shorter, or run it on the command line"
                ));
            };
            files.remove(idle);
        }
        files.push((name.to_owned(), Arc::from(content)));
        *kept = Kept { files, packed: None };
        Ok(true)
    })
}

/// All files that are kept, for the other thread.
#[must_use]
pub fn all() -> Vec<(String, String)> {
    KEPT.with_borrow(|kept| kept.files.iter().map(|(name, text)| (name.clone(), text.to_string())).collect())
}

/// Keeps these files and no others.
pub fn keep_only(files: Vec<(String, String)>) {
    let files = files.into_iter().map(|(name, text)| (name, text.into())).collect();
    KEPT.set(Kept { files, packed: None });
}

/// The files that a text names, as they travel with a run; empty when there are none.
#[must_use]
pub fn packed(text: &str) -> Arc<str> {
    KEPT.with_borrow_mut(|kept| {
        let named: Vec<&File> = kept.files.iter().filter(|(name, _)| text.contains(name.as_str())).collect();
        let names: Vec<String> = named.iter().map(|f| f.0.clone()).collect();
        if let Some((known, packed)) = &kept.packed
            && *known == names
        {
            return packed.clone();
        }
        let texts: Vec<(&str, &str)> = named.iter().map(|(name, text)| (name.as_str(), &**text)).collect();
        let packed: Arc<str> = if texts.is_empty() { Arc::default() } else { Arc::from(pack(&texts)) };
        kept.packed = Some((names, packed.clone()));
        packed
    })
}

/// Keeps what travelled with a run, whose scenario is `text`.
///
/// # Errors
/// What is wrong with it, or why it cannot be kept.
pub fn unpacked(packed: &str, text: &str) -> Result<(), String> {
    if packed.is_empty() {
        return Ok(());
    }
    let files: Vec<(String, String)> = unpack(packed)?;
    files.iter().try_for_each(|(name, content)| keep(name, content, text).map(drop))
}

/// Reads a scenario, which may name files that the page has.
///
/// # Errors
/// All problems.
pub fn load(text: &str) -> Result<Scenario, Problems> {
    Scenario::load_among(text, &Beside)
}

/// As [`load`], of what may not be text.
///
/// # Errors
/// All problems.
pub fn load_bytes(bytes: &[u8]) -> Result<Scenario, Problems> {
    Scenario::load_bytes_among(bytes, &floodgate::Registry::builtin(), &Beside)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "format = 1\nname = 't'\nuntil = '1s'\n[[node]]\nid = 'c'\nkind = 'clients'\nreplay = { file = 'data/log.csv' }\n\
                        [[node]]\nid = 's'\nkind = 'service'\n[[link]]\nfrom = 'c'\nto = 's'\n";

    #[test]
    fn a_file_that_was_dropped_is_read_and_travels_with_the_run() {
        keep_only(Vec::new());
        let why = load(TEXT).expect_err("the file is not there").to_string();
        assert!(why.contains("is not on this page") && why.contains("drop it here"), "{why}");
        assert_eq!(keep("log.csv", "time\n0.1\n0.2\n", TEXT), Ok(true));
        assert_eq!(keep("log.csv", "time\n0.1\n0.2\n", TEXT), Ok(false), "nothing new");
        assert!(load(TEXT).is_ok() && names()[0] == "log.csv");
        let there = packed(TEXT);
        assert!(!there.is_empty() && Arc::ptr_eq(&there, &packed(TEXT)), "packed once");
        assert!(packed("no file at all").is_empty());
        keep_only(Vec::new());
        assert_eq!(unpacked(&there, TEXT), Ok(()));
        assert!(load(TEXT).is_ok());
        assert!(unpacked(&there[1..], TEXT).is_err());
    }

    #[test]
    fn there_is_a_limit_and_what_is_not_used_makes_room() {
        keep_only(Vec::new());
        for i in 0..20 {
            assert_eq!(keep(&format!("{i}.csv"), "time\n1\n", ""), Ok(true));
        }
        assert_eq!(all().len(), FILES_MAX);
        assert!(keep("huge.csv", &"1\n".repeat(BYTES_MAX), "").is_err_and(|why| why.contains("no room")));
        let used: String = names().join(" ");
        assert!(keep("more.csv", "time\n1\n", &used).is_err(), "all are in use");
        assert!(keep("", "", "").is_err());
    }
}
