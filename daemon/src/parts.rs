//! The parts that the daemon does not have of itself. [`main`](crate::main) is handed them: the program `apikeyd` hands
//! in those of the system, a campaign others, so that what is tried is the daemon that ships.
//!
//! The disk is a part as well: the state directory, or a [`Disk`](apikeyd_keystore::Disk) that is handed to
//! [`Service::open_on`](crate::operations::Service::open_on).

mod clock;

pub use apikeyd_keystore::parts::{Executor, Randomness};
pub use clock::Clock;

/// What the daemon is handed.
#[derive(Clone, Debug)]
pub struct Parts {
    pub(crate) clock: Clock,
    pub(crate) randomness: Randomness,
    pub(crate) executor: Executor,
}

impl Parts {
    /// Those of the system, as the program `apikeyd` has them.
    #[must_use]
    pub const fn system() -> Self {
        Self { clock: Clock::system(), randomness: Randomness::system(), executor: Executor::OwnThread }
    }

    /// With another clock.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// With random bytes from elsewhere.
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
