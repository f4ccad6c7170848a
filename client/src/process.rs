//! Values that belong to one process and must not be used by a forked child of it.

use arc_swap::{ArcSwap, Guard};
use std::sync::Arc;

/// A value for each process. A child of `fork` gets a fresh one at its first use, whatever state its
/// parent's was in: a lock that another thread held at the fork would never be released in the child, so the
/// process is compared before any lock is touched.
pub(crate) struct PerProcess<T> {
    current: ArcSwap<Owned<T>>,
}

/// A value and the process that it belongs to.
pub(crate) struct Owned<T> {
    pid: u32,
    /// The value.
    pub(crate) value: T,
}

impl<T: Default> PerProcess<T> {
    /// With a value for this process.
    pub(crate) fn new() -> Self {
        Self { current: ArcSwap::from_pointee(Owned::here()) }
    }

    /// The value of this process.
    ///
    /// In a child, the parent's value is dropped as soon as nothing refers to it: that closes the child's copies
    /// of descriptors, which the parent does not notice.
    pub(crate) fn get(&self) -> Guard<Arc<Owned<T>>> {
        let current = self.current.load();
        if current.pid == std::process::id() {
            return current;
        }
        // Two threads of the child may come here at once: the first wins, the other takes its value.
        drop(self.current.compare_and_swap(&current, Arc::new(Owned::here())));
        self.current.load()
    }
}

impl<T: Default> Owned<T> {
    fn here() -> Self {
        Self { pid: std::process::id(), value: T::default() }
    }
}
