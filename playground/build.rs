//! Makes the gallery: one row for every file in `scenarios/`, with what its header says.

use std::fmt::Write as _;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../scenarios");
    match gallery(Path::new("../scenarios")) {
        Ok(rows) => {
            let out = std::env::var_os("OUT_DIR").unwrap_or_default();
            let written = std::fs::write(Path::new(&out).join("gallery.rs"), rows);
            written.unwrap_or_else(|error| println!("cargo::error=the gallery cannot be written: {error}"));
        }
        Err(why) => println!("cargo::error={why}"),
    }
}

fn gallery(folder: &Path) -> Result<String, String> {
    let listed = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths = listed.map(|entry| entry.map(|e| e.path())).collect::<Result<Vec<_>, _>>();
    let paths = paths.as_mut().map_err(|error| format!("{}: {error}", folder.display()))?;
    // The order of the gallery does not depend on the file system's.
    paths.sort();
    let mut rows = String::from("&[\n");
    for path in paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "toml")) {
        let said = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| said(&error))?;
        let document = toml_edit::Document::parse(text.as_str()).map_err(|error| said(&error))?;
        let header = |key: &str| document.get(key).and_then(toml_edit::Item::as_str).unwrap_or_default().to_owned();
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (name, description) = (header("name"), header("description"));
        let tag = Some(header("tag")).filter(|tag| !tag.is_empty()).unwrap_or_else(|| name.clone());
        // Writing into a `String` cannot fail.
        let _ = writeln!(
            rows,
            "    Exhibit {{ file: {file:?}, text: include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/../scenarios/\", {file:?})), \
             name: {name:?}, tag: {tag:?}, phenomenon: {:?}, description: {description:?} }},",
            header("phenomenon"),
        );
    }
    rows.push(']');
    Ok(rows)
}
