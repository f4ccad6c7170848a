//! The parts that the daemon does not have of itself. [`main`](crate::main) is handed them: the program `apikeyd` hands
//! in those of the system, a campaign others, so that what is tried is the daemon that ships.
//!
//! The disk is a part as well: the state directory, or a [`Medium`](crate::store::Medium) that is handed to
//! [`Service::open_on`](crate::service::Service::open_on).

mod clock;

pub use clock::Clock;

/// What the daemon is handed.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Where the time comes from.
    pub(crate) clock: Clock,
}

impl Parts {
    /// Those of the system, as the program `apikeyd` has them.
    #[must_use]
    pub const fn system() -> Self {
        Self { clock: Clock::system() }
    }

    /// With another clock.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock }
    }

    /// Its clock.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }
}
