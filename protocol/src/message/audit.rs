//! Reading and verifying the audit.

use super::form;
use crate::limit::MAX_PAGE_ITEMS;
use crate::term::{AuditFault, AuditHead, AuditRow};
use serde::{Deserialize, Serialize};

/// Requests rows in the order of their revisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditList {
    /// The last revision of the previous page; 0 for the first page.
    pub after: u64,
    /// Rows wanted: 1 to [`MAX_PAGE_ITEMS`].
    pub limit: u16,
}

impl AuditList {
    /// Requests the first page, with the maximum number of rows.
    #[must_use]
    pub const fn new() -> Self {
        Self { after: 0, limit: MAX_PAGE_ITEMS }
    }

    /// Requests the page after this revision.
    #[must_use]
    pub const fn after(mut self, revision: u64) -> Self {
        self.after = revision;
        self
    }

    /// Requests at most this many rows.
    #[must_use]
    pub const fn limit(mut self, rows: u16) -> Self {
        self.limit = rows;
        self
    }
}

impl Default for AuditList {
    fn default() -> Self {
        Self::new()
    }
}

/// Some rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    /// The rows, in the order of their revisions.
    #[serde(with = "form::rows")]
    pub rows: Vec<AuditRow>,
    /// The value of `after` for the next page; none on the last page.
    pub next: Option<u64>,
}

/// Requests verification of the whole chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditVerify {
    /// A head that was seen earlier and must still be a row of the chain.
    #[serde(with = "form::optional_head")]
    pub known_head: Option<AuditHead>,
}

impl AuditVerify {
    /// Verifies the chain alone.
    #[must_use]
    pub const fn new() -> Self {
        Self { known_head: None }
    }

    /// Also verifies that a head seen earlier is still in it.
    #[must_use]
    pub fn known_head(mut self, head: impl Into<Option<AuditHead>>) -> Self {
        self.known_head = head.into();
        self
    }
}

/// The outcome of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditReport {
    /// The number of rows, from the first, that are as they were written.
    pub rows: u64,
    /// The chain's end as stored.
    #[serde(with = "form::AuditHead")]
    pub head: AuditHead,
    /// The first fault found.
    #[serde(with = "form::optional_fault")]
    pub fault: Option<AuditFault>,
}
