//! A key is revoked while one thread fills the cache and another one hits it.

use crate::checked::{Shared, check};
use crate::words::{SLOT, Words};
use apikeyd_protocol::message::Freshness;
use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const NOW: u64 = 1;

struct State {
    words: Words,
    /// The daemon's record of the key. Its ordering comes from the page alone, which is less than the daemon's
    /// locks give.
    ended: AtomicBool,
    /// The client's cache: the generation of its entry, if there is one.
    entry: AtomicU64,
}

const EMPTY: u64 = u64::MAX;

fn state() -> State {
    State { words: Words::begun(NOW + 1), ended: AtomicBool::new(false), entry: AtomicU64::new(EMPTY) }
}

fn revoke(shared: &Shared<State>) {
    shared.state.ended.store(true, Ordering::Relaxed);
    shared.state.words.page().bump(SLOT);
    shared.answer();
}

/// A miss: the daemon validates, the client keeps what it answered.
fn fill(shared: &Shared<State>) {
    let State { words, ended, entry } = &shared.state;
    let seen = words.freshness();
    if !ended.load(Ordering::Relaxed) {
        entry.store(seen.generation, Ordering::Release);
        hit(shared);
    }
}

fn hit(shared: &Shared<State>) {
    let validation = shared.start();
    let State { words, entry, .. } = &shared.state;
    let generation = entry.load(Ordering::Acquire);
    let seen = Freshness { instance: 7, epoch: 0, slot: SLOT, generation };
    if generation != EMPTY && words.page().holds(&seen, NOW) {
        validation.accept();
    }
}

#[test]
fn no_accept_starts_after_the_answer() {
    check(state, revoke, [fill]);
}

#[test]
fn no_accept_by_an_entry_that_another_thread_filled_starts_after_the_answer() {
    check(state, revoke, [fill, hit]);
}

#[test]
#[should_panic(expected = "accepted")]
fn a_bump_behind_the_answer_is_found() {
    let late = |shared: &Shared<State>| {
        shared.state.ended.store(true, Ordering::Relaxed);
        shared.answer();
        shared.state.words.page().bump(SLOT);
    };
    check(state, late, [fill]);
}

#[test]
#[should_panic(expected = "accepted")]
fn a_bump_before_the_commit_is_found() {
    let early = |shared: &Shared<State>| {
        shared.state.words.page().bump(SLOT);
        shared.state.ended.store(true, Ordering::Relaxed);
        shared.answer();
    };
    check(state, early, [fill]);
}

#[test]
#[should_panic(expected = "accepted")]
fn a_freshness_that_is_read_behind_the_look_up_is_found() {
    let careless = |shared: &Shared<State>| {
        let State { words, ended, entry } = &shared.state;
        if !ended.load(Ordering::Relaxed) {
            entry.store(words.freshness().generation, Ordering::Release);
            hit(shared);
        }
    };
    check(state, revoke, [careless]);
}
