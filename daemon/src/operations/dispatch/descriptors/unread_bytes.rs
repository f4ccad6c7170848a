//! SIOCOUTQ: how much of what was sent the other end has not read.

#![expect(unsafe_code, reason = "ioctl(SIOCOUTQ) has no safe wrapper")]

use core::ffi::c_int;
use rustix::ioctl::{Getter, Opcode, ioctl};
use std::io;
use std::os::fd::AsFd;

/// `SIOCOUTQ` is `TIOCOUTQ` on Linux (asm-generic/ioctls.h), with a different type in each C library.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number of 16 bits")]
const SIOCOUTQ: Opcode = libc::TIOCOUTQ as Opcode;

/// Whether the other end of a Unix stream has read everything, or is gone. The kernel counts the memory of
/// unread messages, not their bytes: zero is exact, other values are not used.
///
/// # Errors
/// If the descriptor is not a socket.
pub(super) fn all_read(socket: impl AsFd) -> io::Result<bool> {
    // SAFETY: the kernel writes one `int` for this request (unix(7)), for which `Getter` provides the space;
    // the descriptor is borrowed and therefore open.
    let unread = unsafe { ioctl(socket, Getter::<SIOCOUTQ, c_int>::new()) }?;
    Ok(unread == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixStream;

    #[test]
    fn what_was_read_or_whose_reader_is_gone_is_not_unread() {
        let (mut near, mut far) = UnixStream::pair().unwrap();
        assert!(all_read(&near).unwrap());
        near.write_all(b"abc").unwrap();
        assert!(!all_read(&near).unwrap());
        far.read_exact(&mut [0; 2]).unwrap();
        assert!(!all_read(&near).unwrap(), "a message half read is unread");
        far.read_exact(&mut [0; 1]).unwrap();
        assert!(all_read(&near).unwrap());
        near.write_all(b"abc").unwrap();
        drop(far);
        assert!(all_read(&near).unwrap());
    }
}
