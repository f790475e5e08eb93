//! The rules that hold the workspace together, kept by tests rather than by memory: who may depend on whom, and tidiness.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What the engine and the models may not reach, however far down: a browser, an executor, a clock, an unseeded generator.
const FORBIDDEN: [&str; 13] = [
    "wasm-bindgen",
    "js-sys",
    "web-sys",
    "web-time",
    "gloo",
    "yew",
    "tokio",
    "async-std",
    "rayon",
    "getrandom",
    "chrono",
    "time",
    "reqwest",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace has a root")
}

fn cargo(arguments: &[&str]) -> String {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(program).current_dir(root()).args(arguments).output().expect("cargo runs");
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo prints text")
}

/// The dependencies that each package of the workspace declares for its normal build, on any platform.
fn declared() -> BTreeMap<String, BTreeSet<String>> {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1"])).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("there are packages");
    let text = |value: &Value| value.as_str().expect("a name").to_owned();
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("a list");
            let normal = dependencies.iter().filter(|dependency| dependency["kind"].is_null());
            (text(&package["name"]), normal.map(|dependency| text(&dependency["name"])).collect())
        })
        .collect()
}

/// Every package in the normal build of `package` for this machine, with the features it is built with.
fn built_with(package: &str) -> BTreeMap<String, BTreeSet<String>> {
    let tree = cargo(&[
        "tree",
        "--package",
        package,
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--no-dedupe",
        "--format",
        "{p}|{f}",
    ]);
    let mut packages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in tree.lines().filter(|line| !line.is_empty()) {
        let (name, features) = line.split_once('|').expect("the format has a bar");
        let name = name.split(' ').next().unwrap_or_default().to_owned();
        let features = features.split(',').filter(|feature| !feature.is_empty()).map(ToOwned::to_owned);
        packages.entry(name).or_default().extend(features);
    }
    packages
}

#[test]
fn the_arrows_between_the_crates_point_one_way() {
    let declared = declared();
    let own: BTreeSet<&str> = declared.keys().map(String::as_str).collect();
    let arrows_of = |package: &str| -> BTreeSet<&str> {
        declared[package].iter().map(String::as_str).filter(|name| own.contains(name)).collect()
    };
    assert_eq!(
        arrows_of("floodgate-core"),
        BTreeSet::new(),
        "the engine knows no component, no file format, no screen"
    );
    assert_eq!(arrows_of("floodgate"), BTreeSet::from(["floodgate-core"]), "models stand on the engine alone");
    for leaf in ["floodgate-bench", "floodgate-cli", "floodgate-playground", "floodgate-tests"] {
        for (package, dependencies) in &declared {
            assert!(!dependencies.contains(leaf), "{package} depends on {leaf}, on which nothing may depend");
        }
    }
    assert_eq!(arrows_of("xtask"), BTreeSet::new(), "xtask is what a fresh machine compiles first");
}

#[test]
fn the_engine_and_the_models_reach_no_browser_no_clock_and_no_entropy() {
    for package in ["floodgate-core", "floodgate"] {
        let reached = built_with(package);
        for forbidden in FORBIDDEN {
            assert!(
                !reached.contains_key(forbidden),
                "{package} reaches {forbidden}: `cargo tree -p {package} -e normal -i {forbidden}` shows how"
            );
        }
    }
}

/// Libraries that compute with `num-traits` take the platform's `ln` and `exp` when its feature `std` is on anywhere in the
/// build, and those differ between x86-64 and wasm32. The playground's charts switch it on for the browser. So the native
/// build must not have it, and nothing that simulates may use `num-traits` at all.
#[test]
fn no_float_function_depends_on_who_else_is_in_the_build() {
    for package in ["floodgate-core", "floodgate"] {
        let reached = built_with(package);
        assert_eq!(
            reached.get("num-traits"),
            None,
            "{package} reaches num-traits (with these features), whose functions differ between targets once anything turns `std` on: \
             `cargo tree -p {package} -e normal,features -i num-traits` shows how"
        );
    }
}

/// Text files under version control, by path relative to the root.
fn sources() -> Vec<(String, String)> {
    const TEXT: [&str; 12] = ["rs", "toml", "md", "html", "css", "mjs", "js", "json", "yml", "yaml", "sh", "txt"];
    const SKIPPED: [&str; 4] = ["target", "dist", "node_modules", ".git"];
    let root = root();
    let mut found = Vec::new();
    let mut open = vec![root.clone()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory of the project") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !SKIPPED.contains(&name.as_str()) {
                    open.push(path);
                }
                continue;
            }
            let is_text = path.extension().is_some_and(|ending| TEXT.iter().any(|text| ending == *text));
            if !is_text && directory.file_name().is_none_or(|place| place != ".ci") {
                continue;
            }
            let relative = path.strip_prefix(&root).expect("below the root").to_string_lossy().into_owned();
            // Files that are not UTF-8 are inputs of tests for just that.
            if let Ok(text) = std::fs::read_to_string(&path) {
                found.push((relative, text));
            }
        }
    }
    assert!(found.len() > 10, "the project's files were not found");
    found.sort();
    found
}

/// Where a line names a place of somebody's machine.
fn machine_path(line: &str) -> Option<&str> {
    // Written apart, so that this file does not find itself.
    let places = [
        concat!("/ho", "me/"),
        concat!("/Us", "ers/"),
        concat!("/ro", "ot/"),
        concat!("/wo", "rk/"),
        concat!("/wo", "rkspace/"),
        concat!("C:", "\\"),
        concat!("file:", "///"),
    ];
    places.into_iter().find(|place| {
        line.match_indices(place).any(|(at, _)| {
            // `docs.rs/work/…` and `a/root/b` are addresses, not places of a machine.
            !line[..at]
                .ends_with(|before: char| before.is_alphanumeric() || matches!(before, '.' | '-' | '_' | '}' | ')'))
        })
    })
}

#[test]
fn no_file_names_a_place_of_somebodys_machine() {
    let mut guilty = Vec::new();
    for (path, text) in sources() {
        for (at, line) in text.lines().enumerate() {
            if let Some(place) = machine_path(line) {
                guilty.push(format!("{path}:{}: {place}", at + 1));
            }
        }
    }
    assert!(guilty.is_empty(), "paths of one machine:\n{}", guilty.join("\n"));
}

#[test]
fn the_search_for_machine_paths_finds_them() {
    assert!(machine_path(concat!("open(\"/ho", "me/ada/floodgate\")")).is_some());
    assert!(machine_path(concat!("see /wo", "rk/floodgate")).is_some());
    assert!(machine_path("see https://example.org/work/floodgate and src/root/a").is_none());
}

/// What is not finished says so in an issue, not in a macro that waits for a user to find it.
#[test]
fn no_source_file_holds_a_placeholder() {
    let placeholders = [concat!("to", "do!("), concat!("unimpl", "emented!("), concat!("db", "g!(")];
    let mut guilty = Vec::new();
    for (path, text) in sources().into_iter().filter(|(path, _)| path.ends_with(".rs")) {
        for placeholder in placeholders {
            if text.contains(placeholder) {
                guilty.push(format!("{path}: {placeholder}…)"));
            }
        }
    }
    assert!(guilty.is_empty(), "{}", guilty.join("\n"));
}
