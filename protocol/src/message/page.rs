//! What a client that caches and the daemon tell each other.

use super::sequence;
use crate::key::KeyId;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The revocation page. The answer's frame carries its descriptor (SCM_RIGHTS), open for reading only; see
/// [`page`](crate::page).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageReady {
    /// The daemon's CLOCK_MONOTONIC, in nanoseconds, while it answered. A client whose own clock did not pass
    /// this point between its question and the answer lives in another time namespace: it cannot judge the
    /// lease and must not use the page.
    pub monotonic_ns: u64,
    /// Bytes of the page: [`BYTES`](crate::page::BYTES). A client that expects another number must not use it.
    pub bytes: u64,
    /// The edition of the rules by which the daemon matches operations against its table. A client may judge
    /// an operation by itself only if it follows the same ones.
    pub policy_rules: u32,
}

/// Tells when keys were last accepted from a cache. The daemon notes it as if it had been asked; it passes
/// over keys that it does not know, and takes a time that is yet to come for the present.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReportUses {
    /// At most [`MAX_USES`](crate::limit::MAX_USES), in any order.
    #[serde(deserialize_with = "sequence::uses")]
    pub uses: Vec<KeyUse>,
}

impl ReportUses {
    /// These uses, at most [`MAX_USES`](crate::limit::MAX_USES).
    #[must_use]
    pub const fn new(uses: Vec<KeyUse>) -> Self {
        Self { uses }
    }
}

/// When one key was last accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KeyUse {
    /// The key.
    pub key_id: KeyId,
    /// When.
    pub at: Timestamp,
}

impl KeyUse {
    /// Of this key, at this time.
    #[must_use]
    pub const fn new(key_id: KeyId, at: Timestamp) -> Self {
        Self { key_id, at }
    }
}
