//! Events that a caller can cause as often as it likes: logged now and then.

use core::time::Duration;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Events of one kind that are logged within one [`WINDOW`].
const MOST: u64 = 10;

/// The time after which events are logged again.
const WINDOW: Duration = Duration::from_secs(10);

/// Leave to log one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pass {
    /// Events since the last window that were not logged, if there were any; a field of the log.
    pub(crate) suppressed: Option<u64>,
}

/// Lets a few events of one kind through, and counts the others.
#[derive(Debug, Default)]
pub(crate) struct Seldom(Mutex<Option<Window>>);

#[derive(Clone, Copy, Debug)]
struct Window {
    since: Instant,
    events: u64,
}

impl Seldom {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Whether an event that happens now is to be logged.
    pub(crate) fn now(&self) -> Option<Pass> {
        self.at(Instant::now())
    }

    fn at(&self, now: Instant) -> Option<Pass> {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, events, suppressed) = match *window {
            Some(Window { since, events }) if now.duration_since(since) < WINDOW => (since, events + 1, 0),
            Some(Window { events, .. }) => (now, 1, events.saturating_sub(MOST)),
            None => (now, 1, 0),
        };
        *window = Some(Window { since, events });
        (events <= MOST).then_some(Pass { suppressed: (suppressed > 0).then_some(suppressed) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_few_of_a_window_pass_and_the_rest_are_counted() {
        let seldom = Seldom::new();
        let start = Instant::now();
        let passed = (0..100).filter(|_| seldom.at(start) == Some(Pass { suppressed: None })).count();
        assert_eq!(passed, 10);
        assert_eq!(seldom.at(start + WINDOW - Duration::from_millis(1)), None);
        assert_eq!(
            seldom.at(start + WINDOW),
            Some(Pass { suppressed: Some(91) }),
            "all that were suppressed"
        );
        assert_eq!(seldom.at(start + WINDOW), Some(Pass { suppressed: None }));
    }
}
