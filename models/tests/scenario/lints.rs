//! Warnings.

use crate::{SMALL, small_and};
use expect_test::{Expect, expect};

fn check(input: &str, expected: Expect) {
    warnings(crate::fixture::load(input), input, expected);
}

fn warnings(loaded: Result<floodgate::Scenario, floodgate::Problems>, input: &str, expected: Expect) {
    let scenario = loaded.unwrap_or_else(|problems| panic!("{problems}"));
    let told: String = floodgate::lint(&scenario, input).iter().map(|w| format!("{}\n", w.in_file("f"))).collect();
    expected.assert_eq(&told);
}

/// Nodes by kind, links, and lines for nodes; what always warns is bounded away.
fn graph(nodes: &[(&str, &str, &str)], links: &[(&str, &str)]) -> String {
    let mut text = "format = 1\nname = 'x'\n".to_string();
    for (id, kind, lines) in nodes {
        text += &format!("[[node]]\nid = '{id}'\nkind = '{kind}'\n{lines}\n");
        if *kind == "service" {
            text += "queue = 10\ncall_timeout = '1s'\n";
        }
    }
    for (from, to) in links {
        text += &format!("[[link]]\nfrom = '{from}'\nto = '{to}'\n");
    }
    text
}

#[test]
fn unbounded_queue_without_a_memory_limit() {
    check(
        SMALL,
        expect![[r#"
        f:6:1: warning: `web` has neither a bound on its `queue` nor a `memory_limit`
            help: under overload its queue grows without end; no real machine does that
    "#]],
    );
}

#[test]
fn cycles_are_named() {
    let nodes =
        [("a", "service", ""), ("b", "service", ""), ("c", "service", ""), ("d", "service", ""), ("u", "clients", "")];
    check(
        &graph(&nodes, &[("u", "a"), ("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]),
        expect![[r#"
        f:3:1: warning: calls go round in a circle: a → b → c → a
            help: a call nested deeper than `max_depth` (64) is answered 508; without latency on the way the run may halt
    "#]],
    );
    // Two circles with a way between them, and one node on that way.
    let nodes = [
        ("a", "service", ""),
        ("b", "service", ""),
        ("c", "service", ""),
        ("d", "service", ""),
        ("e", "service", ""),
        ("u", "clients", ""),
    ];
    check(
        &graph(&nodes, &[("u", "a"), ("a", "b"), ("b", "a"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "d")]),
        expect![[r#"
            f:3:1: warning: calls go round in a circle: a → b → a
                help: a call nested deeper than `max_depth` (64) is answered 508; without latency on the way the run may halt
            f:21:1: warning: calls go round in a circle: d → e → d
                help: a call nested deeper than `max_depth` (64) is answered 508; without latency on the way the run may halt
        "#]],
    );
}

#[test]
fn stations_may_hand_on_in_a_circle_if_there_is_a_way_out() {
    let links = &[("u", "a"), ("a", "b"), ("b", "a")];
    let nodes = |leave| [("a", "station", leave), ("b", "station", ""), ("u", "clients", "")];
    // Stations are known by their kind, so this takes the built-in ones.
    let check = |text: String, expected| warnings(floodgate::Scenario::load(&text), &text, expected);
    check(graph(&nodes("leave = 0.5"), links), expect![""]);
    check(
        graph(&nodes(""), links),
        expect![[r#"
            f:3:1: warning: requests go round for ever: a → b → a
                help: give one of these stations `leave`, or a link to another node
        "#]],
    );
}

#[test]
fn what_nobody_reaches() {
    let nodes = [("a", "service", ""), ("b", "service", ""), ("c", "service", ""), ("u", "clients", "")];
    check(
        &graph(&nodes, &[("b", "c")]),
        expect![[r#"
        f:3:1: warning: no link leads to `a`: it does nothing
            help: add a [[link]] with `to = "a"`
        f:9:1: warning: no link leads to `b`: it does nothing
            help: add a [[link]] with `to = "b"`
        f:15:1: warning: no clients reach `c`: it does nothing
            help: link what calls it to something that clients reach
        f:21:1: warning: clients `u` is not linked to anything
            help: add a [[link]] with `from = "u"`
    "#]],
    );
}

#[test]
fn waiting_for_ever() {
    let text = graph(&[("a", "service", ""), ("u", "clients", "timeout = 'none'")], &[("u", "a")]);
    check(
        &text,
        expect![[r#"
        f:9:1: warning: `u.timeout` is absent: a call that is not answered is waited for for ever
            help: give it, such as `timeout = "1s"`
    "#]],
    );
    let text = graph(&[("a", "service", ""), ("db", "database", ""), ("u", "clients", "")], &[("u", "a"), ("a", "db")]);
    check(
        &text.replace("call_timeout = '1s'\n", ""),
        expect![[r#"
        f:3:1: warning: `a.call_timeout` is absent: a call that is not answered is waited for for ever
            help: give it, such as `call_timeout = "1s"`
    "#]],
    );
}

#[test]
fn retries_multiply() {
    let three = "call_retry = { attempts = 3 }";
    let nodes = [
        ("a", "service", three),
        ("b", "service", three),
        ("db", "database", ""),
        ("lb", "load_balancer", ""),
        ("u", "clients", "retry = { attempts = 1 }"),
    ];
    check(
        &graph(&nodes, &[("u", "lb"), ("lb", "a"), ("a", "b"), ("b", "db")]),
        expect![[r#"
        f:9:1: warning: retries at 3 layers, u → lb → a → b: up to 32× the load
            help: retry at one layer, or give the retries a budget
    "#]],
    );
    // The last layer calls nobody, so it retries nothing.
    check(
        &graph(&nodes, &[("u", "lb"), ("lb", "a"), ("a", "b"), ("a", "db")]),
        expect![[r#"
        f:3:1: warning: retries at 2 layers, u → lb → a: up to 8× the load
            help: retry at one layer, or give the retries a budget
    "#]],
    );
    let one = [("a", "service", ""), ("db", "database", ""), ("u", "clients", "retry = { attempts = 1 }")];
    check(&graph(&one, &[("u", "a"), ("a", "db")]), expect![]);
}

#[test]
fn more_workers_than_connections() {
    let nodes = |db| {
        [
            ("a", "service", "workers = 60\nreplicas = 2"),
            ("b", "service", ""),
            ("db", "database", db),
            ("u", "clients", ""),
            ("v", "clients", ""),
        ]
    };
    let links = [("u", "a"), ("v", "b"), ("a", "db"), ("b", "db")];
    check(
        &graph(&nodes(""), &links),
        expect![[r#"
        f:16:1: warning: `db` takes 100 connections, and a, b may ask for 128 at once
            help: raise `max_connections` or `backlog`, or have fewer workers: the rest gets 503
    "#]],
    );
    check(&graph(&nodes("max_connections = 128"), &links), expect![]);
    check(&graph(&nodes("backlog = 28"), &links), expect![]);
}

#[test]
fn memory_too_small_to_start() {
    let nodes = [("a", "service", "memory_base = '1GiB'\nmemory_limit = '1GiB'"), ("u", "clients", "")];
    check(
        &graph(&nodes, &[("u", "a")]),
        expect![[r#"
        f:3:1: warning: `a` is killed by its first request: its memory does not fit `memory_limit`
            help: raise `memory_limit` above `memory_base` + `memory_per_request`
    "#]],
    );
}

#[test]
fn times_outside_the_run() {
    let text = graph(&[("a", "service", ""), ("u", "clients", "")], &[("u", "a")]);
    check(
        &(text
            + "[[phase]]\nnode='u'\nat='60s'\nfor='1s'\nrate='1/s'\n[[fault]]\nnode='a'\nat='70s'\nfault='kill'\n[[expect]]\nmetric='born'\nwithin=['50s', '61s']\nmin=1\n"),
        expect![[r#"
            f:16:1: warning: this happens at 60s, and the run ends at 60s
                help: raise `until`, or let it happen earlier
            f:21:1: warning: this happens at 70s, and the run ends at 60s
                help: raise `until`, or let it happen earlier
            f:25:1: warning: `within` is from 50s to 61s, and the run ends at 60s
                help: raise `until`, or move the window
        "#]],
    );
}

#[test]
fn changes_of_one_parameter_at_the_same_time() {
    let text = graph(&[("a", "service", ""), ("u", "clients", "")], &[("u", "a")]);
    let phase = |at: &str, what: &str| format!("[[phase]]\nnode='u'\nat='{at}'\nfor='5s'\n{what}\n");
    check(
        &(text.clone() + &phase("1s", "rate='5/s'") + &phase("5s", "rate='6/s'") + &phase("3s", "timeout='2s'")),
        expect![[r#"
            f:21:1: warning: `u.rate` changes at 5s while an earlier change lasts until 6s
                help: while both last, the later one holds
        "#]],
    );
    check(&(text + &phase("1s", "rate='5/s'") + &phase("6s", "rate='6/s'")), expect![]);
}

#[test]
fn a_variant_tells_only_what_is_new() {
    check(
        &small_and("[[variant]]\nname='v'\nset={'users.timeout'='none'}\n"),
        expect![[r#"
        f:3:1: warning: variant "v": `users.timeout` is absent: a call that is not answered is waited for for ever
            help: give it, such as `timeout = "1s"`
        f:6:1: warning: `web` has neither a bound on its `queue` nor a `memory_limit`
            help: under overload its queue grows without end; no real machine does that
    "#]],
    );
}

#[test]
fn a_hint_names_its_node_and_what_it_is_in_few_words() {
    let text = graph(
        &[
            ("u", "clients", "timeout = \"none\"\nretry = { attempts = 3 }"),
            ("a", "service", "workers = 60\ncall_retry = { attempts = 3 }"),
            ("b", "service", "workers = 90\ncall_retry = { attempts = 3 }"),
            ("d", "database", "max_connections = 80"),
        ],
        &[("u", "a"), ("a", "b"), ("b", "d")],
    )
    .replacen("queue = 10\n", "", 1);
    let scenario = floodgate::Scenario::load(&text).unwrap_or_else(|p| panic!("{p}"));
    let hints = floodgate::scenario::hints(&scenario, &text);
    let told: Vec<String> =
        hints.iter().map(|h| format!("{}: {}", h.node.as_deref().unwrap_or("-"), h.short)).collect();
    assert_eq!(
        told,
        ["u: no time-out", "a: queue unbounded", "b: retries at 3 layers: up to 64×", "d: 90 workers, 80 connections",]
    );
    assert!(hints.iter().all(|h| !h.problem.remedy.is_empty()));
    let problems: Vec<_> = hints.into_iter().map(|h| h.problem).collect();
    assert_eq!(problems, floodgate::lint(&scenario, &text));
}

#[test]
fn what_a_balancer_does_not_look_at_and_links_for_nobody() {
    let nodes = [
        ("users", "clients", "class = '/api'"),
        (
            "l4",
            "load_balancer",
            "mode = 'l4'\nsessions = {}\nper_try_timeout = '1s'\nnext_upstream = { tries = 2 }\nzone_aware = {}",
        ),
        ("web", "service", ""),
        ("videos", "service", ""),
    ];
    let text = graph(&nodes, &[("users", "l4"), ("l4", "web")]);
    let text = text + "[[link]]\nfrom = 'l4'\nto = 'videos'\npath = '/video'\n";
    warnings(
        floodgate::Scenario::load(&text),
        &text,
        expect![[r#"
        f:7:1: warning: `l4.sessions` means nothing in `l4`: whoever sees only connections knows no requests
            help: leave it out, or balance requests: `mode = "l7"`
        f:7:1: warning: `l4.per_try_timeout` means nothing in `l4`: whoever sees only connections knows no requests
            help: leave it out, or balance requests: `mode = "l7"`
        f:7:1: warning: `l4.next_upstream` means nothing in `l4`: whoever sees only connections knows no requests
            help: leave it out, or balance requests: `mode = "l7"`
        f:7:1: warning: `l4` is aware of zones, and stands in none: all endpoints are far away
            help: put it into a `group` with the services that are near
        f:33:1: warning: no class of requests is one that the link `l4` → `videos` is for
            help: classes are: /api
    "#]],
    );
}
