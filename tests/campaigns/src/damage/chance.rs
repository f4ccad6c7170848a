//! Places and bytes by chance.

use crate::seeded::Seeded;

/// Draws from a seed, as numbers that fit a file in memory.
#[derive(Clone, Debug)]
pub struct Chance(Seeded);

impl Chance {
    /// The numbers of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(Seeded::new(seed))
    }

    /// The next 64 bits.
    pub const fn next(&mut self) -> u64 {
        self.0.draw()
    }

    /// A number below `end`, which must not be 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("64 bits");
        usize::try_from(self.0.below(end)).expect("below a usize")
    }

    /// Some byte.
    pub const fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}
