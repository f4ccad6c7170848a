//! Operations and the table that may forbid them.

use super::sequence;
use serde::{Deserialize, Serialize};

/// An operation as a service received it: raw, undecoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation<'a> {
    /// The HTTP method.
    #[serde(serialize_with = "sequence::bytes")]
    pub method: &'a [u8],
    /// The request target: path and query, as on the request line.
    #[serde(serialize_with = "sequence::bytes")]
    pub target: &'a [u8],
}

/// What the policy table says of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PolicyVerdict {
    /// It may be done with a key.
    Allow,
    /// It may not.
    Deny,
    /// It has no single meaning, so it may not.
    Ambiguous,
}

/// The answer to an [`Operation`] held against the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyAnswer<'a> {
    /// The verdict.
    pub verdict: PolicyVerdict,
    /// The row or the reason, in words.
    pub because: &'a str,
}

/// Asks for rows of the table from one on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRows {
    /// Rows to skip.
    pub from: u32,
}

/// Some rows of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyPage {
    /// Rows of the whole table.
    pub total: u32,
    /// Whether what no row names is allowed.
    pub default_allow: bool,
    /// Whether literals are compared exactly.
    pub case_sensitive: bool,
    /// The epoch of the revocation page while this table, and no other, is in force. Pages of two epochs come
    /// from two tables.
    pub epoch: u64,
    /// The rows, in the order of the file: at most [`MAX_PAGE_ITEMS`](crate::limit::MAX_PAGE_ITEMS), fewer
    /// when long ones fill the body.
    #[serde(deserialize_with = "sequence::page")]
    pub rows: Vec<PolicyRow>,
    /// Where the next page starts.
    pub next: Option<u32>,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRow {
    /// The method, `*` for any.
    #[serde(deserialize_with = "sequence::text")]
    pub method: String,
    /// The path template.
    #[serde(deserialize_with = "sequence::text")]
    pub path: String,
    /// Whether it allows instead of denying.
    pub allow: bool,
    /// The row's name for people.
    #[serde(deserialize_with = "sequence::text")]
    pub name: String,
}
