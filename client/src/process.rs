//! Values that belong to one process and must not be used by a forked child of it.

use crate::cache::Wiped;
use arc_swap::{ArcSwap, Guard};
use std::sync::Arc;
use std::sync::atomic::Ordering;

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

/// By what a process is told from its children.
enum Home {
    /// By a word that is not zero, and is in every child. To look at it takes no system call.
    Marked(Wiped),
    /// By its number, where the system gives no such memory.
    Numbered(u32),
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
        let marked = Wiped::of(1, false).filter(|memory| {
            memory.words().first().is_some_and(|word| {
                word.store(1, Ordering::Relaxed);
                true
            })
        });
        marked.map_or_else(|| Self::Numbered(std::process::id()), Self::Marked)
    }

    fn is_here(&self) -> bool {
        match self {
            Self::Marked(memory) => memory.words().iter().all(|word| word.load(Ordering::Relaxed) != 0),
            Self::Numbered(number) => *number == std::process::id(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stays_while_the_mark_does() {
        let values: PerProcess<Vec<u8>> = PerProcess::new();
        let first = Arc::clone(&values.get());
        assert!(Arc::ptr_eq(&first, &values.get()));
        let Home::Marked(memory) = &first.home else { panic!("no memory that a child finds empty") };
        // What the kernel does to it in a child.
        memory.words()[0].store(0, Ordering::Relaxed);
        assert!(!Arc::ptr_eq(&first, &values.get()));
    }

    #[test]
    fn without_such_memory_the_number_tells() {
        assert!(Home::Numbered(std::process::id()).is_here());
        assert!(!Home::Numbered(0).is_here());
    }
}
