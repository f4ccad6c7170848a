//! The states of a key, and the events in its life.

use crate::time::Timestamp;

/// Whether a key is active or revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It is valid, unless it has expired.
    Active,
    /// It is permanently invalid.
    Revoked {
        /// Why.
        cause: RevocationCause,
        /// When it was revoked.
        at: Timestamp,
    },
}

impl KeyState {
    /// The state, at a given time, of a key stored in this state: an active key expires at its instant, whether
    /// or not that has been recorded yet.
    #[must_use]
    #[inline]
    pub const fn at(self, expires_at: Option<Timestamp>, now: Timestamp) -> Self {
        match (self, expires_at) {
            (Self::Active, Some(at)) if at.has_come(now) => {
                Self::Revoked { cause: RevocationCause::Expired, at }
            }
            (state, _) => state,
        }
    }
}

/// Why a key was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RevocationCause {
    /// It was deleted by its id.
    Deleted,
    /// Another key replaced it.
    Replaced,
    /// The user's password was changed or reset.
    CredentialsChanged,
    /// The user's account was deleted.
    UserDeleted,
    /// It expired.
    Expired,
}

impl RevocationCause {
    /// A name for people and for `--json`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Replaced => "replaced",
            Self::CredentialsChanged => "credentials-changed",
            Self::UserDeleted => "user-deleted",
            Self::Expired => "expired",
        }
    }
}

impl core::fmt::Display for RevocationCause {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(self.name())
    }
}

/// How a draft becomes active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveMode {
    /// The user must have no active key.
    Add,
    /// The user must have one, which is revoked in the same step.
    Replace,
}

/// What happened to a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialsCause {
    /// The user changed it.
    Change,
    /// It was reset, by the user or by somebody else.
    Reset,
}
