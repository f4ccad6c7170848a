//! What a backup gives.

use apikeyd_protocol::message::BackupReady;
use std::fs::File;

/// A consistent copy of the database, handed over by the daemon.
#[derive(Debug)]
pub struct Backup {
    /// Its size and the end of its audit chain.
    pub ready: BackupReady,
    /// The copy, open for reading from its start. The file has no name and goes with this handle.
    pub file: File,
}
