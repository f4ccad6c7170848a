//! The page in use, and the policy table with it, available to every thread without a lock.

use super::mapped::MappedPage;
use super::policy::InForce;
use arc_swap::ArcSwapOption;
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// No page is in use.
const NONE: u64 = 0;

/// The page that a client uses.
pub(super) struct Pages {
    /// The number of what is in use, unique in this process.
    current: AtomicU64,
    in_use: ArcSwapOption<InUse>,
}

/// A page, and the last policy table that was fetched for it. The page tells whether the table is in force.
pub(super) struct InUse {
    pub(super) page: Arc<MappedPage>,
    pub(super) policy: Option<InForce>,
}

type Numbered = (u64, Option<Arc<InUse>>);

thread_local! {
    /// What this thread used last. Reading it costs less than counting one more reference to what is in use, and a page
    /// stays mapped as long as a thread may read it.
    static LAST_USED: RefCell<Numbered> = const { RefCell::new((NONE, None)) };
}

impl Pages {
    pub(super) fn new() -> Self {
        Self { current: AtomicU64::new(NONE), in_use: ArcSwapOption::empty() }
    }

    /// Lends what is in use. None when there is nothing, or the thread is about to end.
    #[inline]
    pub(super) fn with<T>(&self, look: impl FnOnce(&InUse) -> T) -> Option<T> {
        let number = self.current.load(Ordering::Acquire);
        if number == NONE {
            return None;
        }
        let look = |last: &RefCell<Numbered>| {
            let mut last = last.try_borrow_mut().ok()?;
            if last.0 != number {
                *last = (number, self.in_use.load_full());
            }
            last.1.as_deref().map(look)
        };
        LAST_USED.try_with(look).ok().flatten()
    }

    /// What is in use, to keep.
    pub(super) fn share(&self) -> Option<Arc<InUse>> {
        self.in_use.load_full()
    }

    /// Uses another page, or none.
    pub(super) fn put(&self, page: Option<MappedPage>) {
        self.in_use.store(page.map(|page| Arc::new(InUse { page: Arc::new(page), policy: None })));
        self.announce();
    }

    /// Puts a policy table beside the page, if there is one.
    pub(super) fn put_policy(&self, policy: &InForce) {
        self.in_use.rcu(|in_use| {
            let page = Arc::clone(&in_use.as_ref()?.page);
            Some(Arc::new(InUse { page, policy: Some(policy.clone()) }))
        });
        self.announce();
    }

    /// Makes every thread take what is now in use.
    fn announce(&self) {
        static NUMBERS: AtomicU64 = AtomicU64::new(NONE + 1);
        let is_some = self.in_use.load().is_some();
        let number = if is_some { NUMBERS.fetch_add(1, Ordering::Relaxed) } else { NONE };
        self.current.store(number, Ordering::Release);
    }
}
