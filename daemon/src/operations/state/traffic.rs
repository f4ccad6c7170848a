//! What the server counts of its callers.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Counts, read for `status`, `statistics` and the line that systemd shows. None of them decides anything,
/// so their order among each other does not matter.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    connections: AtomicU32,
    accepted: AtomicU64,
    turned_away: AtomicU64,
    requests: AtomicU64,
    bad_requests: AtomicU64,
    not_permitted: AtomicU64,
}

impl Traffic {
    pub(crate) fn opened(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn closed(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn turned_away(&self) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
    }

    /// Several at once, so that callers on several cores do not fight for the counter.
    pub(crate) fn add_requests(&self, count: u64) {
        self.requests.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn bad_request(&self) {
        self.bad_requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn not_permitted(&self) {
        self.not_permitted.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn connections(&self) -> u32 {
        self.connections.load(Ordering::Relaxed)
    }

    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// All counts by name; the names are stable.
    pub(crate) fn counters(&self) -> impl Iterator<Item = (String, u64)> {
        [
            ("connections.open", u64::from(self.connections())),
            ("connections.accepted", self.accepted.load(Ordering::Relaxed)),
            ("connections.turned-away", self.turned_away.load(Ordering::Relaxed)),
            ("requests", self.requests()),
            ("requests.bad", self.bad_requests.load(Ordering::Relaxed)),
            ("requests.not-permitted", self.not_permitted.load(Ordering::Relaxed)),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
    }
}
