//! One connection that keeps a number of requests in flight.

use crate::failure::{Exit, Failure};
use crate::request::Connection;
use apikeyd_client::{DEFAULT_TIMEOUT, Error, Opcode, Status, WelcomeCode, default_socket};
use apikeyd_protocol::codec;
use apikeyd_protocol::frame::{Frame, HEADER_BYTES, append_request};
use apikeyd_protocol::hello::{Hello, Welcome};
use apikeyd_protocol::limit::MAX_BODY_BYTES;
use apikeyd_protocol::message;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// Two of the largest frames: there is always room to read on.
const INBOX_BYTES: usize = 2 * (HEADER_BYTES + MAX_BODY_BYTES);

/// What is asked on a connection. A slot is one of the requests in flight.
pub(super) trait Script {
    /// Queues the first request of a slot; false when there is none.
    fn begin(&mut self, slot: u64, now: Instant, outbox: &mut Outbox) -> Result<bool, Failure>;

    /// Takes an answer and queues the next request of its slot; false when there is none.
    fn answered(&mut self, answer: &Answer<'_>, outbox: &mut Outbox) -> Result<bool, Failure>;
}

/// An answer of status `Ok`.
pub(super) struct Answer<'a> {
    /// Whose request it answers.
    pub(super) slot: u64,
    body: &'a [u8],
    /// When it was read.
    pub(super) now: Instant,
}

impl<'a> Answer<'a> {
    /// What it says.
    pub(super) fn read<T: Deserialize<'a>>(&self) -> Result<T, Failure> {
        codec::decode(self.body).map_err(|error| Failure::internal(error.to_string()))
    }
}

/// A connection that was welcomed.
pub(super) struct Wire {
    stream: UnixStream,
    outbox: Outbox,
    inbox: Vec<u8>,
    filled: usize,
}

/// Requests that wait to be sent in one write.
#[derive(Default)]
pub(super) struct Outbox(Vec<u8>);

impl Outbox {
    /// Queues a request.
    pub(super) fn request<T: Serialize>(
        &mut self,
        opcode: Opcode,
        slot: u64,
        message: &T,
    ) -> Result<(), Failure> {
        append_request(&mut self.0, opcode, slot, message)
            .map_err(|error| Failure::internal(error.to_string()))
    }

    /// Queues a request that was encoded before, behind a header of this slot.
    pub(super) fn encoded(&mut self, frame: &[u8], slot: u64) {
        let start = self.0.len();
        self.0.extend_from_slice(frame);
        let request_id = self.0.iter_mut().skip(start + HEADER_BYTES - 8);
        request_id.zip(slot.to_le_bytes()).for_each(|(to, from)| *to = from);
    }
}

impl Wire {
    /// Connects and greets.
    pub(super) fn connect(connection: &Connection) -> Result<Self, Failure> {
        let socket = connection.socket.clone().unwrap_or_else(default_socket);
        let stream = UnixStream::connect(&socket).map_err(|source| Error::Unreachable { socket, source })?;
        let timeout = connection.timeout.unwrap_or(DEFAULT_TIMEOUT);
        let ready =
            stream.set_read_timeout(Some(timeout)).and_then(|()| stream.set_write_timeout(Some(timeout)));
        ready.map_err(broken)?;
        let mut wire = Self { stream, outbox: Outbox::default(), inbox: vec![0; INBOX_BYTES], filled: 0 };
        wire.greet()?;
        Ok(wire)
    }

    fn greet(&mut self) -> Result<(), Failure> {
        self.stream.write_all(&Hello::CURRENT.encode()).map_err(broken)?;
        loop {
            self.read()?;
            let came = self.inbox.get(..self.filled).unwrap_or_default();
            let decoded = Welcome::decode(came).map_err(|error| Failure::internal(error.to_string()))?;
            let Some((welcome, bytes)) = decoded else { continue };
            if welcome.code != WelcomeCode::Accepted {
                return Err(Error::Refused { code: welcome.code, version: welcome.version }.into());
            }
            self.inbox.copy_within(bytes..self.filled, 0);
            self.filled -= bytes;
            return Ok(());
        }
    }

    /// Plays a script with so many slots until none has a request left.
    pub(super) fn play(&mut self, slots: u16, script: &mut impl Script) -> Result<(), Failure> {
        let mut in_flight = 0_u32;
        let start = Instant::now();
        for slot in 0..u64::from(slots) {
            in_flight += u32::from(script.begin(slot, start, &mut self.outbox)?);
        }
        while in_flight > 0 {
            self.stream.write_all(&self.outbox.0).map_err(broken)?;
            self.outbox.0.clear();
            self.read()?;
            let now = Instant::now();
            let mut rest = self.inbox.get(..self.filled).unwrap_or_default();
            while let Some((frame, behind)) =
                Frame::split(rest).map_err(|error| Failure::internal(error.to_string()))?
            {
                rest = behind;
                in_flight -= 1;
                let answer = Answer { slot: frame.header.request_id, body: accepted(&frame)?, now };
                in_flight += u32::from(script.answered(&answer, &mut self.outbox)?);
            }
            let left = rest.len();
            self.inbox.copy_within(self.filled - left..self.filled, 0);
            self.filled = left;
        }
        Ok(())
    }

    fn read(&mut self) -> Result<(), Failure> {
        let room = self.inbox.get_mut(self.filled..).unwrap_or_default();
        match self.stream.read(room).map_err(broken)? {
            0 => Err(broken(io::ErrorKind::UnexpectedEof.into())),
            bytes => {
                self.filled += bytes;
                Ok(())
            }
        }
    }
}

/// The body of an answer of status `Ok`.
fn accepted<'a>(frame: &Frame<'a>) -> Result<&'a [u8], Failure> {
    let status = Status::from_code(frame.header.flags_or_status);
    if status == Status::Ok {
        return Ok(frame.body);
    }
    let failure: message::Failure =
        codec::decode(frame.body).map_err(|error| Failure::internal(error.to_string()))?;
    Err(Error::Answered { status, message: failure.message }.into())
}

fn broken(error: io::Error) -> Failure {
    let words = if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) {
        "the daemon gave no answer in time; see --timeout".to_owned()
    } else {
        format!("the connection to the daemon broke: {error}")
    };
    Failure::new(Exit::TryAgain, words)
}

/// Time since a request was queued, in whole nanoseconds.
pub(super) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
