//! Triplets that appear only once something else is decoded, such as `%2` before an encoded `f`.

use super::builder::{Builder, may_be_nothing};
use crate::ambiguity::Ambiguity;
use crate::triplet::hex;

impl<const TEXT: usize, const BOUNDS: usize> Builder<'_, TEXT, BOUNDS> {
    /// Replaces what the last token completes: a triplet, `%uHHHH`, or the start of a cookieless session.
    pub(super) fn complete(&mut self) {
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
                // If the second bracket is not clear either, the end shows that this was a session.
                self.start_unclear_session();
                self.in_session = false;
            }
            _ => {}
        }
    }

    /// The last six tokens before a place and their places, without tokens that may be nothing. Zeros if
    /// there are fewer.
    fn last_tokens(&self, end: usize) -> ([u8; 6], [usize; 6]) {
        let (mut tokens, mut places) = ([0; 6], [0; 6]);
        let mut end = end;
        for (token, place) in tokens.iter_mut().zip(&mut places).rev() {
            let Some(at) = self.shown_before(end) else { break };
            (*token, *place) = (self.reading.text.get(at).copied().unwrap_or_default(), at);
            end = at;
        }
        (tokens, places)
    }

    /// The last place before `end` whose token cannot be nothing.
    fn shown_before(&self, end: usize) -> Option<usize> {
        let last = end.checked_sub(1)?;
        let is_hidden = self.reading.text.get(last).is_some_and(|token| may_be_nothing(*token));
        let start =
            if is_hidden { self.hidden.get(last).map_or(0, |start| usize::from(*start)) } else { end };
        start.checked_sub(1)
    }

    /// Notes that the token at a place may be nothing.
    pub(super) fn hide(&mut self, at: usize) {
        let before = at
            .checked_sub(1)
            .filter(|&before| self.reading.text.get(before).is_some_and(|token| may_be_nothing(*token)));
        let start = before.and_then(|before| self.hidden.get(before).copied());
        let start = start.or_else(|| u16::try_from(at).ok()).unwrap_or(u16::MAX);
        if let Some(place) = self.hidden.get_mut(at) {
            *place = start;
        }
    }

    /// Notes anew where the run of hidden tokens at this place starts: the token before it is no longer
    /// hidden.
    pub(super) fn hide_again(&mut self, start: usize) {
        let (text, from) = (self.reading.text.get(start..self.reading.length), u16::try_from(start));
        let run = text.unwrap_or_default().iter().take_while(|token| may_be_nothing(**token));
        let places = self.hidden.get_mut(start..).unwrap_or_default();
        run.zip(places).for_each(|(_, place)| *place = from.unwrap_or(u16::MAX));
    }

    /// True if the text ends with an unfinished triplet or `%uHHHH`.
    pub(super) fn has_open_triplet(&self) -> bool {
        self.has_percent && self.open_triplet_before(self.reading.length).is_some()
    }

    /// Where an unfinished triplet or `%uHHHH` at the end of the text starts; the end if there is none.
    pub(super) fn open_triplet(&self) -> usize {
        let mut start = self.reading.length;
        if self.has_percent {
            // An earlier triplet may be waiting for the start of this one.
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

    pub(super) fn decoded(&mut self, byte: u8) {
        if matches!(byte, b'%' | b';') {
            self.reading.reasons.add(Ambiguity::EncodedDelimiter);
        }
        self.wait(byte);
    }
}
