//! The audit: one row for each change, chained.

use super::key::CredentialsCause;
use crate::key::KeyId;
use crate::name::UserId;
use crate::time::Timestamp;

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// The last row's revision.
    pub revision: u64,
    /// The last row's keyed hash.
    pub mac: [u8; 32],
}

/// What is wrong with a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
