//! Answers that were not written yet.

use apikeyd_protocol::frame::HEADER_BYTES;
use apikeyd_protocol::limit::MAX_BODY_BYTES;
use core::mem::MaybeUninit;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd as _, OwnedFd};
use tokio::io::Interest;
use tokio::net::UnixStream;
use zeroize::Zeroize as _;

/// Room at first, and after a burst.
const USUAL: usize = 8 * 1024;

/// Bytes that may wait for a caller to read them. Past it no request is taken until it has.
const HIGH_WATER: usize = 256 * 1024;

/// Room that is made for an answer before it is written: a verdict, a draft and nearly every failure fit.
pub(super) const SMALL_ANSWER: usize = 1024;

/// Room for an answer of the full size.
pub(super) const LARGE_ANSWER: usize = HEADER_BYTES + MAX_BODY_BYTES;

/// One buffer for all answers, wiped once they are written: one of them may show a new key.
#[derive(Debug)]
pub(super) struct Outbox {
    buffer: Vec<u8>,
    written: usize,
    /// Descriptors, each with the offset of the frame that it goes with.
    descriptors: VecDeque<(usize, OwnedFd)>,
}

impl Outbox {
    pub(super) fn new() -> Self {
        Self { buffer: Vec::with_capacity(USUAL), written: 0, descriptors: VecDeque::new() }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Whether another answer may be put in.
    pub(super) const fn has_room(&self) -> bool {
        self.buffer.len() - self.written < HIGH_WATER
    }

    /// Where to append an answer of at most `bytes`.
    pub(super) fn answer(&mut self, bytes: usize) -> &mut Vec<u8> {
        if self.buffer.capacity() - self.buffer.len() < bytes {
            self.make_room(bytes);
        }
        &mut self.buffer
    }

    /// Appends an answer that is complete, with the descriptor that it carries.
    pub(super) fn append(&mut self, frame: &[u8], descriptor: Option<OwnedFd>) {
        let start = self.buffer.len();
        self.answer(frame.len()).extend_from_slice(frame);
        self.descriptors.extend(descriptor.map(|descriptor| (start, descriptor)));
    }

    /// Writes as much as the socket takes; true once all is written.
    ///
    /// # Errors
    /// When the other end is gone.
    pub(super) fn write(&mut self, socket: &UnixStream) -> io::Result<bool> {
        while self.written < self.buffer.len() {
            match self.write_once(socket) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.wipe();
        Ok(true)
    }

    /// Bytes that are written already, to see whether there is progress.
    pub(super) const fn progress(&self) -> usize {
        self.written
    }

    fn write_once(&mut self, socket: &UnixStream) -> io::Result<usize> {
        let Some((offset, descriptor)) = self.descriptors.front() else {
            return socket.try_write(self.buffer.get(self.written..).unwrap_or_default());
        };
        if *offset > self.written {
            return socket.try_write(self.buffer.get(self.written..*offset).unwrap_or_default());
        }
        // The descriptor travels with the first byte of its frame, which a stream keeps together.
        let end = self.descriptors.get(1).map_or(self.buffer.len(), |(next, _)| *next);
        let bytes = self.buffer.get(self.written..end).unwrap_or_default();
        let count = socket.try_io(Interest::WRITABLE, || {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
            let mut ancillary = SendAncillaryBuffer::new(&mut space);
            let descriptors = [descriptor.as_fd()];
            if !ancillary.push(SendAncillaryMessage::ScmRights(&descriptors)) {
                return Err(io::Error::other("no space for one descriptor"));
            }
            Ok(sendmsg(socket, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::NOSIGNAL)?)
        })?;
        self.descriptors.pop_front();
        Ok(count)
    }

    fn wipe(&mut self) {
        self.buffer.as_mut_slice().zeroize();
        self.buffer.clear();
        self.written = 0;
        if self.buffer.capacity() > LARGE_ANSWER {
            self.buffer = Vec::with_capacity(USUAL);
        }
    }

    /// Moves to a larger buffer by hand: `Vec` would leave a copy of the old one behind.
    fn make_room(&mut self, bytes: usize) {
        let capacity = (self.buffer.len() + bytes).next_power_of_two();
        let mut larger = Vec::with_capacity(capacity);
        larger.extend_from_slice(&self.buffer);
        self.buffer.zeroize();
        self.buffer = larger;
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.buffer.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
    use std::fs::File;
    use std::io::IoSliceMut;
    use std::os::unix::fs::MetadataExt as _;

    /// What one `recvmsg` gives: bytes and the inodes of the descriptors that came with them.
    fn receive(socket: &UnixStream) -> (Vec<u8>, Vec<u64>) {
        let mut bytes = vec![0; 1024 * 1024];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(8))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(&mut bytes)];
        let count =
            recvmsg(socket, &mut parts, &mut ancillary, RecvFlags::DONTWAIT).map_or(0, |got| got.bytes);
        let mut inodes = Vec::new();
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                inodes.extend(descriptors.map(|descriptor| File::from(descriptor).metadata().unwrap().ino()));
            }
        }
        bytes.truncate(count);
        (bytes, inodes)
    }

    #[tokio::test]
    async fn a_descriptor_travels_with_its_own_frame() {
        let (near, far) = UnixStream::pair().unwrap();
        let files = [tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap()];
        let inodes = [&files[0], &files[1]].map(|file| file.metadata().unwrap().ino());
        let [first, second] = files;
        let mut outbox = Outbox::new();
        outbox.append(b"plain", None);
        outbox.append(b"first", Some(first.into()));
        outbox.append(b"between", None);
        outbox.append(b"second", Some(second.into()));
        near.writable().await.unwrap();
        assert!(outbox.write(&near).unwrap());
        // A read ends at the end of the piece that a descriptor came with.
        assert_eq!(receive(&far), (b"plainfirstbetween".to_vec(), vec![inodes[0]]));
        assert_eq!(receive(&far), (b"second".to_vec(), vec![inodes[1]]));
    }

    #[tokio::test]
    async fn what_the_socket_does_not_take_waits_in_order() {
        let (near, far) = UnixStream::pair().unwrap();
        near.writable().await.unwrap();
        let mut outbox = Outbox::new();
        let pieces: Vec<Vec<u8>> = (0..40).map(|byte| vec![byte; 20_000]).collect();
        pieces.iter().for_each(|piece| outbox.append(piece, None));
        assert!(!outbox.has_room());
        let mut received = Vec::new();
        while !outbox.write(&near).unwrap() {
            received.extend(receive(&far).0);
            near.writable().await.unwrap();
        }
        received.extend(receive(&far).0);
        assert_eq!(received, pieces.concat());
        assert!(outbox.is_empty() && outbox.has_room());
        assert_eq!(outbox.buffer.capacity(), USUAL, "the room of a burst is given back");
    }

    #[tokio::test]
    async fn the_other_ends_absence_is_an_error() {
        let (near, far) = UnixStream::pair().unwrap();
        near.writable().await.unwrap();
        drop(far);
        let mut outbox = Outbox::new();
        outbox.append(b"anybody?", None);
        assert_eq!(outbox.write(&near).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
