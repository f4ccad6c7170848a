//! The file of the revocation page: gone on with if it is the daemon's own, else made anew.

use super::memory::Mapping;
use apikeyd_protocol::page::{BYTES, MAGIC};
use rustix::fs::{
    FallocateFlags, FileType, Mode, OFlags, Stat, fallocate, fchmod, fstat, open, rename, unlink,
};
use rustix::io::Errno;
use rustix::process::geteuid;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Bits of a mode that say who may do what.
const PERMISSIONS: u32 = 0o7777;

/// The page's file, mapped.
#[derive(Debug)]
pub struct PageFile {
    pub(super) mapping: Mapping,
    /// Open for reading only: what clients get.
    pub(super) readable: OwnedFd,
}

/// Why there is no file for the page.
#[derive(Debug, thiserror::Error)]
#[error("the revocation page {} cannot be {action}: {source}", path.display())]
pub struct PageFault {
    path: PathBuf,
    action: &'static str,
    source: io::Error,
}

impl PageFile {
    /// Opens the page that an earlier start left, or makes a new one in its place. A file that is not a page of
    /// this user's, closed to all others, is not trusted and not written to: it is replaced.
    ///
    /// # Errors
    /// [`PageFault`] when neither can be done.
    pub fn open(path: &Path) -> Result<Self, PageFault> {
        let fault =
            |action| move |errno: Errno| PageFault { path: path.to_owned(), action, source: errno.into() };
        let file = match open_own(path).map_err(fault("opened"))? {
            Some(file) => file,
            None => make(path).map_err(fault("made"))?,
        };
        let readable = open_readable(path, &file).map_err(fault("opened for reading"))?;
        let mapping = Mapping::of(&file).map_err(|source| PageFault {
            path: path.to_owned(),
            action: "mapped",
            source,
        })?;
        Ok(Self { mapping, readable })
    }
}

/// The file at the path if it is a page that this user made.
fn open_own(path: &Path) -> rustix::io::Result<Option<File>> {
    // Not following a link, and not waiting for the other end of a pipe that somebody put there.
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = match open(path, flags, Mode::empty()) {
        Ok(file) => file,
        Err(Errno::NOENT | Errno::LOOP | Errno::ACCESS | Errno::PERM | Errno::ISDIR | Errno::NXIO) => {
            return Ok(None);
        }
        Err(errno) => return Err(errno),
    };
    let is_page = is_own(&fstat(&file)?);
    let file = File::from(file);
    Ok((is_page && begins_with_magic(&file)).then_some(file))
}

fn is_own(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
        && stat.st_uid == geteuid().as_raw()
        && stat.st_mode & PERMISSIONS == 0o600
        && stat.st_nlink == 1
        && usize::try_from(stat.st_size) == Ok(BYTES)
}

#[expect(clippy::host_endian_bytes, reason = "words of the page are the machine's own")]
fn begins_with_magic(file: &File) -> bool {
    let mut word = [0; size_of::<u64>()];
    file.read_exact_at(&mut word, 0).is_ok() && u64::from_ne_bytes(word) == MAGIC
}

/// Makes an empty page under another name and moves it into place: what stood there before stays whole for
/// those who have it mapped.
fn make(path: &Path) -> rustix::io::Result<File> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let temporary = path.with_file_name(name);
    // Left by a process of the same number that was killed right here.
    match unlink(&temporary) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(errno) => return Err(errno),
    }
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = open(&temporary, flags, Mode::RUSR | Mode::WUSR)?;
    let finished = fill(file.as_fd()).and_then(|()| rename(&temporary, path));
    if let Err(errno) = finished {
        // The first error is the one to tell.
        let _ = unlink(&temporary);
        return Err(errno);
    }
    Ok(file.into())
}

/// Gives the file its length with the memory behind it: a hole that cannot be filled later, when the file
/// system is full, would end the process that writes there.
fn fill(file: impl AsFd) -> rustix::io::Result<()> {
    fchmod(&file, Mode::RUSR | Mode::WUSR)?;
    let bytes = u64::try_from(BYTES).map_err(|_| Errno::FBIG)?;
    fallocate(&file, FallocateFlags::empty(), 0, bytes)
}

/// The same file once more, for reading only.
fn open_readable(path: &Path, file: &File) -> rustix::io::Result<OwnedFd> {
    let readable = open(path, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
    let (stat, other) = (fstat(file)?, fstat(&readable)?);
    if (stat.st_dev, stat.st_ino) == (other.st_dev, other.st_ino) { Ok(readable) } else { Err(Errno::STALE) }
}
