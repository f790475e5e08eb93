//! What a visitor downloads, and what the wasm is made of.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::Failure;

/// The most that all files of the page may have together, by gzip.
pub const DOWNLOAD_MAX: u64 = 500_000;

/// A file of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its size by gzip at the highest level, as a web server sends it.
    pub gzip: u64,
}

/// The files that a visitor of a bundle downloads, the largest first.
pub fn download(bundle: &Path) -> Result<Vec<File>, Failure> {
    let failed = |error: std::io::Error| format!("{}: {error}", bundle.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(bundle).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        if !matches!(ending, Some("wasm" | "js" | "css" | "html")) {
            continue;
        }
        let content = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.push(File { name, bytes: content.len() as u64, gzip: gzip(&content)? });
    }
    files.sort_by_key(|file| std::cmp::Reverse(file.gzip));
    Ok(files)
}

fn gzip(content: &[u8]) -> Result<u64, Failure> {
    let failed = |error: std::io::Error| format!("gzip: {error}");
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).map_err(failed)?;
    Ok(encoder.finish().map_err(failed)?.len() as u64)
}

/// A line that says what a visitor downloads, and whether that is within the budget.
#[must_use]
pub fn summary(files: &[File]) -> String {
    let total: u64 = files.iter().map(|file| file.gzip).sum();
    let parts: Vec<String> = files.iter().map(|file| format!("{} {}", file.name, file.gzip / 1000)).collect();
    let verdict = if total <= DOWNLOAD_MAX { "within" } else { "ABOVE" };
    format!("download {} kB by gzip, {verdict} {} ({})", total / 1000, DOWNLOAD_MAX / 1000, parts.join(", "))
}

/// A function of a wasm file: its name, if the file keeps names, and its bytes.
type Function = (String, u64);

/// Prints which crates and which functions a wasm file is made of.
pub fn explain(wasm: &Path, functions_shown: usize) -> Result<(), Failure> {
    let content = std::fs::read(wasm).map_err(|error| format!("{}: {error}", wasm.display()))?;
    let mut functions = functions_of(&content).ok_or_else(|| format!("{} is damaged", wasm.display()))?;
    let total: u64 = functions.iter().map(|function| function.1).sum();
    let mut crates: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for (name, bytes) in &functions {
        let sum = crates.entry(crate_of(name)).or_default();
        *sum = (sum.0 + bytes, sum.1 + 1);
    }
    let mut crates: Vec<_> = crates.into_iter().collect();
    crates.sort_by_key(|(_, (bytes, _))| std::cmp::Reverse(*bytes));
    println!(
        "{total} bytes of code in {} functions\n\n   bytes  share  functions  crate (of the function; what is inlined counts there)",
        functions.len()
    );
    for (name, (bytes, count)) in crates.iter().take(24) {
        println!("{bytes:>8} {:>5.1}% {count:>10}  {name}", *bytes as f64 * 100.0 / total.max(1) as f64);
    }
    functions.sort_by_key(|function| std::cmp::Reverse(function.1));
    println!("\n   bytes  function");
    for (name, bytes) in functions.iter().take(functions_shown) {
        println!("{bytes:>8}  {}", name.chars().take(150).collect::<String>());
    }
    Ok(())
}

/// `<&mut a::b as c::D>::e` belongs to `a`.
fn crate_of(name: &str) -> String {
    let start = name.trim_start_matches(|c: char| !(c.is_alphanumeric() || c == '_'));
    let start = start.strip_prefix("mut ").or_else(|| start.strip_prefix("dyn ")).unwrap_or(start);
    start.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Reads the parts of the format that are needed: <https://webassembly.github.io/spec/core/binary/modules.html>.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        self.bytes(1).map(|bytes| bytes[0])
    }

    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number in LEB128.
    fn number(&mut self) -> Option<usize> {
        let (mut value, mut shift) = (0u64, 0);
        loop {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
            if byte < 0x80 {
                return usize::try_from(value).ok();
            }
        }
    }

    fn text(&mut self) -> Option<String> {
        let length = self.number()?;
        Some(String::from_utf8_lossy(self.bytes(length)?).into_owned())
    }
}

fn functions_of(wasm: &[u8]) -> Option<Vec<Function>> {
    let mut file = Reader(wasm);
    file.bytes(8)?;
    let (mut imported, mut sizes, mut names) = (0, Vec::new(), BTreeMap::new());
    while !file.0.is_empty() {
        let (kind, length) = (file.byte()?, file.number()?);
        let mut section = Reader(file.bytes(length)?);
        match kind {
            2 => imported = imported_functions(&mut section)?,
            10 => {
                for _ in 0..section.number()? {
                    let bytes = section.number()?;
                    section.bytes(bytes)?;
                    sizes.push(bytes as u64);
                }
            }
            0 if section.text()? == "name" => names = function_names(&mut section)?,
            _ => {}
        }
    }
    let named = |at: usize| names.get(&(at + imported)).cloned().unwrap_or_else(|| "(no name)".to_owned());
    Some(sizes.iter().enumerate().map(|(at, bytes)| (named(at), *bytes)).collect())
}

fn imported_functions(section: &mut Reader<'_>) -> Option<usize> {
    let mut functions = 0;
    for _ in 0..section.number()? {
        section.text()?;
        section.text()?;
        match section.byte()? {
            0 => {
                functions += 1;
                section.number()?;
            }
            // A table (which has a type before its limits), or a memory.
            kind @ (1 | 2) => {
                if kind == 1 {
                    section.byte()?;
                }
                let has_most = section.byte()? & 1 == 1;
                section.number()?;
                if has_most {
                    section.number()?;
                }
            }
            _ => drop(section.bytes(2)?),
        }
    }
    Some(functions)
}

fn function_names(section: &mut Reader<'_>) -> Option<BTreeMap<usize, String>> {
    let mut names = BTreeMap::new();
    while !section.0.is_empty() {
        let (kind, length) = (section.byte()?, section.number()?);
        let mut part = Reader(section.bytes(length)?);
        if kind == 1 {
            for _ in 0..part.number()? {
                names.insert(part.number()?, part.text()?);
            }
        }
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_belongs_to_the_crate_of_its_type() {
        assert_eq!(crate_of("<&mut serde_json::ser::Serializer<W,F> as serde_core::ser::Serializer>::x"), "serde_json");
        assert_eq!(crate_of("core::slice::sort::x"), "core");
        assert_eq!(crate_of("<alloc::vec::Vec<T> as core::clone::Clone>::clone"), "alloc");
    }

    #[test]
    fn functions_are_read_with_names_and_sizes() {
        // One imported function, one of three bytes, which is called `a::b`.
        let wasm = b"\0asm\x01\0\0\0\x02\x07\x01\x01m\x01f\0\0\x0a\x05\x01\x03\0\x01\x0b\0\x0e\x04name\x01\x07\x01\x01\x04a::b";
        assert_eq!(functions_of(wasm), Some(vec![("a::b".to_owned(), 3)]));
        assert_eq!(functions_of(&wasm[..30]), None);
    }

    #[test]
    fn the_summary_says_when_the_budget_is_exceeded() {
        let file = |gzip| File { name: "a.wasm".to_owned(), bytes: 2 * gzip, gzip };
        assert!(summary(&[file(400_000)]).contains("within"));
        assert!(summary(&[file(400_000), file(100_001)]).contains("ABOVE"));
    }
}
