//! The long form of the campaign of damaged files.

use super::{Subject, Tally, damage, fixture, rewrite_history};
use apikeyd::parts::Parts;
use clap::Args;
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Spoils a small database and alters its audit, and has the daemon's library open and check each.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Spoiled images.
    #[arg(long, default_value_t = 50_000)]
    images: u64,
    /// Alterations of the audit.
    #[arg(long, default_value_t = 10_000)]
    alterations: u64,
    /// Repeats a run: the image numbered N is spoiled by this number plus N.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads.
    #[arg(long, default_value_t = 2)]
    threads: u64,
    /// Does nothing of that, but writes a fixture of this version's schema into a directory.
    #[arg(long, value_name = "DIR")]
    fixture: Option<PathBuf>,
}

/// Panics in any thread, caught or not.
static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Runs it, and prints what was found.
#[must_use]
pub fn main(arguments: Arguments) -> ExitCode {
    let Arguments { images, alterations, seed, threads, fixture } = arguments;
    if let Some(dir) = fixture {
        fixture::write(&Subject::make(Parts::system()), &dir).expect("a directory that can be written");
        return ExitCode::SUCCESS;
    }
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        report(panic);
    }));
    // Keys, and so the file's bytes, are made anew by each run: what is done to them is repeated, and a failure
    // that depends on where a row lies comes back with about the same frequency.
    let subject = Subject::make(Parts::system());
    println!("seed {seed}, a file of {} bytes, {} audit rows", subject.closed.len(), subject.head.revision);
    let damaged = spread(images, threads, |part| damage(&subject, seed, part));
    println!("damaged files\n{damaged}");
    let altered = spread(alterations, threads, |part| rewrite_history(&subject, seed, part));
    println!("alterations of the audit\n{altered}");
    let panics = PANICS.load(Ordering::Relaxed);
    println!("{panics} panics");
    let clean = damaged.wrong + altered.wrong == 0 && altered.right == 0 && panics == 0;
    if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Does a part of the numbers in each thread.
fn spread(count: u64, threads: u64, part: impl Fn(Range<u64>) -> Tally + Sync) -> Tally {
    let step = count.div_ceil(threads.max(1)).max(1);
    let mut all = Tally::default();
    std::thread::scope(|scope| {
        let starts = (0..count).step_by(usize::try_from(step).expect("64 bits"));
        let runs: Vec<_> = starts
            .map(|from| {
                scope.spawn({
                    let part = &part;
                    move || part(from..(from + step).min(count))
                })
            })
            .collect();
        for run in runs {
            all.add(run.join().expect("a thread of the campaign"));
        }
    });
    all
}
