//! Why a request fails.

use apikeyd_keystore::StoreError;
use apikeyd_keystore::domain::Refusal;

/// The kind of failure. `dispatch::serve` maps each to a wire status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The body is not the request that its opcode promises.
    BadRequest,
    /// No operation has this opcode.
    UnknownOpcode,
    /// The caller lacks the right, or the draft belongs to another caller.
    NotPermitted,
    /// There is no such user, key, draft or page.
    NotFound,
    /// The user already has an active key, or the key was saved in the other mode.
    Conflict,
    /// An argument is well-formed but impossible.
    InvalidArgument,
    /// The policy file or the configuration has faults.
    InvalidConfiguration,
    /// A limit is reached at the moment.
    Busy,
    /// The disk is full or failing.
    StorageUnavailable,
    /// Stored bytes are not what the daemon wrote.
    Damaged,
    /// The daemon is shutting down.
    ShuttingDown,
    /// A fault in the daemon.
    Internal,
}

/// The form used in the log.
impl core::fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(match self {
            Self::BadRequest => "bad-request",
            Self::UnknownOpcode => "unknown-opcode",
            Self::NotPermitted => "not-permitted",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::InvalidArgument => "invalid-argument",
            Self::InvalidConfiguration => "invalid-configuration",
            Self::Busy => "busy",
            Self::StorageUnavailable => "storage-unavailable",
            Self::Damaged => "damaged",
            Self::ShuttingDown => "shutting-down",
            Self::Internal => "internal",
        })
    }
}

/// A failed request: its kind and a sentence for the caller, and the cause for the log.
#[derive(Debug, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct ServiceError {
    /// What programs use.
    pub kind: ErrorKind,
    /// One sentence for people, with what to do. It contains nothing that the caller may not know.
    pub message: String,
    /// The underlying cause; only for the log.
    #[source]
    pub source: Option<Box<dyn core::error::Error + Send + Sync>>,
}

impl ServiceError {
    /// A failure without an underlying cause.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// Work that was abandoned because its caller is gone. Nobody reads it.
    #[must_use]
    pub(crate) fn abandoned() -> Self {
        Self::new(ErrorKind::Busy, "the caller is gone, and the work was abandoned")
    }

    /// A failure with its underlying cause.
    #[must_use]
    pub fn caused(
        kind: ErrorKind,
        message: impl Into<String>,
        source: impl core::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self { kind, message: message.into(), source: Some(Box::new(source)) }
    }
}

/// How the keystore's errors appear to a caller.
impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        let (kind, message) = match &error {
            StoreError::Unavailable { .. } => (
                ErrorKind::StorageUnavailable,
                "the daemon's disk is full or failing: validation continues, and changes are refused until it is \
                 repaired; ask again later",
            ),
            StoreError::NoCopy(_) => (
                ErrorKind::StorageUnavailable,
                "the copy cannot be written in the daemon's state directory, for want of room or of descriptors; \
                 nothing else is affected: make room and ask again",
            ),
            StoreError::Damaged(_) => (
                ErrorKind::Damaged,
                "what is stored is not what the daemon wrote: an administrator should look at the daemon's \
                 journal and restore a backup",
            ),
            StoreError::Abandoned => return Self::abandoned(),
            StoreError::Busy => (ErrorKind::Busy, "too many changes wait for the disk; ask again later"),
            StoreError::Closed => {
                (ErrorKind::ShuttingDown, "the daemon is shutting down; ask again when it is back")
            }
        };
        Self::caused(kind, message, error)
    }
}

/// How refusals by the rules appear to a caller.
impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        let kind = match refusal {
            Refusal::NoDraft(_) | Refusal::NoKey(_) | Refusal::NoActiveKey => ErrorKind::NotFound,
            Refusal::HasActiveKey { .. } | Refusal::SavedOtherwise { .. } => ErrorKind::Conflict,
            Refusal::OtherCallers { .. } => ErrorKind::NotPermitted,
            Refusal::ExpiryPassed | Refusal::ExpiryTooFar => ErrorKind::InvalidArgument,
            Refusal::TooManyDrafts { .. } | Refusal::ShareFull { .. } => ErrorKind::Busy,
        };
        Self::new(kind, refusal.to_string())
    }
}
