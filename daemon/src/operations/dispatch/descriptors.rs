//! Descriptors that are sent to callers, and those that callers have not read.
//!
//! The kernel counts descriptors in flight against the user who sends them, and refuses to send more than
//! RLIMIT_NOFILE at a time (unix(7), ETOOMANYREFS). So callers that ask and never read would prevent everybody
//! else from getting one. Each uid therefore has a share, reserved before the work is done and released when
//! the caller has read, or closed its end. A connection that ends earlier does not release it: what it was sent
//! is still in flight.

mod unread_bytes;

use crate::operations::error::{ErrorKind, ServiceError};
use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::UnixStream;
use unread_bytes::all_read;

/// Unread descriptors of one uid: one for each connection that it may have by default.
const PER_UID: usize = 64;

/// Unread copies of the database of one uid, which occupy disk space until they are read.
const COPIES_PER_UID: usize = 2;

/// What a descriptor refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The revocation page.
    Page,
    /// A copy of the database.
    Copy,
}

/// A descriptor that accompanies an answer.
#[derive(Debug)]
pub(crate) struct Enclosed {
    pub(crate) descriptor: OwnedFd,
    /// Its reservation in the caller's share of unread descriptors.
    pub(crate) reservation: Reservation,
    /// Whether something must be recorded after the descriptor is sent and before the answer is complete.
    pub(crate) is_recorded: bool,
}

/// The shares of all uids.
#[derive(Debug)]
pub(crate) struct Unread {
    /// Unread descriptors in total. Below the limit of open descriptors, which the kernel also applies to those
    /// in flight.
    total: usize,
    shares: Mutex<Shares>,
}

#[derive(Debug, Default)]
struct Shares {
    count: usize,
    by_uid: HashMap<u32, Vec<Entry>>,
    next: u64,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    kind: Kind,
    /// None while the work is in progress.
    sent_on: Option<Arc<UnixStream>>,
}

/// A reservation in the share of a uid. Released if it is dropped before anything was sent.
#[derive(Debug)]
pub(crate) struct Reservation {
    unread: Arc<Unread>,
    uid: u32,
    number: u64,
}

impl Unread {
    /// Allows `total` descriptors in total.
    pub(crate) fn new(total: usize) -> Arc<Self> {
        Arc::new(Self { total, shares: Mutex::default() })
    }

    /// Reserves one more descriptor.
    ///
    /// # Errors
    /// `Busy` if the uid's share, or the total, is full of descriptors that nobody has read.
    pub(crate) fn reserve(self: &Arc<Self>, uid: u32, kind: Kind) -> Result<Reservation, ServiceError> {
        let mut shares = self.shares();
        // Checking a descriptor is a system call: a refusal must not cost one for each descriptor of all
        // callers.
        if shares.is_share_full(uid, kind) {
            shares.drop_read_of(uid);
        }
        if shares.count >= self.total {
            shares.drop_read();
        }
        if shares.is_share_full(uid, kind) || shares.count >= self.total {
            return Err(full(uid));
        }
        let number = shares.next;
        shares.next = number.wrapping_add(1);
        shares.count += 1;
        shares.by_uid.entry(uid).or_default().push(Entry { number, kind, sent_on: None });
        Ok(Reservation { unread: Arc::clone(self), uid, number })
    }

    /// Forgets what has been read since, so that nothing is held for callers that have read and are now idle.
    pub(crate) fn drop_read(&self) {
        self.shares().drop_read();
    }

    fn shares(&self) -> MutexGuard<'_, Shares> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shares {
    fn is_share_full(&self, uid: u32, kind: Kind) -> bool {
        let share = self.by_uid.get(&uid).map_or(&[][..], Vec::as_slice);
        let copies = share.iter().filter(|entry| entry.kind == Kind::Copy).count();
        share.len() >= PER_UID || (kind == Kind::Copy && copies >= COPIES_PER_UID)
    }

    fn drop_read_of(&mut self, uid: u32) {
        let Some(share) = self.by_uid.get_mut(&uid) else { return };
        let before = share.len();
        share.retain(Entry::is_under_way);
        self.count -= before - share.len();
        if share.is_empty() {
            self.by_uid.remove(&uid);
        }
    }

    fn drop_read(&mut self) {
        self.by_uid.retain(|_, share| {
            share.retain(Entry::is_under_way);
            !share.is_empty()
        });
        self.count = self.by_uid.values().map(Vec::len).sum();
    }
}

impl Entry {
    fn is_under_way(&self) -> bool {
        // A socket whose state is unknown counts as unread: at stake is the share of one uid, not everybody's.
        self.sent_on.as_ref().is_none_or(|socket| !all_read(&**socket).unwrap_or(false))
    }
}

impl Reservation {
    /// The descriptor was sent on this socket.
    pub(crate) fn sent_on(self, socket: &Arc<UnixStream>) {
        let mut shares = self.unread.shares();
        let share = shares.by_uid.get_mut(&self.uid);
        if let Some(entry) =
            share.and_then(|share| share.iter_mut().find(|entry| entry.number == self.number))
        {
            entry.sent_on = Some(Arc::clone(socket));
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut shares = self.unread.shares();
        let Some(share) = shares.by_uid.get_mut(&self.uid) else { return };
        let before = share.len();
        share.retain(|entry| entry.number != self.number || entry.sent_on.is_some());
        let (gone, empty) = (before - share.len(), share.is_empty());
        if empty {
            shares.by_uid.remove(&self.uid);
        }
        shares.count -= gone;
    }
}

fn full(uid: u32) -> ServiceError {
    let message = format!(
        "uid {uid} has been handed {PER_UID} descriptors, {COPIES_PER_UID} of them backups, that it has not read, or the \
         daemon as many as it may send; read the answers that wait, and ask again"
    );
    ServiceError::new(ErrorKind::Busy, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};

    fn pair() -> (Arc<UnixStream>, std::os::unix::net::UnixStream) {
        let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
        (&near).write_all(b"x").unwrap();
        near.set_nonblocking(true).unwrap();
        (Arc::new(UnixStream::from_std(near).unwrap()), far)
    }

    #[tokio::test]
    async fn a_share_is_full_until_its_caller_reads_or_goes() {
        let unread = Unread::new(1_000);
        let mut far_ends = Vec::new();
        for _ in 0..PER_UID {
            let (near, far) = pair();
            unread.reserve(7, Kind::Page).unwrap().sent_on(&near);
            far_ends.push(far);
        }
        assert_eq!(unread.reserve(7, Kind::Page).unwrap_err().kind, ErrorKind::Busy);
        drop(unread.reserve(8, Kind::Page).unwrap());
        far_ends[0].read_exact(&mut [0]).unwrap();
        unread.reserve(7, Kind::Page).unwrap().sent_on(&pair().0);
        far_ends.clear();
        unread.drop_read();
        assert!(unread.shares().by_uid.is_empty() && unread.shares().count == 0);
    }

    #[tokio::test]
    async fn work_that_sends_nothing_gives_its_place_back() {
        let unread = Unread::new(2);
        let (one, two) = (unread.reserve(1, Kind::Page).unwrap(), unread.reserve(2, Kind::Copy).unwrap());
        assert!(unread.reserve(3, Kind::Page).is_err(), "the whole has a bound, too");
        drop(one);
        assert!(unread.reserve(3, Kind::Page).is_ok());
        drop(two);
        assert!(unread.shares().by_uid.is_empty() && unread.shares().count == 0);
    }

    #[tokio::test]
    async fn a_refusal_looks_at_no_descriptor_of_another_uid() {
        let unread = Unread::new(1_000);
        let _copies: Vec<_> = (0..COPIES_PER_UID).map(|_| unread.reserve(7, Kind::Copy).unwrap()).collect();
        let (near, far) = pair();
        unread.reserve(8, Kind::Copy).unwrap().sent_on(&near);
        // It has read, which a check would find.
        drop(far);
        let count = || unread.shares().count;
        let before = count();
        assert!(unread.reserve(7, Kind::Copy).is_err());
        assert_eq!(count(), before);
        unread.drop_read();
        assert_eq!(count(), before - 1);
    }

    #[tokio::test]
    async fn copies_have_a_smaller_share() {
        let unread = Unread::new(1_000);
        let _copies: Vec<_> = (0..COPIES_PER_UID).map(|_| unread.reserve(7, Kind::Copy).unwrap()).collect();
        assert!(unread.reserve(7, Kind::Copy).is_err());
        assert!(unread.reserve(7, Kind::Page).is_ok() && unread.reserve(8, Kind::Copy).is_ok());
    }
}
