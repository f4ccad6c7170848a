//! Counters since the start, for statistics.

use apikeyd_keystore::domain::KeyRefusal;
use apikeyd_protocol::term::RevocationCause;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

macro_rules! counters {
    ($($field:ident = $name:literal;)*) => {
        /// One counter for each outcome. Names are stable.
        #[derive(Debug, Default)]
        pub(in crate::operations) struct Counters {
            $(pub(in crate::operations) $field: Counter,)*
        }

        impl Counters {
            /// All of them by name.
            pub(in crate::operations) fn all(&self) -> Vec<(String, u64)> {
                vec![$(($name.to_owned(), self.$field.get())),*]
            }
        }
    };
}

counters! {
    valid = "validations.valid";
    unknown_key = "validations.refused.unknown-key";
    not_saved = "validations.refused.not-saved";
    wrong_secret = "validations.refused.wrong-secret";
    deleted = "validations.refused.deleted";
    replaced = "validations.refused.replaced";
    credentials_changed = "validations.refused.credentials-changed";
    user_deleted = "validations.refused.user-deleted";
    expired = "validations.refused.expired";
    damaged = "validations.refused.damaged";
    denied = "validations.refused.operation-denied";
    ambiguous = "validations.refused.operation-ambiguous";
    unanswered = "validations.unanswered";
    from_database = "validations.read-from-database";
    generated = "keys.generated";
    added = "keys.added";
    replacing = "keys.replacing";
    ended = "keys.ended";
    changes_failed = "changes.failed";
}

/// Threads that count independently, a power of two: the workers, and two more.
const STRIPES: usize = 4;

/// A number that only grows.
#[derive(Debug, Default)]
pub(in crate::operations) struct Counter([Stripe; STRIPES]);

/// The count of some of the threads. All of them count validations: on a cache line of its own, a count stays
/// with one thread.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Stripe(AtomicU64);

thread_local! {
    static STRIPE: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed) % STRIPES
    };
}

impl Counter {
    pub(in crate::operations) fn add(&self) {
        let stripe = STRIPE.with(|stripe| self.0.get(*stripe));
        stripe.inspect(|Stripe(count)| {
            count.fetch_add(1, Ordering::Relaxed);
        });
    }

    fn get(&self) -> u64 {
        self.0.iter().map(|Stripe(count)| count.load(Ordering::Relaxed)).sum()
    }
}

impl Counters {
    /// Counts a refusal by its true reason, regardless of what the caller is told.
    pub(in crate::operations) fn refused(&self, refusal: KeyRefusal) {
        let counter = match refusal {
            KeyRefusal::Unknown => &self.unknown_key,
            KeyRefusal::NotSaved => &self.not_saved,
            KeyRefusal::WrongSecret => &self.wrong_secret,
            KeyRefusal::Revoked(RevocationCause::Deleted) => &self.deleted,
            KeyRefusal::Revoked(RevocationCause::Replaced) => &self.replaced,
            KeyRefusal::Revoked(RevocationCause::CredentialsChanged) => &self.credentials_changed,
            KeyRefusal::Revoked(RevocationCause::UserDeleted) => &self.user_deleted,
            KeyRefusal::Revoked(RevocationCause::Expired) => &self.expired,
            KeyRefusal::Damaged => &self.damaged,
        };
        counter.add();
    }
}

/// Counts for `status`, `statistics` and the line that systemd shows. Nothing is decided by them, so the order
/// among them does not matter.
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

    /// Several at once, so that callers on several cores do not contend for the counter.
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
