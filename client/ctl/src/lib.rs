//! The command line of `apikeyd`.
//!
//! ```text
//! argv ──► arguments ──► request ──► command ──► output
//!          (clap, text)  (typed)     (one file    (stdout: answers; stderr: notes and failures)
//!                                     each)
//! ```
//!
//! | module | holds |
//! |---|---|
//! | `arguments` | what may be written on the command line, and the refusal of keys on it |
//! | `request` | the same, typed: past it nothing is parsed again |
//! | `command` | one file for each command |
//! | `daemon` | reaching the daemon; what its refusals mean for the exit code |
//! | `key_source` | reading a key from standard input, a terminal or a file into a wiped buffer |
//! | `terminal` | questions that survive an interrupt without leaving the terminal silent |
//! | `output` | standard output and standard error, text, tables and JSON |
//! | `failure` | every way to end, with its exit code |
//!
//! The objects that `--json` writes are documented in `JSON.md` beside this crate.

mod arguments;
mod command;
mod daemon;
mod failure;
mod key_source;
mod output;
mod request;
mod terminal;

use failure::{Exit, Failure};
use output::Output;
use request::Request;
use std::process::ExitCode;

/// Runs the program on the arguments, environment and terminal of this process.
#[must_use]
pub fn main() -> ExitCode {
    // A key passes through this process. If the kernel refuses, the command still does what it says: the
    // buffers are wiped in any case.
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    let exit = match arguments::parse(std::env::args_os()) {
        Ok(arguments) => run(arguments),
        Err(ending) => ending.report(),
    };
    exit.into_code()
}

fn run(arguments: arguments::Arguments) -> Exit {
    let mut output = match Output::open(&arguments.global) {
        Ok(output) => output,
        Err(failure) => return failure.report(false, false),
    };
    let (json, color) = (output.is_json(), output.colors_stderr());
    let outcome = Request::from_arguments(arguments)
        .and_then(|request| command::run(request, &mut output))
        .and_then(|exit| output.finish().map(|()| exit));
    outcome.unwrap_or_else(|failure: Failure| failure.report(json, color))
}
