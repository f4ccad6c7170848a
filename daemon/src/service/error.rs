//! What a request is told when it fails.

use apikeyd_keystore::StoreError;
use apikeyd_keystore::domain::Refusal;
use apikeyd_protocol::frame::Status;

/// A failed request: a stable status and a sentence for the caller, and the cause for the journal.
#[derive(Debug, thiserror::Error)]
#[error("{status}: {message}")]
pub struct ServiceError {
    /// What programs go by.
    pub status: Status,
    /// One sentence for people, with what to do. Holds nothing that the caller may not know.
    pub message: String,
    /// What went wrong underneath; for the journal only.
    #[source]
    pub source: Option<Box<dyn core::error::Error + Send + Sync>>,
}

impl ServiceError {
    /// A failure without a cause underneath.
    #[must_use]
    pub fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), source: None }
    }

    /// Work that was given up because its caller has gone. Nobody reads it.
    #[must_use]
    pub(crate) fn abandoned() -> Self {
        Self::new(Status::Busy, "the caller has gone, and the work was given up")
    }

    /// A failure with the cause underneath.
    #[must_use]
    pub fn caused(
        status: Status,
        message: impl Into<String>,
        source: impl core::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self { status, message: message.into(), source: Some(Box::new(source)) }
    }
}

/// The one mapping of the store's errors to the wire.
impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        let (status, message) = match &error {
            StoreError::Unavailable { .. } => (
                Status::StorageUnavailable,
                "the daemon's disk is full or failing: validation goes on, and changes are refused until it is \
                 mended; ask again later",
            ),
            StoreError::NoCopy(_) => (
                Status::StorageUnavailable,
                "the copy cannot be written in the daemon's state directory, for want of room or of descriptors; \
                 nothing else is affected: make room and ask again",
            ),
            StoreError::Damaged(_) => (
                Status::Damaged,
                "what is stored is not what the daemon wrote: an administrator should look at the daemon's \
                 journal and restore a backup",
            ),
            StoreError::Abandoned => return Self::abandoned(),
            StoreError::Busy => (Status::Busy, "too many changes wait for the disk; ask again later"),
            StoreError::Closed => {
                (Status::ShuttingDown, "the daemon is about to end; ask again when it is back")
            }
        };
        Self::caused(status, message, error)
    }
}

/// The one mapping of the rules' refusals to the wire.
impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::NoDraft(_) | Refusal::NoKey(_) | Refusal::NoActiveKey => Status::NotFound,
            Refusal::HasActiveKey { .. } | Refusal::SavedOtherwise { .. } => Status::Conflict,
            Refusal::OtherCallers { .. } => Status::NotPermitted,
            Refusal::ExpiryPassed | Refusal::ExpiryTooFar => Status::InvalidArgument,
            Refusal::TooManyDrafts { .. } | Refusal::ShareFull { .. } => Status::Busy,
        };
        Self::new(status, refusal.to_string())
    }
}
