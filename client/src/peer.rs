//! The user of the server, as the kernel reports it.

#![expect(unsafe_code, reason = "one getsockopt: rustix types the pid as non-zero, and the kernel does not")]

use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// The uid of the process that listens at the other end, at the time it began to listen.
///
/// The process id that comes along is 0 when that process is in another pid namespace, as with a socket
/// mounted into a container; it is not looked at.
pub(crate) fn server_uid(socket: impl AsFd) -> io::Result<u32> {
    let mut credentials = libc::ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
    let size = size_of::<libc::ucred>();
    let mut length = libc::socklen_t::try_from(size).map_err(io::Error::other)?;
    // SAFETY: the descriptor is borrowed and so open; the pointers are to locals that outlive the call, and
    // `length` is the size of what `credentials` points to, whose fields may hold any bits.
    let result = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut credentials).cast(),
            &raw mut length,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    if usize::try_from(length) != Ok(size) {
        return Err(io::Error::other("the kernel's credentials have another size"));
    }
    Ok(credentials.uid)
}
