//! The sets of bounds up to which a path may have been read, and what follows from each.

use super::readings::Readings;
use super::tree::{NO_LITERAL as NO_NAME, PARAMETER};
use crate::reading::{Beginning, Bounds};

/// Number of slots for where literals lead from states with beginnings: a power of two.
const BEGUN: usize = 64;

/// Number of slots for finding a state by its bounds: a power of two, and twice the number of states kept.
const SLOTS: usize = 256;

/// A set of bounds up to which a path may have been read.
#[derive(Debug, Clone, Copy)]
pub(super) struct State<B> {
    pub(super) bounds: B,
    /// The bounds after which a segment may start.
    pub(super) starts: B,
    /// Bit `n` is set if the path may end after `n` more segments.
    pub(super) left: B,
    /// The path may end here.
    pub(super) ends: bool,
    /// A segment that starts here has a beginning, before characters that may be several texts.
    pub(super) begins: bool,
    /// None of these beginnings says anything about the text.
    pub(super) is_free: bool,
    /// Where it is kept; past all places if it is not kept.
    place: usize,
}

/// What a segment is read as.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// Any text.
    Parameter,
    /// The name at this place.
    Name(usize),
}

/// All states that a walk meets, and where steps lead from them: in a large table a walk reaches many nodes
/// in the same state. What does not fit is recomputed each time, and `is_crowded` is set.
#[derive(Debug)]
pub(super) struct States<B, const STATES: usize, const NAMES: usize> {
    states: [State<B>; STATES],
    count: usize,
    /// There was no room for a state.
    pub(super) is_crowded: bool,
    /// The place of a state plus one, by its bounds.
    slots: [u8; SLOTS],
    /// For each state, the place plus one of the state that a parameter leads to, and of the one that each
    /// name leads to; zero if it is not known.
    by_parameter: [u8; STATES],
    by_name: [[u8; NAMES]; STATES],
    /// Where literals that are compared with beginnings led last.
    begun: [Begun; BEGUN],
}

/// A step from one state to another by the literal with this number. Places are stored plus one.
#[derive(Debug, Clone, Copy)]
struct Begun {
    number: u32,
    from: u8,
    to: u8,
}

impl<B: Bounds> State<B> {
    const NONE: Self = Self {
        bounds: B::NONE,
        starts: B::NONE,
        left: B::NONE,
        ends: false,
        begins: false,
        is_free: false,
        place: usize::MAX,
    };

    fn new<const BOUNDS: usize, const NAMES: usize>(
        bounds: B,
        readings: &Readings<'_, B, BOUNDS, NAMES>,
    ) -> Self {
        let Readings { choices, names, .. } = *readings;
        let starts = bounds & choices.parting;
        let begins = names.begins(starts);
        Self {
            bounds,
            starts,
            left: choices.left(bounds, !names.has_merged),
            ends: !(bounds & choices.ending).is_empty(),
            begins,
            is_free: begins && names.each_beginning(starts).all(Beginning::is_free),
            place: usize::MAX,
        }
    }
}

impl<B: Bounds, const STATES: usize, const NAMES: usize> States<B, STATES, NAMES> {
    /// Filled in place, because it is too large to move.
    pub(super) const EMPTY: Self = Self {
        states: [State::NONE; STATES],
        count: 0,
        is_crowded: false,
        slots: [0; SLOTS],
        by_parameter: [0; STATES],
        by_name: [[0; NAMES]; STATES],
        begun: [Begun { number: 0, from: 0, to: 0 }; BEGUN],
    };

    /// The state of a set of bounds.
    pub(super) fn of<const BOUNDS: usize>(
        &mut self,
        bounds: B,
        readings: &Readings<'_, B, BOUNDS, NAMES>,
    ) -> State<B> {
        let slot = self.slot(bounds);
        let known = self.slots.get(slot).and_then(|place| usize::from(*place).checked_sub(1));
        if let Some(known) = known.and_then(|known| self.states.get(known)) {
            return *known;
        }
        let mut state = State::new(bounds, readings);
        if let (Some(place), Some(slot)) = (self.states.get_mut(self.count), self.slots.get_mut(slot)) {
            state.place = self.count;
            *place = state;
            self.count += 1;
            *slot = u8::try_from(self.count).unwrap_or_default();
        } else {
            self.is_crowded = true;
        }
        state
    }

    /// The slot that holds a set of bounds, or the one that would.
    fn slot(&self, bounds: B) -> usize {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let hash = bounds.hash().wrapping_mul(ODD) >> (u64::BITS - SLOTS.ilog2());
        let first = usize::try_from(hash).unwrap_or_default();
        let is_its = |slot: &usize| {
            let place = self.slots.get(*slot).and_then(|place| usize::from(*place).checked_sub(1));
            place.and_then(|place| self.states.get(place)).is_none_or(|state| state.bounds == bounds)
        };
        (0..SLOTS).map(|step| (first + step) % SLOTS).find(is_its).unwrap_or_default()
    }

    /// Where a step leads from a state.
    pub(super) fn after<const BOUNDS: usize>(
        &mut self,
        state: &State<B>,
        step: Step,
        readings: &Readings<'_, B, BOUNDS, NAMES>,
    ) -> State<B> {
        let known = self.place_of(state, step).and_then(|place| usize::from(*place).checked_sub(1));
        if let Some(known) = known.and_then(|known| self.states.get(known)) {
            return *known;
        }
        let Readings { choices, names, .. } = *readings;
        let ends = match step {
            Step::Parameter => choices.filled(state.starts),
            Step::Name(place) => names.ends_of_name(state.starts, place),
        };
        let next = self.of(choices.closed(ends), readings);
        if let (Some(place), Ok(number)) =
            (self.place_of(state, step), u8::try_from(next.place.wrapping_add(1)))
        {
            *place = number;
        }
        next
    }

    /// Where a literal leads from a state in which segments have beginnings. None if no segment may be that
    /// literal.
    pub(super) fn after_literal<const BOUNDS: usize>(
        &mut self,
        state: &State<B>,
        number: u32,
        text: &[u8],
        readings: &Readings<'_, B, BOUNDS, NAMES>,
    ) -> Option<State<B>> {
        let Readings { view, choices, names } = *readings;
        // A segment may be any text here, and all literals that are not names lead to the same state.
        let number = if state.is_free && names.place(number).is_none() { NO_NAME } else { number };
        let from = u8::try_from(state.place.wrapping_add(1)).unwrap_or_default();
        let hash = usize::try_from(number).unwrap_or_default() ^ usize::from(from) << 2;
        let slot = hash % BEGUN;
        let known = self.begun.get(slot).filter(|begun| begun.number == number && begun.from == from);
        let known = known.and_then(|begun| usize::from(begun.to).checked_sub(1));
        if let Some(known) = known.and_then(|known| self.states.get(known)) {
            return Some(*known);
        }
        let ends = names.ends(view, state.starts, number, text);
        if ends.is_empty() {
            return None;
        }
        let next = self.of(choices.closed(ends), readings);
        let to = u8::try_from(next.place.wrapping_add(1)).unwrap_or_default();
        if let Some(begun) = self.begun.get_mut(slot).filter(|_| from > 0) {
            *begun = Begun { number, from, to };
        }
        Some(next)
    }

    /// The state that the known steps from a state lead to, and the steps that are left. A step is the number
    /// of a literal, or [`PARAMETER`].
    pub(super) fn along<'c, const BOUNDS: usize>(
        &self,
        state: &State<B>,
        steps: &'c [u32],
        readings: &Readings<'_, B, BOUNDS, NAMES>,
    ) -> (State<B>, &'c [u32]) {
        let (mut place, mut left) = (state.place, steps);
        let (mut last, mut name) = (PARAMETER, None);
        while let Some((&step, rest)) = left.split_first() {
            let next = if step == PARAMETER {
                self.by_parameter.get(place)
            } else {
                if step != last {
                    (last, name) = (step, readings.names.place(step));
                }
                // In a state with beginnings, this is known only for names that no beginning may be.
                name.and_then(|name| self.by_name.get(place)?.get(name))
            };
            let Some(next) = next.and_then(|next| usize::from(*next).checked_sub(1)) else { break };
            (place, left) = (next, rest);
        }
        (self.states.get(place).copied().unwrap_or(*state), left)
    }

    fn place_of(&mut self, state: &State<B>, step: Step) -> Option<&mut u8> {
        match step {
            Step::Parameter => self.by_parameter.get_mut(state.place),
            Step::Name(name) => self.by_name.get_mut(state.place).and_then(|names| names.get_mut(name)),
        }
    }
}
