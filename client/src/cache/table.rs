//! The table of cached verdicts: a fixed number of slots in pairs. A key can be in either of two pairs: so keys are
//! evicted only when the table is close to full.

use super::long::{self, LongNames};
use super::slot::{self, Entry, Slot, UnreportedUse, Verdict};
use crate::fork::WipeOnFork;
use apikeyd_protocol::key::KeyId;

/// Slots of a pair.
const WAYS: usize = 2;

/// To make room for one verdict, this many others may move after the first one.
const MORE_MOVES: usize = 2;

/// Verdicts by the id of their key. Empty in a forked child.
pub(super) struct KeyTable {
    slots: WipeOnFork,
    /// Room for the long names of each slot.
    long: WipeOnFork,
    /// Pairs, a power of two.
    pairs: usize,
}

/// Where a verdict was found.
#[derive(Clone, Copy)]
pub(super) struct Found<'t> {
    table: &'t KeyTable,
    index: usize,
    pub(super) slot: Slot<'t>,
}

/// What was lost with a verdict that made room for another one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Evicted {
    /// Whether the verdict was fresh.
    pub(super) was_fresh: bool,
    /// A use of its key that the daemon does not know of.
    pub(super) unreported: Option<UnreportedUse>,
}

/// What is lost when a slot is overwritten, least first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    SameKey,
    Empty,
    Stale,
    Fresh { last_use: u64 },
}

impl KeyTable {
    /// Slots for at least this many keys. `None` when the system has no memory for them.
    pub(super) fn with_room_for(entries: usize) -> Option<Self> {
        let pairs = entries.div_ceil(WAYS).max(1).checked_next_power_of_two()?;
        let slots = pairs.checked_mul(WAYS)?;
        let memory = |words: usize, large| WipeOnFork::new(slots.checked_mul(words)?, large);
        Some(Self { slots: memory(slot::WORDS, true)?, long: memory(long::WORDS, false)?, pairs })
    }

    /// The slots where a key can be.
    #[inline]
    pub(super) fn slots_of(&self, key_id: KeyId) -> [Option<Found<'_>>; 2 * WAYS] {
        // Ids are uniform random numbers, and only those of keys that the daemon made get into the table. The
        // product's high bits depend on all bits of the id.
        let mixed = key_id.get().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let pair = |choice: u64| WAYS * (usize::try_from(choice).unwrap_or_default() & (self.pairs - 1));
        let (first, second) = (pair(mixed >> 32), pair(mixed >> 8));
        [first, first + 1, second, second + 1].map(|index| self.at(index))
    }

    /// Stores a verdict, in the first slot there is of these: one with an older verdict on the same key, an empty one, one
    /// whose verdict is stale, one whose verdict can move to its other pair, the least recently used one.
    pub(super) fn insert(
        &self,
        verdict: &Verdict<'_>,
        now: u64,
        is_fresh: impl Fn(&Entry) -> bool,
    ) -> Evicted {
        let key_id = verdict.key.key_id;
        let worth = |found: &Found<'_>| match found.slot.key_id() {
            Some(other) if other == key_id => Worth::SameKey,
            None => Worth::Empty,
            Some(other) if found.slot.read(other).is_some_and(|entry| is_fresh(&entry)) => {
                Worth::Fresh { last_use: found.slot.last_use() }
            }
            Some(_) => Worth::Stale,
        };
        let slots = || self.slots_of(key_id).into_iter().flatten();
        let Some(mut into) = slots().min_by_key(worth) else { return Evicted::default() };
        let mut loss = worth(&into);
        if let Worth::Fresh { .. } = loss
            && let Some(vacated) = slots().find(|found| self.vacate(found, &worth, MORE_MOVES))
        {
            (into, loss) = (vacated, Worth::Empty);
        }
        let evicted = match loss {
            Worth::SameKey | Worth::Empty => Evicted::default(),
            Worth::Stale => Evicted { was_fresh: false, unreported: into.slot.unreported() },
            Worth::Fresh { .. } => Evicted { was_fresh: true, unreported: into.slot.unreported() },
        };
        into.slot.write(verdict, into.long().as_ref(), now);
        evicted
    }

    /// Moves a verdict to another of its slots, if one is empty or stale or can be vacated in turn; whether it did. For a
    /// moment two slots hold the verdict, which does no harm.
    fn vacate(&self, found: &Found<'_>, worth: &dyn Fn(&Found<'_>) -> Worth, more: usize) -> bool {
        let Some(key_id) = found.slot.key_id() else { return false };
        let slots = || self.slots_of(key_id).into_iter().flatten().filter(|to| to.index != found.index);
        let free = slots().find(|to| matches!(worth(to), Worth::Empty | Worth::Stale));
        let vacated = || slots().find(|to| more > 0 && self.vacate(to, worth, more - 1));
        free.or_else(vacated).is_some_and(|to| {
            let (long, to_long) = (found.long(), to.long());
            to.slot.copy_from(found.slot, to_long.as_ref().zip(long.as_ref()))
        })
    }

    /// All slots that hold a verdict, fresh or not.
    pub(super) fn occupied(&self) -> impl Iterator<Item = Slot<'_>> {
        let (slots, _) = self.slots.words().as_chunks();
        slots.iter().map(Slot).filter(|slot| slot.key_id().is_some())
    }

    #[inline]
    fn at(&self, index: usize) -> Option<Found<'_>> {
        let (slots, _) = self.slots.words().as_chunks();
        Some(Found { table: self, index, slot: Slot(slots.get(index)?) })
    }
}

impl<'t> Found<'t> {
    /// Where the long names of this slot are.
    pub(super) fn long(&self) -> Option<LongNames<'t>> {
        let (long, _) = self.table.long.words().as_chunks();
        long.get(self.index).map(LongNames)
    }
}

#[cfg(test)]
mod tests;
