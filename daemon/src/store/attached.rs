//! A medium's backend as redb gets it: a commit of one phase is marked as whole once it is.
//!
//! The first bytes of redb's file, as its design document gives them: nine of a magic number, then a byte of
//! flags. One of the flags says that the commit which the file names as its last stands, whatever the checksums
//! of its pages say: set, a page that does not fit its checksum is damage, and the file is refused; clear, it is
//! taken for torn by a power cut, and the commit before is taken for the last. redb clears the flag with a commit
//! of one phase, because while that is written nobody knows, and leaves it clear. But when the sync has returned,
//! the commit is on the disk as a whole. So the flag is set then, without a second sync: a killed daemon leaves it
//! set, and a power cut may leave the older byte, which is as right.
//!
//! Not while a database is opened, though: then redb writes and syncs the first bytes before it has looked at the
//! pages of the commit that they name. A mark would make a torn commit stand, if the power went once more before
//! redb takes the one before it.

use core::ops::Bound;
use core::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use redb::{BackendError, StorageBackend};
use std::io;
use std::sync::Arc;

/// Where the byte of flags is: behind the magic number.
const FLAGS_AT: u64 = 9;

/// The last commit stands whatever its checksums say.
const STANDS: u8 = 4;

type Io<T> = Result<T, io::Error>;

/// A backend behind a pointer, as redb wants one by value. Passes everything on, the locks as well.
#[derive(Debug)]
pub(super) struct Attached {
    backend: Box<dyn StorageBackend>,
    /// The byte of flags as it was last written. None of a file that redb has not written to has to be marked.
    flags: AtomicU8,
    is_checked: Arc<AtomicBool>,
}

impl Attached {
    pub(super) fn new(backend: Box<dyn StorageBackend>) -> Self {
        Self { backend, flags: AtomicU8::new(STANDS), is_checked: Arc::default() }
    }

    /// To be set once the database is open and every page of its last commit was checked: commits are marked from
    /// then on.
    pub(super) fn is_checked(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_checked)
    }
}

impl StorageBackend for Attached {
    fn len(&self) -> Io<u64> {
        self.backend.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> Io<()> {
        self.backend.read(offset, out)
    }
    fn set_len(&self, len: u64) -> Io<()> {
        self.backend.set_len(len)
    }
    fn sync_data(&self) -> Io<()> {
        self.backend.sync_data()?;
        if !self.is_checked.load(Ordering::Acquire) {
            return Ok(());
        }
        let flags = self.flags.fetch_or(STANDS, Ordering::Relaxed);
        if flags & STANDS == 0 { self.backend.write(FLAGS_AT, &[flags | STANDS]) } else { Ok(()) }
    }
    fn write(&self, offset: u64, data: &[u8]) -> Io<()> {
        self.backend.write(offset, data)?;
        let inside = FLAGS_AT.checked_sub(offset).and_then(|inside| usize::try_from(inside).ok());
        if let Some(flags) = inside.and_then(|inside| data.get(inside)) {
            self.flags.store(*flags, Ordering::Relaxed);
        }
        Ok(())
    }
    fn close(&self) -> Io<()> {
        self.backend.close()
    }
    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.backend.try_lock_range(start, end)
    }
    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.backend.try_lock_shared_range(start, end)
    }
    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.backend.lock_range(start, end)
    }
    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.backend.lock_shared_range(start, end)
    }
    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.backend.unlock_range(start, end)
    }
    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.backend.query_lock_range(start, end)
    }
}
