//! Whose page it is: the store's id is in its name, the mark of store and directory in its file.

use rustix::fs::{AtFlags, StatxFlags, fstat, statx};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Separates these hashes from all others.
const CONTEXT: &str = "apikeyd 2026 mark of a revocation page v1";

/// A store in its directory.
#[derive(Clone, Copy, Debug)]
pub struct Home {
    store_id: [u8; 16],
    /// Device and inode: a copy of the directory contains a store with the same id.
    directory: (u64, u64),
}

impl Home {
    /// The store with this id, in the directory with this device and inode.
    #[must_use]
    pub const fn new(store_id: [u8; 16], directory: (u64, u64)) -> Self {
        Self { store_id, directory }
    }

    /// A file name that includes the store's id: `apikeyd.page` becomes `apikeyd-<id>.page`. Stores in one
    /// directory, or with one setting, therefore use different files.
    #[must_use]
    pub fn name(&self, place: &Path) -> PathBuf {
        let mut name = place.file_stem().unwrap_or_default().to_owned();
        name.push(format!("-{:032x}", u128::from_be_bytes(self.store_id)));
        if let Some(extension) = place.extension() {
            name.push(".");
            name.push(extension);
        }
        place.with_file_name(name)
    }

    /// What this store's starts write into this file. A copy of the store or of the file has another mark, and
    /// so does a later file that reuses the inode of one that is gone.
    pub(super) fn mark(&self, file: &File) -> io::Result<[u8; 16]> {
        let stat = fstat(file)?;
        let born = statx(file, "", AtFlags::EMPTY_PATH, StatxFlags::BTIME)
            .ok()
            .filter(|stat| stat.stx_mask & StatxFlags::BTIME.bits() != 0)
            .map_or((0, 0), |stat| (stat.stx_btime.tv_sec, stat.stx_btime.tv_nsec));
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(&self.store_id);
        for number in [self.directory.0, self.directory.1, stat.st_dev, stat.st_ino] {
            hasher.update(&number.to_le_bytes());
        }
        hasher.update(&born.0.to_le_bytes()).update(&born.1.to_le_bytes());
        let mut mark = [0; 16];
        hasher.finalize_xof().fill(&mut mark);
        Ok(mark)
    }
}
