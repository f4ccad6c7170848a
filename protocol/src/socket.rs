//! Where the daemon listens and clients look for it. Pure: the caller reads the environment.

use std::path::{Path, PathBuf};

/// The environment variable that names the socket, for the daemon and for every client.
pub const SOCKET_VARIABLE: &str = "APIKEYD_SOCKET";

/// The socket of the system's daemon.
pub const SYSTEM_SOCKET: &str = "/run/apikeyd/apikeyd.sock";

/// Maximum length of a socket path in bytes: `sun_path` has 108, including the final zero (unix(7)).
pub const MAX_SOCKET_PATH_BYTES: usize = 107;

/// The socket of a daemon that a user runs, below `$XDG_RUNTIME_DIR`. `None` without that directory, or if it
/// is not an absolute path; the XDG base directory specification says to ignore such a value.
#[must_use]
pub fn user_socket(runtime_dir: Option<&Path>) -> Option<PathBuf> {
    runtime_dir.filter(|dir| dir.is_absolute()).map(|dir| dir.join("apikeyd/apikeyd.sock"))
}
