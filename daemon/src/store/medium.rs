//! Where the database's bytes are.

use super::open_error::OpenError;
use core::fmt::Debug;
use redb::StorageBackend;
use std::fs::File;
use std::io;
use std::path::Path;

/// Where the database's bytes are: a file in the state directory, or a disk that a test makes fail.
pub trait Medium: Debug + Send + Sync {
    /// What messages call the database.
    fn path(&self) -> &Path;

    /// Opens the database's bytes, which must be there, for the daemon alone.
    ///
    /// # Errors
    /// [`OpenError`], what is wrong with the file.
    fn attach(&self) -> Result<Box<dyn StorageBackend>, OpenError>;

    /// Opens the same bytes a second time for reading only, without a lock.
    ///
    /// # Errors
    /// [`OpenError`], what is wrong with the file.
    fn attach_reader(&self) -> Result<Box<dyn StorageBackend>, OpenError>;

    /// Tries whether bytes can be written and synced now, without touching the database.
    ///
    /// # Errors
    /// What the system says.
    fn probe(&self) -> io::Result<()>;

    /// Makes the system forget what it holds in memory of the database's bytes and is not going to write.
    /// After a failed sync such pages look written and are not: a reopened database must see the disk.
    fn forget_cached(&self);

    /// A new file without a name, for a copy of the database.
    ///
    /// # Errors
    /// What the system says.
    fn scratch(&self) -> io::Result<File>;

    /// Lets another daemon have the bytes; called once, when the store has closed.
    fn release(&self) {}
}
