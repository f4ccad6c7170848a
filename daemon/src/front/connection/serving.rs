//! One connection, from its greeting to its end.

use super::ending::End;
use super::ending::Timeouts;
use super::inbox::Inbox;
use super::outbox::{Outbox, Written};
use crate::front::reading;
use crate::operations::dispatch::daemon::Caller;
use crate::operations::dispatch::daemon::Daemon;
use crate::operations::dispatch::daemon::Presence;
use crate::operations::dispatch::route::{self, Finished, Later};
use crate::operations::upkeep::record_backup;
use crate::peer::Peer;
use crate::rights::RightsTable;
use apikeyd_protocol::frame::Header;
use apikeyd_protocol::right::RightSet;
use arc_swap::{ArcSwap, Cache};
use core::time::Duration;
use rustix::net::{RecvFlags, Shutdown};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};

/// Bytes that are still read when the daemon shuts down: what a caller sent before it could know.
const LAST_READS: usize = 64 * 1024;

/// The state of a connection.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Shared with code that asks whether the caller is still there, or has read.
    pub(super) socket: Arc<UnixStream>,
    pub(super) inbox: Inbox,
    pub(super) outbox: Outbox,
    pub(super) daemon: Arc<Daemon>,
    pub(super) caller: Caller,
    pub(super) rights: Cache<Arc<ArcSwap<RightsTable>>, Arc<RightsTable>>,
    /// The table that the caller's rights were read from, and the rights.
    pub(super) read_from: Option<(Arc<RightsTable>, RightSet)>,
    pub(super) later: JoinSet<Finished>,
    pub(super) waiting: Vec<Waiting>,
    /// A complete frame has to wait until an earlier costly request is done.
    pub(super) blocked: bool,
    /// The task that records that the caller has the descriptor whose answer is held back.
    pub(super) recording: Option<Id>,
    /// Frames answered since the others had their turn.
    pub(super) turn: usize,
    pub(super) timeouts: Timeouts,
    pub(super) phase: Phase,
}

/// A request whose answer comes later.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) task: Id,
    pub(super) header: Header,
    pub(super) costly: bool,
}

/// Whether to read more requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Requests are read.
    Open,
    /// The daemon is shutting down: what has arrived is read, up to `left` bytes.
    Draining { left: usize },
    /// Nothing more is read; outstanding answers are still sent.
    Closing(End),
}

/// Why a connection woke up.
enum Wake {
    Read(io::Result<usize>),
    Writable(io::Result<()>),
    Done(Option<Result<(Id, Finished), JoinError>>),
    Drain,
    Time,
}

impl Connection {
    pub(crate) fn new(socket: UnixStream, peer: Arc<Peer>, daemon: Arc<Daemon>, idle: Duration) -> Self {
        let socket = Arc::new(socket);
        let presence = Presence::of(&socket);
        Self {
            inbox: Inbox::new(),
            outbox: Outbox::new(),
            rights: Cache::new(Arc::clone(daemon.reload.rights())),
            // No rights until they are read from the table.
            caller: Caller { peer, standing: daemon.service.standing(|| RightSet::EMPTY), presence },
            read_from: None,
            daemon,
            later: JoinSet::new(),
            waiting: Vec::new(),
            blocked: false,
            recording: None,
            socket,
            turn: 0,
            timeouts: Timeouts::new(idle),
            phase: Phase::Open,
        }
    }

    /// Greets and serves the caller. `drain` turns true when the daemon shuts down.
    pub(crate) async fn serve(mut self, mut drain: watch::Receiver<bool>) -> End {
        let end = match self.greet(&drain).await {
            Ok(()) => self.talk(&mut drain).await,
            Err(end) => end,
        };
        let Self { socket, mut later, .. } = self;
        // An unread descriptor keeps the socket open here (see `unread`), but the caller must see the end.
        if let Err(error) = rustix::net::shutdown(&socket, Shutdown::Both) {
            tracing::debug!(%error, "a socket was closed without being shut down");
        }
        // Work for this caller alone stops when it notices that nobody waits for it.
        drop(socket);
        // A change that was begun is completed, whether or not the caller is still there.
        while later.join_next().await.is_some() {}
        end
    }

    async fn talk(&mut self, drain: &mut watch::Receiver<bool>) -> End {
        // Made once, because each new one has to be registered.
        let mut drained = pin!(drain.wait_for(|ending| *ending));
        let mut timer = pin!(tokio::time::sleep_until(self.timeouts.first()));
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
            if let Some(earlier) = self.timeouts.earlier_than(timer.deadline()) {
                timer.as_mut().reset(earlier);
            }
            let (may_read, pending) = (self.may_read(), self.outbox.may_write());
            let collecting = !self.later.is_empty() && (self.outbox.has_room() || self.recording.is_some());
            let socket = &self.socket;
            let room = if may_read { self.inbox.room() } else { &mut [] };
            let wake = tokio::select! {
                biased;
                done = self.later.join_next_with_id(), if collecting => Wake::Done(done),
                _ = &mut drained, if !draining => Wake::Drain,
                ready = socket.writable(), if pending => Wake::Writable(ready),
                read = reading::read(socket, room), if may_read => Wake::Read(read),
                () = &mut timer => Wake::Time,
            };
            match wake {
                Wake::Read(Ok(0)) => self.phase = Phase::Closing(End::Closed),
                Wake::Read(Ok(count)) => self.inbox.received(count),
                Wake::Read(Err(error)) | Wake::Writable(Err(error)) => return error.into(),
                Wake::Writable(Ok(())) => {}
                Wake::Done(done) => {
                    if let Some(end) = self.collect(done) {
                        return end;
                    }
                }
                Wake::Drain => {
                    draining = true;
                    if self.phase == Phase::Open {
                        self.phase = Phase::Draining { left: LAST_READS };
                    }
                }
                Wake::Time => match self.timeouts.due(&self.duties()) {
                    Some(end) => return end,
                    None => timer.as_mut().reset(self.timeouts.next(&self.duties())),
                },
            }
        }
    }

    /// Takes what has arrived before the daemon exits, without waiting for more.
    fn read_last(&mut self) {
        let Phase::Draining { left } = self.phase else { return };
        // Asks the kernel directly: tokio would answer from its earlier knowledge.
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

    /// Puts an answer that came later into the outbox. Ends the connection if an answer that is held back
    /// cannot be completed.
    fn collect(&mut self, done: Option<Result<(Id, Finished), JoinError>>) -> Option<End> {
        let done = done?;
        let task = done.as_ref().map_or_else(JoinError::id, |(task, _)| *task);
        if self.recording == Some(task) {
            self.recording = None;
            return match done {
                Ok((_, Finished::Recorded(true))) => {
                    self.outbox.release();
                    None
                }
                _ => Some(End::Unrecorded),
            };
        }
        let position = self.waiting.iter().position(|waiting| waiting.task == task)?;
        let Waiting { header, costly, .. } = self.waiting.swap_remove(position);
        self.blocked &= !costly;
        match done {
            Ok((_, Finished::Answer { frame, enclosed })) => self.outbox.append(&frame, enclosed),
            Ok((_, Finished::Recorded(_))) | Err(_) => {
                self.outbox.append(&route::fault_of_the_daemon(header), None);
            }
        }
        None
    }

    pub(super) fn start(&mut self, later: Later, costly: bool) {
        let header = later.header();
        let task = self.later.spawn(later.run(Arc::clone(&self.daemon))).id();
        self.waiting.push(Waiting { task, header, costly });
    }

    /// Writes what the socket accepts.
    fn write(&mut self) -> io::Result<()> {
        let before = self.outbox.progress();
        let written = self.outbox.write(&self.socket)?;
        if written == Written::UntilHeld && self.recording.is_none() {
            let recording = record_backup(Arc::clone(&self.daemon), self.caller.clone());
            self.recording = Some(self.later.spawn(recording).id());
        }
        self.timeouts.wrote(written != Written::Some, self.outbox.progress() != before);
        Ok(())
    }

    /// Whether all outstanding answers have been sent.
    fn finished(&self) -> Option<End> {
        let Phase::Closing(end) = self.phase else { return None };
        (self.waiting.is_empty() && self.outbox.is_empty()).then_some(end)
    }
}
