//! The policy table is exchanged while a client judges by the table that it was handed.

use crate::checked::{Shared, check};
use crate::words::Words;
use loom::sync::atomic::{AtomicU64, Ordering};

const NOW: u64 = 1;

struct State {
    words: Words,
    /// The table in force, the epoch that it carries and what it says, exchanged as one.
    table: AtomicU64,
}

const ALLOW: u64 = 1;
const DENY: u64 = 0;

const fn table(epoch: u64, effect: u64) -> u64 {
    epoch << 1 | effect
}

fn state() -> State {
    State { words: Words::begun(NOW + 1), table: AtomicU64::new(table(0, ALLOW)) }
}

/// The table that denies carries the next epoch and is in force before that epoch begins.
fn reload(shared: &Shared<State>) {
    shared.state.table.store(table(1, DENY), Ordering::Release);
    shared.state.words.page().bump_epoch();
    shared.answer();
}

/// Gets a table, keeps a key, and judges by both.
fn judge(shared: &Shared<State>) {
    let State { words, table } = &shared.state;
    let handed = table.load(Ordering::Acquire);
    let seen = words.freshness();
    let validation = shared.start();
    if words.page().holds(&seen, NOW) && handed >> 1 == seen.epoch && handed & 1 == ALLOW {
        validation.accept();
    }
}

#[test]
fn no_accept_by_the_former_table_starts_after_the_answer() {
    check(state, reload, [judge]);
}

#[test]
#[should_panic(expected = "accepted")]
fn a_table_with_the_epoch_of_the_moment_is_found() {
    let careless = |shared: &Shared<State>| {
        let State { words, table } = &shared.state;
        let handed = table.load(Ordering::Acquire);
        let seen = words.freshness();
        let validation = shared.start();
        if words.page().holds(&seen, NOW) && handed & 1 == ALLOW {
            validation.accept();
        }
    };
    check(state, reload, [careless]);
}

#[test]
#[should_panic(expected = "accepted")]
fn an_epoch_that_begins_before_its_table_is_in_force_is_found() {
    let early = |shared: &Shared<State>| {
        shared.state.words.page().bump_epoch();
        shared.state.table.store(table(1, DENY), Ordering::Release);
        shared.answer();
    };
    // Such a daemon labels its table with the epoch of the page.
    let labelled = |shared: &Shared<State>| {
        let State { words, table } = &shared.state;
        let epoch = words.page().epoch();
        let handed = table.load(Ordering::Acquire);
        let seen = words.freshness();
        let validation = shared.start();
        if words.page().holds(&seen, NOW) && epoch == seen.epoch && handed & 1 == ALLOW {
            validation.accept();
        }
    };
    check(state, early, [labelled]);
}
