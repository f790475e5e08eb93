//! Control logs.

use crate::small_and;
use expect_test::{Expect, expect};
use floodgate::control::{Control, ControlLog};
use floodgate::{Scenario, Time};

fn scenario() -> Scenario {
    crate::fixture::load(&small_and("")).unwrap_or_else(|problems| panic!("{problems}"))
}

const HEADER: &str = "{\"floodgate_controls\":1,\"scenario\":\"small\",\"seed\":7}\n";

fn check(log: &str, expected: Expect) {
    let told = match ControlLog::parse_bytes(log.as_bytes(), &scenario()) {
        Ok(_) => "fine\n".to_string(),
        Err(problems) => format!("{}\n", problems.in_file("log")),
    };
    expected.assert_eq(&told);
}

#[test]
fn a_log_reads_back_as_it_was() {
    let text = format!(
        "{HEADER}{}\n{}\n\n{}\n{}\n",
        r#"{"at":"12.345s","node":"users","set":{"rate":"10000/s","retry":{"attempts":5},"timeout":"none"},"for":"20s"}"#,
        r#"{"at":"15s","node":"web","fault":"slow","factor":4.1,"for":"5s"}"#,
        r#"{"at":"15s","node":"web","fault":"kill"}"#,
        r#"{"at":"16.000000001s","node":"web","heal":"slow"}"#,
    );
    let log = ControlLog::parse(&text, &scenario()).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!((log.scenario.as_str(), log.seed), ("small", 7));
    assert_eq!(log.controls[3].at, Time(16_000_000_001));
    let written = log.to_text(&scenario()).expect("the scenario has all of it");
    expect![[r#"
        {"floodgate_controls":1,"scenario":"small","seed":7}
        {"at":"12.345s","node":"users","set":{"rate":"10000/s","retry.attempts":5,"timeout":"none"},"for":"20s"}
        {"at":"15s","node":"web","fault":"slow","factor":4.1,"for":"5s"}
        {"at":"15s","node":"web","fault":"kill"}
        {"at":"16.000000001s","node":"web","heal":"slow"}
    "#]]
    .assert_eq(&written);
    assert_eq!(ControlLog::parse(&written, &scenario()), Ok(log.clone()));
    for control in &log.controls {
        let line = control.to_line(&scenario()).expect("the scenario has it");
        assert_eq!(Control::parse_line(&line, &scenario()).as_ref(), Ok(control));
    }
}

#[test]
fn headers() {
    check(
        "",
        expect![[r#"
        log:1:1: error: the control log is empty
            help: a control log begins with {"floodgate_controls":1,"scenario":"…","seed":1}
    "#]],
    );
    check(
        "\n\n",
        expect![[r#"
        log:1:1: error: the control log is empty
            help: a control log begins with {"floodgate_controls":1,"scenario":"…","seed":1}
    "#]],
    );
    check(
        "{\"at\":\"5s\",\"node\":\"web\",\"fault\":\"kill\"}\n",
        expect![[r#"
            log:1:1: error: the first line has no `floodgate_controls`
                help: add `floodgate_controls = 1`
            log:1:1: error: the first line has no `scenario`
                help: add `scenario = …`: a text in quotes
            log:1:1: error: the first line has no `seed`
                help: add `seed = …`: a whole number of at least 0
            log:1:1: error: unknown key `at` in the first line
                help: keys: floodgate_controls, scenario, seed
            log:1:1: error: unknown key `node` in the first line
                help: keys: floodgate_controls, scenario, seed
            log:1:1: error: unknown key `fault` in the first line
                help: keys: floodgate_controls, scenario, seed
        "#]],
    );
    check(
        "{\"floodgate_controls\":2,\"whatever\":1}\n{\"at\":3}",
        expect![[r#"
            log:1:1: error: `floodgate_controls` is 2: the log was made by a newer version
                help: use that version; this one reads 1
        "#]],
    );
    check(
        "{\"floodgate_controls\":1,\"scenario\":\"other\",\"seed\":-1}\n",
        expect![[r#"
        log:1:1: error: `seed` is -1, which is negative
            help: a whole number of at least 0
    "#]],
    );
    check(
        "{\"floodgate_controls\":1,\"scenario\":\"other\",\"seed\":1}\n",
        expect![[r#"
        log:1:1: error: the log is of the scenario "other", and this one is "small"
            help: give the scenario that the log was made of
    "#]],
    );
    check(
        "[]\n",
        expect![[r#"
            log:1:1: error: the line is [], not an object
                help: each line is one JSON object such as {"at":"5s","node":"web","fault":"kill"}
        "#]],
    );
}

#[test]
fn lines() {
    check(
        &format!("{HEADER}nonsense\n"),
        expect![[r#"
        log:2:2: error: not JSON: expected ident
            help: each line is one JSON object such as {"at":"5s","node":"web","fault":"kill"}
    "#]],
    );
    check(
        &format!("{HEADER}{{\"at\":\"5s\",\n"),
        expect![[r#"
        log:2:11: error: not JSON: EOF while parsing a value
            help: each line is one JSON object such as {"at":"5s","node":"web","fault":"kill"}
    "#]],
    );
    check(
        &format!("{HEADER}{{\"at\":\"5s\",\"at\":\"6s\"}}\n"),
        expect![[r#"
        log:2:21: error: not JSON: the key "at" is given twice
            help: each line is one JSON object such as {"at":"5s","node":"web","fault":"kill"}
    "#]],
    );
    check(
        &format!("{HEADER}{{\"at\":5,\"node\":\"wob\",\"fault\":\"kill\"}}\n{{\"node\":null}}\n3\n"),
        expect![[r#"
        log:2:1: error: `at` is 5, which has no unit
            help: write for example "5s": a length of time from 0s to 8760h such as "250ms" (ns, us, ms, s, min, h)
        log:2:1: error: `node`: there is no node `wob`
            help: did you mean `web`? nodes: users, web
        log:3:12: error: not JSON: invalid type: null, expected text, a number, true, false, a …
            help: each line is one JSON object such as {"at":"5s","node":"web","fault":"kill"}
        log:4:1: error: the line is 3, not an object
            help: each line is one JSON object such as {"at":"5s","node":"web","fault":"kill"}
    "#]],
    );
    check(
        &format!("{HEADER}{{\"at\":\"5s\",\"node\":\"web\",\"fault\":\"slow\",\"facto\":3}}\n"),
        expect![[r#"
        log:2:1: error: unknown key `facto` in the fault `slow` of `web`
            help: did you mean `factor`? keys: at, node, for, fault, factor
    "#]],
    );
    check(
        &format!("{HEADER}{{\"at\":\"5s\",\"node\":\"web\",\"set\":{{\"workers\":3,\"queue\":-1}}}}\n"),
        expect![[r#"
            log:2:1: error: `web.workers` cannot change while the system runs
                help: these can: replicas, service_time, after_share, queue, memory_base, memory_per_request, memory_limit, warm_up_slowdown, call_timeout, call_cancel, call_retry
            log:2:1: error: `web.queue` is -1, which is negative
                help: a whole number from 0 to 100000000, or "none"
        "#]],
    );
    check(
        &format!(
            "{HEADER}{{\"at\":\"5s\",\"node\":\"web\",\"fault\":\"kill\"}}\n{{\"at\":\"4s\",\"node\":\"web\",\"fault\":\"kill\"}}\n"
        ),
        expect![[r#"
            log:3:1: error: this is done at 4s, and the line before at 5s
                help: lines stand in the order of time
        "#]],
    );
    check(
        &format!("{HEADER}{}\n", "[".repeat(100_000)),
        expect![[r#"
        log:2:128: error: not JSON: recursion limit exceeded
            help: each line is one JSON object such as {"at":"5s","node":"web","fault":"kill"}
    "#]],
    );
}

#[test]
fn a_log_too_large_is_refused() {
    let log = " ".repeat(floodgate::control::LOG_BYTES_MAX + 1);
    check(
        &log,
        expect![[r#"
        log: error: the control log has 4194305 bytes, more than the limit of 4194304
            help: is this the right file?
    "#]],
    );
}

#[test]
fn what_the_scenario_does_not_have_cannot_be_written() {
    let mut control =
        Control::parse_line("{\"at\":\"5s\",\"node\":\"web\",\"fault\":\"kill\"}", &scenario()).expect("it is right");
    control.node = "gone".to_string();
    assert_eq!(control.to_line(&scenario()), Err("there is no node `gone`".to_string()));
}

#[test]
fn edits_read_back_as_they_were() {
    let text = format!(
        "{HEADER}{}\n{}\n{}\n{}\n{}\n{}\n{}\n",
        r#"{"at":"1s","node":"lb","add":"load_balancer","title":"Front"}"#,
        r#"{"at":"1s","node":"lb","link":"web","latency":{"exponential":"1ms"},"weight":2}"#,
        r#"{"at":"1s","node":"users","unlink":"web","port":"out"}"#,
        r#"{"at":"1s","node":"users","link":"lb","port":"out","latency":"1ms"}"#,
        r#"{"at":"2s","node":"api","add":"service","set":{"replicas":3,"call_retry":{"attempts":2},"queue":5}}"#,
        r#"{"at":"2s","node":"api","set":{"replicas":4}}"#,
        r#"{"at":"3s","node":"web","remove":true}"#,
    );
    let log = ControlLog::parse(&text, &scenario()).unwrap_or_else(|problems| panic!("{problems}"));
    let written = log.to_text(&scenario()).expect("the scenario and the log have all of it");
    expect![[r#"
        {"floodgate_controls":1,"scenario":"small","seed":7}
        {"at":"1s","node":"lb","add":"load_balancer","title":"Front"}
        {"at":"1s","node":"lb","link":"web","port":"backends","latency":{"exponential":"1ms"},"weight":2.0}
        {"at":"1s","node":"users","unlink":"web","port":"out"}
        {"at":"1s","node":"users","link":"lb","port":"out","latency":"1ms"}
        {"at":"2s","node":"api","add":"service","set":{"replicas":3,"queue":5,"call_retry":{"attempts":2,"backoff":"full_jitter","base":"100ms","cap":"2s","on":["502","503","timeout"]}}}
        {"at":"2s","node":"api","set":{"replicas":4}}
        {"at":"3s","node":"web","remove":true}
    "#]]
    .assert_eq(&written);
    assert_eq!(ControlLog::parse(&written, &scenario()), Ok(log));
}

#[test]
fn edits_that_are_wrong() {
    let line = |line: &str, expected: Expect| check(&format!("{HEADER}{line}\n"), expected);
    line(
        r#"{"at":"1s","node":"lb","add":"load_balancr"}"#,
        expect![[r#"
            log:2:1: error: `add` is "load_balancr", which is not a kind of node
                help: did you mean `load_balancer`? kinds: clients, service, dns, anycast, cdn, l4_director, load_balancer, fork_join, database, station
        "#]],
    );
    line(
        r#"{"at":"1s","node":"Lb","add":"load_balancer"}"#,
        expect![[r#"
        log:2:1: error: "Lb" is not an id
            help: 1 to 64 of a-z, 0-9, _ and -; `title` may be anything
    "#]],
    );
    line(
        r#"{"at":"1s","node":"web","add":"service"}"#,
        expect![[r#"
        log:2:1: error: there is already a node `web`
            help: give every node and group an id of its own
    "#]],
    );
    line(
        r#"{"at":"1s","add":"service"}"#,
        expect![[r#"
        log:2:1: error: the line has no `node`
            help: add `node = …`: a text in quotes
    "#]],
    );
    line(
        r#"{"at":"1s","node":"api","add":"service","set":{"replicas":0,"workrs":1}}"#,
        expect![[r#"
        log:2:1: error: `api.replicas` is 0, which is below the smallest allowed, 1
            help: a whole number from 1 to 1000
        log:2:1: error: unknown key `workrs` in node `api` (service)
            help: did you mean `workers`? keys: replicas, workers, service_time, after_share, queue, memory_base, memory_per_request, memory_limit, warm_up_slowdown, call_timeout, call_cancel, call_retry
    "#]],
    );
    line(
        r#"{"at":"1s","node":"api","add":"service","set":3,"for":"1s"}"#,
        expect![[r#"
        log:2:1: error: `set` is 3
            help: a table { … } of parameters of the new node
        log:2:1: error: unknown key `for` in the line
            help: keys: at, node, add, title, set
    "#]],
    );
    line(
        r#"{"node":"wob","remove":true}"#,
        expect![[r#"
        log:2:1: error: the line has no `at`
            help: add `at = …`: a length of time from 0s to 8760h such as "250ms" (ns, us, ms, s, min, h)
        log:2:1: error: `node`: there is no node `wob`
            help: did you mean `web`? nodes: users, web
    "#]],
    );
    line(
        r#"{"at":"1s","node":"web","remove":false}"#,
        expect![[r#"
        log:2:1: error: `remove` is false, which does nothing
            help: write "remove":true, or leave the line out
    "#]],
    );
    line(
        r#"{"at":"1s","node":"web","remove":true,"fault":"kill"}"#,
        expect![[r#"
        log:2:1: error: the line has both `remove` and `fault`
            help: do one thing in each line
    "#]],
    );
    line(
        r#"{"at":"1s","node":"web","link":"users","port":"callz"}"#,
        expect![[r#"
        log:2:1: error: `port`: service `web` has no port `callz`
            help: did you mean `calls`? ports: calls
    "#]],
    );
    line(
        r#"{"at":"1s","node":"web","link":"users"}"#,
        expect![[r#"
        log:2:1: error: `users` is of kind "clients", which cannot be called
            help: let the link end at another node
    "#]],
    );
    line(
        r#"{"at":"1s","node":"web","link":"web","latency":5}"#,
        expect![[r#"
        log:2:1: error: `latency` is 5, which has no unit
            help: write for example "5ms": a length of time such as "8ms" or a distribution such as { exponential = "8ms" }, its mean from 0s to 1h
    "#]],
    );
    line(
        r#"{"at":"1s","node":"users","link":"web","weight":-1}"#,
        expect![[r#"
        log:2:1: error: `weight` is -1, which is negative
            help: a number from 0 to 1000000
    "#]],
    );
    line(
        r#"{"at":"1s","node":"users","link":"web"}"#,
        expect![[r#"
        log:2:1: error: there is already a link from `users.out` to `web`
            help: remove it first, or leave it as it is
    "#]],
    );
    line(
        r#"{"at":"1s","node":"web","unlink":"users"}"#,
        expect![[r#"
        log:2:1: error: there is no link from `web.calls` to `users`
            help: no link leaves `web.calls`
    "#]],
    );
    line(
        r#"{"at":"1s","node":"users","unlink":"web","latency":"1ms"}"#,
        expect![[r#"
        log:2:1: error: unknown key `latency` in the line
            help: keys: at, node, unlink, port
    "#]],
    );
    // What is wrong with a node is told once, and not again of all that refers to it.
    check(
        &format!(
            "{HEADER}{}\n{}\n{}\n{}\n{}\n",
            r#"{"at":"1s","node":"api","add":"service","set":{"replicas":0}}"#,
            r#"{"at":"1s","node":"web","link":"api"}"#,
            r#"{"at":"2s","node":"api","remove":true}"#,
            r#"{"at":"2s","node":"web","link":"api"}"#,
            r#"{"at":"3s","node":"api","set":{"replicas":2}}"#,
        ),
        expect![[r#"
            log:2:1: error: `api.replicas` is 0, which is below the smallest allowed, 1
                help: a whole number from 1 to 1000
            log:5:1: error: `link`: there is no node `api`
                help: nodes: users, web
            log:6:1: error: `node`: there is no node `api`
                help: nodes: users, web
        "#]],
    );
}
