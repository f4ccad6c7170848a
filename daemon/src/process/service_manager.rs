//! Notifications to the service manager, and the request to the daemon's own socket without which the watchdog
//! is not fed. Everything works without a service manager.

use crate::front::reading;
use crate::logging::RateLimit;
use apikeyd_protocol::frame::{Frame, HEADER_BYTES, Status, append_request};
use apikeyd_protocol::hello::{Hello, Welcome, WelcomeCode};
use apikeyd_protocol::message::PolicyRows;
use apikeyd_protocol::operation::Opcode;
use core::time::Duration;
use sd_notify::NotifyState;
use std::io;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Builder;
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;

/// Notifications that may wait to be sent. Beyond this the newest are dropped: the service manager would not
/// read them anyway.
const WAITING: usize = 64;

/// Requests are answered. Also ends a reload.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// A reload begins. Sent with the time, in one datagram: without it `systemctl reload` waits indefinitely.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "the service manager is not notified of the reload: no clock"),
    }
}

/// The daemon is shutting down.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// The daemon has answered itself.
pub(crate) fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// One line for `systemctl status`.
pub(crate) fn status(line: &str) {
    tell(&[NotifyState::Status(line)]);
}

/// The time after which the service manager restarts a daemon that has not reported that it is alive.
pub(crate) fn watchdog_limit() -> Option<Duration> {
    sd_notify::watchdog_enabled().filter(|limit| !limit.is_zero())
}

fn tell(states: &[NotifyState<'_>]) {
    static SENDER: OnceLock<Option<SyncSender<String>>> = OnceLock::new();
    static DROPPED: RateLimit = RateLimit::new();
    let Some(sender) = SENDER.get_or_init(start) else { return };
    let note: Vec<String> = states.iter().map(ToString::to_string).collect();
    if sender.try_send(note.join("\n")).is_err()
        && let Some(pass) = DROPPED.now()
    {
        tracing::warn!(suppressed = pass.suppressed, "the service manager does not read its notifications");
    }
}

/// Starts the thread; without a service manager there is none.
fn start() -> Option<SyncSender<String>> {
    std::env::var_os("NOTIFY_SOCKET")?;
    let (sender, notes) = sync_channel(WAITING);
    match Builder::new().name("notify".into()).spawn(move || send_all(&notes)) {
        Ok(_) => Some(sender),
        Err(error) => {
            tracing::warn!(%error, "the service manager cannot be notified");
            None
        }
    }
}

fn send_all(notes: &Receiver<String>) {
    while let Ok(note) = notes.recv() {
        if let Err(error) = sd_notify::notify(&[NotifyState::Custom(&note)]) {
            tracing::warn!(%error, "the service manager could not be notified");
        }
    }
}

/// Connects to the socket's path, greets, and requests policy rows beyond the last one: the status may be held
/// back for seconds after a start, which is not a fault.
///
/// # Errors
/// If there is no proper answer. The caller sets the time limit.
pub(crate) async fn ask(socket: &Path) -> io::Result<()> {
    let mut stream = UnixStream::connect(socket).await?;
    let mut request = Hello::CURRENT.encode().to_vec();
    append_request(&mut request, Opcode::PolicyRows, 1, &PolicyRows::new(u32::MAX))
        .map_err(io::Error::other)?;
    stream.write_all(&request).await?;
    let (mut answer, mut chunk) = (Vec::new(), [0; 1024]);
    loop {
        let count = reading::read(&stream, &mut chunk).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        answer.extend(chunk.iter().take(count));
        if let Some(status) = status_in(&answer)? {
            return if status == Status::Ok { Ok(()) } else { Err(io::Error::other(status.name())) };
        }
    }
}

/// The status of the first answer after the welcome, once its header has arrived.
fn status_in(bytes: &[u8]) -> io::Result<Option<Status>> {
    let Some((welcome, length)) = Welcome::decode(bytes).map_err(io::Error::other)? else { return Ok(None) };
    if welcome.code != WelcomeCode::Accepted {
        return Err(io::Error::other(welcome.code));
    }
    let rest = bytes.get(length..).unwrap_or_default();
    if rest.len() < HEADER_BYTES {
        return Ok(None);
    }
    let frame = Frame::split(rest).map_err(io::Error::other)?;
    Ok(frame.map(|(frame, _)| Status::from_code(frame.header.flags_or_status)))
}
