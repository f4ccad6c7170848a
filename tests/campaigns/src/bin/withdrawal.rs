//! The campaign of `apikeyd_campaigns::withdrawal` in its long form, and the programs that it starts.

use std::process::ExitCode;

fn main() -> ExitCode {
    apikeyd_tests::multicall::dispatch().unwrap_or_else(apikeyd_campaigns::withdrawal::main)
}
