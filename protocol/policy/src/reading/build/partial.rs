//! A character of which not all bytes have come.

use crate::reading::view::Reasons;

/// Tokens of an unfinished triplet, with marks between its digits, that are kept while a character is not whole.
pub(super) const MAX_OVERWRITTEN: usize = 16;

/// The first bytes of a character. Until it is whole, [`token::ANYTHING`] stands in its place.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Partial {
    pub(super) bytes: [u8; 4],
    pub(super) length: usize,
    /// What to go back to when it is whole.
    pub(super) before: Mark,
    /// What [`token::ANYTHING`] was written over, and where.
    pub(super) overwritten: [u8; MAX_OVERWRITTEN],
    pub(super) from: usize,
    /// What must still be so: else something stands between the bytes.
    pub(super) after: Mark,
}

/// How far a reading is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) length: usize,
    pub(super) count: usize,
    pub(super) reasons: Reasons,
    pub(super) absorbed: u8,
    pub(super) has_dropped: bool,
    pub(super) has_percent: bool,
}

/// The character that starts with a byte and is whole, in its shortest form, in what follows; and what is left behind
/// it. `next` takes the next byte, however that is written.
pub(super) fn whole_character<'p>(
    first: u8,
    rest: &'p [u8],
    next: impl Fn(&'p [u8]) -> Option<(u8, &'p [u8])>,
) -> Option<(char, &'p [u8])> {
    let (length, head) = match first {
        0xc0..0xe0 => (2, first & 0x1f),
        0xe0..0xf0 => (3, first & 0x0f),
        0xf0..0xf8 => (4, first & 0x07),
        _ => return None,
    };
    let (mut code, mut rest) = (u32::from(head), rest);
    for _ in 1..length {
        let (byte, left) = next(rest).filter(|(byte, _)| matches!(byte, 0x80..0xc0))?;
        (code, rest) = (code << 6 | u32::from(byte & 0x3f), left);
    }
    char::from_u32(code).filter(|c| c.len_utf8() == length).map(|c| (c, rest))
}
