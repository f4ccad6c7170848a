//! Reports uses of keys that the cache answered, so that the daemon knows when each key was last used.
//!
//! A thread of its own sleeps until a use is noted, waits for more of them, and reports all in batches over a
//! connection that it then closes. While no key is used it is not woken. It ends with the last client that
//! shares the cache, after a last report; a process that ends at once loses the uses of the last interval.

use super::clock::{exact_ns, nanoseconds, realtime_ms};
use super::slot::UnreportedUse;
use super::table::KeyTable;
use super::worker::{Stop, Worker};
use crate::deadline::Deadline;
use crate::endpoint::Endpoint;
use crate::fork::PerProcess;
use crate::lock::lock;
use crate::pool::Pools;
use crate::request::asked;
use apikeyd_protocol::limit::MAX_USES;
use apikeyd_protocol::message::{KeyUse, ReportUses};
use apikeyd_protocol::operation;
use apikeyd_protocol::time::Timestamp;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// The longest time from a use to its report, and the default. The daemon writes uses within some seconds, so that the last
/// use is accurate within a minute, even when a report has to be repeated.
pub const MAX_USE_REPORT_INTERVAL: Duration = Duration::from_secs(20);

/// The shortest time from a use to its report. A report costs a connection, and a use is noted once a second.
pub const MIN_USE_REPORT_INTERVAL: Duration = Duration::from_millis(100);

/// Timeout of one report.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Uses that are remembered of keys that were evicted before they were reported; further ones are lost.
const MAX_REMEMBERED: usize = 16_384;

pub(super) struct Uses {
    endpoint: Endpoint,
    interval: Duration,
    /// Whether the thread knows that there is something to report.
    armed: AtomicBool,
    reporter: Worker,
    /// Of keys that were evicted before their use was reported.
    evicted: PerProcess<Mutex<Vec<UnreportedUse>>>,
}

/// What the thread that reports works on.
pub(super) trait Reporting: Send + Sync + 'static {
    fn uses(&self) -> &Uses;
    fn table(&self) -> &KeyTable;
}

impl Uses {
    /// Reports to the daemon at `endpoint`, `interval` after a use, within the bounds.
    pub(super) fn new(endpoint: Endpoint, interval: Duration) -> Self {
        let interval = interval.clamp(MIN_USE_REPORT_INTERVAL, MAX_USE_REPORT_INTERVAL);
        let (armed, reporter) = (AtomicBool::new(false), Worker::new("apikeyd-uses"));
        Self { endpoint, interval, armed, reporter, evicted: PerProcess::new() }
    }

    /// Notes that there is something to report; whether the thread must be woken.
    pub(super) fn arm(&self) -> bool {
        // Either the thread sees the use that was noted, or this sees that the thread has begun to collect.
        fence(Ordering::SeqCst);
        !self.armed.load(Ordering::Relaxed) && !self.armed.swap(true, Ordering::Relaxed)
    }

    /// Wakes the thread, or starts it.
    #[cold]
    pub(super) fn wake(&self, inner: &Arc<impl Reporting>) {
        let inner = Arc::clone(inner);
        if !self.reporter.wake(|stop| move || run(&*inner, &stop)) {
            // The uses wait for the next one that arms.
            self.armed.store(false, Ordering::Relaxed);
        }
    }

    /// Remembers a use of a key that was evicted from the table.
    pub(super) fn remember(&self, unreported: UnreportedUse) {
        let own = self.evicted.get();
        let mut evicted = lock(&own.value);
        if evicted.len() < MAX_REMEMBERED {
            evicted.push(unreported);
        }
    }

    /// In a forked child: the parent reports the uses so far.
    pub(super) fn forget(&self) {
        self.armed.store(false, Ordering::Relaxed);
    }

    /// Has the thread end, after a last report.
    pub(super) fn stop(&self) {
        self.reporter.stop();
    }
}

fn run(inner: &impl Reporting, stop: &Stop) {
    let uses = inner.uses();
    loop {
        while !uses.armed.load(Ordering::Relaxed) && !stop.is_requested() {
            thread::park();
        }
        let due = Instant::now() + uses.interval;
        while !stop.is_requested() {
            match due.saturating_duration_since(Instant::now()) {
                Duration::ZERO => break,
                left => thread::park_timeout(left),
            }
        }
        // Before the table is read: a use that comes too late for that arms again.
        uses.armed.store(false, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if !report(inner) {
            uses.armed.store(true, Ordering::Relaxed);
        }
        if stop.is_requested() {
            break;
        }
    }
}

/// Reports all uses that the daemon does not know of; whether that succeeded.
fn report(inner: &impl Reporting) -> bool {
    let evicted = std::mem::take(&mut *lock(&inner.uses().evicted.get().value));
    let held: Vec<_> = inner.table().occupied().filter_map(|slot| Some((slot, slot.unreported()?))).collect();
    let pools = Pools::new(inner.uses().endpoint.clone(), 1);
    let clocks = Clocks::now();
    let send = |uses: Vec<KeyUse>| {
        pools.ask(&asked::<operation::ReportUses>(&ReportUses::new(uses)), Deadline::after(TIMEOUT)).is_ok()
    };
    for chunk in held.chunks(MAX_USES.into()) {
        if !send(chunk.iter().map(|(_, unreported)| clocks.key_use(unreported)).collect()) {
            evicted.into_iter().for_each(|unreported| inner.uses().remember(unreported));
            return false;
        }
        chunk.iter().for_each(|(slot, unreported)| slot.note_reported(unreported.used_at));
    }
    let mut left = evicted.as_slice();
    while let Some((chunk, rest)) =
        left.split_at_checked(left.len().min(MAX_USES.into())).filter(|_| !left.is_empty())
    {
        if !send(chunk.iter().map(|unreported| clocks.key_use(unreported)).collect()) {
            left.iter().for_each(|unreported| inner.uses().remember(*unreported));
            return false;
        }
        left = rest;
    }
    true
}

/// Both clocks at one moment: uses are noted by the one and reported by the other.
struct Clocks {
    monotonic_ns: u64,
    realtime_ms: u64,
}

impl Clocks {
    fn now() -> Self {
        Self { monotonic_ns: exact_ns(), realtime_ms: realtime_ms() }
    }

    fn key_use(&self, unreported: &UnreportedUse) -> KeyUse {
        let UnreportedUse { key_id, used_at } = *unreported;
        let ago = self.monotonic_ns.saturating_sub(used_at) / nanoseconds(Duration::from_millis(1));
        KeyUse::new(key_id, Timestamp::from_unix_millis(self.realtime_ms.saturating_sub(ago)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_stays_within_its_bounds() {
        let interval = |given| Uses::new(Endpoint::new("/run/socket".into(), None).unwrap(), given).interval;
        assert_eq!(interval(Duration::ZERO), MIN_USE_REPORT_INTERVAL);
        assert_eq!(interval(Duration::from_secs(3)), Duration::from_secs(3));
        assert_eq!(interval(Duration::MAX), MAX_USE_REPORT_INTERVAL);
    }
}
