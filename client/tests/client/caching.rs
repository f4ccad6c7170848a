//! Verdicts that are used again, against a daemon with a page.

mod expiry;
mod page;
mod policy;
mod processes;
mod room;
mod uses;
mod verdicts;

use crate::asker::{Asker, both_with};
use crate::paged::Paged;
use apikeyd_protocol::operation::Opcode;
use std::time::{Duration, Instant};

/// Each kind of client in turn, with a cache, each with a daemon of its own.
fn each(test: impl Fn(&Paged, &Asker)) {
    let kinds = both_with(std::path::Path::new("/"), |builder| builder).len();
    for kind in 0..kinds {
        let daemon = Paged::start();
        let asker = both_with(daemon.path(), |builder| builder.cache(true)).swap_remove(kind);
        test(&daemon, &asker);
    }
}

/// How many validations the daemon was asked for meanwhile.
fn asked_in(daemon: &Paged, test: impl FnOnce()) -> usize {
    let before = daemon.asked(Opcode::Validate);
    test();
    daemon.asked(Opcode::Validate) - before
}

/// Whether the key was accepted, and without asking.
fn is_hit(daemon: &Paged, asker: &Asker) -> bool {
    let mut valid = false;
    asked_in(daemon, || valid = asker.validate().unwrap().valid().is_some()) == 0 && valid
}

/// Tries until it is so, because it becomes so with time alone.
fn wait_until(mut is_so: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < patience, "it never came to be");
        std::thread::sleep(Duration::from_millis(5));
    }
}
