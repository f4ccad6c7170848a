//! Asking and timing.

use super::statistics::{Welch, largest_t};
use crate::damage::Chance;
use std::hint::black_box;
use std::time::Instant;

/// What is timed: it is handed the input, which it must not take apart before.
pub type Timed<'t, I> = dyn FnMut(&I) + 't;

/// Times `samples` calls for each of two inputs, in an order by chance, and compares the times in nanoseconds. What
/// prepares a call lies outside of the time, and is the same for both: the input is copied to one place first.
#[must_use]
pub fn measure<I: Clone>(inputs: [&I; 2], samples: usize, seed: u64, timed: &mut Timed<'_, I>) -> Welch {
    let mut chance = Chance::new(seed);
    let mut measurements = Vec::with_capacity(2 * samples);
    let mut place = inputs[0].clone();
    // Caches and branch predictors learn first.
    let warm_up = samples / 10 + 100;
    for number in 0..2 * samples + warm_up {
        let second = chance.next() & 1 == 1;
        place.clone_from(inputs[usize::from(second)]);
        let place = black_box(&place);
        let before = Instant::now();
        timed(place);
        let time = before.elapsed();
        if number >= warm_up {
            measurements.push((second, u32::try_from(time.as_nanos()).unwrap_or(u32::MAX)));
        }
    }
    largest_t(&measurements)
}
