//! The lock of a page: one daemon for each file.
//!
//! A lock of the open file description (`F_OFD_SETLK`), for writing, and not `flock`. Clients hold descriptors of the
//! same file, open for reading, and anybody may `flock` a file that he can read: the client that waits for
//! that has the lock as soon as the daemon dies, and keeps it from the next one for as long as it likes. A descriptor for
//! reading can only ever get a lock for reading. That is told from a daemon's.

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use std::fs::File;
use std::io;

/// A locked file. The lock goes with this value, also while the file stays mapped.
#[derive(Debug)]
pub(super) struct Lock(File);

/// Why a file was not locked.
#[derive(Debug)]
pub(super) enum NotLocked {
    /// Another daemon has it.
    ByDaemon,
    /// Somebody has locked it who can only read it: no daemon.
    ByReader,
    /// The system refuses.
    Failed(io::Error),
}

impl Lock {
    /// Locks a file that is open for writing, without waiting.
    pub(super) fn take(file: File) -> Result<Self, NotLocked> {
        match fcntl(&file, FcntlArg::F_OFD_SETLK(&whole(libc::F_WRLCK))) {
            Ok(_) => Ok(Self(file)),
            Err(Errno::EAGAIN | Errno::EACCES) => Err(holder(&file)),
            Err(errno) => Err(NotLocked::Failed(errno.into())),
        }
    }

    /// The file.
    pub(super) const fn file(&self) -> &File {
        &self.0
    }

    /// Lets the next daemon have it.
    pub(super) fn release(&self) {
        // What is not unlocked here is with the end of the process.
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

/// All of a file, however long.
fn whole(lock: libc::c_int) -> libc::flock {
    let start = libc::c_short::try_from(libc::SEEK_SET).unwrap_or_default();
    libc::flock { l_type: kind(lock), l_whence: start, l_start: 0, l_len: 0, l_pid: 0 }
}

/// The constants are small numbers, of another type than the field.
fn kind(lock: libc::c_int) -> libc::c_short {
    libc::c_short::try_from(lock).unwrap_or_default()
}
