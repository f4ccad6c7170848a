//! Where commands wait for the writer, and in which order they get their turn.
//!
//! ```text
//!   revocations   uid 33 ▸▸▸    uid 1001 ▸          one command of each uid in turn, before all others
//!   other changes uid 33 ▸▸▸▸▸▸ uid 1001 ▸▸  daemon ▸
//! ```
//!
//! A uid that queues thousands of commands delays its own: another uid's command waits for at most one of each
//! uid, and a revocation for none of the other kind. A batch keeps room for the other kind, so that a flood of
//! revocations does not starve it.

use crate::database::batch::Batch;
use crate::error::StoreError;
use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Commands that may wait in a lane. Beyond this, callers are told to retry. Those who queue commands limit the
/// share of each uid, so that none fills a lane.
const MAX_QUEUED: usize = 8_192;

/// Commands in one transaction. One sync of the disk costs about as much as this many commands.
const MAX_BATCH: usize = 256;

/// Commands of the other kind that a batch with revocations includes. It bounds what a revocation shares its
/// transaction with, and keeps the others moving during a flood of revocations.
const MAX_BESIDE_REVOCATIONS: usize = 32;

/// Revocations in one transaction.
const MAX_REVOCATIONS: usize = MAX_BATCH - MAX_BESIDE_REVOCATIONS;

/// The caller of a command, and whether the command takes something away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    caller: Caller,
    revokes: bool,
}

/// Who has a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Caller {
    Daemon,
    Uid(u32),
}

impl Ticket {
    /// A change by the daemon itself, such as writing last uses.
    pub const DAEMON: Self = Self { caller: Caller::Daemon, revokes: false };
    /// A change by the daemon that must not wait behind those of callers: a reload, which may take something
    /// away, and the row of a backup, for which an answer is held back.
    pub const URGENT: Self = Self { caller: Caller::Daemon, revokes: true };

    /// A change that revokes nothing.
    pub const fn change(uid: u32) -> Self {
        Self { caller: Caller::Uid(uid), revokes: false }
    }

    /// A change that takes something away.
    pub const fn revocation(uid: u32) -> Self {
        Self { caller: Caller::Uid(uid), revokes: true }
    }
}

/// The queue of the one writer.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct State {
    revocations: Lane,
    changes: Lane,
    /// Recover, which comes before all commands, and close, which comes after them.
    others: VecDeque<Task>,
    /// A close was queued: nothing more is accepted.
    closing: bool,
}

/// One queue for each caller, and whose turn it is.
#[derive(Debug, Default)]
struct Lane {
    queues: HashMap<Caller, VecDeque<Box<dyn Command>>>,
    turns: VecDeque<Caller>,
    length: usize,
}

/// What a batch has taken so far.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    revocations: usize,
    changes: usize,
}

impl Lanes {
    /// Queues a command.
    ///
    /// # Errors
    /// `Busy` if the lane is full, `Closed` after a close.
    pub(crate) fn queue(&self, ticket: Ticket, command: Box<dyn Command>) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.closing {
            return Err(StoreError::Closed);
        }
        let lane = if ticket.revokes { &mut state.revocations } else { &mut state.changes };
        lane.push(ticket.caller, command)?;
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    /// Queues a task that is not a command: a recovery comes next, however many commands fail in the meantime,
    /// and a close after all commands. Nothing is accepted after a close.
    ///
    /// # Errors
    /// `Closed` after a close.
    pub(crate) fn queue_other(&self, task: Task) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.closing {
            return Err(StoreError::Closed);
        }
        state.closing = matches!(task, Task::Close(_));
        state.others.push_back(task);
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    /// Waits for the next task.
    pub(crate) fn wait(&self) -> Task {
        let mut state = self.state();
        loop {
            if let Some(task) = state.next() {
                return task;
            }
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The next task, if there is one.
    pub(crate) fn next_now(&self) -> Option<Task> {
        self.state().next()
    }

    /// The next command for a batch that has `taken` some, if it is to have another: waiting revocations first,
    /// then the others. A batch with revocations closes early, so that their answers do not wait for it.
    pub(crate) fn take(&self, taken: &mut Taken) -> Option<Box<dyn Command>> {
        let mut state = self.state();
        if taken.revocations + taken.changes >= MAX_BATCH {
            return None;
        }
        if taken.revocations < MAX_REVOCATIONS
            && let Some(command) = state.revocations.pop()
        {
            taken.revocations += 1;
            return Some(command);
        }
        if taken.revocations > 0 && taken.changes >= MAX_BESIDE_REVOCATIONS {
            return None;
        }
        let command = state.changes.pop()?;
        taken.changes += 1;
        Some(command)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next(&mut self) -> Option<Task> {
        let is_recovery_next = matches!(self.others.front(), Some(Task::Recover(_)));
        if !is_recovery_next && self.revocations.length + self.changes.length > 0 {
            return Some(Task::Commands);
        }
        self.others.pop_front()
    }
}

impl Lane {
    fn push(&mut self, caller: Caller, command: Box<dyn Command>) -> Result<(), StoreError> {
        if self.length >= MAX_QUEUED {
            return Err(StoreError::Busy);
        }
        let queue = self.queues.entry(caller).or_default();
        if queue.is_empty() {
            self.turns.push_back(caller);
        }
        queue.push_back(command);
        self.length += 1;
        Ok(())
    }

    /// The first command of the caller whose turn it is.
    fn pop(&mut self) -> Option<Box<dyn Command>> {
        let caller = self.turns.pop_front()?;
        let queue = self.queues.get_mut(&caller)?;
        let command = queue.pop_front();
        if queue.is_empty() {
            self.queues.remove(&caller);
        } else {
            self.turns.push_back(caller);
        }
        self.length = self.length.saturating_sub(usize::from(command.is_some()));
        command
    }
}

/// A command: decided in the transaction, answered after the commit.
pub(crate) trait Command: Send {
    /// Decides, and holds the answer back. An error concerns only this command unless the batch is broken.
    fn decide(&mut self, batch: &mut Batch<'_>);
    /// Gives the answer, or the reason why the batch failed.
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

/// A command that `D` decides and whose answer goes to `R`.
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

#[cfg(test)]
mod tests;
