//! Connecting to the daemon's socket.

use crate::deadline::Deadline;
use crate::endpoint::Endpoint;
use crate::error::{Error, Waiting};
use crate::peer;
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;
use std::time::Duration;

/// Connects, waiting for space in the backlog until the deadline. The socket is left blocking, with both of its
/// timeouts at the duration that is returned.
pub(crate) fn connect_blocking(
    endpoint: &Endpoint,
    deadline: &Deadline,
) -> Result<(OwnedFd, Duration), Error> {
    let address = address(endpoint)?;
    let socket = new_socket(SocketFlags::empty())?;
    let limit = loop {
        // SO_SNDTIMEO bounds a blocking connect as well: the kernel queues the caller for the backlog, which
        // is fairer than trying again.
        let remaining = deadline.remaining(Waiting::Connect)?;
        set_timeouts(&socket, remaining)?;
        match connect(&socket, &address) {
            Ok(()) | Err(Errno::ISCONN) => break remaining,
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(errno) => return Err(connect_error(endpoint, errno)),
        }
    };
    check_server(endpoint, &socket)?;
    Ok((socket, limit))
}

/// Tries to connect without waiting; `None` when the backlog is full. The socket is left non-blocking.
#[cfg(feature = "tokio")]
pub(crate) fn try_connect(endpoint: &Endpoint) -> Result<Option<OwnedFd>, Error> {
    let address = address(endpoint)?;
    let socket = new_socket(SocketFlags::NONBLOCK)?;
    match connect(&socket, &address) {
        Ok(()) => {}
        Err(Errno::AGAIN | Errno::INTR) => return Ok(None),
        Err(errno) => return Err(connect_error(endpoint, errno)),
    }
    check_server(endpoint, &socket)?;
    Ok(Some(socket))
}

/// Sets the timeouts of one send and one receive. `limit` is not zero.
pub(crate) fn set_timeouts(socket: impl AsFd, limit: Duration) -> Result<(), Error> {
    let socket = socket.as_fd();
    set_socket_timeout(socket, Timeout::Send, Some(limit))
        .and_then(|()| set_socket_timeout(socket, Timeout::Recv, Some(limit)))
        .map_err(|errno| Error::System { action: "a time limit on the socket", source: errno.into() })
}

fn address(endpoint: &Endpoint) -> Result<SocketAddrUnix, Error> {
    SocketAddrUnix::new(endpoint.socket()).map_err(|_| Error::SocketPath { path: endpoint.socket().into() })
}

fn new_socket(flags: SocketFlags) -> Result<OwnedFd, Error> {
    socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC | flags, None)
        .map_err(|errno| Error::System { action: "a socket", source: errno.into() })
}

fn connect_error(endpoint: &Endpoint, errno: Errno) -> Error {
    // The kernel's error for a file or a directory is the same as for a socket without a listener.
    if let Some(kind) = other_kind(endpoint.socket()) {
        return Error::NotASocket { path: endpoint.socket().into(), kind };
    }
    let (socket, source) = (endpoint.socket().into(), io::Error::from(errno));
    match errno {
        Errno::ACCESS | Errno::PERM => Error::SocketForbidden { socket, source },
        _ => Error::Unreachable { socket, source },
    }
}

fn check_server(endpoint: &Endpoint, socket: &OwnedFd) -> Result<(), Error> {
    let uid = peer::server_uid(socket)
        .map_err(|source| Error::System { action: "the name of the server's user", source })?;
    endpoint.check_server(uid)
}

/// What is at a path that is not a socket; `None` for a socket, and for nothing.
fn other_kind(path: &Path) -> Option<&'static str> {
    let kind = path.metadata().ok()?.file_type();
    if kind.is_socket() {
        None
    } else if kind.is_dir() {
        Some("a directory")
    } else if kind.is_file() {
        Some("a file")
    } else {
        Some("a device or a pipe")
    }
}
