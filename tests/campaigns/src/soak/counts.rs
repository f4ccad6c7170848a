//! Which requests were answered.

use apikeyd_client::Error;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Every kind of request that is counted.
const KINDS: [&str; 14] = [
    "audit list",
    "backup",
    "credentials changed",
    "delete",
    "delete user",
    "generate",
    "list",
    "reload",
    "retrieve",
    "save",
    "statistics",
    "status",
    "validate",
    "validate on a new connection",
];

/// Requests by what became of them; those that a cache answered are not among them.
#[derive(Debug, Default)]
pub(super) struct Counts {
    answered: Mutex<BTreeMap<&'static str, u64>>,
    /// Answered ones since a slot was taken last.
    in_slot: AtomicU64,
    unanswered: AtomicU64,
}

impl Counts {
    /// A request that a restart left without an answer, or that found its subject gone with one, is nothing wrong here.
    pub(super) fn count<T>(&self, kind: &'static str, answer: Result<T, Error>) -> Option<T> {
        let counter = if answer.is_ok() { &self.in_slot } else { &self.unanswered };
        counter.fetch_add(1, Ordering::Relaxed);
        let answer = answer.ok()?;
        *self.lock().entry(kind).or_default() += 1;
        Some(answer)
    }

    /// Answered requests since the last call.
    pub(super) fn take_slot(&self) -> u64 {
        self.in_slot.swap(0, Ordering::Relaxed)
    }

    /// Whether every kind of request was answered.
    pub(super) fn has_every_kind(&self) -> bool {
        let answered = self.lock();
        KINDS.iter().all(|kind| answered.contains_key(kind))
    }

    /// Answered requests, by kind.
    pub(super) fn answered(&self) -> BTreeMap<&'static str, u64> {
        self.lock().clone()
    }

    pub(super) fn unanswered(&self) -> u64 {
        self.unanswered.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, u64>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
