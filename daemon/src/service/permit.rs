//! Permission as a value: what an operation needs and only [`authorise`] makes.

use super::error::ServiceError;
use crate::peer::Peer;
use crate::revocation::AsOf;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::right::{Right, RightSet};
use apikeyd_protocol::term::Actor;
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

/// A caller's rights, and from when they are.
///
/// A validation sends the numbers of the revocation page that were read *before* the rights. So a verdict that rests on
/// rights of before a reload never carries numbers of after it, however long the request is under way, and no cache
/// keeps it. [`Service::standing`](super::Service::standing) is the only way to make one.
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

/// The proof that a caller has the right `R`. It lives no longer than the request: rights are checked for each
/// request, so that a reload takes effect at once.
#[derive(Clone, Copy, Debug)]
pub struct Permit<'p, R> {
    peer: &'p Peer,
    standing: Standing,
    right: PhantomData<R>,
}

/// Checks that a caller has the right `R`.
///
/// # Errors
/// `NotPermitted`, with the right that is missing and who can grant it.
pub fn authorise<R: right::Needed>(standing: Standing, peer: &Peer) -> Result<Permit<'_, R>, ServiceError> {
    if standing.rights.contains(R::RIGHT) {
        return Ok(Permit { peer, standing, right: PhantomData });
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
        self.peer.actor()
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
