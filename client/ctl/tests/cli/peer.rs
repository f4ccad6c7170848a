//! A peer in the place of the daemon, which gives the answers that a test wrote.

use crate::program::{Run, finish, program};
use apikeyd_protocol::codec;
use apikeyd_protocol::frame::{Frame, HEADER_BYTES, Status, append_answer};
use apikeyd_protocol::hello::{HELLO_BYTES, Hello, Welcome};
use apikeyd_protocol::message::Failure;
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::right::{Right, RightSet};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde::Serialize;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::Command;
use std::thread::JoinHandle;
use tempfile::TempDir;

/// What the peer does with the next request.
pub(crate) struct Answer {
    /// What must be asked.
    opcode: Opcode,
    /// The body that must be asked, if it matters.
    asked: Option<Vec<u8>>,
    status: Status,
    body: Vec<u8>,
    descriptor: Option<File>,
    dies: bool,
}

impl Answer {
    /// Done.
    pub(crate) fn ok(opcode: Opcode, body: &impl Serialize) -> Self {
        Self { opcode, asked: None, status: Status::Ok, body: encoded(body), descriptor: None, dies: false }
    }

    /// Not done.
    pub(crate) fn failure(opcode: Opcode, status: Status, message: &str) -> Self {
        Self { status, ..Self::ok(opcode, &Failure { message: message.into() }) }
    }

    /// No answer: the peer ends the connection when it has the request.
    pub(crate) fn death(opcode: Opcode) -> Self {
        Self { dies: true, ..Self::ok(opcode, &()) }
    }

    /// With this in the request.
    pub(crate) fn to(mut self, request: &impl Serialize) -> Self {
        self.asked = Some(encoded(request));
        self
    }

    /// With a descriptor beside the answer.
    pub(crate) fn with(mut self, file: File) -> Self {
        self.descriptor = Some(file);
        self
    }
}

/// A listening peer.
pub(crate) struct Peer {
    directory: TempDir,
    thread: JoinHandle<()>,
}

impl Peer {
    /// A peer that gives these answers in their order, and then no more.
    pub(crate) fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
        let directory = TempDir::new().unwrap();
        let listener = UnixListener::bind(directory.path().join("s")).unwrap();
        let mut answers: Vec<Answer> = answers.into_iter().collect();
        answers.reverse();
        let thread = std::thread::spawn(move || {
            while !answers.is_empty() {
                serve(&mut listener.accept().unwrap().0, &mut answers);
            }
        });
        Self { directory, thread }
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join("s")
    }

    /// The program with its socket.
    pub(crate) fn program(&self) -> Command {
        let mut command = program();
        command.arg("--socket").arg(self.socket());
        command
    }

    /// Runs the program, and sees that every answer was asked for.
    pub(crate) fn run<A: AsRef<OsStr>>(self, arguments: impl IntoIterator<Item = A>) -> Run {
        self.run_with_input(arguments, b"")
    }

    /// The same with standard input.
    pub(crate) fn run_with_input<A: AsRef<OsStr>>(
        self,
        arguments: impl IntoIterator<Item = A>,
        input: &[u8],
    ) -> Run {
        let mut command = self.program();
        command.args(arguments);
        let run = finish(command, input);
        self.was_asked_all(&run);
        run
    }

    /// Sees that every answer was asked for.
    #[track_caller]
    pub(crate) fn was_asked_all(self, run: &Run) {
        // Else it would be waited for in vain.
        if !self.thread.is_finished() {
            drop(UnixStream::connect(self.socket()).and_then(|mut stream| stream.write_all(b"?")));
        }
        assert!(self.thread.join().is_ok(), "the peer was not asked what it expected: {run:?}");
    }
}

fn serve(stream: &mut UnixStream, answers: &mut Vec<Answer>) {
    let mut hello = [0; HELLO_BYTES];
    stream.read_exact(&mut hello).expect("a connection that says hello: an answer was not asked for");
    let (hello, _) = Hello::decode(&hello).unwrap().unwrap();
    let rights = RightSet::EMPTY.with(Right::Admin);
    stream.write_all(&Welcome::accept(&hello, rights, 7).encode()).unwrap();
    while let Some((header, body)) = next_request(stream) {
        let answer = answers.pop().expect("a request that is expected");
        assert_eq!(Opcode::from_code(header.opcode), Some(answer.opcode));
        assert_eq!(
            answer.asked.unwrap_or_else(|| body.clone()),
            body,
            "another {:?} was asked",
            answer.opcode
        );
        if answer.dies {
            return;
        }
        let mut frame = Vec::new();
        append_answer(&mut frame, header.opcode, answer.status, header.request_id, &Raw(&answer.body))
            .unwrap();
        send(stream, &frame, answer.descriptor.as_ref());
        if answers.is_empty() {
            return;
        }
    }
}

fn next_request(stream: &mut UnixStream) -> Option<(apikeyd_protocol::frame::Header, Vec<u8>)> {
    let mut bytes = vec![0; HEADER_BYTES];
    stream.read_exact(&mut bytes).ok()?;
    let length = u32::from_le_bytes(bytes[..4].try_into().unwrap());
    bytes.resize(HEADER_BYTES + usize::try_from(length).unwrap(), 0);
    stream.read_exact(&mut bytes[HEADER_BYTES..]).ok()?;
    let (frame, _) = Frame::split(&bytes).unwrap().unwrap();
    Some((frame.header, frame.body.to_vec()))
}

fn send(stream: &UnixStream, frame: &[u8], descriptor: Option<&File>) {
    let descriptors: Vec<_> = descriptor.iter().map(|file| file.as_fd()).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        assert!(control.push(SendAncillaryMessage::ScmRights(&descriptors)));
    }
    let sent = sendmsg(stream, &[IoSlice::new(frame)], &mut control, SendFlags::empty()).unwrap();
    assert_eq!(sent, frame.len());
}

fn encoded(body: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    codec::encode(body, &mut bytes).unwrap();
    bytes
}

/// Bytes that are encoded already: a tuple of bytes has no length in front.
struct Raw<'a>(&'a [u8]);

impl Serialize for Raw<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeTuple;
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        self.0.iter().try_for_each(|byte| tuple.serialize_element(byte))?;
        tuple.end()
    }
}
