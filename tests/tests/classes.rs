//! Classes of requests: counted apart, adding up to the whole.

use floodgate::{Scenario, Simulation, check};
use std::fmt::Write;

/// Patient clients of class `paid`, impatient ones of class `free` at two nodes, and a server that is too slow for both.
const TWO_CLASSES: &str = r#"
format = 1
name = "two classes"
until = "20s"
warm_up = "2s"

[[node]]
id = "a_free"
kind = "clients"
class = "free"
rate = "60/s"
timeout = "12ms"
retry = { attempts = 2 }

[[node]]
id = "b_paid"
kind = "clients"
class = "paid"
rate = "40/s"
timeout = "10s"

[[node]]
id = "c_free"
kind = "clients"
class = "free"
rate = "10/s"
timeout = "12ms"

[[node]]
id = "balancer"
kind = "load_balancer"

[[node]]
id = "web"
kind = "service"
workers = 1
service_time = { exponential = "4ms" }

[[link]]
from = "a_free"
to = "balancer"
[[link]]
from = "b_paid"
to = "balancer"
[[link]]
from = "c_free"
to = "balancer"
[[link]]
from = "balancer"
to = "web"
"#;

#[test]
fn classes_are_counted_apart_and_add_up() {
    let scenario = Scenario::load(TWO_CLASSES).expect("valid");
    assert_eq!(scenario.classes(), ["free", "paid"]);
    let mut simulation = Simulation::new(&scenario, 7);
    simulation.record(floodgate::Duration::from_secs(1));
    simulation.run_until(scenario.until).expect("no limit is met");
    simulation.check_books().expect("the books balance");
    let report = simulation.report();
    let (free, paid, t) = (&report.classes["free"], &report.classes["paid"], &report.totals);
    let born = |id: &str| report.nodes[id].offered;
    assert_eq!((free.born, paid.born), (born("a_free") + born("c_free"), born("b_paid")));
    assert_eq!((free.born + paid.born, free.answered + paid.answered), (t.born, t.answered));
    assert_eq!(free.failed.values().chain(paid.failed.values()).sum::<u64>(), t.failed);
    assert_eq!(free.failed.keys().collect::<Vec<_>>(), [&"timeout"]);
    assert!((free.wasted_work_seconds + paid.wasted_work_seconds - t.wasted_work_seconds).abs() < 1e-6);
    // Impatience shows where it is, and only there.
    assert!(free.amplification > 1.15 && free.wasted_work_seconds > 0.5, "{free:?}");
    assert_eq!((paid.amplification, paid.failed.len(), paid.wasted_work_seconds), (1.0, 0, 0.0));
    assert!(paid.goodput_ratio > free.goodput_ratio);
    assert_eq!(paid.latency_ms, report.nodes["b_paid"].latency_ms, "one node, one class");
    assert!(free.latency_ms.max.expect("answers") < 1000.0 && paid.useful_work_seconds > 0.0);
    // Per node: what clients send beyond one attempt each, and what arrives.
    let amplification = |id: &str| report.nodes[id].amplification;
    assert!(amplification("a_free") > 1.15 && amplification("web") > 1.1);
    assert_eq!((amplification("b_paid"), amplification("c_free")), (1.0, 1.0));
    let text = report.to_string();
    assert!(text.contains("\n  class ") && text.contains("\n  paid "), "{text}");
    let windows: u64 =
        simulation.series().iter().filter(|p| p.start_ns >= 2_000_000_000).map(|p| p.classes[1].born).sum();
    assert_eq!(windows, paid.born);
}

#[test]
fn one_class_needs_no_table() {
    let scenario = Scenario::load(&TWO_CLASSES.replace("class = \"free\"", "class = \"paid\"")).expect("valid");
    let mut simulation = Simulation::new(&scenario, 7);
    simulation.run_until(scenario.until).expect("no limit is met");
    assert_eq!(simulation.report().classes.len(), 1);
    assert!(!simulation.report().to_string().contains("\n  class "));
}

/// What is expected of a class is measured of that class: each pair of bounds holds for one and not for the other.
#[test]
fn an_expectation_may_name_a_class() {
    let mut text = TWO_CLASSES.to_owned();
    for (metric, min) in [("goodput_ratio", 0.99), ("latency_ms.p99", 20.0), ("answered_ratio", 0.99)] {
        for class in ["paid", "free"] {
            let _ = write!(text, "[[expect]]\nmetric = \"{metric}\"\nclass = \"{class}\"\nmin = {min}\n");
        }
    }
    for (metric, max) in
        [("amplification", 1.0), ("errors.timeout", 0.0), ("wasted_work_seconds", 0.0), ("failed", 0.0)]
    {
        for class in ["paid", "free"] {
            let _ = write!(text, "[[expect]]\nmetric = \"{metric}\"\nclass = \"{class}\"\nmax = {max}\n");
        }
    }
    let checked = check(&Scenario::load(&text).expect("valid"), 7);
    assert_eq!(checked.results.len(), 14);
    for result in &checked.results {
        let e = &result.expectation;
        // A retry begins anew, so a request that was answered may have taken longer than one attempt may.
        let both = e.metric.to_string() == "latency_ms.p99";
        let holds = e.class.as_deref() == Some("paid") || both;
        assert_eq!(result.passed(), holds, "{} of {:?}: {:?}", e.metric, e.class, result.value);
    }
    // Measured between the same marks as the whole: from the end of the warm-up on.
    let text = format!(
        "{TWO_CLASSES}[[expect]]\nmetric = \"born\"\nclass = \"paid\"\nmin = 1\n[[expect]]\nmetric = \"born\"\nof = \"b_paid\"\nmin = 1\n"
    );
    let checked = check(&Scenario::load(&text).expect("valid"), 7);
    assert_eq!(checked.results[0].value, checked.results[1].value);
}

#[test]
fn a_class_has_a_name_of_one_line_and_there_are_at_most_256() {
    let told = |text: &str| Scenario::load(text).map(|_| ()).expect_err("a problem").to_string();
    let blank = told(&TWO_CLASSES.replace("class = \"paid\"", "class = \" \""));
    assert!(blank.contains("`b_paid.class` is \" \", which is no name"), "{blank}");
    let many = |n: usize| {
        let mut text = "format = 1\nname = \"many\"\n".to_owned();
        for i in 0..n {
            let _ = write!(text, "[[node]]\nid = \"n{i}\"\nkind = \"clients\"\nclass = \"c{i}\"\n");
        }
        text
    };
    assert!(Scenario::load(&many(256)).is_ok());
    assert!(told(&many(257)).contains("257 classes of requests, more than the limit of 256"));
    // A variant is checked with its own classes.
    let variant = "[[variant]]\nname = \"v\"\nset = { \"b_paid.class\" = \"gold\" }\n[[variant.expect]]\nmetric = \"born\"\nmin = 1\nclass = ";
    assert!(Scenario::load(&format!("{TWO_CLASSES}{variant}\"gold\"\n")).is_ok());
    assert!(told(&format!("{TWO_CLASSES}{variant}\"paid\"\n")).contains("class `paid`"));
}
