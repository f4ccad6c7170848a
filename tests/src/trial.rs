//! A trial as a program: it runs in a scratch directory of its own, says now and then how far it is, prints its report
//! and tells by its exit code whether that is as it must be.

#![allow(clippy::print_stdout, reason = "the program prints its findings")]

use apikeyd_kit::scratch::Scratch;
use std::fmt::Display;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often a long run says how far it is.
const NEWS: Duration = Duration::from_secs(30);

/// Runs a trial whose programs are all this process's own, and prints its report. Fails unless that is as it must be:
/// clean, or not clean where a fault was planted.
#[must_use]
pub fn conduct<R: Display>(
    run: impl FnOnce(&Scratch) -> R,
    is_as_it_must_be: impl FnOnce(&R) -> bool,
) -> ExitCode {
    let Ok(binary) = std::env::current_exe() else { return ExitCode::FAILURE };
    let report = run(&Scratch::new(&binary));
    print!("{report}");
    if is_as_it_must_be(&report) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Says how far a run is, twice a minute at the most.
#[derive(Clone, Copy, Debug)]
pub struct News {
    began: Instant,
    told: Instant,
}

impl News {
    /// Of a run that begins now.
    #[must_use]
    pub fn begin() -> Self {
        let began = Instant::now();
        Self { began, told: began }
    }

    /// Prints one line, if it is time for it.
    pub fn tell<W: Display>(&mut self, words: impl FnOnce() -> W) {
        if self.told.elapsed() >= NEWS {
            self.told = Instant::now();
            println!("{:5} s: {}", self.began.elapsed().as_secs(), words());
        }
    }
}

/// Tells the threads of a scope to stop once it is dropped: also when the scope's own thread panics, which would wait
/// for them for ever otherwise.
#[derive(Debug)]
pub struct StopOnDrop<'a>(pub &'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
