//! Uses of keys: when each was last used, until it is written; and which keys were answered valid to which uid,
//! so that nobody reports uses of keys that it never had.
//!
//! A pair of uid and key is remembered as a keyed hash of 64 bits, in a fixed number of slots. Pairs are
//! forgotten when slots are needed: uses of a forgotten pair are not recorded until the daemon is asked for the
//! key again, which records a use itself. For each reported use, a pair that was never answered is mistaken for
//! one that was with a probability of 2^-46: it would need the same hash as another pair.

use apikeyd_keystore::parts::Randomness;
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::time::Timestamp;
use siphasher::sip::SipHasher13;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

const SHARDS: usize = 64;

/// Keys per shard, a quarter of a million in total. Uses of further keys are not recorded until the next flush:
/// a slightly old time is better than unbounded memory.
const MAX_KEYS: usize = 4096;

/// The last uses of the keys accepted since the last flush.
#[derive(Debug)]
pub(in crate::operations) struct LastUsed {
    shards: [Mutex<HashMap<KeyId, Timestamp>>; SHARDS],
}

impl LastUsed {
    pub(in crate::operations) fn new() -> Self {
        Self { shards: core::array::from_fn(|_| Mutex::default()) }
    }

    /// Records a use.
    pub(in crate::operations) fn note(&self, key_id: KeyId, at: Timestamp) {
        let Some(mut shard) = self.shard(key_id) else { return };
        let full = shard.len() >= MAX_KEYS;
        match shard.get_mut(&key_id) {
            Some(last) => *last = at.max(*last),
            None if full => {}
            None => {
                shard.insert(key_id, at);
            }
        }
    }

    /// The last use, if it is not yet written.
    pub(in crate::operations) fn get(&self, key_id: KeyId) -> Option<Timestamp> {
        self.shard(key_id)?.get(&key_id).copied()
    }

    /// Everything not yet written, in table order. It stays until it [is](LastUsed::written).
    pub(in crate::operations) fn pending(&self) -> Vec<(KeyId, Timestamp)> {
        let copy = |shard: &Mutex<HashMap<_, _>>| {
            lock(shard).iter().map(|(key_id, at)| (*key_id, *at)).collect::<Vec<_>>()
        };
        let mut uses: Vec<_> = self.shards.iter().flat_map(copy).collect();
        uses.sort_unstable();
        uses
    }

    /// Drops what was written, unless the key has been used again since.
    pub(in crate::operations) fn written(&self, uses: &[(KeyId, Timestamp)]) {
        for (key_id, at) in uses {
            if let Some(mut shard) = self.shard(*key_id)
                && shard.get(key_id) == Some(at)
            {
                shard.remove(key_id);
            }
        }
    }

    /// Ids are uniform random numbers.
    fn shard(&self, key_id: KeyId) -> Option<MutexGuard<'_, HashMap<KeyId, Timestamp>>> {
        let index = usize::try_from(key_id.get()).unwrap_or(0) % SHARDS;
        self.shards.get(index).map(lock)
    }
}

fn lock<T>(shard: &Mutex<T>) -> MutexGuard<'_, T> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sets, one cache line each: 2 MiB, a quarter of a million pairs.
const SETS: usize = 32_768;

/// Slots of one set.
const WAYS: usize = 8;

/// An empty slot.
const FREE: u64 = 0;

/// Pairs that share eight slots.
#[derive(Debug)]
#[repr(align(64))]
struct Set([AtomicU64; WAYS]);

/// The pairs that were answered since the start. No locks: if two threads add at the same time, one pair may be
/// forgotten.
#[derive(Debug)]
pub(in crate::operations) struct Answered {
    /// Random, so that nobody can choose keys that evict those of others, or that are mistaken for them.
    hasher: SipHasher13,
    sets: Box<[Set]>,
}

impl Answered {
    /// Initially empty.
    ///
    /// # Errors
    /// If the system provides no random bytes.
    pub(in crate::operations) fn new(randomness: &Randomness) -> Result<Self, getrandom::Error> {
        let mut key = [0; 16];
        randomness.fill(&mut key)?;
        let free = || Set([const { AtomicU64::new(FREE) }; WAYS]);
        let sets = core::iter::repeat_with(free).take(SETS).collect();
        Ok(Self { hasher: SipHasher13::new_with_key(&key), sets })
    }

    /// Records that the key was answered valid to the uid. Evicts another pair of the set if there is no room.
    #[cold]
    pub(in crate::operations) fn add(&self, uid: u32, key_id: KeyId) {
        let pair = self.pair(uid, key_id);
        let Some(Set(places)) = self.set(pair) else { return };
        let held = || places.iter().map(|place| place.load(Ordering::Relaxed));
        if held().any(|other| other == pair) {
            return;
        }
        // Bits that do not choose the set: which pair is evicted is random.
        let any = usize::try_from(pair >> 32).unwrap_or(0) % WAYS;
        let way = held().position(|other| other == FREE).unwrap_or(any);
        if let Some(place) = places.get(way) {
            place.store(pair, Ordering::Relaxed);
        }
    }

    /// Whether the key was answered valid to the uid; also false if that was forgotten.
    pub(in crate::operations) fn holds(&self, uid: u32, key_id: KeyId) -> bool {
        let pair = self.pair(uid, key_id);
        self.set(pair)
            .is_some_and(|Set(places)| places.iter().any(|place| place.load(Ordering::Relaxed) == pair))
    }

    fn pair(&self, uid: u32, key_id: KeyId) -> u64 {
        let mut bytes = [0; 12];
        let (id, user) = bytes.split_at_mut(8);
        id.copy_from_slice(&key_id.get().to_le_bytes());
        user.copy_from_slice(&uid.to_le_bytes());
        self.hasher.hash(&bytes).max(FREE + 1)
    }

    fn set(&self, pair: u64) -> Option<&Set> {
        self.sets.get(usize::try_from(pair).unwrap_or(0) % SETS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_stays_until_it_is_written_and_a_later_one_stays_longer() {
        let (uses, key) = (LastUsed::new(), KeyId::new(5).unwrap());
        let at = Timestamp::from_unix_millis;
        uses.note(key, at(10));
        uses.note(key, at(9));
        let pending = uses.pending();
        assert_eq!(pending, [(key, at(10))], "time does not go back");
        uses.note(key, at(11));
        uses.written(&pending);
        assert_eq!(uses.get(key), Some(at(11)));
        uses.written(&uses.pending());
        assert_eq!(uses.get(key), None);
    }

    #[test]
    fn memory_is_bounded() {
        let uses = LastUsed::new();
        for id in 1..=u64::try_from(SHARDS * MAX_KEYS + 10_000).unwrap() {
            uses.note(KeyId::new(id).unwrap(), Timestamp::from_unix_millis(1));
        }
        assert_eq!(uses.pending().len(), SHARDS * MAX_KEYS);
    }

    fn key(id: u64) -> KeyId {
        KeyId::new(id).unwrap()
    }

    #[test]
    fn a_pair_is_of_one_uid_and_one_key() {
        let answered = Answered::new(&Randomness::system()).unwrap();
        answered.add(1, key(2));
        answered.add(1, key(2));
        assert!(answered.holds(1, key(2)));
        assert!(!answered.holds(2, key(2)) && !answered.holds(1, key(1)) && !answered.holds(2, key(1)));
        let places = answered.sets.iter().flat_map(|Set(places)| places);
        assert_eq!(places.filter(|place| place.load(Ordering::Relaxed) != FREE).count(), 1);
    }

    #[test]
    fn memory_is_bounded_and_the_newest_pair_is_always_held() {
        let answered = Answered::new(&Randomness::system()).unwrap();
        let places = u64::try_from(SETS * WAYS).unwrap();
        for id in 1..=2 * places {
            answered.add(7, key(id));
            assert!(answered.holds(7, key(id)));
        }
        let held = (1..=2 * places).filter(|id| answered.holds(7, key(*id))).count();
        assert!(held <= SETS * WAYS, "{held}");
        assert!(held > SETS * WAYS * 9 / 10, "places stay empty: {held}");
    }
}
