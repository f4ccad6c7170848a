//! A character whose bytes have not all been read.

use crate::reading::view::Reasons;

/// Maximum number of tokens of an unfinished triplet, with marks between its digits, that are kept while a
/// character is incomplete.
pub(super) const MAX_OVERWRITTEN: usize = 16;

/// The first bytes of a character. Until it is complete, [`token::ANYTHING`] stands in its place.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Partial {
    pub(super) bytes: [u8; 4],
    pub(super) length: usize,
    /// The state to restore once it is complete.
    pub(super) before: Mark,
    /// The tokens that [`token::ANYTHING`] overwrote, and where they start.
    pub(super) overwritten: [u8; MAX_OVERWRITTEN],
    pub(super) from: usize,
    /// The state that must still hold at the next byte; otherwise something came between the bytes.
    pub(super) after: Mark,
}

/// How far a reading has come.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) length: usize,
    pub(super) count: usize,
    pub(super) reasons: Reasons,
    pub(super) absorbed: u8,
    pub(super) has_dropped: bool,
    pub(super) has_percent: bool,
}

/// The character that starts with the byte `first` and is complete, in its shortest form, in `rest`; and what
/// follows it. `next` takes the next byte, however it is written.
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
