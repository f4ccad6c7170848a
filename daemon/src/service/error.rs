//! What a request is told when it fails.

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
