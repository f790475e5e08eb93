//! Golden digests: one file of (scenario, variant, seed, until) → (events, digest), the same natively, under Node and in Chromium.
//!
//! They change only by `cargo xtask golden --update "reason"`, which writes the reason into the changelog.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::Failure;
use crate::tools::{self, Workspace};
use crate::web::Profile;

/// The one file of goldens, relative to the workspace.
pub const FILE: &str = "tests/goldens.toml";
/// The scenarios' directory, relative to the workspace.
pub const SCENARIOS: &str = "scenarios";

const HEADER: &str = "\
# Written by `cargo xtask golden --update \"reason\"`. The same numbers hold natively, in wasm under Node and in Chromium;
# a change of any of them is a change of what the project says, and its reason stands in CHANGELOG.md.
";

/// What identifies a run: file stem and variant, the empty variant being the file as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// `single_server` for `scenarios/single_server.toml`.
    pub scenario: String,
    /// The name of a `[[variant]]`, or empty.
    pub variant: String,
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.scenario)?;
        if !self.variant.is_empty() {
            write!(f, " ({})", self.variant)?;
        }
        Ok(())
    }
}

/// How the run is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The seed, overriding the file's.
    pub seed: u64,
    /// The end in virtual time, as in a scenario: `60s`.
    pub until: String,
}

/// What has to come out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// Events delivered.
    pub events: u64,
    /// Digest of the event stream, in hexadecimal.
    pub digest: String,
}

/// The content of the file.
pub type Goldens = BTreeMap<Key, (Start, Fingerprint)>;

/// Compares every scenario with its golden; the error lists each difference.
pub fn check(workspace: &Workspace) -> Result<(), Failure> {
    let known = read(workspace)?;
    let fresh = compute(workspace, &known)?;
    let differences = differences(&known, &fresh);
    if differences.is_empty() {
        eprintln!("{} golden digests agree", fresh.len());
        return Ok(());
    }
    Err(format!(
        "{} of {} golden digests differ; if that is meant: cargo xtask golden --update \"reason\"\n{}",
        differences.len(),
        known.len().max(fresh.len()),
        differences.join("\n")
    ))
}

/// Rewrites the file, and puts the reason into the changelog when something changed.
pub fn update(workspace: &Workspace, reason: &str) -> Result<(), Failure> {
    let reason = reason.trim();
    if reason.is_empty() || reason.contains('\n') {
        return Err("--update needs a reason of one line: it goes into CHANGELOG.md".to_owned());
    }
    let known = read(workspace)?;
    let fresh = compute(workspace, &known)?;
    let differences = differences(&known, &fresh);
    if differences.is_empty() {
        eprintln!("{} golden digests agree; nothing to update", fresh.len());
        return Ok(());
    }
    for difference in &differences {
        eprintln!("{difference}");
    }
    let changelog = workspace.root.join("CHANGELOG.md");
    let text = if changelog.exists() { tools::read(&changelog)? } else { String::new() };
    let touched: Vec<String> =
        all_keys(&known, &fresh).filter(|key| known.get(*key) != fresh.get(*key)).map(ToString::to_string).collect();
    let text = with_reason(&text, &format!("- {reason} — {}", touched.join(", ")));
    tools::write(&workspace.root.join(FILE), render(&fresh))?;
    tools::write(&changelog, text)?;
    eprintln!("wrote {FILE} and the reason into CHANGELOG.md");
    Ok(())
}

/// The goldens for the runner under Node, which has no reader of TOML: an array, each case with the text of its scenario.
pub fn cases_as_json(workspace: &Workspace) -> Result<String, Failure> {
    let known = read(workspace)?;
    // A scenario without a golden would silently not be run under Node.
    for key in scenarios(workspace)?.into_keys() {
        if !known.contains_key(&key) {
            return Err(no_golden(&key));
        }
    }
    let cases = known
        .iter()
        .map(|(key, (start, result))| {
            let text = tools::read(&path_of(workspace, key))?;
            Ok(json!({
                "name": key.to_string(), "variant": key.variant, "text": text,
                "seed": start.seed.to_string(), "until": start.until,
                "events": result.events, "digest": result.digest,
            }))
        })
        .collect::<Result<Vec<Value>, Failure>>()?;
    Ok(Value::from(cases).to_string())
}

fn path_of(workspace: &Workspace, key: &Key) -> PathBuf {
    workspace.root.join(SCENARIOS).join(format!("{}.toml", key.scenario))
}

fn no_golden(key: &Key) -> String {
    format!("{key}: no golden digest; cargo xtask golden --update \"new scenario {key}\"")
}

fn read(workspace: &Workspace) -> Result<Goldens, Failure> {
    let path = workspace.root.join(FILE);
    if !path.exists() {
        return Ok(Goldens::new());
    }
    parse(&tools::read(&path)?)
}

fn parse(text: &str) -> Result<Goldens, Failure> {
    let table: toml::Table = text.parse().map_err(|error| format!("{FILE}: {error}"))?;
    let entries = table.get("golden").and_then(toml::Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut goldens = Goldens::new();
    for (at, entry) in entries.iter().enumerate() {
        let place = || format!("{FILE}: [[golden]] number {}", at + 1);
        let text = |key: &str| {
            entry
                .get(key)
                .and_then(toml::Value::as_str)
                .map(ToOwned::to_owned)
                .ok_or_else(|| format!("{} needs {key} = \"…\"", place()))
        };
        let number = |key: &str| {
            entry
                .get(key)
                .and_then(toml::Value::as_integer)
                .and_then(|value| u64::try_from(value).ok())
                .ok_or_else(|| format!("{} needs {key} = a whole number", place()))
        };
        let key = Key { scenario: text("scenario")?, variant: text("variant")? };
        let start = Start { seed: number("seed")?, until: text("until")? };
        let result = Fingerprint { events: number("events")?, digest: text("digest")? };
        if goldens.insert(key.clone(), (start, result)).is_some() {
            return Err(format!("{}: {key} stands there twice", place()));
        }
    }
    Ok(goldens)
}

fn render(goldens: &Goldens) -> String {
    let mut text = HEADER.to_owned();
    for (key, (start, result)) in goldens {
        let quoted = |value: &str| toml::Value::from(value).to_string();
        let _ = write!(
            text,
            "\n[[golden]]\nscenario = {}\nvariant = {}\nseed = {}\nuntil = {}\nevents = {}\ndigest = {}\n",
            quoted(&key.scenario),
            quoted(&key.variant),
            start.seed,
            quoted(&start.until),
            result.events,
            quoted(&result.digest),
        );
    }
    text
}

fn all_keys<'a>(known: &'a Goldens, fresh: &'a Goldens) -> impl Iterator<Item = &'a Key> {
    known.keys().chain(fresh.keys().filter(|key| !known.contains_key(*key)))
}

fn differences(known: &Goldens, fresh: &Goldens) -> Vec<String> {
    all_keys(known, fresh)
        .filter_map(|key| match (known.get(key), fresh.get(key)) {
            (Some(old), Some(new)) if old == new => None,
            (Some((_, old)), Some((start, new))) => Some(format!(
                "{key}, seed {}, {}: was {} events {}, is {} events {}",
                start.seed, start.until, old.events, old.digest, new.events, new.digest
            )),
            (Some(_), None) => Some(format!("{key}: stands in {FILE}, but there is no such scenario or variant")),
            (None, Some(_)) => Some(no_golden(key)),
            (None, None) => None,
        })
        .collect()
}

/// Every scenario of the gallery and each of its variants, with the seed and the end that the file itself states.
fn scenarios(workspace: &Workspace) -> Result<BTreeMap<Key, Start>, Failure> {
    let directory = workspace.root.join(SCENARIOS);
    let entries = std::fs::read_dir(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let mut found = BTreeMap::new();
    for entry in entries {
        let path = entry.map_err(|error| format!("{}: {error}", directory.display()))?.path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for (variant, start) in runs_of(&path)? {
            let scenario = stem.clone();
            found.insert(Key { scenario, variant }, start);
        }
    }
    Ok(found)
}

fn runs_of(path: &Path) -> Result<Vec<(String, Start)>, Failure> {
    let table: toml::Table = tools::read(path)?.parse().map_err(|error| format!("{}: {error}", path.display()))?;
    // Only the header's two keys and the variants' names: what a scenario means is the library's business.
    let start = Start {
        seed: table
            .get("seed")
            .and_then(toml::Value::as_integer)
            .and_then(|seed| u64::try_from(seed).ok())
            .unwrap_or(1),
        until: table.get("until").and_then(toml::Value::as_str).unwrap_or("60s").to_owned(),
    };
    let variants = table.get("variant").and_then(toml::Value::as_array);
    let names = variants.into_iter().flatten().filter_map(|variant| Some(variant.get("name")?.as_str()?.to_owned()));
    Ok(std::iter::once(String::new()).chain(names).map(|variant| (variant, start.clone())).collect())
}

/// Optimised and without debug assertions, as people run it; `tests/golden.rs` compares with the same numbers in the build
/// that `cargo test` makes, with assertions and with checks for overflow.
const PROFILE: Profile = Profile::Serve;

/// Runs everything by the command line. A run that the file already knows keeps its seed and end, which someone chose.
fn compute(workspace: &Workspace, known: &Goldens) -> Result<Goldens, Failure> {
    let scenarios = scenarios(workspace)?;
    if scenarios.is_empty() {
        return Err(format!("there is no scenario in {SCENARIOS}/"));
    }
    tools::run(workspace.cargo().args(["build", "--package", "floodgate-cli", "--profile", PROFILE.name()]))?;
    let program = workspace.target.join(PROFILE.name()).join(format!("floodgate{}", std::env::consts::EXE_SUFFIX));
    scenarios
        .into_iter()
        .map(|(key, start)| {
            let start = known.get(&key).map_or(start, |(start, _)| start.clone());
            let result = run_one(workspace, &program, &key, &start)?;
            eprintln!("  {key}: {} events, {}", result.events, result.digest);
            Ok((key, (start, result)))
        })
        .collect()
}

fn run_one(workspace: &Workspace, program: &Path, key: &Key, start: &Start) -> Result<Fingerprint, Failure> {
    let mut command = std::process::Command::new(program);
    command
        .current_dir(&workspace.root)
        .arg("run")
        .arg(path_of(workspace, key))
        .args(["--format", "json", "--until", &start.until])
        .args(["--seed", &start.seed.to_string()]);
    if !key.variant.is_empty() {
        command.args(["--variant", &key.variant]);
    }
    let output = command.output().map_err(|error| format!("{}: {error}", program.display()))?;
    // Exit code 1 says that an expectation of the file failed: `check` judges that, the digest stands all the same.
    if !matches!(output.status.code(), Some(0 | 1)) {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{key}: floodgate run: {}: {}", output.status, complaint.trim()));
    }
    let report: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{key}: floodgate run --format json printed no JSON: {error}"))?;
    match (report["events"].as_u64(), report["digest"].as_str()) {
        (Some(events), Some(digest)) => Ok(Fingerprint { events, digest: digest.to_owned() }),
        _ => Err(format!("{key}: the report lacks `events` or `digest`")),
    }
}

/// The changelog with a line at the top of "Golden digests" under "Unreleased"; headings that are missing are made.
fn with_reason(changelog: &str, line: &str) -> String {
    const UNRELEASED: &str = "## Unreleased";
    const GOLDEN: &str = "### Golden digests";
    let mut lines: Vec<&str> = changelog.lines().collect();
    if lines.is_empty() {
        lines.push("# Changelog");
    }
    let heading = |text: &str, wanted: &str| text.trim_end().eq_ignore_ascii_case(wanted);
    let unreleased = lines.iter().position(|text| heading(text, UNRELEASED)).unwrap_or_else(|| {
        // Above the newest release.
        let at = lines.iter().position(|text| text.starts_with("## ")).unwrap_or(lines.len());
        let blank = usize::from(at > 0 && !lines[at - 1].is_empty());
        let block = &["", UNRELEASED, ""][1 - blank..];
        lines.splice(at..at, block.iter().copied());
        at + blank
    });
    let section_end = lines[unreleased + 1..]
        .iter()
        .position(|text| text.starts_with("## "))
        .map_or(lines.len(), |at| unreleased + 1 + at);
    let golden = lines[unreleased..section_end].iter().position(|text| heading(text, GOLDEN)).map(|at| unreleased + at);
    let mut at = match golden {
        Some(golden) => golden + 1,
        None => {
            let mut at = section_end;
            while at > unreleased + 1 && lines[at - 1].is_empty() {
                at -= 1;
            }
            lines.splice(at..at, ["", GOLDEN]);
            at + 2
        }
    };
    if lines.get(at).is_some_and(|text| text.is_empty()) {
        at += 1;
    } else {
        lines.insert(at, "");
        at += 1;
    }
    lines.insert(at, line);
    if lines.get(at + 1).is_some_and(|text| text.starts_with('#')) {
        lines.insert(at + 1, "");
    }
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden(scenario: &str, variant: &str, digest: &str) -> (Key, (Start, Fingerprint)) {
        (
            Key { scenario: scenario.to_owned(), variant: variant.to_owned() },
            (Start { seed: 1, until: "60s".to_owned() }, Fingerprint { events: 12, digest: digest.to_owned() }),
        )
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let goldens = Goldens::from([golden("a", "", "0123456789abcdef"), golden("a", "no \"retry\"", "ff")]);
        assert_eq!(parse(&render(&goldens)).unwrap(), goldens);
    }

    #[test]
    fn each_kind_of_difference_is_named() {
        let known = Goldens::from([golden("changed", "", "01"), golden("gone", "", "02"), golden("same", "", "03")]);
        let fresh = Goldens::from([golden("changed", "", "ff"), golden("new", "", "04"), golden("same", "", "03")]);
        let found = differences(&known, &fresh).join("\n");
        assert!(found.contains("changed, seed 1, 60s: was 12 events 01, is 12 events ff"), "{found}");
        assert!(found.contains("gone: stands in"), "{found}");
        assert!(found.contains("new: no golden digest"), "{found}");
        assert!(!found.contains("same"), "{found}");
    }

    #[test]
    fn a_broken_file_is_an_error_with_its_place() {
        assert!(parse("[[golden]]\nscenario = 3").unwrap_err().contains("number 1 needs scenario"));
        let twice = render(&Goldens::from([golden("a", "", "01")])).repeat(2);
        assert!(parse(&twice).unwrap_err().contains("stands there twice"));
        assert!(parse("][").is_err());
    }

    #[test]
    fn the_reason_goes_to_the_top_of_its_section() {
        let made = with_reason("", "- one");
        assert_eq!(made, "# Changelog\n\n## Unreleased\n\n### Golden digests\n\n- one\n");
        let second = with_reason(&made, "- two");
        assert_eq!(second, "# Changelog\n\n## Unreleased\n\n### Golden digests\n\n- two\n- one\n");
        let released = with_reason("# Changelog\n\n## 0.1.0\n\n- first\n", "- one");
        assert_eq!(released, "# Changelog\n\n## Unreleased\n\n### Golden digests\n\n- one\n\n## 0.1.0\n\n- first\n");
        let beside = with_reason("# Changelog\n\n## Unreleased\n\n### Added\n\n- x\n\n## 0.1.0\n", "- one");
        assert_eq!(
            beside,
            "# Changelog\n\n## Unreleased\n\n### Added\n\n- x\n\n### Golden digests\n\n- one\n\n## 0.1.0\n"
        );
    }
}
