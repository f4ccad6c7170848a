//! One timeout over everything that a request waits for.

use crate::error::{Error, Waiting};
use std::time::{Duration, Instant};

/// Longer timeouts count as this one, which cannot overflow the clock.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// When a request has to be over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    at: Instant,
    timeout: Duration,
}

impl Deadline {
    /// This long from now.
    pub(crate) fn after(timeout: Duration) -> Self {
        Self { at: Instant::now() + timeout.min(LONGEST), timeout }
    }

    /// The time that is left.
    ///
    /// # Errors
    /// [`Error::TimedOut`] when there is none.
    pub(crate) fn remaining(&self, waiting: Waiting) -> Result<Duration, Error> {
        let left = self.at.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(self.passed(waiting)) } else { Ok(left) }
    }

    /// Whether a pause ends before the deadline.
    pub(crate) fn allows(&self, pause: Duration) -> bool {
        self.at.saturating_duration_since(Instant::now()) > pause
    }

    /// The error that says it has passed.
    pub(crate) const fn passed(&self, waiting: Waiting) -> Error {
        Error::TimedOut { timeout: self.timeout, waiting }
    }

    /// The point in time.
    #[cfg(feature = "tokio")]
    pub(crate) const fn at(&self) -> Instant {
        self.at
    }
}
