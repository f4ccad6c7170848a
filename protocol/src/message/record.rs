//! What the daemon reveals of a key: never its secret, never a hash of it.

use super::{form, sequence};
use crate::key::KeyId;
use crate::limit::MAX_PAGE_ITEMS;
use crate::name::{Label, UserId};
use crate::term::KeyState;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A saved key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// The key's id.
    pub key_id: KeyId,
    /// The key's owner.
    pub user: UserId,
    /// A person's note on the key.
    pub label: Option<Label>,
    /// When it was saved.
    pub created_at: Timestamp,
    /// The uid that generated and saved it.
    pub created_by: u32,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// When it was last accepted, accurate to a minute.
    pub last_used_at: Option<Timestamp>,
    /// Whether it is active or revoked.
    #[serde(with = "form::KeyState")]
    pub state: KeyState,
}

/// Requests the active key of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RetrieveUser {
    /// The user.
    pub user: UserId,
}

impl RetrieveUser {
    /// Requests the active key of this user.
    #[must_use]
    pub const fn new(user: UserId) -> Self {
        Self { user }
    }
}

/// Requests a key, active or revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RetrieveKey {
    /// The key.
    pub key_id: KeyId,
}

impl RetrieveKey {
    /// Requests this key.
    #[must_use]
    pub const fn new(key_id: KeyId) -> Self {
        Self { key_id }
    }
}

/// Requests saved keys, ordered by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct List {
    /// The last id of the previous page.
    pub after: Option<KeyId>,
    /// Records wanted: 1 to [`MAX_PAGE_ITEMS`].
    pub limit: u16,
    /// Whether to include revoked keys.
    pub include_revoked: bool,
}

impl List {
    /// Requests the first page of active keys, with the maximum number of keys.
    #[must_use]
    pub const fn new() -> Self {
        Self { after: None, limit: MAX_PAGE_ITEMS, include_revoked: false }
    }

    /// Requests the page after this key.
    #[must_use]
    pub fn after(mut self, key_id: impl Into<Option<KeyId>>) -> Self {
        self.after = key_id.into();
        self
    }

    /// Requests at most this many keys.
    #[must_use]
    pub const fn limit(mut self, keys: u16) -> Self {
        self.limit = keys;
        self
    }

    /// Sets whether to include revoked keys.
    #[must_use]
    pub const fn include_revoked(mut self, include: bool) -> Self {
        self.include_revoked = include;
        self
    }
}

impl Default for List {
    fn default() -> Self {
        Self::new()
    }
}

/// Some saved keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPage {
    /// The keys, ordered by id. Any page may be short or empty; only `next` marks the last one.
    #[serde(deserialize_with = "sequence::page")]
    pub keys: Vec<KeyRecord>,
    /// The value of `after` for the next page; none on the last page.
    pub next: Option<KeyId>,
}
