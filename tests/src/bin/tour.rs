//! The main job as a transcript, on real parts. Ends with a failure when anything differs from what it says.

use std::process::ExitCode;

fn main() -> ExitCode {
    apikeyd_tests::multicall::dispatch().unwrap_or_else(apikeyd_tests::tour::main)
}
