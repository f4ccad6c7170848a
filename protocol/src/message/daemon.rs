//! The daemon itself.

use super::{form, sequence};
use crate::right::RightSet;
use crate::term::AuditHead;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The daemon and its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaemonStatus {
    /// The daemon's version.
    #[serde(deserialize_with = "sequence::text")]
    pub version: String,
    /// The daemon's process.
    pub pid: u32,
    /// When it started.
    pub started_at: Timestamp,
    /// The start count on its database, as in the welcome.
    pub instance: u64,
    /// What the caller may do.
    pub rights: RightSet,
    /// Whether changes can be made.
    pub store: StoreState,
    /// Random name of the store, made with it.
    pub store_id: [u8; 16],
    /// The number of the last change.
    pub revision: u64,
    /// Active keys.
    pub active_keys: u64,
    /// Records of revoked keys.
    pub revoked_keys: u64,
    /// Drafts waiting to be saved.
    pub drafts: u64,
    /// Open connections.
    pub connections: u32,
    /// Rows of the policy table in force.
    pub policy_rows: u32,
}

/// Whether changes can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StoreState {
    /// They can.
    Ready,
    /// The disk is full or failing: validation continues, changes are refused until it is repaired.
    ReadOnly,
}

/// Counters since the daemon's start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// Name and value, at most [`MAX_COUNTERS`](crate::limit::MAX_COUNTERS); names are stable, and later
    /// versions may add some.
    #[serde(deserialize_with = "sequence::counters")]
    pub counters: Vec<(String, u64)>,
}

/// The files in force: rights come from the configuration, the policy table from its own file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilesInForce {
    /// The configuration file, an absolute path in which bytes that are not UTF-8 are replaced by U+FFFD. None:
    /// the defaults.
    #[serde(deserialize_with = "sequence::optional_text")]
    pub configuration: Option<String>,
    /// The policy file, likewise. None: the compiled-in table.
    #[serde(deserialize_with = "sequence::optional_text")]
    pub policy: Option<String>,
    /// Rows of the policy table.
    pub policy_rows: u32,
    /// Whether operations that match no row are allowed.
    pub policy_default_allow: bool,
    /// BLAKE3 of the text of the policy table, as in the audit's `PolicyLoaded`.
    pub policy_hash: [u8; 32],
    /// When the files were last read: at the start, or at the last successful reload.
    pub read_at: Timestamp,
}

/// The policy table and the rights that are now in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reloaded {
    /// Rows of the policy table.
    pub policy_rows: u32,
    /// Whether the policy table differs from the previous one.
    pub policy_changed: bool,
}

/// A consistent copy of the database. The answer's frame carries its descriptor (SCM_RIGHTS), open for reading
/// at offset 0; the file has no name and is deleted when the descriptor is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupReady {
    /// Size of the copy.
    pub bytes: u64,
    /// The end of the audit chain in the copy.
    #[serde(with = "form::AuditHead")]
    pub head: AuditHead,
}
