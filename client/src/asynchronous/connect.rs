//! Connecting without blocking the thread.

use crate::credentials::Credentials;
use crate::deadline::Deadline;
use crate::descriptor;
use crate::endpoint::Endpoint;
use crate::error::{Error, ProtocolError, Waiting};
use crate::exchange::{self, Inbox, Outbox};
use crate::request::{Request, read_answer};
use crate::retry::{Failed, jittered};
use crate::socket;
use apikeyd_protocol::hello::Welcome;
use interprocess::os::unix::uds_local_socket::tokio::Stream;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;
use tokio::io::Interest;

/// The pause before another try at a full backlog: about the time in which a daemon accepts a few connections.
const BACKLOG_PAUSE: Duration = Duration::from_millis(2);

/// A connection after the greeting.
pub(super) struct Greeted {
    pub(super) stream: Stream,
    pub(super) inbox: Inbox,
    pub(super) welcome: Welcome,
    /// The credentials under which the connection was made.
    pub(super) credentials: Credentials,
}

/// Waits for a future until the deadline.
pub(super) async fn within<F: Future>(
    deadline: &Deadline,
    waiting: Waiting,
    future: F,
) -> Result<F::Output, Error> {
    tokio::time::timeout_at(deadline.at().into(), future).await.map_err(|_| deadline.passed(waiting))
}

/// Sends as much as the socket takes.
pub(super) fn send_some(stream: &Stream, bytes: &[u8]) -> io::Result<usize> {
    // A peer that is gone is an error, not the signal that would end this process.
    Ok(send(stream, bytes, SendFlags::NOSIGNAL)?)
}

/// Reads what has arrived.
pub(super) fn receive_some(stream: &Stream, inbox: &mut Inbox) -> io::Result<usize> {
    let (_, count) = recv(stream, inbox.room(), RecvFlags::empty())?;
    inbox.received(count);
    Ok(count)
}

/// Connects and greets.
pub(super) async fn greet(endpoint: &Endpoint, deadline: &Deadline) -> Result<Greeted, Error> {
    let (stream, credentials) = connect(endpoint, deadline).await?;
    let no_welcome = |source| Error::NoWelcome { socket: endpoint.socket().into(), source };
    within(deadline, Waiting::Send, send_all(&stream, &exchange::hello()))
        .await?
        .map_err(|error| no_welcome(Some(error)))?;
    let mut inbox = Inbox::new();
    loop {
        if let Some(welcome) = exchange::welcome(&mut inbox)? {
            return Ok(Greeted { stream, inbox, welcome, credentials });
        }
        let received = within(deadline, Waiting::Welcome, receive(&stream, &mut inbox, None)).await?;
        if received.map_err(|error| no_welcome(Some(error)))? == 0 {
            return Err(no_welcome(None));
        }
    }
}

impl Greeted {
    /// Sends one request whose answer comes with a descriptor, and ends the connection: where several requests share one,
    /// nobody could tell which answer a descriptor belongs to.
    pub(super) async fn ask_for_descriptor<R: Request>(
        mut self,
        request: &R,
        deadline: &Deadline,
    ) -> Result<(R::Answer, Option<OwnedFd>), Failed> {
        let lost = |source| Error::ConnectionLost { opcode: R::OPCODE, source };
        let fault = |fault: ProtocolError| Failed::Final(fault.into());
        let mut outbox = Outbox::new(&self.welcome, 1).map_err(fault)?;
        outbox.push(request, ()).map_err(Failed::Final)?;
        within(deadline, Waiting::Send, send_all(&self.stream, outbox.sending.unsent()))
            .await
            .map_err(Failed::Final)?
            .map_err(|error| Failed::Unsent(lost(Some(error))))?;
        let mut kept = None;
        loop {
            let received = receive(&self.stream, &mut self.inbox, Some(&mut kept));
            let received = within(deadline, Waiting::Answer, received).await.map_err(Failed::Final)?;
            if received.map_err(|error| Failed::Unanswered(lost(Some(error))))? == 0 {
                return Err(Failed::Unanswered(lost(None)));
            }
            let answer = exchange::next_answer(&mut self.inbox, &mut outbox, |(), status, body| {
                read_answer::<R>(status, body)
            });
            if let Some(answer) = answer.map_err(fault)? {
                return answer.map(|answer| (answer, kept)).map_err(Failed::Final);
            }
        }
    }
}

/// Connects without blocking the thread. A full backlog gives no event to wait for, so it is tried again on a
/// new socket.
async fn connect(endpoint: &Endpoint, deadline: &Deadline) -> Result<(Stream, Credentials), Error> {
    loop {
        // Of the thread that connects, which may be another after each wait; and before the connect, so that a change in
        // between costs a connection and never lets one pass for another's.
        let credentials = Credentials::now();
        if let Some(socket) = socket::try_connect(endpoint)? {
            let stream = Stream::try_from(socket).map_err(|source| Error::System {
                action: "the socket's registration with the runtime",
                source,
            })?;
            return Ok((stream, credentials));
        }
        within(deadline, Waiting::Connect, tokio::time::sleep(jittered(BACKLOG_PAUSE))).await?;
    }
}

async fn send_all(stream: &Stream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let sent = stream.inner().async_io(Interest::WRITABLE, || interruptible(|| send_some(stream, bytes)));
        bytes = bytes.get(sent.await?..).unwrap_or_default();
    }
    Ok(())
}

async fn receive(
    stream: &Stream,
    inbox: &mut Inbox,
    mut kept: Option<&mut Option<OwnedFd>>,
) -> io::Result<usize> {
    let mut read = || match &mut kept {
        None => receive_some(stream, inbox),
        Some(kept) => {
            let count = descriptor::receive(stream, inbox.room(), kept)?;
            inbox.received(count);
            Ok(count)
        }
    };
    stream.inner().async_io(Interest::READABLE, || interruptible(&mut read)).await
}

/// Repeats a call that a signal interrupted.
pub(super) fn interruptible<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
