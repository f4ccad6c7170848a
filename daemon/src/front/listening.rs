//! A listening socket: the service manager's, or one that the daemon binds.
//!
//! ```text
//!   bind .1f3a90c2 ─► chmod ─► listen ─► rename to apikeyd.sock
//!   nobody can connect before listen(2)   nobody sees the name before
//! ```
//!
//! The umask is never relied on for permissions, and only a dead socket is ever removed.

mod directory;
mod error;

pub use error::BindError;

use super::inherited::{self, BACKLOG};
use crate::config::Socket;
use crate::exit::Failure;
use apikeyd_keystore::parts::Randomness;
use apikeyd_protocol::socket::MAX_SOCKET_PATH_BYTES;
use directory::Directory;
use rustix::fs::{AtFlags, FileType, Mode, RenameFlags, Stat};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// A listening socket, and its name.
#[derive(Debug)]
pub struct Listening {
    /// The socket.
    pub socket: OwnedFd,
    /// Where clients find it; the daemon also checks there whether it is alive itself.
    pub path: PathBuf,
    /// The name, if the daemon may remove it. That of an inherited socket belongs to the service manager.
    pub own_name: Option<BoundName>,
}

/// Takes the sockets that the service manager passed in, or binds the configured one.
///
/// Call it once, before anything else opens descriptors.
///
/// # Errors
/// [`Failure`] if a socket was passed in that cannot be used.
pub fn inherit() -> Result<Vec<Listening>, Failure> {
    inherited::take().map(|sockets| {
        let listening = |(socket, path)| Listening { socket, path, own_name: None };
        sockets.into_iter().map(listening).collect()
    })
}

/// Binds the configured socket.
///
/// # Errors
/// [`Failure`]: what is in the way and what to do.
pub fn bind_configured(socket: &Socket, randomness: &Randomness) -> Result<Listening, Failure> {
    let (fd, name) =
        bind(socket, randomness).map_err(|error| Failure::new(error.exit(), error.to_string()))?;
    Ok(Listening { socket: fd, path: socket.path.clone(), own_name: Some(name) })
}

/// Bytes of a private name: a dot and eight digits.
const PRIVATE_NAME_BYTES: usize = 9;

/// A name in the file system that the daemon gave to its socket.
#[derive(Clone, Debug)]
pub struct BoundName {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl BoundName {
    /// Removes the name, unless it belongs to something else now.
    pub fn remove(&self) {
        let stands = rustix::fs::lstat(&self.path).is_ok_and(|stat| self.is(&stat));
        if stands && let Err(errno) = rustix::fs::unlink(&self.path) {
            tracing::warn!(path = %self.path.display(), error = %errno, "the socket was not removed");
        }
    }

    const fn is(&self, stat: &Stat) -> bool {
        self.device == stat.st_dev && self.inode == stat.st_ino
    }
}

/// Binds the socket, listens, and moves it to its final name.
///
/// # Errors
/// [`BindError`]: what is in the way, and what to do.
pub(super) fn bind(socket: &Socket, randomness: &Randomness) -> Result<(OwnedFd, BoundName), BindError> {
    let path = &socket.path;
    let name = check_path(path)?;
    let directory = Directory::open(path, socket.make_directory)?;
    let stale = examine(path, &directory, name)?;
    let fd = new_socket().map_err(|source| BindError::system("make a socket", path, source))?;
    let private = bind_private(&fd, path, &directory, randomness)?;
    let placed = place(&fd, socket, &directory, &private, name, stale);
    if placed.is_err() {
        // Only a name that this process has just made.
        directory.remove(&private);
    }
    placed.map(|stat| (fd, BoundName { path: path.clone(), device: stat.st_dev, inode: stat.st_ino }))
}

/// The file name, if the path can be that of a socket.
fn check_path(path: &Path) -> Result<&OsStr, BindError> {
    let bytes = path.as_os_str().as_bytes();
    let name = path.file_name().ok_or_else(|| BindError::NoName(path.to_owned()))?;
    if name.as_bytes().first() == Some(&b'@') {
        return Err(BindError::Abstract(path.to_owned()));
    }
    let directory = bytes.len() - name.len();
    let longest = directory + name.len().max(PRIVATE_NAME_BYTES);
    if longest > MAX_SOCKET_PATH_BYTES {
        return Err(BindError::TooLong { path: path.to_owned(), bytes: longest });
    }
    Ok(name)
}

/// What has the path: nothing, or a socket that nobody serves. Everything else is an error.
fn examine(path: &Path, directory: &Directory, name: &OsStr) -> Result<Option<Stat>, BindError> {
    let Some(stat) = directory.stat(name).map_err(|source| BindError::system("look at", path, source))?
    else {
        return Ok(None);
    };
    // A regular file refuses a connection just like a dead socket: check the type first.
    let kind = FileType::from_raw_mode(stat.st_mode);
    if kind == FileType::Symlink {
        return Err(BindError::Symlink(path.to_owned()));
    }
    if kind != FileType::Socket {
        return Err(BindError::NotASocket(path.to_owned()));
    }
    let probe = new_socket().map_err(|source| BindError::system("make a socket", path, source))?;
    match connect(&probe, path) {
        Err(Errno::CONNREFUSED) => Ok(Some(stat)),
        // AGAIN: somebody listens and has more callers than it accepts.
        Ok(()) | Err(Errno::AGAIN) => Err(BindError::InUse(path.to_owned())),
        Err(errno) => Err(BindError::system("ask who serves", path, errno)),
    }
}

fn new_socket() -> Result<OwnedFd, Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
}

fn connect(socket: &OwnedFd, path: &Path) -> Result<(), Errno> {
    rustix::net::connect(socket, &SocketAddrUnix::new(path)?)
}

/// Binds under a name that nobody else uses, in the path's directory.
fn bind_private(
    fd: &OwnedFd,
    path: &Path,
    directory: &Directory,
    randomness: &Randomness,
) -> Result<OsString, BindError> {
    loop {
        let mut random = [0; 4];
        randomness
            .fill(&mut random)
            .map_err(|error| BindError::system("name", path, io::Error::other(error.to_string())))?;
        let private = OsString::from(format!(".{:08x}", u32::from_le_bytes(random)));
        let address = SocketAddrUnix::new(path.with_file_name(&private))
            .map_err(|source| BindError::system("bind", path, source))?;
        match rustix::net::bind(fd, &address) {
            Ok(()) => return Ok(private),
            Err(Errno::ADDRINUSE) => {}
            Err(Errno::ACCESS | Errno::PERM | Errno::ROFS) => {
                return Err(BindError::DirectoryNotWritable(directory.path.clone()));
            }
            Err(errno) => return Err(BindError::system("bind", path, errno)),
        }
    }
}

fn place(
    fd: &OwnedFd,
    socket: &Socket,
    directory: &Directory,
    private: &OsStr,
    name: &OsStr,
    stale: Option<Stat>,
) -> Result<Stat, BindError> {
    let path = &socket.path;
    let failed = |what| move |errno: Errno| BindError::system(what, path, errno);
    let mode = Mode::from_raw_mode(socket.mode);
    rustix::fs::chmodat(&directory.fd, private, mode, AtFlags::empty()).map_err(failed("set the mode of"))?;
    rustix::net::listen(fd, BACKLOG).map_err(failed("listen on"))?;
    let own = directory.stat(private).map_err(failed("look at"))?;
    let own = own.ok_or_else(|| BindError::DirectoryReplaced(directory.path.clone()))?;
    let moved = match &stale {
        None => directory.rename(private, name, RenameFlags::NOREPLACE),
        Some(_) => directory.rename(private, name, RenameFlags::EXCHANGE),
    };
    moved.map_err(|errno| match errno {
        // Another daemon was faster after the path was checked.
        Errno::EXIST | Errno::NOENT => BindError::InUse(path.clone()),
        other => BindError::system("rename the socket to", path, other),
    })?;
    if let Some(stale) = stale {
        let replaced = directory.stat(private).map_err(failed("look at"))?;
        if replaced.is_none_or(|replaced| replaced.st_ino != stale.st_ino || replaced.st_dev != stale.st_dev)
        {
            // What was exchanged is not the dead socket seen before: put the other daemon's back.
            directory.rename(private, name, RenameFlags::EXCHANGE).map_err(failed("put back"))?;
            return Err(BindError::InUse(path.clone()));
        }
        directory.remove(private);
    }
    Ok(own)
}

#[cfg(test)]
mod tests;
