//! The directory of the socket: anybody who may write it decides what clients connect to.

use super::error::BindError;
use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags, Stat};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Permissions of the daemon's own directory: everybody may traverse it, as clients must.
const MODE: u32 = 0o755;

/// An open directory, so that every step concerns the same one.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) fd: OwnedFd,
    pub(super) path: PathBuf,
}

impl Directory {
    /// Opens the directory of a socket's path; `make` makes the last component if it is missing.
    pub(super) fn open(socket: &Path, make: bool) -> Result<Self, BindError> {
        let path = socket.parent().unwrap_or(Path::new("/")).to_owned();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut made = false;
        let fd = loop {
            match rustix::fs::open(&path, flags, Mode::empty()) {
                Ok(fd) => break fd,
                Err(Errno::NOENT) if make && !made => {
                    make_directory(&path)?;
                    made = true;
                }
                Err(Errno::NOENT) => return Err(BindError::DirectoryMissing(path)),
                Err(Errno::NOTDIR) => return Err(BindError::DirectoryIsNone(path)),
                Err(Errno::ACCESS) => return Err(BindError::DirectoryNotWritable(path)),
                Err(errno) => return Err(BindError::system("open", &path, errno)),
            }
        };
        let stat = rustix::fs::fstat(&fd).map_err(|errno| BindError::system("look at", &path, errno))?;
        if made {
            // By chmod, because the umask has reduced the mode that mkdir was given.
            rustix::fs::fchmod(&fd, Mode::from_raw_mode(MODE))
                .map_err(|errno| BindError::system("set the mode of", &path, errno))?;
        } else {
            check_owner(&path, &stat)?;
        }
        Ok(Self { fd, path })
    }

    /// What has this name, `None` if nothing does. Does not follow a symbolic link.
    pub(super) fn stat(&self, name: &OsStr) -> Result<Option<Stat>, Errno> {
        match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    pub(super) fn rename(&self, from: &OsStr, to: &OsStr, flags: RenameFlags) -> Result<(), Errno> {
        rustix::fs::renameat_with(&self.fd, from, &self.fd, to, flags)
    }

    pub(super) fn remove(&self, name: &OsStr) {
        if let Err(errno) = rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()) {
            let path = self.path.join(name);
            tracing::warn!(path = %path.display(), error = %errno, "an old socket was not removed");
        }
    }
}

fn make_directory(path: &Path) -> Result<(), BindError> {
    match rustix::fs::mkdir(path, Mode::from_raw_mode(MODE)) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(Errno::ACCESS | Errno::PERM | Errno::ROFS) => {
            Err(BindError::DirectoryNotWritable(path.parent().unwrap_or(path).to_owned()))
        }
        Err(Errno::NOENT) => Err(BindError::DirectoryMissing(path.parent().unwrap_or(path).to_owned())),
        Err(errno) => Err(BindError::system("make", path, errno)),
    }
}

/// Others must not be able to replace the daemon's socket with their own.
fn check_owner(path: &Path, stat: &Stat) -> Result<(), BindError> {
    let mode = stat.st_mode & 0o7777;
    // A group may have members too.
    let (sticky, by_others) = (mode & 0o1000 != 0, mode & 0o022 != 0);
    if by_others && !sticky {
        return Err(BindError::DirectoryWritableByOthers { path: path.to_owned(), mode });
    }
    let own = rustix::process::geteuid().as_raw();
    if stat.st_uid != 0 && stat.st_uid != own {
        return Err(BindError::DirectoryOwner { path: path.to_owned(), owner: stat.st_uid, own });
    }
    Ok(())
}
