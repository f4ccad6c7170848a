//! The literals that a segment of a reading may be.

mod compare;
mod scan;

use super::choices::Choices;
use super::{Bounds, View, bit, from};
use crate::index::Literals;
use compare::compared;
pub(crate) use compare::may_be;
use scan::Scan;

/// Places by which a name is found by its number: a power of two, and more than names are kept.
const SLOTS: usize = 128;

/// A literal that segments may be read as.
#[derive(Debug, Clone, Copy, Default)]
struct Name {
    /// Its number among the literals of the table.
    literal: u32,
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
    pub(crate) is_compared: bool,
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
    /// The place of a name plus one, by the number of its literal.
    slots: [u8; SLOTS],
    beginnings: [Beginning; NAMES],
    beginning_count: usize,
    /// The bounds that start a segment with a beginning.
    begun: Bounds,
    /// Some segments are kept together, and so may end where only another one of them may.
    pub(crate) has_merged: bool,
    /// Something did not fit, and is taken for anything.
    pub(crate) is_crowded: bool,
}

impl<const NAMES: usize> Names<NAMES> {
    /// Filled in place: it is too large to be moved about.
    pub(crate) const EMPTY: Self = Self {
        names: [Name { literal: 0, next: 0, others: 0, ends: 0 }; NAMES],
        count: 0,
        slots: [0; SLOTS],
        beginnings: [Beginning { from: 0, length: 0, end: 0, is_compared: false, starts: 0, ends: 0 }; NAMES],
        beginning_count: 0,
        begun: 0,
        has_merged: false,
        is_crowded: false,
    };

    pub(crate) fn read<const BOUNDS: usize>(
        &mut self,
        view: View<'_>,
        choices: &Choices<BOUNDS>,
        literals: &Literals,
    ) {
        for at in super::each(choices.parting) {
            let start = choices.start(at);
            let mut scan = Scan { names: self, view, literals, at, ends: start.ends };
            let (text, name) = (usize::from(start.text), usize::from(start.name));
            scan.run(name);
            // Some of the dots in front may be trimmed, and the rest be a part of the literal.
            let front = view.text.get(text..name).unwrap_or_default();
            let dots = front.iter().rev().take_while(|token| **token == b'.').count();
            (1..=dots.min(literals.leading_dots)).for_each(|dots| scan.run(name - dots));
        }
    }

    /// The place of the name that is a literal.
    pub(crate) fn place(&self, literal: u32) -> Option<usize> {
        let slot = self.slot(literal);
        let place = self.slots.get(slot).and_then(|place| usize::from(*place).checked_sub(1))?;
        self.names.get(place).filter(|name| name.literal == literal).map(|_| place)
    }

    /// The places of the names that segments from one of these bounds may have, and the literals that they are.
    pub(crate) fn each(&self, starts: Bounds) -> impl Iterator<Item = (usize, u32)> {
        let names = self.names.get(..self.count).unwrap_or_default().iter().enumerate();
        names
            .filter(move |(_, name)| (name.next | name.others) & starts != 0)
            .map(|(place, name)| (place, name.literal))
    }

    /// Where segments from one of these bounds may end if they are the name at a place.
    pub(crate) fn ends_of_name(&self, starts: Bounds, place: usize) -> Bounds {
        self.names.get(place).map_or(0, |name| name.ends(starts))
    }

    /// True when segments from one of these bounds have beginnings.
    pub(crate) fn begins(&self, starts: Bounds) -> bool {
        self.begun & starts != 0
    }

    /// The beginnings of names that segments from one of these bounds may have.
    pub(crate) fn each_beginning(&self, starts: Bounds) -> impl Iterator<Item = &Beginning> {
        let beginnings = self.beginnings.get(..self.beginning_count).unwrap_or_default();
        beginnings.iter().filter(move |beginning| starts & beginning.starts != 0)
    }

    /// Where segments from one of these bounds may end if they are the literal of this number.
    pub(crate) fn ends(&self, view: View<'_>, starts: Bounds, number: u32, literal: &[u8]) -> Bounds {
        let named = self.place(number).map_or(0, |place| self.ends_of_name(starts, place));
        let begun = self.each_beginning(starts);
        begun.fold(named, |ends, beginning| ends | beginning.ends(view, starts, literal))
    }

    /// The slot in which a literal stands, or the one where it would.
    fn slot(&self, literal: u32) -> usize {
        let first = usize::try_from(literal).unwrap_or_default();
        let slots = (0..SLOTS).map(|step| (first + step) % SLOTS);
        let place = |slot: usize| self.slots.get(slot).map_or(0, |place| usize::from(*place));
        let is_its = |place: usize| {
            place.checked_sub(1).and_then(|at| self.names.get(at)).is_none_or(|name| name.literal == literal)
        };
        slots.into_iter().find(|slot| is_its(place(*slot))).unwrap_or_default()
    }

    fn add(&mut self, literal: u32, at: usize, ends: Bounds) {
        let slot = self.slot(literal);
        let known = self.slots.get(slot).and_then(|place| usize::from(*place).checked_sub(1));
        let place = known.unwrap_or(self.count);
        let Some(name) = self.names.get_mut(place) else {
            return self.add_anything(bit(at), ends);
        };
        if known.is_none() {
            *name = Name { literal, ..Name::default() };
            self.count += 1;
            if let Some(slot) = self.slots.get_mut(slot) {
                *slot = u8::try_from(self.count).unwrap_or_default();
            }
        }
        if ends == bit(at + 1) {
            name.next |= bit(at);
        } else {
            self.has_merged |= name.others != 0 && is_widened(name.ends, at, ends);
            (name.others, name.ends) = (name.others | bit(at), name.ends | ends);
        }
    }

    fn add_beginning(&mut self, view: View<'_>, beginning: Beginning) {
        self.begun |= beginning.starts;
        let known = self.beginnings.get_mut(..self.beginning_count).unwrap_or_default();
        let text = beginning.text(view);
        let same =
            |known: &&mut Beginning| !known.is_compared && !beginning.is_compared && known.text(view) == text;
        if let Some(known) = known.iter_mut().find(same) {
            self.has_merged |= is_widened(known.ends, lowest(beginning.starts), beginning.ends);
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
        self.is_crowded = true;
        let anything = |place: &Beginning| place.length == 0 && !place.is_compared;
        let known = self.beginnings.get(..self.beginning_count).unwrap_or_default().iter().position(anything);
        let place =
            known.unwrap_or(if self.beginning_count < NAMES { self.beginning_count } else { NAMES - 1 });
        self.beginning_count = self.beginning_count.max(place + 1);
        if let Some(place) = self.beginnings.get_mut(place) {
            let (starts, ends) = (starts | place.starts, ends | place.ends);
            *place = Beginning { starts, ends, ..Beginning::default() };
            self.begun |= starts;
            self.has_merged = true;
        }
    }
}

impl Name {
    fn ends(&self, starts: Bounds) -> Bounds {
        let others = self.others & starts;
        // Those of several segments together: a little too many, and never too few.
        let ends = if others == 0 { 0 } else { from(self.ends, lowest(others) + 1) };
        (self.next & starts) << 1 | ends
    }
}

impl Beginning {
    pub(crate) fn text<'r>(&self, view: View<'r>) -> &'r [u8] {
        let from = usize::from(self.from);
        view.text.get(from..from + usize::from(self.length)).unwrap_or_default()
    }

    /// Where segments from one of these bounds may end if they are the literal; nowhere if it does not begin so.
    pub(crate) fn ends(&self, view: View<'_>, starts: Bounds, literal: &[u8]) -> Bounds {
        if !literal.starts_with(self.text(view)) {
            0
        } else if self.is_compared {
            compared(view, self, literal)
        } else {
            from(self.ends, lowest(self.starts & starts) + 1)
        }
    }
}

/// True if segments that start at a bound, or before it, are taken to end where they do not once these ends are put
/// together with those of segments that start before it.
fn is_widened(known: Bounds, start: usize, ends: Bounds) -> bool {
    ends & !known != 0 || from(known, start + 1) != ends
}

fn lowest(set: Bounds) -> usize {
    usize::try_from(set.trailing_zeros()).unwrap_or_default().min(super::MAX_BOUNDS - 1)
}
