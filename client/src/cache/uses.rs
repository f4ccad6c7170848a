//! Telling the daemon when keys were used that it was not asked about.
//!
//! A thread of its own sleeps until a use is noted, waits for more of them, and reports all in batches over a
//! connection that it closes again. While nothing is used it is not woken. It ends with the last client that
//! shares the cache, after a last report; a process that ends at once loses the uses of the last interval.

use super::clock::{exact_ns, realtime_ms};
use super::slot::UnreportedUse;
use super::{Inner, nanoseconds};
use crate::blocking::Pools;
use crate::deadline::Deadline;
use crate::endpoint::Endpoint;
use crate::fork::PerProcess;
use apikeyd_protocol::limit::MAX_USES;
use apikeyd_protocol::message::{KeyUse, ReportUses};
use apikeyd_protocol::time::Timestamp;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// Time from a use to its report, unless the builder says otherwise, and the longest: the daemon writes what it knows
/// within some seconds, so that the last use is true within a minute, also when a report has to be repeated.
pub const MAX_USE_REPORT_INTERVAL: Duration = Duration::from_secs(20);

/// The shortest time from a use to its report. A report costs a connection, and a use is noted once a second.
pub const MIN_USE_REPORT_INTERVAL: Duration = Duration::from_millis(100);

/// Time for one report.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Uses of keys that went from the table before they were reported. Further ones are not remembered.
const MAX_REMEMBERED: usize = 16_384;

pub(super) struct Uses {
    endpoint: Endpoint,
    interval: Duration,
    /// Whether the thread knows that there is something to report.
    armed: AtomicBool,
    ended: AtomicBool,
    own: PerProcess<Own>,
}

/// What a forked child must not share.
#[derive(Default)]
struct Own {
    thread: Mutex<Option<Thread>>,
    gone: Mutex<Vec<UnreportedUse>>,
}

impl Uses {
    /// Reports to the daemon at `endpoint` so long after a use, within the bounds.
    pub(super) fn new(endpoint: Endpoint, interval: Duration) -> Self {
        let interval = interval.clamp(MIN_USE_REPORT_INTERVAL, MAX_USE_REPORT_INTERVAL);
        let (armed, ended) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { endpoint, interval, armed, ended, own: PerProcess::new() }
    }

    /// Says that there is something to report; whether the thread has to be told.
    pub(super) fn arm(&self) -> bool {
        // Either the thread sees the use that was noted, or this sees that the thread has begun to look.
        fence(Ordering::SeqCst);
        !self.armed.load(Ordering::Relaxed) && !self.armed.swap(true, Ordering::Relaxed)
    }

    /// Wakes the thread, or starts it.
    #[cold]
    pub(super) fn wake(&self, inner: &Arc<Inner>) {
        let own = self.own.get();
        let mut thread = lock(&own.value.thread);
        match &*thread {
            Some(thread) => thread.unpark(),
            None => {
                let inner = Arc::clone(inner);
                let reporter = thread::Builder::new().name("apikeyd-uses".into()).spawn(move || run(&inner));
                // Without a thread the uses wait for the next one that arms.
                match reporter {
                    Ok(reporter) => *thread = Some(reporter.thread().clone()),
                    Err(_) => self.armed.store(false, Ordering::Relaxed),
                }
            }
        }
    }

    /// Remembers a use of a key that has gone from the table.
    pub(super) fn remember(&self, gone: UnreportedUse) {
        let own = self.own.get();
        let mut all = lock(&own.value.gone);
        if all.len() < MAX_REMEMBERED {
            all.push(gone);
        }
    }

    /// In a forked child: the parent reports what was used so far.
    pub(super) fn forget(&self) {
        drop(self.own.get());
        self.armed.store(false, Ordering::Relaxed);
    }

    /// Ends the thread.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Release);
        if let Some(thread) = &*lock(&self.own.get().value.thread) {
            thread.unpark();
        }
    }

    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }
}

fn run(inner: &Inner) {
    let uses = &inner.uses;
    loop {
        while !uses.armed.load(Ordering::Relaxed) && !uses.has_ended() {
            thread::park();
        }
        let due = Instant::now() + uses.interval;
        while !uses.has_ended() {
            match due.saturating_duration_since(Instant::now()) {
                Duration::ZERO => break,
                left => thread::park_timeout(left),
            }
        }
        // Before the look at the table: a use that comes too late for it arms again.
        uses.armed.store(false, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if !report(inner) {
            uses.armed.store(true, Ordering::Relaxed);
        }
        if uses.has_ended() {
            break;
        }
    }
}

/// Reports all that the daemon does not know; whether that went well.
fn report(inner: &Inner) -> bool {
    let own = inner.uses.own.get();
    let gone = std::mem::take(&mut *lock(&own.value.gone));
    let held: Vec<_> = inner.table.occupied().filter_map(|slot| Some((slot, slot.unreported()?))).collect();
    let pools = Pools::new(inner.uses.endpoint.clone(), 1);
    let clocks = Clocks::now();
    let send = |uses: Vec<KeyUse>| pools.ask(&ReportUses { uses }, Deadline::after(TIMEOUT)).is_ok();
    for chunk in held.chunks(MAX_USES.into()) {
        if !send(chunk.iter().map(|(_, unreported)| clocks.key_use(unreported)).collect()) {
            gone.into_iter().for_each(|gone| inner.uses.remember(gone));
            return false;
        }
        chunk.iter().for_each(|(slot, unreported)| slot.note_reported(unreported.used_at));
    }
    let mut left = gone.as_slice();
    while let Some((chunk, rest)) =
        left.split_at_checked(left.len().min(MAX_USES.into())).filter(|_| !left.is_empty())
    {
        if !send(chunk.iter().map(|gone| clocks.key_use(gone)).collect()) {
            left.iter().for_each(|gone| inner.uses.remember(*gone));
            return false;
        }
        left = rest;
    }
    true
}

/// Both clocks at one moment: uses are noted by one and told by the other.
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
        KeyUse { key_id, at: Timestamp::from_unix_millis(self.realtime_ms.saturating_sub(ago)) }
    }
}

// Each change under a lock is one step, so a panic elsewhere leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
