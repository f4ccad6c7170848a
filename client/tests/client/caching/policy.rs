//! Operations that are judged here, by the daemon's table.

use super::{asked_in, each};
use crate::asker::Asker;
use crate::paged::{Paged, State, Words, deny};
use apikeyd_client::{Refusal, Verdict};
use apikeyd_protocol::operation::Opcode;
use std::time::{Duration, Instant};

/// Five rows in three pages, and a key that is kept. The rows come beside the first validation.
fn prepare(daemon: &Paged, asker: &Asker) {
    daemon.state().rows = ["/a", "/b", "/c", "/d", "/e"].map(deny).to_vec();
    allowed(asker, "/x");
}

/// Waits until the table is there and in force.
fn until_judged_here(daemon: &Paged, asker: &Asker) {
    super::wait_until(|| asked_in(daemon, || allowed(asker, "/x")) == 0);
}

/// Waits until `pages` pages of rows were asked for. Each validation meanwhile is the daemon's; it is also what lets the
/// task of an asynchronous client run.
fn until_rows_were_asked_for(daemon: &Paged, asker: &Asker, pages: usize) {
    super::wait_until(|| {
        assert_eq!(asked_in(daemon, || allowed(asker, "/x")), 1);
        daemon.asked(Opcode::PolicyRows) >= pages
    });
}

#[test]
fn no_validation_waits_for_the_rows() {
    each(|daemon, asker| {
        for round in 0..2 {
            let held = daemon.hold_rows();
            let start = Instant::now();
            match round {
                0 => prepare(daemon, asker),
                _ => allowed(asker, "/x"),
            }
            assert_eq!(asked_in(daemon, || denied(asker, "/a")), 1, "the daemon judges meanwhile");
            assert!(start.elapsed() < Duration::from_secs(10), "it waited for rows that do not come");
            until_rows_were_asked_for(daemon, asker, 3 * round + 1);
            drop(held);
            until_judged_here(daemon, asker);
            assert_eq!(daemon.asked(Opcode::PolicyRows), 3 * (round + 1), "each page once");
            let mut state = daemon.state();
            state.rows.rotate_left(1);
            state.table_epoch += 1;
            state.page.bump_epoch();
        }
    });
}

#[test]
fn a_table_that_is_the_same_in_the_next_epoch_is_kept() {
    each(|daemon, asker| {
        prepare(daemon, asker);
        until_judged_here(daemon, asker);
        assert_eq!((daemon.asked(Opcode::PolicyRows), daemon.asked(Opcode::PolicySummary)), (3, 0));
        let next_epoch = |change: &dyn Fn(&mut State)| {
            let mut state = daemon.state();
            change(&mut state);
            state.table_epoch += 1;
            state.page.bump_epoch();
        };
        next_epoch(&|_| {});
        assert_eq!(asked_in(daemon, || allowed(asker, "/x")), 1, "the daemon judges meanwhile");
        until_judged_here(daemon, asker);
        assert_eq!((daemon.asked(Opcode::PolicyRows), daemon.asked(Opcode::PolicySummary)), (3, 1));
        assert_eq!(asked_in(daemon, || denied(asker, "/e")), 1);

        next_epoch(&|state| state.rows[4] = deny("/f"));
        assert_eq!(asked_in(daemon, || allowed(asker, "/e")), 1);
        until_judged_here(daemon, asker);
        assert_eq!((daemon.asked(Opcode::PolicyRows), daemon.asked(Opcode::PolicySummary)), (6, 2));
        assert_eq!(asked_in(daemon, || allowed(asker, "/e")), 0);
        assert_eq!(asked_in(daemon, || denied(asker, "/f")), 1);

        next_epoch(&|state| state.sums_up = false);
        allowed(asker, "/x");
        until_judged_here(daemon, asker);
        assert_eq!(daemon.asked(Opcode::PolicyRows), 9, "an older daemon hands its rows over again");
    });
}

fn allowed(asker: &Asker, target: &str) {
    assert!(asker.authorize(target).unwrap().valid().is_some(), "{target}");
}

fn denied(asker: &Asker, target: &str) {
    let refusal = Refusal::OperationDenied(format!("no {target}"));
    assert_eq!(asker.authorize(target).unwrap(), Verdict::Refused(refusal));
}

#[test]
fn what_the_table_allows_is_not_asked_for() {
    each(|daemon, asker| {
        prepare(daemon, asker);
        until_judged_here(daemon, asker);
        assert_eq!(daemon.asked(Opcode::PolicyRows), 3);
        let asked = asked_in(daemon, || {
            (0..10).for_each(|number| allowed(asker, &format!("/x/{number}")));
            asker.user();
        });
        assert_eq!(asked, 0);
    });
}

#[test]
fn what_the_table_refuses_the_daemon_refuses() {
    each(|daemon, asker| {
        prepare(daemon, asker);
        until_judged_here(daemon, asker);
        for target in ["/a", "/e", "/a"] {
            assert_eq!(asked_in(daemon, || denied(asker, target)), 1);
        }
        assert_eq!(
            asked_in(daemon, || {
                // The peer that stands for the daemon here compares text.
                allowed(asker, "/x/../a");
            }),
            1,
            "ambiguous here: the daemon has the word"
        );
    });
}

#[test]
fn an_exchanged_table_counts_for_the_next_validation() {
    each(|daemon, asker| {
        prepare(daemon, asker);
        until_judged_here(daemon, asker);
        assert_eq!(asked_in(daemon, || allowed(asker, "/new")), 0);
        {
            let mut state = daemon.state();
            state.rows.push(deny("/new"));
            state.table_epoch += 1;
            state.page.bump_epoch();
        }
        denied(asker, "/new");
        // The table is asked for again after a while; until then the daemon is asked.
        until_judged_here(daemon, asker);
        assert_eq!(asked_in(daemon, || denied(asker, "/new")), 1);
    });
}

#[test]
fn a_table_of_another_epoch_is_not_used() {
    each(|daemon, asker| {
        daemon.state().table_epoch = 1;
        prepare(daemon, asker);
        until_rows_were_asked_for(daemon, asker, 3);
        assert_eq!(asked_in(daemon, || allowed(asker, "/x")), 1, "this table is not yet in force");
        daemon.state().page.bump_epoch();
        assert_eq!(asked_in(daemon, || allowed(asker, "/x")), 1, "the key is asked for under the new epoch");
        until_judged_here(daemon, asker);
    });
}

#[test]
fn a_client_of_other_rules_asks_for_operations() {
    each(|daemon, asker| {
        daemon.state().ready.policy_rules += 1;
        prepare(daemon, asker);
        assert_eq!(asked_in(daemon, || allowed(asker, "/x")), 1);
        assert_eq!(asked_in(daemon, || drop(asker.user())), 0, "the key alone is kept");
        assert_eq!(daemon.asked(Opcode::PolicyRows), 0);
    });
}

#[test]
fn a_table_that_cannot_be_is_not_used() {
    each(|daemon, asker| {
        daemon.state().rows = vec![deny("/a"), deny("no path")];
        allowed(asker, "/x");
        until_rows_were_asked_for(daemon, asker, 1);
        assert_eq!(asked_in(daemon, || allowed(asker, "/x")), 1);
    });
}
