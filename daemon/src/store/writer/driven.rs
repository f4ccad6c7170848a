//! The writer without a thread: those who wait for a change drive it.

use super::{Queue, serve};
use crate::store::lanes::Lanes;
use crate::store::shared::Shared;
use std::sync::{Arc, Mutex, PoisonError};

/// What the writer's thread would own.
#[derive(Debug)]
pub(super) struct Driven {
    shared: Arc<Shared>,
    /// None once the store is closed.
    lanes: Mutex<Option<Arc<Lanes>>>,
}

impl Driven {
    pub(super) const fn new(shared: Arc<Shared>, lanes: Arc<Lanes>) -> Self {
        Self { shared, lanes: Mutex::new(Some(lanes)) }
    }
}

impl Queue {
    /// Lets all tasks that are ready queue their commands, then writes what is queued. Nothing to do where a thread
    /// writes.
    pub(in crate::store) async fn gather(&self) {
        if self.driven.is_some() {
            tokio::task::yield_now().await;
            self.drive();
        }
    }

    /// Writes what is queued. Nothing to do where a thread writes.
    pub(in crate::store) fn drive(&self) {
        let Some(driven) = &self.driven else { return };
        let mut slot = driven.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(lanes) = &*slot
            && let Some(message) = lanes.next_now()
        {
            if serve(&driven.shared, message, lanes).is_break() {
                *slot = None;
            }
        }
    }
}
