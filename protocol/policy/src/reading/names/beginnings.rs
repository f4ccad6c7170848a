//! The names that segments may have, and the beginnings of names.

use crate::reading::bounds::Bounds;
use crate::reading::view::View;

/// Number of slots for finding a name by its number: a power of two, and more than the number of names kept.
const SLOTS: usize = 128;

/// A literal that segments may be read as.
#[derive(Debug, Clone, Copy)]
struct Name<B> {
    /// Its number among the literals of the table.
    literal: u32,
    /// The bounds at which a segment starts that is the name and ends at the next bound.
    next: B,
    /// The bounds at which other segments with this name start, and where those may end.
    others: B,
    ends: B,
}

/// The beginning of a name, before characters that may be several texts, or anything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beginning<B> {
    pub(super) from: u16,
    pub(super) length: u16,
    /// The first bound after it, from which a comparison continues.
    pub(super) end: u8,
    /// What follows must be compared; otherwise it may be anything.
    pub(crate) is_compared: bool,
    /// The bounds at which segments with this beginning start. Only one if they are compared.
    pub(super) starts: B,
    /// Where those segments may end.
    pub(super) ends: B,
}

/// All names that the segments of a path may have. Keeps as many beginnings as names; what does not fit may
/// be anything.
#[derive(Debug)]
pub(crate) struct Names<B, const NAMES: usize> {
    names: [Name<B>; NAMES],
    count: usize,
    /// The place of a name plus one, by the number of its literal.
    slots: [u8; SLOTS],
    beginnings: [Beginning<B>; NAMES],
    beginning_count: usize,
    /// The bounds at which a segment with a beginning starts.
    begun: B,
    /// Some segments share an entry, and so may seem to end where only another of them can.
    pub(crate) has_merged: bool,
    /// Something did not fit, and may be anything.
    pub(crate) is_crowded: bool,
}

impl<B: Bounds, const NAMES: usize> Names<B, NAMES> {
    /// Filled in place: it is too large to be moved about.
    pub(crate) const EMPTY: Self = Self {
        names: [Name::EMPTY; NAMES],
        count: 0,
        slots: [0; SLOTS],
        beginnings: [Beginning::EMPTY; NAMES],
        beginning_count: 0,
        begun: B::NONE,
        has_merged: false,
        is_crowded: false,
    };

    /// The place of the name that is this literal.
    pub(crate) fn place(&self, literal: u32) -> Option<usize> {
        let slot = self.slot(literal);
        let place = self.slots.get(slot).and_then(|place| usize::from(*place).checked_sub(1))?;
        self.names.get(place).filter(|name| name.literal == literal).map(|_| place)
    }

    /// The places of the names that segments from one of these bounds may have, and their literals.
    pub(crate) fn each(&self, starts: B) -> impl Iterator<Item = (usize, u32)> {
        let names = self.names.get(..self.count).unwrap_or_default().iter().enumerate();
        names
            .filter(move |(_, name)| !((name.next | name.others) & starts).is_empty())
            .map(|(place, name)| (place, name.literal))
    }

    /// Where segments from one of these bounds may end if they are the name at this place.
    pub(crate) fn ends_of_name(&self, starts: B, place: usize) -> B {
        self.names.get(place).map_or(B::NONE, |name| name.ends(starts))
    }

    /// True if some segment from one of these bounds has a beginning.
    pub(crate) fn begins(&self, starts: B) -> bool {
        !(self.begun & starts).is_empty()
    }

    /// The beginnings of names that segments from one of these bounds may have.
    pub(crate) fn each_beginning(&self, starts: B) -> impl Iterator<Item = &Beginning<B>> {
        let beginnings = self.beginnings.get(..self.beginning_count).unwrap_or_default();
        beginnings.iter().filter(move |beginning| !(starts & beginning.starts).is_empty())
    }

    /// The slot that holds a literal, or the one that would.
    fn slot(&self, literal: u32) -> usize {
        let first = usize::try_from(literal).unwrap_or_default();
        let slots = (0..SLOTS).map(|step| (first + step) % SLOTS);
        let place = |slot: usize| self.slots.get(slot).map_or(0, |place| usize::from(*place));
        let is_its = |place: usize| {
            place.checked_sub(1).and_then(|at| self.names.get(at)).is_none_or(|name| name.literal == literal)
        };
        slots.into_iter().find(|slot| is_its(place(*slot))).unwrap_or_default()
    }

    pub(super) fn add(&mut self, literal: u32, at: usize, ends: B) {
        let slot = self.slot(literal);
        let known = self.slots.get(slot).and_then(|place| usize::from(*place).checked_sub(1));
        let place = known.unwrap_or(self.count);
        let Some(name) = self.names.get_mut(place) else {
            return self.add_anything(B::one(at), ends);
        };
        if known.is_none() {
            *name = Name { literal, ..Name::EMPTY };
            self.count += 1;
            if let Some(slot) = self.slots.get_mut(slot) {
                *slot = u8::try_from(self.count).unwrap_or_default();
            }
        }
        if ends == B::one(at + 1) {
            name.next |= B::one(at);
        } else {
            self.has_merged |= !name.others.is_empty() && is_widened(name.ends, at, ends);
            (name.others, name.ends) = (name.others | B::one(at), name.ends | ends);
        }
    }

    pub(super) fn add_beginning(&mut self, view: View<'_>, beginning: Beginning<B>) {
        self.begun |= beginning.starts;
        let known = self.beginnings.get_mut(..self.beginning_count).unwrap_or_default();
        let text = beginning.text(view);
        let same = |known: &&mut Beginning<B>| {
            !known.is_compared && !beginning.is_compared && known.text(view) == text
        };
        if let Some(known) = known.iter_mut().find(same) {
            self.has_merged |= is_widened(known.ends, beginning.starts.lowest(), beginning.ends);
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

    /// If there is no room for what a segment may be, it may be anything. All such segments share one place.
    pub(super) fn add_anything(&mut self, starts: B, ends: B) {
        self.is_crowded = true;
        let known = self
            .beginnings
            .get(..self.beginning_count)
            .unwrap_or_default()
            .iter()
            .position(Beginning::is_free);
        let place =
            known.unwrap_or(if self.beginning_count < NAMES { self.beginning_count } else { NAMES - 1 });
        self.beginning_count = self.beginning_count.max(place + 1);
        if let Some(place) = self.beginnings.get_mut(place) {
            let (starts, ends) = (starts | place.starts, ends | place.ends);
            *place = Beginning { starts, ends, ..Beginning::EMPTY };
            self.begun |= starts;
            self.has_merged = true;
        }
    }
}

impl<B: Bounds> Name<B> {
    const EMPTY: Self = Self { literal: 0, next: B::NONE, others: B::NONE, ends: B::NONE };

    fn ends(&self, starts: B) -> B {
        let others = self.others & starts;
        // The ends of several segments together: perhaps too many, but never too few.
        let ends = if others.is_empty() { others } else { self.ends.since(others.lowest() + 1) };
        (self.next & starts).next() | ends
    }
}

impl<B: Bounds> Beginning<B> {
    pub(super) const EMPTY: Self =
        Self { from: 0, length: 0, end: 0, is_compared: false, starts: B::NONE, ends: B::NONE };

    /// True if it says nothing about the literal.
    pub(crate) fn is_free(&self) -> bool {
        self.length == 0 && !self.is_compared
    }

    pub(crate) fn text<'r>(&self, view: View<'r>) -> &'r [u8] {
        let from = usize::from(self.from);
        view.text.get(from..from + usize::from(self.length)).unwrap_or_default()
    }
}

/// True if merging these ends with those of earlier segments makes this segment, or an earlier one, seem to
/// end where it cannot.
fn is_widened<B: Bounds>(known: B, start: usize, ends: B) -> bool {
    !ends.without(known).is_empty() || known.since(start + 1) != ends
}
