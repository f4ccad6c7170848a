//! Whether somebody still waits for an answer.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::sync::{Arc, Weak};
use tokio::net::UnixStream;

/// The caller at the other end of a connection. Costly work asks now and then whether it is still there: a connection
/// that waits for such work reads nothing, and does not see its end.
#[derive(Clone, Debug)]
pub(crate) struct Presence(Weak<UnixStream>);

impl Presence {
    pub(crate) fn of(socket: &Arc<UnixStream>) -> Self {
        Self(Arc::downgrade(socket))
    }

    /// Whether nobody will read an answer: the connection has ended, or the caller has closed its end for both
    /// directions. One that only sends no more still waits. A system call.
    pub(crate) fn is_gone(&self) -> bool {
        let Some(socket) = self.0.upgrade() else { return true };
        // A hang-up is always told, whatever is asked for.
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
