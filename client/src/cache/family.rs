//! Telling a forked child from its parent without a system call.

use super::wiped::Wiped;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the word holds.
const CHILD: u64 = 0;
const INHERITING: u64 = 1;
const THIS_PROCESS: u64 = 2;

/// A word that is cleared in every child.
pub(super) struct Family(Wiped);

impl Family {
    /// With this process as the first. `None` when the system refuses.
    pub(super) fn found() -> Option<Self> {
        let family = Self(Wiped::of(1, false)?);
        family.word()?.store(THIS_PROCESS, Ordering::Relaxed);
        Some(family)
    }

    /// Whether this process has a cache of its own. In a child one thread runs `start_anew` for that; a thread that
    /// comes while another one is at it does not wait.
    pub(super) fn is_own(&self, start_anew: impl FnOnce()) -> bool {
        let Some(word) = self.word() else { return false };
        if word.load(Ordering::Acquire) == THIS_PROCESS {
            return true;
        }
        match word.compare_exchange(CHILD, INHERITING, Ordering::Acquire, Ordering::Acquire) {
            Ok(_) => {
                start_anew();
                word.store(THIS_PROCESS, Ordering::Release);
                true
            }
            Err(state) => state == THIS_PROCESS,
        }
    }

    fn word(&self) -> Option<&AtomicU64> {
        self.0.words().first()
    }
}
