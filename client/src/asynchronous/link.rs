//! One connection that many tasks share: they queue requests, and a task of its own sends and reads.
//!
//! Everything that is queued when that task sends leaves in one write. An answer finds its task by the request id, in
//! any order; if that task is gone, the answer is dropped and nothing else is affected.

use super::connect::{Greeted, interruptible, receive_some, send_some, within};
use crate::credentials::Credentials;
use crate::deadline::Deadline;
use crate::error::{Error, ProtocolError, Waiting};
use crate::exchange::{self, Abandoned, Inbox, Outbox, Sending};
use crate::lock::lock;
use crate::request::{Request, read_answer};
use crate::retry::Failed;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::limit::MAX_IN_FLIGHT;
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::right::RightSet;
use interprocess::os::unix::uds_local_socket::tokio::Stream;
use std::io;
use std::sync::{Arc, Mutex};
use tokio::io::Interest;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};
use zeroize::Zeroizing;

/// A connection that was welcomed, as the tasks that use it see it.
pub(super) struct Link {
    /// `None` once the connection has ended.
    outbox: Mutex<Option<Outbox<Waiter>>>,
    /// Something was queued, or the link was closed.
    wake: Notify,
    /// One permit for each request that may be in flight. Closed with the link.
    in_flight: Arc<Semaphore>,
    /// As many permits as there are.
    permits: u32,
    rights: RightSet,
    /// The credentials under which it was made.
    credentials: Credentials,
}

struct Waiter {
    reply: oneshot::Sender<Reply>,
    /// Held until the answer comes, even if nobody waits for it any more.
    _permit: OwnedSemaphorePermit,
}

type Reply = Result<Answer, Failed>;

struct Answer {
    status: Status,
    /// May hold a generated key.
    body: Zeroizing<Vec<u8>>,
}

/// Why a connection ended.
enum End {
    /// The daemon closed it, or every client of it is gone.
    Closed,
    /// It broke.
    Broken(io::Error),
    /// The daemon sent what is not this protocol.
    Fault(ProtocolError),
}

impl Link {
    /// Starts the task of a connection, on the runtime of the caller.
    pub(super) fn start(greeted: Greeted) -> Result<Arc<Self>, Error> {
        let Greeted { stream, inbox, welcome, credentials } = greeted;
        let outbox = Outbox::new(&welcome, MAX_IN_FLIGHT)?;
        let permits = exchange::in_flight(&welcome);
        let link = Arc::new(Self {
            outbox: Mutex::new(Some(outbox)),
            wake: Notify::new(),
            in_flight: Arc::new(Semaphore::new(permits)),
            permits: u32::try_from(permits).unwrap_or(u32::MAX),
            rights: welcome.rights,
            credentials,
        });
        tokio::spawn(
            Driver { link: Arc::clone(&link), stream, inbox, sending: Sending::new(), sent: 0 }.run(),
        );
        Ok(link)
    }

    /// This process's rights, from the welcome.
    pub(super) const fn rights(&self) -> RightSet {
        self.rights
    }

    /// Whether the connection is open, as far as is known.
    pub(super) fn is_open(&self) -> bool {
        !self.in_flight.is_closed()
    }

    /// Whether it was made with these credentials.
    pub(super) fn is_of(&self, credentials: &Credentials) -> bool {
        self.credentials == *credentials
    }

    /// Ends the connection once all its requests are answered. Later requests use another one.
    pub(super) fn retire(self: Arc<Self>) {
        tokio::spawn(async move {
            // All permits: each request in flight has one. An error when the link has ended already.
            if self.in_flight.acquire_many(self.permits).await.is_ok() {
                self.close();
            }
        });
    }

    /// Ends the connection.
    pub(super) fn close(&self) {
        self.end(&End::Closed, 0);
        self.wake.notify_one();
    }

    /// Sends a request together with those of other tasks, and waits for its answer.
    pub(super) async fn ask<R: Request>(
        &self,
        request: &R,
        deadline: &Deadline,
    ) -> Result<R::Answer, Failed> {
        let closed = || Failed::Unsent(Error::ConnectionLost { opcode: R::OPCODE, source: None });
        let permit = match Arc::clone(&self.in_flight).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => within(deadline, Waiting::Connection, Arc::clone(&self.in_flight).acquire_owned())
                .await
                .map_err(Failed::Final)?
                .map_err(|_| closed())?,
        };
        let (reply, answer) = oneshot::channel();
        match lock(&self.outbox).as_mut() {
            Some(outbox) => outbox.push(request, Waiter { reply, _permit: permit }).map_err(Failed::Final)?,
            None => return Err(closed()),
        }
        self.wake.notify_one();
        let answer = within(deadline, Waiting::Answer, answer).await.map_err(Failed::Final)?;
        // The link replies to every waiter, also when it ends; without a reply nothing is known.
        let lost = || Failed::Unanswered(Error::ConnectionLost { opcode: R::OPCODE, source: None });
        let Answer { status, body } = answer.unwrap_or_else(|_| Err(lost()))?;
        read_answer::<R>(status, &body).map_err(Failed::Final)
    }

    /// Ends the link and informs every waiter. `sent` bytes of frames had left.
    fn end(&self, end: &End, sent: u64) {
        let Some(outbox) = lock(&self.outbox).take() else { return };
        self.in_flight.close();
        for Abandoned { ticket, opcode, unsent } in outbox.abandon(sent) {
            // A waiter may be gone.
            drop(ticket.reply.send(Err(end.tell(opcode, unsent))));
        }
    }
}

impl End {
    fn tell(&self, opcode: Opcode, unsent: bool) -> Failed {
        let source = match self {
            Self::Closed => None,
            // An io::Error cannot be cloned; its code can.
            Self::Broken(error) => {
                Some(error.raw_os_error().map_or(error.kind().into(), io::Error::from_raw_os_error))
            }
            Self::Fault(fault) => return Failed::Final(fault.clone().into()),
        };
        let error = Error::ConnectionLost { opcode, source };
        if unsent { Failed::Unsent(error) } else { Failed::Unanswered(error) }
    }
}

/// The task of a link. Dropped midway, with its runtime, it still informs every waiter.
struct Driver {
    link: Arc<Link>,
    stream: Stream,
    inbox: Inbox,
    /// Frames taken from the outbox at once, so that no lock is held while they are sent.
    sending: Sending,
    /// Bytes of frames that have left.
    sent: u64,
}

impl Driver {
    async fn run(mut self) {
        let end = loop {
            match self.step().await {
                Ok(()) => {}
                Err(end) => break end,
            }
        };
        self.link.end(&end, self.sent);
    }

    async fn step(&mut self) -> Result<(), End> {
        let blocked = self.send()?;
        tokio::select! {
            readable = self.stream.inner().readable() => {
                readable.map_err(End::Broken)?;
                self.receive()
            }
            writable = self.stream.inner().writable(), if blocked => writable.map_err(End::Broken),
            () = self.link.wake.notified(), if !blocked => Ok(()),
        }
    }

    /// Sends what is queued; whether the socket took less than all.
    fn send(&mut self) -> Result<bool, End> {
        loop {
            if self.sending.unsent().is_empty() {
                let mut outbox = lock(&self.link.outbox);
                let outbox = outbox.as_mut().ok_or(End::Closed)?;
                if outbox.sending.unsent().is_empty() {
                    return Ok(false);
                }
                std::mem::swap(&mut outbox.sending, &mut self.sending);
            }
            let sent = self.stream.inner().try_io(Interest::WRITABLE, || {
                interruptible(|| send_some(&self.stream, self.sending.unsent()))
            });
            match sent {
                Ok(count) => {
                    self.sent += u64::try_from(count).unwrap_or_default();
                    self.sending.advance(count);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(End::Broken(error)),
            }
        }
    }

    /// Reads what has arrived and hands out the complete answers.
    fn receive(&mut self) -> Result<(), End> {
        let Self { stream, inbox, .. } = self;
        match stream.inner().try_io(Interest::READABLE, || interruptible(|| receive_some(stream, inbox))) {
            Ok(0) => return Err(End::Closed),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(End::Broken(error)),
        }
        let mut outbox = lock(&self.link.outbox);
        let outbox = outbox.as_mut().ok_or(End::Closed)?;
        let hand_out = |waiter: Waiter, status, body: &[u8]| {
            // A waiter may be gone.
            drop(waiter.reply.send(Ok(Answer { status, body: Zeroizing::new(body.to_vec()) })));
        };
        while exchange::next_answer(inbox, outbox, hand_out).map_err(End::Fault)?.is_some() {}
        Ok(())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.link.end(&End::Closed, self.sent);
    }
}
