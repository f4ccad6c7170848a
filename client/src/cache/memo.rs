//! Operations that a policy table was found to allow: hashing one costs a quarter of judging it.

use super::tag::Tag;
use std::sync::atomic::{AtomicU64, Ordering};

/// Operations of one set. A set is a line of the processor's cache: one wait for memory brings all of it.
const WAYS: usize = 4;

/// Sets, a power of two: 512 KiB. With ten thousand operations one set in two hundred is full.
const SETS: usize = 8192;

/// The tags of operations that one table allows. A tag is two words that are read and written apart, so that two
/// writers may leave the halves of two tags: with a chance of 2^-64 such a pair is the tag of a third operation, and
/// nobody can search for one, because the tags are keyed.
pub(super) struct Memo(Box<[Set]>);

#[derive(Default)]
#[repr(align(64))]
struct Set([[AtomicU64; 2]; WAYS]);

impl Memo {
    pub(super) fn new() -> Self {
        Self(std::iter::repeat_with(Set::default).take(SETS).collect())
    }

    #[inline]
    pub(super) fn holds(&self, tag: &Tag) -> bool {
        self.set(tag).is_some_and(|Set(ways)| ways.iter().any(|way| read(way) == tag.words()))
    }

    /// Remembers an operation; in a full set it replaces another one.
    pub(super) fn remember(&self, tag: &Tag) {
        let (Some(Set(ways)), [_, word]) = (self.set(tag), tag.words()) else { return };
        let empty = ways.iter().find(|way| read(way) == [0; 2]);
        // Bits that did not choose the set, so that two operations of one set need not replace each other.
        let other = ways.get(usize::try_from(word).unwrap_or_default() & (WAYS - 1));
        for (to, word) in empty.or(other).into_iter().flatten().zip(tag.words()) {
            to.store(word, Ordering::Relaxed);
        }
    }

    #[inline]
    fn set(&self, tag: &Tag) -> Option<&Set> {
        let [word, _] = tag.words();
        self.0.get(usize::try_from(word).unwrap_or_default() & (SETS - 1))
    }
}

#[inline]
fn read(way: &[AtomicU64; 2]) -> [u64; 2] {
    way.each_ref().map(|word| word.load(Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(number: u64) -> Tag {
        // Odd multipliers: no two numbers give the same word, and the words look like those of a hash.
        let word = |multiplier: u64| number.wrapping_mul(multiplier).swap_bytes();
        Tag::of([word(0x9e37_79b9_7f4a_7c15), word(0xc2b2_ae3d_27d4_eb4f)])
    }

    #[test]
    fn ten_thousand_operations_are_remembered_at_a_time() {
        let memo = Memo::new();
        for number in 1..=10_000 {
            assert!(!memo.holds(&tag(number)));
            memo.remember(&tag(number));
            assert!(memo.holds(&tag(number)));
        }
        let held = (1..=10_000).filter(|number| memo.holds(&tag(*number))).count();
        assert!(held > 9_900, "{held}");
    }

    #[test]
    fn a_full_set_takes_a_new_one_and_keeps_the_rest() {
        let memo = Memo::new();
        let tags = [1, 2, 3, 4, 5].map(|word| Tag::of([7, word]));
        tags.iter().for_each(|tag| memo.remember(tag));
        assert!(memo.holds(&tags[4]));
        assert_eq!(tags.iter().filter(|tag| memo.holds(tag)).count(), WAYS);
    }
}
