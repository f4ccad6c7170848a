//! The texts that a segment may be cut to.

use super::beginnings::{Beginning, Names};
use crate::literals::Literals;
use crate::reading::bounds::Bounds;
use crate::reading::choices::{Choices, may_be_blank};
use crate::reading::view::{View, token};
use crate::target::is_literal_byte;

/// Scans a segment once and notes each text that it may be cut to.
struct Scan<'s, 'r, B, const NAMES: usize> {
    pub(super) names: &'s mut Names<B, NAMES>,
    pub(super) view: View<'r>,
    pub(super) literals: &'s Literals,
    pub(super) at: usize,
    /// Where the segment may end at all.
    pub(super) ends: B,
}

impl<B: Bounds, const NAMES: usize> Names<B, NAMES> {
    pub(crate) fn read<const BOUNDS: usize>(
        &mut self,
        view: View<'_>,
        choices: &Choices<B, BOUNDS>,
        literals: &Literals,
    ) {
        for at in choices.parting.each() {
            let start = choices.start(at);
            let mut scan = Scan { names: self, view, literals, at, ends: start.ends };
            let (text, name) = (usize::from(start.text), usize::from(start.name));
            scan.run(name);
            // Some of the leading dots may be trimmed, and the rest be part of the literal.
            let front = view.text.get(text..name).unwrap_or_default();
            let dots = front.iter().rev().take_while(|token| **token == b'.').count();
            (1..=dots.min(literals.leading_dots)).for_each(|dots| scan.run(name - dots));
        }
    }
}

impl<B: Bounds, const NAMES: usize> Scan<'_, '_, B, NAMES> {
    pub(super) fn run(&mut self, from: usize) {
        // The common case: no literal starts with this byte.
        if self
            .view
            .token(from)
            .is_some_and(|token| is_literal_byte(token) && !self.literals.may_start_with(token))
        {
            return;
        }
        let (mut place, mut end, mut dots) = (from, self.end_behind(from), 0);
        // Longer texts are not literals.
        let last = from + self.literals.longest + 1;
        while place <= last {
            match self.pass_bounds(from, place, &mut end) {
                Passed::Ended => return,
                Passed::Text => {}
            }
            match self.view.token(place) {
                Some(b'.') => {
                    self.note(from, place, self.ends.since(end));
                    dots += 1;
                    if dots > self.literals.dots {
                        return;
                    }
                }
                Some(b';') => return self.note(from, place, self.ends.since(end)),
                Some(b' ') => return self.trail(from, place, end),
                Some(token::ANYTHING) => return self.begin(from, place, end, false),
                Some(token::SEVERAL..) => return self.begin(from, place, end, true),
                Some(byte) if is_literal_byte(byte) => {}
                Some(_) | None => return,
            }
            place += 1;
        }
    }

    /// The first bound at a place or after it.
    fn end_behind(&self, place: usize) -> usize {
        let behind = self.view.bounds.iter().skip(self.at + 1);
        self.at + 1 + behind.take_while(|bound| usize::from(bound.at) < place).count()
    }

    /// Notes the text up to each bound at a place.
    fn pass_bounds(&mut self, from: usize, place: usize, end: &mut usize) -> Passed {
        while *end < self.view.bounds.len() && usize::from(self.view.bound(*end).at) == place {
            let bound = self.view.bound(*end);
            self.note(from, place, B::one(*end));
            *end += 1;
            if !bound.kind.joins() {
                return Passed::Ended;
            }
            if usize::from(bound.next) > place {
                break;
            }
        }
        Passed::Text
    }

    /// Blanks after a name are trimmed only if nothing but blanks, a suffix or parameters follows.
    fn trail(&mut self, from: usize, blank: usize, end: usize) {
        let (mut place, mut end) = (blank, end);
        loop {
            let token = self.view.token(place);
            match token {
                Some(b'.' | b';' | token::ANYTHING) => {
                    return self.note(from, blank, self.ends.since(end));
                }
                Some(b' ') => {}
                Some(several @ token::SEVERAL..) if may_be_blank(several) => {}
                Some(_) | None => return,
            }
            place += 1;
            while end < self.view.bounds.len() && usize::from(self.view.bound(end).at) == place {
                let bound = self.view.bound(end);
                self.note(from, blank, B::one(end));
                end += 1;
                if !bound.kind.joins() {
                    return;
                }
                if usize::from(bound.next) > place {
                    break;
                }
            }
        }
    }

    /// Notes a text that the segment may be, without trailing blanks and dots.
    fn note(&mut self, from: usize, to: usize, ends: B) {
        let text = self.view.text.get(from..to).unwrap_or_default();
        let length = text.iter().rposition(|byte| !matches!(byte, b' ' | b'.')).map_or(0, |at| at + 1);
        // Only a text that is a literal can match one.
        if !ends.is_empty()
            && let Some(literal) = text.get(..length).and_then(|text| self.literals.find(text))
        {
            self.names.add(literal, self.at, ends);
        }
    }

    fn begin(&mut self, from: usize, place: usize, end: usize, is_compared: bool) {
        let begins = |text| self.literals.any_starts_with(text);
        if !self.view.text.get(from..place).is_some_and(begins) {
            return;
        }
        let narrow = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        let beginning = Beginning {
            from: narrow(from),
            length: narrow(place - from),
            end: u8::try_from(end).unwrap_or(u8::MAX),
            is_compared,
            starts: B::one(self.at),
            ends: self.ends.since(end),
        };
        self.names.add_beginning(self.view, beginning);
    }
}

enum Passed {
    /// The segment certainly ends.
    Ended,
    /// More of the segment follows.
    Text,
}
