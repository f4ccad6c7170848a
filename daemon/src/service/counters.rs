//! What was asked and answered since the start, for statistics.

use apikeyd_protocol::message::{Refusal, Verdict};
use apikeyd_protocol::term::RevocationCause;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

macro_rules! counters {
    ($($field:ident = $name:literal;)*) => {
        /// One counter for each outcome. Names are stable.
        #[derive(Debug, Default)]
        pub(super) struct Counters {
            $(pub(super) $field: Counter,)*
        }

        impl Counters {
            /// All of them by name.
            pub(super) fn all(&self) -> Vec<(String, u64)> {
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

/// Threads that count side by side, a power of two: the workers, and two more.
const STRIPES: usize = 4;

/// A number that goes up.
#[derive(Debug, Default)]
pub(super) struct Counter([Stripe; STRIPES]);

/// What some of the threads counted. All of them count validations: on a cache line of its own it stays with one.
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
    pub(super) fn add(&self) {
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
    /// Counts a verdict by its true reason, whatever the caller is told.
    pub(super) fn verdict(&self, verdict: &Verdict<'_>) {
        let counter = match verdict {
            Verdict::Valid(_) => &self.valid,
            Verdict::Refused(refusal) => self.refusal(refusal),
        };
        counter.add();
    }

    const fn refusal(&self, refusal: &Refusal<'_>) -> &Counter {
        match refusal {
            Refusal::UnknownKey | Refusal::Invalid => &self.unknown_key,
            Refusal::NotSaved => &self.not_saved,
            Refusal::WrongSecret => &self.wrong_secret,
            Refusal::Revoked(RevocationCause::Deleted) => &self.deleted,
            Refusal::Revoked(RevocationCause::Replaced) => &self.replaced,
            Refusal::Revoked(RevocationCause::CredentialsChanged) => &self.credentials_changed,
            Refusal::Revoked(RevocationCause::UserDeleted) => &self.user_deleted,
            Refusal::Revoked(RevocationCause::Expired) => &self.expired,
            Refusal::Damaged => &self.damaged,
            Refusal::OperationDenied(_) => &self.denied,
            Refusal::OperationAmbiguous(_) => &self.ambiguous,
        }
    }
}
