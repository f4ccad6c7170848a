//! What the daemon does without being asked by a caller: upkeep, watchdog, reloads by signal.

use super::{notify, self_check};
use crate::operations::authorise;
use crate::operations::dispatch::daemon::Daemon;
use crate::peer::Peer;
use apikeyd_protocol::right::types;
use apikeyd_protocol::term::Actor;
use core::time::Duration;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// How often the store is looked after. Expiry does not wait for it: each validation looks at the clock.
const UPKEEP: Duration = Duration::from_secs(5);

/// Upkeep, and the watchdog where the service manager asks for one. Never ends.
pub(super) async fn keep(daemon: Arc<Daemon>, own_socket: PathBuf) {
    tokio::join!(settle(Arc::clone(&daemon)), upkeep(daemon), watchdog(own_socket));
}

/// Not left to the upkeep: a daemon that is killed before that would have the next one wait, too, and that the next.
async fn settle(daemon: Arc<Daemon>) {
    daemon.service.settled().await;
}

/// One reload for each message.
pub(super) async fn reload_on(daemon: Arc<Daemon>, reloads: Option<mpsc::Receiver<()>>) {
    let Some(mut reloads) = reloads else { return };
    while reloads.recv().await.is_some() {
        notify::reloading();
        // It logs its own outcome; a faulty file changes nothing, and the daemon is ready as before.
        let _logged = daemon.reload.reload(&daemon.service, Actor::Daemon, &|| false).await;
        notify::ready();
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
        notify::status(&figures(&daemon, rate));
    }
}

/// The figures for `systemctl status`, asked for with the rights of the daemon's own user.
fn figures(daemon: &Daemon, rate: u64) -> String {
    let own = Peer::this_process();
    let standing = daemon.service.standing(|| daemon.reload.rights().load().of(&own));
    let permit = authorise::<types::Validate>(standing, &own);
    let keys = permit.map_or(0, |permit| daemon.service.condition(&permit).active_keys);
    let connections = daemon.traffic.connections();
    format!("{keys} active keys, {connections} connections, {rate} requests/s")
}

/// Feeds the watchdog only when a request to the daemon's own socket was answered: a process that runs and
/// does not serve is restarted.
async fn watchdog(own_socket: PathBuf) {
    let Some(limit) = notify::watchdog_limit() else { return };
    let half = limit / 2;
    let mut ticks = interval(half);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match timeout(half, self_check::ask(&own_socket)).await {
            Ok(Ok(())) => notify::alive(),
            Ok(Err(error)) => {
                tracing::error!(%error, "the daemon does not answer itself; the watchdog is not fed")
            }
            Err(_) => tracing::error!("the daemon does not answer itself in time; the watchdog is not fed"),
        }
    }
}
