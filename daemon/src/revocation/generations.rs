//! The numbers of one start, and who may trust them.

use super::file::Lock;
use super::file::PageFile;
use super::lease::Lease;
use super::lease::monotonic_now;
use super::mark::Home;
use super::memory::Memory;
use apikeyd_keystore::parts::Randomness;
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::message::Freshness;
use apikeyd_protocol::page::{self as layout, AsOf, BYTES, GENERATIONS, Start, WAIT_OUT};
use core::fmt;
use siphasher::sip::SipHasher24;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

const SLOT_BITS: u32 = GENERATIONS.ilog2();

/// The numbers of this start: one for each key (shared by a few), and one for all keys together.
pub struct Generations {
    memory: Arc<Memory>,
    lease: Lease,
    slot_key: [u8; 16],
    /// Until when clients may trust the page of an earlier start.
    trusted_elsewhere: Option<Instant>,
    /// Dropped last: nobody else uses the page while this start writes to it.
    lock: Option<Lock>,
}

/// Where the numbers are.
#[derive(Debug)]
pub enum Page {
    /// In a file that clients map.
    File(PageFile),
    /// In memory that no client sees, because no file could be made this time: clients ask each time.
    Hidden,
    /// In memory that no client sees, and no start on this store ever had a file.
    Never,
}

/// What is new with each start.
#[derive(Clone, Copy, Debug)]
pub struct Fresh {
    /// Random, so that nobody can choose ids that share a number with another key.
    pub slot_key: [u8; 16],
    /// Random, for a page that has no instance yet.
    pub instance: u64,
}

impl Fresh {
    /// Draws both.
    ///
    /// # Errors
    /// If the operating system provides none.
    pub fn draw(randomness: &Randomness) -> Result<Self, getrandom::Error> {
        let mut slot_key = [0; 16];
        randomness.fill(&mut slot_key)?;
        let mut instance = [0; 8];
        randomness.fill(&mut instance)?;
        Ok(Self { slot_key, instance: u64::from_le_bytes(instance) })
    }
}

/// The page as handed to a client.
#[derive(Debug)]
pub struct HandedOver {
    /// The file, open for reading only.
    pub file: OwnedFd,
    /// Bytes of the page.
    pub bytes: u64,
    /// CLOCK_MONOTONIC while it is handed over, in nanoseconds.
    pub monotonic_ns: u64,
}

impl Generations {
    /// Begins the start with this number on its store.
    #[must_use]
    pub fn begin(page: Page, number: u64, fresh: Fresh) -> Self {
        let never = matches!(page, Page::Never);
        let (memory, mark, readable, lock) = match page {
            Page::File(PageFile { mapping, readable, lock, mark }) => {
                (Memory::Shared(mapping), mark, Some(readable), Some(lock))
            }
            Page::Hidden | Page::Never => (Memory::own(), [0; 16], None, None),
        };
        let memory = Arc::new(memory);
        let continued = memory.page().begin(fresh.instance, Start::of(&mark, number)) || never;
        Self {
            lease: Lease::new(Arc::clone(&memory), readable),
            memory,
            slot_key: fresh.slot_key,
            trusted_elsewhere: (!continued).then(|| Instant::now() + WAIT_OUT),
            lock,
        }
    }

    /// The numbers that concern all keys. Read them before anything that a verdict depends on, above all the
    /// caller's rights.
    #[must_use]
    pub fn as_of(&self) -> AsOf {
        self.page().as_of()
    }

    /// The numbers to cache with an answer about this key. Read them before the key is looked up.
    #[must_use]
    pub fn read(&self, as_of: AsOf, key_id: KeyId) -> Freshness {
        self.page().freshness(as_of, self.slot(key_id))
    }

    /// Invalidates every cached answer about this key. Call it after the commit of a revocation and before its
    /// answer.
    pub fn bump(&self, key_id: KeyId) {
        self.page().bump(self.slot(key_id));
    }

    /// Invalidates every cached answer about every key.
    pub fn bump_epoch(&self) {
        self.page().bump_epoch();
    }

    /// The number that concerns all keys.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.page().epoch()
    }

    /// How long to wait after a bump before answering. Zero, except in the first seconds of a daemon that could
    /// not continue with the page of the previous start.
    #[must_use]
    pub fn wait_out(&self) -> Duration {
        let Some(until) = self.trusted_elsewhere else { return Duration::ZERO };
        until.saturating_duration_since(Instant::now())
    }

    /// Records that the wait is over, if it is, so that the next start need not wait for the same.
    pub fn settle(&self) {
        if self.trusted_elsewhere.is_some() && self.wait_out().is_zero() {
            self.page().settle();
        }
    }

    /// The page for a client, which may trust it from now on. `None` if there is no page to hand over, or no
    /// longer.
    ///
    /// # Errors
    /// If the system provides no descriptor or no thread.
    pub fn hand_over(&self) -> io::Result<Option<HandedOver>> {
        let Some(file) = self.lease.hand_over()? else { return Ok(None) };
        let bytes = u64::try_from(BYTES).map_err(io::Error::other)?;
        Ok(Some(HandedOver { file, bytes, monotonic_ns: monotonic_now() }))
    }

    /// Ends all trust in the page, at a clean stop.
    pub fn end(&self) {
        self.settle();
        self.lease.end();
    }

    /// Releases the page for the next start. Call it once no number changes any more.
    pub fn release(&self) {
        if let Some(lock) = &self.lock {
            lock.release();
        }
    }

    fn page(&self) -> layout::Page<'_, AtomicU64> {
        self.memory.page()
    }

    fn slot(&self, key_id: KeyId) -> u32 {
        let hash = SipHasher24::new_with_key(&self.slot_key).hash(&key_id.get().to_le_bytes());
        u32::try_from(hash >> (u64::BITS - SLOT_BITS)).unwrap_or(0)
    }
}

impl fmt::Debug for Generations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let page = self.page();
        let mut debug = f.debug_struct("Generations");
        debug.field("instance", &page.instance()).field("epoch", &page.epoch()).finish_non_exhaustive()
    }
}

/// Opens the page at the first possible location, under a name that includes the store's id. Without a page the
/// daemon still serves, only slower: clients ask each time.
pub(crate) fn open_page(places: &[PathBuf], home: Option<&Home>) -> Page {
    let Some(home) = home.filter(|_| !places.is_empty()) else { return Page::Never };
    let mut places = places.iter().map(|place| home.name(place));
    let mut opened = None;
    for place in places.by_ref() {
        match PageFile::open(&place, home) {
            Ok(file) => {
                opened = Some(file);
                break;
            }
            Err(error) => tracing::warn!(%error, "trying another location for the revocation page"),
        }
    }
    let Some(file) = opened else {
        tracing::warn!(
            "no location for the revocation page is usable: clients cannot cache; set `page` to a file in memory"
        );
        return Page::Hidden;
    };
    // An earlier start may have had to use a later location.
    for place in places {
        if let Err(error) = PageFile::retire(&place, home) {
            tracing::warn!(page = %place.display(), %error, "the page of an earlier start cannot be removed");
        }
    }
    Page::File(file)
}

#[cfg(test)]
mod tests;
