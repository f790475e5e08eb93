//! The shelf on which the browser keeps work: one entry for each piece of work, the newest few.
//!
//! Each tab writes to an entry of its own, so tabs cannot undo each other's work. What a newer version wrote is left alone;
//! what cannot be read is moved out of the way, not thrown away.

use crate::keep::Kept;
use floodgate::order::Order as _;
use serde_json::{Value, json};

/// Format of an entry.
const FORMAT: u64 = 1;
/// Entries kept.
pub const WORKS_MAX: usize = 12;
/// Characters that all entries together may take; a browser has room for about five million.
const CHARS_MAX: usize = 2 << 20;
/// Every key begins with this, entries go on with `work.`.
const PREFIX: &str = "floodgate.work.";
/// Where the last entry goes that could not be read.
const BROKEN: &str = "floodgate.broken";

/// Texts by name that outlive the page.
pub trait Store {
    /// All names.
    fn keys(&self) -> Vec<String>;
    /// A text.
    fn get(&self, key: &str) -> Option<String>;
    /// Puts a text; false when there is no room.
    fn set(&self, key: &str, value: &str) -> bool;
    /// Takes a text away.
    fn remove(&self, key: &str);
}

/// A piece of work.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    /// Identity.
    pub id: String,
    /// Name of its scenario.
    pub name: String,
    /// When it was saved, in milliseconds since 1970.
    pub saved_ms: f64,
    /// It is kept, but does not come back by itself.
    pub aside: bool,
    /// The run, encoded.
    pub run: String,
}

/// What is on the shelf, the newest first.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Content {
    /// What can be opened.
    pub works: Vec<Work>,
    /// Names of what a newer version wrote.
    pub newer: Vec<String>,
    /// How many could not be read.
    pub broken: usize,
}

enum Read {
    Work(Work),
    Newer(String),
    Broken,
}

fn read(id: &str, text: &str) -> Read {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return Read::Broken };
    let word = |key: &str| value[key].as_str().map(str::to_owned);
    let name = word("name").unwrap_or_else(|| "without a name".to_owned());
    match value["format"].as_u64() {
        Some(FORMAT) => {}
        Some(newer) if newer > FORMAT => return Read::Newer(name),
        _ => return Read::Broken,
    }
    let (Some(saved_ms), Some(run)) = (value["saved_ms"].as_f64(), word("run")) else { return Read::Broken };
    let aside = value["aside"].as_bool().unwrap_or(false);
    Read::Work(Work { id: id.to_owned(), name, saved_ms, aside, run })
}

/// What is on the shelf. What cannot be read is moved out of the way.
#[must_use]
pub fn content(store: &dyn Store) -> Content {
    let mut content = Content::default();
    for key in store.keys() {
        let Some(id) = key.strip_prefix(PREFIX) else { continue };
        let Some(text) = store.get(&key) else { continue };
        match read(id, &text) {
            Read::Work(work) => content.works.push(work),
            Read::Newer(name) => content.newer.push(name),
            Read::Broken => {
                content.broken += 1;
                store.set(BROKEN, &text);
                store.remove(&key);
            }
        }
    }
    content.works.order_by(|a, b| b.saved_ms.total_cmp(&a.saved_ms).then_with(|| a.id.cmp(&b.id)));
    content
}

/// The run of an entry.
///
/// # Errors
/// What is wrong with it; it then is out of the way.
pub fn run_of(store: &dyn Store, work: &Work) -> Result<Kept, String> {
    Kept::decode(&work.run).inspect_err(|_| {
        store.set(BROKEN, &work.run);
        store.remove(&key(&work.id));
    })
}

fn key(id: &str) -> String {
    format!("{PREFIX}{id}")
}

/// Puts an entry on the shelf, in place of the one that has its id. Where room is short, the oldest others go; false when
/// there is no room even then.
pub fn put(store: &dyn Store, work: &Work) -> bool {
    let Work { id, name, saved_ms, aside, run } = work;
    let text = json!({ "format": FORMAT, "name": name, "saved_ms": saved_ms, "aside": aside, "run": run }).to_string();
    let mut others: Vec<Work> = content(store).works.into_iter().filter(|w| w.id != *id).collect();
    let mut gone = Vec::new();
    let mut make_room = || {
        let Some(oldest) = others.pop() else { return false };
        let key = key(&oldest.id);
        gone.push((store.get(&key).unwrap_or_default(), key.clone()));
        store.remove(&key);
        true
    };
    // Both loops end: each time there is one less.
    while !store.set(&key(id), &text) {
        if !make_room() {
            // It was for nothing: what went comes back.
            for (text, key) in &gone {
                store.set(key, text);
            }
            return false;
        }
    }
    let mut others = content(store).works;
    let mut chars = others.iter().map(|w| w.run.len()).sum::<usize>();
    while others.len() > WORKS_MAX || (chars > CHARS_MAX && others.len() > 1) {
        let oldest = others.iter().rposition(|w| w.id != *id).unwrap_or(0);
        let oldest = others.remove(oldest);
        chars -= oldest.run.len();
        store.remove(&key(&oldest.id));
    }
    true
}

/// Takes an entry off the shelf.
pub fn forget(store: &dyn Store, id: &str) {
    store.remove(&key(id));
}

/// How long ago something was, for people.
#[must_use]
pub fn ago(ms: f64) -> String {
    match ms / 60_000.0 {
        m if m < 1.0 => "just now".to_owned(),
        m if m < 60.0 => format!("{m:.0} min ago"),
        m if m < 48.0 * 60.0 => format!("{:.0} h ago", m / 60.0),
        m => format!("{:.0} days ago", m / 1440.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    #[derive(Default)]
    struct Memory {
        texts: RefCell<BTreeMap<String, String>>,
        room: usize,
    }

    impl Store for Memory {
        fn keys(&self) -> Vec<String> {
            self.texts.borrow().keys().cloned().collect()
        }
        fn get(&self, key: &str) -> Option<String> {
            self.texts.borrow().get(key).cloned()
        }
        fn set(&self, key: &str, value: &str) -> bool {
            let mut texts = self.texts.borrow_mut();
            let others: usize = texts.iter().filter(|(k, _)| *k != key).map(|(k, v)| k.len() + v.len()).sum();
            let fits = others + key.len() + value.len() <= self.room;
            if fits {
                texts.insert(key.to_owned(), value.to_owned());
            }
            fits
        }
        fn remove(&self, key: &str) {
            self.texts.borrow_mut().remove(key);
        }
    }

    fn memory(room: usize) -> Memory {
        Memory { room, ..Memory::default() }
    }

    fn work(number: usize, length: usize) -> Work {
        let kept = Kept { text: format!("{number}").repeat(length), ..Kept::default() };
        let run = kept.encode() + &"!".repeat(length);
        Work { id: number.to_string(), name: format!("work {number}"), saved_ms: number as f64, aside: false, run }
    }

    fn ids(store: &Memory) -> Vec<String> {
        content(store).works.into_iter().map(|w| w.id).collect()
    }

    #[test]
    fn the_newest_few_are_kept() {
        let store = memory(1 << 20);
        for i in 0..30 {
            assert!(put(&store, &work(i, 1)));
        }
        assert_eq!(ids(&store).len(), WORKS_MAX);
        assert_eq!(ids(&store)[0], "29");
        // The same work again takes no second place.
        assert!(put(&store, &Work { saved_ms: 99.0, ..work(20, 1) }));
        assert_eq!((ids(&store).len(), ids(&store)[0].as_str()), (WORKS_MAX, "20"));
    }

    #[test]
    fn the_oldest_make_room_and_where_there_is_none_nothing_is_lost() {
        let store = memory(4000);
        for i in 0..4 {
            assert!(put(&store, &work(i, 1000)));
        }
        let before = ids(&store);
        assert!(before.len() > 1 && before.len() < 4, "{before:?}");
        assert!(!put(&store, &work(8, 9000)), "there is no room for it at all");
        assert_eq!(ids(&store), before);
        assert!(put(&store, &work(9, 3000)));
        assert_eq!(ids(&store), ["9"]);
        let mut larger = work(9, 5000);
        larger.saved_ms = 10.0;
        assert!(!put(&store, &larger), "there is no room");
        assert_eq!(content(&store).works[0].saved_ms, 9.0, "what was kept before is still there");
    }

    #[test]
    fn what_cannot_be_read_is_moved_and_what_is_newer_is_left() {
        let store = memory(1 << 20);
        let newer = r#"{"format":2,"name":"from the future","what":[]}"#;
        for (key, text) in [("a", "{"), ("b", "[1,2]"), ("c", r#"{"format":1,"name":"n"}"#), ("d", newer)] {
            store.set(&format!("{PREFIX}{key}"), text);
        }
        store.set("other.app", "{");
        assert!(put(&store, &work(1, 1)));
        let found = content(&store);
        assert_eq!((found.works.len(), found.newer), (1, vec!["from the future".to_owned()]));
        assert_eq!(store.get(&format!("{PREFIX}d")).as_deref(), Some(newer));
        assert_eq!(store.get("other.app").as_deref(), Some("{"));
        assert!(store.get(BROKEN).is_some() && store.get(&format!("{PREFIX}a")).is_none());
        // An entry that looks well and is not.
        let bad = Work { run: "1.AAAA".to_owned(), ..work(3, 1) };
        assert!(put(&store, &bad));
        assert!(run_of(&store, &bad).is_err() && ids(&store) == ["1"]);
        assert_eq!(store.get(BROKEN).as_deref(), Some("1.AAAA"));
    }

    #[test]
    fn times_are_told_as_people_do() {
        let told: Vec<String> = [1e3, 125e3, 7.3e6, 4e8].map(ago).into();
        assert_eq!(told, ["just now", "2 min ago", "2 h ago", "5 days ago"]);
    }
}
