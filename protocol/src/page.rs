//! The revocation page: memory that the daemon writes and clients read, so that a cached verdict can be
//! checked without a system call and yet never outlives a revocation.
//!
//! ```text
//! word 0       magic and layout version, "akdpage1"
//! word 1       instance: +1 at each start of the daemon
//! word 2       epoch: +1 for what concerns every key (policy table, rights)
//! word 3       lease: CLOCK_MONOTONIC nanoseconds until which the page may be trusted
//! words 4-6    the writer's: which start of which store used the page last; nobody else reads them
//! word 7       the writer's: not zero while it waits for leases of other pages; nobody else reads it
//! words 8-…    65,536 generations; +1 whenever a key that has its place there ends
//! ```
//!
//! Words have 64 bits, the machine's own byte order, and lie at their natural alignment: both sides are on
//! one machine. The first eight share a cache line.
//!
//! # Why a cached verdict is never stale
//!
//! * **Fill.** The daemon reads instance and epoch *before* it reads the caller's rights, and the generation
//!   *before* it looks the key up, and sends them with the verdict. A change after that makes the verdict stale
//!   at birth, never fresh by mistake.
//! * **Revoke.** The daemon commits, changes its memory, *then* increments the generation, *then* answers.
//! * **Hit.** The client reads the words after its validation has started. If a revocation was answered
//!   before that, its increment is visible to those reads (the answer came after it through the socket, or
//!   whatever told the client that it may start; both orders are orders of happening-before), so they
//!   differ from what the entry was filled with.
//!
//! Each condition alone is monotonic — once a word has moved on it never comes back — so the words need not
//! be read as one snapshot. The lease alone moves both ways; it is there for a daemon that will never write
//! this page again, and such a daemon answers nothing either until the lease is over (see [`WAIT_OUT`]).
//!
//! `docs/REVOCATION.md` has the whole argument; `tests/page` checks it over the interleavings of the steps.

use crate::message::Freshness;
use core::sync::atomic::{AtomicU64, Ordering, fence};
use core::time::Duration;

/// Word 0: "akdpage1", whose last character is the version of the layout.
pub const MAGIC: u64 = u64::from_le_bytes(*b"akdpage1");
/// Generations of a page. A key shares its place with one in 65,536 others: their end costs it one question.
pub const GENERATIONS: usize = 65_536;
/// Words in front of the generations.
pub const HEADER_WORDS: usize = 8;
/// Words of a page.
pub const WORDS: usize = HEADER_WORDS + GENERATIONS;
/// Bytes of a page.
pub const BYTES: usize = WORDS * size_of::<u64>();

/// How far ahead the daemon sets the lease. A daemon that was killed leaves cached verdicts standing for so
/// long at the most, in which nobody can be told that a key was revoked.
pub const LEASE: Duration = Duration::from_secs(3);
/// How often the daemon sets it: a push may be late by two seconds before clients fall back to asking.
pub const LEASE_PUSH: Duration = Duration::from_secs(1);
/// How far the clock that a client reads may be behind. Clients read CLOCK_MONOTONIC_COARSE, which costs a
/// sixth of the exact clock and moves with the timer tick (at most 10 ms); the rest is for a virtual machine
/// whose tick comes late.
pub const CLOCK_LAG: Duration = Duration::from_secs(1);
/// What a daemon that cannot go on with the page of the daemon before it waits, from its start to the first
/// answer to a revocation: then no lease that its forerunner gave is believed any more.
pub const WAIT_OUT: Duration = LEASE.saturating_add(CLOCK_LAG);

/// One word of a page: an atomic of the machine, or of a model checker.
pub trait Word {
    /// Reads it; what was written before the value that is seen is seen, too.
    fn read(&self) -> u64;
    /// Writes it, visible to all before anything that the writer does next.
    fn write(&self, value: u64);
    /// Adds one, visible to all before anything that the writer does next.
    fn increment(&self);
}

impl Word for AtomicU64 {
    // A relaxed load and a fence, not an acquiring load: only relaxed loads are promised to work on memory
    // that is mapped for reading alone.
    #[inline]
    fn read(&self) -> u64 {
        let value = self.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        value
    }

    fn write(&self, value: u64) {
        self.store(value, Ordering::SeqCst);
    }

    fn increment(&self) {
        self.fetch_add(1, Ordering::SeqCst);
    }
}

/// Instance and epoch of a page at one moment. A verdict that rests only on what was read afterwards may carry them:
/// a change of rights or policy that is in force later moves the epoch, and the verdict is stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsOf {
    instance: u64,
    epoch: u64,
}

/// Which start of which store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// The writer's mark, in two words: it tells this store in this file from every other store, and from a copy
    /// of either.
    pub store: [u64; 2],
    /// Counts the starts on it, from 1.
    pub number: u64,
}

impl Start {
    /// The `number`th start of the writer with this mark.
    #[must_use]
    pub const fn of(mark: &[u8; 16], number: u64) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *mark;
        let store =
            [u64::from_be_bytes([a, b, c, d, e, f, g, h]), u64::from_be_bytes([i, j, k, l, m, n, o, p])];
        Self { store, number }
    }
}

/// A page over somebody's memory.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a, W> {
    magic: &'a W,
    instance: &'a W,
    epoch: &'a W,
    lease: &'a W,
    store: [&'a W; 2],
    start: &'a W,
    waiting: &'a W,
    generations: &'a [W],
}

impl<'a, W: Word> Page<'a, W> {
    /// Over words that are a page: `None` when there are none, or no power of two, of generations.
    #[must_use]
    #[inline]
    pub fn over(words: &'a [W]) -> Option<Self> {
        let (header, generations) = words.split_first_chunk::<HEADER_WORDS>()?;
        let [magic, instance, epoch, lease, store, store_too, start, waiting] = header;
        let store = [store, store_too];
        let page = Self { magic, instance, epoch, lease, store, start, waiting, generations };
        generations.len().is_power_of_two().then_some(page)
    }

    /// Whether the layout is the one that this crate knows.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.magic.read() == MAGIC
    }

    /// Reader: whether a verdict that was filled with `seen` still stands at `now`, in nanoseconds of
    /// CLOCK_MONOTONIC. `now` is read after the validation has started.
    #[inline]
    #[must_use]
    pub fn holds(&self, seen: &Freshness, now: u64) -> bool {
        self.is_leased(now)
            && self.instance.read() == seen.instance
            && self.epoch.read() == seen.epoch
            && self.generation(seen.slot).read() == seen.generation
    }

    /// Reader: whether the page may be trusted at `now`, in nanoseconds of CLOCK_MONOTONIC.
    #[inline]
    #[must_use]
    pub fn is_leased(&self, now: u64) -> bool {
        self.lease.read() > now
    }

    /// Writer, before it reads anything that a verdict rests on: the caller's rights, the policy table, the key.
    #[must_use]
    pub fn as_of(&self) -> AsOf {
        AsOf { instance: self.instance.read(), epoch: self.epoch.read() }
    }

    /// Writer, before it looks a key up: what a verdict must be sent with. `as_of` was read before the rights.
    #[must_use]
    pub fn freshness(&self, as_of: AsOf, slot: u32) -> Freshness {
        let AsOf { instance, epoch } = as_of;
        Freshness { instance, epoch, slot, generation: self.generation(slot).read() }
    }

    /// Writer, at its start: becomes another instance. Nothing that was filled before is trusted again.
    /// A page that is new gets `first` as its instance, which is random, so that it is unlike that of any
    /// page before it.
    ///
    /// Tells whether this page is the only one that clients can trust: the one of the very start before, which did
    /// not wait any more itself; or there was no start before. Otherwise clients may trust another page for a
    /// while, and the writer has to wait (see [`WAIT_OUT`]), and says so in the page until it has
    /// [settled](Self::settle): a start that continues the page before that waits as well.
    ///
    /// A start that is killed in here leaves a page that no later start goes on with at once: its own number comes last.
    pub fn begin(&self, first: u64, start: Start) -> bool {
        let is_next = self.is_of(start.store) && self.start.read().checked_add(1) == Some(start.number);
        let continued = start.number == 1 || is_next && self.waiting.read() == 0;
        self.waiting.write(u64::from(!continued));
        match self.is_known() {
            true => self.instance.increment(),
            false => {
                self.instance.write(first);
                self.magic.write(MAGIC);
            }
        }
        let [store, store_too] = self.store;
        for (word, value) in
            [(store, start.store[0]), (store_too, start.store[1]), (self.start, start.number)]
        {
            word.write(value);
        }
        continued
    }

    /// Writer: whether the page is of the known layout and the last to use it was a start with this mark.
    #[must_use]
    pub fn is_of(&self, store: [u64; 2]) -> bool {
        let [first, second] = self.store;
        self.is_known() && [first.read(), second.read()] == store
    }

    /// Writer, once [`WAIT_OUT`] is over: no client trusts another page any more.
    pub fn settle(&self) {
        // Written only when it changes something: clients read words of the same cache line.
        if self.waiting.read() != 0 {
            self.waiting.write(0);
        }
    }

    /// Writer, of a page that it does not use any more: nobody trusts it again.
    pub fn retire(&self) {
        self.instance.increment();
        self.lease.write(0);
    }

    /// The instance.
    #[must_use]
    pub fn instance(&self) -> u64 {
        self.instance.read()
    }

    /// Writer, after a change that concerns every key is in force and before it is answered.
    pub fn bump_epoch(&self) {
        self.epoch.increment();
    }

    /// The epoch.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch.read()
    }

    /// Writer, after a key's end is durable and in force, and before it is answered.
    pub fn bump(&self, slot: u32) {
        self.generation(slot).increment();
    }

    /// Writer, every [`LEASE_PUSH`]: the page may be trusted until then, in nanoseconds of CLOCK_MONOTONIC.
    /// Zero at a clean stop.
    pub fn extend_lease(&self, until: u64) {
        self.lease.write(until);
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "a power of two in number: the mask keeps any slot inside")]
    fn generation(&self, slot: u32) -> &'a W {
        &self.generations[slot as usize & (self.generations.len() - 1)]
    }
}
