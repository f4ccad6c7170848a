//! The daemon's verdict on a key, owned.

use crate::error::ProtocolError;
use apikeyd_protocol::key::{KeyFormatError, KeyId};
use apikeyd_protocol::message::{self as wire, Freshness};
use apikeyd_protocol::name::{Label, UserId};
use apikeyd_protocol::term::RevocationCause;
use apikeyd_protocol::time::Timestamp;

/// The verdict on a key, and on an operation if one was given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "let the holder of the key in only if the verdict is `Valid`"]
pub enum Verdict {
    /// The key is valid, and the operation is allowed if one was given.
    Valid(ValidKey),
    /// The key is not valid, or the operation is not allowed: do not let its holder in.
    Refused(Refusal),
}

/// A valid key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidKey {
    /// Whose key it is.
    pub user: UserId,
    /// The key's id.
    pub key_id: KeyId,
    /// The key's label, if it has one.
    pub label: Option<Label>,
    /// When the key expires, if it does.
    pub expires_at: Option<Timestamp>,
}

/// Why a key or an operation was refused. A process without the right `inspect` gets `Invalid` for every reason that would
/// tell something about a key that it does not hold.
///
/// `Display` gives a sentence for logs. Tell the holder of the key no more than "refused", unless the key is valid and the
/// operation is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The text is not a key. The daemon was not asked.
    #[error("{0}")]
    Malformed(KeyFormatError),
    /// The key is unknown, wrong or revoked.
    #[error("the key is not valid")]
    Invalid,
    /// No key of that id was ever saved.
    #[error("no key of that id was ever saved")]
    UnknownKey,
    /// The key of that id is a draft that nobody saved.
    #[error("the key was generated and not saved")]
    NotSaved,
    /// The id is that of a saved key; the secret is not.
    #[error("the key's secret is wrong")]
    WrongSecret,
    /// The key was revoked or has expired.
    #[error("the key is revoked: {0}")]
    Revoked(RevocationCause),
    /// The record's bytes on disk are not what the daemon wrote.
    #[error("the key's record is damaged: restore the database from a backup")]
    Damaged,
    /// The key is valid and the policy table denies the operation; the name of the row, empty for the
    /// table's default.
    #[error("the policy denies the operation{}", named(.0))]
    OperationDenied(String),
    /// The key is valid and the operation is ambiguous; the reason in words.
    #[error("the operation is ambiguous: {0}")]
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

/// A verdict, and the daemon's numbers while which it is fresh; none for a refusal.
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
