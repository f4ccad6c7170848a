//! Verdicts that are used again: without asking the daemon, without a system call, and never after the key was
//! revoked.
//!
//! ```text
//!   validate ─► [tag] of the key ─► [table] ─► entry ─► its page still says what it said? ─► accepted
//!                                     │ no                      │ no          [attached]
//!                                     ▼                         ▼
//!                                   ask the daemon ─► valid? keep it; get the page or the policy table if need be
//! ```
//!
//! What is kept of a key is a keyed hash, never its secret. Refusals are not kept. With an operation the key comes
//! from the cache and the operation is judged by the daemon's own [policy] table; what that refuses the daemon is
//! asked, so that every refusal is the daemon's. Why a revoked key is not accepted: `apikeyd_protocol::page`.
//!
//! Nothing on the way of a hit takes a lock or writes to memory that threads share.

mod attached;
mod clock;
mod counting;
mod family;
mod memo;
mod policy;
mod table;
mod tag;
mod uses;

pub(crate) use attached::Handed;
pub use counting::CacheStatistics;

use crate::endpoint::Endpoint;
use crate::verdict::{Judged, ValidKey, Verdict};
use apikeyd_protocol::key::ApiKey;
use apikeyd_protocol::message::{Freshness, Operation};
use apikeyd_protocol::page::CLOCK_LAG;
use arc_swap::ArcSwapOption;
use attached::Attached;
use clock::{realtime_ms, recent_ns};
use counting::Counting;
use family::Family;
use policy::LocalPolicy;
use policy::Table as PolicyTable;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use table::{Entry, KeyTable};
use tag::TagKey;
use uses::Uses;

/// Keys that are kept at the most, unless the builder says otherwise: some 20 MiB with names of usual length.
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
    family: Family,
    table: KeyTable,
    page: ArcSwapOption<Attached>,
    policy: ArcSwapOption<LocalPolicy>,
    uses: Uses,
    counting: Counting,
    /// When the page, or the policy table, may be asked for again, by the clock of hits.
    next_page: AtomicU64,
    next_policy: AtomicU64,
}

/// A validation that has to be asked.
pub(crate) struct Missed {
    /// Whether an operation was given.
    operation: bool,
}

/// What to ask the daemon for, so that the next validation need not be asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Page,
    Policy,
}

impl Cache {
    /// Empty. `None` where the system cannot tell a forked child from its parent, or gives no randomness: then
    /// every validation is asked.
    pub(crate) fn new(entries: usize, endpoint: Endpoint) -> Option<Self> {
        let inner = Inner {
            tags: TagKey::random()?,
            family: Family::found()?,
            table: KeyTable::with_room_for(entries),
            page: ArcSwapOption::empty(),
            policy: ArcSwapOption::empty(),
            uses: Uses::new(endpoint),
            counting: Counting::new(),
            next_page: AtomicU64::new(0),
            next_policy: AtomicU64::new(0),
        };
        Some(Self { inner: Arc::new(inner) })
    }

    /// The key, if it is known to be good, and the operation to be allowed.
    pub(crate) fn look_up(
        &self,
        key: &ApiKey,
        operation: Option<&Operation<'_>>,
    ) -> Result<ValidKey, Missed> {
        let inner = &self.inner;
        if inner.family.is_this_process() || inner.inherit() {
            // Read after the validation has started, as the words of the page are.
            let now = recent_ns();
            let hit = inner.table.find(key.id(), |entry| {
                // The tag last: while the processor hashes, it waits for the memory of the entry and the page.
                let stands = entry.stands(now)
                    && operation.is_none_or(|operation| inner.allows(entry, operation))
                    && entry.is_of(&inner.tags.of_key(key));
                stands.then(|| {
                    inner.note_use(entry, now);
                    entry.key.clone()
                })
            });
            if let Some(key) = hit {
                inner.counting.hit();
                return Ok(key);
            }
        }
        inner.counting.miss();
        Err(Missed { operation: operation.is_some() })
    }

    /// Keeps what the daemon answered, if the page can tell how long it stands. Otherwise says what is missing for
    /// that; each thing is wished of one caller only, and not too often.
    pub(crate) fn keep(&self, asked: &ApiKey, missed: &Missed, judged: &Judged) -> Option<Wish> {
        let (Verdict::Valid(key), Some(seen)) = (&judged.verdict, judged.freshness) else { return None };
        let inner = &*self.inner;
        if !inner.family.is_this_process() {
            return None;
        }
        let now = recent_ns();
        let page =
            inner.page.load_full().filter(|page| page.instance() == seen.instance && page.is_leased(now));
        let Some(page) = page else {
            return claim(&inner.next_page, now).then_some(Wish::Page);
        };
        let entry = Entry::new(inner.tags.of_key(asked), key.clone(), seen, page, now);
        if let Some(evicted) = inner.table.insert(entry, now) {
            inner.counting.evicted();
            inner.uses.remember(&evicted);
        }
        let wants_policy = missed.operation && !inner.policy_fits(&seen) && inner.can_judge();
        (wants_policy && claim(&inner.next_policy, now)).then_some(Wish::Policy)
    }

    /// The clock to read before the page is asked for and after it came.
    pub(crate) fn clock() -> u64 {
        clock::exact_ns()
    }

    /// The page came, or did not.
    pub(crate) fn attach(&self, handed: Handed) {
        let inner = &*self.inner;
        match Attached::check(handed) {
            Ok(page) => {
                inner.page.store(Some(Arc::new(page)));
                inner.next_page.store(recent_ns().saturating_add(nanoseconds(RETRY)), Ordering::Relaxed);
            }
            Err(attached::Unusable) => self.no_page(),
        }
    }

    /// There is no page to have: this daemon has none, or this process cannot use it.
    pub(crate) fn no_page(&self) {
        let next = recent_ns().saturating_add(nanoseconds(RETRY_WITHOUT));
        self.inner.next_page.store(next, Ordering::Relaxed);
    }

    /// A policy table to fill with the pages that the daemon hands over.
    pub(crate) fn begin_policy(&self) -> Option<PolicyTable> {
        self.inner.page.load_full().map(PolicyTable::of)
    }

    /// The policy table is complete.
    pub(crate) fn put_policy(&self, table: PolicyTable) {
        if let Some(policy) = table.finish() {
            self.inner.policy.store(Some(Arc::new(policy)));
        }
    }

    pub(crate) fn statistics(&self) -> CacheStatistics {
        let inner = &*self.inner;
        let page = inner.page.load();
        let is_in_use = page.as_ref().is_some_and(|page| page.is_leased(recent_ns()));
        inner.counting.statistics(inner.table.count(), is_in_use)
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        self.inner.uses.end();
    }
}

impl Inner {
    /// Whether the daemon would allow the operation under the epoch that the entry stands in.
    fn allows(&self, entry: &Entry, operation: &Operation<'_>) -> bool {
        let policy = self.policy.load();
        let Some(policy) = &*policy else { return false };
        policy.is_of(&entry.seen) && policy.allows(&self.tags, operation)
    }

    fn policy_fits(&self, seen: &Freshness) -> bool {
        self.policy.load().as_ref().is_some_and(|policy| policy.is_of(seen))
    }

    /// Whether this client follows the rules of the daemon whose page it has.
    fn can_judge(&self) -> bool {
        self.page.load().as_ref().is_some_and(|page| page.policy_rules() == apikeyd_policy::RULES)
    }

    fn note_use(self: &Arc<Self>, entry: &Entry, now: u64) {
        if entry.note_use(now) && self.uses.arm() {
            self.uses.wake(self);
        }
    }

    /// In a forked child: starts with nothing. It may be in another time namespace, where the lease means another
    /// time, and what its parent counted the parent reports.
    #[cold]
    fn inherit(&self) -> bool {
        self.family.inherit(|| {
            self.table.clear();
            self.page.store(None);
            self.policy.store(None);
            self.uses.forget();
            self.next_page.store(0, Ordering::Relaxed);
            self.next_policy.store(0, Ordering::Relaxed);
        })
    }
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
