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

/// Who made a change, according to the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The daemon itself: expiry, retention, a reload by signal.
    Daemon,
    /// A process at the other end of the socket.
    Peer {
        /// Its user.
        uid: u32,
        /// Its group.
        gid: u32,
        /// Its process, for information: process ids are reused.
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
    /// A key became active in place of another.
    KeyReplaced {
        /// The new key.
        key_id: KeyId,
        /// The key that was revoked.
        replaced: KeyId,
        /// Whose.
        user: UserId,
    },
    /// A key was revoked by its id.
    KeyDeleted {
        /// The key.
        key_id: KeyId,
        /// Whose.
        user: UserId,
    },
    /// A key was revoked because the user's password changed.
    CredentialsChanged {
        /// The key.
        key_id: KeyId,
        /// Whose.
        user: UserId,
        /// What happened to the password.
        cause: CredentialsCause,
    },
    /// A key was revoked because the user's account was deleted.
    UserDeleted {
        /// The key.
        key_id: KeyId,
        /// Whose.
        user: UserId,
    },
    /// A key was revoked at its expiry.
    KeyExpired {
        /// The key.
        key_id: KeyId,
        /// Whose.
        user: UserId,
    },
    /// The record of a revoked key was removed after the retention time.
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

/// The end of a chain. Kept elsewhere, it later shows whether rows at the end are missing.
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
    /// No row has this revision, although later ones exist or the head says so.
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
    /// The head that the caller remembers is not a row of this chain: rows at the end were cut off, or another
    /// database file was put in place.
    KnownHeadLost {
        /// The revision that the caller remembers.
        revision: u64,
    },
    /// The chain is intact, but the key that this row revoked is stored as active: an older record was put
    /// back.
    RevocationUndone {
        /// The revision of the row.
        revision: u64,
    },
}
