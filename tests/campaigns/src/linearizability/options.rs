//! How a run goes.

use clap::Args;
use clap::builder::RangedU64ValueParser;

/// Records what many clients ask at once, and looks for an order that explains the answers.
#[derive(Clone, Debug, Args)]
#[command(name = "linearizability")]
pub struct Plan {
    /// Operations, at the least.
    #[arg(long, default_value_t = 10_000_000)]
    pub operations: u64,
    /// End after so many minutes, whatever was reached.
    #[arg(long)]
    pub minutes: Option<u64>,
    /// Clients, a thread each.
    #[arg(long, default_value_t = 64, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub clients: usize,
    /// Users whose keys they all ask for.
    #[arg(long, default_value_t = 16, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub users: usize,
    /// Draws of each client in a window: mostly of one request, now and then of two, or of none for want of a key.
    #[arg(long, default_value_t = 100)]
    pub per_window: u32,
    /// For the choice of requests. Threads run as they like all the same.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Turn one refusal of a revoked key in each window into an acceptance before the search: succeeds when that is
    /// noticed.
    #[arg(long)]
    pub stale_verdict: bool,
}
