//! The long form of the campaign of power cuts: see `power_loss` in the library and docs/TESTING.md.

use std::process::ExitCode;

fn main() -> ExitCode {
    apikeyd_campaigns::power_loss::long::main()
}
