//! The short form of `sigkill`.

use apikeyd_campaigns::kill::{Plan, Planted, run};
use apikeyd_tests::scratch::Scratch;
use std::path::Path;

const SHORT: Plan = Plan {
    kills: 15,
    changes: 300,
    minutes: None,
    clients: 12,
    processes: 1,
    keys: 200,
    load_ms: 100,
    whole_every: 5,
    seed: 1,
    fault: None,
};

fn scratch() -> Scratch {
    Scratch::new(Path::new(env!("CARGO_BIN_EXE_sigkill")))
}

#[test]
fn what_was_acknowledged_survives_sigkill() {
    let report = run(&scratch(), &SHORT);
    assert!(report.is_clean(), "{report}");
    // It would also be so if nothing had been tried.
    assert!(report.kills() >= 15 && report.changes() >= 300 && report.found().accepted > 0, "{report}");
}

#[test]
fn a_daemon_that_bumps_after_its_answer_is_found_under_kills() {
    // What the caching clients find comes at the end.
    assert_found(&Plan { changes: 600, fault: Some(Planted::LateBump), ..SHORT });
}

#[test]
fn a_daemon_that_answers_before_its_commit_is_found() {
    assert_found(&until_found(Planted::ReplyBeforeCommit));
}

#[test]
fn a_daemon_whose_commits_do_not_last_is_found() {
    assert_found(&until_found(Planted::NotDurable));
}

#[test]
fn a_daemon_that_leaves_rows_out_of_the_audit_is_found() {
    assert_found(&until_found(Planted::RowLeftOut));
}

/// A run ends with the first finding after a kill, so it may be long.
fn until_found(fault: Planted) -> Plan {
    Plan { kills: 300, fault: Some(fault), ..SHORT }
}

fn assert_found(plan: &Plan) {
    let report = run(&scratch(), plan);
    assert!(!report.is_clean(), "{report}");
}
