//! The connections of a client: each is checked out for one request and returned after it.

mod connection;

use crate::credentials::Credentials;
use crate::deadline::Deadline;
use crate::endpoint::Endpoint;
use crate::error::{Error, Waiting};
use crate::fork::PerProcess;
use crate::lock::lock;
use crate::request::Request;
use crate::retry::{Failed, Retry};
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::right::RightSet;
use connection::Connection;
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
    returned: Condvar,
}

#[derive(Default)]
struct State {
    /// Idle connections. The last one used is taken first, so that those which are not needed stay idle and the daemon can
    /// close them.
    idle: Vec<Connection>,
    /// Connections that are checked out.
    taken: usize,
    /// Threads that wait for a connection: a wake-up without any would cost a system call for each request.
    waiting: usize,
}

/// A connection that is checked out, and may still have to be made. Returned when dropped.
struct CheckedOut<'a> {
    pool: &'a Pool,
    connection: Option<Connection>,
}

impl Pools {
    /// No connection yet, and never more than `limit`.
    pub(crate) fn new(endpoint: Endpoint, limit: usize) -> Self {
        Self { endpoint, limit, pools: PerProcess::new() }
    }

    /// Asks, and repeats the request before the deadline where that makes sense.
    pub(crate) fn ask<R: Request>(&self, request: &R, deadline: Deadline) -> Result<R::Answer, Error> {
        self.attempt(R::OPCODE, deadline, |connection| connection.ask(request, &deadline, None))
    }

    /// Asks for an answer that comes with a descriptor.
    pub(crate) fn ask_for_descriptor<R: Request>(
        &self,
        request: &R,
        deadline: Deadline,
    ) -> Result<(R::Answer, Option<OwnedFd>), Error> {
        self.attempt(R::OPCODE, deadline, |connection| {
            let mut kept = None;
            let answer = connection.ask(request, &deadline, Some(&mut kept))?;
            Ok((answer, kept))
        })
    }

    /// The rights of this process, from a connection's welcome.
    pub(crate) fn rights(&self, deadline: Deadline) -> Result<RightSet, Error> {
        self.attempt(Opcode::Status, deadline, |connection| Ok(connection.rights()))
    }

    fn attempt<T>(
        &self,
        opcode: Opcode,
        deadline: Deadline,
        mut ask: impl FnMut(&mut Connection) -> Result<T, Failed>,
    ) -> Result<T, Error> {
        let mut retry = Retry::new(opcode, deadline);
        loop {
            let owned = self.pools.get();
            let mut checked_out = owned.value.check_out(self.limit, &deadline)?;
            let pause = match checked_out.connection(&self.endpoint, &deadline) {
                Err(error) => retry.after_connecting(error)?,
                Ok(connection) => match ask(connection) {
                    Ok(answer) => return Ok(answer),
                    Err(failed) => {
                        checked_out.note(&failed);
                        retry.after_asking(failed)?
                    }
                },
            };
            drop(checked_out);
            drop(owned);
            thread::sleep(pause);
        }
    }
}

impl Pool {
    /// Checks out a connection that was made with this thread's credentials, or none to be made. Those of other credentials
    /// are closed: the process has changed its user.
    fn check_out(&self, limit: usize, deadline: &Deadline) -> Result<CheckedOut<'_>, Error> {
        let mut state = lock(&self.state);
        while state.taken >= limit {
            let remaining = deadline.remaining(Waiting::Connection)?;
            state.waiting += 1;
            let woken = self.returned.wait_timeout(state, remaining);
            (state, _) = woken.unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        state.taken += 1;
        let own = Credentials::now();
        let others: Vec<_> = state.idle.extract_if(.., |connection| !connection.is_of(&own)).collect();
        let connection = state.idle.pop();
        drop(state);
        drop(others);
        Ok(CheckedOut { pool: self, connection })
    }
}

impl CheckedOut<'_> {
    fn connection(&mut self, endpoint: &Endpoint, deadline: &Deadline) -> Result<&mut Connection, Error> {
        match &mut self.connection {
            Some(connection) => Ok(connection),
            none => Ok(none.insert(Connection::open(endpoint, deadline)?)),
        }
    }

    /// Closes connections that a failure shows to be useless.
    fn note(&mut self, failed: &Failed) {
        let useless = match failed {
            Failed::Final(Error::Answered { .. } | Error::TooLong { .. }) => return,
            // The daemon has closed this one; the idle ones are older.
            Failed::Unsent(_) => std::mem::take(&mut lock(&self.pool.state).idle),
            Failed::Unanswered(_) | Failed::Final(_) => Vec::new(),
        };
        self.connection = None;
        drop(useless);
    }
}

impl Drop for CheckedOut<'_> {
    fn drop(&mut self) {
        // Not idle after a panic or a surplus answer. Closed before another thread goes on, so that there are never more
        // than the limit.
        let reusable = self.connection.take().filter(Connection::is_idle);
        let mut state = lock(&self.pool.state);
        state.idle.extend(reusable);
        state.taken -= 1;
        if state.waiting > 0 {
            self.pool.returned.notify_one();
        }
    }
}

impl fmt::Debug for Pools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, limit, pools: _ } = self;
        f.debug_struct("Pools").field("endpoint", endpoint).field("limit", limit).finish_non_exhaustive()
    }
}
