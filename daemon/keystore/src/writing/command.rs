//! What the writer is asked to do.

use crate::database::batch::Batch;
use crate::error::StoreError;

/// A command: decided in the transaction, answered after the commit.
pub(crate) trait Command: Send {
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
pub(crate) enum Task {
    /// Commands wait in their lanes.
    Commands,
    Recover(Box<dyn FnOnce() + Send>),
    Close(Box<dyn FnOnce(Result<(), StoreError>) + Send>),
}

impl core::fmt::Debug for Task {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Task")
    }
}

/// A command that is decided by `D` and answered to `R`.
pub(crate) struct Pending<D, T, R> {
    decide: Option<D>,
    decided: Option<Result<T, StoreError>>,
    reply: R,
}

impl<D, T, R> Pending<D, T, R> {
    pub(crate) const fn new(decide: D, reply: R) -> Self {
        Self { decide: Some(decide), decided: None, reply }
    }
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
