//! Where the daemon runs: user, environment, arguments.

use apikeyd_protocol::socket::{SOCKET_VARIABLE, SYSTEM_SOCKET, user_socket};
use clap::Parser;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Facts about the environment, read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The effective user of the daemon.
    pub uid: u32,
    /// `$STATE_DIRECTORY`: the directory that systemd makes for the service.
    pub state_directory: Option<PathBuf>,
    /// `$XDG_STATE_HOME`.
    pub xdg_state_home: Option<PathBuf>,
    /// `$XDG_RUNTIME_DIR`.
    pub xdg_runtime_dir: Option<PathBuf>,
    /// `$HOME`.
    pub home: Option<PathBuf>,
    /// `$APIKEYD_LOG`.
    pub log: Option<OsString>,
}

const SYSTEM_CONFIG: &str = "/etc/apikeyd/apikeyd.toml";
const SYSTEM_STATE: &str = "/var/lib/apikeyd";

impl Place {
    /// Reads the facts of this process.
    #[must_use]
    pub fn of_this_process() -> Self {
        let directory = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        Self {
            uid: rustix::process::geteuid().as_raw(),
            state_directory: directory("STATE_DIRECTORY"),
            xdg_state_home: directory("XDG_STATE_HOME"),
            xdg_runtime_dir: directory("XDG_RUNTIME_DIR"),
            home: directory("HOME"),
            log: env::var_os("APIKEYD_LOG").filter(|level| !level.is_empty()),
        }
    }

    /// Whether this is the system's daemon: started by root, or by the service manager with a state directory.
    /// A user who tries the daemon must not pick up the system's configuration.
    pub(super) const fn is_system(&self) -> bool {
        self.uid == 0 || self.state_directory.is_some()
    }

    pub(super) fn default_config(&self) -> Option<&Path> {
        self.is_system().then(|| Path::new(SYSTEM_CONFIG))
    }

    pub(super) fn default_state_dir(&self) -> Option<PathBuf> {
        if let Some(given) = &self.state_directory {
            return Some(given.clone());
        }
        if self.uid == 0 {
            return Some(SYSTEM_STATE.into());
        }
        let state_home = self.xdg_state_home.clone();
        state_home.or_else(|| Some(self.home.as_ref()?.join(".local/state"))).map(|dir| dir.join("apikeyd"))
    }

    pub(super) fn default_socket(&self) -> Option<PathBuf> {
        if self.is_system() {
            return Some(SYSTEM_SOCKET.into());
        }
        user_socket(self.xdg_runtime_dir.as_deref())
    }

    /// Who may connect at all: everybody to the system's daemon, where rights decide what each may do; only the
    /// user itself to a user's own daemon.
    pub(super) const fn default_socket_mode(&self) -> u32 {
        if self.is_system() { 0o666 } else { 0o600 }
    }
}

/// The API-key daemon: keeps hashed API keys in one database and answers services on this host over a Unix
/// socket.
///
/// Without arguments it runs in the foreground, with its database below the user's state directory, and listens
/// where `apikeyctl` looks: no setup is needed to try it.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "apikeyd", version, after_help = EXAMPLES)]
pub struct CommandLine {
    /// Configuration file; it must exist if it is named here, or if one was in force before [default:
    /// /etc/apikeyd/apikeyd.toml for root and under systemd, if it exists]
    #[arg(long, value_name = "FILE", env = "APIKEYD_CONFIG")]
    pub config: Option<PathBuf>,

    /// Directory of the database and the pepper [default: /var/lib/apikeyd for root, else
    /// ~/.local/state/apikeyd]
    #[arg(long, value_name = "DIR", env = "APIKEYD_STATE_DIR")]
    pub state_dir: Option<PathBuf>,

    /// Socket to listen on [default: /run/apikeyd/apikeyd.sock for root, else
    /// $XDG_RUNTIME_DIR/apikeyd/apikeyd.sock]
    #[arg(long, value_name = "PATH", env = SOCKET_VARIABLE)]
    pub socket: Option<PathBuf>,

    /// Table of operations that no key may perform, or `compiled-in` for the twelve that are compiled in
    /// [default: these, unless a file's table was in force before]
    #[arg(long, value_name = "FILE", env = "APIKEYD_POLICY")]
    pub policy: Option<PathBuf>,

    /// Check the configuration and the policy file, print the resulting settings, and exit
    #[arg(long)]
    pub check_config: bool,
}

const EXAMPLES: &str = "\
Examples:
  apikeyd                                     try it: foreground, own database, own socket
  apikeyd --check-config                      what would be used, and what is wrong with it
  apikeyd --state-dir ./keys --socket ./keys/apikeyd.sock

Signals:
  HUP         read the policy file and the rights again; a file with a fault changes nothing
  TERM, INT   answer what has arrived, then end; a second one ends at once

Exit codes:
  0 stopped  1 failed while running  64 usage  65 database or pepper  69 in use by another daemon
  74 input/output  77 permission  78 configuration

APIKEYD_LOG=error|warn|info|debug sets what is logged, over the configuration file.
A second terminal: apikeyctl status";
