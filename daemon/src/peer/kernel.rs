//! What the kernel says about a peer. No crate offers a safe call for `SO_PEERGROUPS`.

#![expect(unsafe_code, reason = "getsockopt(2) writes into memory that is named by pointer and length")]

use nix::sys::socket::sockopt::PeerCredentials;
use nix::sys::socket::{UnixCredentials, getsockopt};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Groups requested at first. Most processes have fewer; the kernel says if there are more.
const USUAL_GROUPS: usize = 32;

/// `NGROUPS_MAX` of Linux, the maximum for a process.
const MOST_GROUPS: usize = 65_536;

/// User, group and process (`SO_PEERCRED`, unix(7)). The pid is 0 for a peer in a pid namespace that is not
/// visible here.
pub(super) fn credentials(socket: BorrowedFd<'_>) -> io::Result<UnixCredentials> {
    Ok(getsockopt(&socket, PeerCredentials)?)
}

/// Supplementary groups (`SO_PEERGROUPS`, since Linux 4.13).
pub(super) fn groups(socket: BorrowedFd<'_>) -> io::Result<Box<[u32]>> {
    let mut groups = vec![0_u32; USUAL_GROUPS];
    let bytes = match option(socket, libc::SO_PEERGROUPS, &mut groups) {
        Err(short) if short.error.raw_os_error() == Some(libc::ERANGE) => {
            groups.resize((short.wanted / size_of::<u32>()).min(MOST_GROUPS), 0);
            option(socket, libc::SO_PEERGROUPS, &mut groups).map_err(|error| error.error)?
        }
        other => other.map_err(|error| error.error)?,
    };
    groups.truncate(bytes / size_of::<u32>());
    Ok(groups.into())
}

/// A failure, and the bytes that the kernel would have needed.
struct OptionError {
    error: io::Error,
    wanted: usize,
}

/// Requests an option that is a list of numbers; returns the number of bytes written.
fn option(socket: BorrowedFd<'_>, name: libc::c_int, out: &mut [u32]) -> Result<usize, OptionError> {
    let failed = |error, wanted| OptionError { error, wanted };
    let mut length = libc::socklen_t::try_from(size_of_val(out))
        .map_err(|_| failed(io::ErrorKind::InvalidInput.into(), 0))?;
    // SAFETY: `out` is writable for `length` bytes and every bit pattern is a number; the kernel writes at most
    // `length` bytes and keeps neither pointer. The descriptor is open, because it is borrowed.
    let result = unsafe {
        libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, name, out.as_mut_ptr().cast(), &raw mut length)
    };
    let length = usize::try_from(length).unwrap_or(0);
    if result == 0 { Ok(length) } else { Err(failed(io::Error::last_os_error(), length)) }
}
