//! The way to the writer, and who runs it: a thread of its own, or its callers.

use super::command::{Pending, Task};
use super::driven::Driven;
use super::lanes::{Lanes, Ticket};
use super::shared::Shared;
use super::writer;
use crate::database::batch::Batch;
use crate::error::StoreError;
use crate::parts::Executor;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

/// The way to the writer.
#[derive(Debug)]
pub(crate) struct Queue {
    lanes: Arc<Lanes>,
    /// None where a thread writes.
    driven: Option<Driven>,
}

/// Starts the writer, and its thread if it is to have one.
pub(crate) fn start(
    shared: Arc<Shared>,
    executor: Executor,
) -> std::io::Result<(Queue, Option<JoinHandle<()>>)> {
    let lanes = Arc::new(Lanes::default());
    match executor {
        Executor::OwnThread => {
            let waiting = Arc::clone(&lanes);
            let thread =
                Builder::new().name("store-writer".into()).spawn(move || writer::run(&shared, &waiting))?;
            Ok((Queue { lanes, driven: None }, Some(thread)))
        }
        Executor::Caller => {
            let driven = Driven::new(shared, Arc::clone(&lanes));
            Ok((Queue { lanes, driven: Some(driven) }, None))
        }
    }
}

impl Queue {
    /// Queues a command. `reply` gets the answer once it is durable, where the writer runs.
    pub(crate) fn submit<T: Send + 'static>(
        &self,
        ticket: Ticket,
        decide: impl FnOnce(&mut Batch<'_>) -> Result<T, StoreError> + Send + 'static,
        reply: impl FnOnce(Result<T, StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        self.lanes.queue(ticket, Box::new(Pending::new(decide, reply)))
    }

    /// Asks the writer to open a failed database again; `done` is called when it has tried.
    pub(crate) fn recover(&self, done: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
        self.other(Task::Recover(Box::new(done)))
    }

    /// Asks the writer to close, after all that is queued.
    pub(crate) fn close(
        &self,
        done: impl FnOnce(Result<(), StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        self.other(Task::Close(Box::new(done)))
    }

    /// Whether its callers run the writer.
    pub(crate) const fn is_driven(&self) -> bool {
        self.driven.is_some()
    }

    /// Writes what is queued, on this thread. Nothing to do where a thread writes.
    pub(crate) fn drive(&self) {
        if let Some(driven) = &self.driven {
            driven.drive();
        }
    }

    fn other(&self, task: Task) -> Result<(), StoreError> {
        self.lanes.queue_other(task)?;
        self.drive();
        Ok(())
    }
}
