//! Reading files. Everything that is wrong goes to standard error, with its place.

use crate::output::complain;
use floodgate::trace::TRACE_BYTES_MAX;
use floodgate::{ControlLog, Files, Registry, Scenario};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// A scenario and the text it was read from.
pub(crate) struct Source {
    pub(crate) file: String,
    pub(crate) text: String,
    pub(crate) scenario: Scenario,
}

/// Reads a scenario. `None` when that cannot be done; then it has been told why.
pub(crate) fn scenario(file: &str) -> Option<Source> {
    let bytes = read(file, floodgate::scenario::FILE_BYTES_MAX)?;
    let folder = std::path::Path::new(file).parent().map(Into::into).unwrap_or_default();
    match Scenario::load_bytes_among(&bytes, &Registry::builtin(), &Beside { folder }) {
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

/// The files that lie beside a scenario, and below.
struct Beside {
    folder: PathBuf,
}

impl Files for Beside {
    fn text(&self, name: &str) -> Result<Arc<str>, String> {
        let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        if !inside {
            return Err("is not named as one that lies beside the scenario or in a folder there".to_owned());
        }
        match read_limited(&self.folder.join(name).to_string_lossy(), TRACE_BYTES_MAX) {
            Ok(Ok(bytes)) if bytes.len() > TRACE_BYTES_MAX => Err(format!("has more than {TRACE_BYTES_MAX} bytes")),
            Ok(Ok(bytes)) => String::from_utf8(bytes).map(Arc::from).map_err(|_| "is not UTF-8 text".to_owned()),
            Ok(Err(size)) => Err(format!("has {size} bytes, more than the limit of {TRACE_BYTES_MAX}")),
            Err(error) => Err(format!("cannot be read: {error}")),
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
