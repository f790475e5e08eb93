//! Reading files. Everything that is wrong goes to standard error, with its place.

use crate::output::complain;
use floodgate::{ControlLog, Scenario};
use std::fs::File;
use std::io::{self, Read};

/// A scenario and the text it was read from.
pub(crate) struct Source {
    pub(crate) file: String,
    pub(crate) text: String,
    pub(crate) scenario: Scenario,
}

/// Reads a scenario. `None` when that cannot be done; then it has been told why.
pub(crate) fn scenario(file: &str) -> Option<Source> {
    let bytes = read(file, floodgate::scenario::FILE_BYTES_MAX)?;
    match Scenario::load_bytes(&bytes) {
        Ok(scenario) => {
            // What was loaded is UTF-8, so nothing is lost here.
            let text = String::from_utf8_lossy(&bytes).into_owned();
            Some(Source { file: file.to_string(), text, scenario })
        }
        Err(problems) => {
            complain(&problems.in_file(file).to_string());
            None
        }
    }
}

/// Reads a control log of a run of `scenario`, likewise.
pub(crate) fn controls(file: &str, scenario: &Scenario) -> Option<ControlLog> {
    let bytes = read(file, floodgate::control::LOG_BYTES_MAX)?;
    match ControlLog::parse_bytes(&bytes, scenario) {
        Ok(log) => Some(log),
        Err(problems) => {
            complain(&problems.in_file(file).to_string());
            None
        }
    }
}

/// The bytes of a file, a few more than `limit` at most: who gets so many refuses them.
fn read(file: &str, limit: usize) -> Option<Vec<u8>> {
    match read_limited(file, limit) {
        Ok(Ok(bytes)) => Some(bytes),
        Ok(Err(size)) => {
            complain(&format!("{file}: error: the file has {size} bytes, more than the limit of {limit}"));
            None
        }
        Err(error) => {
            complain(&format!("{file}: error: cannot read the file: {error}"));
            None
        }
    }
}

/// The inner error is the size of a file that is too large.
fn read_limited(file: &str, limit: usize) -> io::Result<Result<Vec<u8>, usize>> {
    let mut bytes = Vec::new();
    if file == "-" {
        io::stdin().lock().take(limit as u64 + 1).read_to_end(&mut bytes)?;
        return Ok(Ok(bytes));
    }
    let opened = File::open(file)?;
    let size = usize::try_from(opened.metadata()?.len()).unwrap_or(usize::MAX);
    if size > limit {
        return Ok(Err(size));
    }
    opened.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(Ok(bytes))
}
