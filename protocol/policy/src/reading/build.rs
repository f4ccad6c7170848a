//! From the bytes of a path to its text and bounds.

use super::{Bound, Kind, MAX_BOUNDS, Reading, Reasons, token};
use crate::Ambiguity;
use crate::fold::{Fold, fold, several};
use crate::triplet::hex;

/// Bytes behind a broken sequence that a lax decoder may take for a part of it: three, each written as `%HH`.
const SWALLOWED: u8 = 9;

/// Tokens of a session of which a part is no UTF-8.
const REST: usize = 64;

/// Tokens of an unfinished triplet, with marks between its digits, that are kept while a character is not whole.
const MAX_OVERWRITTEN: usize = 16;

/// Bytes that wait to be written: what one character expands to, and what that completes.
const MAX_WAITING: usize = 32;

/// True when what follows a percent sign makes it a triplet, or `%uHHHH`.
fn starts_encoded(rest: &[u8]) -> bool {
    let digits = |from: usize, to: usize| {
        rest.get(from..to).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    digits(0, 2) || matches!(rest.first(), Some(b'u' | b'U')) && digits(1, 5)
}

/// True for a token of which one text is nothing.
fn may_be_nothing(token: u8) -> bool {
    token.checked_sub(token::SEVERAL).is_some_and(|at| several(at).contains(&""))
}

/// A path that has more bounds or characters than are judged.
#[derive(Debug)]
pub(crate) struct TooLong;

struct Builder<'b, const TEXT: usize, const BOUNDS: usize> {
    reading: &'b mut Reading<TEXT, BOUNDS>,
    /// A character that is not whole yet.
    partial: Partial,
    waiting: [u8; MAX_WAITING],
    waiting_length: usize,
    /// Something was dropped since the last bound.
    has_dropped: bool,
    /// How many more bytes may belong to a broken sequence.
    swallowed: u8,
    /// A cookieless session has started and not ended.
    in_session: bool,
    is_too_long: bool,
    /// A percent sign was written, and may still be there.
    has_percent: bool,
    /// The byte that is written stands in the path as sent.
    is_as_sent: bool,
    /// Where the byte stands that is being read, and how many bytes it is written with.
    raw: usize,
    width: usize,
}

/// The first bytes of a character. Until it is whole, [`token::ANYTHING`] stands in its place.
#[derive(Debug, Default, Clone, Copy)]
struct Partial {
    bytes: [u8; 4],
    length: usize,
    /// What to go back to when it is whole.
    before: Mark,
    /// What [`token::ANYTHING`] was written over, and where.
    overwritten: [u8; MAX_OVERWRITTEN],
    from: usize,
    /// What must still be so: else something stands between the bytes.
    after: Mark,
}

/// How far a reading is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Mark {
    length: usize,
    count: usize,
    reasons: Reasons,
    swallowed: u8,
    has_dropped: bool,
}

impl<const TEXT: usize, const BOUNDS: usize> Reading<TEXT, BOUNDS> {
    /// Reads a path without its first slash.
    ///
    /// # Errors
    /// [`TooLong`] when it does not fit.
    pub(crate) fn read(&mut self, path: &[u8]) -> Result<(), TooLong> {
        let mut builder = Builder {
            reading: self,
            partial: Partial::default(),
            waiting: [0; MAX_WAITING],
            waiting_length: 0,
            has_dropped: true,
            swallowed: 0,
            in_session: false,
            is_too_long: false,
            has_percent: false,
            is_as_sent: true,
            raw: 0,
            width: 0,
        };
        builder.bound(Kind::SLASH, None);
        let mut rest = path;
        while let Some((&byte, after)) = rest.split_first() {
            builder.raw = path.len() - rest.len();
            rest = builder.read(byte, after);
        }
        (builder.raw, builder.width) = (path.len(), 0);
        builder.bound(Kind::END, None);
        if builder.is_too_long { Err(TooLong) } else { Ok(()) }
    }
}

impl<const TEXT: usize, const BOUNDS: usize> Builder<'_, TEXT, BOUNDS> {
    /// Reads a byte of the path as sent, or a triplet. Gives what is left behind it.
    fn read<'p>(&mut self, byte: u8, rest: &'p [u8]) -> &'p [u8] {
        self.is_as_sent = true;
        self.width = 1;
        match byte {
            b'%' => {
                if let Some(([high, low], after)) = rest.split_first_chunk::<2>()
                    && let Some((high, low)) = hex(*high).zip(hex(*low))
                {
                    self.width = 3;
                    self.is_as_sent = false;
                    self.swallowed = self.swallowed.saturating_sub(2);
                    self.decoded(high << 4 | low);
                    self.write_waiting();
                    return after;
                }
                if starts_encoded(rest) {
                    self.write(byte);
                } else {
                    self.anything();
                    self.reading.reasons.add(Ambiguity::BrokenTriplet);
                }
            }
            b'/' => {
                let is_inside = self.swallowed > 0 || self.in_session;
                let (kind, token) =
                    if is_inside { (Kind::SPLIT, token::ANYTHING) } else { (Kind::SLASH, b'/') };
                self.bound(kind, Some(token));
                self.swallowed = self.swallowed.saturating_sub(1);
            }
            b'\\' => self.delimiter(Kind::SPLIT, Ambiguity::PathByte),
            b';' => {
                self.reading.reasons.add(Ambiguity::PathByte);
                self.write(byte);
            }
            _ => self.write(byte),
        }
        rest
    }

    /// Writes a byte, and whatever it completes.
    fn write(&mut self, byte: u8) {
        self.wait(byte);
        self.write_waiting();
    }

    fn write_waiting(&mut self) {
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

    /// The last to come is the first to be written.
    fn wait(&mut self, byte: u8) {
        match self.waiting.get_mut(self.waiting_length) {
            Some(place) => {
                *place = byte;
                self.waiting_length += 1;
            }
            None => self.is_too_long = true,
        }
    }

    fn write_ascii(&mut self, byte: u8) {
        self.swallowed = self.swallowed.saturating_sub(1);
        let encoded = Ambiguity::EncodedDelimiter;
        match byte {
            b'/' | b'\\' => self.delimiter(Kind::SPLIT, encoded),
            // Parameters of the segment, or of the whole path.
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
                // A dot that is not written as one may have had a suffix, before it was.
                self.has_dropped |= byte == b'.' && !self.is_as_sent;
                self.token(byte.to_ascii_lowercase());
                let may_complete = matches!(byte, b'(' | b')') || self.has_percent && hex(byte).is_some();
                if may_complete {
                    self.complete();
                }
            }
        }
    }

    fn delimiter(&mut self, kind: Kind, reason: Ambiguity) {
        self.reading.reasons.add(reason);
        self.bound(kind, Some(token::DELIMITER));
    }

    /// Replaces what the last token completes: a triplet, `%uHHHH`, or the start of a cookieless session.
    fn complete(&mut self) {
        let (last, places) = self.last_tokens(self.reading.length);
        match last {
            [.., b'%', high, low] => {
                if let Some((high, low)) = hex(high).zip(hex(low)) {
                    self.take_back(places[3]);
                    self.decoded(high << 4 | low);
                }
            }
            [b'%', b'u', digits @ ..] => {
                let digits = digits.map(hex);
                if let [Some(a), Some(b), Some(c), Some(d)] = digits {
                    self.take_back(places[0]);
                    let code = [a, b, c, d].iter().fold(0, |code, digit| code << 4 | u32::from(*digit));
                    self.character(char::from_u32(code));
                }
            }
            [.., b'(', letter, b'('] if letter.is_ascii_alphabetic() => self.start_session(places[3]),
            [.., b'('] => self.start_unclear_session(),
            [.., b')', b')'] => {
                // Where the second bracket is not clear either, the end shows what it was.
                self.start_unclear_session();
                self.in_session = false;
            }
            _ => {}
        }
    }

    /// The last six tokens before a place and where they stand, without those that may be nothing. Zeros where there are fewer.
    fn last_tokens(&self, end: usize) -> ([u8; 6], [usize; 6]) {
        let (mut tokens, mut places) = ([0; 6], [0; 6]);
        let text = self.reading.text.get(..end).unwrap_or_default();
        let shown = text.iter().enumerate().rev().filter(|(_, token)| !may_be_nothing(**token));
        let into = tokens.iter_mut().zip(&mut places).rev();
        into.zip(shown).for_each(|((token, place), (at, shown))| (*token, *place) = (*shown, at));
        (tokens, places)
    }

    fn decoded(&mut self, byte: u8) {
        if matches!(byte, b'%' | b';') {
            self.reading.reasons.add(Ambiguity::EncodedDelimiter);
        }
        self.wait(byte);
    }

    /// Bytes that are no UTF-8 may be a letter or a bracket of the start of a session.
    fn start_unclear_session(&mut self) {
        let text = self.reading.text.get(..self.reading.length).unwrap_or_default();
        let before = text.iter().enumerate().rev().skip(1).take(REST);
        let mut has_anything = false;
        let start = before.filter(|(_, token)| {
            has_anything |= **token == token::ANYTHING;
            has_anything && **token == b'('
        });
        if let Some(start) = start.map(|(start, _)| start).find(|&start| self.starts_segment(start)) {
            self.start_session(start);
        }
    }

    /// ASP.NET cuts `(S(...))` out of the front of a segment, and joins what is left to the segment before.
    fn start_session(&mut self, start: usize) {
        if !self.starts_segment(start) {
            return;
        }
        let bounds = self.reading.bounds.get_mut(..self.reading.count).unwrap_or_default();
        let starts = |bound: &&mut Bound| bound.kind.parts() && usize::from(bound.next) <= start;
        let Some(last) = bounds.iter_mut().rev().find(starts) else { return };
        last.kind.add(Kind::SPLIT);
        let (at, next) = (usize::from(last.at), usize::from(last.next));
        for place in self.reading.text.get_mut(at..=next).unwrap_or_default() {
            *place = token::ANYTHING;
        }
        self.reading.reasons.add(Ambiguity::CookielessSession);
        self.in_session = true;
    }

    /// True when only what servers trim stands between the start of a segment and this place.
    fn starts_segment(&self, place: usize) -> bool {
        let bounds = self.reading.bounds.get(..self.reading.count).unwrap_or_default();
        // A control that was dropped may have left a bound behind that starts no segment.
        let last = bounds.iter().rev().find(|bound| bound.kind.parts() && usize::from(bound.next) <= place);
        let before = last.and_then(|last| self.reading.text.get(usize::from(last.next)..place));
        before.is_some_and(|before| {
            before
                .iter()
                .all(|token| matches!(*token, b' ' | b'.' | token::ANYTHING) || may_be_nothing(*token))
        })
    }

    /// Adds a byte that is not ASCII.
    fn add_to_character(&mut self, byte: u8) {
        let continues = matches!(byte, 0x80..0xc0) && self.partial.length > 0 && self.is_where_it_was();
        if !continues {
            let (before, from) = (self.mark(), self.open_triplet());
            let mut overwritten = [0; MAX_OVERWRITTEN];
            let text = self.reading.text.get(from..self.reading.length).unwrap_or_default();
            overwritten.iter_mut().zip(text).for_each(|(to, token)| *to = *token);
            // So many marks between the digits of one triplet are no text.
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

    /// True when nothing came between the bytes of a character.
    fn is_where_it_was(&self) -> bool {
        let after = self.partial.after;
        Mark { swallowed: after.swallowed, reasons: after.reasons, ..self.mark() } == after
    }

    fn mark(&self) -> Mark {
        Mark {
            length: self.reading.length,
            count: self.reading.count,
            reasons: self.reading.reasons,
            swallowed: self.swallowed,
            has_dropped: self.has_dropped,
        }
    }

    fn go_back(&mut self) {
        let Mark { length, count, reasons, swallowed, has_dropped } = self.partial.before;
        let (from, overwritten) = (self.partial.from, self.partial.overwritten);
        let text = self.reading.text.get_mut(from..length).unwrap_or_default();
        text.iter_mut().zip(overwritten).for_each(|(place, token)| *place = token);
        (self.reading.length, self.reading.count) = (length, count);
        self.reading.reasons.remove(Ambiguity::InvalidUtf8);
        self.reading.reasons.add_all(reasons);
        (self.swallowed, self.has_dropped) = (swallowed, has_dropped);
    }

    /// Writes a character; none for one that is no UTF-8.
    fn character(&mut self, character: Option<char>) {
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
        let is_open = self.open_triplet() < self.reading.length;
        match texts.iter().find(|text| parts(text)).map(|text| text.as_bytes()) {
            None if may_be_nothing(token) => {
                self.has_dropped = true;
                self.token(token);
            }
            // A digit of a triplet, perhaps.
            _ if is_open => self.anything(),
            None => self.token(token),
            // A fraction: its first digit alone, or parted from the second.
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

    /// Bytes that are no UTF-8, or a percent sign that encodes nothing. Of several in a row each may be anything, and one is as good as all.
    fn anything(&mut self) {
        self.swallowed = SWALLOWED;
        // Whatever they are may complete what stands before them.
        self.take_back(self.open_triplet());
        let last = self.reading.count.checked_sub(1).and_then(|last| self.reading.bounds.get(last));
        let follows_another = last
            .is_some_and(|last| last.kind == Kind::ANY && usize::from(last.next) + 1 == self.reading.length);
        if !follows_another {
            self.bound(Kind::ANY, Some(token::ANYTHING));
            self.token(token::ANYTHING);
        }
    }

    fn token(&mut self, token: u8) {
        self.has_percent |= token == b'%';
        match self.reading.text.get_mut(self.reading.length) {
            Some(place) => {
                *place = token;
                self.reading.length += 1;
            }
            None => self.is_too_long = true,
        }
    }

    /// Where an unfinished triplet or `%uHHHH` at the end of the text starts; the end if there is none.
    fn open_triplet(&self) -> usize {
        let mut start = self.reading.length;
        if self.has_percent {
            // Its own start may be what another one waits for.
            while let Some(open) = self.open_triplet_before(start) {
                start = open;
            }
        }
        start
    }

    fn open_triplet_before(&self, end: usize) -> Option<usize> {
        let (last, places) = self.last_tokens(end);
        let starts = last.iter().zip(&places).rposition(|(token, _)| *token == b'%');
        let open = starts.filter(|&start| match last.get(start + 1..).unwrap_or_default() {
            [] => true,
            [b'u', digits @ ..] => digits.iter().all(|digit| hex(*digit).is_some()),
            [digit] => hex(*digit).is_some(),
            _ => false,
        });
        open.and_then(|start| places.get(start).copied())
    }

    /// Removes the text from a place on. Bounds within it, where a control was dropped, move to that place.
    fn take_back(&mut self, length: usize) {
        self.reading.length = length;
        let place = u16::try_from(length).unwrap_or(u16::MAX);
        let bounds = self.reading.bounds.get_mut(..self.reading.count).unwrap_or_default();
        for bound in bounds.iter_mut().rev().take_while(|bound| bound.next > place) {
            (bound.at, bound.next) = (bound.at.min(place), place);
        }
    }

    fn bound(&mut self, kind: Kind, token: Option<u8>) {
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

#[cfg(test)]
mod tests {
    use super::super::{Bound, Kind, Reading, token};

    /// The text of a reading: `|` for a slash, `^` for another bound, `?` for anything, `x` for other tokens.
    fn read(path: &str) -> String {
        read_bytes(path.as_bytes())
    }

    fn read_bytes(path: &[u8]) -> String {
        let mut reading = Reading::<256, 24>::EMPTY;
        reading.read(path).unwrap();
        let view = reading.view();
        let mut shown = String::new();
        for at in 0..=view.text.len() {
            let here = |bound: &&Bound| usize::from(bound.at) == at;
            for bound in view.bounds.iter().skip(1).filter(here) {
                shown.push(match bound.kind {
                    Kind::SLASH => '|',
                    Kind::END => '$',
                    _ => '^',
                });
            }
            match view.token(at) {
                Some(b'/') | None => {}
                Some(token::ANYTHING) => shown.push('?'),
                Some(token @ 0x80..) => shown.push_str(&format!("<{token:x}>")),
                Some(byte) => shown.push(char::from(byte)),
            }
        }
        shown
    }

    #[test]
    fn paths_are_decoded_and_folded_until_nothing_changes() {
        for (path, expected) in [
            ("a/b", "a|b$"),
            ("A%2e%62%2525", "a.b%$"),
            ("%2525%32%66a", "^<82>a$"),
            ("%%36%31", "^??61$"),
            ("a%zz%4", "a^??zz^??4$"),
            ("%u0041%u00e9%U012f", "aei$"),
            ("caf\u{e9}/\u{ff21}\u{2026}", "cafe|a...$"),
            ("%c3%a9%C3%89", "ee$"),
            ("u%25\u{ad}73er%e2%81%a0/x", "user|x$"),
            ("a%252%09f", "a^<82>$"),
            ("%252%c2%ad%66", "^<82>$"),
            ("a%00b%0ac%0dd%7f", "a^b^c^d$"),
            ("\u{5f20}", "<80>$"),
        ] {
            assert_eq!(read(path), expected, "{path}");
        }
    }

    #[test]
    fn what_is_no_utf8_may_be_anything() {
        for (path, expected) in [
            (&b"a\xffb"[..], "a^??b$"),
            (b"a%ff%fe%80b", "a^??b$"),
            (b"a%c3", "a^??$"),
            (b"a%c3b%a9", "a^??b^??$"),
            (b"%c0%af%e0%80%ae%f0%80%80%a1", "^<82>.!$"),
            (b"a%ed%a0%80", "a^??$"),
            (b"%257%ff8", "^??8$"),
        ] {
            assert_eq!(read_bytes(path), expected, "{}", path.escape_ascii());
        }
    }

    #[test]
    fn a_path_that_does_not_fit_is_too_long() {
        let fits = |path: &[u8]| {
            let mut reading = Reading::<256, 24>::EMPTY;
            reading.read(path).is_ok()
        };
        assert!(fits(&[b'a'; 256]) && !fits(&[b'a'; 257]));
        assert!(fits(&b"a/".repeat(22)) && !fits(&b"a/".repeat(23)));
    }
}
