//! The bodies, one type for each. A released message is never edited: a new form gets a new opcode.
//!
//! A row of [`operation`](crate::operation) says which answer belongs to which request. Any status but `Ok`
//! comes with a [`Failure`].

mod audit;
mod daemon;
mod form;
mod lifecycle;
mod page;
mod policy;
mod record;
mod sequence;
mod validation;

pub use audit::{AuditList, AuditPage, AuditReport, AuditVerify};
pub use daemon::{BackupReady, DaemonStatus, FilesInForce, Reloaded, Statistics, StoreState};
pub use lifecycle::{
    CredentialsChanged, Delete, DeleteOutcome, DeleteUser, Deleted, Generate, Generated, Save, Saved,
    UserRevoked,
};
pub use page::{KeyUse, PageReady, ReportUses};
pub use policy::{Operation, PolicyAnswer, PolicyPage, PolicyRow, PolicyRows, PolicySummary, PolicyVerdict};
pub use record::{KeyPage, KeyRecord, List, RetrieveKey, RetrieveUser};
pub use validation::{Freshness, Refusal, ValidKey, Validate, Verdict};

use serde::{Deserialize, Serialize};

/// A body without content: zero bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Empty {}

/// The body of every answer whose status is not `Ok`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// One sentence for people, with what to do. Programs use the status.
    #[serde(deserialize_with = "sequence::text")]
    pub message: String,
}
