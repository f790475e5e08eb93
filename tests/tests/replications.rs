//! Replications merge into one: the same system under other seeds, told as a whole.

use floodgate::{Scenario, Simulation};
use floodgate_core::stats::{ClassStats, LinkStats, NodeStats, Totals};

const AVALANCHE: &str = include_str!("../../scenarios/single_server_avalanche.toml");

/// Everything counted in a run up to 12 s.
fn replication(seed: u64) -> (Totals, Vec<NodeStats>, Vec<LinkStats>, Vec<ClassStats>, floodgate::Time) {
    let scenario = Scenario::load(AVALANCHE).expect("valid");
    let mut simulation = Simulation::new(&scenario, seed);
    let end = floodgate::Time::from_secs_f64(12.0);
    simulation.run_until(end).expect("no limit is met");
    let nodes = (0..scenario.nodes.len()).map(|i| simulation.node_counters(i).clone()).collect();
    let links = (0..scenario.links.len()).map(|i| *simulation.link_counters(i)).collect();
    (simulation.totals(), nodes, links, simulation.class_counters().to_vec(), end)
}

#[test]
fn replications_merge_into_the_statistics_of_all_of_them() {
    let runs: Vec<_> = (1..=3).map(replication).collect();
    let merged = |order: [usize; 3]| {
        let (mut totals, mut nodes, mut links, mut classes, end) = runs[order[0]].clone();
        nodes.iter_mut().for_each(|n| n.settle(end));
        for run in &order[1..] {
            let (t, n, l, c, end) = runs[*run].clone();
            totals.merge(&t);
            links.iter_mut().zip(&l).for_each(|(a, b)| a.merge(b));
            classes.iter_mut().zip(&c).for_each(|(a, b)| a.merge(b));
            for (a, mut b) in nodes.iter_mut().zip(n) {
                b.settle(end);
                a.merge(&b);
            }
        }
        (totals, nodes, links, classes)
    };
    let (totals, nodes, links, classes) = merged([0, 1, 2]);
    assert_eq!(totals.born, totals.answered + totals.failed + totals.in_flight);
    assert_eq!(totals.born, runs.iter().map(|r| r.0.born).sum::<u64>());
    assert_eq!((classes[0].born, classes[0].latency.count()), (totals.born, totals.answered));
    let attempts: u64 = nodes.iter().map(|n| n.sent).sum();
    assert_eq!(attempts, links.iter().map(|l| l.calls_first + l.calls_retry).sum::<u64>());
    for (i, node) in nodes.iter().enumerate() {
        let each = || runs.iter().map(|r| &r.1[i]);
        let exact: u128 = runs.iter().map(|r| r.1[i].gauges[0].integral(r.4)).sum();
        assert_eq!(node.gauges[0].integral(floodgate::Time::MAX), exact);
        assert_eq!(node.gauges[0].max(), each().map(|n| n.gauges[0].max()).max().unwrap_or(0));
        let p99 = |n: &NodeStats| n.latency.quantile(0.99);
        assert!(p99(node) >= each().map(p99).min().flatten() && p99(node) <= each().map(p99).max().flatten());
        assert_eq!(node.latency.max(), each().filter_map(|n| n.latency.max()).max());
    }
    let (other, others, ..) = merged([2, 0, 1]);
    assert_eq!(totals, other);
    assert!(nodes.iter().zip(&others).all(|(a, b)| a.latency.quantile(0.9) == b.latency.quantile(0.9)));
    assert!(runs[0].0 != runs[1].0, "seeds differ");
}
