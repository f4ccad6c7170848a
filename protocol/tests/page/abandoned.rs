//! The page is lost, the next daemon has another one, and clients still hold the first, which nobody will write
//! again: only its lease ends it.

use crate::checked::{Shared, check};
use crate::words::Words;
use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Until then the page is leased.
const LEASED: u64 = 2;

struct State {
    lost: Words,
    ended: AtomicBool,
    /// What the client's clock shows at the least.
    clock: AtomicU64,
}

fn state() -> State {
    State { lost: Words::begun(LEASED), ended: AtomicBool::new(false), clock: AtomicU64::new(1) }
}

fn revoke_after_the_wait(shared: &Shared<State>) {
    shared.state.ended.store(true, Ordering::Relaxed);
    shared.state.clock.store(LEASED, Ordering::Release);
    shared.answer();
}

fn fill_and_hit(shared: &Shared<State>) {
    let State { lost, ended, clock } = &shared.state;
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
