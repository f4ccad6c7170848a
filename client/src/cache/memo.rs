//! Operations that a policy table was found to allow: to hash one costs a quarter of judging it.

use super::tag::Tag;
use std::sync::atomic::{AtomicU64, Ordering};

/// Operations that are remembered at the most, a power of two: 64 KiB. One that comes later takes the place of
/// another one.
const PLACES: usize = 4096;

/// The tags of operations that one table allows. A tag is two words that are read and written apart, so that two
/// writers may leave the halves of two tags: such a pair is the tag of a third operation with a chance of 2^-64,
/// which nobody can try out, because the tags are keyed.
pub(super) struct Memo(Box<[[AtomicU64; 2]]>);

impl Memo {
    pub(super) fn new() -> Self {
        Self(std::iter::repeat_with(Default::default).take(PLACES).collect())
    }

    #[inline]
    pub(super) fn holds(&self, tag: &Tag) -> bool {
        let words = self.place(tag).map(|place| place.each_ref().map(|word| word.load(Ordering::Relaxed)));
        words == Some(tag.words())
    }

    pub(super) fn remember(&self, tag: &Tag) {
        for (place, word) in self.place(tag).into_iter().flatten().zip(tag.words()) {
            place.store(word, Ordering::Relaxed);
        }
    }

    #[inline]
    fn place(&self, tag: &Tag) -> Option<&[AtomicU64; 2]> {
        let [word, _] = tag.words();
        self.0.get(usize::try_from(word).unwrap_or_default() & (PLACES - 1))
    }
}
