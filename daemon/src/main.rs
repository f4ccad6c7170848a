//! The program `apikeyd`; everything is in the library, so that tests can run it under their own roof.

use std::process::ExitCode;

fn main() -> ExitCode {
    apikeyd::main()
}
