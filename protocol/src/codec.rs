//! The encoding of bodies: bincode 2, standard configuration, with a byte limit.
//!
//! No other module names bincode. The format is ours, defined by the specification (`PROTOCOL.md`) and by
//! golden vectors, so that the crate behind it can be replaced without a new format.

mod pieces;

pub(crate) use pieces::{Pieces, put_bytes, put_number, put_option};

use crate::limit::MAX_BODY_BYTES;
use bincode::config::{self, Configuration, Limit, LittleEndian, Varint};
use bincode::enc::write::Writer;
use bincode::error::{DecodeError as BincodeDecodeError, EncodeError as BincodeEncodeError};
use serde::{Deserialize, Serialize};

/// bincode's limit counts an integer at its full width, up to eight bytes for one on the wire. The limit is
/// therefore eight times the size of a body, so that it refuses no body that fits a frame. The body's own
/// length is checked first, and bounds what is allocated (see `message::sequence`).
const CLAIM_LIMIT: usize = 8 * MAX_BODY_BYTES;

const CONFIG: Configuration<LittleEndian, Varint, Limit<CLAIM_LIMIT>> =
    config::standard().with_limit::<CLAIM_LIMIT>();

/// A body that is not the message its opcode promises.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Truncated, a length past the end, a value out of range, text that is not UTF-8.
    #[error("the body is not the message that its opcode promises: {0}")]
    Malformed(String),
    /// More bytes than a body may have.
    #[error("a body of {0} bytes is above the limit of {MAX_BODY_BYTES}")]
    TooLong(usize),
    /// Bytes left over after the message.
    #[error("{0} bytes are left over after the message")]
    TrailingBytes(usize),
}

/// A message that does not fit a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message does not fit the {MAX_BODY_BYTES} bytes of a body")]
pub struct EncodeError;

/// Appends the encoding of `message` to `out`.
///
/// # Errors
/// [`EncodeError`] if it would be longer than [`MAX_BODY_BYTES`]; `out` is then unchanged.
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
/// [`DecodeError`] if the bytes are not exactly that message.
pub fn decode<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, DecodeError> {
    if body.len() > MAX_BODY_BYTES {
        return Err(DecodeError::TooLong(body.len()));
    }
    let (message, consumed) = bincode::serde::borrow_decode_from_slice(body, CONFIG)
        .map_err(|error| DecodeError::Malformed(in_words(&error)))?;
    match body.len() - consumed {
        0 => Ok(message),
        left => Err(DecodeError::TrailingBytes(left)),
    }
}

/// bincode's own error messages are written for its authors. None of ours contains a byte of a text or of a
/// digest.
#[cold]
#[expect(clippy::wildcard_enum_match_arm, reason = "a foreign error; the rest cannot come from our types")]
fn in_words(error: &BincodeDecodeError) -> String {
    match error {
        BincodeDecodeError::UnexpectedEnd { additional } => {
            format!("it ends too early, by {additional} bytes or more")
        }
        BincodeDecodeError::Utf8 { inner } => format!("a text is not UTF-8: {inner}"),
        BincodeDecodeError::UnexpectedVariant { found, .. } => {
            format!("an option is marked {found}, not 0 or 1")
        }
        BincodeDecodeError::InvalidBooleanValue(found) => format!("a boolean is {found}, not 0 or 1"),
        BincodeDecodeError::InvalidIntegerType { .. } => {
            "an integer is marked wider than its field".to_owned()
        }
        BincodeDecodeError::OtherString(text) => text.clone(),
        other => format!("{other:?}"),
    }
}

/// Appends to a frame under construction and stops at the limit.
struct Body<'a> {
    room: usize,
    out: &'a mut Vec<u8>,
}

impl Writer for Body<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), BincodeEncodeError> {
        self.room = self.room.checked_sub(bytes.len()).ok_or(BincodeEncodeError::UnexpectedEnd)?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }
}
