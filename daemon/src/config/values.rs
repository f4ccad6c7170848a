//! The configuration as the daemon uses it, and its defaults. The annotated configuration
//! (`systemd/apikeyd.toml`) shows the same values, which a test compares.

use crate::rights::RightsTable;
use apikeyd_keystore::domain::{PolicySource, Sources};
use apikeyd_protocol::key::KeyPrefix;
use core::time::Duration;
use std::path::PathBuf;

/// The configuration: every value present, checked and in its own type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The configuration file that was read, if there was one.
    pub file: Option<PathBuf>,
    /// Whether that file has no text at all, as a truncated one: if another was in force, the file was lost; it
    /// does not mean the defaults.
    pub is_empty: bool,
    /// Where the database and the pepper are.
    pub state_dir: PathBuf,
    /// Where to listen, unless the service manager passes a socket.
    pub socket: Socket,
    /// The file of the revocation page, unless it is to be beside the socket.
    pub page: Option<PathBuf>,
    /// The policy file, or the compiled-in table.
    pub policy: PolicySource,
    /// The prefix of new keys.
    pub key_prefix: KeyPrefix,
    /// How long a draft can be saved.
    pub draft_ttl: Duration,
    /// How long the record of a revoked key is kept; `None` keeps it permanently.
    pub retention: Option<Duration>,
    /// Memory for the database's cache, in bytes.
    pub cache_bytes: usize,
    /// Who may do what.
    pub rights: RightsTable,
    /// Limits on what callers can use.
    pub limits: Limits,
    /// What is logged.
    pub log: LogLevel,
}

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// An absolute path.
    pub path: PathBuf,
    /// Permission bits of the socket: who may connect at all.
    pub mode: u32,
    /// Whether the directory is the daemon's default one, which it makes if missing.
    pub make_directory: bool,
}

/// Limits on what callers can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open connections in total.
    pub connections: u32,
    /// Open connections per user, except root.
    pub connections_per_uid: u32,
    /// Time without a request after which a connection is closed.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: CONNECTIONS, connections_per_uid: CONNECTIONS_PER_UID, idle: IDLE }
    }
}

/// The least important events that are logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// Failures.
    Error,
    /// What an operator should look at.
    Warn,
    /// Starts, stops, reloads and each change.
    #[default]
    Info,
    /// Each connection.
    Debug,
}

impl Config {
    /// Where rights and policy come from.
    #[must_use]
    pub fn sources(&self) -> Sources {
        let (configuration, empty) =
            if self.is_empty { (None, self.file.clone()) } else { (self.file.clone(), None) };
        Sources { configuration, empty, policy: self.policy.clone() }
    }
}

/// Minutes within which a draft can be saved.
pub(crate) const DRAFT_MINUTES: u64 = 10;

/// Days for which the record of a revoked key is kept.
pub(crate) const RETENTION_DAYS: u64 = 90;

/// MiB of memory for the database's cache.
pub(crate) const CACHE_MIB: usize = 64;

/// Open connections in total.
pub(crate) const CONNECTIONS: u32 = 1024;

/// Open connections per user, except root.
pub(crate) const CONNECTIONS_PER_UID: u32 = 64;

/// Time without a request after which a connection is closed.
pub(crate) const IDLE: Duration = Duration::from_secs(15 * 60);

/// Seconds of a minute.
pub(crate) const MINUTE: u64 = 60;

/// Seconds of a day.
pub(crate) const DAY: u64 = 24 * 60 * MINUTE;

/// Bytes of a mebibyte.
pub(crate) const MIB: usize = 1024 * 1024;
