//! Memory that a forked child finds empty.

#![expect(
    unsafe_code,
    reason = "the kernel is told to clear memory in forked children, which is then seen as words"
)]

use memmap2::{MmapOptions, MmapRaw};
use rustix::mm::{Advice, madvise};
use std::sync::atomic::AtomicU64;

/// Words that are zero at first, in this process and in every child, however it was made (MADV_WIPEONFORK, madvise(2)).
/// Those that were never written cost no memory.
pub(crate) struct WipeOnFork {
    memory: MmapRaw,
    words: usize,
}

impl WipeOnFork {
    /// `None` when the system refuses.
    ///
    /// With `in_large_pages` the kernel is asked for pages of 2 MiB where they fit: random reads then need no walk through
    /// the page tables, which takes longer than the read.
    pub(crate) fn new(words: usize, in_large_pages: bool) -> Option<Self> {
        let bytes = words.checked_mul(size_of::<AtomicU64>())?;
        let memory: MmapRaw = MmapOptions::new().len(bytes).no_reserve_swap().map_anon().ok()?.into();
        // SAFETY: the range is the mapping just made, which is private and anonymous, as this advice demands;
        // nothing in it is lost in this process.
        unsafe { madvise(memory.as_mut_ptr().cast(), bytes, Advice::LinuxWipeOnFork).ok()? };
        if in_large_pages {
            // SAFETY: the same range; this advice changes nothing that can be seen in it. Refused, it is only slower.
            let _ = unsafe { madvise(memory.as_mut_ptr().cast(), bytes, Advice::LinuxHugepage) };
        }
        Some(Self { memory, words })
    }

    #[inline]
    pub(crate) fn words(&self) -> &[AtomicU64] {
        // SAFETY: the mapping is `words` words long, starts on a page of memory and so is aligned, is readable and
        // writable, and lives as long as `self`. Any bits are an AtomicU64. All access to it is through such
        // slices; the kernel clears it in a child only before the child runs.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr().cast(), self.words) }
    }
}
