//! Threads of the cache: each is started when it is first needed and parks while it is not.

use crate::fork::PerProcess;
use crate::lock::lock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, Thread};

/// A thread that is woken when there is something to do. A forked child has none of its parent's and starts its own.
pub(super) struct Worker {
    name: &'static str,
    stop: Stop,
    thread: PerProcess<Mutex<Option<Thread>>>,
}

/// Tells the thread that it is to end.
#[derive(Clone, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Worker {
    /// No thread yet; it will have this name, of at most 15 bytes.
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, stop: Stop::default(), thread: PerProcess::new() }
    }

    /// Wakes the thread, or starts it with what `run` makes; whether there is one.
    #[cold]
    pub(super) fn wake<R: FnOnce() + Send + 'static>(&self, run: impl FnOnce(Stop) -> R) -> bool {
        let own = self.thread.get();
        let mut thread = lock(&own.value);
        match &*thread {
            Some(thread) => thread.unpark(),
            None => {
                let started = thread::Builder::new().name(self.name.into()).spawn(run(self.stop.clone()));
                *thread = started.ok().map(|started| started.thread().clone());
            }
        }
        thread.is_some()
    }

    /// Has the thread end. Does not wait for it.
    pub(super) fn stop(&self) {
        self.stop.0.store(true, Ordering::Release);
        if let Some(thread) = &*lock(&self.thread.get().value) {
            thread.unpark();
        }
    }
}

impl Stop {
    pub(super) fn is_requested(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
