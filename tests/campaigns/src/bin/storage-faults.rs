//! The long form of the campaign of failing disks: see `storage_faults` in the library and docs/TESTING.md.

use std::process::ExitCode;

fn main() -> ExitCode {
    apikeyd_campaigns::storage_faults::long::main()
}
