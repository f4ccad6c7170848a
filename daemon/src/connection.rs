//! One connection: a greeting, then frames until somebody has had enough.
//!
//! ```text
//!   socket ─► [inbox] ─► frame ─► dispatch ──────────────► [outbox] ─► socket
//!                                    └─► later (disk) ─►──────┘
//! ```
//!
//! One task, one buffer for each direction, both used again: a validation allocates nothing here. All
//! frames that one read brings are answered by one write. The caller is never trusted to read its answers,
//! to end its frames or to go away.

mod clockwork;
mod frames;
mod greeting;
mod inbox;
mod outbox;

use crate::dispatch::{Caller, Finished, Later, Operations};
use crate::peer::Peer;
use crate::rights::RightsTable;
use apikeyd_protocol::frame::Header;
use apikeyd_protocol::hello::WelcomeCode;
use apikeyd_protocol::right::RightSet;
use arc_swap::{ArcSwap, Cache};
use clockwork::Clockwork;
use core::time::Duration;
use inbox::Inbox;
use outbox::Outbox;
use rustix::net::RecvFlags;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};

/// Bytes that are still read when the daemon is about to end: what a caller sent before it could know.
const LAST_READS: usize = 64 * 1024;

/// What a connection is made of.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: UnixStream,
    inbox: Inbox,
    outbox: Outbox,
    operations: Arc<Operations>,
    caller: Caller,
    rights: Cache<Arc<ArcSwap<RightsTable>>, Arc<RightsTable>>,
    /// The table that the caller's rights were read from, and what it gives the caller.
    read_from: Option<(Arc<RightsTable>, RightSet)>,
    later: JoinSet<Finished>,
    waiting: Vec<Waiting>,
    /// Frames that were answered since the others had their turn.
    turn: usize,
    clockwork: Clockwork,
    phase: Phase,
}

/// A request whose answer comes later.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    task: Id,
    header: Header,
    large: bool,
}

/// Whether more requests are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Requests are read.
    Open,
    /// The daemon is about to end: what has arrived is read, up to so many bytes.
    Draining { left: usize },
    /// Nothing is read any more; what is owed is still answered.
    Closing(End),
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum End {
    #[error("the caller closed it")]
    Closed,
    #[error("the caller was refused")]
    Refused(WelcomeCode),
    #[error("the caller sent no hello in time")]
    NoHello,
    #[error("the caller did not finish a frame in time")]
    SlowFrame,
    #[error("the caller did not read its answers in time")]
    Stuck,
    #[error("the caller was idle for too long")]
    Idle,
    #[error("the caller broke the protocol")]
    BadFrame,
    #[error("the daemon is about to end")]
    Drained,
    #[error("the connection failed: {0}")]
    Failed(io::ErrorKind),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        let kind = error.kind();
        let is_gone = matches!(kind, io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset);
        if is_gone { Self::Closed } else { Self::Failed(kind) }
    }
}

/// What a connection woke up for.
enum Wake {
    Read(io::Result<usize>),
    Writable(io::Result<()>),
    Done(Option<Result<(Id, Finished), JoinError>>),
    Drain,
    Time,
}

impl Connection {
    pub(crate) fn new(
        socket: UnixStream,
        peer: Arc<Peer>,
        operations: Arc<Operations>,
        idle: Duration,
    ) -> Self {
        Self {
            socket,
            inbox: Inbox::new(),
            outbox: Outbox::new(),
            rights: Cache::new(Arc::clone(operations.reload.rights())),
            // No rights until they are read from the table.
            caller: Caller { peer, standing: operations.service.standing(|| RightSet::EMPTY) },
            read_from: None,
            operations,
            later: JoinSet::new(),
            waiting: Vec::new(),
            turn: 0,
            clockwork: Clockwork::new(idle),
            phase: Phase::Open,
        }
    }

    /// Greets and serves the caller. `drain` turns true when the daemon is about to end.
    pub(crate) async fn serve(mut self, mut drain: watch::Receiver<bool>) -> End {
        let end = match self.greet(&drain).await {
            Ok(()) => self.talk(&mut drain).await,
            Err(end) => end,
        };
        // A change that was begun is made, whether or not the caller is still there.
        while self.later.join_next().await.is_some() {}
        end
    }

    async fn talk(&mut self, drain: &mut watch::Receiver<bool>) -> End {
        // Made once, since each new one has to be registered.
        let mut drained = pin!(drain.wait_for(|ending| *ending));
        let mut timer = pin!(tokio::time::sleep_until(self.clockwork.first()));
        let mut draining = false;
        loop {
            let is_turn_over = self.take_frames();
            if let Err(error) = self.write() {
                return error.into();
            }
            if is_turn_over {
                self.turn = 0;
                tokio::task::yield_now().await;
                continue;
            }
            if let Phase::Draining { .. } = self.phase
                && self.may_take()
            {
                self.read_last();
                continue;
            }
            if let Some(end) = self.finished() {
                return end;
            }
            if let Some(earlier) = self.clockwork.earlier_than(timer.deadline()) {
                timer.as_mut().reset(earlier);
            }
            let (may_read, pending) = (self.may_read(), !self.outbox.is_empty());
            let collecting = !self.later.is_empty() && self.outbox.has_room();
            let (mut reader, writer) = self.socket.split();
            let room = if may_read { self.inbox.room() } else { &mut [] };
            let wake = tokio::select! {
                biased;
                done = self.later.join_next_with_id(), if collecting => Wake::Done(done),
                _ = &mut drained, if !draining => Wake::Drain,
                ready = writer.writable(), if pending => Wake::Writable(ready),
                read = reader.read(room), if may_read => Wake::Read(read),
                () = &mut timer => Wake::Time,
            };
            match wake {
                Wake::Read(Ok(0)) => self.phase = Phase::Closing(End::Closed),
                Wake::Read(Ok(count)) => self.inbox.received(count),
                Wake::Read(Err(error)) | Wake::Writable(Err(error)) => return error.into(),
                Wake::Writable(Ok(())) => {}
                Wake::Done(done) => self.collect(done),
                Wake::Drain => {
                    draining = true;
                    if self.phase == Phase::Open {
                        self.phase = Phase::Draining { left: LAST_READS };
                    }
                }
                Wake::Time => match self.clockwork.due(&self.duties()) {
                    Some(end) => return end,
                    None => timer.as_mut().reset(self.clockwork.next(&self.duties())),
                },
            }
        }
    }

    /// Takes what has arrived before the daemon ends, without waiting for more.
    fn read_last(&mut self) {
        let Phase::Draining { left } = self.phase else { return };
        // Asked of the kernel itself: tokio answers from what it knew before.
        match rustix::net::recv(&self.socket, self.inbox.room(), RecvFlags::DONTWAIT).map(|(count, _)| count)
        {
            Ok(count) if count > 0 && count < left => {
                self.inbox.received(count);
                self.phase = Phase::Draining { left: left - count };
            }
            Ok(count) => {
                self.inbox.received(count);
                self.phase = Phase::Closing(End::Drained);
            }
            Err(_) => self.phase = Phase::Closing(End::Drained),
        }
    }

    /// Puts an answer that came later into the outbox.
    fn collect(&mut self, done: Option<Result<(Id, Finished), JoinError>>) {
        let Some(done) = done else { return };
        let task = done.as_ref().map_or_else(JoinError::id, |(task, _)| *task);
        let Some(position) = self.waiting.iter().position(|waiting| waiting.task == task) else { return };
        let header = self.waiting.swap_remove(position).header;
        let finished = done.map_or_else(|_| Finished::fault(header), |(_, finished)| finished);
        self.outbox.append(&finished.frame, finished.descriptor);
    }

    fn start(&mut self, later: Later) {
        let (header, large) = (later.header(), later.has_large_answer());
        let task = self.later.spawn(later.run(Arc::clone(&self.operations))).id();
        self.waiting.push(Waiting { task, header, large });
    }

    /// Writes what the socket takes.
    fn write(&mut self) -> io::Result<()> {
        let before = self.outbox.progress();
        let done = self.outbox.write(&self.socket)?;
        self.clockwork.wrote(done, self.outbox.progress() != before);
        Ok(())
    }

    /// Whether everything that is owed was paid.
    fn finished(&self) -> Option<End> {
        let Phase::Closing(end) = self.phase else { return None };
        (self.waiting.is_empty() && self.outbox.is_empty()).then_some(end)
    }
}
