//! Who is at the other end of a connection, according to the kernel.

mod kernel;

use apikeyd_protocol::term::Actor;
use std::io;
use std::os::fd::AsFd;

/// The credentials of a connected process: taken once, at accept, and never from what a request claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Effective user at the time of `connect`.
    pub uid: u32,
    /// Effective group at the time of `connect`.
    pub gid: u32,
    /// Process, for information in the audit: process ids are reused. Zero for a process in a pid namespace
    /// that the daemon cannot see.
    pub pid: u32,
    /// Supplementary groups at the time of `connect`.
    pub groups: Box<[u32]>,
}

impl Peer {
    /// Asks the kernel who connected to this socket.
    ///
    /// # Errors
    /// If the kernel does not say. The caller then has no rights; there is no default user.
    pub fn of(socket: impl AsFd) -> io::Result<Self> {
        let socket = socket.as_fd();
        let credentials = kernel::credentials(socket)?;
        Ok(Self {
            uid: credentials.uid(),
            gid: credentials.gid(),
            pid: credentials.pid().unsigned_abs(),
            groups: kernel::groups(socket)?,
        })
    }

    /// The caller, as named in the audit.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        Actor::Peer { uid: self.uid, gid: self.gid, pid: self.pid }
    }

    /// The daemon itself, for what it requests on its own.
    #[must_use]
    pub fn this_process() -> Self {
        Self {
            uid: rustix::process::geteuid().as_raw(),
            gid: rustix::process::getegid().as_raw(),
            pid: std::process::id(),
            groups: Box::new([]),
        }
    }
}

#[cfg(test)]
mod tests;
