//! A caller that sends any bytes at all.
//!
//! Each step has two forms. One ends the test when the daemon does not do its part; the other, `try_…`, gives the
//! error, for callers who expect one.

use crate::bytes::{Inbox, Message, request, send_with};
use apikeyd_protocol::hello::{Hello, Welcome, WelcomeCode};
use apikeyd_protocol::message::{Generate, Generated, Save, Saved};
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::term::SaveMode;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use serde::Serialize;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// How long the daemon may take for anything before the test says that it does not do it.
const PATIENCE: Duration = Duration::from_secs(60);

/// The request id of what is [asked](RawClient::ask).
const ASKED: u64 = 77;

/// One end of a connection to the daemon.
#[derive(Debug)]
pub struct RawClient {
    /// The socket.
    pub stream: UnixStream,
    inbox: Inbox,
}

impl RawClient {
    /// On a connection that somebody made.
    #[must_use]
    pub fn on(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_write_timeout(Some(PATIENCE)).expect("a socket");
        Self { stream, inbox: Inbox::default() }
    }

    /// Connects and says nothing.
    ///
    /// # Errors
    /// When nobody listens or the caller may not connect.
    pub fn connect(socket: &Path) -> io::Result<Self> {
        UnixStream::connect(socket).map(Self::on)
    }

    /// [`connect`](Self::connect) where somebody listens.
    #[must_use]
    #[track_caller]
    pub fn silent(socket: &Path) -> Self {
        Self::connect(socket).expect("a daemon that listens")
    }

    /// The same, but only if the daemon's queue has room for it.
    #[must_use]
    pub fn silent_now(path: &Path) -> Self {
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::NONBLOCK, None)
            .expect("a socket");
        connect(&socket, &SocketAddrUnix::new(path).expect("a path")).expect("room in the queue");
        let stream = UnixStream::from(socket);
        stream.set_nonblocking(false).expect("a socket");
        Self::on(stream)
    }

    /// Connects, says hello and reads what the daemon thinks of it.
    ///
    /// # Errors
    /// When the connection fails.
    pub fn greet(socket: &Path) -> io::Result<(Self, WelcomeCode)> {
        let mut client = Self::connect(socket)?;
        // Who is turned away may find the connection closed before the hello is written, and still has the answer.
        let _closed = client.try_send(&Hello::CURRENT.encode());
        let code = client.try_welcome()?.code;
        Ok((client, code))
    }

    /// [`greet`](Self::greet) by somebody who must be let in.
    #[must_use]
    #[track_caller]
    pub fn greeted(socket: &Path) -> Self {
        let (client, code) = Self::greet(socket).expect("a welcome");
        assert_eq!(code, WelcomeCode::Accepted);
        client
    }

    /// Sends all of it.
    #[track_caller]
    pub fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).expect("a daemon that reads");
    }

    /// Sends all of it.
    ///
    /// # Errors
    /// When the daemon has closed the connection or does not read.
    pub fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends bytes and descriptors in one message.
    ///
    /// # Errors
    /// Those of `sendmsg(2)`.
    pub fn try_send_with(&self, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> Result<(), Errno> {
        send_with(&self.stream, bytes, descriptors)
    }

    /// The daemon's answer to a hello.
    #[track_caller]
    pub fn welcome(&mut self) -> Welcome {
        self.try_welcome().expect("a welcome")
    }

    /// The daemon's answer to a hello.
    ///
    /// # Errors
    /// `UnexpectedEof` when the daemon has closed the connection.
    pub fn try_welcome(&mut self) -> io::Result<Welcome> {
        self.take(Inbox::welcome)
    }

    /// The next answer.
    #[track_caller]
    pub fn answer(&mut self) -> Message {
        self.try_answer().expect("an answer")
    }

    /// The next answer.
    ///
    /// # Errors
    /// `UnexpectedEof` when the daemon has closed the connection.
    pub fn try_answer(&mut self) -> io::Result<Message> {
        self.take(Inbox::message)
    }

    /// The next answer, or `None` when the daemon has closed the connection.
    #[track_caller]
    pub fn answer_or_end(&mut self) -> Option<Message> {
        match self.try_answer() {
            Ok(answer) => Some(answer),
            // A reset: the daemon closed while bytes of ours were on their way.
            Err(error) if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => {
                assert!(self.inbox.is_empty(), "the daemon closed the connection within a frame");
                None
            }
            Err(error) => panic!("no answer: {error}"),
        }
    }

    /// Waits until the daemon closes the connection, and fails if it says anything before.
    #[track_caller]
    pub fn assert_closed(&mut self) {
        assert_eq!(self.answer_or_end(), None);
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

    /// Asks and waits for the answer.
    #[track_caller]
    pub fn ask<T: Serialize>(&mut self, opcode: Opcode, message: &T) -> Message {
        self.try_ask(opcode, message).expect("an answer")
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// When the connection ends instead.
    pub fn try_ask<T: Serialize>(&mut self, opcode: Opcode, message: &T) -> io::Result<Message> {
        self.try_send(&request(opcode, ASKED, message))?;
        let answer = self.try_answer()?;
        assert_eq!((answer.header.opcode, answer.header.request_id), (opcode.code(), ASKED));
        Ok(answer)
    }

    /// Generates and saves a key.
    #[track_caller]
    pub fn issue(&mut self, user: &str) -> Generated {
        let user = UserId::parse(user).expect("a user's name");
        let generate = Generate::new(user);
        let generated: Generated = self.ask(Opcode::Generate, &generate).message();
        let save = Save::new(generated.key_id, SaveMode::Add);
        let _saved: Saved = self.ask(Opcode::Save, &save).message();
        generated
    }

    /// The descriptor that came first among those that were not taken yet.
    pub fn take_descriptor(&mut self) -> Option<OwnedFd> {
        self.inbox.take_descriptor()
    }

    fn take<T>(&mut self, of: impl Fn(&mut Inbox) -> io::Result<Option<T>>) -> io::Result<T> {
        loop {
            if let Some(found) = of(&mut self.inbox)? {
                return Ok(found);
            }
            if self.inbox.read(&self.stream)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }
}
