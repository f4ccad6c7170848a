//! What the daemon does on its own: upkeep, watchdog, and reload and shutdown by signal.

use super::service_manager;
use crate::operations::authorise;
use crate::operations::dispatch::daemon::Daemon;
use crate::peer::Peer;
use apikeyd_protocol::right::types;
use apikeyd_protocol::term::Actor;
use core::time::Duration;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, iterator};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};

/// The interval of housekeeping. Expiry does not wait for it: each validation reads the clock.
const UPKEEP: Duration = Duration::from_secs(5);

/// Upkeep, and the watchdog if the service manager wants one. Never returns.
pub(super) async fn keep(daemon: Arc<Daemon>, own_socket: PathBuf) {
    tokio::join!(settle(Arc::clone(&daemon)), upkeep(daemon), watchdog(own_socket));
}

/// Not left to the upkeep: a daemon that is killed before that would make the next one wait too, and so on.
async fn settle(daemon: Arc<Daemon>) {
    daemon.service.settled().await;
}

/// One reload for each message.
pub(super) async fn reload_on(daemon: Arc<Daemon>, reloads: Option<mpsc::Receiver<()>>) {
    let Some(mut reloads) = reloads else { return };
    while reloads.recv().await.is_some() {
        service_manager::reloading();
        // It logs its own outcome; a faulty file changes nothing, and the daemon is as ready as before.
        let _logged = daemon.reload.reload(&daemon.service, Actor::Daemon, &|| false).await;
        service_manager::ready();
    }
}

async fn upkeep(daemon: Arc<Daemon>) {
    let mut ticks = interval(UPKEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut before = daemon.traffic.requests();
    loop {
        ticks.tick().await;
        daemon.service.maintain().await;
        daemon.unread.drop_read();
        let requests = daemon.traffic.requests();
        let rate = requests.saturating_sub(before) / UPKEEP.as_secs();
        before = requests;
        service_manager::status(&figures(&daemon, rate));
    }
}

/// The figures for `systemctl status`, read with the rights of the daemon's own user.
fn figures(daemon: &Daemon, rate: u64) -> String {
    let own = Peer::this_process();
    let standing = daemon.service.standing(|| daemon.reload.rights().load().of(&own));
    let permit = authorise::<types::Validate>(standing, &own);
    let keys = permit.map_or(0, |permit| daemon.service.condition(&permit).active_keys);
    let connections = daemon.traffic.connections();
    format!("{keys} active keys, {connections} connections, {rate} requests/s")
}

/// Feeds the watchdog only if a request to the daemon's own socket was answered: a process that runs but does
/// not serve is restarted.
async fn watchdog(own_socket: PathBuf) {
    let Some(limit) = service_manager::watchdog_limit() else { return };
    let half = limit / 2;
    let mut ticks = interval(half);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match timeout(half, service_manager::ask(&own_socket)).await {
            Ok(Ok(())) => service_manager::alive(),
            Ok(Err(error)) => {
                tracing::error!(%error, "the daemon does not answer its own request; the watchdog is not fed")
            }
            Err(_) => {
                tracing::error!("the daemon does not answer its own request in time; the watchdog is not fed")
            }
        }
    }
}

/// Exit code of a stop that did not wait for the drain.
const CUT_SHORT: i32 = 1;

/// Requests by signal.
#[derive(Debug)]
pub(super) struct Signals {
    drain: Arc<watch::Sender<bool>>,
    reloads: Option<mpsc::Receiver<()>>,
}

impl Signals {
    /// Starts handling signals. SIGTERM and SIGINT start the drain, and a second one exits at once: what was
    /// acknowledged is on the disk. SIGHUP reloads.
    pub(super) fn listen() -> io::Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT] {
            // In this order: the first signal finds the flag unset and sets it.
            flag::register_conditional_shutdown(signal, CUT_SHORT, Arc::clone(&asked))?;
            flag::register(signal, Arc::clone(&asked))?;
        }
        let mut signals = iterator::Signals::new([SIGTERM, SIGINT, SIGHUP])?;
        let drain = Arc::new(watch::Sender::new(false));
        // One waiting reload is enough: it reads the files when its turn comes.
        let (reload, reloads) = mpsc::channel(1);
        let asked_drain = Arc::clone(&drain);
        std::thread::Builder::new().name("apikeyd-signals".into()).spawn(move || {
            for signal in signals.forever() {
                if signal == SIGHUP {
                    let _already_waiting = reload.try_send(());
                } else {
                    tracing::info!(signal, "stopping: answering what has arrived");
                    service_manager::stopping();
                    asked_drain.send_replace(true);
                }
            }
        })?;
        Ok(Self { drain, reloads: Some(reloads) })
    }

    /// Turns true when the daemon is to stop.
    pub(super) fn drain(&self) -> watch::Receiver<bool> {
        self.drain.subscribe()
    }

    /// Starts the shutdown, as a signal would.
    pub(super) fn stop(&self) {
        self.drain.send_replace(true);
    }

    /// One message for each requested reload. Can be taken once.
    pub(super) fn take_reloads(&mut self) -> Option<mpsc::Receiver<()>> {
        self.reloads.take()
    }
}
