//! A consistent copy of the database while writes continue.

use crate::database::schema::{ACTIVE, AUDIT, DUE, Head, KEYS, META, REVOKED, USED};
use crate::database::view::View;
use crate::error::StoreError;
use crate::pace::{Pace, Rests};
use crate::writing::shared::Shared;
use redb::backends::FileBackend;
use redb::{
    Builder, Database, Key, ReadableTable as _, StorageBackend, TableDefinition, Value, WriteTransaction,
};
use rustix::fs::{CWD, Mode, OFlags};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::sync::{Mutex, PoisonError};

/// The copy's cache: the copy is written once, in order.
const CACHE: usize = 16 * 1024 * 1024;

/// A copy, open for reading at offset 0.
#[derive(Debug)]
pub struct Copy {
    /// Open for reading at offset 0; it has no name.
    pub file: OwnedFd,
    /// Its length.
    pub bytes: u64,
    /// The last change that it contains.
    pub head: Head,
}

/// A file without a name: no crash leaves it behind, so it is synced only when it is complete. Writing all of
/// it takes long, and the changes that callers wait for are synced to the same disk.
#[derive(Debug)]
struct Nameless {
    file: FileBackend,
    rests: Mutex<Rests>,
}

impl StorageBackend for Nameless {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.rests.lock().unwrap_or_else(PoisonError::into_inner).rest();
        self.file.write(offset, data)
    }
}

impl Shared {
    /// Copies one view of the database into a file without a name: a whole database of the same store, compact
    /// and synced.
    ///
    /// Every failure of the copy's own file is [`StoreError::NoCopy`]: only an error of the database itself may
    /// move reads away from it.
    pub(crate) fn copy(&self, pace: &Pace<'_>) -> Result<Copy, StoreError> {
        // Each attempt has its own file: the first may fail with half of it written.
        self.read(|view| {
            let file = self.disk.scratch().map_err(no_copy)?;
            let head = copy_into(view, file.try_clone().map_err(no_copy)?, pace)?;
            file.sync_all().map_err(no_copy)?;
            let bytes = file.metadata().map_err(no_copy)?.len();
            Ok(Copy { file: reopen_for_reading(&file).map_err(no_copy)?, bytes, head })
        })
    }
}

fn copy_into(view: &View<'_>, file: File, pace: &Pace<'_>) -> Result<Head, StoreError> {
    let file = FileBackend::new(file).map_err(no_copy)?;
    let backend = Nameless { file, rests: Mutex::new(Rests::new()) };
    let builder = Builder::new().set_cache_size(CACHE).create_with_backend(backend);
    let mut copy: Database = builder.map_err(no_copy)?;
    let mut txn = copy.begin_write().map_err(no_copy)?;
    txn.set_quick_repair(true);
    copy_table(view, &txn, META, pace)?;
    copy_table(view, &txn, KEYS, pace)?;
    copy_table(view, &txn, ACTIVE, pace)?;
    copy_table(view, &txn, DUE, pace)?;
    copy_table(view, &txn, REVOKED, pace)?;
    copy_table(view, &txn, AUDIT, pace)?;
    copy_table(view, &txn, USED, pace)?;
    txn.commit().map_err(no_copy)?;
    copy.compact().map_err(no_copy)?;
    copy.close().map_err(no_copy)?;
    view.head()
}

fn copy_table<K: Key + 'static, V: Value + 'static>(
    view: &View<'_>,
    txn: &WriteTransaction,
    definition: TableDefinition<'static, K, V>,
    pace: &Pace<'_>,
) -> Result<(), StoreError> {
    let mut to = txn.open_table(definition).map_err(no_copy)?;
    for entry in view.txn.open_table(definition)?.iter()? {
        pace.row()?;
        let (key, value) = entry?;
        to.insert(key.value(), value.value()).map_err(no_copy)?;
    }
    Ok(())
}

/// The receiver is another process: it gets a descriptor that cannot write.
fn reopen_for_reading(file: &File) -> io::Result<OwnedFd> {
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(rustix::fs::openat(CWD, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?)
}

fn no_copy(error: impl core::fmt::Display) -> StoreError {
    StoreError::NoCopy(error.to_string())
}
