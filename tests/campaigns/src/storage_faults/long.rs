//! The campaign as a program.

use super::{Kind, Tally, run};
use crate::power_loss::long::{Sweep, range};
use clap::{Args, ValueEnum};
use std::ops::Range;
use std::process::ExitCode;
use std::sync::Mutex;

/// Has calls of a simulated disk fail under the daemon's own logic, and checks what it does then.
#[derive(Debug, Args)]
#[command(name = "storage-faults")]
pub struct Arguments {
    /// Seeds of each kind, from the first up to and without the last: FROM..TO.
    #[arg(long, value_parser = range, default_value = "0..10000")]
    seeds: Range<u64>,
    /// Repeats one seed and tells what it did.
    #[arg(long)]
    seed: Option<u64>,
    /// Only this kind of fault.
    #[arg(long)]
    kind: Option<Kind>,
    /// Threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

/// The program `storage-faults`.
#[must_use]
pub fn main(arguments: &Arguments) -> ExitCode {
    let kinds = arguments.kind.map_or_else(|| Kind::value_variants().to_vec(), |kind| vec![kind]);
    let mut failed = false;
    for kind in kinds {
        if let Some(seed) = arguments.seed {
            let outcome = run(seed, kind);
            println!("{kind:?}: {outcome:#?}");
            failed |= outcome.is_err();
            continue;
        }
        let total = Mutex::new(Tally::default());
        let sweep = Sweep { seeds: arguments.seeds.clone(), threads: arguments.threads, limit: None };
        let failures = sweep.run(|seed| {
            let tally = run(seed, kind)?;
            total.lock().expect("no thread panics").add(&tally);
            Ok(())
        });
        println!(
            "{kind:?}: {:?}, {} failures",
            total.into_inner().expect("no thread panics"),
            failures.len()
        );
        failed |= !failures.is_empty();
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

impl Tally {
    /// Counts another run in.
    pub fn add(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.faults += other.faults;
        self.recoveries += other.recoveries;
        self.in_doubt += other.in_doubt;
        self.acknowledged += other.acknowledged;
    }
}
