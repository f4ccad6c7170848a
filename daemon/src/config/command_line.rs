//! The arguments of `apikeyd`.

use apikeyd_protocol::socket::SOCKET_VARIABLE;
use clap::Parser;
use std::path::PathBuf;

/// The API-key daemon: keeps hashed API keys in one database and answers services of this host over a
/// Unix socket.
///
/// Without arguments it runs in the foreground, with a database under the state directory of whoever
/// starts it, and listens where `apikeyctl` looks: nothing has to be set up to try it.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "apikeyd", version, after_help = EXAMPLES)]
pub struct CommandLine {
    /// Configuration file; it must exist when it is named, and when one was in force before [default:
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

    /// Table of operations that may not be done with a key, or `compiled-in` for the twelve that are
    /// compiled in [default: these, unless a file's table was in force before]
    #[arg(long, value_name = "FILE", env = "APIKEYD_POLICY")]
    pub policy: Option<PathBuf>,

    /// Check the configuration and the policy file, print what would be used, and end
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
