//! Frames: a header of 16 bytes and a body.
//!
//! ```text
//!  0        4        6              8                 16
//!  ├────────┼────────┼──────────────┼─────────────────┼──────────
//!  │ length │ opcode │ flags/status │   request id    │ body …
//!  │  u32   │  u16   │     u16      │      u64        │ `length` bytes
//! ```
//!
//! Little-endian. In a request the third field is zero and checked; in an answer it is the [`Status`],
//! and the opcode is that of the request.

mod status;

pub use status::Status;

use crate::codec::{self, EncodeError};
use crate::limit::MAX_BODY_BYTES;
use crate::operation::Opcode;
use serde::Serialize;

/// Bytes of a header.
pub const HEADER_BYTES: usize = 16;

/// A header as it is on the wire, in either direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Bytes of the body.
    pub length: u32,
    /// The opcode, not yet known to be valid.
    pub opcode: u16,
    /// Flags of a request (all reserved, zero) or the status of an answer.
    pub flags_or_status: u16,
    /// Chosen by the client, unique among its requests in flight; returned in the answer.
    pub request_id: u64,
}

/// One frame, its body still encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The header.
    pub header: Header,
    /// Exactly `header.length` bytes.
    pub body: &'a [u8],
}

/// A header that no frame may have. The connection is closed, because what follows cannot be trusted to be a
/// frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a body of {length} bytes is above the limit of {MAX_BODY_BYTES}")]
pub struct TooLarge {
    /// The announced length.
    pub length: u32,
    /// The header of the request that announced it.
    pub header: Header,
}

impl Header {
    /// The bytes of the header.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let [l0, l1, l2, l3] = self.length.to_le_bytes();
        let [o0, o1] = self.opcode.to_le_bytes();
        let [f0, f1] = self.flags_or_status.to_le_bytes();
        let [i0, i1, i2, i3, i4, i5, i6, i7] = self.request_id.to_le_bytes();
        [l0, l1, l2, l3, o0, o1, f0, f1, i0, i1, i2, i3, i4, i5, i6, i7]
    }

    /// Reads a header.
    #[must_use]
    pub const fn decode(bytes: &[u8; HEADER_BYTES]) -> Self {
        let [l0, l1, l2, l3, o0, o1, f0, f1, i0, i1, i2, i3, i4, i5, i6, i7] = *bytes;
        Self {
            length: u32::from_le_bytes([l0, l1, l2, l3]),
            opcode: u16::from_le_bytes([o0, o1]),
            flags_or_status: u16::from_le_bytes([f0, f1]),
            request_id: u64::from_le_bytes([i0, i1, i2, i3, i4, i5, i6, i7]),
        }
    }
}

impl<'a> Frame<'a> {
    /// Takes one frame from the front of `bytes`: `Ok(None)` if more bytes are needed, otherwise the frame and
    /// the bytes after it. The length is checked before a body is awaited.
    ///
    /// # Errors
    /// [`TooLarge`] if the header announces more than [`MAX_BODY_BYTES`].
    pub fn split(bytes: &'a [u8]) -> Result<Option<(Self, &'a [u8])>, TooLarge> {
        let Some((header, rest)) = bytes.split_first_chunk::<HEADER_BYTES>() else { return Ok(None) };
        let header = Header::decode(header);
        let length = usize::try_from(header.length).unwrap_or(usize::MAX);
        if length > MAX_BODY_BYTES {
            return Err(TooLarge { length: header.length, header });
        }
        Ok(rest.split_at_checked(length).map(|(body, rest)| (Self { header, body }, rest)))
    }
}

/// Appends a request to `out`.
///
/// # Errors
/// [`EncodeError`] if the message does not fit; `out` is then unchanged.
pub fn append_request<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    opcode: Opcode,
    request_id: u64,
    message: &T,
) -> Result<(), EncodeError> {
    append_request_of(out, opcode, request_id, |out| codec::encode(message, out))
}

/// Appends a request whose body `encode` appends.
///
/// # Errors
/// That of `encode`; `out` is then unchanged.
#[inline]
pub fn append_request_of(
    out: &mut Vec<u8>,
    opcode: Opcode,
    request_id: u64,
    encode: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    append(out, opcode.code(), 0, request_id, encode)
}

/// Appends an answer to `out`. The opcode is a number because the answer to an unknown opcode names it too.
///
/// # Errors
/// [`EncodeError`] if the message does not fit; `out` is then unchanged.
pub fn append_answer<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    opcode: u16,
    status: Status,
    request_id: u64,
    message: &T,
) -> Result<(), EncodeError> {
    append_answer_of(out, opcode, status, request_id, |out| codec::encode(message, out))
}

/// Appends an answer whose body `encode` appends.
///
/// # Errors
/// That of `encode`; `out` is then unchanged.
#[inline]
pub fn append_answer_of(
    out: &mut Vec<u8>,
    opcode: u16,
    status: Status,
    request_id: u64,
    encode: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    append(out, opcode, status.code(), request_id, encode)
}

#[inline]
fn append(
    out: &mut Vec<u8>,
    opcode: u16,
    flags_or_status: u16,
    request_id: u64,
    encode: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER_BYTES]);
    let encoded = encode(out);
    let length = u32::try_from(out.len().saturating_sub(start + HEADER_BYTES)).map_err(|_| EncodeError);
    match encoded.and(length) {
        Ok(length) => {
            let header = Header { length, opcode, flags_or_status, request_id }.encode();
            if let Some(place) = out.get_mut(start..).and_then(<[u8]>::first_chunk_mut) {
                *place = header;
            }
            Ok(())
        }
        Err(error) => {
            out.truncate(start);
            Err(error)
        }
    }
}
