//! The accept loop.

use super::admission::{Admission, Counted};
use super::connection::{Connection, End};
use super::listening::Listening;
use crate::logging::RateLimit;
use crate::operations::dispatch::daemon::Daemon;
use crate::peer::Peer;
use apikeyd_protocol::hello::{Welcome, WelcomeCode};
use core::time::Duration;
use interprocess::local_socket::traits::tokio::Listener as _;
use interprocess::os::unix::uds_local_socket::tokio::Listener;
use std::io;
use std::sync::Arc;
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Delay after a failed accept. Without it, a daemon that has run out of descriptors spends all its time on
/// failing.
const BACK_OFF: Duration = Duration::from_millis(50);

/// Time for connections to finish when the daemon shuts down. Below systemd's 90 seconds.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum number of queued callers that get a notice of the shutdown.
const LAST_ACCEPTS: usize = 4096;

/// Accepts and serves until `drain` turns true, then lets the connections finish.
///
/// # Errors
/// If the socket cannot be served at all.
pub(crate) async fn serve(
    listening: Listening,
    daemon: Arc<Daemon>,
    admission: Arc<Admission>,
    mut drain: watch::Receiver<bool>,
) -> io::Result<()> {
    // From a descriptor, so that the crate never removes a name from the file system.
    let listener = Listener::try_from(listening.socket)?;
    let acceptor = Acceptor { daemon, admission, drain: drain.clone() };
    let mut connections = JoinSet::new();
    // Without the value, which is a lock.
    let mut ending = Box::pin(async move { drain.wait_for(|ending| *ending).await.is_ok() });
    loop {
        tokio::select! {
            biased;
            _ = &mut ending => break,
            // Only collected; a connection that panicked has been logged by the hook.
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok(stream) => acceptor.admit(stream.into(), &mut connections),
                Err(error) => {
                    note_failed_accept(&error);
                    sleep(BACK_OFF).await;
                }
            },
        }
    }
    if let Some(name) = &listening.own_name {
        name.remove();
        dismiss_queue(&listener).await;
    }
    // The queue of an inherited socket is for the next daemon that the service manager starts.
    drop(listener);
    let finishing = async { while connections.join_next().await.is_some() {} };
    if timeout(DRAIN_TIMEOUT, finishing).await.is_err() {
        tracing::warn!(connections = connections.len(), "connections did not finish in time and were closed");
        connections.shutdown().await;
    }
    Ok(())
}

/// Decides what becomes of a caller.
struct Acceptor {
    daemon: Arc<Daemon>,
    admission: Arc<Admission>,
    drain: watch::Receiver<bool>,
}

impl Acceptor {
    fn admit(&self, socket: UnixStream, connections: &mut JoinSet<()>) {
        let peer = match Peer::of(&socket) {
            Ok(peer) => Arc::new(peer),
            Err(error) => {
                self.note_turned_away(None, WelcomeCode::NotPermitted, Some(&error));
                return refuse_at_once(&socket, WelcomeCode::NotPermitted);
            }
        };
        let rights = self.daemon.reload.rights().load().of(&peer);
        let place =
            if rights.is_empty() { Err(WelcomeCode::NotPermitted) } else { self.admission.admit(&peer) };
        let idle = self.admission.idle();
        let daemon = Arc::clone(&self.daemon);
        match place {
            Ok(place) => {
                let drain = self.drain.clone();
                connections.spawn(async move {
                    let _place = place;
                    let _counted = Counted::new(&daemon.traffic);
                    let connection = Connection::new(socket, Arc::clone(&peer), Arc::clone(&daemon), idle);
                    note_end(&peer, connection.serve(drain).await);
                });
            }
            Err(code) => {
                self.note_turned_away(Some(&peer), code, None);
                let Some(place) = self.admission.linger(peer.uid) else {
                    return refuse_at_once(&socket, code);
                };
                connections.spawn(async move {
                    let _place = place;
                    let connection = Connection::new(socket, peer, daemon, idle);
                    connection.turn_away(code).await;
                });
            }
        }
    }

    fn note_turned_away(&self, peer: Option<&Peer>, code: WelcomeCode, error: Option<&io::Error>) {
        static REFUSED: RateLimit = RateLimit::new();
        self.daemon.traffic.turned_away();
        let Some(pass) = REFUSED.now() else { return };
        match (peer, error) {
            (Some(Peer { uid, pid, .. }), _) => {
                tracing::warn!(uid, pid, suppressed = pass.suppressed, reason = %code, "a caller was refused");
            }
            (None, Some(error)) => {
                tracing::warn!(suppressed = pass.suppressed, %error, "a caller was refused: the kernel does not say who it is");
            }
            (None, None) => {}
        }
    }
}

/// Refuses without waiting for the hello. The socket is new, so its buffer has room.
fn refuse_at_once(socket: &UnixStream, code: WelcomeCode) {
    if let Err(error) = socket.try_write(&Welcome::refusal(code).encode()) {
        tracing::debug!(%error, "a refusal was not delivered");
    }
}

/// Tells the callers that wait in the queue of a socket that has lost its name.
async fn dismiss_queue(listener: &Listener) {
    for _ in 0..LAST_ACCEPTS {
        match timeout(Duration::ZERO, listener.accept()).await {
            Ok(Ok(stream)) => refuse_at_once(stream.inner(), WelcomeCode::ShuttingDown),
            Ok(Err(_)) | Err(_) => return,
        }
    }
}

fn note_failed_accept(error: &io::Error) {
    static FAILED: RateLimit = RateLimit::new();
    if let Some(pass) = FAILED.now() {
        tracing::error!(%error, suppressed = pass.suppressed, "a connection could not be accepted; trying again");
    }
}

fn note_end(peer: &Peer, end: End) {
    static BROKEN: RateLimit = RateLimit::new();
    let Peer { uid, pid, .. } = *peer;
    match end {
        End::BadFrame
        | End::SlowFrame
        | End::Stuck
        | End::NoHello
        | End::Unrecorded
        | End::Refused(_)
        | End::Failed(_) => {
            if let Some(pass) = BROKEN.now() {
                tracing::warn!(uid, pid, suppressed = pass.suppressed, reason = %end, "a connection was ended");
            }
        }
        End::Closed | End::Idle | End::Drained => {
            tracing::debug!(uid, pid, reason = %end, "a connection ended")
        }
    }
}
