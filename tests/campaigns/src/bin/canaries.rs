//! The long form of the search for canaries: see `secrets` in the library and docs/TESTING.md. It is also the daemon,
//! the command line and the client of the run, by their names.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a campaign prints what it saw and stops where it cannot go on"
)]

use apikeyd_campaigns::secrets::{CLIENT, Plan, client_main, run};
use apikeyd_tests::multicall;
use apikeyd_tests::scratch::Scratch;
use clap::Parser;
use std::process::ExitCode;

/// Takes keys through every operation and error, then searches files, memory and cores for their secrets.
#[derive(Debug, Parser)]
struct Arguments {
    /// Times that everything is done, with twelve keys each.
    #[arg(long, default_value_t = 100)]
    rounds: usize,
}

fn main() -> ExitCode {
    if let Some(code) = multicall::dispatch() {
        return code;
    }
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|word| word == CLIENT) {
        let (way, socket) = (arguments.next().expect("a way"), arguments.next().expect("the socket"));
        return client_main(&way, socket.as_ref());
    }
    let Arguments { rounds } = Arguments::parse();
    let program = std::env::current_exe().expect("this program");
    let report = run(&Scratch::new(&program), &program, Plan { rounds, cores: true });
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
