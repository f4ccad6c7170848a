//! What clients found.

use serde_json::{Value, json};

/// Violations that are told in words; all are counted.
const TOLD: usize = 10;

/// What a thread found, a process, or all together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    pub fn add(&mut self, other: Self) {
        for (sum, more) in self.counts().into_iter().zip(other.clone().counts()) {
            *sum.1 += *more.1;
        }
        other.told.into_iter().for_each(|words| self.tell(|| words));
    }

    pub(super) fn tell(&mut self, words: impl FnOnce() -> String) {
        if self.told.len() < TOLD {
            self.told.push(words());
        }
    }

    pub(super) fn to_line(&self) -> String {
        let mut found = self.clone();
        let counts: serde_json::Map<String, Value> =
            found.counts().into_iter().map(|(name, count)| (name.to_owned(), json!(*count))).collect();
        json!({ "counts": counts, "told": self.told }).to_string()
    }

    pub(super) fn from_line(line: &str) -> Option<Self> {
        let line: Value = serde_json::from_str(line).ok()?;
        let mut found = Self::default();
        for (name, count) in found.counts() {
            *count = line.get("counts")?.get(name)?.as_u64()?;
        }
        let told = line.get("told")?.as_array()?;
        found.told = told.iter().filter_map(|words| words.as_str().map(str::to_owned)).collect();
        Some(found)
    }

    const fn counts(&mut self) -> [(&'static str, &mut u64); 8] {
        [
            ("accepted", &mut self.accepted),
            ("hits", &mut self.hits),
            ("refused", &mut self.refused),
            ("unanswered", &mut self.unanswered),
            ("ends_seen", &mut self.ends_seen),
            ("accepted_after_end", &mut self.accepted_after_end),
            ("accepted_after_refusal", &mut self.accepted_after_refusal),
            ("accepted_for_another", &mut self.accepted_for_another),
        ]
    }
}
