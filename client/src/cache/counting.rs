//! How well the cache does.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Counters of this many threads lie apart. Threads beyond it share, which costs time and no count.
const STRIPES: usize = 64;

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
    stripes: [Stripe; STRIPES],
    evictions: AtomicU64,
}

/// The counters of one thread, on a line of their own and of their neighbour's that the processor fetches along.
#[derive(Default)]
#[repr(align(128))]
struct Stripe {
    hits: AtomicU64,
    misses: AtomicU64,
}

thread_local! {
    static STRIPE: Cell<usize> = const { Cell::new(usize::MAX) };
}

impl Counting {
    pub(super) fn new() -> Self {
        Self { stripes: std::array::from_fn(|_| Stripe::default()), evictions: AtomicU64::new(0) }
    }

    #[inline]
    pub(super) fn hit(&self) {
        if let Some(stripe) = self.stripe() {
            stripe.hits.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn miss(&self) {
        if let Some(stripe) = self.stripe() {
            stripe.misses.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn evicted(&self) {
        self.evictions.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn statistics(&self, entries: usize, page: bool) -> CacheStatistics {
        let sum = |counter: fn(&Stripe) -> &AtomicU64| {
            self.stripes.iter().map(|stripe| counter(stripe).load(Ordering::Relaxed)).sum()
        };
        CacheStatistics {
            hits: sum(|stripe| &stripe.hits),
            misses: sum(|stripe| &stripe.misses),
            entries,
            evictions: self.evictions.load(Ordering::Relaxed),
            page,
        }
    }

    #[inline]
    fn stripe(&self) -> Option<&Stripe> {
        let mut number = STRIPE.get();
        if number == usize::MAX {
            number = next_number();
        }
        self.stripes.get(number % STRIPES)
    }
}

#[cold]
fn next_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed) % STRIPES;
    STRIPE.set(number);
    number
}
