//! The page in use, at hand for every thread.

use super::attached::Attached;
use arc_swap::ArcSwapOption;
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// No page is in use.
const NONE: u64 = 0;

/// The page that a client uses.
pub(super) struct Pages {
    /// The number of the page, unlike that of any other in this process.
    current: AtomicU64,
    page: ArcSwapOption<Attached>,
}

thread_local! {
    /// The page that this thread used last. To look at it costs less than to take a share of the one in use, and a
    /// page stays mapped as long as a thread may look at it.
    static LAST_USED: RefCell<(u64, Option<Arc<Attached>>)> = const { RefCell::new((NONE, None)) };
}

impl Pages {
    pub(super) fn new() -> Self {
        Self { current: AtomicU64::new(NONE), page: ArcSwapOption::empty() }
    }

    /// Lends the page in use. None when there is none, or the thread is about to end.
    #[inline]
    pub(super) fn with<T>(&self, look: impl FnOnce(&Attached) -> T) -> Option<T> {
        let number = self.current.load(Ordering::Acquire);
        if number == NONE {
            return None;
        }
        let look = |last: &RefCell<(u64, Option<Arc<Attached>>)>| {
            let mut last = last.try_borrow_mut().ok()?;
            if last.0 != number {
                *last = (number, self.page.load_full());
            }
            last.1.as_deref().map(look)
        };
        LAST_USED.try_with(look).ok().flatten()
    }

    /// The page in use, for longer.
    pub(super) fn share(&self) -> Option<Arc<Attached>> {
        self.page.load_full()
    }

    /// Uses another page, or none.
    pub(super) fn put(&self, page: Option<Attached>) {
        static NUMBERS: AtomicU64 = AtomicU64::new(NONE + 1);
        let number = if page.is_some() { NUMBERS.fetch_add(1, Ordering::Relaxed) } else { NONE };
        self.page.store(page.map(Arc::new));
        self.current.store(number, Ordering::Release);
    }
}
