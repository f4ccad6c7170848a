//! The words of a page, wherever they are.

#![expect(unsafe_code, reason = "a mapping that other processes read is seen as atomic words")]

use apikeyd_protocol::page::{BYTES, Page, WORDS};
use memmap2::{MmapOptions, MmapRaw};
use std::fs::File;
use std::io;
use std::sync::atomic::AtomicU64;

/// The words of a page.
#[derive(Debug)]
pub(super) enum Memory {
    /// In a file that clients also map.
    Shared(Mapping),
    /// In this process alone.
    Own(Box<[AtomicU64]>),
}

/// A file of exactly a page, mapped for reading and writing.
#[derive(Debug)]
pub(super) struct Mapping(MmapRaw);

impl Memory {
    /// Words that nobody else sees.
    pub(super) fn own() -> Self {
        Self::Own(core::iter::repeat_with(AtomicU64::default).take(WORDS).collect())
    }

    #[expect(clippy::expect_used, reason = "the words are as many as a page has")]
    pub(super) fn page(&self) -> Page<'_, AtomicU64> {
        let words = match self {
            Self::Shared(mapping) => mapping.words().as_slice(),
            Self::Own(words) => words,
        };
        Page::over(words).expect("a page of WORDS words")
    }
}

impl Mapping {
    /// Maps a file whose length is known to be that of a page.
    ///
    /// # Errors
    /// If the system refuses.
    pub(super) fn of(file: &File) -> io::Result<Self> {
        MmapOptions::new().len(BYTES).populate().map_raw(file).map(Self)
    }

    fn words(&self) -> &[AtomicU64; WORDS] {
        // SAFETY: the mapping is BYTES = 8 * WORDS bytes long, starts on a memory page and is therefore
        // aligned, is readable and writable, and lives as long as `self`. Any bits are a valid AtomicU64. All
        // accesses to the memory are atomic 64-bit operations: this process has no other pointer to it, and
        // other processes only read. The file is never truncated (nobody but this user may open it for writing,
        // and no daemon does it), so the memory stays.
        unsafe { &*self.0.as_ptr().cast::<[AtomicU64; WORDS]>() }
    }
}
