//! The question that the daemon exists for.

use super::policy::Operation;
use super::record::EndReason;
use crate::key::{KeyDigest, KeyId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Is this key good, and may it do this?
#[derive(Serialize, Deserialize)]
#[expect(missing_debug_implementations, reason = "holds a digest, which must not be printable")]
pub struct Validate<'a> {
    /// The key's id.
    pub key_id: KeyId,
    /// The key's digest.
    pub digest: KeyDigest,
    /// The operation to hold against the policy table; without one only the key is judged.
    #[serde(borrow)]
    pub operation: Option<Operation<'a>>,
}

/// The answer to [`Validate`]. A refusal is an answer, not an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict<'a> {
    /// The key is good, and so is the operation if one was given.
    #[serde(borrow)]
    Valid(ValidKey<'a>),
    /// Do not let the caller in.
    #[serde(borrow)]
    Refused(Refusal<'a>),
}

/// Whose key it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidKey<'a> {
    /// The user.
    pub user: &'a str,
    /// The key's id.
    pub key_id: KeyId,
    /// The key's label, if it has one.
    pub label: Option<&'a str>,
    /// When the key ends by itself.
    pub expires_at: Option<Timestamp>,
    /// What a cache must find unchanged to use this answer again.
    pub freshness: Freshness,
}

/// The daemon's counters, read before the look-up. While all of them stand, so does the verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freshness {
    /// Counts the daemon's starts.
    pub instance: u64,
    /// Counts what concerns every key: a change of the policy table, of the rights.
    pub epoch: u64,
    /// The key's place among the generations, which is the daemon's to choose.
    pub slot: u32,
    /// Counts what concerns this key, and the few that share its place.
    pub generation: u64,
}

/// Why a key was not accepted.
///
/// A caller without the `inspect` right sees `Invalid` in place of every reason that tells something about
/// a key it does not hold; the verdicts of the policy table are shown to all, since the key was good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal<'a> {
    /// The key is unknown, wrong or ended.
    Invalid,
    /// No key of that id was ever saved.
    UnknownKey,
    /// The key of that id is a draft that nobody saved.
    NotSaved,
    /// The id is known, the secret is another one.
    WrongSecret,
    /// The key was good once.
    Ended(EndReason),
    /// The record's bytes on disk are not what the daemon wrote.
    Damaged,
    /// The key is good and the policy table denies the operation; the name of the row, empty for the
    /// table's default.
    OperationDenied(&'a str),
    /// The key is good and the operation has no single meaning; the reason in words.
    OperationAmbiguous(&'a str),
}
