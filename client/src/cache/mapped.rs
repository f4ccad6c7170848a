//! The daemon's revocation page, mapped into this process.

#![expect(unsafe_code, reason = "a mapping that the daemon writes to is seen as atomic words")]

use apikeyd_protocol::message::{Freshness, PageReady};
use apikeyd_protocol::page::{BYTES, Page, WORDS};
use memmap2::{MmapOptions, MmapRaw};
use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat};
use std::os::fd::OwnedFd;
use std::sync::atomic::AtomicU64;

/// A page as the daemon handed it over.
pub(crate) struct Handover {
    /// This process's clock before the request.
    pub(crate) before: u64,
    /// The daemon's answer.
    pub(crate) ready: PageReady,
    /// The descriptor that came with it.
    pub(crate) file: Option<OwnedFd>,
    /// This process's clock after the answer.
    pub(crate) after: u64,
}

/// This process cannot use the page.
#[derive(Debug)]
pub(crate) struct Unusable;

/// A page that is mapped for reading.
pub(super) struct MappedPage {
    memory: MmapRaw,
    instance: u64,
    policy_rules: u32,
}

impl MappedPage {
    /// Maps a page if it can be trusted: a file that nobody can write through this descriptor, as long as a page,
    /// of the known layout, from a daemon whose clock runs as this process's does.
    pub(super) fn check(handover: Handover) -> Result<Self, Unusable> {
        let Handover { before, ready, file, after } = handover;
        let file = file.ok_or(Unusable)?;
        let stat = fstat(&file).map_err(|_| Unusable)?;
        let is_long_enough = usize::try_from(stat.st_size).is_ok_and(|size| size >= BYTES);
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        // A daemon that hands out a writable descriptor here hands one to other clients too.
        let access = fcntl_getfl(&file).map_err(|_| Unusable)? & OFlags::RWMODE;
        // In another time namespace the lease would mean another time.
        let is_same_clock = (before..=after).contains(&ready.monotonic_ns);
        let is_known = ready.bytes == u64::try_from(BYTES).map_err(|_| Unusable)?;
        if !(is_long_enough && is_file && access == OFlags::RDONLY && is_same_clock && is_known) {
            return Err(Unusable);
        }
        let memory =
            MmapOptions::new().len(BYTES).populate().map_raw_read_only(&file).map_err(|_| Unusable)?;
        let mut mapped = Self { memory, instance: 0, policy_rules: ready.policy_rules };
        let page = mapped.page().filter(Page::is_known).ok_or(Unusable)?;
        mapped.instance = page.instance();
        Ok(mapped)
    }

    /// The instance of the daemon that handed it over.
    pub(super) const fn instance(&self) -> u64 {
        self.instance
    }

    /// The edition of the policy rules by which the daemon judges.
    pub(super) const fn policy_rules(&self) -> u32 {
        self.policy_rules
    }

    /// Whether another daemon has taken over the page since it was mapped.
    pub(super) fn has_new_instance(&self) -> bool {
        self.page().is_none_or(|page| page.instance() != self.instance)
    }

    #[inline]
    pub(super) fn holds(&self, seen: &Freshness, now: u64) -> bool {
        self.page().is_some_and(|page| page.holds(seen, now))
    }

    pub(super) fn is_leased(&self, now: u64) -> bool {
        self.page().is_some_and(|page| page.is_leased(now))
    }

    /// Never none; the compiler sees that.
    #[inline]
    fn page(&self) -> Option<Page<'_, AtomicU64>> {
        // SAFETY: the mapping is BYTES = 8 * WORDS bytes long, starts on a page of memory and so is aligned, is
        // readable, and lives as long as `self`. Any bits are an AtomicU64. All of this process's access is by
        // relaxed atomic loads of 64 bits (`Word::read`), which never write; the daemon writes by atomic
        // operations of that size. The file was at least this long and the daemon never cuts it short, nor
        // can anybody else but root and the daemon's user open it for writing: the memory stays.
        let words = unsafe { &*self.memory.as_ptr().cast::<[AtomicU64; WORDS]>() };
        Page::over(words)
    }
}
