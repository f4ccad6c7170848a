//! A right to validate is withdrawn while a caller that had it fills its cache and hits it.

use crate::checked::{Shared, check};
use crate::words::{SLOT, Words};
use loom::sync::atomic::{AtomicBool, Ordering};

const NOW: u64 = 1;

struct State {
    words: Words,
    /// Whether the table of rights in force lets the caller validate. Its ordering comes from the page alone,
    /// which is less than the daemon's pointer to the table gives.
    may_validate: AtomicBool,
    /// Whether the key was revoked, by a caller of its own.
    revoked: AtomicBool,
}

fn state() -> State {
    State {
        words: Words::begun(NOW + 1),
        may_validate: AtomicBool::new(true),
        revoked: AtomicBool::new(false),
    }
}

/// A reload: the rights in force change, then the epoch, then the reload is answered.
fn withdraw(shared: &Shared<State>) {
    shared.state.may_validate.store(false, Ordering::Relaxed);
    shared.state.words.page().bump_epoch();
    shared.answer();
}

/// The daemon reads the epoch, the rights, the generation and the record, in this order; the client keeps the
/// verdict and hits it.
fn validate(shared: &Shared<State>) {
    let State { words, may_validate, revoked } = &shared.state;
    let as_of = words.page().as_of();
    if !may_validate.load(Ordering::Relaxed) {
        return;
    }
    let seen = words.page().freshness(as_of, SLOT);
    if revoked.load(Ordering::Relaxed) {
        return;
    }
    let validation = shared.start();
    if words.page().holds(&seen, NOW) {
        validation.accept();
    }
}

#[test]
fn no_accept_by_a_withdrawn_right_starts_after_the_answer() {
    check(state, withdraw, [validate]);
}

#[test]
fn no_accept_of_a_revoked_key_starts_after_the_answer() {
    let revoke = |shared: &Shared<State>| {
        shared.state.revoked.store(true, Ordering::Relaxed);
        shared.state.words.page().bump(SLOT);
        shared.answer();
    };
    check(state, revoke, [validate]);
}

#[test]
fn two_callers_and_a_withdrawal() {
    check(state, withdraw, [validate, validate]);
}

#[test]
#[should_panic(expected = "accepted")]
fn an_epoch_that_is_read_behind_the_rights_is_found() {
    let careless = |shared: &Shared<State>| {
        let State { words, may_validate, .. } = &shared.state;
        if !may_validate.load(Ordering::Relaxed) {
            return;
        }
        let seen = words.page().freshness(words.page().as_of(), SLOT);
        let validation = shared.start();
        if words.page().holds(&seen, NOW) {
            validation.accept();
        }
    };
    check(state, withdraw, [careless]);
}

#[test]
#[should_panic(expected = "accepted")]
fn an_epoch_that_moves_before_the_rights_is_found() {
    let early = |shared: &Shared<State>| {
        shared.state.words.page().bump_epoch();
        shared.state.may_validate.store(false, Ordering::Relaxed);
        shared.answer();
    };
    check(state, early, [validate]);
}
