//! Requests: their frames, and the waiters for their answers.

use super::sending::Sending;
use crate::error::{Error, ProtocolError};
use crate::request::Request;
use apikeyd_protocol::frame::{HEADER_BYTES, Header, append_request_of};
use apikeyd_protocol::hello::Welcome;
use apikeyd_protocol::limit::{MAX_BODY_BYTES, MAX_IN_FLIGHT};
use apikeyd_protocol::operation::Opcode;

/// A request id holds the slot of its waiter in the lowest bits, below a number that never repeats; so a late or
/// made-up answer never finds another request's waiter.
const SLOT_BITS: u32 = 8;
const _: () = assert!(MAX_IN_FLIGHT <= 1 << SLOT_BITS, "a slot must fit its bits");

/// The requests of one connection. `W` is what the driver gets back when the answer comes.
pub(crate) struct Outbox<W> {
    /// Frames to be sent, hello excluded.
    pub(crate) sending: Sending,
    slots: Vec<Option<Waiter<W>>>,
    free: Vec<usize>,
    number: u64,
    max_body: usize,
    /// Bytes of all frames so far.
    appended: u64,
}

struct Waiter<W> {
    id: u64,
    opcode: Opcode,
    /// Bytes of all frames up to this one.
    #[cfg_attr(not(feature = "tokio"), expect(dead_code, reason = "a blocking connection has one request"))]
    ends_at: u64,
    ticket: W,
}

/// A request that will get no answer.
#[cfg(feature = "tokio")]
pub(crate) struct Abandoned<W> {
    /// What the driver gave.
    pub(crate) ticket: W,
    /// What was asked.
    pub(crate) opcode: Opcode,
    /// Whether its last byte had not left, so that the daemon cannot have done it.
    pub(crate) unsent: bool,
}

impl<W> Outbox<W> {
    /// For a connection with this welcome, and at most `most` requests in flight.
    pub(crate) fn new(welcome: &Welcome, most: usize) -> Result<Self, ProtocolError> {
        let slots = in_flight(welcome).min(most);
        let max_body =
            usize::try_from(welcome.max_body).map_or(MAX_BODY_BYTES, |max| max.min(MAX_BODY_BYTES));
        if slots == 0 || max_body == 0 {
            return Err(ProtocolError::NothingAllowed);
        }
        Ok(Self {
            sending: Sending::new(),
            slots: (0..slots).map(|_| None).collect(),
            free: (0..slots).rev().collect(),
            number: 0,
            max_body,
            appended: 0,
        })
    }

    /// Appends a request. The caller has made sure that fewer are in flight than were allowed.
    ///
    /// # Errors
    /// [`Error::TooLong`]; then nothing was appended.
    pub(crate) fn push<R: Request>(&mut self, request: &R, ticket: W) -> Result<(), Error> {
        let too_long = || Error::TooLong { opcode: R::OPCODE, limit: self.max_body };
        let index = self.free.last().copied().unwrap_or(self.slots.len());
        let id = self.number << SLOT_BITS | u64::try_from(index).unwrap_or_default();
        let limit = self.max_body;
        let length = self.sending.append(|bytes| {
            let start = bytes.len();
            append_request_of(bytes, R::OPCODE, id, |out| request.encode(out)).ok()?;
            let length = bytes.len() - start;
            if length > HEADER_BYTES + limit {
                bytes.truncate(start);
                return None;
            }
            u64::try_from(length).ok()
        });
        self.appended += length.ok_or_else(too_long)?;
        self.number += 1;
        self.free.pop();
        let waiter = Some(Waiter { id, opcode: R::OPCODE, ends_at: self.appended, ticket });
        match self.slots.get_mut(index) {
            Some(empty) => *empty = waiter,
            None => self.slots.push(waiter),
        }
        Ok(())
    }

    /// Whether every request was answered.
    pub(crate) fn is_settled(&self) -> bool {
        self.free.len() == self.slots.len()
    }

    /// Ends the connection after `sent` bytes of frames have left.
    #[cfg(feature = "tokio")]
    pub(crate) fn abandon(self, sent: u64) -> impl Iterator<Item = Abandoned<W>> {
        self.slots.into_iter().flatten().map(move |waiter| Abandoned {
            ticket: waiter.ticket,
            opcode: waiter.opcode,
            unsent: waiter.ends_at > sent,
        })
    }

    /// Finds the waiter for an answer.
    pub(super) fn settle(&mut self, header: &Header) -> Result<W, ProtocolError> {
        let unknown = ProtocolError::UnknownRequest(header.request_id);
        let index = usize::try_from(header.request_id & ((1 << SLOT_BITS) - 1)).unwrap_or(usize::MAX);
        let Some(slot) = self.slots.get_mut(index) else { return Err(unknown) };
        // A waiter whose answer is wrong stays: it is told when the connection is given up for that.
        match slot {
            Some(waiter) if waiter.id == header.request_id && waiter.opcode.code() != header.opcode => {
                Err(ProtocolError::WrongOpcode { asked: waiter.opcode, answered: header.opcode })
            }
            _ => {
                let waiter = slot.take_if(|waiter| waiter.id == header.request_id).ok_or(unknown)?;
                self.free.push(index);
                Ok(waiter.ticket)
            }
        }
    }
}

/// Requests that a connection with this welcome may have in flight.
pub(crate) fn in_flight(welcome: &Welcome) -> usize {
    usize::try_from(welcome.max_in_flight).map_or(MAX_IN_FLIGHT, |allowed| allowed.min(MAX_IN_FLIGHT))
}
