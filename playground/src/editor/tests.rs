//! The editor against its one promise: undo gives back the text byte for byte.

use super::*;
use proptest::prelude::*;

const TEXT: &str = r#"# A comment that stays.
format = 1
name = "Test" # so does this one

[[node]]
id = "users"   # who they are
kind = "clients"
rate = "400/s" # calm
retry = { attempts = 3, backoff = "full_jitter" }

[[node]]
id = "web"
kind = "service"
position = [240, 80]

[[link]]
from = "users"
to = "web"
latency = "1ms"

[[phase]]
node = "users"
at = "10s"
for = "20s"
rate = "10000/s"
"#;

fn edited(change: &Change) -> String {
    let mut editor = Editor::new(TEXT);
    assert_eq!(editor.edit(change), Ok(true));
    let after = editor.text().to_owned();
    assert!(editor.undo().is_some());
    assert_eq!(editor.text(), TEXT);
    assert!(editor.redo().is_some());
    assert_eq!(editor.text(), after);
    after
}

fn set(path: &str, value: Option<&str>) -> Change {
    Change::SetParam { id: "users".into(), path: path.into(), value: value.map(str::to_owned) }
}

#[test]
fn a_parameter_changes_and_its_comment_stays() {
    let text = edited(&set("rate", Some("\"12000/s\"")));
    assert!(text.contains("rate = \"12000/s\" # calm\n"), "{text}");
    assert_eq!(text.lines().count(), TEXT.lines().count());
}

#[test]
fn nested_parameters_come_and_go() {
    assert!(edited(&set("retry.attempts", Some("0"))).contains("retry = { attempts = 0, backoff = \"full_jitter\" }"));
    let text = edited(&set("retry.cap", Some("\"9s\"")));
    assert!(text.contains("retry = { attempts = 3, backoff = \"full_jitter\", cap = \"9s\" }"), "{text}");
    assert!(edited(&set("retry.attempts", None)).contains("retry = { backoff = \"full_jitter\" }"));
}

#[test]
fn a_node_is_added_behind_the_others_and_linked() {
    let mut editor = Editor::new(TEXT);
    let id = Change::free_id(TEXT, "service");
    assert_eq!(
        editor.edit(&Change::AddNode {
            id: id.clone(),
            kind: "service".into(),
            title: "Service".into(),
            at: (480.0, 80.0)
        }),
        Ok(true)
    );
    assert_eq!(editor.edit(&Change::Connect { from: "web".into(), to: id }), Ok(true));
    let wanted = "position = [240, 80]\n\n[[node]]\nid = \"service\"\nkind = \"service\"\ntitle = \"Service\"\nposition = [480, 80]\n\n[[link]]\nfrom = \"users\"";
    assert!(editor.text().contains(wanted), "{}", editor.text());
    let outline = Outline::read(editor.text());
    assert_eq!(outline.links.len(), 2);
    assert_eq!(Change::free_id(editor.text(), "service"), "service_2");
    assert!(outline.may_connect("web", 0, "service").is_err(), "linked already");
    assert!(outline.may_connect("service", 0, "users").is_err(), "clients take no calls");
    assert!(outline.may_connect("service", 0, "service").is_err(), "itself");
    assert!(outline.may_connect("users", 0, "service").is_err(), "one link only");
    assert!(outline.may_connect("service", 0, "web").is_ok());
    editor.undo();
    editor.undo();
    assert_eq!(editor.text(), TEXT);
}

#[test]
fn deleting_a_node_takes_what_names_it() {
    let text = edited(&Change::Delete { id: "users".into() });
    assert!(!text.contains("users"), "{text}");
    assert!(text.starts_with("# A comment that stays."));
}

#[test]
fn moves_of_one_drag_are_one_step() {
    let mut editor = Editor::new(TEXT);
    for x in 0..50 {
        assert!(editor.edit(&Change::Move { to: vec![("web".into(), (f64::from(x), 7.5))] }).is_ok());
    }
    editor.seal();
    assert!(editor.edit(&Change::Move { to: vec![("web".into(), (1.0, 2.0))] }).is_ok());
    assert_eq!(editor.undo().as_deref(), Some("move web"));
    assert!(editor.text().contains("position = [49, 7.5]"), "{}", editor.text());
    editor.undo();
    assert_eq!(editor.text(), TEXT);
    assert_eq!(editor.undo(), None);
}

#[test]
fn a_node_is_spliced_into_a_link_and_the_link_stays_as_it_was_behind_it() {
    let text = TEXT.replace("latency = \"1ms\"", "latency = \"1ms\" # near\nweight = 3.0");
    let mut editor = Editor::new(&text);
    let add = Change::AddNode { id: "lb".into(), kind: "load_balancer".into(), title: "LB".into(), at: (0.0, 0.0) };
    let splice = Change::Splice { id: "lb".into(), from: "users".into(), ports: vec![String::new()], to: "web".into() };
    assert_eq!(editor.edit(&Change::Several { label: "put in".into(), changes: vec![add, splice] }), Ok(true));
    let outline = Outline::read(editor.text());
    let given = |from: &str, to: &str| {
        outline.link(from, 0, to).map(|l| l.given.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" "))
    };
    assert_eq!(given("users", "lb").as_deref(), Some("weight=3.0"));
    assert_eq!(given("lb", "web").as_deref(), Some("latency=\"1ms\""));
    assert_eq!(given("users", "web"), None);
    assert!(editor.text().contains("latency = \"1ms\" # near"), "{}", editor.text());
    assert_eq!(editor.undo().as_deref(), Some("put in"));
    assert_eq!(editor.text(), text);
}

#[test]
fn groups_hold_nodes_and_go_with_the_last() {
    let mut editor = Editor::new(TEXT);
    let group = |id: &str, nodes: &[&str]| Change::AddGroup {
        id: id.into(),
        kind: "zone".into(),
        title: "East".into(),
        nodes: nodes.iter().map(|n| (*n).to_owned()).collect(),
    };
    assert_eq!(editor.edit(&group("east", &["users", "web"])), Ok(true));
    let members = |editor: &Editor, id: &str| Outline::read(editor.text()).members(id).count();
    assert_eq!(members(&editor, "east"), 2);
    assert_eq!(crate::sim::engine::check(editor.text(), ""), Ok(()));
    assert_eq!(editor.edit(&group("west", &["web"])), Ok(true));
    assert_eq!((members(&editor, "east"), members(&editor, "west")), (1, 1));
    assert_eq!(editor.edit(&Change::Delete { id: "users".into() }), Ok(true));
    assert_eq!(Outline::read(editor.text()).groups.len(), 1, "the empty one has gone");
    let rename = Change::SetGroup { id: "west".into(), path: "title".into(), value: Some("\"Far west\"".into()) };
    assert_eq!(editor.edit(&rename), Ok(true));
    assert_eq!(editor.edit(&Change::Ungroup { id: "west".into() }), Ok(true));
    assert!(!editor.text().contains("group"), "{}", editor.text());
    while editor.undo().is_some() {}
    assert_eq!(editor.text(), TEXT);
}

/// What happens to a group as a whole goes with the last node that it can happen to, and not before.
#[test]
fn faults_of_groups_go_with_the_nodes_that_know_them() {
    let fault = "[[fault]]\ngroup = \"east\"\nat = \"1s\"\nfault = \"kill\"\n";
    let group = |nodes: &[&str]| Change::AddGroup {
        id: "east".into(),
        kind: "zone".into(),
        title: "East".into(),
        nodes: nodes.iter().map(|n| (*n).to_owned()).collect(),
    };
    let mut grouped = Editor::new(TEXT);
    assert_eq!(grouped.edit(&group(&["users", "web"])), Ok(true));
    let text = format!("{}\n{fault}", grouped.text());
    assert_eq!(crate::sim::engine::check(&text, ""), Ok(()));
    for change in [
        Change::Delete { id: "web".into() },
        Change::Ungroup { id: "east".into() },
        Change::SetParam { id: "web".into(), path: "group".into(), value: None },
    ] {
        let mut editor = Editor::new(&text);
        assert_eq!(editor.edit(&change), Ok(true));
        assert!(!editor.text().contains("[[fault]]"), "{change:?}: {}", editor.text());
        assert_eq!(crate::sim::engine::check(editor.text(), ""), Ok(()), "{change:?}");
    }
    let mut editor = Editor::new(&text);
    assert_eq!(editor.edit(&Change::Delete { id: "users".into() }), Ok(true));
    assert!(editor.text().contains("[[fault]]"), "web is still there");
}

#[test]
fn the_header_and_links_have_parameters_too() {
    let until = Change::SetHeader { path: "until".into(), value: Some("\"5s\"".into()) };
    let text = edited(&until);
    assert!(text.contains("name = \"Test\" # so does this one\nuntil = \"5s\"\n"), "{text}");
    let latency = |value: Option<&str>| Change::SetLink {
        from: "users".into(),
        ports: vec![String::new()],
        to: "web".into(),
        path: "latency".into(),
        value: value.map(str::to_owned),
    };
    assert!(edited(&latency(Some("\"9ms\""))).contains("to = \"web\"\nlatency = \"9ms\"\n"));
    assert!(!edited(&latency(None)).contains("latency"));
}

#[test]
fn what_cannot_be_done_changes_nothing() {
    let mut editor = Editor::new(TEXT);
    assert!(editor.edit(&Change::Delete { id: "nobody".into() }).is_err());
    assert!(editor.edit(&set("rate", Some("= nonsense ="))).is_err());
    assert!(editor.edit(&set("rate.deeper", Some("1"))).is_err());
    assert!(Editor::new("not toml [").edit(&set("rate", None)).is_err());
    assert_eq!((editor.text(), editor.undo_label()), (TEXT, None));
}

fn any_change() -> impl Strategy<Value = Change> {
    let id = prop::sample::select(vec!["users", "web", "service", "database", "service_2", "ghost", "east"]);
    let ids = (id.clone(), id).prop_map(|(a, b)| (a.to_owned(), b.to_owned()));
    let path =
        prop::sample::select(vec!["rate", "retry.attempts", "retry", "queue", "title", "a.b.c", "group", "latency"]);
    let value =
        prop::option::of(prop::sample::select(vec!["1", "\"2s\"", "{ x = 1 }", "[1, 2]", "ü", "'é'", "'east'"]));
    let one = (0..15u8, ids, path, value, -500.0..500.0f64).prop_map(|(which, (a, b), path, value, x)| {
        let (path, value) = (path.to_owned(), value.map(str::to_owned));
        let ports = vec![String::new(), "out".into(), "calls".into()];
        match which {
            0 => Change::AddNode { id: a, kind: "service".into(), title: "Té".into(), at: (x.round(), x) },
            1 => Change::Move { to: vec![(a, (x, x.round())), (b, (x.round(), x))] },
            2 => Change::Connect { from: a, to: b },
            3 => Change::Disconnect { from: a, ports, to: b },
            4 => Change::Delete { id: a },
            5 => Change::SetParam { id: a, path, value },
            6 => Change::Splice { id: "service".into(), from: a, ports, to: b },
            7 => Change::SetLink { from: a, ports, to: b, path, value },
            8 => Change::SetHeader { path, value },
            9 => Change::AddGroup { id: "east".into(), kind: "zone".into(), title: b.clone(), nodes: vec![a, b] },
            10 => Change::Ungroup { id: a },
            11 => Change::SetGroup { id: a, path, value },
            12 => {
                let fragment = clipboard::copy(TEXT, &[a, b], |_| Some((x, x))).unwrap_or_default();
                let fragment = clipboard::paste(TEXT, &fragment, (x, x)).unwrap_or_default().fragment;
                Change::Insert { fragment, label: "paste".into() }
            }
            13 => Change::Move { to: vec![("web".into(), (x, 0.0))] },
            _ => Change::SetParam {
                id: a,
                path: "title".into(),
                value: Some(toml_edit::Value::from(format!("Übung {b}\n“{x}”")).to_string()),
            },
        }
    });
    prop_oneof![
        4 => one.clone(),
        1 => prop::collection::vec(one, 1..5).prop_map(|changes| Change::Several { label: "several".into(), changes }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any sequence of edits, undone step by step, passes through the same texts backwards; redone, forwards.
    #[test]
    fn undo_is_exact(changes in prop::collection::vec(any_change(), 1..40), crlf in any::<bool>()) {
        let start = if crlf { TEXT.replace('\n', "\r\n") } else { TEXT.to_owned() };
        let mut editor = Editor::new(&start);
        let mut texts = vec![start];
        for change in &changes {
            editor.seal();
            if editor.edit(change) == Ok(true) {
                texts.push(editor.text().to_owned());
            }
        }
        for text in texts.iter().rev().skip(1) {
            prop_assert!(editor.undo().is_some());
            prop_assert_eq!(editor.text(), text);
        }
        prop_assert!(editor.undo().is_none());
        for text in &texts[1..] {
            prop_assert!(editor.redo().is_some());
            prop_assert_eq!(editor.text(), text);
        }
    }

    /// Merged or not, undoing everything leads back to the start.
    #[test]
    fn merged_steps_lead_back(changes in prop::collection::vec(any_change(), 1..40)) {
        let mut editor = Editor::new(TEXT);
        for change in &changes {
            let _ = editor.edit(change);
        }
        while editor.undo().is_some() {}
        prop_assert_eq!(editor.text(), TEXT);
    }
}

#[test]
fn what_was_done_to_the_run_is_on_the_same_stack_as_edits() {
    let mut editor = Editor::new("a");
    editor.replace("ab", "add b", None);
    editor.record(7, "kill Web");
    editor.replace("abc", "add c", None);
    assert_eq!((editor.undo_act(), editor.undo().as_deref()), (None, Some("add c")));
    assert_eq!((editor.undo_act(), editor.undo().as_deref()), (Some(7), Some("kill Web")));
    assert_eq!((editor.redo_act(), editor.undo_act(), editor.text()), (Some(7), None, "ab"));
    editor.redo();
    editor.forget_acts();
    assert_eq!((editor.undo_label(), editor.redo_label()), (Some("add b"), Some("add c")));
    editor.redo();
    assert_eq!(editor.text(), "abc");
}
