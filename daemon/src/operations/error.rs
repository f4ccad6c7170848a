//! Why a request fails.

use apikeyd_keystore::StoreError;
use apikeyd_keystore::domain::Refusal;

/// What kind of failure it is. `dispatch::reply` says which status of the wire each one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The body is not the request of its opcode.
    BadRequest,
    /// There is no operation of this opcode.
    UnknownOpcode,
    /// The caller lacks the right, or the draft belongs to another caller.
    NotPermitted,
    /// There is no such user, key, draft or page.
    NotFound,
    /// The user has an active key already, or the key was saved in the other mode.
    Conflict,
    /// An argument is well-formed and yet impossible.
    InvalidArgument,
    /// The policy file or the configuration has faults.
    InvalidConfiguration,
    /// A limit is reached for the moment.
    Busy,
    /// The disk is full or failing.
    StorageUnavailable,
    /// Stored bytes are not what the daemon wrote.
    Damaged,
    /// The daemon is shutting down.
    ShuttingDown,
    /// A fault of the daemon.
    Internal,
}

/// As in the log.
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
    /// What programs go by.
    pub kind: ErrorKind,
    /// One sentence for people, with what to do. Holds nothing that the caller may not know.
    pub message: String,
    /// What went wrong underneath; for the log only.
    #[source]
    pub source: Option<Box<dyn core::error::Error + Send + Sync>>,
}

impl ServiceError {
    /// A failure without a cause underneath.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// Work that was given up because its caller has gone. Nobody reads it.
    #[must_use]
    pub(crate) fn abandoned() -> Self {
        Self::new(ErrorKind::Busy, "the caller has gone, and the work was given up")
    }

    /// A failure with the cause underneath.
    #[must_use]
    pub fn caused(
        kind: ErrorKind,
        message: impl Into<String>,
        source: impl core::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self { kind, message: message.into(), source: Some(Box::new(source)) }
    }
}

/// What the keystore's errors are to a caller.
impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        let (kind, message) = match &error {
            StoreError::Unavailable { .. } => (
                ErrorKind::StorageUnavailable,
                "the daemon's disk is full or failing: validation goes on, and changes are refused until it is \
                 mended; ask again later",
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
                (ErrorKind::ShuttingDown, "the daemon is about to end; ask again when it is back")
            }
        };
        Self::caused(kind, message, error)
    }
}

/// What the refusals of the rules are to a caller.
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
