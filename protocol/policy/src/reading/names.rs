//! The literals that a segment of a reading may be.

use super::choices::{Choices, may_be_blank};
use super::{Bounds, View, bit, from, token};
use crate::fold::several;
use crate::index::key;
use crate::target::is_literal_byte;

/// What of the literals of a table bounds the names that matter.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct NamesOf {
    /// Most dots inside a literal: only so many cuts of a segment can be one.
    dots: usize,
    /// Bytes of the longest literal.
    longest: usize,
    /// Most dots at the start of a literal.
    leading_dots: usize,
}

/// A text that segments may be read as.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Name {
    pub(crate) key: u64,
    from: u16,
    length: u16,
    /// The bounds that start a segment which is the name and ends at the next bound.
    next: Bounds,
    /// Those that start other ones, and where these may end.
    others: Bounds,
    ends: Bounds,
}

/// A beginning behind which characters stand that may be several texts, or anything.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Beginning {
    from: u16,
    length: u16,
    /// The first bound behind it, from which a comparison goes on.
    end: u8,
    /// What follows has to be compared: else it may be anything.
    is_compared: bool,
    /// The bounds that start segments which begin so. One, if they are compared.
    starts: Bounds,
    /// Where these may end.
    ends: Bounds,
}

/// All names that the segments of a path may have. As many beginnings as names are kept apart; what does not fit is
/// taken for anything.
#[derive(Debug)]
pub(crate) struct Names<const NAMES: usize> {
    names: [Name; NAMES],
    count: usize,
    beginnings: [Beginning; NAMES],
    beginning_count: usize,
}

impl NamesOf {
    pub(crate) fn literals<'a>(literals: impl Iterator<Item = &'a str>) -> Self {
        literals.fold(Self::default(), |of, literal| Self {
            dots: of.dots.max(literal.matches('.').count()),
            longest: of.longest.max(literal.len()),
            leading_dots: of.leading_dots.max(literal.bytes().take_while(|byte| *byte == b'.').count()),
        })
    }
}

impl<const NAMES: usize> Names<NAMES> {
    /// Filled in place: it is too large to be moved about.
    pub(crate) const EMPTY: Self = Self {
        names: [Name { key: 0, from: 0, length: 0, next: 0, others: 0, ends: 0 }; NAMES],
        count: 0,
        beginnings: [Beginning { from: 0, length: 0, end: 0, is_compared: false, starts: 0, ends: 0 }; NAMES],
        beginning_count: 0,
    };

    pub(crate) fn read<const BOUNDS: usize>(
        &mut self,
        view: View<'_>,
        choices: &Choices<BOUNDS>,
        of: NamesOf,
    ) {
        for at in super::each(choices.parting) {
            let start = choices.start(at);
            let mut scan = Scan { names: self, view, of, at, ends: start.ends };
            let (text, name) = (usize::from(start.text), usize::from(start.name));
            scan.run(name);
            // Some of the dots in front may be trimmed, and the rest be a part of the literal.
            let front = view.text.get(text..name).unwrap_or_default();
            let dots = front.iter().rev().take_while(|token| **token == b'.').count();
            (1..=dots.min(of.leading_dots)).for_each(|dots| scan.run(name - dots));
        }
    }

    /// The names that segments from one of these bounds may have.
    pub(crate) fn each(&self, starts: Bounds) -> impl Iterator<Item = &Name> {
        let names = self.names.get(..self.count).unwrap_or_default();
        names.iter().filter(move |name| (name.next | name.others) & starts != 0)
    }

    /// The beginnings of names that segments from one of these bounds may have.
    pub(crate) fn each_beginning(&self, starts: Bounds) -> impl Iterator<Item = &Beginning> {
        let beginnings = self.beginnings.get(..self.beginning_count).unwrap_or_default();
        beginnings.iter().filter(move |beginning| starts & beginning.starts != 0)
    }

    /// Where segments from one of these bounds may end if they are the literal.
    pub(crate) fn ends(&self, view: View<'_>, starts: Bounds, key: u64, literal: &[u8]) -> Bounds {
        let named = self.each(starts).filter(|name| name.key == key && name.text(view) == literal);
        let named = named.fold(0, |ends, name| ends | name.ends(starts));
        let begun = self.each_beginning(starts).filter(|beginning| literal.starts_with(beginning.text(view)));
        begun.fold(named, |ends, beginning| ends | beginning.ends(view, starts, literal))
    }

    fn add(&mut self, view: View<'_>, at: usize, from: usize, length: usize, ends: Bounds) {
        let text = view.text.get(from..from + length).unwrap_or_default();
        let key = key(text);
        let known = self.names.get_mut(..self.count).unwrap_or_default();
        let known = known.iter_mut().position(|name| name.key == key && name.text(view) == text);
        let place = known.unwrap_or(self.count);
        let narrow = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        let Some(name) = self.names.get_mut(place) else {
            return self.add_anything(bit(at), ends);
        };
        if known.is_none() {
            *name = Name { key, from: narrow(from), length: narrow(length), ..Name::default() };
            self.count += 1;
        }
        if ends == bit(at + 1) {
            name.next |= bit(at);
        } else {
            (name.others, name.ends) = (name.others | bit(at), name.ends | ends);
        }
    }

    fn add_beginning(&mut self, view: View<'_>, beginning: Beginning) {
        let known = self.beginnings.get_mut(..self.beginning_count).unwrap_or_default();
        let text = beginning.text(view);
        let same =
            |known: &&mut Beginning| !known.is_compared && !beginning.is_compared && known.text(view) == text;
        if let Some(known) = known.iter_mut().find(same) {
            (known.starts, known.ends) = (known.starts | beginning.starts, known.ends | beginning.ends);
            return;
        }
        match self.beginnings.get_mut(self.beginning_count) {
            Some(place) => {
                *place = beginning;
                self.beginning_count += 1;
            }
            None => self.add_anything(beginning.starts, beginning.ends),
        }
    }

    /// Without room for what a segment may be, it may be anything. One place is made for all such segments.
    fn add_anything(&mut self, starts: Bounds, ends: Bounds) {
        let anything = |place: &Beginning| place.length == 0 && !place.is_compared;
        let known = self.beginnings.get(..self.beginning_count).unwrap_or_default().iter().position(anything);
        let place =
            known.unwrap_or(if self.beginning_count < NAMES { self.beginning_count } else { NAMES - 1 });
        self.beginning_count = self.beginning_count.max(place + 1);
        if let Some(place) = self.beginnings.get_mut(place) {
            let (starts, ends) = (starts | place.starts, ends | place.ends);
            *place = Beginning { starts, ends, ..Beginning::default() };
        }
    }
}

impl Name {
    pub(crate) fn text<'r>(&self, view: View<'r>) -> &'r [u8] {
        slice(view, self.from, self.length)
    }

    pub(crate) fn ends(&self, starts: Bounds) -> Bounds {
        let others = self.others & starts;
        // Those of several segments together: a little too many, and never too few.
        let ends = if others == 0 { 0 } else { from(self.ends, lowest(others) + 1) };
        (self.next & starts) << 1 | ends
    }
}

impl Beginning {
    pub(crate) fn text<'r>(&self, view: View<'r>) -> &'r [u8] {
        slice(view, self.from, self.length)
    }

    fn ends(&self, view: View<'_>, starts: Bounds, literal: &[u8]) -> Bounds {
        if self.is_compared {
            compared(view, self, literal)
        } else {
            from(self.ends, lowest(self.starts & starts) + 1)
        }
    }
}

fn slice(view: View<'_>, from: u16, length: u16) -> &[u8] {
    let from = usize::from(from);
    view.text.get(from..from + usize::from(length)).unwrap_or_default()
}

fn lowest(set: Bounds) -> usize {
    usize::try_from(set.trailing_zeros()).unwrap_or_default().min(super::MAX_BOUNDS - 1)
}

/// Goes through a segment once and notes each text that it may be cut to.
struct Scan<'s, 'r, const NAMES: usize> {
    names: &'s mut Names<NAMES>,
    view: View<'r>,
    of: NamesOf,
    at: usize,
    /// Where the segment may end at all.
    ends: Bounds,
}

impl<const NAMES: usize> Scan<'_, '_, NAMES> {
    fn run(&mut self, from: usize) {
        let (mut place, mut end, mut dots) = (from, self.end_behind(from), 0);
        // Longer texts are no literals.
        let last = from + self.of.longest + 1;
        while place <= last {
            match self.pass_bounds(from, place, &mut end) {
                Passed::Ended => return,
                Passed::Text => {}
            }
            match self.view.token(place) {
                Some(b'.') => {
                    self.note(from, place, super::from(self.ends, end));
                    dots += 1;
                    if dots > self.of.dots {
                        return;
                    }
                }
                Some(b';') => return self.note(from, place, super::from(self.ends, end)),
                Some(b' ') => return self.trail(from, place, end),
                Some(token::ANYTHING) => return self.begin(from, place, end, false),
                Some(token::SEVERAL..) => return self.begin(from, place, end, true),
                Some(byte) if is_literal_byte(byte) => {}
                Some(_) | None => return,
            }
            place += 1;
        }
    }

    /// The first bound behind a place, or at it.
    fn end_behind(&self, place: usize) -> usize {
        let behind = self.view.bounds.iter().skip(self.at + 1);
        self.at + 1 + behind.take_while(|bound| usize::from(bound.at) < place).count()
    }

    /// Notes the text up to each bound at a place.
    fn pass_bounds(&mut self, from: usize, place: usize, end: &mut usize) -> Passed {
        while *end < self.view.bounds.len() && usize::from(self.view.bound(*end).at) == place {
            let bound = self.view.bound(*end);
            self.note(from, place, bit(*end));
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

    /// Blanks behind a name count only if nothing but blanks, a suffix or parameters follow.
    fn trail(&mut self, from: usize, blank: usize, end: usize) {
        let (mut place, mut end) = (blank, end);
        loop {
            let token = self.view.token(place);
            match token {
                Some(b'.' | b';' | token::ANYTHING) => {
                    return self.note(from, blank, super::from(self.ends, end));
                }
                Some(b' ') => {}
                Some(several @ token::SEVERAL..) if may_be_blank(several) => {}
                Some(_) | None => return,
            }
            place += 1;
            while end < self.view.bounds.len() && usize::from(self.view.bound(end).at) == place {
                let bound = self.view.bound(end);
                self.note(from, blank, bit(end));
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

    /// Notes a text that the segment may be, without blanks and dots at its end.
    fn note(&mut self, from: usize, to: usize, ends: Bounds) {
        let text = self.view.text.get(from..to).unwrap_or_default();
        let length = text.iter().rposition(|byte| !matches!(byte, b' ' | b'.')).map_or(0, |at| at + 1);
        if length > 0 && length <= self.of.longest && ends != 0 {
            self.names.add(self.view, self.at, from, length, ends);
        }
    }

    fn begin(&mut self, from: usize, place: usize, end: usize, is_compared: bool) {
        let narrow = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        let beginning = Beginning {
            from: narrow(from),
            length: narrow(place - from),
            end: u8::try_from(end).unwrap_or(u8::MAX),
            is_compared,
            starts: bit(self.at),
            ends: super::from(self.ends, end),
        };
        self.names.add_beginning(self.view, beginning);
    }
}

enum Passed {
    /// The segment ends for certain.
    Ended,
    /// More of it follows.
    Text,
}

/// Where a segment that starts like a literal may end if it is that, whatever its characters of several texts become:
/// all places in the literal are followed at once.
fn compared(view: View<'_>, beginning: &Beginning, literal: &[u8]) -> Bounds {
    let (mut place, mut end) =
        (usize::from(beginning.from) + usize::from(beginning.length), usize::from(beginning.end));
    let ends_of_start = beginning.ends;
    let full = literal.len();
    if full >= super::MAX_BOUNDS {
        return from(ends_of_start, end);
    }
    // Bit `n`: the first `n` bytes of the literal have been read.
    let mut read: u128 = 1 << beginning.length;
    let (mut found, mut is_trailing) = (0, false);
    while read != 0 || is_trailing {
        is_trailing |= read >> full & 1 == 1;
        while end < view.bounds.len() && usize::from(view.bound(end).at) == place {
            let bound = view.bound(end);
            found |= if is_trailing { bit(end) } else { 0 };
            end += 1;
            if !bound.kind.joins() {
                return found;
            }
            if usize::from(bound.next) > place {
                break;
            }
        }
        match view.token(place) {
            Some(b'.' | b';') if is_trailing => return found | from(ends_of_start, end),
            Some(token::ANYTHING) => return found | from(ends_of_start, end),
            // In front it is trimmed.
            Some(b' ') => read &= 1,
            Some(several_at @ token::SEVERAL..) => {
                is_trailing &= may_be_blank(several_at);
                read = step_several(read, several_at, literal);
            }
            Some(byte) if is_literal_byte(byte) => {
                is_trailing = false;
                let front = if byte == b'.' { read & 1 } else { 0 };
                read = step(read, byte, literal) | front;
            }
            Some(_) | None => return found,
        }
        place += 1;
    }
    found
}

fn step(read: u128, byte: u8, literal: &[u8]) -> u128 {
    let places = literal.iter().enumerate().filter(|(at, other)| read >> at & 1 == 1 && **other == byte);
    places.fold(0, |next, (at, _)| next | 1 << (at + 1))
}

fn step_several(read: u128, token: u8, literal: &[u8]) -> u128 {
    let texts = token.checked_sub(token::SEVERAL).map_or(&[][..], several);
    texts.iter().fold(0, |next, text| {
        // A blank in front is trimmed; one within is in no literal.
        let text = if read == 1 { text.trim_start() } else { text };
        next | text.bytes().fold(read, |read, byte| step(read, byte, literal))
    })
}
