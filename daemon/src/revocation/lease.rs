//! The lease of the page: extended every second, from the first client that has the page until the clean stop.

use super::memory::Memory;
use apikeyd_protocol::page::{LEASE, LEASE_PUSH};
use rustix::time::{ClockId, clock_gettime};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::{io, thread};

/// Whether clients may trust the page.
#[derive(Debug)]
pub(super) struct Lease {
    readable: Option<OwnedFd>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    memory: Arc<Memory>,
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// No client of this start has the page: nobody needs the lease, and no thread runs for it.
    NotHandedOver,
    /// A thread extends it.
    Pushed,
    /// Permanently.
    Ended,
}

impl Lease {
    /// Not handed over yet. A lease from an earlier start runs out by itself.
    pub(super) fn new(memory: Arc<Memory>, readable: Option<OwnedFd>) -> Self {
        let (state, ended) = (Mutex::new(State::NotHandedOver), Condvar::new());
        Self { readable, shared: Arc::new(Shared { memory, state, ended }) }
    }

    /// A descriptor of the page's file, which is leased from now on.
    pub(super) fn hand_over(&self) -> io::Result<Option<OwnedFd>> {
        let Some(readable) = &self.readable else { return Ok(None) };
        let mut state = self.shared.lock();
        match *state {
            State::Ended => return Ok(None),
            State::Pushed => {}
            State::NotHandedOver => {
                let shared = Arc::clone(&self.shared);
                // A thread of its own: a runtime that is busy with callers would be late.
                thread::Builder::new().name("apikeyd-lease".into()).spawn(move || shared.keep_pushing())?;
                *state = State::Pushed;
                self.shared.push();
            }
        }
        drop(state);
        readable.try_clone().map(Some)
    }

    /// Revokes the lease.
    pub(super) fn end(&self) {
        let mut state = self.shared.lock();
        *state = State::Ended;
        // Under the lock, so that no extension comes afterwards.
        self.shared.memory.page().extend_lease(0);
        self.shared.ended.notify_all();
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn keep_pushing(&self) {
        let mut state = self.lock();
        while *state != State::Ended {
            self.push();
            let woken = self.ended.wait_timeout(state, LEASE_PUSH);
            (state, _) = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn push(&self) {
        let lease = u64::try_from(LEASE.as_nanos()).unwrap_or_default();
        self.memory.page().extend_lease(monotonic_now().saturating_add(lease));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// CLOCK_MONOTONIC in nanoseconds.
pub(super) fn monotonic_now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    // Counted from the boot of the machine (clock_gettime(2)): neither is ever negative.
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    seconds * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or_default()
}
