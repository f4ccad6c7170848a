//! The clocks of a hit. The coarse ones cost a sixth of the exact ones: the kernel updates them at each timer tick,
//! so they are behind by up to a tick, or more on a virtual machine whose tick comes late
//! ([`CLOCK_LAG`](apikeyd_protocol::page::CLOCK_LAG)).

use apikeyd_protocol::time::Timestamp;
use core::fmt;
use rustix::time::{ClockId, Timespec, clock_gettime};
use std::sync::Arc;
use std::time::Duration;

/// CLOCK_MONOTONIC in nanoseconds, as of the last tick.
#[inline]
pub(super) fn recent_ns() -> u64 {
    timespec_ns(&clock_gettime(ClockId::MonotonicCoarse))
}

/// CLOCK_MONOTONIC in nanoseconds.
pub(super) fn exact_ns() -> u64 {
    timespec_ns(&clock_gettime(ClockId::Monotonic))
}

/// The wall clock in milliseconds since the Unix epoch, as of the last tick.
#[inline]
pub(super) fn realtime_ms() -> u64 {
    timespec_ns(&clock_gettime(ClockId::RealtimeCoarse)) / 1_000_000
}

/// The wall clock by which keys expire.
#[derive(Clone, Default)]
pub(crate) enum WallClock {
    /// The kernel's, as of the last tick.
    #[default]
    Coarse,
    Given(Arc<dyn Fn() -> Timestamp + Send + Sync>),
}

impl WallClock {
    /// Milliseconds since the Unix epoch.
    #[inline]
    pub(super) fn now_ms(&self) -> u64 {
        match self {
            Self::Coarse => realtime_ms(),
            Self::Given(now) => now().unix_millis(),
        }
    }
}

impl fmt::Debug for WallClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Coarse => "Coarse",
            Self::Given(_) => "Given",
        })
    }
}

// A wall clock before 1970 counts as 1970, as in the daemon.
fn timespec_ns(time: &Timespec) -> u64 {
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or_default())
}

/// A duration by the clock of hits.
pub(super) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
