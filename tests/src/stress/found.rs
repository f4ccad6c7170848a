//! What clients found.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Violations that are told in words; all are counted.
const TOLD: usize = 10;

/// What a thread found, a process, or all together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Found {
    /// Validations that accepted a key.
    pub accepted: u64,
    /// Those of them that the cache answered.
    pub hits: u64,
    /// Validations that refused a key.
    pub refused: u64,
    /// Validations without a verdict, because the daemon was away.
    pub unanswered: u64,
    /// Ends of keys that a thread saw through: it accepted the key before, and was refused by a validation that
    /// started after the end's answer.
    pub ends_seen: u64,
    /// Validations that accepted a key and had started after its end was answered.
    pub accepted_after_end: u64,
    /// Validations that accepted a key that the same thread had been refused before.
    pub accepted_after_refusal: u64,
    /// Validations that accepted a key for another user than its own.
    pub accepted_for_another: u64,
    /// The first violations, in words.
    pub told: Vec<String>,
}

impl Found {
    /// Verdicts that must never be given.
    #[must_use]
    pub const fn violations(&self) -> u64 {
        self.accepted_after_end + self.accepted_after_refusal + self.accepted_for_another
    }

    /// Adds what another one found.
    pub fn add(&mut self, mut other: Self) {
        for ((_, sum), (_, more)) in self.counts().into_iter().zip(other.counts()) {
            *sum += *more;
        }
        other.told.into_iter().for_each(|words| self.tell(|| words));
    }

    pub(super) fn tell(&mut self, words: impl FnOnce() -> String) {
        if self.told.len() < TOLD {
            self.told.push(words());
        }
    }

    /// As one line, from one process to another.
    pub(super) fn to_line(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    pub(super) fn from_line(line: &str) -> serde_json::Result<Self> {
        serde_json::from_str(line)
    }

    /// All counts, as reports name them.
    const fn counts(&mut self) -> [(&'static str, &mut u64); 8] {
        [
            ("accepted validations", &mut self.accepted),
            ("    from caches", &mut self.hits),
            ("refused validations", &mut self.refused),
            ("validations without verdict", &mut self.unanswered),
            ("ends seen by a thread", &mut self.ends_seen),
            ("accepted after the end", &mut self.accepted_after_end),
            ("accepted after a refusal", &mut self.accepted_after_refusal),
            ("accepted for another user", &mut self.accepted_for_another),
        ]
    }
}

/// The counts, a line each.
impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.clone().counts().into_iter().try_for_each(|(what, count)| writeln!(f, "{what:<30}{count}"))
    }
}
