//! What holds for every input.

use crate::small_and;
use floodgate::control::ControlLog;
use floodgate::param::{ParamKind, ParamSpec, Value, Values};
use floodgate::scenario::{parse_value, value_text};
use floodgate::{Action, CodeSet, Control, Dist, Duration, Scenario, Time};
use proptest::collection::vec;
use proptest::prelude::*;

/// A file that is right and uses everything.
const GALLERY: &str = include_str!("../../../scenarios/single_server_avalanche.toml");

/// Pieces that files are made of, so that random files get past the first character.
const PIECES: &[&str] = &[
    "format = 1\n",
    "name = 'x'\n",
    "[[node]]\n",
    "[[link]]\n",
    "[[phase]]\n",
    "[[fault]]\n",
    "[[control]]\n",
    "[[expect]]\n",
    "[[variant]]\n",
    "[[variant.expect]]\n",
    "[[lesson]]\n",
    "[[group]]\n",
    "[node]\n",
    "[node.retry]\n",
    "[a.b]\n",
    "id = ",
    "kind = ",
    "'web'\n",
    "'users'\n",
    "'service'\n",
    "'clients'\n",
    "'database'\n",
    "from = ",
    "to = ",
    "at = ",
    "for = ",
    "'1s'\n",
    "node = ",
    "fault = 'kill'\n",
    "fault = 'slow'\n",
    "set = { ",
    "'users.rate' = ",
    "rate = ",
    "'5/s'",
    " }",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'''",
    "\n",
    "#",
    ",",
    ".",
    "=",
    "é",
    "\u{0}",
    "-1",
    "1e400",
    "nan",
    "metric = ",
    "'errors.502'\n",
    "'gauge.kills.last'\n",
    "min = 1\n",
    "of = ",
    "within = ['1s', '2s']\n",
    "retry = { attempts = 3 }\n",
    "retry.attempts = 1\n",
    "service_time = { uniform = ['1ms', '2ms'] }\n",
    "position = [1, 2]\n",
    "99999999999999999999999999999999999999999",
    "1979-05-27T07:32:00Z",
    "\\u0041",
    "\r\n",
    "\u{feff}",
];

/// Either a scenario or problems that stand in the file and say something.
fn survives(bytes: &[u8]) {
    let Err(problems) = Scenario::load_bytes(bytes) else { return };
    assert!(problems.count() > 0);
    assert!(problems.items().len() <= 100);
    let lines = String::from_utf8_lossy(bytes).matches('\n').count() + 1;
    for problem in problems.items() {
        assert!(problem.line <= lines, "{problem}");
        assert!(!problem.message.is_empty());
        assert!(!problem.to_string().contains(|c: char| c.is_control() && c != '\n'), "{problem:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_do_no_harm(bytes in vec(any::<u8>(), 0..400)) {
        survives(&bytes);
    }

    #[test]
    fn random_text_does_no_harm(text in "\\PC{0,200}") {
        survives(text.as_bytes());
    }

    #[test]
    fn random_pieces_do_no_harm(pieces in vec(0..PIECES.len(), 0..60)) {
        let text: String = pieces.iter().map(|&piece| PIECES[piece]).collect();
        survives(text.as_bytes());
        survives(small_and(&text).as_bytes());
    }

    /// Bytes of a good file are overwritten, left out, doubled, and pieces put in.
    #[test]
    fn damaged_files_do_no_harm(edits in vec((0..GALLERY.len(), 0..4u8, any::<u8>(), 0..PIECES.len(), 0..80usize), 1..6)) {
        let mut bytes = GALLERY.as_bytes().to_vec();
        for (place, what, byte, piece, length) in edits {
            let place = place.min(bytes.len());
            let end = (place + length).min(bytes.len());
            match what {
                0 if place < bytes.len() => bytes[place] = byte,
                1 => drop(bytes.drain(place..end)),
                2 => { let copy = bytes[place..end].to_vec(); bytes.splice(place..place, copy); }
                _ => { bytes.splice(place..place, PIECES[piece].bytes()); }
            }
        }
        survives(&bytes);
    }

    #[test]
    fn damaged_logs_do_no_harm(place in 0..400usize, byte in any::<u8>(), cut in 0..400usize) {
        let scenario = Scenario::load(&small_and("")).expect("it is right");
        let mut bytes = concat!(
            "{\"floodgate_controls\":1,\"scenario\":\"small\",\"seed\":7}\n",
            "{\"at\":\"12.345s\",\"node\":\"users\",\"set\":{\"rate\":\"10000/s\",\"retry\":{\"attempts\":5}},\"for\":\"20s\"}\n",
            "{\"at\":\"15s\",\"node\":\"web\",\"fault\":\"slow\",\"factor\":4.1,\"for\":\"5s\"}\n",
        ).as_bytes().to_vec();
        let place = place.min(bytes.len() - 1);
        bytes[place] = byte;
        bytes.truncate(cut.max(60));
        if let Err(problems) = ControlLog::parse_bytes(&bytes, &scenario) {
            prop_assert!(problems.count() > 0);
        }
    }
}

/// Tables of a file in any order.
#[derive(Clone, Debug)]
struct Tables {
    head: String,
    tables: Vec<String>,
}

fn tables() -> Tables {
    let nodes = ["a", "b", "c", "d"].map(|id| format!("[[node]]\nid = '{id}'\nkind = 'service'\nworkers = 5\n"));
    let clients = "[[node]]\nid = 'u'\nkind = 'clients'\ngroup = 'z'\n".to_string();
    let links = [("u", "a"), ("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]
        .map(|(from, to)| format!("[[link]]\nfrom = '{from}'\nto = '{to}'\nlatency = '1ms'\n"));
    let groups = ["z", "y"].map(|id| format!("[[group]]\nid = '{id}'\nkind = 'zone'\n"));
    let phases = ["1s", "2s"].map(|at| format!("[[phase]]\nnode = 'u'\nat = '{at}'\nfor = '1s'\nrate = '5/s'\n"));
    let tables = nodes.into_iter().chain([clients]).chain(links).chain(groups).chain(phases).collect();
    Tables { head: "format = 1\nname = 'x'\n".to_string(), tables }
}

fn load(head: &str, tables: &[String]) -> Scenario {
    let text = format!("{head}{}", tables.concat());
    let mut scenario = Scenario::load(&text).unwrap_or_else(|problems| panic!("{problems}"));
    // Places are of the file and not of the scenario.
    scenario.nodes.iter_mut().for_each(|node| node.span = 0..0);
    scenario.links.iter_mut().for_each(|link| link.span = 0..0);
    scenario.control_spans.iter_mut().for_each(|span| *span = 0..0);
    scenario
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_tables_has_no_meaning(shuffled in Just(tables().tables).prop_shuffle()) {
        let Tables { head, tables } = tables();
        prop_assert_eq!(load(&head, &shuffled), load(&head, &tables));
    }
}

fn spec(kind: ParamKind) -> ParamSpec {
    ParamSpec { name: "x", kind, default: None, optional: true, min: 0.0, max: f64::INFINITY, live: true, doc: "" }
}

const INNER: &[ParamSpec] = &[
    ParamSpec {
        name: "n",
        kind: ParamKind::Number,
        default: Some("1.0"),
        optional: false,
        min: 0.0,
        max: f64::INFINITY,
        live: true,
        doc: "",
    },
    ParamSpec {
        name: "d",
        kind: ParamKind::Duration,
        default: Some("\"1s\""),
        optional: true,
        min: 0.0,
        max: f64::INFINITY,
        live: true,
        doc: "",
    },
];

fn finite() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter_map("finite and not negative", |x| x.is_finite().then_some(x.abs()))
}

fn distribution() -> impl Strategy<Value = Dist> {
    let time = || any::<u64>().prop_map(Duration);
    prop_oneof![
        time().prop_map(Dist::Constant),
        (time(), time()).prop_map(|(a, b)| Dist::Uniform(a.min(b), a.max(b))),
        time().prop_map(Dist::Exponential),
        (time(), 1..=1000u32).prop_map(|(mean, k)| Dist::Erlang { mean, k }),
        (time(), 1.0..10_000.0).prop_map(|(mean, scv)| Dist::Hyperexponential { mean, scv }),
        (time(), 0.0..10_000.0).prop_map(|(mean, scv)| Dist::Lognormal { mean, scv }),
        (time(), 0.05..1000.0).prop_map(|(mean, shape)| Dist::Weibull { mean, shape }),
        (1..u64::MAX / 2, 1..u64::MAX / 2, 0.05..1000.0)
            .prop_map(|(min, more, shape)| { Dist::Pareto { shape, min: Duration(min), max: Duration(min + more) } }),
        (0.01..0.99, any::<[u64; 3]>()).prop_map(|(share, mut at)| {
            at.sort_unstable();
            let [low, middle, high] = at.map(Duration);
            Dist::Empirical([(0.0, low), (share, middle), (1.0, high)].into())
        }),
        (0.1..9.0, time(), time()).prop_map(|(weight, a, b)| {
            Dist::Mixture([(weight, Dist::Constant(a)), (0.0, Dist::Exponential(b))].into())
        }),
    ]
}

fn value() -> impl Strategy<Value = (ParamSpec, Value)> {
    let codes = proptest::sample::subsequence(floodgate::Code::ALL.to_vec(), 0..=floodgate::Code::ALL.len());
    prop_oneof![
        Just((spec(ParamKind::Rate), Value::Absent)),
        finite().prop_map(|x| (spec(ParamKind::Rate), Value::Rate(x))),
        any::<u64>().prop_map(|x| (spec(ParamKind::Duration), Value::Duration(Duration(x)))),
        any::<u64>().prop_map(|x| (spec(ParamKind::Bytes), Value::Bytes(x))),
        finite().prop_map(|x| (spec(ParamKind::Number), Value::Number(x))),
        any::<u64>().prop_map(|x| (spec(ParamKind::Integer), Value::Integer(x))),
        any::<bool>().prop_map(|x| (spec(ParamKind::Boolean), Value::Boolean(x))),
        "[^\\x00-\\x1f\\x7f-\\x9f]{0,30}[\\n\\t]?".prop_map(|x| (spec(ParamKind::Text), Value::Text(x))),
        distribution().prop_map(|x| (spec(ParamKind::Distribution), Value::Distribution(x))),
        codes.prop_map(|all| {
            let set = all.into_iter().fold(CodeSet::default(), CodeSet::with);
            (spec(ParamKind::Codes), Value::Codes(set))
        }),
        (finite(), proptest::option::of(any::<u64>())).prop_map(|(n, d)| {
            let d = d.map_or(Value::Absent, |d| Value::Duration(Duration(d)));
            (spec(ParamKind::Group(INNER)), Value::Group(Values(vec![("n", Value::Number(n)), ("d", d)])))
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    /// What the inspector writes into a file is what it meant.
    #[test]
    fn values_read_back_as_they_were((spec, value) in value()) {
        let text = value_text(spec.kind, &value);
        prop_assert_eq!(parse_value(&spec, &text), Ok(value), "{}", text);
    }

    #[test]
    fn parsing_a_value_does_no_harm((spec, _) in value(), text in "\\PC{0,40}") {
        let _ = parse_value(&spec, &text);
    }

    #[test]
    fn controls_read_back_as_they_were(at in 0..31_536_000_000_000_000u64, lasting in 1..31_536_000_000_000_000u64, factor in 0.01..1000.0f64, rate in 0.0..1e7f64) {
        let scenario = Scenario::load(&small_and("")).expect("it is right");
        let slow = format!("{{\"at\":\"{}\",\"node\":\"web\",\"fault\":\"slow\",\"for\":\"{}\"}}", Time(at), Duration(lasting));
        let mut slow = Control::parse_line(&slow, &scenario).expect("it is right");
        if let Action::Fault { values, .. } = &mut slow.action {
            prop_assert!(values.set_path("factor", Value::Number(factor)));
        }
        let set = Action::Set(vec![("rate".to_string(), Value::Rate(rate))]);
        let set = Control { at: Time(at), node: "users".to_string(), action: set, lasting: Some(Duration(lasting)) };
        for control in [slow, set] {
            prop_assert_eq!(control.at, Time(at));
            let line = control.to_line(&scenario).expect("the scenario has it");
            prop_assert_eq!(Control::parse_line(&line, &scenario), Ok(control), "{}", line);
        }
    }
}
