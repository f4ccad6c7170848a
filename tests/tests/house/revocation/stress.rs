//! The short form of the stress test; `revocation-stress` is the long one.

use crate::support::binary;
use apikeyd_kit::scratch::Scratch;
use apikeyd_tests::stress::{Found, Plan, run};
use std::time::Duration;

/// Runs at the most: where other programs hold the processor, one alone may be of a few validations.
const RUNS: u32 = 10;

const SHORT: Plan = Plan {
    time: Duration::from_secs(5),
    ends: 20,
    clients: 4,
    threads: 2,
    checks: 8,
    revokers: 8,
    restarts: 1,
};

#[test]
fn nobody_accepts_a_key_whose_end_was_answered() {
    let mut tried = Found::default();
    for _ in 0..RUNS {
        let report = run(&Scratch::new(binary()), &SHORT);
        assert_eq!(report.found.violations(), 0, "{report}");
        assert!(report.ends.iter().all(|(_, count)| *count > 0), "{report}");
        tried.add(report.found);
        // It would also be so if nothing had been tried.
        if tried.hits > 1_000 && tried.ends_seen > 100 {
            return;
        }
    }
    panic!("too little was tried in {RUNS} runs: {tried:?}");
}
