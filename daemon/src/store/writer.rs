//! The one writer, on a thread of its own or driven by its callers: it takes what is queued into one transaction, and
//! answers after the commit.

use super::batch::{Batch, Effects};
use super::error::StoreError;
use super::lanes::{Lanes, Taken, Ticket};
use super::schema::Head;
use super::shared::Shared;
use crate::parts::Executor;
use crate::stack;
use core::ops::ControlFlow;
use core::panic::AssertUnwindSafe;
use driven::Driven;
use redb::Database;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

mod driven;

/// A command: decided in the transaction, answered after the commit.
pub(super) trait Command: Send {
    /// Decides, and keeps the answer back. An error concerns this command alone unless the batch is broken.
    fn decide(&mut self, batch: &mut Batch<'_>);
    /// Gives the answer, or why the batch failed.
    fn answer(self: Box<Self>, batch: Result<(), StoreError>);
}

impl core::fmt::Debug for dyn Command {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Command")
    }
}

/// What the writer does next.
pub(super) enum Message {
    /// Commands wait in their lanes.
    Commands,
    Recover(Box<dyn FnOnce() + Send>),
    Close(Box<dyn FnOnce(Result<(), StoreError>) + Send>),
}

/// The way to the writer.
#[derive(Debug)]
pub(super) struct Queue {
    lanes: Arc<Lanes>,
    /// None where a thread writes.
    driven: Option<Driven>,
}

impl core::fmt::Debug for Message {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Message")
    }
}

/// Starts the writer, and its thread if it is to have one.
pub(super) fn start(
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
    /// Queues a command. `reply` gets the answer once it is durable, where the writer runs.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        ticket: Ticket,
        decide: impl FnOnce(&mut Batch<'_>) -> Result<T, StoreError> + Send + 'static,
        reply: impl FnOnce(Result<T, StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        self.lanes.queue(ticket, Box::new(Pending { decide: Some(decide), decided: None, reply }))
    }

    /// Asks the writer to open a failed database again; `done` is called when it has tried.
    pub(super) fn recover(&self, done: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
        self.other(Message::Recover(Box::new(done)))
    }

    /// Asks the writer to close, after all that is queued.
    pub(super) fn close(
        &self,
        done: impl FnOnce(Result<(), StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        self.other(Message::Close(Box::new(done)))
    }

    fn other(&self, message: Message) -> Result<(), StoreError> {
        self.lanes.queue_other(message)?;
        self.drive();
        Ok(())
    }
}

struct Pending<D, T, R> {
    decide: Option<D>,
    decided: Option<Result<T, StoreError>>,
    reply: R,
}

impl<D, T, R> Command for Pending<D, T, R>
where
    D: FnOnce(&mut Batch<'_>) -> Result<T, StoreError> + Send,
    T: Send,
    R: FnOnce(Result<T, StoreError>) + Send,
{
    fn decide(&mut self, batch: &mut Batch<'_>) {
        self.decided = self.decide.take().map(|decide| decide(batch));
    }

    fn answer(self: Box<Self>, batch: Result<(), StoreError>) {
        let undecided = || Err(StoreError::unavailable("the batch failed before this command's turn"));
        let decided = self.decided.unwrap_or_else(undecided);
        (self.reply)(batch.and(decided));
    }
}

fn run(shared: &Shared, lanes: &Lanes) {
    while serve(shared, lanes.wait(), lanes).is_continue() {
        stack::wipe();
    }
}

/// Carries out what comes next; breaks when it was a close.
fn serve(shared: &Shared, message: Message, lanes: &Lanes) -> ControlFlow<()> {
    match message {
        Message::Commands => run_batch(shared, lanes),
        Message::Recover(done) => {
            shared.recover();
            done();
        }
        Message::Close(done) => {
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
            // A panic in the database's code must not take the writer, and with it every later change, away.
            let committed = catch_unwind(AssertUnwindSafe(|| commit(shared, &database, &mut batch)))
                .unwrap_or_else(|_| Err(StoreError::unavailable("the writer met a fault of its own")));
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

/// A batch that takes its commands one by one, so that a revocation that arrives meanwhile is in it.
struct Forming<'l> {
    lanes: &'l Lanes,
    taken: Taken,
    /// Those that were taken: each is answered, whatever becomes of the batch.
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
    // Also makes the commit two-phase, so that a torn one is never taken for whole.
    txn.set_quick_repair(true);
    let mut batch = Batch::open(&txn, &shared.secrets)?;
    while let Some(command) = forming.next() {
        command.decide(&mut batch);
        if let Some(fault) = batch.fault() {
            // Dropping the transaction takes back what was begun.
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
