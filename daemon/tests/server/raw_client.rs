//! A caller that sends any bytes at all.

use apikeyd_protocol::codec;
use apikeyd_protocol::frame::{Frame, Header, Status, append_request};
use apikeyd_protocol::hello::{Hello, Welcome};
use apikeyd_protocol::message::{Failure, Generate, Generated};
use apikeyd_protocol::message::{Save, Saved};
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::term::SaveMode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// How long an answer may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct RawClient {
    pub(crate) stream: UnixStream,
    received: Vec<u8>,
}

/// One answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) header: Header,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn status(&self) -> Status {
        Status::from_code(self.header.flags_or_status)
    }

    pub(crate) fn message<T: DeserializeOwned>(&self) -> T {
        assert_eq!(self.status(), Status::Ok, "{}", String::from_utf8_lossy(&self.body));
        codec::decode(&self.body).unwrap()
    }

    pub(crate) fn failure(&self) -> String {
        assert_ne!(self.status(), Status::Ok);
        codec::decode::<Failure>(&self.body).unwrap().message
    }
}

pub(crate) fn request<T: Serialize>(opcode: Opcode, request_id: u64, message: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    append_request(&mut bytes, opcode, request_id, message).unwrap();
    bytes
}

pub(crate) fn frame(opcode: u16, flags: u16, request_id: u64, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap();
    let header = Header { length, opcode, flags_or_status: flags, request_id };
    [&header.encode()[..], body].concat()
}

impl RawClient {
    /// Connects and says nothing.
    pub(crate) fn silent(socket: &Path) -> Self {
        Self::on(UnixStream::connect(socket).unwrap())
    }

    /// The same, but only if the daemon's queue has room for it.
    pub(crate) fn silent_now(path: &Path) -> Self {
        use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
        let socket =
            socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::NONBLOCK, None).unwrap();
        connect(&socket, &SocketAddrUnix::new(path).unwrap()).unwrap();
        let stream = UnixStream::from(socket);
        stream.set_nonblocking(false).unwrap();
        Self::on(stream)
    }

    /// On a connection that somebody made.
    pub(crate) fn on(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream, received: Vec::new() }
    }

    /// Connects and is accepted.
    pub(crate) fn greeted(socket: &Path) -> Self {
        let mut client = Self::silent(socket);
        client.send(&Hello::CURRENT.encode());
        assert_eq!(client.welcome().code, apikeyd_protocol::hello::WelcomeCode::Accepted);
        client
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Sends and does not mind that the other end is gone.
    pub(crate) fn try_send(&mut self, bytes: &[u8]) {
        let _gone = self.stream.write_all(bytes);
    }

    pub(crate) fn welcome(&mut self) -> Welcome {
        loop {
            if let Some((welcome, length)) = Welcome::decode(&self.received).unwrap() {
                self.received.drain(..length);
                return welcome;
            }
            assert!(self.read() > 0, "the daemon closed the connection without a welcome");
        }
    }

    pub(crate) fn answer(&mut self) -> Answer {
        self.answer_or_end().expect("the daemon closed the connection without an answer")
    }

    /// The next answer, or `None` when the daemon has closed the connection.
    pub(crate) fn answer_or_end(&mut self) -> Option<Answer> {
        loop {
            if let Some((Frame { header, body }, rest)) = Frame::split(&self.received).unwrap() {
                let (answer, left) = (Answer { header, body: body.to_vec() }, rest.len());
                self.received.drain(..self.received.len() - left);
                return Some(answer);
            }
            if self.read() == 0 {
                assert!(self.received.is_empty(), "the daemon closed the connection within a frame");
                return None;
            }
        }
    }

    /// Waits until the daemon closes the connection, and fails if it says anything before.
    pub(crate) fn assert_closed(&mut self) {
        assert_eq!(self.answer_or_end(), None);
    }

    pub(crate) fn ask<T: Serialize>(&mut self, opcode: Opcode, message: &T) -> Answer {
        self.send(&request(opcode, 77, message));
        let answer = self.answer();
        assert_eq!((answer.header.opcode, answer.header.request_id), (opcode.code(), 77));
        answer
    }

    /// Generates and saves a key.
    pub(crate) fn issue(&mut self, user: &str) -> Generated {
        let generate = Generate::new(UserId::parse(user).unwrap());
        let generated: Generated = self.ask(Opcode::Generate, &generate).message();
        let save = Save::new(generated.key_id, SaveMode::Add);
        let _saved: Saved = self.ask(Opcode::Save, &save).message();
        generated
    }

    fn read(&mut self) -> usize {
        let mut chunk = [0; 4096];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(count) => {
                    self.received.extend_from_slice(&chunk[..count]);
                    return count;
                }
                // The daemon closed while bytes of ours were on their way.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return 0,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => panic!("no answer: {error}"),
            }
        }
    }
}
