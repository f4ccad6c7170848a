//! Sets of the bounds of a path.

use std::fmt::Debug;
use std::ops::{BitAnd, BitOr, BitOrAssign};

/// A set of bounds: bit `n` stands for bound number `n`. Also used for sets of segment counts. Most paths
/// have few bounds, and one-word sets cost half as much as two-word sets.
pub(crate) trait Bounds:
    Copy + Eq + Debug + BitAnd<Output = Self> + BitOr<Output = Self> + BitOrAssign
{
    /// The empty set.
    const NONE: Self;
    /// Maximum number of bounds in a path. A set has room for one more, so that every bound has a next one.
    const MOST: usize;

    /// The set of one bound.
    fn one(bound: usize) -> Self;
    fn is_empty(self) -> bool;
    fn has(self, bound: usize) -> bool;
    /// The first bound; past all bounds for an empty set.
    fn lowest(self) -> usize;
    /// The bounds of the set from this one on, inclusive.
    fn since(self, bound: usize) -> Self;
    /// The bounds of the set that are not in the other.
    fn without(self, other: Self) -> Self;
    /// The bound after each bound of the set.
    fn next(self) -> Self;
    /// The bound before each bound of the set, except the first.
    fn before(self) -> Self;
    /// All bounds up to this one, inclusive.
    fn up_to(last: usize) -> Self;
    /// True if it shares a number with a set of depths.
    fn meets(self, depths: u128) -> bool;
    /// Equal for equal sets, and rarely equal for others.
    fn hash(self) -> u64;

    /// The bounds in order.
    fn each(mut self) -> impl Iterator<Item = usize> {
        std::iter::from_fn(move || {
            let first = (!self.is_empty()).then(|| self.lowest())?;
            self = self.without(Self::one(first));
            Some(first)
        })
    }

    /// The union of what `of` returns for each bound.
    fn all(self, of: impl Fn(usize) -> Self) -> Self {
        self.each().fold(Self::NONE, |all, bound| all | of(bound))
    }
}

macro_rules! bounds {
    ($word:ty) => {
        impl Bounds for $word {
            const NONE: Self = 0;
            const MOST: usize = 8 * size_of::<$word>() - 1;

            #[inline]
            fn one(bound: usize) -> Self {
                1 << bound
            }

            #[inline]
            fn is_empty(self) -> bool {
                self == 0
            }

            #[inline]
            fn has(self, bound: usize) -> bool {
                self >> bound & 1 == 1
            }

            #[inline]
            fn lowest(self) -> usize {
                usize::try_from(self.trailing_zeros()).unwrap_or_default()
            }

            #[inline]
            fn since(self, bound: usize) -> Self {
                let end = u32::try_from(bound).ok();
                end.and_then(|end| self.checked_shr(end)).map_or(0, |kept| kept << bound)
            }

            #[inline]
            fn without(self, other: Self) -> Self {
                self & !other
            }

            #[inline]
            fn next(self) -> Self {
                self << 1
            }

            #[inline]
            fn before(self) -> Self {
                self >> 1
            }

            #[inline]
            fn up_to(last: usize) -> Self {
                Self::MAX >> (Self::MOST - last.min(Self::MOST))
            }

            #[inline]
            fn meets(self, depths: u128) -> bool {
                u128::from(self) & depths != 0
            }

            #[inline]
            fn hash(self) -> u64 {
                let word = u128::from(self);
                u64::try_from((word ^ word >> 64) & u128::from(u64::MAX)).unwrap_or_default()
            }
        }
    };
}

bounds!(u64);
bounds!(u128);
