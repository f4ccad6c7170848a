//! One binary under several names.
//!
//! Cargo builds for `cargo run --bin tour` that binary and nothing else of the package. So it is the daemon
//! and the command line, too, when it is called by their names: the same library `main`s, in processes of
//! their own.

use apikeyd::parts::Parts;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The daemon's name.
pub const DAEMON: &str = "apikeyd";
/// The command line's name.
pub const CTL: &str = "apikeyctl";

/// The name of a [daemon whose wall clock a test steps](crate::shifted_clock).
pub const SHIFTED_DAEMON: &str = "apikeyd-shifted";
/// The name of a client process that tells how it validates.
pub const CACHING_CLIENT: &str = "caching-client";
/// The name of a client process that gives up being root.
pub const DROPPING_CLIENT: &str = "dropping-client";
/// The name of the stress test's client process.
pub const STRESS_CLIENT: &str = "revocation-client";

/// All names.
pub const NAMES: [&str; 6] = [DAEMON, CTL, SHIFTED_DAEMON, CACHING_CLIENT, DROPPING_CLIENT, STRESS_CLIENT];

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

/// A command that runs `program`, with nothing of this process's own apikeyd configuration.
#[must_use]
pub fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (variable, _) in std::env::vars_os() {
        let text = variable.to_string_lossy();
        if text.starts_with("APIKEYD_") || text.starts_with("LISTEN_") || text == "NOTIFY_SOCKET" {
            command.env_remove(&variable);
        }
    }
    command
}
