//! Permission as a value: what an operation needs and only [`authorise`] makes.

use super::error::ServiceError;
use crate::peer::Peer;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::message::Actor;
use apikeyd_protocol::right::{Right, RightSet};
use core::marker::PhantomData;

/// The four rights as types, so that a method can say which it needs.
pub mod right {
    use apikeyd_protocol::right::Right;

    /// A right as a type.
    pub trait Needed: sealed::Sealed {
        /// The right as a value.
        const RIGHT: Right;
    }

    mod sealed {
        pub trait Sealed {}
    }

    macro_rules! rights {
        ($($(#[doc = $doc:literal])* $name:ident;)*) => {$(
            $(#[doc = $doc])*
            #[derive(Clone, Copy, Debug)]
            pub enum $name {}
            impl sealed::Sealed for $name {}
            impl Needed for $name {
                const RIGHT: Right = Right::$name;
            }
        )*};
    }

    rights! {
        /// Validate keys, read the policy table and the daemon's status.
        Validate;
        /// Generate, save, retrieve and end keys.
        Issue;
        /// List keys, read the audit and statistics.
        Inspect;
        /// Policy reload and backup.
        Admin;
    }
}

/// The proof that a caller has the right `R`. It lives no longer than the request: rights are checked for each
/// request, so that a reload takes effect at once.
#[derive(Clone, Copy, Debug)]
pub struct Permit<'p, R> {
    peer: &'p Peer,
    rights: RightSet,
    right: PhantomData<R>,
}

/// Checks that a caller has the right `R`.
///
/// # Errors
/// `NotPermitted`, with the right that is missing and who can grant it.
pub fn authorise<R: right::Needed>(rights: RightSet, peer: &Peer) -> Result<Permit<'_, R>, ServiceError> {
    if rights.contains(R::RIGHT) {
        return Ok(Permit { peer, rights, right: PhantomData });
    }
    let message = format!(
        "this needs the right \"{}\", which uid {} does not have; an administrator can grant it in the \
         [rights] section of the daemon's configuration",
        R::RIGHT,
        peer.uid
    );
    Err(ServiceError::new(Status::NotPermitted, message))
}

impl<R> Permit<'_, R> {
    /// The caller's user.
    #[must_use]
    pub const fn uid(&self) -> u32 {
        self.peer.uid
    }

    /// The caller, as the audit names it.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        Actor::Peer { uid: self.peer.uid, gid: self.peer.gid, pid: self.peer.pid }
    }

    /// All rights of the caller.
    #[must_use]
    pub const fn rights(&self) -> RightSet {
        self.rights
    }

    /// Whether the caller may see why a validation was refused.
    pub(super) const fn sees_reasons(&self) -> bool {
        self.rights.contains(Right::Inspect)
    }
}
