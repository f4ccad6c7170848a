//! Limits on connections: in total, and per user.

use crate::config::Limits;
use crate::operations::state::counters::Traffic;
use crate::peer::Peer;
use apikeyd_protocol::hello::WelcomeCode;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

/// Refused callers, in total, whose hello is awaited so that they can be told why.
pub(super) const MAX_TURNED_AWAY: u32 = 32;

/// Refused callers of one user whose hello is awaited.
const MAX_TURNED_AWAY_PER_UID: u32 = 4;

const ROOT: u32 = 0;

/// Counts connections from their accept on: by then the kernel has named the user, so callers that say nothing
/// use up only their own user's limit.
#[derive(Debug)]
pub(crate) struct Admission {
    limits: Limits,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    open: u32,
    turned_away: u32,
    by_uid: HashMap<u32, OfUser>,
}

#[derive(Clone, Copy, Debug, Default)]
struct OfUser {
    open: u32,
    turned_away: u32,
}

/// An admitted connection; released when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    admission: Arc<Admission>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Open {
        uid: u32,
    },
    TurnedAway {
        uid: u32,
    },
    /// The daemon itself, checking whether it is alive, must be admitted even when nobody else is.
    Own,
}

impl Admission {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, counts: Mutex::default() }
    }

    /// Time without a request after which a connection is closed.
    pub(super) const fn idle(&self) -> core::time::Duration {
        self.limits.idle
    }

    /// Admits a caller.
    ///
    /// # Errors
    /// `TooManyConnections`.
    pub(super) fn admit(self: &Arc<Self>, peer: &Peer) -> Result<Place, WelcomeCode> {
        let place = |kind| Place { admission: Arc::clone(self), kind };
        if peer.pid == std::process::id() && peer.uid == rustix::process::geteuid().as_raw() {
            return Ok(place(Kind::Own));
        }
        let mut counts = self.counts();
        let of_user = counts.by_uid.get(&peer.uid).copied().unwrap_or_default().open;
        let user_is_full = peer.uid != ROOT && of_user >= self.limits.connections_per_uid;
        if counts.open >= self.limits.connections || user_is_full {
            return Err(WelcomeCode::TooManyConnections);
        }
        counts.open += 1;
        counts.by_uid.entry(peer.uid).or_default().open += 1;
        Ok(place(Kind::Open { uid: peer.uid }))
    }

    /// Permission to wait for the hello of a caller that is then refused; `None` if too many are awaited.
    pub(super) fn linger(self: &Arc<Self>, uid: u32) -> Option<Place> {
        let mut counts = self.counts();
        let of_user = counts.by_uid.get(&uid).copied().unwrap_or_default().turned_away;
        if counts.turned_away >= MAX_TURNED_AWAY || of_user >= MAX_TURNED_AWAY_PER_UID {
            return None;
        }
        counts.turned_away += 1;
        counts.by_uid.entry(uid).or_default().turned_away += 1;
        Some(Place { admission: Arc::clone(self), kind: Kind::TurnedAway { uid } })
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.admission.counts();
        let uid = match self.kind {
            Kind::Own => return,
            Kind::Open { uid } => {
                counts.open = counts.open.saturating_sub(1);
                uid
            }
            Kind::TurnedAway { uid } => {
                counts.turned_away = counts.turned_away.saturating_sub(1);
                uid
            }
        };
        let Entry::Occupied(mut of_user) = counts.by_uid.entry(uid) else { return };
        match self.kind {
            Kind::Own => {}
            Kind::Open { .. } => of_user.get_mut().open = of_user.get().open.saturating_sub(1),
            Kind::TurnedAway { .. } => {
                of_user.get_mut().turned_away = of_user.get().turned_away.saturating_sub(1)
            }
        }
        if of_user.get().open == 0 && of_user.get().turned_away == 0 {
            of_user.remove();
        }
    }
}

/// Counts an open connection for its lifetime.
#[derive(Debug)]
pub(super) struct Counted<'a>(&'a Traffic);

impl<'a> Counted<'a> {
    pub(super) fn new(traffic: &'a Traffic) -> Self {
        traffic.opened();
        Self(traffic)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.closed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    fn peer(uid: u32) -> Peer {
        Peer { uid, gid: uid, pid: 1, groups: Box::new([]) }
    }

    fn admission(connections: u32, connections_per_uid: u32) -> Arc<Admission> {
        Arc::new(Admission::new(Limits { connections, connections_per_uid, idle: Duration::MAX }))
    }

    #[test]
    fn one_user_cannot_take_the_places_of_another() {
        let admission = admission(10, 3);
        let mut places: Vec<_> = (0..3).map(|_| admission.admit(&peer(1000)).unwrap()).collect();
        assert_eq!(admission.admit(&peer(1000)).unwrap_err(), WelcomeCode::TooManyConnections);
        assert!(admission.admit(&peer(1001)).is_ok());
        places.pop();
        assert!(admission.admit(&peer(1000)).is_ok(), "a place that is given back is free");
    }

    #[test]
    fn root_has_no_limit_of_its_own_but_the_whole_has() {
        let admission = admission(5, 2);
        let _places: Vec<_> = (0..5).map(|_| admission.admit(&peer(ROOT)).unwrap()).collect();
        assert!(admission.admit(&peer(ROOT)).is_err());
        assert!(admission.admit(&peer(1000)).is_err());
        let own = Peer { pid: std::process::id(), ..peer(rustix::process::geteuid().as_raw()) };
        assert!(admission.admit(&own).is_ok(), "the daemon reaches itself when it is full");
    }

    #[test]
    fn who_is_turned_away_is_waited_for_within_bounds() {
        let admission = admission(1, 1);
        let of_one: Vec<_> = (0..10).filter_map(|_| admission.linger(7)).collect();
        assert_eq!(of_one.len(), 4);
        let of_others: Vec<_> = (100..200).filter_map(|uid| admission.linger(uid)).collect();
        assert_eq!(of_others.len(), 28);
        drop(of_one);
        assert!(admission.linger(7).is_some());
        drop(of_others);
        let counts = admission.counts();
        assert!(counts.by_uid.is_empty() && counts.turned_away == 0, "nothing is kept of who has left");
    }
}
