//! How the process exits, as codes that service managers and scripts can distinguish.

use std::process::ExitCode;

/// The exit codes. From 64 on they are those of `sysexits.h`, which systemd prints by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Stopped on request.
    Stopped,
    /// Failed while running.
    Failed,
    /// The arguments are wrong (`EX_USAGE`).
    Usage,
    /// The database or the pepper is not what it must be (`EX_DATAERR`).
    Data,
    /// Another daemon has the socket or the database (`EX_UNAVAILABLE`).
    Unavailable,
    /// Reading or writing failed (`EX_IOERR`).
    InputOutput,
    /// The operating system did not permit it (`EX_NOPERM`).
    Permission,
    /// The configuration has faults (`EX_CONFIG`).
    Configuration,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Stopped => 0,
            Self::Failed => 1,
            Self::Usage => 64,
            Self::Data => 65,
            Self::Unavailable => 69,
            Self::InputOutput => 74,
            Self::Permission => 77,
            Self::Configuration => 78,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why the daemon did not start, or stopped on its own: the code and the message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What happened and what to do. May have several lines, one for each fault.
    pub message: String,
}

impl Failure {
    /// A failure with its text.
    #[must_use]
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }
}
