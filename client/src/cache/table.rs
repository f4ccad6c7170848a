//! The keys that are kept: a fixed number of places in pairs. A key has its place in one of two pairs, most often in
//! the first: so keys go for others only when the table is close to full.

use super::long::{self, LongNames};
use super::place::{self, Held, Place, Unreported, Verdict};
use super::wiped::Wiped;
use apikeyd_protocol::key::KeyId;

/// Places of a pair.
const WAYS: usize = 2;

/// To make room for one verdict so many others may move before the last one finds a free place.
const OTHERS: usize = 2;

/// Verdicts by the id of their key. Empty in a forked child.
pub(super) struct KeyTable {
    places: Wiped,
    long: Wiped,
    /// Pairs, a power of two.
    pairs: usize,
}

/// Where a verdict was found.
#[derive(Clone, Copy)]
pub(super) struct Found<'t> {
    table: &'t KeyTable,
    index: usize,
    pub(super) place: Place<'t>,
}

/// What a verdict had to go for another one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Displaced {
    /// Whether it stood.
    pub(super) stood: bool,
    /// A use of its key that the daemon does not know of.
    pub(super) unreported: Option<Unreported>,
}

/// What is lost with what a place holds, least first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    Replaced,
    Empty,
    Fallen,
    Stands { used: u64 },
}

impl KeyTable {
    /// Places for at least so many keys. `None` when the system has no memory for them.
    pub(super) fn with_room_for(entries: usize) -> Option<Self> {
        let pairs = entries.div_ceil(WAYS).max(1).checked_next_power_of_two()?;
        let places = pairs.checked_mul(WAYS)?;
        let memory = |words: usize, large| Wiped::of(places.checked_mul(words)?, large);
        Some(Self { places: memory(place::WORDS, true)?, long: memory(long::WORDS, false)?, pairs })
    }

    /// The places where a key can be.
    #[inline]
    pub(super) fn places_of(&self, key_id: KeyId) -> [Option<Found<'_>>; 2 * WAYS] {
        // Ids are uniform random numbers, and only those of keys that the daemon made get into the table. The
        // product's high bits depend on all bits of the id.
        let mixed = key_id.get().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let pair = |choice: u64| WAYS * (usize::try_from(choice).unwrap_or_default() & (self.pairs - 1));
        let (first, second) = (pair(mixed >> 32), pair(mixed >> 8));
        [first, first + 1, second, second + 1].map(|index| self.at(index))
    }

    /// Puts a verdict in: in the place of an older one on the same key, of none, of one that does not stand, of one
    /// that can move to its other pair, or of the one that was not used for longest.
    pub(super) fn insert(
        &self,
        verdict: &Verdict<'_>,
        now: u64,
        stands: impl Fn(&Held) -> bool,
    ) -> Displaced {
        let key_id = verdict.key.key_id;
        let worth = |found: &Found<'_>| match found.place.key_id() {
            Some(other) if other == key_id => Worth::Replaced,
            None => Worth::Empty,
            Some(other) if found.place.read(other).is_some_and(|held| stands(&held)) => {
                Worth::Stands { used: found.place.used() }
            }
            Some(_) => Worth::Fallen,
        };
        let places = || self.places_of(key_id).into_iter().flatten();
        let Some(mut into) = places().min_by_key(worth) else { return Displaced::default() };
        let mut loss = worth(&into);
        if let Worth::Stands { .. } = loss
            && let Some(vacated) = places().find(|found| self.moves_away(found, &worth, OTHERS))
        {
            (into, loss) = (vacated, Worth::Empty);
        }
        let displaced = match loss {
            Worth::Replaced | Worth::Empty => Displaced::default(),
            Worth::Fallen => Displaced { stood: false, unreported: into.place.unreported() },
            Worth::Stands { .. } => Displaced { stood: true, unreported: into.place.unreported() },
        };
        into.place.write(verdict, into.long().as_ref(), now);
        displaced
    }

    /// Moves what is held to another of its places, if one is worth nothing or can be vacated in turn. For a moment it
    /// is then held twice, and that is no harm.
    fn moves_away(&self, found: &Found<'_>, worth: &dyn Fn(&Found<'_>) -> Worth, others: usize) -> bool {
        let Some(key_id) = found.place.key_id() else { return false };
        let places = || self.places_of(key_id).into_iter().flatten().filter(|to| to.index != found.index);
        let free = places().find(|to| matches!(worth(to), Worth::Empty | Worth::Fallen));
        let vacated = || places().find(|to| others > 0 && self.moves_away(to, worth, others - 1));
        free.or_else(vacated).is_some_and(|to| {
            let (long, to_long) = (found.long(), to.long());
            to.place.take_over(found.place, to_long.as_ref().zip(long.as_ref()))
        })
    }

    /// All places that hold something.
    pub(super) fn held(&self) -> impl Iterator<Item = Place<'_>> {
        let (places, _) = self.places.words().as_chunks();
        places.iter().map(Place).filter(|place| place.key_id().is_some())
    }

    #[inline]
    fn at(&self, index: usize) -> Option<Found<'_>> {
        let (places, _) = self.places.words().as_chunks();
        Some(Found { table: self, index, place: Place(places.get(index)?) })
    }
}

impl<'t> Found<'t> {
    /// Where long names of this place are.
    pub(super) fn long(&self) -> Option<LongNames<'t>> {
        let (long, _) = self.table.long.words().as_chunks();
        long.get(self.index).map(LongNames)
    }
}

#[cfg(test)]
mod tests;
