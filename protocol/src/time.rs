//! Points in time as they are sent and stored.

use core::time::Duration;
use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch, UTC, leap seconds not counted.
///
/// The protocol never reads a clock: the edge of the daemon makes these, and everything below takes them as
/// arguments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The last point that is accepted as an expiry: 9999-12-31T23:59:59.999Z, the end of RFC 3339.
    pub const MAX_EXPIRY: Self = Self(253_402_300_799_999);

    /// From milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_unix_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn unix_millis(self) -> u64 {
        self.0
    }

    /// Whether this time has come: the rule of every expiry. A key whose expiry is `now` has expired.
    #[must_use]
    #[inline]
    pub const fn has_come(self, now: Self) -> bool {
        self.0 <= now.0
    }

    /// This time plus a duration, saturating at the end of the range.
    #[must_use]
    pub fn saturating_add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(millis(by)))
    }

    /// This time minus a duration, saturating at the epoch.
    #[must_use]
    pub fn saturating_sub(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(millis(by)))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
