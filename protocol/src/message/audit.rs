//! The audit: one row for each change, chained.

use super::lifecycle::CredentialsCause;
use super::sequence;
use crate::key::KeyId;
use crate::name::UserId;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Asks for rows in the order of their revisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditList {
    /// The last revision of the page before; 0 for the first page.
    pub after: u64,
    /// Rows wanted: 1 to [`MAX_PAGE_ITEMS`](crate::limit::MAX_PAGE_ITEMS).
    pub limit: u16,
}

/// Some rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    /// The rows, in the order of their revisions.
    #[serde(deserialize_with = "sequence::page")]
    pub rows: Vec<AuditRow>,
    /// What to give as `after` for the next page.
    pub next: Option<u64>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// The change's number: 1 for the first of a store, without gaps.
    pub revision: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What.
    pub event: AuditEvent,
}

/// Who made a change, as the kernel said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Actor {
    /// The daemon by itself: expiry, retention, a reload by signal.
    Daemon,
    /// A process at the other end of the socket.
    Peer {
        /// Its user.
        uid: u32,
        /// Its group.
        gid: u32,
        /// Its process, as a remark: numbers are used again.
        pid: u32,
    },
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuditEvent {
    /// The store was made; the first row of every chain.
    StoreCreated,
    /// A key became active.
    KeyAdded {
        /// The key.
        key_id: KeyId,
        /// Whose.
        user: UserId,
    },
    /// A key became active in the place of another.
    KeyReplaced {
        /// The new key.
        key_id: KeyId,
        /// The key that ended.
        replaced: KeyId,
        /// Whose.
        user: UserId,
    },
    /// A key ended by its id.
    KeyDeleted {
        /// The key.
        key_id: KeyId,
        /// Whose.
        user: UserId,
    },
    /// A key ended with its user's password.
    CredentialsChanged {
        /// The key.
        key_id: KeyId,
        /// Whose.
        user: UserId,
        /// What happened to the password.
        cause: CredentialsCause,
    },
    /// A key ended with its user's account.
    UserDeleted {
        /// The key.
        key_id: KeyId,
        /// Whose.
        user: UserId,
    },
    /// A key ended at its date.
    KeyExpired {
        /// The key.
        key_id: KeyId,
        /// Whose.
        user: UserId,
    },
    /// The record of an ended key was removed after the retention time.
    RecordPurged {
        /// The key.
        key_id: KeyId,
    },
    /// Another policy table is in force.
    PolicyLoaded {
        /// Rows of the table.
        rows: u32,
        /// BLAKE3 of the file.
        hash: [u8; 32],
    },
    /// A copy of the database was handed out.
    BackupTaken,
}

impl AuditEvent {
    /// A name for people and for `--json`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::StoreCreated => "store-created",
            Self::KeyAdded { .. } => "key-added",
            Self::KeyReplaced { .. } => "key-replaced",
            Self::KeyDeleted { .. } => "key-deleted",
            Self::CredentialsChanged { .. } => "credentials-changed",
            Self::UserDeleted { .. } => "user-deleted",
            Self::KeyExpired { .. } => "key-expired",
            Self::RecordPurged { .. } => "record-purged",
            Self::PolicyLoaded { .. } => "policy-loaded",
            Self::BackupTaken => "backup-taken",
        }
    }
}

/// The end of a chain. Kept elsewhere, it shows later that rows at the end are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    /// The last row's revision.
    pub revision: u64,
    /// The last row's keyed hash.
    pub mac: [u8; 32],
}

/// Asks for a check of the whole chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditVerify {
    /// A head that was seen before and must still be a row of the chain.
    pub known_head: Option<AuditHead>,
}

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditReport {
    /// Rows that are as they were written.
    pub rows: u64,
    /// The chain's end as stored.
    pub head: AuditHead,
    /// The first thing that is wrong.
    pub fault: Option<AuditFault>,
}

/// What is wrong with a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuditFault {
    /// No row has this revision, though later ones exist or the head says so.
    Missing {
        /// The revision.
        revision: u64,
    },
    /// The row is not the one that was written there.
    Altered {
        /// The revision.
        revision: u64,
    },
    /// The head is not the hash of the last row.
    HeadAltered,
    /// The head that the caller remembers is not a row of this chain: rows at the end were cut off, or
    /// another database file was put here.
    KnownHeadLost {
        /// The revision that the caller remembers.
        revision: u64,
    },
    /// The chain is whole, but the key that this row ended is stored as active: an older record was put back.
    RevocationUndone {
        /// The revision of the row.
        revision: u64,
    },
}
