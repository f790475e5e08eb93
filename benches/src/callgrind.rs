//! Instructions instead of time: counted by callgrind, the same on a busy machine as on an idle one.

use serde_json as _;
use std::path::Path;

/// Compares with the committed numbers.
///
/// # Errors
/// When a workload needs more than it may.
pub fn check(_target: &Path, _update: bool) -> Result<(), String> {
    Err("not yet".to_owned())
}
