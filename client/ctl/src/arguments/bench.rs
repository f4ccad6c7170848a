//! The arguments of `bench`.

use clap::{Args, ValueEnum};

/// `bench`
#[derive(Args, Debug)]
#[command(after_help = "\
Makes users `bench-PID-N`, with one key each, and deletes them at the end, also after an
interrupt. What it does are true changes: rows in the audit and records of ended keys remain.

Mode validate asks the daemon for each key, over and over. Mode cached validates through the
client library, as a service does, which answers from its cache: that measures the cache, and
the daemon is hardly asked. One such validation takes about as long as a look at the clock, so
each latency is the mean of a batch of 100. Mode save generates and saves key after key, and
counts and times the saves.

Examples:
  apikeyctl bench --connections 8 --pipeline 64
  apikeyctl bench --mode cached --connections 2 --keys 10000
  apikeyctl bench --mode save --connections 64 --json

Right: issue and validate.")]
pub(crate) struct BenchArguments {
    /// What to measure
    #[arg(long, default_value = "validate")]
    pub(crate) mode: BenchMode,
    /// Connections, each with its own thread; in mode cached threads that share one client
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) connections: u16,
    /// Requests in flight on each connection; not for mode cached, where nothing is in flight
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=128))]
    pub(crate) pipeline: u16,
    /// Keys to save first and validate in turn; in mode save one user for each request in flight
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) keys: u32,
    /// How long to measure
    #[arg(long, value_name = "S", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub(crate) seconds: u32,
}

/// What `bench` measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BenchMode {
    /// Validations answered by the daemon
    Validate,
    /// Validations answered by the client's cache
    Cached,
    /// Durable saves
    Save,
}
