//! Sockets opened by the service manager (socket activation, sd_listen_fds(3)).

#![expect(unsafe_code, reason = "a descriptor number from the environment becomes an owned descriptor")]

use crate::exit::{Exit, Failure};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};
use std::ffi::OsStr;
use std::os::fd::{FromRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

/// Connections that may wait to be accepted. The kernel limits it to `net.core.somaxconn`.
pub(crate) const BACKLOG: i32 = 4096;

/// Valid names of a descriptor: that of the unit, the obvious one, or none at all (systemd-socket-activate, for
/// which sd-notify says `unknown`).
const NAMES: [&str; 4] = ["apikeyd.socket", "apikeyd", "unknown", ""];

/// The sockets passed in, with their paths. Empty if this process was not started by activation.
///
/// Call it once, before anything else: it takes the descriptors from 3 on. The environment is left unchanged;
/// the daemon starts no other programs that could inherit it.
///
/// # Errors
/// [`Failure`] for a descriptor that is not a listening Unix stream socket, or that has another name.
pub(crate) fn take() -> Result<Vec<(OwnedFd, PathBuf)>, Failure> {
    let numbers = sd_notify::listen_fds_with_names().map_err(|error| {
        failure(format!("LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES are inconsistent: {error}"))
    })?;
    let named: Vec<(OwnedFd, String)> = numbers
        .map(|(number, name)| {
            // SAFETY: LISTEN_PID names this process, so the service manager left the descriptor open for it and
            // nothing here has claimed it before; setting its flags has shown that it is open.
            (unsafe { OwnedFd::from_raw_fd(number) }, name)
        })
        .collect();
    named.into_iter().map(|(socket, name)| check(socket, &name)).collect()
}

fn check(socket: OwnedFd, name: &str) -> Result<(OwnedFd, PathBuf), Failure> {
    if !NAMES.contains(&name) {
        return Err(failure(format!(
            "the service manager passed a descriptor named {name:?}; apikeyd accepts only apikeyd.socket"
        )));
    }
    let is_unix_stream = rustix::net::sockopt::socket_domain(&socket) == Ok(AddressFamily::UNIX)
        && rustix::net::sockopt::socket_type(&socket) == Ok(SocketType::STREAM);
    if !is_unix_stream || rustix::net::sockopt::socket_acceptconn(&socket) != Ok(true) {
        return Err(failure(format!(
            "the descriptor {name:?} of the service manager is not a listening Unix stream socket; use ListenStream= \
             with a path"
        )));
    }
    // Otherwise clients would see the service manager as their peer: the kernel shows them who called listen.
    rustix::net::listen(&socket, BACKLOG).map_err(|errno| {
        failure(format!("the socket of the service manager cannot be listened on: {errno}"))
    })?;
    let path = path(&socket).ok_or_else(|| {
        failure(
            "the socket of the service manager has no path in the file system; use ListenStream= with one"
                .into(),
        )
    })?;
    Ok((socket, path))
}

fn path(socket: &OwnedFd) -> Option<PathBuf> {
    let address = SocketAddrUnix::try_from(rustix::net::getsockname(socket).ok()?).ok()?;
    let path = PathBuf::from(OsStr::from_bytes(address.path_bytes()?));
    path.is_absolute().then_some(path)
}

const fn failure(message: String) -> Failure {
    Failure { exit: Exit::Configuration, message }
}
