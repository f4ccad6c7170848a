//! A page in the memory of the model checker.

use apikeyd_protocol::message::Freshness;
use apikeyd_protocol::page::{HEADER_WORDS, Page, Start, Word};
use loom::sync::atomic::{AtomicU64, Ordering, fence};

/// A word with the orderings of the real one, over the checker's atomic.
#[derive(Debug)]
pub(crate) struct Checked(AtomicU64);

impl Word for Checked {
    fn read(&self) -> u64 {
        let value = self.0.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        value
    }

    fn write(&self, value: u64) {
        self.0.store(value, Ordering::SeqCst);
    }

    fn increment(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A page of one generation: all keys share it, and there is one key.
#[derive(Debug)]
pub(crate) struct Words([Checked; HEADER_WORDS + 1]);

/// The one place.
pub(crate) const SLOT: u32 = 0;

/// The start of a daemon on the one store.
pub(crate) const fn start(number: u64) -> Start {
    Start { store: [1, 2], number }
}

impl Words {
    /// A file that nobody has begun in.
    pub(crate) fn new() -> Self {
        Self(std::array::from_fn(|_| Checked(AtomicU64::new(0))))
    }

    /// A page that the first daemon has begun and leased until `lease`.
    pub(crate) fn begun(lease: u64) -> Self {
        let words = Self::new();
        words.page().begin(7, start(1));
        words.page().extend_lease(lease);
        words
    }

    /// What a verdict carries that rests on the record alone, read before the record.
    pub(crate) fn freshness(&self) -> Freshness {
        self.page().freshness(self.page().as_of(), SLOT)
    }

    pub(crate) fn page(&self) -> Page<'_, Checked> {
        Page::over(&self.0).unwrap_or_else(|| panic!("nine words are a page"))
    }
}
