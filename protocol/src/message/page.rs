//! What a client that caches and the daemon exchange.

use super::sequence;
use crate::key::KeyId;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The revocation page. The answer's frame carries its descriptor (SCM_RIGHTS), open for reading only; see
/// [`page`](crate::page).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageReady {
    /// The daemon's CLOCK_MONOTONIC, in nanoseconds, while it answered. A client whose own clock did not pass
    /// this point between request and answer is in another time namespace: it cannot judge the lease and must
    /// not use the page.
    pub monotonic_ns: u64,
    /// Bytes of the page: [`BYTES`](crate::page::BYTES). A client that expects another number must not use it.
    pub bytes: u64,
    /// The edition of the rules by which the daemon matches operations against its table. A client may judge an
    /// operation itself only if it implements the same edition.
    pub policy_rules: u32,
}

/// Reports when a cache last accepted keys. The daemon records this as if it had been asked; it skips keys that
/// it does not know, and treats a time in the future as now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReportUses {
    /// At most [`MAX_USES`](crate::limit::MAX_USES), in any order.
    #[serde(deserialize_with = "sequence::uses")]
    pub uses: Vec<KeyUse>,
}

impl ReportUses {
    /// Reports these uses, at most [`MAX_USES`](crate::limit::MAX_USES).
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
    /// A use of this key at this time.
    #[must_use]
    pub const fn new(key_id: KeyId, at: Timestamp) -> Self {
        Self { key_id, at }
    }
}
