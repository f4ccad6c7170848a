//! What a run came to.

use super::Arena;
use super::compare::Compared;
use super::tally::Sums;
use apikeyd_tests::stress::Found;
use hdrhistogram::Histogram;
use std::fmt;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// What a run came to.
#[derive(Debug)]
pub struct Report {
    time: Duration,
    kills: u64,
    sums: Sums,
    compared: Compared,
    found: Found,
}

impl Report {
    pub(super) fn new(time: Duration, arena: &Arena, compared: Compared, found: Found) -> Self {
        let sums = std::mem::take(&mut *arena.tally.sums());
        Self { time, kills: arena.kills.load(Ordering::Relaxed), sums, compared, found }
    }

    /// Whether nothing was lost, nothing came back and nothing was accepted that must not be.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.sums.findings == 0 && self.found.violations() == 0
    }

    /// How often the daemon was killed.
    #[must_use]
    pub const fn kills(&self) -> u64 {
        self.kills
    }

    /// Changes that were acknowledged.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.sums.changes.values().sum()
    }

    /// What the processes with caching clients found.
    #[must_use]
    pub const fn found(&self) -> &Found {
        &self.found
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time, kills, sums, compared, found } = self;
        writeln!(f, "time                          {:.1} s", time.as_secs_f64())?;
        writeln!(f, "kills                         {kills}")?;
        writeln!(f, "acknowledged changes          {}", self.changes())?;
        for (kind, count) in &sums.changes {
            writeln!(f, "    {kind:<26}{count}")?;
        }
        writeln!(f, "changes without an answer     {}", compared.whole + compared.not_at_all)?;
        writeln!(f, "    made, whole               {}", compared.whole)?;
        writeln!(f, "    not made at all           {}", compared.not_at_all)?;
        for (what, count) in sums.others.iter().map(|(what, count)| (*what, *count)).chain([
            ("comparisons", compared.rounds),
            ("    users in them", compared.users),
            ("    audit rows read", compared.rows),
            ("whole database compared", compared.wholes),
            ("    records at the end", compared.records),
        ]) {
            writeln!(f, "{what:<30}{count}")?;
        }
        write!(f, "{found}")?;
        write_times(f, "process start to ready", &sums.starts)?;
        write_times(f, "kill to first answer", &sums.outages)?;
        write_times(f, "kill to a client's next answer", &sums.recoveries)?;
        writeln!(f, "findings                      {}", sums.findings + found.violations())?;
        sums.told.iter().chain(&found.told).try_for_each(|words| writeln!(f, "FINDING: {words}"))
    }
}

fn write_times(f: &mut fmt::Formatter<'_>, what: &str, micros: &Histogram<u64>) -> fmt::Result {
    let millis =
        |quantile: f64| Duration::from_micros(micros.value_at_quantile(quantile)).as_secs_f64() * 1e3;
    let (median, p99, max) = (millis(0.5), millis(0.99), millis(1.0));
    writeln!(f, "{what:<30} p50 {median:.0} ms, p99 {p99:.0} ms, max {max:.0} ms ({} times)", micros.len())
}
