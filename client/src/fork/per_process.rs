//! Values that belong to one process and must not be used by its forked children.

use super::mark::ForkMark;
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
    home: Home,
    /// The value.
    pub(crate) value: T,
}

/// How a process is told from its children.
enum Home {
    /// By a mark, which takes no system call.
    Marked(ForkMark),
    /// By its id, where the system has no memory for a mark.
    Id(u32),
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
        if current.home.is_here() {
            return current;
        }
        // Two threads of the child may come here at once: the first wins, the other takes its value.
        drop(self.current.compare_and_swap(&current, Arc::new(Owned::here())));
        self.current.load()
    }
}

impl<T: Default> Owned<T> {
    fn here() -> Self {
        Self { home: Home::here(), value: T::default() }
    }
}

impl Home {
    fn here() -> Self {
        ForkMark::new().map_or_else(|| Self::Id(std::process::id()), Self::Marked)
    }

    fn is_here(&self) -> bool {
        match self {
            Self::Marked(mark) => mark.is_own(),
            Self::Id(id) => *id == std::process::id(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering;

    #[test]
    fn a_value_stays_while_the_mark_does() {
        let values: PerProcess<Vec<u8>> = PerProcess::new();
        let first = Arc::clone(&values.get());
        assert!(Arc::ptr_eq(&first, &values.get()));
        let Home::Marked(mark) = &first.home else { panic!("no memory that a child finds empty") };
        // What the kernel does in a child.
        mark.word().unwrap().store(0, Ordering::Relaxed);
        assert!(!Arc::ptr_eq(&first, &values.get()));
    }

    #[test]
    fn without_a_mark_the_process_id_tells() {
        assert!(Home::Id(std::process::id()).is_here());
        assert!(!Home::Id(0).is_here());
    }
}
