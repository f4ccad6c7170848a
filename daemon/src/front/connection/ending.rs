//! When a connection ends, and why.

use apikeyd_protocol::hello::WelcomeCode;
use core::time::Duration;
use std::io;
use tokio::time::Instant;

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
    #[error("the daemon is shutting down")]
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

/// Time from the first byte of a frame to its last.
const FRAME_TIMEOUT: Duration = Duration::from_secs(10);

/// Time for which a caller may read nothing while answers wait for it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// Work in progress on a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Duties {
    /// Requests wait for the disk: the caller is not to blame for its silence.
    pub(super) working: bool,
}

/// When each state began.
#[derive(Debug)]
pub(super) struct Timeouts {
    idle: Duration,
    active: Instant,
    partial_since: Option<Instant>,
    stuck_since: Option<Instant>,
}

impl Timeouts {
    pub(super) fn new(idle: Duration) -> Self {
        Self { idle, active: Instant::now(), partial_since: None, stuck_since: None }
    }

    /// Requests were taken, and an incomplete one may be left.
    pub(super) fn took(&mut self, frames: usize, partial: bool) {
        // An incomplete frame keeps its start time, however steadily it trickles in.
        if frames == 0 && partial == self.partial_since.is_some() {
            return;
        }
        let now = Instant::now();
        if frames > 0 {
            self.active = now;
        }
        self.partial_since = partial.then_some(now);
    }

    /// The outbox was written, completely or not, with progress or not.
    pub(super) fn wrote(&mut self, done: bool, progress: bool) {
        if done {
            self.stuck_since = None;
        } else if progress || self.stuck_since.is_none() {
            self.stuck_since = Some(Instant::now());
        }
    }

    /// The first time to check.
    pub(super) fn first(&self) -> Instant {
        self.active + self.idle
    }

    /// A time to check that is earlier than `planned`.
    pub(super) fn earlier_than(&self, planned: Instant) -> Option<Instant> {
        self.urgent().filter(|due| *due < planned)
    }

    /// What is overdue.
    pub(super) fn due(&self, duties: &Duties) -> Option<End> {
        let now = Instant::now();
        if self.stuck_since.is_some_and(|since| since + WRITE_TIMEOUT <= now) {
            return Some(End::Stuck);
        }
        if self.partial_since.is_some_and(|since| since + FRAME_TIMEOUT <= now) {
            return Some(End::SlowFrame);
        }
        (!duties.working && self.stuck_since.is_none() && self.active + self.idle <= now).then_some(End::Idle)
    }

    /// The next time to check.
    pub(super) fn next(&self, duties: &Duties) -> Instant {
        let excused = duties.working || self.stuck_since.is_some();
        let idle = if excused { Instant::now() + self.idle } else { self.active + self.idle };
        self.urgent().map_or(idle, |urgent| urgent.min(idle))
    }

    fn urgent(&self) -> Option<Instant> {
        let partial = self.partial_since.map(|since| since + FRAME_TIMEOUT);
        let stuck = self.stuck_since.map(|since| since + WRITE_TIMEOUT);
        [partial, stuck].into_iter().flatten().min()
    }
}
