//! The connection of a client, made when it is needed and replaced when it broke.

use super::connect::{greet, within};
use super::link::Link;
use crate::credentials::Credentials;
use crate::deadline::Deadline;
use crate::endpoint::Endpoint;
use crate::error::{Error, Waiting};
use crate::fork::PerProcess;
use crate::request::Request;
use crate::retry::Retry;
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::right::RightSet;
use arc_swap::{ArcSwapOption, Guard};
use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use tokio::sync::Mutex;

/// The connection of a client, for each process its own.
pub(super) struct Links {
    endpoint: Endpoint,
    current: PerProcess<Current>,
}

#[derive(Default)]
struct Current {
    link: ArcSwapOption<Link>,
    /// Held by the task that connects, so that one connection is made and not one for each task.
    connecting: Mutex<()>,
}

impl Links {
    /// No connection yet.
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, current: PerProcess::new() }
    }

    /// Asks, and repeats the request before the deadline where that makes sense.
    pub(super) async fn ask<R: Request>(&self, request: &R, deadline: Deadline) -> Result<R::Answer, Error> {
        let mut retry = Retry::new(R::OPCODE, deadline);
        loop {
            let pause = match self.link(&deadline).await {
                Err(error) => retry.after_connecting(error)?,
                Ok(link) => match link.ask(request, &deadline).await {
                    Ok(answer) => return Ok(answer),
                    Err(failed) => retry.after_asking(failed)?,
                },
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Asks for an answer that comes with a descriptor, on a connection of its own.
    pub(super) async fn ask_for_descriptor<R: Request>(
        &self,
        request: &R,
        deadline: Deadline,
    ) -> Result<(R::Answer, Option<OwnedFd>), Error> {
        let mut retry = Retry::new(R::OPCODE, deadline);
        loop {
            let pause = match greet(&self.endpoint, &deadline).await {
                Err(error) => retry.after_connecting(error)?,
                Ok(greeted) => match greeted.ask_for_descriptor(request, &deadline).await {
                    Ok(answer) => return Ok(answer),
                    Err(failed) => retry.after_asking(failed)?,
                },
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// The rights of this process, from the connection's welcome.
    pub(super) async fn rights(&self, deadline: Deadline) -> Result<RightSet, Error> {
        let mut retry = Retry::new(Opcode::Status, deadline);
        loop {
            match self.link(&deadline).await {
                Ok(link) => return Ok(link.rights()),
                Err(error) => tokio::time::sleep(retry.after_connecting(error)?).await,
            }
        }
    }

    async fn link(&self, deadline: &Deadline) -> Result<Arc<Link>, Error> {
        let own = Credentials::now();
        if let Some(link) = self.current.get().value.open_link(&own) {
            return Ok(link);
        }
        let owned = Guard::into_inner(self.current.get());
        let current = &owned.value;
        let _connecting = within(deadline, Waiting::Connection, current.connecting.lock()).await?;
        if let Some(link) = current.open_link(&own) {
            return Ok(link);
        }
        let link = Link::start(greet(&self.endpoint, deadline).await?)?;
        // The process has changed its user, or the connection has ended.
        if let Some(before) = current.link.swap(Some(Arc::clone(&link))) {
            before.retire();
        }
        Ok(link)
    }
}

impl Current {
    /// The connection, if it is open and this thread could have made it.
    fn open_link(&self, own: &Credentials) -> Option<Arc<Link>> {
        self.link.load_full().filter(|link| link.is_open() && link.is_of(own))
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        // In a forked child this is a fresh value without a link: the parent's is left alone.
        if let Some(link) = self.current.get().value.link.swap(None) {
            link.close();
        }
    }
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, current: _ } = self;
        f.debug_struct("Links").field("endpoint", endpoint).finish_non_exhaustive()
    }
}
