//! A connection that may carry any bytes at all.

use apikeyd_protocol::frame::{Frame, Header, Status, append_request};
use apikeyd_protocol::hello::{Hello, Welcome, WelcomeCode};
use apikeyd_protocol::operation::Opcode;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use serde::Serialize;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSliceMut, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// How long an answer may take before the campaign says that there is none.
const PATIENCE: Duration = Duration::from_secs(60);

/// One end of a connection to the daemon.
#[derive(Debug)]
pub struct Peer {
    /// The socket.
    pub stream: UnixStream,
    received: Vec<u8>,
    descriptors: VecDeque<OwnedFd>,
}

/// One answer.
#[derive(Debug)]
pub struct Answer {
    /// Its header.
    pub header: Header,
    /// Its body.
    pub body: Vec<u8>,
}

impl Answer {
    /// How the request went.
    #[must_use]
    pub fn status(&self) -> Status {
        Status::from_code(self.header.flags_or_status)
    }
}

/// The bytes of a request.
///
/// # Panics
/// When the message is longer than a frame.
pub fn request<T: Serialize>(opcode: Opcode, request_id: u64, message: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    append_request(&mut bytes, opcode, request_id, message).expect("a message that fits");
    bytes
}

/// The bytes of a frame, sensible or not.
#[must_use]
pub fn frame(length: u32, opcode: u16, flags: u16, body: &[u8]) -> Vec<u8> {
    let header = Header { length, opcode, flags_or_status: flags, request_id: 1 };
    [&header.encode()[..], body].concat()
}

impl Peer {
    /// Connects and says nothing.
    ///
    /// # Errors
    /// When nobody listens or the caller may not connect.
    pub fn silent(socket: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream, received: Vec::new(), descriptors: VecDeque::new() })
    }

    /// Connects, says hello and reads what the daemon thinks of it.
    ///
    /// # Errors
    /// When the connection fails.
    pub fn greet(socket: &Path) -> io::Result<(Self, WelcomeCode)> {
        let mut peer = Self::silent(socket)?;
        // Who is turned away may find the connection closed before the hello is written, and still has the answer.
        let _ = peer.stream.write_all(&Hello::CURRENT.encode());
        let code = peer.welcome()?;
        Ok((peer, code))
    }

    /// [`greet`](Self::greet) by somebody who must be let in.
    ///
    /// # Panics
    /// When the daemon does not accept.
    #[must_use]
    pub fn greeted(socket: &Path) -> Self {
        let (peer, code) = Self::greet(socket).expect("a welcome");
        assert_eq!(code, WelcomeCode::Accepted);
        peer
    }

    /// Sends all of it.
    ///
    /// # Errors
    /// When the daemon has closed the connection or does not read for a minute.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The next answer.
    ///
    /// # Errors
    /// `UnexpectedEof` when the daemon has closed the connection.
    pub fn answer(&mut self) -> io::Result<Answer> {
        loop {
            let found = Frame::split(&self.received).map_err(|_| ErrorKind::InvalidData)?;
            if let Some((Frame { header, body }, rest)) = found {
                let (answer, left) = (Answer { header, body: body.to_vec() }, rest.len());
                self.received.drain(..self.received.len() - left);
                return Ok(answer);
            }
            self.read()?;
        }
    }

    /// The descriptor that came first among those that were not taken yet.
    pub fn take_descriptor(&mut self) -> Option<OwnedFd> {
        self.descriptors.pop_front()
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// When the connection ends instead.
    pub fn ask<T: Serialize>(&mut self, opcode: Opcode, message: &T) -> io::Result<Answer> {
        self.send(&request(opcode, 1, message))?;
        self.answer()
    }

    /// Whether the daemon has closed the connection; takes what it said.
    #[must_use]
    pub fn is_closed(&mut self) -> bool {
        self.stream.set_nonblocking(true).expect("a socket");
        let mut chunk = [0; 4096];
        let closed = loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => break true,
                Ok(_) => {}
                Err(error) => break error.kind() != ErrorKind::WouldBlock,
            }
        };
        self.stream.set_nonblocking(false).expect("a socket");
        closed
    }

    fn welcome(&mut self) -> io::Result<WelcomeCode> {
        loop {
            let found = Welcome::decode(&self.received).map_err(|_| ErrorKind::InvalidData)?;
            if let Some((welcome, length)) = found {
                self.received.drain(..length);
                return Ok(welcome.code);
            }
            self.read()?;
        }
    }

    fn read(&mut self) -> io::Result<()> {
        let mut chunk = [0; 16 * 1024];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(&mut chunk)];
        let count = recvmsg(&self.stream, &mut parts, &mut ancillary, RecvFlags::CMSG_CLOEXEC)?.bytes;
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                self.descriptors.extend(descriptors);
            }
        }
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.received.extend_from_slice(&chunk[..count]);
        Ok(())
    }
}
