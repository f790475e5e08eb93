//! Files that come from elsewhere: what they are, and whether they are small enough to be read at all.

use crate::{beside, keep};
use floodgate::control::LOG_BYTES_MAX;
use floodgate::scenario::FILE_BYTES_MAX;

/// What a file is taken for, in the order in which they are opened. What stands in it counts; what it is called only tells a
/// table from a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Recorded traffic, for a scenario to name.
    Data,
    /// A run with everything that belongs to it.
    Run,
    /// A scenario: whatever is nothing else.
    Scenario,
    /// A control log.
    Log,
}

impl Kind {
    /// By what stands in it, and by its name.
    #[must_use]
    pub fn of(name: &str, bytes: &[u8]) -> Kind {
        if keep::is_run(bytes) {
            return Kind::Run;
        }
        // A table or a log has no such line.
        let nodes = bytes.windows(8).any(|w| w == b"[[node]]");
        if Kind::expected(name) == Kind::Data && !nodes {
            return Kind::Data;
        }
        let start = &bytes[..bytes.len().min(400)];
        let first = start.iter().position(|b| !b.is_ascii_whitespace()).map_or(&[][..], |at| &start[at..]);
        // No TOML begins with a brace.
        if first.first() == Some(&b'{') { Kind::Log } else { Kind::Scenario }
    }

    /// Before it has been read, by its name.
    #[must_use]
    pub fn expected(name: &str) -> Kind {
        let name = name.to_lowercase();
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        match () {
            () if ends(&[".jsonl", ".json"]) => Kind::Log,
            () if ends(&[".csv", ".log", ".txt"]) => Kind::Data,
            () if ends(&[".floodgate"]) => Kind::Run,
            () => Kind::Scenario,
        }
    }

    fn bytes_max(self) -> usize {
        match self {
            Kind::Scenario => FILE_BYTES_MAX,
            Kind::Log => LOG_BYTES_MAX,
            Kind::Data => beside::BYTES_MAX,
            Kind::Run => keep::CHARS_MAX,
        }
    }
}

/// Why a file of this size is not read.
///
/// # Errors
/// That, as the command line says it.
pub fn check_size(name: &str, size: f64) -> Result<(), String> {
    let limit = Kind::expected(name).bytes_max();
    if size <= limit as f64 {
        return Ok(());
    }
    let help = match Kind::expected(name) {
        Kind::Data => "cut the recording shorter, or run it on the command line, which reads more",
        _ => "a scenario is a short text; is this the right file?",
    };
    Err(format!("{name}: error: the file has {size} bytes, more than the limit of {limit}\n    help: {help}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_it_counts() {
        for (name, bytes, kind) in [
            ("a", &b"\n {\"floodgate_controls\":1}"[..], Kind::Log),
            ("a.toml", b"format = 1", Kind::Scenario),
            ("a.txt", b"format = 1\n[[node]]\n", Kind::Scenario),
            ("a", b"", Kind::Scenario),
            ("a.png", &[0xff, 0xd8, 0xff], Kind::Scenario),
            ("a.CSV", b"time\n1\n", Kind::Data),
            ("access.log", b"1.2.3.4 - - [x] \"GET /\" 200 1", Kind::Data),
            ("a.csv", b"1.AbC-_", Kind::Run),
        ] {
            assert_eq!(Kind::of(name, bytes), kind, "{name}");
        }
        assert!(check_size("a.csv", 1e9).is_err_and(|why| why.contains("command line")));
        assert!(check_size("a.toml", 1e6).is_ok() && check_size("a.jsonl", 4e6).is_ok());
        assert!(check_size("film.mkv", 4e9).expect_err("large").contains("4000000000 bytes, more than the limit"));
    }
}
