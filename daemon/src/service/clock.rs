//! The wall clock, as an argument.

use apikeyd_protocol::time::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where the service takes the time from. Everything below it gets times as arguments.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// The system's wall clock.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands until it is [set](Clock::set), for tests that jump in time.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(AtomicU64::new(start.unix_millis()))))
    }

    /// Sets a manual clock and all its clones; the system's clock stays as it is.
    pub fn set(&self, now: Timestamp) {
        if let Source::Manual(millis) = &self.0 {
            millis.store(now.unix_millis(), Ordering::SeqCst);
        }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(match &self.0 {
            // A clock before 1970 counts as 1970: every key with an expiry is then still good, as its
            // owner set it, and nothing wraps.
            Source::System => {
                let now = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
                #[cfg(feature = "fault-injection")]
                let now = crate::fault::shifted(now);
                now
            }
            Source::Manual(millis) => millis.load(Ordering::SeqCst),
        })
    }
}
