//! Received bytes, until they are a welcome or a frame.

use crate::error::ProtocolError;
use apikeyd_protocol::frame::{Frame, HEADER_BYTES};
use apikeyd_protocol::hello::Welcome;
use apikeyd_protocol::limit::MAX_BODY_BYTES;
use zeroize::Zeroize;

/// A buffer that holds the longest frame and never grows. Wiped as it is read.
pub(crate) struct Inbox {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Inbox {
    /// Empty. The pages are the kernel's zeros until they are written.
    pub(crate) fn new() -> Self {
        Self { buffer: vec![0; HEADER_BYTES + MAX_BODY_BYTES].into(), start: 0, end: 0 }
    }

    /// Where to read to. Never empty if everything complete was taken before: what is left is then shorter than the
    /// longest frame.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        if self.start > 0 {
            let held = self.end - self.start;
            self.buffer.copy_within(self.start..self.end, 0);
            if let Some(vacated) = self.buffer.get_mut(held..self.end) {
                vacated.zeroize();
            }
            (self.start, self.end) = (0, held);
        }
        self.buffer.get_mut(self.end..).unwrap_or_default()
    }

    /// Notes that `count` bytes were read into the room.
    pub(crate) fn received(&mut self, count: usize) {
        self.end = self.end.saturating_add(count).min(self.buffer.len());
    }

    /// Whether nothing is held.
    pub(crate) const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Takes a welcome; `None` while more bytes are needed.
    pub(super) fn welcome(&mut self) -> Result<Option<Welcome>, ProtocolError> {
        let Some((welcome, length)) = Welcome::decode(self.held())? else { return Ok(None) };
        self.consume(length);
        Ok(Some(welcome))
    }

    /// Takes a frame, lends it, and wipes it; `None` while more bytes are needed.
    pub(super) fn frame<T>(&mut self, read: impl FnOnce(Frame<'_>) -> T) -> Result<Option<T>, ProtocolError> {
        let Some((frame, _)) = Frame::split(self.held())? else { return Ok(None) };
        let length = HEADER_BYTES + frame.body.len();
        let value = read(frame);
        self.consume(length);
        Ok(Some(value))
    }

    fn held(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    fn consume(&mut self, length: usize) {
        let to = self.start.saturating_add(length).min(self.end);
        if let Some(read) = self.buffer.get_mut(self.start..to) {
            read.zeroize();
        }
        self.start = to;
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
        }
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        if let Some(held) = self.buffer.get_mut(..self.end) {
            held.zeroize();
        }
    }
}
