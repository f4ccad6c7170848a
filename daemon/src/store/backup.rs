//! A consistent copy of the database while writes go on.

use super::error::StoreError;
use super::medium::Attached;
use super::schema::{ACTIVE, AUDIT, DUE, ENDED, Head, KEYS, META, USED};
use super::shared::Shared;
use super::state_dir;
use super::view::View;
use redb::{Builder, Database, Key, ReadableTable as _, TableDefinition, Value, WriteTransaction};
use rustix::fs::{CWD, Mode, OFlags};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::Path;

/// The copy's cache: the copy is written once, in order.
const CACHE: usize = 16 * 1024 * 1024;

/// Entries that are copied before it is asked again whether anybody waits for the copy: some milliseconds.
const STEP: usize = 1_024;

/// A copy, open for reading at offset 0.
#[derive(Debug)]
pub(crate) struct Copy {
    pub(crate) file: OwnedFd,
    pub(crate) bytes: u64,
    pub(crate) head: Head,
}

impl Shared {
    /// Copies one view of the database into a file without a name: a whole database of the same store, compact
    /// and synced.
    ///
    /// Whatever the copy's own file does is [`StoreError::NoCopy`]: only an error of the database itself may move
    /// reads away from it.
    pub(super) fn copy(&self, gone: &dyn Fn() -> bool) -> Result<Copy, StoreError> {
        // Each try has a file of its own: the first may fail with half of it written.
        self.read(|view| {
            let file = self.medium.scratch().map_err(no_copy)?;
            let head = copy_into(view, file.try_clone().map_err(no_copy)?, gone)?;
            file.sync_all().map_err(no_copy)?;
            let bytes = file.metadata().map_err(no_copy)?.len();
            Ok(Copy { file: reopen_for_reading(&file).map_err(no_copy)?, bytes, head })
        })
    }
}

fn copy_into(view: &View<'_>, file: File, gone: &dyn Fn() -> bool) -> Result<Head, StoreError> {
    let backend = state_dir::backend(file, Path::new("the copy")).map_err(no_copy)?;
    let builder = Builder::new().set_cache_size(CACHE).create_with_backend(Attached(backend));
    let mut copy: Database = builder.map_err(no_copy)?;
    let mut txn = copy.begin_write().map_err(no_copy)?;
    txn.set_quick_repair(true);
    copy_table(view, &txn, META, gone)?;
    copy_table(view, &txn, KEYS, gone)?;
    copy_table(view, &txn, ACTIVE, gone)?;
    copy_table(view, &txn, DUE, gone)?;
    copy_table(view, &txn, ENDED, gone)?;
    copy_table(view, &txn, AUDIT, gone)?;
    copy_table(view, &txn, USED, gone)?;
    txn.commit().map_err(no_copy)?;
    copy.compact().map_err(no_copy)?;
    copy.close().map_err(no_copy)?;
    view.head()
}

fn copy_table<K: Key + 'static, V: Value + 'static>(
    view: &View<'_>,
    txn: &WriteTransaction,
    definition: TableDefinition<'static, K, V>,
    gone: &dyn Fn() -> bool,
) -> Result<(), StoreError> {
    let mut to = txn.open_table(definition).map_err(no_copy)?;
    for (number, entry) in view.txn.open_table(definition)?.iter()?.enumerate() {
        if number.is_multiple_of(STEP) && gone() {
            return Err(StoreError::Abandoned);
        }
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
