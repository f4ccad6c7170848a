//! Turns the bytes of a path into its text and bounds.

use super::partial::Partial;
use crate::ambiguity::Ambiguity;
use crate::fold::several;
use crate::limits::MAX_BOUNDS;
use crate::reading::view::{Bound, Kind, Reading, token};
use crate::target::is_literal_byte;
use crate::triplet::{decoded_triplet, hex, starts_encoded};

/// Maximum number of bytes waiting to be written: what one character expands to, and what that completes.
const MAX_WAITING: usize = 32;

/// A path has more bounds or characters than there is room for.
#[derive(Debug)]
pub(crate) struct TooLong;

pub(super) struct Builder<'b, const TEXT: usize, const BOUNDS: usize> {
    pub(super) reading: &'b mut Reading<TEXT, BOUNDS>,
    /// A character that is not complete yet.
    pub(super) partial: Partial,
    pub(super) waiting: [u8; MAX_WAITING],
    pub(super) waiting_length: usize,
    /// Something was dropped since the last bound.
    pub(super) has_dropped: bool,
    /// How many more bytes may belong to a broken sequence.
    pub(super) absorbed: u8,
    /// A cookieless session has started and not yet ended.
    pub(super) in_session: bool,
    pub(super) is_too_long: bool,
    /// A percent sign was written, and what follows it may still become a triplet.
    pub(super) has_percent: bool,
    /// The byte being written is a byte of the path as sent.
    pub(super) is_as_sent: bool,
    /// The position of the byte being read, and the number of bytes that encode it.
    pub(super) raw: usize,
    pub(super) width: usize,
    /// For each token that may be nothing, where the run of such tokens starts, so that none is examined
    /// twice.
    pub(super) hidden: [u16; TEXT],
    /// The last place at which [`token::ANYTHING`] was ever written.
    pub(super) anything_at: Option<usize>,
    /// Where a segment starts, and the first place in it that no server trims, as far as it has been
    /// examined.
    pub(super) untrimmed: Option<(usize, usize)>,
}

impl<const TEXT: usize, const BOUNDS: usize> Reading<TEXT, BOUNDS> {
    /// Reads a path without its leading slash.
    ///
    /// # Errors
    /// [`TooLong`] if it does not fit.
    pub(crate) fn read(&mut self, path: &[u8]) -> Result<(), TooLong> {
        let mut builder = Builder {
            reading: self,
            partial: Partial::default(),
            waiting: [0; MAX_WAITING],
            waiting_length: 0,
            has_dropped: true,
            absorbed: 0,
            in_session: false,
            is_too_long: false,
            has_percent: false,
            is_as_sent: true,
            raw: 0,
            width: 0,
            hidden: [0; TEXT],
            anything_at: None,
            untrimmed: None,
        };
        builder.bound(Kind::SLASH, None);
        let mut rest = builder.read_plain(path);
        while let Some((&byte, after)) = rest.split_first() {
            // A refused path is not read to its end: one that does not fit may be long.
            if builder.is_too_long {
                return Err(TooLong);
            }
            builder.raw = path.len() - rest.len();
            rest = builder.read(byte, after);
            rest = builder.read_plain(rest);
        }
        (builder.raw, builder.width) = (path.len(), 0);
        builder.bound(Kind::END, None);
        if builder.is_too_long { Err(TooLong) } else { Ok(()) }
    }
}

impl<const TEXT: usize, const BOUNDS: usize> Builder<'_, TEXT, BOUNDS> {
    /// Reads leading bytes that are only text, whatever precedes them. Returns the rest.
    pub(super) fn read_plain<'p>(&mut self, path: &'p [u8]) -> &'p [u8] {
        // The bytes may complete a triplet.
        if self.has_percent {
            return path;
        }
        let is_text = |byte: &u8| is_literal_byte(*byte) && !matches!(byte, b'(' | b')');
        let length = path.iter().take_while(|byte| is_text(byte)).count();
        let (plain, rest) = path.split_at(length);
        let end = self.reading.length + length;
        match self.reading.text.get_mut(self.reading.length..end) {
            Some(places) => {
                places.iter_mut().zip(plain).for_each(|(place, byte)| *place = byte.to_ascii_lowercase());
                self.reading.length = end;
            }
            None => self.is_too_long = true,
        }
        self.absorbed = self.absorbed.saturating_sub(u8::try_from(length).unwrap_or(u8::MAX));
        rest
    }

    /// Reads a byte of the path as sent, a triplet, or a character. Returns the rest.
    pub(super) fn read<'p>(&mut self, byte: u8, rest: &'p [u8]) -> &'p [u8] {
        self.is_as_sent = true;
        self.width = 1;
        match byte {
            b'%' => match decoded_triplet(rest) {
                Some((decoded, after)) => {
                    self.width = 3;
                    self.is_as_sent = false;
                    self.absorbed = self.absorbed.saturating_sub(2);
                    if let Some(left) = self.read_character(decoded, after, decoded_of_triplet) {
                        return left;
                    }
                    self.decoded(decoded);
                    self.write_waiting();
                    return after;
                }
                None if starts_encoded(rest) => self.write(byte),
                None => {
                    self.anything();
                    self.reading.reasons.add(Ambiguity::BrokenTriplet);
                }
            },
            b'/' => {
                let is_inside = self.absorbed > 0 || self.in_session;
                let (kind, token) =
                    if is_inside { (Kind::SPLIT, token::ANYTHING) } else { (Kind::SLASH, b'/') };
                self.bound(kind, Some(token));
                self.absorbed = self.absorbed.saturating_sub(1);
            }
            b'\\' => self.delimiter(Kind::SPLIT, Ambiguity::PathByte),
            b';' => {
                self.reading.reasons.add(Ambiguity::PathByte);
                self.write(byte);
            }
            0x80.. => {
                if let Some(left) = self.read_character(byte, rest, byte_as_sent) {
                    return left;
                }
                self.write(byte);
            }
            _ => self.write(byte),
        }
        rest
    }

    /// Writes a byte and whatever it completes.
    pub(super) fn write(&mut self, byte: u8) {
        self.wait(byte);
        self.write_waiting();
    }

    pub(super) fn write_waiting(&mut self) {
        while let Some(length) = self.waiting_length.checked_sub(1) {
            self.waiting_length = length;
            let byte = self.waiting.get(length).copied().unwrap_or_default();
            if byte < 0x80 {
                self.write_ascii(byte);
            } else {
                self.add_to_character(byte);
            }
            self.is_as_sent = false;
        }
    }

    /// Adds a byte to those that wait; the last one added is the first one written.
    pub(super) fn wait(&mut self, byte: u8) {
        match self.waiting.get_mut(self.waiting_length) {
            Some(place) => {
                *place = byte;
                self.waiting_length += 1;
            }
            None => self.is_too_long = true,
        }
    }

    pub(super) fn write_ascii(&mut self, byte: u8) {
        self.absorbed = self.absorbed.saturating_sub(1);
        let encoded = Ambiguity::EncodedDelimiter;
        match byte {
            b'/' | b'\\' => self.delimiter(Kind::SPLIT, encoded),
            // Parameters of the segment, or of the whole path, may follow.
            b';' => self.bound(Kind::CUT, Some(b';')),
            b'?' | b'#' => {
                self.delimiter(Kind::CUT, encoded);
                if byte == b'?' && self.reading.query.is_none() {
                    self.reading.query = Some(self.reading.length);
                }
            }
            0..0x20 | 0x7f => {
                self.reading.reasons.add(Ambiguity::EncodedControl);
                self.partial.length = 0;
                if matches!(byte, 0 | b'\r' | b'\n') {
                    self.bound(Kind::CUT, None);
                }
                self.has_dropped = true;
            }
            _ => {
                // A server may cut the suffix after a dot that was not sent as one, before it decodes that
                // dot.
                self.has_dropped |= byte == b'.' && !self.is_as_sent;
                self.token(byte.to_ascii_lowercase());
                let may_complete = matches!(byte, b'(' | b')') || self.has_percent && hex(byte).is_some();
                if may_complete {
                    self.complete();
                }
            }
        }
    }

    pub(super) fn delimiter(&mut self, kind: Kind, reason: Ambiguity) {
        self.reading.reasons.add(reason);
        self.bound(kind, Some(token::DELIMITER));
    }

    pub(super) fn token(&mut self, token: u8) {
        let at = self.reading.length;
        let Some(place) = self.reading.text.get_mut(at) else {
            self.is_too_long = true;
            return;
        };
        *place = token;
        self.reading.length += 1;
        if may_be_nothing(token) {
            self.hide(at);
        } else {
            // Any other token ends what might have become a triplet.
            let continues = matches!(token, b'0'..=b'9' | b'a'..=b'f' | b'u');
            self.has_percent = token == b'%' || self.has_percent && continues;
        }
        if token == token::ANYTHING {
            self.anything_at = self.anything_at.max(Some(at));
        }
    }

    /// Removes the text from a place on. Bounds in it, where a control was dropped, move to that place.
    pub(super) fn take_back(&mut self, length: usize) {
        self.cut(length);
        let place = u16::try_from(length).unwrap_or(u16::MAX);
        let bounds = self.reading.bounds.get_mut(..self.reading.count).unwrap_or_default();
        for bound in bounds.iter_mut().rev().take_while(|bound| bound.next > place) {
            (bound.at, bound.next) = (bound.at.min(place), place);
        }
    }

    /// Removes the text from a place on, and what is known about it.
    pub(super) fn cut(&mut self, length: usize) {
        self.reading.length = length;
        self.untrimmed = self.untrimmed.filter(|(_, place)| *place < length);
    }

    pub(super) fn bound(&mut self, kind: Kind, token: Option<u8>) {
        let before = self.reading.count.checked_sub(1).and_then(|last| self.reading.bounds.get(last));
        let start = before.map_or(0, |before| usize::from(before.next));
        let is_after_nothing = start == self.reading.length && !self.has_dropped;
        if is_after_nothing
            && matches!(kind, Kind::SLASH | Kind::END)
            && before.is_some_and(|before| before.kind == Kind::SLASH)
        {
            self.reading.reasons.add(Ambiguity::EmptySegment);
        }
        let at = self.reading.length;
        if let Some(token) = token {
            self.token(token);
        }
        let place = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
        let (at, next, raw) = (place(at), place(self.reading.length), place(self.raw));
        let raw_next = place(self.raw + self.width);
        match self.reading.bounds.get_mut(self.reading.count).filter(|_| self.reading.count < MAX_BOUNDS) {
            Some(bound) => {
                *bound =
                    Bound { at, next, raw, kind, is_after_nothing, has_dropped: self.has_dropped, raw_next };
                self.reading.count += 1;
            }
            None => self.is_too_long = true,
        }
        self.has_dropped = false;
    }
}

fn byte_as_sent(rest: &[u8]) -> Option<(u8, &[u8])> {
    rest.split_first().map(|(byte, after)| (*byte, after))
}

fn decoded_of_triplet(rest: &[u8]) -> Option<(u8, &[u8])> {
    decoded_triplet(rest.strip_prefix(b"%")?)
}

/// True for a token that has nothing among its texts.
pub(super) fn may_be_nothing(token: u8) -> bool {
    token.checked_sub(token::SEVERAL).is_some_and(|at| several(at).contains(&""))
}
