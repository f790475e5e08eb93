//! What happens to a group as a whole: read as the same of each of its nodes, or refused.

use expect_test::{Expect, expect};
use floodgate::scenario::Scenario;
use floodgate::{Action, ControlLog};

const ZONES: &str = r#"format = 1
name = "zones"
[[group]]
id = "a"
kind = "zone"
[[group]]
id = "b"
kind = "zone"
[[group]]
id = "c"
kind = "zone"
[[node]]
id = "users"
kind = "clients"
group = "c"
[[node]]
id = "web"
kind = "service"
group = "a"
[[node]]
id = "db"
kind = "database"
group = "a"
[[node]]
id = "names"
kind = "dns"
group = "a"
[[node]]
id = "cache"
kind = "database"
[[link]]
from = "users"
to = "names"
[[link]]
from = "names"
to = "web"
[[link]]
from = "web"
to = "db"
"#;

fn load(more: &str) -> Result<Scenario, String> {
    Scenario::load(&format!("{ZONES}{more}")).map_err(|problems| format!("{}\n", problems.in_file("f")))
}

fn check(more: &str, expected: Expect) {
    expected.assert_eq(&load(more).map_or_else(|told| told, |_| "fine".to_owned()));
}

#[test]
fn a_zone_outage_is_one_fault_of_every_node_that_can_fail_so() {
    let scenario = load("[[fault]]\ngroup = 'a'\nat = '5s'\nfault = 'kill'\n").expect("sound");
    let told: Vec<_> = scenario.controls.iter().map(|c| (c.at.to_string(), c.node.as_str(), &c.action)).collect();
    let [(at, "db", Action::Fault { fault: "kill", .. }), (_, "web", Action::Fault { fault: "kill", .. })] = &told[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!(at, "5s");
    // The log of a run names the nodes, and says the same.
    let log = ControlLog { scenario: scenario.name.clone(), seed: 1, controls: scenario.controls.clone() };
    let text = log.to_text(&scenario).expect("every control can be written");
    assert_eq!(ControlLog::parse(&text, &scenario), Ok(log));
    let both =
        "[[fault]]\nnode = 'db'\nat = '5s'\nfault = 'kill'\n[[fault]]\nnode = 'web'\nat = '5s'\nfault = 'kill'\n";
    assert_eq!(load(both).expect("sound").controls, scenario.controls, "the same as both of them by name");
}

#[test]
fn faults_of_groups_have_parameters_lengths_and_ends() {
    let scenario = load(
        "[[fault]]\ngroup = 'a'\nat = '5s'\nfor = '2s'\nfault = 'slow'\nfactor = 3\n\
         [[control]]\ngroup = 'a'\nat = '9s'\nfault = 'slow'\n[[control]]\ngroup = 'a'\nat = '12s'\nheal = 'slow'\n",
    )
    .expect("sound");
    assert_eq!(scenario.controls.len(), 6);
    assert!(scenario.controls[..2].iter().all(|c| c.lasting.is_some()));
    assert!(scenario.controls[4..].iter().all(|c| c.action == Action::Heal { fault: "slow" }));
}

#[test]
fn what_is_wrong_with_a_fault_of_a_group_is_told() {
    check(
        "[[fault]]\ngroup = 'd'\nat = '1s'\nfault = 'kill'\n",
        expect![[r#"
        f:41:9: error: `fault.group`: there is no group `d`
            help: did you mean `a`? groups: a, b, c
    "#]],
    );
    check(
        "[[fault]]\ngroup = 'b'\nat = '1s'\nfault = 'kill'\n",
        expect![[r#"
        f:41:9: error: `fault.group`: there are no nodes in the group `b`
            help: say `group = "b"` at the nodes that belong to it
    "#]],
    );
    check(
        "[[fault]]\ngroup = 'c'\nat = '1s'\nfault = 'kill'\n",
        expect![[r#"
        f:43:9: error: `fault.fault`: no node of the group `c` has a fault `kill`
            help: faults: disconnect
    "#]],
    );
    check(
        "[[fault]]\ngroup = 'a'\nat = '1s'\nfault = 'kil'\n",
        expect![[r#"
        f:43:9: error: `fault.fault`: no node of the group `a` has a fault `kil`
            help: did you mean `kill`? faults: kill, slow
    "#]],
    );
    check(
        "[[fault]]\ngroup = 'a'\nnode = 'web'\nat = '1s'\nfault = 'kill'\n",
        expect![[r#"
        f:42:8: error: [[fault]] is of a group, and has `node` as well
            help: give `group`, or `node`
    "#]],
    );
    check(
        "[[fault]]\ngroup = 'a'\nat = '1s'\nfault = 'kill'\nfor = '1s'\n",
        expect![[r#"
            f:44:7: error: [[fault]] has `for`, and this fault is done in an instant
                help: leave `for` out
        "#]],
    );
    check(
        "[[fault]]\ngroup = 'a'\nat = '1s'\nfault = 'slow'\nfactor = 0\n",
        expect![[r#"
            f:40:1: error: [[fault]] has no `for`, and this fault lasts
                help: add `for = …`, a length of time such as "5s"
            f:44:10: error: `fault.factor` is 0, which is below the smallest allowed, 0.01
                help: a number from 0.01 to 1000
        "#]],
    );
    check(
        "[[fault]]\ngroup = 'a'\nat = '1s'\nfor = '1s'\nfault = 'slow'\nfactr = 2\n",
        expect![[r#"
            f:45:1: error: unknown key `factr` in the fault `slow` of `web`
                help: did you mean `factor`? keys: at, group, for, fault, factor
        "#]],
    );
    check(
        "[[fault]]\ngroup = 3\nat = '1s'\nfault = 'kill'\n",
        expect![[r#"
        f:41:9: error: `fault.group` is 3, which is a number
            help: a text in quotes
    "#]],
    );
    check(
        "[[fault]]\ngroup = 'a'\nfault = 'kill'\n",
        expect![[r#"
        f:40:1: error: [[fault]] has no `at`
            help: add `at = …`: a length of time from 0s to 8760h such as "250ms" (ns, us, ms, s, min, h)
    "#]],
    );
    check(
        "[[control]]\ngroup = 'a'\nat = '1s'\nset = { replicas = 2 }\n",
        expect![[r#"
        f:40:1: error: [[control]] of a group is a fault or its end
            help: give one of `fault = "…"` and `heal = "…"`; parameters are set node by node
    "#]],
    );
    check(
        "[[control]]\ngroup = 'a'\nat = '1s'\nheal = 'kill'\n",
        expect![[r#"
            f:43:8: error: `control.heal` is "kill", which is done in an instant
                help: only faults that last can be healed
        "#]],
    );
    check(
        "[[phase]]\ngroup = 'a'\nat = '1s'\nfor = '1s'\nreplicas = 2\n",
        expect![[r#"
        f:40:1: error: [[phase]] has no `node`
            help: add `node = …`: a text in quotes
    "#]],
    );
}

#[test]
fn a_log_of_controls_names_nodes() {
    let scenario = load("").expect("sound");
    let line = "{\"floodgate_controls\":1,\"scenario\":\"zones\",\"seed\":1}\n\
                {\"at\":\"1s\",\"group\":\"a\",\"fault\":\"kill\"}\n";
    let told = ControlLog::parse(line, &scenario).expect_err("no node is named");
    expect![[r#"
        log:2:1: error: the line is of a group, and a control is of one node
            help: write a line for each of its nodes; of a whole group is a `[[fault]]` of the scenario
    "#]]
    .assert_eq(&format!("{}\n", told.in_file("log")));
}
