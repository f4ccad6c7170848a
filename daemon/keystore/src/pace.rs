//! Lets work over many rows proceed without monopolising a processor.

use crate::error::StoreError;
use core::cell::{Cell, RefCell};
use core::fmt;
use core::time::Duration;
use std::thread;
use std::time::Instant;

/// Rows between two rests: some tens of microseconds. A change that has just arrived waits at most this long
/// for a processor; without rests the kernel would let the work run for milliseconds.
const STEP: u32 = 64;

/// The pace of one piece of work over many rows: from time to time it yields the processor, and checks whether
/// anybody still waits for the outcome.
pub struct Pace<'w> {
    gone: &'w dyn Fn() -> bool,
    rows: Cell<u32>,
    rests: RefCell<Rests>,
}

impl fmt::Debug for Pace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pace").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl<'w> Pace<'w> {
    /// Work for a caller that is gone once `gone` returns true.
    pub fn of(gone: &'w dyn Fn() -> bool) -> Self {
        Self { gone, rows: Cell::new(0), rests: RefCell::new(Rests::new()) }
    }

    /// Call this before each row.
    ///
    /// # Errors
    /// `Abandoned` if nobody waits for the outcome any more.
    pub fn row(&self) -> Result<(), StoreError> {
        let rows = self.rows.get();
        self.rows.set(rows.wrapping_add(1));
        if !rows.is_multiple_of(STEP) {
            return Ok(());
        }
        self.rests.borrow_mut().rest();
        if (self.gone)() { Err(StoreError::Abandoned) } else { Ok(()) }
    }
}

/// The rests of one piece of work. In total they take no more time than the work itself: a rest is short if the
/// waiting threads only answer somebody, and takes a slice of milliseconds if another program computes. Beside
/// such a program, work that always rested would get a tenth of the processor time it gets without rests.
#[derive(Debug)]
pub(crate) struct Rests {
    worked: Duration,
    rested: Duration,
    /// When the work resumed.
    since: Instant,
}

impl Rests {
    pub(crate) fn new() -> Self {
        Self { worked: Duration::ZERO, rested: Duration::ZERO, since: Instant::now() }
    }

    /// Yields to other threads if a rest is due. Costs a microsecond if none is waiting.
    pub(crate) fn rest(&mut self) {
        let before = Instant::now();
        self.worked += before.duration_since(self.since);
        self.since = before;
        if self.rested > self.worked {
            return;
        }
        thread::yield_now();
        self.since = Instant::now();
        self.rested += self.since.duration_since(before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_asked_at_the_first_row_and_every_few_rows_whether_anybody_waits() {
        let (asked, gone_at) = (Cell::new(0_u32), 3);
        let gone = || {
            asked.set(asked.get() + 1);
            asked.get() > gone_at
        };
        let pace = Pace::of(&gone);
        let rows = (0..).take_while(|_| pace.row().is_ok()).count();
        assert_eq!(rows, usize::try_from(gone_at * STEP).unwrap());
        assert_eq!(pace.row(), Ok(()), "the next rows until it is asked again");
    }

    #[test]
    fn work_that_has_rested_longer_than_it_worked_goes_on() {
        let long = Duration::from_secs(3_600);
        let mut rests = Rests { rested: long, ..Rests::new() };
        rests.rest();
        assert_eq!(rests.rested, long);
        rests.worked = long;
        rests.rest();
        assert!(rests.rested > long);
    }
}
