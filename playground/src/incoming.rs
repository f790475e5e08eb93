//! Files that come from elsewhere: what they are, and whether they are small enough to be read at all.

use floodgate::control::LOG_BYTES_MAX;
use floodgate::scenario::FILE_BYTES_MAX;

/// What a file is taken for. What stands in it counts, not what it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A scenario: whatever is not a control log.
    Scenario,
    /// A control log.
    Log,
}

impl Kind {
    /// By what stands in it.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Kind {
        let start = &bytes[..bytes.len().min(400)];
        let first = start.iter().position(|b| !b.is_ascii_whitespace()).map_or(&[][..], |at| &start[at..]);
        // No TOML begins with a brace.
        if first.first() == Some(&b'{') { Kind::Log } else { Kind::Scenario }
    }

    /// Before it has been read, by its name.
    #[must_use]
    pub fn expected(name: &str) -> Kind {
        let name = name.to_lowercase();
        if name.ends_with(".jsonl") || name.ends_with(".json") { Kind::Log } else { Kind::Scenario }
    }

    fn bytes_max(self) -> usize {
        match self {
            Kind::Scenario => FILE_BYTES_MAX,
            Kind::Log => LOG_BYTES_MAX,
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
    Err(format!(
        "{name}: error: the file has {size} bytes, more than the limit of {limit}\n    help: a scenario is a short text; is this the right file?"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_it_counts() {
        assert_eq!(Kind::of(b"\n {\"floodgate_controls\":1}"), Kind::Log);
        assert_eq!(Kind::of(b"format = 1"), Kind::Scenario);
        assert_eq!(Kind::of(b""), Kind::Scenario);
        assert_eq!(Kind::of(&[0xff, 0xd8, 0xff]), Kind::Scenario);
        assert!(check_size("a.toml", 1e6).is_ok() && check_size("a.jsonl", 4e6).is_ok());
        assert!(check_size("film.mkv", 4e9).expect_err("large").contains("4000000000 bytes, more than the limit"));
    }
}
