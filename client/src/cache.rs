//! Cached verdicts: a key that was found valid is accepted again without asking the daemon and without a system call,
//! and never after it was revoked.
//!
//! ```text
//!   validate ─► a [slot] of the [table] ─► the [page](pages) says it is fresh, the [tag] is the key's ─► accepted
//!                 │ no                       │ no
//!                 ▼                          ▼
//!               ask the daemon ─► valid? store it; get the page, or the policy table, if need be
//! ```
//!
//! What is kept of a key is a keyed hash, never its secret. Refusals are not kept. With an operation the key comes
//! from the cache and the operation is judged by the daemon's own [policy] table; what that refuses the daemon is
//! asked, so that every refusal is the daemon's. Why a revoked key is not accepted: `docs/REVOCATION.md`.
//!
//! Nothing on the way of a hit takes a lock, or writes to memory that other threads use at the time.

mod attached;
mod clock;
mod counting;
mod fetching;
mod long;
mod memo;
mod pages;
mod policy;
mod slot;
mod table;
mod tag;
mod uses;
mod worker;

pub(crate) use clock::WallClock;
pub use counting::CacheStatistics;
#[cfg(feature = "tokio")]
pub(crate) use fetching::Step;
pub use uses::{MAX_USE_REPORT_INTERVAL, MIN_USE_REPORT_INTERVAL};

use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::fork::ForkMark;
use crate::verdict::{Judged, ValidKey, Verdict};
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::key::ApiKey;
use apikeyd_protocol::message::{Freshness, Operation, PageReady};
use apikeyd_protocol::page::CLOCK_LAG;
use attached::{Attached, Handed, Unusable};
use clock::{exact_ns, recent_ns};
use counting::Counting;
use fetching::Fetching;
use pages::{InUse, Pages};
use slot::Entry;
use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use table::{Found, KeyTable};
use tag::TagKey;
use uses::Uses;

/// Keys that are kept at the most, unless the builder says otherwise.
pub const DEFAULT_CACHE_ENTRIES: usize = 65_536;

/// A key that ends by itself within this time is asked for each time: the wall clock that a hit reads may be
/// behind by so much.
const EXPIRY_MARGIN_MS: u64 = 1_000;
const _: () = assert!(CLOCK_LAG.as_millis() <= EXPIRY_MARGIN_MS as u128, "the same clock's lag");

/// The page is asked for again after a failure, at the earliest.
const RETRY: Duration = Duration::from_secs(1);

/// The page is asked for again where there was none to have, at the earliest.
const RETRY_WITHOUT: Duration = Duration::from_secs(60);

/// The cache of a client and its clones.
pub(crate) struct Cache {
    inner: Arc<Inner>,
}

/// What the thread that reports uses holds, too.
struct Inner {
    tags: TagKey,
    table: KeyTable,
    pages: Pages,
    wall: WallClock,
    process: ForkMark,
    uses: Uses,
    fetching: Fetching,
    counting: Counting,
    /// When the page, or the policy table, may be asked for again, by the clock of hits.
    next_page: AtomicU64,
    next_policy: AtomicU64,
}

/// A validation that the cache could not answer, and what the daemon said.
pub(crate) struct Miss<'m> {
    pub(crate) cache: &'m Cache,
    pub(crate) key: &'m ApiKey,
    pub(crate) has_operation: bool,
    pub(crate) judged: &'m Judged,
}

impl Miss<'_> {
    /// Keeps the verdict, or says what is missing for that: see [`Cache::keep`].
    pub(crate) fn keep(&self) -> Option<Wish> {
        self.cache.keep(self.key, self.has_operation, self.judged)
    }
}

/// What is asked about a key, as a type: so each way to ask is compiled for itself, and a hit without an operation takes a
/// third less.
pub(crate) trait Asked {
    /// The operation, if there is one.
    fn operation(&self) -> Option<&Operation<'_>>;
}

/// Nothing but whether the key is valid.
pub(crate) struct KeyAlone;

impl Asked for KeyAlone {
    #[inline]
    fn operation(&self) -> Option<&Operation<'_>> {
        None
    }
}

impl Asked for Operation<'_> {
    #[inline]
    fn operation(&self) -> Option<&Operation<'_>> {
        Some(self)
    }
}

/// What to ask the daemon for, so that the next validation need not be asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Page,
    Policy,
}

impl Cache {
    /// Empty. `None` where the system gives no randomness, or no memory that a forked child finds empty: then every
    /// validation is asked.
    pub(crate) fn new(
        entries: usize,
        endpoint: Endpoint,
        report_interval: Duration,
        wall: WallClock,
    ) -> Option<Self> {
        let inner = Inner {
            tags: TagKey::random()?,
            table: KeyTable::with_room_for(entries)?,
            pages: Pages::new(),
            wall,
            process: ForkMark::new()?,
            uses: Uses::new(endpoint.clone(), report_interval),
            fetching: Fetching::new(endpoint),
            counting: Counting::new(),
            next_page: AtomicU64::new(0),
            next_policy: AtomicU64::new(0),
        };
        Some(Self { inner: Arc::new(inner) })
    }

    /// The key, if it is known to be valid, and the operation to be allowed.
    #[inline]
    pub(crate) fn look_up(&self, key: &ApiKey, asked: &impl Asked) -> Option<ValidKey> {
        let inner = &*self.inner;
        // Read after the validation has started, as the words of the page are.
        let now = recent_ns();
        let (found, entry) = inner.pages.with(|in_use| inner.find(in_use, now, key, asked))??;
        let valid = found.slot.valid_key(&entry, key.id(), || found.long()?.read())?;
        if found.slot.note_use(now) {
            self.used();
        }
        inner.counting.hit();
        Some(valid)
    }

    /// Keeps what the daemon answered, if the page can tell how long it stands. Otherwise says what is missing for
    /// that; each thing is wished of one caller only, and not too often.
    fn keep(&self, asked: &ApiKey, has_operation: bool, judged: &Judged) -> Option<Wish> {
        let (Verdict::Valid(key), Some(freshness)) = (&judged.verdict, judged.freshness) else { return None };
        let inner = &*self.inner;
        if !inner.process.claim(|| inner.reset_in_child()) {
            return None;
        }
        let now = recent_ns();
        let is_of_use = |page: &Attached| page.instance() == freshness.instance && page.is_leased(now);
        let Some(in_use) = inner.pages.share().filter(|in_use| is_of_use(&in_use.page)) else {
            return claim(&inner.next_page, now).then_some(Wish::Page);
        };
        let page = &in_use.page;
        let verdict = slot::Verdict { tag: inner.tags.of_key(asked), freshness, key };
        let evicted = inner.table.insert(&verdict, now, |entry| is_fresh(page, entry, now, &inner.wall));
        if evicted.was_fresh {
            inner.counting.evicted();
        }
        evicted.unreported.into_iter().for_each(|unreported| inner.uses.remember(unreported));
        let wants_policy = has_operation
            && !in_use.has_policy_of(&freshness)
            && page.policy_rules() == apikeyd_policy::RULES;
        (wants_policy && claim(&inner.next_policy, now)).then_some(Wish::Policy)
    }

    /// A validation is asked.
    pub(crate) fn missed(&self) {
        self.inner.counting.miss();
    }

    /// The clock to read before the page is asked for and after it came.
    pub(crate) fn clock() -> u64 {
        exact_ns()
    }

    /// The daemon was asked for its page, `before` by the clock, and this came.
    pub(crate) fn take_page(&self, before: u64, answer: Result<(PageReady, Option<OwnedFd>), Error>) {
        match answer {
            Ok((ready, file)) => self.attach(Handed { before, ready, file, after: Self::clock() }),
            // It has none, or does not know what that is.
            Err(Error::Answered { status, .. }) if status != Status::Busy => self.no_page(),
            // Asked again soon.
            Err(_) => {}
        }
    }

    fn attach(&self, handed: Handed) {
        match Attached::check(handed) {
            Ok(page) => self.inner.pages.put(Some(page)),
            Err(Unusable) => self.no_page(),
        }
    }

    /// There is no page to have: this daemon has none, or this process cannot use it.
    fn no_page(&self) {
        let next = recent_ns().saturating_add(nanoseconds(RETRY_WITHOUT));
        self.inner.next_page.store(next, Ordering::Relaxed);
    }

    pub(crate) fn statistics(&self) -> CacheStatistics {
        let inner = &*self.inner;
        let has_page = inner.pages.with(|in_use| in_use.page.is_leased(recent_ns())).unwrap_or_default();
        inner.counting.statistics(inner.table.occupied().count(), has_page)
    }

    #[cold]
    fn used(&self) {
        if self.inner.uses.arm() {
            self.inner.uses.wake(&self.inner);
        }
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        self.inner.uses.stop();
    }
}

impl Inner {
    #[inline]
    fn find(&self, in_use: &InUse, now: u64, key: &ApiKey, asked: &impl Asked) -> Option<(Found<'_>, Entry)> {
        for found in self.table.slots_of(key.id()).into_iter().flatten() {
            let Some(entry) = found.slot.read(key.id()) else { continue };
            // The tag last: the processor hashes while it waits for the memory of the slot and of the page.
            if is_fresh(&in_use.page, &entry, now, &self.wall)
                && asked
                    .operation()
                    .is_none_or(|operation| in_use.allows(&entry.freshness, operation, &self.tags))
                && entry.tag == self.tags.of_key(key)
            {
                return Some((found, entry));
            }
        }
        None
    }

    /// In a forked child, whose table is empty: it may be in another time namespace, where the lease means another
    /// time, and the parent reports the uses that it noted.
    fn reset_in_child(&self) {
        self.pages.put(None);
        self.uses.forget();
        self.next_page.store(0, Ordering::Relaxed);
        self.next_policy.store(0, Ordering::Relaxed);
    }
}

impl InUse {
    /// Whether the daemon would allow the operation while its numbers are these.
    #[inline]
    fn allows(&self, freshness: &Freshness, operation: &Operation<'_>, tags: &TagKey) -> bool {
        self.policy
            .as_ref()
            .is_some_and(|policy| policy.is_of(freshness) && policy.table.allows(tags, operation))
    }

    fn has_policy_of(&self, freshness: &Freshness) -> bool {
        self.policy.as_ref().is_some_and(|policy| policy.is_of(freshness))
    }
}

/// Whether a verdict is still what the daemon would answer.
#[inline]
fn is_fresh(page: &Attached, entry: &Entry, now: u64, wall: &WallClock) -> bool {
    page.holds(&entry.freshness, now)
        && entry.expires_at_ms().is_none_or(|end| wall.now_ms().saturating_add(EXPIRY_MARGIN_MS) < end)
}

/// Whether the time has come, for one caller alone.
fn claim(next: &AtomicU64, now: u64) -> bool {
    let due = next.load(Ordering::Relaxed);
    let later = now.saturating_add(nanoseconds(RETRY));
    due <= now && next.compare_exchange(due, later, Ordering::Relaxed, Ordering::Relaxed).is_ok()
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("statistics", &self.statistics()).finish_non_exhaustive()
    }
}
