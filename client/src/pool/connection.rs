//! One connection, used by one thread at a time.

use crate::credentials::Credentials;
use crate::deadline::Deadline;
use crate::endpoint::Endpoint;
use crate::error::{Error, ProtocolError, Waiting};
use crate::exchange::{self, Inbox, Outbox};
use crate::request::{Request, read_answer};
use crate::retry::Failed;
use crate::{descriptor, socket};
use apikeyd_protocol::right::RightSet;
use interprocess::os::unix::uds_local_socket::Stream;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

/// The kernel's timeout may be longer than the deadline by this much, which saves the calls that would set it anew for
/// each request.
const SLACK: Duration = Duration::from_millis(10);

/// A connection that was welcomed. Its socket blocks, with the kernel's timeouts.
pub(crate) struct Connection {
    stream: Stream,
    inbox: Inbox,
    outbox: Outbox<()>,
    /// The timeout that is set on the socket.
    limit: Duration,
    rights: RightSet,
    /// The credentials under which it was made.
    credentials: Credentials,
}

/// Why IO stopped.
enum Cut {
    /// The connection broke; without an error the peer closed it.
    Broken(Option<io::Error>),
    /// The deadline has passed, or a system call failed.
    Stopped(Error),
}

impl Connection {
    /// Connects and greets.
    pub(crate) fn open(endpoint: &Endpoint, deadline: &Deadline) -> Result<Self, Error> {
        // Before the connect: a change in between costs a connection, and never lets one pass for another's.
        let credentials = Credentials::now();
        let (socket, mut limit) = socket::connect_blocking(endpoint, deadline)?;
        let stream = Stream::from(socket);
        let no_welcome = |cut| match cut {
            Cut::Broken(source) => Error::NoWelcome { socket: endpoint.socket().into(), source },
            Cut::Stopped(error) => error,
        };
        let mut inbox = Inbox::new();
        let hello = exchange::hello();
        let mut left = hello.as_slice();
        while !left.is_empty() {
            let sent = send_some(&stream, left, &mut limit, deadline).map_err(no_welcome)?;
            left = left.get(sent..).unwrap_or_default();
        }
        let welcome = loop {
            if let Some(welcome) = exchange::welcome(&mut inbox)? {
                break welcome;
            }
            receive_some(&stream, &mut inbox, &mut limit, deadline, Waiting::Welcome, None)
                .map_err(no_welcome)?;
        };
        let (outbox, rights) = (Outbox::new(&welcome, 1)?, welcome.rights);
        Ok(Self { stream, inbox, outbox, limit, rights, credentials })
    }

    /// Whether it was made with these credentials.
    pub(crate) fn is_of(&self, credentials: &Credentials) -> bool {
        self.credentials == *credentials
    }

    /// This process's rights, from the welcome.
    pub(crate) const fn rights(&self) -> RightSet {
        self.rights
    }

    /// Whether nothing is in flight, so that the next request may use this connection.
    pub(crate) fn is_idle(&self) -> bool {
        self.outbox.is_settled() && self.outbox.sending.unsent().is_empty() && self.inbox.is_empty()
    }

    /// Sends a request and reads its answer. With `kept`, a descriptor that comes with it is kept.
    pub(crate) fn ask<R: Request>(
        &mut self,
        request: &R,
        deadline: &Deadline,
        mut kept: Option<&mut Option<OwnedFd>>,
    ) -> Result<R::Answer, Failed> {
        let lost = |source| Error::ConnectionLost { opcode: R::OPCODE, source };
        self.outbox.push(request, ()).map_err(Failed::Final)?;
        while !self.outbox.sending.unsent().is_empty() {
            let unsent = self.outbox.sending.unsent();
            match send_some(&self.stream, unsent, &mut self.limit, deadline) {
                Ok(sent) => self.outbox.sending.advance(sent),
                Err(Cut::Broken(source)) => return Err(Failed::Unsent(lost(source))),
                Err(Cut::Stopped(error)) => return Err(Failed::Final(error)),
            }
        }
        loop {
            let kept = kept.as_deref_mut();
            receive_some(&self.stream, &mut self.inbox, &mut self.limit, deadline, Waiting::Answer, kept)
                .map_err(|cut| match cut {
                    Cut::Broken(source) => Failed::Unanswered(lost(source)),
                    Cut::Stopped(error) => Failed::Final(error),
                })?;
            let answer = exchange::next_answer(&mut self.inbox, &mut self.outbox, |(), status, body| {
                read_answer::<R>(status, body)
            });
            if let Some(answer) = answer.map_err(|fault: ProtocolError| Failed::Final(fault.into()))? {
                return answer.map_err(Failed::Final);
            }
        }
    }
}

fn send_some(stream: &Stream, bytes: &[u8], limit: &mut Duration, deadline: &Deadline) -> Result<usize, Cut> {
    loop {
        hold_to(stream, limit, deadline, Waiting::Send)?;
        // A peer that is gone is an error, not the signal that would end this process.
        match send(stream, bytes, SendFlags::NOSIGNAL) {
            Ok(sent) => return Ok(sent),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(errno) => return Err(Cut::Broken(Some(errno.into()))),
        }
    }
}

fn receive_some(
    stream: &Stream,
    inbox: &mut Inbox,
    limit: &mut Duration,
    deadline: &Deadline,
    waiting: Waiting,
    mut kept: Option<&mut Option<OwnedFd>>,
) -> Result<(), Cut> {
    loop {
        hold_to(stream, limit, deadline, waiting)?;
        let received = match &mut kept {
            None => recv(stream, inbox.room(), RecvFlags::empty()).map(|(_, received)| received),
            Some(kept) => descriptor::receive(stream, inbox.room(), kept),
        };
        match received {
            Ok(0) => return Err(Cut::Broken(None)),
            Ok(count) => {
                inbox.received(count);
                return Ok(());
            }
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(errno) => return Err(Cut::Broken(Some(errno.into()))),
        }
    }
}

/// Makes the next call end with the deadline. Sets the socket's timeouts only if they no longer fit: in a sequence of
/// requests with the same timeout they stay.
fn hold_to(stream: &Stream, limit: &mut Duration, deadline: &Deadline, waiting: Waiting) -> Result<(), Cut> {
    let remaining = deadline.remaining(waiting).map_err(Cut::Stopped)?;
    if *limit < remaining || *limit > remaining + SLACK {
        // Rounded up, so that the same timeout finds the same limit again.
        let rounded = remaining + SLACK / 2;
        socket::set_timeouts(stream, rounded).map_err(Cut::Stopped)?;
        *limit = rounded;
    }
    Ok(())
}
