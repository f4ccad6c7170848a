//! The one writer: a thread that takes what is queued into one transaction, and answers after the commit.

use super::batch::{Batch, Effects};
use super::error::StoreError;
use super::schema::Head;
use super::shared::Shared;
use crate::stack;
use core::ops::ControlFlow;
use core::panic::AssertUnwindSafe;
use redb::Database;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::thread::{Builder, JoinHandle};

#[cfg(feature = "fault-injection")]
mod inline;

/// Commands that may wait. Past it callers are told to ask again.
const MAX_QUEUED: usize = 8192;

/// Commands in one transaction. One sync of the disk costs as much as about this many commands.
const MAX_BATCH: usize = 256;

/// A command: decided in the transaction, answered after the commit.
trait Command: Send {
    /// Decides, and keeps the answer back. An error concerns this command alone unless the batch is broken.
    fn decide(&mut self, batch: &mut Batch<'_>);
    /// Gives the answer, or why the batch failed.
    fn answer(self: Box<Self>, batch: Result<(), StoreError>);
}

enum Message {
    Command(Box<dyn Command>),
    Recover(Box<dyn FnOnce() + Send>),
    Close(Box<dyn FnOnce(Result<(), StoreError>) + Send>),
}

/// The way to the writer.
#[derive(Debug)]
pub(super) struct Queue {
    sender: SyncSender<Message>,
    #[cfg(feature = "fault-injection")]
    inline: Option<inline::Inline>,
}

impl core::fmt::Debug for Message {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Message")
    }
}

/// Starts the writer. There is no thread only with the feature `fault-injection`, for a store that repeats.
pub(super) fn start(shared: Arc<Shared>) -> std::io::Result<(Queue, Option<JoinHandle<()>>)> {
    let (sender, receiver) = sync_channel(MAX_QUEUED);
    #[cfg(feature = "fault-injection")]
    if crate::fault::is_repeatable() {
        return Ok((Queue { sender, inline: Some(inline::Inline::new(shared, receiver)) }, None));
    }
    let thread = Builder::new().name("store-writer".into()).spawn(move || run(&shared, &receiver))?;
    let queue = Queue {
        sender,
        #[cfg(feature = "fault-injection")]
        inline: None,
    };
    Ok((queue, Some(thread)))
}

impl Queue {
    /// Queues a command. `reply` gets the answer once it is durable, on the writer's thread.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        decide: impl FnOnce(&mut Batch<'_>) -> Result<T, StoreError> + Send + 'static,
        reply: impl FnOnce(Result<T, StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        self.send(Message::Command(Box::new(Pending { decide: Some(decide), decided: None, reply })))
    }

    /// Asks the writer to open a failed database again; `done` is called when it has tried.
    pub(super) fn recover(&self, done: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
        self.send(Message::Recover(Box::new(done)))?;
        #[cfg(feature = "fault-injection")]
        self.write_inline();
        Ok(())
    }

    /// Asks the writer to close, after all that is queued.
    pub(super) fn close(
        &self,
        done: impl FnOnce(Result<(), StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        // Waits for room: there is no "ask again later" for a close.
        self.sender.send(Message::Close(Box::new(done))).map_err(|_| StoreError::Closed)?;
        #[cfg(feature = "fault-injection")]
        self.write_inline();
        Ok(())
    }

    fn send(&self, message: Message) -> Result<(), StoreError> {
        self.sender.try_send(message).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => StoreError::Closed,
        })
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

fn run(shared: &Shared, receiver: &Receiver<Message>) {
    while let Ok(message) = receiver.recv() {
        if serve(shared, message, receiver).is_break() {
            return;
        }
        stack::wipe();
    }
    // All senders are gone without a close; the error would have nobody to go to.
    let _ = shared.close();
}

/// Carries out a message and those behind it that were looked at on the way; breaks when it was a close.
fn serve(shared: &Shared, message: Message, receiver: &Receiver<Message>) -> ControlFlow<()> {
    let mut next = Some(message);
    while let Some(message) = next.take() {
        match message {
            Message::Command(first) => {
                let (batch, behind) = collect(first, receiver);
                run_batch(shared, batch);
                next = behind;
            }
            Message::Recover(done) => {
                shared.recover();
                done();
            }
            Message::Close(done) => {
                done(shared.close());
                return ControlFlow::Break(());
            }
        }
    }
    ControlFlow::Continue(())
}

/// What is queued now, up to the limit of a batch or a message of another kind, which comes next.
fn collect(
    first: Box<dyn Command>,
    receiver: &Receiver<Message>,
) -> (Vec<Box<dyn Command>>, Option<Message>) {
    let mut batch = vec![first];
    while batch.len() < MAX_BATCH {
        match receiver.try_recv() {
            Ok(Message::Command(command)) => batch.push(command),
            Ok(other) => return (batch, Some(other)),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
        }
    }
    (batch, None)
}

fn run_batch(shared: &Shared, mut commands: Vec<Box<dyn Command>>) {
    let turn = shared.turn();
    let outcome = match shared.writable() {
        Ok(database) => {
            // A panic in the database's code must not take the writer, and with it every later change, away.
            let committed = catch_unwind(AssertUnwindSafe(|| commit(shared, &database, &mut commands)))
                .unwrap_or_else(|_| Err(StoreError::unavailable("the writer met a fault of its own")));
            match committed {
                Ok((head, effects)) => {
                    shared.committed(head, effects);
                    Ok(())
                }
                Err(error) => {
                    tracing::error!(%error, commands = commands.len(), "a batch of changes failed");
                    if matches!(error, StoreError::Unavailable { .. }) {
                        shared.retreat(&database, &turn);
                    }
                    Err(error)
                }
            }
        }
        Err(error) => Err(error),
    };
    drop(turn);
    for command in commands {
        command.answer(outcome.clone());
    }
}

/// Decides all commands in one transaction and makes it durable.
fn commit(
    shared: &Shared,
    database: &Database,
    commands: &mut Vec<Box<dyn Command>>,
) -> Result<(Option<Head>, Effects), StoreError> {
    let mut txn = database.begin_write()?;
    // Also makes the commit two-phase, so that a torn one is never taken for whole.
    txn.set_quick_repair(true);
    let mut batch = Batch::open(&txn, &shared.secrets)?;
    for command in commands.iter_mut() {
        command.decide(&mut batch);
        if let Some(fault) = batch.fault() {
            // Dropping the transaction takes back what was begun.
            return Err(fault);
        }
    }
    let (head, effects) = batch.finish()?;
    #[cfg(feature = "fault-injection")]
    inline::misbehave(&mut txn, commands)?;
    match head {
        Some(_) => txn.commit()?,
        None => txn.abort()?,
    }
    Ok((head, effects))
}
