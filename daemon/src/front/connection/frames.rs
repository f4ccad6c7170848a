//! The greeting, and then frames from the inbox.

use super::ending::{Duties, End};
use super::outbox::{LARGE_ANSWER, SMALL_ANSWER, Written};
use super::serving::{Connection, Phase, Waiting};
use crate::front::reading;
use crate::operations::dispatch::daemon::Caller;
use crate::operations::dispatch::route::Dispatched;
use apikeyd_protocol::frame::{Frame, Status, TooLarge, append_answer};
use apikeyd_protocol::hello::{Hello, VERSION, Welcome, WelcomeCode};
use apikeyd_protocol::limit::{HELLO_TIMEOUT, MAX_BODY_BYTES, MAX_IN_FLIGHT};
use apikeyd_protocol::message::Failure;
use apikeyd_protocol::operation::Opcode;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::timeout;

impl Connection {
    /// Reads the hello and accepts or refuses it.
    pub(super) async fn greet(&mut self, drain: &watch::Receiver<bool>) -> Result<(), End> {
        let hello = match self.read_hello().await? {
            Some(hello) if hello.version.major == VERSION.major => hello,
            Some(_) => return self.refuse(WelcomeCode::UnsupportedVersion).await,
            None => return self.refuse(WelcomeCode::BadHello).await,
        };
        if *drain.borrow() {
            return self.refuse(WelcomeCode::ShuttingDown).await;
        }
        self.refresh_rights();
        let rights = self.caller.standing.rights();
        if rights.is_empty() {
            return self.refuse(WelcomeCode::NotPermitted).await;
        }
        let welcome = Welcome::accept(&hello, rights, self.daemon.service.instance());
        self.send(&welcome).await
    }

    /// Reads the hello and refuses it, so that the caller learns why instead of seeing a broken pipe.
    pub(crate) async fn turn_away(mut self, code: WelcomeCode) -> End {
        let code = match self.read_hello().await {
            Ok(Some(hello)) if hello.version.major == VERSION.major => code,
            Ok(Some(_)) => WelcomeCode::UnsupportedVersion,
            Ok(None) => WelcomeCode::BadHello,
            Err(end) => return end,
        };
        self.refuse(code).await.err().unwrap_or(End::Refused(code))
    }

    /// `None` if the bytes are not a hello.
    async fn read_hello(&mut self) -> Result<Option<Hello>, End> {
        timeout(HELLO_TIMEOUT, self.read_hello_whenever()).await.unwrap_or(Err(End::NoHello))
    }

    async fn read_hello_whenever(&mut self) -> Result<Option<Hello>, End> {
        loop {
            match Hello::decode(self.inbox.bytes()) {
                Ok(Some((hello, length))) => {
                    self.inbox.take(length);
                    return Ok(Some(hello));
                }
                Ok(None) => {}
                Err(_) => return Ok(None),
            }
            match reading::read(&self.socket, self.inbox.room()).await {
                Ok(0) => return Err(End::Closed),
                Ok(count) => self.inbox.received(count),
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn refuse(&mut self, code: WelcomeCode) -> Result<(), End> {
        self.send(&Welcome::refusal(code)).await?;
        Err(End::Refused(code))
    }

    /// A welcome is the first thing written, and always fits the socket's buffer.
    async fn send(&mut self, welcome: &Welcome) -> Result<(), End> {
        self.outbox.append(&welcome.encode(), None);
        timeout(HELLO_TIMEOUT, async {
            while self.outbox.write(&self.socket)? != Written::All {
                self.socket.writable().await?;
            }
            Ok(())
        })
        .await
        .unwrap_or(Err(End::Stuck))
    }
}

/// Frames that one connection has answered before the others get their turn, however many reads they came in:
/// the runtime would let it continue for thousands.
const TURN: usize = 64;

/// Costly requests of one connection that may be in progress at a time: each holds its body and may have an
/// answer of maximum size. The next one waits unread, as does everything after it.
const MAX_COSTLY_IN_FLIGHT: usize = 2;

impl Connection {
    /// Answers complete frames, as many as this turn allows; true when the turn is over.
    pub(super) fn take_frames(&mut self) -> bool {
        let before = self.turn;
        while self.turn < TURN && self.may_take() && self.take_frame() {
            self.turn += 1;
        }
        let taken = self.turn - before;
        self.daemon.traffic.add_requests(u64::try_from(taken).unwrap_or(0));
        let complete = matches!(self.inbox.frame(), Ok(Some(_)));
        self.timeouts.took(taken, !complete && !self.inbox.is_empty());
        self.turn >= TURN
    }

    /// Whether another request may be taken.
    pub(super) fn may_take(&self) -> bool {
        let is_closing =
            matches!(self.phase, Phase::Closing(end) if end != End::Closed && end != End::Drained);
        !is_closing && !self.blocked && self.waiting.len() < MAX_IN_FLIGHT && self.outbox.has_room()
    }

    /// Whether to read more bytes: not while a complete frame has to wait.
    pub(super) fn may_read(&self) -> bool {
        self.phase == Phase::Open && self.may_take()
    }

    pub(super) fn duties(&self) -> Duties {
        Duties { working: !self.waiting.is_empty() || self.recording.is_some() }
    }

    /// Answers one frame if one is complete.
    fn take_frame(&mut self) -> bool {
        self.refresh_rights();
        let (frame, length) = match self.inbox.frame() {
            Ok(Some(found)) => found,
            Ok(None) => return false,
            Err(TooLarge { length, header }) => {
                let message = format!(
                    "a body of {length} bytes is above the limit of {MAX_BODY_BYTES}; ask in smaller parts"
                );
                self.break_off(header.opcode, header.request_id, message);
                return false;
            }
        };
        let header = frame.header;
        if let Some(message) = fault(&frame, &self.waiting) {
            self.break_off(header.opcode, header.request_id, message);
            return false;
        }
        let costly = self.daemon.is_costly(&frame);
        if costly && self.waiting.iter().filter(|waiting| waiting.costly).count() >= MAX_COSTLY_IN_FLIGHT {
            self.blocked = true;
            return false;
        }
        let out = self.outbox.answer(room_for(header.opcode));
        let dispatched = self.daemon.dispatch(&self.caller, &frame, out);
        self.inbox.take(length);
        if let Dispatched::Later(later) = dispatched {
            self.start(later, costly);
        }
        true
    }

    /// Reports the fault and stops reading: what follows cannot be trusted to be a frame.
    fn break_off(&mut self, opcode: u16, request_id: u64, message: String) {
        self.daemon.traffic.bad_request();
        let out = self.outbox.answer(SMALL_ANSWER);
        // The message is ours: it fits.
        let _ = append_answer(out, opcode, Status::BadRequest, request_id, &Failure { message });
        self.phase = Phase::Closing(End::BadFrame);
    }

    /// Makes sure that the caller has the rights of the table in force now. Looks them up again only if the
    /// table has changed.
    pub(super) fn refresh_rights(&mut self) {
        let Self { rights, read_from, caller: Caller { peer, standing, .. }, .. } = self;
        *standing = self.daemon.service.standing(|| {
            let table = rights.load();
            match read_from {
                Some((of, known)) if Arc::ptr_eq(of, table) => *known,
                _ => {
                    let known = table.of(peer);
                    *read_from = Some((Arc::clone(table), known));
                    known
                }
            }
        });
    }
}

/// What makes a frame unusable although its length is valid.
fn fault(frame: &Frame<'_>, waiting: &[Waiting]) -> Option<String> {
    let header = frame.header;
    if header.flags_or_status != 0 {
        return Some(format!("the flags {:#06x} are reserved and must be 0", header.flags_or_status));
    }
    let is_waiting = waiting.iter().any(|waiting| waiting.header.request_id == header.request_id);
    is_waiting.then(|| {
        format!("the request id {} is in use by a request that is not answered yet", header.request_id)
    })
}

fn room_for(opcode: u16) -> usize {
    match Opcode::from_code(opcode) {
        Some(Opcode::PolicyRows | Opcode::Statistics) => LARGE_ANSWER,
        Some(_) | None => SMALL_ANSWER,
    }
}
