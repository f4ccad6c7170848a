//! The program `apikeyd`; everything is in the library, so that tests can run it with other parts.

use apikeyd::parts::Parts;
use std::process::ExitCode;

fn main() -> ExitCode {
    apikeyd::main(Parts::system())
}
