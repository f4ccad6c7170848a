//! The parts that are passed to the daemon. [`main`](crate::main) takes them: the program `apikeyd` passes
//! those of the system, a campaign passes others, so that it tests the daemon that ships.
//!
//! The disk is a part as well: the state directory, or a [`Disk`](apikeyd_keystore::Disk) that is passed to
//! [`Service::open_on`](crate::operations::Service::open_on).

pub use apikeyd_keystore::parts::{Executor, Randomness};

use apikeyd_protocol::time::Timestamp;
use core::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The daemon's parts.
#[derive(Clone, Debug)]
pub struct Parts {
    pub(crate) clock: Clock,
    pub(crate) randomness: Randomness,
    pub(crate) executor: Executor,
}

impl Parts {
    /// Those of the system, which the program `apikeyd` uses.
    #[must_use]
    pub const fn system() -> Self {
        Self { clock: Clock::system(), randomness: Randomness::system(), executor: Executor::OwnThread }
    }

    /// With a different clock.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// With a different source of random bytes.
    #[must_use]
    pub fn with_randomness(self, randomness: Randomness) -> Self {
        Self { randomness, ..self }
    }

    /// With a writer that somebody else runs.
    #[must_use]
    pub fn with_executor(self, executor: Executor) -> Self {
        Self { executor, ..self }
    }

    /// The clock.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }
}

/// The daemon's source of time. Everything below the service gets times as arguments.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Manual(Arc<AtomicU64>),
    Given(Arc<dyn Fn() -> Timestamp + Send + Sync>),
}

impl Clock {
    /// The system's wall clock.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until it is [set](Clock::set), for tests that jump in time.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(AtomicU64::new(start.unix_millis()))))
    }

    /// A clock that shows what `now` returns, which is called at each reading, from any thread.
    #[must_use]
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Source::Given(Arc::new(now)))
    }

    /// Sets a manual clock and all its clones; has no effect on any other clock.
    pub fn set(&self, now: Timestamp) {
        if let Source::Manual(millis) = &self.0 {
            millis.store(now.unix_millis(), Ordering::SeqCst);
        }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => system_now(),
            Source::Manual(millis) => Timestamp::from_unix_millis(millis.load(Ordering::SeqCst)),
            Source::Given(now) => now(),
        }
    }
}

/// A clock before 1970 counts as 1970: every key with an expiry is then still valid, as its owner set it, and
/// nothing wraps.
fn system_now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Timestamp::from_unix_millis(since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX)))
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("System"),
            Self::Manual(millis) => f.debug_tuple("Manual").field(millis).finish(),
            Self::Given(_) => f.write_str("Given"),
        }
    }
}
