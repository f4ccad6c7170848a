//! What can prevent the socket from being bound, and what to do about it.

use crate::exit::Exit;
use apikeyd_protocol::socket::MAX_SOCKET_PATH_BYTES;
use std::io;
use std::path::{Path, PathBuf};

/// Why the socket was not bound. Nothing was removed or changed.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// A running daemon serves the socket.
    #[error("a running process serves {}; stop it, or name another socket with --socket", .0.display())]
    InUse(PathBuf),
    /// The path ends in `/`, `..` or nothing.
    #[error("{} does not end in a file name; name a file that is to become the socket", .0.display())]
    NoName(PathBuf),
    /// A name of the abstract namespace, which has no permissions.
    #[error("{} looks like an abstract socket, which anybody could connect to; name a file", .0.display())]
    Abstract(PathBuf),
    /// The kernel does not accept such a long path.
    #[error(
        "the socket's path {} is too long: with a private name in its directory it takes {bytes} bytes of at most \
         {MAX_SOCKET_PATH_BYTES}; name a shorter one with --socket", path.display()
    )]
    TooLong {
        /// The path.
        path: PathBuf,
        /// The number of bytes needed.
        bytes: usize,
    },
    /// A link could lead anywhere.
    #[error("{} is a symbolic link; remove it, or name the socket itself", .0.display())]
    Symlink(PathBuf),
    /// Something else has the name.
    #[error("{} exists and is not a socket; it was left alone: name another path with --socket", .0.display())]
    NotASocket(PathBuf),
    /// The directory does not exist.
    #[error("the directory {} does not exist; create it, or name another socket with --socket", .0.display())]
    DirectoryMissing(PathBuf),
    /// The directory is something else.
    #[error("{} is not a directory; name another socket with --socket", .0.display())]
    DirectoryIsNone(PathBuf),
    /// The daemon may not write there.
    #[error("this user may not write the directory {}; grant it, or name another socket with --socket", .0.display())]
    DirectoryNotWritable(PathBuf),
    /// Somebody else could replace the socket.
    #[error(
        "others may write the directory {} (mode {mode:04o}) and so could put another socket there; run: \
         chmod go-w {}", path.display(), path.display()
    )]
    DirectoryWritableByOthers {
        /// The directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Somebody could replace the socket.
    #[error(
        "the directory {} belongs to uid {owner}, who could put another socket there; it must belong to root or to \
         the daemon's uid {own}", path.display()
    )]
    DirectoryOwner {
        /// The directory.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// The daemon's user.
        own: u32,
    },
    /// Another directory has had the name since it was opened.
    #[error("the directory {} was replaced while the socket was bound; start again", .0.display())]
    DirectoryReplaced(PathBuf),
    /// The system refused something.
    #[error("cannot {action} {}: {source}", path.display())]
    System {
        /// What was attempted.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

impl BindError {
    pub(super) fn system(action: &'static str, path: &Path, source: impl Into<io::Error>) -> Self {
        Self::System { action, path: path.to_owned(), source: source.into() }
    }

    /// The exit code.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::InUse(_) | Self::DirectoryReplaced(_) => Exit::Unavailable,
            Self::DirectoryNotWritable(_) => Exit::Permission,
            Self::System { .. } => Exit::InputOutput,
            Self::NoName(_)
            | Self::Abstract(_)
            | Self::TooLong { .. }
            | Self::Symlink(_)
            | Self::NotASocket(_)
            | Self::DirectoryMissing(_)
            | Self::DirectoryIsNone(_)
            | Self::DirectoryWritableByOthers { .. }
            | Self::DirectoryOwner { .. } => Exit::Configuration,
        }
    }
}
