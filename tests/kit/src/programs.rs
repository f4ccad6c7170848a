//! The programs that tests run, by name: one binary may be all of them.

use std::path::Path;
use std::process::Command;

/// The daemon's name.
pub const DAEMON: &str = "apikeyd";
/// The command line's name.
pub const CTL: &str = "apikeyctl";
/// The name of a daemon whose wall clock a test steps.
pub const SHIFTED_DAEMON: &str = "apikeyd-shifted";
/// The name of a client process that tells how it validates.
pub const CACHING_CLIENT: &str = "caching-client";
/// The name of a client process that gives up being root.
pub const DROPPING_CLIENT: &str = "dropping-client";
/// The name of the stress test's client process.
pub const STRESS_CLIENT: &str = "revocation-client";

/// All names.
pub const NAMES: [&str; 6] = [DAEMON, CTL, SHIFTED_DAEMON, CACHING_CLIENT, DROPPING_CLIENT, STRESS_CLIENT];

/// What a service manager sets for its services.
const OF_SERVICE_MANAGER: [&str; 6] = [
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "STATE_DIRECTORY",
    "CREDENTIALS_DIRECTORY",
    "JOURNAL_STREAM",
];

/// A command that runs `program`, with nothing of this process's own apikeyd configuration.
#[must_use]
pub fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (variable, _) in std::env::vars_os() {
        let text = variable.to_string_lossy();
        if text.starts_with("APIKEYD_") || text.starts_with("LISTEN_") || OF_SERVICE_MANAGER.contains(&&*text)
        {
            command.env_remove(&variable);
        }
    }
    command
}
