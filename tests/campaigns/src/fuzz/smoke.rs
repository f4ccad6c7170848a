//! A short search without coverage, on a stable compiler: the kept inputs, mutated by chance, through a property.

use super::Property;
use crate::seeded::Seeded;
use std::panic::catch_unwind;
use std::time::{Duration, Instant};

/// Bytes of the longest input.
const LONGEST: usize = 4096;

/// What a search came to.
#[derive(Debug)]
pub struct Searched {
    /// Inputs that were tried.
    pub tried: u64,
    /// The one that broke the property.
    pub broken: Option<Vec<u8>>,
}

/// Tries mutated inputs until the time is over, or one breaks the property.
#[must_use]
pub fn search(property: Property, kept: &[Vec<u8>], time: Duration, seed: u64) -> Searched {
    let (begin, mut chance, mut tried) = (Instant::now(), Seeded::new(seed), 0);
    while begin.elapsed() < time {
        let input = mutated(kept, &mut chance);
        tried += 1;
        if catch_unwind(|| property(&input)).is_err() {
            return Searched { tried, broken: Some(input) };
        }
    }
    Searched { tried, broken: None }
}

/// One kept input after one to eight changes.
fn mutated(kept: &[Vec<u8>], chance: &mut Seeded) -> Vec<u8> {
    let mut input = chance.pick(kept).cloned().unwrap_or_default();
    for _ in 0..=chance.below(8) {
        change(&mut input, kept, chance);
    }
    input.truncate(LONGEST);
    input
}

fn change(input: &mut Vec<u8>, kept: &[Vec<u8>], chance: &mut Seeded) {
    let at = |chance: &mut Seeded, end: usize| {
        usize::try_from(chance.below(u64::try_from(end).expect("64 bits"))).expect("below a usize")
    };
    let (from, other) = (at(chance, input.len() + 1), chance.pick(kept).cloned().unwrap_or_default());
    match chance.below(6) {
        0 if from < input.len() => input[from] ^= 1 << chance.below(8),
        1 if from < input.len() => input[from] = chance.draw().to_le_bytes()[0],
        2 => input.insert(from, chance.draw().to_le_bytes()[0]),
        3 if from < input.len() => {
            let to = from + 1 + at(chance, input.len() - from);
            input.drain(from..to.min(input.len()));
        }
        4 => {
            let start = at(chance, other.len() + 1);
            input.splice(from.., other[start..].iter().copied());
        }
        // A number that borders on something.
        _ => {
            let numbers: [u64; 6] = [0, 0x7f, 0xff, 0xffff, 0xffff_ffff, u64::MAX];
            let number = chance.pick(&numbers).copied().unwrap_or_default().to_le_bytes();
            let length = 1 << chance.below(4);
            input.splice(from.., number.into_iter().take(length));
        }
    }
}
