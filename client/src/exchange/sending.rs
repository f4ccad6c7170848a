//! Bytes to be sent.

use apikeyd_protocol::frame::HEADER_BYTES;
use apikeyd_protocol::limit::MAX_BODY_BYTES;
use zeroize::Zeroize;

/// Bytes of the longest frame.
const MAX_FRAME_BYTES: usize = HEADER_BYTES + MAX_BODY_BYTES;

/// Frames that wait to be sent, wiped once they are.
pub(crate) struct Sending {
    bytes: Vec<u8>,
    sent: usize,
}

impl Sending {
    /// Nothing to send, and room for one frame: pages that are never written cost no memory.
    pub(crate) fn new() -> Self {
        Self { bytes: Vec::with_capacity(MAX_FRAME_BYTES), sent: 0 }
    }

    /// What is still to be sent.
    pub(crate) fn unsent(&self) -> &[u8] {
        self.bytes.get(self.sent..).unwrap_or_default()
    }

    /// Notes that the first `count` bytes of [`unsent`](Self::unsent) are gone.
    pub(crate) fn advance(&mut self, count: usize) {
        self.sent = self.sent.saturating_add(count);
        if self.sent >= self.bytes.len() {
            self.wipe();
        }
    }

    /// Lets `write` append one frame. The buffer never grows under it, for growing would leave a copy
    /// behind that nobody wipes.
    pub(super) fn append<T>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        if self.bytes.capacity() - self.bytes.len() < MAX_FRAME_BYTES {
            self.grow();
        }
        write(&mut self.bytes)
    }

    fn grow(&mut self) {
        let mut larger = Vec::with_capacity(2 * self.bytes.capacity() + MAX_FRAME_BYTES);
        larger.extend_from_slice(self.unsent());
        self.wipe();
        self.bytes = larger;
    }

    // Of the slice, not of the vector, which would wipe its whole capacity each time.
    fn wipe(&mut self) {
        self.bytes.as_mut_slice().zeroize();
        self.bytes.clear();
        self.sent = 0;
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.wipe();
    }
}
