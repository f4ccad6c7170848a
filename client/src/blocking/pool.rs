//! The connections of a client: taken for one request, given back after it.

use super::connection::Connection;
use crate::credentials::Credentials;
use crate::deadline::Deadline;
use crate::endpoint::Endpoint;
use crate::error::{Error, Waiting};
use crate::fork::PerProcess;
use crate::lock::lock;
use crate::request::{AskStatus, Request};
use crate::retry::{Failed, Retry};
use apikeyd_protocol::right::RightSet;
use std::os::fd::OwnedFd;
use std::sync::{Condvar, Mutex, PoisonError};
use std::{fmt, thread};

/// The connections of a client, for each process its own.
pub(crate) struct Pools {
    endpoint: Endpoint,
    limit: usize,
    pools: PerProcess<Pool>,
}

#[derive(Default)]
struct Pool {
    state: Mutex<State>,
    given_back: Condvar,
}

#[derive(Default)]
struct State {
    /// Connections that nobody uses. The last one used is taken first, so that those which are not needed
    /// grow idle and the daemon can close them.
    idle: Vec<Connection>,
    /// Turns that are taken.
    taken: usize,
    /// Threads that wait for a turn: waking nobody would cost a system call for each request.
    waiting: usize,
}

/// The right to use one connection, which may still have to be made. Given back when dropped.
struct Turn<'a> {
    pool: &'a Pool,
    connection: Option<Connection>,
}

impl Pools {
    /// No connection yet, and never more than `limit`.
    pub(crate) fn new(endpoint: Endpoint, limit: usize) -> Self {
        Self { endpoint, limit, pools: PerProcess::new() }
    }

    /// Asks, as often as it makes sense before the deadline.
    pub(crate) fn ask<R: Request>(&self, request: &R, deadline: Deadline) -> Result<R::Answer, Error> {
        self.attempt::<R, _>(deadline, |connection| connection.ask(request, &deadline, None))
    }

    /// Asks for an answer that comes with a descriptor.
    pub(super) fn ask_for_descriptor<R: Request>(
        &self,
        request: &R,
        deadline: Deadline,
    ) -> Result<(R::Answer, Option<OwnedFd>), Error> {
        self.attempt::<R, _>(deadline, |connection| {
            let mut kept = None;
            let answer = connection.ask(request, &deadline, Some(&mut kept))?;
            Ok((answer, kept))
        })
    }

    /// The rights of this process, from a connection's welcome.
    pub(super) fn rights(&self, deadline: Deadline) -> Result<RightSet, Error> {
        self.attempt::<AskStatus, _>(deadline, |connection| Ok(connection.rights()))
    }

    fn attempt<R: Request, T>(
        &self,
        deadline: Deadline,
        mut ask: impl FnMut(&mut Connection) -> Result<T, Failed>,
    ) -> Result<T, Error> {
        let mut retry = Retry::new::<R>(deadline);
        loop {
            let owned = self.pools.get();
            let mut turn = owned.value.turn(self.limit, &deadline)?;
            let pause = match turn.connection(&self.endpoint, &deadline) {
                Err(error) => retry.after_connecting(error)?,
                Ok(connection) => match ask(connection) {
                    Ok(answer) => return Ok(answer),
                    Err(failed) => {
                        turn.note(&failed);
                        retry.after_asking(failed)?
                    }
                },
            };
            drop(turn);
            drop(owned);
            thread::sleep(pause);
        }
    }
}

impl Pool {
    /// A turn with a connection that this thread could have made, if there is one. Those of another user are closed: the
    /// process has become somebody else.
    fn turn(&self, limit: usize, deadline: &Deadline) -> Result<Turn<'_>, Error> {
        let mut state = lock(&self.state);
        while state.taken >= limit {
            let remaining = deadline.remaining(Waiting::Turn)?;
            state.waiting += 1;
            let woken = self.given_back.wait_timeout(state, remaining);
            (state, _) = woken.unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        state.taken += 1;
        let own = Credentials::now();
        let others: Vec<_> = state.idle.extract_if(.., |connection| !connection.is_of(&own)).collect();
        let connection = state.idle.pop();
        drop(state);
        drop(others);
        Ok(Turn { pool: self, connection })
    }
}

impl Turn<'_> {
    fn connection(&mut self, endpoint: &Endpoint, deadline: &Deadline) -> Result<&mut Connection, Error> {
        match &mut self.connection {
            Some(connection) => Ok(connection),
            none => Ok(none.insert(Connection::open(endpoint, deadline)?)),
        }
    }

    /// Gives up connections that a failure shows to be of no use.
    fn note(&mut self, failed: &Failed) {
        let of_no_use = match failed {
            Failed::Final(Error::Answered { .. } | Error::TooLong { .. }) => return,
            // The daemon has closed this one; the idle ones are older.
            Failed::Unsent(_) => std::mem::take(&mut lock(&self.pool.state).idle),
            Failed::Unanswered(_) | Failed::Final(_) => Vec::new(),
        };
        self.connection = None;
        drop(of_no_use);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // Not idle: a panic or an answer too many. Closed before another thread is let in, so that there are
        // never more than the limit.
        let reusable = self.connection.take().filter(Connection::is_idle);
        let mut state = lock(&self.pool.state);
        state.idle.extend(reusable);
        state.taken -= 1;
        if state.waiting > 0 {
            self.pool.given_back.notify_one();
        }
    }
}

impl fmt::Debug for Pools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, limit, pools: _ } = self;
        f.debug_struct("Pools").field("endpoint", endpoint).field("limit", limit).finish_non_exhaustive()
    }
}
