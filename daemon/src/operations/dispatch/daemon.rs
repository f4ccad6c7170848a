//! Everything needed to answer requests, and the caller.

use super::descriptors::Unread;
use super::turns::Turns;
use crate::logging::RateLimit;
use crate::operations::error::{ErrorKind, ServiceError};
use crate::operations::permit::Standing;
use crate::operations::reload::Reload;
use crate::operations::service::Service;
use crate::operations::state::counters::Traffic;
use crate::peer::Peer;
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::time::Timestamp;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::sync::{Arc, Weak};
use tokio::net::UnixStream;

/// Everything needed to answer requests.
#[derive(Debug)]
pub(crate) struct Daemon {
    pub(crate) service: Arc<Service>,
    pub(crate) reload: Reload,
    pub(crate) traffic: Traffic,
    pub(crate) unread: Arc<Unread>,
    pub(super) turns: Turns,
    pub(crate) started_at: Timestamp,
}

impl Daemon {
    /// `unread` is the maximum number of descriptors in flight to callers.
    pub(crate) fn new(service: Arc<Service>, reload: Reload, unread: usize) -> Self {
        Self {
            started_at: service.now(),
            service,
            reload,
            traffic: Traffic::default(),
            unread: Unread::new(unread),
            turns: Turns::new(),
        }
    }

    /// Counts a failure, and logs it if the operator should see it and it is not the caller's mistake.
    #[cold]
    pub(crate) fn note(&self, peer: &Peer, opcode: Opcode, error: &ServiceError) {
        static DENIED: RateLimit = RateLimit::new();
        static FAILED: RateLimit = RateLimit::new();
        let Peer { uid, pid, .. } = *peer;
        match error.kind {
            ErrorKind::BadRequest => self.traffic.bad_request(),
            ErrorKind::NotPermitted => {
                self.traffic.not_permitted();
                if let Some(pass) = DENIED.now() {
                    tracing::warn!(%opcode, uid, pid, suppressed = pass.suppressed, "a request was not permitted");
                }
            }
            ErrorKind::Internal | ErrorKind::StorageUnavailable | ErrorKind::Damaged => {
                if let Some(pass) = FAILED.now() {
                    let cause = error.source.as_ref().map(ToString::to_string);
                    let (cause, kind) = (cause.as_deref().unwrap_or(&error.message), error.kind);
                    tracing::error!(%opcode, uid, pid, suppressed = pass.suppressed, status = %kind, cause, "a request failed");
                }
            }
            ErrorKind::UnknownOpcode
            | ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::InvalidArgument
            | ErrorKind::InvalidConfiguration
            | ErrorKind::Busy
            | ErrorKind::ShuttingDown => {}
        }
    }
}

/// The caller, with its current rights.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) peer: Arc<Peer>,
    pub(crate) standing: Standing,
    pub(crate) presence: Presence,
}

/// The caller at the other end of a connection. Costly work asks from time to time whether it is still there: a
/// connection that waits for such work reads nothing, and does not notice its end.
#[derive(Clone, Debug)]
pub(crate) struct Presence(Weak<UnixStream>);

impl Presence {
    pub(crate) fn of(socket: &Arc<UnixStream>) -> Self {
        Self(Arc::downgrade(socket))
    }

    /// Whether nobody will read an answer: the connection has ended, or the caller has closed its end in both
    /// directions. A caller that only sends no more still waits. A system call.
    pub(crate) fn is_gone(&self) -> bool {
        let Some(socket) = self.0.upgrade() else { return true };
        // A hang-up is always reported, whatever is requested.
        let mut asked = [PollFd::new(&*socket, PollFlags::empty())];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        let told = poll(&mut asked, Some(&now)).is_ok();
        told && asked.iter().any(|asked| asked.revents().intersects(PollFlags::HUP | PollFlags::ERR))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{Shutdown, shutdown};

    #[tokio::test]
    async fn who_has_closed_is_gone_and_who_only_sends_no_more_is_not() {
        let (near, far) = UnixStream::pair().unwrap();
        let near = Arc::new(near);
        let presence = Presence::of(&near);
        assert!(!presence.is_gone());
        shutdown(&far, Shutdown::Write).unwrap();
        assert!(!presence.is_gone());
        drop(far);
        assert!(presence.is_gone());
        let (near, _far) = UnixStream::pair().unwrap();
        let near = Arc::new(near);
        let presence = Presence::of(&near);
        drop(near);
        assert!(presence.is_gone(), "the connection has ended");
    }
}
