//! Where the process runs: the few facts about user and environment on which the defaults depend.

use apikeyd_protocol::socket::{SYSTEM_SOCKET, user_socket};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Facts about the surroundings, read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The effective user of the daemon.
    pub uid: u32,
    /// `$STATE_DIRECTORY`: the directory that systemd made for the service.
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

    /// Whether this is the system's daemon: started by root, or by the service manager with a state
    /// directory. A user who tries the daemon must not pick up the system's configuration.
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

    /// Who may connect at all: everybody to the system's daemon, where rights decide what each may do;
    /// to a user's own daemon only that user.
    pub(super) const fn default_socket_mode(&self) -> u32 {
        if self.is_system() { 0o666 } else { 0o600 }
    }
}
