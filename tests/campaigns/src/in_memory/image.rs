//! A database file in memory.

use apikeyd::operations::{Disk, OpenError, StorageBackend};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The bytes of a database; clones are the same bytes.
#[derive(Clone, Debug, Default)]
pub struct Image {
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Image {
    /// A file of these bytes.
    #[must_use]
    pub fn of(bytes: Vec<u8>) -> Self {
        Self { bytes: Arc::new(Mutex::new(bytes)) }
    }

    /// A copy of what stands in the file now.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where `length` bytes from `offset` on stand in a file of `end` bytes.
fn range(offset: u64, length: usize, end: usize) -> io::Result<std::ops::Range<usize>> {
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    match start.checked_add(length) {
        Some(stop) if stop <= end => Ok(start..stop),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

impl StorageBackend for Image {
    fn len(&self) -> io::Result<u64> {
        Ok(u64::try_from(self.lock().len()).expect("64 bits"))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let bytes = self.lock();
        out.copy_from_slice(&bytes[range(offset, out.len(), bytes.len())?]);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        // A damaged header may ask for more than there is; a disk would say so, too.
        const DISK: u64 = 1 << 28;
        if len > DISK {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.lock().resize(usize::try_from(len).expect("below the disk's size"), 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut bytes = self.lock();
        let place = range(offset, data.len(), bytes.len())?;
        bytes[place].copy_from_slice(data);
        Ok(())
    }
}

impl Disk for Image {
    fn path(&self) -> &Path {
        Path::new("the image")
    }

    fn attach(&self) -> Result<Box<dyn StorageBackend>, OpenError> {
        Ok(Box::new(self.clone()))
    }

    fn attach_reader(&self) -> Result<Box<dyn StorageBackend>, OpenError> {
        Ok(Box::new(self.clone()))
    }

    fn probe(&self) -> io::Result<()> {
        Ok(())
    }

    fn forget_cached(&self) {}

    fn scratch(&self) -> io::Result<File> {
        tempfile::tempfile()
    }
}
