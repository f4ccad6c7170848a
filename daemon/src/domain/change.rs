//! What may happen to the store, as values. Nothing else changes it.

use super::record::KeyRecord;
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::message::{Actor, AuditEvent, CredentialsCause, EndReason};
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::time::Timestamp;

/// One change: one revision of the store and one row of the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When it was decided.
    pub at: Timestamp,
    /// Who asked for it.
    pub actor: Actor,
    /// What it does.
    pub deed: Deed,
}

/// What a change does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// The store comes into being. The first change and never another.
    CreateStore,
    /// A key becomes its user's active key.
    Add(KeyRecord),
    /// A key becomes its user's active key, and the one before it ends.
    Replace {
        /// The new key.
        record: KeyRecord,
        /// The key that ends, the same that the record names.
        replaced: KeyId,
    },
    /// An active key ends.
    End {
        /// The key.
        key_id: KeyId,
        /// Whose it is.
        user: UserId,
        /// Why.
        cause: EndCause,
        /// Since when: the time of the change, or of the expiry.
        ended_at: Timestamp,
    },
    /// The record of an ended key goes.
    Purge {
        /// The key.
        key_id: KeyId,
    },
    /// Another policy table comes into force.
    LoadPolicy {
        /// Its rows.
        rows: u32,
        /// BLAKE3 of its text.
        hash: [u8; 32],
    },
    /// A copy of the store is about to be made.
    TakeBackup,
}

/// Why an active key ends, other than by being replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndCause {
    /// Deleted by its id.
    Deleted,
    /// The user's password was changed or reset.
    CredentialsChanged(CredentialsCause),
    /// The user's account was deleted.
    UserDeleted,
    /// Its date passed.
    Expired,
}

impl EndCause {
    /// The reason as the record keeps it.
    #[must_use]
    pub const fn reason(self) -> EndReason {
        match self {
            Self::Deleted => EndReason::Deleted,
            Self::CredentialsChanged(_) => EndReason::CredentialsChanged,
            Self::UserDeleted => EndReason::UserDeleted,
            Self::Expired => EndReason::Expired,
        }
    }
}

impl Change {
    /// What the audit says of it.
    #[must_use]
    pub fn event(&self) -> AuditEvent {
        match &self.deed {
            Deed::CreateStore => AuditEvent::StoreCreated,
            Deed::Add(record) => AuditEvent::KeyAdded { key_id: record.key_id, user: record.user.clone() },
            Deed::Replace { record, replaced } => AuditEvent::KeyReplaced {
                key_id: record.key_id,
                replaced: *replaced,
                user: record.user.clone(),
            },
            Deed::End { key_id, user, cause, .. } => ended(*key_id, user.clone(), *cause),
            Deed::Purge { key_id } => AuditEvent::RecordPurged { key_id: *key_id },
            Deed::LoadPolicy { rows, hash } => AuditEvent::PolicyLoaded { rows: *rows, hash: *hash },
            Deed::TakeBackup => AuditEvent::BackupTaken,
        }
    }
}

const fn ended(key_id: KeyId, user: UserId, cause: EndCause) -> AuditEvent {
    match cause {
        EndCause::Deleted => AuditEvent::KeyDeleted { key_id, user },
        EndCause::CredentialsChanged(cause) => AuditEvent::CredentialsChanged { key_id, user, cause },
        EndCause::UserDeleted => AuditEvent::UserDeleted { key_id, user },
        EndCause::Expired => AuditEvent::KeyExpired { key_id, user },
    }
}
