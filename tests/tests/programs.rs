//! The engine against a naive interpreter: random programs hear the same things at the same times in the same order.

use floodgate_tests::soak::programs::{self, KINDS, Tally};

#[test]
fn random_programs_are_run_as_a_plain_sorted_list_would_run_them() {
    let mut tally = Tally::default();
    for number in 0.. {
        tally.add(programs::run(number).unwrap_or_else(|difference| panic!("{difference}")));
        if tally.total() >= 2_000_000 {
            break;
        }
    }
    for (kind, count) in KINDS.iter().zip(tally.0) {
        assert!(count > 20_000, "{count} deliveries of the kind \"{kind}\": the programs no longer reach it");
    }
}
