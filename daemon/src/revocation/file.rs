//! The file of the revocation page: reused if it belongs to this store and nobody else, otherwise made anew.

use super::mark::Home;
use super::memory::{Mapping, Memory};
use apikeyd_protocol::page::{BYTES, MAGIC, Start};
use nix::fcntl::{FcntlArg, fcntl};
use rustix::fs::{
    AtFlags, CWD, FallocateFlags, FileType, Mode, OFlags, Stat, fallocate, fchmod, fstat, open, rename,
    statat, unlink,
};
use rustix::io::Errno;
use rustix::process::geteuid;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{io, thread};

/// Bits of a mode that say who may do what.
const PERMISSIONS: u32 = 0o7777;

/// Attempts to examine a name that others are changing, before the next location is tried.
const LOOKS: usize = 10;

/// Time between two attempts: a daemon that is shutting down releases its page soon after its state directory.
const PAUSE: Duration = Duration::from_millis(20);

/// The page's file, mapped.
#[derive(Debug)]
pub struct PageFile {
    pub(super) mapping: Mapping,
    /// Open for reading only: this is what clients get.
    pub(super) readable: OwnedFd,
    /// Never handed out.
    pub(super) lock: Lock,
    /// What this store's starts write into this file.
    pub(super) mark: [u8; 16],
}

/// Why there is no file for the page.
#[derive(Debug, thiserror::Error)]
pub enum PageFault {
    /// A system call failed.
    #[error("the revocation page {} cannot be {action}: {source}", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What was attempted.
        action: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// Another daemon has it, one with a copy of this store.
    #[error("the revocation page {} is in use by another daemon, on a copy of this store", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
}

/// What has the page's name.
enum Found {
    /// The page of an earlier start on this store.
    Own(Lock, [u8; 16]),
    /// Nothing, or something that may be replaced.
    Free,
    /// The page of a running daemon.
    InUse,
    /// Something different from a moment ago.
    Moved,
}

impl PageFile {
    /// Opens the page that an earlier start left, or makes a new one in its place, and locks it. A file that is
    /// not a page of this user and this store, closed to all others, is not trusted and not written to: it is
    /// replaced. The page of a running daemon is not touched at all.
    ///
    /// # Errors
    /// [`PageFault`] if none of this is possible.
    pub fn open(path: &Path, home: &Home) -> Result<Self, PageFault> {
        let failed =
            |action| move |source: io::Error| PageFault::Failed { path: path.to_owned(), action, source };
        let mut looks = 0;
        let (lock, mark) = loop {
            let found = look(path, home).map_err(failed("opened"))?;
            let mine = match found {
                Found::Own(lock, mark) => Some((lock, mark)),
                Found::Free => make(path, home).map_err(failed("made"))?,
                Found::InUse if looks >= LOOKS => return Err(PageFault::InUse { path: path.to_owned() }),
                Found::InUse | Found::Moved => None,
            };
            match mine {
                Some(mine) => break mine,
                None if looks >= LOOKS => return Err(failed("made")(Errno::BUSY.into())),
                None => looks += 1,
            }
            thread::sleep(PAUSE);
        };
        let readable = open_readable(path, lock.file()).map_err(failed("opened for reading"))?;
        let mapping = Mapping::of(lock.file()).map_err(failed("mapped"))?;
        Ok(Self { mapping, readable, lock, mark })
    }

    /// Ends all trust in a page that an earlier start on this store left here, and removes it: this start has
    /// another.
    pub fn retire(path: &Path, home: &Home) -> io::Result<()> {
        if let Found::Own(lock, _) = look(path, home)? {
            Memory::Shared(Mapping::of(lock.file())?).page().retire();
            unlink(path)?;
        }
        Ok(())
    }
}

/// Examines what is at the path, and locks it if it is a page of this store.
fn look(path: &Path, home: &Home) -> io::Result<Found> {
    // Without following a link, and without waiting for the other end of a pipe that somebody put there.
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = match open(path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT | Errno::LOOP | Errno::ACCESS | Errno::PERM | Errno::ISDIR | Errno::NXIO) => {
            return Ok(Found::Free);
        }
        Err(errno) => return Err(errno.into()),
    };
    if FileType::from_raw_mode(fstat(&file)?.st_mode) != FileType::RegularFile {
        return Ok(Found::Free);
    }
    let lock = match Lock::take(file) {
        Ok(lock) => lock,
        Err(NotLocked::ByDaemon) => return Ok(Found::InUse),
        Err(NotLocked::ByReader) => return Ok(Found::Free),
        Err(NotLocked::Failed(error)) => return Err(error),
    };
    // Only now: between opening and locking, another daemon may have put its own page here.
    if !is_at(path, lock.file())? {
        return Ok(Found::Moved);
    }
    let mark = home.mark(lock.file())?;
    let is_page = is_private(&fstat(lock.file())?) && is_marked(lock.file(), &mark);
    Ok(if is_page { Found::Own(lock, mark) } else { Found::Free })
}

/// Whether a file belongs to this user alone, has one name, and has the length of a page.
fn is_private(stat: &Stat) -> bool {
    stat.st_uid == geteuid().as_raw()
        && stat.st_mode & PERMISSIONS == 0o600
        && stat.st_nlink == 1
        && usize::try_from(stat.st_size) == Ok(BYTES)
}

/// Whether a page was last used by a start with this mark. Read instead of mapped until it is known to be a
/// page.
#[expect(clippy::host_endian_bytes, reason = "words of the page are the machine's own")]
fn is_marked(file: &File, mark: &[u8; 16]) -> bool {
    let mut bytes = [0; 6 * size_of::<u64>()];
    if file.read_exact_at(&mut bytes, 0).is_err() {
        return false;
    }
    let mut words = bytes.as_chunks().0.iter().map(|word| u64::from_ne_bytes(*word));
    let [first, second] = Start::of(mark, 0).store;
    words.next() == Some(MAGIC) && words.skip(3).eq([first, second])
}

/// Whether the path still refers to this file.
fn is_at(path: &Path, file: &File) -> rustix::io::Result<bool> {
    let own = fstat(file)?;
    match statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(there) => Ok((there.st_dev, there.st_ino) == (own.st_dev, own.st_ino)),
        Err(Errno::NOENT) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// Makes an empty page under another name, locks it and moves it into place: what was there before stays intact
/// for those who have it mapped. None if another daemon does the same and was faster.
fn make(path: &Path, home: &Home) -> io::Result<Option<(Lock, [u8; 16])>> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let temporary = path.with_file_name(name);
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = match open(&temporary, flags, Mode::RUSR | Mode::WUSR) {
        Ok(file) => File::from(file),
        Err(Errno::EXIST) => return discard(&temporary).map(|()| None),
        Err(errno) => return Err(errno.into()),
    };
    let lock = match Lock::take(file) {
        Ok(lock) => lock,
        Err(NotLocked::ByDaemon | NotLocked::ByReader) => return Ok(None),
        Err(NotLocked::Failed(error)) => return Err(error),
    };
    let finished = fill(lock.file()).and_then(|()| match rename(&temporary, path) {
        Ok(()) | Err(Errno::NOENT) => is_at(path, lock.file()),
        Err(errno) => Err(errno),
    });
    match finished {
        Ok(true) => {
            let mark = home.mark(lock.file())?;
            Ok(Some((lock, mark)))
        }
        Ok(false) => Ok(None),
        Err(errno) => {
            // The first error is the one to report.
            let _ = unlink(&temporary);
            Err(errno.into())
        }
    }
}

/// Removes what was left by a daemon that was killed while it made its page. One that is still at work has it
/// locked.
fn discard(temporary: &Path) -> io::Result<()> {
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let lock = match open(temporary, flags, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(()),
        Err(_) => None,
        Ok(file) => match Lock::take(file.into()) {
            Err(NotLocked::ByDaemon) => return Ok(()),
            Err(NotLocked::ByReader | NotLocked::Failed(_)) => None,
            Ok(lock) => Some(lock),
        },
    };
    let removed = unlink(temporary);
    drop(lock);
    match removed {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// Gives the file its length, backed by memory: a hole that cannot be filled later because the file system is
/// full would kill the process that writes there.
fn fill(file: impl AsFd) -> rustix::io::Result<()> {
    fchmod(&file, Mode::RUSR | Mode::WUSR)?;
    let bytes = u64::try_from(BYTES).map_err(|_| Errno::FBIG)?;
    fallocate(&file, FallocateFlags::empty(), 0, bytes)
}

/// The same file again, for reading only.
fn open_readable(path: &Path, file: &File) -> io::Result<OwnedFd> {
    let readable = open(path, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
    let (stat, other) = (fstat(file)?, fstat(&readable)?);
    let is_same = (stat.st_dev, stat.st_ino) == (other.st_dev, other.st_ino);
    if is_same { Ok(readable) } else { Err(Errno::STALE.into()) }
}

/// A locked file. The lock is released with this value, even while the file stays mapped.
#[derive(Debug)]
pub(super) struct Lock(File);

/// Why a file was not locked.
#[derive(Debug)]
pub(super) enum NotLocked {
    /// Another daemon has it.
    ByDaemon,
    /// Somebody who can only read it has locked it: not a daemon.
    ByReader,
    /// The system refuses.
    Failed(io::Error),
}

impl Lock {
    /// Locks a file that is open for writing, without waiting.
    pub(super) fn take(file: File) -> Result<Self, NotLocked> {
        match fcntl(&file, FcntlArg::F_OFD_SETLK(&whole(libc::F_WRLCK))) {
            Ok(_) => Ok(Self(file)),
            Err(nix::errno::Errno::EAGAIN | nix::errno::Errno::EACCES) => Err(holder(&file)),
            Err(errno) => Err(NotLocked::Failed(errno.into())),
        }
    }

    /// The file.
    pub(super) const fn file(&self) -> &File {
        &self.0
    }

    /// Releases it for the next daemon.
    pub(super) fn release(&self) {
        // If this fails, the end of the process releases it.
        let _ = fcntl(&self.0, FcntlArg::F_OFD_SETLK(&whole(libc::F_UNLCK)));
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a mapping keeps the open file description.
        self.release();
    }
}

/// Who keeps a file from being locked. Asked as a reader, so that other readers do not count.
fn holder(file: &File) -> NotLocked {
    let mut asked = whole(libc::F_RDLCK);
    match fcntl(file, FcntlArg::F_OFD_GETLK(&mut asked)) {
        Ok(_) if kind(libc::F_UNLCK) == asked.l_type => NotLocked::ByReader,
        Ok(_) => NotLocked::ByDaemon,
        Err(errno) => NotLocked::Failed(errno.into()),
    }
}

/// All of a file, whatever its length.
fn whole(lock: libc::c_int) -> libc::flock {
    let start = libc::c_short::try_from(libc::SEEK_SET).unwrap_or_default();
    libc::flock { l_type: kind(lock), l_whence: start, l_start: 0, l_len: 0, l_pid: 0 }
}

/// The constants are small numbers, of another type than the field.
fn kind(lock: libc::c_int) -> libc::c_short {
    libc::c_short::try_from(lock).unwrap_or_default()
}
