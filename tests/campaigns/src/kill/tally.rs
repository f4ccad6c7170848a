//! What a run counts, and what it found wrong.

use hdrhistogram::Histogram;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Findings that are kept in words.
const TOLD: usize = 20;

/// The longest time that is told from a longer one, in microseconds: ten minutes.
const LONGEST: u64 = 600_000_000;

/// Shared by all threads; each of them adds a few times in a millisecond at the most.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<Sums>);

/// The sums of a run.
#[derive(Debug)]
pub(super) struct Sums {
    /// Answered changes, by kind.
    pub(super) changes: BTreeMap<&'static str, u64>,
    /// Whatever else is counted.
    pub(super) others: BTreeMap<&'static str, u64>,
    /// From the start of a process to its readiness, in microseconds.
    pub(super) starts: Histogram<u64>,
    /// From a kill to the first answer of the next daemon to a new client, in microseconds.
    pub(super) outages: Histogram<u64>,
    /// From a kill to a client's first answer to a request that it began after it, in microseconds.
    pub(super) recoveries: Histogram<u64>,
    pub(super) findings: u64,
    pub(super) told: Vec<String>,
}

impl Default for Sums {
    fn default() -> Self {
        let histogram = || Histogram::new_with_bounds(1, LONGEST, 3).expect("a histogram");
        Self {
            changes: BTreeMap::new(),
            others: BTreeMap::new(),
            starts: histogram(),
            outages: histogram(),
            recoveries: histogram(),
            findings: 0,
            told: Vec::new(),
        }
    }
}

impl Tally {
    /// Notes a finding unless what must be true is.
    pub(super) fn check(&self, is_true: bool, finding: impl FnOnce() -> String) {
        if !is_true {
            let mut sums = self.sums();
            sums.findings += 1;
            if sums.told.len() < TOLD {
                sums.told.push(finding());
            }
        }
    }

    pub(super) fn change(&self, kind: &'static str) {
        *self.sums().changes.entry(kind).or_default() += 1;
    }

    pub(super) fn count(&self, what: &'static str) {
        *self.sums().others.entry(what).or_default() += 1;
    }

    pub(super) fn acknowledged(&self) -> u64 {
        self.sums().changes.values().sum()
    }

    pub(super) fn is_clean(&self) -> bool {
        self.sums().findings == 0
    }

    pub(super) fn killed_in_start(&self) {
        self.count("killed while starting");
    }

    pub(super) fn started(&self, after: Duration) {
        self.sums().starts.saturating_record(micros(after));
    }

    pub(super) fn served(&self, outage: Duration) {
        self.sums().outages.saturating_record(micros(outage));
    }

    pub(super) fn recovered(&self, after: Duration) {
        self.sums().recoveries.saturating_record(micros(after));
    }

    /// The median start so far, at least 5.
    pub(super) fn typical_start_ms(&self) -> u64 {
        (self.sums().starts.value_at_quantile(0.5) / 1_000).max(5)
    }

    pub(super) fn sums(&self) -> MutexGuard<'_, Sums> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
