//! The one writer and the way to it: queued commands are taken into one transaction, and answered after the
//! commit. It runs on its own thread, or on those of the callers that wait for a change.

use super::lanes::{Command, Lanes, Pending, Taken, Task, Ticket};
use super::shared::Shared;
use crate::database::batch::{Batch, Effects};
use crate::database::schema::Head;
use crate::error::StoreError;
use crate::parts::Executor;
use crate::secrets::wipe_stack;
use core::ops::ControlFlow;
use core::panic::AssertUnwindSafe;
use redb::Database;
use std::panic::catch_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

/// The way to the writer.
#[derive(Debug)]
pub(crate) struct Queue {
    lanes: Arc<Lanes>,
    /// None if a thread writes.
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
            let thread = Builder::new().name("store-writer".into()).spawn(move || run(&shared, &waiting))?;
            Ok((Queue { lanes, driven: None }, Some(thread)))
        }
        Executor::Caller => {
            let driven = Driven::new(shared, Arc::clone(&lanes));
            Ok((Queue { lanes, driven: Some(driven) }, None))
        }
    }
}

impl Queue {
    /// Queues a command. `reply` gets the answer once it is durable, on the writer's thread.
    pub(crate) fn submit<T: Send + 'static>(
        &self,
        ticket: Ticket,
        decide: impl FnOnce(&mut Batch<'_>) -> Result<T, StoreError> + Send + 'static,
        reply: impl FnOnce(Result<T, StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        self.lanes.queue(ticket, Box::new(Pending::new(decide, reply)))
    }

    /// Asks the writer to reopen a failed database; `done` is called once it has tried.
    pub(crate) fn recover(&self, done: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
        self.other(Task::Recover(Box::new(done)))
    }

    /// Asks the writer to close after everything queued.
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

    /// Writes what is queued, on this thread. Does nothing if a thread writes.
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

/// What the writer's thread would otherwise own.
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

/// Carries out what is queued until the store is closed.
pub(crate) fn run(shared: &Shared, lanes: &Lanes) {
    while serve(shared, lanes.wait(), lanes).is_continue() {
        wipe_stack();
    }
}

/// Carries out the next task; breaks after a close.
pub(crate) fn serve(shared: &Shared, task: Task, lanes: &Lanes) -> ControlFlow<()> {
    match task {
        Task::Commands => run_batch(shared, lanes),
        Task::Recover(done) => {
            shared.recover();
            done();
        }
        Task::Close(done) => {
            done(shared.close());
            return ControlFlow::Break(());
        }
    }
    ControlFlow::Continue(())
}

fn run_batch(shared: &Shared, lanes: &Lanes) {
    let turn = shared.turn();
    let mut batch = Forming { lanes, taken: Taken::default(), commands: Vec::new() };
    let outcome = match shared.writable() {
        Ok(database) => {
            // A panic in the database's code must not end the writer, and with it every later change.
            let committed = catch_unwind(AssertUnwindSafe(|| commit(shared, &database, &mut batch)))
                .unwrap_or_else(|_| Err(StoreError::unavailable("a fault in the writer")));
            match committed {
                Ok((head, effects)) => {
                    shared.committed(head, effects);
                    Ok(())
                }
                Err(error) => {
                    tracing::error!(%error, commands = batch.commands.len(), "a batch of changes failed");
                    if matches!(error, StoreError::Unavailable { .. }) {
                        shared.retreat(&database, &turn);
                    }
                    Err(error)
                }
            }
        }
        Err(error) => {
            // Those of one batch, as if they had failed together.
            while batch.next().is_some() {}
            Err(error)
        }
    };
    drop(turn);
    for command in batch.commands {
        command.answer(outcome.clone());
    }
}

/// A batch that takes its commands one by one, so that a revocation that arrives in the meantime joins it.
struct Forming<'l> {
    lanes: &'l Lanes,
    taken: Taken,
    /// The commands taken: each is answered, whatever becomes of the batch.
    commands: Vec<Box<dyn Command>>,
}

impl Forming<'_> {
    fn next(&mut self) -> Option<&mut Box<dyn Command>> {
        let command = self.lanes.take(&mut self.taken)?;
        self.commands.push(command);
        self.commands.last_mut()
    }
}

/// Decides the commands of a batch in one transaction and makes it durable.
fn commit(
    shared: &Shared,
    database: &Database,
    forming: &mut Forming<'_>,
) -> Result<(Option<Head>, Effects), StoreError> {
    let mut txn = database.begin_write()?;
    // Also makes the commit two-phase, so that a torn one is never mistaken for a complete one.
    txn.set_quick_repair(true);
    let mut batch = Batch::open(&txn, &shared.secrets)?;
    while let Some(command) = forming.next() {
        command.decide(&mut batch);
        if let Some(fault) = batch.fault() {
            // Dropping the transaction undoes what was begun.
            return Err(fault);
        }
    }
    let (head, effects) = batch.finish()?;
    match head {
        Some(_) => txn.commit()?,
        None => txn.abort()?,
    }
    Ok((head, effects))
}
