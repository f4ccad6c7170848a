//! Changes of the store, as values. Nothing else changes it.

use super::record::KeyRecord;
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::term::{Actor, AuditEvent, CredentialsCause, RevocationCause};
use apikeyd_protocol::time::Timestamp;

/// One change: one revision of the store and one row of the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When it was decided.
    pub at: Timestamp,
    /// Who asked for it.
    pub actor: Actor,
    /// What it does.
    pub action: Action,
}

/// What a change does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The store is created. Always the first change, and only the first.
    CreateStore,
    /// A key becomes its user's active key.
    Add(KeyRecord),
    /// A key becomes its user's active key, and the previous one is revoked.
    Replace {
        /// The new key.
        record: KeyRecord,
        /// The key that is revoked, which the record names too.
        replaced: KeyId,
    },
    /// An active key is revoked.
    Revoke {
        /// The key.
        key_id: KeyId,
        /// Its owner.
        user: UserId,
        /// Why.
        cause: Trigger,
        /// When it was revoked: the time of the change, or of the expiry.
        revoked_at: Timestamp,
    },
    /// The record of a revoked key is removed.
    Purge {
        /// The key.
        key_id: KeyId,
    },
    /// Another policy table is put in force.
    LoadPolicy {
        /// Its rows.
        rows: u32,
        /// BLAKE3 of its text.
        hash: [u8; 32],
    },
    /// A copy of the store is about to be handed over.
    TakeBackup,
}

/// Why an active key is revoked, other than by replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Deleted by its id.
    Deleted,
    /// The user's password was changed or reset.
    CredentialsChanged(CredentialsCause),
    /// The user's account was deleted.
    UserDeleted,
    /// It expired.
    Expired,
}

impl Trigger {
    /// The cause as recorded.
    #[must_use]
    pub const fn reason(self) -> RevocationCause {
        match self {
            Self::Deleted => RevocationCause::Deleted,
            Self::CredentialsChanged(_) => RevocationCause::CredentialsChanged,
            Self::UserDeleted => RevocationCause::UserDeleted,
            Self::Expired => RevocationCause::Expired,
        }
    }
}

impl Change {
    /// The audit event.
    #[must_use]
    pub fn event(&self) -> AuditEvent {
        match &self.action {
            Action::CreateStore => AuditEvent::StoreCreated,
            Action::Add(record) => AuditEvent::KeyAdded { key_id: record.key_id, user: record.user.clone() },
            Action::Replace { record, replaced } => AuditEvent::KeyReplaced {
                key_id: record.key_id,
                replaced: *replaced,
                user: record.user.clone(),
            },
            Action::Revoke { key_id, user, cause, .. } => ended(*key_id, user.clone(), *cause),
            Action::Purge { key_id } => AuditEvent::RecordPurged { key_id: *key_id },
            Action::LoadPolicy { rows, hash } => AuditEvent::PolicyLoaded { rows: *rows, hash: *hash },
            Action::TakeBackup => AuditEvent::BackupTaken,
        }
    }
}

const fn ended(key_id: KeyId, user: UserId, cause: Trigger) -> AuditEvent {
    match cause {
        Trigger::Deleted => AuditEvent::KeyDeleted { key_id, user },
        Trigger::CredentialsChanged(cause) => AuditEvent::CredentialsChanged { key_id, user, cause },
        Trigger::UserDeleted => AuditEvent::UserDeleted { key_id, user },
        Trigger::Expired => AuditEvent::KeyExpired { key_id, user },
    }
}
