//! Why a connection ended.

use apikeyd_protocol::hello::WelcomeCode;
use std::io;

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum End {
    #[error("the caller closed it")]
    Closed,
    #[error("the caller was refused")]
    Refused(WelcomeCode),
    #[error("the caller sent no hello in time")]
    NoHello,
    #[error("the caller did not finish a frame in time")]
    SlowFrame,
    #[error("the caller did not read its answers in time")]
    Stuck,
    #[error("the caller was idle for too long")]
    Idle,
    #[error("the caller broke the protocol")]
    BadFrame,
    #[error("the daemon is about to end")]
    Drained,
    #[error("a backup was handed over, and its audit row could not be written")]
    Unrecorded,
    #[error("the connection failed: {0}")]
    Failed(io::ErrorKind),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        let kind = error.kind();
        let is_gone = matches!(kind, io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset);
        if is_gone { Self::Closed } else { Self::Failed(kind) }
    }
}
