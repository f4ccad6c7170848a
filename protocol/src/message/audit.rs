//! Reading and checking the audit.

use super::form;
use crate::term::{AuditFault, AuditHead, AuditRow};
use serde::{Deserialize, Serialize};

/// Asks for rows in the order of their revisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditList {
    /// The last revision of the page before; 0 for the first page.
    pub after: u64,
    /// Rows wanted: 1 to [`MAX_PAGE_ITEMS`](crate::limit::MAX_PAGE_ITEMS).
    pub limit: u16,
}

/// Some rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    /// The rows, in the order of their revisions.
    #[serde(with = "form::rows")]
    pub rows: Vec<AuditRow>,
    /// What to give as `after` for the next page.
    pub next: Option<u64>,
}

/// Asks for a check of the whole chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditVerify {
    /// A head that was seen before and must still be a row of the chain.
    #[serde(with = "form::optional_head")]
    pub known_head: Option<AuditHead>,
}

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditReport {
    /// Rows that are as they were written.
    pub rows: u64,
    /// The chain's end as stored.
    #[serde(with = "form::AuditHead")]
    pub head: AuditHead,
    /// The first thing that is wrong.
    #[serde(with = "form::optional_fault")]
    pub fault: Option<AuditFault>,
}
