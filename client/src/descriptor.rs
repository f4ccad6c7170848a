//! Receives a descriptor along with bytes (SCM_RIGHTS, unix(7)).

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

/// Reads bytes, and keeps the first descriptor that comes with them. Further ones are closed; in a plain `recv`, which
/// is used wherever no descriptor is expected, the kernel closes all.
pub(crate) fn receive(
    socket: impl AsFd,
    room: &mut [u8],
    kept: &mut Option<OwnedFd>,
) -> rustix::io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    // Closed on exec from the start: another thread may fork at any time.
    let received = recvmsg(socket, &mut [IoSliceMut::new(room)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            for descriptor in descriptors {
                kept.get_or_insert(descriptor);
            }
        }
    }
    Ok(received.bytes)
}
