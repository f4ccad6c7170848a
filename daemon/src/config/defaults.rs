//! What holds where nothing is written. The annotated configuration (`systemd/apikeyd.toml`) names the same values, which a
//! test compares.

use core::time::Duration;

/// Minutes in which a draft can be saved.
pub(crate) const DRAFT_MINUTES: u64 = 10;

/// Days for which the record of a revoked key is kept.
pub(crate) const RETENTION_DAYS: u64 = 90;

/// MiB of memory for the database's cache.
pub(crate) const CACHE_MIB: usize = 64;

/// Open connections in all.
pub(crate) const CONNECTIONS: u32 = 1024;

/// Open connections of one user other than root.
pub(crate) const CONNECTIONS_PER_UID: u32 = 64;

/// Time without a request after which a connection is closed.
pub(crate) const IDLE: Duration = Duration::from_secs(15 * 60);

/// Seconds of a minute.
pub(crate) const MINUTE: u64 = 60;

/// Seconds of a day.
pub(crate) const DAY: u64 = 24 * 60 * MINUTE;

/// Bytes of a mebibyte.
pub(crate) const MIB: usize = 1024 * 1024;
