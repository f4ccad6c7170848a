//! Permission as a value: operations need it, and only [`authorise`] makes it.

use super::error::{ErrorKind, ServiceError};
use crate::peer::Peer;
use crate::revocation::AsOf;
use apikeyd_protocol::right::{Right, RightSet, RightType};
use apikeyd_protocol::term::Actor;
use core::marker::PhantomData;

/// A caller's rights, and when they were read.
///
/// A validation sends the numbers of the revocation page that were read *before* the rights. So a verdict that
/// rests on the rights from before a reload never carries the numbers from after it, however long the request
/// takes, and no cache uses it. [`Service::standing`](super::Service::standing) is the only way to make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    rights: RightSet,
    as_of: AsOf,
}

impl Standing {
    /// Reads `as_of`, then the rights.
    pub(super) fn read(as_of: impl FnOnce() -> AsOf, rights: impl FnOnce() -> RightSet) -> Self {
        let as_of = as_of();
        Self { rights: rights(), as_of }
    }

    /// The rights.
    #[must_use]
    pub const fn rights(&self) -> RightSet {
        self.rights
    }
}

/// The proof that a caller has the right `R`. It belongs to one request and moves with it; the next request
/// asks again, so that a reload takes effect at once.
#[derive(Debug)]
pub struct Permit<R> {
    actor: Caller,
    standing: Standing,
    right: PhantomData<fn() -> R>,
}

/// What the kernel says about the caller, without its groups.
#[derive(Clone, Copy, Debug)]
struct Caller {
    uid: u32,
    gid: u32,
    pid: u32,
}

/// Checks that a caller has the right `R`.
///
/// # Errors
/// `NotPermitted`, with the missing right and who can grant it.
#[inline]
pub fn authorise<R: RightType>(standing: Standing, peer: &Peer) -> Result<Permit<R>, ServiceError> {
    if standing.rights.contains(R::RIGHT) {
        let actor = Caller { uid: peer.uid, gid: peer.gid, pid: peer.pid };
        return Ok(Permit { actor, standing, right: PhantomData });
    }
    Err(denied(R::RIGHT, peer.uid))
}

#[cold]
fn denied(right: Right, uid: u32) -> ServiceError {
    let message = format!(
        "this needs the right \"{right}\", which uid {uid} does not have; an administrator can grant it in the [rights] \
         section of the daemon's configuration"
    );
    ServiceError::new(ErrorKind::NotPermitted, message)
}

impl<R> Permit<R> {
    /// The caller's user.
    #[must_use]
    pub const fn uid(&self) -> u32 {
        self.actor.uid
    }

    /// The caller, as named in the audit.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        let Caller { uid, gid, pid } = self.actor;
        Actor::Peer { uid, gid, pid }
    }

    /// All rights of the caller.
    #[must_use]
    pub const fn rights(&self) -> RightSet {
        self.standing.rights
    }

    /// When the rights were read.
    pub(super) const fn as_of(&self) -> AsOf {
        self.standing.as_of
    }

    /// Whether the caller may see why a validation was refused.
    pub(super) const fn sees_reasons(&self) -> bool {
        self.standing.rights.contains(Right::Inspect)
    }
}
