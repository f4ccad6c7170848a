//! Running a scenario: threads of a daemon and of clients, and what may never be.

use loom::model::Builder;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

/// What the threads of a scenario share, beside its own state.
#[derive(Debug)]
pub(crate) struct Shared<S> {
    pub(crate) state: S,
    answered: AtomicBool,
}

impl<S> Shared<S> {
    /// Daemon: the revocation is answered.
    pub(crate) fn answer(&self) {
        self.answered.store(true, Ordering::Release);
    }

    /// Client: a validation starts; whether the revocation was answered before.
    pub(crate) fn start(&self) -> Validation {
        Validation { starts_after_answer: self.answered.load(Ordering::Acquire) }
    }
}

/// A validation that has started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Validation {
    starts_after_answer: bool,
}

impl Validation {
    /// The client accepts.
    pub(crate) fn accept(self) {
        assert!(!self.starts_after_answer, "a validation that started after the answer accepted");
    }
}

/// With two clients all interleavings are too many: those are tried in which threads are interrupted this often
/// where they could go on. With one client all are tried.
const INTERRUPTIONS: usize = 3;

/// Tries the interleavings of the daemon's steps and those of one or two clients.
pub(crate) fn check<S: Send + Sync + 'static, const N: usize>(
    state: fn() -> S,
    daemon: fn(&Shared<S>),
    clients: [fn(&Shared<S>); N],
) {
    let mut checker = Builder::new();
    checker.preemption_bound = (N > 1).then_some(INTERRUPTIONS);
    checker.check(move || {
        let shared = Arc::new(Shared { state: state(), answered: AtomicBool::new(false) });
        let threads: Vec<_> = std::iter::once(&daemon)
            .chain(&clients)
            .map(|steps| {
                let (shared, steps) = (Arc::clone(&shared), *steps);
                thread::spawn(move || steps(&shared))
            })
            .collect();
        for thread in threads {
            thread.join().unwrap_or_else(|_| panic!("a thread failed"));
        }
    });
}
