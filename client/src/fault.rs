//! A wall clock that is wrong on purpose, to see that an expiry follows it. Only with the feature `fault-injection`,
//! which only the tests' package asks for, and only on a thread that calls [`shift_wall_clock`].

use std::cell::Cell;

thread_local! {
    static SHIFT_MS: Cell<i64> = const { Cell::new(0) };
}

/// From now on the caches that this thread asks see the wall clock so many milliseconds ahead, or behind.
#[doc(hidden)]
pub fn shift_wall_clock(ms: i64) {
    SHIFT_MS.set(ms);
}

/// The time that a shifted clock shows.
pub(crate) fn shifted(ms: u64) -> u64 {
    ms.saturating_add_signed(SHIFT_MS.get())
}
