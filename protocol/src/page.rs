//! The revocation page: memory that the daemon writes and clients read, so that a cached verdict can be checked
//! without a system call and yet never outlives a revocation.
//!
//! ```text
//! word 0       magic and layout version, "akdpage1"
//! word 1       instance: +1 at each start of the daemon
//! word 2       epoch: +1 for what concerns every key (policy table, rights)
//! word 3       lease: CLOCK_MONOTONIC nanoseconds until which the page may be trusted
//! words 4-6    private to the writer: which start on which store last used the page
//! word 7       private to the writer: not zero while it waits for leases of other pages
//! words 8-…    65,536 generations; +1 whenever a key with this slot is revoked
//! ```
//!
//! Words have 64 bits in the machine's own byte order and are naturally aligned: both sides are on one machine.
//! The first eight share a cache line.
//!
//! # Why a cached verdict is never stale
//!
//! * **Fill.** The daemon reads instance and epoch *before* it reads the caller's rights, and the generation
//!   *before* it looks the key up, and sends them with the verdict. A later change makes the verdict stale from
//!   the beginning, never fresh by mistake.
//! * **Revoke.** The daemon commits, changes its memory, *then* increments the generation, *then* answers.
//! * **Hit.** The client reads the words after its validation has started. If a revocation was answered before
//!   that, those reads see its increment (the answer, or whatever else told the client that it may start, came
//!   after it, and both orders are happens-before orders), so they differ from the values that the entry was
//!   filled with.
//!
//! Each condition is monotonic: a word that has changed never returns to an earlier value, so the words need
//! not be read as one snapshot. Only the lease can change both ways. It exists for the case of a daemon that
//! will never write this page again, and a new daemon answers no revocation until the lease is over (see
//! [`WAIT_OUT`]).
//!
//! `docs/REVOCATION.md` has the whole argument; `tests/page` checks it over the interleavings of the steps.

use crate::message::Freshness;
use core::sync::atomic::{AtomicU64, Ordering, fence};
use core::time::Duration;

/// Word 0: "akdpage1"; the last character is the version of the layout.
pub const MAGIC: u64 = u64::from_le_bytes(*b"akdpage1");
/// Generations of a page. A key shares its slot with one in 65,536 others: revoking one of those costs it one
/// extra request.
pub const GENERATIONS: usize = 65_536;
/// Words before the generations.
pub const HEADER_WORDS: usize = 8;
/// Words of a page.
pub const WORDS: usize = HEADER_WORDS + GENERATIONS;
/// Bytes of a page.
pub const BYTES: usize = WORDS * size_of::<u64>();

/// How far ahead the daemon sets the lease. After a daemon was killed, cached verdicts remain usable for at
/// most this long; during that time nobody can be told that a key was revoked.
pub const LEASE: Duration = Duration::from_secs(3);
/// How often the daemon extends it: an extension may be two seconds late before clients fall back to asking.
pub const LEASE_PUSH: Duration = Duration::from_secs(1);
/// How far behind the clock that a client reads may be. Clients read CLOCK_MONOTONIC_COARSE, which costs a
/// sixth of the exact clock and advances with the timer tick (at most 10 ms); the rest allows for a virtual
/// machine with late ticks.
pub const CLOCK_LAG: Duration = Duration::from_secs(1);
/// How long a daemon that cannot continue with the previous daemon's page waits, from its start to its first
/// answer to a revocation: after that, no lease from its predecessor is trusted any more.
pub const WAIT_OUT: Duration = LEASE.saturating_add(CLOCK_LAG);

/// One word of a page: a real atomic, or that of a model checker.
pub trait Word {
    /// Reads the word, and synchronises with the write of the value that is read.
    fn read(&self) -> u64;
    /// Writes the word; visible to all before anything that the writer does next.
    fn write(&self, value: u64);
    /// Adds one; visible to all before anything that the writer does next.
    fn increment(&self);
}

impl Word for AtomicU64 {
    // A relaxed load and a fence instead of an acquire load: only relaxed loads are guaranteed to work on
    // read-only memory.
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

/// Instance and epoch of a page at one moment. A verdict that rests only on what was read afterwards may carry
/// them: a change of rights or policy that takes effect later increments the epoch and makes the verdict stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsOf {
    instance: u64,
    epoch: u64,
}

/// Which start on which store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// The writer's mark, in two words: it distinguishes this store in this file from every other store, and
    /// from a copy of either.
    pub store: [u64; 2],
    /// Counts the starts on the store, from 1.
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

/// A page over given memory.
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
    /// Views words as a page: `None` if the number of generations is zero or not a power of two.
    #[must_use]
    #[inline]
    pub fn over(words: &'a [W]) -> Option<Self> {
        let (header, generations) = words.split_first_chunk::<HEADER_WORDS>()?;
        let [magic, instance, epoch, lease, store, store_too, start, waiting] = header;
        let store = [store, store_too];
        let page = Self { magic, instance, epoch, lease, store, start, waiting, generations };
        generations.len().is_power_of_two().then_some(page)
    }

    /// Whether this crate knows the layout.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.magic.read() == MAGIC
    }

    /// Reader: whether a verdict that was filled with `seen` may be used at `now`, in nanoseconds of
    /// CLOCK_MONOTONIC. Read `now` after the validation has started.
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

    /// Writer, before it reads anything that a verdict depends on: the caller's rights, the policy table, the
    /// key.
    #[must_use]
    pub fn as_of(&self) -> AsOf {
        AsOf { instance: self.instance.read(), epoch: self.epoch.read() }
    }

    /// Writer, before it looks a key up: the numbers to send with the verdict. `as_of` was read before the
    /// rights.
    #[must_use]
    pub fn freshness(&self, as_of: AsOf, slot: u32) -> Freshness {
        let AsOf { instance, epoch } = as_of;
        Freshness { instance, epoch, slot, generation: self.generation(slot).read() }
    }

    /// Writer, at its start: becomes another instance. Nothing that was filled earlier is trusted again. A new
    /// page gets `first` as its instance, which is random and therefore differs from that of any earlier page.
    ///
    /// Returns whether this page is the only one that clients can trust: either it is that of the immediately
    /// preceding start, which had nothing left to wait for, or there was no earlier start. Otherwise clients
    /// may trust another page for a while, and the writer has to wait (see [`WAIT_OUT`]). The page records this
    /// until the writer has [settled](Self::settle): a start that continues with the page before that waits as
    /// well.
    ///
    /// A start that is killed in this function leaves a page that no later start continues with at once: its
    /// own number is written last.
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

    /// Writer: whether the page has the known layout and was last used by a start with this mark.
    #[must_use]
    pub fn is_of(&self, store: [u64; 2]) -> bool {
        let [first, second] = self.store;
        self.is_known() && [first.read(), second.read()] == store
    }

    /// Writer, once [`WAIT_OUT`] is over: no client trusts another page any more.
    pub fn settle(&self) {
        // Written only if the value changes, because clients read words in the same cache line.
        if self.waiting.read() != 0 {
            self.waiting.write(0);
        }
    }

    /// Writer, of a page that it no longer uses: nobody trusts it again.
    pub fn retire(&self) {
        self.instance.increment();
        self.lease.write(0);
    }

    /// The instance.
    #[must_use]
    pub fn instance(&self) -> u64 {
        self.instance.read()
    }

    /// Writer, once a change that concerns every key is in force and before it is answered.
    pub fn bump_epoch(&self) {
        self.epoch.increment();
    }

    /// The epoch.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch.read()
    }

    /// Writer, once a key's revocation is durable and in force, and before it is answered.
    pub fn bump(&self, slot: u32) {
        self.generation(slot).increment();
    }

    /// Writer, every [`LEASE_PUSH`]: the page may be trusted until this time, in nanoseconds of
    /// CLOCK_MONOTONIC. Zero at a clean stop.
    pub fn extend_lease(&self, until: u64) {
        self.lease.write(until);
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "a power of two in number: the mask keeps any slot inside")]
    fn generation(&self, slot: u32) -> &'a W {
        &self.generations[slot as usize & (self.generations.len() - 1)]
    }
}
