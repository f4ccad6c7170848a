//! The long form of the timing test.

use super::{House, LIMIT, PAIRS, Promise, Welch, compare_tags, early_exit};
use clap::Args;
use std::process::ExitCode;

/// Looks for differences in the time of refusals that should tell nothing. Wants a quiet machine.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Measurements of each of the two questions of a pair.
    #[arg(long, default_value_t = 1_000_000)]
    samples: usize,
    /// The order of the questions.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs it, and prints each pair.
#[must_use]
pub fn main(arguments: &Arguments) -> ExitCode {
    let Arguments { samples, seed } = *arguments;
    let house = House::new();
    let mut clean = true;
    println!("{samples} samples a class, seed {seed}: |t|, difference of the means");
    for pair in &PAIRS {
        let test = house.compare(pair, samples, seed);
        print(pair.name, &test);
        clean &= pair.promise.is_kept(&test);
    }
    let tags = compare_tags(samples, seed);
    print("tags: first byte differs, last byte differs", &tags);
    clean &= Promise::Same.is_kept(&tags);
    // The fault that must be found, or all of the above says nothing.
    let planted = early_exit(samples, seed);
    print("planted: a comparison that stops early", &planted);
    clean &= !Promise::Same.is_kept(&planted);
    if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print(name: &str, test: &Welch) {
    let t = test.t().abs();
    let words = if t < LIMIT { "none found" } else { "found" };
    println!("{name:<50} {t:>9.2} {:>9.2} ns  {words}", test.difference());
}
