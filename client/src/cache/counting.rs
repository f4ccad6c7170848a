//! How well the cache does.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// So many threads, the first ones of the process, have counters of their own.
const OWNED: usize = 64;

/// All others share so many.
const SHARED: usize = 64;

/// What a client's cache did since it was made, clones included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStatistics {
    /// Validations that were answered without asking the daemon.
    pub hits: u64,
    /// Validations that were asked.
    pub misses: u64,
    /// Keys that are kept, those included that no longer stand and were not asked for since.
    pub entries: usize,
    /// Keys that stood and had to go for others: with many of them the cache is too small.
    pub evictions: u64,
    /// Whether the daemon's revocation page is at hand. Without it every validation is asked.
    pub page: bool,
}

pub(super) struct Counting {
    hits: Box<[Stripe]>,
    misses: AtomicU64,
    evictions: AtomicU64,
}

/// A counter on a line of the processor's cache of its own, and of the neighbour that is fetched along.
#[derive(Default)]
#[repr(align(128))]
struct Stripe(AtomicU64);

thread_local! {
    static STRIPE: Cell<usize> = const { Cell::new(usize::MAX) };
}

impl Counting {
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
            // Nobody else writes it. An addition in one step would hold up all that the processor does beside it.
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

/// Numbers are not given out again, so that no two threads ever own one counter.
#[cold]
fn next_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let number = if number < OWNED { number } else { OWNED + number % SHARED };
    STRIPE.set(number);
    number
}
