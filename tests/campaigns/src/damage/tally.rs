//! What a run came to.

use super::asked::Outcome;
use std::collections::BTreeMap;
use std::fmt;

/// Failures that are kept in words; more of them say nothing new.
const KEPT: usize = 20;

/// Counts of outcomes.
#[derive(Debug, Default)]
pub struct Tally {
    /// Images that gave right answers.
    pub right: u64,
    /// Images that were called damaged, by the name of the error.
    pub told: BTreeMap<String, u64>,
    /// Wrong answers.
    pub wrong: u64,
    /// The first of them: number and what was done.
    pub first_wrong: Vec<String>,
}

impl Tally {
    /// Adds one.
    pub fn count(&mut self, number: u64, what: &str, outcome: Outcome) {
        match outcome {
            Outcome::Right => self.right += 1,
            Outcome::Told(kind) => *self.told.entry(kind).or_default() += 1,
            Outcome::Wrong(why) => {
                self.wrong += 1;
                if self.first_wrong.len() < KEPT {
                    self.first_wrong.push(format!("{number}: {what}: {why}"));
                }
            }
        }
    }

    /// Adds another run's.
    pub fn add(&mut self, other: Self) {
        self.right += other.right;
        self.wrong += other.wrong;
        for (kind, count) in other.told {
            *self.told.entry(kind).or_default() += count;
        }
        self.first_wrong.extend(other.first_wrong);
        self.first_wrong.truncate(KEPT);
    }

    /// All that were tried.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.right + self.wrong + self.told.values().sum::<u64>()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>8} tried", self.total())?;
        writeln!(f, "{:>8} with right answers", self.right)?;
        for (kind, count) in &self.told {
            writeln!(f, "{count:>8} told: {kind}")?;
        }
        writeln!(f, "{:>8} wrong", self.wrong)?;
        self.first_wrong.iter().try_for_each(|wrong| writeln!(f, "WRONG {wrong}"))
    }
}
