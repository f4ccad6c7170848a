//! The program `apikeyctl`; everything is in the library, so that tests and packages can use it.

use std::process::ExitCode;

fn main() -> ExitCode {
    apikeyctl::main()
}
