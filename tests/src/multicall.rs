//! One binary under several names.
//!
//! Cargo builds for `cargo run --bin tour` that binary and nothing else of the package. So it is the daemon
//! and the command line, too, when it is called by their names: the same library `main`s, in processes of
//! their own.

use apikeyd::parts::Parts;
use apikeyd_kit::programs::{CACHING_CLIENT, CTL, DAEMON, DROPPING_CLIENT, SHIFTED_DAEMON, STRESS_CLIENT};
use std::path::PathBuf;
use std::process::ExitCode;

/// Becomes the program of the name that this process was called by; `None` when it is none of them.
#[must_use]
pub fn dispatch() -> Option<ExitCode> {
    let called = PathBuf::from(std::env::args_os().next()?);
    match called.file_name()?.to_str()? {
        DAEMON => Some(apikeyd::main(Parts::system())),
        CTL => Some(apikeyctl::main()),
        SHIFTED_DAEMON => Some(crate::shifted_clock::daemon_main()),
        CACHING_CLIENT => Some(crate::caching_client::main()),
        DROPPING_CLIENT => Some(crate::dropping_client::main()),
        STRESS_CLIENT => Some(crate::stress::client_main()),
        _ => None,
    }
}
