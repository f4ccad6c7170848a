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

/// The numbers of this start: one for every key (shared by a few), and one for all keys together.
pub struct Generations {
    memory: Arc<Memory>,
    lease: Lease,
    slot_key: [u8; 16],
    /// Until when clients may trust the page of an earlier start.
    trusted_elsewhere: Option<Instant>,
    /// Dropped last: nobody else uses the page as long as this start writes to it.
    lock: Option<Lock>,
}

/// Where the numbers are.
#[derive(Debug)]
pub enum Page {
    /// In a file that clients map.
    File(PageFile),
    /// In memory that no client sees, since no file could be made this time: they ask each time.
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
    /// Drawn.
    ///
    /// # Errors
    /// When the operating system gives none.
    pub fn draw(randomness: &Randomness) -> Result<Self, getrandom::Error> {
        let mut slot_key = [0; 16];
        randomness.fill(&mut slot_key)?;
        let mut instance = [0; 8];
        randomness.fill(&mut instance)?;
        Ok(Self { slot_key, instance: u64::from_le_bytes(instance) })
    }
}

/// The page as it is handed to a client.
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

    /// The numbers that concern all keys. To be read before anything that a verdict rests on, the caller's rights
    /// first of all.
    #[must_use]
    pub fn as_of(&self) -> AsOf {
        self.page().as_of()
    }

    /// What to remember with an answer on this key. To be read before the key is looked up.
    #[must_use]
    pub fn read(&self, as_of: AsOf, key_id: KeyId) -> Freshness {
        self.page().freshness(as_of, self.slot(key_id))
    }

    /// Makes every remembered answer on this key worthless. To be called after the commit and before the
    /// answer of whoever ended the key.
    pub fn bump(&self, key_id: KeyId) {
        self.page().bump(self.slot(key_id));
    }

    /// Makes every remembered answer on every key worthless.
    pub fn bump_epoch(&self) {
        self.page().bump_epoch();
    }

    /// The number that concerns all keys.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.page().epoch()
    }

    /// How long whoever bumped a number has to wait before it answers. Nothing, but for the first seconds of a
    /// daemon that could not go on with the page of the start before.
    #[must_use]
    pub fn wait_out(&self) -> Duration {
        let Some(until) = self.trusted_elsewhere else { return Duration::ZERO };
        until.saturating_duration_since(Instant::now())
    }

    /// Puts down that the wait is over, if it is: so the next start need not wait for the same.
    pub fn settle(&self) {
        if self.trusted_elsewhere.is_some() && self.wait_out().is_zero() {
            self.page().settle();
        }
    }

    /// The page for a client, which may trust it from now on. `None` when there is no page to hand over, or
    /// no longer.
    ///
    /// # Errors
    /// When the system gives no descriptor or no thread.
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

    /// Lets the next start have the page. To be called when no number is moved any more.
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

/// Opens the page at the first place where that can be done, under a name with the store's id in it. Without one the
/// daemon serves as well, only slower: clients ask each time.
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
            Err(error) => tracing::warn!(%error, "another place is tried for the revocation page"),
        }
    }
    let Some(file) = opened else {
        tracing::warn!(
            "there is no place for the revocation page: clients cannot cache; set `page` to a file in memory"
        );
        return Page::Hidden;
    };
    // An earlier start may have had to go further down the list.
    for place in places {
        if let Err(error) = PageFile::retire(&place, home) {
            tracing::warn!(page = %place.display(), %error, "the page of an earlier start cannot be removed");
        }
    }
    Page::File(file)
}

#[cfg(test)]
mod tests;
