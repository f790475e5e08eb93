//! The golden digests in this build, in this process.
//!
//! `cargo test` has debug assertions and checks overflow; `cargo xtask golden` runs an optimised command line without them,
//! and the wasm under Node is optimised too. All compare with the same numbers, so no assertion has an effect on a result
//! and no optimisation either.

use floodgate::Simulation;
use std::path::Path;

#[test]
fn this_build_agrees_with_the_golden_digests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    let goldens: toml::Table = read("tests/goldens.toml").parse().expect("TOML");
    let goldens = goldens["golden"].as_array().expect("an array of tables");
    assert!(!goldens.is_empty(), "nothing would be compared");
    let mut differences = Vec::new();
    for golden in goldens {
        let text = |key: &str| golden[key].as_str().expect("text");
        let number = |key: &str| golden[key].as_integer().and_then(|n| u64::try_from(n).ok()).expect("a whole number");
        let (name, variant) = (text("scenario"), text("variant"));
        let file = read(&format!("scenarios/{name}.toml"));
        let whole = floodgate_tests::beside::load(&file);
        let scenario = match variant {
            "" => &whole,
            variant => &whole.variant(variant).expect("the variant is there").scenario,
        };
        let until = floodgate::scenario::parse_until(text("until")).expect("a time");
        let mut simulation = Simulation::new(scenario, number("seed"));
        simulation.run_until(until).unwrap_or_else(|halt| panic!("{name}: {halt}"));
        let is = (simulation.events(), simulation.digest().to_string());
        let was = (number("events"), text("digest").to_owned());
        if is != was {
            differences.push(format!("{name} ({variant}): was {was:?}, is {is:?}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
