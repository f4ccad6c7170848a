//! Reads from a socket until nothing is left.
//!
//! Readiness is reported once, when bytes arrive, and not again while some are left. So a reader may wait only
//! if it knows that it has read everything. tokio takes a short read as proof of that, which saves a futile
//! read; but the kernel also ends a read after a message that carries descriptors, whatever else there is. It
//! reports this case: the descriptors, which are closed, are control data without space, and reading continues
//! here.

use core::future::poll_fn;
use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvFlags, ReturnFlags, recvmsg};
use std::io::{self, IoSliceMut};
use std::os::fd::AsFd;
use tokio::io::Interest;
use tokio::net::UnixStream;

/// Waits for bytes and reads what there is, up to the space; 0 at the end. The kernel closes descriptors that
/// come along. May be dropped while it waits: nothing is lost.
///
/// # Errors
/// If the connection is broken.
pub(crate) async fn read(socket: &UnixStream, room: &mut [u8]) -> io::Result<usize> {
    loop {
        poll_fn(|context| socket.poll_read_ready(context)).await?;
        if let Some(count) = read_ready(socket, room)? {
            return Ok(count);
        }
    }
}

/// Reads what there is; `None` if there is nothing yet.
fn read_ready(socket: &UnixStream, room: &mut [u8]) -> io::Result<Option<usize>> {
    let mut count = 0;
    let read = socket.try_io(Interest::READABLE, || {
        loop {
            let left = room.get_mut(count..).unwrap_or_default();
            let wanted = left.len();
            match receive(socket, left) {
                Ok(Received { bytes, cut }) => {
                    count += bytes;
                    if bytes == wanted || bytes == 0 {
                        // There may be more, or the end: still readable.
                        return Ok(());
                    }
                    if !cut {
                        return Err(io::ErrorKind::WouldBlock.into());
                    }
                }
                Err(Errno::INTR) => {}
                // What was read takes precedence.
                Err(errno) if errno == Errno::AGAIN || count == 0 => return Err(errno.into()),
                Err(_) => return Ok(()),
            }
        }
    });
    match read {
        Ok(()) => Ok(Some(count)),
        // tokio now waits for the next event.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok((count > 0).then_some(count)),
        Err(error) => Err(error),
    }
}

struct Received {
    bytes: usize,
    /// The kernel ended the read because of control data.
    cut: bool,
}

fn receive(socket: impl AsFd, room: &mut [u8]) -> rustix::io::Result<Received> {
    // Without space for descriptors, none is installed in this process, not even for a moment.
    let mut no_room = RecvAncillaryBuffer::default();
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    let received = recvmsg(socket, &mut [IoSliceMut::new(room)], &mut no_room, flags)?;
    Ok(Received { bytes: received.bytes, cut: received.flags.contains(ReturnFlags::CTRUNC) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::MaybeUninit;
    use core::task::{Context, Poll, Waker};
    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
    use std::io::{IoSlice, Write as _};
    use std::os::unix::net::UnixStream as Blocking;

    /// Both ends, ours registered with the runtime.
    fn pair() -> (UnixStream, Blocking) {
        let (ours, theirs) = Blocking::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        (UnixStream::from_std(ours).unwrap(), theirs)
    }

    fn send_with_descriptor(end: &Blocking, bytes: &[u8]) {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let files = [end.as_fd()];
        assert!(ancillary.push(SendAncillaryMessage::ScmRights(&files)));
        sendmsg(end, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::empty()).unwrap();
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    #[test]
    fn all_that_is_there_is_read_whatever_came_with_it() {
        run(async {
            let (ours, mut theirs) = pair();
            for _ in 0..3 {
                send_with_descriptor(&theirs, b"ab");
                theirs.write_all(b"cd").unwrap();
                send_with_descriptor(&theirs, b"e");
            }
            let mut room = [0; 64];
            let count = read(&ours, &mut room).await.unwrap();
            assert_eq!(&room[..count], b"abcdeabcdeabcde");
            theirs.write_all(b"more").unwrap();
            let count = read(&ours, &mut room).await.unwrap();
            assert_eq!(&room[..count], b"more", "and then it waits for the next event");
        });
    }

    #[test]
    fn what_does_not_fit_stays_and_the_end_comes_last() {
        run(async {
            let (ours, theirs) = pair();
            send_with_descriptor(&theirs, b"abc");
            send_with_descriptor(&theirs, b"de");
            drop(theirs);
            let mut room = [0; 4];
            let mut read = async || {
                let count = read(&ours, &mut room).await.unwrap();
                room[..count].to_vec()
            };
            assert_eq!(read().await, b"abcd");
            assert_eq!(read().await, b"e");
            assert_eq!(read().await, b"");
            assert_eq!(read().await, b"", "again and again");
        });
    }

    #[test]
    fn nothing_is_read_while_nothing_is_there() {
        run(async {
            let (ours, mut theirs) = pair();
            let mut room = [0; 4];
            {
                let mut reading = core::pin::pin!(read(&ours, &mut room));
                let polled = reading.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                assert!(matches!(polled, Poll::Pending));
            }
            theirs.write_all(b"x").unwrap();
            assert_eq!(read(&ours, &mut room).await.unwrap(), 1, "a reader that was dropped took nothing");
        });
    }
}
