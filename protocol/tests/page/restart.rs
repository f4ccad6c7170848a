//! The daemon is killed between commit and bump, so that nothing is answered; the next one goes on with the page,
//! and the caller asks again.

use crate::checked::{Shared, check};
use crate::words::{SLOT, Words, start};
use loom::sync::atomic::{AtomicBool, Ordering};

const NOW: u64 = 1;

struct State {
    words: Words,
    ended: AtomicBool,
}

fn state() -> State {
    State { words: Words::begun(NOW + 1), ended: AtomicBool::new(false) }
}

/// The key is ended already when it is revoked the second time; the bump comes all the same.
fn restart(shared: &Shared<State>) {
    let page = shared.state.words.page();
    shared.state.ended.store(true, Ordering::Relaxed);
    assert!(page.begin(0, start(2)), "it goes on with the page of the start before");
    page.bump(SLOT);
    shared.answer();
}

/// What the first daemon answered, or the second, is kept and used.
fn fill_and_hit(shared: &Shared<State>) {
    let State { words, ended } = &shared.state;
    let seen = words.freshness();
    if ended.load(Ordering::Relaxed) {
        return;
    }
    let validation = shared.start();
    if words.page().holds(&seen, NOW) {
        validation.accept();
    }
}

#[test]
fn no_accept_starts_after_the_answer_of_the_next_daemon() {
    check(state, restart, [fill_and_hit]);
}

#[test]
fn another_instance_alone_makes_all_worthless_that_was_kept_before() {
    let begins = |shared: &Shared<State>| {
        shared.state.ended.store(true, Ordering::Relaxed);
        shared.state.words.page().begin(0, start(2));
        shared.answer();
    };
    check(state, begins, [fill_and_hit]);
}

#[test]
#[should_panic(expected = "accepted")]
fn a_second_daemon_that_takes_the_ended_key_for_bumped_is_found() {
    let trusting = |shared: &Shared<State>| {
        shared.state.ended.store(true, Ordering::Relaxed);
        shared.answer();
    };
    check(state, trusting, [fill_and_hit]);
}
