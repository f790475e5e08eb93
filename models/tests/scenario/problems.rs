//! Every kind of bad input, and the very words in which it is told.

use crate::small_and;
use expect_test::{Expect, expect};
use floodgate::Scenario;

fn check(input: &str, expected: Expect) {
    expected.assert_eq(&told(input.as_bytes()));
}

/// The same for what follows a file that is right.
fn check_after(more: &str, expected: Expect) {
    check(&small_and(more), expected);
}

fn told(input: &[u8]) -> String {
    // What is not text is refused before any catalogue matters.
    let loaded = match std::str::from_utf8(input) {
        Ok(text) => crate::fixture::load(text),
        Err(_) => Scenario::load_bytes(input),
    };
    match loaded {
        Ok(_) => "fine".to_string(),
        Err(problems) => format!("{}\n", problems.in_file("f")),
    }
}

#[test]
fn nothing_at_all() {
    check(
        "",
        expect![[r#"
        f:1:1: error: the file is empty
            help: a scenario begins with `format = 1` and `name = "…"`, and has at least one `[[node]]`
    "#]],
    );
    check(
        " \n\t\n",
        expect![[r#"
        f:1:1: error: the file is empty
            help: a scenario begins with `format = 1` and `name = "…"`, and has at least one `[[node]]`
    "#]],
    );
    check(
        "# only a remark\n",
        expect![[r#"
            f:1:1: error: the file has no `format`
                help: add `format = 1`
            f:1:1: error: the file has no `name`
                help: add `name = …`: a text of at most 200 characters
            f:1:1: error: the file has no `[[node]]`: there is nothing to simulate
                help: add a `[[node]]` with `id` and `kind`
        "#]],
    );
}

#[test]
fn not_text() {
    expect![[r#"
        f:2:9: error: the byte 0xFF is not UTF-8 text
            help: save the file as UTF-8; is this the right file?
    "#]]
    .assert_eq(&told(b"format = 1\nname = \"\xff\"\n"));
    expect![[r#"
        f:2:12: error: the byte 0xC3 is not UTF-8 text
            help: save the file as UTF-8; is this the right file?
    "#]]
    .assert_eq(&told(b"format = 1\nname = \"h\xc3\xa9h\xc3\""));
    expect![[r#"
        f:1:9: error: key with no value
            help: expected `=`
    "#]]
    .assert_eq(&told(&[0; 8]));
}

#[test]
fn ten_megabytes_of_noise() {
    let noise: Vec<u8> = (0..10_000_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    expect![[r#"
        f: error: the file has 10000000 bytes, more than the limit of 1048576
            help: a scenario is a short text; is this the right file?
    "#]]
    .assert_eq(&told(&noise));
    let at_limit = vec![b'#'; floodgate::scenario::FILE_BYTES_MAX];
    expect![[r#"
        f:1:1: error: the file has no `format`
            help: add `format = 1`
        f:1:1: error: the file has no `name`
            help: add `name = …`: a text of at most 200 characters
        f:1:1: error: the file has no `[[node]]`: there is nothing to simulate
            help: add a `[[node]]` with `id` and `kind`
    "#]]
    .assert_eq(&told(&at_limit));
}

#[test]
fn format() {
    check(
        "name = 'x'\n[[node]]\nid = 'a'\nkind = 'service'\n",
        expect![[r#"
            f:1:1: error: the file has no `format`
                help: add `format = 1`
        "#]],
    );
    check(
        "format = 2\nname = 3\n[[nodule]]\n",
        expect![[r#"
        f:1:10: error: `format` is 2: the file was made by a newer version
            help: use that version; this one reads format 1
    "#]],
    );
    check(
        "format = 0\nname = 'x'\n[[node]]\nid = 'a'\nkind = 'service'\n",
        expect![[r#"
            f:1:10: error: `format` is 0, which is below the smallest allowed, 1
                help: 1
        "#]],
    );
    check(
        "format = '1'\nname = 'x'\n[[node]]\nid = 'a'\nkind = 'service'\n",
        expect![[r#"
            f:1:10: error: `format` is "1", which is a text
                help: 1
        "#]],
    );
}

#[test]
fn header() {
    check(
        "format = 1\nname = ' '\nseed = -1\nuntil = 60\nwarm_up = '-1s'\nmax_depth = 256\nuntill = '3s'\ndescription = 3\n",
        expect![[r#"
            f:1:1: error: the file has no `[[node]]`: there is nothing to simulate
                help: add a `[[node]]` with `id` and `kind`
            f:2:8: error: `name` is " ", which is blank
                help: a text of one line
            f:3:8: error: `seed` is -1, which is negative
                help: a whole number of at least 0
            f:4:9: error: `until` is 60, which has no unit
                help: write for example "60s": a length of time from 1ns to 8760h such as "250ms" (ns, us, ms, s, min, h)
            f:5:11: error: `warm_up` is "-1s", which is negative
                help: a length of time from 0s to 8760h such as "250ms" (ns, us, ms, s, min, h)
            f:6:13: error: `max_depth` is 256, which is above the largest allowed, 255
                help: a whole number from 1 to 255
            f:7:1: error: unknown key `untill` in the file
                help: did you mean `until`? keys: format, name, description, phenomenon, tag, seed, until, warm_up, max_depth, group, node, link, phase, fault, control, expect, note, lesson, variant
            f:8:15: error: `description` is 3, which is a number
                help: a text in quotes
        "#]],
    );
    check(
        "format = 1\nname = \"a\\u001bb\"\nseed = 18446744073709551616\n[[node]]\nid='a'\nkind='service'",
        expect![[r#"
        f:2:8: error: `name` is "a\u{1b}b", which contains the control character \u{1b}
            help: a text of at most 200 characters
        f:3:8: error: `seed` is 18446744073709551616, which is above the largest whole number, 18446744073709551615
            help: a whole number of at least 0
    "#]],
    );
    check(
        "format = 1\nname = \"a\\nb\"\nuntil='5s'\nwarm_up = '5s'\n[[node]]\nid='a'\nkind='service'",
        expect![[r#"
        f:2:8: error: `name` is "a\nb", which has a line break or a tab
            help: a text of one line
        f:4:11: error: `warm_up` is 5s, and the run ends at 5s: nothing is measured
            help: `warm_up` must be before `until`
    "#]],
    );
    check(
        "format = 1\nname = 'x'\nuntil = '0s'\nseed = 1.0\n[[node]]\nid='a'\nkind='service'",
        expect![[r#"
        f:3:9: error: `until` is "0s", which is below the smallest allowed, 1ns
            help: a length of time from 1ns to 8760h such as "250ms" (ns, us, ms, s, min, h)
        f:4:8: error: `seed` is 1.0, which is not written as a whole number
            help: a whole number of at least 0
    "#]],
    );
    check(
        "format = 1\nname = 'x'\nnode = 3\nlink = [1]\n[phase]\nnode='a'\n",
        expect![[r#"
        f:1:1: error: the file has no `[[node]]`: there is nothing to simulate
            help: add a `[[node]]` with `id` and `kind`
        f:3:8: error: `node` is 3
            help: write [[node]], with two brackets, for each
        f:4:9: error: `link` has 1, which is not a table
            help: write [[link]] for each
        f:5:1: error: `phase` is { node = "a" }
            help: write [[phase]], with two brackets, for each
    "#]],
    );
}

#[test]
fn syntax() {
    check(
        "format = 1\nname = small\nuntil = 60s\n[[node]]\nid = \"a\"\nkind = \"service\"\nqueue = -5\n",
        expect![[r#"
        f:2:8: error: string values must be quoted: found `small`
            help: words and quantities stand in quotes: "small"
        f:3:9: error: string values must be quoted: found `60s`
            help: words and quantities stand in quotes: "60s"
        f:7:9: error: `a.queue` is -5, which is negative
            help: a whole number from 0 to 100000000, or "none"
    "#]],
    );
    check(
        "format = 1\nname = \"open\nuntil = \n[[node\n",
        expect![[r#"
            f:2:13: error: invalid basic string
                help: expected `"`
            f:3:9: error: a value is missing
                help: write one after the `=`
            f:4:7: error: unclosed array table
                help: expected `]]`
        "#]],
    );
    check(
        "format = 1\nname = 'x'\nname = 'y'\n[[node]]\nid = 'a'\nkind = 'servise'\n",
        expect![[r#"
        f:3:1: error: duplicate key: found `name`
            help: give each key once; for several tables write [[…]] with two brackets
        f:6:8: error: `a.kind` is "servise", which is not a kind of node
            help: did you mean `service`? kinds: clients, load_balancer, service, database
    "#]],
    );
    check(
        &format!("format = 1\nname = {}", "[".repeat(100_000)),
        expect![[r#"
        f:2:88: error: cannot recurse further; max recursion depth met: found `[`
            help: a scenario is nowhere nested so deep
    "#]],
    );
    check(
        &format!("format = 1\nname = 'x'\n{}x = 1", "a.".repeat(100_000)),
        expect![[r#"
        f:3:200006: error: recursion limit
            help: a scenario is nowhere nested so deep
    "#]],
    );
}

#[test]
fn nodes() {
    check_after(
        "[[node]]\nid = 'web'\nkind = 'service'\n",
        expect![[r#"
        f:13:6: error: `node.id` is "web", which is already in use on line 7
            help: give every node and group an id of its own
    "#]],
    );
    check_after(
        "[[node]]\nid = 'Web 2'\nkind = 'service'\n[[node]]\nkind = 'sevice'\n[[node]]\nid = 'x'\n",
        expect![[r#"
        f:13:6: error: `node.id` is "Web 2", which is not an id
            help: 1 to 64 of a-z, 0-9, _ and -; `title` may be anything
        f:15:1: error: [[node]] has no `id`
            help: add `id = …`: a text in quotes
        f:16:8: error: `node.kind` is "sevice", which is not a kind of node
            help: did you mean `service`? kinds: clients, load_balancer, service, database
        f:17:1: error: node `x` has no `kind`
            help: add `kind = …`: a text in quotes
    "#]],
    );
    check_after(
        &format!("[[node]]\nid = '{}'\nkind = 'service'\n", "a".repeat(65)),
        expect![[r#"
        f:13:6: error: `node.id` is "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…", which is not an id
            help: 1 to 64 of a-z, 0-9, _ and -; `title` may be anything
    "#]],
    );
    check_after(
        "[[node]]\nid = 'x'\nkind = 'quantum'\nanything = 'goes'\n",
        expect![[r#"
        f:14:8: error: `x.kind` is "quantum", which is not a kind of node
            help: kinds: clients, load_balancer, service, database
    "#]],
    );
    check_after(
        "[[node]]\nid = 'x'\nkind = 'service'\nworker = 3\ncall_retry = { attempt = 3 }\nposition = [1]\ngroup = 'z'\n",
        expect![[r#"
            f:15:1: error: unknown key `worker` in node `x` (service)
                help: did you mean `workers`? keys: id, kind, title, group, position, replicas, workers, service_time, after_share, queue, memory_base, memory_per_request, memory_limit, warm_up_slowdown, call_timeout, call_cancel, call_retry
            f:16:16: error: unknown key `attempt` in `x.call_retry`
                help: did you mean `attempts`? keys: attempts, backoff, base, cap, on
            f:17:12: error: `x.position` is [1]
                help: two numbers: [x, y]
            f:18:9: error: `x.group`: there is no group `z`
                help: there are no groups here
        "#]],
    );
    check_after(
        "[[node]]\nid = 'x'\nkind = 'service'\nposition = [nan, 1e9]\ntitle = ''\n",
        expect![[r#"
        f:15:13: error: `x.position` is nan, which is not a number
            help: a number from -1000000 to 1000000
        f:15:18: error: `x.position` is 1e9, which is above the largest allowed, 1000000
            help: a number from -1000000 to 1000000
        f:16:9: error: `x.title` is "", which is blank
            help: a text of one line
    "#]],
    );
    check_after(
        "[[group]]\nid = 'web'\nkind = 'zon'\n[[group]]\nid='z'\nkind='zone'\nsize=3\n",
        expect![[r#"
            f:7:6: error: `node.id` is "web", which is already in use on line 13
                help: give every node and group an id of its own
            f:14:8: error: `group.kind` is "zon", which is not one of the words
                help: did you mean "zone"? one of "zone", "region", "cluster"
            f:18:1: error: unknown key `size` in [[group]]
                help: keys: id, kind, title
        "#]],
    );
}

#[test]
fn quantities() {
    let node = |line: &str| small_and(&format!("[[node]]\nid = 'x'\nkind = 'service'\n{line}\n"));
    let users = |line: &str| small_and(&format!("[[node]]\nid = 'x'\nkind = 'clients'\n{line}\n"));
    check(
        &users("rate = 120"),
        expect![[r#"
        f:15:8: error: `x.rate` is 120, which has no unit
            help: write for example "120/s": a rate from 0/s to 10000000/s such as "120/s" (/ms, /s, /min, /h)
    "#]],
    );
    check(
        &users("rate = '120'"),
        expect![[r#"
        f:15:8: error: `x.rate` is "120", which has no unit
            help: a rate from 0/s to 10000000/s such as "120/s" (/ms, /s, /min, /h)
    "#]],
    );
    check(
        &users("rate = '10k/s'"),
        expect![[r#"
        f:15:8: error: `x.rate` is "10k/s", which has the unknown unit "k/s"
            help: a rate from 0/s to 10000000/s such as "120/s" (/ms, /s, /min, /h)
    "#]],
    );
    check(
        &users("rate = '-5/s'"),
        expect![[r#"
        f:15:8: error: `x.rate` is "-5/s", which is negative
            help: a rate from 0/s to 10000000/s such as "120/s" (/ms, /s, /min, /h)
    "#]],
    );
    check(
        &users("rate = '5/day'"),
        expect![[r#"
        f:15:8: error: `x.rate` is "5/day", which has the unknown unit "/day"
            help: a rate from 0/s to 10000000/s such as "120/s" (/ms, /s, /min, /h)
    "#]],
    );
    check(
        &users("rate = '20000/ms'"),
        expect![[r#"
        f:15:8: error: `x.rate` is "20000/ms", which is above the largest allowed, 10000000/s
            help: a rate from 0/s to 10000000/s such as "120/s" (/ms, /s, /min, /h)
    "#]],
    );
    check(
        &users("rate = inf"),
        expect![[r#"
            f:15:8: error: `x.rate` is inf, which is not finite
                help: a rate from 0/s to 10000000/s such as "120/s" (/ms, /s, /min, /h)
        "#]],
    );
    check(
        &users("timeout = 250"),
        expect![[r#"
        f:15:11: error: `x.timeout` is 250, which has no unit
            help: write for example "250ms": a length of time from 1us to 24h such as "250ms" (ns, us, ms, s, min, h), or "none"
    "#]],
    );
    check(
        &users("timeout = 2.5e3"),
        expect![[r#"
        f:15:11: error: `x.timeout` is 2.5e3, which has no unit
            help: a length of time from 1us to 24h such as "250ms" (ns, us, ms, s, min, h), or "none"
    "#]],
    );
    check(
        &users("timeout = '250 ms'"),
        expect![[r#"
        f:15:11: error: `x.timeout` is "250 ms", which has a space before the unit
            help: a length of time from 1us to 24h such as "250ms" (ns, us, ms, s, min, h), or "none"
    "#]],
    );
    check(
        &users("timeout = '-250ms'"),
        expect![[r#"
        f:15:11: error: `x.timeout` is "-250ms", which is negative
            help: a length of time from 1us to 24h such as "250ms" (ns, us, ms, s, min, h), or "none"
    "#]],
    );
    check(
        &users("timeout = '0s'"),
        expect![[r#"
        f:15:11: error: `x.timeout` is "0s", which is below the smallest allowed, 1us
            help: a length of time from 1us to 24h such as "250ms" (ns, us, ms, s, min, h), or "none"
    "#]],
    );
    check(
        &users("timeout = '25h'"),
        expect![[r#"
        f:15:11: error: `x.timeout` is "25h", which is above the largest allowed, 24h
            help: a length of time from 1us to 24h such as "250ms" (ns, us, ms, s, min, h), or "none"
    "#]],
    );
    check(
        &users("timeout = '1.5ns'"),
        expect![[r#"
        f:15:11: error: `x.timeout` is "1.5ns", which is finer than a nanosecond
            help: a length of time from 1us to 24h such as "250ms" (ns, us, ms, s, min, h), or "none"
    "#]],
    );
    check(
        &users("timeout = 07:32:00"),
        expect![[r#"
        f:15:11: error: `x.timeout` is 07:32:00, which is a date or time of day
            help: a length of time from 1us to 24h such as "250ms" (ns, us, ms, s, min, h), or "none"
    "#]],
    );
    check(
        &users("timeout = ['1s']"),
        expect![[r#"
            f:15:11: error: `x.timeout` is ["1s"], which is a list
                help: a length of time from 1us to 24h such as "250ms" (ns, us, ms, s, min, h), or "none"
        "#]],
    );
    check(
        &users("cancel = 'yes'"),
        expect![[r#"
        f:15:10: error: `x.cancel` is "yes", which is a text
            help: true or false
    "#]],
    );
    check(
        &users("population = 0"),
        expect![[r#"
        f:15:14: error: `x.population` is 0, which is below the smallest allowed, 1
            help: a whole number from 1 to 1000000000
    "#]],
    );
    check(
        &users("population = 1.0"),
        expect![[r#"
        f:15:14: error: `x.population` is 1.0, which is not written as a whole number
            help: a whole number from 1 to 1000000000
    "#]],
    );
    check(
        &users("population = 99999999999999999999999999999999999999999999"),
        expect![[r#"
        f:15:14: error: `x.population` is 99999999999999999999999999999999999999999999, which has too many digits
            help: a whole number from 1 to 1000000000
    "#]],
    );
    check(
        &users("population = 'none'"),
        expect![[r#"
        f:15:14: error: `x.population` is "none", which is a text
            help: a whole number from 1 to 1000000000
    "#]],
    );
    check(
        &node("memory_limit = 512"),
        expect![[r#"
        f:15:16: error: `x.memory_limit` is 512, which has no unit
            help: write for example "512MiB": an amount of memory of at least 0B such as "512MiB" (B, KB, MB, GB, KiB, MiB, GiB), or "none"
    "#]],
    );
    check(
        &node("memory_limit = '512MO'"),
        expect![[r#"
        f:15:16: error: `x.memory_limit` is "512MO", which has the unknown unit "MO"
            help: an amount of memory of at least 0B such as "512MiB" (B, KB, MB, GB, KiB, MiB, GiB), or "none"
    "#]],
    );
    check(
        &node("memory_limit = '0.3B'"),
        expect![[r#"
        f:15:16: error: `x.memory_limit` is "0.3B", which is not a whole number of bytes
            help: an amount of memory of at least 0B such as "512MiB" (B, KB, MB, GB, KiB, MiB, GiB), or "none"
    "#]],
    );
    check(
        &node("after_share = 1.5"),
        expect![[r#"
        f:15:15: error: `x.after_share` is 1.5, which is above the largest allowed, 1
            help: a share from 0 to 1, such as 0.25
    "#]],
    );
    check(
        &node("after_share = nan"),
        expect![[r#"
        f:15:15: error: `x.after_share` is nan, which is not a number
            help: a share from 0 to 1, such as 0.25
    "#]],
    );
    check(
        &node("warm_up_slowdown = inf"),
        expect![[r#"
        f:15:20: error: `x.warm_up_slowdown` is inf, which is not finite
            help: a number from 1 to 1000
    "#]],
    );
    check(
        &node("call_retry = 3"),
        expect![[r#"
        f:15:14: error: `x.call_retry` is 3, which is a number
            help: a table { … } of: attempts, backoff, base, cap, on
    "#]],
    );
    check(
        &node("call_retry = { backoff = 'ful_jitter', on = ['502', '404', '502'] }"),
        expect![[r#"
            f:15:26: error: `x.call_retry.backoff` is "ful_jitter", which is not one of the words
                help: did you mean "full_jitter"? one of "none", "exponential", "full_jitter"
            f:15:53: error: `x.call_retry.on` is ["502", "404", "502"], which has "404", not a code
                help: a list such as ["502", "timeout"] of: 429, 500, 502, 503, 504, 508, timeout, connect_timeout, cancelled
        "#]],
    );
    check(
        &node("call_retry = { on = [502] }\ncall_cancel = 1"),
        expect![[r#"
            f:15:22: error: `x.call_retry.on` is [502], which has 502, not a code
                help: a list such as ["502", "timeout"] of: 429, 500, 502, 503, 504, 508, timeout, connect_timeout, cancelled
            f:16:15: error: `x.call_cancel` is 1, which is a number
                help: true or false
        "#]],
    );
    check(
        &node(&format!("queue = '{}'", "long ".repeat(100))),
        expect![[r#"
        f:15:9: error: `x.queue` is "long long long long long long long long long long long long …", which is a text
            help: a whole number from 0 to 100000000, or "none"
    "#]],
    );
    check(
        &node("queue = \"\\u001b[31m\\u202e\""),
        expect![[r#"
        f:15:9: error: `x.queue` is "\u{1b}[31m\u{202e}", which is a text
            help: a whole number from 0 to 100000000, or "none"
    "#]],
    );
}

#[test]
fn distributions() {
    let node = |value: &str| small_and(&format!("[[node]]\nid = 'x'\nkind = 'service'\nservice_time = {value}\n"));
    check(
        &node("8"),
        expect![[r#"
        f:15:16: error: `x.service_time` is 8, which has no unit
            help: write for example "8ms": a length of time such as "8ms" or a distribution such as { exponential = "8ms" }, its mean from 0s to 24h
    "#]],
    );
    check(
        &node("{}"),
        expect![[r#"
            f:15:16: error: `x.service_time` is {}, which is empty
                help: "8ms", { exponential = "8ms" }, { uniform = ["1ms", "5ms"] }, { erlang = "8ms", k = 4 }, { hyperexponential = "8ms", scv = 4.0 }, { lognormal = "8ms", scv = 2.0 }, { weibull = "8ms", shape = 0.5 }, { pareto = ["1ms", "10s"], shape = 1.2 }, { quantiles = [[0.0, "1ms"], [0.5, "4ms"], [1.0, "1s"]] } or { mixture = [[0.9, "2ms"], [0.1, { exponential = "80ms" }]] }
        "#]],
    );
    check(
        &node("true"),
        expect![[r#"
            f:15:16: error: `x.service_time` is true, which is a truth value
                help: "8ms", { exponential = "8ms" }, { uniform = ["1ms", "5ms"] }, { erlang = "8ms", k = 4 }, { hyperexponential = "8ms", scv = 4.0 }, { lognormal = "8ms", scv = 2.0 }, { weibull = "8ms", shape = 0.5 }, { pareto = ["1ms", "10s"], shape = 1.2 }, { quantiles = [[0.0, "1ms"], [0.5, "4ms"], [1.0, "1s"]] } or { mixture = [[0.9, "2ms"], [0.1, { exponential = "80ms" }]] }
        "#]],
    );
    check(
        &node("{ exponental = '3ms' }"),
        expect![[r#"
            f:15:18: error: `x.service_time` is { exponental = "3ms" }, which has the unknown key `exponental` (did you mean `exponential`?)
                help: "8ms", { exponential = "8ms" }, { uniform = ["1ms", "5ms"] }, { erlang = "8ms", k = 4 }, { hyperexponential = "8ms", scv = 4.0 }, { lognormal = "8ms", scv = 2.0 }, { weibull = "8ms", shape = 0.5 }, { pareto = ["1ms", "10s"], shape = 1.2 }, { quantiles = [[0.0, "1ms"], [0.5, "4ms"], [1.0, "1s"]] } or { mixture = [[0.9, "2ms"], [0.1, { exponential = "80ms" }]] }
        "#]],
    );
    check(
        &node("{ exponential = 3 }"),
        expect![[r#"
            f:15:32: error: `x.service_time` is { exponential = 3 }, which has `exponential` = 3, which has no unit
                help: "8ms", { exponential = "8ms" }, { uniform = ["1ms", "5ms"] }, { erlang = "8ms", k = 4 }, { hyperexponential = "8ms", scv = 4.0 }, { lognormal = "8ms", scv = 2.0 }, { weibull = "8ms", shape = 0.5 }, { pareto = ["1ms", "10s"], shape = 1.2 }, { quantiles = [[0.0, "1ms"], [0.5, "4ms"], [1.0, "1s"]] } or { mixture = [[0.9, "2ms"], [0.1, { exponential = "80ms" }]] }
        "#]],
    );
    check(
        &node("{ exponential = '3ms', k = 3 }"),
        expect![[r#"
            f:15:39: error: `x.service_time` is { exponential = "3ms", k = 3 }, which has the unknown key `k`
                help: "8ms", { exponential = "8ms" }, { uniform = ["1ms", "5ms"] }, { erlang = "8ms", k = 4 }, { hyperexponential = "8ms", scv = 4.0 }, { lognormal = "8ms", scv = 2.0 }, { weibull = "8ms", shape = 0.5 }, { pareto = ["1ms", "10s"], shape = 1.2 }, { quantiles = [[0.0, "1ms"], [0.5, "4ms"], [1.0, "1s"]] } or { mixture = [[0.9, "2ms"], [0.1, { exponential = "80ms" }]] }
        "#]],
    );
    check(
        &node("{ exponential = '3ms', erlang = '3ms' }"),
        expect![[r#"
            f:15:16: error: `x.service_time` is { erlang = "3ms", exponential = "3ms" }, which is both `exponential` and `erlang`
                help: "8ms", { exponential = "8ms" }, { uniform = ["1ms", "5ms"] }, { erlang = "8ms", k = 4 }, { hyperexponential = "8ms", scv = 4.0 }, { lognormal = "8ms", scv = 2.0 }, { weibull = "8ms", shape = 0.5 }, { pareto = ["1ms", "10s"], shape = 1.2 }, { quantiles = [[0.0, "1ms"], [0.5, "4ms"], [1.0, "1s"]] } or { mixture = [[0.9, "2ms"], [0.1, { exponential = "80ms" }]] }
        "#]],
    );
    check(
        &node("{ exponential = '25h' }"),
        expect![[r#"
        f:15:16: error: `x.service_time` is { exponential = "25h" }, which is above the largest allowed, 24h
            help: a length of time such as "8ms" or a distribution such as { exponential = "8ms" }, its mean from 0s to 24h
    "#]],
    );
    check(
        &node("{ uniform = ['5ms', '1ms'] }"),
        expect![[r#"
            f:15:28: error: `x.service_time` is { uniform = ["5ms", "1ms"] }, which has `uniform` from 5ms down to 1ms
                help: "8ms", { exponential = "8ms" }, { uniform = ["1ms", "5ms"] }, { erlang = "8ms", k = 4 }, { hyperexponential = "8ms", scv = 4.0 }, { lognormal = "8ms", scv = 2.0 }, { weibull = "8ms", shape = 0.5 }, { pareto = ["1ms", "10s"], shape = 1.2 }, { quantiles = [[0.0, "1ms"], [0.5, "4ms"], [1.0, "1s"]] } or { mixture = [[0.9, "2ms"], [0.1, { exponential = "80ms" }]] }
        "#]],
    );
    check(
        &node("{ uniform = ['5ms'] }"),
        expect![[r#"
            f:15:28: error: `x.service_time` is { uniform = ["5ms"] }, which has `uniform` with 1 ends instead of two
                help: "8ms", { exponential = "8ms" }, { uniform = ["1ms", "5ms"] }, { erlang = "8ms", k = 4 }, { hyperexponential = "8ms", scv = 4.0 }, { lognormal = "8ms", scv = 2.0 }, { weibull = "8ms", shape = 0.5 }, { pareto = ["1ms", "10s"], shape = 1.2 }, { quantiles = [[0.0, "1ms"], [0.5, "4ms"], [1.0, "1s"]] } or { mixture = [[0.9, "2ms"], [0.1, { exponential = "80ms" }]] }
        "#]],
    );
    check(
        &node("{ uniform = '5ms' }"),
        expect![[r#"
            f:15:28: error: `x.service_time` is { uniform = "5ms" }, which has `uniform` = "5ms", not a list of two
                help: "8ms", { exponential = "8ms" }, { uniform = ["1ms", "5ms"] }, { erlang = "8ms", k = 4 }, { hyperexponential = "8ms", scv = 4.0 }, { lognormal = "8ms", scv = 2.0 }, { weibull = "8ms", shape = 0.5 }, { pareto = ["1ms", "10s"], shape = 1.2 }, { quantiles = [[0.0, "1ms"], [0.5, "4ms"], [1.0, "1s"]] } or { mixture = [[0.9, "2ms"], [0.1, { exponential = "80ms" }]] }
        "#]],
    );
    check(
        &node("{ erlang = '5ms' }"),
        expect![[r#"
            f:15:16: error: `x.service_time` is { erlang = "5ms" }, which has no `k`
                help: "8ms", { exponential = "8ms" }, { uniform = ["1ms", "5ms"] }, { erlang = "8ms", k = 4 }, { hyperexponential = "8ms", scv = 4.0 }, { lognormal = "8ms", scv = 2.0 }, { weibull = "8ms", shape = 0.5 }, { pareto = ["1ms", "10s"], shape = 1.2 }, { quantiles = [[0.0, "1ms"], [0.5, "4ms"], [1.0, "1s"]] } or { mixture = [[0.9, "2ms"], [0.1, { exponential = "80ms" }]] }
        "#]],
    );
    check(
        &node("{ erlang = '5ms', k = 0 }"),
        expect![[r#"
            f:15:38: error: `x.service_time` is { erlang = "5ms", k = 0 }, which has `k` = 0, not a whole number from 1 to 1000
                help: "8ms", { exponential = "8ms" }, { uniform = ["1ms", "5ms"] }, { erlang = "8ms", k = 4 }, { hyperexponential = "8ms", scv = 4.0 }, { lognormal = "8ms", scv = 2.0 }, { weibull = "8ms", shape = 0.5 }, { pareto = ["1ms", "10s"], shape = 1.2 }, { quantiles = [[0.0, "1ms"], [0.5, "4ms"], [1.0, "1s"]] } or { mixture = [[0.9, "2ms"], [0.1, { exponential = "80ms" }]] }
        "#]],
    );
    check(
        &node("{ erlang = '5ms', k = 2.5 }"),
        expect![[r#"
            f:15:38: error: `x.service_time` is { erlang = "5ms", k = 2.5 }, which has `k` = 2.5, not a whole number from 1 to 1000
                help: "8ms", { exponential = "8ms" }, { uniform = ["1ms", "5ms"] }, { erlang = "8ms", k = 4 }, { hyperexponential = "8ms", scv = 4.0 }, { lognormal = "8ms", scv = 2.0 }, { weibull = "8ms", shape = 0.5 }, { pareto = ["1ms", "10s"], shape = 1.2 }, { quantiles = [[0.0, "1ms"], [0.5, "4ms"], [1.0, "1s"]] } or { mixture = [[0.9, "2ms"], [0.1, { exponential = "80ms" }]] }
        "#]],
    );
    check(
        &node("{ hyperexponential = '5ms', scv = 0.5 }"),
        expect![[r#"
            f:15:50: error: `x.service_time` is { hyperexponential = "5ms", scv = 0.5 }, which has `scv` = 0.5, not a number from 1 to 10000
                help: "8ms", { exponential = "8ms" }, { uniform = ["1ms", "5ms"] }, { erlang = "8ms", k = 4 }, { hyperexponential = "8ms", scv = 4.0 }, { lognormal = "8ms", scv = 2.0 }, { weibull = "8ms", shape = 0.5 }, { pareto = ["1ms", "10s"], shape = 1.2 }, { quantiles = [[0.0, "1ms"], [0.5, "4ms"], [1.0, "1s"]] } or { mixture = [[0.9, "2ms"], [0.1, { exponential = "80ms" }]] }
        "#]],
    );
    check(
        &node("{ lognormal = '5ms', scv = -1 }"),
        expect![[r#"
            f:15:43: error: `x.service_time` is { lognormal = "5ms", scv = -1 }, which has `scv` = -1, not a number from 0 to 10000
                help: "8ms", { exponential = "8ms" }, { uniform = ["1ms", "5ms"] }, { erlang = "8ms", k = 4 }, { hyperexponential = "8ms", scv = 4.0 }, { lognormal = "8ms", scv = 2.0 }, { weibull = "8ms", shape = 0.5 }, { pareto = ["1ms", "10s"], shape = 1.2 }, { quantiles = [[0.0, "1ms"], [0.5, "4ms"], [1.0, "1s"]] } or { mixture = [[0.9, "2ms"], [0.1, { exponential = "80ms" }]] }
        "#]],
    );
    check(
        &node("{ lognormal = '-5ms', scv = nan }"),
        expect![[r#"
            f:15:30: error: `x.service_time` is { lognormal = "-5ms", scv = nan }, which has `lognormal` = "-5ms", which is negative
                help: "8ms", { exponential = "8ms" }, { uniform = ["1ms", "5ms"] }, { erlang = "8ms", k = 4 }, { hyperexponential = "8ms", scv = 4.0 }, { lognormal = "8ms", scv = 2.0 }, { weibull = "8ms", shape = 0.5 }, { pareto = ["1ms", "10s"], shape = 1.2 }, { quantiles = [[0.0, "1ms"], [0.5, "4ms"], [1.0, "1s"]] } or { mixture = [[0.9, "2ms"], [0.1, { exponential = "80ms" }]] }
        "#]],
    );
}

#[test]
fn links() {
    check_after(
        "[[link]]\nfrom = 'web'\nto = 'wob'\n[[link]]\nfrom = 'nobody'\nto = 'web'\n",
        expect![[r#"
        f:14:6: error: `link.to`: there is no node `wob`
            help: did you mean `web`? nodes: users, web
        f:16:8: error: `link.from`: there is no node `nobody`
            help: nodes: users, web
    "#]],
    );
    check_after(
        "[[link]]\nfrom = 'web'\nto = 'web'\n",
        expect![[r#"
        f:14:6: error: the link leads from `web` to itself
            help: a link joins two nodes
    "#]],
    );
    check_after(
        "[[link]]\nfrom = 'users.out'\nto = 'web'\n",
        expect![[r#"
        f:12:1: error: there are two links from `users.out` to `web`; the other is on line 9
            help: remove one of them
    "#]],
    );
    check_after(
        "[[link]]\nfrom = 'web'\nto = 'users'\n",
        expect![[r#"
        f:14:6: error: `link.to` is "users": a node of kind "clients" cannot be called
            help: let the link end at another node
    "#]],
    );
    check_after(
        "[[link]]\nfrom = 'web.call'\nto = 'web'\n",
        expect![[r#"
        f:13:8: error: `link.from`: service `web` has no port `call`
            help: did you mean `calls`? ports: calls
    "#]],
    );
    check_after(
        "[[node]]\nid='db'\nkind='database'\n[[link]]\nfrom = 'db'\nto = 'web'\n",
        expect![[r#"
        f:16:8: error: `link.from` is "db": a database calls nobody
            help: let the link begin at another node
    "#]],
    );
    check_after(
        "[[node]]\nid='db'\nkind='database'\n[[link]]\nfrom = 'users'\nto = 'db'\n",
        expect![[r#"
        f:15:1: error: link number 2 from `users.out`, which takes 1
            help: remove it, or put a load balancer between
    "#]],
    );
    check_after(
        "[[node]]\nid='db'\nkind='database'\n[[link]]\nfrom = 'web'\nto = 'db.in'\n",
        expect![[r#"
        f:17:6: error: `link.to` is "db.in": a link ends at a node, not at a port
            help: write `to = "db"`
    "#]],
    );
    check_after(
        "[[node]]\nid='db'\nkind='database'\n[[link]]\nfrom='web'\nto='db'\nlatency='2h'\nlos=1\n",
        expect![[r#"
            f:18:9: error: `link.latency` is "2h", which is above the largest allowed, 1h
                help: a length of time such as "8ms" or a distribution such as { exponential = "8ms" }, its mean from 0s to 1h
            f:19:1: error: unknown key `los` in [[link]]
                help: did you mean `loss`? keys: from, to, latency, weight, path, header, loss, rto, bandwidth, call_size, answer_size, cut
        "#]],
    );
    check_after(
        "[[link]]\n[[link]]\nfrom = 3\nto = ['web']\n",
        expect![[r#"
            f:12:1: error: [[link]] has no `from`
                help: add `from = …`: a text in quotes
            f:12:1: error: [[link]] has no `to`
                help: add `to = …`: a text in quotes
            f:14:8: error: `link.from` is 3, which is a number
                help: a text in quotes
            f:15:6: error: `link.to` is ["web"], which is a list
                help: a text in quotes
        "#]],
    );
}

/// Where an id cannot be read, nobody knows whether it is the one that others refer to.
#[test]
fn what_follows_from_another_problem_is_not_told() {
    check_after(
        "[[node]]\nid = 'DB'\nkind = 'database'\n[[link]]\nfrom = 'web'\nto = 'DB'\n",
        expect![[r#"
        f:13:6: error: `node.id` is "DB", which is not an id
            help: 1 to 64 of a-z, 0-9, _ and -; `title` may be anything
    "#]],
    );
    check_after(
        "[[node]]\nid = 'db'\nkind = 'data'\n[[link]]\nfrom = 'web'\nto = 'db'\n[[phase]]\nnode='db'\nat='1s'\nfor='1s'\nx=1\n",
        expect![[r#"
            f:14:8: error: `db.kind` is "data", which is not a kind of node
                help: kinds: clients, load_balancer, service, database
        "#]],
    );
}

#[test]
fn timeline() {
    check_after(
        "[[phase]]\nnode = 'users'\nat = '1s'\nfor = '1s'\n",
        expect![[r#"
            f:12:1: error: nothing of `users` is changed
                help: give it a parameter: rate, timeout, cancel, retry
        "#]],
    );
    check_after(
        "[[phase]]\nnode = 'user'\nat = 1\nrate = '5/s'\n",
        expect![[r#"
        f:12:1: error: [[phase]] has no `for`
            help: add `for = …`: a length of time from 1ns to 8760h such as "250ms" (ns, us, ms, s, min, h)
        f:13:8: error: `phase.node`: there is no node `user`
            help: did you mean `users`? nodes: users, web
        f:14:6: error: `phase.at` is 1, which has no unit
            help: write for example "1s": a length of time from 0s to 8760h such as "250ms" (ns, us, ms, s, min, h)
    "#]],
    );
    check_after(
        "[[phase]]\nnode = 'users'\nat = '1s'\nfor = '0s'\npopulation = 5\nrate = '-1/s'\n",
        expect![[r#"
            f:15:7: error: `phase.for` is "0s", which is below the smallest allowed, 1ns
                help: a length of time from 1ns to 8760h such as "250ms" (ns, us, ms, s, min, h)
            f:16:1: error: `users.population` cannot change while the system runs
                help: these can: rate, timeout, cancel, retry
            f:17:8: error: `users.rate` is "-1/s", which is negative
                help: a rate from 0/s to 10000000/s such as "120/s" (/ms, /s, /min, /h)
        "#]],
    );
    check_after(
        "[[phase]]\nnode = 'users'\nat = '1s'\nfor = '2s'\nretry = { attempt = 5 }\nrate.x = 1\n'retry.base' = 3\n",
        expect![[r#"
            f:16:11: error: clients `users` has no parameter `retry.attempt`
                help: did you mean `attempts`? parameters: attempts, backoff, base, cap, on
            f:17:1: error: `users.rate` is { x = 1 }, which is a table
                help: a rate from 0/s to 10000000/s such as "120/s" (/ms, /s, /min, /h)
            f:18:16: error: `users.retry.base` is 3, which has no unit
                help: write for example "3ms": a length of time from 0s to 1h such as "250ms" (ns, us, ms, s, min, h)
        "#]],
    );
    check_after(
        "[[fault]]\nnode = 'web'\nat = '1s'\nfault = 'kil'\n",
        expect![[r#"
        f:15:9: error: `fault.fault`: service `web` has no fault `kil`
            help: did you mean `kill`? faults: kill, slow
    "#]],
    );
    check_after(
        "[[fault]]\nnode = 'web'\nat = '1s'\nfault = 'kill'\nfor = '1s'\n",
        expect![[r#"
        f:16:7: error: [[fault]] has `for`, and this fault is done in an instant
            help: leave `for` out
    "#]],
    );
    check_after(
        "[[fault]]\nnode = 'web'\nat = '1s'\nfault = 'slow'\nfactr = 0\nfactor = 0\n",
        expect![[r#"
        f:12:1: error: [[fault]] has no `for`, and this fault lasts
            help: add `for = …`, a length of time such as "5s"
        f:16:1: error: unknown key `factr` in the fault `slow` of `web`
            help: did you mean `factor`? keys: at, node, for, fault, factor
        f:17:10: error: `fault.factor` is 0, which is below the smallest allowed, 0.01
            help: a number from 0.01 to 1000
    "#]],
    );
    check_after(
        "[[fault]]\nnode = 'users'\nat = '1s'\nfault = 'kill'\n",
        expect![[r#"
        f:15:9: error: `fault.fault`: clients `users` has no fault `kill`
            help: there are no faults here
    "#]],
    );
    check_after(
        "[[control]]\nnode = 'web'\nat = '1s'\n",
        expect![[r#"
        f:12:1: error: [[control]] does nothing
            help: give one of `set = { … }`, `fault = "…"` and `heal = "…"`
    "#]],
    );
    check_after(
        "[[control]]\nnode = 'web'\nat = '1s'\nset = { replicas = 2 }\nfault = 'kill'\n",
        expect![[r#"
        f:16:9: error: [[control]] has both `set` and `fault`
            help: give one of `set = { … }`, `fault = "…"` and `heal = "…"`
    "#]],
    );
    check_after(
        "[[control]]\nnode = 'web'\nat = '1s'\nset = 3\n",
        expect![[r#"
        f:15:7: error: `control.set` is 3
            help: a table { … } of live parameters
    "#]],
    );
    check_after(
        "[[control]]\nnode = 'web'\nat = '1s'\nheal = 'kill'\n",
        expect![[r#"
        f:15:8: error: `control.heal` is "kill", which is done in an instant
            help: only faults that last can be healed
    "#]],
    );
    check_after(
        "[[control]]\nnode = 'web'\nat = '1s'\nheal = 'slow'\nfor = '3s'\n",
        expect![[r#"
        f:16:7: error: [[control]] has `for`, and healing is done at once
            help: leave `for` out
    "#]],
    );
    check_after(
        "[[control]]\nnode = 'web'\nat = '1s'\nset = { replicas = 2 }\nfactor = 3\n",
        expect![[r#"
        f:16:1: error: unknown key `factor` in [[control]]
            help: keys: at, node, for, set, fault, heal
    "#]],
    );
}

#[test]
fn expectations() {
    check_after(
        "[[expect]]\nmetric = 'goodput_rato'\nmin = 1\n",
        expect![[r#"
        f:13:10: error: `expect.metric` is "goodput_rato", which is not a metric
            help: did you mean `goodput_ratio`? metrics: born, answered, failed, goodput, goodput_per_s, goodput_ratio, answered_ratio, in_flight, wasted_work_seconds, wasted_work_ratio, offered_per_s, throughput_per_s, error_ratio, amplification, offered, errors, caller_errors, late, latency_ms.mean, latency_ms.p50, latency_ms.p90, latency_ms.p95, latency_ms.p99, latency_ms.p999 and 9 more
    "#]],
    );
    check_after(
        "[[expect]]\nmetric = 'happiness'\nmin = 1\n",
        expect![[r#"
        f:13:10: error: `expect.metric` is "happiness", which is not a metric
            help: metrics: born, answered, failed, goodput, goodput_per_s, goodput_ratio, answered_ratio, in_flight, wasted_work_seconds, wasted_work_ratio, offered_per_s, throughput_per_s, error_ratio, amplification, offered, errors, caller_errors, late, latency_ms.mean, latency_ms.p50, latency_ms.p90, latency_ms.p95, latency_ms.p99, latency_ms.p999, latency_ms.max, utilization, queue.mean, queue.max, errors.CODE, caller_errors.CODE, gauge.NAME.mean, gauge.NAME.max, gauge.NAME.last
    "#]],
    );
    check_after(
        "[[expect]]\nmetric = 'errors.404'\nof = 'web'\nmin = 1\n",
        expect![[r#"
        f:13:10: error: `expect.metric` is "errors.404", which is not a metric
            help: `errors` for all, or `errors.CODE` with one of: 429, 500, 502, 503, 504, 508, timeout, connect_timeout, cancelled
    "#]],
    );
    check_after(
        "[[expect]]\nmetric = 'goodput'\n",
        expect![[r#"
        f:12:1: error: [[expect]] has neither `min` nor `max`: it would always hold
            help: add `min = …` or `max = …`
    "#]],
    );
    check_after(
        "[[expect]]\nmetric = 'goodput'\nmin = 2\nmax = 1\n",
        expect![[r#"
        f:14:7: error: `expect.min` is 2 and `expect.max` is 1: no value is between
            help: `min` must not be above `max`
    "#]],
    );
    check_after(
        "[[expect]]\nmetric = 'goodput'\nmin = '2'\nmax = nan\n",
        expect![[r#"
            f:14:7: error: `expect.min` is "2", which is a text
                help: a number
            f:15:7: error: `expect.max` is nan, which is not a number
                help: a number
        "#]],
    );
    check_after(
        "[[expect]]\nmetric = 'goodput'\nof = 'web'\nmin = 2\n",
        expect![[r#"
        f:13:10: error: `goodput` is of requests as their clients see them, and service `web` has none
            help: leave `of` out for the whole run, or name clients
    "#]],
    );
    check_after(
        "[[expect]]\nmetric = 'utilization'\nmin = 2\n",
        expect![[r#"
        f:13:10: error: `utilization` is taken of one node
            help: add `of = "…"`, the id of the node
    "#]],
    );
    check_after(
        "[[expect]]\nmetric = 'errors.502'\nof = 'users'\nmin = 2\n",
        expect![[r#"
        f:13:10: error: `errors.502` is of a node that is called, and clients `users` cannot be
            help: what it saw is `caller_errors.502`
    "#]],
    );
    check_after(
        "[[expect]]\nmetric = 'gauge.kils.last'\nof = 'web'\nmin = 2\n",
        expect![[r#"
            f:13:10: error: service `web` has no gauge `kils`
                help: did you mean `kills`? gauges: memory, kills
        "#]],
    );
    check_after(
        "[[expect]]\nmetric = 'wasted_work_ratio'\nof = 'users'\nmin = 2\n",
        expect![[r#"
        f:13:10: error: `wasted_work_ratio` is of the whole run, not of one node
            help: leave `of` out
    "#]],
    );
    check_after(
        "[[expect]]\nmetric = 'goodput'\nclass = 'defualt'\nmin = 2\n",
        expect![[r#"
        f:12:1: error: `expect.class`: no clients send requests of the class `defualt`
            help: did you mean `default`? classes: default
    "#]],
    );
    check_after(
        "[[expect]]\nmetric = 'goodput'\nof = 'users'\nclass = 'default'\nmin = 2\n",
        expect![[r#"
        f:15:9: error: [[expect]] is of the node `users` and of the class `default`
            help: leave out `of` or `class`: what a node did is not kept by class
    "#]],
    );
    check_after(
        "[[expect]]\nmetric = 'queue.max'\nclass = 'default'\nmin = 2\n",
        expect![[r#"
        f:13:10: error: `queue.max` is not kept by class
            help: of a class there are: born, answered, failed, goodput, goodput_per_s, goodput_ratio, answered_ratio, in_flight, wasted_work_seconds, offered_per_s, throughput_per_s, error_ratio, amplification, errors, latency_ms.mean, latency_ms.p50, latency_ms.p90, latency_ms.p95, latency_ms.p99, latency_ms.p999, latency_ms.max, errors.CODE
    "#]],
    );
    check_after(
        "[[expect]]\nmetric = 'goodput'\nof = 'usres'\nmin = 2\nwithin = ['9s', '3s']\nmx = 3\n",
        expect![[r#"
            f:14:6: error: `expect.of`: there is no node `usres`
                help: did you mean `users`? nodes: users, web
            f:16:10: error: `expect.within` is from 9s to 3s, which is no stretch of time
                help: two times such as ["40s", "60s"]
            f:17:1: error: unknown key `mx` in [[expect]]
                help: did you mean `max`? keys: metric, of, class, within, min, max, because
        "#]],
    );
    check_after(
        "[[expect]]\nmetric = 'goodput'\nmin = 2\nwithin = '9s'\n",
        expect![[r#"
        f:15:10: error: `expect.within` is "9s"
            help: two times such as ["40s", "60s"]
    "#]],
    );
    check_after(
        "[[expect]]\nmetric = 'goodput'\nmin = 2\nwithin = ['9', 10]\n",
        expect![[r#"
        f:15:11: error: `expect.within` is "9", which has no unit
            help: a length of time from 0s to 8760h such as "250ms" (ns, us, ms, s, min, h)
        f:15:16: error: `expect.within` is 10, which has no unit
            help: write for example "10s": a length of time from 0s to 8760h such as "250ms" (ns, us, ms, s, min, h)
    "#]],
    );
}

#[test]
fn variants_and_notes() {
    check_after(
        "[[variant]]\nname = 'a'\n[[variant]]\nname = 'a'\nset = { 'users.rate' = '1/s' }\n",
        expect![[r#"
        f:12:1: error: [[variant]] has no `set`: it changes nothing
            help: add `set = { "node.parameter" = … }`
        f:15:8: error: there is already a variant "a", on line 12
            help: give each a name of its own
    "#]],
    );
    check_after(
        "[[variant]]\nname = 'a'\nset = { 'user.rate' = '1/s', 'users.rat' = 3, users = 3, web = { workers = 0 } }\n",
        expect![[r#"
            f:14:9: error: `variant.set`: there is no node `user`
                help: did you mean `users`? nodes: users, web
            f:14:30: error: clients `users` has no parameter `rat`
                help: did you mean `rate`? parameters: rate, population, timeout, cancel, retry
            f:14:55: error: `variant.set`: `users` is 3
                help: name a parameter: `"users.parameter" = …`
            f:14:76: error: `web.workers` is 0, which is below the smallest allowed, 1
                help: a whole number from 1 to 100000
        "#]],
    );
    check_after(
        "[[variant]]\nname = 'a'\nset = { 'users.rate.x' = '1/s', 'users.retry.attempts' = 101 }\n",
        expect![[r#"
        f:14:9: error: `users.rate` is not a group: it has no `x`
            help: a rate from 0/s to 10000000/s such as "120/s" (/ms, /s, /min, /h)
        f:14:58: error: `users.retry.attempts` is 101, which is above the largest allowed, 100
            help: a whole number from 0 to 100
    "#]],
    );
    check_after(
        "[[variant]]\nname = 'a'\nset = { 'users.rate' = '1/s', users = { rate = '2/s' } }\n",
        expect![[r#"
        f:14:9: error: `users.rate` is given twice
            help: give it once
    "#]],
    );
    check_after(
        "[[variant]]\nname = 'a'\nset = {}\n[[variant.expect]]\nmetric = 'born'\n[[variant.node]]\n",
        expect![[r#"
            f:14:7: error: `variant.set` changes nothing
                help: { "users.retry.attempts" = 0 }
            f:15:1: error: [[expect]] has neither `min` nor `max`: it would always hold
                help: add `min = …` or `max = …`
            f:17:11: error: unknown key `node` in [[variant]]
                help: keys: name, description, set, expect
        "#]],
    );
    check(
        "format = 1\nname = 'x'\nnote = 'one'\n[[node]]\nid='a'\nkind='service'\n[[lesson]]\ntitle='t'\n",
        expect![[r#"
            f:3:8: error: `note` is "one"
                help: a list of texts: ["…"]
            f:7:1: error: [[lesson]] has no `text`
                help: add `text = …`: a text of at most 2000 characters
        "#]],
    );
    check(
        "format = 1\nname = 'x'\nphenomenon = ' '\ntag = \"a\\tb\"\n[[node]]\nid='a'\nkind='service'\n\
         [[lesson]]\ntext=' '\n[[lesson]]\ntext='t'\nat='soon'\nhighlight='a'\n[[lesson]]\ntext='t'\nhighlight=['a','b',3]\nhtml='<b>'\n",
        expect![[r#"
            f:3:14: error: `phenomenon` is " ", which is blank
                help: a text of one line
            f:4:7: error: `tag` is "a\tb", which has a line break or a tab
                help: a text of one line
            f:8:1: error: `lesson.text` is blank: there is nothing to read
                help: say something, or leave the step out
            f:12:4: error: `lesson.at` is "soon", which does not begin with a number
                help: a length of time from 0s to 8760h such as "250ms" (ns, us, ms, s, min, h)
            f:13:11: error: `lesson.highlight` is "a"
                help: a list of ids of nodes: ["…"]
            f:16:16: error: `lesson.highlight`: there is no node `b`
                help: did you mean `a`? nodes: a
            f:16:20: error: `lesson.highlight` is 3, which is a number
                help: a text in quotes
            f:17:1: error: unknown key `html` in [[lesson]]
                help: keys: title, text, at, highlight
        "#]],
    );
    check(
        "format = 1\nname = 'x'\nnote = ['one', 2]\n[[node]]\nid='a'\nkind='service'\n",
        expect![[r#"
        f:3:16: error: `note` is 2, which is a number
            help: a text in quotes
    "#]],
    );
}

/// Columns count characters, lines count line feeds, whatever stands in them.
#[test]
fn places() {
    check(
        "\u{feff}format = 1\r\nname = 'ü→é'\r\n[[node]]\r\n\"kind\" = 'x'\r\ntitle = 'é'  # ö\r\n   id = 'é'\r\n",
        expect![[r#"
            f:4:10: error: `node.kind` is "x", which is not a kind of node
                help: kinds: clients, load_balancer, service, database
            f:6:9: error: `node.id` is "é", which is not an id
                help: 1 to 64 of a-z, 0-9, _ and -; `title` may be anything
        "#]],
    );
    check(
        "format = 1\nname = 'x'\n[[node]]\nid = 'a'\nkind = 'service'\ncall_retry = { base = '1s', cap = 'é', attempts = -1 }",
        expect![[r#"
            f:6:35: error: `a.call_retry.cap` is "é", which does not begin with a number
                help: a length of time from 0s to 1h such as "250ms" (ns, us, ms, s, min, h)
            f:6:51: error: `a.call_retry.attempts` is -1, which is negative
                help: a whole number from 0 to 100
        "#]],
    );
}

/// Noise is told in a hundred problems and a number.
#[test]
fn many_problems_are_counted() {
    let nodes: String = (0..150).map(|i| format!("[[node]]\nid = 'n{i}'\nkind = 'service'\nwork = 1\n")).collect();
    let problems = Scenario::load(&small_and(&nodes)).expect_err("unknown keys");
    assert_eq!(problems.items().len(), 100);
    assert_eq!(problems.count(), 150);
    assert!(problems.to_string().ends_with("\nand 50 more"), "{problems}");
}

#[test]
fn limits_on_numbers_of_things() {
    let many = |n: usize, text: &str| text.repeat(n);
    let problems = Scenario::load(&small_and(&many(5_000, "[[node]]\n"))).expect_err("too many nodes").to_string();
    assert!(problems.contains("there are 5002 nodes, more than the limit of 4096"), "{problems}");
    let variants = many(33, "[[variant]]\n");
    let problems = Scenario::load(&small_and(&variants)).expect_err("too many variants").to_string();
    assert!(problems.contains("there are 33 variants, more than the limit of 32"), "{problems}");
}
