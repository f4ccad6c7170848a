//! How a run goes.

use clap::Args;
use std::time::Duration;

/// Loads the daemon with everything at once, and watches what it uses.
#[derive(Clone, Debug, Args)]
#[command(name = "soak")]
pub struct Plan {
    /// Time of the run in seconds, 3 at the least.
    #[arg(long, default_value_t = 1_800)]
    pub seconds: u32,
    /// Users whose keys never change.
    #[arg(long, default_value_t = 2_000)]
    pub settled: u32,
    /// Pause of each thread between two requests, in microseconds.
    #[arg(long, default_value_t = 2_000)]
    pub pause: u64,
    /// Plant a fault: a client that makes connections and keeps them. Succeeds when that is noticed.
    #[arg(long)]
    pub leak: bool,
}

impl Plan {
    pub(super) fn time(&self) -> Duration {
        Duration::from_secs(self.seconds.max(3).into())
    }

    pub(super) const fn pause(&self) -> Duration {
        Duration::from_micros(self.pause)
    }
}
