//! The encoding of bodies: bincode 2, standard configuration, with a byte limit.
//!
//! No other module names bincode. The format is ours by specification (`PROTOCOL.md`) and by golden
//! vectors, so that the crate behind it can be changed without a new format.

use crate::limit::MAX_BODY_BYTES;
use bincode::config::{self, Configuration, Limit, LittleEndian, Varint};
use bincode::enc::write::Writer;
use bincode::error::EncodeError as BincodeError;
use serde::{Deserialize, Serialize};

const CONFIG: Configuration<LittleEndian, Varint, Limit<MAX_BODY_BYTES>> =
    config::standard().with_limit::<MAX_BODY_BYTES>();

/// A body that is not the message its opcode promises.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Cut short, a length past the limit, a value out of range, text that is not UTF-8.
    #[error("the body is not the message that its opcode promises: {0}")]
    Malformed(String),
    /// Bytes left over behind the message.
    #[error("{0} bytes are left over behind the message")]
    TrailingBytes(usize),
}

/// A message that does not fit a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message does not fit the {MAX_BODY_BYTES} bytes of a body")]
pub struct EncodeError;

/// Appends the encoding of `message` to `out`.
///
/// # Errors
/// [`EncodeError`] when it would be longer than [`MAX_BODY_BYTES`]; `out` is then as it was.
pub fn encode<T: Serialize + ?Sized>(message: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let start = out.len();
    let mut body = Body { room: MAX_BODY_BYTES, out };
    match bincode::serde::encode_into_writer(message, &mut body, CONFIG) {
        Ok(()) => Ok(()),
        Err(_) => {
            out.truncate(start);
            Err(EncodeError)
        }
    }
}

/// Reads exactly one message from all of `body`; text and byte strings may borrow from it.
///
/// # Errors
/// [`DecodeError`] when the bytes are not that message, or more than it.
pub fn decode<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, DecodeError> {
    let (message, consumed) = bincode::serde::borrow_decode_from_slice(body, CONFIG)
        .map_err(|error| DecodeError::Malformed(error.to_string()))?;
    match body.len() - consumed {
        0 => Ok(message),
        left => Err(DecodeError::TrailingBytes(left)),
    }
}

/// Appends to a frame under construction and stops at the limit.
struct Body<'a> {
    room: usize,
    out: &'a mut Vec<u8>,
}

impl Writer for Body<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), BincodeError> {
        self.room = self.room.checked_sub(bytes.len()).ok_or(BincodeError::UnexpectedEnd)?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }
}
