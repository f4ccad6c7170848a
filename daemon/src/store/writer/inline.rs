//! The writer without a thread, for a store that repeats, and the ways in which it is wrong on purpose.

use super::{Command, Queue, serve};
use crate::fault::{Planted, is_planted};
use crate::store::error::StoreError;
use crate::store::lanes::Lanes;
use crate::store::shared::Shared;
use redb::{Durability, WriteTransaction};
use std::sync::{Arc, Mutex, PoisonError};

/// What the writer's thread would own.
#[derive(Debug)]
pub(super) struct Inline {
    shared: Arc<Shared>,
    /// None once the store is closed.
    lanes: Mutex<Option<Arc<Lanes>>>,
}

impl Inline {
    pub(super) const fn new(shared: Arc<Shared>, lanes: Arc<Lanes>) -> Self {
        Self { shared, lanes: Mutex::new(Some(lanes)) }
    }
}

impl Queue {
    /// Lets all tasks that are ready queue their commands, then writes what is queued.
    pub(in crate::store) async fn gather_inline(&self) {
        if self.inline.is_some() {
            tokio::task::yield_now().await;
            self.write_inline();
        }
    }

    /// Writes what is queued. Nothing to do where there is a thread for it.
    pub(in crate::store) fn write_inline(&self) {
        let Some(inline) = &self.inline else { return };
        let mut slot = inline.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(lanes) = &*slot
            && let Some(message) = lanes.next_now()
        {
            if serve(&inline.shared, message, lanes).is_break() {
                *slot = None;
            }
        }
    }
}

/// Between the decisions and the commit.
pub(super) fn misbehave(
    txn: &mut WriteTransaction,
    commands: &mut Vec<Box<dyn Command>>,
) -> Result<(), StoreError> {
    if is_planted(Planted::ReplyBeforeCommit) {
        commands.drain(..).for_each(|command| command.answer(Ok(())));
    }
    if is_planted(Planted::NotDurable) {
        txn.set_durability(Durability::None).map_err(|error| StoreError::unavailable(error.to_string()))?;
    }
    Ok(())
}
