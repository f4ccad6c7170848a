//! The cache's counters.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The first threads of the process, up to this number, have counters of their own.
const OWNED: usize = 64;

/// All others share this many.
const SHARED: usize = 64;

/// Counters of a client's cache since it was made, clones included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStatistics {
    /// Validations that were answered without asking the daemon.
    pub hits: u64,
    /// Validations that the daemon was asked for.
    pub misses: u64,
    /// Keys in the cache, including those whose verdict is stale and was not asked for again.
    pub entries: usize,
    /// Keys that were evicted although their verdict was fresh: if there are many, the cache is too small.
    pub evictions: u64,
    /// Whether the daemon's revocation page is available. Without it the daemon is asked for every validation.
    pub page: bool,
}

pub(super) struct Counters {
    hits: Box<[Stripe]>,
    misses: AtomicU64,
    evictions: AtomicU64,
}

/// A counter that has its line of the processor's cache, and the next one that is fetched with it, to itself.
#[derive(Default)]
#[repr(align(128))]
struct Stripe(AtomicU64);

thread_local! {
    static STRIPE: Cell<usize> = const { Cell::new(usize::MAX) };
}

impl Counters {
    pub(super) fn new() -> Self {
        let hits = std::iter::repeat_with(Stripe::default).take(OWNED + SHARED).collect();
        Self { hits, misses: AtomicU64::new(0), evictions: AtomicU64::new(0) }
    }

    #[inline]
    pub(super) fn hit(&self) {
        let mut number = STRIPE.get();
        if number == usize::MAX {
            number = next_number();
        }
        let Some(Stripe(counter)) = self.hits.get(number) else { return };
        if number < OWNED {
            // Only this thread writes it. An atomic addition would stall the processor.
            counter.store(counter.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        } else {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn miss(&self) {
        self.misses.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn evicted(&self) {
        self.evictions.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn statistics(&self, entries: usize, page: bool) -> CacheStatistics {
        CacheStatistics {
            hits: self.hits.iter().map(|Stripe(counter)| counter.load(Ordering::Relaxed)).sum(),
            misses: self.misses.load(Ordering::Relaxed),
            entries,
            evictions: self.evictions.load(Ordering::Relaxed),
            page,
        }
    }
}

/// Numbers are never reused, so that no two threads ever own the same counter.
#[cold]
fn next_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let number = if number < OWNED { number } else { OWNED + number % SHARED };
    STRIPE.set(number);
    number
}
