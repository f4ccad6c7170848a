//! The one writer: it takes what is queued into one transaction, and answers after the commit.

use super::command::{Command, Task};
use super::lanes::{Lanes, Taken};
use super::shared::Shared;
use crate::database::batch::{Batch, Effects};
use crate::database::schema::Head;
use crate::error::StoreError;
use crate::wipe::wipe_stack;
use core::ops::ControlFlow;
use core::panic::AssertUnwindSafe;
use redb::Database;
use std::panic::catch_unwind;

/// Carries out what is queued until the store is closed.
pub(crate) fn run(shared: &Shared, lanes: &Lanes) {
    while serve(shared, lanes.wait(), lanes).is_continue() {
        wipe_stack();
    }
}

/// Carries out what comes next; breaks when it was a close.
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
