//! Turns for work beside connections: costly work, which reads all or much of the database for one request, and
//! changes.
//!
//! Each uid has one turn at a time of each kind, and there are few turns in total: however much is requested,
//! threads and processors remain for reloads, and validations never need a turn. Waiting callers are served in
//! order of arrival, one of each uid at a time, because a uid's further requests wait until its first has
//! finished.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a kind of work takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Milliseconds: some hundred reads.
    Page,
    /// As long as reading the whole database takes.
    Whole,
}

/// Pages read at a time, and jobs over the whole database. Each keeps a processor busy: on two processors, with
/// two of each, a revocation under attack took four times as long as a quiet one.
const PAGES: usize = 1;
const WHOLES: usize = 1;

/// Changes of one uid in progress at a time, and as many that revoke: the number that one connection may have
/// in flight. Further ones wait separately, so that they delay nobody in the runtime's queues.
const CHANGES_PER_UID: usize = 128;

/// The turns of all uids.
#[derive(Debug)]
pub(super) struct Turns {
    pages: Lane,
    wholes: Lane,
    changes: PerUid,
    revocations: PerUid,
}

/// A turn; ends when it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _of_uid: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

#[derive(Debug)]
struct Lane {
    all: Arc<Semaphore>,
    each: PerUid,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self {
            pages: Lane::of(PAGES),
            wholes: Lane::of(WHOLES),
            changes: PerUid::new(CHANGES_PER_UID),
            revocations: PerUid::new(CHANGES_PER_UID),
        }
    }

    /// Waits until another change of this uid may start. Revocations do not wait for changes that revoke
    /// nothing.
    pub(super) async fn change(&self, uid: u32, revokes: bool) -> Option<OwnedSemaphorePermit> {
        if revokes { self.revocations.acquire(uid).await } else { self.changes.acquire(uid).await }
    }

    /// Waits for a turn. Never returns `None`: the lanes are not closed.
    pub(super) async fn turn(&self, work: Work, uid: u32) -> Option<Turn> {
        let lane = match work {
            Work::Page => &self.pages,
            Work::Whole => &self.wholes,
        };
        // In this order: one request of each uid waits for the turns of all.
        let of_uid = lane.each.acquire(uid).await?;
        let of_all = Arc::clone(&lane.all).acquire_owned().await.ok()?;
        Some(Turn { _of_uid: of_uid, _of_all: of_all })
    }
}

impl Lane {
    fn of(turns: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(turns)), each: PerUid::new(1) }
    }
}

/// A number of permits for each uid. A request beyond that waits for those of its own uid, in order of arrival.
#[derive(Debug)]
pub(super) struct PerUid {
    permits: usize,
    by_uid: Mutex<HashMap<u32, Weak<Semaphore>>>,
}

impl PerUid {
    pub(super) fn new(permits: usize) -> Self {
        Self { permits, by_uid: Mutex::default() }
    }

    /// Waits for a permit, which is released when dropped. Never returns `None`: nobody closes a semaphore
    /// here.
    pub(super) async fn acquire(&self, uid: u32) -> Option<OwnedSemaphorePermit> {
        self.of(uid).acquire_owned().await.ok()
    }

    fn of(&self, uid: u32) -> Arc<Semaphore> {
        let mut by_uid = self.by_uid.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = by_uid.get(&uid).and_then(Weak::upgrade) {
            return known;
        }
        // Keeps only those for which somebody has a permit or waits.
        by_uid.retain(|_, of_uid| of_uid.strong_count() > 0);
        let new = Arc::new(Semaphore::new(self.permits));
        by_uid.insert(uid, Arc::downgrade(&new));
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::pin::{Pin, pin};
    use core::task::{Context, Poll, Waker};

    fn now<T>(turn: Pin<&mut impl Future<Output = T>>) -> Option<T> {
        match turn.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(turn) => Some(turn),
            Poll::Pending => None,
        }
    }

    #[test]
    fn uids_have_their_turns_in_the_order_of_asking_one_each() {
        let turns = Turns::new();
        let first = now(pin!(turns.turn(Work::Page, 1))).unwrap().unwrap();
        let mut second = pin!(turns.turn(Work::Page, 1));
        assert!(now(second.as_mut()).is_none(), "its second waits");
        let mut other = pin!(turns.turn(Work::Page, 2));
        assert!(now(other.as_mut()).is_none(), "and so does another uid's first");
        drop(first);
        assert!(now(second.as_mut()).is_none(), "which asked before this one's second could");
        let turn = now(other.as_mut()).unwrap();
        drop(turn);
        assert!(now(second.as_mut()).is_some());
    }

    #[test]
    fn a_check_of_everything_keeps_no_page_waiting() {
        let turns = Turns::new();
        let _whole = now(pin!(turns.turn(Work::Whole, 1))).unwrap().unwrap();
        assert!(now(pin!(turns.turn(Work::Page, 1))).is_some());
        assert!(now(pin!(turns.turn(Work::Whole, 2))).is_none());
    }

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
