//! Signals, as values that tasks wait for.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, iterator};
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::sync::{mpsc, watch};

/// Exit code of a stop that did not wait for the drain.
const CUT_SHORT: i32 = 1;

/// What signals ask for.
#[derive(Debug)]
pub(super) struct Signals {
    drain: Arc<watch::Sender<bool>>,
    reloads: Option<mpsc::Receiver<()>>,
}

impl Signals {
    /// Begins to listen. SIGTERM and SIGINT ask for the drain, and the second one ends the process at once:
    /// what was acknowledged is on the disk. SIGHUP asks for a reload.
    pub(super) fn listen() -> io::Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT] {
            // In this order: the first signal finds the flag down and raises it.
            flag::register_conditional_shutdown(signal, CUT_SHORT, Arc::clone(&asked))?;
            flag::register(signal, Arc::clone(&asked))?;
        }
        let mut signals = iterator::Signals::new([SIGTERM, SIGINT, SIGHUP])?;
        let drain = Arc::new(watch::Sender::new(false));
        // One waiting reload is enough: it reads what is there when its turn comes.
        let (reload, reloads) = mpsc::channel(1);
        let asked_drain = Arc::clone(&drain);
        std::thread::Builder::new().name("apikeyd-signals".into()).spawn(move || {
            for signal in signals.forever() {
                if signal == SIGHUP {
                    let _already_waiting = reload.try_send(());
                } else {
                    tracing::info!(signal, "stopping: answering what has arrived");
                    super::notify::stopping();
                    asked_drain.send_replace(true);
                }
            }
        })?;
        Ok(Self { drain, reloads: Some(reloads) })
    }

    /// Turns true when the daemon is to end.
    pub(super) fn drain(&self) -> watch::Receiver<bool> {
        self.drain.subscribe()
    }

    /// Asks for the end, as a signal would.
    pub(super) fn stop(&self) {
        self.drain.send_replace(true);
    }

    /// One message for each reload that is asked for. Given once.
    pub(super) fn take_reloads(&mut self) -> Option<mpsc::Receiver<()>> {
        self.reloads.take()
    }
}
