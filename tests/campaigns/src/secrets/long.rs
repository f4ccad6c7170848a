//! The long form of the search for canaries.

use super::{Plan, run};
use apikeyd_kit::scratch::Scratch;
use clap::Args;
use std::process::ExitCode;

/// Takes keys through every operation and error, then searches files, memory and cores for their secrets.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Times that everything is done, with twelve keys each.
    #[arg(long, default_value_t = 100)]
    rounds: usize,
}

/// Runs it, and prints what was searched and found.
#[must_use]
pub fn main(arguments: &Arguments) -> ExitCode {
    let program = std::env::current_exe().expect("this program");
    let report = run(&Scratch::new(&program), &program, Plan { rounds: arguments.rounds, cores: true });
    println!("{} canaries", report.canaries);
    for (place, bytes) in &report.searched {
        println!("{bytes:>12} bytes searched: {place}");
    }
    for found in &report.found {
        println!("FOUND {found}");
    }
    println!("{} pieces in dead stack of the client for threads, known", report.in_dead_stack);
    println!("{} pieces in the client for tasks, known", report.with_tasks);
    println!("{} found", report.found.len());
    if report.found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
