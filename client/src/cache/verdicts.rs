//! The cache of a client: looks verdicts up, stores them, and says what it lacks.

use super::clock::{WallClock, exact_ns, nanoseconds, recent_ns};
use super::counters::{CacheStatistics, Counters};
use super::fetching::{Fetch, Fetching, HasPages};
use super::mapped::{Handover, MappedPage, Unusable};
use super::pages::{InUse, Pages};
use super::slot::{Entry, Verdict as SlotVerdict};
use super::table::{Found, KeyTable};
use super::tag::TagKey;
use super::uses::{Reporting, Uses};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::fork::ForkMark;
use crate::verdict::{Judged, ValidKey, Verdict};
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::key::ApiKey;
use apikeyd_protocol::message::{Freshness, Operation, PageReady};
use apikeyd_protocol::page::CLOCK_LAG;
use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The cache holds up to this many keys, unless the builder says otherwise.
pub const DEFAULT_CACHE_ENTRIES: usize = 65_536;

/// A key that expires within this time is never answered from the cache: the wall clock that a hit reads may be behind by
/// this much.
const EXPIRY_MARGIN_MS: u64 = 1_000;
const _: () = assert!(CLOCK_LAG.as_millis() <= EXPIRY_MARGIN_MS as u128, "the same clock's lag");

/// The shortest time between two requests for the page, or the policy table.
const RETRY: Duration = Duration::from_secs(1);

/// The shortest time until the page is asked for again after the daemon had none.
const RETRY_WITHOUT: Duration = Duration::from_secs(60);

/// The cache of a client and its clones.
pub(crate) struct Cache {
    inner: Arc<Inner>,
}

/// Shared with the thread that reports uses.
struct Inner {
    tags: TagKey,
    table: KeyTable,
    pages: Pages,
    wall: WallClock,
    process: ForkMark,
    uses: Uses,
    fetching: Fetching,
    counters: Counters,
    /// When the page, and the policy table, may be asked for again, by the clock of hits.
    next_page: AtomicU64,
    next_policy: AtomicU64,
}

/// A validation that the cache could not answer, and the daemon's verdict.
pub(crate) struct Miss<'m> {
    pub(crate) cache: &'m Cache,
    pub(crate) key: &'m ApiKey,
    pub(crate) has_operation: bool,
    pub(crate) judged: &'m Judged,
}

impl Miss<'_> {
    /// Stores the verdict, or says what is missing: see [`Cache::store`].
    pub(crate) fn store(&self) -> Option<Missing> {
        self.cache.store(self.key, self.has_operation, self.judged)
    }
}

/// Whether a validation comes with an operation, as a type: each kind is compiled for itself, and a hit without an operation
/// costs a third less.
pub(crate) trait MaybeOperation {
    /// The operation, if there is one.
    fn operation(&self) -> Option<&Operation<'_>>;
}

/// A validation of the key alone.
pub(crate) struct KeyAlone;

impl MaybeOperation for KeyAlone {
    #[inline]
    fn operation(&self) -> Option<&Operation<'_>> {
        None
    }
}

impl MaybeOperation for Operation<'_> {
    #[inline]
    fn operation(&self) -> Option<&Operation<'_>> {
        Some(self)
    }
}

/// What to ask the daemon for, so that the cache can answer the next validation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    Page,
    Policy,
}

impl Cache {
    /// Empty. `None` where the system has no randomness, or no memory that a forked child finds empty: then the daemon is
    /// asked for every validation.
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
            counters: Counters::new(),
            next_page: AtomicU64::new(0),
            next_policy: AtomicU64::new(0),
        };
        Some(Self { inner: Arc::new(inner) })
    }

    /// The key, if it is known to be valid, and the operation to be allowed.
    #[inline]
    pub(crate) fn look_up(&self, key: &ApiKey, operation: &impl MaybeOperation) -> Option<ValidKey> {
        let inner = &*self.inner;
        // Read after the validation has begun, like the words of the page.
        let now = recent_ns();
        let (found, entry) = inner.pages.with(|in_use| inner.find(in_use, now, key, operation))??;
        let valid = found.slot.valid_key(&entry, key.id(), || found.long()?.read())?;
        if found.slot.note_use(now) {
            self.used();
        }
        inner.counters.hit();
        Some(valid)
    }

    /// Stores the daemon's verdict, if there is a page that tells how long it is fresh. Otherwise says what is missing, to
    /// one caller at a time, and not too often.
    fn store(&self, presented: &ApiKey, has_operation: bool, judged: &Judged) -> Option<Missing> {
        let (Verdict::Valid(key), Some(freshness)) = (&judged.verdict, judged.freshness) else { return None };
        let inner = &*self.inner;
        if !inner.process.claim(|| inner.reset_in_child()) {
            return None;
        }
        let now = recent_ns();
        let is_of_use = |page: &MappedPage| page.instance() == freshness.instance && page.is_leased(now);
        let Some(in_use) = inner.pages.share().filter(|in_use| is_of_use(&in_use.page)) else {
            return claim(&inner.next_page, now).then_some(Missing::Page);
        };
        let page = &in_use.page;
        let verdict = SlotVerdict { tag: inner.tags.of_key(presented), freshness, key };
        let evicted = inner.table.insert(&verdict, now, |entry| is_fresh(page, entry, now, &inner.wall));
        if evicted.was_fresh {
            inner.counters.evicted();
        }
        evicted.unreported.into_iter().for_each(|unreported| inner.uses.remember(unreported));
        let wants_policy = has_operation
            && !in_use.has_policy_of(&freshness)
            && page.policy_rules() == apikeyd_policy::RULES;
        (wants_policy && claim(&inner.next_policy, now)).then_some(Missing::Policy)
    }

    /// Counts a validation that the daemon was asked for.
    pub(crate) fn missed(&self) {
        self.inner.counters.miss();
    }

    /// The clock to read before the request for the page.
    pub(crate) fn clock() -> u64 {
        exact_ns()
    }

    /// Takes the answer to a request for the page, which was sent `before` by the clock.
    pub(crate) fn take_page(&self, before: u64, answer: Result<(PageReady, Option<OwnedFd>), Error>) {
        match answer {
            Ok((ready, file)) => self.attach(Handover { before, ready, file, after: Self::clock() }),
            // It has none, or does not know the request.
            Err(Error::Answered { status, .. }) if status != Status::Busy => self.no_page(),
            // Asked again soon.
            Err(_) => {}
        }
    }

    fn attach(&self, handover: Handover) {
        match MappedPage::check(handover) {
            Ok(page) => self.inner.pages.put(Some(page)),
            Err(Unusable) => self.no_page(),
        }
    }

    /// Notes that this daemon has no page, or that this process cannot use it.
    fn no_page(&self) {
        let next = recent_ns().saturating_add(nanoseconds(RETRY_WITHOUT));
        self.inner.next_page.store(next, Ordering::Relaxed);
    }

    pub(crate) fn statistics(&self) -> CacheStatistics {
        let inner = &*self.inner;
        let has_page = inner.pages.with(|in_use| in_use.page.is_leased(recent_ns())).unwrap_or_default();
        inner.counters.statistics(inner.table.occupied().count(), has_page)
    }

    #[cold]
    fn used(&self) {
        if self.inner.uses.arm() {
            self.inner.uses.wake(&self.inner);
        }
    }
}

impl Cache {
    /// Begins to fetch the policy table; none without a page, without which it could not be used.
    #[cfg_attr(
        not(feature = "tokio"),
        expect(dead_code, reason = "a client for threads has a thread for it")
    )]
    pub(crate) fn fetch_policy(&self) -> Option<Fetch> {
        Fetch::begin(&self.holder())
    }

    /// Has the thread fetch the policy table.
    pub(crate) fn fetch_policy_in_background(&self) {
        self.inner.fetching.wake(&self.holder());
    }

    fn holder(&self) -> Arc<dyn HasPages> {
        Arc::<Inner>::clone(&self.inner)
    }
}

impl HasPages for Inner {
    fn pages(&self) -> &Pages {
        &self.pages
    }
}

impl Reporting for Inner {
    fn uses(&self) -> &Uses {
        &self.uses
    }

    fn table(&self) -> &KeyTable {
        &self.table
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        self.inner.uses.stop();
    }
}

impl Inner {
    #[inline]
    fn find(
        &self,
        in_use: &InUse,
        now: u64,
        key: &ApiKey,
        operation: &impl MaybeOperation,
    ) -> Option<(Found<'_>, Entry)> {
        for found in self.table.slots_of(key.id()).into_iter().flatten() {
            let Some(entry) = found.slot.read(key.id()) else { continue };
            // The tag last: the processor hashes while it waits for the memory of the slot and of the page.
            if is_fresh(&in_use.page, &entry, now, &self.wall)
                && operation
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
fn is_fresh(page: &MappedPage, entry: &Entry, now: u64, wall: &WallClock) -> bool {
    page.holds(&entry.freshness, now)
        && entry.expires_at_ms().is_none_or(|end| wall.now_ms().saturating_add(EXPIRY_MARGIN_MS) < end)
}

/// Whether it is time, for one caller only.
fn claim(next: &AtomicU64, now: u64) -> bool {
    let due = next.load(Ordering::Relaxed);
    let later = now.saturating_add(nanoseconds(RETRY));
    due <= now && next.compare_exchange(due, later, Ordering::Relaxed, Ordering::Relaxed).is_ok()
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("statistics", &self.statistics()).finish_non_exhaustive()
    }
}
