//! The life of a key: generate, save, revoke.

use super::form;
use super::record::KeyRecord;
use crate::key::{ApiKey, KeyId};
use crate::name::{Label, UserId};
use crate::term::{CredentialsCause, RevocationCause, SaveMode};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Requests a draft key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Generate {
    /// The key's owner.
    pub user: UserId,
    /// A person's note on the key.
    pub label: Option<Label>,
    /// When the saved key expires: later than now, at most the end of the year 9999.
    pub expires_at: Option<Timestamp>,
}

impl Generate {
    /// Requests a key for this user, without a label and without an expiry.
    #[must_use]
    pub const fn new(user: UserId) -> Self {
        Self { user, label: None, expires_at: None }
    }

    /// Adds a note for people.
    #[must_use]
    pub fn label(mut self, label: impl Into<Option<Label>>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds an expiry: later than now, at most the end of the year 9999.
    #[must_use]
    pub fn expires_at(mut self, at: impl Into<Option<Timestamp>>) -> Self {
        self.expires_at = at.into();
        self
    }
}

/// A draft. The only message that ever contains a secret.
#[derive(Debug, Serialize, Deserialize)]
pub struct Generated {
    /// The key's id, which identifies the draft.
    pub key_id: KeyId,
    /// The key, which is shown here and nowhere else.
    #[serde(with = "form::key_text")]
    pub key: ApiKey,
    /// The draft can be saved until then.
    pub draft_expires_at: Timestamp,
}

/// Makes a draft the user's active key. Idempotent: a repeated request gets the same answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Save {
    /// The draft.
    pub key_id: KeyId,
    /// Whether the user must have no active key or must have one.
    #[serde(with = "form::SaveMode")]
    pub mode: SaveMode,
}

impl Save {
    /// Saves this draft.
    #[must_use]
    pub const fn new(key_id: KeyId, mode: SaveMode) -> Self {
        Self { key_id, mode }
    }
}

/// The draft is, or was already, the user's active key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// The current record; in the answer to a repeated request, the key may have been revoked since.
    pub key: KeyRecord,
    /// The key that it replaced.
    pub replaced: Option<KeyId>,
}

/// Revokes a key, or discards a draft of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Delete {
    /// The key.
    pub key_id: KeyId,
}

impl Delete {
    /// Revokes this key, or discards this draft.
    #[must_use]
    pub const fn new(key_id: KeyId) -> Self {
        Self { key_id }
    }
}

/// The key is no longer valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    /// The key.
    pub key_id: KeyId,
    /// The key's owner.
    pub user: UserId,
    /// What happened.
    pub outcome: DeleteOutcome,
}

/// What a delete found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeleteOutcome {
    /// An active key, revoked by this request.
    Revoked,
    /// A key that was already revoked.
    AlreadyRevoked {
        /// The cause.
        #[serde(with = "form::RevocationCause")]
        cause: RevocationCause,
        /// When it was revoked.
        at: Timestamp,
    },
    /// A draft, now discarded.
    DraftDiscarded,
}

/// The user's password was changed or reset: revokes the active key, discards the draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CredentialsChanged {
    /// The user.
    pub user: UserId,
    /// What happened to the password, for the audit.
    #[serde(with = "form::CredentialsCause")]
    pub cause: CredentialsCause,
}

impl CredentialsChanged {
    /// Reports this change for this user.
    #[must_use]
    pub const fn new(user: UserId, cause: CredentialsCause) -> Self {
        Self { user, cause }
    }
}

/// The user's account was deleted: revokes the active key, discards the draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeleteUser {
    /// The user.
    pub user: UserId,
}

impl DeleteUser {
    /// Reports that this user was deleted.
    #[must_use]
    pub const fn new(user: UserId) -> Self {
        Self { user }
    }
}

/// What an event of a user revoked. Both are none if there was nothing, which is not an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRevoked {
    /// The active key, now revoked.
    pub key_id: Option<KeyId>,
    /// The draft, now discarded.
    pub draft: Option<KeyId>,
}
