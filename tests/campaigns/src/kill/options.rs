//! How a run goes.

use clap::Args;
use clap::builder::RangedU64ValueParser;

/// Kills the daemon under load, again and again, and compares what it acknowledged with what is there.
#[derive(Clone, Debug, Args)]
#[command(name = "sigkill")]
pub struct Plan {
    /// Kills, at the least.
    #[arg(long, default_value_t = 5_000)]
    pub kills: u64,
    /// Acknowledged changes, at the least.
    #[arg(long, default_value_t = 250_000)]
    pub changes: u64,
    /// End after so many minutes, whatever was reached.
    #[arg(long)]
    pub minutes: Option<u64>,
    /// Clients that change keys, a thread each.
    #[arg(long, default_value_t = 32, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub clients: usize,
    /// Processes with a caching client.
    #[arg(long, default_value_t = 2)]
    pub processes: usize,
    /// Keys of other users that lie in the database.
    #[arg(long, default_value_t = 100_000)]
    pub keys: u64,
    /// Longest time under load between a comparison and the next kill, in milliseconds.
    #[arg(long, default_value_t = 200)]
    pub load_ms: u64,
    /// Compare the whole database and the whole audit after so many rounds.
    #[arg(long, default_value_t = 250, value_parser = clap::value_parser!(u64).range(1..))]
    pub whole_every: u64,
    /// For the moments of the kills and the choice of requests. Threads run as they like all the same.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}
