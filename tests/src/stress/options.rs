//! How a run goes.

use clap::Args;
use clap::builder::RangedU64ValueParser;
use std::time::Duration;

/// How a run goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How long it takes.
    pub time: Duration,
    /// How many keys must have ended in each way, though it take longer.
    pub ends: u64,
    /// Client processes.
    pub clients: usize,
    /// Threads of each.
    pub threads: usize,
    /// Validations of a key in a row.
    pub checks: u32,
    /// Threads that issue and revoke.
    pub revokers: usize,
    /// Kills of the daemon, evenly spread.
    pub restarts: u32,
}

/// Validates keys from caches while they are revoked and the daemon is killed: none must be accepted whose end was
/// answered.
#[derive(Debug, Args)]
#[command(name = "revocation-stress")]
pub struct Arguments {
    /// Time of the run in seconds.
    #[arg(long, default_value_t = 600)]
    seconds: u32,
    /// Client processes.
    #[arg(long, default_value_t = 4, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    clients: usize,
    /// Threads of each.
    #[arg(long, default_value_t = 2, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    threads: usize,
    /// Validations of a key in a row, before the next one's turn.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..))]
    checks: u32,
    /// Threads that issue and revoke.
    #[arg(long, default_value_t = 16, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    revokers: usize,
    /// Kills of the daemon, evenly spread; without this option one a minute.
    #[arg(long)]
    restarts: Option<u32>,
}

impl Arguments {
    pub(super) fn plan(self) -> Plan {
        let Self { seconds, clients, threads, checks, revokers, restarts } = self;
        let restarts = restarts.unwrap_or(seconds / 60);
        let time = Duration::from_secs(seconds.into());
        Plan { time, ends: 1, clients, threads, checks, revokers, restarts }
    }
}
