//! The command as people and scripts use it: what it prints, where, and with which exit code.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

fn floodgate(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_floodgate")).args(arguments).output().expect("it starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

fn gallery(name: &str) -> String {
    format!("{}/../scenarios/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A file for one test; names are distinct between tests.
fn file(name: &str, content: impl AsRef<[u8]>) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).expect("it can be written");
    path.to_string_lossy().into_owned()
}

const SMALL: &str = r#"format = 1
name = "small"
until = "10s"
[[node]]
id = "users"
kind = "clients"
[[node]]
id = "web"
kind = "service"
queue = 10
[[link]]
from = "users"
to = "web"
"#;

#[test]
fn a_run_as_json_is_the_same_twice_and_another_with_another_seed() {
    let path = gallery("single_server.toml");
    let run = |seed| floodgate(&["run", &path, "--until", "3s", "--format", "json", "--series", "1s", "--seed", seed]);
    let (first, second, other) = (run("7"), run("7"), run("8"));
    assert_eq!(first.status.code(), Some(0), "{}", stderr(&first));
    assert_eq!(first.stdout, second.stdout);
    assert_ne!(first.stdout, other.stdout);
    assert_eq!(stderr(&first), "", "no progress bar without a terminal");
    let report: serde_json::Value = serde_json::from_slice(&first.stdout).expect("JSON");
    let count = |key: &str| report["totals"][key].as_u64().expect(key);
    assert!(count("born") > 500);
    assert_eq!(count("born"), count("answered") + count("failed") + count("in_flight"));
    assert_eq!(report["seed"], 7);
    assert_eq!(report["virtual_seconds"], 3.0);
    assert_eq!(report["halted"], serde_json::Value::Null);
    assert_eq!(report["series"].as_array().map(Vec::len), Some(3));
    assert!(report["nodes"]["web"]["latency_ms"]["p99"].as_f64().is_some_and(|p99| p99 > 0.0));
}

#[test]
fn a_run_as_text_has_a_series_when_asked() {
    let small = file("text.toml", SMALL);
    let plain = stdout(&floodgate(&["run", &small]));
    assert!(plain.contains("small  (seed 1, 10 s of virtual time)"), "{plain}");
    assert!(!plain.contains("goodput/s"), "{plain}");
    let series = stdout(&floodgate(&["run", &small, "--series", "2s"]));
    assert!(series.contains("goodput/s"), "{series}");
    let (report, table) = series.split_at(plain.len());
    assert_eq!(report, plain);
    let windows: Vec<Vec<&str>> = table.lines().skip(2).map(|row| row.split_whitespace().take(2).collect()).collect();
    assert_eq!(windows, [["0s", "2s"], ["2s", "4s"], ["4s", "6s"], ["6s", "8s"], ["8s", "10s"]]);
}

#[test]
fn journeys_are_shown_as_trees_with_a_legend() {
    let small = file("journeys.toml", SMALL);
    let plain = stdout(&floodgate(&["run", &small]));
    let run = floodgate(&["run", &small, "--journeys", "2"]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let text = stdout(&run);
    let (report, journeys) = text.split_at(plain.len());
    assert_eq!(report, plain, "looking changes nothing");
    assert!(journeys.starts_with("\n# A tree for each request"), "{journeys}");
    assert!(journeys.contains("\nThe slowest:\n"), "{journeys}");
    let slowest: Vec<&str> = journeys.split("The slowest:\n").nth(1).unwrap_or("").lines().collect();
    assert!(
        slowest[1].starts_with("  users at ") && slowest[1].contains("ms, 1 attempt  (class default)"),
        "{slowest:?}"
    );
    assert!(slowest[2].starts_with("    users > web  0.0 > 0.0, work "), "{slowest:?}");
    assert_eq!(text, stdout(&floodgate(&["run", &small, "--journeys", "2"])));
    let both = floodgate(&["run", &small, "--journeys", "2", "--format", "json"]);
    assert_eq!((both.status.code(), stdout(&both).as_str()), (Some(2), ""));
    assert!(stderr(&both).contains("leave out one of them"), "{}", stderr(&both));
}

#[test]
fn a_scenario_may_come_from_standard_input() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_floodgate"))
        .args(["run", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    child.stdin.take().expect("it is piped").write_all(SMALL.as_bytes()).expect("it is read");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(stdout(&output), stdout(&floodgate(&["run", &file("stdin.toml", SMALL)])));
}

/// What was done by hand, replayed, is the same run as if the scenario had said it.
#[test]
fn a_control_log_is_replayed() {
    let small = file("replay.toml", SMALL);
    let phase = "[[phase]]\nnode = \"users\"\nat = \"2s\"\nfor = \"3s\"\nrate = \"500/s\"\n";
    let scripted = file("replay_scripted.toml", format!("{SMALL}{phase}"));
    let log = file(
        "replay.log",
        concat!(
            "{\"floodgate_controls\":1,\"scenario\":\"small\",\"seed\":5}\n",
            "{\"at\":\"2s\",\"node\":\"users\",\"set\":{\"rate\":\"500/s\"},\"for\":\"3s\"}\n"
        ),
    );
    let digest = |arguments: &[&str]| {
        let output = floodgate(&[&["run", "--format", "json"], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        report["digest"].as_str().expect("a digest").to_string()
    };
    let replayed = digest(&[&small, "--controls", &log]);
    assert_eq!(replayed, digest(&[&scripted, "--seed", "5"]), "the seed is the log's");
    assert_ne!(replayed, digest(&[&small, "--seed", "5"]), "the log does something");
    assert_ne!(replayed, digest(&[&small, "--controls", &log, "--seed", "6"]), "the seed can be overridden");
}

#[test]
fn a_variant_is_run_by_name() {
    let path = gallery("single_server_avalanche.toml");
    let run = |arguments: &[&str]| floodgate(&[&["run", &path, "--until", "5s"], arguments].concat());
    let variant = run(&["--variant", "no_retries"]);
    assert_eq!(variant.status.code(), Some(0), "{}", stderr(&variant));
    let unknown = run(&["--variant", "no_retry"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(
        stderr(&unknown).contains("no variant \"no_retry\"\n    help: variants: \"no_retries\""),
        "{}",
        stderr(&unknown)
    );
}

#[test]
fn what_is_expected_is_checked() {
    let fine = "[[expect]]\nmetric = \"born\"\nmin = 500\n";
    let ok = file("check_ok.toml", format!("{SMALL}{fine}"));
    let output = floodgate(&["check", &ok, "--replications", "3"]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert_eq!(stdout(&output), format!("{ok}: ok (1 expectations, 3 seeds)\n"));

    let wrong = "[[expect]]\nmetric = \"goodput\"\nof = \"users\"\nwithin = [\"1s\", \"4s\"]\nmax = 10\nbecause = \"nobody comes\"\n";
    let variant = "[[variant]]\nname = \"quiet\"\nset = { \"users.rate\" = \"1/s\" }\n[[variant.expect]]\nmetric = \"born\"\nmin = 500\n";
    let failing = file("check_failing.toml", format!("{SMALL}{fine}{wrong}{variant}"));
    let output = floodgate(&["check", &ok, &failing, "--seed", "3", "--replications", "2"]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert!(text.starts_with(&format!("{ok}: ok (1 expectations, 2 seeds)\n")), "{text}");
    assert!(
        text.contains(&format!("{failing}: FAILED, 4 of 6 results (3 expectations, 2 seeds, 1 variant)\n")),
        "{text}"
    );
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    let place = |line: usize| format!("{failing}:{line}");
    for (seed, base) in [("3", "-"), ("4", "-")] {
        let row = rows.iter().find(|r| r.first() == Some(&"goodput") && r.contains(&seed)).expect("a row");
        assert!(row.starts_with(&["goodput", "users", "1s-4s", "at", "most", "10"]), "{row:?}");
        assert!(row.ends_with(&[seed, base, &place(17)]), "{row:?}");
    }
    for seed in ["3", "4"] {
        let row = rows.iter().find(|r| r.first() == Some(&"born") && r.contains(&seed)).expect("a row");
        assert!(row.ends_with(&[seed, "quiet", &place(26)]), "{row:?}");
    }
    assert!(text.contains("because: nobody comes"), "{text}");
}

/// Two services that call each other, take no time and try again at once: every request becomes 101⁶⁴ calls at one
/// instant.
#[test]
fn a_run_that_meets_a_limit_fails() {
    let mut endless = "format = 1\nname = \"endless\"\n[[node]]\nid = \"users\"\nkind = \"clients\"\n".to_string();
    let again = "{ attempts = 100, backoff = \"none\", on = [\"500\", \"508\"] }";
    for id in ["a", "b"] {
        endless += &format!("[[node]]\nid = \"{id}\"\nkind = \"service\"\nworkers = 100000\n");
        endless += &format!("service_time = \"0s\"\ncall_retry = {again}\n");
    }
    for (from, to) in [("users", "a"), ("a", "b"), ("b", "a")] {
        endless += &format!("[[link]]\nfrom = \"{from}\"\nto = \"{to}\"\n");
    }
    let path = file("endless.toml", endless + "[[expect]]\nmetric = \"born\"\nmin = 0\n");
    let run = floodgate(&["run", &path]);
    assert_eq!(run.status.code(), Some(1), "{}", stdout(&run));
    assert!(stdout(&run).contains("events_per_instant"), "{}", stdout(&run));
    let check = floodgate(&["check", &path]);
    assert_eq!(check.status.code(), Some(1), "{}", stdout(&check));
    assert!(stdout(&check).contains("seed 1: halted at"), "{}", stdout(&check));
}

#[test]
fn bad_input_is_told_with_its_place() {
    let bad = file(
        "bad.toml",
        "format = 1\nname = \"x\"\n[[node]]\nid = \"a\"\nkind = \"servise\"\nwork = 3\n[[link]]\nfrom = \"a\"\n",
    );
    let worse = file("worse.toml", b"format = \xff");
    let huge = file("huge.toml", vec![b'x'; 10_000_000]);
    let ok = file("fine.toml", SMALL);
    for command in ["run", "check", "lint"] {
        let output = floodgate(&[command, &bad]);
        assert_eq!(output.status.code(), Some(2), "{command}");
        assert_eq!(stdout(&output), "", "{command}");
        let told = stderr(&output);
        assert!(told.contains(&format!("{bad}:5:8: error: `a.kind` is \"servise\"")), "{told}");
        assert!(told.contains("help: did you mean `service`?"), "{told}");
        assert!(told.contains(&format!("{bad}:7:1: error: [[link]] has no `to`")), "{told}");
        let output = floodgate(&[command, &worse]);
        assert_eq!(output.status.code(), Some(2), "{command}");
        assert!(stderr(&output).contains(&format!("{worse}:1:10: error: the byte 0xFF")), "{}", stderr(&output));
        let output = floodgate(&[command, &huge]);
        assert_eq!(output.status.code(), Some(2), "{command}");
        assert!(stderr(&output).contains("the file has 10000000 bytes, more than the limit of 1048576"));
        let output = floodgate(&[command, "no such file"]);
        assert_eq!(output.status.code(), Some(2), "{command}");
        assert!(stderr(&output).starts_with("no such file: error: cannot read the file"), "{}", stderr(&output));
    }
    // All files are told at once, also when others are fine.
    let told = stderr(&floodgate(&["check", &bad, &ok, &worse]));
    assert!(told.contains(&bad) && told.contains(&worse), "{told}");
}

#[test]
fn bad_arguments_are_bad_input() {
    let small = file("arguments.toml", SMALL);
    let log = file("bad.log", "{\"floodgate_controls\":1,\"scenario\":\"small\",\"seed\":5}\n{\"at\":5}\n");
    let warm = file("warm.toml", SMALL.replace("until", "warm_up = \"4s\"\nuntil"));
    for (arguments, told) in [
        (vec!["run", &small, "--until", "5"], "has no unit"),
        (vec!["run", &small, "--series", "0s"], "below the smallest allowed"),
        (vec!["run", &small, "--controls", &log], "bad.log:2:1: error: `at` is 5, which has no unit"),
        (vec!["run", &warm, "--until", "3s"], "the warm-up lasts 4s"),
        (vec!["check", &small, "--replications", "0"], "0 is not in"),
        (vec!["check", &small, "--seed", "18446744073709551615", "--replications", "2"], "too large"),
        (vec!["check"], "required"),
        (vec!["list", "sevice"], "help: kinds: clients, dns, "),
        (vec!["fly"], "unrecognized subcommand"),
    ] {
        let output = floodgate(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(told), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn warnings_are_told_and_do_not_fail() {
    let path = file("lint.toml", SMALL.replace("queue = 10\n", ""));
    let output = floodgate(&["lint", &path]);
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    assert!(text.contains(&format!("{path}:7:1: warning: `web` has neither a bound on its `queue`")), "{text}");
    assert!(text.ends_with(&format!("{path}: 1 warning\n")), "{text}");
}

#[test]
fn the_catalogue_is_listed() {
    let all = stdout(&floodgate(&["list"]));
    for descriptor in floodgate::catalogue() {
        assert!(all.contains(&format!("  {}", descriptor.kind)) && all.contains(descriptor.doc), "{all}");
        let manual = stdout(&floodgate(&["list", descriptor.kind]));
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let said = words(&manual);
        assert!(said.contains(&words(descriptor.manual)), "{manual}");
        for spec in descriptor.params {
            assert!(manual.contains(&format!("\n  {}: ", spec.name)), "{} in {manual}", spec.name);
            assert!(said.contains(&words(spec.doc)), "{} in {manual}", spec.name);
        }
        let names = descriptor.gauges.iter().map(|g| g.name).chain(descriptor.faults.iter().map(|f| f.name));
        for name in names.chain(descriptor.ports.iter().map(|p| p.name)) {
            assert!(manual.contains(&format!("\n  {name}")), "{name} in {manual}");
        }
    }
}

/// `floodgate list service | head -1`: the reader goes away, and nothing is said of it.
#[test]
fn a_reader_who_goes_away_does_no_harm() {
    for arguments in
        [&["list", "service"][..], &["run", &gallery("single_server.toml"), "--format", "json", "--series", "10ms"]]
    {
        let mut child = Command::new(env!("CARGO_BIN_EXE_floodgate"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert_eq!(stderr(&output), "");
    }
}

#[test]
fn two_traces_agree_up_to_the_first_event_that_differs() {
    let plain = file("trace.toml", SMALL);
    let slow = file(
        "trace_slow.toml",
        format!("{SMALL}[[fault]]\nnode = \"web\"\nfault = \"slow\"\nat = \"1s\"\nfor = \"1s\"\n"),
    );
    let trace = |path: &str| stdout(&floodgate(&["trace", path, "--from", "990ms", "--to", "1100ms"]));
    let (one, other) = (trace(&plain), trace(&slow));
    assert!(one.starts_with('#') && one.lines().count() > 20, "{one}");
    let pairs: Vec<(&str, &str)> = one.lines().zip(other.lines()).collect();
    let first = pairs.iter().position(|(a, b)| a != b).expect("they differ");
    let time = |line: &str| line.split_whitespace().next().and_then(|t| t.parse::<f64>().ok()).expect("a time");
    assert!(pairs[..first].iter().filter(|(a, _)| !a.starts_with('#')).all(|(a, _)| time(a) < 1.1));
    assert!(
        time(pairs[first].0).min(time(pairs[first].1)) >= 1.0,
        "nothing differs before the fault: {:?}",
        pairs[first]
    );
    let backwards = floodgate(&["trace", &plain, "--from", "2s", "--to", "1s"]);
    assert_eq!(backwards.status.code(), Some(2));
}
