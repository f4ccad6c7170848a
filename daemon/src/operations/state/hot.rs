//! Recently requested records, so that most validations read no database.
//!
//! An entry is used only if the key's [`Freshness`] is the one that was read before the record was looked up,
//! so a revoked key is never served from here; see `revocation`.

use apikeyd_keystore::domain::{KeyRecord, KeyTag};
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::message::Freshness;
use apikeyd_protocol::term::KeyState;
use apikeyd_protocol::time::Timestamp;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// Entries of one set. Each key belongs to one set; a set is locked as a whole.
const WAYS: usize = 8;

/// Uids that an entry remembers, a power of two.
const CALLERS: usize = 4;

/// No uid: system calls that change users take it to mean "unchanged".
const NOBODY: u32 = u32::MAX;

/// The parts of a record that a validation needs.
#[derive(Debug)]
pub(in crate::operations) struct Entry {
    pub(in crate::operations) key_id: KeyId,
    freshness: Freshness,
    pub(in crate::operations) tag: KeyTag,
    pub(in crate::operations) state: KeyState,
    pub(in crate::operations) expires_at: Option<Timestamp>,
    pub(in crate::operations) user: Box<str>,
    pub(in crate::operations) label: Option<Box<str>>,
    /// When the last use was passed on to be written, in milliseconds.
    noted: AtomicU64,
    /// Uids that were answered recently, each in the slot given by its low bits.
    callers: [AtomicU32; CALLERS],
    /// Whether it was used since its set last looked for room.
    recent: AtomicBool,
}

impl Entry {
    pub(in crate::operations) fn new(record: KeyRecord, freshness: Freshness) -> Self {
        Self {
            key_id: record.key_id,
            freshness,
            tag: record.tag,
            state: record.state,
            expires_at: record.expires_at,
            user: record.user.as_str().into(),
            label: record.label.map(|label| label.as_str().into()),
            noted: AtomicU64::new(0),
            callers: [const { AtomicU32::new(NOBODY) }; CALLERS],
            recent: AtomicBool::new(true),
        }
    }

    /// Another entry of the same record, with the same marks.
    pub(in crate::operations) fn copy(&self) -> Self {
        Self {
            key_id: self.key_id,
            freshness: self.freshness,
            tag: self.tag,
            state: self.state,
            expires_at: self.expires_at,
            user: self.user.clone(),
            label: self.label.clone(),
            noted: AtomicU64::new(self.noted.load(Ordering::Relaxed)),
            callers: self.callers.each_ref().map(|caller| AtomicU32::new(caller.load(Ordering::Relaxed))),
            recent: AtomicBool::new(true),
        }
    }

    /// Whether to pass on a use at this time: not again within `interval` milliseconds.
    pub(in crate::operations) fn should_note(&self, now: Timestamp, interval: u64) -> bool {
        let now = now.unix_millis();
        let noted = self.noted.load(Ordering::Relaxed);
        // Also after the clock was set back. Two threads may both say yes, which costs little.
        let due = now.abs_diff(noted) >= interval;
        if due {
            self.noted.store(now, Ordering::Relaxed);
            self.callers.iter().for_each(|caller| caller.store(NOBODY, Ordering::Relaxed));
        }
        due
    }

    /// Whether to remember this uid as answered: not again before another use is [passed
    /// on](Self::should_note). Uids that share a slot are remembered anew each time they alternate.
    pub(in crate::operations) fn is_new_to(&self, uid: u32) -> bool {
        let place = usize::try_from(uid).ok().and_then(|uid| self.callers.get(uid % CALLERS));
        // Stores only if that changes something, as with `recent`.
        let other = place.filter(|caller| caller.load(Ordering::Relaxed) != uid);
        other.inspect(|caller| caller.store(uid, Ordering::Relaxed)).is_some()
    }
}

/// A found entry, and its set, which does not change in the meantime.
#[derive(Debug)]
pub(in crate::operations) struct Held<'k> {
    set: RwLockReadGuard<'k, [Option<Entry>; WAYS]>,
    way: usize,
}

impl Held<'_> {
    /// The entry. Always there: it was found in its way under the same lock.
    #[inline]
    pub(in crate::operations) fn entry(&self) -> Option<&Entry> {
        self.set.get(self.way)?.as_ref()
    }
}

/// A fixed number of entries in sets, each with its own lock: readers of different keys do not contend.
#[derive(Debug)]
pub(in crate::operations) struct HotKeys {
    sets: Box<[RwLock<[Option<Entry>; WAYS]>]>,
}

impl HotKeys {
    /// Room for about `entries`.
    pub(in crate::operations) fn new(entries: usize) -> Self {
        let sets = entries.div_ceil(WAYS).next_power_of_two();
        Self { sets: core::iter::repeat_with(RwLock::default).take(sets).collect() }
    }

    /// Finds the entry of a key, if there is one that was filled under this freshness. While it is held, nobody
    /// fills its set.
    #[inline]
    pub(in crate::operations) fn get(&self, key_id: KeyId, freshness: &Freshness) -> Option<Held<'_>> {
        let set = self.set(key_id)?.read().unwrap_or_else(PoisonError::into_inner);
        let is_it = |entry: &Entry| entry.key_id == key_id && entry.freshness == *freshness;
        let way = set.iter().position(|way| way.as_ref().is_some_and(is_it))?;
        let held = Held { set, way };
        // Stores only if that changes something: the line stays shared between the readers.
        if let Some(entry) = held.entry().filter(|entry| !entry.recent.load(Ordering::Relaxed)) {
            entry.recent.store(true, Ordering::Relaxed);
        }
        Some(held)
    }

    /// Adds an entry in place of the key's older one, of a free one, or of one that was not used since the set
    /// last looked for room.
    pub(in crate::operations) fn insert(&self, entry: Entry) {
        let Some(set) = self.set(entry.key_id) else { return };
        let mut set = set.write().unwrap_or_else(PoisonError::into_inner);
        let same = set.iter().position(|way| way.as_ref().is_some_and(|old| old.key_id == entry.key_id));
        let place =
            same.or_else(|| set.iter().position(Option::is_none)).unwrap_or_else(|| second_chance(&set));
        if let Some(way) = set.get_mut(place) {
            // The same record, looked up again, keeps the marks of its uses.
            if let Some(old) = way.as_ref().filter(|old| old.key_id == entry.key_id) {
                entry.noted.store(old.noted.load(Ordering::Relaxed), Ordering::Relaxed);
            }
            *way = Some(entry);
        }
    }

    /// Ids are uniform random numbers, so their low bits choose the set.
    fn set(&self, key_id: KeyId) -> Option<&RwLock<[Option<Entry>; WAYS]>> {
        let index = usize::try_from(key_id.get()).unwrap_or(0) & (self.sets.len() - 1);
        self.sets.get(index)
    }
}

/// The first entry that was not used recently; the others lose their mark in the process.
fn second_chance(set: &[Option<Entry>; WAYS]) -> usize {
    let used =
        |way: &Option<Entry>| way.as_ref().is_some_and(|entry| entry.recent.swap(false, Ordering::Relaxed));
    set.iter().position(|way| !used(way)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use apikeyd_protocol::name::UserId;
    use apikeyd_protocol::term::SaveMode;

    fn entry(id: u64, generation: u64) -> Entry {
        let record = KeyRecord {
            key_id: KeyId::new(id).unwrap(),
            user: UserId::parse("a").unwrap(),
            label: None,
            tag: KeyTag::from_bytes([0; 32]),
            created_at: Timestamp::from_unix_millis(1),
            created_by: 0,
            expires_at: None,
            saved_as: SaveMode::Add,
            replaced: None,
            state: KeyState::Active,
        };
        Entry::new(record, Freshness { generation, ..Freshness::default() })
    }

    fn holds(hot: &HotKeys, id: u64, generation: u64) -> bool {
        let freshness = Freshness { generation, ..Freshness::default() };
        hot.get(KeyId::new(id).unwrap(), &freshness).is_some()
    }

    #[test]
    fn an_entry_is_found_only_under_its_own_freshness() {
        let hot = HotKeys::new(8);
        hot.insert(entry(1, 5));
        assert!(holds(&hot, 1, 5));
        assert!(!holds(&hot, 1, 6), "a bump makes it worthless");
        hot.insert(entry(1, 6));
        assert!(holds(&hot, 1, 6) && !holds(&hot, 1, 5), "and there is only one of each key");
    }

    #[test]
    fn a_full_set_drops_what_was_not_used() {
        let hot = HotKeys::new(8);
        (1..=8).for_each(|id| hot.insert(entry(id, 0)));
        hot.insert(entry(9, 0));
        assert!(!holds(&hot, 1, 0), "all were new, so the first one went, and the marks with it");
        assert!(holds(&hot, 2, 0), "a use");
        hot.insert(entry(10, 0));
        assert!(holds(&hot, 2, 0) && !holds(&hot, 3, 0));
    }
}
