//! Requests: their frames, and who waits for their answers.

use super::sending::Sending;
use crate::error::{Error, ProtocolError};
use crate::request::Request;
use apikeyd_protocol::frame::{HEADER_BYTES, Header, Opcode, append_request};
use apikeyd_protocol::hello::Welcome;
use apikeyd_protocol::limit::{MAX_BODY_BYTES, MAX_IN_FLIGHT};

/// A request id is the place of its waiter in the lowest bits, below a number that never repeats; so a late
/// or made-up answer never finds another request's waiter.
const PLACE_BITS: u32 = 8;
const _: () = assert!(MAX_IN_FLIGHT <= 1 << PLACE_BITS, "a place must fit its bits");

/// The requests of one connection. `W` is what the driver needs to know again when the answer comes.
pub(crate) struct Outbox<W> {
    /// Frames to be sent, hello excluded.
    pub(crate) sending: Sending,
    places: Vec<Option<Waiter<W>>>,
    free: Vec<usize>,
    number: u64,
    max_body: usize,
}

struct Waiter<W> {
    id: u64,
    opcode: Opcode,
    ticket: W,
}

impl<W> Outbox<W> {
    /// For a connection with this welcome, and at most `most` requests in flight.
    pub(crate) fn new(welcome: &Welcome, most: usize) -> Result<Self, ProtocolError> {
        let places = in_flight(welcome).min(most);
        let max_body =
            usize::try_from(welcome.max_body).map_or(MAX_BODY_BYTES, |max| max.min(MAX_BODY_BYTES));
        if places == 0 || max_body == 0 {
            return Err(ProtocolError::NothingAllowed);
        }
        Ok(Self {
            sending: Sending::new(),
            places: (0..places).map(|_| None).collect(),
            free: (0..places).rev().collect(),
            number: 0,
            max_body,
        })
    }

    /// Appends a request. The caller has made sure that fewer are in flight than were allowed.
    ///
    /// # Errors
    /// [`Error::TooLong`]; then nothing was appended.
    pub(crate) fn push<R: Request>(&mut self, request: &R, ticket: W) -> Result<(), Error> {
        let too_long = || Error::TooLong { opcode: R::OPCODE, limit: self.max_body };
        let place = self.free.last().copied().unwrap_or(self.places.len());
        let id = self.number << PLACE_BITS | u64::try_from(place).unwrap_or_default();
        let limit = self.max_body;
        let fits = self.sending.append(|bytes| {
            let start = bytes.len();
            append_request(bytes, R::OPCODE, id, request).ok()?;
            if bytes.len() - start > HEADER_BYTES + limit {
                bytes.truncate(start);
                return None;
            }
            Some(())
        });
        fits.ok_or_else(too_long)?;
        self.number += 1;
        self.free.pop();
        let waiter = Some(Waiter { id, opcode: R::OPCODE, ticket });
        match self.places.get_mut(place) {
            Some(empty) => *empty = waiter,
            None => self.places.push(waiter),
        }
        Ok(())
    }

    /// Whether every request was answered.
    pub(crate) fn is_settled(&self) -> bool {
        self.free.len() == self.places.len()
    }

    /// Gives up all requests that wait for an answer.
    #[cfg(feature = "tokio")]
    pub(crate) fn abandon(&mut self) -> Vec<W> {
        self.free.clear();
        self.places.drain(..).flatten().map(|waiter| waiter.ticket).collect()
    }

    /// Finds who waits for an answer.
    pub(super) fn settle(&mut self, header: &Header) -> Result<W, ProtocolError> {
        let unknown = ProtocolError::UnknownRequest(header.request_id);
        let place = usize::try_from(header.request_id & ((1 << PLACE_BITS) - 1)).unwrap_or(usize::MAX);
        let Some(slot) = self.places.get_mut(place) else { return Err(unknown) };
        let waiter = slot.take_if(|waiter| waiter.id == header.request_id).ok_or(unknown)?;
        self.free.push(place);
        if waiter.opcode.code() != header.opcode {
            return Err(ProtocolError::WrongOpcode { asked: waiter.opcode, answered: header.opcode });
        }
        Ok(waiter.ticket)
    }
}

/// Requests that a connection with this welcome may have in flight.
pub(crate) fn in_flight(welcome: &Welcome) -> usize {
    usize::try_from(welcome.max_in_flight).map_or(MAX_IN_FLIGHT, |allowed| allowed.min(MAX_IN_FLIGHT))
}
