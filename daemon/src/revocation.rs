//! What a remembered answer must find unchanged to be used again: a [page](apikeyd_protocol::page) of numbers.
//!
//! An answer on a key is remembered together with numbers that were read *before* the key was looked up.
//! Whoever ends a key makes the end durable first, then moves the key's number on, and only then answers. So
//! for any validation that starts after the answer:
//!
//! ```text
//!   ending      commit ─► bump (SeqCst) ─► answer
//!                                             ↓ happens before
//!   validation                             read (Acquire) ─► other numbers than remembered ─► look up ─► ended
//! ```
//!
//! and a validation that read the number before the bump, and looked up before the commit, remembers a number
//! that no later read gives. A number is moved also when a key is ended a second time: the first caller may
//! still be between its commit and its bump, and the second must not be answered before.

use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::message::Freshness;
use apikeyd_protocol::page::{GENERATIONS, Page, WORDS};
use core::fmt;
use core::hash::Hasher as _;
use siphasher::sip::SipHasher24;
use std::sync::atomic::AtomicU64;

const SLOT_BITS: u32 = GENERATIONS.ilog2();

/// The numbers of this start: one for every key (shared by a few), and one for all keys together.
pub struct Generations {
    words: Box<[AtomicU64]>,
    slot_key: [u8; 16],
}

impl Generations {
    /// Fresh numbers for the `instance`th start. `slot_key` is random, so that nobody can choose ids that
    /// share a number with another key.
    #[must_use]
    pub fn new(instance: u64, slot_key: [u8; 16]) -> Self {
        let words = core::iter::repeat_with(AtomicU64::default).take(WORDS).collect();
        let generations = Self { words, slot_key };
        generations.page().begin(instance);
        generations
    }

    /// What to remember with an answer on this key. To be read before the key is looked up.
    #[must_use]
    pub fn read(&self, key_id: KeyId) -> Freshness {
        self.page().freshness(self.slot(key_id))
    }

    /// Makes every remembered answer on this key worthless. To be called after the commit and before the
    /// answer of whoever ended the key.
    pub fn bump(&self, key_id: KeyId) {
        self.page().bump(self.slot(key_id));
    }

    /// Makes every remembered answer on every key worthless.
    pub fn bump_epoch(&self) {
        self.page().bump_epoch();
    }

    /// The number that concerns all keys.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.page().epoch()
    }

    /// Counts the starts on this store.
    #[must_use]
    pub fn instance(&self) -> u64 {
        self.page().instance()
    }

    #[expect(clippy::expect_used, reason = "the words were made as many as a page has")]
    fn page(&self) -> Page<'_, AtomicU64> {
        Page::over(&self.words).expect("a page of WORDS words")
    }

    fn slot(&self, key_id: KeyId) -> u32 {
        let mut hasher = SipHasher24::new_with_key(&self.slot_key);
        hasher.write(&key_id.get().to_le_bytes());
        u32::try_from(hasher.finish() >> (u64::BITS - SLOT_BITS)).unwrap_or(0)
    }
}

impl fmt::Debug for Generations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Generations");
        debug.field("instance", &self.instance()).field("epoch", &self.epoch()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bump_changes_what_was_read_of_this_key_and_an_epoch_of_every_key() {
        let generations = Generations::new(3, [7; 16]);
        let (a, b) = (KeyId::new(1).unwrap(), KeyId::new(2).unwrap());
        let (of_a, of_b) = (generations.read(a), generations.read(b));
        generations.bump(a);
        assert_ne!(generations.read(a), of_a);
        assert_eq!(generations.read(b), of_b);
        generations.bump_epoch();
        assert_ne!(generations.read(b), of_b);
        assert_eq!(generations.read(b).instance, 3);
    }

    #[test]
    fn keys_are_spread_over_all_places() {
        let generations = Generations::new(1, [9; 16]);
        let mut keys_of = vec![0_u32; GENERATIONS];
        for id in 1..=200_000 {
            keys_of[generations.slot(KeyId::new(id).unwrap()) as usize] += 1;
        }
        let empty = keys_of.iter().filter(|keys| **keys == 0).count();
        // About three keys for each place: e^-3 of the places, 3,100, stay empty, and none gets more than 20.
        assert!((2_800..3_500).contains(&empty) && keys_of.iter().all(|keys| *keys < 20), "{empty}");
    }
}
