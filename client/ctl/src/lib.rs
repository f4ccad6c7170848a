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
//! | `arguments` | the command line as text, and the refusal of keys on it |
//! | `request` | the same, typed: past it nothing is parsed again |
//! | `command` | one file for each command |
//! | `daemon` | the client, and the exit codes of its errors |
//! | `key_source` | reading a key from standard input, a terminal or a file into a wiped buffer |
//! | `terminal` | prompts, which leave the terminal's echo on even after an interrupt |
//! | `output` | standard output and standard error, text, tables and JSON |
//! | `failure` | every way to exit, with its exit code |
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
mod text;

use failure::{Exit, Failure};
use output::Output;
use request::Request;
use std::process::ExitCode;

/// Runs the program on the arguments, environment and terminal of this process.
#[must_use]
pub fn main() -> ExitCode {
    // A key passes through this process. If the kernel refuses, the command goes on: the buffers are wiped in any case.
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    let exit = match arguments::parse(std::env::args_os()) {
        Ok(arguments) => run(arguments),
        Err(ending) => ending.report(),
    };
    exit.into_code()
}

fn run(arguments: arguments::Arguments) -> Exit {
    let mut output = match Output::open(arguments.global.json, arguments.global.color) {
        Ok(output) => output,
        Err(failure) => return failure.report(false, false),
    };
    let (json, color) = (output.is_json(), output.colors_stderr());
    let outcome = Request::from_arguments(arguments)
        .and_then(|request| command::run(request, &mut output))
        .and_then(|exit| output.finish().map(|()| exit));
    outcome.unwrap_or_else(|failure: Failure| failure.report(json, color))
}
