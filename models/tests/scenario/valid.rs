//! What a file that is right becomes.

use crate::small_and;
use expect_test::expect;
use floodgate::components::AnyComponent;
use floodgate::param::{ParamKind, ParamSpec, Value};
use floodgate::scenario::{Scenario, parse_value, value_text};
use floodgate::{Action, Metric};
use std::fmt::Write;

const COMPLETE: &str = r#"# Everything a file can say.
format = 1
name = "Everything"
phenomenon = "All of it"
tag = "All"
description = """
Two lines
of text."""
seed = 18446744073709551615
until = "1.5min"
warm_up = "500ms"
max_depth = 8
note = ["First note.", "Second note."]

[[group]]
id = "z1"
kind = "zone"
title = "Zone 1"

[[node]]
id = "web"
kind = "service"
title = "Web server"
group = "z1"
position = [10, -2.5]
replicas = 2
service_time = { lognormal = "8ms", scv = 2 }
queue = 100
memory_limit = "1.5GiB"
call_timeout = "250ms"
[node.call_retry]
attempts = 1
on = ["timeout", "502"]

[[node]]
id = "users"
kind = "clients"
rate = "90/min"
timeout = "none"
retry = { attempts = 3, backoff = "exponential" }

[[node]]
id = "db"
kind = "database"

[[link]]
from = "web.calls"
to = "db"
latency = { uniform = ["1ms", "5ms"] }
[[link]]
from = "users"
to = "web"

[[control]]
at = "30s"
node = "web"
set = { replicas = 4, "call_retry.attempts" = 0, call_retry = { base = "1s" } }
[[control]]
at = "31s"
node = "web"
heal = "slow"
[[fault]]
node = "db"
at = "20s"
fault = "kill"
[[fault]]
node = "web"
at = "20s"
fault = "slow"
for = "5s"
factor = 2
[[phase]]
node = "users"
title = "Flash crowd"
at = "10s"
for = "20s"
rate = "10/s"
retry.attempts = 5

[[expect]]
metric = "goodput_ratio"
of = "users"
within = ["40s", "60s"]
min = 0.99
because = "it recovers"
[[expect]]
metric = "errors.502"
of = "web"
max = 3

[[variant]]
name = "calm"
description = "Nobody tries again."
set = { "users.retry.attempts" = 0, web = { queue = "none" } }
[[variant.expect]]
metric = "gauge.kills.last"
of = "web"
max = 0

[[lesson]]
title = "Look"
text = "Watch the queue."
[[lesson]]
text = """
And the <b>latency</b>,
which is text."""
at = "20s"
highlight = ["web", "db"]
"#;

fn parameters(out: &mut String, specs: &[ParamSpec], values: &floodgate::param::Values) {
    for spec in specs {
        let value = values.get(spec.name).expect("values are complete");
        writeln!(out, "    {} = {}", spec.name, value_text(spec.kind, value)).expect("to a string");
    }
}

/// Every part of a scenario, one line each.
fn shown(scenario: &Scenario) -> String {
    let mut out = String::new();
    let Scenario { name, description, seed, until, warm_up, max_depth, .. } = scenario;
    writeln!(out, "{name:?} {description:?} seed {seed} until {until} warm-up {warm_up} depth {max_depth}")
        .expect("to a string");
    for group in &scenario.groups {
        writeln!(out, "{group:?}").expect("to a string");
    }
    for node in &scenario.nodes {
        let line = 1 + COMPLETE[..node.span.start].matches('\n').count();
        let kind = node.descriptor.kind;
        writeln!(out, "{} {:?} {kind} {:?} {:?} line {line}", node.id, node.title, node.group, node.position)
            .expect("to a string");
        parameters(&mut out, node.descriptor.params, &node.values);
    }
    for link in &scenario.links {
        writeln!(out, "{} port {} → {} {:?}", link.from, link.port, link.to, link.wiring().latency)
            .expect("to a string");
    }
    for (control, span) in scenario.controls.iter().zip(&scenario.control_spans) {
        let lasting = control.lasting.map_or("for good".to_string(), |d| format!("for {d}"));
        writeln!(out, "{} {} {lasting} {:?} {}", control.at, control.node, control.action, &COMPLETE[span.clone()])
            .expect("to a string");
    }
    for phase in &scenario.phases {
        writeln!(out, "{phase:?}").expect("to a string");
    }
    for e in &scenario.expectations {
        writeln!(out, "{} {:?} {:?} {:?} {:?} {:?}", e.metric, e.of, e.within, e.min, e.max, e.because)
            .expect("to a string");
    }
    writeln!(out, "{:?} {:?} {:?}", scenario.phenomenon, scenario.tag, scenario.notes).expect("to a string");
    for lesson in &scenario.lessons {
        writeln!(out, "{lesson:?}").expect("to a string");
    }
    out
}

#[test]
fn everything_is_read() {
    let scenario = crate::fixture::load(COMPLETE).unwrap_or_else(|problems| panic!("{problems}"));
    expect![[r#"
        "Everything" "Two lines\nof text." seed 18446744073709551615 until 90s warm-up 500ms depth 8
        Group { id: "z1", kind: "zone", title: "Zone 1" }
        db "db" database None None line 42
            max_connections = 100
            backlog = 0
        users "users" clients None None line 35
            rate = "1.5/s"
            population = 10000
            timeout = "none"
            cancel = false
            retry = { attempts = 3, backoff = "exponential", base = "50ms", cap = "2s", on = ["502", "503", "timeout"] }
        web "Web server" service Some("z1") Some((10.0, -2.5)) line 20
            replicas = 2
            workers = 8
            service_time = { lognormal = "8ms", scv = 2.0 }
            after_share = 0.0
            queue = 100
            memory_base = "128MiB"
            memory_per_request = "64KiB"
            memory_limit = "1536MiB"
            warm_up_slowdown = 1.0
            call_timeout = "250ms"
            call_cancel = false
            call_retry = { attempts = 1, backoff = "full_jitter", base = "100ms", cap = "2s", on = ["502", "timeout"] }
        users port 0 → web Constant(Duration(0))
        web port 0 → db Uniform(Duration(1000000), Duration(5000000))
        10s users for 20s Set([("rate", Rate(10.0)), ("retry.attempts", Integer(5))]) [[phase]]
        20s db for good Fault { fault: "kill", values: Values([]) } [[fault]]
        20s web for 5s Fault { fault: "slow", values: Values([("factor", Number(2.0))]) } [[fault]]
        30s web for good Set([("call_retry.base", Duration(Duration(1000000000))), ("call_retry.attempts", Integer(0)), ("replicas", Integer(4))]) [[control]]
        31s web for good Heal { fault: "slow" } [[control]]
        Phase { node: "users", to: None, at: Time(10000000000), lasting: Duration(20000000000), title: "Flash crowd" }
        goodput_ratio Some("users") Some((Time(40000000000), Time(60000000000))) Some(0.99) None "it recovers"
        errors.502 Some("web") None None Some(3.0) ""
        "All of it" "All" ["First note.", "Second note."]
        Lesson { title: "Look", text: "Watch the queue.", at: None, highlight: [] }
        Lesson { title: "", text: "And the <b>latency</b>,\nwhich is text.", at: Some(Time(20000000000)), highlight: ["web", "db"] }
    "#]].assert_eq(&shown(&scenario));
}

#[test]
fn a_variant_is_the_same_file_with_its_patch() {
    let base = crate::fixture::load(COMPLETE).unwrap_or_else(|problems| panic!("{problems}"));
    let variant = base.variant("calm").expect("it is there");
    assert_eq!(variant.description, "Nobody tries again.");
    let mut expected = base.clone();
    expected.variants.clear();
    expected.expectations.clone_from(&variant.scenario.expectations);
    let users = expected.nodes.iter_mut().find(|n| n.id == "users").expect("it is there");
    assert!(users.values.set_path("retry.attempts", Value::Integer(0)));
    let web = expected.nodes.iter_mut().find(|n| n.id == "web").expect("it is there");
    assert!(web.values.set_path("queue", Value::Absent));
    assert_eq!(variant.scenario, expected);
    let metrics: Vec<String> = variant.scenario.expectations.iter().map(|e| e.metric.to_string()).collect();
    assert_eq!(metrics, ["gauge.kills.last"]);
}

#[test]
fn of_a_group_only_what_is_named_changes() {
    let scenario = crate::fixture::load(COMPLETE).unwrap_or_else(|problems| panic!("{problems}"));
    let at_30 = scenario.controls.iter().find(|c| c.at.as_secs_f64() == 30.0).expect("it is there");
    let Action::Set(changes) = &at_30.action else { panic!("{at_30:?}") };
    let mut names: Vec<&str> = changes.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["call_retry.attempts", "call_retry.base", "replicas"]);
}

/// Parameters of every kind and fault: the default parses, is in range, and makes the typed configuration.
#[test]
fn every_default_of_the_catalogue_is_good() {
    fn check(owner: &str, specs: &'static [ParamSpec]) -> usize {
        let mut count = 0;
        for spec in specs {
            let path = format!("{owner}.{}", spec.name);
            match spec.default {
                Some(default) => {
                    let value = parse_value(spec, default).unwrap_or_else(|problem| panic!("{path}: {problem}"));
                    let text = value_text(spec.kind, &value);
                    assert_eq!(parse_value(spec, &text).as_ref(), Ok(&value), "{path} as {text}");
                    count += 1;
                }
                None => assert!(spec.optional, "{path} has neither a default nor may it be absent"),
            }
            if spec.optional {
                let off = parse_value(spec, "\"none\"");
                assert_eq!(off, Ok(Value::Absent), "{path} cannot be switched off: \"none\" has another meaning");
            }
            assert!(!spec.doc.trim().is_empty(), "{path} is not documented");
            if let ParamKind::Group(specs) = spec.kind {
                count += check(&path, specs);
            }
        }
        count
    }
    for descriptor in floodgate::catalogue() {
        assert!(check(descriptor.kind, descriptor.params) > 0, "{}", descriptor.kind);
        for fault in descriptor.faults {
            check(&format!("{}.{}", descriptor.kind, fault.name), fault.params);
        }
    }
}

/// Every kind can be made of what the reader makes of a file that gives nothing.
#[test]
fn components_accept_what_the_reader_makes() {
    for descriptor in floodgate::catalogue() {
        let kind = descriptor.kind;
        let text = format!("format = 1\nname = 'x'\n[[node]]\nid = 'x'\nkind = '{kind}'\n");
        let scenario = Scenario::load(&text).unwrap_or_else(|problems| panic!("{kind}: {problems}"));
        assert!(AnyComponent::build(descriptor, &scenario.nodes[0].values).is_some(), "{kind}");
    }
}

/// A parameter called as a key of the file would be unreachable.
#[test]
fn no_parameter_has_the_name_of_a_key() {
    let of_nodes = ["id", "kind", "title", "group", "position"];
    let of_events = ["node", "at", "for", "title", "fault", "heal", "set"];
    for descriptor in floodgate::catalogue() {
        for spec in descriptor.params {
            assert!(!of_nodes.contains(&spec.name), "{}.{}", descriptor.kind, spec.name);
            assert!(!of_events.contains(&spec.name), "{}.{}", descriptor.kind, spec.name);
        }
        for spec in descriptor.faults.iter().flat_map(|fault| fault.params) {
            assert!(!of_events.contains(&spec.name), "{}.{}", descriptor.kind, spec.name);
        }
    }
}

/// The list in a remedy, and what is really accepted.
#[test]
fn every_metric_can_be_expected_of_something() {
    for name in Metric::names() {
        let name = name.replace("CODE", "502").replace("NAME", "kills");
        let reads =
            |of: &str| Scenario::load(&small_and(&format!("[[expect]]\nmetric = '{name}'\n{of}\nmin = 0\n"))).is_ok();
        assert!(reads("") || reads("of = 'web'"), "{name}");
    }
}

#[test]
fn the_gallery_is_read_without_a_warning() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios");
    let recorded = std::fs::read_to_string(format!("{folder}/data/elastic_access.csv")).expect("recorded traffic");
    let files = std::collections::BTreeMap::from([("data/elastic_access.csv".to_owned(), recorded.into())]);
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the gallery") {
        let path = entry.expect("a file").path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("text");
        let loaded = Scenario::load_among(&text, &files);
        let scenario = loaded.unwrap_or_else(|p| panic!("{}", p.in_file(&path.to_string_lossy())));
        assert_eq!(floodgate::lint(&scenario, &text), [], "{}", path.display());
        count += 1;
    }
    assert!(count >= 3);
}
