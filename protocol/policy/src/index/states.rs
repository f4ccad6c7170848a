//! The sets of bounds up to which a path may have been read, each with what follows from it.

use super::possible::Readings;
use crate::reading::Bounds;

/// Places by which a state is found by its bounds: a power of two, and twice as many as states are kept.
const SLOTS: usize = 256;

/// A set of bounds up to which a path may have been read.
#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    pub(super) bounds: Bounds,
    /// Those behind which a segment may start.
    pub(super) starts: Bounds,
    /// Bit `n` is set if the path may end `n` segments further on.
    pub(super) left: u128,
    /// The path may end here.
    pub(super) ends: bool,
    /// Segments that start here have beginnings that may be several texts.
    pub(super) begins: bool,
    /// Where it is kept; past all places if it is not.
    place: usize,
}

/// What a segment is taken for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// Any text.
    Parameter,
    /// The name at this place.
    Name(usize),
}

/// All states that a walk meets, and where steps lead from them: in a large table many nodes are reached in the same.
/// What does not fit is made anew each time.
#[derive(Debug)]
pub(super) struct States<const STATES: usize, const NAMES: usize> {
    states: [State; STATES],
    count: usize,
    /// The place of a state plus one, by its bounds.
    slots: [u8; SLOTS],
    /// The place of the state that a parameter leads to, and each name, plus one; zero if it is not known.
    by_parameter: [u8; STATES],
    by_name: [[u8; NAMES]; STATES],
}

impl State {
    const NONE: Self = Self { bounds: 0, starts: 0, left: 0, ends: false, begins: false, place: usize::MAX };

    fn new<const BOUNDS: usize, const NAMES: usize>(
        bounds: Bounds,
        readings: &Readings<'_, BOUNDS, NAMES>,
    ) -> Self {
        let Readings { choices, names, .. } = *readings;
        let starts = bounds & choices.parting;
        Self {
            bounds,
            starts,
            left: choices.left(bounds, !names.has_merged),
            ends: bounds & choices.ending != 0,
            begins: names.begins(starts),
            place: usize::MAX,
        }
    }
}

impl<const STATES: usize, const NAMES: usize> States<STATES, NAMES> {
    /// Filled in place: it is too large to be moved about.
    pub(super) const EMPTY: Self = Self {
        states: [State::NONE; STATES],
        count: 0,
        slots: [0; SLOTS],
        by_parameter: [0; STATES],
        by_name: [[0; NAMES]; STATES],
    };

    /// The state of a set of bounds.
    pub(super) fn of<const BOUNDS: usize>(
        &mut self,
        bounds: Bounds,
        readings: &Readings<'_, BOUNDS, NAMES>,
    ) -> State {
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
        }
        state
    }

    /// The slot in which a set of bounds stands, or the one where it would.
    fn slot(&self, bounds: Bounds) -> usize {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let folded = u64::try_from((bounds ^ bounds >> 64) & Bounds::from(u64::MAX)).unwrap_or_default();
        let first =
            usize::try_from(folded.wrapping_mul(ODD) >> (u64::BITS - SLOTS.ilog2())).unwrap_or_default();
        let is_its = |slot: &usize| {
            let place = self.slots.get(*slot).and_then(|place| usize::from(*place).checked_sub(1));
            place.and_then(|place| self.states.get(place)).is_none_or(|state| state.bounds == bounds)
        };
        (0..SLOTS).map(|step| (first + step) % SLOTS).find(is_its).unwrap_or_default()
    }

    /// Where a step leads from a state.
    pub(super) fn after<const BOUNDS: usize>(
        &mut self,
        state: &State,
        step: Step,
        readings: &Readings<'_, BOUNDS, NAMES>,
    ) -> State {
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

    fn place_of(&mut self, state: &State, step: Step) -> Option<&mut u8> {
        match step {
            Step::Parameter => self.by_parameter.get_mut(state.place),
            Step::Name(name) => self.by_name.get_mut(state.place).and_then(|names| names.get_mut(name)),
        }
    }
}
