//! Where the database's bytes are.

use crate::open_error::OpenError;
use core::fmt::Debug;
use core::ops::Bound;
use redb::{BackendError, StorageBackend};
use std::fs::File;
use std::io;
use std::path::Path;

/// Where the database's bytes are: a file in the state directory, or a disk that a test makes fail.
pub trait Disk: Debug + Send + Sync {
    /// The name of the database in messages.
    fn path(&self) -> &Path;

    /// Opens the database's bytes, which must exist, for this daemon alone.
    ///
    /// # Errors
    /// [`OpenError`]: what is wrong with the file.
    fn attach(&self) -> Result<Box<dyn StorageBackend>, OpenError>;

    /// Opens the same bytes a second time, read-only and without a lock.
    ///
    /// # Errors
    /// [`OpenError`]: what is wrong with the file.
    fn attach_reader(&self) -> Result<Box<dyn StorageBackend>, OpenError>;

    /// Tests whether bytes can be written and synced now, without touching the database.
    ///
    /// # Errors
    /// The system's error.
    fn probe(&self) -> io::Result<()>;

    /// Makes the system discard the pages of the database that it has cached and will not write. After a failed
    /// sync such pages look written although they are not: a reopened database must read the disk.
    fn forget_cached(&self);

    /// A new file without a name, for a copy of the database.
    ///
    /// # Errors
    /// The system's error.
    fn scratch(&self) -> io::Result<File>;

    /// Releases the bytes for another daemon; called once, after the store has closed.
    fn release(&self) {}
}

type Io<T> = Result<T, io::Error>;

/// A backend behind a pointer, because redb takes one by value. Forwards everything, including locks.
#[derive(Debug)]
pub(crate) struct Attached(pub(crate) Box<dyn StorageBackend>);

impl StorageBackend for Attached {
    fn len(&self) -> Io<u64> {
        self.0.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> Io<()> {
        self.0.read(offset, out)
    }
    fn set_len(&self, len: u64) -> Io<()> {
        self.0.set_len(len)
    }
    fn sync_data(&self) -> Io<()> {
        self.0.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> Io<()> {
        self.0.write(offset, data)
    }
    fn close(&self) -> Io<()> {
        self.0.close()
    }
    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.try_lock_range(start, end)
    }
    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.try_lock_shared_range(start, end)
    }
    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.lock_range(start, end)
    }
    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.lock_shared_range(start, end)
    }
    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.unlock_range(start, end)
    }
    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.query_lock_range(start, end)
    }
}
