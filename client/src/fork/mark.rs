//! A word by which a process is told from its children.

use super::memory::WipeOnFork;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the kernel leaves in a child.
const CHILD: u64 = 0;
const BEING_CLAIMED: u64 = 1;
const OWN: u64 = 2;

/// A word that the kernel clears in every child, however it was made.
pub(crate) struct ForkMark(WipeOnFork);

impl ForkMark {
    /// The mark of this process. `None` when the system has no such memory.
    pub(crate) fn new() -> Option<Self> {
        let mark = Self(WipeOnFork::new(1, false)?);
        mark.word()?.store(OWN, Ordering::Relaxed);
        Some(mark)
    }

    /// Whether this is the process that made or last claimed the mark.
    pub(crate) fn is_own(&self) -> bool {
        self.word().is_some_and(|word| word.load(Ordering::Acquire) == OWN)
    }

    /// Whether the mark is this process's own. In a child one thread runs `reset` and claims it; until then other
    /// threads do not wait, they are told no.
    pub(crate) fn claim(&self, reset: impl FnOnce()) -> bool {
        if self.is_own() {
            return true;
        }
        let Some(word) = self.word() else { return false };
        match word.compare_exchange(CHILD, BEING_CLAIMED, Ordering::Acquire, Ordering::Acquire) {
            Ok(_) => {
                reset();
                word.store(OWN, Ordering::Release);
                true
            }
            Err(state) => state == OWN,
        }
    }

    pub(super) fn word(&self) -> Option<&AtomicU64> {
        self.0.words().first()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_resets_once_and_then_owns_the_mark() {
        let mark = ForkMark::new().unwrap();
        assert!(mark.is_own());
        assert!(mark.claim(|| panic!("nothing to reset in the process that made the mark")));
        // What the kernel does in a child.
        mark.word().unwrap().store(CHILD, Ordering::Relaxed);
        assert!(!mark.is_own());
        let mut resets = 0;
        let other_thread = |mark: &ForkMark| mark.claim(|| panic!("reset twice"));
        assert!(mark.claim(|| {
            resets += 1;
            assert!(!other_thread(&mark), "another thread goes on before the reset is done");
        }));
        assert!(mark.is_own() && other_thread(&mark));
        assert_eq!(resets, 1);
    }
}
