//! The page is lost, the next daemon has another one, and clients still hold the first, which nobody will write again: only
//! its lease ends it. Beside them a second daemon, on another store or on a copy, keeps its own page alive whatever becomes
//! of the first daemon's. And a start between two others lost the page of the one and left its own to the other.

use crate::checked::{Shared, check};
use crate::words::{SLOT, Words, start};
use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Until then the page of the first daemon is leased.
const LEASED: u64 = 2;

/// A time that never comes.
const FAR: u64 = 100;

struct State {
    /// The page that clients of the first daemon hold, and that no later start has.
    lost: Words,
    /// The page of the second daemon, or of the start in between.
    other: Words,
    ended: AtomicBool,
    /// What the client's clock shows at the least.
    clock: AtomicU64,
}

fn state() -> State {
    let other = Words::new();
    other.page().begin(9, start(2));
    State { lost: Words::begun(LEASED), other, ended: AtomicBool::new(false), clock: AtomicU64::new(1) }
}

/// The next start of the first daemon, with a page of its own.
fn revoke_after_the_wait(shared: &Shared<State>) {
    shared.state.ended.store(true, Ordering::Relaxed);
    shared.state.clock.store(LEASED, Ordering::Release);
    shared.answer();
}

/// Keeps a verdict under the lost page and uses it.
fn fill_and_hit(shared: &Shared<State>) {
    let State { lost, ended, clock, .. } = &shared.state;
    let seen = lost.freshness();
    if ended.load(Ordering::Relaxed) {
        return;
    }
    let validation = shared.start();
    // Read after the start, as the real clock is.
    let now = clock.load(Ordering::Acquire);
    if lost.page().holds(&seen, now) {
        validation.accept();
    }
}

#[test]
fn no_accept_starts_after_an_answer_that_waited_for_the_lease() {
    check(state, revoke_after_the_wait, [fill_and_hit]);
}

#[test]
#[should_panic(expected = "accepted")]
fn an_answer_before_the_lease_is_over_is_found() {
    let hasty = |shared: &Shared<State>| {
        shared.state.ended.store(true, Ordering::Relaxed);
        shared.answer();
        shared.state.clock.store(LEASED, Ordering::Release);
    };
    check(state, hasty, [fill_and_hit]);
}

#[test]
#[should_panic(expected = "accepted")]
fn a_clock_that_is_read_before_the_start_is_found() {
    let early = |shared: &Shared<State>| {
        let State { lost, clock, .. } = &shared.state;
        let seen = lost.freshness();
        let now = clock.load(Ordering::Acquire);
        let validation = shared.start();
        if lost.page().holds(&seen, now) {
            validation.accept();
        }
    };
    check(state, revoke_after_the_wait, [early]);
}

#[test]
fn a_neighbour_that_keeps_its_own_page_alive_changes_nothing() {
    let neighbour = |shared: &Shared<State>| shared.state.other.page().extend_lease(FAR);
    check(state, revoke_after_the_wait, [fill_and_hit, neighbour]);
}

#[test]
#[should_panic(expected = "accepted")]
fn a_neighbour_on_the_same_page_is_found() {
    let neighbour = |shared: &Shared<State>| shared.state.lost.page().extend_lease(FAR);
    check(state, revoke_after_the_wait, [fill_and_hit, neighbour]);
}

/// Begins in the page of the start before, and waits if that says so.
fn go_on(shared: &Shared<State>) {
    shared.state.ended.store(true, Ordering::Relaxed);
    if !shared.state.other.page().begin(0, start(3)) {
        shared.state.clock.store(LEASED, Ordering::Release);
    }
    shared.state.other.page().bump(SLOT);
    shared.answer();
}

#[test]
fn a_start_after_one_that_was_killed_while_it_waited_waits_too() {
    check(state, go_on, [fill_and_hit]);
}

#[test]
#[should_panic(expected = "accepted")]
fn a_start_that_says_too_early_that_it_has_waited_is_found() {
    let hasty = || {
        let state = state();
        state.other.page().settle();
        state
    };
    check(hasty, go_on, [fill_and_hit]);
}

/// A start has another page, and ends the one that an earlier start left.
#[test]
fn a_page_that_is_retired_ends_what_was_kept_by_it() {
    let retires = |shared: &Shared<State>| {
        shared.state.ended.store(true, Ordering::Relaxed);
        shared.state.lost.page().retire();
        shared.answer();
    };
    check(state, retires, [fill_and_hit]);
}
