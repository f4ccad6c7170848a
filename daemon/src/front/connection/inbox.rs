//! Bytes that were received and not yet taken.

use apikeyd_protocol::frame::{Frame, HEADER_BYTES, TooLarge};
use apikeyd_protocol::limit::MAX_BODY_BYTES;
use zeroize::Zeroize as _;

/// Initial capacity. It fits about ninety validations, so that a pipelining caller gets them answered in one
/// write.
const USUAL: usize = 8 * 1024;

/// Capacity for the longest frame.
const MOST: usize = HEADER_BYTES + MAX_BODY_BYTES;

/// A buffer that grows with what arrives, never with what is announced, and wipes what was taken: requests
/// contain digests of keys.
#[derive(Debug)]
pub(super) struct Inbox {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self { buffer: vec![0; USUAL], start: 0, end: 0 }
    }

    /// The bytes received.
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The first frame, if it is complete, and the number of bytes it takes.
    pub(super) fn frame(&self) -> Result<Option<(Frame<'_>, usize)>, TooLarge> {
        let bytes = self.bytes();
        Ok(Frame::split(bytes)?.map(|(frame, rest)| (frame, bytes.len() - rest.len())))
    }

    /// Removes the first bytes and wipes them.
    pub(super) fn take(&mut self, bytes: usize) {
        let until = self.start.saturating_add(bytes).min(self.end);
        self.buffer.get_mut(self.start..until).unwrap_or_default().zeroize();
        self.start = until;
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
            if self.buffer.len() > USUAL {
                // All zero by now.
                self.buffer = vec![0; USUAL];
            }
        }
    }

    /// Space for more bytes; at least one, unless the longest frame is already there.
    pub(super) fn room(&mut self) -> &mut [u8] {
        if self.end == self.buffer.len() {
            if self.start > 0 {
                self.move_to_front();
            } else if self.buffer.len() < MOST {
                self.grow();
            }
        }
        self.buffer.get_mut(self.end..).unwrap_or_default()
    }

    /// Bytes were written to the space.
    pub(super) fn received(&mut self, bytes: usize) {
        self.end = self.end.saturating_add(bytes).min(self.buffer.len());
    }

    fn move_to_front(&mut self) {
        self.buffer.copy_within(self.start..self.end, 0);
        let length = self.end - self.start;
        self.buffer.get_mut(length..self.end).unwrap_or_default().zeroize();
        (self.start, self.end) = (0, length);
    }

    fn grow(&mut self) {
        let mut larger = vec![0; self.buffer.len().saturating_mul(2).min(MOST)];
        larger.iter_mut().zip(&self.buffer).for_each(|(to, from)| *to = *from);
        self.buffer.zeroize();
        self.buffer = larger;
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.buffer.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use apikeyd_protocol::frame::Header;

    fn put(inbox: &mut Inbox, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = inbox.room();
            let count = room.len().min(bytes.len());
            assert!(count > 0, "no room");
            room[..count].copy_from_slice(&bytes[..count]);
            inbox.received(count);
            bytes = &bytes[count..];
        }
    }

    fn frame(request_id: u64, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap();
        let header = Header { length, opcode: 1, flags_or_status: 0, request_id };
        [&header.encode()[..], body].concat()
    }

    #[test]
    fn frames_come_out_as_they_went_in_wherever_reads_end() {
        let bodies = [&[][..], &[1], &[7; 5_000], &[3; 20_000], &[9; MAX_BODY_BYTES]];
        let wire: Vec<u8> = (0_u64..).zip(bodies).flat_map(|(id, body)| frame(id, body)).collect();
        for step in [1, 7, 16, 4_096, 8_192, wire.len()] {
            let mut inbox = Inbox::new();
            let mut seen = 0;
            for chunk in wire.chunks(step) {
                let mut chunk = chunk;
                // Like a reader: no more than there is space for, then take what is complete.
                while !chunk.is_empty() {
                    let room = inbox.room().len().min(chunk.len());
                    put(&mut inbox, &chunk[..room]);
                    chunk = &chunk[room..];
                    while let Some((frame, taken)) = inbox.frame().unwrap() {
                        assert_eq!(frame.body, bodies[usize::try_from(frame.header.request_id).unwrap()]);
                        seen += 1;
                        inbox.take(taken);
                    }
                }
            }
            assert_eq!((seen, inbox.is_empty()), (bodies.len(), true), "step {step}");
            assert_eq!(inbox.buffer.len(), USUAL, "the room for a large frame is given back");
            assert!(inbox.buffer.iter().all(|byte| *byte == 0), "what was taken is wiped");
        }
    }

    #[test]
    fn an_announced_length_takes_no_memory() {
        let mut inbox = Inbox::new();
        put(&mut inbox, &frame(1, &[5; MAX_BODY_BYTES])[..17]);
        assert!(inbox.frame().unwrap().is_none());
        assert!(!inbox.room().is_empty());
        assert_eq!(inbox.buffer.len(), USUAL);
    }
}
