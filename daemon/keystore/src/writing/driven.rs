//! The writer without a thread: those who wait for a change drive it.

use super::lanes::Lanes;
use super::shared::Shared;
use super::writer::serve;
use std::sync::{Arc, Mutex, PoisonError};

/// What the writer's thread would own.
#[derive(Debug)]
pub(crate) struct Driven {
    shared: Arc<Shared>,
    /// None once the store is closed.
    lanes: Mutex<Option<Arc<Lanes>>>,
}

impl Driven {
    pub(crate) const fn new(shared: Arc<Shared>, lanes: Arc<Lanes>) -> Self {
        Self { shared, lanes: Mutex::new(Some(lanes)) }
    }

    /// Carries out what is queued.
    pub(crate) fn drive(&self) {
        let mut slot = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(lanes) = &*slot
            && let Some(task) = lanes.next_now()
        {
            if serve(&self.shared, task, lanes).is_break() {
                *slot = None;
            }
        }
    }
}
