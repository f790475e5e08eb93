//! docs/MODELS.md is what the catalogue says. `UPDATE_EXPECT=1 cargo test -p floodgate --test manual` rewrites it.

#[test]
fn the_manual_is_current() {
    expect_test::expect_file!["../../docs/MODELS.md"].assert_eq(&floodgate::manual::markdown());
}

#[test]
fn every_component_says_what_to_watch_for_and_every_parameter_is_documented() {
    for d in floodgate::catalogue() {
        assert!(d.manual.len() > 100, "{}", d.kind);
        assert!(!d.source.trim().is_empty(), "{} does not say where its semantics come from", d.kind);
        for p in d.params {
            assert!(!p.doc.trim().is_empty(), "{}.{}", d.kind, p.name);
        }
    }
}
