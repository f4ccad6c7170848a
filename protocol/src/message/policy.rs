//! Operations, and the table that may deny them.

use super::sequence;
use crate::codec::{self, EncodeError};
use core::borrow::Borrow;
use serde::{Deserialize, Serialize};

/// An operation as a service received it: raw, undecoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Operation<'a> {
    /// The HTTP method.
    #[serde(serialize_with = "sequence::bytes")]
    pub method: &'a [u8],
    /// The request target: path and query, as on the request line.
    #[serde(serialize_with = "sequence::bytes")]
    pub target: &'a [u8],
}

impl<'a> Operation<'a> {
    /// Method and target of the request that will be served, raw, as on its request line: text or bytes.
    #[must_use]
    #[inline]
    pub fn new(method: &'a (impl AsRef<[u8]> + ?Sized), target: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self { method: method.as_ref(), target: target.as_ref() }
    }
}

/// The policy table's decision on an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PolicyVerdict {
    /// A key may perform it.
    Allow,
    /// A key may not perform it.
    Deny,
    /// It has several readings, so a key may not perform it.
    Ambiguous,
}

/// The policy table's decision on an [`Operation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyAnswer<'a> {
    /// The decision.
    pub verdict: PolicyVerdict,
    /// The row or the reason, in words.
    pub because: &'a str,
}

/// Requests rows of the table, beginning with a given one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PolicyRows {
    /// Rows to skip.
    pub from: u32,
}

impl PolicyRows {
    /// Requests the rows after the first `from`.
    #[must_use]
    pub const fn new(from: u32) -> Self {
        Self { from }
    }
}

/// Some rows of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyPage {
    /// Rows of the whole table.
    pub total: u32,
    /// Whether operations that match no row are allowed.
    pub default_allow: bool,
    /// Whether literals are compared exactly.
    pub case_sensitive: bool,
    /// The epoch of the revocation page while exactly this table is in force. Pages with different epochs
    /// belong to different tables.
    pub epoch: u64,
    /// The rows, in the order of the file: at most [`MAX_PAGE_ITEMS`](crate::limit::MAX_PAGE_ITEMS), fewer if
    /// long ones fill the body.
    #[serde(deserialize_with = "sequence::page")]
    pub rows: Vec<PolicyRow>,
    /// Where the next page starts; none on the last page.
    pub next: Option<u32>,
}

/// Identifies the table, for clients that already have its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicySummary {
    /// Rows of the whole table.
    pub total: u32,
    /// As in [`PolicyPage`].
    pub default_allow: bool,
    /// As in [`PolicyPage`].
    pub case_sensitive: bool,
    /// As in [`PolicyPage`].
    pub epoch: u64,
    /// The [`hash`](PolicySummary::hash) of the table: tables with equal hashes are equal.
    pub hash: [u8; 32],
}

impl PolicySummary {
    /// The hash of a table: BLAKE3 `derive_key` of default and case sensitivity, a byte each, and of the rows
    /// in order, as encoded in a [`PolicyPage`].
    ///
    /// # Errors
    /// If a row is too long for a frame; no daemon sends such a row.
    pub fn hash(
        default_allow: bool,
        case_sensitive: bool,
        rows: impl IntoIterator<Item = impl Borrow<PolicyRow>>,
    ) -> Result<[u8; 32], EncodeError> {
        let mut hasher = blake3::Hasher::new_derive_key("apikeyd 2026 policy table v1");
        hasher.update(&[default_allow.into(), case_sensitive.into()]);
        let mut bytes = Vec::new();
        for row in rows {
            bytes.clear();
            codec::encode(row.borrow(), &mut bytes)?;
            hasher.update(&bytes);
        }
        Ok(hasher.finalize().into())
    }
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
    /// Whether it allows; otherwise it denies.
    pub allow: bool,
    /// The row's name for people.
    #[serde(deserialize_with = "sequence::text")]
    pub name: String,
}
