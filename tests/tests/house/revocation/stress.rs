//! The short form of the stress test; `revocation-stress` is the long one.

use crate::support::binary;
use apikeyd_tests::scratch::Scratch;
use apikeyd_tests::stress::{Plan, run};
use std::time::Duration;

const SHORT: Plan = Plan {
    time: Duration::from_secs(5),
    ends: 20,
    clients: 4,
    threads: 2,
    checks: 8,
    revokers: 8,
    restarts: 1,
    fault: false,
};

#[test]
fn nobody_accepts_a_key_whose_end_was_answered() {
    let report = run(&Scratch::new(binary()), &SHORT);
    assert_eq!(report.found.violations(), 0, "{report}");
    // It would also be so if nothing had been tried.
    assert!(report.ends.iter().all(|(_, count)| *count > 0), "{report}");
    assert!(report.found.hits > 1_000 && report.found.ends_seen > 100, "{report}");
}

#[test]
fn a_daemon_that_answers_before_it_bumps_is_caught() {
    let plan = Plan { time: Duration::from_secs(2), restarts: 0, fault: true, ..SHORT };
    let report = run(&Scratch::new(binary()), &plan);
    assert!(report.found.accepted_after_end > 0, "{report}");
}
