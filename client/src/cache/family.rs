//! Telling a forked child from its parent without a system call.

#![expect(unsafe_code, reason = "the kernel is told to clear a piece of memory in forked children")]

use memmap2::MmapMut;
use rustix::mm::{Advice, madvise};
use std::sync::atomic::{AtomicU64, Ordering};

/// The smallest piece of memory that can be advised upon.
const BYTES: usize = 4096;

/// What the word holds.
const CHILD: u64 = 0;
const INHERITING: u64 = 1;
const THIS_PROCESS: u64 = 2;

/// A word that the kernel clears in every child (MADV_WIPEONFORK, madvise(2)), however it was made.
pub(super) struct Family(MmapMut);

impl Family {
    /// With this process as the first. `None` when the system refuses.
    pub(super) fn found() -> Option<Self> {
        let memory = MmapMut::map_anon(BYTES).ok()?;
        // SAFETY: the range is the mapping just made, which is private and anonymous as this advice demands;
        // nothing in it is lost in this process.
        unsafe { madvise(memory.as_ptr().cast_mut().cast(), memory.len(), Advice::LinuxWipeOnFork).ok()? };
        let family = Self(memory);
        family.word().store(THIS_PROCESS, Ordering::Relaxed);
        Some(family)
    }

    /// Whether this process is the one that the cache was filled in.
    #[inline]
    pub(super) fn is_this_process(&self) -> bool {
        self.word().load(Ordering::Acquire) == THIS_PROCESS
    }

    /// In a child: one thread runs `start_anew`, after which the child is the one. Whether it is; a thread that
    /// comes while another one is at it does not wait.
    pub(super) fn inherit(&self, start_anew: impl FnOnce()) -> bool {
        let word = self.word();
        match word.compare_exchange(CHILD, INHERITING, Ordering::Acquire, Ordering::Acquire) {
            Ok(_) => {
                start_anew();
                word.store(THIS_PROCESS, Ordering::Release);
                true
            }
            Err(state) => state == THIS_PROCESS,
        }
    }

    fn word(&self) -> &AtomicU64 {
        // SAFETY: the mapping is aligned to a page, longer than a word, readable and writable, and lives as long
        // as `self`; zeros are an AtomicU64. All access to it is through this reference, and the kernel
        // clears it in a child only before the child runs.
        unsafe { &*self.0.as_ptr().cast::<AtomicU64>() }
    }
}
