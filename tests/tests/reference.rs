//! The reference cases, as far as they take seconds; `cargo xtask reference` runs all of them.

use floodgate_tests::reference::{Effort, Row, Verdict, cases, run};
use std::collections::BTreeMap;

/// Runs the cases of some families and tells what fails.
fn hold(families: &[&str]) {
    let mut judged = 0;
    let mut failed = Vec::new();
    for case in cases().iter().filter(|case| families.contains(&case.family.as_str())) {
        for row in run(case, Effort::QUICK) {
            judged += usize::from(row.verdict == Verdict::Pass);
            if row.failed() {
                failed.push(row.to_string());
            }
        }
    }
    assert!(failed.is_empty(), "\n{}\n{}", Row::header(), failed.join("\n"));
    assert!(judged > 0, "nothing was judged");
}

#[test]
fn one_station_in_a_steady_state() {
    hold(&["queueing.mm1", "queueing.mmc", "queueing.mg1", "queueing.gim1_kingman", "queueing.mg1_setup"]);
}

#[test]
fn disciplines() {
    hold(&["queueing.mm1_lifo", "queueing.mg1_ps", "queueing.priority"]);
}

#[test]
fn loss_and_impatience() {
    hold(&["queueing.mmck", "queueing.erlang_b", "queueing.erlang_a"]);
}

#[test]
fn infinitely_many_servers_and_irregular_arrivals() {
    hold(&["queueing.mginf", "queueing.mtminf", "queueing.batch"]);
}

#[test]
fn networks() {
    hold(&["queueing.jackson_tandem", "queueing.jackson_feedback", "queueing.closed_mva"]);
}

#[test]
fn forks_and_balancers() {
    hold(&["queueing.fork_join", "queueing.dispatch"]);
}

#[test]
fn traces_of_real_systems() {
    hold(&["traces.arrival_trace", "traces.trace_fifo_replay"]);
}

#[test]
fn sequences_and_tables_of_balancers() {
    hold(&["lb.swrr", "lb.maglev_exact", "lb.maglev_stats", "lb.consistent_hash_ring", "lb.bounded_load"]);
}

#[test]
fn balancers_by_choice() {
    hold(&["lb.balls_bins", "lb.supermarket_finite", "lb.supermarket_published"]);
}

#[test]
fn outliers_and_panic() {
    hold(&["breaker.envoy_outlier", "breaker.envoy_panic"]);
}

/// A case that is not run says why, and every case of queueing theory and of balancers is run.
#[test]
fn no_case_is_skipped_in_silence() {
    let nothing = Effort { requests_max: 0.0, ..Effort::QUICK };
    let mut families: BTreeMap<String, usize> = BTreeMap::new();
    for case in cases() {
        *families.entry(case.family.clone()).or_default() += 1;
        let rows = run(&case, nothing);
        assert!(!rows.is_empty(), "{}", case.id);
        for row in &rows {
            match &row.verdict {
                // Decisions take no effort.
                Verdict::Pass => {}
                Verdict::Open(reason) => {
                    assert!(!reason.contains("nobody has said why"), "{}: {}", case.id, case.family);
                }
                Verdict::Fail(_) => panic!("{row}"),
            }
        }
        let first = &rows[0];
        let refused = rows.len() == 1 && first.statistic.is_empty() && matches!(first.verdict, Verdict::Open(_));
        let run = ["queueing.", "lb.", "breaker.envoy_", "traces.arrival_trace", "traces.trace_fifo_replay"]
            .iter()
            .any(|families| case.family.starts_with(families));
        assert_eq!(run, !refused, "{}", case.id);
    }
    assert_eq!((families.len(), families.values().sum::<usize>()), (62, 325));
}

/// A wrong expectation fails: the harness can tell 3 % from nothing.
#[test]
fn what_is_wrong_is_found() {
    let mut case = cases().into_iter().find(|case| case.id == "Q-FJ-o-50-100-2").expect("the case");
    case.expected["mean_response_n2_exact"] = serde_json::json!(0.02875 * 1.03);
    let rows = run(&case, Effort::QUICK);
    let row = rows.iter().find(|row| row.statistic == "mean_response_n2_exact").expect("the number");
    assert!(row.failed() && row.z.is_some_and(|z| z < -4.0), "{row}");
    case.expected["mean_response_in_a_world_of_its_own"] = serde_json::json!(1.0);
    assert!(run(&case, Effort::QUICK).iter().any(|row| row.statistic.ends_with("own") && row.failed()));
}
