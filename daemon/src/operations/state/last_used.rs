//! When keys were used last, until it is written.

use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::time::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

const SHARDS: usize = 64;

/// Keys of one shard, a quarter of a million in all. Uses of further keys are not noted until the next flush:
/// a time that is a little old is better than memory without a bound.
const MAX_KEYS: usize = 4096;

/// The last uses of the keys that were accepted since the last flush.
#[derive(Debug)]
pub(in crate::operations) struct LastUsed {
    shards: [Mutex<HashMap<KeyId, Timestamp>>; SHARDS],
}

impl LastUsed {
    pub(in crate::operations) fn new() -> Self {
        Self { shards: core::array::from_fn(|_| Mutex::default()) }
    }

    /// Notes a use.
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

    /// The last use that is not yet written.
    pub(in crate::operations) fn get(&self, key_id: KeyId) -> Option<Timestamp> {
        self.shard(key_id)?.get(&key_id).copied()
    }

    /// All that is not yet written, in the order of the table. It stays until it [is](LastUsed::written).
    pub(in crate::operations) fn pending(&self) -> Vec<(KeyId, Timestamp)> {
        let copy = |shard: &Mutex<HashMap<_, _>>| {
            lock(shard).iter().map(|(key_id, at)| (*key_id, *at)).collect::<Vec<_>>()
        };
        let mut uses: Vec<_> = self.shards.iter().flat_map(copy).collect();
        uses.sort_unstable();
        uses
    }

    /// Drops what was written, unless the key was used again since.
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
}
