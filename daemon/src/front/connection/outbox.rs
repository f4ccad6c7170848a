//! Answers that have not been written yet.

use crate::operations::dispatch::descriptors::Enclosed;
use apikeyd_protocol::frame::{HEADER_BYTES, Header, Status, append_answer};
use apikeyd_protocol::limit::MAX_BODY_BYTES;
use apikeyd_protocol::message::Failure;
use core::mem::MaybeUninit;
use core::ops::Range;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::os::fd::AsFd as _;
use std::sync::Arc;
use tokio::io::Interest;
use tokio::net::UnixStream;
use zeroize::{Zeroize as _, Zeroizing};

/// Capacity initially, and after a burst.
const USUAL: usize = 8 * 1024;

/// Bytes that may wait for a caller to read them. Beyond this no request is taken until the caller has read:
/// together with one more answer of maximum size, this is what a caller that never reads makes the daemon hold.
const HIGH_WATER: usize = 64 * 1024;

/// Space that is reserved for an answer before it is written: a verdict, a draft and nearly every failure fit.
pub(super) const SMALL_ANSWER: usize = 1024;

/// Space for an answer of maximum size.
pub(super) const LARGE_ANSWER: usize = HEADER_BYTES + MAX_BODY_BYTES;

/// One buffer for all answers, wiped once they are written: one of them may show a new key.
#[derive(Debug)]
pub(super) struct Outbox {
    buffer: Vec<u8>,
    written: usize,
    /// Descriptors, each with the range of the frame that it belongs to.
    descriptors: VecDeque<(Range<usize>, Enclosed)>,
    /// A descriptor was sent, and the rest of its answer is held back until that is recorded.
    is_held: bool,
}

/// How far a write came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// All of it.
    All,
    /// As much as the socket accepts.
    Some,
    /// Up to an answer that is held back until [`Outbox::release`].
    UntilHeld,
}

impl Outbox {
    pub(super) fn new() -> Self {
        Self { buffer: Vec::with_capacity(USUAL), written: 0, descriptors: VecDeque::new(), is_held: false }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Whether another answer may be added.
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

    /// Appends a complete answer, with the descriptor that it carries.
    pub(super) fn append(&mut self, frame: &[u8], enclosed: Option<Enclosed>) {
        let start = self.buffer.len();
        self.answer(frame.len()).extend_from_slice(frame);
        self.descriptors.extend(enclosed.map(|enclosed| (start..start + frame.len(), enclosed)));
    }

    /// Writes as much as possible.
    ///
    /// # Errors
    /// If the other end is gone.
    pub(super) fn write(&mut self, socket: &Arc<UnixStream>) -> io::Result<Written> {
        while self.written < self.buffer.len() {
            if self.is_held {
                return Ok(Written::UntilHeld);
            }
            match self.write_once(socket) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Written::Some),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.wipe();
        Ok(Written::All)
    }

    /// The number of bytes written, to detect progress.
    pub(super) const fn progress(&self) -> usize {
        self.written
    }

    /// Whether there is something to write, and it may be written.
    pub(super) const fn may_write(&self) -> bool {
        !self.buffer.is_empty() && !self.is_held
    }

    /// The record has been made: the answer may be completed.
    pub(super) const fn release(&mut self) {
        self.is_held = false;
    }

    fn write_once(&mut self, socket: &Arc<UnixStream>) -> io::Result<()> {
        let next = self.descriptors.front().map_or(self.buffer.len(), |(frame, _)| frame.start);
        if next > self.written {
            self.written += socket.try_write(self.buffer.get(self.written..next).unwrap_or_default())?;
            return Ok(());
        }
        match self.send_descriptor(socket) {
            Err(error) if !is_of_the_connection(error.kind()) => {
                tracing::warn!(%error, "a descriptor could not be sent; the caller is told to ask again");
                self.answer_busy();
                Ok(())
            }
            sent => sent,
        }
    }

    /// Sends the first descriptor with the first byte of its frame, which a stream keeps together.
    fn send_descriptor(&mut self, socket: &Arc<UnixStream>) -> io::Result<()> {
        let Some((frame, enclosed)) = self.descriptors.front() else { return Ok(()) };
        let end = match (enclosed.is_recorded, self.descriptors.get(1)) {
            // The rest follows once it is recorded that the caller has the descriptor.
            (true, _) => frame.start + 1,
            (false, Some((next, _))) => next.start,
            (false, None) => self.buffer.len(),
        };
        let bytes = self.buffer.get(self.written..end).unwrap_or_default();
        let count = socket.try_io(Interest::WRITABLE, || {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
            let mut ancillary = SendAncillaryBuffer::new(&mut space);
            let descriptors = [enclosed.descriptor.as_fd()];
            if !ancillary.push(SendAncillaryMessage::ScmRights(&descriptors)) {
                return Err(io::Error::other("no space for one descriptor"));
            }
            Ok(sendmsg(socket, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::NOSIGNAL)?)
        })?;
        if let Some((_, enclosed)) = self.descriptors.pop_front() {
            self.is_held = enclosed.is_recorded;
            enclosed.reservation.sent_on(socket);
        }
        self.written += count;
        Ok(())
    }

    /// Puts a refusal in place of the answer whose descriptor could not be sent. Nothing of that answer has
    /// been written, and the answers after it remain.
    fn answer_busy(&mut self) {
        let Some((frame, _)) = self.descriptors.pop_front() else { return };
        let mut refusal = Vec::with_capacity(SMALL_ANSWER);
        if let Some(Header { opcode, request_id, .. }) = self.header(&frame) {
            let message = "the system sends no more descriptors at the moment; ask again later".to_owned();
            // The message is ours: it fits.
            let _ = append_answer(&mut refusal, opcode, Status::Busy, request_id, &Failure { message });
        }
        let after = Zeroizing::new(self.buffer.get(frame.end..).unwrap_or_default().to_vec());
        self.buffer.get_mut(frame.start..).unwrap_or_default().zeroize();
        self.buffer.truncate(frame.start);
        self.answer(refusal.len() + after.len()).extend(refusal.iter().chain(after.iter()));
        for (other, _) in &mut self.descriptors {
            let moved = |at: usize| at - frame.end + frame.start + refusal.len();
            *other = moved(other.start)..moved(other.end);
        }
    }

    fn header(&self, frame: &Range<usize>) -> Option<Header> {
        self.buffer.get(frame.clone())?.first_chunk::<HEADER_BYTES>().map(Header::decode)
    }

    fn wipe(&mut self) {
        self.buffer.as_mut_slice().zeroize();
        self.buffer.clear();
        self.written = 0;
        if self.buffer.capacity() > LARGE_ANSWER {
            self.buffer = Vec::with_capacity(USUAL);
        }
    }

    /// Moves to a larger buffer explicitly: `Vec` would leave a copy of the old one behind.
    fn make_room(&mut self, bytes: usize) {
        let capacity = (self.buffer.len() + bytes).next_power_of_two();
        let mut larger = Vec::with_capacity(capacity);
        larger.extend_from_slice(&self.buffer);
        self.buffer.zeroize();
        self.buffer = larger;
    }
}

/// Whether an error means that the connection accepts no bytes, now or ever. Any other error of a send with a
/// descriptor concerns the descriptor: too many in flight (ETOOMANYREFS), no memory for it (ENOMEM, ENOBUFS).
const fn is_of_the_connection(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, Interrupted, NotConnected, WouldBlock};
    matches!(kind, BrokenPipe | ConnectionReset | Interrupted | NotConnected | WouldBlock)
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.buffer.zeroize();
    }
}

#[cfg(test)]
mod tests;
