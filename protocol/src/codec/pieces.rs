//! Reads and writes the hot messages, a validation and its verdict, piece by piece.
//!
//! serde passes an array to a format byte by byte, and each number to a writer separately. For these two
//! messages that costs more than everything else done with them, including the hash of the digest. The bytes
//! are the same.

/// The unread part of a body. Every reader returns `None` if the body does not have the value in its usual
/// form; the general decoder then says what is wrong.
pub(crate) struct Pieces<'a>(&'a [u8]);

/// Numbers below this are one byte; these marks give the width of larger ones.
const TWO_BYTES: u8 = 251;
const FOUR_BYTES: u8 = 252;
const EIGHT_BYTES: u8 = 253;

impl<'a> Pieces<'a> {
    /// The whole body.
    pub(crate) const fn of(body: &'a [u8]) -> Self {
        Self(body)
    }

    /// A number of at most 64 bits.
    #[inline]
    pub(crate) fn number(&mut self) -> Option<u64> {
        let [first] = *self.array()?;
        Some(match first {
            ..TWO_BYTES => first.into(),
            TWO_BYTES => u16::from_le_bytes(*self.array()?).into(),
            FOUR_BYTES => u32::from_le_bytes(*self.array()?).into(),
            EIGHT_BYTES => u64::from_le_bytes(*self.array()?),
            _ => return None,
        })
    }

    /// A fixed number of bytes, without a length.
    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(array)
    }

    /// Bytes preceded by their length.
    #[inline]
    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    /// Whether an optional value follows.
    #[inline]
    pub(crate) fn is_some(&mut self) -> Option<bool> {
        match *self.array()? {
            [0] => Some(false),
            [1] => Some(true),
            [_] => None,
        }
    }

    /// Whether nothing is left.
    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Appends a number in the shortest form. Mark and bytes are appended together, which checks the capacity once.
#[inline]
pub(crate) fn put_number(out: &mut Vec<u8>, number: u64) {
    let [a, b, c, d, e, f, g, h] = number.to_le_bytes();
    if number < u64::from(TWO_BYTES) {
        out.push(a);
    } else if number <= u64::from(u16::MAX) {
        out.extend_from_slice(&[TWO_BYTES, a, b]);
    } else if number <= u64::from(u32::MAX) {
        out.extend_from_slice(&[FOUR_BYTES, a, b, c, d]);
    } else {
        out.extend_from_slice(&[EIGHT_BYTES, a, b, c, d, e, f, g, h]);
    }
}

/// Appends bytes, preceded by their length.
#[inline]
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    out.extend_from_slice(bytes);
}

/// Appends the mark of an optional value, followed by the value if there is one.
#[inline]
pub(crate) fn put_option<T>(out: &mut Vec<u8>, value: Option<T>, put: impl FnOnce(&mut Vec<u8>, T)) {
    out.push(u8::from(value.is_some()));
    if let Some(value) = value {
        put(out, value);
    }
}
