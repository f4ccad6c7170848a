//! How the terms are encoded in messages.
//!
//! Each form lists the variants and fields of a [term](crate::term) in wire order, which is never edited. When
//! a term grows, nothing compiles until its form is decided.

use super::sequence;
use crate::key::KeyId;
use crate::name::UserId;
use crate::term;
use crate::time::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(remote = "term::KeyState")]
pub(super) enum KeyState {
    Active,
    Revoked {
        #[serde(with = "RevocationCause")]
        cause: term::RevocationCause,
        at: Timestamp,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "term::RevocationCause")]
pub(super) enum RevocationCause {
    Deleted,
    Replaced,
    CredentialsChanged,
    UserDeleted,
    Expired,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "term::SaveMode")]
pub(super) enum SaveMode {
    Add,
    Replace,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "term::CredentialsCause")]
pub(super) enum CredentialsCause {
    Change,
    Reset,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "term::Actor")]
pub(super) enum Actor {
    Daemon,
    Peer { uid: u32, gid: u32, pid: u32 },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "term::AuditEvent")]
pub(super) enum AuditEvent {
    StoreCreated,
    KeyAdded {
        key_id: KeyId,
        user: UserId,
    },
    KeyReplaced {
        key_id: KeyId,
        replaced: KeyId,
        user: UserId,
    },
    KeyDeleted {
        key_id: KeyId,
        user: UserId,
    },
    CredentialsChanged {
        key_id: KeyId,
        user: UserId,
        #[serde(with = "CredentialsCause")]
        cause: term::CredentialsCause,
    },
    UserDeleted {
        key_id: KeyId,
        user: UserId,
    },
    KeyExpired {
        key_id: KeyId,
        user: UserId,
    },
    RecordPurged {
        key_id: KeyId,
    },
    PolicyLoaded {
        rows: u32,
        hash: [u8; 32],
    },
    BackupTaken,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "term::AuditRow")]
pub(super) struct AuditRow {
    revision: u64,
    at: Timestamp,
    #[serde(with = "Actor")]
    actor: term::Actor,
    #[serde(with = "AuditEvent")]
    event: term::AuditEvent,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "term::AuditHead")]
pub(super) struct AuditHead {
    revision: u64,
    mac: [u8; 32],
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "term::AuditFault")]
pub(super) enum AuditFault {
    Missing { revision: u64 },
    Altered { revision: u64 },
    HeadAltered,
    KnownHeadLost { revision: u64 },
    RevocationUndone { revision: u64 },
}

// Where an option or a sequence contains a term, its form needs a type of its own.

#[derive(Serialize, Deserialize)]
struct Head(#[serde(with = "AuditHead")] term::AuditHead);

#[derive(Serialize, Deserialize)]
struct Fault(#[serde(with = "AuditFault")] term::AuditFault);

#[derive(Serialize)]
struct RowRef<'a>(#[serde(serialize_with = "AuditRow::serialize")] &'a term::AuditRow);

#[derive(Deserialize)]
struct Row(#[serde(with = "AuditRow")] term::AuditRow);

/// `Option<AuditHead>`.
pub(super) mod optional_head {
    use super::{Deserialize, Deserializer, Head, Serialize, Serializer, term};

    #[expect(clippy::ref_option, reason = "the signature that serde calls")]
    pub(in crate::message) fn serialize<S: Serializer>(
        head: &Option<term::AuditHead>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        head.map(Head).serialize(serializer)
    }

    pub(in crate::message) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<term::AuditHead>, D::Error> {
        Ok(Option::deserialize(deserializer)?.map(|Head(head)| head))
    }
}

/// `Option<AuditFault>`.
pub(super) mod optional_fault {
    use super::{Deserialize, Deserializer, Fault, Serialize, Serializer, term};

    #[expect(clippy::ref_option, reason = "the signature that serde calls")]
    pub(in crate::message) fn serialize<S: Serializer>(
        fault: &Option<term::AuditFault>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        fault.map(Fault).serialize(serializer)
    }

    pub(in crate::message) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<term::AuditFault>, D::Error> {
        Ok(Option::deserialize(deserializer)?.map(|Fault(fault)| fault))
    }
}

/// `Vec<AuditRow>`: at most [`MAX_PAGE_ITEMS`](crate::limit::MAX_PAGE_ITEMS).
pub(super) mod rows {
    use super::{Deserializer, Row, RowRef, Serializer, sequence, term};

    pub(in crate::message) fn serialize<S: Serializer>(
        rows: &[term::AuditRow],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(rows.iter().map(RowRef))
    }

    pub(in crate::message) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<term::AuditRow>, D::Error> {
        Ok(sequence::page(deserializer)?.into_iter().map(|Row(row)| row).collect())
    }
}

/// A key as text, which only `Generated` carries.
pub(super) mod key_text {
    use crate::key::ApiKey;
    use core::fmt;
    use serde::de::{self, Deserializer, Visitor};
    use serde::ser::Serializer;

    pub(in super::super) fn serialize<S: Serializer>(key: &ApiKey, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(key.expose())
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<ApiKey, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = ApiKey;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the text of a key")
            }
            // Only a borrowed or transient `&str` is accepted: no owned copy of the secret is made.
            fn visit_str<E: de::Error>(self, text: &str) -> Result<ApiKey, E> {
                ApiKey::parse(text.as_bytes()).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}
