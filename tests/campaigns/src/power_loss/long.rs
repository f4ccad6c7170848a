//! The campaign as a program.

use super::{Failure, Syncs, Tally, run};
use clap::Args;
use std::ops::Range;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Cuts the power of a simulated disk under the daemon's own logic, and checks what is left.
#[derive(Debug, Args)]
#[command(name = "power-loss")]
pub struct Arguments {
    /// Seeds, from the first up to and without the last: FROM..TO.
    #[arg(long, value_parser = range, default_value = "0..210000")]
    seeds: Range<u64>,
    /// Repeats one seed and tells what it did.
    #[arg(long)]
    seed: Option<u64>,
    /// Threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Stops after this time, though seeds are left.
    #[arg(long)]
    minutes: Option<u64>,
    /// The disk's syncs do nothing: the run must fail.
    #[arg(long)]
    lying_disk: bool,
}

/// Parses FROM..TO.
pub(crate) fn range(text: &str) -> Result<Range<u64>, String> {
    let (from, to) = text.split_once("..").ok_or("give FROM..TO")?;
    let number = |text: &str| text.parse().map_err(|error| format!("{text:?}: {error}"));
    Ok(number(from)?..number(to)?)
}

/// The program `power-loss`.
#[must_use]
pub fn main(arguments: &Arguments) -> ExitCode {
    let syncs = if arguments.lying_disk { Syncs::Lying } else { Syncs::Honest };
    if let Some(seed) = arguments.seed {
        let outcome = run(seed, syncs);
        println!("{outcome:#?}");
        return if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let began = Instant::now();
    let total = Mutex::new(Tally::default());
    let limit = arguments.minutes.map(|minutes| began + Duration::from_secs(minutes * 60));
    let sweep = Sweep { seeds: arguments.seeds.clone(), threads: arguments.threads, limit };
    let failures = sweep.run(|seed| {
        let tally = run(seed, syncs)?;
        total.lock().expect("no thread panics").add(&tally);
        Ok(())
    });
    let total = total.into_inner().expect("no thread panics");
    let seconds = began.elapsed().as_secs_f64();
    println!("{total:?}");
    let cuts = total.cuts + total.recovery_cuts;
    println!(
        "{cuts} cuts, {} failures, {seconds:.0} s, {:.0} seeds/s",
        failures.len(),
        total.seeds as f64 / seconds
    );
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Seeds that are tried in their order on some threads.
pub(crate) struct Sweep {
    pub(crate) seeds: Range<u64>,
    pub(crate) threads: usize,
    /// When no further seed is begun.
    pub(crate) limit: Option<Instant>,
}

impl Sweep {
    /// Tries the seeds, and prints each failure when it is found.
    pub(crate) fn run(&self, one: impl Fn(u64) -> Result<(), Failure> + Sync) -> Vec<Failure> {
        let next = AtomicU64::new(self.seeds.start);
        let failures = Mutex::new(Vec::new());
        let work = || {
            while self.limit.is_none_or(|limit| Instant::now() < limit) {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= self.seeds.end {
                    break;
                }
                if seed.is_multiple_of(10_000) {
                    println!("seed {seed}");
                }
                if let Err(failure) = one(seed) {
                    println!("seed {}: {}", failure.seed, failure.what);
                    failures.lock().expect("no thread panics").push(failure);
                }
            }
        };
        thread::scope(|scope| (0..self.threads).for_each(|_| _ = scope.spawn(work)));
        println!("seeds {}..{}", self.seeds.start, next.into_inner().min(self.seeds.end));
        failures.into_inner().expect("no thread panics")
    }
}

impl Tally {
    /// Counts another run in.
    pub fn add(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.cuts += other.cuts;
        self.recovery_cuts += other.recovery_cuts;
        self.acknowledged += other.acknowledged;
        self.in_doubt += other.in_doubt;
        self.trace ^= other.trace;
    }
}
