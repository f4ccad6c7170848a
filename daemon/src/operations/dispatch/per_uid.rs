//! Permits for each uid.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// As many permits for each uid. Who asks for one too many waits for those of its own uid, in the order of asking.
#[derive(Debug)]
pub(super) struct PerUid {
    permits: usize,
    by_uid: Mutex<HashMap<u32, Weak<Semaphore>>>,
}

impl PerUid {
    pub(super) fn new(permits: usize) -> Self {
        Self { permits, by_uid: Mutex::default() }
    }

    /// Waits for a permit, which is given back when it is dropped. `None` never comes: nobody closes a semaphore here.
    pub(super) async fn acquire(&self, uid: u32) -> Option<OwnedSemaphorePermit> {
        self.of(uid).acquire_owned().await.ok()
    }

    fn of(&self, uid: u32) -> Arc<Semaphore> {
        let mut by_uid = self.by_uid.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = by_uid.get(&uid).and_then(Weak::upgrade) {
            return known;
        }
        // Only those are kept that somebody has a permit of, or waits for.
        by_uid.retain(|_, of_uid| of_uid.strong_count() > 0);
        let new = Arc::new(Semaphore::new(self.permits));
        by_uid.insert(uid, Arc::downgrade(&new));
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::pin::pin;
    use core::task::{Context, Poll, Waker};

    #[test]
    fn each_uid_has_its_own_permits_and_nothing_is_kept_of_one_that_has_gone() {
        let per_uid = PerUid::new(1);
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(first) = pin!(per_uid.acquire(1)).poll(&mut context) else { panic!("a permit") };
        let mut second = pin!(per_uid.acquire(1));
        assert!(second.as_mut().poll(&mut context).is_pending());
        assert!(pin!(per_uid.acquire(2)).poll(&mut context).is_ready());
        drop(first);
        assert!(second.as_mut().poll(&mut context).is_ready());
        (0..1_000).for_each(|uid| assert!(pin!(per_uid.acquire(uid)).poll(&mut context).is_ready()));
        assert!(per_uid.by_uid.lock().unwrap().len() <= 2);
    }
}
