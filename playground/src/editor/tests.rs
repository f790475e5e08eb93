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
        assert!(editor.edit(&Change::MoveNode { id: "web".into(), to: (f64::from(x), 7.5) }).is_ok());
    }
    editor.seal();
    assert!(editor.edit(&Change::MoveNode { id: "web".into(), to: (1.0, 2.0) }).is_ok());
    assert_eq!(editor.undo().as_deref(), Some("move web"));
    assert!(editor.text().contains("position = [49, 7.5]"), "{}", editor.text());
    editor.undo();
    assert_eq!(editor.text(), TEXT);
    assert_eq!(editor.undo(), None);
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
    let id = prop::sample::select(vec!["users", "web", "service", "database", "service_2", "ghost"]);
    let ids = (id.clone(), id).prop_map(|(a, b)| (a.to_owned(), b.to_owned()));
    let path = prop::sample::select(vec!["rate", "retry.attempts", "retry", "queue", "title", "a.b.c"]);
    let value = prop::option::of(prop::sample::select(vec!["1", "\"2s\"", "{ x = 1 }", "[1, 2]", "ü", "'é'"]));
    (0..7u8, ids, path, value, -500.0..500.0f64).prop_map(|(which, (a, b), path, value, x)| match which {
        0 => Change::AddNode { id: a, kind: "service".into(), title: "Té".into(), at: (x.round(), x) },
        1 => Change::MoveNode { id: a, to: (x, x.round()) },
        2 => Change::Connect { from: a, to: b },
        3 => Change::Disconnect { from: a, ports: vec![String::new(), "out".into()], to: b },
        4 => Change::Delete { id: a },
        5 => Change::SetParam { id: a, path: path.to_owned(), value: value.map(str::to_owned) },
        _ => Change::Rename { id: a, title: format!("Übung {b}\n“{x}”") },
    })
}

proptest! {
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
