//! What a run came to.

use super::load::Load;
use super::samples::Slot;
use super::verdict::{Flatness, Rule, judge};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// A measure, its rule, and how it is read from a slot that has it.
type Measure = (&'static str, Rule, fn(&Slot) -> Option<f64>);

/// What must be flat. The file grows with the audit and the ended keys, whose retention is days: what must be flat is
/// its size over that of a backup of the same data, within the factor of two by which redb lengthens a file. Times get
/// the most room: a machine is seldom alone.
const MEASURES: [Measure; 5] = [
    ("resident memory, MiB", Rule { factor: 1.2, slack: 8.0 }, |slot| Some(slot.memory)),
    ("descriptors", Rule { factor: 1.0, slack: 4.0 }, |slot| Some(slot.descriptors)),
    ("file / backup", Rule { factor: 2.0, slack: 0.5 }, |slot| slot.spread),
    ("validation p50, µs", Rule { factor: 1.5, slack: 100.0 }, |slot| slot.p50),
    ("validation p99, µs", Rule { factor: 2.0, slack: 1_000.0 }, |slot| slot.p99),
];

/// What a run came to.
#[derive(Debug)]
pub struct Report {
    time: Duration,
    slots: Vec<Slot>,
    answered: BTreeMap<&'static str, u64>,
    unanswered: u64,
    hits: u64,
    wrong: Vec<String>,
    is_complete: bool,
}

impl Report {
    pub(super) fn new(time: Duration, slots: Vec<Slot>, load: &Load) -> Self {
        Self {
            time,
            slots,
            answered: load.counts.answered(),
            unanswered: load.counts.unanswered(),
            hits: load.hits(),
            wrong: load.wrong(),
            is_complete: load.is_complete(),
        }
    }

    /// Each measure with its verdict.
    #[must_use]
    pub fn measures(&self) -> Vec<(&'static str, Flatness)> {
        let judged = |(name, rule, read): &Measure| {
            let series: Vec<f64> = self.slots.iter().filter_map(read).collect();
            (*name, judge(&series, *rule))
        };
        MEASURES.iter().map(judged).collect()
    }

    /// Whether everything is flat and every verdict was right.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.wrong.is_empty() && self.measures().iter().all(|(_, flatness)| flatness.is_flat())
    }

    /// Verdicts that were wrong, in words.
    #[must_use]
    pub fn wrong(&self) -> &[String] {
        &self.wrong
    }

    /// Whether every kind of request was answered, and a cache was hit.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.is_complete
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "time                          {:.1} s", self.time.as_secs_f64())?;
        for (kind, count) in &self.answered {
            writeln!(f, "{kind:<30}{count}")?;
        }
        writeln!(f, "validations from caches       {}", self.hits)?;
        writeln!(f, "requests without an answer    {}", self.unanswered)?;
        for (name, flatness) in self.measures() {
            let Flatness { first, last, limit } = flatness;
            let word = if flatness.is_flat() { "flat" } else { "GROWS" };
            writeln!(f, "{name:<30}{first:.1} then {last:.1}, at most {limit:.1}: {word}")?;
        }
        self.wrong.iter().take(20).try_for_each(|wrong| writeln!(f, "WRONG: {wrong}"))
    }
}
