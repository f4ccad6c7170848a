//! Characters that are not ASCII: assembled from their bytes, and written as what they fold to.

use super::builder::{Builder, may_be_nothing};
use super::partial::{MAX_OVERWRITTEN, Mark, Partial, whole_character};
use crate::ambiguity::Ambiguity;
use crate::fold::{Fold, fold, several};
use crate::reading::view::{Kind, token};

/// Number of bytes after a broken sequence that a lax decoder may take as part of it: three, each written as
/// `%HH`.
const ABSORBED: u8 = 9;

impl<const TEXT: usize, const BOUNDS: usize> Builder<'_, TEXT, BOUNDS> {
    /// Reads a character whose bytes directly follow each other. None if they do not, or if they may complete
    /// a triplet: then the character is assembled byte by byte, like any other that takes several steps to
    /// decode.
    pub(super) fn read_character<'p>(
        &mut self,
        first: u8,
        rest: &'p [u8],
        next: impl Fn(&'p [u8]) -> Option<(u8, &'p [u8])>,
    ) -> Option<&'p [u8]> {
        if self.has_percent {
            return None;
        }
        let (c, left) = whole_character(first, rest, next)?;
        // A bound that the character creates is at its last byte.
        self.raw += rest.len() - left.len();
        self.partial.length = 0;
        self.is_as_sent = false;
        self.character(Some(c));
        self.write_waiting();
        Some(left)
    }

    /// Adds a byte that is not ASCII.
    pub(super) fn add_to_character(&mut self, byte: u8) {
        let continues = matches!(byte, 0x80..0xc0) && self.partial.length > 0 && self.is_where_it_was();
        if !continues {
            let (before, from) = (self.mark(), self.open_triplet());
            let mut overwritten = [0; MAX_OVERWRITTEN];
            let text = self.reading.text.get(from..self.reading.length).unwrap_or_default();
            overwritten.iter_mut().zip(text).for_each(|(to, token)| *to = *token);
            // No real text has so many marks between the digits of one triplet.
            self.is_too_long |= text.len() > MAX_OVERWRITTEN;
            self.anything();
            self.reading.reasons.add(Ambiguity::InvalidUtf8);
            self.partial = Partial { before, from, overwritten, ..Partial::default() };
        }
        if let Some(place) = self.partial.bytes.get_mut(self.partial.length) {
            *place = byte;
            self.partial.length += 1;
        }
        self.partial.after = self.mark();
        let bytes = self.partial.bytes.get(..self.partial.length).unwrap_or_default();
        let (length, head) = match bytes.first() {
            Some(first @ 0xc0..0xe0) => (2, first & 0x1f),
            Some(first @ 0xe0..0xf0) => (3, first & 0x0f),
            Some(first @ 0xf0..0xf8) => (4, first & 0x07),
            _ => (1, 0xff),
        };
        if bytes.len() < length {
            return;
        }
        let tail = bytes.get(1..).unwrap_or_default();
        let code = tail.iter().fold(u32::from(head), |code, byte| code << 6 | u32::from(byte & 0x3f));
        self.partial.length = 0;
        if let Some(c) = char::from_u32(code).filter(|_| length > 1) {
            self.go_back();
            if c.len_utf8() != length {
                self.reading.reasons.add(Ambiguity::InvalidUtf8);
            }
            self.character(Some(c));
        }
    }

    /// True if nothing came between the bytes of a character.
    fn is_where_it_was(&self) -> bool {
        let after = self.partial.after;
        let Mark { absorbed, reasons, has_percent, .. } = after;
        Mark { absorbed, reasons, has_percent, ..self.mark() } == after
    }

    fn mark(&self) -> Mark {
        Mark {
            length: self.reading.length,
            count: self.reading.count,
            reasons: self.reading.reasons,
            absorbed: self.absorbed,
            has_dropped: self.has_dropped,
            has_percent: self.has_percent,
        }
    }

    fn go_back(&mut self) {
        let Mark { length, count, reasons, absorbed, has_dropped, has_percent } = self.partial.before;
        let (from, overwritten) = (self.partial.from, self.partial.overwritten);
        let text = self.reading.text.get_mut(from..length).unwrap_or_default();
        text.iter_mut().zip(overwritten).for_each(|(place, token)| *place = token);
        // What is known about the overwritten text no longer holds.
        self.cut(from);
        (self.reading.length, self.reading.count) = (length, count);
        self.reading.reasons.remove(Ambiguity::InvalidUtf8);
        self.reading.reasons.add_all(reasons);
        (self.absorbed, self.has_dropped, self.has_percent) = (absorbed, has_dropped, has_percent);
    }

    /// Writes a character; none stands for one that is not UTF-8.
    pub(super) fn character(&mut self, character: Option<char>) {
        let Some(c) = character else {
            self.reading.reasons.add(Ambiguity::InvalidUtf8);
            return self.anything();
        };
        if let Ok(byte @ 0..0x80) = u8::try_from(c) {
            return self.decoded(byte);
        }
        match fold(c) {
            Fold::Other => self.token(token::OTHER),
            Fold::Dropped => {
                self.reading.reasons.add(Ambiguity::HiddenCharacter);
                self.has_dropped = true;
            }
            Fold::One(byte) => self.folded(byte),
            Fold::Text(text) => text.bytes().rev().for_each(|byte| self.folded(byte)),
            Fold::Several(at) => self.one_of_several(at),
        }
    }

    fn folded(&mut self, byte: u8) {
        if matches!(byte, 0..=b' ' | b'/' | b'\\' | b'%' | b'?' | b'#' | b';' | b'.' | 0x7f) {
            self.reading.reasons.add(Ambiguity::HiddenCharacter);
        }
        self.wait(byte);
    }

    fn one_of_several(&mut self, at: u8) {
        let texts = several(at);
        let parts = |text: &&str| text.contains(['/', '\\']);
        let token = token::SEVERAL.saturating_add(at);
        let is_open = self.has_open_triplet();
        match texts.iter().find(|text| parts(text)).map(|text| text.as_bytes()) {
            None if may_be_nothing(token) => {
                self.has_dropped = true;
                self.token(token);
            }
            // It may be a digit of a triplet.
            _ if is_open => self.anything(),
            None => self.token(token),
            // A fraction: its first digit alone, or split from the second.
            Some([first, b'/', second]) => {
                self.reading.reasons.add(Ambiguity::HiddenCharacter);
                self.token(*first);
                self.bound(Kind::SPLIT, Some(token::ANYTHING));
                self.token(*second);
            }
            Some(_) => {
                self.reading.reasons.add(Ambiguity::HiddenCharacter);
                self.bound(Kind::SPLIT, Some(token));
            }
        }
    }

    /// Writes *anything*: bytes that are not UTF-8, or a percent sign that encodes nothing. In a run, each
    /// may be anything, and two stand for any number of them: one may be text before the other, at which the
    /// path is cut or split.
    pub(super) fn anything(&mut self) {
        self.absorbed = ABSORBED;
        // Whatever these bytes are, they may complete what precedes them.
        self.take_back(self.open_triplet());
        let mut end = self.reading.length;
        let bounds = self.reading.bounds.get(..self.reading.count).unwrap_or_default();
        let follow = bounds.iter().rev().take_while(|bound| {
            let follows = bound.kind == Kind::ANY && usize::from(bound.next) + 1 == end;
            end = usize::from(bound.at);
            follows
        });
        if follow.take(2).count() < 2 {
            self.bound(Kind::ANY, Some(token::ANYTHING));
            self.token(token::ANYTHING);
        }
    }
}
