//! Notes to the service manager (sd_notify(3)). Without `NOTIFY_SOCKET` they go nowhere, which is no fault.
//!
//! A thread of its own sends them, one after the other: a service manager that does not read fills its queue, which holds
//! ten datagrams by default (unix(7)), and the next send waits for as long as it likes.

use crate::logging::Seldom;
use core::time::Duration;
use sd_notify::NotifyState;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Builder;

/// Notes that may wait to be sent. Past it the newest are dropped: they say what the service manager would not read.
const WAITING: usize = 64;

/// Requests are answered. Also ends a reload.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// A reload begins. With the time, in one datagram: without it `systemctl reload` waits for ever.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "the service manager is not told of the reload: no clock"),
    }
}

/// The daemon is about to end.
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

/// The time after which the service manager restarts a daemon that has not said that it is alive.
pub(crate) fn watchdog_limit() -> Option<Duration> {
    sd_notify::watchdog_enabled().filter(|limit| !limit.is_zero())
}

fn tell(states: &[NotifyState<'_>]) {
    static SENDER: OnceLock<Option<SyncSender<String>>> = OnceLock::new();
    static DROPPED: Seldom = Seldom::new();
    let Some(sender) = SENDER.get_or_init(start) else { return };
    let note: Vec<String> = states.iter().map(ToString::to_string).collect();
    if sender.try_send(note.join("\n")).is_err()
        && let Some(pass) = DROPPED.now()
    {
        tracing::warn!(suppressed = pass.suppressed, "the service manager does not read what it is told");
    }
}

/// Starts the thread; without a service manager there is none.
fn start() -> Option<SyncSender<String>> {
    std::env::var_os("NOTIFY_SOCKET")?;
    let (sender, notes) = sync_channel(WAITING);
    match Builder::new().name("notify".into()).spawn(move || send_all(&notes)) {
        Ok(_) => Some(sender),
        Err(error) => {
            tracing::warn!(%error, "the service manager cannot be told anything");
            None
        }
    }
}

fn send_all(notes: &Receiver<String>) {
    while let Ok(note) = notes.recv() {
        if let Err(error) = sd_notify::notify(&[NotifyState::Custom(&note)]) {
            tracing::warn!(%error, "the service manager could not be told");
        }
    }
}
