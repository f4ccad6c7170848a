//! The verdict on a key, owned.

use crate::error::ProtocolError;
use apikeyd_protocol::key::{KeyFormatError, KeyId};
use apikeyd_protocol::message::{self as wire, Freshness};
use apikeyd_protocol::name::{Label, UserId};
use apikeyd_protocol::term::RevocationCause;
use apikeyd_protocol::time::Timestamp;

/// Whether to let the caller in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a key that was not looked at is not a key that was accepted"]
pub enum Verdict {
    /// The key is good, and so is the operation if one was given.
    Valid(ValidKey),
    /// Do not let the caller in.
    Refused(Refusal),
}

/// Whose key it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidKey {
    /// The user.
    pub user: UserId,
    /// The key's id.
    pub key_id: KeyId,
    /// The key's label, if it has one.
    pub label: Option<Label>,
    /// When the key ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// Why a key was not accepted. Without the `inspect` right every reason that tells something about a key
/// that the caller does not hold reads `Invalid`.
///
/// `Display` gives a sentence for logs; tell the holder of the key no more than "refused" unless the key was
/// good and the operation was not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The text is not a key. Found here: the daemon was not asked.
    #[error("{0}")]
    Malformed(KeyFormatError),
    /// The key is unknown, wrong or ended.
    #[error("the key is not valid")]
    Invalid,
    /// No key of that id was ever saved.
    #[error("no key of that id was ever saved")]
    UnknownKey,
    /// The key of that id is a draft that nobody saved.
    #[error("the key was generated and not saved")]
    NotSaved,
    /// The id is known, the secret is another one.
    #[error("the key's secret is another one")]
    WrongSecret,
    /// The key was good once.
    #[error("the key has ended: {0}")]
    Revoked(RevocationCause),
    /// The record's bytes on disk are not what the daemon wrote.
    #[error("the key's record is damaged: restore the database from a backup")]
    Damaged,
    /// The key is good and the policy table denies the operation; the name of the row, empty for the
    /// table's default.
    #[error("the operation may not be done with an API key{}", named(.0))]
    OperationDenied(String),
    /// The key is good and the operation has no single meaning; the reason in words.
    #[error("the operation has no single meaning: {0}")]
    OperationAmbiguous(String),
}

impl Verdict {
    /// The valid key, if it is one.
    #[must_use]
    pub const fn valid(&self) -> Option<&ValidKey> {
        match self {
            Self::Valid(key) => Some(key),
            Self::Refused(_) => None,
        }
    }
}

impl Refusal {
    /// A name for programs and for `--json`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Invalid => "invalid",
            Self::UnknownKey => "unknown-key",
            Self::NotSaved => "not-saved",
            Self::WrongSecret => "wrong-secret",
            Self::Revoked(_) => "ended",
            Self::Damaged => "damaged",
            Self::OperationDenied(_) => "operation-denied",
            Self::OperationAmbiguous(_) => "operation-ambiguous",
        }
    }
}

/// A verdict, and what must stand for it to be used again; nothing for a refusal.
pub(crate) struct Judged {
    pub(crate) verdict: Verdict,
    pub(crate) freshness: Option<Freshness>,
}

impl TryFrom<wire::Verdict<'_>> for Judged {
    type Error = ProtocolError;

    fn try_from(verdict: wire::Verdict<'_>) -> Result<Self, ProtocolError> {
        Ok(match verdict {
            wire::Verdict::Valid(key) => Self {
                verdict: Verdict::Valid(ValidKey {
                    user: UserId::parse(key.user)?,
                    key_id: key.key_id,
                    label: key.label.map(Label::parse).transpose()?,
                    expires_at: key.expires_at,
                }),
                freshness: Some(key.freshness),
            },
            wire::Verdict::Refused(refusal) => {
                Self { verdict: Verdict::Refused(refusal.into()), freshness: None }
            }
        })
    }
}

impl From<wire::Refusal<'_>> for Refusal {
    fn from(refusal: wire::Refusal<'_>) -> Self {
        match refusal {
            wire::Refusal::Invalid => Self::Invalid,
            wire::Refusal::UnknownKey => Self::UnknownKey,
            wire::Refusal::NotSaved => Self::NotSaved,
            wire::Refusal::WrongSecret => Self::WrongSecret,
            wire::Refusal::Revoked(reason) => Self::Revoked(reason),
            wire::Refusal::Damaged => Self::Damaged,
            wire::Refusal::OperationDenied(row) => Self::OperationDenied(row.into()),
            wire::Refusal::OperationAmbiguous(reason) => Self::OperationAmbiguous(reason.into()),
        }
    }
}

fn named(row: &str) -> String {
    if row.is_empty() { String::new() } else { format!(": {row}") }
}
