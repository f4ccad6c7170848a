//! What the service is told at its start.

use crate::config::defaults::{CACHE_MIB, DAY, DRAFT_MINUTES, MIB, MINUTE, RETENTION_DAYS};
pub use apikeyd_keystore::PepperSource;
use apikeyd_keystore::domain::Sources;
use apikeyd_protocol::key::KeyPrefix;
use core::time::Duration;
use std::path::PathBuf;

/// Records that are kept at hand: some 20 MiB with names of usual length.
const HOT_KEYS: usize = 65_536;

/// Name of the revocation page's file, to which the store's id is added.
pub(crate) const PAGE: &str = "apikeyd.page";

/// What the service is told at its start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The directory that holds the database (`apikeyd.redb`), its pepper and nothing of anybody else. It
    /// must exist, belong to the daemon's user and be closed to all others (0700).
    pub state_dir: PathBuf,
    /// Where the pepper comes from.
    pub pepper: PepperSource,
    /// The word in front of new keys.
    pub key_prefix: KeyPrefix,
    /// How long a draft waits to be saved.
    pub draft_ttl: Duration,
    /// How long the record of an ended key is kept; `None` keeps it for ever.
    pub retention: Option<Duration>,
    /// Bytes that the database may hold in memory.
    pub cache_bytes: usize,
    /// Records that are kept at hand, so that most validations read no database.
    pub hot_keys: usize,
    /// Where rights and policy table come from. [`Service::open`](super::Service::open) holds them against what was in
    /// force last.
    pub sources: Sources,
    /// Where the file of the revocation page may be: the first place where it can be made counts. The store's id
    /// is put into its name, so that no two stores share a file. It belongs on a file system in memory. No place:
    /// no page is handed to clients, and none ever was by a daemon on this store.
    pub pages: Vec<PathBuf>,
}

impl Settings {
    /// The defaults: drafts for 10 minutes, ended records for 90 days, 64 MiB of cache, 65,536 records at hand,
    /// the prefix `akd`, a table that the program itself means, the pepper and the revocation page in files beside the database.
    #[must_use]
    pub fn in_dir(state_dir: impl Into<PathBuf>) -> Self {
        let state_dir = state_dir.into();
        Self {
            pages: vec![state_dir.join(PAGE)],
            state_dir,
            pepper: PepperSource::Beside,
            key_prefix: KeyPrefix::default(),
            draft_ttl: Duration::from_secs(DRAFT_MINUTES * MINUTE),
            retention: Some(Duration::from_secs(RETENTION_DAYS * DAY)),
            cache_bytes: CACHE_MIB * MIB,
            hot_keys: HOT_KEYS,
            sources: Sources::default(),
        }
    }
}
